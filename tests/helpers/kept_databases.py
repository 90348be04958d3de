"""Databases of earlier programs: what is in the files of ``tests/data/databases``, and how such a file is made.

There is one file for each revision of the schema, named after it, under the key of the tests. It is made once, by the
program that had that revision as its newest, and then kept as it is:

    python -m tests.helpers.kept_databases 0004 tests/data/databases/0004.db

Whoever adds a revision says in `ROWS` what its tables hold and makes the file with it.
"""

from __future__ import annotations

import hmac
import shutil
import sys
from pathlib import Path
from typing import Any, Final

from sqlalchemy import text

from clinic_app.keys import DATABASE_NAME, derive
from clinic_app.storage.engines.encrypted_file import EncryptedFile
from clinic_app.storage.engines.migrating import migrate

FILES: Final = Path(__file__).parents[1] / "data" / "databases"
KEPT_KEY: Final = bytes(range(32))
AT: Final = "2026-03-05T07:00:00+00:00"
SHA256: Final = "ab" * 32

Rows = dict[str, list[tuple[Any, ...]]]


def _patient(number: int, version: str) -> bytes:
    return (
        f'{{"resourceType":"Patient","id":"p{number}","meta":{{"versionId":"{version}"}},'
        f'"name":[{{"family":"Қасымов{number}"}}],"foreign":{{"x":72.50}}}}'
    ).encode()


TASK: Final = (
    b'{"resourceType":"Task","id":"t","meta":{"versionId":"v"},"status":"requested","intent":"order",'
    b'"for":{"reference":"Patient/p1"}}'
)
EVENT: Final = (
    b'{"resourceType":"AuditEvent","id":"e","meta":{"versionId":"v"},"type":{"code":"rest"},"action":"R",'
    b'"recorded":"2026-03-05T07:00:00Z","agent":[{"requestor":true}],"source":{"observer":{"reference":"Device/d"}}}'
)
_FIRST: Final[Rows] = {
    "record": [("Patient", f"p{n}", "v2", f"h{n}", _patient(n, "v2"), 2 * n) for n in (1, 2, 3)]
    + [("Task", "t", "v", None, TASK, 7), ("AuditEvent", "e", "v", None, EVENT, 8)],
    "history": [
        row
        for n in (1, 2, 3)
        for row in (
            (2 * n - 1, "Patient", f"p{n}", "v1", "received", _patient(n, "v1"), AT),
            (2 * n, "Patient", f"p{n}", "v2", "local", _patient(n, "v2"), AT),
        )
    ]
    + [(7, "Task", "t", "v", "local", TASK, AT), (8, "AuditEvent", "e", "v", "local", EVENT, AT)],
    "index_entry": [("Task", "t", "subject", "p1"), ("Task", "t", "status", "requested")],
    "outbox": [
        (1, "op1", "Patient", "p1", _patient(1, "v2"), "h1", None, "records", 2, 3, "queued", "no link", AT),
        (2, "op2", "Task", "t", TASK, None, None, "emergency", 0, 0, "queued", "", AT),
        (3, "op3", "Patient", "p2", _patient(2, "v2"), "h2", None, "records", 2, 1, "quarantined", "refused", AT),
        (9, "op4", "Patient", "p3", _patient(3, "v2"), "h3", "h4", "records", 2, 0, "acked", "", AT),
    ],
    "conflict": [(4, "Patient", "p1", _patient(1, "v2"), _patient(1, "h9"), "h9", AT, None)],
    "transfer": [(SHA256, "up", "images", 3, 1000, 400, "queued", "", AT)],
    "cursor": [("hub", "41")],
    "memory": [("hub-token", b"secret"), ("chart", b"17")],
    "account": [("dariger", "n1", "doctor", "$argon2id$", 1, 2, AT)],
    "audit_chain": [(1, "e", hmac.digest(derive(KEPT_KEY, "audit"), b"dala audit chain" + EVENT, "sha256"))],
    "patient_number": [(1, "p1"), (2, "p2"), (3, "p3")],
}
_SECOND: Final[Rows] = {
    "feed_record": [("Patient", "p1", "org-a", 2, "pc-1", AT), ("Task", "t", "org-b", 7, "pc-2", AT)],
    "feed_version": [("Patient", "p1", "v2", "org-a", "cd" * 32, AT)],
    "feed_audience": [("Task", "t", "org-a"), ("Patient", "p1", "*")],
    "feed_reference": [(SHA256, "Task", "t")],
    "feed_content": [("org-a", SHA256, 1000, 400, 0)],
    "feed_piece": [("org-a", SHA256, 0, 400, "ef" * 32)],
    "feed_answer": [("org-a", "key", "12" * 32, b"answer", AT)],
    "feed_workstation": [("pc-1", "34" * 32, "org-a", "Reception", AT, 0)],
}
_THIRD: Final[Rows] = {
    "audit_line": [(1, "", "", "", "2026-03-05T07:00:00.000000Z")],
    "audit_patient": [],
}
_FOURTH: Final[Rows] = {
    "count_patient": [(f"p{n}", "", "2026-03-05", "", "") for n in (1, 2, 3)],
    "count_finding": [],
    "count_request": [],
    "count_task": [("t", "", "", "", "2026-03-05", "", "requested", None, None)],
}
_FIFTH: Final[Rows] = {
    "feed_organization": [("org-a", "Ырғыз аудандық ауруханасы", AT)],
    "feed_site": [("site-1", "org-a", "Қабылдау бөлімі", AT)],
    "feed_code": [("56" * 32, "org-a", "site-1", "Reception", AT, "pc-1")],
    "feed_device": [
        ("pc-1", "site-1", "Ed25519", '{"kty":"OKP"}', AT, "0.1.0", 3, 4000, None, None, 0, None),
        ("pc-2", None, None, None, None, None, None, None, AT, "lost", 1, AT),
    ],
    "feed_assertion": [("pc-1", "0123456789", AT)],
    "feed_audit_head": [("pc-1", AT, 17, "78" * 32, "whole")],
}
_SIXTH: Final[Rows] = {
    "feed_audience": [("Task", "t", "org-a", "", 7), ("Patient", "p1", "*", "", 2), ("Patient", "p1", "org-c", "t", 9)],
    "feed_bucket": [("t", "org-c", "org-a", "p1", "r", AT, None)],
    "feed_gone": [(10, "org-c", "Observation", "o", "evict", AT)],
    "feed_tombstone": [("Observation", "o", "9a" * 32, AT)],
}
_SEVENTH: Final[Rows] = {
    "feed_content": [("org-a", SHA256, 1000, 400, 0, AT)],
    "feed_archive": [("bc" * 32, "differs", "1.2.3", "", AT)],
    "feed_quota": [("org-a", 10_000_000)],
}
ROWS: Final[dict[str, Rows]] = {
    "0001": _FIRST,
    "0002": {**_FIRST, **_SECOND},
    "0003": {**_FIRST, **_SECOND, **_THIRD},
    "0004": {**_FIRST, **_SECOND, **_THIRD, **_FOURTH},
    "0005": {**_FIRST, **_SECOND, **_THIRD, **_FOURTH, **_FIFTH},
    "0006": {**_FIRST, **_SECOND, **_THIRD, **_FOURTH, **_FIFTH, **_SIXTH},
    "0007": {**_FIRST, **_SECOND, **_THIRD, **_FOURTH, **_FIFTH, **_SIXTH, **_SEVENTH},
}
"""What each revision's file holds, by table."""


def put_kept_database(revision: str, folder: Path) -> None:
    """Put the database of one revision into a data folder."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(FILES / f"{revision}.db", folder / DATABASE_NAME)


def make_database(path: Path, revision: str) -> None:
    """Make the file of one revision; ``path`` must not be there."""
    file = EncryptedFile(path.with_suffix(".making"), KEPT_KEY)
    try:
        with file.writing() as connection:
            migrate(connection, revision)
        with file.writing() as connection:
            for table, rows in ROWS[revision].items():
                for row in rows:
                    marks = ", ".join(f":v{place}" for place in range(len(row)))
                    values = {f"v{place}": value for place, value in enumerate(row)}
                    connection.execute(text(f"INSERT INTO {table} VALUES ({marks})"), values)
            connection.execute(text("INSERT INTO patient_search (rowid, keys) VALUES (1, 'kasimov1')"))
        file.copy_to(path)
    finally:
        file.close()
        path.with_suffix(".making").unlink()


if __name__ == "__main__":
    make_database(Path(sys.argv[2]), sys.argv[1])
