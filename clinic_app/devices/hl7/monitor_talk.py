"""What is known of one connection: the monitors that speak over it, their names, and the streams of their waves.

A central station or a gateway sends the monitors of a whole ward over one connection and under one name; only the bed
or the patient tells them apart. Each is a source of its own, or two patients would become one trace.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from clinic_app.devices.block import Block, Numerics
from clinic_app.devices.driver import Arrival, Event, EventKind
from clinic_app.devices.hl7.message import Message
from clinic_app.devices.hl7.sources import Sources
from clinic_app.devices.wave_streams import WaveStreams
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text

MOST_BEDS: Final = 32
"""Beds behind one connection; with one more, all begin anew."""


@dataclass(frozen=True)
class _Source:
    name: str
    waves: WaveStreams


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
        self._of: dict[str, _Source] = {}
        """Who speaks over it, by what they call themselves."""
        self._waves = WaveStreams()
        self._former: str | None = None
        self.name = f"{address[0]}:{address[1]}"

    @property
    def is_stranger(self) -> bool:
        """Whether it never said who it is."""
        return not self._wanted

    def name_yourself(self, message: Message) -> None:
        """Take the name that the device, the bed it stands at and the patient in it have in a message.

        Raises:
            DeviceError: another connection of the same bed took the name over; this one should close.
        """
        self._former = None
        sender, now_s = message.sender, time.monotonic()
        beds = self._sources.beds_of(sender, self._address[0])
        lying = beds.lying(message, now_s)
        wanted = " ".join(part for part in (sender, lying.name) if part)
        if lying.former is not None:
            former = " ".join(part for part in (sender, lying.former) if part)
            self._former = self._of[former].name if former in self._of else former
        if not wanted or wanted == self._wanted:
            self._check()
            return
        if sender != self._sender or len(self._of) >= MOST_BEDS:
            self.leave()
            self._of.clear()
        self._sender, self._wanted = sender, wanted
        known = self._of.get(wanted)
        if known is None:
            name = self._sources.name_for(wanted, self._address, is_told=bool(lying.name))
            known = self._of[wanted] = _Source(name, self._sources.waves_of(name, self._address[0]))
        self.name, self._waves = known.name, known.waves
        self._check()

    def _check(self) -> None:
        if not self.is_current:
            raise DeviceError(Text("The monitor connected again; its old connection was closed."))

    @property
    def is_current(self) -> bool:
        """Whether what it says about its name still counts."""
        return self.is_stranger or self._sources.holds(self.name, self._address)

    def leave(self) -> None:
        """Give the names back."""
        for name in [each.name for each in self._of.values()] or [self.name]:
            self._sources.forget(name, self._address, is_stranger=self.is_stranger)

    def items(self, message: Message, now: datetime) -> Iterator[Block | Numerics | Event]:
        """Yield what is in a message; see `WaveStreams.items`. Before it an event, where the patient is another one."""
        at = Arrival(now, time.monotonic())
        if self._former is not None:
            yield another_patient(self.name, self._former, at)
        yield from self._waves.items(self.name, message, at)

    @property
    def is_holding(self) -> bool:
        """Whether a wave waits for the ones behind it."""
        return any(each.waves.is_holding for each in self._of.values())

    def settle(self, *, is_over: bool = False) -> Iterator[Block | Event]:
        """Yield what has its place by now although nothing more came; everything where the talk is over.

        What went over to another connection is that one's to hand on.
        """
        for each in self._of.values():
            if each.waves.is_holding and self._sources.holds(each.name, self._address):
                yield from each.waves.settle(None if is_over else time.monotonic())


def another_patient(name: str, former: str, at: Arrival) -> Event:
    """Return what tells that a monitor speaks of another patient than before.

    Args:
        name: under which the patient of now is heard.
        former: under which the one before was.
        at: when.
    """
    text = Text("{former} is heard no more: the monitor names another patient, {name}.", former=former, name=name)
    return Event(name, EventKind.ANOTHER_PATIENT, text, at.at, at.monotonic_s)
