"""Keys that outlive a change of the data key; they lie in the encrypted database and nowhere else.

The audit chain keeps the key it was begun with, so that it stays one chain and can be checked from its first link. The
former data key stays until every content has been sealed anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from clinic_app.foundation.errors import StorageError
from clinic_app.keys.derived import derive
from clinic_app.storage.engines.database import Database
from clinic_app.storage.tables import MEMORY

AUDIT_KEY: Final = "audit-key"
FORMER_KEY: Final = "former-data-key"


@dataclass(frozen=True)
class KeptKeys:
    """What a database keeps beside the data key it lies under.

    Args:
        audit: of the audit chain.
        former: the data key before, while contents are still sealed with it; None as a rule.
    """

    audit: bytes
    former: bytes | None = None


def kept_keys(database: Database, key: bytes, *, may_be_damaged: bool = False) -> KeptKeys:
    """Return the keys a database keeps.

    Args:
        database: that database.
        key: its data key.
        may_be_damaged: whether to do without what cannot be read: for looking only.

    Raises:
        StorageError: it cannot be read.
    """
    query = select(MEMORY.c.name, MEMORY.c.value).where(MEMORY.c.name.in_((AUDIT_KEY, FORMER_KEY)))
    try:
        with database.reading() as connection:
            found = {row.name: bytes(row.value) for row in connection.execute(query)}
    except (StorageError, SQLAlchemyError):
        if not may_be_damaged:
            raise
        found = {}
    return KeptKeys(found.get(AUDIT_KEY) or derive(key, "audit"), found.get(FORMER_KEY) or None)
