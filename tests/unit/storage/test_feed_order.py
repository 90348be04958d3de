"""The feed's numbers grow in the order of the commits, however many programs write: nobody misses what came late.

A reader remembers the highest number he saw and never asks for a smaller one again. So no smaller number may become
visible after a larger one (two transactions that overlap, the first of which commits last).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select

from clinic_app.foundation.clock import SystemClock
from clinic_app.foundation.ids import new_id
from clinic_app.records import Patient, Resource, encode
from clinic_app.storage import Store
from clinic_app.storage.engines.database import Database
from clinic_app.storage.engines.postgres import PostgresDatabase
from clinic_app.storage.exchange.exchange import Write
from clinic_app.storage.feed.feed import Feed
from clinic_app.storage.feed.rows import Caller, StoredRecord
from clinic_app.storage.tables import HISTORY
from tests.helpers.stores import open_store

WRITER, READER = Caller("a1", "org-a"), Caller("a2", "org-a")
SECONDS = 30
"""After so long a thread that still waits is a failure; nothing is measured."""


@pytest.fixture
def stores(both_databases: str, tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    """Two programs' ways into one hub: each has its own connections, and no lock in common but the database's."""
    one, other = open_store(tmp_path / "hub"), open_store(tmp_path / "hub")
    yield one, other
    one.close()
    other.close()


def _yes(_caller: Caller, _stored: StoredRecord | None, _incoming: Resource) -> None:
    return


def _apply(feed: Feed, *ids: str) -> None:
    feed.apply(
        WRITER, [Write("Patient", each, encode(Patient(id=each)), None) for each in ids], _yes, lambda _: b"", ""
    )


def _row(name: str) -> dict[str, object]:
    words = {"type": "Patient", "version_id": "v", "origin": "local", "written_at": "2026-03-05"}
    return {**words, "id": name, "body": b"{}"}


def _seen(database: Database, after: int) -> list[tuple[int, str]]:
    """Return what a reader gets who has read up to a number."""
    query = select(HISTORY.c.seq, HISTORY.c.id).where(HISTORY.c.seq > after).order_by(HISTORY.c.seq)
    with database.reading() as connection:
        return [(row.seq, row.id) for row in connection.execute(query)]


class SlowWriter(threading.Thread):
    """Takes a number, and commits only when it is let go; meanwhile somebody else wants to write."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database
        self.has_number = threading.Event()
        self.may_commit = threading.Event()

    def run(self) -> None:
        with self._database.writing() as connection:
            connection.execute(insert(HISTORY).values(**_row("slow")))
            self.has_number.set()
            assert self.may_commit.wait(SECONDS)


class QuickWriter(threading.Thread):
    """Writes one row, and says when it is committed."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database
        self.wants_to = threading.Event()
        self.has_committed = threading.Event()

    def run(self) -> None:
        self.wants_to.set()
        with self._database.writing() as connection:
            connection.execute(insert(HISTORY).values(**_row("quick")))
        self.has_committed.set()


def read_while_two_write(one: Database, other: Database, quick_s: float) -> list[str]:
    """Return what a reader saw who polls while a slow transaction and a quick one overlap as badly as they can.

    Args:
        one: where the slow one writes.
        other: where the quick one writes, and the reader reads.
        quick_s: how long the quick one is given to commit first; under a lock it never does.
    """
    slow, quick = SlowWriter(one), QuickWriter(other)
    seen: list[str] = []
    position = 0

    def poll() -> None:
        nonlocal position
        for number, name in _seen(other, position):
            seen.append(name)
            position = number

    slow.start()
    assert slow.has_number.wait(SECONDS)
    quick.start()
    assert quick.wants_to.wait(SECONDS)
    quick.has_committed.wait(
        0.2
    )  # with a lock it cannot be; without one it is, and the next poll goes past the slow one
    poll()
    slow.may_commit.set()
    slow.join(SECONDS)
    quick.join(SECONDS)
    poll()
    return seen


def test_what_commits_late_is_not_passed_over(stores: tuple[Store, Store]) -> None:
    assert read_while_two_write(stores[0].database, stores[1].database, 0.2) == ["slow", "quick"]


def test_without_the_writers_lock_a_reader_would_miss_it(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def begin_without_lock(self: PostgresDatabase, connection: Connection) -> None:
        PostgresDatabase._begin_reading(self, connection)
        connection.connection.driver_connection.read_only = False

    monkeypatch.setattr(PostgresDatabase, "_begin_writing", begin_without_lock)
    one, other = PostgresDatabase(address), PostgresDatabase(address)
    assert read_while_two_write(one, other, SECONDS) == ["quick"]
    one.close()
    other.close()


def test_nothing_is_missed_while_several_programs_write(stores: tuple[Store, Store], tmp_path: Path) -> None:
    feeds = [Feed(each.database, SystemClock()) for each in stores]
    ids = [[new_id() for _ in range(30)] for _ in range(4)]
    errors: list[BaseException] = []

    def write(feed: Feed, mine: list[str]) -> None:
        try:
            for start in range(0, len(mine), 3):
                _apply(feed, *mine[start : start + 3])
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test shows it
            errors.append(error)

    writers = [threading.Thread(target=write, args=(feeds[n % 2], mine)) for n, mine in enumerate(ids)]
    for writer in writers:
        writer.start()
    seen: list[str] = []
    cursor, has_all = "", False
    while not has_all:
        has_ended = not any(writer.is_alive() for writer in writers)
        page = feeds[0].changes(READER, cursor, 5)
        cursor = page.cursor
        seen += [change.id for change in page.changes]
        has_all = has_ended and not page.changes
    for writer in writers:
        writer.join()
    assert errors == []
    assert sorted(seen) == sorted(each for mine in ids for each in mine)
    assert len(set(seen)) == len(seen)


def test_a_write_that_is_undone_leaves_a_gap_that_stops_nobody(stores: tuple[Store, Store]) -> None:
    feed, other = (Feed(each.database, SystemClock()) for each in stores)
    _apply(feed, "p1")
    cursor = feed.changes(READER, "", 10).cursor

    def write_and_die() -> None:
        with stores[0].database.writing() as connection:
            connection.execute(insert(HISTORY).values(**_row("undone")))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_die()
    _apply(other, "p2")
    page = feed.changes(READER, cursor, 10)
    assert [change.id for change in page.changes] == ["p2"]
    assert other.changes(READER, page.cursor, 10).changes == ()


def test_a_number_is_never_given_twice_even_when_the_last_row_is_gone(stores: tuple[Store, Store]) -> None:
    database = stores[0].database
    for name in ("one", "two"):
        with database.writing() as connection:
            connection.execute(insert(HISTORY).values(**_row(name)))
    with database.writing() as connection:
        last = connection.execute(select(func.max(HISTORY.c.seq))).scalar_one()
        connection.execute(HISTORY.delete().where(HISTORY.c.seq == last))
    with database.writing() as connection:
        connection.execute(insert(HISTORY).values(**_row("three")))
        assert connection.execute(select(func.max(HISTORY.c.seq))).scalar_one() > last
