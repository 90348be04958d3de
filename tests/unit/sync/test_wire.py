"""What workstation and hub say to each other: both ends read what the other writes, and nothing else."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_app.foundation.errors import ClinicError, InvalidInputError, LinkError
from clinic_app.foundation.texts import Text
from clinic_app.storage.exchange.exchange import Change, ChangeKind, Write, Written
from clinic_app.sync.wire import (
    decode_history,
    decode_transaction,
    decode_transaction_response,
    encode_history,
    encode_outcome,
    encode_transaction,
    encode_transaction_response,
    etag_version,
    outcome_words,
)

NOW = datetime(2026, 3, 5, 7, 0, 0, 123000, tzinfo=UTC)
IDS = st.from_regex(r"[A-Za-z0-9.-]{1,64}", fullmatch=True)
VERSIONS = st.none() | st.from_regex(r"[0-9a-f]{1,20}", fullmatch=True)


def _body(id: str) -> bytes:
    return f'{{"resourceType":"Patient","id":"{id}","weight":72.50}}'.encode()


@given(st.lists(st.tuples(IDS, VERSIONS), min_size=1, max_size=20))
def test_a_transaction_arrives_byte_for_byte(entries: list[tuple[str, str | None]]) -> None:
    writes = tuple(Write("Patient", name, _body(name), version) for name, version in entries)
    assert decode_transaction(encode_transaction(writes)) == writes


@given(st.lists(st.tuples(IDS, st.booleans()), max_size=20))
def test_the_answer_arrives_in_the_order_of_the_writes(entries: list[tuple[str, bool]]) -> None:
    written = tuple(Written("Task", name, "v1", NOW, is_new) for name, is_new in entries)
    writes = [Write("Task", name, b"{}", None) for name, _ in entries]
    assert decode_transaction_response(encode_transaction_response(written), writes) == written


@given(st.lists(IDS, max_size=20), IDS)
def test_a_page_of_changes_arrives_with_its_cursor(ids: list[str], cursor: str) -> None:
    changes = tuple(Change("Patient", name, _body(name), NOW) for name in ids)
    url = f"$changes?cursor={cursor}"
    assert decode_history(encode_history(changes, url)) == (changes, url)


@given(st.binary(max_size=200))
def test_noise_is_an_error_of_ours(noise: bytes) -> None:
    with pytest.raises(LinkError):
        decode_history(noise)
    with pytest.raises(LinkError):
        decode_transaction_response(noise, [])
    with pytest.raises(ClinicError):
        decode_transaction(noise)
    assert outcome_words(noise) == ""


def _changed(message: bytes, change: dict[str, Any]) -> bytes:
    bundle = json.loads(message)
    bundle["entry"][0].update(change)
    return json.dumps(bundle).encode()


@pytest.mark.parametrize(
    "change",
    [
        {"request": {"method": "PUT", "url": "Patient/1"}},
        {"request": {"method": "PUT", "url": "Patient/1", "ifNoneMatch": "*", "ifMatch": 'W/"1"'}},
        {"request": {"method": "POST", "url": "Patient/1", "ifNoneMatch": "*"}},
        {"request": {"method": "PUT", "url": "Patient/../1", "ifNoneMatch": "*"}},
        {"request": {"method": "PUT", "url": "http://elsewhere/Patient/1", "ifNoneMatch": "*"}},
        {"request": {"method": "PUT", "url": "Patient/1?x=1", "ifNoneMatch": "*"}},
        {"request": {"method": "PUT", "url": "Patient/1", "ifMatch": "1"}},
        {"request": None},
    ],
)
def test_an_entry_without_a_clear_precondition_is_refused(change: dict[str, Any]) -> None:
    message = encode_transaction([Write("Patient", "1", _body("1"), None)])
    with pytest.raises(InvalidInputError):
        decode_transaction(_changed(message, change))


@pytest.mark.parametrize(
    "change",
    [
        {"response": None},
        {"response": {"status": "201", "etag": "v1", "lastModified": "2026-03-05T07:00:00Z"}},
        {"response": {"status": "201", "etag": 'W/"1"'}},
        {"response": {"status": "412", "etag": 'W/"1"', "lastModified": "2026-03-05T07:00:00Z"}},
    ],
)
def test_half_an_answer_is_no_answer(change: dict[str, Any]) -> None:
    write = Write("Patient", "1", _body("1"), None)
    message = encode_transaction_response([Written("Patient", "1", "v", NOW)])
    with pytest.raises(LinkError):
        decode_transaction_response(_changed(message, change), [write])


def test_an_answer_to_fewer_writes_is_no_answer() -> None:
    write = Write("Patient", "1", _body("1"), None)
    with pytest.raises(LinkError):
        decode_transaction_response(encode_transaction_response([]), [write])


@pytest.mark.parametrize("kind", ["upsert", "enter", "evict", "erase"])
def test_what_kind_of_change_it_is_arrives_with_it(kind: ChangeKind) -> None:
    body = b"" if kind in ("evict", "erase") else _body("p")
    change = Change("Patient", "p", body, NOW, kind=kind)
    page = encode_history([change], "$changes?cursor=c")
    assert decode_history(page)[0] == (change,)
    assert (b'"DELETE"' in page) == (body == b"")


@pytest.mark.parametrize(("kind", "body"), [("evict", _body("p")), ("erase", _body("p")), ("upsert", b""), ("x", b"")])
def test_a_change_that_contradicts_itself_is_nonsense(kind: str, body: bytes) -> None:
    change = Change("Patient", "p", body, NOW, kind=cast("ChangeKind", kind))
    with pytest.raises(LinkError):
        decode_history(encode_history([change], "$changes?cursor=c"))


def test_a_page_without_a_way_on_is_nonsense() -> None:
    bundle = json.loads(encode_history([], "$changes?cursor=c"))
    del bundle["link"]
    with pytest.raises(LinkError):
        decode_history(json.dumps(bundle).encode())


def test_more_entries_than_allowed_are_refused() -> None:
    writes = [Write("Patient", str(number), _body(str(number)), None) for number in range(501)]
    with pytest.raises(InvalidInputError):
        decode_transaction(encode_transaction(writes))


def test_an_outcome_names_its_entry_and_says_its_words() -> None:
    body = encode_outcome("conflict", Text("The upload goes on at byte {offset}.", offset=5), element="Bundle.entry[3]")
    assert outcome_words(body) == "The upload goes on at byte 5."
    assert json.loads(body)["issue"][0]["expression"] == ["Bundle.entry[3]"]


def test_the_words_for_people_come_before_those_for_machines() -> None:
    words = Text("The request is too large.")
    body = encode_outcome("too-long", words, language="ru")
    assert outcome_words(body) == words.render("ru")
    assert json.loads(body)["issue"][0]["diagnostics"] == words.render("en")
    assert outcome_words(
        b'{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"x","diagnostics":"No"}]}'
    )


def test_words_of_an_outcome_are_cut_to_a_sentence() -> None:
    assert len(outcome_words(encode_outcome("x", Text("{words}", words="a" * 5000)))) == 300


@pytest.mark.parametrize(
    ("etag", "version"), [('W/"3"', "3"), ('"3"', None), ("3", None), (None, None), ('W/"a"b"', None), ('W/""', None)]
)
def test_a_version_is_read_from_a_weak_etag_only(etag: str | None, version: str | None) -> None:
    assert etag_version(etag) == version
