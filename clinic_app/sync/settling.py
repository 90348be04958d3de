"""What two workstations changed without knowing of each other: joined by itself where nothing is at odds.

It runs after the feed was read. Each record changed on both sides is joined by what both began with; the joined version
is based on the hub's, goes up as any edit does, and the trail names both its parents. What is at odds, what was signed
and what has no known beginning stays a question for a person. All of it can be repeated at any point.
"""

from __future__ import annotations

import logging
from typing import Final

from clinic_app.access import Trail
from clinic_app.foundation.errors import ConflictError, InvalidInputError, NotFoundError
from clinic_app.records import AuditEvent, Provenance, Resource, decode, decode_as
from clinic_app.storage import Conflict, Store
from clinic_app.sync.link import HubLink, HubRefusalError
from clinic_app.sync.merging import MERGED_TYPES, Merge, merge

MOST_FETCHED: Final = 50
"""Records asked for one by one in one exchange; more have their turn in the next."""
_log: Final = logging.getLogger(__name__)


class Settling:
    """The joining of one workstation's records with the hub's.

    Args:
        store: whose conflicts it settles.
        link: the hub; asked for versions that are not here.
        trail: makes the events.
    """

    def __init__(self, store: Store, link: HubLink, trail: Trail) -> None:
        self._store = store
        self._link = link
        self._trail = trail
        self._asked: set[tuple[str, str, str]] = set()

    async def run(self) -> int:
        """Join what can be joined and return how many records that were.

        Raises:
            LinkError: the hub cannot be reached; what was joined stays joined.
        """
        await self._fetch_what_was_refused()
        latest = {(each.mine.type_name, each.mine.id): each for each in self._store.records.conflicts()}
        joined = 0
        for conflict in latest.values():
            if may_be_joined(self._store, conflict):
                base = conflict.base or await self._fetched_base(conflict)
                joined += base is not None and self._join(conflict, base)
        return joined

    async def _fetch_what_was_refused(self) -> None:
        """Get the hub's version of what it refused for not being made from it, where the feed did not bring it."""
        known = {(each.mine.type_name, each.mine.id) for each in self._store.records.conflicts()}
        missing = [each for each in self._store.outbox.in_conflict() if (each.type, each.id) not in known]
        for row in missing[:MOST_FETCHED]:
            body = await self._fetched(row.type, row.id, "", mark=row.op_id)
            if body is not None:
                self._store.records.receive([body])

    async def _fetched_base(self, conflict: Conflict) -> bytes | None:
        """Get from the hub what both began with, and keep it for whoever is asked about the rest."""
        version = conflict.base_version or ""
        body = await self._fetched(conflict.mine.type_name, conflict.mine.id, version, mark=version)
        if body is not None:
            self._store.records.keep_version(body)
        return body

    async def _fetched(self, type_name: str, record_id: str, version: str, *, mark: str) -> bytes | None:
        """Return a record as the hub has it, once; None where it has none for us, or another than was asked for."""
        asked = (type_name, record_id, mark)
        if asked in self._asked:
            return None
        try:
            body = await self._link.record(type_name, record_id, version)
            found = decode(body) if body is not None else None
        except (HubRefusalError, InvalidInputError) as error:
            _log.warning("the hub's version of a %s cannot be had: %s", type_name, error)
            body = found = None
        self._asked.add(asked)
        if found is None or (found.type_name, found.id) != (type_name, record_id):
            return None
        return body if version in ("", found.version_id) else None

    def _join(self, conflict: Conflict, base: bytes) -> bool:
        """Join one record; whoever edits it in this very moment is not overwritten but joined next time."""
        kind = type(conflict.mine)
        mine = self._store.records.body(kind, conflict.mine.id)
        ours = decode_as(kind, mine)
        merged = merge(base, mine, conflict.theirs_body)
        if merged.clashes:
            return False
        try:
            record = decode_as(kind, merged.body)
            decode(merged.body)
            self._store.records.settle(
                conflict, record, audit=[self._event(ours, conflict.theirs, merged)], body=merged.body,
                made_from=ours.version_id,
            )  # fmt: skip
        except (ConflictError, InvalidInputError, NotFoundError) as error:
            _log.info("a %s is not joined by itself: %s", kind.__name__, error)
            return False
        return True

    def _event(self, ours: Resource, theirs: Resource, merged: Merge) -> AuditEvent:
        parents = {
            ours.version_id or "": (*merged.from_mine, *merged.from_both),
            theirs.version_id or "": (*merged.from_theirs, *merged.from_both),
        }
        return self._trail.joining(theirs, parents)


def may_be_joined(store: Store, conflict: Conflict) -> bool:
    """Return whether several people may edit such a record, both answers are the hub's versions, and nobody signed."""
    if conflict.mine.type_name not in MERGED_TYPES or conflict.theirs_hub_version is None:
        return False
    return conflict.base_version is not None and not store.records.find(Provenance, limit=1, target=conflict.mine.id)


def known_base(store: Store, conflict: Conflict) -> bytes | None:
    """Return what both answers began with, as far as that decides anything; None where a person is asked everything."""
    return conflict.base if may_be_joined(store, conflict) else None


def asks_nothing(store: Store, conflict: Conflict) -> bool:
    """Return whether a conflict is one that the next exchange joins by itself."""
    base = known_base(store, conflict)
    if base is None:
        return False
    merged = merge(base, store.records.body(type(conflict.mine), conflict.mine.id), conflict.theirs_body)
    try:
        decode(merged.body)
    except InvalidInputError:
        return False
    return not merged.clashes
