"""Whatever a record holds, it comes back from the wire as it went, and what we do not model survives every edit."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.records import Resource, decode, decode_as, encode, reference_to
from clinic_app.records.codec import TYPES
from tests.helpers.any_record import WORDS, records, structs

SLOW = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
RAW = {"resource", "outcome"}
"""Members that hold another system's JSON as it came."""
PRIMITIVES = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), WORDS, st.lists(st.integers(0, 9), max_size=2))


def _same(one: Resource, other: Resource) -> bool:
    """Compare by bytes: raw JSON members compare by identity, not by value."""
    return encode(one) == encode(other)


@SLOW
@given(records())
def test_every_record_comes_back_from_the_wire_as_it_went(record: Resource) -> None:
    back = decode(encode(record))
    assert type(back) is type(record)
    assert _same(back, record)


@SLOW
@given(records())
def test_what_is_sent_is_json_with_fhir_names_and_no_null(record: Resource) -> None:
    body = json.loads(encode(record))
    assert body["resourceType"] == record.type_name
    for name, value in _members(body):
        assert re.fullmatch(r"[a-z][A-Za-z]*", name)
        assert value is not None or name in RAW


@SLOW
@given(records(), st.dictionaries(st.sampled_from(["_x", "extra", "zz9"]), PRIMITIVES, min_size=1))
def test_members_we_do_not_know_survive_an_edit_of_any_record(record: Resource, foreign: dict[str, Any]) -> None:
    base = json.dumps({**json.loads(encode(record)), **foreign}, ensure_ascii=False).encode()
    edited = msgspec.structs.replace(decode(base), id="edited")
    after = json.loads(encode(edited, base))
    assert after["id"] == "edited"
    assert {name: after[name] for name in foreign} == foreign


@SLOW
@given(records())
def test_an_untouched_record_keeps_its_bytes_whatever_their_layout(record: Resource) -> None:
    spread = json.dumps(json.loads(encode(record)), indent=3, ensure_ascii=True).encode()
    assert encode(decode(spread), spread) == spread


@SLOW
@given(st.data())
def test_an_edit_reads_back_as_what_was_meant(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(TYPES)))
    old = data.draw(structs(TYPES[name]))
    new = data.draw(structs(TYPES[name]))
    merged = encode(new, encode(old))
    assert _same(decode_as(TYPES[name], merged), new)


@SLOW
@given(st.binary(max_size=80))
def test_noise_is_refused_with_our_own_error_only(noise: bytes) -> None:
    with pytest.raises(InvalidInputError):
        decode(noise)


@pytest.mark.parametrize("name", sorted(TYPES))
def test_a_record_cannot_be_changed_in_place(name: str) -> None:
    record = _smallest(name)
    with pytest.raises(AttributeError):
        record.id = "other"  # type: ignore[misc]


@pytest.mark.parametrize("name", sorted(TYPES))
def test_a_reference_names_type_and_id(name: str) -> None:
    reference = reference_to(_smallest(name), "words")
    assert (reference.reference, reference.display, reference.id) == (f"{name}/1", "words", "1")


def _smallest(name: str) -> Resource:
    """Return a record with nothing but what its type demands."""
    demanded: dict[str, Any] = {
        "AllergyIntolerance": {"patient": {}},
        "Appointment": {"status": "proposed", "participant": []},
        "AuditEvent": {
            "type": {},
            "action": "R",
            "recorded": "2026-03-05T07:00:00Z",
            "agent": [],
            "source": {"observer": {}},
        },
        "Bundle": {"type": "document"},
        "CarePlan": {"status": "draft", "intent": "plan", "subject": {}},
        "Communication": {"status": "completed"},
        "Composition": {"status": "final", "type": {}, "date": "2026-03-05T07:00:00Z", "author": [], "title": "t"},
        "DiagnosticReport": {"status": "final", "code": {}},
        "DocumentReference": {"status": "current", "content": []},
        "Encounter": {"status": "planned", "class": {}},
        "ImagingStudy": {"status": "available", "subject": {}},
        "Observation": {"status": "final", "code": {}},
        "Provenance": {"target": [], "recorded": "2026-03-05T07:00:00Z", "agent": []},
        "ServiceRequest": {"status": "active", "intent": "order", "subject": {}},
        "Task": {"status": "requested", "intent": "order"},
    }.get(name, {})
    return decode(json.dumps({"resourceType": name, "id": "1", **demanded}).encode())


def _members(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [pair for name, each in value.items() for pair in [(name, each), *_members(each)]]
    if isinstance(value, list):
        return [pair for each in value for pair in _members(each)]
    return []
