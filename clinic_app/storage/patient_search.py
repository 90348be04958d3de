"""Finding a patient by whatever was typed: parts of the name in any script, digits of a number.

Both databases keep one row of folded words per patient and look words up by their beginning: SQLite in an FTS5 table,
PostgreSQL in a ``tsvector`` under a GIN index. What is asked is the same and so are the answers; only the signs differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, TextClause, text

from clinic_app.foundation.folding import name_keys
from clinic_app.records import Patient
from clinic_app.storage.engines.upserts import Upsert
from clinic_app.storage.indexes import search_keys, telephone_keys
from clinic_app.storage.tables import PATIENT_NUMBER

_MOST_WORDS: Final = 12
_LONGEST_WORD: Final = 100
"""Letters of a word that are looked at; a ``tsvector`` takes words of 2 kB (PostgreSQL, "Limitations")."""


@dataclass(frozen=True)
class _Dialect:
    """One database's words for keeping and finding, and its signs for "all of", "any of" and "begins with"."""

    keep: TextClause
    find: TextClause
    every: str
    any: str
    prefix: str


_FOUND: Final = (
    "SELECT record.body FROM patient_search {join} "
    "JOIN record ON record.type = 'Patient' AND record.id = patient_number.id "
    "WHERE {condition} ORDER BY +record.changed_seq DESC LIMIT :limit"
)
_DIALECTS: Final = {
    "sqlite": _Dialect(
        keep=text(
            "INSERT OR REPLACE INTO patient_search (rowid, keys) "
            "SELECT number, :keys FROM patient_number WHERE id = :id"
        ),
        find=text(
            _FOUND.format(
                join="JOIN patient_number ON number = patient_search.rowid", condition="patient_search MATCH :match"
            )
        ),
        every=" AND ",
        any=" OR ",
        prefix='"{key}"*',
    ),
    "postgresql": _Dialect(
        keep=text(
            "INSERT INTO patient_search (number, keys) "
            "SELECT number, array_to_tsvector(string_to_array(:keys, ' ')) FROM patient_number WHERE id = :id "
            "ON CONFLICT (number) DO UPDATE SET keys = excluded.keys"
        ),
        find=text(
            _FOUND.format(join="JOIN patient_number USING (number)", condition="keys @@ CAST(:match AS tsquery)")
        ),
        every=" & ",
        any=" | ",
        prefix="'{key}':*",
    ),
}
_NUMBER: Final = Upsert(PATIENT_NUMBER)


def keep_names(connection: Connection, patients: Sequence[Patient]) -> None:
    """Keep what patients are searched by, in place of what was kept before, inside a transaction."""
    if not patients:
        return
    _NUMBER.run_all(connection, [{"id": patient.id} for patient in patients])
    words = ({word[:_LONGEST_WORD] for word in search_keys(patient).split()} for patient in patients)
    rows = [{"id": patient.id, "keys": " ".join(sorted(each))} for patient, each in zip(patients, words, strict=True)]
    connection.execute(_DIALECTS[connection.dialect.name].keep, rows)


def match_expression(words: str, dialect: str) -> str:
    """Return the database's expression for what was typed; empty when there is nothing to look for.

    Every word must be there, at least its beginning. Words are folded to letters and digits and quoted, so that none
    of them is taken for an operator or a column (FTS5, "Full-text Query Syntax"; PostgreSQL, "tsquery").
    """
    signs = _DIALECTS[dialect]
    keys = name_keys(words)[:_MOST_WORDS]
    number = telephone_keys(words)[-1:] if len(keys) > 1 and all(key.isdigit() for key in keys) else ()
    parts = (signs.every.join(signs.prefix.format(key=key[:_LONGEST_WORD]) for key in each) for each in (keys, number))
    return signs.any.join(f"({part})" for part in parts if part)


def matching_bodies(connection: Connection, words: str, limit: int) -> tuple[bytes, ...]:
    """Return the bodies of the patients found, last changed first."""
    dialect = connection.dialect.name
    match = match_expression(words, dialect)
    if not match:
        return ()
    return tuple(connection.execute(_DIALECTS[dialect].find, {"match": match, "limit": limit}).scalars())
