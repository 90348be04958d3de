"""Hubs nearby, as they say of themselves on the local network; a person decides which one is believed.

Anybody on the network can say anything there, so what comes is a suggestion and no more: it is bounded, looked through,
and shown with the fingerprint of the hub's certificate, which a person compares with what stands on the hub's own
screen. From then on exactly that certificate is trusted for that hub, whoever else has signed it or not.

Source: RFC 6762 (multicast DNS), RFC 6763 (DNS-based service discovery).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import socket
import ssl
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from zeroconf import InterfaceChoice, ServiceBrowser, ServiceInfo, ServiceListener, Zeroconf

from clinic_app.foundation.errors import LinkError
from clinic_app.foundation.texts import Text

SERVICE: Final = "_dala-hub._tcp.local."
LOOK_S: Final = 3.0
"""How long hubs are listened for; one that is there answers within a second."""
MOST_HUBS: Final = 50
_LONGEST_NAME: Final = 60
_LONGEST_URL: Final = 200
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_CONNECT_S: Final = 10.0
_INFO_MS: Final = 1000


@dataclass(frozen=True)
class NearbyHub:
    """What a hub says of itself: its name, its address, and the SHA-256 of its certificate in lower-case hex."""

    name: str
    url: str
    fingerprint: str


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


def grouped(fingerprint: str) -> str:
    """Return a fingerprint as people compare it: in groups of four."""
    return " ".join(fingerprint[at : at + 4] for at in range(0, len(fingerprint), 4)).upper()


def fingerprint_of(certificate: bytes) -> str:
    """Return the SHA-256 of a certificate (DER) in lower-case hex."""
    return hashlib.sha256(certificate).hexdigest()


def confirmed_certificate(hub: NearbyHub) -> str:
    """Return the certificate (PEM) of a hub whose fingerprint a person has confirmed.

    Raises:
        LinkError: the hub cannot be reached, or shows another certificate than the one that was confirmed.
    """
    target = urlsplit(hub.url)
    try:
        with (
            socket.create_connection((target.hostname or "", target.port or 443), _CONNECT_S) as plain,
            _looking().wrap_socket(plain, server_hostname=target.hostname) as secured,
        ):
            certificate = secured.getpeercert(binary_form=True) or b""
    except (OSError, ValueError) as error:
        raise LinkError(Text("The hub cannot be reached.")) from error
    if not hmac.compare_digest(fingerprint_of(certificate), hub.fingerprint):
        raise LinkError(
            Text("What answers at this address is not the hub that was chosen: its certificate is another.")
        )
    return ssl.DER_cert_to_PEM_cert(certificate)


def trusting(certificate: str) -> ssl.SSLContext:
    """Return the TLS settings that trust one certificate (PEM) and no other.

    Its names do not matter: it was confirmed by a person, and the hub's address in the house may change.
    """
    context = ssl.create_default_context(cadata=certificate)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _looking() -> ssl.SSLContext:
    """Return the TLS settings that only look at a certificate; nothing is sent over that connection."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


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
