"""How many bytes a day each lane may use where the link is paid by the megabyte; the emergency lane always may.

What was used today is kept, so that a restart does not give the day's bytes twice. Counted is what this program sends
and receives; what TLS and the network add is not known to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Final

import msgspec

from clinic_app.foundation.clock import Clock
from clinic_app.storage import Lane, Memory
from clinic_app.sync.pace import Pace

SPENT: Final = "link-budget-spent"
_NEVER_LIMITED: Final = "emergency"


class _Spent(msgspec.Struct, frozen=True):
    """What was used on one day, bytes by lane."""

    day: date = date.min
    lanes: dict[Lane, int] = {}


class Budget:
    """The bytes of one day.

    Args:
        limits: bytes a day by lane; a lane that is not named has no limit.
        pace: counts what goes over the link.
        memory: keeps what was used.
        clock: says which day it is, where this computer is.
    """

    def __init__(self, limits: Mapping[Lane, int], pace: Pace, memory: Memory, clock: Clock) -> None:
        self._limits: Mapping[Lane, int] = {lane: most for lane, most in limits.items() if lane != _NEVER_LIMITED}
        self._pace = pace
        self._memory = memory
        self._clock = clock

    @property
    def limits(self) -> Mapping[Lane, int]:
        """Bytes a day of every lane that has a limit."""
        return self._limits

    def spent(self) -> Mapping[Lane, int]:
        """Return the bytes used today by every lane that has a limit."""
        kept = self._kept()
        return {lane: kept.get(lane, 0) for lane in self._limits}

    def has_left(self, lane: Lane) -> bool:
        """Return whether a lane may use the link today."""
        most = self._limits.get(lane)
        return most is None or self._kept().get(lane, 0) < most

    @contextmanager
    def spending(self, lane: Lane) -> Iterator[None]:
        """Count what goes over the link meanwhile as a lane's, also when the link breaks."""
        before = self._pace.total_bytes
        try:
            yield
        finally:
            used = self._pace.total_bytes - before
            if used and lane in self._limits:
                kept = self._kept()
                spent = _Spent(self._today(), {**kept, lane: kept.get(lane, 0) + used})
                self._memory.put(SPENT, msgspec.json.encode(spent))

    def _kept(self) -> Mapping[Lane, int]:
        if not self._limits:
            return {}
        try:
            spent = msgspec.json.decode(self._memory.get(SPENT) or b"{}", type=_Spent)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return {}
        return spent.lanes if spent.day == self._today() else {}

    def _today(self) -> date:
        return self._clock.now().astimezone().date()
