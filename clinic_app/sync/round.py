"""One exchange from beginning to end: what presses goes up, what is new comes down, then everything else by turns.

While much goes up or comes down, the hub is asked for news from time to time, so that hours of a study do not hold up
the answer to an emergency.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from clinic_app.foundation.clock import Clock
from clinic_app.referral import Referrals
from clinic_app.storage import Store
from clinic_app.storage.backups.restoring import RESTORED_PULL
from clinic_app.storage.trail.countersigned import kept_countersigned
from clinic_app.sync.budget import Budget
from clinic_app.sync.contents import Downloads, Uploads
from clinic_app.sync.link import HubLink
from clinic_app.sync.pull import Pull
from clinic_app.sync.push import Push
from clinic_app.sync.settling import Settling
from clinic_app.sync.turns import PRESSING, Turns

KEPT: Final = timedelta(days=30)
"""How long what the hub has taken can be sent again: longer than its newest backup is ever old."""
_BREAKS_MET: Final = "hub-audit-breaks-met"
"""Of which break of the trail everything was asked for already."""
_log = logging.getLogger(__name__)


class Round:
    """The exchanges of one workstation over one link, one after the other.

    Args:
        store: whose queues go up and whose inbox is filled.
        referrals: opens the packages that come, and answers for the Tasks that arrive.
        link: the hub.
        settling: joins what two desks changed apart.
        budget: what each lane may still use today.
        clock: the time now.
        on_progress: told how many records have been settled.
        time_s: a clock that only goes forward, in seconds.
    """

    def __init__(
        self,
        store: Store,
        referrals: Referrals,
        link: HubLink,
        settling: Settling,
        budget: Budget,
        clock: Clock,
        on_progress: Callable[[int], None],
        time_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._clock = clock
        self._forgot_on: date | None = None
        self._referrals = referrals
        self._link = link
        self._settling = settling
        self._time_s = time_s
        self._push = Push(store, link, on_progress)
        self._downloads = Downloads(store, link)
        self._turns = Turns(self._push, Uploads(store, link), self._downloads, budget)
        self.pull = Pull(store, link)
        self._asked_at_s = 0.0

    async def run(self, ask_every_s: float, *, is_heard: bool = False) -> None:
        """Do one exchange; it may break off anywhere, and the next goes on from there.

        Args:
            ask_every_s: seconds after which the hub is asked for news while other things go on.
            is_heard: the hub says by itself when there are news, and has been asked a moment ago.

        Raises:
            LinkError: the hub cannot be reached.
            HubRefusalError: it does not give its feed.
        """
        if not self._link.habits.is_met:
            await self._link.meet()
        self._begin()
        await self._turns.run(PRESSING)
        self._tell_again()
        self._ask_for_what_is_ours()
        if not is_heard:
            await self._ask()

        async def ask_sometimes() -> None:
            if self._time_s() - self._asked_at_s > ask_every_s:
                await self._ask()

        self._tell_again()
        self._begin()
        await self._turns.run(between=ask_sometimes)
        if self.pull.is_telling:
            self.pull.is_telling = False
            await self._ask()
        self._referrals.open_waiting()
        self._forget()

    def _ask_for_what_is_ours(self) -> None:
        """Ask for our own records too where the hub knows more of our trail than we do.

        So it is after a copy of the data folder was put back by hand, which does not say of itself that it was.
        """
        word = kept_countersigned(self._store.memory)
        told = str(word.breaks).encode() if word is not None and word.verdict != "whole" else b""
        if told and self._store.memory.get(_BREAKS_MET) != told:
            _log.warning("the hub has seen another trail of this workstation: it was restored, or there are two of it")
            self._store.memory.put(RESTORED_PULL, b"1")
            self._store.memory.put(_BREAKS_MET, told)

    def _tell_again(self) -> None:
        """Queue what a hub has lost that was restored from a backup; what it still has it knows by its bytes."""
        if self._link.habits.has_forgotten:
            since = self._clock.now() - KEPT
            rows, contents = self._store.outbox.send_again(since), self._store.transfers.send_again(since)
            self.pull.begin_again()
            self._link.habits.was_told_again()
            _log.warning("the hub has lost something: %d records and %d contents go up again", rows, contents)

    def _forget(self) -> None:
        """Once a day, remove what the hub has had for so long that no backup of it is older."""
        today = self._clock.now().date()
        if self._forgot_on != today:
            self._store.outbox.forget(self._clock.now() - KEPT)
            self._forgot_on = today

    def _begin(self) -> None:
        self._push.begin()
        self._downloads.begin()

    async def _ask(self) -> None:
        """Take what is new at the hub, and see what it means here."""
        await self.pull.run()
        self._asked_at_s = self._time_s()
        await self._settling.run()
        self._referrals.receive_arrivals()
        self._referrals.open_waiting()
