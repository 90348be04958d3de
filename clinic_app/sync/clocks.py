"""How far this computer's clock is from the hub's, also when somebody turns it while there is no link.

Between two contacts a clock that only goes forward is watched beside the wall clock: what they drift apart is a turn of
the wall clock, and the offset that was measured is mended by it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from clinic_app.access.right_clock import CLOCK_OFFSET, HUB_TIME, clock_offset
from clinic_app.foundation.clock import Clock
from clinic_app.storage import Store

NOISE: Final = timedelta(seconds=2)
"""Less than this is the network, not the clock."""
_TOLD_EVERY: Final = timedelta(hours=1)


def steady_s() -> float:
    """Return seconds of a clock that only goes forward, also while the computer sleeps."""
    boot_time = getattr(time, "CLOCK_BOOTTIME", None)  # Windows counts sleep in its monotonic clock
    return time.monotonic() if boot_time is None else time.clock_gettime(boot_time)


class ClockWatch:
    """The offset of one workstation's clock.

    Args:
        store: where it is kept.
        clock: the wall clock.
        time_s: a clock that only goes forward, in seconds.
    """

    def __init__(self, store: Store, clock: Clock, time_s: Callable[[], float] = steady_s) -> None:
        self._store = store
        self._clock = clock
        self._time_s = time_s
        self._looked_at = (clock.now(), time_s())

    def measured(self, offset: timedelta) -> None:
        """Take in what the hub's clock said a moment ago."""
        self._looked_at = (self._clock.now(), self._time_s())
        self._keep(offset)
        hub_time = self._looked_at[0] + offset
        kept = self._store.memory.get(HUB_TIME)
        if kept is None or abs(hub_time - datetime.fromisoformat(kept.decode())) > _TOLD_EVERY:
            self._store.memory.put(HUB_TIME, hub_time.isoformat().encode())

    def look(self) -> None:
        """See whether the wall clock was turned since the last look."""
        now, time_s = self._clock.now(), self._time_s()
        before, before_s = self._looked_at
        turned = (now - before) - timedelta(seconds=time_s - before_s)
        if abs(turned) <= NOISE:
            return  # small steps add up, so that the moment to compare with stays
        self._looked_at = (now, time_s)
        offset = clock_offset(self._store)
        if offset is not None:
            self._keep(offset - turned)

    def _keep(self, offset: timedelta) -> None:
        kept = clock_offset(self._store)
        if kept is None or abs(kept - offset) > NOISE:
            self._store.memory.put(CLOCK_OFFSET, f"{offset.total_seconds():.1f}".encode())
