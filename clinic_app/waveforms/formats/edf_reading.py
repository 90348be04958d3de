"""EDF, EDF+ (C and D), BDF and BDF+: the European Data Format and its 24-bit sister.

Records of a discontinuous file are placed at their own times; what lies between them is a gap. In our own files the
annotation ``No data`` says where single channels have gaps; there the most negative integer is no sample.
Sources: Kemp et al. 1992 (EDF), Kemp and Olivan 2003 (EDF+), BioSemi's BDF.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from mmap import mmap
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clinic_app.waveforms.formats.digits import samples_of
from clinic_app.waveforms.formats.edf_annotations import END_OF_DATA, NO_DATA, Annotation, annotations_in, first_onset
from clinic_app.waveforms.formats.limits import (
    CUT,
    MOST_CHANNELS,
    MOST_MARKS,
    MOST_SAMPLES,
    TOO_LARGE,
    TOO_LARGE_AT_ONCE,
    UNKNOWN_START,
    Watch,
    check_amount,
    check_rate,
    strangers_bytes,
    unreadable,
    unwatched,
)
from clinic_app.waveforms.formats.naming import band_of_prefilter, code_of, label_of, unit_of
from clinic_app.waveforms.formats.wfdb_header import in_zone
from clinic_app.waveforms.formats.wfdb_samples import from_24
from clinic_app.waveforms.recording import EventMark, PatientText, RecordedChannel, Recording

_MAGIC: Final = {b"0       ": 2, b"\xffBIOSEMI": 3}
"""Version field to the bytes of a sample."""
_HEAD: Final = 256
_MOST_RECORDS: Final = 1_000_000
"""A day in records of a tenth of a second."""
_MOST_PIECES: Final = 2_000_000
"""Of all channels together, between the gaps of a discontinuous file."""
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_NUMBER: Final = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,2})?", re.ASCII)


Onsets = NDArray[np.float64]


@dataclass(frozen=True)
class _Signal:
    label: str
    unit: str
    low: float
    high: float
    low_digit: int
    high_digit: int
    prefilter: str
    count: int
    begin: int

    @property
    def is_annotation(self) -> bool:
        return self.label in ("EDF Annotations", "BDF Annotations")


@dataclass(frozen=True, eq=False)
class _File:
    data: bytes | mmap
    width: int
    signals: tuple[_Signal, ...]
    records: int
    record_s: Fraction
    started_at: datetime
    kind: str
    head_bytes: int

    @property
    def record_bytes(self) -> int:
        return sum(each.count for each in self.signals) * self.width


def is_edf(data: bytes) -> bool:
    """Return whether a file begins as an EDF or BDF file."""
    return data[:8] in _MAGIC


def read_edf(data: bytes, watch: Watch = unwatched) -> Recording:
    """Return the recording in an EDF or BDF file.

    Args:
        data: the file.
        watch: told of every channel.

    Raises:
        UnreadableFileError: it contradicts itself or is cut.
    """
    with strangers_bytes():
        file = _parsed(data)
        return _recording(file, _onsets(file), watch)


def read_edf_part(
    data: bytes | mmap, begin_s: float, seconds: float | None, watch: Watch = unwatched
) -> tuple[Recording, float]:
    """Return the records of a file in which a stretch lies, and how many seconds after its start they begin.

    Only these, and one behind them, are unpacked, so that the file may be longer than the memory; of the others the
    annotations are read, for they tell of gaps.

    Args:
        data: the file, which may be mapped.
        begin_s: where the stretch begins, in seconds after the start.
        seconds: how long it is; None goes to the end.
        watch: told of every channel.

    Raises:
        UnreadableFileError: it contradicts itself or is cut, or so much of it is too much.
    """
    with strangers_bytes():
        file = _parsed(data)
        onsets = _onsets(file)
        passed_s = onsets - onsets[0]
        first = max(int(np.searchsorted(passed_s, begin_s, "right")) - 1, 0)
        last = file.records if seconds is None else int(np.searchsorted(passed_s, begin_s + seconds)) + 1
        last = min(max(last, first + 1), file.records)
        head_bytes = file.head_bytes + first * file.record_bytes
        part = replace(file, records=last - first, head_bytes=head_bytes)
        return _recording(part, onsets[first:last], watch, _annotations(file)), float(passed_s[first])


def _recording(file: _File, onsets: Onsets, watch: Watch, found: tuple[Annotation, ...] | None = None) -> Recording:
    """Return what is in the records of a file.

    Args:
        file: its header, and which records.
        onsets: when each of them begins.
        watch: told of every channel.
        found: the annotations of all records; None where these are all.
    """
    found = _annotations(file) if found is None else found
    shown = [each for each in file.signals if not each.is_annotation]
    if not shown:
        raise unreadable()
    seconds = float(onsets[-1] - onsets[0]) + float(file.record_s)
    if seconds * sum(each.count for each in shown) / float(file.record_s) > MOST_SAMPLES:
        raise unreadable(TOO_LARGE_AT_ONCE)
    channels = []
    for done, signal in enumerate(shown):
        watch(done, len(shown))
        channels.append(_channel(file, signal, onsets, found, len(shown)))
    started_at = _later(file.started_at, Fraction(float(onsets[0])))
    return Recording(
        tuple(channels),
        started_at,
        _device(file.data),
        band_of_prefilter(next((each.prefilter for each in shown if each.prefilter), "")),
        _marks(found, file.started_at),
        _patient(file.data, file.kind),
    )


def _parsed(data: bytes | mmap) -> _File:
    width = _MAGIC.get(data[:8], 0)
    if not width or len(data) < _HEAD:
        raise unreadable()
    count = int(_text(data, 252, 4))
    if not 1 <= count <= MOST_CHANNELS or len(data) < _HEAD * (count + 1):
        raise unreadable()
    record_s = _fraction(_text(data, 244, 8))
    signals = _signals(data, count, width)
    head_bytes = _HEAD * (count + 1)
    record_bytes = sum(each.count for each in signals) * width
    whole = (len(data) - head_bytes) // record_bytes
    records = int(_text(data, 236, 8))
    if records < 0:  # the recorder had not finished it
        records = whole
    if records > whole or records < 1:
        raise unreadable(CUT)
    if records * max(sum(each.is_annotation for each in signals), 1) > _MOST_RECORDS:
        raise unreadable(TOO_LARGE)
    if not 0 < record_s < 1_000_000:
        raise unreadable()
    started_at = _started(data)
    return _File(data, width, signals, records, record_s, started_at, _text(data, 192, 44), head_bytes)


def _signals(data: bytes | mmap, count: int, width: int) -> tuple[_Signal, ...]:
    columns: list[list[str]] = []
    at = _HEAD
    for size in (16, 80, 8, 8, 8, 8, 8, 80, 8):
        columns.append([_text(data, at + size * each, size) for each in range(count)])
        at += size * count
    signals, begin = [], 0
    for label, _, unit, low, high, low_digit, high_digit, prefilter, samples in zip(*columns, strict=True):
        number = int(samples)
        if not 1 <= number <= 10_000_000:
            raise unreadable()
        digits = int(float(_number(low_digit))), int(float(_number(high_digit)))
        signals.append(_Signal(label, unit, _number(low), _number(high), *digits, prefilter, number, begin))
        begin += number * width
    return tuple(signals)


def _text(data: bytes | mmap, at: int, size: int) -> str:
    return data[at : at + size].decode("latin-1").rstrip(" \0").strip()


def _number(text: str) -> float:
    text = text.replace(",", ".")
    if not _NUMBER.fullmatch(text):
        raise ValueError("no number in the header")
    return float(text)


def _fraction(text: str) -> Fraction:
    if not _NUMBER.fullmatch(text):
        raise ValueError("no length of a record in the header")
    return Fraction(text)


def _raw(file: _File, signal: _Signal) -> NDArray[np.int32]:
    """Return the integers of a signal, shape ``(records, count)``."""
    size = file.record_bytes
    rows = np.frombuffer(file.data, "u1", file.records * size, file.head_bytes).reshape(file.records, size)
    part = np.ascontiguousarray(rows[:, signal.begin : signal.begin + signal.count * file.width])
    if file.width == 2:
        return part.view("<i2").astype(np.int32)
    integers = from_24(part.tobytes(), file.records * signal.count)
    return integers.astype(np.int32).reshape(file.records, signal.count)


def _annotation_bytes(file: _File) -> Iterator[tuple[int, bytes]]:
    """Yield the number of a record and the bytes of its annotations, signal by signal."""
    size = file.record_bytes
    for signal in (each for each in file.signals if each.is_annotation):
        for record in range(file.records):
            begin = file.head_bytes + record * size + signal.begin
            yield record, file.data[begin : begin + signal.count * file.width]


def _annotations(file: _File) -> tuple[Annotation, ...]:
    found: list[Annotation] = []
    for _, data in _annotation_bytes(file):
        found.extend(annotations_in(data))
        if len(found) > MOST_MARKS:
            raise unreadable()
    return tuple(found)


def _onsets(file: _File) -> Onsets:
    """Return when each record begins, shape ``(records,)``, in seconds after the moment in the header."""
    onsets = np.arange(file.records, dtype=np.float64) * float(file.record_s)
    if file.kind[:5] in ("EDF+D", "BDF+D"):
        seen = np.zeros(file.records, np.bool_)
        for record, data in _annotation_bytes(file):
            onset = None if seen[record] else first_onset(data)
            if onset is not None:
                onsets[record] = onset
            seen[record] = True
        if np.any(np.diff(onsets) < 0):
            raise unreadable()
    else:
        first = next((first_onset(data) for record, data in _annotation_bytes(file) if record == 0), None)
        if first is not None and abs(first) < 1_000_000:
            onsets += first
    return onsets


def _channel(
    file: _File, signal: _Signal, onsets: Onsets, found: tuple[Annotation, ...], channels: int
) -> RecordedChannel:
    if signal.high_digit == signal.low_digit or signal.high == signal.low:
        raise unreadable()
    unit, factor = unit_of(signal.unit)
    step = (signal.high - signal.low) / (signal.high_digit - signal.low_digit) * factor
    offset = signal.high * factor - signal.high_digit * step
    rate = _neat(Fraction(signal.count) / file.record_s)
    filled = samples_of(_raw(file, signal).reshape(-1), step, offset)
    places = np.rint((onsets - onsets[0]) * rate).astype(np.int64)
    length = int(places[-1]) + signal.count
    check_amount(length)
    breaks = [0, *(np.flatnonzero(np.diff(places) != signal.count) + 1).tolist(), file.records]
    if len(breaks) * channels > _MOST_PIECES:
        raise unreadable(TOO_LARGE)
    samples = filled
    if len(breaks) > 2:
        samples = np.full(length, np.nan, np.float32)
        for first, last in pairwise(breaks):
            part = filled[first * signal.count : last * signal.count]
            samples[places[first] : places[first] + len(part)] = part
    begun = Fraction(float(onsets[0]))
    samples = _shortened(samples, signal, rate, (found, begun))
    _take_out(samples, signal, rate, (found, begun), np.float32(signal.low_digit * step + offset))
    code = code_of(signal.label)
    return RecordedChannel(code, label_of(code, signal.label), unit, rate, samples, step, offset)


def _neat(rate: Fraction) -> float:
    """Return a rate without the rounding of the record's length, which has eight characters in the header."""
    value = float(rate)
    check_rate(value)
    for digits in range(4):
        short = round(value, digits)
        if short and abs(short - value) < 2e-7 * value:
            return short
    return value


def _take_out(
    samples: NDArray[np.float32], signal: _Signal, rate_hz: float, told: tuple[tuple[Annotation, ...], Fraction],
    lowest: np.float32,
) -> None:  # fmt: skip
    """Put gaps where an annotation of ours says so."""
    found, first = told
    for each in found:
        if each.text in (NO_DATA, f"{NO_DATA}: {signal.label}"):
            begin = max(round(float(each.onset_s - first) * rate_hz), 0)
            end = max(round(float(each.onset_s - first + each.seconds) * rate_hz), begin)
            part = samples[begin:end]
            part[np.isclose(part, lowest, rtol=1e-6, atol=0)] = np.nan


def _shortened(
    samples: NDArray[np.float32], signal: _Signal, rate_hz: float, told: tuple[tuple[Annotation, ...], Fraction]
) -> NDArray[np.float32]:
    """Return the samples without what only fills the last record."""
    found, first = told
    for each in found:
        if each.text in (END_OF_DATA, f"{END_OF_DATA}: {signal.label}"):
            return samples[: max(round(float(each.onset_s - first) * rate_hz), 1)]
    return samples


def _marks(found: tuple[Annotation, ...], started_at: datetime) -> tuple[EventMark, ...]:
    marks = [
        EventMark(_later(started_at, each.onset_s), each.text)
        for each in found
        if each.text and not each.text.startswith((NO_DATA, END_OF_DATA))
    ]
    return tuple(sorted(marks, key=lambda mark: mark.at))


def _later(moment: datetime, seconds: Fraction) -> datetime:
    return moment + timedelta(microseconds=round(seconds * 1_000_000))


def _started(data: bytes | mmap) -> datetime:
    """Return the moment in the header; it has no zone but in our own files, so it is this computer's."""
    recording = _text(data, 88, 80)
    zone = re.search(r"UTC([+-]\d\d:\d\d)", recording, re.ASCII)
    day = re.fullmatch(r"(\d\d)[.:/-](\d\d)[.:/-](\d\d)", _text(data, 168, 8), re.ASCII)
    clock = re.fullmatch(r"(\d\d)[.:](\d\d)[.:](\d\d)", _text(data, 176, 8), re.ASCII)
    full = re.match(r"Startdate (\d\d)-([A-Z]{3})-(\d{4})", recording, re.ASCII)
    if re.match(r"Startdate X\b", recording) or not day or not clock:
        return UNKNOWN_START
    year = int(day[3]) + (1900 if int(day[3]) >= 85 else 2000)
    date = year, int(day[2]), int(day[1])
    if full and full[2] in _MONTHS:
        date = int(full[3]), _MONTHS.index(full[2]) + 1, int(full[1])
    try:
        local = datetime(*date, *map(int, clock.groups()))  # type: ignore[arg-type]  # noqa: DTZ001 - the zone follows
    except ValueError:
        return UNKNOWN_START
    return in_zone(local, zone[1] if zone else "")


def _device(data: bytes | mmap) -> str:
    words = _text(data, 88, 80).split()
    if words[:1] != ["Startdate"] or len(words) < 5 or words[4] == "X":
        return ""
    return words[4].replace("_", " ")


def _patient(data: bytes | mmap, kind: str) -> PatientText:
    """Return what the patient's field says: four words in EDF+, anything in EDF."""
    field = _text(data, 8, 80)
    words = field.split()
    if kind[:4] not in ("EDF+", "BDF+") or len(words) < 4:
        return PatientText(name="" if set(words) <= {"X"} else field)
    number, sex, born, name = ("" if word == "X" else word.replace("_", " ") for word in words[:4])
    birth = re.fullmatch(r"(\d\d)-([A-Z]{3})-(\d{4})", born, re.ASCII)
    day = f"{birth[3]}-{_MONTHS.index(birth[2]) + 1:02}-{birth[1]}" if birth and birth[2] in _MONTHS else ""
    return PatientText(number, name, day, {"M": "male", "F": "female"}.get(sex, ""))
