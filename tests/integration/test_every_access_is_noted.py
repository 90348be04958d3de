"""Every method that shows or writes something about a patient leaves an event that names him: counted, not believed.

The methods are those of the rights of every method; here each is asked by somebody who may, and what it returns and
what it writes is compared with what the trail then says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import text

from clinic_app.access import AuditFilter, Role, Session
from clinic_app.access.audit_events import patients_of
from clinic_app.consultation import OpinionForm
from clinic_app.encounters import VitalsForm
from clinic_app.foundation.errors import ClinicError
from clinic_app.records import AuditEvent, Patient, Resource, decode
from clinic_app.storage import AuditQuery
from tests.helpers.wards import Kind, Ward, ward
from tests.integration.test_rights_of_every_method import FORM, LINES, Ask

ABOUT_NO_PATIENT: Final = {"people", "keys", "safekeeping"}
FULL: Final[dict[str, Ask]] = {
    "registration.amend": lambda w, s, k: w.station.registration.amend(s, w.record(k, Patient), FORM),  # type: ignore[arg-type]
    "registration.restrict": lambda w, s, k: w.station.registration.restrict(s, w.record(k, Patient), False),  # type: ignore[arg-type]
    "encounters.record_vitals": lambda w, s, k: w.station.encounters.record_vitals(
        s, f"patient-{k}", VitalsForm(heart_rate="70")
    ),
    "encounters.record_allergy": lambda w, s, k: w.station.encounters.record_allergy(s, f"patient-{k}", "пенициллин"),
    "consultations.sign": lambda w, s, k: w.station.consultations.sign(s, f"task-{k}", OpinionForm("Қалыпты.")),
    "break_glass.open": lambda w, s, k: w.station.break_glass.open(s, f"patient-{k}", "other", "Есінен танды"),
}
"""Those whose form is wrong on purpose in the other test, with a right one."""
BY: Final[dict[str, Role]] = {"break_glass": "doctor", "audit_log": "auditor", "statistics": "statistician"}
CASES: Final = [
    (name, kind)
    for name in LINES
    if name.partition(".")[0] not in ABOUT_NO_PATIENT
    for kind in (("own", "referred") if LINES[name].is_about_one else ("own",))
]


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    folder: Path = tmp_path_factory.mktemp("noted")
    (folder / "empty").mkdir()
    with ward(folder) as made:
        yield made


def _shown(value: Any) -> Iterator[str]:
    """Yield every patient a method's answer speaks of, however deep."""
    if isinstance(value, Resource):
        yield from patients_of(value)
    if isinstance(value, (tuple, list, frozenset, set)):
        for each in value:
            yield from _shown(each)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _shown(getattr(value, field.name))


def _place(clinic: Ward) -> tuple[int, int]:
    with clinic.store.database.reading() as connection:
        history = connection.execute(text("SELECT max(seq) FROM history")).scalar_one()
        links = connection.execute(text("SELECT coalesce(max(seq), 0) FROM audit_chain")).scalar_one()
    return int(history), int(links)


def _written(clinic: Ward, after: int) -> list[Resource]:
    query = text("SELECT body FROM history WHERE seq > :after AND type <> 'AuditEvent'")
    with clinic.store.database.reading() as connection:
        return [decode(bytes(body)) for body in connection.execute(query, {"after": after}).scalars()]


def _noted(clinic: Ward, after: int) -> list[AuditEvent]:
    return [row.event for row in clinic.store.audit.page(AuditQuery(), 1000) if row.seq > after]


def _named(events: list[AuditEvent], session: Session) -> set[str]:
    own = [event for event in events if event.agent[0].who and event.agent[0].who.id == session.practitioner_id]
    assert len(own) == len(events), "an event of somebody else"
    return {e.what.reference or "" for event in events for e in event.entity if e.what and e.what.reference}


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_whoever_is_shown_and_whatever_is_written_is_named_in_the_trail(clinic: Ward, name: str, kind: Kind) -> None:
    session = clinic.session(BY.get(name.partition(".")[0], "specialist"))
    clinic.clock.advance(minutes=2)
    history, links = _place(clinic)
    answer: Any = None
    error: ClinicError | None = None
    try:
        answer = FULL.get(name, LINES[name].ask)(clinic, session, kind)
    except ClinicError as caught:
        error = caught
    events = _noted(clinic, links)
    written = _written(clinic, history)
    named = _named(events, session)
    assert set(_shown(answer)) <= named
    assert {reference for record in written for reference in patients_of(record)} <= named
    if error is None and LINES[name].is_about_one:
        assert f"Patient/patient-{kind}" in named, "what was looked at, or not found, is about somebody"
    if error is None:
        assert events or name == "referrals.destinations" or name in READ_AGAIN


READ_AGAIN: Final = {"referrals.received", "consultations.worklist", "referrals.cases", "audit_log.people",
                     "break_glass.to_review", "audit_log.counts", "long_recordings.interrupted",
                     "exchange.contents", "exchange.summary", "exchange.conflicts", "exchange.joined",
                     "image_inbox.waiting", "image_inbox.handled", "image_orders.of_day",
                     "image_network.state", "image_network.echo"}  # fmt: skip
"""Lists a screen asks for again and again, and lists that name no patient: see the tests below."""


def test_every_written_record_has_as_many_events_as_writes(clinic: Ward) -> None:
    """Nothing in the history of this workstation was written by a method without an event beside it."""
    session = clinic.session("doctor")
    history, links = _place(clinic)
    patient = clinic.station.registration.register(session, FORM)
    for _ in range(3):
        clinic.station.encounters.record_vitals(session, patient.id, VitalsForm(heart_rate="70", spo2="98"))
        patient = clinic.station.registration.amend(session, patient, FORM)
    written, events = _written(clinic, history), _noted(clinic, links)
    assert len(written) == 1 + 3 * 2 + 3
    assert len(events) == 1 + 3 + 3
    assert sum(len([e for e in event.entity if e.what]) for event in events) == 1 + 3 * 3 + 3


@pytest.mark.parametrize("name", ["referrals.cases", "referrals.received", "consultations.worklist"])
def test_a_list_read_again_and_again_is_noted_for_each_person_and_each_change(clinic: Ward, name: str) -> None:
    counts = []
    for role in ("doctor", "doctor", "specialist"):
        before = _place(clinic)[1]
        LINES[name].ask(clinic, clinic.session(role), "own")  # type: ignore[arg-type]
        counts.append(len(_noted(clinic, before)))
    assert counts[1:] == [0, 1]


def test_a_search_that_finds_nobody_is_noted_with_what_was_asked(clinic: Ward) -> None:
    clinic.station.registration.search(clinic.session("registrar"), "Жоқадам")
    event = clinic.store.audit.page(AuditQuery(), 1)[0].event
    assert event.subtype[0].code == "search"
    assert event.action == "E"
    (asked,) = event.entity
    assert asked.query == "0JbQvtKb0LDQtNCw0Lw="
    assert asked.role is not None
    assert asked.role.code == "24"


def test_looking_where_nothing_is_found_names_the_patient_and_the_question(clinic: Ward) -> None:
    doctor = clinic.session("doctor")
    patient = clinic.station.registration.register(doctor, FORM)
    clinic.station.imaging.studies(doctor, patient.id)
    event = clinic.store.audit.page(AuditQuery(patient=patient.id), 1)[0].event
    assert event.subtype[0].code == "search"
    lines = clinic.station.audit_log.find(clinic.session("auditor"), AuditFilter(patient=patient.id), limit=1)
    assert lines[0].description == f"ImagingStudy?subject={patient.id}"


def test_the_trail_of_the_whole_day_is_whole(clinic: Ward) -> None:
    assert clinic.station.audit_log.verify(clinic.session("auditor")).is_whole
