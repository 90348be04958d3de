"""A recording as an EDF+ file: EDF+C, or EDF+D where whole records were lost.

Kept: every integer of a channel whose resolution is known and which needs at most 16 bits; the moments of marks and
their words; gaps (a record in which nothing came is left out, a gap within a record is the most negative integer and
an annotation ``No data`` with its length). Not carried: more than 16 bits (rounded to the finest step that has room);
a scale of more than eight characters (the integers stay, the value moves by less than a hundred-thousandth); who wrote
a mark; a patient's name in other than Latin letters (the identifier is); years before 1985.
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
from clinic_app.waveforms.formats.digits import Digits, digits_of
from clinic_app.waveforms.formats.edf_annotations import END_OF_DATA, NO_DATA, written
from clinic_app.waveforms.formats.edf_scale import Scale, scale_of
from clinic_app.waveforms.formats.limits import UNKNOWN_START, Watch, unwatched
from clinic_app.waveforms.formats.naming import one_line, plain_unit, prefilter_of
from clinic_app.waveforms.recording import RAW_BAND, RecordedChannel, Recording

_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_MOST_RECORDS: Final = 99_999_999
_LONGEST_RECORD_S: Final = 10
_NEAR: Final = 200
"""Lengths looked at on both sides of a second."""


@dataclass(frozen=True, eq=False)
class _Row:
    """One channel, cut into records.

    Args:
        digits: shape ``(records, count)``; the lowest integer where there is no sample.
        is_lost: shape ``(records, count)``.
    """

    channel: RecordedChannel
    label: str
    scale: Scale
    digits: NDArray[np.int64]
    is_lost: NDArray[np.bool_]


def to_edf(recording: Recording, watch: Watch = unwatched) -> bytes:
    """Return the recording as an EDF+ file.

    Args:
        recording: at least one sample.
        watch: told of every channel.

    Raises:
        InvalidInputError: the rates of the channels have no record in common.
    """
    channels = [channel for channel in recording.channels if len(channel.samples)]
    record_s, counts = _record(channels)
    records = max(-(-len(channel.samples) // count) for channel, count in zip(channels, counts, strict=True))
    rows = []
    for done, (channel, count) in enumerate(zip(channels, counts, strict=True)):
        watch(done, len(channels))
        rows.append(_row(channel, count, records))
    is_there = np.zeros(records, np.bool_)
    for row in rows:
        is_there |= ~row.is_lost.all(axis=1)
    is_there[0] = True  # the moment in the header is that of the first record
    if records > _MOST_RECORDS:
        raise InvalidInputError(Text("This recording is too long for an EDF file."))
    kept = np.flatnonzero(is_there)
    told = _told(recording, rows, kept, record_s)
    size = max(map(len, told))
    size += size % 2
    head = _head(recording, rows, kept, record_s, (counts, size // 2))
    return head + _body(rows, kept, told, size)


def _record(channels: list[RecordedChannel]) -> tuple[Fraction, list[int]]:
    """Return the length of a record and the samples of each channel in it.

    Among the lengths that hold whole samples of every channel: one that divides the recording and has an exact decimal
    of eight characters, the nearest to a second.
    """
    rates = [Fraction(channel.rate_hz).limit_denominator(10_000) for channel in channels]
    shortest = Fraction(lcm(*(rate.denominator for rate in rates)), gcd(*(rate.numerator for rate in rates)))
    longest = max(Fraction(len(channel.samples)) / rate for channel, rate in zip(channels, rates, strict=True))
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


def _row(channel: RecordedChannel, count: int, records: int) -> _Row:
    found: Digits = digits_of(channel, 16)
    scale = scale_of(found)
    padded = np.full(records * count, scale.low_digit, np.int64)
    is_lost = np.ones(records * count, np.bool_)
    padded[: len(found.integers)] = np.where(found.is_lost, scale.low_digit, found.integers)
    is_lost[: len(found.integers)] = found.is_lost
    label = f"ECG {channel.label}" if channel.code in LEADS else _ascii(channel.label, 16)
    return _Row(channel, label, scale, padded.reshape(records, count), is_lost.reshape(records, count))


def _told(
    recording: Recording, rows: list[_Row], kept: NDArray[np.intp], record_s: Fraction
) -> list[bytes]:  # fmt: skip
    """Return the annotations of each record that is kept: its time, the gaps in it, the marks of its time."""
    fraction = Fraction(recording.started_at.microsecond, 1_000_000)
    told = [[written(fraction + int(record) * record_s)] for record in kept]
    for begin, seconds, text in _gaps(rows, kept, record_s):
        told[_place(begin, kept, record_s)].append(written(fraction + begin, text, seconds))
    for mark in recording.marks:
        after = Fraction(round((mark.at - recording.started_at) / timedelta(microseconds=1)), 1_000_000)
        told[_place(after, kept, record_s)].append(written(fraction + after, mark.text))
    return [b"".join(parts) for parts in told]


def _place(after: Fraction, kept: NDArray[np.intp], record_s: Fraction) -> int:
    return max(int(np.searchsorted(kept, after // record_s, "right")) - 1, 0)


def _gaps(rows: list[_Row], kept: NDArray[np.intp], record_s: Fraction) -> Iterator[tuple[Fraction, Fraction, str]]:
    """Yield the gaps inside records that are kept: begin, length, words."""
    found: dict[tuple[Fraction, Fraction, str], list[_Row]] = {}
    for row in rows:
        count = row.digits.shape[1]
        lost = np.zeros(row.is_lost.shape, np.bool_)
        lost[kept] = row.is_lost[kept]
        flat = lost.reshape(-1)
        edges = np.flatnonzero(np.diff(np.concatenate(([False], flat, [False])).astype(np.int8)))
        for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            is_end = begin <= len(row.channel.samples) < end
            pieces = [(begin, len(row.channel.samples), NO_DATA)] if is_end else [(begin, end, NO_DATA)]
            pieces += [(len(row.channel.samples), end, END_OF_DATA)] if is_end else []
            for first, last, words in pieces:
                if first < last:
                    key = first * record_s / count, (last - first) * record_s / count, words
                    found.setdefault(key, []).append(row)
    for (begin_s, length_s, words), who in sorted(found.items(), key=lambda each: each[0]):
        if len(who) == len(rows):
            yield begin_s, length_s, words
        else:
            yield from ((begin_s, length_s, f"{words}: {row.label}") for row in who)


def _body(rows: list[_Row], kept: NDArray[np.intp], told: list[bytes], size: int) -> bytes:
    parts = [row.digits[kept].astype("<i2").view("u1").reshape(len(kept), -1) for row in rows]
    words = np.frombuffer(b"".join(each.ljust(size, b"\0") for each in told), "u1").reshape(len(kept), size)
    return np.concatenate([*parts, words], axis=1).tobytes()


def _head(
    recording: Recording, rows: list[_Row], kept: NDArray[np.intp], record_s: Fraction,
    counts: tuple[list[int], int],
) -> bytes:  # fmt: skip
    records = kept
    is_broken = len(records) and int(records[-1]) + 1 != len(records)
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
        (str(len(records)), 8),
        (_eight(record_s), 8),
        (str(count), 4),
    ]
    prefilter = "" if recording.band == RAW_BAND else _ascii(prefilter_of(recording.band), 80)
    columns: list[tuple[list[str], int]] = [
        ([*(row.label for row in rows), "EDF Annotations"], 16),
        ([""] * count, 80),
        ([*(_ascii(plain_unit(row.channel.unit), 8) for row in rows), ""], 8),
        ([*(row.scale.low for row in rows), "-1"], 8),
        ([*(row.scale.high for row in rows), "1"], 8),
        ([*(str(row.scale.low_digit) for row in rows), "-32768"], 8),
        ([*(str(row.scale.high_digit) for row in rows), "32767"], 8),
        ([*(prefilter for _ in rows), ""], 80),
        ([*map(str, counts[0]), str(counts[1])], 8),
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
