"""What a writer says arrives whole, however the pipe cuts it, and nothing cut off counts."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from tests.drills.claims import Claim, Claims, line_of

SOME = (
    Claim(records=(("Patient", "p1", "v1"), ("AuditEvent", "a1", ""))),
    Claim(attempts=("aa",)),
    Claim(blobs=("aa",), accounts=("nurse",), slots=("nurse",), backups=("1.db",)),
    Claim(values={"n": 3}, cursors={"hub": 2}, sent=(7,), arrived=("aa",)),
    Claim(values={"n": 2}, cursors={"hub": 9}),
)


def heard(said: bytes) -> Claims:
    claims = Claims()
    claims.hear(said)
    return claims


def test_everything_that_was_said_is_counted_but_not_what_was_only_announced() -> None:
    claims = heard(b"".join(line_of(each) for each in SOME))
    assert claims.count == len(SOME) - 1
    assert claims.records == {("Patient", "p1", "v1"), ("AuditEvent", "a1", "")}
    assert claims.attempts == claims.blobs == claims.arrived == {"aa"}
    assert claims.accounts == claims.slots == {"nurse"}
    assert claims.backups == {"1.db"}
    assert claims.sent == {7}


def test_numbers_only_grow() -> None:
    claims = heard(b"".join(line_of(each) for each in SOME))
    assert claims.values == {"n": 3}
    assert claims.cursors == {"hub": 9}


def test_a_line_that_was_cut_off_says_nothing() -> None:
    claims = Claims()
    rest = claims.hear(line_of(SOME[0]) + line_of(SOME[2])[:-5])
    assert claims.count == 1
    assert rest == line_of(SOME[2])[:-5]
    assert claims.blobs == set()


@given(cuts=st.lists(st.integers(min_value=0, max_value=400), max_size=12))
def test_it_does_not_matter_where_the_pipe_cuts(cuts: list[int]) -> None:
    said = b"".join(line_of(each) for each in SOME)
    claims, rest = Claims(), b""
    edges = sorted({0, len(said), *(cut for cut in cuts if cut < len(said))})
    for start, end in itertools.pairwise(edges):
        rest = claims.hear(rest + said[start:end])
    assert rest == b""
    assert claims == heard(said)


def test_a_line_is_short_enough_to_go_through_a_pipe_in_one_piece() -> None:
    largest = Claim(
        records=(("DocumentReference", "x" * 36, "v" * 10), ("AuditEvent", "x" * 36, "")), blobs=("a" * 64,)
    )
    assert len(line_of(largest)) < 512
