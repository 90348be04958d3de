"""The exchange over the encrypted store: a conflict answered by hand, and record, history and queue agree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import msgspec
import pytest
from PySide6.QtWidgets import QAbstractItemView, QApplication, QTabWidget

from clinic_app.records import Patient
from clinic_app.registration import PatientForm
from clinic_app.settings import Settings
from clinic_app.workstation import Workstation, build_workstation
from tests.helpers.fake_workstation import PASSWORD, FakeWorkstation
from tests.helpers.windows import Desk
from ui import language, theme
from ui.tasks import TaskRunner

FORM = PatientForm(family="Әлібекқызы", given="Гүлнұр", birth_date="05.03.1964", gender="female")


@pytest.fixture
def station(qapp: QApplication, tmp_path: Path) -> Iterator[Workstation]:
    language.use("en")
    theme.apply(qapp, "light")
    made = build_workstation(Settings(tmp_path, {"key_storage": "file", "reserve_mb": 0, "lock_after_s": 0}))
    made.set_up("Ырғыз АА", "Петров", "it", PASSWORD)
    made.people.add(made.people.sign_in("it", PASSWORD), "doctor", PASSWORD, "doctor here", "doctor")
    yield made
    made.close()
    language.use("kk")


@pytest.fixture
def patient_id(station: Workstation) -> str:
    """A patient whose birth date was changed here while the hub learned that she died."""
    store, doctor = station._store, station.people.sign_in("doctor", PASSWORD)
    patient = station.registration.register(doctor, FORM)
    store.outbox.acknowledge({row.seq: f"h{row.seq}" for row in store.outbox.pending(1000)})
    base = msgspec.json.decode(store.records.body(Patient, patient.id))
    store.records.commit([msgspec.structs.replace(store.records.get(Patient, patient.id), birth_date="1964-03-06")])
    theirs = {**base, "birthDate": "1964-05-03", "deceasedBoolean": True, "meta": {**base["meta"], "versionId": "hx"}}
    store.records.receive([msgspec.json.encode(theirs)])
    return patient.id


@pytest.fixture
def desk(station: Workstation, patient_id: str) -> Iterator[Desk]:
    made = Desk(cast("FakeWorkstation", station), TaskRunner(2))
    made.enter("doctor")
    made.click("rail.exchange")
    yield made
    made.close()


def test_a_conflict_is_answered_field_by_field_and_nothing_is_lost(
    station: Workstation, desk: Desk, patient_id: str
) -> None:
    desk.find("exchange.tabs", QTabWidget).setCurrentIndex(1)
    desk.settle()
    assert "Әлібекқызы Гүлнұр" in desk.words("exchange.question")
    assert desk.words("exchange.theirs.deceased") == "yes"
    desk.click("exchange.choice.birthDate.mine")
    assert not desk.find("exchange.save").isEnabled()
    desk.click("exchange.choice.deceased.theirs")
    assert desk.words("exchange.result") == "Birth date: 06.03.1964 · Died: yes"
    desk.click("exchange.save")
    assert desk.sees("exchange.questions.empty")
    records = station._store.records
    body = msgspec.json.decode(records.body(Patient, patient_id))
    assert (body["birthDate"], body["deceasedBoolean"]) == ("1964-03-06", True)
    assert "1964-05-03" in [each.birth_date for each in records.versions(Patient, patient_id)]
    (row,) = (each for each in station._store.outbox.pending() if each.type == "Patient")
    assert row.base_hub_version == "hx"


def test_what_waits_is_listed_with_the_patients_name(desk: Desk) -> None:
    model = desk.find("exchange.waiting", QAbstractItemView).model()
    rows = [(str(model.index(row, 0).data()), str(model.index(row, 1).data())) for row in range(model.rowCount())]
    assert ("Patient's card", "Әлібекқызы Гүлнұр") in rows
    assert any(kind.startswith("Events of the audit trail") for kind, _name in rows)
