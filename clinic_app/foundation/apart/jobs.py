"""What a child is asked for and what it answers; and how both go through a pipe.

A message is three lengths of eight bytes, a head in JSON, and the bytes it speaks of: behind the head, or, as the third
length says, in the memory both share (see `shared_place`). There a job lies at the end and an answer at the beginning,
so that a picture can be written where it is read from, while what it is made from is still there.
"""

from __future__ import annotations

import struct
from typing import IO, Final, Protocol

import msgspec

_LENGTHS: Final = struct.Struct("<QQQ")
_LARGEST_HEAD: Final = 64 << 10
LARGEST_BODY: Final = 1 << 30


class CodedFrame(msgspec.Struct, frozen=True, tag="frame"):
    """A compressed picture to decode.

    Args:
        family: of the compression, see `work.FAMILIES`.
        is_rgb: three colours that are red, green and blue although nothing in the bytes says so.
        largest_bytes: more is not decoded.
        planes: for run lengths, which do not say it themselves: planes, rows and columns.
        bits: of a value in a plane; likewise.
        shape: of the picture that is expected; if it is as expected, it need not be copied once more.
        kind: of its numbers, as numpy writes it.
    """

    family: str
    is_rgb: bool = False
    largest_bytes: int = LARGEST_BODY
    planes: tuple[int, int, int] = (0, 0, 0)
    bits: int = 8
    shape: tuple[int, ...] = ()
    kind: str = ""


class PageCount(msgspec.Struct, frozen=True, tag="pages"):
    """How many pages a PDF has."""


class PageWish(msgspec.Struct, frozen=True, tag="page"):
    """A page of a PDF as a picture.

    Args:
        index: from 0.
        longest: of its sides, in pixels.
    """

    index: int
    longest: int


Job = CodedFrame | PageCount | PageWish


class Answer(msgspec.Struct, frozen=True):
    """What came of it.

    Args:
        shape: of the numbers in the bytes that follow.
        kind: of the numbers, as numpy writes it: ``|u1``, ``<i2``.
        fault: why there are none; for logs.
    """

    shape: tuple[int, ...] = ()
    kind: str = "|u1"
    fault: str = ""


class Apart(Protocol):
    """Decodes bytes of strangers."""

    def run(self, job: Job, body: bytes) -> tuple[Answer, bytes | memoryview]:
        """Return what came of a job.

        Raises:
            ValueError: it cannot be done with these bytes.
        """
        ...


def send(pipe: IO[bytes], head: Job | Answer, body: bytes | memoryview, place: memoryview | None = None) -> None:
    """Write a message.

    Args:
        pipe: to the other process.
        head: what is asked or answered.
        body: the bytes it speaks of.
        place: the memory both share, if there is any; what is too large for it goes through the pipe.
    """
    told, size = msgspec.json.encode(head), len(body)
    is_placed = place is not None and 0 < size <= len(place)
    if is_placed and place is not None:
        _part(place, size, is_answer=isinstance(head, Answer))[:] = body
    pipe.write(_LENGTHS.pack(len(told), *((0, size) if is_placed else (size, 0))))
    pipe.write(told)
    if not is_placed:
        pipe.write(body)
    pipe.flush()


def receive_job(pipe: IO[bytes], place: memoryview | None = None) -> tuple[bytes, bytes | memoryview]:
    """Return head and body of the next job; both are empty at the end. The body may lie in the memory that is shared.

    Raises:
        EOFError: the other side broke off in the middle, or says more than anybody may.
    """
    head, body, placed_bytes = _received(pipe, len(place) if place is not None else 0)
    if place is None or not placed_bytes:
        return head, body
    return head, _part(place, placed_bytes, is_answer=False)


def receive_answer(pipe: IO[bytes], place: memoryview | None = None) -> tuple[bytes, bytes]:
    """Return head and body of an answer, copied: whoever sent it may still write there.

    Raises:
        EOFError: the other side broke off in the middle, or says more than anybody may.
    """
    head, body, placed_bytes = _received(pipe, len(place) if place is not None else 0)
    if place is None or not placed_bytes:
        return head, body
    return head, bytes(_part(place, placed_bytes, is_answer=True))


def _part(place: memoryview, size: int, *, is_answer: bool) -> memoryview:
    return place[:size] if is_answer else place[len(place) - size :]


def _received(pipe: IO[bytes], most_placed: int) -> tuple[bytes, bytes, int]:
    lengths = pipe.read(_LENGTHS.size)
    if not lengths:
        return b"", b"", 0
    if len(lengths) < _LENGTHS.size:
        raise EOFError
    head_bytes, body_bytes, placed_bytes = _LENGTHS.unpack(lengths)
    if head_bytes > _LARGEST_HEAD or body_bytes > LARGEST_BODY or placed_bytes > most_placed:
        raise EOFError
    head, body = pipe.read(head_bytes), pipe.read(body_bytes)
    if len(head) < head_bytes or len(body) < body_bytes:
        raise EOFError
    return head, body, placed_bytes
