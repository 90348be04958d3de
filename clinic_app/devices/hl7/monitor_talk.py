"""What is known of one connection: the monitors that speak over it, their names, and the streams of their waves.

A central station or a gateway sends the monitors of a whole ward over one connection and under one name; only the bed
(PV1-3) tells them apart. Each bed is a source of its own, or two patients would become one trace.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from clinic_app.devices.block import Block, Numerics
from clinic_app.devices.driver import Arrival, Event
from clinic_app.devices.hl7.message import Message
from clinic_app.devices.hl7.sources import Sources
from clinic_app.devices.wave_streams import WaveStreams
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text

MOST_BEDS: Final = 32
"""Beds behind one connection; with one more, all begin anew."""


class MonitorTalk:
    """The memory of one connection.

    Args:
        address: host and port of the peer.
        sources: where names are given out.
    """

    def __init__(self, address: tuple[str, int], sources: Sources) -> None:
        self._address = address
        self._sources = sources
        self._wanted = ""
        self._sender = ""
        self._names: dict[str, str] = {}
        """The names its monitors have here, by what they call themselves."""
        self._waves = WaveStreams()
        self.name = f"{address[0]}:{address[1]}"

    @property
    def is_stranger(self) -> bool:
        """Whether it never said who it is."""
        return not self._wanted

    def name_yourself(self, message: Message) -> None:
        """Take the name that the device, and the bed it stands at, has in a message.

        Raises:
            DeviceError: another connection of the same device took the name over; this one should close.
        """
        wanted = " ".join(part for part in (message.sender, message.bed) if part)
        if not wanted or wanted == self._wanted:
            self._check()
            return
        if message.sender != self._sender or len(self._names) >= MOST_BEDS:
            self.leave()
            self._names.clear()
        self._sender, self._wanted = message.sender, wanted
        if wanted in self._names:
            self.name = self._names[wanted]
            self._check()
        else:
            self.name = self._names[wanted] = self._sources.name_for(wanted, self._address)
        self._waves = self._sources.waves_of(self.name, self._address[0])

    def _check(self) -> None:
        if not self.is_current:
            raise DeviceError(Text("The monitor connected again; its old connection was closed."))

    @property
    def is_current(self) -> bool:
        """Whether what it says about its name still counts."""
        return self.is_stranger or self._sources.holds(self.name, self._address)

    def leave(self) -> None:
        """Give the names back."""
        for name in tuple(self._names.values()) or (self.name,):
            self._sources.forget(name, self._address, is_stranger=self.is_stranger)

    def items(self, message: Message, now: datetime) -> Iterator[Block | Numerics | Event]:
        """Yield what is in a message; see `WaveStreams.items`."""
        return self._waves.items(self.name, message, Arrival(now, time.monotonic()))

    @property
    def is_holding(self) -> bool:
        """Whether a wave waits for the ones behind it."""
        return self._waves.is_holding

    def settle(self, *, is_over: bool = False) -> Iterator[Block | Event]:
        """Yield what has its place by now although nothing more came; everything where the talk is over."""
        return self._waves.settle(None if is_over else time.monotonic())
