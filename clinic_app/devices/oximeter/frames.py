"""The two kinds of frames a CMS50 sends sixty times a second, found by their sync bits in any stream of bytes.

* Five bytes (firmware up to 4.5, CMS-P, 19200 baud, odd parity): the first byte has its top bit set, the others not.
* Nine bytes (firmware 4.6 and 7.0, 115200 baud): a type byte without the top bit, then eight with it; the second byte
  carries the top bits of the seven that follow.

No five bytes of one kind can lie in a stream of the other, so the kind need not be known. Neither has a checksum or a
number: a frame counts when the next one begins right after it; what does not fit is left out, and the frame that comes
then says that something is missing before it.

Sources: the maker's description of its communication protocol as public drivers of both kinds of firmware agree on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

RATE_HZ: Final = 60
LIVE_DATA: Final = 0x01
START: Final = bytes((0x7D, 0x81, 0xA1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80))
"""Asks a nine-byte device for live data; it sends them for half a minute and has to be asked again."""
STOP: Final = bytes((0x7D, 0x81, 0xA2, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80))
_TOP: Final = 0x80
_MOST_SATURATION: Final = 100
_MOST_PULSE: Final = 250


@dataclass(frozen=True)
class OximeterFrame:
    """One sixtieth of a second.

    Args:
        wave: height of the pulse curve, 0 to 127.
        pulse: beats a minute; None while the device has none.
        saturation: in percent; None while the device has none.
        perfusion: perfusion index in percent; None where it is not sent or not valid.
        is_finger_out: no finger, or the sensor is broken.
        is_searching: the device looks for a pulse.
        is_after_hole: bytes before it could not be read.
    """

    wave: int
    pulse: int | None
    saturation: int | None
    perfusion: Decimal | None = None
    is_finger_out: bool = False
    is_searching: bool = False
    is_after_hole: bool = False


class FrameFinder:
    """Finds frames in a stream that arrives in pieces."""

    def __init__(self) -> None:
        self._pending = b""
        self._has_begun = False
        self._is_after_hole = False
        self.wire_length = 0
        """5 or 9 once a frame was seen, else 0."""

    def expect_hole(self) -> None:
        """Know that frames were missed before the first one: the cable was out."""
        self._has_begun = self._is_after_hole = True

    def feed(self, data: bytes) -> list[OximeterFrame]:
        """Take the next bytes and return the frames they complete."""
        buffer = self._pending + data
        found: list[OximeterFrame] = []
        at = 0
        while at < len(buffer):
            length = _length_at(buffer, at)
            if length == 0:
                at += 1
                self._is_after_hole = self._has_begun
            elif at + length >= len(buffer):
                break
            else:
                found.append(self._read(buffer[at : at + length]))
                at += length
        self._pending = buffer[at:]
        return found

    def _read(self, frame: bytes) -> OximeterFrame:
        hole, self._is_after_hole, self._has_begun = self._is_after_hole, False, True
        self.wire_length = len(frame)
        return _five(frame, hole) if len(frame) == 5 else _nine(frame, hole)


def _length_at(buffer: bytes, at: int) -> int:
    """Return the length of the frame that begins here, as far as its bytes and the next one's are there, or 0."""
    if buffer[at] & _TOP:
        fits = not any(byte & _TOP for byte in buffer[at + 1 : at + 5]) and all(
            byte & _TOP for byte in buffer[at + 5 : at + 6]
        )
        return 5 if fits else 0
    fits = all(byte & _TOP for byte in buffer[at + 1 : at + 9]) and not any(
        byte & _TOP for byte in buffer[at + 9 : at + 10]
    )
    return 9 if buffer[at] == LIVE_DATA and fits else 0


def _five(frame: bytes, is_after_hole: bool) -> OximeterFrame:
    is_out = bool(frame[2] & 0x10)
    pulse = frame[3] | (frame[2] & 0x40) << 1
    return OximeterFrame(
        frame[1],
        _within(pulse, _MOST_PULSE) if not is_out else None,
        _within(frame[4], _MOST_SATURATION) if not is_out else None,
        None,
        is_out,
        bool(frame[2] & 0x20),
        is_after_hole,
    )


def _nine(frame: bytes, is_after_hole: bool) -> OximeterFrame:
    top = frame[1]
    data = [(byte & 0x7F) | ((top >> place & 1) << 7) for place, byte in enumerate(frame[2:])]
    is_out = bool(data[0] & 0x80)
    perfusion = Decimal(data[5] | data[6] << 8) / 100 if not data[2] & 0x10 and not is_out else None
    return OximeterFrame(
        data[1] & 0x7F,
        _within(data[3], _MOST_PULSE) if not is_out else None,
        _within(data[4], _MOST_SATURATION) if not is_out else None,
        perfusion if perfusion and perfusion <= 20 else None,
        is_out,
        bool(data[1] & 0x80),
        is_after_hole,
    )


def _within(value: int, most: int) -> int | None:
    return value if 0 < value <= most else None


def build_five(frame: OximeterFrame) -> bytes:
    """Return a frame of the older kind."""
    pulse = frame.pulse or 0
    third = (pulse >> 1 & 0x40) | (0x10 if frame.is_finger_out else 0) | (0x20 if frame.is_searching else 0)
    return bytes((_TOP | 8, frame.wave & 0x7F, third, pulse & 0x7F, (frame.saturation or 0) & 0x7F))


def build_nine(frame: OximeterFrame) -> bytes:
    """Return a frame of the newer kind."""
    perfusion = int((frame.perfusion or 0) * 100)
    data = (
        8 | (0x80 if frame.is_finger_out else 0),
        frame.wave & 0x7F | (0x80 if frame.is_searching else 0),
        0 if frame.perfusion else 0x10,
        frame.pulse or 0xFF,
        frame.saturation or 0x7F,
        perfusion & 0xFF,
        perfusion >> 8,
    )
    top = sum((byte >> 7) << place for place, byte in enumerate(data))
    return bytes((LIVE_DATA, _TOP | top, *(byte & 0x7F | _TOP for byte in data)))
