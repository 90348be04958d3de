"""A small secret sealed under the data key, for a place that is not encrypted itself (AES-256-GCM)."""

from __future__ import annotations

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from clinic_app.foundation.errors import KeyLockedError
from clinic_app.foundation.texts import Text
from clinic_app.keys.derived import derive

_NONCE_BYTES: Final = 12


def sealed_value(secret: bytes, key: bytes, name: str) -> bytes:
    """Return ``secret`` sealed under the data key, good under this ``name`` only."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(derive(key, "sealed value")).encrypt(nonce, secret, name.encode())


def opened_value(sealed: bytes, key: bytes, name: str) -> bytes:
    """Return what `sealed_value` sealed.

    Raises:
        KeyLockedError: it was sealed under another key or name, or is damaged.
    """
    try:
        return AESGCM(derive(key, "sealed value")).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], name.encode())
    except (InvalidTag, ValueError) as error:
        raise KeyLockedError(Text("The key that proves this node cannot be read.")) from error
