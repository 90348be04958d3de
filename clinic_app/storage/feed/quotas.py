"""How many bytes of contents an organisation may keep at a hub; what it has announced counts as if it were here."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select

from clinic_app.foundation.errors import DiskFullError, InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.storage.engines.database import Database
from clinic_app.storage.engines.upserts import Upsert
from clinic_app.storage.feed.tables import FEED_CONTENT, FEED_QUOTA

_SET = Upsert(FEED_QUOTA, "bytes")
_MB = 1 << 20


class QuotaError(DiskFullError):
    """The organisation has used up what it may keep here."""


@dataclass(frozen=True)
class Quota:
    """What one organisation keeps, and may keep; bytes. None for as much as fits."""

    organization_id: str
    used: int
    most: int | None


class FeedQuotas:
    """The quotas of one hub.

    Args:
        database: the hub's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, organization_id: str, most: int | None) -> None:
        """Let an organisation keep so many bytes; None for as many as fit. What is here already stays.

        Raises:
            InvalidInputError: a negative number.
        """
        if most is not None and most < 0:
            raise InvalidInputError(Text("A quota is a number of megabytes, or none."))
        with self._database.writing() as connection:
            if most is None:
                connection.execute(delete(FEED_QUOTA).where(FEED_QUOTA.c.organization_id == organization_id))
            else:
                _SET.run(connection, {"organization_id": organization_id, "bytes": most})

    def all(self) -> tuple[Quota, ...]:
        """Return every organisation that keeps contents or has a quota, the largest first."""
        kept = select(FEED_CONTENT.c.organization_id, func.sum(FEED_CONTENT.c.size)).group_by(
            FEED_CONTENT.c.organization_id
        )
        with self._database.reading() as connection:
            used = {row[0]: int(row[1]) for row in connection.execute(kept)}
            most = {row.organization_id: int(row.bytes) for row in connection.execute(select(FEED_QUOTA))}
        found = (Quota(each, used.get(each, 0), most.get(each)) for each in {*used, *most})
        return tuple(sorted(found, key=lambda quota: (-quota.used, quota.organization_id)))


def require_room(connection: Connection, organization_id: str, size: int) -> None:
    """Return if an organisation may announce ``size`` bytes more, inside the transaction that announces them.

    Raises:
        QuotaError: it may not.
    """
    most = connection.scalar(select(FEED_QUOTA.c.bytes).where(FEED_QUOTA.c.organization_id == organization_id))
    if most is None:
        return
    own = select(func.sum(FEED_CONTENT.c.size)).where(FEED_CONTENT.c.organization_id == organization_id)
    if int(connection.scalar(own) or 0) + size > most:
        words = Text(
            "Your organisation may keep {most} MB of images and documents at this hub, and they are used up. "
            "Those who run the hub can give it more.",
            most=str(most // _MB),
        )
        raise QuotaError(words)
