"""Files of VitalRecorder (``.vital``): curves of many monitors on one clock.

Read: every curve; its pieces are placed by their own time, pieces that follow each other within a twentieth of a second
are joined, what lies between others is a gap. Words (``EVENT`` and other tracks of text) become marks. Numbers are left
out: they are no signal. The file is packed with gzip and unpacked only so far.
Source: https://vitaldb.net/docs/?documentId=1S_orBIT6MgdjxdZ4FIbw6U7I0FDCRzQdPpvPUJCKZ54 (vital file format 3).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from clinic_app.waveforms.formats.digits import samples_of
from clinic_app.waveforms.formats.limits import (
    LARGEST_BYTES,
    MOST_CHANNELS,
    MOST_MARKS,
    TOO_LARGE,
    Watch,
    check_amount,
    check_rate,
    strangers_bytes,
    unreadable,
    unwatched,
)
from clinic_app.waveforms.formats.naming import code_of, label_of, one_line, unit_of
from clinic_app.waveforms.recording import UNSTATED_BAND, EventMark, RecordedChannel, Recording

_TRACK, _PIECE, _DEVICE = 0, 1, 9
_CURVE, _WORDS = 1, 5
_KINDS: Final = {1: "<f4", 2: "<f8", 3: "i1", 4: "u1", 5: "<i2", 6: "<u2", 7: "<i4", 8: "<u4"}
_LOST: Final = {3: -128, 4: 255, 5: -32768, 6: 65535, 7: -(1 << 31), 8: (1 << 32) - 1}
_FOLLOWS_S: Final = 0.05
_MOST_PACKETS: Final = 5_000_000
"""Fifty tracks a second for a day."""
_TELL_EVERY: Final = 50_000
_MOST_RUNS: Final = 100_000
"""Stretches of one curve without a gap."""


@dataclass(eq=False)
class _Track:
    name: str
    kind: int
    packing: int
    unit: str = ""
    rate_hz: float = 0.0
    gain: float = 1.0
    offset: float = 0.0
    device: str = ""
    pieces: list[tuple[float, NDArray[Any]]] = field(default_factory=list)


def is_vital(data: bytes) -> bool:
    """Return whether a file begins as a packed file of VitalRecorder."""
    if data[:2] != b"\x1f\x8b":
        return False
    try:
        return zlib.decompressobj(31).decompress(data[:4096], 4) == b"VITA"
    except zlib.error:
        return False


def read_vital(data: bytes, watch: Watch = unwatched) -> Recording:
    """Return the curves in a file of VitalRecorder.

    Args:
        data: the file.
        watch: told of every curve.

    Raises:
        UnreadableFileError: it is damaged, or unpacks to more than anybody records.
    """
    return read_unpacked(_unpacked(data), watch)


def read_unpacked(data: bytes, watch: Watch = unwatched) -> Recording:
    """Return the curves in the bytes of such a file without its packing.

    Raises:
        UnreadableFileError: it is damaged.
    """
    with strangers_bytes():
        return _read(data, watch)


def _unpacked(data: bytes) -> bytes:
    made = bytearray()
    rest = data
    while rest[:2] == b"\x1f\x8b":
        unpacker = zlib.decompressobj(31)
        try:
            made += unpacker.decompress(rest, LARGEST_BYTES + 1 - len(made))
        except zlib.error as error:
            raise unreadable() from error
        if len(made) > LARGEST_BYTES:
            raise unreadable(TOO_LARGE)
        if not unpacker.eof:
            raise unreadable()
        rest = unpacker.unused_data
    return bytes(made)


def _read(data: bytes, watch: Watch) -> Recording:
    if data[:4] != b"VITA":
        raise unreadable()
    tracks, marks, devices = _contents(data, watch)
    curves = [track for track in tracks if track.pieces]
    if not curves or len(curves) > MOST_CHANNELS:
        raise unreadable()
    begin_s = min(at for track in curves for at, _ in track.pieces)
    channels: list[RecordedChannel] = []
    names = [track.name for track in curves]
    for done, track in enumerate(curves):
        watch(done, len(curves))
        is_alone = names.count(track.name) == 1
        already = sum(len(each.samples) for each in channels)
        channels.append(_channel(track, begin_s, already, track.name if is_alone else f"{track.device}/{track.name}"))
    return Recording(
        tuple(channels),
        _moment(begin_s),
        one_line(", ".join(devices), 64),
        UNSTATED_BAND,
        tuple(sorted(marks, key=_when)),
    )


def _packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 10 + int.from_bytes(data[8:10], "little")
    for _ in range(_MOST_PACKETS):
        if at + 5 > len(data):
            return
        kind, size = struct.unpack_from("<bI", data, at)
        if at + 5 + size > len(data):
            raise unreadable()
        yield kind, data[at + 5 : at + 5 + size]
        at += 5 + size
    raise unreadable(TOO_LARGE)


def _contents(data: bytes, watch: Watch) -> tuple[list[_Track], list[EventMark], list[str]]:
    devices: dict[int, str] = {}
    tracks: dict[int, _Track] = {}
    marks: list[EventMark] = []
    for done, (kind, packet) in enumerate(_packets(data)):
        if done % _TELL_EVERY == 0:
            watch(0, 0)  # nobody knows of how many
        if kind == _DEVICE:
            number = struct.unpack_from("<I", packet)[0]
            family, at = _string(packet, 4)
            name, _ = _string(packet, at)
            devices[number] = one_line(name or family, 64)
        elif kind == _TRACK:
            number, track = _track(packet, devices)
            tracks[number] = track
        elif kind == _PIECE:
            size, at_s, number = struct.unpack_from("<HdH", packet)
            if number in tracks:
                _take(tracks[number], at_s, packet[2 + size :], marks)
    return list(tracks.values()), marks, list(dict.fromkeys(devices.values()))


def _track(packet: bytes, devices: dict[int, str]) -> tuple[int, _Track]:
    number, kind, packing = struct.unpack_from("<Hbb", packet)
    name, at = _string(packet, 4)
    track = _Track(one_line(name, 64), kind, packing)
    if at < len(packet):
        track.unit, at = _string(packet, at)
    if at + 12 + 4 + 16 + 1 + 4 <= len(packet):
        _, _, _, track.rate_hz, track.gain, track.offset, _, device = struct.unpack_from("<ffIfddbI", packet, at)
        track.device = devices.get(device, "")
    return number, track


def _take(track: _Track, at_s: float, body: bytes, marks: list[EventMark]) -> None:
    if not 0 <= at_s < 1e11:
        raise unreadable()
    if track.kind == _CURVE and track.packing in _KINDS:
        count = struct.unpack_from("<I", body)[0]
        if count:
            track.pieces.append((at_s, np.frombuffer(body, _KINDS[track.packing], count, 4)))
    elif track.kind == _WORDS and len(marks) < MOST_MARKS:
        text = one_line(_string(body, 4)[0], 1000)
        if text:
            marks.append(EventMark(_moment(at_s), text if track.name == "EVENT" else f"{track.name}: {text}"))


def _channel(track: _Track, begin_s: float, already: int, label: str) -> RecordedChannel:
    check_rate(track.rate_hz)
    rate_hz = float(round(track.rate_hz, 4))  # it lies there in 32 bits
    runs: list[tuple[int, list[NDArray[Any]]]] = []
    after = end = 0
    for at_s, values in sorted(track.pieces, key=lambda each: each[0]):
        place = round((at_s - begin_s) * rate_hz)
        if runs and abs(place - after) <= max(_FOLLOWS_S * rate_hz, 1):
            runs[-1][1].append(values)
            after += len(values)
        else:
            runs.append((place, [values]))
            after = place + len(values)
        end = max(end, after)
    if len(runs) > _MOST_RUNS:
        raise unreadable(TOO_LARGE)
    check_amount(already + end)
    samples = np.full(end, np.nan, np.float32)
    unit, volts = unit_of(track.unit)
    is_whole = track.packing in _LOST
    resolution, offset = (track.gain * volts, track.offset * volts) if is_whole else (volts, 0.0)
    for place, pieces in runs:
        values = np.concatenate(pieces)
        whole = values if is_whole else np.where(np.isfinite(values), values, np.nan)
        part = samples_of(whole, resolution, offset)
        part[~np.isfinite(part)] = np.nan
        if is_whole:
            part[values == _LOST[track.packing]] = np.nan
        samples[place : place + len(part)] = part
    code = code_of(track.name)
    return RecordedChannel(
        code,
        label_of(code, label),
        unit,
        rate_hz,
        samples,
        resolution if is_whole else None,
        offset if is_whole else 0.0,
    )


def _string(packet: bytes, at: int) -> tuple[str, int]:
    size = struct.unpack_from("<I", packet, at)[0]
    return packet[at + 4 : at + 4 + size].decode("utf-8", "replace"), at + 4 + size


def _moment(seconds: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=round(seconds * 1e6))


def _when(mark: EventMark) -> datetime:
    return mark.at
