"""Listening for hubs on the local network: what they say of themselves, bounded and looked through.

Apart from `clinic_app.sync.discovery`, because a workstation listens once in its life and starts every day.

Source: RFC 6762 (multicast DNS), RFC 6763 (DNS-based service discovery).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from zeroconf import InterfaceChoice, ServiceBrowser, ServiceInfo, ServiceListener, Zeroconf

from clinic_app.foundation.errors import LinkError
from clinic_app.foundation.texts import Text
from clinic_app.sync.discovery import NearbyHub

SERVICE: Final = "_dala-hub._tcp.local."
LOOK_S: Final = 3.0
"""How long hubs are listened for; one that is there answers within a second."""
MOST_HUBS: Final = 50
_LONGEST_NAME: Final = 60
_LONGEST_URL: Final = 200
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_INFO_MS: Final = 1000


def nearby_hubs(look_s: float = LOOK_S, interfaces: Sequence[str] | None = None) -> tuple[NearbyHub, ...]:
    """Listen for hubs on the local network and return them by name; blocks for ``look_s`` seconds.

    Args:
        look_s: seconds to listen.
        interfaces: addresses of the network interfaces to listen on; all by default.

    Raises:
        LinkError: this computer has no network.
    """
    try:
        listening = Zeroconf(interfaces=list(interfaces) if interfaces else InterfaceChoice.All)
    except OSError as error:
        raise LinkError(Text("Hubs nearby cannot be looked for: this computer has no network.")) from error
    with listening:
        found = _Found(listening)
        browser = ServiceBrowser(listening, SERVICE, found)
        found.is_enough.wait(look_s)
        browser.cancel()
        return found.hubs()


class _Found(ServiceListener):
    """Collects what is announced."""

    def __init__(self, listening: Zeroconf) -> None:
        self._listening = listening
        self._lock = threading.Lock()
        self._hubs: dict[str, NearbyHub] = {}
        self.is_enough = threading.Event()

    def add_service(self, zc: Zeroconf, type_: str, name: str) -> None:  # noqa: ARG002 - as zeroconf calls it
        """Take in one that appeared."""
        info = self._listening.get_service_info(type_, name, _INFO_MS)
        hub = announced_hub(info) if info is not None else None
        with self._lock:
            if hub is not None and len(self._hubs) < MOST_HUBS:
                self._hubs[name] = hub
            if len(self._hubs) >= MOST_HUBS:
                self.is_enough.set()

    def update_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        """Take in one that says something else now."""
        self.add_service(zc, type_, name)

    def remove_service(self, zc: Zeroconf, type_: str, name: str) -> None:  # noqa: ARG002 - as zeroconf calls it
        """Forget one that said goodbye."""
        with self._lock:
            self._hubs.pop(name, None)

    def hubs(self) -> tuple[NearbyHub, ...]:
        """Return what is known now."""
        with self._lock:
            return tuple(sorted(set(self._hubs.values()), key=lambda hub: (hub.name, hub.url)))


def announced_hub(info: ServiceInfo) -> NearbyHub | None:
    """Return the hub of an announcement, or None where it is not one that may be shown to a person."""
    told = {_text(key): _text(value or b"") for key, value in info.properties.items()}
    name, url, fingerprint = told.get("name", ""), told.get("url", ""), told.get("fingerprint", "")
    name = " ".join(name.split())
    is_shown = 0 < len(name) <= _LONGEST_NAME and name.isprintable()
    if is_shown and _is_address(url) and _FINGERPRINT.fullmatch(fingerprint):
        return NearbyHub(name, url, fingerprint)
    return None


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        is_plain = parts.username is None and not parts.query and not parts.fragment and parts.path in ("", "/")
        return (
            len(url) <= _LONGEST_URL
            and parts.scheme == "https"
            and bool(parts.hostname)
            and is_plain
            and (parts.port is None or parts.port > 0)
        )
    except ValueError:
        return False


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
