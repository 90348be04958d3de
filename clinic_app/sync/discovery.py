"""A hub nearby and its certificate: a person decides which one is believed.

Anybody on the network can say anything (`clinic_app.sync.listening`), so what a hub says of itself is a suggestion and
no more. A person compares the fingerprint of its certificate with what its own people say it is. From then on exactly
that certificate is trusted for that hub, whoever else has signed it or not.
"""

from __future__ import annotations

import hashlib
import hmac
import socket
import ssl
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from clinic_app.foundation.errors import LinkError
from clinic_app.foundation.texts import Text

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
