"""A TLS certificate as people compare it: by its fingerprint, and as a TLS connection trusts it: alone."""

from __future__ import annotations

import hashlib
import hmac
import ssl
from datetime import datetime

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate


def first_certificate(chain: bytes) -> bytes:
    """Return the first certificate (DER) of a chain (PEM).

    Raises:
        ValueError: there is none.
    """
    return load_pem_x509_certificate(chain).public_bytes(Encoding.DER)


def end_of(chain: bytes) -> datetime:
    """Return when the first certificate of a chain (PEM) ends.

    Raises:
        ValueError: there is none.
    """
    return load_pem_x509_certificate(chain).not_valid_after_utc


def fingerprint_of(certificate: bytes) -> str:
    """Return the SHA-256 of a certificate (DER) in lower-case hex."""
    return hashlib.sha256(certificate).hexdigest()


def has_fingerprint(certificate: bytes, fingerprint: str) -> bool:
    """Return whether a certificate (DER) is the one of a fingerprint."""
    return hmac.compare_digest(fingerprint_of(certificate), fingerprint)


def trusting(certificate: str) -> ssl.SSLContext:
    """Return the TLS settings that trust one certificate (PEM) and no other.

    Its names do not matter: it was confirmed by a person, and the hub's address in the house may change.
    """
    context = ssl.create_default_context(cadata=certificate)
    # allowed (unchecked link): the other end is checked, by the one certificate that was confirmed
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def looking() -> ssl.SSLContext:
    """Return the TLS settings that look at a certificate and trust nobody; nothing is sent over that connection."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # allowed (unchecked link): it only fetches the certificate, whose fingerprint is then compared
    context.check_hostname = False
    # allowed (unchecked link): it only fetches the certificate, whose fingerprint is then compared
    context.verify_mode = ssl.CERT_NONE
    return context
