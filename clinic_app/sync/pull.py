"""Hub to inbox: the change feed page by page, each page and its cursor in one transaction."""

from __future__ import annotations

from typing import Final

from clinic_app.records import Task
from clinic_app.referral.hub_times import remember_hub_time
from clinic_app.storage import Store
from clinic_app.storage.backups.restoring import RESTORED_PULL
from clinic_app.storage.exchange.given_back import take_back
from clinic_app.sync.link import HubLink, HubPage, HubRefusalError
from clinic_app.sync.wire import nonsense

CURSOR: Final = "hub-feed"
_GONE: Final = 410


class Pull:
    """The way down for records.

    Args:
        store: where they go.
        link: the hub.
    """

    def __init__(self, store: Store, link: HubLink) -> None:
        self._store = store
        self._link = link
        self.is_telling = True
        """Whether what is sent again may still be under way."""

    async def run(self) -> bool:
        """Take everything that is new, and tell whether there was anything.

        After a restoration that includes what this workstation wrote itself since the backup.

        Raises:
            LinkError: the hub cannot be reached; what came before stays, and the next try goes on from there.
            HubRefusalError: the hub does not give its feed.
        """
        if self._is_to_wait():
            return False
        has_news = False
        was_restored = bool(self._store.memory.get(RESTORED_PULL))
        while (page := await self._page(with_own=was_restored)).changes:
            if self._is_to_wait():
                return has_news
            self.take(page)
            has_news = True
        if was_restored:
            self._store.memory.put(RESTORED_PULL, b"")
        return has_news

    async def hear(self, wait_s: int) -> bool | None:
        """Wait until there is something new, at most so long, and take it in; tell whether there was anything.

        Returns:
            None where this is no time to wait: after a restoration everything is asked for.

        Raises:
            LinkError: the hub cannot be reached.
            HubRefusalError: the hub does not give its feed.
        """
        if self._store.memory.get(RESTORED_PULL):
            return None
        cursor = self._store.cursor(CURSOR) or ""
        page = await self._link.changes(cursor, wait_s=wait_s)
        is_next = (self._store.cursor(CURSOR) or "") == cursor  # else another request brought it meanwhile
        if page.changes and is_next and not self._is_to_wait():
            self.take(page)
        return bool(page.changes)

    def _is_to_wait(self) -> bool:
        """Whether the hub was restored and is first told again what it had: else what comes seems at odds with it.

        What cannot be told now, as a day's bytes are used up, is no reason to hear nothing for the rest of it.
        """
        return self._link.habits.has_forgotten or (self.is_telling and self._store.outbox.is_telling_again())

    def begin_again(self) -> None:
        """Read the feed from its start, once what the hub has lost was told it again: its places are others now."""
        self._store.records.receive((), cursor=(CURSOR, ""))
        self.is_telling = True

    async def _page(self, *, with_own: bool) -> HubPage:
        """Return the next page; a hub that does not know our cursor is read from the start, which loses nothing."""
        cursor = self._store.cursor(CURSOR) or ""
        try:
            page = await self._link.changes(cursor, with_own=with_own)
        except HubRefusalError as error:
            if error.status != _GONE:
                raise
            page = await self._link.changes("", with_own=with_own)
            self._link.habits.forgot()
            return page
        if page.changes and page.cursor == cursor:  # a cache in between repeats itself, and would for ever
            raise nonsense()
        return page

    def take(self, page: HubPage) -> None:
        """Take in one page together with its cursor."""
        take_back(self._store.database, page.changes)
        for change in page.changes:
            if change.type_name == Task.__name__ and change.body and not change.is_on_way:
                remember_hub_time(self._store, change.id, change.received_at)
        leaving = [change for change in page.changes if not change.body]
        bodies = [change.body for change in page.changes if change.body]
        self._store.records.receive(bodies, cursor=(CURSOR, page.cursor), leaving=leaving)
