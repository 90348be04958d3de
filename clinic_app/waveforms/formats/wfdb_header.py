"""The header of a WFDB record: what lies in which file, how it is packed, and what its integers mean.

Source: WFDB Applications Guide, header(5).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Final

from clinic_app.waveforms.formats.limits import MOST_CHANNELS, UNKNOWN_START, check_rate
from clinic_app.waveforms.recording import PatientText

_NUMBER: Final = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?"
_RECORD: Final = re.compile(
    rf"(?P<name>[-\w]+)(?:/(?P<segments>\d+))?\s+(?P<signals>\d+)(?:\s+(?P<rate>{_NUMBER})(?:/{_NUMBER})?"
    rf"(?:\({_NUMBER}\))?)?(?:\s+(?P<length>\d+))?(?:\s+(?P<time>\d[\d:.]*))?(?:\s+(?P<date>\d+/\d+/\d+))?\s*"
)
_SIGNAL: Final = re.compile(
    rf"(?P<file>\S+)\s+(?P<format>\d+)(?:x(?P<frame>\d+))?(?::(?P<skew>\d+))?(?:\+(?P<start>\d+))?"
    rf"(?:\s+(?P<gain>{_NUMBER})(?:\((?P<baseline>-?\d+)\))?(?:/(?P<unit>\S+))?"
    r"(?:\s+(?P<bits>\d+)(?:\s+(?P<zero>-?\d+)(?:\s+(?P<first>-?\d+)(?:\s+(?P<checksum>-?\d+)"
    r"(?:\s+(?P<block>\d+)(?:\s+(?P<label>.*))?)?)?)?)?)?)?\s*"
)
_SEGMENT: Final = re.compile(r"(?P<name>~|[-\w]+)\s+(?P<length>\d+)\s*")
_DEFAULT_RATE: Final = 250.0
_DEFAULT_GAIN: Final = 200.0
_MOST_SEGMENTS: Final = 20_000
_MOST_LINES: Final = 60_000


@dataclass(frozen=True)
class Signal:
    """One signal's line.

    Args:
        file: name of the file it lies in.
        format: how the samples are packed.
        frame: samples of it in a frame.
        skew: frames by which it comes late in the file.
        start: bytes before the first sample.
        gain: integers for one unit.
        baseline: integer that means zero.
        unit: physical unit, as written.
        first: the integer that differences start from.
        label: description.
    """

    file: str
    format: int
    frame: int
    skew: int
    start: int
    gain: float
    baseline: int
    unit: str
    first: int
    label: str


@dataclass(frozen=True)
class Header:
    """A whole header.

    Args:
        rate_hz: frames per second.
        length: frames; 0 where nobody says.
        signals: of a record that has its signals in files of its own.
        segments: name and frames of the parts of a record in parts; ``~`` is a gap.
        started_at: of the first frame.
        device: from our comment.
        band: from our comment.
        patient: from the comments.
    """

    rate_hz: float
    length: int
    signals: tuple[Signal, ...]
    segments: tuple[tuple[str, int], ...]
    started_at: datetime
    device: str = ""
    band: str = ""
    patient: PatientText = field(default_factory=PatientText)


def parse_header(data: bytes) -> Header:
    """Return what a header says.

    Raises:
        ValueError: it is none.
    """
    lines = data.decode("utf-8", "replace").splitlines()
    if len(lines) > _MOST_LINES:
        raise ValueError("a header of so many lines")
    comments = _comments(lines)
    rows = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    record = _RECORD.fullmatch(rows[0]) if rows else None
    if record is None:
        raise ValueError("no record line")
    rate_hz = float(record["rate"] or _DEFAULT_RATE)
    signals, segments = int(record["signals"]), int(record["segments"] or 0)
    check_rate(rate_hz)
    if signals > MOST_CHANNELS or segments > _MOST_SEGMENTS:
        raise ValueError("the record's size is impossible")
    count = segments or signals
    if len(rows) <= count:
        raise ValueError("lines are missing")
    return Header(
        rate_hz,
        int(record["length"] or 0),
        () if segments else tuple(map(_signal, rows[1 : count + 1])),
        tuple(map(_segment, rows[1 : count + 1])) if segments else (),
        _started(record["time"], record["date"], comments.get("zone", "")),
        comments.get("device", ""),
        comments.get("band", ""),
        PatientText(
            comments.get("patient id", ""),
            comments.get("patient name", ""),
            comments.get("birth date", ""),
            {"m": "male", "male": "male", "f": "female", "female": "female"}.get(comments.get("sex", "").lower(), ""),
        ),
    )


def _comments(lines: list[str]) -> dict[str, str]:
    pairs = (line.lstrip(" #").partition(":") for line in lines if line.lstrip().startswith("#"))
    return {key.strip().lower(): value.strip()[:200] for key, colon, value in pairs if colon}


def _signal(line: str) -> Signal:
    parts = _SIGNAL.fullmatch(line)
    if parts is None:
        raise ValueError("a signal's line is none")
    zero = int(parts["zero"] or 0)
    signal = Signal(
        parts["file"],
        int(parts["format"]),
        int(parts["frame"] or 1),
        int(parts["skew"] or 0),
        int(parts["start"] or 0),
        float(parts["gain"] or 0) or _DEFAULT_GAIN,
        int(parts["baseline"]) if parts["baseline"] is not None else zero,
        parts["unit"] or "mV",
        int(parts["first"]) if parts["first"] is not None else zero,
        (parts["label"] or "").strip(),
    )
    if not 1 <= signal.frame <= 10_000 or abs(signal.baseline) > 1 << 40 or abs(signal.first) > 1 << 40:
        raise ValueError("a signal's numbers are impossible")
    return signal


def _segment(line: str) -> tuple[str, int]:
    parts = _SEGMENT.fullmatch(line)
    if parts is None:
        raise ValueError("a segment's line is none")
    return parts["name"], int(parts["length"])


def _started(time: str | None, date: str | None, zone: str) -> datetime:
    """Return the moment of the first frame; a header has no zone but in our comment, so it is this computer's."""
    if not time or not date:
        return UNKNOWN_START
    day, month, year = map(int, date.split("/"))
    whole, _, fraction = time.partition(".")
    hours, minutes, seconds = [0, 0, *map(int, whole.split(":"))][-3:]
    local = datetime(year, month, day, hours, minutes, seconds, int(fraction[:6].ljust(6, "0")))  # noqa: DTZ001
    return in_zone(local, zone)


def in_zone(local: datetime, zone: str) -> datetime:
    """Return a naive moment in the zone ``+05:00``, or in this computer's own where none is given."""
    found = re.fullmatch(r"([+-])(\d\d):(\d\d)", zone, re.ASCII)
    try:
        if not found:
            return local.astimezone()
        offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
        return local.replace(tzinfo=timezone(offset if found[1] == "+" else -offset))
    except (ValueError, OverflowError, OSError):
        return UNKNOWN_START
