"""What a serial ECG amplifier sends becomes blocks: every sample at the place its number says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from clinic_app.devices.block import Block, ChannelInfo, Flags, Samples
from clinic_app.devices.driver import Arrival, Event, EventKind, Item, OptionValue, Parsed, Parser
from clinic_app.devices.serial_ecg.frames import (
    Description,
    FrameSplitter,
    SampleFrame,
    read_description,
    read_samples,
)
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Text
from clinic_app.terminology.leads import LEADS

LONGEST_GAP_S: Final = 600.0
"""A longer leap of the sample number begins a new stream; the display keeps ten minutes."""
_ROUND: Final = 1 << 32


class SerialEcgParser:
    """One connection with an amplifier.

    Args:
        name: the device's name here.
        options: none yet.
    """

    def __init__(self, name: str, options: Mapping[str, OptionValue] | None = None) -> None:
        self._name = name
        self._options = options or {}
        self._splitter = FrameSplitter()
        self._told_bad = 0
        self._description: Description | None = None
        self._channels: tuple[ChannelInfo, ...] = ()
        self._stream_id = ""
        self._run = -1
        self._first = 0
        self._next_index = 0
        self._off: frozenset[int] = frozenset()

    @property
    def memory(self) -> tuple[Description | None, tuple[ChannelInfo, ...], tuple[int, str, int, int], frozenset[int]]:
        """What it knows of its stream: the amplifier, its channels, how far the stream is, electrodes that are off."""
        place = (self._run, self._stream_id, self._first, self._next_index)
        return self._description, self._channels, place, self._off

    def begin(self, at: Arrival) -> bytes:  # noqa: ARG002 - of the protocol
        """Say nothing: an amplifier sends by itself."""
        return b""

    def remember(self, former: Parser) -> None:
        """Go on with the stream of the connection before; whether the amplifier was switched off its run says."""
        assert isinstance(former, SerialEcgParser)
        self._description, self._channels, place, self._off = former.memory
        self._run, self._stream_id, self._first, self._next_index = place

    def feed(self, data: bytes, at: Arrival) -> Parsed:
        """Take the next bytes of the cable."""
        items: list[Item] = []
        refused: Text | None = None
        for content in self._splitter.feed(data):
            description = read_description(content)
            if description is not None:
                self._take_description(description)
                continue
            frame = read_samples(content, len(self._channels)) if self._description else None
            if frame is not None and self._description is not None and frame.run == self._description.run:
                items += self._take_samples(frame, self._description, at)
            elif self._description is not None and (frame is None or frame.run == self._run):
                refused = Text("The amplifier sent a frame that cannot be right; it was left out.")
        if self._splitter.bad != self._told_bad:
            self._told_bad = self._splitter.bad
            refused = Text("The cable is disturbed; samples are missing.")
        return Parsed(tuple(items), refused=refused)

    def _take_description(self, description: Description) -> None:
        if description == self._description:
            return
        self._description = description
        self._channels = tuple(ChannelInfo(lead, LEADS[lead], "uV") for lead in description.leads)
        self._run, self._stream_id = -1, ""

    def _take_samples(self, frame: SampleFrame, description: Description, at: Arrival) -> list[Item]:
        index = self._place(frame, float(description.rate_hz))
        samples: Samples = frame.steps.astype(np.float32) * np.float32(description.step_nv / 1000)
        for row in frame.off:
            samples[row] = np.nan
        off = frozenset(self._channels[row].code for row in frame.off)
        flags = (Flags.LEADS_OFF if off else Flags(0)) | (Flags.CLIPPED if frame.is_clipped else Flags(0))
        block = Block(
            self._name,
            self._stream_id,
            self._channels,
            index,
            description.rate_hz,
            samples,
            at.at,
            at.monotonic_s,
            flags=flags,
            leads_off=off,
        )
        return [*self._electrodes(frame.off, at), block]

    def _place(self, frame: SampleFrame, rate_hz: float) -> int:
        """Return where the samples belong: the number goes on over its end, a repeat lies where it lay."""
        if not self._stream_id or frame.run != self._run:
            self._begin(frame)
        step = (frame.first - self._next_index + _ROUND // 2) % _ROUND - _ROUND // 2
        index = self._next_index + step
        if index < self._first or abs(step) > LONGEST_GAP_S * rate_hz:
            self._begin(frame)
            index = frame.first
        self._next_index = max(self._next_index, index + frame.steps.shape[1])
        return index - self._first

    def _begin(self, frame: SampleFrame) -> None:
        self._run, self._stream_id = frame.run, new_id()
        self._first = self._next_index = frame.first

    def _electrodes(self, off: frozenset[int], at: Arrival) -> list[Item]:
        lost, self._off = off - self._off, off
        if not lost:
            return []
        leads = ", ".join(self._channels[row].label for row in sorted(lost))
        text = Text("{name}: an electrode is off ({leads}).", name=self._name, leads=leads)
        return [Event(self._name, EventKind.LEADS_OFF, text, at.at, at.monotonic_s, self._stream_id)]
