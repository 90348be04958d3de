"""The link with one promise broken: what the drill must find out, or it proves nothing.

Each takes hold of what the exchange is made of (a push of the link, the taking in of a page, a transaction at the hub)
and not of how that is built, so that a rebuilt exchange is still broken by it. None is reachable from the program.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec
from sqlalchemy import select

from clinic_app.foundation.errors import LinkError
from clinic_app.foundation.ids import new_id
from clinic_app.storage.exchange.exchange import Write, Written
from clinic_app.storage.feed.feed import Feed
from clinic_app.storage.record_store import RecordStore
from clinic_app.storage.tables import RECORD
from clinic_app.sync.link import HubLink, HubRefusalError

Mutant = Callable[[], None]


def last_writer_wins() -> None:
    """Let the hub take every write as made from what it has, as a server without preconditions does."""
    real = Feed.put

    def put(self: Feed, connection: Any, caller: Any, incoming: Sequence[Any], *values: Any, **words: Any) -> Any:
        standing = {(row.type, row.id): row.version_id for row in connection.execute(_NEWEST)}
        blind = [replace(each, write=replace(each.write, base_version=standing.get(each.key))) for each in incoming]
        return real(self, connection, caller, blind, *values, **words)

    Feed.put = put  # type: ignore[method-assign]


def blind_retry() -> None:
    """Let a workstation whose write was refused ask for the hub's version and write again onto that."""
    real = HubLink.push

    async def push(self: HubLink, writes: Sequence[Write], key: str, *values: Any, **words: Any) -> Any:
        try:
            return await real(self, writes, key, *values, **words)
        except HubRefusalError as error:
            if error.status not in (409, 412) or len(writes) > 1:
                raise
            standing = msgspec.json.decode(await self._message("GET", f"/{writes[0].type_name}/{writes[0].id}"))
            blind = [replace(writes[0], base_version=standing["meta"]["versionId"])]
            return await real(self, blind, f"{key[:40]}-{new_id()}", *values, **words)

    HubLink.push = push  # type: ignore[method-assign]


def cursor_before_page() -> None:
    """Keep how far the feed was read before what was read is kept."""
    real = RecordStore.receive

    def receive(self: RecordStore, bodies: Sequence[bytes], **words: Any) -> Any:
        if words.get("cursor") and bodies:
            real(self, [], cursor=words["cursor"])
        return real(self, bodies, **words)

    RecordStore.receive = receive  # type: ignore[method-assign]


def sent_is_there() -> None:
    """Take a transaction as taken by the hub once it was sent, whatever became of the answer."""
    real = HubLink.push

    async def push(self: HubLink, writes: Sequence[Write], key: str, *values: Any, **words: Any) -> Any:
        try:
            return await real(self, writes, key, *values, **words)
        except LinkError:
            now = self._clock.now()
            return tuple(Written(each.type_name, each.id, new_id()[-10:], now) for each in writes)

    HubLink.push = push  # type: ignore[method-assign]


def new_names_at_a_retry() -> None:
    """Send a new record under another id when the answer to the first try was lost."""
    real = HubLink.push
    lost: set[tuple[str, str]] = set()

    async def push(self: HubLink, writes: Sequence[Write], key: str, *values: Any, **words: Any) -> Any:
        named = [_renamed(each) if (each.type_name, each.id) in lost else each for each in writes]
        is_again = any(each is not before for each, before in zip(named, writes, strict=True))
        try:
            written = await real(self, named, f"{key[:40]}-{new_id()}" if is_again else key, *values, **words)
        except LinkError:
            lost.update((each.type_name, each.id) for each in writes if each.type_name in _RENAMED)
            raise
        return tuple(replace(each, id=before.id) for each, before in zip(written, writes, strict=True))

    HubLink.push = push  # type: ignore[method-assign]


def _renamed(write: Write) -> Write:
    other = new_id()
    return replace(write, id=other, body=write.body.replace(write.id.encode(), other.encode()))


MUTANTS: Final[dict[str, Mutant]] = {
    "last-writer-wins": last_writer_wins,
    "blind-retry": blind_retry,
    "cursor-before-page": cursor_before_page,
    "sent-is-there": sent_is_there,
    "new-names-at-a-retry": new_names_at_a_retry,
}
FATAL: Final[dict[str, tuple[str, ...]]] = {
    "cursor-before-page": ("exchange after-commit",),
    "new-names-at-a-retry": ("answer-out",),
    "sent-is-there": ("request-in", "answer-out"),
}
"""Where processes have to die for a broken promise to show; the others show anyway."""
OF_THE_HUB: Final = frozenset({"last-writer-wins"})
_RENAMED: Final = frozenset({"Observation", "AllergyIntolerance"})
_NEWEST: Final = select(RECORD.c.type, RECORD.c.id, RECORD.c.version_id)
