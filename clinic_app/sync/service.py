"""The standing exchange with the hub: one thread, one loop, one exchange at a time, for as long as the program runs.

An exchange pushes records, uploads contents, pulls the feed, joins what was changed at two places, fetches packages and
opens them. It may break off anywhere: every step can be repeated, and the next exchange goes on where this one stopped.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import anyio
import httpx

from clinic_app.access import Trail
from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ClinicError, LinkError
from clinic_app.foundation.texts import Language, Text
from clinic_app.foundation.version import VERSION
from clinic_app.referral import Referrals
from clinic_app.storage import Lane, Store
from clinic_app.sync.any_hub import AnyLink
from clinic_app.sync.backoff import Backoff
from clinic_app.sync.budget import Budget
from clinic_app.sync.clocks import ClockWatch
from clinic_app.sync.credentials import Credentials
from clinic_app.sync.device_credentials import ErasedError
from clinic_app.sync.habits import HubHabits
from clinic_app.sync.hearing import Hearing
from clinic_app.sync.hub_account import EraseOrder, HubAccount
from clinic_app.sync.hub_certificate import tls_of
from clinic_app.sync.link import HubLink, HubRefusalError
from clinic_app.sync.pace import Pace
from clinic_app.sync.releases import Releases, Shelf
from clinic_app.sync.reporting import Reporting
from clinic_app.sync.round import Round
from clinic_app.sync.settling import Settling
from clinic_app.sync.standing import Standing
from clinic_app.sync.state import Erased, Failed, Never, QueueSummary, Running, Succeeded, SyncState

HEARD_S: Final = 60.0
"""Seconds for which an open ear at the hub is believed before it is asked all the same."""
_log = logging.getLogger(__name__)


class SyncService:
    """Sync of one workstation with one hub.

    Args:
        store: the workstation's store.
        referrals: opens the packages that come, and answers for the Tasks that arrive.
        hub_url: the hub's address.
        credentials: who this workstation is at the hub; a word alone is a static token.
        clock: the time of the states.
        interval_s: seconds between two exchanges when nothing presses.
        limits: bytes a day that a lane may use of a link that is paid by the megabyte; a lane not named has no limit.
        transport: for tests, in place of the network.
        account: this workstation's place at the hub, where it has one with a key of its own.
        erase: destroys the keys of the data when the hub orders it; None for a node whose data are not its user's.
        language: in which the hub is asked to say why it refuses something.
        shelf: where releases of the program go; None for a program that takes none.
        program: what the hub is told of its version.

    Every public method may be called from any thread; subscribers are called from the service's own thread.
    """

    def __init__(
        self,
        store: Store,
        referrals: Referrals,
        hub_url: str,
        credentials: Credentials | str,
        clock: Clock,
        *,
        interval_s: float = 15.0,
        limits: Mapping[Lane, int] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        account: HubAccount | None = None,
        erase: Callable[[EraseOrder], Text] | None = None,
        language: Language = "en",
        shelf: Shelf | None = None,
        program: Callable[[], str] = lambda: VERSION,
    ) -> None:
        self._shelf = shelf
        self._program = program
        self._account = account
        self._erase = erase
        self._store = store
        self._referrals = referrals
        self._clock = clock
        self._interval_s = interval_s
        self.pace = Pace()
        self._clocks = ClockWatch(store, clock)
        self.budget = Budget(limits or {}, self.pace, store.memory, clock)
        self._make_link = partial(
            AnyLink,
            store,
            hub_url,
            credentials,
            clock,
            transport,
            self.pace,
            HubHabits(hub_url, store.memory),
            tls=tls_of(store, hub_url),
            language=language,
        )
        self._backoff = Backoff()
        self._state: SyncState = Never()
        self._last_contact_at: datetime | None = None
        self._is_paused = False
        self._callbacks: tuple[Callable[[], None], ...] = ()
        self._lock = threading.Lock()
        self._standing = Standing("sync", self._live, self._has_news)
        self._asked_at_s = 0.0
        self._done = self._total = 0

    def start(self) -> None:
        """Begin; the first exchange comes at once."""
        self._standing.start()

    def stop(self) -> None:
        """Break off whatever is under way and wait until the thread has ended; nothing is lost by it."""
        self._standing.stop()

    def sync_now(self) -> None:
        """Ask for an exchange now, whatever the waiting time was."""
        self._backoff.reset()
        self._standing.ask()

    def pause(self, is_paused: bool) -> None:
        """Begin no more exchanges, or go on."""
        self._is_paused = is_paused
        if not is_paused:
            self.sync_now()
        self._notify()

    @property
    def is_paused(self) -> bool:
        """Whether exchanges are held back."""
        return self._is_paused

    def state(self) -> SyncState:
        """Return how it stands."""
        return self._state

    @property
    def last_contact_at(self) -> datetime | None:
        """When the last exchange ended well, or None while none has since the program started."""
        return self._last_contact_at

    def queue(self) -> QueueSummary:
        """Return what waits for the hub."""
        oldest = self._store.outbox.oldest_queued_at()
        return QueueSummary(
            records=self._store.outbox.count(),
            blobs=len(self._store.transfers.pending("up")),
            bytes_waiting=self.bytes_waiting(),
            oldest_at=datetime.fromisoformat(oldest) if oldest else None,
        )

    def bytes_waiting(self) -> int:
        """Return how many bytes of records and contents wait, as they are on the link."""
        records = round(self._store.outbox.waiting_bytes() * self.pace.packed_share())
        return records + self._store.transfers.waiting_bytes()

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Have ``callback`` called after every change, from the service's thread; return what ends it."""
        with self._lock:
            self._callbacks = (*self._callbacks, callback)

        def end() -> None:
            with self._lock:
                self._callbacks = tuple(each for each in self._callbacks if each is not callback)

        return end

    async def _live(self) -> None:
        link = self._make_link()
        settling = Settling(self._store, link, Trail(self._store, self._clock))
        reporting = Reporting(self._store, link, self._account, program=self._program)
        exchange = Round(self._store, self._referrals, link, settling, self.budget, self._clock, self._settled)
        hearing = Hearing(exchange.pull, self._standing.ask)
        shelf, budget = self._shelf, self.budget
        releases = Releases(shelf, link, budget, self._has_pressing_news) if shelf is not None else None
        try:
            while not self._standing.is_ending:
                wait_s = await self._exchange_safely(exchange, link, hearing, reporting)
                if releases is not None and isinstance(self._state, Succeeded):
                    await self._fetch(releases)
                await self._standing.rest(wait_s)
        finally:
            with anyio.CancelScope(shield=True):
                await hearing.close()
                await link.close()

    async def _exchange_safely(self, exchange: Round, link: HubLink, hearing: Hearing, reporting: Reporting) -> float:
        """Do one exchange and return the seconds to wait after it. The named border of this thread."""
        if self._is_paused:
            await hearing.close()
            return self._interval_s
        self._done, self._total = 0, self._store.outbox.count() + len(self._store.transfers.pending("up"))
        self._become(Running(0, self._total))
        now_s = time.monotonic()
        is_heard = hearing.is_open and now_s - self._asked_at_s < HEARD_S
        try:
            await exchange.run(self._interval_s, is_heard=is_heard)
            self._clocks.measured(timedelta(seconds=link.clock_offset_s))
            await self._report(reporting)
        except ErasedError as error:
            return self._obey(error)
        except ClinicError as error:
            self._become(Failed(self._clock.now(), error.text))
            return self._backoff.next_s(getattr(error, "wait_s", 0.0))
        except Exception:  # noqa: BLE001 - the border of this thread
            _log.exception("the exchange with the hub failed")
            self._become(Failed(self._clock.now(), Text("The exchange with the hub met a fault; it is in the log.")))
            return self._backoff.next_s()
        if not is_heard:
            self._asked_at_s = now_s
        self._backoff.reset()
        self._last_contact_at = self._clock.now()
        self._become(Succeeded(self._last_contact_at))
        hearing.open()
        return self._interval_s

    def _settled(self, records: int) -> None:
        self._done += records
        self._become(Running(self._done, max(self._total, self._done)))

    @staticmethod
    async def _report(reporting: Reporting) -> None:
        """Tell the hub of this workstation; whatever is wrong with that, the exchange before it went well."""
        try:
            await reporting.run()
        except (LinkError, HubRefusalError) as error:
            _log.warning("the hub was not told of this workstation: %s", error)

    @staticmethod
    async def _fetch(releases: Releases) -> None:
        """Fetch of a release what there is time for; whatever is wrong with that, the exchange before it went well."""
        try:
            await releases.run()
        except ClinicError as error:
            _log.info("no release was fetched: %s", error)
        except Exception:  # noqa: BLE001 - the border of this thread
            _log.exception("a release could not be fetched")

    def _obey(self, error: ErasedError) -> float:
        """Destroy the keys of the data without asking anybody, and have no exchange any more."""
        now = self._clock.now()
        try:
            reason = self._erase(error.order) if self._erase is not None else None
        except ClinicError as refused:  # the disk; the order comes again
            _log.error("the data could not be erased: %s", refused)
            self._become(Failed(now, refused.text))
            return self._backoff.next_s()
        if reason is None:
            self._become(Failed(now, error.text))
            return self._backoff.next_s()
        self._standing.end()
        self._become(Erased(now, reason))
        return 0.0

    def _has_news(self) -> bool:
        self._look_at_the_clock()
        return self._has_pressing_news()

    def _look_at_the_clock(self) -> None:
        try:
            self._clocks.look()
        except ClinicError as error:
            _log.warning("how the clocks stand cannot be kept: %s", error)

    def _has_pressing_news(self) -> bool:
        """Whether the first in the queue has never been tried; who read what can wait for the next exchange."""
        try:
            first = self._store.outbox.pending(1)
        except ClinicError as error:
            _log.warning("the outbox cannot be read: %s", error)
            return False
        return not self._is_paused and bool(first) and first[0].attempts == 0 and first[0].lane != "audit"

    def _become(self, state: SyncState) -> None:
        self._state = state
        self._notify()

    def _notify(self) -> None:
        """Tell everybody; a listener's fault is his own and does not end the exchange. A named border."""
        for callback in self._callbacks:
            try:
                callback()
            except Exception:  # noqa: BLE001 - the border to whoever listens
                _log.exception("a listener failed at the news of the exchange")
