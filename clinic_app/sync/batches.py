"""What goes to the hub next: whole small transactions in which nothing comes before what it refers to.

Edits of one record that the hub has not seen go as one, its last; all of them stay in the history here. What may have
been seen, because an answer was lost, goes again just as it was: the hub knows it by its bytes. A record goes together
with what it refers to, out of whatever lane, so that an emergency brings the patient's card with it. Where the hub
refused what a record refers to, the record waits and says so; only emergencies do not wait, and the audit trail.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from clinic_app.records import Task
from clinic_app.storage import Lane, Outbox, OutboxRow
from clinic_app.storage.exchange.outbox import RecordKey, is_blocking
from clinic_app.sync.wire import BATCH_ENTRIES

_STEP_BY_STEP: Final = frozenset({Task.__name__})
"""Types whose every version the hub wants to see, because it judges the step from one to the next."""
_NEVER_WAIT: Final = frozenset({"emergency", "audit"})
_REFERENCE: Final = re.compile(rb'"reference"\s*:\s*"([A-Z][A-Za-z]{2,40})/([A-Za-z0-9.-]{1,64})"')


@dataclass(frozen=True)
class Parcel:
    """One record on its way.

    Args:
        row: what is sent.
        seqs: the rows this settles: itself, and earlier edits that it carries.
    """

    row: OutboxRow
    seqs: tuple[int, ...]

    @property
    def key(self) -> RecordKey:
        """The record's type and id."""
        return (self.row.type, self.row.id)


class Batches:
    """The transactions of one outbox, one after the other.

    Args:
        outbox: where the rows wait.
    """

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def next(
        self,
        most_bytes: int,
        *,
        most_seq: int | None = None,
        lanes: Collection[Lane] | None = None,
        without: Collection[int] = (),
    ) -> tuple[Parcel, ...]:
        """Return the parcels of the next transaction, at least one while anything may go.

        Args:
            most_bytes: of records in it; one record alone may be larger.
            most_seq: begin with nothing written after this row.
            lanes: begin with these only; what is referred to comes along from any.
            without: rows that had their turn.
        """
        while True:
            waiting = [
                row
                for row in self._outbox.pending(BATCH_ENTRIES + len(without), most_seq=most_seq, lanes=lanes)
                if row.seq not in without
            ]
            if not waiting:
                return ()
            unsettled = self._with_parents(waiting)
            chosen, held = _Choice(unsettled, most_bytes), False
            for row in waiting:
                parent = None if row.lane in _NEVER_WAIT else chosen.missing(row)
                if parent is not None:
                    own = unsettled[row.type, row.id]
                    self._outbox.hold([each.seq for each in own if each.state == "queued"], parent)
                    held = True
                elif not chosen.add(row):
                    break
            if chosen.parcels or not held:
                return tuple(chosen.parcels.values())

    def _with_parents(self, waiting: Sequence[OutboxRow]) -> dict[RecordKey, tuple[OutboxRow, ...]]:
        """Return what is not settled of these records, and of all they refer to."""
        unsettled: dict[RecordKey, tuple[OutboxRow, ...]] = {}
        wanted = {(row.type, row.id) for row in waiting}
        looked_at: set[RecordKey] = set()
        while wanted:
            looked_at |= wanted
            found = self._outbox.rows_of(wanted)
            unsettled |= found
            wanted = {key for rows in found.values() for row in rows for key in references(row)} - looked_at
        return unsettled


class _Choice:
    """One transaction while it is being filled."""

    def __init__(self, unsettled: dict[RecordKey, tuple[OutboxRow, ...]], most_bytes: int) -> None:
        self._unsettled = unsettled
        self._left = most_bytes
        self.parcels: dict[RecordKey, Parcel] = {}

    def missing(self, row: OutboxRow) -> RecordKey | None:
        """Return what a row refers to, over however many others, that the hub does not take; None: nothing."""
        return next((key for key in self._family(row) if is_blocking(self._unsettled[key])), None)

    def add(self, row: OutboxRow) -> bool:
        """Take a record in with what it refers to and the hub has not; tell whether there was room."""
        own = (row.type, row.id)
        if own in self.parcels:
            return True
        keys = [key for key in self._family(row) if self._is_new(key)]
        parcels = [each for key in (*keys, own) if (each := _parcel(self._unsettled[key])) is not None]
        size = sum(len(each.row.body) for each in parcels)
        if self.parcels and (size > self._left or len(self.parcels) + len(parcels) > BATCH_ENTRIES):
            return False
        self._left -= size
        self.parcels |= {each.key: each for each in parcels[:BATCH_ENTRIES]}
        return True

    def _is_new(self, key: RecordKey) -> bool:
        """Whether the hub has nothing of a record and can get it now."""
        rows = self._unsettled[key]
        first = next((each for each in rows if each.state == "queued"), None)
        is_new = first is not None and first.base_hub_version is None and first.hub_version is None
        return is_new and key not in self.parcels

    def _family(self, row: OutboxRow) -> list[RecordKey]:
        """Return what a row refers to and is not settled, what comes first first; circles are cut somewhere."""
        ordered: list[RecordKey] = []
        seen = {(row.type, row.id)}
        stack = [(key, False) for key in reversed(tuple(references(row)))]
        while stack:
            key, is_done = stack.pop()
            if is_done:
                ordered.append(key)
            elif key not in seen and key in self._unsettled:
                seen.add(key)
                stack.append((key, True))
                stack.extend((each, False) for below in self._unsettled[key] for each in references(below))
        return ordered


def references(row: OutboxRow) -> Iterable[RecordKey]:
    """Return what a record refers to; events of the audit trail follow nobody."""
    if row.lane == "audit":
        return ()
    return dict.fromkeys((kind.decode(), name.decode()) for kind, name in _REFERENCE.findall(row.body))


def _parcel(unsettled: Sequence[OutboxRow]) -> Parcel | None:
    """Return what is sent of one record: what may have been seen as it was, else all that is new as one."""
    queued = [row for row in unsettled if row.state == "queued"]
    if not queued:
        return None
    if queued[0].type in _STEP_BY_STEP or queued[0].hub_version is not None:
        return Parcel(queued[0], (queued[0].seq,))
    tried = [row for row in queued if row.attempts]
    carried = tried or [*_new_ones(queued)]
    return Parcel(carried[-1], tuple(row.seq for row in carried))


def _new_ones(queued: Sequence[OutboxRow]) -> Iterable[OutboxRow]:
    """Return the rows up to the first that the hub had already and gets once more."""
    for row in queued:
        if row.hub_version is not None:
            return
        yield row
