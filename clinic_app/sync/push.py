"""Outbox to hub: in small transactions, for ever, and one bad record never stops the others.

A transaction carries at most one version of each record. What may have reached the hub is noted before it is sent, so
that an answer that was lost is made good by sending the very same bytes again: the hub knows them by the key and by
their digest. `clinic_app.sync.batches` says what goes when.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Collection, Sequence
from typing import Final

from clinic_app.foundation.errors import InvalidInputError, LinkError
from clinic_app.records import Task, decode, decode_as
from clinic_app.referral.hub_times import remember_hub_time
from clinic_app.storage import Lane, OutboxRow, Store
from clinic_app.storage.exchange.exchange import Write, Written
from clinic_app.storage.exchange.sent_again import PATIENCE
from clinic_app.sync.batches import Batches, Parcel
from clinic_app.sync.link import HubLink, HubRefusalError

MOST_ASKED: Final = 50
"""Records asked for one by one in one exchange with a hub that was restored; more have their turn in the next."""
_NO_SUCH_STEP: Final = 409
_log: Final = logging.getLogger(__name__)
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
        self._batches = Batches(store.outbox)
        self._most_seq = 0
        self._had_their_turn: set[int] = set()
        self._most_asked = 0

    async def run(self) -> None:
        """Send what waits now; what is written meanwhile has its turn later, so that this comes to an end.

        Raises:
            LinkError: the hub cannot be reached; what is left stays queued.
        """
        self.begin()
        while await self.step():
            pass

    def begin(self) -> None:
        """Look anew at what waits now."""
        self._store.outbox.let_go()
        self._most_seq = self._store.outbox.newest_seq()
        self._had_their_turn.clear()
        self._most_asked = MOST_ASKED

    async def step(self, lanes: Collection[Lane] | None = None) -> bool:
        """Send one transaction of these lanes, of all by default; return False where nothing waits any more.

        Raises:
            LinkError: the hub cannot be reached; what is left stays queued.
        """
        parcels = self._batches.next(
            self._link.habits.batch_bytes(), most_seq=self._most_seq, lanes=lanes, without=self._had_their_turn
        )
        if not parcels:
            return False
        seqs = [seq for each in parcels for seq in each.seqs]
        self._store.outbox.sending(seqs)
        try:
            await self._send(parcels)
        except LinkError as error:
            self._store.outbox.failed(seqs, str(error))
            raise
        return True

    async def _send(self, parcels: Sequence[Parcel]) -> None:
        rows = [each.row for each in parcels]
        writes = [Write(row.type, row.id, row.body, row.base_hub_version) for row in rows]
        try:
            written = await self._link.push(writes, _key(rows))
        except HubRefusalError as error:
            await self._refused(parcels, error)
        else:
            self._settle(parcels, written)

    async def _refused(self, parcels: Sequence[Parcel], error: HubRefusalError) -> None:
        """Halve a refused transaction until the one record stands alone that the hub does not take."""
        if len(parcels) > 1:
            middle = len(parcels) // 2
            await self._send(parcels[:middle])
            await self._send(parcels[middle:])
            return
        if not (await self._is_lost_below(parcels[0].row, error) or await self._gives_way(parcels[0].row, error)):
            self._set_aside(parcels[0], error)
        self._on_progress(len(parcels[0].seqs))

    async def _is_lost_below(self, row: OutboxRow, error: HubRefusalError) -> bool:
        """Whether a row is refused because the hub was restored, and has lost what the row was made from.

        It waits until that has come again from whoever wrote it. A row that the hub has all the same is settled.
        """
        is_possible = error.status in _CONFLICTS and self._link.habits.was_restored
        if not is_possible or self._most_asked <= 0:
            if is_possible:
                self._wait(row, error)
            return is_possible
        self._most_asked -= 1
        try:
            body = await self._link.record(row.type, row.id)
            version = decode(body).version_id if body is not None else None
        except (HubRefusalError, InvalidInputError):
            return False
        if body is None or version is None:
            if row.base_hub_version is None or row.attempts > PATIENCE:
                return False
            self._wait(row, error)
            return True
        meeting = self._store.outbox.meet(row.seq, body, version)
        if meeting == "waits":
            self._wait(row, error)
        return meeting != "new"

    def _wait(self, row: OutboxRow, error: HubRefusalError) -> None:
        """Leave a record for the next exchange, with all that was written onto it."""
        self._had_their_turn |= {each.seq for each in self._rows_of(row)}
        self._store.outbox.failed([row.seq], error.words)

    async def _gives_way(self, row: OutboxRow, error: HubRefusalError) -> bool:
        """Take the hub's Task where it says the same, or where ours is a step that no Task takes, as a second end."""
        is_received = row.type == Task.__name__ and _says_received(row)
        is_no_step = error.status == _NO_SUCH_STEP and row.type == Task.__name__
        if row.base_hub_version is None or error.status not in _CONFLICTS or not (is_received or is_no_step):
            return False
        try:
            body = await self._link.record(row.type, row.id)
            theirs = decode_as(Task, body) if body is not None else None
        except (HubRefusalError, InvalidInputError):
            return False
        if body is None or theirs is None:
            return False
        if theirs.version_id == row.base_hub_version:
            _log.warning("our step of a Task gives way to what the hub has")
            self._store.records.give_way(body)
        elif is_received:
            self._store.records.receive([body])
        return not any(each.seq == row.seq and each.state != "acked" for each in self._rows_of(row))

    def _rows_of(self, row: OutboxRow) -> tuple[OutboxRow, ...]:
        return self._store.outbox.rows_for(row.type, row.id)

    def _set_aside(self, parcel: Parcel, error: HubRefusalError) -> None:
        """Decide what a refused record means: most are for a person, two things about Tasks settle themselves."""
        outbox, row = self._store.outbox, parcel.row
        if error.status not in _CONFLICTS:
            outbox.quarantine(row.seq, error.words)
        elif row.type == Task.__name__ and row.base_hub_version is None and _is_moved_on(row):
            self._had_their_turn.add(row.seq)
            outbox.failed([row.seq], error.words)  # it came on a stick; the sender's own Task has yet to reach the hub
        elif row.type == Task.__name__ and row.base_hub_version and _says_received(row):
            outbox.acknowledge({row.seq: row.base_hub_version})  # a colleague's workstation said "received" first
        else:
            for seq in parcel.seqs:
                outbox.conflicted(seq, error.words)

    def _settle(self, parcels: Sequence[Parcel], written: Sequence[Written]) -> None:
        for each in written:
            if each.type_name == Task.__name__ and not self._link.is_on_way:
                remember_hub_time(self._store, each.id, each.received_at)
        versions = {parcel.row.seq: each.version for parcel, each in zip(parcels, written, strict=True)}
        self._store.outbox.acknowledge(versions)
        self._on_progress(sum(len(each.seqs) for each in parcels))


def _is_moved_on(row: OutboxRow) -> bool:
    return decode_as(Task, row.body).status not in ("draft", "requested")


def _says_received(row: OutboxRow) -> bool:
    return decode_as(Task, row.body).status == "received"


def _key(rows: Sequence[OutboxRow]) -> str:
    """The same rows make the same key, in this run of the program or the next."""
    return hashlib.sha256("\n".join(row.op_id for row in rows).encode()).hexdigest()
