"""What each type of record is found by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_app.records import (
    AllergyIntolerance,
    Attachment,
    CarePlan,
    CodeableConcept,
    Coding,
    Communication,
    ContactPoint,
    Device,
    DiagnosticReport,
    DocumentReference,
    DocumentReferenceContent,
    HumanName,
    Identifier,
    Meta,
    Patient,
    Provenance,
    Reference,
    Resource,
    Task,
)
from clinic_app.records.trail import ProvenanceAgent
from clinic_app.storage.indexes import NAMES, entries, index_value, search_keys, telephone_keys
from tests.helpers.clocks import NOON

SOMEBODY = Reference(reference="Patient/p1")
CODE = CodeableConcept(coding=(Coding(system="s", code="c"), Coding(code="bare"), Coding(system="s")))
RECORDS: list[tuple[Resource, set[tuple[str, str]]]] = [
    (
        AllergyIntolerance(id="1", patient=SOMEBODY, recorder=Reference(reference="Practitioner/n")),
        {("subject", "p1"), ("author", "n")},
    ),
    (
        CarePlan(
            id="1",
            status="active",
            intent="plan",
            subject=SOMEBODY,
            based_on=(Reference(reference="ServiceRequest/r"),),
        ),
        {("status", "active"), ("subject", "p1"), ("based_on", "r")},
    ),
    (
        Communication(
            id="1",
            status="completed",
            about=(Reference(reference="Task/t"),),
            category=(CODE,),
            sender=Reference(reference="Organization/a"),
        ),
        {
            ("status", "completed"),
            ("focus", "t"),
            ("category", "c"),
            ("category", "s|c"),
            ("category", "bare"),
            ("category", "|bare"),
            ("author", "a"),
        },
    ),
    (
        Device(id="1", type=CODE, owner=Reference(reference="Organization/a"), identifier=(Identifier(value="7"),)),
        {("code", "c"), ("code", "s|c"), ("code", "bare"), ("code", "|bare"), ("owner", "a"), ("identifier", "|7")},
    ),
    (
        DiagnosticReport(
            id="1",
            status="final",
            code=CodeableConcept(text="words only"),
            subject=SOMEBODY,
            results_interpreter=(Reference(reference="Practitioner/s"),),
            presented_form=(Attachment(url="urn:sha256:" + "a" * 64), Attachment(url="http://elsewhere")),
        ),
        {("status", "final"), ("subject", "p1"), ("author", "s"), ("content", "a" * 64)},
    ),
    (
        DocumentReference(
            id="1",
            status="current",
            content=(DocumentReferenceContent(attachment=Attachment(url="urn:sha256:" + "b" * 64)),),
            author=(Reference(display="no id"),),
        ),
        {("status", "current"), ("content", "b" * 64)},
    ),
    (
        Provenance(
            id="1",
            target=(Reference(reference="DiagnosticReport/d"),),
            recorded=NOON,
            agent=(ProvenanceAgent(who=Reference(reference="Practitioner/s")),),
        ),
        {("target", "d"), ("agent", "s")},
    ),
    (
        Task(
            id="1",
            status="requested",
            intent="order",
            for_=SOMEBODY,
            meta=Meta(tag=(Coding(system="urn:dala:audience", code="b"),)),
        ),
        {("status", "requested"), ("subject", "p1"), ("tag", "b"), ("tag", "urn:dala:audience|b")},
    ),
    (
        Patient(
            id="1",
            name=(HumanName(family="Қасымов", given=("Нұрлан",)), HumanName(text="Nurlan Kassymov")),
            birth_date="1964-03",
        ),
        {("name_key", "kasimov nurlan"), ("birth_date", "1964-03")},
    ),
]


@pytest.mark.parametrize(("record", "expected"), RECORDS, ids=lambda value: getattr(value, "type_name", ""))
def test_a_record_is_found_by_what_it_says_and_nothing_else(record: Resource, expected: set[tuple[str, str]]) -> None:
    assert entries(record) == expected


def test_every_name_of_an_entry_can_be_asked_for() -> None:
    assert {name for record, _ in RECORDS for name, _ in entries(record)} <= NAMES


@pytest.mark.parametrize("name", ["subject", "status", "based_on", "owner", "requester", "performer", "focus", "code"])
def test_the_names_others_rely_on_stay(name: str) -> None:
    assert name in NAMES


@pytest.mark.parametrize(
    ("number", "keys"),
    [
        ("+7 (701) 123-45-67", ("77011234567", "7011234567")),
        ("87011234567", ("87011234567", "7011234567")),
        ("123-45", ("12345",)),
        ("no digits", ()),
        ("٣٣٣", ()),
    ],
)
def test_a_telephone_is_searched_with_and_without_its_first_digit(number: str, keys: tuple[str, ...]) -> None:
    assert telephone_keys(number) == keys


def test_search_words_are_folded_and_said_once() -> None:
    record = Patient(
        id="1",
        name=(HumanName(family="Қасымов", given=("Нұрлан",)), HumanName(text="Касымов Нурлан")),
        identifier=(Identifier(value="KHR-26-000042"),),
        telecom=(ContactPoint(value="8 701 1234567"),),
    )
    words = search_keys(record).split()
    assert len(words) == len(set(words))
    assert {"kasimov", "nurlan", "000042", "7011234567"} <= set(words)


@pytest.mark.parametrize("value", ["", "p1", "http://loinc.org|8867-4", "Ұ" * 500, "x" * 500])
def test_a_value_of_usual_length_stands_in_the_index_as_it_is(value: str) -> None:
    assert index_value(value) == value


@given(st.text(alphabet="aҰ\0\N{REPLACEMENT CHARACTER}\N{GRINNING FACE}", min_size=450, max_size=1500))
def test_whatever_the_value_its_place_in_an_index_is_short_and_has_no_nul(value: str) -> None:
    kept = index_value(value)
    assert len(kept.encode()) <= 2000
    assert "\0" not in kept
    assert index_value(value) == kept


def test_two_endless_values_that_differ_at_the_end_are_told_apart() -> None:
    assert index_value("x" * 600 + "a") != index_value("x" * 600 + "b")
    assert index_value("x" * 600) != index_value("x" * 601)


def test_a_nul_makes_no_second_entry_beside_its_stand_in() -> None:
    record = Patient(id="1", identifier=(Identifier(value="a\0"), Identifier(value="a\N{REPLACEMENT CHARACTER}")))
    assert entries(record) == {("identifier", "|a\N{REPLACEMENT CHARACTER}")}
