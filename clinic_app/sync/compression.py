"""How messages are packed for the way: zstd, gzip or as they are; and unpacked again without believing them.

Who unpacks what a stranger sent counts every byte that comes out: some kilobytes can say "a gigabyte of zeros". Both
sides also say the digest of what they packed, because a bit that turned over in an unlucky place still unpacks.

Source: RFC 9110 section 8.4 (Content-Encoding) and 12.5.3 (Accept-Encoding, also in an answer, RFC 7694); RFC 8878
(zstd); RFC 9530 (Content-Digest).
"""

from __future__ import annotations

import base64
import binascii
import gzip
import hashlib
import re
import zlib
from collections.abc import Callable
from typing import IO, Final, Literal, cast, get_args

import zstandard

Coding = Literal["zstd", "gzip", "identity"]
CODINGS: Final[tuple[Coding, ...]] = get_args(Coding)
"""What both sides can do, the best first."""
OFFERED: Final = ", ".join(coding for coding in CODINGS if coding != "identity")
"""The value of Accept-Encoding of both sides."""
LEAST_BYTES: Final = 256
"""Less than this grows by being packed."""
_ZSTD_LEVEL: Final = 10
_GZIP_LEVEL: Final = 6
_MOST_WINDOW_BYTES: Final = 8 << 20
_ZLIB_GZIP_BITS: Final = 31
_DIGEST: Final = re.compile(r"(?:^|[,\s])sha-256=:([A-Za-z0-9+/=]{1,100}):")
_QUALITY: Final = re.compile(r"0(?:\.\d{1,3})?|1(?:\.0{1,3})?", re.ASCII)


class PackingError(ValueError):
    """What came is not packed as it says."""


class TooLargeError(PackingError):
    """More comes out than is taken; the rest was not unpacked."""


def pack(body: bytes, coding: Coding) -> bytes:
    """Return a body packed."""
    if coding == "zstd":
        return zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(body)
    return gzip.compress(body, _GZIP_LEVEL, mtime=0) if coding == "gzip" else body


class Unpacker:
    """Unpacks one message piece by piece.

    Args:
        coding: how it says it is packed; empty and ``identity`` are not packed at all.
        most_bytes: how much may come, and how much may come out.

    Raises:
        PackingError: a coding nobody here knows.
    """

    def __init__(self, coding: str, most_bytes: int) -> None:
        self._left = most_bytes
        self._sink = _Sink(most_bytes)
        self._feed: Callable[[bytes], int] = self._sink.write
        self._is_whole: Callable[[], bool] = lambda: True
        if coding == "zstd":
            unpacker = zstandard.ZstdDecompressor(max_window_size=_MOST_WINDOW_BYTES)
            self._feed = unpacker.stream_writer(cast("IO[bytes]", self._sink), closefd=False).write
        elif coding in ("gzip", "x-gzip"):
            gunzip = _Gunzip(self._sink)
            self._feed, self._is_whole = gunzip.write, gunzip.is_whole
        elif coding not in ("", "identity"):
            raise PackingError(f"the coding {coding[:20]!r} is not known")

    def feed(self, piece: bytes) -> None:
        """Take the next piece as it came.

        Raises:
            TooLargeError: too much comes, or comes out.
            PackingError: it is not packed so.
        """
        self._left -= len(piece)
        if self._left < 0:
            raise TooLargeError("the message is too large")
        try:
            self._feed(piece)
        except (zstandard.ZstdError, zlib.error, EOFError) as error:
            raise PackingError("the message is not packed as it says") from error

    def body(self) -> bytes:
        """Return what came out, once all of it has come.

        Raises:
            PackingError: the end is missing.
        """
        if not self._is_whole():
            raise PackingError("the packed message is cut off")
        return bytes(self._sink.held)


def digest_header(packed: bytes) -> str:
    """Return the value of Content-Digest for a body as it goes over the wire."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(packed).digest()).decode()}:"


def has_digest(header: str | None, digest: bytes) -> bool:
    """Return whether a Content-Digest names this SHA-256 digest; one that is not there says nothing against it."""
    match = _DIGEST.search(header or "")
    if match is None:
        return True
    try:
        return base64.b64decode(match[1], validate=True) == digest
    except binascii.Error:
        return False


def accepted(header: str | None) -> tuple[Coding, ...]:
    """Return what the other side can unpack, the best first, always with ``identity`` at the end.

    Args:
        header: the value of Accept-Encoding; None or nonsense is somebody who says nothing of it.
    """
    said: dict[str, bool] = {}
    for part in (header or "")[:500].lower().split(","):
        coding, _, quality = part.strip().partition(";")
        quality = quality.strip().removeprefix("q=") or "1"
        said[coding.strip()] = bool(_QUALITY.fullmatch(quality)) and float(quality) > 0
    rest = said.get("*", False)
    packed = (coding for coding in CODINGS if coding != "identity")
    return (*(coding for coding in packed if said.get(coding, rest)), "identity")


class _Sink:
    """Holds what comes out, up to a limit."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self.held = bytearray()

    def write(self, piece: bytes) -> int:
        if len(self.held) + len(piece) > self._most_bytes:
            raise TooLargeError("the message is too large")
        self.held += piece
        return len(piece)


class _Gunzip:
    """Unpacks gzip never more than a little ahead of the limit."""

    _STEP_BYTES: Final = 128 << 10

    def __init__(self, sink: _Sink) -> None:
        self._sink = sink
        self._inner = zlib.decompressobj(_ZLIB_GZIP_BITS)

    def is_whole(self) -> bool:
        return self._inner.eof

    def write(self, piece: bytes) -> int:
        left = piece
        while left:
            if self._inner.eof:
                raise PackingError("something follows the packed message")
            self._sink.write(self._inner.decompress(left, self._STEP_BYTES))
            left = self._inner.unconsumed_tail or self._inner.unused_data
        while not self._inner.eof and (more := self._inner.decompress(b"", self._STEP_BYTES)):
            self._sink.write(more)
        return len(piece)
