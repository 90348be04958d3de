"""Visits to clinics as their workstations would send them: made up from a number, thousands of records a second.

One visit is the day's work on one patient: who he is, what was measured, now and then a question to another hospital,
and who looked at what. Sizes and kinds are those of the records our own rooms write. The same number makes the same
visit, but for the ids, which are new each time.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from clinic_app.foundation.ids import new_id
from clinic_app.records import (
    AllergyIntolerance,
    AuditEvent,
    AuditEventAgent,
    AuditEventEntity,
    AuditEventSource,
    CodeableConcept,
    Coding,
    ContactPoint,
    HumanName,
    Identifier,
    Observation,
    Patient,
    Provenance,
    ProvenanceAgent,
    Quantity,
    Reference,
    Resource,
    ServiceRequest,
    Task,
    encode,
    reference_to,
    with_audience,
)
from clinic_app.storage.exchange.exchange import Write

VISIT_RECORDS: Final = 25
ORGANIZATIONS: Final = 209
"""So many sites a country has."""
REFERRED: Final = 10
"""Of so many visits one asks another hospital."""
_START: Final = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)
_FAMILIES: Final = ("Қасымов", "Өмірзақов", "Сәдуақасова", "Жүнісова", "Нұрмағамбетов", "Петров", "Ким", "Әлібекқызы")
_GIVEN: Final = ("Нұрлан", "Айгүл", "Қайрат", "Іңкәр", "Ерғали", "Сергей", "Гүлнұр", "Дмитрий")
_SIGNS: Final = (
    ("8480-6", "Systolic pressure", "mmHg", "mm[Hg]", 90, 180),
    ("8462-4", "Diastolic pressure", "mmHg", "mm[Hg]", 50, 110),
    ("8867-4", "Heart rate", "/min", "/min", 48, 130),
    ("59408-5", "SpO₂", "%", "%", 84, 100),
    ("8310-5", "Temperature", "°C", "Cel", 35, 41),
    ("9279-1", "Respiratory rate", "/min", "/min", 9, 32),
)
_VITAL: Final = CodeableConcept(
    coding=(Coding(system="http://terminology.hl7.org/CodeSystem/observation-category", code="vital-signs"),)
)
_CODES: Final = tuple(
    CodeableConcept(coding=(Coding(system="http://loinc.org", code=code, display=words),), text=words)
    for code, words, *_rest in _SIGNS
)
_PENICILLIN: Final = CodeableConcept(
    coding=(Coding(system="http://snomed.info/sct", code="764146007"),), text="Penicillin"
)
_READ: Final = Coding(system="http://hl7.org/fhir/restful-interaction", code="read")
_REST: Final = Coding(system="http://terminology.hl7.org/CodeSystem/audit-event-type", code="rest")


def organization(number: int) -> str:
    """Return the id of one of the sites."""
    return f"site-{number % ORGANIZATIONS:03}"


def visits(site: int, first: int, count: int) -> tuple[Write, ...]:
    """Return the records of ``count`` visits to one site, numbered from ``first``."""
    return tuple(write for number in range(first, first + count) for write in visit(site, number))


def visit(site: int, number: int) -> tuple[Write, ...]:
    """Return the `VISIT_RECORDS` new records of one visit to a site."""
    dice = random.Random(site * 1_000_003 + number)
    at = _START + timedelta(seconds=number * 7)
    own = Reference(reference=f"Organization/{organization(site)}")
    doctor = Reference(reference=f"Practitioner/doctor-{site}-{number % 19}", display=dice.choice(_FAMILIES))
    device = Reference(reference=f"Device/pc-{site}-{number % 20}")
    patient = _patient(dice, number, own)
    records: list[Resource] = [patient, *_measured(dice, patient, doctor, device, at)]
    records.append(AllergyIntolerance(id=new_id(), patient=reference_to(patient), code=_PENICILLIN, recorded_date=at))
    if number % REFERRED == 0:
        records += _referral(patient, doctor, own, organization(site + 1 + number % (ORGANIZATIONS - 1)), at)
    signed = ProvenanceAgent(who=doctor, on_behalf_of=own)
    records.append(Provenance(id=new_id(), target=(reference_to(records[1]),), recorded=at, agent=(signed,)))
    while len(records) < VISIT_RECORDS:
        records.append(_looked_at(patient, doctor, device, own, at))
    return tuple(Write(record.type_name, record.id, encode(record), None) for record in records)


def _patient(dice: random.Random, number: int, site: Reference) -> Patient:
    return Patient(
        id=new_id(),
        identifier=(Identifier(system="urn:dala:iin", value=f"{dice.randrange(10**12):012}"),),
        active=True,
        name=(HumanName(use="official", family=dice.choice(_FAMILIES), given=(dice.choice(_GIVEN), f"Т{number}")),),
        telecom=(ContactPoint(system="phone", value=f"+7701{dice.randrange(10**7):07}"),),
        gender=dice.choice(("male", "female")),
        birth_date=f"{dice.randrange(1930, 2026)}-{dice.randrange(1, 13):02}-{dice.randrange(1, 29):02}",
        managing_organization=site,
    )


def _measured(
    dice: random.Random, patient: Patient, doctor: Reference, device: Reference, at: datetime
) -> Iterator[Observation]:
    for turn in range(3):
        for code, (_code, _words, unit, ucum, least, most) in zip(_CODES, _SIGNS, strict=True):
            value = Decimal(dice.randrange(least * 10, most * 10)) / 10
            yield Observation(
                id=new_id(),
                status="final",
                category=(_VITAL,),
                code=code,
                subject=reference_to(patient),
                effective_date_time=at + timedelta(minutes=turn * 5),
                performer=(doctor,),
                device=device,
                value_quantity=Quantity(value=value, unit=unit, system="http://unitsofmeasure.org", code=ucum),
            )


def _referral(patient: Patient, doctor: Reference, site: Reference, asked: str, at: datetime) -> tuple[Resource, ...]:
    request = ServiceRequest(
        id=new_id(),
        status="active",
        intent="order",
        priority="urgent",
        subject=reference_to(patient),
        authored_on=at,
        requester=doctor,
        performer_type=CodeableConcept(coding=(Coding(system="urn:dala:specialty", code="cardiology"),)),
    )
    task = Task(
        id=new_id(),
        status="requested",
        intent="order",
        priority="urgent",
        focus=reference_to(request),
        for_=reference_to(patient),
        authored_on=at,
        requester=site,
        owner=Reference(reference=f"Organization/{asked}"),
    )
    return with_audience(request, asked), with_audience(task, asked)


def _looked_at(patient: Patient, doctor: Reference, device: Reference, site: Reference, at: datetime) -> AuditEvent:
    return AuditEvent(
        id=new_id(),
        type=_REST,
        subtype=(_READ,),
        action="R",
        recorded=at,
        outcome="0",
        agent=(AuditEventAgent(who=doctor, requestor=True),),
        source=AuditEventSource(site=site.id, observer=device),
        entity=(AuditEventEntity(what=reference_to(patient)),),
    )
