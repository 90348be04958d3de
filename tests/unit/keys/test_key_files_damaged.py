"""The files with the keys, spoilt in every way a disk or a hand can: a sentence each time, never a new key."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import keyring
import keyring.backend
import keyring.errors
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic_app.foundation.errors import KeyLockedError
from clinic_app.keys import DATABASE_NAME, FileKeyStorage, KeyringStorage, derive, key_storage, unlock
from clinic_app.keys.key_storage import FILE_NAME, SERVICE
from clinic_app.keys.unlocking import SLOT_FILES

Spoil = Callable[[dict[str, Any]], object]


def _slot(slots: dict[str, Any], **values: object) -> None:
    slots["slots"][0].update(values)


def _other_letter(letters: str) -> str:
    return ("B" if letters[0] == "A" else "A") + letters[1:]


SPOILT: Final[dict[str, Spoil]] = {
    "another site": lambda slots: slots.update(site="elsewhere"),
    "no site": lambda slots: slots.pop("site"),
    "site a number": lambda slots: slots.update(site=1),
    "no slots": lambda slots: slots.update(slots=[]),
    "slots gone": lambda slots: slots.pop("slots"),
    "slots null": lambda slots: slots.update(slots=None),
    "a slot null": lambda slots: slots.update(slots=[None]),
    "another kind": lambda slots: _slot(slots, kind="password"),
    "another id": lambda slots: _slot(slots, id="another"),
    "no nonce": lambda slots: _slot(slots, nonce=""),
    "a short nonce": lambda slots: _slot(slots, nonce="AAAA"),
    "a long nonce": lambda slots: _slot(slots, nonce="A" * 400),
    "a changed nonce": lambda slots: _slot(slots, nonce=_other_letter(slots["slots"][0]["nonce"])),
    "a nonce not in base64": lambda slots: _slot(slots, nonce="?!"),
    "nothing sealed": lambda slots: _slot(slots, sealed=""),
    "half sealed": lambda slots: _slot(slots, sealed=slots["slots"][0]["sealed"][:32]),
    "one letter changed": lambda slots: _slot(slots, sealed=_other_letter(slots["slots"][0]["sealed"])),
    "sealed a number": lambda slots: _slot(slots, sealed=7),
}


@pytest.fixture
def storage(tmp_path: Path) -> FileKeyStorage:
    return FileKeyStorage(tmp_path)


def _spoil(path: Path, spoil: Spoil) -> None:
    slots = json.loads(path.read_text(encoding="utf-8"))
    spoil(slots)
    path.write_text(json.dumps(slots), encoding="utf-8")


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("damage", SPOILT)
def test_one_spoilt_copy_does_not_lock_the_data(
    tmp_path: Path, storage: FileKeyStorage, damage: str, place: int
) -> None:
    key = unlock(tmp_path, storage)
    _spoil(tmp_path / SLOT_FILES[place], SPOILT[damage])
    assert unlock(tmp_path, storage) == key


@pytest.mark.parametrize("damage", SPOILT)
def test_two_spoilt_copies_lock_and_stay_as_they_are(tmp_path: Path, storage: FileKeyStorage, damage: str) -> None:
    unlock(tmp_path, storage)
    for name in SLOT_FILES:
        _spoil(tmp_path / name, SPOILT[damage])
    before = [(tmp_path / name).read_bytes() for name in SLOT_FILES]
    with pytest.raises(KeyLockedError):
        unlock(tmp_path, storage)
    assert [(tmp_path / name).read_bytes() for name in SLOT_FILES] == before


@pytest.mark.parametrize("letters", [b'{"site":"\xff"}', b'{"site":"\xed\xa0\x80","slots":[]}', b"\x00", b"null", b'"'])
def test_letters_that_are_none_are_damage_and_the_other_copy_serves(
    tmp_path: Path, storage: FileKeyStorage, letters: bytes
) -> None:
    key = unlock(tmp_path, storage)
    (tmp_path / SLOT_FILES[0]).write_bytes(letters)
    assert unlock(tmp_path, storage) == key
    for name in SLOT_FILES:
        (tmp_path / name).write_bytes(letters)
    with pytest.raises(KeyLockedError):
        unlock(tmp_path, storage)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10_000), value=st.integers(0, 255))
def test_whichever_byte_of_one_copy_changes_the_key_is_the_same(tmp_path: Path, place: int, value: int) -> None:
    storage = FileKeyStorage(tmp_path)
    key = unlock(tmp_path, storage)
    first = tmp_path / SLOT_FILES[0]
    good = first.read_bytes()
    bad = bytearray(good)
    bad[place % len(bad)] = value
    first.write_bytes(bad)
    try:
        assert unlock(tmp_path, storage) == key
    finally:
        first.write_bytes(good)


@pytest.mark.parametrize("name", SLOT_FILES)
def test_one_copy_alone_unlocks(tmp_path: Path, storage: FileKeyStorage, name: str) -> None:
    key = unlock(tmp_path, storage)
    (tmp_path / name).unlink()
    (tmp_path / DATABASE_NAME).write_bytes(b"data")
    assert unlock(tmp_path, storage) == key


def test_a_second_way_in_is_left_to_its_own_storage(tmp_path: Path, storage: FileKeyStorage) -> None:
    key = unlock(tmp_path, storage)
    for name in SLOT_FILES:
        _spoil(
            tmp_path / name,
            lambda slots: slots["slots"].insert(0, {**slots["slots"][0], "kind": "escrow", "sealed": "AAAA"}),
        )
    assert unlock(tmp_path, storage) == key


def test_the_slot_files_say_nothing_of_the_key(tmp_path: Path, storage: FileKeyStorage) -> None:
    key = unlock(tmp_path, storage)
    for name in SLOT_FILES:
        text = (tmp_path / name).read_bytes()
        assert key not in text
        assert key.hex().encode() not in text
    assert key.hex() not in (tmp_path / FILE_NAME).read_text(encoding="utf-8")


def test_slots_of_another_folder_do_not_open_with_this_folders_secret(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        unlock(folder, FileKeyStorage(folder))
    for name in SLOT_FILES:
        (one / name).write_bytes((two / name).read_bytes())
    with pytest.raises(KeyLockedError):
        unlock(one, FileKeyStorage(one))


# --- the storages ----------------------------------------------------------------------------------------------------

DAMAGED: Final = [
    b"",
    b"[",
    b"{",
    b"null",
    b"[]",
    b'{"a":1}',
    b'{"a":"\xff"}',
    b"\xff\xfe",
    b'{"slot":"zz"}',
    b"[" * 9999,
]


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_file_of_secrets_locks(tmp_path: Path, storage: FileKeyStorage, damage: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(damage)
    with pytest.raises(KeyLockedError):
        storage.load("slot")


@pytest.mark.parametrize("damage", [each for each in DAMAGED if b"zz" not in each])
def test_a_damaged_file_of_secrets_is_not_written_over(tmp_path: Path, storage: FileKeyStorage, damage: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(damage)
    with pytest.raises(KeyLockedError):
        storage.save("new", b"x")
    assert (tmp_path / FILE_NAME).read_bytes() == damage


def test_a_file_keeps_many_secrets_by_name(tmp_path: Path, storage: FileKeyStorage) -> None:
    assert storage.load("one") is None
    storage.save("one", b"\x00\x01")
    storage.save("two", b"")
    storage.save("one", b"\xff" * 32)
    assert storage.load("one") == b"\xff" * 32
    assert storage.load("two") == b""
    assert storage.load("three") is None
    assert FileKeyStorage(tmp_path).load("one") == b"\xff" * 32


def test_a_file_may_lie_elsewhere_under_another_name(tmp_path: Path) -> None:
    storage = FileKeyStorage(tmp_path / "stick", "hub.key")
    storage.save("slot", b"secret")
    assert (tmp_path / "stick" / "hub.key").is_file()
    assert FileKeyStorage(tmp_path / "stick").load("slot") is None


class Chest(keyring.backend.KeyringBackend):
    """A keyring that raises whatever it is told to."""

    priority = 1  # type: ignore[assignment]

    def __init__(self, error: Exception | None = None, secret: str | None = None) -> None:
        super().__init__()
        self.error, self.secret = error, secret
        self.asked: list[tuple[str, ...]] = []

    def get_password(self, service: str, username: str) -> str | None:
        self.asked.append((service, username))
        if self.error:
            raise self.error
        return self.secret

    def set_password(self, service: str, username: str, password: str) -> None:
        self.asked.append((service, username, password))
        if self.error:
            raise self.error


REFUSALS: Final = [
    keyring.errors.KeyringLocked("locked"),
    keyring.errors.NoKeyringError("none"),
    keyring.errors.InitError("no session bus"),
    keyring.errors.PasswordSetError("too long"),
    PermissionError(13, "denied"),
    OSError(1312, "no logon session"),
]


@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: type(error).__name__)
def test_whatever_a_keyring_refuses_with_is_one_sentence(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.setattr(keyring, "get_keyring", lambda: Chest(error))
    storage = KeyringStorage()
    for ask in (lambda: storage.load("slot"), lambda: storage.save("slot", b"x")):
        with pytest.raises(KeyLockedError, match="key storage cannot be used"):
            ask()


def test_a_keyring_is_asked_under_the_programs_name_and_kept_as_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    chest = Chest(secret="00ff")
    monkeypatch.setattr(keyring, "get_keyring", lambda: chest)
    storage = KeyringStorage()
    storage.save("slot", b"\x01\xab")
    assert storage.load("slot") == b"\x00\xff"
    assert chest.asked == [(SERVICE, "slot", "01ab"), (SERVICE, "slot")]


def test_a_fault_of_ours_in_a_keyring_is_not_called_a_locked_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "get_keyring", lambda: Chest(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        KeyringStorage().load("slot")


@pytest.mark.parametrize("are_refused", [(True, True), (True, False), (False, False)])
def test_a_chain_of_keyrings_is_refused_only_when_none_of_them_keeps(
    monkeypatch: pytest.MonkeyPatch, are_refused: tuple[bool, ...]
) -> None:
    chain = Chest(secret="aa")
    null = type("Null", (), {"__module__": "keyring.backends.null"})
    chain.backends = [null() if refused else Chest() for refused in are_refused]  # type: ignore[attr-defined]
    monkeypatch.setattr(keyring, "get_keyring", lambda: chain)
    if all(are_refused):
        with pytest.raises(KeyLockedError):
            KeyringStorage()
    else:
        assert KeyringStorage().load("slot") == b"\xaa"


def test_the_setting_chooses_the_storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "get_keyring", Chest)
    assert key_storage("keyring", tmp_path).kind == "keyring"
    assert key_storage("file", tmp_path).kind == "file"


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_key_of_another_length_derives_nothing(length: int) -> None:
    with pytest.raises(ValueError, match=f"this one {length}"):
        derive(bytes(length), "blobs")


def test_a_salt_makes_another_key_and_the_same_salt_the_same() -> None:
    key = bytes(32)
    assert derive(key, "blobs", b"a") == derive(key, "blobs", b"a")
    assert len({derive(key, "blobs", salt) for salt in (None, b"a", b"b")}) == 3
