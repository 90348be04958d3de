"""What a facility hub gives back to whoever wrote it: kept with the record, and said in every page that brings it.

A mark stays until what it is about has gone up after all. Only the workstation that wrote the version takes it back
(`clinic_app.storage.exchange.given_back`), and only once, so that saying it again costs nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select, update

from clinic_app.storage.engines.database import Database
from clinic_app.storage.engines.upserts import take_numbers
from clinic_app.storage.exchange.exchange import Change, GivenBack
from clinic_app.storage.exchange.outbox import OutboxState
from clinic_app.storage.feed.tables import FEED_AUDIENCE, FEED_RECORD
from clinic_app.storage.memory import forget_values, put_values
from clinic_app.storage.record_rows import Key
from clinic_app.storage.tables import HISTORY, MEMORY, OUTBOX

ABOVE: Final = "above"
"""Stands for the hub above where the feed names the workstation that wrote."""
REFUSED: Final[tuple[OutboxState, ...]] = ("conflict", "quarantined")
_MARK: Final = "given-back/"
_CHANGED: Final = "The record was changed elsewhere first."


class _Mark(msgspec.Struct, frozen=True):
    """One version that was given back, and the row of the outbox it stood in."""

    version: str
    is_conflict: bool
    words: str
    seq: int


def mark(connection: Connection, key: Key, row: Any, *, is_conflict: bool) -> None:  # noqa: ANN401 - a row of OUTBOX
    """Note inside a transaction that the version in a row of the outbox is given back.

    Args:
        connection: an open writing transaction.
        key: the record.
        row: ``seq``, ``body`` and ``last_error`` of the outbox.
        is_conflict: whether the hub above has another version, not: does not want this one.
    """
    version = msgspec.json.decode(row.body).get("meta", {}).get("versionId", "")
    words = _CHANGED if is_conflict else row.last_error
    kept = tuple(each for each in _marks(connection, [key]).get(key, ()) if each.version != version)
    put_values(connection, {_name(key): msgspec.json.encode((*kept, _Mark(version, is_conflict, words, row.seq)))})


def with_given_back(database: Database, changes: Sequence[Change]) -> tuple[Change, ...]:
    """Return changes with the versions of each record that are given back."""
    with database.reading() as connection:
        marks = _marks(connection, [(change.type_name, change.id) for change in changes])
    told = {
        key: tuple(GivenBack(each.version, each.is_conflict, each.words) for each in standing)
        for key, standing in marks.items()
    }
    return tuple(
        dataclasses.replace(change, given_back=given) if (given := told.get((change.type_name, change.id))) else change
        for change in changes
    )


def give_back_refused(connection: Connection, *, was_tried_again: bool) -> int:
    """Give back what the hub above refused; show what it has taken since once more, without the mark.

    To be asked when nothing more comes down: a conflict that still stands then will not be settled by what comes.

    Args:
        connection: an open writing transaction.
        was_tried_again: whether what stands refused was refused just now, once more (`try_again`).

    Returns:
        How many records were shown again.
    """
    shown: set[Key] = set()
    marks = _marks(connection)
    marked = {each.seq for standing in marks.values() for each in standing}
    columns = (OUTBOX.c.seq, OUTBOX.c.type, OUTBOX.c.id, OUTBOX.c.body, OUTBOX.c.last_error)
    refused = select(*columns).where(OUTBOX.c.state.in_(REFUSED)).order_by(OUTBOX.c.seq)
    for row in connection.execute(refused).all():
        if row.seq not in marked or was_tried_again:
            mark(connection, (row.type, row.id), row, is_conflict=False)
            shown.add((row.type, row.id))
    shown |= _forget_taken(connection, marks)
    for key in sorted(shown):
        bring_again(connection, key)
    return len(shown)


def try_again(database: Database) -> int:
    """Queue again what the hub above did not want, which may have learnt since; return how many rows that were."""
    with database.writing(may_use_reserve=True) as connection:
        refused = update(OUTBOX).where(OUTBOX.c.state.in_(REFUSED))
        return connection.execute(refused.values(state="queued")).rowcount


def bring_again(connection: Connection, key: Key) -> None:
    """Give a record a new place in the feed, in the version it has, so that every workstation is shown it again."""
    (place,) = take_numbers(connection, HISTORY, 1)
    moved = update(FEED_RECORD).where(FEED_RECORD.c.type == key[0], FEED_RECORD.c.id == key[1])
    connection.execute(moved.values(seq=place, workstation_id=ABOVE))
    meant = update(FEED_AUDIENCE).where(FEED_AUDIENCE.c.type == key[0], FEED_AUDIENCE.c.id == key[1])
    connection.execute(meant.values(seq=place))


def _forget_taken(connection: Connection, marks: dict[Key, tuple[_Mark, ...]]) -> set[Key]:
    """Forget the marks of what the hub above has taken after all, and return which records that concerns."""
    refused = [each.seq for standing in marks.values() for each in standing if not each.is_conflict]
    taken = select(OUTBOX.c.seq).where(OUTBOX.c.seq.in_(refused), OUTBOX.c.state == "acked")
    gone = set(connection.execute(taken).scalars()) if refused else set()
    concerned = {key for key, standing in marks.items() if any(each.seq in gone for each in standing)}
    for key in concerned:
        _keep(connection, key, tuple(each for each in marks[key] if each.seq not in gone))
    return concerned


def _keep(connection: Connection, key: Key, standing: tuple[_Mark, ...]) -> None:
    if standing:
        put_values(connection, {_name(key): msgspec.json.encode(standing)})
    else:
        forget_values(connection, [_name(key)])


def _marks(connection: Connection, keys: Sequence[Key] | None = None) -> dict[Key, tuple[_Mark, ...]]:
    """Return the marks of some records, of all by default."""
    chosen = MEMORY.c.name.like(f"{_MARK}%") if keys is None else MEMORY.c.name.in_([_name(key) for key in keys])
    rows = connection.execute(select(MEMORY.c.name, MEMORY.c.value).where(chosen)).all()
    return {_key(row.name): msgspec.json.decode(row.value, type=tuple[_Mark, ...]) for row in rows}


def _name(key: Key) -> str:
    return f"{_MARK}{key[0]}/{key[1]}"


def _key(name: str) -> Key:
    type_name, _, record_id = name.removeprefix(_MARK).partition("/")
    return type_name, record_id
