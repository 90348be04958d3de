"""A change of the data key, step by step: what is on the disk, what opens, what stops it before anything is lost."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import text

from clinic_app.foundation.errors import DamagedError, DiskFullError, KeyLockedError, StorageError
from clinic_app.keys import DATABASE_NAME, REKEYED_NAME, FileKeyStorage, KeySlots, SlotCost, unlock
from clinic_app.records import AuditEvent, AuditEventAgent, AuditEventSource, Coding, Patient, Reference
from clinic_app.storage import Store
from clinic_app.storage.backups import rekeying
from clinic_app.storage.backups.rekeying import KeyChange, change_key, finish_change, is_sealing, seal_contents
from clinic_app.storage.engines.encrypted_file import EncryptedFile
from clinic_app.storage.kept_keys import AUDIT_KEY, FORMER_KEY, kept_keys
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.stores import opened, patient

QUICK: Final = SlotCost(8, 1)
CONTENTS: Final = (b"", b"small", b"x" * 65_536, b"large " * 50_000)


class House:
    """A data folder with patients, contents and a trail."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.storage = FileKeyStorage(folder)
        self.slots = KeySlots(folder, QUICK)
        self.key = unlock(folder, self.storage)
        self.codes: list[str] = []
        self.steps: list[str] = []
        with opened(folder, self.key) as store:
            for number in range(6):
                store.records.commit([patient(f"Kalkaman{number}")], audit=[_event(number)])
            self.addresses = [store.blobs.put(content) for content in CONTENTS]
            store.records.commit([patient("Named", address) for address in self.addresses])

    def change(self, progress: Callable[[str], object] = lambda step: None) -> KeyChange:
        """Change the key and note the steps."""

        def note(step: str) -> None:
            self.steps.append(step)
            progress(step)

        return change_key(
            self.folder,
            unlock(self.folder, self.storage),
            self.slots,
            [self.storage],
            FixedClock(),
            tell_code=self.codes.append,
            progress=note,
        )

    def is_whole(self) -> bytes:
        """Open it as the next start does, compare everything, and return the key."""
        key = unlock(self.folder, self.storage)
        with opened(self.folder, key) as store:
            finish_change(self.folder, key, self.slots)
            assert len(store.records.find(Patient)) == 6 + len(CONTENTS)
            assert len(store.records.search_patients("kalkaman")) == 6
            assert [store.blobs.read(address) for address in self.addresses] == list(CONTENTS)
            assert store.records.broken_audit_row() is None
            assert store.outbox.count() > 0
            store.records.commit([], audit=[_event(len(store.records.find(AuditEvent)))])
            assert store.records.broken_audit_row() is None
        assert not (self.folder / REKEYED_NAME).exists()
        return key


def _event(number: int) -> AuditEvent:
    return AuditEvent(
        id=f"e{number}",
        type=Coding(code="rest"),
        action="R",
        recorded=NOON,
        agent=(AuditEventAgent(requestor=True),),
        source=AuditEventSource(observer=Reference(reference="Device/d")),
    )


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_everything_is_there_under_the_new_key_and_the_old_one_opens_nothing(house: House) -> None:
    change = house.change()
    assert change.key != house.key
    assert (change.sealed, change.damaged) == (len(CONTENTS), 0)
    assert house.is_whole() == change.key
    with pytest.raises(KeyLockedError):
        Store.open(house.folder, house.key, FixedClock())


def test_the_steps_come_in_their_order(house: House) -> None:
    house.change()
    assert house.steps == [
        "copied",
        "checked",
        "slots added",
        "swapped",
        "proof written",
        "slots settled",
        *["content sealed"] * len(CONTENTS),
        "former key gone",
    ]


def test_the_recovery_code_is_told_before_the_swap_and_opens_after_it(house: House) -> None:
    seen: list[list[str]] = []
    house.change(lambda step: seen.append(list(house.codes)) if step == "slots added" else None)
    assert seen == [house.codes]
    assert house.slots.open_with_recovery_code(house.codes[0]) == house.is_whole()


def test_neither_key_lies_on_the_disk_at_any_step(house: House) -> None:
    def look(step: str) -> None:
        for path in house.folder.rglob("*"):
            if path.is_file():
                body = path.read_bytes()
                assert house.key not in body, (step, path)
                assert house.key.hex().encode() not in body, (step, path)

    house.change(look)


def test_the_copy_is_never_readable_without_its_key(house: House) -> None:
    heads: list[bytes] = []
    house.change(lambda step: heads.append((house.folder / REKEYED_NAME).read_bytes()) if step == "copied" else None)
    assert not heads[0].startswith(b"SQLite format 3")
    assert b"Kalkaman" not in heads[0]


def test_contents_are_read_under_both_keys_while_they_are_sealed_anew(house: House) -> None:
    def stop(step: str) -> None:
        if step == "content sealed" and house.steps.count(step) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        house.change(stop)
    key = house.is_whole()
    assert is_sealing(house.folder, key)
    with opened(house.folder, key) as store:
        fresh = store.blobs.put(b"put meanwhile")
        store.records.commit([patient("Meanwhile", fresh)])
        assert store.blobs.keep_only(set(house.addresses) | {fresh}, before_s=float("inf")) == 0
    assert seal_contents(house.folder, key) == (len(CONTENTS) - 2, 0)
    assert not is_sealing(house.folder, key)
    with opened(house.folder, key) as store:
        assert [store.blobs.read(address) for address in house.addresses] == list(CONTENTS)
        assert store.blobs.read(fresh) == b"put meanwhile"


def test_no_second_change_begins_before_the_first_is_ended(house: House) -> None:
    def stop(step: str) -> None:
        if step == "slots settled":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        house.change(stop)
    with pytest.raises(StorageError, match="not ended"):
        house.change()
    key = unlock(house.folder, house.storage)
    assert seal_contents(house.folder, key) == (len(CONTENTS), 0)
    assert house.change().key == house.is_whole()


def test_the_trail_stays_one_chain_over_many_changes(house: House) -> None:
    keys = {house.key}
    for _ in range(2):
        house.change()
        keys.add(house.is_whole())
    assert len(keys) == 3
    with opened(house.folder, unlock(house.folder, house.storage)) as store:
        with store.database.writing() as connection:
            connection.execute(
                text("UPDATE record SET body = CAST(replace(body, '\"R\"', '\"U\"') AS BLOB) WHERE id = 'e2'")
            )
        assert store.records.broken_audit_row() == "e2"


def test_a_damaged_content_stays_under_the_former_key_and_the_others_do_not_wait(house: House) -> None:
    with opened(house.folder, house.key) as store:
        path = store.blobs._path(house.addresses[3])
        body = bytearray(path.read_bytes())
        body[-1] ^= 1
        path.write_bytes(body)
    change = house.change()
    assert (change.sealed, change.damaged) == (len(CONTENTS) - 1, 1)
    assert path.read_bytes() == bytes(body)
    with opened(house.folder, change.key) as store:
        assert [store.blobs.read(address) for address in house.addresses[:3]] == list(CONTENTS[:3])
        with pytest.raises(DamagedError):
            store.blobs.read(house.addresses[3])
    assert is_sealing(house.folder, change.key)


def test_the_database_keeps_no_former_key_when_all_is_sealed(house: House) -> None:
    change = house.change()
    file = EncryptedFile(house.folder / DATABASE_NAME, change.key)
    try:
        kept = kept_keys(file, change.key)
        with file.reading() as connection:
            names = set(connection.execute(text("SELECT name FROM memory")).scalars())
    finally:
        file.close()
    assert kept.former is None
    assert AUDIT_KEY in names
    assert FORMER_KEY not in names


# --- what stops it ---------------------------------------------------------------------------------------------------


def test_damaged_data_are_not_copied(house: House) -> None:
    path = house.folder / DATABASE_NAME
    body = bytearray(path.read_bytes())
    body[-3000:-1000] = os.urandom(2000)
    path.write_bytes(body)
    before = (house.folder / "keys.json").read_bytes()
    with pytest.raises(DamagedError):
        house.change()
    assert path.read_bytes()[-3000:-1000] == bytes(body[-3000:-1000])
    assert (house.folder / "keys.json").read_bytes() == before
    assert not (house.folder / REKEYED_NAME).exists()
    assert house.codes == []


def test_a_wrong_key_changes_nothing(house: House) -> None:
    with pytest.raises(KeyLockedError):
        change_key(house.folder, bytes(32), house.slots, [house.storage], FixedClock(), tell_code=house.codes.append)
    assert house.is_whole() == house.key


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM history WHERE seq = 2",
        "DELETE FROM audit_chain WHERE seq = 3",
        "UPDATE audit_chain SET mac = x'00' WHERE seq = 3",
        "DELETE FROM sqlite_sequence WHERE name = 'history'",
        "DROP INDEX ix_history_type_id",
        "DELETE FROM memory WHERE name = 'store-in-use'",
        "DELETE FROM patient_number WHERE number = 1",
    ],
)
def test_a_copy_that_lacks_anything_is_not_swapped_in(
    house: House, statement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = EncryptedFile.copy_under

    def lossy(file: EncryptedFile, path: Path, key: bytes) -> None:
        real(file, path, key)
        copy = EncryptedFile(path, key)
        with copy.writing() as connection:
            connection.execute(text(statement))
        copy.checkpoint()
        copy.close()

    monkeypatch.setattr(EncryptedFile, "copy_under", lossy)
    with pytest.raises(DamagedError, match="does not hold"):
        house.change()
    monkeypatch.undo()
    assert house.codes == []
    assert house.is_whole() == house.key


@pytest.mark.parametrize("error", [DiskFullError(rekeying.Text("full")), StorageError(rekeying.Text("refused"))])
def test_a_copy_that_cannot_be_written_leaves_nothing(
    house: House, error: StorageError, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(file: EncryptedFile, path: Path, key: bytes) -> None:
        path.write_bytes(os.urandom(5000))
        raise error

    monkeypatch.setattr(EncryptedFile, "copy_under", half)
    with pytest.raises(type(error)):
        house.change()
    monkeypatch.undo()
    assert not (house.folder / REKEYED_NAME).exists()
    assert house.is_whole() == house.key


@pytest.mark.parametrize("step", ["copied", "checked", "slots added"])
def test_what_fails_before_the_swap_is_taken_back(house: House, step: str) -> None:
    def fail(done: str) -> None:
        if done == step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        house.change(fail)
    assert house.is_whole() == house.key
    assert house.change().key == house.is_whole()


@pytest.mark.parametrize("step", ["swapped", "proof written", "slots settled", "former key gone"])
def test_what_fails_after_the_swap_goes_on(house: House, step: str) -> None:
    def fail(done: str) -> None:
        if done == step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        house.change(fail)
    key = house.is_whole()
    assert key != house.key
    assert house.slots.open_with_recovery_code(house.codes[0]) == key
    seal_contents(house.folder, key)
    assert house.is_whole() == key


def test_a_storage_that_keeps_nothing_stops_it_before_the_swap(house: House) -> None:
    class Sieve:
        kind = "file"

        def load(self, name: str) -> None:
            del name

        def save(self, name: str, secret: bytes) -> None:
            del name, secret

    with pytest.raises(KeyLockedError):
        change_key(house.folder, house.key, house.slots, [Sieve()], FixedClock(), tell_code=house.codes.append)
    assert house.codes == []
    assert house.is_whole() == house.key


def test_contents_nobody_names_stop_nothing(house: House) -> None:
    with opened(house.folder, house.key) as store:
        store.blobs.put(b"an orphan")
    change = house.change()
    assert (change.sealed, change.damaged) == (len(CONTENTS), 0)
    assert house.is_whole() == change.key


def test_sealing_where_nothing_is_left_does_nothing(house: House) -> None:
    assert seal_contents(house.folder, house.key) == (0, 0)
    assert not is_sealing(house.folder, house.key)


class _CutError(Exception):
    """The power goes."""


@pytest.mark.parametrize("broken", ["settle", "remove"])
def test_a_change_that_is_taken_back_can_be_cut_off_too(
    house: House, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """Whether the copy waits tells which key is the present one: gone too early, nothing would open any more."""

    def cut(*given: object) -> None:
        raise _CutError

    def stop(step: str) -> None:
        if step == "slots added":
            raise _CutError

    with pytest.raises(_CutError):
        house.change(stop)
    with monkeypatch.context() as patched:
        patched.setattr(*((KeySlots, "settle", cut) if broken == "settle" else (rekeying, "_remove_copy", cut)))
        with pytest.raises(_CutError):
            finish_change(house.folder, house.key, house.slots)
    assert house.is_whole() == house.key
