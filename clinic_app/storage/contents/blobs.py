"""Big contents (images, recordings, documents), encrypted, found by the SHA-256 of what they are.

A content is written beside its place, flushed and moved into place before any record points to it, so that a record
never points to half a file. The name on the disk is keyed: who has the disk cannot tell whether a known file is
among them.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from clinic_app.foundation.durable_files import PART_SUFFIX, disk_errors, write_atomically
from clinic_app.foundation.errors import DiskFullError, NotFoundError, StorageError
from clinic_app.foundation.texts import Text
from clinic_app.keys.derived import derive
from clinic_app.storage.contents.blob_format import CHUNK_BYTES, HEADER_BYTES, BlobCipher, content_size, read_chunk
from clinic_app.storage.engines.space import EndlessRoom, Room

_ADDRESS: Final = re.compile(r"[0-9a-f]{64}")
_READ_BYTES: Final = 1 << 20
_READ_AT_ONCE_BYTES: Final = 32 << 20
_PART_KEPT_S: Final = 86400.0


class BlobStore:
    """The contents of one data folder.

    Args:
        folder: where they lie; made when the first is put.
        key: the data key, 32 bytes.
        room: asked before a content is written.
        former_key: the data key before, while some contents are still sealed with it.

    Safe for use from several threads and programs: a content is only ever added.
    """

    def __init__(self, folder: Path, key: bytes, room: Room | None = None, former_key: bytes | None = None) -> None:
        self._folder = folder
        self._key = key
        self._former_key = former_key
        self._name_keys = {each: derive(each, "blob names") for each in self._keys()}
        self._room = room or EndlessRoom()
        self._putting = threading.Lock()

    def put(self, data: bytes) -> str:
        """Keep a content; return its address. Durable on return.

        Raises:
            DiskFullError: no room; nothing was kept.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        if not self._is_kept(sha256):
            self._write(sha256, iter((data,)))
        return sha256

    def put_pieces(self, pieces: Callable[[], Iterator[bytes | memoryview]]) -> str:
        """Keep a content that lies nowhere as a whole; return its address.

        Args:
            pieces: yields it from its beginning, each time it is asked.

        Raises:
            DiskFullError: no room; nothing was kept.
        """
        digest = hashlib.sha256()
        for piece in pieces():
            digest.update(piece)
        sha256 = digest.hexdigest()
        if not self._is_kept(sha256):
            self._write(sha256, (bytes(piece) for piece in pieces()))
        return sha256

    def put_file(self, path: Path) -> str:
        """Keep the content of a file without holding more than 32 MB of it in memory; return its address.

        Raises:
            DiskFullError: no room; nothing was kept.
            StorageError: the file changed while it was read, or the disk refused it.
            FileNotFoundError: there is no such file.
        """
        with disk_errors(path), path.open("rb") as file:
            if path.stat().st_size <= _READ_AT_ONCE_BYTES:
                return self.put(file.read())
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            if not self._is_kept(sha256):
                file.seek(0)
                self._write(sha256, _pieces_of(file, path, sha256))
        return sha256

    def read(self, sha256: str) -> bytes:
        """Return a whole content.

        Raises:
            NotFoundError: it is not here.
            DamagedError: the file is not what was written.
        """
        with self.open(sha256) as file:
            return file.read()

    def verify(self, sha256: str) -> None:
        """Read a content from end to end.

        Raises:
            NotFoundError: it is not here.
            DamagedError: the file is not what was written.
        """
        with self.open(sha256) as file:
            while file.read(_READ_BYTES):
                pass

    def open(self, sha256: str) -> BinaryIO:
        """Open a content for reading; it can be sought in without reading all of it.

        Raises:
            NotFoundError: it is not here.
            DamagedError: the file is not what was written; reading may find that out later.
        """
        path, key = self._found(sha256)
        try:
            with disk_errors(path):
                file = path.open("rb")
        except FileNotFoundError as error:
            raise _missing() from error
        try:
            raw = _BlobReader(file, path.stat().st_size, key, sha256)
        except BaseException:
            file.close()
            raise
        return cast("BinaryIO", io.BufferedReader(cast("Any", raw), CHUNK_BYTES))

    def has(self, sha256: str) -> bool:
        """Return whether the content is here."""
        return _ADDRESS.fullmatch(sha256) is not None and self._found(sha256)[0].exists()

    def size(self, sha256: str) -> int:
        """Return the bytes of a content.

        Raises:
            NotFoundError: it is not here.
            DamagedError: the file is cut.
        """
        try:
            return content_size(self._found(sha256)[0].stat().st_size)
        except FileNotFoundError as error:
            raise _missing() from error

    def sweep(self) -> int:
        """Remove what an interrupted write left behind, at least a day ago; return how many."""
        oldest_kept = time.time() - _PART_KEPT_S
        swept = 0
        for part in self._folder.glob(f"*/*{PART_SUFFIX}"):
            with suppress(OSError):
                if part.stat().st_mtime < oldest_kept:
                    part.unlink()
                    swept += 1
        return swept

    def keep_only(self, needed: AbstractSet[str], before_s: float) -> int:
        """Remove the contents that are not among ``needed``; return how many.

        Args:
            needed: addresses.
            before_s: what was put after this moment (seconds since the epoch, by the disk's clock) stays anyway.
        """
        names = {self._path(sha256, key).name for sha256 in needed for key in self._keys()}
        removed = 0
        for path in self._folder.glob("??/*"):
            if path.name not in names and _ADDRESS.fullmatch(path.name):
                with self._putting, suppress(OSError):
                    if path.stat().st_mtime < before_s:
                        path.unlink()
                        removed += 1
        return removed

    def _is_kept(self, sha256: str) -> bool:
        """Return whether a content that is put again is here, and make it young: it is no orphan any more."""
        path, _ = self._found(sha256)
        with self._putting:
            if not path.exists():
                return False
            with suppress(OSError):
                os.utime(path)
            return True

    def _write(self, sha256: str, pieces: Iterator[bytes]) -> None:
        self._room.require()
        try:
            write_atomically(self._path(sha256), BlobCipher.fresh(self._key, sha256).seal(pieces))
        except DiskFullError:
            self._room.met_full()
            raise

    def seal_anew(self, sha256: str) -> bool:
        """Seal a content that lies under the former key with the present one; return whether there was such a one.

        Safe to repeat, and to be cut off: the content is under one of the keys, or both, at any moment.

        Raises:
            DamagedError: it is not what was written; it stays as it is.
            DiskFullError: no room; it stays as it is.
        """
        if self._former_key is None:
            return False
        former = self._path(sha256, self._former_key)
        if not former.exists():
            return False
        if not self._path(sha256).exists():
            with self.open(sha256) as file:
                self._write(sha256, _pieces_of(file, former, sha256))
        with disk_errors(former):
            former.unlink()
        return True

    def _found(self, sha256: str) -> tuple[Path, bytes]:
        """Return where a content lies and under which key; where it would lie if it does not."""
        places = [(self._path(sha256, key), key) for key in self._keys()]
        return next((place for place in places if place[0].exists()), places[0])

    def _keys(self) -> tuple[bytes, ...]:
        return (self._key,) if self._former_key is None else (self._key, self._former_key)

    def _path(self, sha256: str, key: bytes | None = None) -> Path:
        if not _ADDRESS.fullmatch(sha256):
            raise _missing()
        name = hmac.digest(self._name_keys[key or self._key], bytes.fromhex(sha256), "sha256").hex()
        return self._folder / name[:2] / name


def unsealed(sealed: bytes, key: bytes, sha256: str) -> bytes:
    """Return the content that was sealed into the bytes of one file.

    Raises:
        DamagedError: it is not what was sealed.
    """
    return _BlobReader(io.BytesIO(sealed), len(sealed), key, sha256).readall()


class _BlobReader(io.RawIOBase):
    """Content as a file: decrypts the chunk that is read."""

    def __init__(self, file: BinaryIO, file_size: int, key: bytes, sha256: str) -> None:
        super().__init__()
        self._file = file
        self._size = content_size(file_size)
        self._cipher = BlobCipher.of_header(key, sha256, file.read(HEADER_BYTES))
        self._position = 0
        self._chunk: tuple[int, bytes] = (-1, b"")
        if self._size == 0:
            read_chunk(self._file, self._cipher, 0, 0)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer
        if self._position >= self._size:
            return 0
        index, start = divmod(self._position, CHUNK_BYTES)
        if self._chunk[0] != index:
            self._chunk = (index, read_chunk(self._file, self._cipher, index, self._size))
        piece = self._chunk[1][start : start + len(buffer)]
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def readall(self) -> bytes:
        """Whole chunks at a time: what the caller asked for is all of it."""
        pieces = []
        while self._position < self._size:
            index, start = divmod(self._position, CHUNK_BYTES)
            pieces.append(read_chunk(self._file, self._cipher, index, self._size)[start:])
            self._position += len(pieces[-1])
        return b"".join(pieces)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def tell(self) -> int:
        return self._position

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


def _pieces_of(file: BinaryIO, path: Path, sha256: str) -> Iterator[bytes]:
    digest = hashlib.sha256()
    while piece := file.read(_READ_BYTES):
        digest.update(piece)
        yield piece
    if digest.hexdigest() != sha256:
        raise StorageError(Text("The file “{path}” changed while it was read. Try again.", path=path))


def _missing() -> NotFoundError:
    return NotFoundError(Text("This content is not on this computer yet."))
