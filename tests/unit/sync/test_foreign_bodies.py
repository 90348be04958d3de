"""A record in a foreign server's names and back: the same content, the same digits, and no word of ours left behind."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_app.foundation.errors import LinkError
from clinic_app.sync.foreign_bodies import (
    RECORD_SYSTEM,
    full_url,
    incoming,
    outgoing,
    own_id,
    references,
    search_for,
)
from clinic_app.sync.foreign_wire import Answered, decode_answers, decode_page, read_abilities, read_record

BASE = "http://foreign.test/fhir"
THERE = {("Patient", "p"): "100", ("Encounter", "e"): "200"}
HERE = {(kind, there): here for (kind, here), there in THERE.items()}
OURS = {"system": RECORD_SYSTEM, "value": "Observation/o"}


def _up(kind: str, record_id: str) -> str | None:
    there = THERE.get((kind, record_id))
    return f"{kind}/{there}" if there else None


def _down(kind: str, foreign_id: str) -> str:
    return f"{kind}/{HERE.get((kind, foreign_id), foreign_id)}"


def _body(**elements: Any) -> bytes:
    return msgspec.json.encode({"resourceType": "Observation", "id": "o", **elements})


def _content(body: bytes) -> dict[str, Any]:
    content: dict[str, Any] = msgspec.json.decode(body)
    meta = {k: v for k, v in content.pop("meta", {}).items() if k not in ("versionId", "lastUpdated")}
    return {**content, **({"meta": meta} if meta else {})}


def _there(body: bytes, foreign_id: str | None = "9") -> dict[str, Any]:
    there: dict[str, Any] = msgspec.json.decode(outgoing(body, foreign_id, _up))
    return there


def test_a_record_bears_our_name_and_points_to_the_servers() -> None:
    there = _there(
        _body(subject={"reference": "Patient/p", "display": "Ә"}, meta={"versionId": "1", "tag": [{"code": "t"}]})
    )
    assert there == {
        "resourceType": "Observation", "id": "9", "meta": {"tag": [{"code": "t"}]}, "identifier": [OURS],
        "subject": {"reference": "Patient/100", "display": "Ә"},
    }  # fmt: skip
    assert "id" not in _there(_body(), None)
    assert search_for("Observation", "o") == ("identifier", f"{RECORD_SYSTEM}|Observation/o")


def test_what_the_server_does_not_have_is_named_and_not_pointed_to() -> None:
    there = _there(_body(subject={"reference": "Patient/q", "type": "Patient"}, focus=[{"reference": "#c"}]))
    assert there["subject"] == {"type": "Patient", "identifier": {"system": RECORD_SYSTEM, "value": "Patient/q"}}
    assert there["focus"] == [{"reference": "#c"}]
    whole = _there(_body(subject={"reference": "Patient/q", "identifier": {"system": "iin", "value": "1"}}))
    assert whole["subject"]["reference"] == "Patient/q"


def test_a_type_without_identifiers_is_named_by_a_tag() -> None:
    body = msgspec.json.encode({"resourceType": "Provenance", "id": "s", "target": [{"reference": "Patient/p"}]})
    there = outgoing(body, None, _up)
    assert msgspec.json.decode(there)["meta"]["tag"] == [{"system": RECORD_SYSTEM, "code": "Provenance/s"}]
    assert own_id(there) == "s"
    assert search_for("Provenance", "s")[0] == "_tag"
    assert _content(incoming(there, "s", BASE, _down)) == _content(body)


def test_a_type_the_server_does_not_find_by_an_identifier_bears_our_name_twice() -> None:
    hidden = {"Observation"}
    there = outgoing(_body(identifier=[{"value": "1"}]), "9", _up, hidden)
    assert own_id(there) == "o"
    assert msgspec.json.decode(there)["meta"]["tag"] == [{"system": RECORD_SYSTEM, "code": "Observation/o"}]
    assert search_for("Observation", "o", hidden)[0] == "_tag"
    assert _content(incoming(there, "o", BASE, _down)) == _content(_body(identifier=[{"value": "1"}]))


def test_what_a_server_says_of_itself_is_believed_and_what_it_leaves_open_is_not_made_up() -> None:
    both = [{"code": "create"}, {"code": "update"}]
    resource = [
        {"type": "Patient", "interaction": both, "searchParam": [{"name": "identifier"}], "conditionalCreate": True},
        {"type": "CarePlan", "interaction": [*both, {"code": "search-type"}], "searchParam": [{"name": "_tag"}]},
        {"type": "Task", "interaction": [{"code": "search-type"}, {"code": "history-type"}]},
    ]
    can = read_abilities(msgspec.json.encode({"rest": [{"mode": "client"}, {"mode": "server", "resource": resource}]}))
    assert (can.is_ours, can.takes_transactions, can.creates_once) == (False, False, {"Patient"})
    assert (can.writes, can.hides_identifiers) == ({"Patient", "CarePlan"}, {"CarePlan"})
    assert (can.asked, can.tells_history) == (("CarePlan", "Task"), {"Task"})


def test_addresses_with_the_servers_base_or_a_version_are_understood() -> None:
    body = _body(subject={"reference": f"{BASE}/Patient/100/_history/4"}, encounter={"reference": "Encounter/200"})
    here = _content(incoming(body, "o", BASE, _down))
    assert here["subject"] == {"reference": "Patient/p"}
    assert here["encounter"] == {"reference": "Encounter/e"}
    assert set(references(body, BASE)) == {("Patient", "100"), ("Encounter", "200")}
    elsewhere = _body(subject={"reference": "http://other.test/Patient/100"})
    assert _content(incoming(elsewhere, "o", BASE, _down)) == _content(elsewhere)


def test_digits_and_elements_nobody_modelled_keep_their_bytes_both_ways() -> None:
    odd = b'"valueQuantity":{"value":72.50},"x":[1.0e3,{"subject":{"reference":"Patient/p"},"y":1.10}]'
    body = b'{"resourceType":"Observation","id":"o",' + odd + b"}"
    there = outgoing(body, "9", _up)
    assert b"72.50" in there
    assert b"1.0e3" in there
    assert b'"Patient/100"' in there
    assert odd in incoming(there, "o", BASE, _down)


def test_a_servers_note_on_a_request_is_no_source() -> None:
    assert "meta" not in _content(incoming(_body(meta={"source": "#r1"}), "o", BASE, _down))
    kept = _body(meta={"source": "Organization/a"})
    assert _content(incoming(kept, "o", BASE, _down)) == _content(kept)


@pytest.mark.parametrize(
    "identifier",
    [[], [{"system": RECORD_SYSTEM, "value": "Patient/o"}], [{"system": RECORD_SYSTEM, "value": "../x"}], "x", {}, [1]],
)
def test_nobody_else_bears_a_name_of_ours(identifier: Any) -> None:
    assert own_id(_body(identifier=identifier)) is None


def test_names_within_a_transaction_are_the_same_each_time() -> None:
    assert full_url("Patient", "p") == full_url("Patient", "p") != full_url("Patient", "q")
    assert full_url("Patient", "p").startswith("urn:uuid:")


_VALUES = st.recursive(
    st.booleans() | st.integers(-9, 9) | st.text(max_size=5) | st.sampled_from(["Patient/p", "Patient/100"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
        | st.fixed_dictionaries(
            {"reference": st.sampled_from(["Patient/p", "Patient/q", "Encounter/e", "#x", "urn:x"])}
        )
    ),
    max_leaves=8,
)


@settings(max_examples=60)
@given(
    st.dictionaries(st.sampled_from(["subject", "value", "x", "focus"]), _VALUES, max_size=4),
    st.lists(
        st.fixed_dictionaries({"system": st.sampled_from("ab"), "value": st.text(max_size=3)}), min_size=1, max_size=3
    ),
)
def test_there_and_back_nothing_has_changed(elements: dict[str, Any], identifiers: list[dict[str, str]]) -> None:
    body = _body(**elements, identifier=identifiers)
    there = outgoing(body, "9", _up)
    assert own_id(there) == "o"
    assert _content(incoming(there, "o", BASE, _down)) == _content(body)


@given(
    st.binary(max_size=60)
    | st.sampled_from([b"[]", b"null", b'{"rest":7}', b'{"rest":[{"resource":{}}]}', b"[" * 3000])
)
def test_garbage_is_nonsense_and_never_a_fault(garbage: bytes) -> None:
    for read in (read_abilities, decode_page, lambda body: decode_answers(body, 1)):
        try:
            read(garbage)
        except LinkError:
            pass
        else:
            assert read is read_abilities
            assert garbage.lstrip().startswith(b"{")
    assert read_record(garbage) is None


def test_a_page_tells_records_and_ends_and_leaves_out_what_is_neither() -> None:
    entries = [
        {"resource": {"resourceType": "Patient", "id": "1", "meta": {"versionId": "v"}}},
        {"resource": {"resourceType": "OperationOutcome", "id": "2"}, "search": {"mode": "outcome"}},
        {"resource": {"resourceType": "Basic", "id": "3"}},
        {"resource": {"resourceType": "Patient"}},
        {"request": {"method": "DELETE", "url": "Patient/4"}, "response": {"lastModified": "2026-03-05T07:00:00Z"}},
        {"request": {"method": "DELETE", "url": "javascript:alert(1)"}},
        {},
    ]
    page = decode_page(msgspec.json.encode({"resourceType": "Bundle", "type": "history", "entry": entries}))
    assert [(each.foreign_id, each.version, each.body is None) for each in page.records] == [
        ("1", "v", False),
        ("4", "", True),
    ]
    assert page.next_url == ""


@pytest.mark.parametrize(
    ("location", "etag", "told"),
    [
        ("Patient/1/_history/2", "", ("1", "2")),
        ("http://x/fhir/Patient/1/_history/2", 'W/"7"', ("1", "7")),
        ("Patient/1", '"8"', ("1", "8")),
        ("", 'W/"9"', ("", "9")),
        ("nonsense", "nonsense", ("", "")),
    ],
)
def test_name_and_version_are_read_wherever_a_server_says_them(location: str, etag: str, told: tuple[str, str]) -> None:
    answer = Answered("201 Created", location, etag)
    assert (answer.foreign_id, answer.version) == told


@pytest.mark.parametrize("entry", [[], [{}], [{"response": {"status": "422"}}], [{"response": {"status": "201"}}] * 2])
def test_a_transaction_answered_in_part_is_nonsense(entry: Any) -> None:
    body = msgspec.json.encode({"resourceType": "Bundle", "type": "transaction-response", "entry": entry})
    with pytest.raises(LinkError):
        decode_answers(body, 1)
