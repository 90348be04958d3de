"""What is known of one connection with a monitor: its name, and the streams its waves belong to."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

from clinic_app.devices.block import Block, Numerics
from clinic_app.devices.driver import Arrival, Event
from clinic_app.devices.hl7.message import Message
from clinic_app.devices.hl7.sources import Sources
from clinic_app.devices.wave_streams import WaveStreams
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text


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
        self._waves = WaveStreams()
        self.name = f"{address[0]}:{address[1]}"

    @property
    def is_stranger(self) -> bool:
        """Whether it never said who it is."""
        return not self._wanted

    def name_yourself(self, message: Message) -> None:
        """Take the name the device gives itself in a message.

        Raises:
            DeviceError: another connection of the same device took the name over; this one should close.
        """
        wanted = message.sender
        if wanted and wanted != self._wanted:
            self.leave()
            self._wanted = wanted
            self.name = self._sources.name_for(wanted, self._address)
            self._waves = self._sources.waves_of(self.name, self._address[0])
        elif not self.is_current:
            raise DeviceError(Text("The monitor connected again; its old connection was closed."))

    @property
    def is_current(self) -> bool:
        """Whether what it says about its name still counts."""
        return self.is_stranger or self._sources.holds(self.name, self._address)

    def leave(self) -> None:
        """Give the name back."""
        self._sources.forget(self.name, self._address, is_stranger=self.is_stranger)

    def items(self, message: Message, now: datetime) -> Iterator[Block | Numerics | Event]:
        """Yield what is in a message; see `WaveStreams.items`."""
        return self._waves.items(self.name, message, Arrival(now, time.monotonic()))
