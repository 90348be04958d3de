"""New databases for tests without Alembic's detours: what the revisions said to the first one is said again.

The revisions of a new, empty database file always say the same, some hundred statements; finding them out takes
Alembic fifty milliseconds, saying them three. The first database of a process is made by the revisions themselves, and
whatever is not empty, not a file, or not meant for the newest revision is still theirs.
"""

from __future__ import annotations

from typing import Any, Final

import pytest
from sqlalchemy import Connection, event

from clinic_app.storage.backups import upgrading
from clinic_app.storage.engines import migrating
from clinic_app.storage.engines.migrating import HEAD, current_revision, migrate

Said = tuple[str, Any]
_said: list[Said] = []
_WRITING: Final = ("CREATE ", "INSERT ", "UPDATE ", "DELETE ", "DROP ", "ALTER ", "PRAGMA ")


def migrate_quickly(connection: Connection, revision: str = HEAD) -> None:
    """Do what `clinic_app.storage.engines.migrating.migrate` does."""
    is_new = connection.dialect.name == "sqlite" and revision == HEAD and current_revision(connection) is None
    if not is_new:
        migrate(connection, revision)
    elif not _said:
        _said[:] = _listened_to(connection)
    else:
        raw: Any = connection.connection.driver_connection
        for statement, values in _said:
            raw.execute(statement, values)


def _listened_to(connection: Connection) -> list[Said]:
    """Migrate, and return what was said that changes anything."""
    heard: list[Said] = []

    def hear(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, _is_many: Any) -> None:
        if statement.lstrip().upper().startswith(_WRITING):
            heard.append((statement, values))

    event.listen(connection, "before_cursor_execute", hear)
    try:
        migrate(connection)
    finally:
        event.remove(connection, "before_cursor_execute", hear)
    return heard


@pytest.fixture(autouse=True, scope="session")
def _tables_are_made_quickly() -> Any:
    """Let every store of the tests be made so; who asks `migrating` itself gets the revisions."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(upgrading, "migrate", migrate_quickly)
        yield
    assert migrating.migrate is migrate
