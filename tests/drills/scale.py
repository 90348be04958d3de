"""A hub's PostgreSQL with millions of records beside one with thousands: does it take and tell as quickly?

Both databases are on one server with fsync on. The small one is filled through the feed, as workstations would fill it;
the large one begins as its copy, and its rows are then multiplied inside the server under new ids, which takes minutes
instead of hours and leaves what the feed would have left. Then both take batches and tell readers in turns, so that
whatever else the machine does meanwhile is in both figures. ``--resources`` says how many the large one has.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy import text

from clinic_app.foundation.clock import SystemClock
from clinic_app.hub.rules import judge
from clinic_app.storage import Store
from clinic_app.storage.feed.feed import Feed
from clinic_app.storage.feed.rows import Caller
from clinic_app.storage.server_store import open_server_store
from clinic_app.sync.wire import decode_transaction, encode_transaction, encode_transaction_response
from tests.drills import multiplying
from tests.drills.visits import ORGANIZATIONS, VISIT_RECORDS, organization, visits
from tests.helpers.postgres import PostgresServer, name_in

BASE: Final = 50_000
BATCH: Final = 200
ROUNDS: Final = 40
"""Batches each database takes while it is measured."""
TOLD: Final = 40
"""Records each database tells a waiting reader of."""
HIGHEST_RATIO: Final = 1.5
LOWEST_RATE: Final = 1000.0
_KEY: Final = bytes(range(32))
_SERVER: Final = {
    "fsync": "on",
    "full_page_writes": "on",
    "autovacuum": "on",
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "maintenance_work_mem": "256MB",
}


@dataclass
class Side:
    """One of the two databases: a writer's way in, a reader's way in as of another process, and what was measured."""

    writer: Feed
    reader: Feed
    visit: int
    batch_s: list[float] = field(default_factory=list)
    told_s: list[float] = field(default_factory=list)
    idle_s: list[float] = field(default_factory=list)
    page_s: list[float] = field(default_factory=list)

    def take_batch(self) -> None:
        """Hand in one batch of new records and note how long the hub took."""
        site, first = self.visit % ORGANIZATIONS, self.visit
        self.visit += BATCH // VISIT_RECORDS
        body = encode_transaction(visits(site, first, BATCH // VISIT_RECORDS))
        began_s = time.perf_counter()
        hand_in(self.writer, site, body)
        self.batch_s.append(time.perf_counter() - began_s)

    def tell_one(self) -> None:
        """Have a reader wait, hand in one record of his organisation, and note how long it took to reach him."""
        site, first = self.visit % ORGANIZATIONS, self.visit
        self.visit += 1
        reader = Caller("the-reader", organization(site))
        cursor = self._timed(self.page_s, lambda: self.reader.changes(reader, "", BATCH).cursor)
        cursor = self._end_of(reader)
        self._timed(self.idle_s, lambda: self.reader.changes(reader, cursor, BATCH).cursor)
        body = encode_transaction(visits(site, first, 1)[:1])
        self.told_s.append(asyncio.run(self._told(reader, cursor, lambda: hand_in(self.writer, site, body))))

    async def _told(self, reader: Caller, cursor: str, write: Callable[[], None]) -> float:
        with self.reader.bell.waiting(reader) as waiter:
            began_s = time.perf_counter()
            await asyncio.to_thread(write)
            while not self.reader.changes(reader, cursor, BATCH).changes:
                if not await waiter.rest(30):
                    raise AssertionError("a waiting reader was told nothing for half a minute")
            return time.perf_counter() - began_s

    def _end_of(self, reader: Caller) -> str:
        """Return the cursor behind everything a reader could see, without reading all of it."""
        with self.reader._database.reading() as connection:
            newest = connection.execute(text("SELECT max(seq) FROM history")).scalar_one()
            return self.reader.cursor_at(connection, newest)

    @staticmethod
    def _timed(into: list[float], ask: Callable[[], str]) -> str:
        began_s = time.perf_counter()
        cursor = ask()
        into.append(time.perf_counter() - began_s)
        return cursor

    def figures(self, resources: int, size_bytes: int) -> dict[str, object]:
        """Return what was measured, medians."""
        return {
            "resources": resources,
            "database_mb": size_bytes >> 20,
            "ingest_per_s": round(BATCH / statistics.median(self.batch_s), 1),
            "told_ms": round(statistics.median(self.told_s) * 1000, 2),
            "told_p95_ms": round(sorted(self.told_s)[len(self.told_s) * 95 // 100] * 1000, 2),
            "idle_poll_ms": round(statistics.median(self.idle_s) * 1000, 2),
            "first_page_ms": round(statistics.median(self.page_s) * 1000, 2),
        }


def run(arguments: Sequence[str]) -> tuple[dict[str, object], bool]:
    """Fill both databases, measure them in turns; return the figures and whether size costs too little to matter."""
    parser = argparse.ArgumentParser(prog="drill scale")
    parser.add_argument("--resources", type=int, default=5_000_000, help="records in the large database")
    parser.add_argument("--base", type=int, default=BASE, help="records in the small one")
    options = parser.parse_args(arguments)
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="dala-scale-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        server = PostgresServer(_SERVER)
        stack.callback(server.remove)
        server.start()
        small_at = server.take()
        _note(f"filling {options.base} through the feed")
        visit, fill_s = _fill(folder / "small", small_at, options.base)
        large_at = server.take_bare(name_in(small_at))
        _note(f"multiplying to {options.resources}")
        began_s = time.perf_counter()
        multiplying.multiply(large_at, options.resources, _note)
        grown_s = time.perf_counter() - began_s
        shutil.copytree(folder / "small", folder / "large")
        small = stack.enter_context(_side(folder / "small", small_at, visit))
        large = stack.enter_context(_side(folder / "large", large_at, visit))
        _note("measuring in turns")
        _measure(small, large)
        sizes = [_size(server, each) for each in (small_at, large_at)]
        counts = [multiplying.count(each) for each in (small_at, large_at)]
    return _verdict(small.figures(counts[0], sizes[0]), large.figures(counts[1], sizes[1]), fill_s, grown_s)


def _measure(small: Side, large: Side) -> None:
    for side in (small, large):  # each database's plans and caches as they are on any day
        side.take_batch()
        side.tell_one()
        for measured in (side.batch_s, side.told_s, side.idle_s, side.page_s):
            measured.clear()
    for turn in range(max(ROUNDS, TOLD)):
        for side in (small, large) if turn % 2 else (large, small):
            if turn < ROUNDS:
                side.take_batch()
            if turn < TOLD:
                side.tell_one()


def _verdict(
    small: dict[str, object], large: dict[str, object], fill_s: float, grown_s: float
) -> tuple[dict[str, object], bool]:
    ingest = float(str(small["ingest_per_s"])) / float(str(large["ingest_per_s"]))
    told = float(str(large["told_ms"])) / float(str(small["told_ms"]))
    figures = {
        "small": small,
        "large": large,
        "ingest_ratio": round(ingest, 2),
        "told_ratio": round(told, 2),
        "fill_s": round(fill_s, 1),
        "grown_s": round(grown_s, 1),
    }
    return figures, max(ingest, told) <= HIGHEST_RATIO


def hand_in(feed: Feed, site: int, body: bytes) -> None:
    """Have a hub take one batch as it comes over the wire: read, judged, stored, answered."""
    writer = Caller(f"pc-{site}", organization(site))
    feed.apply(writer, decode_transaction(body), judge, encode_transaction_response, "")


def _fill(folder: Path, address: str, resources: int) -> tuple[int, float]:
    """Fill a database through the feed; return the number of the next visit and the seconds it took."""
    began_s = time.perf_counter()
    with _side(folder, address, 0) as side:
        while side.visit * VISIT_RECORDS < resources:
            side.take_batch()
        return side.visit, time.perf_counter() - began_s


@contextmanager
def _side(folder: Path, address: str, visit: int) -> Iterator[Side]:
    clock = SystemClock()
    with ExitStack() as stack:
        stores: list[Store] = []
        for _ in range(2):
            stores.append(open_server_store(folder, address, _KEY, clock))
            stack.callback(stores[-1].close)
        writer, reader = (Feed(store.database, clock) for store in stores)
        reader.bell.listen()
        stack.callback(reader.bell.close)
        yield Side(writer, reader, visit)


def _size(server: PostgresServer, address: str) -> int:
    ((size,),) = server.execute(f"SELECT pg_database_size('{name_in(address)}')")
    return int(size)


def _note(words: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {words}", file=sys.stderr, flush=True)
