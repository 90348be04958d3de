"""Where sealing keys lie: the system's keyring, or a file where there is none.

The file is chosen by a setting and never by the program itself: whoever has the disk has the key. A keyring that keeps
nothing, or keeps it in plain text, is refused rather than trusted.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal, Protocol

import keyring
import keyring.errors
import msgspec

from clinic_app.foundation.durable_files import disk_errors, write_atomically
from clinic_app.foundation.errors import KeyLockedError
from clinic_app.foundation.texts import Text

SERVICE: Final = "Dala"
FILE_NAME: Final = "unsealed.key"
_REFUSED: Final = ("keyring.backends.null", "keyring.backends.fail", "keyrings.alt.file")


class KeyStorage(Protocol):
    """Keeps small secrets by name."""

    @property
    def kind(self) -> str:
        """Which kind it is, as a key slot names it."""
        ...

    def load(self, name: str) -> bytes | None:
        """Return a secret, or None if it is not here.

        Raises:
            KeyLockedError: the storage cannot be asked.
        """
        ...

    def save(self, name: str, secret: bytes) -> None:
        """Keep a secret.

        Raises:
            KeyLockedError: the storage does not take it.
        """
        ...

    def forget(self, name: str) -> None:
        """Keep a secret no longer; one that is not here is no error.

        Raises:
            KeyLockedError: the storage cannot be asked.
        """
        ...


class KeyringStorage:
    """The system's own: Windows Credential Manager, macOS Keychain, Secret Service.

    Raises:
        KeyLockedError: this computer has none that keeps secrets.
    """

    kind = "keyring"

    def __init__(self) -> None:
        backend = keyring.get_keyring()
        module = type(backend).__module__
        inner = tuple(type(each).__module__ for each in getattr(backend, "backends", ()))
        if module.startswith(_REFUSED) or (inner and all(each.startswith(_REFUSED) for each in inner)):
            raise _no_keyring()
        self._backend = backend

    def load(self, name: str) -> bytes | None:
        """Return a secret, or None if it is not here.

        Raises:
            KeyLockedError: the keyring is locked or cannot be asked.
        """
        try:
            secret = self._backend.get_password(SERVICE, name)
            return None if secret is None else bytes.fromhex(secret)
        except (keyring.errors.KeyringError, OSError, ValueError) as error:
            raise _no_keyring() from error

    def save(self, name: str, secret: bytes) -> None:
        """Keep a secret.

        Raises:
            KeyLockedError: the keyring is locked or does not take it.
        """
        try:
            self._backend.set_password(SERVICE, name, secret.hex())
        except (keyring.errors.KeyringError, OSError) as error:
            raise _no_keyring() from error

    def forget(self, name: str) -> None:
        """Keep a secret no longer; one that is not here is no error.

        Raises:
            KeyLockedError: the keyring is locked or cannot be asked.
        """
        try:
            self._backend.delete_password(SERVICE, name)
        except keyring.errors.PasswordDeleteError:
            return
        except (keyring.errors.KeyringError, OSError) as error:
            raise _no_keyring() from error


class FileKeyStorage:
    """A file beside the data. Less safe: it protects against nobody who has the disk.

    Args:
        folder: the data folder, or another one to keep the key apart from them.
        name: the file's name there.
    """

    kind = "file"

    def __init__(self, folder: Path, name: str = FILE_NAME) -> None:
        self._path = folder / name

    def load(self, name: str) -> bytes | None:
        """Return a secret, or None if it is not here.

        Raises:
            KeyLockedError: the file is damaged.
        """
        try:
            secret = self._secrets().get(name)
            return None if secret is None else bytes.fromhex(secret)
        except ValueError as error:
            raise _damaged_file() from error

    def save(self, name: str, secret: bytes) -> None:
        """Keep a secret, readable by the file's owner only where the platform has owners.

        Raises:
            KeyLockedError: the file is damaged; it stays as it is.
            DiskFullError: no room.
        """
        secrets = {**self._secrets(), name: secret.hex()}
        write_atomically(self._path, (msgspec.json.encode(secrets),))

    def forget(self, name: str) -> None:
        """Keep a secret no longer; one that is not here is no error.

        Raises:
            KeyLockedError: the file is damaged; it stays as it is.
            DiskFullError: no room.
        """
        secrets = self._secrets()
        if secrets.pop(name, None) is not None:
            write_atomically(self._path, (msgspec.json.encode(secrets),))

    def _secrets(self) -> dict[str, str]:
        if not self._path.exists():
            return {}
        with disk_errors(self._path):
            body = self._path.read_bytes()
        try:
            return msgspec.json.decode(body, type=dict[str, str])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _damaged_file() from error


def key_storage(kind: Literal["keyring", "file"], folder: Path) -> KeyStorage:
    """Return the storage a setting names.

    Raises:
        KeyLockedError: the keyring is wanted and this computer has none.
    """
    return KeyringStorage() if kind == "keyring" else FileKeyStorage(folder)


def _damaged_file() -> KeyLockedError:
    return KeyLockedError(Text("The file with the key is damaged. Restore it from a backup."))


def _no_keyring() -> KeyLockedError:
    return KeyLockedError(
        Text('This computer\'s key storage cannot be used. Unlock it, or set key_storage = "file" (less safe).')
    )
