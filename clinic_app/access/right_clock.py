"""Whether this computer's clock may stand under a signature, by what the hub's clock said last.

A battery on the board dies and the computer wakes up in 1970; somebody types the wrong year. A moment in a signed
record can never be taken back, so nothing is signed while the clock is more than a day away from the hub's, or has
fallen behind the last moment that the hub told. Emergencies go out all the same: their second clock is the hub's.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ClockError
from clinic_app.foundation.texts import Text
from clinic_app.storage import Store

CLOCK_OFFSET: Final = "hub-clock-offset-s"
"""Hub's clock minus ours at the last contact, in seconds."""
HUB_TIME: Final = "hub-clock-last"
"""The latest moment that the hub's clock is known to have shown."""
MOST: Final = timedelta(hours=24)
"""How far the clocks may be apart under a signature."""


def clock_offset(store: Store) -> timedelta | None:
    """Return hub's clock minus ours as it was last measured, or None where the hub was never heard."""
    kept = store.memory.get(CLOCK_OFFSET)
    try:
        return timedelta(seconds=float(kept)) if kept is not None else None
    except (ValueError, OverflowError):
        return None


def can_sign(store: Store, clock: Clock) -> bool:
    """Return whether `check_clock` lets a signature pass now."""
    try:
        check_clock(store, clock)
    except ClockError:
        return False
    return True


def check_clock(store: Store, clock: Clock) -> None:
    """Let a signature pass, or refuse it.

    Raises:
        ClockError: the clock cannot be right; nothing was signed.
    """
    offset = clock_offset(store) or timedelta()
    if offset > MOST or _is_before_hub(store, clock.now() + offset):
        raise ClockError(
            Text("The clock of this computer is behind by more than a day. Set it right, then sign; nothing was sent.")
        )
    if offset < -MOST:
        raise ClockError(
            Text("The clock of this computer is ahead by more than a day. Set it right, then sign; nothing was sent.")
        )


def _is_before_hub(store: Store, now: datetime) -> bool:
    kept = store.memory.get(HUB_TIME)
    return kept is not None and now < datetime.fromisoformat(kept.decode()) - MOST
