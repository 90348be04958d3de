"""Small named values that need the encryption but are no records: the hub's token, the node's keys, counters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from sqlalchemy import Connection, delete, select

from clinic_app.storage.engines.database import Database
from clinic_app.storage.engines.upserts import Upsert
from clinic_app.storage.tables import MEMORY

_KEEP: Final = Upsert(MEMORY, "value")
NUMBERS_PASSED_OVER: Final = "numbers-passed-over"
"""``when how-many``: after a restoration every counter leaves out as many as may have been given since the backup."""


class Memory:
    """The small values of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> bytes | None:
        """Return a value, or None if there is none."""
        with self._database.reading() as connection:
            return _value(connection, name)

    def starting(self, beginning: str) -> dict[str, bytes]:
        """Return every value whose name begins so, by its name."""
        query = select(MEMORY.c.name, MEMORY.c.value).where(MEMORY.c.name.startswith(beginning, autoescape=True))
        with self._database.reading() as connection:
            return {row.name: bytes(row.value) for row in connection.execute(query)}

    def put(self, name: str, value: bytes) -> None:
        """Keep a value, in place of the one before."""
        with self._database.writing(may_use_reserve=True) as connection:
            put_values(connection, {name: value})

    def get_or_make(self, name: str, make: Callable[[], bytes]) -> bytes:
        """Return a value; where there is none, keep what ``make`` gives. Two who ask at once get the same."""
        with self._database.writing(may_use_reserve=True) as connection:
            kept = _value(connection, name)
            if kept is None:
                kept = make()
                put_values(connection, {name: kept})
        return kept

    def next_number(self, name: str) -> int:
        """Return 1, 2, 3 ... and never the same twice, whoever asks; a number may be lost, not given again."""
        with self._database.writing() as connection:
            number = int(_value(connection, name) or b"0") + 1
            passed_over = _value(connection, NUMBERS_PASSED_OVER) or b""
            if passed_over != (_value(connection, _noted(name)) or b""):
                number += int(passed_over.split()[1])
                put_values(connection, {_noted(name): passed_over})
            put_values(connection, {name: str(number).encode()})
        return number


def put_values(connection: Connection, values: Mapping[str, bytes]) -> None:
    """Keep values inside a transaction, in place of those before."""
    for name, value in values.items():
        _KEEP.run(connection, {"name": name, "value": value})


def forget_values(connection: Connection, names: Iterable[str]) -> None:
    """Forget values inside a transaction."""
    connection.execute(delete(MEMORY).where(MEMORY.c.name.in_(tuple(names))))


def _noted(name: str) -> str:
    return f"{NUMBERS_PASSED_OVER}/{name}"


def _value(connection: Connection, name: str) -> bytes | None:
    return connection.execute(select(MEMORY.c.value).where(MEMORY.c.name == name)).scalar_one_or_none()
