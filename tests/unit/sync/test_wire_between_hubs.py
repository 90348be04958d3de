"""What a hub below a hub says more than a hub: whose a record is, that it is on its way, and what was given back."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_app.foundation.errors import LinkError
from clinic_app.storage.exchange.exchange import Change, GivenBack
from clinic_app.sync.wire import OWNER, decode_history, encode_history

NOW = datetime(2026, 3, 5, 7, 0, tzinfo=UTC)
BODY = b'{"resourceType":"Patient","id":"p1"}'
WORDS = st.text(st.characters(codec="utf-8"), max_size=300)
GIVEN = st.builds(GivenBack, st.from_regex(r"[0-9a-f]{1,20}", fullmatch=True), st.booleans(), WORDS)


@given(st.text("abc-", max_size=20), st.booleans(), st.lists(GIVEN, max_size=3))
def test_owner_way_and_what_is_given_back_arrive(owner: str, is_on_way: bool, back: list[GivenBack]) -> None:
    change = Change("Patient", "p1", BODY, NOW, owner, is_on_way, tuple(back))
    (arrived,), _ = decode_history(encode_history([change], "$changes?cursor=c", with_owner=True))
    assert arrived == change


def test_a_hub_that_is_the_last_one_adds_nothing_to_an_entry() -> None:
    entry = json.loads(encode_history([Change("Patient", "p1", BODY, NOW, "org-a")], "$changes?cursor=c"))["entry"][0]
    assert "extension" not in entry
    assert entry["response"] == {"status": "200", "lastModified": "2026-03-05T07:00:00Z"}


def test_the_owner_is_an_extension_beside_the_record_and_not_within() -> None:
    change = Change("Patient", "p1", BODY, NOW, "org-a")
    page = json.loads(encode_history([change], "$changes?cursor=c", with_owner=True))
    assert page["entry"][0]["extension"] == [{"url": OWNER, "valueString": "org-a"}]
    assert page["entry"][0]["resource"] == json.loads(BODY)


def test_what_is_on_its_way_is_shown_with_202() -> None:
    body = encode_history([Change("Task", "t1", BODY, NOW, is_on_way=True)], "$changes?cursor=c")
    assert json.loads(body)["entry"][0]["response"]["status"] == "202 Accepted"


def test_words_longer_than_a_screen_are_cut() -> None:
    change = Change("Patient", "p1", BODY, NOW, given_back=(GivenBack("v1", is_conflict=False, words="х" * 5000),))
    (arrived,), _ = decode_history(encode_history([change], "$changes?cursor=c"))
    assert len(arrived.given_back[0].words) == 300


@pytest.mark.parametrize("outcome", ['"words"', "[]", '{"resourceType":"OperationOutcome"}', '{"issue":7}'])
def test_an_outcome_that_is_none_is_nonsense(outcome: str) -> None:
    page = json.loads(encode_history([Change("Patient", "p1", BODY, NOW)], "$changes?cursor=c"))
    page["entry"][0]["response"]["outcome"] = json.loads(outcome)
    with pytest.raises(LinkError):
        decode_history(json.dumps(page).encode())


def test_a_hint_of_a_foreign_server_gives_nothing_back() -> None:
    page = json.loads(encode_history([Change("Patient", "p1", BODY, NOW)], "$changes?cursor=c"))
    issues = [{"severity": "information", "code": "informational"}, {"severity": "error", "code": "conflict"}]
    page["entry"][0]["response"]["outcome"] = {"resourceType": "OperationOutcome", "issue": issues}
    (arrived,), _ = decode_history(json.dumps(page).encode())
    assert arrived.given_back == ()
