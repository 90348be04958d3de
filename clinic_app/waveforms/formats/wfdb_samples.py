"""How WFDB packs samples: every format that lies in a file of its own kind, to integers and, for the simple ones, back.

Source: WFDB Applications Guide, signal(5).
"""

from __future__ import annotations

import io
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from clinic_app.waveforms.formats.limits import CUT, check_amount, unreadable

Integers = NDArray[np.signedinteger[Any]]

LOST: Final[dict[int, int]] = {
    80: -128, 508: -128, 310: -512, 311: -512, 212: -2048, 16: -32768, 61: -32768, 160: -32768, 516: -32768,
    24: -(1 << 23), 524: -(1 << 23), 32: -(1 << 31),
}  # fmt: skip
"""The integer that says: no sample."""
_FLAC_BITS: Final = {508: 8, 516: 16, 524: 24}
_BYTES_OF: Final = {8: (1, 1), 80: (1, 1), 16: (2, 1), 61: (2, 1), 160: (2, 1), 24: (3, 1), 32: (4, 1), 212: (3, 2),
                    310: (4, 3), 311: (4, 3)}  # fmt: skip
"""Bytes for how many samples."""


def is_known(format: int) -> bool:
    """Return whether the format is one of those read here."""
    return format in _BYTES_OF or format in _FLAC_BITS


def is_flac(format: int) -> bool:
    """Return whether the file is a FLAC file with a channel for each signal."""
    return format in _FLAC_BITS


def count_in(format: int, size_bytes: int) -> int:
    """Return how many samples so many bytes can hold."""
    width, samples = _BYTES_OF[format]
    return size_bytes // width * samples + _odd_end(format, size_bytes % width)


def unpack(format: int, data: bytes, count: int) -> Integers:
    """Return the first samples in the order they lie in.

    Raises:
        UnreadableFileError: there are fewer.
    """
    if count_in(format, len(data)) < count:
        raise unreadable(CUT)
    if format in (16, 61, 160):
        kind = {16: "<i2", 61: ">i2", 160: "<u2"}[format]
        return np.frombuffer(data, kind, count).astype(np.int32) - (32768 if format == 160 else 0)
    if format in (8, 80):
        return np.frombuffer(data, "u1" if format == 80 else "i1", count).astype(np.int32) - (
            128 if format == 80 else 0
        )
    if format == 32:
        return np.frombuffer(data, "<i4", count).astype(np.int32)
    if format == 24:
        return from_24(data, count)
    return {212: _from_212, 310: _from_310, 311: _from_311}[format](data, count)


def from_24(data: bytes, count: int) -> Integers:
    """Return signed little-endian integers of three bytes."""
    triples = np.frombuffer(data, "u1", count * 3).reshape(count, 3).astype(np.int32)
    return _signed(triples[:, 0] | triples[:, 1] << 8 | triples[:, 2] << 16, 24)


def unpack_flac(format: int, data: bytes, channels: int, most: int) -> Integers:
    """Return the samples of a FLAC file, shape ``(n, channels)``, but no more than so many; 0 takes them all.

    Raises:
        UnreadableFileError: it is none, or has other channels or more bits than its header says.
    """
    import soundfile

    bits = _FLAC_BITS[format]
    if data[:4] != b"fLaC":  # the library would try every decoder it has
        raise unreadable()
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            own = {"PCM_S8": 8, "PCM_16": 16, "PCM_24": 24}.get(file.subtype, 99)
            if file.format != "FLAC" or file.channels != channels or own > bits:
                raise unreadable()
            frames = min(file.frames, most) if most else file.frames
            check_amount(frames * channels)
            samples = file.read(frames, dtype="int32", always_2d=True)
    except (RuntimeError, ValueError, TypeError, OSError) as error:
        raise unreadable() from error
    integers: Integers = samples >> (32 - own)
    return integers


def pack(format: int, integers: Integers) -> bytes:
    """Return samples as a file has them; formats 16, 24 and 32 only, which are those written here."""
    if format == 24:
        four = integers.astype("<i4").view("u1").reshape(-1, 4)
        return four[:, :3].tobytes()
    return integers.astype({16: "<i2", 32: "<i4"}[format]).tobytes()


def _odd_end(format: int, rest: int) -> int:
    """Return the samples in the last, unfinished group of bytes."""
    if format == 212:
        return 1 if rest >= 2 else 0
    if format in (310, 311):
        return {2: 1, 3: 2 if format == 311 else 1}.get(rest, 0)
    return 0


def _padded(
    data: bytes, group: int, count: int, per_group: int, kind: type[np.signedinteger[Any]] = np.int32
) -> Integers:
    groups = -(-count // per_group)
    raw = np.frombuffer(data, "u1")[: groups * group]
    if len(raw) < groups * group:
        raw = np.concatenate([raw, np.zeros(groups * group - len(raw), "u1")])
    return raw.reshape(groups, group).astype(kind)


def _signed(values: Integers, bits: int) -> Integers:
    half = 1 << (bits - 1)
    result: Integers = (values ^ half) - half
    return result


def _from_212(data: bytes, count: int) -> Integers:
    raw = _padded(data, 3, count, 2, np.int16)
    pairs = np.stack([raw[:, 0] | (raw[:, 1] & 0x0F) << 8, raw[:, 2] | (raw[:, 1] & 0xF0) << 4], axis=1)
    return _signed(pairs.reshape(-1)[:count], 12)


def _from_310(data: bytes, count: int) -> Integers:
    """Two words of 16 bits: a sample in bits 1 to 10 of each, the third in what is left of both."""
    raw = _padded(data, 4, count, 3)
    low, high = raw[:, 0] | raw[:, 1] << 8, raw[:, 2] | raw[:, 3] << 8
    triples = np.stack([low >> 1 & 0x3FF, high >> 1 & 0x3FF, low >> 11 & 0x1F | (high >> 11 & 0x1F) << 5], axis=1)
    return _signed(triples.reshape(-1)[:count], 10)


def _from_311(data: bytes, count: int) -> Integers:
    """A word of 32 bits: three samples of 10 bits, the first in the lowest."""
    raw = _padded(data, 4, count, 3)
    word = raw[:, 0] | raw[:, 1] << 8 | raw[:, 2] << 16 | raw[:, 3] << 24
    triples = np.stack([word & 0x3FF, word >> 10 & 0x3FF, word >> 20 & 0x3FF], axis=1)
    return _signed(triples.reshape(-1)[:count], 10)
