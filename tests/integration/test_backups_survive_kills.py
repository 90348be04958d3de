"""Backups and a real program: killed at any touch of the disk or at any moment, beside a program that writes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from clinic_app.foundation.errors import StorageError
from clinic_app.keys import DATABASE_NAME
from clinic_app.records import Patient
from clinic_app.settings import load_settings
from clinic_app.storage import restore_backup
from clinic_app.workstation import build_workstation
from tests.helpers.clocks import FixedClock
from tests.helpers.dying import killed_everywhere
from tests.helpers.hub_process import HubProcess
from tests.helpers.stores import KEY, opened, patient
from tests.helpers.waiting import wait_until

ROOT = Path(__file__).parents[2]
IMPORTS = """
from clinic_app.storage import Store
from clinic_app.storage.backups.backups import listed
from clinic_app.records import Patient
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import KEY
"""
MAKE = """
store = Store.open(folder, KEY, FixedClock())
store.backups.make("daily")
"""
LOOK = """
store = Store.open(folder, KEY, FixedClock())
store.file.check_all()
before = store.backups.all()
for each in before:
    store.backups.verify(each)
counted = [each.records for each in before if each.is_verified]
made = store.backups.make("hourly")
left = [path.name for path in store.backups.folder.iterdir() if ".part" in path.name]
store.close()
return counted, made.records, left
"""


def test_a_kill_at_any_touch_of_the_disk_leaves_a_whole_backup_or_none(tmp_path: Path) -> None:
    """Whatever is there after the kill is whole; what is counted on has its note; the next one can be made."""
    template = tmp_path / "template"
    with opened(template) as store:
        store.records.commit([patient() for _ in range(7)])
        store.backups.make("hourly")
        store.records.commit([patient() for _ in range(2)])
    seen = killed_everywhere(template, tmp_path / "work", IMPORTS, MAKE, LOOK)
    assert set(seen) == {"([7], 9, [])", "([9, 7], 9, [])"}
    assert (seen[0], seen[-1]) == ("([7], 9, [])", "([9, 7], 9, [])")
    assert len(seen) >= 10


BUSY = """
import sys, threading
from pathlib import Path
from clinic_app.storage import Store
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import KEY, patient
store = Store.open(Path(sys.argv[1]), KEY, FixedClock())
def say(words):  # in one piece, or the words of two threads run into one another
    sys.stdout.write(words + "\\n")
    sys.stdout.flush()
def back_up():
    while True:
        store.backups.make("hourly")
        say("backup")
threading.Thread(target=back_up, daemon=True).start()
while True:
    record = patient()
    store.records.commit([record])
    say(record.id)
"""


@pytest.mark.parametrize("backups", [1, 3])
def test_a_program_killed_while_it_writes_and_backs_up_loses_neither(tmp_path: Path, backups: int) -> None:
    process = subprocess.Popen([sys.executable, "-c", BUSY, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    said: list[str] = []
    with process:
        assert process.stdout is not None
        while said.count("backup") < backups:
            said.append(process.stdout.readline().strip())
        process.kill()
        said += [line.strip() for line in process.stdout if line.endswith("\n")]
    acknowledged = {line for line in said if line != "backup"}
    with opened(tmp_path) as store:
        store.file.check_all()  # type: ignore[union-attr]
        assert acknowledged <= {each.id for each in store.records.find(Patient, limit=100_000)}
        found = store.backups.all()
        assert sum(each.is_verified for each in found) >= backups
        for each in found:
            store.backups.verify(each)
    newest = next(each for each in found if each.is_verified)
    restore_backup(tmp_path, newest.path, KEY, FixedClock())
    with opened(tmp_path) as store:
        assert len(store.records.find(Patient, limit=100_000)) == newest.records


PROGRAM = """
import sys, time
from pathlib import Path
from clinic_app.settings import load_settings
from clinic_app.storage.backups.backup_keeper import BackupKeeper
from clinic_app import workstation
workstation.BackupKeeper = lambda store, clock, second: BackupKeeper(store, clock, second, check_s=0.05)
station = workstation.build_workstation(load_settings(Path(sys.argv[1])))
station.set_up("Hospital", "Admin One", "admin", "correct horse battery")
print("ready", flush=True)
sys.stdin.readline()
station.close()
print("closed", flush=True)
"""


def test_a_workstation_makes_backups_by_itself_and_stops_in_order(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('key_storage = "file"\nreserve_mb = 16\n', encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        wait_until(lambda: list((tmp_path / "backups").glob("*-weekly-*.json")), 20, "a first backup")
        wait_until((tmp_path / "reserve.bin").exists, 20, "the reserve")
        process.stdin.write("\n")
        process.stdin.close()
        assert process.stdout.readline() == "closed\n"
        assert process.wait(20) == 0
    assert (tmp_path / "reserve.bin").stat().st_size == 16 << 20
    assert not (tmp_path / f"{DATABASE_NAME}-wal").exists()


def test_a_second_program_is_refused_with_a_sentence_before_it_opens_anything(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('key_storage = "file"\n', encoding="utf-8")
    first = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with first:
        assert first.stdout is not None
        assert first.stdout.readline() == "ready\n"
        before = (tmp_path / DATABASE_NAME).stat().st_mtime_ns
        with pytest.raises(StorageError, match="already running"):
            build_workstation(load_settings(tmp_path))
        assert (tmp_path / DATABASE_NAME).stat().st_mtime_ns == before
        first.kill()
    build_workstation(load_settings(tmp_path)).close()


def test_a_hub_is_served_by_one_process_and_its_folder_is_not_maintained_meanwhile(tmp_path: Path) -> None:
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "settings.toml").write_text('key_storage = "file"\n', encoding="utf-8")
    with HubProcess(tmp_path / "hub") as hub:
        hub.enrol("org-a", "PC")
        for command in (
            ["clinic_app.hub", "--data", str(tmp_path / "hub"), "--port", "0"],
            ["clinic_app.maintenance", "--data", str(tmp_path / "hub"), "backup"],
        ):
            done = subprocess.run(
                [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
            )
            assert (done.returncode, "already running" in done.stderr) == (1, True), done.stderr
    done = subprocess.run(
        [sys.executable, "-m", "clinic_app.maintenance", "--data", str(tmp_path / "hub"), "backup"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.splitlines()[0]).is_file()
