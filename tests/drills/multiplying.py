"""Makes many records of a hub's PostgreSQL database out of few, inside the server.

Every row of every table that belongs to a record is inserted again under another id: the first eight digits of each id
(the time in a UUIDv7, RFC 9562) become those of an earlier time, in the row and in the record's bytes. So the copies
refer to one another as the originals do, and lie before them in every index, as records do that were written earlier.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from clinic_app.foundation.ids import new_id
from clinic_app.storage.tables import METADATA

_EARLIER: Final = 20_000
"""The copies are older than the originals, in steps of 65 s."""
_ID: Final = "'[0-9a-f]{8}(-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab])'"
_TABLES: Final = (
    "record",
    "history",
    "index_entry",
    "feed_record",
    "feed_version",
    "feed_audience",
    "feed_bucket",
    "count_patient",
    "count_finding",
    "count_request",
    "count_task",
    "patient_number",
)
_NUMBERS: Final = ("seq", "changed_seq", "number")
_WITH_IDS: Final = ("id", "value", "bucket", "subject", "request", "patient_id", "request_id")


def multiply(address: str, resources: int, note: Callable[[str], None]) -> None:
    """Insert copies of what is in a database until it has so many records."""
    import psycopg

    with psycopg.connect(address, autocommit=True) as server:
        server.execute("SET session_replication_role = replica")  # the copies' references are right by themselves
        server.execute("SET synchronous_commit = off")
        base = count(address)
        copies = max(0, resources // base - 1)
        for table in (*_TABLES, "patient_search"):
            server.execute(f"CREATE TEMPORARY TABLE base_{table} AS SELECT * FROM {table}")
        spans = {name: _span(server, table, name) for table, name in (("history", "seq"), ("patient_number", "number"))}
        now = int(new_id()[:8], 16)
        for copy in range(1, copies + 1):
            with server.transaction():
                for table in _TABLES:
                    server.execute(_copied(table, f"{now - _EARLIER - copies + copy:08x}", copy, spans))
                shift = spans["number"] * copy
                server.execute(f"INSERT INTO patient_search SELECT number + {shift}, keys FROM base_patient_search")
            if copy % 10 == 0:
                note(f"{(copy + 1) * base} records")
        for table, name in (("history", "seq"), ("patient_number", "number")):
            newest = f"(SELECT max({name}) FROM {table})"
            server.execute(f"SELECT setval(pg_get_serial_sequence('{table}', '{name}'), {newest})")
        note("vacuum and analysis, as the server does by itself in quiet hours")
        server.execute("VACUUM ANALYZE")
        server.execute("CHECKPOINT")


def count(address: str) -> int:
    """Return how many records a database has."""
    import psycopg

    with psycopg.connect(address) as server:
        row = server.execute("SELECT count(*) FROM record").fetchone()
    assert row is not None
    return int(row[0])


def _span(server: object, table: str, name: str) -> int:
    row = server.execute(f"SELECT max({name}) FROM {table}").fetchone()  # type: ignore[attr-defined]
    return int(row[0] or 0)


def _copied(table: str, prefix: str, copy: int, spans: dict[str, int]) -> str:
    """Return the statement that inserts one copy of a table's rows."""
    names = [column.name for column in METADATA.tables[table].columns]
    made = []
    for name in names:
        if name in _NUMBERS:
            made.append(f"{name} + {spans['number' if name == 'number' else 'seq'] * copy}")
        elif name in _WITH_IDS:
            made.append(f"regexp_replace({name}, {_ID}, '{prefix}\\1')")
        elif name == "body":
            made.append(f"convert_to(regexp_replace(convert_from(body, 'UTF8'), {_ID}, '{prefix}\\1', 'g'), 'UTF8')")
        else:
            made.append(name)
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"INSERT INTO {table} ({quoted}) SELECT {', '.join(made)} FROM base_{table}"
