"""Records to bytes and back: nothing a foreign system wrote is lost."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.records import (
    CodeableConcept,
    HumanName,
    Identifier,
    Observation,
    Patient,
    Quantity,
    Reference,
    Task,
    audience_of,
    decode,
    decode_as,
    encode,
    reference_to,
    stamped,
    with_audience,
)

FOREIGN = (
    b'{"resourceType":"Patient","id":"p1","meta":{"versionId":"7","profile":["urn:x"]},"text":{"status":"generated",'
    b'"div":"<div>\\u04d8</div>"},"extension":[{"url":"urn:a","valueDecimal":72.50}],"active":true,'
    b'"name":[{"family":"A","_family":{"id":"f"},"given":["B"]},{"family":"C","prefix":["Dr"]}],'
    b'"birthDate":"1964-03","multipleBirthInteger":2}'
)


def foreign() -> Patient:
    return decode_as(Patient, FOREIGN)


def test_an_untouched_record_keeps_every_byte() -> None:
    assert encode(foreign(), FOREIGN) == FOREIGN


def test_an_edit_changes_only_what_it_edits() -> None:
    edited = msgspec.structs.replace(foreign(), birth_date="1964-03-05")
    assert encode(edited, FOREIGN) == FOREIGN.replace(b'"1964-03"', b'"1964-03-05"')


def test_an_edit_inside_a_list_keeps_unknown_members_of_its_neighbours() -> None:
    patient = foreign()
    name = msgspec.structs.replace(patient.name[0], family="Z")
    edited = msgspec.structs.replace(patient, name=(name, patient.name[1]))
    assert encode(edited, FOREIGN) == FOREIGN.replace(b'"family":"A"', b'"family":"Z"')


def test_reordered_items_take_their_unknown_members_along() -> None:
    patient = foreign()
    edited = msgspec.structs.replace(patient, name=patient.name[::-1])
    names = msgspec.json.decode(encode(edited, FOREIGN))["name"]
    assert names[0] == {"family": "C", "prefix": ["Dr"]}
    assert names[1]["_family"] == {"id": "f"}


def test_a_new_item_does_not_take_anothers_unknown_members() -> None:
    patient = foreign()
    edited = msgspec.structs.replace(patient, name=(*patient.name, HumanName(family="New")))
    assert msgspec.json.decode(encode(edited, FOREIGN))["name"][2] == {"family": "New"}


def test_a_removed_element_is_gone() -> None:
    edited = msgspec.structs.replace(foreign(), birth_date=None, name=())
    body = msgspec.json.decode(encode(edited, FOREIGN))
    assert "birthDate" not in body
    assert "name" not in body
    assert body["multipleBirthInteger"] == 2


def test_decimals_keep_their_zeros() -> None:
    observation = Observation(
        id="o", status="final", code=CodeableConcept(text="x"), value_quantity=Quantity(value=Decimal("72.50"))
    )
    assert b'"value":72.50' in encode(observation)
    assert decode(encode(observation)) == observation


def test_python_keywords_have_their_fhir_names_on_the_wire() -> None:
    task = Task(id="t", status="draft", intent="order", for_=Reference(reference="Patient/p1"))
    assert b'"for":{' in encode(task)
    assert decode(encode(task)) == task


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"resourceType":"Spaceship","id":"1"}',
        b'{"resourceType":"Patient"}',
        b'{"resourceType":"Patient","id":"1","gender":"xx"}',
        b'{"resourceType":"Patient","id":"1","birthDate":"5.3.64"}',
        b'{"resourceType":"Task","id":"1","status":"done","intent":"order"}',
        b'{"resourceType":"Patient","id":"1","name":' + b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_what_is_no_record_is_refused_with_a_sentence(body: bytes) -> None:
    with pytest.raises(InvalidInputError):
        decode(body)


def test_a_record_of_another_type_is_refused() -> None:
    with pytest.raises(InvalidInputError):
        decode_as(Task, FOREIGN)


def test_naive_times_are_refused() -> None:
    with pytest.raises(InvalidInputError):
        decode(b'{"resourceType":"Task","id":"1","status":"draft","intent":"order","authoredOn":"2026-01-01T00:00:00"}')


@given(st.text(max_size=40), st.lists(st.text(max_size=20), max_size=4))
def test_every_name_survives_the_wire(family: str, given_names: list[str]) -> None:
    patient = Patient(id="p", name=(HumanName(family=family, given=tuple(given_names)),))
    assert decode(encode(patient)) == patient


def test_audience_is_a_set_and_replaces_itself() -> None:
    task = Task(id="t", status="draft", intent="order", last_modified=datetime(2026, 1, 1, tzinfo=UTC))
    first = with_audience(task, "b", "a", "a")
    assert audience_of(first) == {"a", "b"}
    assert audience_of(with_audience(first, "c")) == {"c"}
    assert audience_of(task) == frozenset()


def test_identifiers_and_names_are_found() -> None:
    patient = Patient(
        id="p",
        identifier=(Identifier(system="urn:a", value="1"), Identifier(system="urn:b", value="2")),
        name=(HumanName(family="Ә", given=("Б", "В")),),
    )
    assert patient.identifier_value("urn:b") == "2"
    assert patient.identifier_value("urn:c") is None
    assert patient.full_name == "Ә Б В"
    assert reference_to(patient).reference == "Patient/p"
    assert reference_to(patient).id == "p"


@pytest.mark.parametrize("meta", ["", '"meta":null,', '"meta":{},', '"meta":{"profile":["urn:x"],"versionId":"7"},'])
def test_a_stamp_writes_version_and_moment_and_no_other_byte(meta: str) -> None:
    body = f'{{"resourceType":"Patient",{meta}"id":"p","x":[72.50, {{"y":"\\u0041"}}],"active":true}}'.encode()
    record, kept = stamped(decode(body), body, "v8", datetime(2026, 3, 5, 7, tzinfo=UTC))
    assert record == decode(kept)
    members = msgspec.json.decode(kept)
    profile = {"profile": ["urn:x"]} if "profile" in meta else {}
    assert members["meta"] == {**profile, "versionId": "v8", "lastUpdated": "2026-03-05T07:00:00Z"}
    assert b'"x":[72.50, {"y":"\\u0041"}]' in kept
    assert {name: value for name, value in members.items() if name != "meta"} == {
        "resourceType": "Patient",
        "id": "p",
        "x": [72.5, {"y": "A"}],
        "active": True,
    }


def test_a_stamp_is_what_the_same_edit_would_write() -> None:
    at = datetime(2026, 3, 5, 7, tzinfo=UTC)
    record, kept = stamped(foreign(), FOREIGN, "v8", at)
    assert msgspec.json.decode(kept) == msgspec.json.decode(encode(record, FOREIGN))
