"""Ten seconds of a long recording as bytes: every stream of a device, its numbers, and a check sum; nothing is lost.

``DALAWAV1`` | zstd of (length of the header 4 | header, msgpack | samples) | CRC32 of all before. Samples of a channel
are the device's own integers where it has such (or where a step is found that gives every sample back exactly), as
differences, the low bytes of all before the high ones; a channel without is kept as the float32 it came as. Lost
samples are a list of stretches, so that a gap costs nothing and looks like nothing else.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, Literal

import msgspec
import numpy as np
import zstandard
from numpy.typing import NDArray

from clinic_app.devices import ChannelInfo
from clinic_app.foundation.errors import DamagedError
from clinic_app.foundation.texts import Text
from clinic_app.waveforms.formats.digits import RESOLUTIONS, samples_of

MAGIC: Final = b"DALAWAV1"
DAMAGED_CHUNK: Final = Text("A part of this recording is damaged and is left out. The other parts are not affected.")
_LEVEL: Final = 3
_MOST_BYTES: Final = 256 << 20
_MOST_WINDOW_BYTES: Final = 8 << 20
_LENGTH: Final = struct.Struct("<I")
_KINDS: Final[dict[str, np.dtype[Any]]] = {kind: np.dtype(f"<{kind}") for kind in ("i2", "i4", "f4")}
Samples = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Part:
    """One stretch of one stream.

    Args:
        stream_id: of the device's stream; another run of the device has another one.
        channels: what the rows are.
        resolutions: of each channel, ``unit`` for one step of the device's integers; None where it is not known.
        rate_hz: samples per second.
        first_index: of the first sample, counted from the start of the stream.
        at: when that was taken.
        samples: shape (channels, n), float32, NaN where samples were lost.
        leads_off: stretches (first, last, code) in which an electrode lay nowhere.
    """

    stream_id: str
    channels: tuple[ChannelInfo, ...]
    resolutions: tuple[float | None, ...]
    rate_hz: Fraction
    first_index: int
    at: datetime
    samples: Samples
    leads_off: tuple[tuple[int, int, str], ...] = ()


class Number(msgspec.Struct, frozen=True, array_like=True):
    """A number a device told, or that was computed here."""

    at: datetime
    code: str
    value: Decimal
    unit: str


@dataclass(frozen=True, eq=False)
class Chunk:
    """What one chunk holds.

    Args:
        recording_id: whose it is.
        number: 0, 1, 2 ... within its recording.
        parts: of the streams.
        numbers: in the order of time.
    """

    recording_id: str
    number: int
    parts: tuple[Part, ...]
    numbers: tuple[Number, ...] = ()


class _Row(msgspec.Struct, frozen=True, array_like=True):
    code: str
    label: str
    unit: str
    kind: Literal["i2", "i4", "f4"]
    resolution: float
    is_resolution_told: bool
    lost: tuple[tuple[int, int], ...]


class _Stretch(msgspec.Struct, frozen=True):
    stream_id: str
    rate: tuple[int, int]
    first_index: int
    at: datetime
    length: int
    rows: tuple[_Row, ...]
    leads_off: tuple[tuple[int, int, str], ...]


class _Header(msgspec.Struct, frozen=True):
    recording_id: str
    number: int
    stretches: tuple[_Stretch, ...]
    numbers: tuple[Number, ...]


def encode(chunk: Chunk) -> bytes:
    """Return a chunk's bytes; `decode` gives every sample back as it was."""
    bodies: list[bytes] = []
    stretches = []
    for part in chunk.parts:
        rows = []
        for channel, resolution, samples in zip(part.channels, part.resolutions, part.samples, strict=True):
            row, body = _packed(channel, resolution, np.ascontiguousarray(samples, dtype=np.float32))
            rows.append(row)
            bodies.append(body)
        rate = (part.rate_hz.numerator, part.rate_hz.denominator)
        length = part.samples.shape[1]
        stretches.append(_Stretch(part.stream_id, rate, part.first_index, part.at, length, tuple(rows), part.leads_off))
    header = msgspec.msgpack.encode(_Header(chunk.recording_id, chunk.number, tuple(stretches), chunk.numbers))
    packed = zstandard.ZstdCompressor(level=_LEVEL).compress(_LENGTH.pack(len(header)) + header + b"".join(bodies))
    return MAGIC + packed + _LENGTH.pack(zlib.crc32(MAGIC + packed))


def decode(data: bytes) -> Chunk:
    """Return what a chunk holds.

    Raises:
        DamagedError: these are not the bytes of a chunk.
    """
    if not data.startswith(MAGIC) or data[-_LENGTH.size :] != _LENGTH.pack(zlib.crc32(data[: -_LENGTH.size])):
        raise DamagedError(DAMAGED_CHUNK)
    try:
        content = memoryview(_inflated(data[len(MAGIC) : -_LENGTH.size]))
        length = _LENGTH.unpack_from(content)[0]
        header = msgspec.msgpack.decode(content[_LENGTH.size : _LENGTH.size + length], type=_Header)
        return _chunk(header, content[_LENGTH.size + length :])
    except (zstandard.ZstdError, msgspec.MsgspecError, struct.error, ValueError, ZeroDivisionError) as error:
        raise DamagedError(DAMAGED_CHUNK) from error


def _inflated(packed: bytes) -> bytes:
    with zstandard.ZstdDecompressor(max_window_size=_MOST_WINDOW_BYTES).stream_reader(packed) as unpacker:
        content: bytes = unpacker.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise DamagedError(DAMAGED_CHUNK)
    return content


def _packed(channel: ChannelInfo, resolution: float | None, samples: Samples) -> tuple[_Row, bytes]:
    is_kept = np.isfinite(samples)
    edges = np.flatnonzero(np.diff((~is_kept).astype(np.int8), prepend=0, append=0))
    lost = tuple(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
    steps = (resolution, *RESOLUTIONS) if resolution else RESOLUTIONS
    for step in steps:
        integers = _integers(samples, is_kept, step)
        if integers is not None:
            differences = np.diff(integers, prepend=0)
            largest = max(-int(differences.min(initial=0)), int(differences.max(initial=0)))
            kind: Literal["i2", "i4"] = "i2" if largest < 1 << 15 else "i4"
            row = _Row(channel.code, channel.label, channel.unit, kind, step, step == resolution, lost)
            return row, _planes(differences.astype(_KINDS[kind]))
    row = _Row(channel.code, channel.label, channel.unit, "f4", 1.0, False, lost)
    return row, _planes(np.where(is_kept, samples, 0).astype("<f4"))


def _integers(samples: Samples, is_kept: NDArray[np.bool_], step: float) -> NDArray[np.int64] | None:
    """Return samples as so many steps (the one before, where one was lost), or None where that changes a sample."""
    rounded = np.rint(np.where(is_kept, samples, 0.0).astype(np.float64) / step)
    if np.abs(rounded).max(initial=0) >= 1 << 30:
        return None
    integers = rounded.astype(np.int64)
    if not np.array_equal(samples_of(integers, step)[is_kept], samples[is_kept]):
        return None
    last_kept = np.maximum.accumulate(np.where(is_kept, np.arange(len(samples)), 0))
    return np.asarray(integers[last_kept])


def _planes(values: NDArray[Any]) -> bytes:
    """Return the first bytes of all values, then the second ones: they look alike, and pack well."""
    return np.frombuffer(values.tobytes(), np.uint8).reshape(len(values), values.itemsize).T.tobytes()


def _chunk(header: _Header, body: memoryview) -> Chunk:
    parts = []
    place = 0
    for stretch in header.stretches:
        if stretch.length < 0 or len(stretch.rows) * stretch.length * 2 > len(body) or min(stretch.rate) <= 0:
            raise ValueError("there is less in this chunk than its header says")
        samples = np.empty((len(stretch.rows), stretch.length), dtype=np.float32)
        for row, each in enumerate(stretch.rows):
            size = stretch.length * _KINDS[each.kind].itemsize
            samples[row] = _unpacked(each, body[place : place + size], stretch.length)
            place += size
        parts.append(
            Part(
                stretch.stream_id,
                tuple(ChannelInfo(each.code, each.label, each.unit) for each in stretch.rows),
                tuple(each.resolution if each.is_resolution_told else None for each in stretch.rows),
                Fraction(*stretch.rate),
                stretch.first_index,
                stretch.at,
                samples,
                stretch.leads_off,
            )
        )
    return Chunk(header.recording_id, header.number, tuple(parts), header.numbers)


def _unpacked(row: _Row, body: memoryview, length: int) -> Samples:
    kind = _KINDS[row.kind]
    planes = np.frombuffer(body, dtype=np.uint8).reshape(kind.itemsize, length)
    values = np.frombuffer(planes.T.tobytes(), dtype=kind)
    if row.kind == "f4":
        samples: Samples = values.astype(np.float32)
    else:
        samples = samples_of(np.cumsum(values, dtype=np.int64), row.resolution)
    for first, last in row.lost:
        samples[first:last] = np.nan
    return samples
