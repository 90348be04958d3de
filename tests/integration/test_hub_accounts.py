"""A workstation and a hub as programs of their own: it comes in by a code, works, is shut out, and erases its keys."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clinic_app.foundation.errors import KeyLockedError
from clinic_app.hub.app import build_hub
from clinic_app.hub.folder import open_hub_store
from clinic_app.opening import Opening
from clinic_app.registration import PatientForm
from clinic_app.settings import load_settings
from clinic_app.storage.feed.callers import DeviceLine
from clinic_app.storage.trail.countersigned import kept_countersigned
from clinic_app.sync import Erased, Failed, Succeeded
from clinic_app.workstation import Workstation, build_workstation, provision
from tests.helpers.clocks import FixedClock
from tests.helpers.hub_process import ROOT, HubProcess
from tests.helpers.provisioning import ADMINISTRATOR, DOCTOR, PASSWORD, provisioning_file
from tests.helpers.waiting import wait_until

ORGANIZATION = "org-yrgyz"
FORM = PatientForm(family="Өмірзақов", given="Бауыржан", birth_date="05.03.1964", gender="male", iin="")


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubProcess]:
    with HubProcess(tmp_path / "hub") as running:
        yield running


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A workstation that was set up and stands alone."""
    file = provisioning_file(
        tmp_path / "p.toml",
        settings={"sync_interval_s": 1},
        facility={"organization_id": ORGANIZATION},
        people=(ADMINISTRATOR, DOCTOR),
    )
    provision(tmp_path / "data", file)
    return tmp_path / "data"


def command(tmp_path: Path, *words: str) -> list[str]:
    """Run a command of the hub beside the running one, as its people do; return what it prints."""
    line = [sys.executable, "-m", "clinic_app.hub", *words, "--data", str(tmp_path / "hub")]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, encoding="utf-8", check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def devices(tmp_path: Path) -> list[DeviceLine]:
    store = open_hub_store(tmp_path / "hub", None)
    try:
        return list(build_hub(store, FixedClock()).callers.devices())
    finally:
        store.close()


def opened(data: Path) -> Workstation:
    return build_workstation(load_settings(data))


def connect(data: Path, tmp_path: Path, hub: HubProcess) -> None:
    """Do at the workstation what IT does, then end the program."""
    code, _, fingerprint = command(tmp_path, "enrol-code", "--organization", ORGANIZATION, "--name", "Қабылдау")
    workstation = opened(data)
    try:
        assert workstation.sync is None
        session = workstation.people.sign_in("it", PASSWORD)
        found = workstation.hub.look(session, hub.url)
        assert fingerprint.endswith(found.fingerprint)
        workstation.hub.connect(session, found, code)
    finally:
        workstation.close()


def test_a_workstation_comes_in_works_is_shut_out_and_erases_its_keys(
    data: Path, tmp_path: Path, hub: HubProcess
) -> None:
    connect(data, tmp_path, hub)
    workstation = opened(data)
    try:
        sync = workstation.sync
        assert sync is not None
        doctor = workstation.people.sign_in("doctor", PASSWORD)
        patient = workstation.registration.register(doctor, FORM)
        wait_until(lambda: isinstance(sync.state(), Succeeded) and not sync.queue().records, 60, "an empty queue")
        wait_until(lambda: kept_countersigned(workstation._store.memory) is not None, 60, "the hub's word on the trail")
        (line,) = devices(tmp_path)
        assert (line.name, line.algorithm) == ("Қабылдау", "Ed25519")
        assert line.last_seen_at is not None
        command(tmp_path, "revoke", "--id", line.id, "--because", "ұрланған")
        workstation.encounters.record_allergy(doctor, patient.id, "Пенициллин")  # what is to be sent brings the order
        wait_until(lambda: isinstance(sync.state(), Erased), 60, "the order to be obeyed")
    finally:
        workstation.close()
    assert devices(tmp_path)[0].told_at is not None
    with pytest.raises(KeyLockedError) as locked:
        opened(data)
    assert "ұрланған" in locked.value.text.render("kk")
    assert Opening(load_settings(data)).ways() == frozenset()


def test_one_who_is_shut_out_without_the_order_keeps_his_data(data: Path, tmp_path: Path, hub: HubProcess) -> None:
    connect(data, tmp_path, hub)
    (line,) = devices(tmp_path)
    command(tmp_path, "revoke", "--id", line.id, "--keep-data")
    workstation = opened(data)
    try:
        sync = workstation.sync
        assert sync is not None
        wait_until(lambda: isinstance(sync.state(), Failed), 60, "the refusal")
        state = sync.state()
        assert isinstance(state, Failed)
        assert "enrolled again" in str(state.reason.render("en"))
    finally:
        workstation.close()
    opened(data).close()
