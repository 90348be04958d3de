"""Who waits for news of the feed, and the bell that is rung for them.

A reader who has everything waits until something comes that may be his, instead of asking again and again. The bell is
rung for organisations, not for everybody: a country has thousands of readers, and each ring makes the ones it is meant
for look into the database. That a ring came is a hint; what is new says the feed alone.
"""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Final

import msgspec
from sqlalchemy import Connection

from clinic_app.records import EVERYBODY
from clinic_app.storage.engines.database import Database
from clinic_app.storage.feed.rows import Caller

_LONGEST_ANNOUNCEMENT: Final = 7000
"""Bytes; more organisations than go into it are everybody (PostgreSQL, "NOTIFY": fewer than 8000)."""


MOST_WAITS: Final = 8
"""So often one workstation waits at once; what broke off is forgotten only when its time is over."""


class Waiter:
    """One reader who waits. Its event belongs to the loop it was made in."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()

    def wake(self) -> None:
        """End the wait; from any thread."""
        with suppress(RuntimeError):  # the loop has just ended, and with it the wait
            self._loop.call_soon_threadsafe(self._event.set)

    async def rest(self, seconds: float) -> bool:
        """Return whether the bell rang within some seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._event.wait()
        is_rung = self._event.is_set()
        self._event.clear()
        return is_rung


class FeedBell:
    """The bell of one hub, heard in all its processes where the database is a server.

    Args:
        database: carries what is announced to other processes.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.RLock()  # a signal comes while its own thread holds it
        self._waiters: dict[str, set[Waiter]] = defaultdict(set)
        self._listener: threading.Thread | None = None
        self._is_closed = threading.Event()

    @property
    def is_closed(self) -> bool:
        """Whether nobody should wait any more: the hub is about to end."""
        return self._is_closed.is_set()

    def listen(self) -> None:
        """Hear the other processes too, until `close`."""
        if self._listener is None:
            self._listener = threading.Thread(target=self._listen, name="feed bell")
            self._listener.start()

    def end_waits(self) -> None:
        """Let everybody go who waits; nobody waits any more."""
        self._is_closed.set()
        self._ring(frozenset({EVERYBODY}), "")

    def close(self) -> None:
        """End the waits, and stop listening."""
        self.end_waits()
        if self._listener is not None:
            self._listener.join()
            self._listener = None

    @contextmanager
    def waiting(self, caller: Caller) -> Iterator[Waiter]:
        """Be rung for as long as the block lasts; what comes before it begins is not rung again."""
        waiter = Waiter(caller)
        with self._lock:
            self._waiters[caller.organization_id].add(waiter)
        try:
            yield waiter
        finally:
            with self._lock:
                self._waiters[caller.organization_id].discard(waiter)

    def has_room(self, caller: Caller) -> bool:
        """Whether a workstation may wait once more: every ring makes each of its waits look into the database."""
        with self._lock:
            waiting = self._waiters.get(caller.organization_id, ())
            return sum(each.caller.workstation_id == caller.workstation_id for each in waiting) < MOST_WAITS

    def said(self, connection: Connection, organization_ids: Collection[str], writer_id: str) -> None:
        """Ring for organisations when the transaction that is open now is committed.

        Args:
            connection: of that transaction.
            organization_ids: who may see what it wrote.
            writer_id: the workstation that wrote it and knows it already; empty for none.
        """
        if not organization_ids:
            return
        named = frozenset(organization_ids)
        words = msgspec.json.encode([writer_id, *sorted(named)]).decode()
        if len(words.encode()) > _LONGEST_ANNOUNCEMENT:
            named, words = frozenset({EVERYBODY}), msgspec.json.encode([writer_id, EVERYBODY]).decode()
        self._database.after_commit(lambda: self._ring(named, writer_id))
        self._database.announce(connection, words)

    def _listen(self) -> None:
        for words in self._database.announced(self._is_closed.is_set):
            writer_id, *named = _said(words)
            self._ring(frozenset(named), writer_id)

    def _ring(self, organization_ids: frozenset[str], writer_id: str) -> None:
        with self._lock:
            rung = self._waiters if EVERYBODY in organization_ids else organization_ids
            waiters = [each for name in rung for each in self._waiters.get(name, ())]
        for waiter in waiters:
            if waiter.caller.workstation_id != writer_id or not writer_id:
                waiter.wake()


def _said(words: str | None) -> list[str]:
    """Return the writer and the organisations of an announcement; everybody where it is not known or not ours."""
    try:
        return msgspec.json.decode(words or "", type=list[str]) or ["", EVERYBODY]
    except msgspec.DecodeError:
        return ["", EVERYBODY]
