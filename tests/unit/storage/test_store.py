"""Opening a data folder: wrong key, damage, newer data, a kill, a second program."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from clinic_app.foundation.errors import DamagedError, KeyLockedError, StorageError
from clinic_app.foundation.texts import Text
from clinic_app.keys import DATABASE_NAME
from clinic_app.records import Patient
from clinic_app.storage import Store, one_instance
from clinic_app.storage.engines.encrypted_file import EncryptedFile
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import KEY, opened, patient

ROOT = Path(__file__).parents[3]


def filled(folder: Path) -> Path:
    with opened(folder) as store:
        store.records.commit([patient() for _ in range(40)])
    return folder / DATABASE_NAME


def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    filled(tmp_path)
    with opened(tmp_path) as store:
        assert len(store.records.find(Patient)) == 40


def test_a_wrong_key_locks_and_changes_nothing(tmp_path: Path) -> None:
    path = filled(tmp_path)
    before = path.read_bytes()
    with pytest.raises(KeyLockedError):
        Store.open(tmp_path, bytes(32), FixedClock())
    assert path.read_bytes() == before
    with opened(tmp_path) as store:
        assert len(store.records.find(Patient)) == 40


def test_a_wrong_key_is_told_even_without_the_proof_beside(tmp_path: Path) -> None:
    filled(tmp_path)
    (tmp_path / "key.check").unlink()
    with pytest.raises(KeyLockedError):
        Store.open(tmp_path, bytes(32), FixedClock())
    with opened(tmp_path) as store:
        assert len(store.records.find(Patient)) == 40


def test_a_key_of_another_length_is_a_bug(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="32"):
        Store.open(tmp_path, b"short", FixedClock())


def test_a_database_that_has_vanished_is_not_made_anew(tmp_path: Path) -> None:
    filled(tmp_path).unlink()
    with pytest.raises(DamagedError):
        Store.open(tmp_path, KEY, FixedClock())
    assert not (tmp_path / DATABASE_NAME).exists()


@pytest.mark.parametrize("left", [0, 100, 5000])
def test_a_cut_database_is_called_damaged_and_left_as_it_is(tmp_path: Path, left: int) -> None:
    path = filled(tmp_path)
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(DamagedError):
        Store.open(tmp_path, KEY, FixedClock())
    assert path.stat().st_size == left


def test_damage_is_looked_for_after_a_run_that_did_not_end_in_order(tmp_path: Path) -> None:
    path = filled(tmp_path)
    store = Store.open(tmp_path, KEY, FixedClock())
    store.file.checkpoint()
    store.database.close()
    content = bytearray(path.read_bytes())
    content[-2000] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedError):
        Store.open(tmp_path, KEY, FixedClock())


def test_a_store_the_disk_does_not_let_close_in_order_is_closed_and_looked_through_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A damaged file takes no writes any more: ending the program must not fail for that."""
    looked: list[Path] = []

    def refused(*_: object) -> None:
        raise StorageError(Text("attempt to write a readonly database"))

    store = Store.open(tmp_path, KEY, FixedClock())
    monkeypatch.setattr(store.memory, "put", refused)
    store.close()
    monkeypatch.setattr(EncryptedFile, "check", lambda file: looked.append(file.path))
    with opened(tmp_path):
        assert looked == [tmp_path / DATABASE_NAME]


def test_data_of_a_newer_program_are_not_touched(tmp_path: Path) -> None:
    path = filled(tmp_path)
    with opened(tmp_path) as store, store.database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = path.read_bytes()
    with pytest.raises(StorageError, match="newer"):
        Store.open(tmp_path, KEY, FixedClock())
    assert path.read_bytes() == before


KILLED_WRITER = """
import os, sys
from pathlib import Path
from clinic_app.storage import Store
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import KEY, patient
store = Store.open(Path(sys.argv[1]), KEY, FixedClock())
for number in range(int(sys.argv[2])):
    sha256 = store.blobs.put(b"%d" % number * 1000)
    store.records.commit([patient(f"Kill{number}")], uploads=[sha256])
    print(number, flush=True)
os._exit(9)
"""


def test_what_was_said_to_be_saved_survives_a_kill(tmp_path: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-c", KILLED_WRITER, str(tmp_path), "12"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    said = len(process.stdout.split())
    assert (process.returncode, said) == (9, 12), process.stderr
    with opened(tmp_path) as store:
        assert len(store.records.find(Patient)) == store.outbox.count() == 12
        assert all(store.blobs.has(each.sha256) for each in store.transfers.pending("up"))
        store.file.check()


def test_a_folder_can_be_moved(tmp_path: Path) -> None:
    filled(tmp_path / "a")
    shutil.move(tmp_path / "a", tmp_path / "б 100%")
    with opened(tmp_path / "б 100%") as store:
        assert len(store.records.find(Patient)) == 40


HOLDER = """
import sys
from pathlib import Path
from clinic_app.storage import one_instance
with one_instance(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_program_is_told_about_the_first_and_may_come_when_it_has_gone(tmp_path: Path) -> None:
    first = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"held\n"
        with pytest.raises(StorageError, match="already running"), one_instance(tmp_path):
            pass
        first.kill()
    with one_instance(tmp_path):
        pass


def test_a_drive_that_is_not_there_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Windows answers where a disk was pulled out: making the folder ends at a drive without a parent."""

    def no_drive(self: Path, *arguments: object, **more: object) -> None:
        raise FileNotFoundError(2, "The system cannot find the path specified", str(self))

    monkeypatch.setattr(Path, "mkdir", no_drive)
    with pytest.raises(StorageError, match="cannot find the path"), one_instance(tmp_path / "E" / "Dala"):
        raise AssertionError("nobody gets in")
