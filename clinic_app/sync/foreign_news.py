"""News from a server without a change feed: its past and its searches, asked again and again with an overlap.

A round asks for everything since ten minutes before the last one began, by the server's own clock, and leaves out the
versions that are known. The past is told newest first, so that only the newest version of each record counts. A round
is over when its last page is stored; broken off, it begins again. Once a week everything the server has is compared by
id and version with what is known, so that what a search skipped comes after all and what was deleted is noticed.

Source: FHIR R4, history (``_since``), search (``_lastUpdated``), Bundle.link (paging).
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import msgspec

from clinic_app.foundation.errors import LinkError
from clinic_app.foundation.ids import new_id
from clinic_app.storage import Store
from clinic_app.storage.exchange.foreign_ids import ForeignIds, Known
from clinic_app.sync.compression import PackingError
from clinic_app.sync.foreign_wire import Abilities, ForeignRecord, moment
from clinic_app.sync.link import HubPage
from clinic_app.sync.wire import nonsense

if TYPE_CHECKING:
    from clinic_app.sync.foreign import ForeignLink

OVERLAP: Final = timedelta(minutes=10)
RECONCILED_EVERY: Final = timedelta(days=7)
PAGE_ENTRIES: Final = 100
COMPARED_ENTRIES: Final = 200
MOST_PAGES: Final = 100_000
_STATE: Final = "foreign-news"
_log: Final = logging.getLogger(__name__)


class _State(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far a server was read; both moments by its own clock, empty for never."""

    url: str = ""
    since: str = ""
    reconciled_at: str = ""


class News:
    """The news of one server.

    Args:
        link: the server.
        store: keeps how far it was read.
        ids: the server's names.
    """

    def __init__(self, link: ForeignLink, store: Store, ids: ForeignIds) -> None:
        self._link = link
        self._store = store
        self._ids = ids
        self._round: AsyncGenerator[list[ForeignRecord], None] | None = None
        self._handed_out = ""
        self._unstored: list[Known] = []
        self._count = PAGE_ENTRIES
        self._unreadable: set[str] = set()

    async def page(self, cursor: str, can: Abilities) -> HubPage:
        """Return the next news of the round, or an empty page at its end.

        Args:
            cursor: of the last page, which whoever asks has stored with it; any other one begins the round anew.
            can: what the server can do.
        """
        if self._round is not None and cursor != self._handed_out:
            await self.close()
        self._ids.put(self._unstored)
        self._unstored = []
        if self._round is None:
            self._round = self._walk(can)
        walk, self._round = self._round, None
        async for records in walk:
            present = [each for each in records if each.body is not None]
            changes = await self._link.translated(present)
            self._unstored = [
                Known(each.type_name, change.id, each.foreign_id, each.version, each.at)
                for each, change in zip(present, changes, strict=True)
            ]
            if changes:
                self._round, self._handed_out = walk, new_id()
                return HubPage(tuple(changes), self._handed_out)
        return HubPage((), cursor)

    async def close(self) -> None:
        """Break the round off; what was not stored comes again."""
        walk, self._round, self._unstored = self._round, None, []
        if walk is not None:
            await walk.aclose()

    async def _walk(self, can: Abilities) -> AsyncGenerator[list[ForeignRecord], None]:
        """Yield the news page by page; keep at the end how far it was read."""
        state = self._kept()
        since = moment(state.since)
        began_at: datetime | None = None
        seen: dict[tuple[str, str], str] = {}
        for type_name in can.asked:
            url = _first_url(type_name, since, self._count, tells_history=type_name in can.tells_history)
            async for records in self._pages(url, type_name):
                began_at = began_at or self._link.date
                if fresh := self._fresh(records, seen, type_name):
                    yield fresh
        if began_at is None:  # it names no time: everything is read again, and what is known is left out
            return
        compared_at = moment(state.reconciled_at)
        if since is None or compared_at is None or began_at - compared_at >= RECONCILED_EVERY:
            async for fresh in self._compared(can):
                yield fresh
            compared_at = began_at
        self._keep(_State(self._link.url, began_at.isoformat(), compared_at.isoformat()))

    async def _pages(self, url: str, type_name: str) -> AsyncGenerator[Sequence[ForeignRecord], None]:
        """Yield the pages of one search or past; a server that leads in a circle is left.

        Somebody may have put whole documents into his records. Pages too large to be read are asked for again with
        fewer records; a single record too large leaves its type unread, and the others go on.
        """
        visited: set[str] = set()
        while url and type_name not in self._unreadable:
            if url in visited or len(visited) >= MOST_PAGES:
                raise nonsense()
            visited.add(url)
            try:
                page = await self._link.bundle(url)
            except LinkError as error:
                if not isinstance(error.__cause__, PackingError):
                    raise
                if self._count == 1:
                    _log.warning("a %s of the hub is too large to be read; its type is left out", type_name)
                    self._unreadable.add(type_name)
                    return
                self._count = max(1, self._count // 10)
                raise
            yield page.records
            url = page.next_url

    def _fresh(
        self, records: Sequence[ForeignRecord], seen: dict[tuple[str, str], str], type_name: str
    ) -> list[ForeignRecord]:
        """Return the newest version of each record of a page that is not known and was not told in this round."""
        newest: dict[tuple[str, str], ForeignRecord] = {}
        for each in records:
            address = (each.type_name, each.foreign_id)
            told = seen.get(address)
            if each.type_name == type_name and (told is None or _is_later(each.at, told)):
                seen[address] = each.at
                newest[address] = each
        known = self._known(list(newest))
        gone = [known[a] for a, each in newest.items() if each.body is None and a in known and not known[a].is_gone]
        self._note_gone(gone)
        return [each for a, each in newest.items() if each.body is not None and _is_news(each, known.get(a))]

    def _known(self, addresses: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Known]:
        """Return what is known of records, by the server's names."""
        ours = self._ids.ours(addresses)
        known = self._ids.of({(type_name, ours[type_name, each]) for type_name, each in ours})
        return {address: known[address[0], name] for address, name in ours.items() if (address[0], name) in known}

    def _note_gone(self, gone: Sequence[Known]) -> None:
        """Note what the server has deleted; here it stays, for nothing clinical is ever deleted by somebody else."""
        if gone:
            _log.warning("the hub has deleted %d records; they stay on this workstation", len(gone))
            self._ids.put(msgspec.structs.replace(each, is_gone=True, version="") for each in gone)

    async def _compared(self, can: Abilities) -> AsyncGenerator[list[ForeignRecord], None]:
        """Yield what the server has and we do not know in that version, and note what it has no longer."""
        for type_name in can.asked:
            there: dict[tuple[str, str], ForeignRecord] = {}
            query = urlencode({"_elements": "id,meta", "_count": COMPARED_ENTRIES})
            async for records in self._pages(f"{type_name}?{query}", type_name):
                there.update({(type_name, each.foreign_id): each for each in records if each.type_name == type_name})
            known = self._known(list(there))
            for address, each in there.items():
                before = known.get(address)
                if before is None or before.is_gone or before.version != each.version:
                    whole = await self._link.fetch(type_name, each.foreign_id)
                    if whole is not None and (before is None or whole.version != before.version):
                        yield [whole]
            for ours in list(self._ids.all(type_name)):
                is_missing = (type_name, ours.foreign_id) not in there and not ours.is_gone
                if is_missing and await self._link.fetch(type_name, ours.foreign_id) is None:
                    self._note_gone([ours])

    def _kept(self) -> _State:
        try:
            state = msgspec.json.decode(self._store.memory.get(_STATE) or b"{}", type=_State)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return _State()
        return state if state.url == self._link.url else _State()

    def _keep(self, state: _State) -> None:
        if state != self._kept():
            self._store.memory.put(_STATE, msgspec.json.encode(state))


def _first_url(type_name: str, since: datetime | None, count: int, *, tells_history: bool) -> str:
    """Return where the news of one type begin; for the first time everything as it is now."""
    if since is None:
        return f"{type_name}?{urlencode({'_sort': '_lastUpdated', '_count': count})}"
    moment_before = (since - OVERLAP).isoformat()
    if tells_history:
        return f"{type_name}/_history?{urlencode({'_since': moment_before, '_count': count})}"
    asked = {"_lastUpdated": f"ge{moment_before}", "_sort": "_lastUpdated", "_count": count}
    return f"{type_name}?{urlencode(asked)}"


def _is_news(there: ForeignRecord, known: Known | None) -> bool:
    """Whether a version is not known, and none that a cache has kept from before the one that is."""
    if known is None or known.is_gone:
        return True
    if known.version == there.version and there.version:
        return False
    return not (known.at and there.at and _is_later(known.at, there.at))


def _is_later(one: str, other: str) -> bool:
    first, second = moment(one), moment(other)
    return first is not None and second is not None and first > second
