"""A change of the data key in a process of its own, killed after each step: the next start opens everything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from clinic_app.keys import FileKeyStorage, KeySlots, SlotCost, unlock
from clinic_app.records import AuditEvent, Patient
from clinic_app.storage.backups.rekeying import finish_change, is_sealing, seal_contents
from tests.helpers.stores import opened

ROOT: Final = Path(__file__).parents[2]
PATIENTS: Final = 8
CONTENTS: Final = 3
MAKE: Final = """
import sys
from pathlib import Path
from clinic_app.access import Trail
from clinic_app.keys import FileKeyStorage, KeySlots, SlotCost, unlock
from clinic_app.storage.backups.rekeying import change_key
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import opened, patient, set_up
folder, step, times = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
storage = FileKeyStorage(folder)
"""
FILL: Final = (
    MAKE
    + """
with opened(folder, unlock(folder, storage)) as store:
    set_up(store, "nurse")
    for number in range(8):
        store.records.commit([patient(f"Kalkaman{number}")], audit=[Trail(store, FixedClock()).maintenance("x", "it")])
    for number in range(3):
        sha256 = store.blobs.put(b"%d" % number * 70_000)
        store.records.commit([patient("Named", sha256)], uploads=[sha256])
KeySlots(folder, SlotCost(8, 1)).new_recovery_code(unlock(folder, storage))
"""
)
CHANGE: Final = (
    MAKE
    + """
import os, signal
seen = []
def progress(done):
    seen.append(done)
    if done == step and seen.count(done) == times:
        os.kill(os.getpid(), signal.SIGKILL) if hasattr(signal, "SIGKILL") else os._exit(9)
change_key(folder, unlock(folder, storage), KeySlots(folder, SlotCost(8, 1)), [storage], FixedClock(),
           tell_code=lambda code: print(code, flush=True), progress=progress)
"""
)
PLACES: Final = [
    ("copied", 1),
    ("checked", 1),
    ("slots added", 1),
    ("swapped", 1),
    ("proof written", 1),
    ("slots settled", 1),
    ("content sealed", 1),
    ("content sealed", 2),
    ("content sealed", 3),
    ("former key gone", 1),
]


def _run(script: str, folder: Path, step: str = "", times: int = 1) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, str(folder), step, str(times)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=90,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    done = _run(FILL, tmp_path / "data")
    assert done.returncode == 0, done.stderr
    return tmp_path / "data"


def _everything_is_there(folder: Path, key: bytes) -> None:
    with opened(folder, key) as store:
        patients = store.records.find(Patient)
        assert len(patients) == PATIENTS + CONTENTS
        assert len(store.records.search_patients("kalkaman")) == PATIENTS
        addresses = {each.sha256 for each in store.transfers.pending("up")}
        assert len(addresses) == CONTENTS
        assert {store.blobs.read(each)[:1] for each in addresses} == {b"0", b"1", b"2"}
        assert len(store.records.find(AuditEvent)) >= PATIENTS
        assert store.records.broken_audit_row() is None
        store.database.check()  # type: ignore[attr-defined]


@pytest.mark.parametrize(("step", "times"), PLACES, ids=[f"{step} {times}" for step, times in PLACES])
def test_a_kill_after_a_step_leaves_data_that_open(folder: Path, step: str, times: int) -> None:
    storage, slots = FileKeyStorage(folder), KeySlots(folder, SlotCost(8, 1))
    former = unlock(folder, storage)
    killed = _run(CHANGE, folder, step, times)
    assert killed.returncode in (-9, 9), killed.stderr
    key = unlock(folder, storage)
    is_swapped = step not in ("copied", "checked", "slots added")
    assert (key != former) == is_swapped
    _everything_is_there(folder, key)
    finish_change(folder, key, slots)
    assert unlock(folder, storage) == key
    if is_swapped:
        assert slots.open_with_recovery_code(killed.stdout.split()[0]) == key
        seal_contents(folder, key)
        assert not is_sealing(folder, key)
        _everything_is_there(folder, key)
    else:
        assert _run(CHANGE, folder).returncode == 0
        _everything_is_there(folder, unlock(folder, storage))
    assert not list(folder.glob("*.rekeyed*"))
    assert not list(folder.rglob("*.part"))
