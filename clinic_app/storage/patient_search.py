"""Finding a patient by whatever was typed: parts of the name in any script, digits of a number."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text

from clinic_app.foundation.folding import name_keys
from clinic_app.storage.indexes import telephone_keys

_MOST_WORDS: Final = 12
_QUERY: Final = text(
    "SELECT record.body FROM patient_search JOIN patient_number ON number = patient_search.rowid "
    "JOIN record ON record.type = 'Patient' AND record.id = patient_number.id "
    "WHERE patient_search MATCH :match ORDER BY +record.changed_seq DESC LIMIT :limit"
)


def match_expression(words: str) -> str:
    """Return the FTS5 expression for what was typed; empty when there is nothing to look for.

    Every word must be there, at least its beginning. Words are folded and quoted, so that none of them is taken for an
    operator or a column (FTS5, "Full-text Query Syntax").
    """
    keys = name_keys(words)[:_MOST_WORDS]
    every = " AND ".join(map(_prefix, keys))
    number = telephone_keys(words)[-1:] if len(keys) > 1 and all(key.isdigit() for key in keys) else ()
    return " OR ".join(f"({part})" for part in (every, *map(_prefix, number)) if part)


def matching_bodies(connection: Connection, words: str, limit: int) -> tuple[bytes, ...]:
    """Return the bodies of the patients found, last changed first."""
    match = match_expression(words)
    if not match:
        return ()
    return tuple(connection.execute(_QUERY, {"match": match, "limit": limit}).scalars())


def _prefix(key: str) -> str:
    doubled = key.replace('"', '""')
    return f'"{doubled}"*'
