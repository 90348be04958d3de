"""Bringing a database to the newest revision, on a connection and without any configuration file.

Alembic finds the revisions through the package, so that it works the same from a checkout and when installed.
"""

from __future__ import annotations

import threading
from functools import cache
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from clinic_app.foundation.errors import StorageError
from clinic_app.foundation.texts import Text

HEAD: Final = "head"
_alembic_is_global = threading.Lock()


def current_revision(connection: Connection) -> str | None:
    """Return the revision the database is at; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


@cache
def newest_revision() -> str:
    """Return the revision this program's code expects."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    assert newest is not None
    return newest


def check_revision(current: str | None) -> None:
    """Return if this program knows the revision a database is at.

    Raises:
        StorageError: the database was made by a newer program.
    """
    if current is not None and current not in revisions():
        raise StorageError(Text("These data were written by a newer version of the program. Install that version."))


@cache
def revisions() -> tuple[str, ...]:
    """Return every revision this program knows, the newest first."""
    return tuple(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def migrate(connection: Connection, revision: str = HEAD) -> None:
    """Bring the database to ``revision`` inside the transaction that ``connection`` has begun.

    Raises:
        StorageError: the database was made by a newer program.
    """
    check_revision(current_revision(connection))
    config = _config()
    config.attributes["connection"] = connection
    with _alembic_is_global:
        command.upgrade(config, revision)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "clinic_app.storage:migrations")
    config.set_main_option("path_separator", "os")
    config.set_main_option("sourceless", "true")
    return config
