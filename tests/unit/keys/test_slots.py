"""Every way into a data folder: what opens, what does not, what is kept beside it and what is never written down."""

from __future__ import annotations

import json
import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pyrage
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic_app.foundation import durable_files
from clinic_app.foundation.errors import DiskFullError, InvalidInputError, KeyLockedError
from clinic_app.keys import DATABASE_NAME, REKEYED_NAME, FileKeyStorage, KeySlots, SlotCost
from clinic_app.keys.recovery_code import new_code
from clinic_app.keys.slot_file import SLOT_FILES
from tests.unit.foundation.test_durable_files import full_device

QUICK: Final = SlotCost(8, 1)
PASSWORD: Final = "дала-самалы-7"
LOGIN: Final = "өмірзақ.ә"


class Shelf:
    """A key storage in memory, as each account of the system has one."""

    kind = "keyring"

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def load(self, name: str) -> bytes | None:
        return self.kept.get(name)

    def save(self, name: str, secret: bytes) -> None:
        self.kept[name] = secret


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def slots(tmp_path: Path) -> KeySlots:
    return KeySlots(tmp_path, QUICK)


@pytest.fixture
def key(slots: KeySlots, shelf: Shelf) -> bytes:
    return slots.create(shelf)


def _bodies(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in SLOT_FILES]


def _kinds(folder: Path) -> list[str]:
    return [slot["kind"] for slot in json.loads((folder / SLOT_FILES[0]).read_bytes())["slots"]]


# --- the ways --------------------------------------------------------------------------------------------------------


def test_an_empty_folder_has_no_ways(slots: KeySlots, shelf: Shelf) -> None:
    assert slots.kinds() == frozenset()
    assert not slots.exist()
    for ask in (
        lambda: slots.open_from(shelf),
        lambda: slots.open_with_password(LOGIN, PASSWORD),
        lambda: slots.open_with_recovery_code(new_code()[0]),
        lambda: slots.open_with_escrow(str(pyrage.x25519.Identity.generate())),
    ):
        with pytest.raises(KeyLockedError, match="missing"):
            ask()


def test_every_way_gives_the_same_key(slots: KeySlots, shelf: Shelf, key: bytes, tmp_path: Path) -> None:
    identity = pyrage.x25519.Identity.generate()
    slots.keep_password(LOGIN, PASSWORD, key)
    code = slots.new_recovery_code(key)
    slots.keep_escrow(str(identity.to_public()), key)
    slots.keep_in(FileKeyStorage(tmp_path), key)
    again = KeySlots(tmp_path)
    assert again.kinds() == {"keyring", "file", "user", "recovery", "escrow"}
    assert again.open_from(shelf) == key
    assert again.open_from(FileKeyStorage(tmp_path)) == key
    assert again.open_with_password(LOGIN, PASSWORD) == key
    assert again.open_with_recovery_code(code) == key
    assert again.open_with_escrow(str(identity)) == key


def test_a_folder_that_has_slots_gets_no_second_key(slots: KeySlots, shelf: Shelf, key: bytes, tmp_path: Path) -> None:
    before = _bodies(tmp_path)
    with pytest.raises(KeyLockedError):
        slots.create(shelf)
    assert _bodies(tmp_path) == before


@pytest.mark.parametrize("login", ["Өмірзақ.Ә", " ӨМІРЗАҚ.ә ", "өмірзақ.\u200bә", "O\u0308мірзақ"])
def test_a_login_is_found_as_the_sign_in_finds_it(slots: KeySlots, key: bytes, login: str) -> None:
    slots.keep_password(login, PASSWORD, key)
    assert slots.open_with_password(login.upper(), PASSWORD) == key


def test_a_password_in_parts_is_the_password_in_one_piece(slots: KeySlots, key: bytes) -> None:
    slots.keep_password(LOGIN, "йошкар-ола", key)
    assert slots.open_with_password(LOGIN, "и\u0306ошкар-ола") == key


@pytest.mark.parametrize(
    ("login", "password"),
    [(LOGIN, "wrong"), ("nobody", PASSWORD), (LOGIN, ""), ("", ""), (LOGIN, "x" * 100_000), (LOGIN, "\ud800")],
)
def test_a_wrong_login_and_a_wrong_password_sound_the_same(
    slots: KeySlots, key: bytes, login: str, password: str
) -> None:
    slots.keep_password(LOGIN, PASSWORD, key)
    with pytest.raises(KeyLockedError, match="This login and password do not unlock"):
        slots.open_with_password(login, password)


def test_an_unknown_login_takes_the_work_of_a_known_one(
    slots: KeySlots, key: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(
        "clinic_app.keys.wrapping.hash_secret_raw", lambda *_, memory_cost, **__: asked.append(memory_cost) or bytes(32)
    )
    with pytest.raises(KeyLockedError):
        slots.open_with_password("nobody", PASSWORD)
    assert asked == [QUICK.memory_kib]


def test_a_new_password_takes_the_place_of_the_old_one(slots: KeySlots, key: bytes, tmp_path: Path) -> None:
    slots.keep_password(LOGIN, PASSWORD, key, "one")
    slots.keep_password(LOGIN, "another word", key, "two")
    assert _kinds(tmp_path).count("user") == 1
    assert slots.open_with_password(LOGIN, "another word") == key
    with pytest.raises(KeyLockedError):
        slots.open_with_password(LOGIN, PASSWORD)


def test_who_is_forgotten_opens_no_more_and_the_others_do(slots: KeySlots, key: bytes) -> None:
    slots.keep_password(LOGIN, PASSWORD, key)
    slots.keep_password("nurse", PASSWORD, key)
    slots.forget_password(LOGIN.upper(), key)
    with pytest.raises(KeyLockedError):
        slots.open_with_password(LOGIN, PASSWORD)
    assert slots.open_with_password("nurse", PASSWORD) == key


def test_forgetting_somebody_unknown_writes_nothing(slots: KeySlots, key: bytes, tmp_path: Path) -> None:
    before = _bodies(tmp_path)
    slots.forget_password("nobody", key)
    assert _bodies(tmp_path) == before


def test_a_password_nobody_can_have_gets_no_slot(slots: KeySlots, key: bytes) -> None:
    slots.keep_password(LOGIN, "x" * 129, key)
    assert "user" not in slots.kinds()


def test_the_mark_tells_whether_the_slot_is_of_the_present_password(
    slots: KeySlots, key: bytes, tmp_path: Path
) -> None:
    assert not slots.has_password(LOGIN, "mark")
    slots.keep_password(LOGIN, PASSWORD, key, "mark")
    assert slots.has_password(LOGIN.upper(), "mark")
    assert not slots.has_password(LOGIN, "other mark")
    assert not slots.has_password("nurse", "mark")
    assert not KeySlots(tmp_path, SlotCost(16, 1)).has_password(LOGIN, "mark")


def test_only_the_newest_recovery_code_opens(slots: KeySlots, key: bytes, tmp_path: Path) -> None:
    former, newest = slots.new_recovery_code(key), slots.new_recovery_code(key)
    assert slots.open_with_recovery_code(newest.lower().replace("-", "")) == key
    with pytest.raises(KeyLockedError, match="newer"):
        slots.open_with_recovery_code(former)
    with pytest.raises(InvalidInputError):
        slots.open_with_recovery_code(newest[:-1])
    assert _kinds(tmp_path).count("recovery") == 1


def test_codes_of_other_folders_do_not_open(slots: KeySlots, key: bytes) -> None:
    slots.new_recovery_code(key)
    for _ in range(300):
        with pytest.raises(KeyLockedError):
            slots.open_with_recovery_code(new_code()[0])


def test_the_file_age_keygen_writes_is_read(slots: KeySlots, key: bytes) -> None:
    identity = pyrage.x25519.Identity.generate()
    slots.keep_escrow(f"  {identity.to_public()}\n", key)
    words = f"\ufeff# created: 2026-11-22\n# public key: {identity.to_public()}\n{identity}\n".lstrip("\ufeff")
    assert slots.open_with_escrow(words) == key
    assert slots.escrow_recipient(key) == str(identity.to_public())


@pytest.mark.parametrize(
    "words",
    ["", "AGE-SECRET-KEY-1", "AGE-SECRET-KEY-1QQQ", "age1abc", "\x00" * 99, "x" * 10**6, "AGE-SECRET-KEY-1\ud800"],
)
def test_what_is_no_secret_key_is_a_sentence(slots: KeySlots, key: bytes, words: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        slots.open_with_escrow(words)
    assert caught.value.field == "identity"


@pytest.mark.parametrize("recipient", ["", "age1", "ssh-ed25519 AAAA", "AGE-SECRET-KEY-1", "\ud800", "age1" + "q" * 58])
def test_what_is_no_public_key_keeps_the_former_escrow(slots: KeySlots, key: bytes, recipient: str) -> None:
    identity = pyrage.x25519.Identity.generate()
    slots.keep_escrow(str(identity.to_public()), key)
    with pytest.raises(InvalidInputError) as caught:
        slots.keep_escrow(recipient, key)
    assert caught.value.field == "recipient"
    assert slots.open_with_escrow(str(identity)) == key


def test_another_organisations_key_does_not_open(slots: KeySlots, key: bytes) -> None:
    slots.keep_escrow(str(pyrage.x25519.Identity.generate().to_public()), key)
    with pytest.raises(KeyLockedError):
        slots.open_with_escrow(str(pyrage.x25519.Identity.generate()))


# --- accounts of the system ------------------------------------------------------------------------------------------


def test_each_account_has_its_own_slot_and_keeps_it(slots: KeySlots, shelf: Shelf, key: bytes, tmp_path: Path) -> None:
    other = Shelf()
    with pytest.raises(KeyLockedError, match="not in this computer"):
        slots.open_from(other)
    slots.keep_in(other, key)
    assert slots.open_from(other) == slots.open_from(shelf) == key
    assert not other.kept.keys() & shelf.kept.keys()
    before = _bodies(tmp_path)
    slots.keep_in(other, key)
    slots.keep_in(shelf, key)
    assert _bodies(tmp_path) == before


def test_a_slot_whose_secret_was_spoilt_is_made_anew(slots: KeySlots, shelf: Shelf, key: bytes, tmp_path: Path) -> None:
    shelf.kept = dict.fromkeys(shelf.kept, bytes(32))
    with pytest.raises(KeyLockedError, match="not the one"):
        slots.open_from(shelf)
    slots.keep_in(shelf, key)
    assert slots.open_from(shelf) == key
    assert _kinds(tmp_path) == ["keyring"]


def test_accounts_that_come_and_go_do_not_fill_the_file(slots: KeySlots, key: bytes, tmp_path: Path) -> None:
    last = Shelf()
    for _ in range(80):
        last = Shelf()
        slots.keep_in(last, key)
    assert _kinds(tmp_path).count("keyring") == 64
    assert slots.open_from(last) == key


def test_a_storage_that_forgets_at_once_gets_no_slot(slots: KeySlots, key: bytes, tmp_path: Path) -> None:
    class Sieve(Shelf):
        def save(self, name: str, secret: bytes) -> None:
            del name, secret

    before = _bodies(tmp_path)
    with pytest.raises(KeyLockedError, match="does not keep"):
        slots.keep_in(Sieve(), key)
    assert _bodies(tmp_path) == before


def test_a_storage_of_another_kind_is_told_so(slots: KeySlots, key: bytes, tmp_path: Path) -> None:
    with pytest.raises(KeyLockedError, match="file"):
        slots.open_from(FileKeyStorage(tmp_path))


# --- what lies on the disk -------------------------------------------------------------------------------------------


def test_neither_logins_nor_passwords_nor_codes_nor_keys_lie_on_the_disk(
    slots: KeySlots, shelf: Shelf, key: bytes, tmp_path: Path
) -> None:
    slots.keep_password("nurse.aigul", PASSWORD, key, "$argon2id$hash")
    code = slots.new_recovery_code(key)
    for body in _bodies(tmp_path):
        text = body.decode()
        for told in ("nurse", "aigul", PASSWORD, "argon2id", code, code.replace("-", ""), key.hex()):
            assert told not in text
        assert key not in body


def test_one_login_is_found_by_different_ids_in_two_folders(tmp_path: Path) -> None:
    ids = set()
    for name in ("a", "b"):
        slots = KeySlots(tmp_path / name, QUICK)
        slots.keep_password(LOGIN, PASSWORD, slots.create(Shelf()))
        ids.add(json.loads((tmp_path / name / SLOT_FILES[0]).read_bytes())["slots"][1]["id"])
    assert len(ids) == 2


def test_the_copies_are_equal_after_every_change(slots: KeySlots, key: bytes, tmp_path: Path) -> None:
    for change in (
        lambda: slots.keep_password(LOGIN, PASSWORD, key),
        lambda: slots.new_recovery_code(key),
        lambda: slots.keep_in(Shelf(), key),
        lambda: slots.forget_password(LOGIN, key),
    ):
        change()
        assert len(set(_bodies(tmp_path))) == 1


def test_a_full_disk_keeps_the_former_ways(
    slots: KeySlots, shelf: Shelf, key: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = slots.new_recovery_code(key)
    with monkeypatch.context() as patch:
        patch.setattr(durable_files, "open_part", full_device)
        for change in (
            lambda: slots.new_recovery_code(key),
            lambda: slots.keep_password(LOGIN, PASSWORD, key),
            lambda: slots.keep_in(Shelf(), key),
        ):
            with pytest.raises(DiskFullError):
                change()
        assert slots.open_with_recovery_code(code) == key
    assert slots.open_from(shelf) == key
    assert slots.kinds() == {"keyring", "recovery"}


def test_people_who_sign_in_at_once_all_keep_their_slots(slots: KeySlots, key: bytes) -> None:
    start = threading.Barrier(8)

    def keep(number: int) -> None:
        start.wait()
        slots.keep_password(f"login{number}", PASSWORD, key, str(number))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(keep, range(8)))
    assert all(slots.has_password(f"login{number}", str(number)) for number in range(8))


# --- a change of the data key ----------------------------------------------------------------------------------------


def test_while_the_copy_waits_the_present_key_opens_and_then_the_next(
    slots: KeySlots, shelf: Shelf, key: bytes, tmp_path: Path
) -> None:
    identity = pyrage.x25519.Identity.generate()
    slots.keep_escrow(str(identity.to_public()), key)
    slots.keep_password(LOGIN, PASSWORD, key)
    former_code = slots.new_recovery_code(key)
    (tmp_path / DATABASE_NAME).write_bytes(b"one")
    (tmp_path / REKEYED_NAME).write_bytes(b"two")
    next_key = bytes(reversed(range(32)))
    code = slots.add_next_key(key, next_key, [shelf])
    assert slots.open_from(shelf) == slots.open_with_escrow(str(identity)) == key
    assert slots.open_with_password(LOGIN, PASSWORD) == slots.open_with_recovery_code(former_code) == key
    (tmp_path / REKEYED_NAME).replace(tmp_path / DATABASE_NAME)
    assert slots.open_from(shelf) == slots.open_with_escrow(str(identity)) == next_key
    assert slots.open_with_recovery_code(code) == next_key
    for refused in (
        lambda: slots.open_with_password(LOGIN, PASSWORD),
        lambda: slots.open_with_recovery_code(former_code),
    ):
        with pytest.raises(KeyLockedError):
            refused()


@pytest.mark.parametrize("is_swapped", [True, False])
def test_a_change_that_is_settled_leaves_one_key(
    slots: KeySlots, shelf: Shelf, key: bytes, tmp_path: Path, is_swapped: bool
) -> None:
    slots.keep_password(LOGIN, PASSWORD, key)
    next_key = bytes(range(1, 33))
    (tmp_path / REKEYED_NAME).write_bytes(b"copy")
    slots.add_next_key(key, next_key, [shelf])
    if is_swapped:
        (tmp_path / REKEYED_NAME).unlink()
    slots.settle(next_key if is_swapped else key)
    (tmp_path / REKEYED_NAME).unlink(missing_ok=True)
    assert slots.open_from(shelf) == (next_key if is_swapped else key)
    assert slots.kinds() == ({"keyring", "recovery"} if is_swapped else {"keyring", "user"})
    assert "next_key" not in json.loads((tmp_path / SLOT_FILES[0]).read_bytes())


def test_settling_where_nothing_changes_writes_nothing(slots: KeySlots, key: bytes, tmp_path: Path) -> None:
    before = _bodies(tmp_path)
    slots.settle(key)
    assert _bodies(tmp_path) == before


def test_a_second_change_that_begins_anew_drops_the_slots_of_the_first(
    slots: KeySlots, shelf: Shelf, key: bytes, tmp_path: Path
) -> None:
    (tmp_path / REKEYED_NAME).write_bytes(b"copy")
    slots.add_next_key(key, bytes(range(1, 33)), [shelf])
    slots.add_next_key(key, bytes(range(2, 34)), [shelf])
    assert _kinds(tmp_path) == ["keyring", "keyring", "recovery"]
    (tmp_path / REKEYED_NAME).unlink()
    assert slots.open_from(shelf) == bytes(range(2, 34))


# --- any words -------------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(login=st.text(max_size=40), password=st.text(max_size=128), wrong=st.text(max_size=140))
def test_any_login_and_password_open_and_no_other_password_does(
    slots: KeySlots, shelf: Shelf, login: str, password: str, wrong: str
) -> None:
    key = slots.open_from(shelf) if slots.exist() else slots.create(shelf)
    slots.keep_password(login, password, key)
    assert slots.open_with_password(login, password) == key
    if wrong.encode("utf-8", "surrogatepass") != password.encode("utf-8", "surrogatepass"):
        try:
            opened = slots.open_with_password(login, wrong)
        except KeyLockedError:
            return
        assert unicodedata.normalize("NFC", wrong) == unicodedata.normalize("NFC", password)
        assert opened == key
