"""The proof beside the database: lost, damaged or another key's, and what is said of a file that does not open."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from clinic_app.foundation.errors import DamagedError, KeyLockedError
from clinic_app.keys import DATABASE_NAME, FileKeyStorage, KeySlots, unlock
from clinic_app.records import Patient
from clinic_app.storage import Store
from clinic_app.storage.backups.key_check import FILE_NAME, check_proof, proof_of, write_key_check
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import KEY, opened, patient

ROOT: Final = Path(__file__).parents[3]
OTHER: Final = bytes(32)
SPOILT: Final = {
    "gone": None,
    "empty": b"",
    "cut": proof_of(KEY)[:20],
    "a byte changed": bytes([proof_of(KEY)[0] ^ 1]) + proof_of(KEY)[1:] + bytes(8),
    "too long": bytes(4096),
}


def _filled(folder: Path) -> Path:
    with opened(folder) as store:
        store.records.commit([patient() for _ in range(20)])
    return folder / DATABASE_NAME


def _spoil(folder: Path, proof: bytes | None) -> None:
    path = folder / FILE_NAME
    path.unlink()
    if proof is not None:
        path.write_bytes(proof)


def _opens(folder: Path, key: bytes = KEY) -> int:
    with opened(folder, key) as store:
        return len(store.records.find(Patient))


@pytest.mark.parametrize("spoilt", SPOILT)
def test_a_spoilt_proof_is_written_again_when_the_database_proves_the_key(tmp_path: Path, spoilt: str) -> None:
    _filled(tmp_path)
    whole = (tmp_path / FILE_NAME).read_bytes()
    _spoil(tmp_path, SPOILT[spoilt])
    assert _opens(tmp_path) == 20
    assert (tmp_path / FILE_NAME).read_bytes() == whole


@pytest.mark.parametrize("spoilt", SPOILT)
def test_a_wrong_key_is_a_wrong_key_whatever_became_of_the_proof(tmp_path: Path, spoilt: str) -> None:
    path = _filled(tmp_path)
    before = path.read_bytes()
    _spoil(tmp_path, SPOILT[spoilt])
    with pytest.raises(KeyLockedError):
        Store.open(tmp_path, OTHER, FixedClock())
    assert path.read_bytes() == before
    assert _opens(tmp_path) == 20


@pytest.mark.parametrize("spoilt", [each for each in SPOILT if each != "gone"])
def test_damage_is_damage_as_long_as_the_slots_know_the_key(tmp_path: Path, spoilt: str) -> None:
    key = unlock(tmp_path, FileKeyStorage(tmp_path))
    with opened(tmp_path, key) as store:
        store.records.commit([patient()])
    path = tmp_path / DATABASE_NAME
    path.write_bytes(os.urandom(path.stat().st_size))
    before = path.read_bytes()
    _spoil(tmp_path, SPOILT[spoilt])
    with pytest.raises(DamagedError):
        Store.open(tmp_path, key, FixedClock())
    with pytest.raises(KeyLockedError):
        Store.open(tmp_path, OTHER, FixedClock())
    assert path.read_bytes() == before


def test_damage_beyond_the_first_page_is_damage_even_without_a_proof_or_slots(tmp_path: Path) -> None:
    path = _filled(tmp_path)
    _spoil(tmp_path, None)
    body = bytearray(path.read_bytes())
    body[4096:] = os.urandom(len(body) - 4096)
    path.write_bytes(body)
    with pytest.raises(DamagedError):
        Store.open(tmp_path, KEY, FixedClock())
    with pytest.raises(KeyLockedError):
        Store.open(tmp_path, OTHER, FixedClock())
    assert path.read_bytes() == bytes(body)


def test_the_proof_of_another_key_gives_way_to_the_database_that_opens(tmp_path: Path) -> None:
    _filled(tmp_path)
    write_key_check(tmp_path, OTHER)
    assert _opens(tmp_path) == 20
    with pytest.raises(KeyLockedError):
        Store.open(tmp_path, OTHER, FixedClock())


def test_the_first_form_of_the_proof_is_known(tmp_path: Path) -> None:
    _filled(tmp_path)
    (tmp_path / FILE_NAME).write_bytes(proof_of(KEY))
    with pytest.raises(KeyLockedError):
        Store.open(tmp_path, OTHER, FixedClock())
    assert _opens(tmp_path) == 20


@pytest.mark.parametrize("spoilt", [each for each in SPOILT if each != "gone"])
def test_a_database_that_has_vanished_is_missed_whatever_the_proof_looks_like(tmp_path: Path, spoilt: str) -> None:
    _filled(tmp_path).unlink()
    _spoil(tmp_path, SPOILT[spoilt])
    for key in (KEY, OTHER):
        with pytest.raises(DamagedError):
            Store.open(tmp_path, key, FixedClock())
    assert not (tmp_path / DATABASE_NAME).exists()


KILLED_WRITER: Final = """
import os, sys
from pathlib import Path
from clinic_app.storage import Store
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import KEY, patient
store = Store.open(Path(sys.argv[1]), KEY, FixedClock())
for number in range(15):
    store.records.commit([patient(f"Kill{number}")])
os._exit(9)
"""


def test_a_wrong_key_after_a_kill_costs_nothing_of_the_log(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED_WRITER, str(tmp_path)], cwd=ROOT, check=False)
    assert killed.returncode == 9
    log = tmp_path / f"{DATABASE_NAME}-wal"
    before = log.read_bytes()
    assert before
    with pytest.raises(KeyLockedError):
        Store.open(tmp_path, OTHER, FixedClock())
    assert log.read_bytes() == before
    assert _opens(tmp_path) == 15


def test_a_server_is_asked_by_itself_when_the_proof_is_damaged(tmp_path: Path) -> None:
    assert not check_proof(tmp_path, KEY)
    write_key_check(tmp_path, KEY)
    assert check_proof(tmp_path, KEY)
    with pytest.raises(KeyLockedError):
        check_proof(tmp_path, OTHER)
    (tmp_path / FILE_NAME).write_bytes(b"\0" * 40)
    assert check_proof(tmp_path, KEY)


def test_a_slot_file_is_a_witness_only_for_the_key_that_sealed_it(tmp_path: Path) -> None:
    key = unlock(tmp_path, FileKeyStorage(tmp_path))
    assert KeySlots(tmp_path).says_it_is(key)
    assert not KeySlots(tmp_path).says_it_is(OTHER)
    assert not KeySlots(tmp_path / "empty").says_it_is(key)


def _backup_of(folder: Path) -> None:
    with opened(folder) as store:
        store.backups.make("hourly")


def _content_of(folder: Path) -> None:
    with opened(folder) as store:
        store.blobs.put(b"a picture")


def _former_database_of(folder: Path) -> None:
    (folder / f"{DATABASE_NAME}.damaged-20260305T070000Z").write_bytes(b"what was there")


@pytest.mark.parametrize("leave", [_backup_of, _content_of, _former_database_of])
@pytest.mark.parametrize("is_empty", [False, True])
def test_a_database_that_went_together_with_its_proof_is_not_made_anew(
    tmp_path: Path, leave: Callable[[Path], None], is_empty: bool
) -> None:
    """An empty clinic in the place of the one that is gone would look as if nothing had ever been written."""
    path = _filled(tmp_path)
    leave(tmp_path)
    path.unlink()
    (tmp_path / FILE_NAME).unlink()
    if is_empty:
        path.touch()
    for is_read_only in (False, True):
        with pytest.raises(DamagedError, match="missing"):
            Store.open(tmp_path, KEY, FixedClock(), is_read_only=is_read_only)
    assert (path.stat().st_size if path.exists() else None) == (0 if is_empty else None)
    assert not (tmp_path / FILE_NAME).exists()


def test_a_way_in_that_people_have_says_that_there_were_data(tmp_path: Path) -> None:
    storage = FileKeyStorage(tmp_path)
    key = unlock(tmp_path, storage)
    with opened(tmp_path, key) as store:
        store.records.commit([patient()])
    KeySlots(tmp_path).new_recovery_code(key)
    for name in (DATABASE_NAME, FILE_NAME):
        (tmp_path / name).unlink()
    with pytest.raises(DamagedError, match="missing"):
        Store.open(tmp_path, key, FixedClock())
    assert not (tmp_path / DATABASE_NAME).exists()


def test_a_first_start_that_was_cut_off_begins_again(tmp_path: Path) -> None:
    key = unlock(tmp_path, FileKeyStorage(tmp_path))
    (tmp_path / DATABASE_NAME).touch()
    assert _opens(tmp_path, key) == 0
