"""What a child is asked for and what it answers; and how both go through a pipe.

A message is two lengths of eight bytes, a head in JSON, and the bytes it speaks of.
"""

from __future__ import annotations

import struct
from typing import IO, Final, Protocol

import msgspec

_LENGTHS: Final = struct.Struct("<QQ")
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
    """

    family: str
    is_rgb: bool = False
    largest_bytes: int = LARGEST_BODY
    planes: tuple[int, int, int] = (0, 0, 0)
    bits: int = 8


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


def send(pipe: IO[bytes], head: Job | Answer, body: bytes | memoryview) -> None:
    """Write a message."""
    told = msgspec.json.encode(head)
    pipe.write(_LENGTHS.pack(len(told), len(body)))
    pipe.write(told)
    pipe.write(body)
    pipe.flush()


def receive(pipe: IO[bytes]) -> tuple[bytes, bytes]:
    """Return head and body of the next message; both are empty at the end.

    Raises:
        EOFError: the other side broke off in the middle, or says more than anybody may.
    """
    lengths = pipe.read(_LENGTHS.size)
    if not lengths:
        return b"", b""
    if len(lengths) < _LENGTHS.size:
        raise EOFError
    head_bytes, body_bytes = _LENGTHS.unpack(lengths)
    if head_bytes > _LARGEST_HEAD or body_bytes > LARGEST_BODY:
        raise EOFError
    head, body = pipe.read(head_bytes), pipe.read(body_bytes)
    if len(head) < head_bytes or len(body) < body_bytes:
        raise EOFError
    return head, body
