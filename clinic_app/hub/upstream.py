"""The standing exchange of a facility hub with the hub above it: one thread, one exchange at a time.

An exchange sends up what the workstations wrote, takes in what is for them, and then says what became of what. It may
break off anywhere; the next one goes on. Meanwhile the hub serves its workstations as if there were nobody above it.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import anyio
import httpx

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ClinicError, LinkError
from clinic_app.foundation.texts import Text
from clinic_app.hub.below import Below, UpstreamState
from clinic_app.hub.gate import Hub
from clinic_app.hub.upstream_account import UpstreamAccount
from clinic_app.hub.upstream_down import FeedDownloads, FeedPull
from clinic_app.hub.upstream_up import Up
from clinic_app.storage import Lane, Store
from clinic_app.storage.exchange.downward import Downward
from clinic_app.storage.exchange.giving_back import try_again
from clinic_app.storage.exchange.upward import Upward, backlog
from clinic_app.storage.feed.bell import FeedBell
from clinic_app.storage.feed.content import FeedContent
from clinic_app.sync.backoff import Backoff
from clinic_app.sync.budget import Budget
from clinic_app.sync.credentials import UnknownNodeError
from clinic_app.sync.device_credentials import ErasedError
from clinic_app.sync.habits import HubHabits
from clinic_app.sync.hearing import Hearing
from clinic_app.sync.hub_account import EraseOrder
from clinic_app.sync.link import HubLink, HubRefusalError
from clinic_app.sync.pace import Pace
from clinic_app.sync.reporting import Reporting
from clinic_app.sync.round import KEPT
from clinic_app.sync.standing import Standing
from clinic_app.sync.turns import PRESSING, Turns

TRY_AGAIN_S: Final = 3600.0
"""How often the hub above is asked once more about what it did not want: it may have learnt since."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Way:
    """One link to the hub above, and what goes over it."""

    link: HubLink
    up: Up
    pull: FeedPull
    downloads: FeedDownloads
    turns: Turns
    reporting: Reporting

    def begin(self) -> None:
        """Look anew at what waits, up and down."""
        self.up.begin()
        self.downloads.begin()


class Upstream:
    """The exchange of one facility hub with the hub above it.

    Args:
        store: the facility hub's.
        account: who it is there.
        below: what it says to its workstations.
        contents: what they handed in, and where goes what comes down.
        bell: rung for those who wait for the feed here.
        clock: the time of the states.
        limits: bytes a day that a lane may use of a line that is paid by the megabyte.
        interval_s: seconds between two exchanges when nobody writes.
        transport: for tests, in place of the network.

    Every public method may be called from any thread, but for `exchange`.
    """

    def __init__(
        self,
        store: Store,
        account: UpstreamAccount,
        below: Below,
        contents: FeedContent,
        bell: FeedBell,
        clock: Clock,
        *,
        limits: Mapping[Lane, int] | None = None,
        interval_s: float = 15.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._store = store
        self._account = account
        self._below = below
        self._contents = contents
        self._clock = clock
        self._interval_s = interval_s
        self._transport = transport
        self._upward = Upward(store)
        self._downward = Downward(store, account.organization_id, bell, clock)
        self._pace = Pace()
        self._budget = Budget(limits or {}, self._pace, store.memory, clock)
        self._backoff = Backoff()
        self._reason: Text | None = None
        self._last_contact_at: datetime | None = None
        self._clock_offset_s = 0.0
        self._tried_again_s = float("-inf")
        self._forgot_on: date | None = None
        self._is_shut_out = False
        self._standing = Standing("upstream", self._live, self._has_news)

    def start(self) -> None:
        """Begin; the first exchange comes at once."""
        self._standing.start()

    def stop(self) -> None:
        """Break off whatever is under way and wait until the thread has ended; nothing is lost by it."""
        self._standing.stop()

    def state(self) -> UpstreamState:
        """Return how it stands."""
        waiting = backlog(self._store)
        return UpstreamState(
            self._last_contact_at, self._reason, self._clock_offset_s, waiting, is_shut_out=self._is_shut_out
        )

    def try_again_now(self) -> None:
        """Ask the hub above with the next exchange once more about what it did not want."""
        self._tried_again_s = float("-inf")

    def way(self) -> Way:
        """Return a new way to the hub above; whoever makes it closes its link."""
        habits = HubHabits(self._account.url, self._store.memory)
        shown = self._account.credentials(self._clock)
        link = HubLink(self._account.url, shown, self._clock, self._transport, self._pace, habits, is_hub=True)
        up = Up(self._store, self._account.organization_id, self._contents, link, self._clock)
        downloads = FeedDownloads(self._store, link, self._downward, self._contents)
        pull = FeedPull(self._store, link, self._downward)
        turns = Turns(up.push, up.uploads, downloads, self._budget)
        return Way(link, up, pull, downloads, turns, Reporting(self._store, link, self._account.place))

    async def exchange(self, way: Way) -> None:
        """Do one exchange.

        Raises:
            ClinicError: it broke off; nothing is lost.
        """
        if not way.link.habits.is_met:
            await way.link.meet()
        was_tried_again = time.monotonic() - self._tried_again_s >= TRY_AGAIN_S
        if was_tried_again:
            try_again(self._store.database)
        self._tell_again(way)
        way.begin()
        await way.turns.run(PRESSING)
        await way.pull.run()
        self._tell_again(way)
        way.begin()
        asked_at_s = time.monotonic()

        async def ask_sometimes() -> None:
            nonlocal asked_at_s
            if time.monotonic() - asked_at_s > self._interval_s:
                await way.pull.run()
                way.begin()
                asked_at_s = time.monotonic()

        await way.turns.run(between=ask_sometimes)
        if way.pull.is_telling:
            way.pull.is_telling = False
            await way.pull.run()
        self._downward.give_back_refused(was_tried_again=was_tried_again)
        if was_tried_again:
            self._tried_again_s = time.monotonic()
        self._downward.tell_again(self._below.ripe())
        self._clock_offset_s = way.link.clock_offset_s
        self._forget()

    def _tell_again(self, way: Way) -> None:
        """Queue what a restored hub above has lost; what it still has it knows by its bytes."""
        if way.link.habits.has_forgotten:
            since = self._clock.now() - KEPT
            rows, contents = self._store.outbox.send_again(since), self._store.transfers.send_again(since)
            way.pull.begin_again()
            way.link.habits.was_told_again()
            _log.warning("the hub above has lost something: %d records, %d contents go up again", rows, contents)

    def _forget(self) -> None:
        """Once a day, remove what the hub above has had for so long that no backup of it is older."""
        today = self._clock.now().date()
        if self._forgot_on != today:
            self._store.outbox.forget(self._clock.now() - KEPT)
            self._forgot_on = today

    async def _live(self) -> None:
        way = self.way()
        hearing = Hearing(way.pull, self._heard)
        try:
            while not self._standing.is_ending:
                wait_s = await self._exchange_safely(way)
                if self._reason is None:
                    hearing.open()
                await self._standing.rest(wait_s)
        finally:
            with anyio.CancelScope(shield=True):
                await hearing.close()
                await way.link.close()

    def _heard(self) -> None:
        """Ask at once what is new; after a failure its own time is waited."""
        if self._reason is None:
            self._standing.ask()

    async def _exchange_safely(self, way: Way) -> float:
        """Do one exchange and return the seconds to wait after it. The named border of this thread."""
        try:
            await self.exchange(way)
            await self._report(way.reporting)
        except ErasedError as error:
            return self._ordered(error.order)
        except UnknownNodeError:
            _log.warning("the hub above does not know this hub")
            words = Text("The hub above does not know this hub; it has to be connected again.")
            return self._broke_off(words, is_shut_out=True)
        except ClinicError as error:
            _log.info("the exchange with the hub above broke off: %s", error)
            return self._broke_off(error.text, getattr(error, "wait_s", 0.0))
        except Exception:  # noqa: BLE001 - the border of this thread
            _log.exception("the exchange with the hub above failed")
            return self._broke_off(Text("The exchange with the hub met a fault; it is in the log."))
        self._backoff.reset()
        self._reason, self._is_shut_out = None, False
        self._last_contact_at = self._clock.now()
        return self._interval_s

    def _broke_off(self, reason: Text, least_s: float = 0.0, *, is_shut_out: bool = False) -> float:
        self._reason, self._is_shut_out = reason, is_shut_out
        return self._backoff.next_s(least_s)

    def _ordered(self, order: EraseOrder) -> float:
        """Have no exchange any more, and destroy nothing: these are the data of a hospital, not of one computer.

        The key of a hub lies beside its data, so a thief would lose nothing by the order, and the hospital everything.
        """
        _log.error("the hub above has shut this hub out: %s", order.because)
        self._reason = Text("The hub above has shut this hub out. Nothing was erased; it serves its workstations.")
        self._is_shut_out = True
        self._standing.end()
        return 0.0

    @staticmethod
    async def _report(reporting: Reporting) -> None:
        """Tell the hub above of this hub; whatever is wrong with that, the exchange before it went well."""
        try:
            await reporting.run()
        except (LinkError, HubRefusalError) as error:
            _log.warning("the hub above was not told of this hub: %s", error)

    def _has_news(self) -> bool:
        """Whether somebody here has written while all was well."""
        if self._reason is not None:
            return False
        try:
            return self._upward.has_news()
        except ClinicError as error:
            _log.warning("the history cannot be read: %s", error)
            return False


def put_below(
    hub: Hub,
    store: Store,
    account: UpstreamAccount,
    clock: Clock,
    *,
    limits: Mapping[Lane, int] | None = None,
    interval_s: float = 15.0,
    transport: httpx.AsyncBaseTransport | None = None,
) -> tuple[Hub, Upstream]:
    """Return a hub as it is below another one, and its exchange with that one, not yet started.

    Args:
        hub: as it would be by itself.
        store: its store.
        account: who it is at the hub above.
        clock: the time.
        limits: bytes a day that a lane may use of the line.
        interval_s: seconds between two exchanges when nobody writes.
        transport: for tests, in place of the network.
    """
    below = Below(store, account.organization_id)
    upstream = Upstream(
        store,
        account,
        below,
        hub.content,
        hub.feed.bell,
        clock,
        limits=limits,
        interval_s=interval_s,
        transport=transport,
    )
    below.state = upstream.state
    return dataclasses.replace(hub, below=below), upstream
