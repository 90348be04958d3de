"""The reception in a process that is killed at any moment: what was said to be saved is there, numbered once, noted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from clinic_app.records import AuditEvent, Observation, Patient
from clinic_app.terminology.systems import CHART_NUMBER
from tests.helpers.stores import opened, set_up

ROOT = Path(__file__).parents[2]
RECEPTION = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from clinic_app.access import People, Trail
from clinic_app.encounters import Encounters, VitalsForm
from clinic_app.registration import PatientForm, Registration
from clinic_app.storage import Store
from clinic_app.terminology.systems import CHART_NUMBER
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import KEY, PASSWORD, QUICK
clock = FixedClock()
store = Store.open(Path(sys.argv[1]), KEY, clock)
nurse = People(store, clock, QUICK).sign_in("nurse", PASSWORD)
trail = Trail(store, clock)
reception, bedside = Registration(store, trail, clock, lambda: "7F3A"), Encounters(store, trail, clock)
form = PatientForm("Өмірзақов", "Қайрат", birth_date="01.01.1985", gender="male")
def work(_):
    while True:
        patient = reception.register(nurse, form)
        bedside.record_vitals(nurse, patient.id, VitalsForm("120", "80", "70", "98", "36,6", "16", "5,1"))
        sys.stdout.write(f"{patient.id} {patient.identifier_value(CHART_NUMBER)}\\n")
        sys.stdout.flush()
with ThreadPoolExecutor(3) as pool:
    list(pool.map(work, range(3)))
"""
SIGNS = 6
"""Observations of one sitting: the pressure is one of them."""


@pytest.mark.parametrize("acknowledged", [1, 5, 20])
def test_patients_numbers_sittings_and_trail_agree_after_two_kills(tmp_path: Path, acknowledged: int) -> None:
    with opened(tmp_path) as store:
        set_up(store, "nurse")
    said: list[tuple[str, str]] = []
    for _ in range(2):
        command = [sys.executable, "-c", RECEPTION, str(tmp_path)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(acknowledged)]
            process.kill()
            lines += process.stdout.readlines()
        said += [(words[0], words[1]) for line in lines if line.endswith("\n") and len(words := line.split()) == 2]
    with opened(tmp_path) as store:
        patients = {each.id: each for each in store.records.find(Patient, limit=10_000)}
        numbers = [each.identifier_value(CHART_NUMBER) for each in patients.values()]
        assert len(said) >= 2 * acknowledged
        assert len(set(numbers)) == len(numbers)
        for patient_id, number in said:
            assert patients[patient_id].identifier_value(CHART_NUMBER) == number
            assert len(store.records.find(Observation, subject=patient_id)) == SIGNS
        sittings = [len(store.records.find(Observation, subject=each)) for each in patients]
        assert set(sittings) <= {0, SIGNS}
        events = [each for each in store.records.find(AuditEvent, limit=10_000) if each.action == "C"]
        assert len(events) == len(patients) + sum(count == SIGNS for count in sittings)
        assert store.records.broken_audit_row() is None
        store.file.check()
