"""Who waits for the feed is woken by what may be his, in whatever process it was written, and by nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from clinic_app.foundation.errors import StorageError
from clinic_app.foundation.texts import Text
from clinic_app.records import EVERYBODY
from clinic_app.storage import Store
from clinic_app.storage.engines.postgres import PostgresDatabase
from clinic_app.storage.feed.bell import FeedBell, Waiter
from clinic_app.storage.feed.rows import Caller
from tests.helpers.postgres import PostgresServer
from tests.helpers.stores import open_store, opened
from tests.helpers.waiting import wait_until

A1, A2, B1 = Caller("a1", "org-a"), Caller("a2", "org-a"), Caller("b1", "org-b")
SECONDS = 30.0
"""After so long a bell that was not heard is a failure."""


@pytest.fixture
def store(both_databases: str, tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path / "hub") as made:
        yield made


def _write(store: Store, bell: FeedBell, *organization_ids: str, writer: str = "") -> None:
    with store.database.writing() as connection:
        bell.said(connection, organization_ids, writer)


async def _woken(bell: FeedBell, write: object) -> list[str]:
    """Return which of three readers wake while something is done."""
    assert callable(write)
    with bell.waiting(A1) as a1, bell.waiting(A2) as a2, bell.waiting(B1) as b1:
        await asyncio.to_thread(write)
        return [each.caller.workstation_id for each in (a1, a2, b1) if await each.rest(0)]


@pytest.mark.parametrize(
    ("meant", "writer", "woken"),
    [
        (["org-a"], "", ["a1", "a2"]),
        (["org-a"], "a1", ["a2"]),
        (["org-a", "org-b"], "a2", ["a1", "b1"]),
        ([EVERYBODY], "b1", ["a1", "a2"]),
        (["org-c"], "", []),
        ([f"Ұйым {number} \\\"'" * 3 for number in range(300)], "", ["a1", "a2", "b1"]),
    ],
    ids=["one", "not the writer", "two", "everybody", "nobody here", "too many to name"],
)
def test_who_may_have_news_is_woken(store: Store, meant: list[str], writer: str, woken: list[str]) -> None:
    bell = FeedBell(store.database)
    assert asyncio.run(_woken(bell, lambda: _write(store, bell, *meant, writer=writer))) == woken


def test_what_is_undone_wakes_nobody(store: Store) -> None:
    bell = FeedBell(store.database)

    def write() -> None:
        with store.database.writing() as connection:
            bell.said(connection, ["org-a"], "")
            raise StorageError(Text("The database is busy. Try again in a moment."))

    def fail() -> None:
        with pytest.raises(StorageError):
            write()
        with store.database.writing():
            """The next one says nothing."""

    assert asyncio.run(_woken(bell, fail)) == []


def test_nobody_is_woken_before_it_can_be_seen(store: Store) -> None:
    bell = FeedBell(store.database)

    async def wait() -> bool:
        with bell.waiting(A1) as waiter:
            with store.database.writing() as connection:
                bell.said(connection, ["org-a"], "")
                is_early = await waiter.rest(0)
            return not is_early and await waiter.rest(0)

    assert asyncio.run(wait())


def test_a_bell_that_rang_before_the_wait_is_heard_in_it(store: Store) -> None:
    """Between the look into the feed and the wait something may come."""
    bell = FeedBell(store.database)

    async def wait() -> tuple[bool, bool]:
        with bell.waiting(A1) as waiter:
            _write(store, bell, "org-a")
            return await waiter.rest(SECONDS), await waiter.rest(0)

    assert asyncio.run(wait()) == (True, False)


def test_who_has_left_is_not_rung_and_not_kept(store: Store) -> None:
    bell = FeedBell(store.database)

    async def leave() -> Waiter:
        with bell.waiting(A1) as waiter:
            return waiter

    waiter = asyncio.run(leave())
    _write(store, bell, "org-a")
    waiter.wake()  # its loop is gone
    assert not any(bell._waiters.values())


def test_who_waits_when_the_hub_ends_is_let_go(store: Store) -> None:
    bell = FeedBell(store.database)
    bell.listen()

    async def wait() -> bool:
        with bell.waiting(A1) as waiter:
            closing = asyncio.get_running_loop().run_in_executor(None, bell.close)
            is_woken = await waiter.rest(SECONDS)
            await closing
            return is_woken and bell.is_closed

    assert asyncio.run(wait())


def _heard(bell: FeedBell) -> list[list[str]]:
    """Put what a bell rings for into a list; return once it hears the other processes."""
    rung: list[list[str]] = []
    ring = bell._ring

    def note(organization_ids: frozenset[str], writer_id: str) -> None:
        rung.append([writer_id, *sorted(organization_ids)])
        ring(organization_ids, writer_id)

    bell._ring = note  # type: ignore[method-assign]
    bell.listen()
    wait_until(lambda: ["", EVERYBODY] in rung, seconds=SECONDS, what="the listener")
    rung.clear()
    return rung


def test_what_another_process_writes_is_heard(store: Store, both_databases: str, tmp_path: Path) -> None:
    if both_databases == "file":
        assert list(store.database.announced(lambda: False)) == []  # a file has one process
        return
    ours, other = FeedBell(store.database), open_store(tmp_path / "hub")
    theirs = FeedBell(other.database)
    try:
        rung = _heard(ours)
        _write(other, theirs, "org-b", "org-a", writer="b1")
        wait_until(lambda: rung == [["b1", "org-a", "org-b"]], seconds=SECONDS, what="the other's bell")
        with other.database.writing() as connection:
            other.database.announce(connection, "nonsense {")
        wait_until(lambda: len(rung) == 2, seconds=SECONDS, what="somebody else's words")
        assert rung[1] == ["", EVERYBODY]
    finally:
        ours.close()
        other.close()


def test_a_server_that_went_away_is_heard_again_and_everybody_looks(postgres: PostgresServer, address: str) -> None:
    database = PostgresDatabase(address)
    bell = FeedBell(database)
    try:
        rung = _heard(bell)
        postgres.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE query LIKE 'LISTEN%' AND pid <> pg_backend_pid()"
        )
        wait_until(lambda: rung == [["", EVERYBODY]], seconds=SECONDS, what="the listener, again")
        with database.writing() as connection:
            database.announce(connection, '["","org-a"]')
        wait_until(lambda: rung[1:] == [["", "org-a"]], seconds=SECONDS, what="the bell, again")
    finally:
        bell.close()
        database.close()
