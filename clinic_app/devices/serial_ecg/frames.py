"""The frames of a serial ECG amplifier: COBS between zero bytes, a checksum in each, all numbers little-endian.

Two kinds: what the amplifier is (sent every second), and samples with the number of the first one. The number has 32
bits and begins again at zero; the run tells one switching-on from another. ``docs/devices/serial-ecg.md`` is the
description makers are given; this module and it say the same.

Source of COBS: S. Cheshire, M. Baker, "Consistent Overhead Byte Stuffing", IEEE/ACM Transactions on Networking 7(2),
1999. The checksum is CRC-32 as in IEEE 802.3. The peer is untrusted.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clinic_app.devices.hl7.message import printable
from clinic_app.terminology.leads import LEAD_NUMBERS

VERSION: Final = 1
LARGEST_FRAME_BYTES: Final = 4096
MOST_CHANNELS: Final = 16
MOST_RATE_HZ: Final = 32_000
DESCRIPTION: Final = 1
SAMPLES: Final = 2
_LEADS: Final = {number: lead for lead, number in LEAD_NUMBERS.items()}
_HEAD: Final = struct.Struct("<BBIIHIB")
_BLOCK: Final = struct.Struct("<BIIBHB")


@dataclass(frozen=True)
class Description:
    """What an amplifier is.

    Args:
        run: another number after every switching-on.
        rate_hz: samples per second of every channel.
        step_nv: nanovolts of one step of the converter.
        leads: reference identifiers of the channels.
        name: what the device calls itself.
    """

    run: int
    rate_hz: Fraction
    step_nv: int
    leads: tuple[str, ...]
    name: str


@dataclass(frozen=True, eq=False)
class SampleFrame:
    """Samples of all channels.

    Args:
        run: of the description they belong to.
        first: number of the first sample since the switching-on, modulo 2**32.
        is_clipped: the converter was at its end.
        off: places of the channels whose electrode is off.
        steps: shape ``(channels, n)``, in steps of the converter.
    """

    run: int
    first: int
    is_clipped: bool
    off: frozenset[int]
    steps: NDArray[np.int16]


class FrameSplitter:
    """Finds whole, undisturbed frames in a stream of bytes."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._is_lost = True
        self.bad = 0
        """Frames that were disturbed since the start; what came before the first zero is none."""

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes; return the contents of the frames they complete, checked."""
        found: list[bytes] = []
        *whole, rest = data.split(b"\x00")
        for piece in whole:
            self._add(piece)
            frame, self._pending = bytes(self._pending), bytearray()
            was_lost, self._is_lost = self._is_lost, False
            content = checked(frame)
            if content is not None:
                found.append(content)
            elif frame and not was_lost:
                self.bad += 1
        self._add(rest)
        return found

    def _add(self, piece: bytes) -> None:
        self._pending += piece[: LARGEST_FRAME_BYTES + 1 - len(self._pending)]


def checked(frame: bytes) -> bytes | None:
    """Return the content of a frame without its stuffing and checksum, or None when it was disturbed."""
    if not 6 <= len(frame) <= LARGEST_FRAME_BYTES:
        return None
    plain = unstuffed(frame)
    if plain is None or len(plain) < 5 or zlib.crc32(plain[:-4]) != int.from_bytes(plain[-4:], "little"):
        return None
    return plain[:-4]


def framed(content: bytes) -> bytes:
    """Return content as it goes over the cable: checksum, stuffing, the zero at the end."""
    return stuffed(content + zlib.crc32(content).to_bytes(4, "little")) + b"\x00"


def stuffed(data: bytes) -> bytes:
    """Return data without a zero byte (COBS)."""
    out = bytearray()
    for run in data.split(b"\x00"):
        whole, rest = divmod(len(run), 254)
        for place in range(whole):
            out += b"\xff" + run[place * 254 : place * 254 + 254]
        out += bytes((rest + 1,)) + run[whole * 254 :]
    return bytes(out)


def unstuffed(data: bytes) -> bytes | None:
    """Return what was stuffed, or None for what is no COBS."""
    out = bytearray()
    at = 0
    while at < len(data):
        code = data[at]
        if code == 0 or at + code > len(data):
            return None
        out += data[at + 1 : at + code]
        at += code
        if code < 255 and at < len(data):
            out.append(0)
    return bytes(out)


def read_description(content: bytes) -> Description | None:
    """Return what an amplifier says it is, or None for what cannot be."""
    if len(content) < _HEAD.size or content[0] != DESCRIPTION:
        return None
    _, version, run, numerator, denominator, step_nv, count = _HEAD.unpack_from(content)
    numbers = content[_HEAD.size : _HEAD.size + count]
    leads = tuple(_LEADS.get(number, "") for number in numbers)
    is_sound = version == VERSION and denominator and step_nv and len(leads) == count and len(set(leads)) == count
    if not is_sound or not all(leads) or not 1 <= count <= MOST_CHANNELS:
        return None
    rate_hz = Fraction(numerator, denominator)
    if not 1 <= rate_hz <= MOST_RATE_HZ:
        return None
    name = printable(content[_HEAD.size + count :].decode("utf-8", "replace"))[:64]
    return Description(run, rate_hz, step_nv, leads, name)


def build_description(description: Description) -> bytes:
    """Return the content of a description."""
    numbers = bytes(LEAD_NUMBERS[lead] for lead in description.leads)
    rate = description.rate_hz
    head = _HEAD.pack(
        DESCRIPTION, VERSION, description.run, rate.numerator, rate.denominator, description.step_nv, len(numbers)
    )
    return head + numbers + description.name.encode()


def read_samples(content: bytes, channels: int) -> SampleFrame | None:
    """Return the samples of a frame, or None where their count does not fit."""
    if len(content) < _BLOCK.size or content[0] != SAMPLES:
        return None
    _, run, first, flags, off, count = _BLOCK.unpack_from(content)
    body = content[_BLOCK.size :]
    if not count or len(body) != 2 * count * channels:
        return None
    steps = np.frombuffer(body, "<i2").reshape(count, channels).T
    places = frozenset(place for place in range(channels) if off >> place & 1)
    return SampleFrame(run, first, bool(flags & 1), places, steps)


def build_samples(frame: SampleFrame) -> bytes:
    """Return the content of a frame of samples."""
    off = sum(1 << place for place in frame.off)
    head = _BLOCK.pack(SAMPLES, frame.run, frame.first & 0xFFFFFFFF, int(frame.is_clipped), off, frame.steps.shape[1])
    return head + np.ascontiguousarray(frame.steps.T).astype("<i2").tobytes()
