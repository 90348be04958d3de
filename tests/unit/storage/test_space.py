"""Room on the disk: the reserve is taken while there is plenty, given up when there is none, and taken again."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clinic_app.foundation.errors import DiskFullError, StorageError
from clinic_app.foundation.texts import LANGUAGES
from clinic_app.records import AuditEvent, Patient
from clinic_app.storage import Account, Attempts, Space, Store
from clinic_app.storage.engines import space as module
from clinic_app.storage.engines.space import LOW_BYTES, RESERVE_NAME, EndlessRoom
from tests.helpers.audit_rows import audit_row
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import KEY, patient

MB = 1 << 20


class Disk:
    """A disk of so many bytes; a reserve file that lies on it takes its room."""

    def __init__(self, folder: Path, free: int) -> None:
        self.folder = folder
        self.others_leave = free

    def free(self, _folder: Path) -> int:
        reserve = self.folder / RESERVE_NAME
        return self.others_leave - (reserve.stat().st_size if reserve.exists() else 0)


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path, 10 << 30)


@pytest.fixture
def space(tmp_path: Path, disk: Disk) -> Space:
    made = Space(tmp_path, 4 * MB, disk.free)
    made.keep_reserve()
    return made


def reserve_bytes(folder: Path) -> int:
    path = folder / RESERVE_NAME
    return path.stat().st_size if path.exists() else 0


def test_while_there_is_room_the_reserve_takes_its_part_of_it(space: Space, tmp_path: Path) -> None:
    assert (space.state, space.is_read_only, space.reason) == ("ok", False, None)
    assert reserve_bytes(tmp_path) == 4 * MB
    space.require()


@pytest.mark.parametrize(
    ("free", "state"),
    [(LOW_BYTES, "ok"), (LOW_BYTES - 1, "low"), (8 * MB, "low"), (8 * MB - 1, "full"), (0, "full")],
)
def test_how_it_stands_follows_from_the_room(space: Space, disk: Disk, free: int, state: str) -> None:
    disk.others_leave = free
    assert space.look() == space.state == state
    assert (space.reason is None) == (state == "ok")


def test_little_room_is_told_with_how_much_it_is(space: Space, disk: Disk) -> None:
    disk.others_leave = 504 * MB
    space.look()
    assert space.reason is not None
    for language in LANGUAGES:
        assert "500" in space.reason.render(language)
    space.require()


def test_a_full_disk_gives_up_the_reserve_and_refuses_with_a_sentence(space: Space, disk: Disk, tmp_path: Path) -> None:
    disk.others_leave = 7 * MB
    with pytest.raises(DiskFullError, match="What is saved can be read"):
        space.require()
    assert space.is_read_only
    assert reserve_bytes(tmp_path) == 0
    assert disk.free(tmp_path) == 7 * MB


def test_giving_up_the_reserve_is_not_taken_for_new_room(space: Space, disk: Disk) -> None:
    disk.others_leave = 7 * MB
    for _ in range(5):
        assert space.look() == "full"


def test_when_there_is_room_again_the_reserve_is_taken_again(space: Space, disk: Disk, tmp_path: Path) -> None:
    disk.others_leave = 1 * MB
    assert space.look() == "full"
    disk.others_leave = 50 * MB
    space.require()
    space.keep_reserve()
    assert space.state == "low"
    assert reserve_bytes(tmp_path) == 4 * MB


def test_a_disk_on_the_edge_does_not_flicker(space: Space, disk: Disk) -> None:
    disk.others_leave = 8 * MB - 1
    assert space.look() == "full"
    disk.others_leave = 8 * MB
    assert space.look() == "full"
    disk.others_leave = 9 * MB
    assert space.look() == "low"
    disk.others_leave = 8 * MB
    assert space.look() == "low"


def test_a_refusal_of_the_disk_counts_before_the_figures_do(space: Space, tmp_path: Path) -> None:
    space.met_full()
    assert space.is_read_only
    assert reserve_bytes(tmp_path) == 0
    space.require()
    assert space.state == "ok"


def test_listeners_hear_of_changes_only_and_can_go(space: Space, disk: Disk) -> None:
    heard: list[str] = []
    end = space.subscribe(lambda: heard.append(space.state))
    space.look()
    disk.others_leave = 0
    space.look()
    space.look()
    disk.others_leave = 2 << 30
    space.look()
    end()
    disk.others_leave = 0
    space.look()
    assert heard == ["full", "ok"]


def test_without_a_reserve_the_last_megabyte_counts_as_full(tmp_path: Path, disk: Disk) -> None:
    space = Space(tmp_path, 0, disk.free)
    space.keep_reserve()
    assert reserve_bytes(tmp_path) == 0
    disk.others_leave = MB - 1
    assert space.look() == "full"
    disk.others_leave = 2 * MB
    assert space.look() == "low"


def test_a_reserve_of_another_size_is_replaced(tmp_path: Path, disk: Disk) -> None:
    Space(tmp_path, 2 * MB, disk.free).keep_reserve()
    assert reserve_bytes(tmp_path) == 2 * MB
    Space(tmp_path, 3 * MB, disk.free).keep_reserve()
    assert reserve_bytes(tmp_path) == 3 * MB


def test_a_reserve_that_cannot_be_taken_leaves_nothing_half(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refusing:
        def allocate(self, file: Any, size_bytes: int) -> None:
            file.write(b"x" * 100)
            raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(module, "platform", Refusing)
    space = Space(tmp_path, 4 * MB, disk.free)
    space.keep_reserve()
    assert reserve_bytes(tmp_path) == 0
    assert space.state == "ok"


def test_a_disk_that_cannot_be_asked_stays_as_it_was(tmp_path: Path) -> None:
    def refuse(_folder: Path) -> int:
        raise OSError(errno.EIO, "no answer")

    space = Space(tmp_path, 4 * MB, refuse)
    assert space.look() == "ok"


def test_room_for_a_copy_leaves_the_reserve_alone(space: Space, disk: Disk) -> None:
    disk.others_leave = 100 * MB
    assert space.has_room_for(80 * MB)
    assert not space.has_room_for(95 * MB)
    disk.others_leave = 0
    assert not space.has_room_for(0)


def test_the_real_disk_can_be_asked(tmp_path: Path) -> None:
    assert Space(tmp_path).state in ("ok", "low", "full")
    EndlessRoom().require()
    EndlessRoom().met_full()


# what a store does with it


@pytest.fixture
def store(tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(module, "_free_bytes", disk.free)
    made = Store.open(tmp_path, KEY, FixedClock(), reserve_bytes=4 * MB)
    made.space.keep_reserve()
    yield made
    made.close()


def test_people_write_nothing_on_a_full_disk_and_everybody_reads_on(store: Store, disk: Disk) -> None:
    (kept,) = store.records.commit([patient("Kept")])
    disk.others_leave = 5 * MB
    for refused in (
        lambda: store.records.commit([patient("Refused")], audit=[audit_row()]),
        lambda: store.records.receive([b'{"resourceType":"Patient","id":"x","meta":{"versionId":"1"}}']),
        lambda: store.blobs.put(b"picture"),
        lambda: store.memory.next_number("chart"),
        lambda: store.backups.make("by-hand"),
        lambda: store.records.commit([], accounts=[Account("a", "p", "nurse", "h", True)]),
    ):
        with pytest.raises(DiskFullError):
            refused()
    assert store.space.is_read_only
    assert store.records.get(Patient, kept.id) == kept
    store.records.commit([], audit=[audit_row()])
    store.accounts.set_attempts("a", Attempts(1, None))
    store.memory.put("draft", b"half a sentence")
    store.outbox.acknowledge({1: "v1"})
    assert len(store.records.find(AuditEvent)) == 1
    assert store.memory.get("draft") == b"half a sentence"
    assert len(store.records.find(Patient)) == 1
    assert store.records.broken_audit_row() is None


def test_writing_goes_on_by_itself_when_there_is_room(store: Store, disk: Disk, tmp_path: Path) -> None:
    disk.others_leave = 1 * MB
    with pytest.raises(DiskFullError):
        store.records.commit([patient()])
    disk.others_leave = 100 * MB
    store.records.commit([patient()])
    assert not store.space.is_read_only
    assert reserve_bytes(tmp_path) == 0
    store.space.keep_reserve()
    assert reserve_bytes(tmp_path) == 4 * MB


def test_a_content_that_is_here_is_put_again_on_a_full_disk(store: Store, disk: Disk) -> None:
    sha256 = store.blobs.put(b"known")
    disk.others_leave = 0
    assert store.blobs.put(b"known") == sha256
    with pytest.raises(DiskFullError):
        store.blobs.put(b"unknown")


def test_a_disk_that_runs_full_in_the_middle_of_a_write_gives_up_the_reserve(store: Store, tmp_path: Path) -> None:
    """The database's own limit of pages stands in for the disk: the figures still say there is room."""
    with store.database.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    before = len(store.records.find(Patient))
    connections = [store.database._engine.connect() for _ in range(8)]
    for each in connections:
        each.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
        each.rollback()
        each.close()
    with pytest.raises(DiskFullError):
        store.records.commit([patient(f"Family{number}" * 50) for number in range(200)])
    assert reserve_bytes(tmp_path) == 0
    assert len(store.records.find(Patient)) == before


def test_a_store_opens_and_closes_on_a_disk_that_is_full_already(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_room = Store.open(tmp_path, KEY, FixedClock())
    with_room.records.commit([patient()])
    with_room.close()
    monkeypatch.setattr(module, "_free_bytes", lambda _folder: 0)
    store = Store.open(tmp_path, KEY, FixedClock(), reserve_bytes=4 * MB)
    assert store.space.is_read_only
    assert len(store.records.find(Patient)) == 1
    store.close()


def test_the_sentence_of_a_full_disk_is_an_error_of_storage() -> None:
    assert issubclass(DiskFullError, StorageError)
