"""A hub nearby and its certificate: a person decides which one is believed.

Anybody on the network can say anything (`clinic_app.sync.listening`), so what a hub says of itself is a suggestion and
no more. A person compares the fingerprint of its certificate with what its own people say it is. From then on exactly
that certificate is trusted for that hub, whoever else has signed it or not.
"""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from clinic_app.foundation.errors import LinkError
from clinic_app.foundation.texts import Text
from clinic_app.keys.certificates import has_fingerprint, looking

_CONNECT_S: Final = 10.0


@dataclass(frozen=True)
class NearbyHub:
    """What a hub says of itself: its name, its address, and the SHA-256 of its certificate in lower-case hex."""

    name: str
    url: str
    fingerprint: str

    @property
    def readable_fingerprint(self) -> str:
        """The fingerprint as people compare it: in groups of four."""
        return grouped(self.fingerprint)


def grouped(fingerprint: str) -> str:
    """Return a fingerprint as people compare it: in groups of four."""
    return " ".join(fingerprint[at : at + 4] for at in range(0, len(fingerprint), 4)).upper()


def confirmed_certificate(hub: NearbyHub) -> str:
    """Return the certificate (PEM) of a hub whose fingerprint a person has confirmed.

    Raises:
        LinkError: the hub cannot be reached, or shows another certificate than the one that was confirmed.
    """
    certificate = shown_certificate(hub.url)
    if not has_fingerprint(certificate, hub.fingerprint):
        raise LinkError(
            Text("What answers at this address is not the hub that was chosen: its certificate is another.")
        )
    return ssl.DER_cert_to_PEM_cert(certificate)


def shown_certificate(url: str) -> bytes:
    """Return the certificate (DER) that whoever answers at an address shows; nothing is told to him.

    Raises:
        LinkError: nobody answers there.
    """
    target = urlsplit(url)
    try:
        with (
            socket.create_connection((target.hostname or "", target.port or 443), _CONNECT_S) as plain,
            looking().wrap_socket(plain, server_hostname=target.hostname) as secured,
        ):
            return secured.getpeercert(binary_form=True) or b""
    except (OSError, ValueError) as error:
        raise LinkError(Text("The hub cannot be reached.")) from error
