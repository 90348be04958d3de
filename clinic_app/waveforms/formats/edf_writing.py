"""A recording as an EDF+ file: EDF+C, or EDF+D where whole records were lost.

Kept: every integer of a channel whose resolution is known and which needs at most 16 bits; the moments of marks and
their words; gaps (a record in which nothing came is left out but for the first and the last, a gap within a record is
the most negative integer and an annotation ``No data`` with its length). Not carried: more than 16 bits (rounded to the
finest step that has room); a scale of more than eight characters (the integers stay, the value moves by less than a
hundred-thousandth); who wrote a mark; a patient's name in other than Latin letters (the identifier is); years before
1985.
Source: Kemp and Olivan, European data format 'plus' (EDF+), 2003.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from math import gcd, lcm
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.terminology.leads import LEADS
from clinic_app.waveforms.formats.digits import counted
from clinic_app.waveforms.formats.edf_annotations import END_OF_DATA, NO_DATA, written
from clinic_app.waveforms.formats.edf_scale import Scale, scale_of
from clinic_app.waveforms.formats.hours import PIECE_S, Feed, Hours, Surveyed, hours_of, surveyed
from clinic_app.waveforms.formats.limits import UNKNOWN_START, Watch, unwatched
from clinic_app.waveforms.formats.naming import one_line, plain_unit, prefilter_of
from clinic_app.waveforms.recording import Recording

_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_MOST_RECORDS: Final = 99_999_999
_LONGEST_RECORD_S: Final = 10
_LARGEST: Final = (1 << 15) - 1
_MOST_TOLD: Final = 1 << 30
"""Bytes of annotations: each record has room for as many as the fullest has."""
_NEAR: Final = 200
"""Lengths looked at on both sides of a second."""


@dataclass(frozen=True, eq=False)
class _Row:
    """One channel as the header has it.

    Args:
        found: what is known of it.
        label: in the header.
        scale: of its integers.
        step: value of one of them.
        offset: value of the integer 0.
        count: samples in one record.
    """

    found: Surveyed
    label: str
    scale: Scale
    step: float
    offset: float
    count: int


@dataclass(frozen=True, eq=False)
class _Plan:
    """What the whole file is to be.

    Args:
        rows: the channels.
        kept: numbers of the records that are written, rising.
        record_s: length of one.
        told: bytes of annotations of each that is written.
        size: bytes of annotations each has room for.
    """

    rows: tuple[_Row, ...]
    kept: NDArray[np.intp]
    record_s: Fraction
    told: list[bytes]
    size: int


def to_edf(recording: Recording, watch: Watch = unwatched) -> bytes:
    """Return the recording as an EDF+ file.

    Args:
        recording: at least one sample.
        watch: told how far it is.

    Raises:
        InvalidInputError: the rates of the channels have no record in common.
    """
    return b"".join(edf_parts(hours_of(recording), watch))


def edf_parts(hours: Hours, watch: Watch = unwatched) -> Iterator[bytes]:
    """Yield an EDF+ file from its head to its end.

    Args:
        hours: the recording; it is read twice.
        watch: told how far it is.

    Raises:
        InvalidInputError: the rates of the channels have no record in common, or it is too long or has too many holes.
    """
    found = surveyed(hours, watch)
    plan = _planned(hours, found)
    yield _head(hours, plan)
    feed = Feed(hours, found, watch)
    records, at_once = int(plan.kept[-1]) + 1, max(int(PIECE_S / plan.record_s), 1)
    for begin in range(0, records, at_once):
        end = min(begin + at_once, records)
        parts = feed.until([row.count * end for row in plan.rows])
        first, last = np.searchsorted(plan.kept, (begin, end)).tolist()
        if first < last:
            yield _body(plan, (first, last), begin, parts)


def _planned(hours: Hours, found: tuple[Surveyed, ...]) -> _Plan:
    channels = [each.channel for each in found]
    rates = [channel.rate_hz for channel in channels]
    record_s, counts = _record(rates, [each.length for each in found])
    records = max(-(-each.length // count) for each, count in zip(found, counts, strict=True))
    if records > _MOST_RECORDS:
        raise InvalidInputError(Text("This recording is too long for an EDF file."))
    rows = tuple(_row(each, count) for each, count in zip(found, counts, strict=True))
    is_empty = np.ones(records, np.bool_)
    for row in rows:
        is_empty &= _empty(row, records)
    is_empty[0] = False  # the moment in the header is that of the first record
    is_empty[-1] = False  # and a gap at the end is told by the last one
    kept = np.flatnonzero(~is_empty)
    told = _told(hours, rows, kept, record_s)
    size = max(map(len, told))
    size += size % 2
    if size * len(told) > _MOST_TOLD:
        raise InvalidInputError(Text("This recording has too many holes for a file; choose a shorter part."))
    return _Plan(rows, kept, record_s, told, size)


def _empty(row: _Row, records: int) -> NDArray[np.bool_]:
    """Return in which records nothing of a channel came."""
    is_empty = np.zeros(records, np.bool_)
    for begin, end in (*row.found.gaps, (row.found.length, records * row.count)):
        last = records if end >= row.found.length else end // row.count  # the last gap goes on into what fills the file
        is_empty[-(-begin // row.count) : last] = True
    return is_empty


def _record(rates_hz: list[float], lengths: list[int]) -> tuple[Fraction, list[int]]:
    """Return the length of a record and the samples of each channel in it.

    Among the lengths that hold whole samples of every channel: one that divides the recording and has an exact decimal
    of eight characters, the nearest to a second.
    """
    rates = [Fraction(rate_hz).limit_denominator(10_000) for rate_hz in rates_hz]
    shortest = Fraction(lcm(*(rate.denominator for rate in rates)), gcd(*(rate.numerator for rate in rates)))
    longest = max(Fraction(length) / rate for length, rate in zip(lengths, rates, strict=True))
    parts = -(-longest // shortest)
    if shortest > 60:
        raise InvalidInputError(Text("The rates of these channels have no record in common; EDF cannot keep them."))
    most = max(int(_LONGEST_RECORD_S / shortest), 1)
    middle = min(max(round(1 / shortest), 1), most)
    near = sorted(range(max(middle - _NEAR, 1), min(middle + _NEAR, most) + 1), key=lambda step: abs(step - middle))
    steps = near + [step for step in range(1, min(most, 5000) + 1) if parts % step == 0 and abs(step - middle) > _NEAR]
    for wants_exact, wants_whole in ((True, True), (True, False), (False, False)):
        for step in steps:
            seconds = step * shortest
            is_near = Fraction(1, 10) <= seconds or step == most
            if (_is_short(seconds) or not wants_exact) and (parts % step == 0 or not wants_whole) and is_near:
                return seconds, [int(rate * seconds) for rate in rates]
    return shortest, [int(rate * shortest) for rate in rates]


def _is_short(seconds: Fraction) -> bool:
    return Fraction(_eight(seconds)) == seconds


def _eight(seconds: Fraction) -> str:
    """Return a length in the eight characters there are."""
    texts = (f"{float(seconds):.{digits}f}" for digits in range(7, 0, -1))
    short = (text.rstrip("0").rstrip(".") for text in texts)
    return next((text for text in short if len(text) <= 8), f"{float(seconds):.0f}"[:8])


def _row(found: Surveyed, count: int) -> _Row:
    step, offset = found.search.scale(_LARGEST)
    need = max(abs(each - offset) / step for each in (found.search.low, found.search.high))
    channel = found.channel
    label = f"ECG {channel.label}" if channel.code in LEADS else _ascii(channel.label, 16)
    return _Row(found, label, scale_of(step, offset, max(round(need), 1)), step, offset, count)


def _told(hours: Hours, rows: tuple[_Row, ...], kept: NDArray[np.intp], record_s: Fraction) -> list[bytes]:
    """Return the annotations of each record that is kept: its time, the gaps in it, the marks of its time."""
    fraction = Fraction(hours.started_at.microsecond, 1_000_000)
    told = [[written(fraction + int(record) * record_s)] for record in kept]
    for begin, seconds, text in _gaps(rows, kept, record_s):
        told[_place(begin, kept, record_s)].append(written(fraction + begin, text, seconds))
    for mark in hours.marks:
        after = Fraction(round((mark.at - hours.started_at) / timedelta(microseconds=1)), 1_000_000)
        told[_place(after, kept, record_s)].append(written(fraction + after, mark.text))
    return [b"".join(parts) for parts in told]


def _place(after: Fraction, kept: NDArray[np.intp], record_s: Fraction) -> int:
    return max(int(np.searchsorted(kept, after // record_s, "right")) - 1, 0)


def _gaps(
    rows: tuple[_Row, ...], kept: NDArray[np.intp], record_s: Fraction
) -> Iterator[tuple[Fraction, Fraction, str]]:
    """Yield the gaps inside records that are kept: begin, length, words."""
    found: dict[tuple[Fraction, Fraction, str], list[_Row]] = {}
    for row in rows:
        whole = (int(kept[-1]) + 1) * row.count
        spans = [(begin, end, NO_DATA) for begin, end in row.found.gaps] + [(row.found.length, whole, END_OF_DATA)]
        for begin, end, words in spans:
            for first, last in _inside(begin, end, kept, row.count):
                key = first * record_s / row.count, (last - first) * record_s / row.count, words
                found.setdefault(key, []).append(row)
    for (begin_s, length_s, words), who in sorted(found.items(), key=lambda each: each[0]):
        if len(who) == len(rows):
            yield begin_s, length_s, words
        else:
            yield from ((begin_s, length_s, f"{words}: {row.label}") for row in who)


def _inside(begin: int, end: int, kept: NDArray[np.intp], count: int) -> Iterator[tuple[int, int]]:
    """Yield what of a stretch of samples lies in records that are kept."""
    first, last = np.searchsorted(kept, (begin // count, -(-end // count))).tolist()
    records = kept[first:last]
    for part in np.split(records, np.flatnonzero(np.diff(records) > 1) + 1):
        if len(part):
            low, high = max(begin, int(part[0]) * count), min(end, (int(part[-1]) + 1) * count)
            if low < high:
                yield low, high


def _body(plan: _Plan, place: tuple[int, int], begin: int, parts: list[NDArray[np.float32]]) -> bytes:
    """Return records: those from ``place`` among the kept ones; the samples begin at record ``begin``."""
    kept = plan.kept[slice(*place)] - begin
    columns = []
    for row, samples in zip(plan.rows, parts, strict=True):
        digits = counted(samples, (row.step, row.offset), _LARGEST)
        integers = np.where(digits.is_lost, row.scale.low_digit, digits.integers).astype("<i2")
        columns.append(integers.reshape(-1, row.count)[kept].view("u1").reshape(len(kept), -1))
    told = b"".join(each.ljust(plan.size, b"\0") for each in plan.told[slice(*place)])
    words = np.frombuffer(told, "u1").reshape(len(kept), plan.size)
    return np.concatenate([*columns, words], axis=1).tobytes()


def _head(recording: Hours, plan: _Plan) -> bytes:
    rows, record_s = plan.rows, plan.record_s
    is_broken = int(plan.kept[-1]) + 1 != len(plan.kept)
    patient, started = recording.patient_text, recording.started_at
    is_dated = started != UNKNOWN_START and 1985 <= started.year <= 2084
    offset = started.strftime("%z")
    zone = f" UTC{offset[:3]}:{offset[3:5]}" if is_dated and offset else ""
    device = _word(recording.device, 80 - len("Startdate 02-MAR-2002 X X ") - len(zone))
    day = f"{started:%d}-{_MONTHS[started.month - 1]}-{started:%Y}" if is_dated else "X"
    sex = {"male": "M", "female": "F"}.get(patient.sex, "X")
    who = f"{_word(patient.identifier, 20)} {sex} {_birth(patient.birth_date)}"
    count = len(rows) + 1
    fields: list[tuple[str, int]] = [
        ("0", 8),
        (f"{who} {_word(patient.name, 79 - len(who))}", 80),
        (f"Startdate {day} X X {device}{zone}", 80),
        (f"{started:%d.%m.%y}" if is_dated else "01.01.85", 8),
        (f"{started:%H.%M.%S}" if is_dated else "00.00.00", 8),
        (str(256 * (count + 1)), 8),
        ("EDF+D" if is_broken else "EDF+C", 44),
        (str(len(plan.kept)), 8),
        (_eight(record_s), 8),
        (str(count), 4),
    ]
    prefilter = _ascii(prefilter_of(recording.band), 80)
    columns: list[tuple[list[str], int]] = [
        ([*(row.label for row in rows), "EDF Annotations"], 16),
        ([""] * count, 80),
        ([*(_ascii(plain_unit(row.found.channel.unit), 8) for row in rows), ""], 8),
        ([*(row.scale.low for row in rows), "-1"], 8),
        ([*(row.scale.high for row in rows), "1"], 8),
        ([*(str(row.scale.low_digit) for row in rows), "-32768"], 8),
        ([*(str(row.scale.high_digit) for row in rows), "32767"], 8),
        ([*(prefilter for _ in rows), ""], 80),
        ([*(str(row.count) for row in rows), str(plan.size // 2)], 8),
        ([""] * count, 32),
    ]
    fields += [(text, size) for texts, size in columns for text in texts]
    return b"".join(text.encode("ascii", "replace")[:size].ljust(size) for text, size in fields)


def _birth(birth_date: str) -> str:
    year, _, rest = birth_date.partition("-")
    month, _, day = rest.partition("-")
    is_whole = (year + month + day).isdecimal() and len(birth_date) == len("1964-03-05") and 1 <= int(month) <= 12
    return f"{day}-{_MONTHS[int(month) - 1]}-{year}" if is_whole else "X"


def _word(text: str, most: int) -> str:
    """Return a text as one word of printable ASCII; ``X``, which is nothing, where it has other letters."""
    clean = one_line(text, most).replace(" ", "_")
    return clean if clean and clean.isascii() and clean.isprintable() else "X"


def _ascii(text: str, most: int) -> str:
    return one_line(text, most).encode("ascii", "replace").decode()
