"""The query for "all records that say this and that", so that it stays quick however many records there are.

SQLite knows nothing about how common a value is. So the query begins with the parameter that fits the fewest records (a
patient has a hundred observations, a status a million) and only looks the others up; and the order is made at the end,
because walking all records in their order would look at every one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Select, UnaryExpression, exists, literal_column, select

from clinic_app.storage.indexes import NAMES, index_value
from clinic_app.storage.tables import INDEX_ENTRY, RECORD

_COMMON: Final = ("author", "agent", "requester", "owner", "performer", "tag", "code", "category", "status")
"""Names whose values fit many records, the most common last; every other name fits few."""
_LAST_CHANGED_FIRST: Final[UnaryExpression[Any]] = literal_column("+record.changed_seq").desc()
"""The plus keeps them from walking the index of the order (sqlite.org/optoverview.html: "Disqualifying terms")."""


def bodies_with(type_name: str, params: Mapping[str, str], limit: int) -> Select[Any]:
    """Return the query for the bodies of one type that have all of ``params``, last changed first.

    Raises:
        ValueError: a name no record is indexed by.
    """
    if unknown := params.keys() - NAMES:
        raise ValueError(f"records are not indexed by {', '.join(sorted(unknown))}")
    query = select(RECORD.c.body).where(RECORD.c.type == type_name).limit(limit)
    if not params:
        return query.order_by(RECORD.c.changed_seq.desc())
    first, *others = sorted(params, key=lambda name: _COMMON.index(name) if name in _COMMON else -1)
    query = query.where(RECORD.c.id.in_(select(INDEX_ENTRY.c.id).where(*_entry(type_name, first, params[first]))))
    for name in others:
        query = query.where(exists().where(*_entry(type_name, name, params[name]), INDEX_ENTRY.c.id == RECORD.c.id))
    return query.order_by(_LAST_CHANGED_FIRST)


def _entry(type_name: str, name: str, value: str) -> tuple[Any, ...]:
    return (INDEX_ENTRY.c.type == type_name, INDEX_ENTRY.c.name == name, INDEX_ENTRY.c.value == index_value(value))
