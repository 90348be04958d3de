"""Who sends: one entry for each monitor, by a name that two monitors never share.

Monitors of one maker often call themselves alike. Under one name the traces and numbers of two patients would mix, so
the second one is told apart by its address, and a name that one host had is never another's. A monitor that says which
bed or patient it is gets its name back while its old connection hangs. One that says neither gets it when the old
connection is gone; and where two of them call from one host at the same time nobody can say later which of them comes
back, so each connection has a name of its own from then on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from clinic_app.devices.hl7.beds import Beds
from clinic_app.devices.wave_streams import WaveStreams
from clinic_app.foundation.texts import Text

MOST_SOURCES: Final = 64
MOST_HOSTS: Final = 1024
HANGING_S: Final = 5.0
"""A connection that was silent for so long gives its name to one from the same host that says the same bed."""


@dataclass(frozen=True)
class SourceState:
    """One device as the screen lists it.

    Args:
        name: what it calls itself, or its address before it said so.
        is_connected: whether its connection is open.
        last_seen_at: when its last message came.
        last_error: why something was refused, or None.
    """

    name: str
    is_connected: bool
    last_seen_at: datetime | None = None
    last_error: Text | None = None


@dataclass
class _Holder:
    address: tuple[str, int]
    heard_s: float
    wanted: str = ""
    is_told: bool = True
    place: int = 0
    """Which of all that were given out."""


class Sources:
    """The devices seen since the start, at most `MOST_SOURCES`. Safe for use from several threads.

    The screen, which asks for `all` of them, takes no lock: a change puts a new table in the place of the old one.

    Args:
        steady_s: the steady clock.
    """

    def __init__(self, steady_s: Callable[[], float] = time.monotonic) -> None:
        self._steady_s = steady_s
        self._lock = threading.Lock()
        self._states: dict[str, SourceState] = {}
        self._holders: dict[str, _Holder] = {}
        self._waves: dict[tuple[str, str], WaveStreams] = {}
        self._beds: dict[tuple[str, str], Beds] = {}
        self._hosts: dict[str, str] = {}
        """Whose each name is for as long as the program runs."""
        self._crowded: set[tuple[str, str]] = set()
        self._given = 0

    def all(self) -> tuple[SourceState, ...]:
        """Return every device, connected ones first."""
        return tuple(sorted(self._states.values(), key=lambda each: (not each.is_connected, each.name)))

    def name_for(self, wanted: str, address: tuple[str, int], *, is_told: bool = True) -> str:
        """Return the name under which a connection may deliver, as near to ``wanted`` as can be.

        Args:
            wanted: what it calls itself.
            address: of the connection.
            is_told: whether that says which bed or patient it is, so that whoever says the same is the same.
        """
        host, port = address
        with self._lock:
            own = f"{wanted} ({host}:{port})"
            is_crowded = not is_told and (wanted, host) in self._crowded
            for name in (own,) if is_crowded else (wanted, f"{wanted} ({host})", own):
                if self._may_hold(name, address, is_told=is_told):
                    self._given += 1
                    self._holders[name] = _Holder(address, self._steady_s(), wanted, is_told, self._given)
                    self._keep_host(name, host)
                    return name
        return f"{host}:{port}"

    def beds_of(self, sender: str, host: str) -> Beds:
        """Return the beds behind a device: one that calls again, or over a second connection, has the same."""
        with self._lock:
            beds = self._beds.pop((sender, host), None) or Beds()
            self._beds[sender, host] = beds  # the newest last
            while len(self._beds) > MOST_SOURCES:
                del self._beds[next(iter(self._beds))]
            return beds

    def waves_of(self, name: str, host: str) -> WaveStreams:
        """Return the streams of the device that has this name: one that calls again goes on with them.

        Another host is another device, perhaps at another bed: nothing of the one may run on in the other.
        """
        with self._lock:
            waves = self._waves.pop((name, host), None) or WaveStreams()
            self._waves[name, host] = waves  # the newest last
            while len(self._waves) > MOST_SOURCES:
                del self._waves[next(iter(self._waves))]
            return waves

    def holds(self, name: str, address: tuple[str, int]) -> bool:
        """Return whether a name is still this connection's; note that it was heard."""
        with self._lock:
            holder = self._holders.get(name)
            if holder is None or holder.address != address:
                return False
            holder.heard_s = self._steady_s()
            if not holder.is_told and self._has_younger(holder):
                self._crowded.add((holder.wanted, address[0]))
            return True

    def note(self, name: str, seen_at: datetime, error: Text | None) -> None:
        """Note that a device was heard, and what of it could not be used."""
        with self._lock:
            states = {**self._states, name: SourceState(name, True, seen_at, error)}
            if len(states) > MOST_SOURCES:
                gone = min(states.values(), key=lambda each: (each.is_connected, str(each.last_seen_at)))
                del states[gone.name]
            self._states = states

    def forget(self, name: str, address: tuple[str, int], *, is_stranger: bool) -> None:
        """Note that a connection closed, or goes on under another name.

        Args:
            name: what it delivered under.
            address: the connection; a name that went over to another one stays connected.
            is_stranger: it never said who it is; it is listed no longer, except with an error.
        """
        with self._lock:
            holder = self._holders.get(name)
            if holder is not None and holder.address != address:
                return
            self._holders.pop(name, None)
            state = self._states.get(name)
            if state is None:
                return
            if is_stranger and state.last_error is None:
                self._states = {key: each for key, each in self._states.items() if key != name}
            else:
                self._states = {**self._states, name: replace(state, is_connected=False)}

    def _may_hold(self, name: str, address: tuple[str, int], *, is_told: bool) -> bool:
        if self._hosts.get(name, address[0]) != address[0]:
            return False
        holder = self._holders.get(name)
        if holder is None or holder.address == address:
            return True
        is_hanging = self._steady_s() - holder.heard_s > HANGING_S
        return is_told and holder.is_told and is_hanging

    def _has_younger(self, holder: _Holder) -> bool:
        """Return whether another connection of the same host was given a name after this one, which is still heard."""
        return any(
            (each.wanted, each.address[0]) == (holder.wanted, holder.address[0]) and each.place > holder.place
            for each in self._holders.values()
        )

    def _keep_host(self, name: str, host: str) -> None:
        self._hosts.pop(name, None)
        self._hosts[name] = host
        if len(self._hosts) > MOST_HOSTS:
            free = next((each for each in self._hosts if each not in self._holders), name)
            del self._hosts[free]
        if len(self._crowded) > MOST_HOSTS:
            self._crowded.clear()
