"""The data key: made once, never made anew over data, refused when its keeper has changed."""

from __future__ import annotations

import sys
from pathlib import Path

import keyring
import keyring.backend
import keyring.backends.chainer
import keyring.backends.fail
import keyring.backends.null
import keyring.errors
import pytest

from clinic_app.foundation import durable_files
from clinic_app.foundation.errors import DiskFullError, KeyLockedError
from clinic_app.keys import DATABASE_NAME, FileKeyStorage, KeyringStorage, key_storage, unlock
from clinic_app.keys.key_storage import FILE_NAME
from clinic_app.keys.unlocking import SLOT_FILES
from tests.unit.foundation.test_durable_files import full_device


class Ring(keyring.backend.KeyringBackend):
    """A keyring in memory; ``is_locked`` makes it refuse."""

    priority = 0  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.is_locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.is_locked:
            raise keyring.errors.KeyringLocked("locked")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.is_locked:
            raise keyring.errors.PasswordSetError("locked")
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Ring:
    ring = Ring()
    monkeypatch.setattr(keyring, "get_keyring", lambda: ring)
    return ring


@pytest.mark.parametrize(
    "trace",
    [
        "key.check",
        "restore.json",
        "clinic.db-wal",
        "clinic.db.damaged-20260305T070000Z",
        "clinic.db.rekeyed",
        "backups/000001-hourly-20260305T070000Z.db",
        "blobs/0a/0a1b2c",
    ],
)
def test_no_key_is_made_where_there_were_data(tmp_path: Path, trace: str) -> None:
    """A new key would open an empty clinic, and keep the key file on the second disk from being taken back."""
    (tmp_path / trace).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / trace).write_bytes(b"something")
    with pytest.raises(KeyLockedError, match="The key file of these data is missing"):
        unlock(tmp_path, FileKeyStorage(tmp_path))
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()] == [trace]


def test_settings_and_a_log_are_no_data(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "backups").mkdir()
    for name in ("logs/dala.log", "settings.toml", "in-use.lock", "reserve.bin"):
        (tmp_path / name).write_bytes(b"")
    assert len(unlock(tmp_path, FileKeyStorage(tmp_path))) == 32


def test_the_key_is_made_once_and_found_again(tmp_path: Path) -> None:
    key = unlock(tmp_path, FileKeyStorage(tmp_path))
    assert len(key) == 32
    assert unlock(tmp_path, FileKeyStorage(tmp_path)) == key


def test_two_folders_have_two_keys(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    assert unlock(first, FileKeyStorage(first)) != unlock(second, FileKeyStorage(second))


def test_the_keyring_keeps_the_sealing_key_and_the_disk_keeps_only_what_it_seals(tmp_path: Path, ring: Ring) -> None:
    key = unlock(tmp_path, KeyringStorage())
    (sealing,) = ring.kept.values()
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        assert key not in content
        assert key.hex().encode() not in content
        assert sealing.encode() not in content
    assert unlock(tmp_path, KeyringStorage()) == key


def test_a_lost_key_file_never_makes_a_new_key_over_data(tmp_path: Path) -> None:
    storage = FileKeyStorage(tmp_path)
    unlock(tmp_path, storage)
    (tmp_path / DATABASE_NAME).write_bytes(b"data")
    for name in SLOT_FILES:
        (tmp_path / name).unlink()
    with pytest.raises(KeyLockedError):
        unlock(tmp_path, storage)
    assert not any((tmp_path / name).exists() for name in SLOT_FILES)


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff" * 50, b'{"site":"x"}', b"[" * 9999])
def test_one_damaged_copy_of_the_key_file_does_not_matter_and_two_lock(tmp_path: Path, damage: bytes) -> None:
    storage = FileKeyStorage(tmp_path)
    key = unlock(tmp_path, storage)
    (tmp_path / SLOT_FILES[0]).write_bytes(damage)
    assert unlock(tmp_path, storage) == key
    for name in SLOT_FILES:
        (tmp_path / name).write_bytes(damage)
    with pytest.raises(KeyLockedError):
        unlock(tmp_path, storage)


def test_a_keyring_that_has_lost_the_key_locks_and_changes_nothing(tmp_path: Path, ring: Ring) -> None:
    unlock(tmp_path, KeyringStorage())
    before = (tmp_path / SLOT_FILES[0]).read_bytes()
    ring.kept.clear()
    with pytest.raises(KeyLockedError):
        unlock(tmp_path, KeyringStorage())
    assert (tmp_path / SLOT_FILES[0]).read_bytes() == before
    assert ring.kept == {}


@pytest.mark.parametrize("other", ["00" * 32, "00", "no hex"])
def test_a_keyring_with_another_key_locks(tmp_path: Path, ring: Ring, other: str) -> None:
    unlock(tmp_path, KeyringStorage())
    ring.kept = dict.fromkeys(ring.kept, other)
    with pytest.raises(KeyLockedError):
        unlock(tmp_path, KeyringStorage())


def test_a_locked_keyring_is_a_sentence_not_a_new_key(tmp_path: Path, ring: Ring) -> None:
    unlock(tmp_path, KeyringStorage())
    ring.is_locked = True
    with pytest.raises(KeyLockedError):
        unlock(tmp_path, KeyringStorage())
    with pytest.raises(KeyLockedError):
        unlock(tmp_path / "new", KeyringStorage())
    assert not (tmp_path / "new" / SLOT_FILES[0]).exists()


def test_a_keyring_that_forgets_at_once_is_noticed_before_anything_is_sealed(tmp_path: Path, ring: Ring) -> None:
    ring.set_password = lambda *_: None  # type: ignore[method-assign]
    with pytest.raises(KeyLockedError):
        unlock(tmp_path, KeyringStorage())
    assert not (tmp_path / SLOT_FILES[0]).exists()


@pytest.mark.parametrize("backend", [keyring.backends.null.Keyring, keyring.backends.fail.Keyring])
def test_a_keyring_that_keeps_nothing_is_refused(
    backend: type[keyring.backend.KeyringBackend], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring, "get_keyring", backend)
    with pytest.raises(KeyLockedError):
        KeyringStorage()


def test_the_file_is_never_chosen_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "get_keyring", keyring.backends.fail.Keyring)
    with pytest.raises(KeyLockedError):
        key_storage("keyring", tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert key_storage("file", tmp_path).kind == "file"


def test_data_set_up_for_one_storage_are_not_opened_by_another(tmp_path: Path, ring: Ring) -> None:
    unlock(tmp_path, KeyringStorage())
    with pytest.raises(KeyLockedError, match="file"):
        unlock(tmp_path, FileKeyStorage(tmp_path))


@pytest.mark.parametrize("damage", [b"", b"{", b'{"x":1}'])
def test_a_damaged_file_with_the_key_locks(tmp_path: Path, damage: bytes) -> None:
    storage = FileKeyStorage(tmp_path)
    unlock(tmp_path, storage)
    (tmp_path / FILE_NAME).write_bytes(damage)
    with pytest.raises(KeyLockedError):
        unlock(tmp_path, storage)


def test_the_file_with_the_key_is_its_owners_only(tmp_path: Path) -> None:
    unlock(tmp_path, FileKeyStorage(tmp_path))
    mode = (tmp_path / FILE_NAME).stat().st_mode & 0o077
    assert mode == 0 or sys.platform == "win32"


def test_a_full_disk_leaves_a_folder_that_can_be_set_up_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durable_files, "open_part", full_device)
    with pytest.raises(DiskFullError):
        unlock(tmp_path, FileKeyStorage(tmp_path))
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == []
    assert unlock(tmp_path, FileKeyStorage(tmp_path)) == unlock(tmp_path, FileKeyStorage(tmp_path))
