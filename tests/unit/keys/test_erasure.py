"""Data that are to be gone are gone: no password, no code, no copy of the slots opens them, and a note tells why."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clinic_app.foundation.errors import KeyLockedError, StorageError
from clinic_app.keys import FileKeyStorage, KeySlots, SlotCost, unlock
from clinic_app.keys import slot_file as slot_file_module
from clinic_app.keys.erasure import FILE_NAME, Erasure, check_not_erased, erase, erasure_of
from clinic_app.keys.key_storage import KeyringStorage

AT = datetime(2026, 3, 5, 7, tzinfo=UTC)
WHY = Erasure("Орталық", AT, "ұрланған")
CHEAP = SlotCost(memory_kib=64, passes=1)


class Folder:
    """A data folder with every way to its key."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.storage = FileKeyStorage(path)
        self.key = unlock(path, self.storage)
        self.slots = KeySlots(path, CHEAP)
        self.code = self.slots.new_recovery_code(self.key)
        self.slots.keep_password("doctor", "steppe-wind-7", self.key)

    def files(self) -> set[str]:
        return {each.name for each in self.path.iterdir()}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_no_way_leads_to_the_data_any_more(folder: Folder) -> None:
    kept_outside = {name: (folder.path / name).read_bytes() for name in ("keys.json", "keys.copy.json")}
    erase(folder.path, folder.slots, folder.storage, WHY)
    assert folder.slots.kinds() == frozenset()
    for ask in (
        lambda: unlock(folder.path, folder.storage),
        lambda: folder.slots.open_with_password("doctor", "steppe-wind-7"),
        lambda: folder.slots.open_with_recovery_code(folder.code),
        lambda: folder.slots.open_from(folder.storage),
    ):
        with pytest.raises(KeyLockedError):
            ask()
    for name, body in kept_outside.items():  # whoever has copied the slots has nothing of this computer's storage
        (folder.path / name).write_bytes(body)
    with pytest.raises(KeyLockedError, match="storage"):
        KeySlots(folder.path).open_from(folder.storage)


def test_copies_that_were_kept_aside_go_too(folder: Folder) -> None:
    (folder.path / "keys.json.damaged-0123").write_bytes((folder.path / "keys.json").read_bytes())
    (folder.path / "keys.json.ab12.part").write_bytes(b"half")
    erase(folder.path, folder.slots, folder.storage, WHY)
    assert not [name for name in folder.files() if name.startswith("keys.")]


def test_what_lay_there_is_written_over_before_its_name_goes(folder: Folder, tmp_path: Path) -> None:
    linked = tmp_path / "same-file"
    linked.hardlink_to(folder.path / "keys.json")
    before = linked.read_bytes()
    erase(folder.path, folder.slots, folder.storage, WHY)
    assert len(linked.read_bytes()) == len(before)
    assert linked.read_bytes() != before
    assert b"sealed" not in linked.read_bytes()


def test_the_next_start_tells_why(folder: Folder) -> None:
    erase(folder.path, folder.slots, folder.storage, WHY)
    with pytest.raises(KeyLockedError) as refused:
        unlock(folder.path, folder.storage)
    for language in ("kk", "ru", "en"):
        words = refused.value.text.render(language)
        assert "Орталық" in words
        assert "05.03.2026" in words
        assert "ұрланған" in words
    assert "{" not in Erasure("Орталық", AT).text.render("ru")


def test_a_new_key_is_never_made_where_data_were_erased(folder: Folder) -> None:
    erase(folder.path, folder.slots, folder.storage, WHY)
    before = folder.files()
    for _ in range(2):
        with pytest.raises(KeyLockedError, match="ordered"):
            unlock(folder.path, folder.storage)
    assert folder.files() == before


def test_a_program_that_died_in_between_destroys_the_rest_when_it_starts(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCutError(Exception):
        """Ends the program."""

    def die(self: object) -> None:
        raise PowerCutError

    with monkeypatch.context() as patch:
        patch.setattr(slot_file_module.Copies, "destroy", die)
        with pytest.raises(PowerCutError):
            erase(folder.path, folder.slots, folder.storage, WHY)
    assert folder.slots.exist()
    with pytest.raises(KeyLockedError, match="ordered"):
        unlock(folder.path, folder.storage)
    assert not folder.slots.exist()


def test_a_disk_that_refuses_is_said_and_the_next_time_goes_on(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.unlink

    def refuse(self: Path, missing_ok: bool = False) -> None:
        if self.name == "keys.json":
            raise PermissionError(13, "Permission denied")
        real(self, missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        with pytest.raises(StorageError):
            erase(folder.path, folder.slots, folder.storage, WHY)
    erase(folder.path, folder.slots, folder.storage, WHY)
    assert not folder.slots.exist()


def test_without_a_storage_the_slots_go_all_the_same(folder: Folder) -> None:
    erase(folder.path, folder.slots, None, WHY)
    assert not folder.slots.exist()


def test_a_damaged_slot_file_is_destroyed_too(folder: Folder) -> None:
    for name in ("keys.json", "keys.copy.json"):
        (folder.path / name).write_bytes(b"{")
    erase(folder.path, folder.slots, folder.storage, WHY)
    assert not folder.slots.exist()


def test_a_note_that_cannot_be_read_is_a_note(folder: Folder) -> None:
    (folder.path / FILE_NAME).write_bytes(b"\xff{")
    found = erasure_of(folder.path)
    assert found is not None
    assert found.at.tzinfo is not None
    with pytest.raises(KeyLockedError):
        check_not_erased(folder.path, folder.slots, folder.storage)


def test_a_folder_that_was_not_erased_opens(folder: Folder, tmp_path: Path) -> None:
    assert erasure_of(folder.path) is None
    assert unlock(folder.path, folder.storage) == folder.key
    copy = tmp_path / "copy"
    shutil.copytree(folder.path, copy, ignore=shutil.ignore_patterns("copy"))
    erase(folder.path, folder.slots, folder.storage, WHY)
    assert unlock(copy, FileKeyStorage(copy)) == folder.key


def test_a_storage_forgets_one_secret_and_keeps_the_others(tmp_path: Path) -> None:
    storage = FileKeyStorage(tmp_path)
    storage.forget("nothing there")
    storage.save("a", b"1")
    storage.save("b", b"2")
    storage.forget("a")
    storage.forget("a")
    assert (storage.load("a"), storage.load("b")) == (None, b"2")


def test_a_keyring_forgets_too(monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring.errors

    class Ring:
        """A system's keyring in memory."""

        def __init__(self) -> None:
            self.kept: dict[str, str] = {}
            self.is_locked = False

        def get_password(self, service: str, name: str) -> str | None:
            return self.kept.get(name)

        def set_password(self, service: str, name: str, secret: str) -> None:
            self.kept[name] = secret

        def delete_password(self, service: str, name: str) -> None:
            if self.is_locked:
                raise keyring.errors.KeyringLocked
            if name not in self.kept:
                raise keyring.errors.PasswordDeleteError
            del self.kept[name]

    ring = Ring()
    monkeypatch.setattr("keyring.get_keyring", lambda: ring)
    storage = KeyringStorage()
    storage.save("a", b"1")
    storage.forget("a")
    storage.forget("a")
    assert storage.load("a") is None
    ring.is_locked = True
    with pytest.raises(KeyLockedError):
        storage.forget("a")
