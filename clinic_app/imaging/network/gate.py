"""Who may come in: devices that are listed, from the address they are listed with, asking for what they may.

The title alone opens nothing: it is a word that anybody can say. Whoever is refused is noted with the reason, so that
IT sees at once why the new ultrasound does not send.
Source: DICOM PS3.8, 9.3.4 (reasons of a refusal).
"""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from clinic_app.foundation.texts import Text
from clinic_app.imaging.network.peers import Peer

MOST_CONNECTIONS: Final = 24
MOST_OF_A_STRANGER: Final = 4
"""Connections at once from an address no device is listed with."""
_NAMES_KEPT_S: Final = 300.0
CALLED_OTHERWISE: Final = 0x07
CALLER_UNKNOWN: Final = 0x03


@dataclass(frozen=True)
class Refused:
    """Why a caller is not let in.

    Args:
        diagnostic: of the refusal, for the caller.
        remark: for people here.
        is_stranger: he could be listed.
    """

    diagnostic: int
    remark: Text
    is_stranger: bool = False


class Gate:
    """Lets devices in. Safe for use from several threads.

    Args:
        ae_title: our own.
        peers: who is listed.
    """

    def __init__(self, ae_title: str, peers: Iterable[Peer] = ()) -> None:
        self.ae_title = ae_title
        self.peers = tuple(peers)
        self._names: dict[str, tuple[float, frozenset[str]]] = {}
        self._connected: dict[str, int] = {}
        self._lock = threading.Lock()

    def judge(self, calling: str, called: str, host: str) -> Peer | Refused:
        """Return the device that calls, or why it is not let in."""
        named = [peer for peer in self.peers if peer.ae_title == calling.strip() and peer.uses]
        if not named:
            return Refused(CALLER_UNKNOWN, Text("This device is not listed."), is_stranger=True)
        peer = next((each for each in named if not each.host or host in self._addresses(each.host)), None)
        if peer is None:
            return Refused(
                CALLER_UNKNOWN,
                Text("A device of this name is listed with another address: {address}.", address=named[0].host),
                is_stranger=True,
            )
        if called.strip() != self.ae_title:
            return Refused(
                CALLED_OTHERWISE,
                Text("It calls us “{called}”; our name is “{ours}”.", called=called.strip()[:16], ours=self.ae_title),
            )
        return peer

    def may_connect(self, host: str) -> bool:
        """Return whether a connection is let in at all; one that is counts until `gone`."""
        is_known = any(peer.host and host in self._addresses(peer.host) for peer in self.peers)
        with self._lock:
            total, own = sum(self._connected.values()), self._connected.get(host, 0)
            if total >= MOST_CONNECTIONS or (not is_known and own >= MOST_OF_A_STRANGER):
                return False
            self._connected[host] = own + 1
            return True

    @property
    def is_empty(self) -> bool:
        """Whether nobody is connected."""
        return not self._connected

    def gone(self, host: str) -> None:
        """Note that a connection has ended."""
        with self._lock:
            left = self._connected.pop(host, 0) - 1
            if left > 0:
                self._connected[host] = left

    def _addresses(self, host: str) -> frozenset[str]:
        try:
            return frozenset((str(ipaddress.ip_address(host)),))
        except ValueError:
            pass
        known = self._names.get(host)
        if known is not None and time.monotonic() - known[0] < _NAMES_KEPT_S:
            return known[1]
        try:
            found = frozenset(str(each[4][0]) for each in socket.getaddrinfo(host, None))
        except (OSError, UnicodeError):  # while names are not told, a device is where it was
            found = known[1] if known is not None else frozenset()
        self._names[host] = (time.monotonic(), found)
        return found
