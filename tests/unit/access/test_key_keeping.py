"""Passwords that unlock the data, and what an administrator does with the recovery code and the escrow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyrage
import pytest

from clinic_app.access import KeyKeeping, NewUser, Passwords, People, Session, Trail
from clinic_app.access.key_keeping import keep_passwords
from clinic_app.foundation import durable_files
from clinic_app.foundation.durable_files import DISK_FULL
from clinic_app.foundation.errors import DiskFullError, InvalidInputError, KeyLockedError, NotAllowedError
from clinic_app.keys import FileKeyStorage, KeySlots, SlotCost, unlock
from clinic_app.keys.slot_file import SLOT_FILES
from clinic_app.records import AuditEvent
from clinic_app.storage import Store
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import PASSWORD, QUICK, opened, set_up
from tests.unit.foundation.test_durable_files import full_device


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def slots(tmp_path: Path) -> KeySlots:
    return KeySlots(tmp_path, SlotCost(8, 1))


@pytest.fixture
def store(tmp_path: Path, clock: FixedClock) -> Iterator[Store]:
    with opened(tmp_path, unlock(tmp_path, FileKeyStorage(tmp_path)), clock) as store:
        set_up(store, "nurse", "doctor")
        yield store


@pytest.fixture
def people(store: Store, clock: FixedClock, slots: KeySlots) -> People:
    return People(store, clock, QUICK, slots)


@pytest.fixture
def keeping(store: Store, clock: FixedClock, slots: KeySlots) -> KeyKeeping:
    return KeyKeeping(store, slots, Trail(store, clock))


@pytest.fixture
def admin(people: People) -> Session:
    return people.sign_in("admin", PASSWORD)


def _bodies(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in SLOT_FILES]


# --- passwords -------------------------------------------------------------------------------------------------------


def test_who_has_signed_in_once_unlocks_the_data(people: People, store: Store, slots: KeySlots) -> None:
    with pytest.raises(KeyLockedError):
        slots.open_with_password("nurse", PASSWORD)
    people.sign_in("nurse", PASSWORD)
    assert slots.open_with_password("nurse", PASSWORD) == store.key


def test_a_wrong_password_keeps_no_slot(people: People, slots: KeySlots) -> None:
    with pytest.raises(NotAllowedError):
        people.sign_in("nurse", "wrong horse")
    assert "user" not in slots.kinds()


def test_a_second_sign_in_writes_nothing(people: People, tmp_path: Path) -> None:
    people.sign_in("nurse", PASSWORD)
    before = _bodies(tmp_path)
    people.sign_in("NURSE ", PASSWORD)
    assert _bodies(tmp_path) == before


def test_who_is_added_unlocks_the_data_before_his_first_sign_in(
    people: People, admin: Session, store: Store, slots: KeySlots
) -> None:
    people.add(admin, "Zhanna", PASSWORD, "Жанна", "doctor")
    assert slots.open_with_password("zhanna", PASSWORD) == store.key


def test_a_changed_password_unlocks_and_the_old_one_does_not(people: People, store: Store, slots: KeySlots) -> None:
    nurse = people.sign_in("nurse", PASSWORD)
    people.change_password(nurse, PASSWORD, "жаңа құпия сөз")
    assert slots.open_with_password("nurse", "жаңа құпия сөз") == store.key
    with pytest.raises(KeyLockedError):
        slots.open_with_password("nurse", PASSWORD)


def test_who_is_shut_out_unlocks_no_more_and_who_is_let_in_again_does_after_signing_in(
    people: People, admin: Session, store: Store, slots: KeySlots
) -> None:
    people.sign_in("nurse", PASSWORD)
    people.set_active(admin, "nurse", is_active=False)
    with pytest.raises(KeyLockedError):
        slots.open_with_password("nurse", PASSWORD)
    people.set_active(admin, "nurse", is_active=True)
    people.sign_in("nurse", PASSWORD)
    assert slots.open_with_password("nurse", PASSWORD) == store.key


def test_the_slot_is_made_again_when_the_hash_is(
    people: People, store: Store, clock: FixedClock, slots: KeySlots
) -> None:
    people.sign_in("nurse", PASSWORD)
    People(store, clock, Passwords(memory_kib=16, passes=1), slots).sign_in("nurse", PASSWORD)
    account = store.accounts.get("nurse")
    assert account is not None
    assert "m=16," in account.password_hash
    assert slots.has_password("nurse", account.password_hash)
    assert slots.open_with_password("nurse", PASSWORD) == store.key


def test_a_slot_is_made_again_at_the_present_cost(
    people: People, store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    people.sign_in("nurse", PASSWORD)
    dearer = KeySlots(tmp_path, SlotCost(16, 1))
    before = _bodies(tmp_path)
    People(store, clock, QUICK, dearer).sign_in("nurse", PASSWORD)
    assert _bodies(tmp_path) != before
    assert b'"memory_kib": 16' in _bodies(tmp_path)[0]


def test_a_slot_that_cannot_be_kept_keeps_nobody_out(
    people: People, slots: KeySlots, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(durable_files, "open_part", full_device)
        assert people.sign_in("nurse", PASSWORD).login == "nurse"
    assert "does not unlock" in caplog.text
    assert "nurse" not in caplog.text
    people.sign_in("nurse", PASSWORD)
    assert "user" in slots.kinds()


def test_a_damaged_key_file_keeps_nobody_out(people: People, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in SLOT_FILES:
        (tmp_path / name).write_bytes(b"{")
    assert people.sign_in("nurse", PASSWORD).login == "nurse"
    assert "key file" in caplog.text
    assert _bodies(tmp_path) == [b"{"] * 2


def test_a_store_without_slots_lets_people_in_all_the_same(store: Store, clock: FixedClock) -> None:
    assert People(store, clock, QUICK).sign_in("nurse", PASSWORD).login == "nurse"


def test_people_of_a_provisioning_file_unlock_at_once(
    store: Store, slots: KeySlots, people: People, tmp_path: Path
) -> None:
    users = (NewUser(" NURSE", PASSWORD, "N", "nurse"), NewUser("stranger", PASSWORD, "S", "nurse"))
    keep_passwords(store, slots, users)
    assert slots.open_with_password("nurse", PASSWORD) == store.key
    with pytest.raises(KeyLockedError):
        slots.open_with_password("stranger", PASSWORD)
    before = _bodies(tmp_path)
    people.sign_in("nurse", PASSWORD)
    assert _bodies(tmp_path) == before


# --- recovery code and escrow ----------------------------------------------------------------------------------------


def test_an_administrator_makes_a_code_that_opens_the_data(
    keeping: KeyKeeping, admin: Session, store: Store, slots: KeySlots
) -> None:
    assert not keeping.has_recovery_code()
    first = keeping.new_recovery_code(admin)
    assert keeping.has_recovery_code()
    assert slots.open_with_recovery_code(first) == store.key
    second = keeping.new_recovery_code(admin)
    assert slots.open_with_recovery_code(second) == store.key
    with pytest.raises(KeyLockedError):
        slots.open_with_recovery_code(first)


def test_an_administrator_leaves_the_key_with_the_organisation(
    keeping: KeyKeeping, admin: Session, store: Store, slots: KeySlots
) -> None:
    identity = pyrage.x25519.Identity.generate()
    assert keeping.escrow_recipient(admin) == ""
    keeping.keep_escrow(admin, str(identity.to_public()))
    assert keeping.escrow_recipient(admin) == str(identity.to_public())
    assert keeping.ways() >= {"file", "user", "escrow"}
    assert slots.open_with_escrow(str(identity)) == store.key
    with pytest.raises(InvalidInputError):
        keeping.keep_escrow(admin, "age1nobody")


@pytest.mark.parametrize("login", ["nurse", "doctor"])
def test_nobody_else_makes_ways_into_the_data(keeping: KeyKeeping, people: People, login: str, tmp_path: Path) -> None:
    session = people.sign_in(login, PASSWORD)
    before = _bodies(tmp_path)
    for ask in (
        lambda: keeping.new_recovery_code(session),
        lambda: keeping.keep_escrow(session, "age1"),
        lambda: keeping.escrow_recipient(session),
    ):
        with pytest.raises(NotAllowedError):
            ask()
    assert _bodies(tmp_path) == before


def test_each_way_that_was_made_is_in_the_trail_without_what_opens(
    keeping: KeyKeeping, admin: Session, store: Store
) -> None:
    code = keeping.new_recovery_code(admin)
    keeping.keep_escrow(admin, str(pyrage.x25519.Identity.generate().to_public()))
    newest, former, *_ = store.records.find(AuditEvent)
    assert [each.subtype[0].code for each in (newest, former)] == ["keys", "keys"]
    assert [each.entity[-1].description for each in (newest, former)] == ["keep-escrow", "new-recovery-code"]
    assert newest.agent[0].name == "admin"
    assert code not in str(store.records.find(AuditEvent))


def test_a_code_that_cannot_be_noted_is_not_made(
    keeping: KeyKeeping, admin: Session, store: Store, slots: KeySlots, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = keeping.new_recovery_code(admin)

    def full(*_: object, **__: object) -> None:
        raise DiskFullError(DISK_FULL)

    with monkeypatch.context() as patch:
        patch.setattr(store.records, "commit", full)
        with pytest.raises(DiskFullError):
            keeping.new_recovery_code(admin)
    assert slots.open_with_recovery_code(code) == store.key


def test_a_damaged_key_file_is_told_and_not_taken_for_no_code(keeping: KeyKeeping, tmp_path: Path) -> None:
    for name in SLOT_FILES:
        (tmp_path / name).write_bytes(b"{")
    with pytest.raises(KeyLockedError, match="damaged"):
        keeping.has_recovery_code()


def test_a_command_at_the_machine_is_in_the_trail_with_the_systems_account(store: Store, clock: FixedClock) -> None:
    event = Trail(store, clock).maintenance("rotate-key", "SYSTEM")
    store.records.commit((), audit=(event,))
    (kept, *_) = store.records.find(AuditEvent)
    assert (kept.agent[0].name, kept.agent[0].requestor) == ("SYSTEM", True)
    assert kept.entity[0].description == "rotate-key"
    assert Trail(store, clock).maintenance("x", "").agent[0].name is None
