"""Writing a row whether or not it is there, in each database's own words: the one place where those differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

_INSERTS: Final = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class Upsert:
    """An insert that meets a row with the same primary key.

    Args:
        table: where the row goes.
        changed: columns in which the standing row takes the new value; with none it stays as it is.
    """

    def __init__(self, table: Table, *changed: str) -> None:
        self._by_dialect = {dialect: _statement(insert, table, changed) for dialect, insert in _INSERTS.items()}

    def run(self, connection: Connection, row: Mapping[str, object]) -> None:
        """Write ``row`` inside the transaction of ``connection``."""
        connection.execute(self._by_dialect[connection.dialect.name], row)


def _statement(insert: Any, table: Table, changed: tuple[str, ...]) -> Any:  # noqa: ANN401 - alike, but no common type
    fresh = insert(table)
    if not changed:
        return fresh.on_conflict_do_nothing()
    values = {name: fresh.excluded[name] for name in changed}
    return fresh.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=values)
