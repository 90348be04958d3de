"""Bytes that wait on the disk for a moment, sealed with a key that exists nowhere but in this process.

Whatever is left behind by a cut of the power can never be read by anybody.
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator
from typing import IO, Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES: Final = 12


class SealedSpool:
    """Pieces in the order in which they came; the file is made with the first of them."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._aead = AESGCM(AESGCM.generate_key(256))
        self._count = 0

    def append(self, piece: bytes) -> None:
        """Put a piece behind the others.

        Raises:
            OSError: the disk does not take it.
        """
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="dala-", buffering=0)  # noqa: SIM115 - closed by `close`
        sealed = self._aead.encrypt(self._nonce(self._count), piece, None)
        self._file.seek(0, 2)
        self._file.write(struct.pack("<I", len(sealed)) + sealed)
        self._count += 1

    def pieces(self) -> Iterator[bytes]:
        """Yield the pieces; may be asked again."""
        if self._file is None:
            return
        self._file.seek(0)
        for index in range(self._count):
            (size,) = struct.unpack("<I", self._file.read(4))
            yield self._aead.decrypt(self._nonce(index), self._file.read(size), None)

    def close(self) -> None:
        """Forget them."""
        if self._file is not None:
            self._file.close()

    @staticmethod
    def _nonce(index: int) -> bytes:
        return index.to_bytes(_NONCE_BYTES, "little")
