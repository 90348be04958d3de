"""One record of every type as another system would write it by hand: read, written anew, edited, found.

The examples follow the printed form of FHIR R4 and hold only what we model, so that nothing may be missing afterwards.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Final

import msgspec
import pytest

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.records import (
    AllergyIntolerance,
    AuditEvent,
    Bundle,
    CarePlan,
    Communication,
    Composition,
    Device,
    DiagnosticReport,
    DocumentReference,
    ImagingStudy,
    Meta,
    Observation,
    Organization,
    Patient,
    Practitioner,
    Provenance,
    Resource,
    ServiceRequest,
    Task,
    decode,
    decode_as,
    encode,
)
from clinic_app.records.codec import TYPES

EXAMPLES: Final[dict[str, str]] = {
    "Patient": """{
        "resourceType": "Patient", "id": "p1",
        "meta": {"versionId": "3", "lastUpdated": "2026-03-05T07:00:00Z", "source": "urn:dala:a",
                 "security": [{"code": "R"}], "tag": [{"system": "urn:dala:audience", "code": "*"}]},
        "extension": [{"url": "urn:x", "valueString": "s"}, {"url": "urn:y", "valueDecimal": 1.50}],
        "identifier": [{"use": "official", "system": "urn:dala:identifier:kz-iin", "value": "850101300124"}],
        "active": true,
        "name": [{"use": "official", "text": "Үлгібаев Ерлан", "family": "Үлгібаев", "given": ["Ерлан", "Сәбитұлы"]}],
        "telecom": [{"system": "phone", "value": "+7 700 000 00 00", "use": "mobile"}],
        "gender": "male", "birthDate": "1985-01-01",
        "address": [{"use": "home", "text": "Үлгі ауылы", "city": "Хромтау", "district": "Хромтау",
                     "state": "Ақтөбе", "country": "KZ"}],
        "managingOrganization": {"reference": "Organization/o1", "display": "Үлгі"}}""",
    "Practitioner": """{
        "resourceType": "Practitioner", "id": "n1", "identifier": [{"value": "7"}], "active": false,
        "name": [{"text": "Үлгі Дәрігер"}]}""",
    "Organization": """{
        "resourceType": "Organization", "id": "o1", "identifier": [{"system": "urn:bin", "value": "1"}],
        "active": true, "name": "Үлгі ауруханасы", "telecom": [{"system": "email", "value": "a@b"}],
        "address": [{"text": "Ақтөбе"}]}""",
    "Device": """{
        "resourceType": "Device", "id": "d1", "identifier": [{"value": "42"}], "status": "active",
        "extension": [{"url": "urn:dala:age-recipient", "valueString": "age1x"}],
        "deviceName": [{"name": "Reception", "type": "user-friendly-name"}],
        "type": {"text": "workstation"}, "owner": {"reference": "Organization/o1"}}""",
    "Observation": """{
        "resourceType": "Observation", "id": "b1", "identifier": [{"value": "9"}], "status": "final",
        "category": [{"coding": [{"system": "urn:c", "code": "vital-signs"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9", "display": "Blood pressure"}]},
        "subject": {"reference": "Patient/p1"}, "effectiveDateTime": "2026-03-05T12:00:00+05:00",
        "issued": "2026-03-05T07:00:01.250Z", "performer": [{"reference": "Practitioner/n1"}],
        "valueString": "see parts", "note": [{"authorString": "n", "time": "2026-03-05T07:00:00Z", "text": "sitting"}],
        "device": {"reference": "Device/d1"}, "derivedFrom": [{"reference": "Observation/b0"}],
        "component": [
            {"code": {"text": "systolic"},
             "valueQuantity": {"value": 148.0, "unit": "mmHg", "system": "http://unitsofmeasure.org",
                               "code": "mm[Hg]"}},
            {"code": {"text": "trace"},
             "valueSampledData": {"origin": {"value": 0}, "period": 2.50, "factor": 0.001, "dimensions": 1,
                                  "data": "1 2 3"}}]}""",
    "AllergyIntolerance": """{
        "resourceType": "AllergyIntolerance", "id": "a1", "clinicalStatus": {"coding": [{"code": "active"}]},
        "code": {"text": "Пенициллин"}, "patient": {"reference": "Patient/p1"},
        "recordedDate": "2026-03-05T07:00:00Z", "recorder": {"reference": "Practitioner/n1"}}""",
    "DiagnosticReport": """{
        "resourceType": "DiagnosticReport", "id": "r1", "identifier": [{"value": "K-1"}],
        "basedOn": [{"reference": "ServiceRequest/s1"}], "status": "final", "category": [{"text": "cardiology"}],
        "code": {"text": "opinion"}, "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2026-03-05T07:00:00Z", "issued": "2026-03-05T07:10:00Z",
        "performer": [{"reference": "Organization/o2"}], "resultsInterpreter": [{"reference": "Practitioner/n2"}],
        "result": [{"reference": "Observation/b1"}], "imagingStudy": [{"reference": "ImagingStudy/i1"}],
        "conclusion": "Синустық ырғақ", "presentedForm": [{"contentType": "application/pdf", "language": "kk"}]}""",
    "CarePlan": """{
        "resourceType": "CarePlan", "id": "c1", "basedOn": [{"reference": "ServiceRequest/s1"}], "status": "active",
        "intent": "plan", "title": "Жоспар", "description": "Тропонин", "subject": {"reference": "Patient/p1"},
        "period": {"start": "2026-03-05T07:00:00Z", "end": "2026-03-06T07:00:00Z"},
        "created": "2026-03-05T07:00:00Z", "author": {"reference": "Practitioner/n2"},
        "supportingInfo": [{"reference": "DiagnosticReport/r1"}],
        "activity": [{"detail": {"status": "scheduled", "description": "ЭКГ"}}, {}]}""",
    "ServiceRequest": """{
        "resourceType": "ServiceRequest", "id": "s1", "identifier": [{"value": "1"}], "status": "active",
        "intent": "order", "category": [{"text": "x"}], "priority": "stat", "code": {"text": "consult"},
        "subject": {"reference": "Patient/p1"}, "occurrenceDateTime": "2026-03-05T08:00:00Z",
        "authoredOn": "2026-03-05T07:00:00Z", "bodySite": [{"text": "Кеуде"}],
        "requester": {"reference": "Practitioner/n1"}, "performerType": {"coding": [{"code": "cardiology"}]},
        "performer": [{"reference": "Organization/o2"}], "reasonCode": [{"text": "Кеуде ауырады"}],
        "supportingInfo": [{"reference": "DocumentReference/x1"}], "note": [{"text": "Тасымалдау?"}]}""",
    "Task": """{
        "resourceType": "Task", "id": "t1", "identifier": [{"value": "1"}],
        "basedOn": [{"reference": "ServiceRequest/s1"}], "status": "in-progress", "statusReason": {"text": "q"},
        "businessStatus": {"text": "opened"}, "intent": "order", "priority": "asap", "code": {"text": "fulfill"},
        "description": "d", "focus": {"reference": "ServiceRequest/s1"}, "for": {"reference": "Patient/p1"},
        "executionPeriod": {"start": "2026-03-05T07:00:00Z"}, "authoredOn": "2026-03-05T07:00:00Z",
        "lastModified": "2026-03-05T08:00:00Z", "requester": {"reference": "Organization/o1"},
        "owner": {"reference": "Organization/o2"}, "note": [{"text": "n"}],
        "output": [{"type": {"text": "report"}, "valueReference": {"reference": "DiagnosticReport/r1"}}]}""",
    "Communication": """{
        "resourceType": "Communication", "id": "m1", "basedOn": [{"reference": "ServiceRequest/s1"}],
        "status": "completed", "category": [{"coding": [{"code": "read"}]}], "subject": {"reference": "Patient/p1"},
        "about": [{"reference": "Task/t1"}], "sent": "2026-03-05T07:00:00Z", "received": "2026-03-05T07:00:05Z",
        "recipient": [{"reference": "Organization/o2"}], "sender": {"reference": "Organization/o1"},
        "payload": [{"contentString": "Рахмет"}, {"contentAttachment": {"title": "t", "size": 3, "hash": "aGk="}}]}""",
    "DocumentReference": """{
        "resourceType": "DocumentReference", "id": "x1", "identifier": [{"value": "1"}], "status": "current",
        "type": {"text": "ecg"}, "category": [{"text": "w"}], "subject": {"reference": "Patient/p1"},
        "date": "2026-03-05T07:00:00Z", "author": [{"reference": "Device/d1", "type": "Device"}],
        "relatesTo": [{"code": "transforms", "target": {"reference": "DocumentReference/x0"}}],
        "description": "10 s", "content": [{"attachment": {"contentType": "application/dicom",
            "url": "urn:sha256:ab", "size": 240000, "creation": "2026-03-05T07:00:00Z"},
            "format": {"system": "urn:f", "code": "ecg"}}]}""",
    "ImagingStudy": """{
        "resourceType": "ImagingStudy", "id": "i1", "identifier": [{"system": "urn:dicom:uid", "value": "urn:oid:1.2"}],
        "status": "available", "modality": [{"code": "CT"}], "subject": {"reference": "Patient/p1"},
        "basedOn": [{"reference": "ServiceRequest/s1"}], "started": "2026-03-05T07:00:00Z",
        "numberOfSeries": 1, "numberOfInstances": 1, "description": "Бас",
        "series": [{"uid": "1.2.3", "number": 1, "modality": {"code": "CT"}, "description": "axial",
            "numberOfInstances": 1, "started": "2026-03-05T07:00:00Z",
            "instance": [{"uid": "1.2.3.4", "sopClass": {"code": "1.2.840"}, "number": 7, "title": "t",
                "extension": [{"url": "urn:dala:content-sha256", "valueString": "ab"}]}]}]}""",
    "Composition": """{
        "resourceType": "Composition", "id": "k1", "identifier": {"value": "1"}, "status": "final",
        "type": {"text": "referral"}, "subject": {"reference": "Patient/p1"}, "date": "2026-03-05T07:00:00Z",
        "author": [{"reference": "Organization/o1"}], "title": "Жолдама",
        "section": [{"title": "ЭКГ", "code": {"text": "e"}, "entry": [{"reference": "DocumentReference/x1"}]}]}""",
    "Bundle": """{
        "resourceType": "Bundle", "id": "u1", "identifier": {"value": "1"}, "type": "transaction-response",
        "timestamp": "2026-03-05T07:00:00Z", "total": 1, "link": [{"relation": "next", "url": "http://h/?p=2"}],
        "entry": [{"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Basic", "id": "z", "n": 1.50},
            "request": {"method": "PUT", "url": "Basic/z", "ifMatch": "W/1", "ifNoneMatch": "*"},
            "response": {"status": "201", "etag": "W/2", "lastModified": "2026-03-05T07:00:00Z",
                         "outcome": {"resourceType": "OperationOutcome"}},
            "extension": [{"url": "urn:at", "valueInstant": "2026-03-05T07:00:00Z"}]}]}""",
    "Encounter": """{
        "resourceType": "Encounter", "id": "h1", "identifier": [{"value": "5"}], "status": "in-progress",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
        "type": [{"text": "stay"}], "subject": {"reference": "Patient/p1"},
        "participant": [{"type": [{"text": "attender"}], "period": {"start": "2026-03-05T07:00:00Z"},
                         "individual": {"reference": "Practitioner/n1"}}],
        "period": {"start": "2026-03-05T07:00:00Z", "end": "2026-03-06T07:00:00Z"}, "reasonCode": [{"text": "chest"}],
        "location": [{"location": {"display": "Ward 3"}, "period": {"start": "2026-03-05T07:00:00Z"}}],
        "serviceProvider": {"reference": "Organization/o1"}}""",
    "Appointment": """{
        "resourceType": "Appointment", "id": "w1", "identifier": [{"value": "6"}], "status": "proposed",
        "reasonCode": [{"text": "control"}], "description": "ECG again", "start": "2026-03-05T07:00:00Z",
        "end": "2026-03-05T07:20:00Z", "comment": "fasting", "basedOn": [{"reference": "ServiceRequest/q1"}],
        "participant": [{"type": [{"text": "him"}], "actor": {"reference": "Patient/p1"}, "status": "accepted"}]}""",
    "AuditEvent": """{
        "resourceType": "AuditEvent", "id": "e1", "type": {"code": "rest"}, "subtype": [{"code": "read"}],
        "action": "R", "recorded": "2026-03-05T07:00:00Z", "outcome": "0", "outcomeDesc": "why",
        "agent": [{"who": {"reference": "Practitioner/n1"}, "name": "dariger", "role": [{"text": "doctor"}],
                   "requestor": true, "purposeOfUse": [{"coding": [{"code": "BTG"}]}]}],
        "source": {"site": "o1", "observer": {"reference": "Device/d1"}},
        "entity": [{"what": {"reference": "Patient/p1"}, "type": {"code": "1"}, "role": {"code": "24"},
                    "name": "n", "description": "d", "query": "cQ=="}]}""",
    "Provenance": """{
        "resourceType": "Provenance", "id": "v1", "target": [{"reference": "DiagnosticReport/r1"}],
        "recorded": "2026-03-05T07:00:00Z",
        "agent": [{"type": {"text": "author"}, "who": {"reference": "Practitioner/n2"},
                   "onBehalfOf": {"reference": "Organization/o2"}}],
        "signature": [{"type": [{"code": "1.2.840.10065.1.12.1.1"}], "when": "2026-03-05T07:00:00Z",
                       "who": {"reference": "Device/d1"}, "sigFormat": "application/jose", "data": "ZQ=="}]}""",
}
NAMES: Final = sorted(EXAMPLES)


def _read(name: str) -> Any:
    return decode(EXAMPLES[name].encode())


def _plain(body: bytes | str) -> Any:
    """Return what a body says, moments as moments and decimals with their zeros."""

    def say(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: say(each) for key, each in value.items()}
        if isinstance(value, list):
            return [say(each) for each in value]
        if isinstance(value, str) and len(value) > 18 and value[10:11] == "T":
            return datetime.fromisoformat(value).astimezone(UTC)
        return str(value) if isinstance(value, Decimal) else value

    return say(json.loads(body, parse_float=Decimal))


def test_there_is_an_example_of_every_type() -> None:
    assert set(EXAMPLES) == set(TYPES)


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_read_as_its_own_type(name: str) -> None:
    assert type(_read(name)) is TYPES[name]
    assert _read(name) == decode_as(TYPES[name], EXAMPLES[name].encode())


@pytest.mark.parametrize("name", NAMES)
def test_every_member_of_an_example_is_modelled_and_written_again(name: str) -> None:
    assert _plain(encode(_read(name))) == _plain(EXAMPLES[name])


@pytest.mark.parametrize("name", NAMES)
def test_every_field_of_a_type_is_filled_in_by_its_example(name: str) -> None:
    record = _read(name)
    common = {"meta", "extension"} if name != "Patient" else set()
    left_out = {"value_quantity"} if name == "Observation" else set()
    for field in set(record.__struct_fields__) - common - left_out:
        assert getattr(record, field) not in (None, ()), field


@pytest.mark.parametrize("name", NAMES)
def test_an_example_that_was_not_edited_keeps_its_very_bytes(name: str) -> None:
    base = EXAMPLES[name].encode()
    assert encode(_read(name), base) == base


@pytest.mark.parametrize("name", NAMES)
def test_an_example_of_a_chattier_system_keeps_what_we_do_not_know_through_a_new_version(name: str) -> None:
    foreign = json.loads(EXAMPLES[name])
    foreign["_note"] = {"deep": [1, {"er": "2"}]}
    foreign.setdefault("meta", {})["profile"] = ["http://example.org/p"]
    base = json.dumps(foreign, ensure_ascii=False).encode()
    record = decode(base)
    edited = msgspec.structs.replace(record, meta=msgspec.structs.replace(record.meta or Meta(), version_id="next"))
    written = json.loads(encode(edited, base))
    assert written["_note"] == foreign["_note"]
    assert written["meta"]["profile"] == ["http://example.org/p"]
    assert written["meta"]["versionId"] == "next"


@pytest.mark.parametrize("name", NAMES)
def test_an_example_without_its_id_is_no_record(name: str) -> None:
    body = json.loads(EXAMPLES[name])
    del body["id"]
    with pytest.raises(InvalidInputError):
        decode(json.dumps(body).encode())


REQUIRED: Final = [
    ("Observation", "status"),
    ("Observation", "code"),
    ("AllergyIntolerance", "patient"),
    ("DiagnosticReport", "status"),
    ("DiagnosticReport", "code"),
    ("CarePlan", "status"),
    ("CarePlan", "intent"),
    ("CarePlan", "subject"),
    ("ServiceRequest", "status"),
    ("ServiceRequest", "intent"),
    ("ServiceRequest", "subject"),
    ("Task", "status"),
    ("Task", "intent"),
    ("Communication", "status"),
    ("DocumentReference", "status"),
    ("DocumentReference", "content"),
    ("ImagingStudy", "status"),
    ("ImagingStudy", "subject"),
    ("Composition", "status"),
    ("Composition", "type"),
    ("Composition", "date"),
    ("Composition", "author"),
    ("Composition", "title"),
    ("Bundle", "type"),
    ("AuditEvent", "type"),
    ("AuditEvent", "action"),
    ("AuditEvent", "recorded"),
    ("AuditEvent", "agent"),
    ("AuditEvent", "source"),
    ("Provenance", "target"),
    ("Provenance", "recorded"),
    ("Provenance", "agent"),
]
"""What FHIR R4 has with a cardinality of 1..1 or 1..* and we write."""


@pytest.mark.parametrize(("name", "member"), REQUIRED)
def test_what_fhir_requires_is_required(name: str, member: str) -> None:
    body = json.loads(EXAMPLES[name])
    del body[member]
    with pytest.raises(InvalidInputError, match=member):
        decode(json.dumps(body).encode())


@pytest.mark.parametrize("name", [name for name in NAMES if '"status": "' in EXAMPLES[name] and name != "Bundle"])
@pytest.mark.parametrize("status", ["", "FINAL", "done", None, 1, ["final"]])
def test_a_status_fhir_does_not_know_is_refused(name: str, status: object) -> None:
    body = json.loads(EXAMPLES[name])
    if "status" in body and (status is not None or name != "Device"):
        body["status"] = status
        with pytest.raises(InvalidInputError):
            decode(json.dumps(body).encode())


def test_the_values_of_an_example_are_what_they_say() -> None:
    observation: Observation = _read("Observation")
    assert observation.effective_date_time == datetime(2026, 3, 5, 7, tzinfo=UTC)
    assert observation.effective_date_time.utcoffset() == timedelta(hours=5)
    assert observation.issued == datetime(2026, 3, 5, 7, 0, 1, 250_000, tzinfo=UTC)
    systolic, trace = observation.component
    assert systolic.value_quantity is not None
    assert str(systolic.value_quantity.value) == "148.0"
    assert trace.value_sampled_data is not None
    assert str(trace.value_sampled_data.period) == "2.50"


def test_an_offset_is_kept_through_writing_anew() -> None:
    observation: Observation = _read("Observation")
    again = decode_as(Observation, encode(observation)).effective_date_time
    assert again == datetime(2026, 3, 5, 12, tzinfo=timezone(timedelta(hours=5)))


def test_the_record_of_a_patient_says_its_name_and_numbers() -> None:
    patient: Patient = _read("Patient")
    assert patient.full_name == "Үлгібаев Ерлан"
    assert patient.identifier_value("urn:dala:identifier:kz-iin") == "850101300124"
    assert patient.identifier_value("urn:other") is None
    assert patient.version_id == "3"


def test_an_entry_of_a_bundle_keeps_the_bytes_it_came_with() -> None:
    bundle: Bundle = _read("Bundle")
    assert bytes(bundle.entry[0].resource) == b'{"resourceType": "Basic", "id": "z", "n": 1.50}'  # type: ignore[arg-type]
    assert b'"n": 1.50' in encode(bundle)


def test_an_attachment_elsewhere_has_no_address_here() -> None:
    document: DocumentReference = _read("DocumentReference")
    assert document.content[0].attachment.sha256 == "ab"
    communication: Communication = _read("Communication")
    assert communication.payload[1].content_attachment is not None
    assert communication.payload[1].content_attachment.sha256 == ""


@pytest.mark.parametrize(
    ("kind", "other"),
    [
        (Patient, Practitioner),
        (Organization, Device),
        (Task, ServiceRequest),
        (DiagnosticReport, Observation),
        (CarePlan, Composition),
        (ImagingStudy, DocumentReference),
        (AuditEvent, Provenance),
        (AllergyIntolerance, Communication),
        (Bundle, Patient),
    ],
)
def test_asked_for_one_type_another_is_refused(kind: type[Resource], other: type[Resource]) -> None:
    with pytest.raises(InvalidInputError):
        decode_as(kind, EXAMPLES[other.__name__].encode())
    with pytest.raises(InvalidInputError):
        encode(_read(kind.__name__), EXAMPLES[other.__name__].encode())


@pytest.mark.parametrize("day", ["1985", "1985-01", "1985-01-01"])
def test_a_birth_date_may_be_known_only_in_part(day: str) -> None:
    body = EXAMPLES["Patient"].replace('"1985-01-01"', json.dumps(day)).encode()
    assert decode_as(Patient, body).birth_date == day


@pytest.mark.parametrize("day", ["85", "1985-1-1", "01.01.1985", "1985-01-01T00:00:00Z", "", "1985-01-01\n", "١٩٨٥"])
def test_a_birth_date_in_another_form_is_refused(day: str) -> None:
    body = EXAMPLES["Patient"].replace('"1985-01-01"', json.dumps(day)).encode()
    with pytest.raises(InvalidInputError):
        decode_as(Patient, body)
