"""SDC devices in the same network: found by their announcements (WS-Discovery), known by their endpoint."""

from __future__ import annotations

import logging
import socket
import threading
import time
from dataclasses import dataclass
from typing import Final

from clinic_app.devices.hl7.message import printable
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text

LOOK_S: Final = 10.0
_STEP_S: Final = 0.5
_MOST: Final = 64


@dataclass(frozen=True)
class Found:
    """A device that answered.

    Args:
        endpoint: its name for ever: ``urn:uuid:…``.
        address: where it is now.
    """

    endpoint: str
    address: str


def look(own_address: str, stopping: threading.Event, seconds: float = LOOK_S, endpoint: str = "") -> tuple[Found, ...]:
    """Return the devices that answer; ends as soon as a wanted one does. Blocks; for a background thread.

    Args:
        own_address: of the network card to ask through.
        stopping: ends it before.
        seconds: how long to wait for answers.
        endpoint: the one that is wanted; empty for all.

    Raises:
        DeviceError: there is no such network card.
    """
    from sdc11073.wsdiscovery import WSDiscovery

    logging.getLogger("sdc").setLevel(logging.CRITICAL)
    _require_card(own_address)
    discovery = WSDiscovery(own_address)
    discovery.start()
    found: dict[str, Found] = {}
    try:
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s and not stopping.is_set():
            for service in discovery.search_services(timeout=_STEP_S, repeat_probe_interval=1)[:_MOST]:
                secure = [each for each in service.x_addrs if each.startswith("https://")]
                if secure:
                    found[service.epr] = Found(printable(service.epr)[:200], secure[0])
            if endpoint and endpoint in found:
                return (found[endpoint],)
    finally:
        discovery.stop()
    return tuple(found.values())


def _require_card(own_address: str) -> None:
    """Return if this computer has a network card of that address; the library leaves sockets open where it has not."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((own_address, 0))
    except (OSError, ValueError) as error:  # what is no address at all may be no name either
        raise DeviceError(Text("There is no network card with the address {address}.", address=own_address)) from error
