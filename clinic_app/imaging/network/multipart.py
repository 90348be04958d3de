"""The parts of a multipart answer, one after another while they come: what a server may make us keep is bounded.

Nothing it says of lengths is believed; a part ends at its boundary. A part that is too large, an endless head or a
boundary that never comes ends the reading with an error.
Source: RFC 2046, 5.1; DICOM PS3.18, 8.6 (multipart/related).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.reading import LARGEST_FILE_BYTES

MOST_PARTS: Final = 50_000
_LARGEST_HEAD: Final = 16 << 10
_LONGEST_PREAMBLE: Final = 64 << 10
_BOUNDARY: Final = re.compile(r"""boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70})(?=[\s;]|$))""", re.IGNORECASE)
_PLAIN: Final = re.compile(r"[\x20-\x7e]{1,70}")


def boundary_of(content_type: str) -> bytes:
    """Return what parts the answer, by its content type.

    Raises:
        UnreadableFileError: it is no multipart answer.
    """
    found = _BOUNDARY.search(content_type)
    words = (found[1] or found[2]) if found else ""
    if not content_type.lower().startswith("multipart/related") or not _PLAIN.fullmatch(words):
        raise _nonsense()
    return words.encode("ascii")


def parts(chunks: Iterable[bytes], boundary: bytes, most_bytes: int = LARGEST_FILE_BYTES) -> Iterator[bytes]:
    """Yield the body of each part.

    Args:
        chunks: the answer as it comes.
        boundary: of its content type.
        most_bytes: of one part.

    Raises:
        UnreadableFileError: it is cut, too large, or no such answer.
    """
    reader = _Reader(chunks)
    mark = b"--" + boundary
    reader.until(mark, _LONGEST_PREAMBLE)
    mark = b"\r\n" + mark
    for _count in range(MOST_PARTS):
        ending = reader.exactly(2)
        if ending == b"--":
            return
        if ending != b"\r\n":  # blanks may stand behind a boundary (RFC 2046)
            reader.put_back(ending)
            reader.until(b"\r\n", _LARGEST_HEAD)
        reader.put_back(b"\r\n")  # a part may have no head at all
        reader.until(b"\r\n\r\n", _LARGEST_HEAD)
        yield reader.until(mark, most_bytes)
    raise _nonsense()


class _Reader:
    """Bytes that come in chunks of any size.

    Args:
        chunks: they.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._kept = bytearray()

    def put_back(self, data: bytes) -> None:
        """Let bytes be read once more."""
        self._kept[:0] = data

    def exactly(self, size: int) -> bytes:
        """Return so many bytes."""
        while len(self._kept) < size:
            self._more()
        data = bytes(self._kept[:size])
        del self._kept[:size]
        return data

    def until(self, mark: bytes, most: int) -> bytes:
        """Return what stands before a mark, and leave the mark behind."""
        looked = 0
        while (at := self._kept.find(mark, max(looked - len(mark), 0))) < 0:
            looked = len(self._kept)
            if looked > most + len(mark):
                raise UnreadableFileError(Text("The file is too large."))
            self._more()
        if at > most:
            raise UnreadableFileError(Text("The file is too large."))
        data = bytes(self._kept[:at])
        del self._kept[: at + len(mark)]
        return data

    def _more(self) -> None:
        for chunk in self._chunks:
            if chunk:
                self._kept += chunk
                return
        raise _nonsense()


def _nonsense() -> UnreadableFileError:
    return UnreadableFileError(Text("The answer of the archive is cut short, or no images."))
