"""A recording as a WFDB record: ``.hea``, ``.dat`` and, where there are marks, ``.atr``.

Every sample is kept: as the device's own integers where its resolution is known, in 16, 24 or 32 bits, whichever they
need. Gaps are the integer for "no sample". Channels of different rates share frames where their rates have a common
measure. Not carried: who wrote a mark and where it lies between two frames; the zone of the start but in a comment.
Source: WFDB Applications Guide: header(5), signal(5).
"""

from __future__ import annotations

import re
from fractions import Fraction
from math import gcd
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.waveforms.formats.digits import Digits, digits_of
from clinic_app.waveforms.formats.limits import UNKNOWN_START, Watch, unwatched
from clinic_app.waveforms.formats.naming import one_line, plain_unit
from clinic_app.waveforms.formats.wfdb_marks import annotation_file
from clinic_app.waveforms.formats.wfdb_samples import LOST, pack
from clinic_app.waveforms.recording import RAW_BAND, RecordedChannel, Recording

_LARGEST_FRAME: Final = 10_000


def to_wfdb(recording: Recording, record: str, watch: Watch = unwatched) -> dict[str, bytes]:
    """Return the files of a record.

    Args:
        recording: at least one sample.
        record: its name: letters, digits, ``-`` and ``_``.
        watch: told of every channel.

    Returns:
        Name of the file to its bytes; the header first.

    Raises:
        InvalidInputError: the name is none, or the rates have no common measure.
    """
    if not re.fullmatch(r"[-\w]+", record, re.ASCII):
        raise InvalidInputError(Text("A WFDB record is named with Latin letters, digits, - and _ only."))
    channels = [channel for channel in recording.channels if len(channel.samples)]
    frame_rate, shares = _frames([channel.rate_hz for channel in channels])
    frames = max(-(-len(channel.samples) // share) for channel, share in zip(channels, shares, strict=True))
    found = [_digits(channel) for channel in channels]
    bits = max(width for width, _ in found)
    columns: list[NDArray[np.int64]] = []
    for done, (_, digits) in enumerate(found):
        watch(done, len(found))
        column = np.full(frames * shares[done], LOST[bits], np.int64)
        column[: len(digits.integers)] = np.where(digits.is_lost, LOST[bits], digits.integers)
        columns.append(column)
    laid = np.concatenate([each.reshape(frames, share) for each, share in zip(columns, shares, strict=True)], axis=1)
    lines = [f"{record} {len(channels)} {_shortest(frame_rate)} {frames}{_began(recording)}"]
    for channel, share, (_, digits), column in zip(channels, shares, found, columns, strict=True):
        lines.append(_line(f"{record}.dat", channel, share, bits, digits, column))
    files = {
        f"{record}.hea": ("\n".join([*lines, *_comments(recording)]) + "\n").encode("utf-8"),
        f"{record}.dat": pack(bits, laid.reshape(-1)),
    }
    if recording.marks:
        files[f"{record}.atr"] = annotation_file(recording.marks, frame_rate, recording.started_at)
    return files


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


def _digits(channel: RecordedChannel) -> tuple[int, Digits]:
    """Return the fewest bits that keep the channel's integers, and these."""
    for bits in (16, 24):
        digits = digits_of(channel, bits)
        if not channel.resolution or digits.resolution == abs(channel.resolution):
            return bits, digits
    return 32, digits_of(channel, 32)


def _line(file: str, channel: RecordedChannel, share: int, bits: int, digits: Digits, column: NDArray[np.int64]) -> str:
    unit, scale = ("mV", 1000.0) if channel.unit == "uV" else (plain_unit(channel.unit), 1.0)
    gain = scale / digits.resolution
    baseline = round(-digits.offset / digits.resolution)
    packing = f"{bits}x{share}" if share > 1 else str(bits)
    checksum = int(column.sum()) & 0xFFFF
    checksum -= (checksum & 0x8000) << 1
    words = re.sub(r"\s+", "_", one_line(unit, 20)) or "NU"
    return (
        f"{file} {packing} {gain!r}({baseline})/{words} {bits} 0 {int(column[0])} {checksum} 0 "
        f"{one_line(channel.label, 60)}"
    )


def _began(recording: Recording) -> str:
    if recording.started_at == UNKNOWN_START:
        return ""
    return f" {recording.started_at:%H:%M:%S.%f} {recording.started_at:%d/%m/%Y}"


def _comments(recording: Recording) -> list[str]:
    patient, started = recording.patient_text, recording.started_at
    offset = started.strftime("%z")
    told = {
        "Zone": f"{offset[:3]}:{offset[3:5]}" if started != UNKNOWN_START else "",
        "Device": recording.device,
        "Band": recording.band if recording.band != RAW_BAND else "",
        "Patient id": patient.identifier,
        "Patient name": patient.name,
        "Birth date": patient.birth_date,
        "Sex": patient.sex,
    }
    return [f"# {key}: {one_line(value, 200)}" for key, value in told.items() if value]


def _shortest(rate_hz: float) -> str:
    return f"{rate_hz:g}" if float(f"{rate_hz:g}") == rate_hz else repr(rate_hz)
