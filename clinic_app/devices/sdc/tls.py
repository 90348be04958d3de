"""Both sides of the talk with an SDC device prove who they are: a certificate and its key, and whose word counts."""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text

if TYPE_CHECKING:
    from sdc11073.certloader import SSLContextContainer


@dataclass(frozen=True)
class Papers:
    """What a side shows and whom it believes; all PEM.

    Args:
        key: the private key.
        certificate: signed by the authority.
        authority: the certificate of whoever signs for all devices of the hospital.
    """

    key: Path
    certificate: Path
    authority: Path


def contexts(papers: Papers) -> SSLContextContainer:
    """Return the two contexts of a side: it calls, and it is called back with the reports.

    Names are not compared: a device has no name in the network, it is known by its certificate.

    Raises:
        DeviceError: a file is missing, is none, or key and certificate do not belong together.
    """
    from sdc11073.certloader import SSLContextContainer

    return SSLContextContainer(
        client_context=_context(ssl.PROTOCOL_TLS_CLIENT, papers),
        server_context=_context(ssl.PROTOCOL_TLS_SERVER, papers),
    )


def fingerprint(certificate: bytes) -> str:
    """Return the SHA-256 of a certificate's DER bytes, in hexadecimal digits."""
    return hashlib.sha256(certificate).hexdigest()


def _context(side: int, papers: Papers) -> ssl.SSLContext:
    context = ssl.SSLContext(side)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # allowed (unchecked link): a device has no name in the network, its certificate is checked all the same
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    try:
        context.load_cert_chain(papers.certificate, papers.key, password=_no_password)
        context.load_verify_locations(papers.authority)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise DeviceError(Text("The certificates for this device cannot be used.")) from error
    return context


def _no_password() -> str:
    """Answer for a key that is sealed by a password: without this, OpenSSL asks at the terminal."""
    return ""
