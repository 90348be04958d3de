"""What a CMS50 sends becomes a pulse curve, and the two numbers it shows, once a second."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Final

import numpy as np

from clinic_app.devices.arrival_count import ArrivalCount
from clinic_app.devices.block import Block, ChannelInfo, Flags, Numerics, NumericValue
from clinic_app.devices.driver import Arrival, Event, EventKind, Item, Parsed, Parser
from clinic_app.devices.oximeter.frames import RATE_HZ, START, FrameFinder, OximeterFrame
from clinic_app.foundation.texts import Text
from clinic_app.terminology.leads import PLETH

CHANNEL: Final = ChannelInfo(PLETH, "Pleth", "1")
ASK_AGAIN_S: Final = 10.0
"""A nine-byte device stops after half a minute unless it is asked again."""
NUMBERS_S: Final = 1.0
_RATE: Final = Fraction(RATE_HZ)


class OximeterParser:
    """One connection with an oximeter, of whichever dialect.

    Args:
        name: the device's name here.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._finder = FrameFinder()
        self._count = ArrivalCount(_RATE)
        self._asked_s = float("-inf")
        self._told_s = float("-inf")
        self._is_finger_out = False

    @property
    def memory(self) -> tuple[ArrivalCount, bool]:
        """What it knows of its curve: how far it is, and whether there was no finger."""
        return self._count, self._is_finger_out

    def begin(self, at: Arrival) -> bytes:
        """Ask for live data; an older device does not listen and sends them anyway."""
        self._asked_s = at.monotonic_s
        return START

    def remember(self, former: Parser) -> None:
        """Go on with the curve of the connection before, after a hole as long as the clock says."""
        assert isinstance(former, OximeterParser)
        self._count, self._is_finger_out = former.memory
        self._finder.expect_hole()

    def feed(self, data: bytes, at: Arrival) -> Parsed:
        """Take the next bytes of the cable."""
        frames = self._finder.feed(data)
        items: list[Item] = [self._block(run, at) for run in _runs(frames)]
        if frames:
            items += self._said(frames[-1], at)
        answer = b""
        if at.monotonic_s - self._asked_s >= ASK_AGAIN_S:
            self._asked_s, answer = at.monotonic_s, START
        refused = any(frame.is_after_hole for frame in frames)
        return Parsed(tuple(items), answer, Text("The cable is disturbed; samples are missing.") if refused else None)

    def _block(self, run: list[OximeterFrame], at: Arrival) -> Block:
        waves = [np.nan if frame.is_finger_out else frame.wave for frame in run]
        is_out = any(frame.is_finger_out for frame in run)
        index = self._count.place(len(run), at.monotonic_s, is_after_hole=run[0].is_after_hole)
        return Block(
            self._name,
            self._count.stream_id,
            (CHANNEL,),
            index,
            _RATE,
            np.array([waves], np.float32),
            at.at,
            at.monotonic_s,
            flags=Flags.LEADS_OFF if is_out else Flags(0),
            leads_off=frozenset((PLETH,)) if is_out else frozenset(),
        )

    def _said(self, frame: OximeterFrame, at: Arrival) -> list[Item]:
        """Return the numbers, once a second, and that the finger came or went."""
        said: list[Item] = []
        if frame.is_finger_out != self._is_finger_out:
            self._is_finger_out = frame.is_finger_out
            if frame.is_finger_out:
                text = Text("{name}: there is no finger in the sensor.", name=self._name)
                said.append(Event(self._name, EventKind.LEADS_OFF, text, at.at, at.monotonic_s, self._count.stream_id))
        if at.monotonic_s - self._told_s >= NUMBERS_S and (values := _numbers(frame)):
            self._told_s = at.monotonic_s
            said.append(Numerics(self._name, values, at.at, at.monotonic_s))
        return said


def _runs(frames: list[OximeterFrame]) -> list[list[OximeterFrame]]:
    """Return the frames cut where something is missing."""
    cuts = [0, *(place for place, frame in enumerate(frames) if frame.is_after_hole and place), len(frames)]
    return [frames[first:last] for first, last in pairwise(cuts) if last > first]


def _numbers(frame: OximeterFrame) -> dict[str, NumericValue]:
    if frame.is_finger_out or frame.is_searching:
        return {}
    values = {
        "MDC_PULS_OXIM_SAT_O2": (frame.saturation, "%"),
        "MDC_PULS_OXIM_PULS_RATE": (frame.pulse, "/min"),
        "MDC_BLD_PERF_INDEX": (frame.perfusion, "%"),
    }
    return {code: NumericValue(Decimal(value), unit) for code, (value, unit) in values.items() if value is not None}
