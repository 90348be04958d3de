"""The hub's announcement on the local network: its name, its address and the fingerprint of its certificate.

Source: RFC 6762 (multicast DNS), RFC 6763 (DNS-based service discovery).
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from zeroconf import Error as ZeroconfError
from zeroconf import InterfaceChoice, ServiceInfo, Zeroconf

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.keys.certificates import fingerprint_of, first_certificate
from clinic_app.sync.discovery import NearbyHub
from clinic_app.sync.listening import SERVICE, announced_hub


@dataclass(frozen=True)
class Announcement:
    """What is said: ``addresses`` are those of this computer by which the hub is reached."""

    hub: NearbyHub
    port: int
    addresses: tuple[str, ...]


def announcement(name: str, host: str, port: int, certificate: Path) -> Announcement:
    """Return what a hub says of itself.

    Args:
        name: what people call it, at most 60 characters.
        host: the address it listens on; for all of them, this computer's own name is told.
        port: the TCP port.
        certificate: its TLS certificate chain (PEM).

    Raises:
        InvalidInputError: no such certificate, or a name that cannot be shown.
    """
    try:
        first = first_certificate(certificate.read_bytes())
    except (OSError, ValueError) as error:
        raise InvalidInputError(Text("The certificate {path} cannot be read.", path=str(certificate))) from error
    addresses = _own_addresses() if _is_every_address(host) else (host,)
    shown = addresses[0] if addresses else socket.gethostname()
    url = f"https://{f'[{shown}]' if ':' in shown else shown}:{port}"
    made = Announcement(NearbyHub(" ".join(name.split()), url, fingerprint_of(first)), port, addresses)
    if announced_hub(_info(made)) != made.hub:
        raise InvalidInputError(Text("A hub's name has 1 to 60 characters that can be read aloud."))
    return made


def _is_every_address(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


@contextmanager
def announced(told: Announcement, interfaces: Sequence[str] | None = None) -> Iterator[None]:
    """Answer who asks for hubs, for as long as the block lasts; then say goodbye.

    Args:
        told: what.
        interfaces: addresses of the network interfaces to answer on; all by default.

    Raises:
        InvalidInputError: this computer has no network, or another hub has this name.
    """
    try:
        speaking = Zeroconf(interfaces=list(interfaces) if interfaces else InterfaceChoice.All)
    except OSError as error:
        raise _not_announced() from error
    try:
        speaking.register_service(_info(told), allow_name_change=True)
        yield
    except ZeroconfError as error:
        raise _not_announced() from error
    finally:
        speaking.close()  # says goodbye first


def _info(told: Announcement) -> ServiceInfo:
    properties = {"name": told.hub.name, "url": told.hub.url, "fingerprint": told.hub.fingerprint}
    label = "".join(each if each.isalnum() else "-" for each in told.hub.name)[:15] or "hub"
    return ServiceInfo(
        SERVICE,
        f"{label}-{told.hub.fingerprint[:8]}.{SERVICE}",
        port=told.port,
        properties=properties,
        server=f"dala-{told.hub.fingerprint[:16]}.local.",
        parsed_addresses=list(told.addresses) or None,
    )


def _own_addresses() -> tuple[str, ...]:
    """Return this computer's address on its way out, without sending anything."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.connect(("192.0.2.1", 9))  # RFC 5737: an address nobody has
            address: str = asking.getsockname()[0]
    except OSError:
        return ()
    return (address,)


def _not_announced() -> InvalidInputError:
    return InvalidInputError(Text("The hub cannot be announced on this network."))
