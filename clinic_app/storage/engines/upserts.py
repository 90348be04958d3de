"""Writing rows, one or many at once, in each database's own words: the one place where those differ.

SQLite goes through a prepared statement row by row in C. A server gets one statement with one array for each column
(PostgreSQL, "Array Functions", ``unnest``): the rows cost it one round trip and one plan, however many they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Column, Connection, Row, Table, bindparam, func, insert, select, text
from sqlalchemy.dialects import postgresql, sqlite

_SERVER: Final = "postgresql"


class Addition:
    """An insert of new rows, which have a value for every column but a number the database gives.

    Args:
        table: where they go.
        told: columns whose values come back, of each row and in no order.
    """

    def __init__(self, table: Table, *told: Column[Any]) -> None:
        self._plain = insert(table).returning(*told) if told else insert(table)
        arrays = _from_arrays(table)
        self._arrays = arrays.returning(*told) if told else arrays

    def run(self, connection: Connection, rows: Sequence[Mapping[str, object]]) -> Sequence[Row[Any]]:
        """Write ``rows`` inside the transaction of ``connection`` and return what comes back."""
        if not rows:
            return ()
        if connection.dialect.name == _SERVER:
            done = connection.execute(self._arrays, _columns(rows))
        else:
            done = connection.execute(self._plain, rows if len(rows) > 1 else rows[0])
        return done.all() if done.returns_rows else ()


class Upsert:
    """An insert that meets rows with the same primary key.

    Args:
        table: where the rows go.
        changed: columns in which a standing row takes the new value; with none it stays as it is.
    """

    def __init__(self, table: Table, *changed: str) -> None:
        self._in_a_file = _settled(sqlite.insert(table), table, changed)
        self._on_a_server = _settled(postgresql.insert(table), table, changed)
        self._arrays = _settled(_from_arrays(table), table, changed)

    def run(self, connection: Connection, row: Mapping[str, object]) -> None:
        """Write ``row`` inside the transaction of ``connection``."""
        is_server = connection.dialect.name == _SERVER
        connection.execute(self._on_a_server if is_server else self._in_a_file, row)

    def run_all(self, connection: Connection, rows: Sequence[Mapping[str, object]]) -> None:
        """Write ``rows``, no two of which have the same key, inside the transaction of ``connection``."""
        if not rows:
            return
        if connection.dialect.name == _SERVER:
            connection.execute(self._arrays, _columns(rows))
        else:
            connection.execute(self._in_a_file, rows)


def _from_arrays(table: Table) -> postgresql.Insert:
    """Return the insert that takes an array for each column, under the column's name with an ``s``."""
    columns = [column for column in table.columns if column is not table.autoincrement_column]
    arrays = (func.unnest(bindparam(f"{each.name}s", type_=postgresql.ARRAY(each.type))) for each in columns)
    return postgresql.insert(table).from_select([each.name for each in columns], select(*arrays))


def _columns(rows: Sequence[Mapping[str, object]]) -> dict[str, list[object]]:
    return {f"{name}s": [row[name] for row in rows] for name in rows[0]}


def _settled(fresh: Any, table: Table, changed: tuple[str, ...]) -> Any:  # noqa: ANN401 - alike, but no common type
    if not changed:
        return fresh.on_conflict_do_nothing()
    values = {name: fresh.excluded[name] for name in changed}
    return fresh.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=values)


def take_numbers(connection: Connection, table: Table, count: int) -> range | list[int]:
    """Take the next numbers a table would give its rows; none of them is given to a row any more.

    Args:
        connection: an open writing transaction.
        table: one that numbers its rows and has had at least one.
        count: how many.
    """
    if connection.dialect.name == _SERVER:
        return list(connection.execute(_NEXT_ON_A_SERVER, {"name": table.name, "count": count}).scalars())
    last = connection.execute(_NEXT_IN_A_FILE, {"name": table.name, "count": count}).scalar_one()
    return range(last - count + 1, last + 1)


_NEXT_ON_A_SERVER: Final = text("SELECT nextval(pg_get_serial_sequence(:name, 'seq')) FROM generate_series(1, :count)")
_NEXT_IN_A_FILE: Final = text("UPDATE sqlite_sequence SET seq = seq + :count WHERE name = :name RETURNING seq")
