"""Limits on a bed's numbers: what lies beyond is marked in colour and with an arrow, and nothing more happens.

They are kept for each device on this computer. A limit is set by a person for the patient who lies there; it makes no
sound. Source of the defaults: usual settings for adults of bedside monitors.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, Literal

import msgspec

from clinic_app.access import Session, Trail, own_device
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.storage import Store
from clinic_app.waveforms.live_hearts import OWN_HEART_RATE

Side = Literal["low", "high"]
_WIDEST: Final = Decimal(10_000)
_MOST_CODES: Final = 64


class Limit(msgspec.Struct, frozen=True):
    """What counts as usual.

    Args:
        low: below it a value is low; None for no such limit.
        high: above it a value is high; None for no such limit.
    """

    low: Decimal | None = None
    high: Decimal | None = None

    def mark(self, value: Decimal) -> Side | None:
        """Return on which side a value lies outside, or None."""
        if self.low is not None and value < self.low:
            return "low"
        return "high" if self.high is not None and value > self.high else None


def _limit(low: int | None, high: int | None) -> Limit:
    return Limit(None if low is None else Decimal(low), None if high is None else Decimal(high))


DEFAULTS: Final[Mapping[str, Limit]] = {
    "MDC_ECG_HEART_RATE": _limit(50, 120),
    OWN_HEART_RATE: _limit(50, 120),
    "MDC_PULS_OXIM_PULS_RATE": _limit(50, 120),
    "MDC_ECG_CARD_BEAT_RATE": _limit(50, 120),
    "MDC_PULS_OXIM_SAT_O2": _limit(90, None),
    "MDC_RESP_RATE": _limit(8, 30),
    "MDC_TTHOR_RESP_RATE": _limit(8, 30),
    "MDC_PRESS_BLD_NONINV_SYS": _limit(90, 160),
    "MDC_PRESS_BLD_NONINV_DIA": _limit(50, 90),
    "MDC_PRESS_BLD_NONINV_MEAN": _limit(60, 110),
    "MDC_PRESS_CUFF_SYS": _limit(90, 160),
    "MDC_PRESS_CUFF_DIA": _limit(50, 90),
    "MDC_PRESS_BLD_ART_SYS": _limit(90, 160),
    "MDC_PRESS_BLD_ART_DIA": _limit(50, 90),
    "MDC_TEMP": _limit(35, 38),
    "MDC_TEMP_BODY": _limit(35, 38),
}
"""For an adult at rest, until somebody sets others."""


class Limits:
    """Keeps the limits of every device.

    Args:
        store: where they lie.
        trail: asks for the right.
    """

    def __init__(self, store: Store, trail: Trail) -> None:
        self._store = store
        self._trail = trail
        self._kept: dict[str, dict[str, Limit]] = {}

    def of(self, source: str) -> Mapping[str, Limit]:
        """Return a device's limits by reference identifier."""
        if source not in self._kept:
            self._kept[source] = self._read(source)
        return {**DEFAULTS, **self._kept[source]}

    def mark(self, source: str, code: str, value: Decimal) -> Side | None:
        """Return on which side of its limits a device's number lies outside, or None."""
        limit = self.of(source).get(code)
        return limit.mark(value) if limit is not None else None

    def set(self, session: Session, source: str, code: str, limit: Limit) -> None:
        """Set the limits of one number of a device.

        Raises:
            InvalidInputError: the lower limit is not below the upper one, or a limit is no number a device tells.
        """
        self._trail.require(session, "create", "Observation")
        sides = [side for side in (limit.low, limit.high) if side is not None]
        if any(not side.is_finite() or abs(side) > _WIDEST for side in sides):
            raise InvalidInputError(Text("This limit cannot be right."), "limit")
        if len(sides) == 2 and not sides[0] < sides[1]:
            raise InvalidInputError(Text("The lower limit has to be below the upper one."), "limit")
        with self._store.one_at_a_time:
            kept = {**self._read(source), code: limit}
            if len(kept) > _MOST_CODES:
                raise InvalidInputError(Text("This limit cannot be right."), "limit")
            self._keep(session, source, kept)

    def reset(self, session: Session, source: str) -> None:
        """Set all limits of a device to the defaults: another patient lies there."""
        self._trail.require(session, "create", "Observation")
        with self._store.one_at_a_time:
            self._keep(session, source, {})

    def _keep(self, session: Session, source: str, kept: dict[str, Limit]) -> None:
        self._store.memory.put(_name(source), msgspec.json.encode(kept))
        self._store.records.commit((), audit=(self._trail.event(session, "update", own_device(self._store)),))
        self._kept[source] = kept

    def _read(self, source: str) -> dict[str, Limit]:
        kept = self._store.memory.get(_name(source))
        try:
            return msgspec.json.decode(kept or b"{}", type=dict[str, Limit])
        except msgspec.MsgspecError:
            return {}


def _name(source: str) -> str:
    return f"limits/{source}"
