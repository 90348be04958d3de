"""A look at a folder finds each kind of loss, every half of a pair and any damage, and nothing where all is well."""

from __future__ import annotations

import copy
import random
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from clinic_app.foundation.clock import SystemClock
from clinic_app.keys import FileKeyStorage, KeySlots, unlock
from clinic_app.storage import Store
from tests.drills import comparing
from tests.drills.claims import Claim, Claims
from tests.drills.comparing import Found, look_into
from tests.drills.writing import QUICK_SLOTS, Ward

NOWHERE = "0" * 64


@dataclass
class Written:
    """A folder in which every kind of work was done once, and what was said."""

    folder: Path
    claims: Claims

    @contextmanager
    def store(self) -> Iterator[Store]:
        """Open it as the program does."""
        store = Store.open(self.folder, unlock(self.folder, FileKeyStorage(self.folder)), SystemClock())
        try:
            yield store
        finally:
            store.close()

    def change(self, statement: str, **values: object) -> None:
        """Change the database behind the store's back."""
        with self.store() as store:
            store.database._engine.dispose()
            with store.database.writing() as connection:
                connection.execute(text("PRAGMA defer_foreign_keys = ON"))
                changed = connection.execute(text(statement), values)
                assert changed.rowcount > 0

    def look(self) -> Found:
        return look_into(self.folder, self.claims)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Written:
    done = Written(tmp_path_factory.mktemp("written"), Claims())
    with done.store() as store:
        ward = Ward(store, KeySlots(done.folder, QUICK_SLOTS), done.claims.take, random.Random(1))
        works = (ward.register, ward.amend, ward.picture, ward.staff, ward.remember, ward.number, ward.receive)
        for work in (*works, ward.send, ward.arrive, ward.password, ward.back_up):
            ward.do(work)
    return done


@pytest.fixture
def written(original: Written, tmp_path: Path) -> Written:
    """A copy of one folder, for the test to spoil."""
    folder = tmp_path / "data"
    shutil.copytree(original.folder, folder)
    return Written(folder, copy.deepcopy(original.claims))


def test_a_whole_folder_has_nothing_amiss(written: Written) -> None:
    assert written.look() == Found()
    assert written.look().is_whole


@pytest.mark.parametrize(
    ("claim", "what"),
    [
        (Claim(records=(("Patient", "p", "v"),)), "record Patient p v"),
        (Claim(blobs=(NOWHERE,)), f"content {NOWHERE}"),
        (Claim(accounts=("nobody",)), "account nobody"),
        (Claim(slots=("nobody",)), "slot nobody"),
        (Claim(values={"drill chart": 99}), "value drill chart 99"),
        (Claim(cursors={"hub": 1}), "cursor hub"),
        (Claim(sent=(999,)), "hub's word for row 999"),
        (Claim(arrived=(NOWHERE,)), f"arrival of {NOWHERE}"),
        (Claim(backups=("000009-by-hand.db",)), "backup 000009-by-hand.db"),
    ],
)
def test_what_was_said_and_is_not_there_is_lost(written: Written, claim: Claim, what: str) -> None:
    written.claims.take(claim)
    assert written.look() == Found(lost=[what])


def test_an_older_version_than_the_one_that_was_said_is_a_loss(written: Written) -> None:
    ((_, patient, _),) = [each for each in written.claims.records if each[0] == "Patient"][:1]
    written.claims.take(Claim(records=(("Patient", patient, "another"),)))
    assert written.look().lost == [f"record Patient {patient} another"]


def test_what_was_only_announced_may_be_missing(written: Written) -> None:
    written.claims.take(Claim(attempts=(NOWHERE,)))
    assert written.look().is_whole


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("DELETE FROM outbox WHERE seq = (SELECT max(seq) FROM outbox)", "version or outbox row alone"),
        ("DELETE FROM history WHERE type = 'Practitioner'", "record or history alone"),
        ("DELETE FROM patient_number WHERE number = 1", "patient or number alone"),
        ("DELETE FROM patient_search WHERE rowid = 1", "number or names alone"),
        ("UPDATE account SET practitioner_id = 'nobody'", "account of nobody"),
        ("DELETE FROM audit_chain WHERE seq = (SELECT max(seq) FROM audit_chain)", "audit row or link alone"),
    ],
)
def test_half_of_a_pair_is_an_orphan(written: Written, statement: str, what: str) -> None:
    written.change(statement)
    assert any(orphan.startswith(what) for orphan in written.look().orphans)


def test_a_record_and_an_upload_without_their_content_are_orphans(written: Written) -> None:
    (content,) = (each for each in (written.folder / "blobs").rglob("*") if each.is_file())
    content.unlink()
    (address,) = written.claims.blobs
    found = written.look()
    assert found.lost == [f"content {address}"]
    assert set(found.orphans) == {f"record without its content {address}", f"upload without its content {address}"}


@pytest.mark.parametrize("place", [0, 60, -1])
def test_a_changed_byte_of_a_content_is_damage(written: Written, place: int) -> None:
    (content,) = (each for each in (written.folder / "blobs").rglob("*") if each.is_file())
    flip(content, place)
    assert len(written.look().damage) == 1


def test_an_announced_content_that_is_there_in_part_is_damage(written: Written) -> None:
    """It would be taken for whole by whoever puts the same content again."""
    with written.store() as store:
        path = store.blobs._path(NOWHERE)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"half a file")
    written.claims.take(Claim(attempts=(NOWHERE,)))
    assert len(written.look().damage) == 1


def test_a_content_nobody_refers_to_is_collected_and_no_orphan(written: Written) -> None:
    with written.store() as store:
        address = store.blobs.put(b"a content whose record never came")
    assert written.look().is_whole
    with written.store() as store:
        assert not store.blobs.has(address)


def test_a_content_that_the_collection_leaves_is_an_orphan(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    with written.store() as store:
        store.blobs.put(b"a content whose record never came")
    monkeypatch.setattr(comparing, "collect_orphans", lambda *_: 0)
    (orphan,) = written.look().orphans
    assert orphan.startswith("content without a record")


def test_a_collection_that_takes_too_much_loses(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "collect_orphans", lambda _, blobs, __: blobs.keep_only(set(), time.time()))
    found = written.look()
    assert len(found.lost) == 1
    assert found.orphans


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE record SET body = CAST(replace(body, 'rest', 'test') AS BLOB) WHERE type = 'AuditEvent'",
        "UPDATE record SET body = CAST(body AS TEXT) WHERE type = 'AuditEvent'",
        "UPDATE audit_chain SET mac = CAST(hex(mac) AS TEXT) WHERE seq = 2",
        "UPDATE audit_chain SET mac = 7 WHERE seq = 2",
    ],
)
def test_a_changed_audit_row_is_damage(written: Written, statement: str) -> None:
    """Also where words or a number were put in the place of bytes: SQLite keeps whatever it is given."""
    written.change(statement)
    assert any("audit chain broken" in each for each in written.look().damage)


def test_a_page_changed_behind_the_store_is_damage_or_a_refusal(written: Written) -> None:
    database = written.folder / "clinic.db"
    flip(database, database.stat().st_size // 2)
    found = written.look()
    assert found.damage or found.refusals


def test_a_changed_backup_is_damage(written: Written) -> None:
    (backup,) = (written.folder / "backups").glob("*.db")
    flip(backup, backup.stat().st_size // 2)
    assert [each.partition(" ")[0] for each in written.look().damage] == ["backup"]


@pytest.mark.parametrize(
    "hurt",
    [
        lambda folder: (folder / "clinic.db").unlink(),
        lambda folder: (folder / "clinic.db").write_bytes(b""),
        lambda folder: flip(folder / "clinic.db", 0),
        lambda folder: [(folder / name).unlink() for name in ("keys.json", "keys.copy.json")],
        lambda folder: [(folder / name).write_bytes(b"{") for name in ("keys.json", "keys.copy.json")],
        lambda folder: (folder / "unsealed.key").unlink(),
    ],
)
def test_a_folder_that_does_not_open_is_a_refusal_with_a_sentence(
    written: Written, hurt: Callable[[Path], object]
) -> None:
    hurt(written.folder)
    found = written.look()
    assert len(found.refusals) == 1
    assert not found.is_whole


def test_the_same_thing_found_twice_is_one_thing() -> None:
    found = Found(lost=["a"], damage=["d"])
    found.add(Found(lost=["a", "b"], orphans=["c"]))
    assert found == Found(lost=["a", "b"], orphans=["c"], damage=["d"])


def flip(path: Path, place: int) -> None:
    body = bytearray(path.read_bytes())
    body[place] ^= 0xFF
    path.write_bytes(body)
