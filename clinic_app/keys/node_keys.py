"""The keys of one workstation: it signs with Ed25519 (JWS, RFC 7515 and 9864) and is sealed to with age (X25519).

The public halves travel in the workstation's Device record; the secret halves lie in the encrypted store and nowhere
else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec
import pyrage
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from clinic_app.foundation.durable_files import whole_file
from clinic_app.foundation.errors import InvalidInputError, KeyLockedError, StorageError, UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.keys.age_header import LARGEST_HEADER_BYTES, has_short_header

ALGORITHM: Final = "Ed25519"
"""The only signature we make or take (RFC 9864)."""


class _Secrets(msgspec.Struct, frozen=True):
    age: str
    ed25519: dict[str, str]


class NodeKeys:
    """The secret keys of one workstation. Make them with `create` or `from_bytes`."""

    def __init__(self, identity: Any, signing: OKPKey) -> None:  # noqa: ANN401 - pyrage has no types
        self._identity = identity
        self._signing = signing

    def __repr__(self) -> str:
        return f"NodeKeys({self.age_recipient})"

    @classmethod
    def create(cls) -> NodeKeys:
        """Return new keys, from the system's random source."""
        return cls(pyrage.x25519.Identity.generate(), OKPKey.generate_key("Ed25519"))

    @classmethod
    def from_bytes(cls, kept: bytes) -> NodeKeys:
        """Return the keys that `to_bytes` gave.

        Raises:
            KeyLockedError: these are none.
        """
        try:
            secrets = msgspec.json.decode(kept, type=_Secrets)
            return cls(pyrage.x25519.Identity.from_str(secrets.age), OKPKey.import_key(dict(secrets.ed25519)))
        except (msgspec.DecodeError, pyrage.IdentityError, JoseError, ValueError, KeyError) as error:
            raise KeyLockedError(Text("The signing keys of this workstation cannot be read.")) from error

    def to_bytes(self) -> bytes:
        """Return the secret keys as bytes, for the encrypted store only."""
        signing = {name: str(value) for name, value in self._signing.as_dict(private=True).items()}
        return msgspec.json.encode(_Secrets(str(self._identity), signing))

    @property
    def age_recipient(self) -> str:
        """What others seal to: ``age1...``."""
        return str(self._identity.to_public())

    @property
    def public_jwk(self) -> dict[str, str]:
        """What others check our signatures with (RFC 8037)."""
        public = self._signing.as_dict(private=False)
        return {name: str(public[name]) for name in ("kty", "crv", "x")}

    def sign_jws(self, payload: bytes) -> str:
        """Return ``payload`` signed, as a compact JWS that carries it."""
        return jws.serialize_compact({"alg": ALGORITHM}, payload, self._signing, algorithms=[ALGORITHM])

    def unseal(self, sealed: bytes) -> bytes:
        """Return what was sealed to this workstation.

        Raises:
            KeyLockedError: it was sealed to others.
            UnreadableFileError: it is damaged or no age file.
        """
        if not has_short_header(sealed):
            raise _damaged()
        try:
            return bytes(pyrage.decrypt(sealed, [self._identity]))
        except pyrage.DecryptError as error:
            raise _unsealing_error(error) from error

    def unseal_file(self, source: Path, target: Path) -> None:
        """Write the content of a sealed file to ``target``; nothing is left there if it fails.

        Raises:
            KeyLockedError: it was sealed to others.
            UnreadableFileError: it is damaged or no age file.
            DiskFullError: no room.
            FileNotFoundError: there is no ``source``.
        """
        with source.open("rb") as sealed, whole_file(target) as file:
            if not has_short_header(sealed.read(LARGEST_HEADER_BYTES)):
                raise _damaged()
            sealed.seek(0)
            plain = _Output(file)
            try:
                pyrage.decrypt_io(sealed, plain, [self._identity])
            except (pyrage.DecryptError, OSError) as error:
                raise plain.error or _unsealing_error(error) from error


def verify_jws(signed: str, public_jwk: Mapping[str, Any]) -> bytes:
    """Return the payload of a compact JWS that was signed with the key ``public_jwk`` belongs to.

    Raises:
        UnreadableFileError: the signature is not by that key, or over something else, or of another kind.
        InvalidInputError: ``public_jwk`` is no Ed25519 public key.
    """
    try:
        key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": str(public_jwk["x"])})
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise InvalidInputError(Text("This is no signing key.")) from error
    try:
        token = jws.deserialize_compact(signed, key, algorithms=[ALGORITHM])
    except (JoseError, ValueError, TypeError) as error:
        raise _foreign_signature() from error
    if token.headers() != {"alg": ALGORITHM}:  # nothing we do not say ourselves: no crit, no key of its own
        raise _foreign_signature()
    return bytes(token.payload)


def seal(data: bytes, recipients: Sequence[str]) -> bytes:
    """Return ``data`` sealed so that only ``recipients`` (``age1...``) can open it.

    Raises:
        InvalidInputError: there is no recipient, or one is no age key.
    """
    return bytes(pyrage.encrypt(data, _recipients(recipients)))


def seal_file(source: Path, target: Path, recipients: Sequence[str]) -> None:
    """Write the content of ``source`` to ``target``, sealed to ``recipients``, without holding it in memory.

    Raises:
        InvalidInputError: there is no recipient, or one is no age key.
        DiskFullError: no room.
    """
    parsed = _recipients(recipients)
    with source.open("rb") as plain, whole_file(target) as file:
        sealed = _Output(file)
        try:
            pyrage.encrypt_io(plain, sealed, parsed)
        except pyrage.EncryptError as error:
            raise sealed.error or StorageError(Text("The file “{path}” cannot be read.", path=source)) from error


class _Output:
    """A file for pyrage to write to, which turns the disk's errors into words: the error itself is kept here."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        try:
            return self._file.write(data)
        except OSError as error:
            self.error = error
            raise

    def flush(self) -> None:
        self._file.flush()


def _recipients(recipients: Sequence[str]) -> list[Any]:
    try:
        parsed = [pyrage.x25519.Recipient.from_str(each) for each in recipients]
    except (pyrage.RecipientError, UnicodeError) as error:
        raise InvalidInputError(Text("The other hospital's key cannot be read.")) from error
    if not parsed:
        raise InvalidInputError(Text("There is nobody to seal this to."))
    return parsed


def _unsealing_error(error: Exception) -> KeyLockedError | UnreadableFileError:
    if "no matching keys" in str(error).lower():
        return KeyLockedError(Text("This package was sealed to another hospital."))
    return _damaged()


def _damaged() -> UnreadableFileError:
    return UnreadableFileError(Text("The package is damaged or is no sealed package."))


def _foreign_signature() -> UnreadableFileError:
    return UnreadableFileError(Text("The signature does not fit: the content was changed or comes from elsewhere."))
