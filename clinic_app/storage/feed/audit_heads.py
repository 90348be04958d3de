"""How far each workstation's audit trail had come when it last said so, kept where the workstation cannot reach it.

A trail that was cut at its end looks whole to its own workstation. Here it is noticed: it is shorter than it was, or at
the length it had it has another end. The new trail is then followed from there, and the moment stays on record.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, cast

from sqlalchemy import Connection, Row, Select, delete, func, insert, select

from clinic_app.foundation.clock import Clock
from clinic_app.storage.engines.database import Database
from clinic_app.storage.feed.account_tables import FEED_AUDIT_HEAD
from clinic_app.storage.feed.rows import Caller

Verdict = Literal["whole", "shorter", "other", "unknown"]
MOST_BREAKS: Final = 100
"""Broken trails kept of one workstation; further ones take the place of the newest."""


@dataclass(frozen=True)
class Head:
    """The end of a trail.

    Args:
        links: how many events it has.
        mac: the last link, as lower-case hexadecimal digits; empty for an empty trail.
    """

    links: int
    mac: str


@dataclass(frozen=True)
class Seen:
    """What the hub says to a head.

    Args:
        verdict: ``whole``; ``shorter`` or ``other`` than the hub has seen; ``unknown``: it needs to see ``before``.
        before: what the hub had seen until now; no links for nothing.
        breaks: how often the trail was not what it had been, with this time.
    """

    verdict: Verdict
    before: Head
    breaks: int


class FeedAuditHeads:
    """The heads of every workstation's trail.

    Args:
        database: where they lie.
        clock: says when one was seen.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def see(self, caller: Caller, head: Head, then: Head) -> Seen:
        """Compare a workstation's trail with what was seen of it, and keep its head.

        Args:
            caller: the workstation.
            head: the end of its trail now.
            then: its link at the length the hub had seen, as far as the workstation knows.
        """
        with self._database.writing(may_use_reserve=True) as connection:
            row = connection.execute(_newest(caller.workstation_id)).first()
            before = Head(row.links, row.head) if row else Head(0, "")
            verdict = _verdict(before, head, then)
            breaks = _breaks(connection, caller.workstation_id)
            if verdict != "unknown" and (verdict != "whole" or head != before or row is None):
                breaks += verdict != "whole"
                self._keep(connection, caller.workstation_id, head, verdict, row, breaks)
        return Seen(verdict, before, breaks)

    def breaks(self) -> dict[str, datetime]:
        """Return the workstations whose trail was not what it had been, and when that was last noticed."""
        table = FEED_AUDIT_HEAD
        query = select(table.c.workstation_id, func.max(table.c.seen_at).label("at"))
        query = query.where(table.c.verdict != "whole").group_by(table.c.workstation_id)
        with self._database.reading() as connection:
            return {row.workstation_id: datetime.fromisoformat(row.at) for row in connection.execute(query)}

    def _keep(
        self,
        connection: Connection,
        workstation_id: str,
        head: Head,
        verdict: Verdict,
        row: Row[Any] | None,
        breaks: int,
    ) -> None:
        """Put the head in the place of the one before; what was seen before a break stays beside it."""
        is_continued = row is not None and row.verdict == "whole" == verdict
        if row is not None and (is_continued or breaks > MOST_BREAKS):
            is_it = (FEED_AUDIT_HEAD.c.workstation_id == workstation_id, FEED_AUDIT_HEAD.c.seen_at == row.seen_at)
            connection.execute(delete(FEED_AUDIT_HEAD).where(*is_it))
        seen_at = self._clock.now()
        if row is not None and not is_continued:  # a clock that stood still or went back does not turn the order
            seen_at = max(seen_at, datetime.fromisoformat(row.seen_at) + timedelta(microseconds=1))
        connection.execute(
            insert(FEED_AUDIT_HEAD).values(
                workstation_id=workstation_id,
                seen_at=seen_at.isoformat(timespec="microseconds"),
                links=head.links,
                head=head.mac,
                verdict=verdict,
            )
        )


def _verdict(before: Head, head: Head, then: Head) -> Verdict:
    if head.links < before.links:
        return "shorter"
    if before.links == 0:
        return "whole"
    if then.links != before.links:
        return "unknown"
    is_same = _is_same(then.mac, before.mac) and (head.links > before.links or _is_same(head.mac, before.mac))
    return "whole" if is_same else "other"


def _is_same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _newest(workstation_id: str) -> Select[Any]:
    table = FEED_AUDIT_HEAD
    return select(table).where(table.c.workstation_id == workstation_id).order_by(table.c.seen_at.desc()).limit(1)


def _breaks(connection: Connection, workstation_id: str) -> int:
    table = FEED_AUDIT_HEAD
    query = select(func.count()).where(table.c.workstation_id == workstation_id, table.c.verdict != "whole")
    return cast("int", connection.scalar(query)) or 0
