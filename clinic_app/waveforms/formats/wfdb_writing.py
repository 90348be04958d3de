"""A recording as a WFDB record: ``.hea``, ``.dat`` and, where there are marks, ``.atr``.

Every sample is kept that is a whole number of some step: as the device's own integers where its resolution is known
(in parts of it where its zero lies between two of them), in 16, 24 or 32 bits, whichever they need. Samples that are no
such number are rounded to 32 bits of their range. Gaps are the integer for "no sample". Channels of different rates
share frames where their rates have a common measure. Not carried: who wrote a mark and where it lies between two
frames; the zone of the start but in a comment.
Source: WFDB Applications Guide: header(5), signal(5).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import gcd
from typing import Final

import numpy as np

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.waveforms.formats.digits import ScaleSearch, counted
from clinic_app.waveforms.formats.hours import Feed, Hours, Surveyed, hours_of, surveyed
from clinic_app.waveforms.formats.limits import UNKNOWN_START, Watch, unwatched
from clinic_app.waveforms.formats.naming import one_line, plain_unit
from clinic_app.waveforms.formats.wfdb_marks import annotation_file
from clinic_app.waveforms.formats.wfdb_samples import LOST, pack
from clinic_app.waveforms.recording import UNSTATED_BAND, Recording

_LARGEST_FRAME: Final = 10_000
_AT_ONCE: Final = 1 << 20
"""Samples."""
_NEAR: Final = 1e-6


@dataclass(eq=False)
class _Column:
    """One channel: how it is written, and what the header says of it in the end."""

    found: Surveyed
    share: int
    step: float
    offset: float
    first: int | None = None
    sum: int = 0


def to_wfdb(recording: Recording, record: str, watch: Watch = unwatched) -> dict[str, bytes]:
    """Return the files of a record.

    Args:
        recording: at least one sample.
        record: its name: letters, digits, ``-`` and ``_``.
        watch: told how far it is.

    Returns:
        Name of the file to its bytes; the header first.

    Raises:
        InvalidInputError: the name is none, or the rates have no common measure.
    """
    parts = wfdb_parts(hours_of(recording), record, watch)
    made = {name: b"".join(each) for name, each in reversed(parts.items())}
    return {name: made[name] for name in parts}


def wfdb_parts(hours: Hours, record: str, watch: Watch = unwatched) -> dict[str, Iterable[bytes]]:
    """Return the files of a record as they are made; the header stands first and is to be taken last.

    Args:
        hours: the recording; it is read twice.
        record: its name: letters, digits, ``-`` and ``_``.
        watch: told how far it is.

    Raises:
        InvalidInputError: the name is none, or the rates have no common measure.
    """
    if not re.fullmatch(r"[-\w]+", record, re.ASCII):
        raise InvalidInputError(Text("A WFDB record is named with Latin letters, digits, - and _ only."))
    found = surveyed(hours, watch)
    frame_rate, shares = _frames([each.channel.rate_hz for each in found])
    frames = max(-(-each.length // share) for each, share in zip(found, shares, strict=True))
    bits = max(_bits(each.search) for each in found)
    columns = [
        _Column(each, share, *each.search.whole_scale((1 << (bits - 1)) - 1))
        for each, share in zip(found, shares, strict=True)
    ]

    def head() -> Iterator[bytes]:
        lines = [f"{record} {len(columns)} {_shortest(frame_rate)} {frames}{_began(hours)}"]
        lines += [_line(f"{record}.dat", column, bits) for column in columns]
        yield ("\n".join([*lines, *_comments(hours)]) + "\n").encode("utf-8")

    files: dict[str, Iterable[bytes]] = {
        f"{record}.hea": head(),
        f"{record}.dat": _body(Feed(hours, found, watch), columns, frames, bits),
    }
    if hours.marks:
        files[f"{record}.atr"] = (annotation_file(hours.marks, frame_rate, hours.started_at),)
    return files


def _body(feed: Feed, columns: list[_Column], frames: int, bits: int) -> Iterator[bytes]:
    at_once = max(_AT_ONCE // sum(column.share for column in columns), 1)
    for begin in range(0, frames, at_once):
        end = min(begin + at_once, frames)
        laid = []
        for column, samples in zip(columns, feed.until([column.share * end for column in columns]), strict=True):
            digits = counted(samples, (column.step, column.offset), (1 << (bits - 1)) - 1)
            integers = np.where(digits.is_lost, LOST[bits], digits.integers)
            column.first = int(integers[0]) if column.first is None else column.first
            column.sum += int(integers.sum())
            laid.append(integers.reshape(end - begin, column.share))
        yield pack(bits, np.concatenate(laid, axis=1).reshape(-1))


def _frames(rates: list[float]) -> tuple[float, list[int]]:
    """Return the frames per second and the samples of each channel in a frame."""
    exact = [Fraction(rate).limit_denominator(10_000) for rate in rates]
    if len(set(rates)) == 1:
        return rates[0], [1] * len(rates)
    above = gcd(
        *(rate.numerator * (np.lcm.reduce([r.denominator for r in exact]) // rate.denominator) for rate in exact)
    )
    measure = Fraction(int(above), int(np.lcm.reduce([r.denominator for r in exact])))
    shares = [int(rate / measure) for rate in exact]
    if max(shares) > _LARGEST_FRAME:
        raise InvalidInputError(Text("The rates of these channels have no common measure; WFDB cannot keep them."))
    return float(measure), shares


def _bits(search: ScaleSearch) -> int:
    """Return the fewest bits that keep a channel's integers, or that keep its samples exactly."""
    for bits in (16, 24):
        largest = (1 << (bits - 1)) - 1
        if search.is_exact(largest) and _is_whole(search.whole_scale(largest)):
            return bits
    return 32


def _is_whole(scale: tuple[float, float]) -> bool:
    return abs(scale[1] / scale[0] - round(scale[1] / scale[0])) < _NEAR


def _line(file: str, column: _Column, bits: int) -> str:
    channel = column.found.channel
    unit, scale = ("mV", 1000.0) if channel.unit == "uV" else (plain_unit(channel.unit), 1.0)
    gain = scale / column.step
    baseline = round(-column.offset / column.step)
    packing = f"{bits}x{column.share}" if column.share > 1 else str(bits)
    checksum = column.sum & 0xFFFF
    checksum -= (checksum & 0x8000) << 1
    words = re.sub(r"\s+", "_", one_line(unit, 20)) or "NU"
    return (
        f"{file} {packing} {gain!r}({baseline})/{words} {bits} 0 {column.first or 0} {checksum} 0 "
        f"{one_line(channel.label, 60)}"
    )


def _began(recording: Hours) -> str:
    if recording.started_at == UNKNOWN_START:
        return ""
    return f" {recording.started_at:%H:%M:%S.%f} {recording.started_at:%d/%m/%Y}"


def _comments(recording: Hours) -> list[str]:
    patient, started = recording.patient_text, recording.started_at
    offset = started.strftime("%z")
    told = {
        "Zone": f"{offset[:3]}:{offset[3:5]}" if started != UNKNOWN_START else "",
        "Device": recording.device,
        "Band": recording.band if recording.band != UNSTATED_BAND else "",
        "Patient id": patient.identifier,
        "Patient name": patient.name,
        "Birth date": patient.birth_date,
        "Sex": patient.sex,
    }
    return [f"# {key}: {one_line(value, 200)}" for key, value in told.items() if value]


def _shortest(rate_hz: float) -> str:
    return f"{rate_hz:g}" if float(f"{rate_hz:g}") == rate_hz else repr(rate_hz)
