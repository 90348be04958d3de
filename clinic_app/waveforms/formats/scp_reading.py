"""SCP-ECG: the file of many resting electrocardiographs.

Read: samples plain or in Huffman codes (the standard's own table or tables of the file), as they are or as first or
second differences, with or without the reference beat taken out. Not read, and refused in words: bimodal compression,
which keeps only every few samples between the beats. A record whose checksum does not hold was damaged on the way.
Source: EN 1064:2005 (ISO 11073-91064), sections 5.3 to 5.9.
"""

from __future__ import annotations

import struct
from binascii import crc_hqx
from dataclasses import dataclass
from math import gcd
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clinic_app.foundation.texts import Text
from clinic_app.terminology.leads import LEAD_NUMBERS, LEADS
from clinic_app.waveforms.formats.digits import samples_of
from clinic_app.waveforms.formats.limits import Watch, check_amount, check_rate, strangers_bytes, unreadable, unwatched
from clinic_app.waveforms.formats.scp_huffman import Tables, decoded, parse_tables
from clinic_app.waveforms.formats.scp_patient import parse_told
from clinic_app.waveforms.recording import RecordedChannel, Recording

_HEAD: Final = 16
"""Bytes of a section before its data."""
_MOST_CODED: Final = 3_000_000
"""Samples in Huffman codes: many minutes of twelve leads, and a second or two of work."""
_LEAD_OF: Final = {number: code for code, number in LEAD_NUMBERS.items()}
DAMAGED: Final = Text("The file's own checksum says that it was damaged on the way. Copy it again from the recorder.")
_BIMODAL: Final = Text(
    "This SCP file keeps only every few samples between the beats. Export it from the recorder without bimodal "
    "compression."
)


@dataclass(frozen=True)
class _Lead:
    number: int
    first: int
    last: int

    @property
    def count(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True)
class _Beats:
    """Where the reference beat was taken out: the place of its fiducial point, and (first, fiducial, last) of each."""

    fiducial: int
    length_ms: int
    zones: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, eq=False)
class _Data:
    step_nv: int
    interval_us: int
    is_bimodal: bool
    leads: list[NDArray[np.int64]]


def is_scp(data: bytes) -> bool:
    """Return whether a file begins as an SCP record."""
    points_to_itself = data[22:24] == b"\0\0" and data[28:32] == b"\x07\0\0\0"
    return len(data) > 32 and data[8:10] == b"\0\0" and (data[16:22] == b"SCPECG" or points_to_itself)


def read_scp(data: bytes, watch: Watch = unwatched, *, is_checked: bool = True) -> Recording:
    """Return the recording in an SCP file.

    Args:
        data: the file.
        watch: told when each lead begins.
        is_checked: whether a checksum that does not hold refuses the file.

    Raises:
        UnreadableFileError: it contradicts itself, is damaged, or uses bimodal compression.
    """
    with strangers_bytes():
        return _read(data, watch, is_checked)


def _read(data: bytes, watch: Watch, is_checked: bool) -> Recording:
    stored, size = struct.unpack_from("<HI", data)
    if is_checked and stored and crc_hqx(data[2 : max(size, 2)], 0xFFFF) != stored:
        raise unreadable(DAMAGED)
    sections = _sections(data)
    told = parse_told(sections.get(1, b""))
    leads, is_subtracted = _leads(sections[3])
    tables = parse_tables(sections[2]) if 2 in sections else None
    check_amount(sum(lead.count for lead in leads))
    rhythm = _samples(sections[6], [lead.count for lead in leads], tables, watch)
    step, integers = rhythm.step_nv, rhythm.leads
    beat = _reference(sections, len(leads), tables) if is_subtracted or rhythm.is_bimodal else None
    if rhythm.is_bimodal and (beat is None or beat[1].interval_us != rhythm.interval_us):
        raise unreadable(_BIMODAL)
    if is_subtracted:
        if beat is None or beat[1].interval_us != rhythm.interval_us:
            raise unreadable()
        step, integers = _restored(leads, rhythm, *beat)
    check_rate(1e6 / rhythm.interval_us)
    channels = _channels(leads, integers, step / 1000, 1e6 / rhythm.interval_us)
    return Recording(channels, told.started_at, told.device, told.band, (), told.patient)


def _sections(data: bytes) -> dict[int, bytes]:
    """Return the data of each section by its number, as section 0 points to them."""
    number, size = struct.unpack_from("<HI", data, 8)
    if number != 0 or not _HEAD <= size <= len(data) - 6:
        raise unreadable()
    found: dict[int, bytes] = {}
    for at in range(6 + _HEAD, 6 + size - 9, 10):
        number, length, index = struct.unpack_from("<HII", data, at)
        if number and length > _HEAD and index:
            if index - 1 + length > len(data) or struct.unpack_from("<H", data, index + 1)[0] != number:
                raise unreadable()
            found[number] = data[index - 1 + _HEAD : index - 1 + length]
    return found


def _leads(section: bytes) -> tuple[list[_Lead], bool]:
    count, flags = section[0], section[1]
    leads = []
    for each in range(count):
        first, last, number = struct.unpack_from("<IIB", section, 2 + 9 * each)
        if first < 1 or last < first:
            raise unreadable()
        leads.append(_Lead(number, first, last))
    if not leads:
        raise unreadable()
    return leads, bool(flags & 1)


def _samples(section: bytes, counts: list[int], tables: Tables | None, watch: Watch) -> _Data:
    """Return the integers of section 5 or 6."""
    step, interval, differences, bimodal = struct.unpack_from("<HHBB", section)
    sizes = struct.unpack_from(f"<{len(counts)}H", section, 6)
    at = 6 + 2 * len(counts)
    if differences > 2 or (tables is not None and sum(counts) > _MOST_CODED):
        raise unreadable()
    leads = []
    for done, (count, size) in enumerate(zip(counts, sizes, strict=True)):
        watch(done, len(counts))
        part = section[at : at + size]
        at += size
        if tables is None:
            integers = np.frombuffer(part, "<i2", count).astype(np.int64)
        else:
            integers = decoded(part, count, tables)
        leads.append(_undifferenced(integers, differences))
    return _Data(step, interval, bool(bimodal), leads)


def _undifferenced(integers: NDArray[np.int64], times: int) -> NDArray[np.int64]:
    if times == 2 and len(integers) > 1:
        slopes = integers.copy()
        slopes[1] -= integers[0]
        slopes[1:] = np.cumsum(slopes[1:])
        return np.cumsum(slopes)
    return np.cumsum(integers) if times == 1 else integers


def _reference(sections: dict[int, bytes], leads: int, tables: Tables | None) -> tuple[_Beats, _Data]:
    """Return where the reference beat lies and the beat itself."""
    length_ms, fiducial, count = struct.unpack_from("<HHH", sections[4])
    zones = []
    for each in range(count):
        kind, first, place, last = struct.unpack_from("<HIII", sections[4], 6 + 14 * each)
        if kind == 0:  # the reference beat is of type 0
            zones.append((first, place, last))
    interval_us = struct.unpack_from("<H", sections[5], 2)[0]
    samples = length_ms * 1000 // interval_us
    check_amount(samples * leads)
    return _Beats(fiducial, length_ms, tuple(zones)), _samples(sections[5], [samples] * leads, tables, unwatched)


def _restored(
    leads: list[_Lead], rhythm: _Data, where: _Beats, beat: _Data
) -> tuple[int, list[NDArray[np.int64]]]:  # fmt: skip
    """Return the integers with the reference beat put back, in the largest step both are whole in (nV)."""
    step = gcd(rhythm.step_nv, beat.step_nv)
    if not step:
        raise unreadable()
    restored = []
    for lead, rest, shape in zip(leads, rhythm.leads, beat.leads, strict=True):
        whole, added = rest * (rhythm.step_nv // step), shape * (beat.step_nv // step)
        for first, place, last in where.zones:
            begin = max(first, lead.first, place - where.fiducial + 1)
            end = min(last, lead.last, place - where.fiducial + len(added))
            if begin <= end:
                source = begin - (place - where.fiducial + 1)
                whole[begin - lead.first : end - lead.first + 1] += added[source : source + end - begin + 1]
        restored.append(whole)
    return step, restored


def _channels(
    leads: list[_Lead], integers: list[NDArray[np.int64]], step_uv: float, rate_hz: float
) -> tuple[RecordedChannel, ...]:
    """Return the leads on one time, each at its own place."""
    begin, end = min(lead.first for lead in leads), max(lead.last for lead in leads)
    check_amount((end - begin + 1) * len(leads))
    channels = []
    for lead, values in zip(leads, integers, strict=True):
        samples = np.full(end - begin + 1, np.nan, np.float32)
        samples[lead.first - begin : lead.last - begin + 1] = samples_of(values, step_uv)
        code = _LEAD_OF.get(lead.number, f"5.6.3-9-{lead.number}")
        label = LEADS.get(code, f"#{lead.number}")
        channels.append(RecordedChannel(code, label, "uV", rate_hz, samples, step_uv))
    return tuple(channels)
