"""The standing exchange of a facility hub with the hub above it: one thread, one exchange at a time.

An exchange sends up what the workstations wrote, takes in what is for them, and then says what became of what. It may
break off anywhere; the next one goes on. Meanwhile the hub serves its workstations as if there were nobody above it.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import httpx

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import Text
from clinic_app.hub.below import Below
from clinic_app.hub.upstream_account import UpstreamAccount
from clinic_app.hub.upstream_down import Down
from clinic_app.hub.upstream_up import Up
from clinic_app.storage import Store
from clinic_app.storage.downward import Downward
from clinic_app.storage.giving_back import give_back_refused, try_again
from clinic_app.storage.upward import Backlog, Upward, backlog
from clinic_app.sync.backoff import Backoff
from clinic_app.sync.habits import HubHabits
from clinic_app.sync.link import AnswerError, HubLink

LOOK_S: Final = 1.0
"""How often an idle exchange looks whether a workstation has written something."""
TRY_AGAIN_S: Final = 3600.0
"""How often the hub above is asked once more about what it did not want: it may have learnt since."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class UpstreamState:
    """How the exchange stands: ``reason`` is why the last one broke off, None after one that came to its end."""

    last_contact_at: datetime | None
    reason: Text | None
    clock_offset_s: float
    waiting: Backlog


class Upstream:
    """The exchange of one facility hub with the hub above it.

    Args:
        store: the facility hub's.
        account: who it is there.
        below: what it says to its workstations.
        clock: the time of the states.
        interval_s: seconds between two exchanges when nobody writes.
        transport: for tests, in place of the network.

    Every public method may be called from any thread.
    """

    def __init__(
        self,
        store: Store,
        account: UpstreamAccount,
        below: Below,
        clock: Clock,
        *,
        interval_s: float = 15.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._store = store
        self._account = account
        self._below = below
        self._clock = clock
        self._interval_s = interval_s
        self._transport = transport
        self._upward = Upward(store)
        self._backoff = Backoff()
        self._reason: Text | None = None
        self._last_contact_at: datetime | None = None
        self._clock_offset_s = 0.0
        self._tried_again_s = float("-inf")
        self._is_stopping = False
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; the first exchange comes at once."""
        is_running = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(is_running,), name="upstream")
        self._thread.start()
        is_running.wait()

    def stop(self) -> None:
        """Break off whatever is under way and wait until the thread has ended; nothing is lost by it."""
        thread, self._thread = self._thread, None
        if thread is not None:
            loop = self._loop
            if loop is not None:
                with suppress(RuntimeError):  # the loop has just ended
                    loop.call_soon_threadsafe(self._cancel)
            thread.join()

    def state(self) -> UpstreamState:
        """Return how it stands."""
        return UpstreamState(self._last_contact_at, self._reason, self._clock_offset_s, backlog(self._store))

    def try_again_now(self) -> None:
        """Ask the hub above with the next exchange once more about what it did not want."""
        self._tried_again_s = float("-inf")

    async def exchange(self, link: HubLink, down: Down) -> None:
        """Do one exchange.

        Raises:
            ClinicError: it broke off; nothing is lost.
        """
        if not link.habits.is_met:
            await link.meet()
        was_tried_again = time.monotonic() - self._tried_again_s >= TRY_AGAIN_S
        if was_tried_again:
            try_again(self._store.database)
        organization_id = self._account.organization_id
        up = Up(self._store, organization_id, link, self._clock)
        await up.records()
        await up.contents(up.records)
        await down.records()
        await up.records()
        give_back_refused(self._store.database, self._clock.now(), was_tried_again=was_tried_again)
        if was_tried_again:
            self._tried_again_s = time.monotonic()
        Downward(self._store, organization_id, self._clock).tell_again(self._below.ripe())
        await down.contents()
        self._clock_offset_s = link.clock_offset_s

    def _cancel(self) -> None:
        self._is_stopping = True
        if self._task is not None:
            self._task.cancel()

    def _run(self, is_running: threading.Event) -> None:
        with suppress(asyncio.CancelledError):
            asyncio.run(self._live(is_running))

    async def _live(self, is_running: threading.Event) -> None:
        self._task = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        self._is_stopping = False
        is_running.set()
        link = self.link()
        down = Down(self._store, self._account.organization_id, link, self._clock)
        try:
            while not self._is_stopping:
                await self._rest(await self._exchange_safely(link, down))
        finally:
            self._loop = None
            await link.close()

    def link(self) -> HubLink:
        """Return a new link to the hub above."""
        habits = HubHabits(self._account.url, self._store.memory)
        return HubLink(self._account.url, self._account.token, self._clock, self._transport, habits=habits, is_hub=True)

    async def _exchange_safely(self, link: HubLink, down: Down) -> float:
        """Do one exchange and return the seconds to wait after it. The named border of this thread."""
        try:
            await self.exchange(link, down)
        except ClinicError as error:
            self._reason = error.text
            _log.info("the exchange with the hub above broke off: %s", error)
            return self._backoff.next_s(error.wait_s if isinstance(error, AnswerError) else 0.0)
        except Exception:  # noqa: BLE001 - the border of this thread
            _log.exception("the exchange with the hub above failed")
            self._reason = Text("The exchange with the hub met a fault; it is in the log.")
            return self._backoff.next_s()
        self._backoff.reset()
        self._reason = None
        self._last_contact_at = self._clock.now()
        return self._interval_s

    async def _rest(self, wait_s: float) -> None:
        """Wait until the time is over, or somebody has written while all was well."""
        end_s = asyncio.get_running_loop().time() + wait_s
        while (left_s := end_s - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(min(LOOK_S, left_s))
            if self._reason is None and self._has_news():
                return

    def _has_news(self) -> bool:
        try:
            return self._upward.has_news()
        except ClinicError as error:
            _log.warning("the history cannot be read: %s", error)
            return False
