"""Outbox to hub: in small transactions, for ever, and one bad record never stops the others.

A transaction carries at most one version of each record and takes the oldest first, so that an answer that was lost is
made good by sending the very same bytes again: the hub knows them by the key and by their digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

from clinic_app.foundation.errors import LinkError
from clinic_app.records import Task, decode_as
from clinic_app.referral.hub_times import remember_hub_time
from clinic_app.storage import OutboxRow, Store
from clinic_app.storage.exchange import Write, Written
from clinic_app.sync.link import HubLink, HubRefusalError
from clinic_app.sync.wire import BATCH_BYTES, BATCH_ENTRIES

_CONFLICTS: Final = frozenset({409, 412})


class Push:
    """The way up for records.

    Args:
        store: whose outbox it empties.
        link: the hub.
        on_progress: told how many records have been settled.
    """

    def __init__(self, store: Store, link: HubLink, on_progress: Callable[[int], None]) -> None:
        self._store = store
        self._link = link
        self._on_progress = on_progress

    async def run(self) -> None:
        """Send what waits now; what is written meanwhile has its turn later, so that this comes to an end.

        Raises:
            LinkError: the hub cannot be reached; what is left stays queued.
        """
        left = self._store.outbox.count()
        while left > 0 and (rows := self._batch()):
            left -= len(rows)
            try:
                await self._send(rows)
            except LinkError as error:
                self._store.outbox.failed([row.seq for row in rows], str(error))
                raise

    def _batch(self) -> tuple[OutboxRow, ...]:
        """Return the next rows that fit into one transaction: the oldest of each record, at least one row."""
        chosen: dict[tuple[str, str], OutboxRow] = {}
        size = 0
        for waiting in self._store.outbox.pending(BATCH_ENTRIES):
            if (waiting.type, waiting.id) in chosen:
                continue
            row = self._oldest(waiting)
            size += len(row.body)
            if chosen and size > BATCH_BYTES:
                break
            chosen[row.type, row.id] = row
        return tuple(chosen.values())

    def _oldest(self, waiting: OutboxRow) -> OutboxRow:
        """An edit in a more pressing lane must not overtake the version it was made from."""
        rows = self._store.outbox.rows_for(waiting.type, waiting.id)
        return next((row for row in rows if row.state == "queued"), waiting)

    async def _send(self, rows: Sequence[OutboxRow]) -> None:
        writes = [Write(row.type, row.id, row.body, row.base_hub_version) for row in rows]
        try:
            written = await self._link.push(writes, _key(rows))
        except HubRefusalError as error:
            await self._refused(rows, error)
        else:
            self._settle(rows, written)

    async def _refused(self, rows: Sequence[OutboxRow], error: HubRefusalError) -> None:
        """Halve a refused transaction until the one record stands alone that the hub does not take."""
        if len(rows) > 1:
            middle = len(rows) // 2
            await self._send(rows[:middle])
            await self._send(rows[middle:])
            return
        self._set_aside(rows[0], error)
        self._on_progress(1)

    def _set_aside(self, row: OutboxRow, error: HubRefusalError) -> None:
        """Decide what a refused row means: most are for a person, two things about Tasks settle themselves."""
        outbox = self._store.outbox
        if error.status not in _CONFLICTS:
            outbox.quarantine(row.seq, error.words)
        elif row.type == Task.__name__ and row.base_hub_version is None and _is_moved_on(row):
            outbox.failed([row.seq], error.words)  # it came on a stick; the sender's own Task has yet to reach the hub
        elif row.type == Task.__name__ and row.base_hub_version and _says_received(row):
            outbox.acknowledge({row.seq: row.base_hub_version})  # a colleague's workstation said "received" first
        else:
            outbox.conflicted(row.seq, error.words)

    def _settle(self, rows: Sequence[OutboxRow], written: Sequence[Written]) -> None:
        for each in written:
            if each.type_name == Task.__name__ and not each.is_on_way:
                remember_hub_time(self._store, each.id, each.received_at)
        self._store.outbox.acknowledge({row.seq: each.version for row, each in zip(rows, written, strict=True)})
        self._on_progress(len(rows))


def _is_moved_on(row: OutboxRow) -> bool:
    return decode_as(Task, row.body).status not in ("draft", "requested")


def _says_received(row: OutboxRow) -> bool:
    return decode_as(Task, row.body).status == "received"


def _key(rows: Sequence[OutboxRow]) -> str:
    """The same rows make the same key, in this run of the program or the next."""
    return hashlib.sha256("\n".join(row.op_id for row in rows).encode()).hexdigest()
