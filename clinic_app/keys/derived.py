"""Keys made from the one data key, one for each purpose, so that none of them tells about another (HKDF, RFC 5869)."""

from __future__ import annotations

from typing import Literal

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

Purpose = Literal["database", "key check", "blobs", "blob names", "audit", "key id", "slot file", "sealed value"]
KEY_BYTES = 32


def derive(key: bytes, purpose: Purpose, salt: bytes | None = None) -> bytes:
    """Return the 32-byte key for one purpose.

    Args:
        key: the data key, 32 bytes.
        purpose: what the derived key is for.
        salt: makes a different key of each; none where there is to be only one.

    Raises:
        ValueError: ``key`` is not 32 bytes long.
    """
    if len(key) != KEY_BYTES:
        raise ValueError(f"a data key has {KEY_BYTES} bytes, this one {len(key)}")
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=f"dala {purpose}".encode()).derive(key)
