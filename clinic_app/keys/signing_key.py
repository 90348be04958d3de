"""A key that says who somebody is: a device to its hub, or a hub to its devices (Ed25519; RFC 7517, 8037, 9864).

It signs nothing that people sign; those keys are in `clinic_app.keys.node_keys`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from clinic_app.foundation.errors import InvalidInputError, KeyLockedError, UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.keys.node_keys import ALGORITHM, verify_jws

ERASE: Final = "dala-erase"
RECEIPT: Final = "dala-audit-head"
"""Kinds of a hub's signed words: an order to a device to erase its keys, and what was seen of its audit trail."""
_GROUP: Final = 4
_FINGERPRINT_SIGNS: Final = 16


class SigningKey:
    """A secret key of this kind. Make it with `create` or `from_bytes`."""

    algorithm = ALGORITHM

    def __init__(self, key: OKPKey) -> None:
        self._key = key

    def __repr__(self) -> str:
        return f"SigningKey({fingerprint(self.public_jwk)})"

    @classmethod
    def create(cls) -> SigningKey:
        """Return a new key, from the system's random source."""
        return cls(OKPKey.generate_key("Ed25519"))

    @classmethod
    def from_bytes(cls, kept: bytes) -> SigningKey:
        """Return the key that `to_bytes` gave.

        Raises:
            KeyLockedError: this is none.
        """
        try:
            return cls(OKPKey.import_key(dict(msgspec.json.decode(kept, type=dict[str, str]))))
        except (msgspec.DecodeError, JoseError, ValueError, KeyError) as error:
            raise KeyLockedError(Text("The key that proves this node cannot be read.")) from error

    def to_bytes(self) -> bytes:
        """Return the secret key as bytes, for an encrypted place only."""
        return msgspec.json.encode({name: str(value) for name, value in self._key.as_dict(private=True).items()})

    @property
    def public_jwk(self) -> dict[str, str]:
        """What others check its signatures with."""
        public = self._key.as_dict(private=False)
        return {name: str(public[name]) for name in ("kty", "crv", "x")}

    def secret_for(self, purpose: str) -> bytes:
        """Return 32 secret bytes made from this key for one purpose (HKDF, RFC 5869)."""
        info = f"dala {purpose}".encode()
        return HKDF(SHA256(), 32, None, info).derive(str(self._key.as_dict(private=True)["d"]).encode())

    def sign(self, claims: Mapping[str, object], header: Mapping[str, str] | None = None) -> str:
        """Return ``claims`` signed, as a compact JWS.

        Args:
            claims: what is said.
            header: what the header says beside ``alg``.
        """
        body = msgspec.json.encode(claims)
        return jws.serialize_compact({"alg": ALGORITHM, **(header or {})}, body, self._key, algorithms=[ALGORITHM])


def mac_of(secret: bytes, words: str) -> str:
    """Return what only those with ``secret`` can say of these words: HMAC-SHA256 in 43 letters of base64."""
    return base64.urlsafe_b64encode(hmac.digest(secret, words.encode(), "sha256")).decode().rstrip("=")


def is_mac_of(mac: str, secret: bytes, words: str) -> bool:
    """Return whether somebody with ``secret`` has said these words."""
    return hmac.compare_digest(mac_of(secret, words).encode(), mac.encode())


def said_by(signed: str, public_jwk: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return what the owner of ``public_jwk`` said and signed.

    Args:
        signed: a compact JWS of `SigningKey.sign` without further headers.
        public_jwk: whose it has to be.
        kind: what its claim ``kind`` has to say, so that words of one purpose are no use for another.

    Raises:
        UnreadableFileError: somebody else said it, or something else.
        InvalidInputError: ``public_jwk`` is no public key.
    """
    try:
        claims = msgspec.json.decode(verify_jws(signed, public_jwk), type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        raise _foreign() from error
    if claims.get("kind") != kind:
        raise _foreign()
    return claims


def fingerprint(public_jwk: Mapping[str, str]) -> str:
    """Return what people compare a public key by: 16 signs of its thumbprint in groups of four (RFC 7638).

    Raises:
        InvalidInputError: this is no public key of this kind.
    """
    signs = base64.b32encode(thumbprint(public_jwk)).decode()[:_FINGERPRINT_SIGNS]
    return "-".join(signs[start : start + _GROUP] for start in range(0, _FINGERPRINT_SIGNS, _GROUP))


def thumbprint(public_jwk: Mapping[str, str]) -> bytes:
    """Return the SHA-256 thumbprint of an Ed25519 public key (RFC 7638).

    Raises:
        InvalidInputError: this is no public key of this kind.
    """
    x = public_jwk.get("x")
    if public_jwk.get("kty") != "OKP" or public_jwk.get("crv") != "Ed25519" or not isinstance(x, str):
        raise InvalidInputError(Text("This is no signing key."))
    return hashlib.sha256(msgspec.json.encode({"crv": "Ed25519", "kty": "OKP", "x": x})).digest()


def _foreign() -> UnreadableFileError:
    return UnreadableFileError(Text("The signature does not fit: the content was changed or comes from elsewhere."))
