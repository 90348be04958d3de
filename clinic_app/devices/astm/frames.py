"""The receiving side of the low-level protocol of analysers: frames with numbers and checksums, answered one by one.

A sender asks for the line (ENQ), sends frames and waits for ACK or NAK after each, and gives the line back (EOT). The
receiver is a table: state and what came make the next state and the answer. It has no clock: whoever feeds it says how
long nothing came, because a silence of 30 seconds ends a transfer.

Source: CLSI LIS1-A (ASTM E1381-02), sections 6 to 8. The peer is untrusted: a frame has a largest size, and what lies
between two frames is not kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

ENQ: Final = 0x05
ACK: Final = b"\x06"
NAK: Final = b"\x15"
EOT: Final = 0x04
STX: Final = 0x02
ETX: Final = 0x03
ETB: Final = 0x17
LF: Final = 0x0A
SILENCE_S: Final = 30.0
"""After so long without a byte the receiver takes the line for free (LIS1-A, 6.5.2)."""
LARGEST_FRAME_BYTES: Final = 64_000
_RESTRICTED: Final = bytes((0x01, STX, EOT, ENQ, 0x06, LF, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16))
"""What may not stand in the text of a frame (LIS1-A, 6.3.1.4); a frame with one of them was disturbed."""


class State(Enum):
    """Where a transfer stands."""

    NEUTRAL = "neutral"
    RECEIVING = "receiving"


class Came(Enum):
    """What the line brought."""

    ENQUIRY = "enquiry"
    NEXT_FRAME = "next frame"
    SAME_FRAME = "same frame"
    BAD_FRAME = "bad frame"
    END = "end"
    SILENCE = "silence"


@dataclass(frozen=True)
class Step:
    """One line of the table: the next state, the answer, and whether what was gathered is dropped."""

    state: State
    answer: bytes = b""
    drops_the_rest: bool = False


TABLE: Final[dict[tuple[State, Came], Step]] = {
    (State.NEUTRAL, Came.ENQUIRY): Step(State.RECEIVING, ACK, True),
    (State.NEUTRAL, Came.NEXT_FRAME): Step(State.NEUTRAL),
    (State.NEUTRAL, Came.SAME_FRAME): Step(State.NEUTRAL),
    (State.NEUTRAL, Came.BAD_FRAME): Step(State.NEUTRAL),
    (State.NEUTRAL, Came.END): Step(State.NEUTRAL),
    (State.NEUTRAL, Came.SILENCE): Step(State.NEUTRAL),
    (State.RECEIVING, Came.ENQUIRY): Step(State.RECEIVING, ACK, True),
    (State.RECEIVING, Came.NEXT_FRAME): Step(State.RECEIVING, ACK),
    (State.RECEIVING, Came.SAME_FRAME): Step(State.RECEIVING, ACK),
    (State.RECEIVING, Came.BAD_FRAME): Step(State.RECEIVING, NAK),
    (State.RECEIVING, Came.END): Step(State.NEUTRAL, b"", True),
    (State.RECEIVING, Came.SILENCE): Step(State.NEUTRAL, b"", True),
}


@dataclass(frozen=True)
class Part:
    """What one accepted frame, or the end of a transfer, adds.

    Args:
        text: of the frame, without its number; empty at the end or the beginning of a transfer.
        is_last: it ended with ETX, so that no record goes on in the next frame.
        drops_the_rest: what was gathered before is worth nothing: a transfer began, ended or broke.
    """

    text: bytes = b""
    is_last: bool = False
    drops_the_rest: bool = False


@dataclass(frozen=True)
class Taken:
    """What a piece of the stream brought.

    Args:
        parts: in their order.
        answer: what the sender has to hear, once the parts are kept.
        bad_frames: how many were refused.
    """

    parts: tuple[Part, ...] = ()
    answer: bytes = b""
    bad_frames: int = 0


class FrameReceiver:
    """Follows one sender.

    Args:
        largest_bytes: a longer frame is refused.
    """

    def __init__(self, largest_bytes: int = LARGEST_FRAME_BYTES) -> None:
        self._largest_bytes = largest_bytes
        self._frame = bytearray()
        self._is_too_long = False
        self._last_number: int | None = None
        self._fed_s = 0.0
        self._answer = bytearray()
        self._parts: list[Part] = []
        self._bad_frames = 0
        self.state = State.NEUTRAL

    def feed(self, data: bytes, at_s: float) -> Taken:
        """Take the next bytes.

        Args:
            data: as they came; any cut is right, and none at all when nothing came for a while.
            at_s: when, by the steady clock.
        """
        self._answer, self._parts, self._bad_frames = bytearray(), [], 0
        if self.state is State.RECEIVING and at_s - self._fed_s > SILENCE_S:
            self._forget_frame()
            self._came(Came.SILENCE)
        if data:
            self._fed_s = at_s
        for byte in data:
            self._take(byte)
        return Taken(tuple(self._parts), bytes(self._answer), self._bad_frames)

    def _take(self, byte: int) -> None:
        if byte == ENQ:
            self._forget_frame()
            self._came(Came.ENQUIRY)
        elif byte == EOT:
            self._forget_frame()
            self._came(Came.END)
        elif self.state is State.NEUTRAL:
            return
        elif byte == STX:
            self._forget_frame()
            self._frame.append(byte)
        elif byte == LF:
            self._came(self._judged())
            self._forget_frame()
        elif len(self._frame) < self._largest_bytes:
            self._frame.append(byte)
        else:
            self._is_too_long = True

    def _came(self, what: Came) -> None:
        step = TABLE[self.state, what]
        if step.drops_the_rest:
            self._last_number = None
            self._parts.append(Part(drops_the_rest=True))
        if self.state is State.RECEIVING and what is Came.NEXT_FRAME:
            self._parts.append(Part(bytes(self._frame[2:-4]), self._frame[-4] == ETX))
            self._last_number = self._next_number
        self._bad_frames += self.state is State.RECEIVING and what is Came.BAD_FRAME
        self._answer += step.answer
        self.state = step.state

    def _judged(self) -> Came:
        """Return what the gathered bytes are, now that the line feed after them came."""
        number = frame_number(bytes(self._frame)) if not self._is_too_long else None
        if number is None:
            return Came.BAD_FRAME
        if number == self._last_number:
            return Came.SAME_FRAME
        return Came.NEXT_FRAME if number == self._next_number else Came.BAD_FRAME

    @property
    def _next_number(self) -> int:
        return 1 if self._last_number is None else (self._last_number + 1) % 8

    def _forget_frame(self) -> None:
        self._frame.clear()
        self._is_too_long = False


def checksum(covered: bytes) -> bytes:
    """Return the two hexadecimal digits of the sum, modulo 256, of a frame's number, text and ETB or ETX."""
    return b"%02X" % (sum(covered) % 256)


def frame_number(frame: bytes) -> int | None:
    """Return the number of a whole frame, STX to CR, or None when it was disturbed."""
    if len(frame) < 6 or frame[0] != STX or frame[-1] != 0x0D or frame[-4] not in (ETX, ETB):
        return None
    covered, told = frame[1:-3], frame[-3:-1]
    if checksum(covered) != told.upper() or not 0x30 <= covered[0] <= 0x37:
        return None
    if any(byte in _RESTRICTED or byte in (ETX, ETB) for byte in covered[:-1]):
        return None
    return covered[0] - 0x30


def build_frames(message: bytes, most_text_bytes: int = 240) -> tuple[bytes, ...]:
    """Return a message as the frames a sender sends: records that are too long are cut, and go on in the next.

    Args:
        message: records, each ended by CR.
        most_text_bytes: of one frame; 240 is the limit of the older standard.
    """
    texts: list[tuple[bytes, int]] = []
    for record in message.split(b"\r"):
        if not record:
            continue
        whole = record + b"\r"
        pieces = [whole[at : at + most_text_bytes] for at in range(0, len(whole), most_text_bytes)]
        texts += [(piece, ETB) for piece in pieces[:-1]]
        texts.append((pieces[-1], ETX))
    frames = []
    for place, (text, end) in enumerate(texts, start=1):
        covered = b"%d" % (place % 8) + text + bytes((end,))
        frames.append(bytes((STX,)) + covered + checksum(covered) + b"\r\n")
    return tuple(frames)
