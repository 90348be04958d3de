"""How one blob lies on the disk: a header, then the content in sealed chunks (the STREAM construction, AES-256-GCM).

``magic 8 | salt 32 | nonce prefix 7``, then per 64 KiB of content its ciphertext with a 16-byte tag. A chunk's nonce is
``prefix | counter 4 | is last 1``, and the header with the content's address is authenticated with every chunk. So a
cut, a swap of chunks or of whole files, and a changed byte are all noticed, and any chunk can be read alone.

Source: Hoang, Reyhanitabar, Rogaway, Vizár, "Online authenticated-encryption and its nonce-reuse
misuse-resistance" (2015).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from clinic_app.foundation.errors import DamagedError
from clinic_app.foundation.texts import Text
from clinic_app.keys.derived import derive

MAGIC: Final = b"DALABLB1"
CHUNK_BYTES: Final = 65536
_SALT_BYTES: Final = 32
_PREFIX_BYTES: Final = 7
_TAG_BYTES: Final = 16
HEADER_BYTES: Final = len(MAGIC) + _SALT_BYTES + _PREFIX_BYTES
SEALED_CHUNK_BYTES: Final = CHUNK_BYTES + _TAG_BYTES
DAMAGED: Final = Text("A stored file is damaged and cannot be shown. The other data are not affected.")


@dataclass(frozen=True)
class BlobCipher:
    """What seals and opens the chunks of one file."""

    header: bytes
    address: bytes
    aead: AESGCM

    @classmethod
    def fresh(cls, key: bytes, sha256: str) -> BlobCipher:
        """Return the cipher of a new file; its key and nonces are used for nothing else."""
        return cls.of_header(key, sha256, MAGIC + os.urandom(_SALT_BYTES + _PREFIX_BYTES))

    @classmethod
    def of_header(cls, key: bytes, sha256: str, header: bytes) -> BlobCipher:
        """Return the cipher of the file that starts with ``header``.

        Raises:
            DamagedError: this is no header of ours.
        """
        if len(header) != HEADER_BYTES or not header.startswith(MAGIC):
            raise DamagedError(DAMAGED)
        salt = header[len(MAGIC) : len(MAGIC) + _SALT_BYTES]
        return cls(header, header + bytes.fromhex(sha256), AESGCM(derive(key, "blobs", salt)))

    def seal(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the file's bytes for a content that comes in pieces of any size."""
        yield self.header
        index, held = -1, memoryview(b"")
        for index, chunk in enumerate(_chunks(pieces)):  # each is held until it is known not to be the last
            if index:
                yield self._seal(index - 1, held, is_last=False)
            held = chunk
        yield self._seal(max(0, index), held, is_last=True)

    def open_chunk(self, index: int, sealed: bytes, *, is_last: bool) -> bytes:
        """Return the content of one chunk.

        Raises:
            DamagedError: it is not the chunk that was written there.
        """
        try:
            return self.aead.decrypt(self._nonce(index, is_last=is_last), sealed, self.address)
        except (InvalidTag, ValueError) as error:
            raise DamagedError(DAMAGED) from error

    def _seal(self, index: int, content: memoryview, *, is_last: bool) -> bytes:
        return self.aead.encrypt(self._nonce(index, is_last=is_last), content, self.address)

    def _nonce(self, index: int, *, is_last: bool) -> bytes:
        return self.header[-_PREFIX_BYTES:] + struct.pack(">IB", index, is_last)


def _chunks(pieces: Iterable[bytes]) -> Iterator[memoryview]:
    """Yield contents of `CHUNK_BYTES`, the last one shorter, without copying what lies whole in one piece."""
    rest = b""
    for piece in pieces:
        start = 0
        if rest:
            start = CHUNK_BYTES - len(rest)
            rest += piece[:start]
            if len(rest) < CHUNK_BYTES:
                continue
            yield memoryview(rest)
        view = memoryview(piece)
        while start + CHUNK_BYTES <= len(piece):
            yield view[start : start + CHUNK_BYTES]
            start += CHUNK_BYTES
        rest = piece[start:]
    if rest:
        yield memoryview(rest)


def content_size(file_size: int) -> int:
    """Return the bytes of content in a file of ``file_size`` bytes.

    Raises:
        DamagedError: no file of ours has that size.
    """
    sealed = file_size - HEADER_BYTES
    chunks = -(-sealed // SEALED_CHUNK_BYTES)
    in_last = sealed - (chunks - 1) * SEALED_CHUNK_BYTES - _TAG_BYTES
    if sealed < _TAG_BYTES or in_last < 0 or (in_last == 0 and chunks > 1):  # only an empty content has an empty chunk
        raise DamagedError(DAMAGED)
    return sealed - chunks * _TAG_BYTES


def read_chunk(file: BinaryIO, cipher: BlobCipher, index: int, size: int) -> bytes:
    """Return the content of chunk ``index`` of a file whose content has ``size`` bytes.

    Raises:
        DamagedError: the file is not what was written.
    """
    last = max(0, -(-size // CHUNK_BYTES) - 1)
    file.seek(HEADER_BYTES + index * SEALED_CHUNK_BYTES)
    return cipher.open_chunk(index, file.read(SEALED_CHUNK_BYTES), is_last=index == last)
