"""Section 1 of an SCP record: whose it is said to be, when it was taken, by what, through which filter.

Names are decoded with the alphabet the file states and with no other: words for a person to compare.
Source: EN 1064:2005, section 5.4.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Final

from clinic_app.waveforms.formats.limits import UNKNOWN_START
from clinic_app.waveforms.formats.naming import one_line, stated_band
from clinic_app.waveforms.recording import UNSTATED_BAND, PatientText

_LAST_NAME, _FIRST_NAME, _NUMBER, _BORN, _SEX, _DEVICE = 0, 1, 2, 5, 8, 14
_DAY, _TIME, _LOW, _HIGH, _ZONE, _END = 25, 26, 27, 28, 34, 255
_ALPHABETS: Final = {
    0b00000011: "iso8859-2", 0b00001011: "iso8859-4", 0b00010011: "iso8859-5", 0b00011011: "iso8859-6",
    0b00100011: "iso8859-7", 0b00101011: "iso8859-8", 0b00110011: "iso8859-11", 0b00111011: "iso8859-15",
    0b00000111: "utf-8",
}  # fmt: skip
_NO_ZONE: Final = 0x7FFF


@dataclass(frozen=True)
class Told:
    """What section 1 tells.

    Args:
        patient: whose it is said to be.
        started_at: when it was taken.
        device: model of the recorder.
        band: its filter.
    """

    patient: PatientText = field(default_factory=PatientText)
    started_at: datetime = UNKNOWN_START
    device: str = ""
    band: str = UNSTATED_BAND


def parse_told(section: bytes) -> Told:
    """Return what the section tells; what cannot be read in it is left out."""
    tags = _tags(section)
    device = tags.get(_DEVICE, b"")
    alphabet = _ALPHABETS.get(device[16], "latin-1") if len(device) > 16 else "latin-1"

    def words(tag: int) -> str:
        raw = tags.get(tag, b"").partition(b"\0")[0]
        return one_line(raw.decode(alphabet, "replace"), 64)

    name = " ".join(part for part in (words(_LAST_NAME), words(_FIRST_NAME)) if part)
    sex = {1: "male", 2: "female"}.get(tags.get(_SEX, b"\0")[0] if tags.get(_SEX) else 0, "")
    model = one_line(device[8:14].partition(b"\0")[0].decode("latin-1"), 64)
    patient = PatientText(words(_NUMBER), name, _date(tags.get(_BORN, b"")), sex)
    return Told(patient, _moment(tags), model, _band(tags))


def _tags(section: bytes) -> dict[int, bytes]:
    tags: dict[int, bytes] = {}
    at = 0
    while at + 3 <= len(section) and section[at] != _END:
        size = int.from_bytes(section[at + 1 : at + 3], "little")
        tags.setdefault(section[at], section[at + 3 : at + 3 + size])
        at += 3 + size
    return tags


def _date(raw: bytes) -> str:
    if len(raw) < 4:
        return ""
    year, month, day = struct.unpack_from("<HBB", raw)
    return f"{year:04}-{month:02}-{day:02}" if year and 1 <= month <= 12 and 1 <= day <= 31 else ""


def _moment(tags: dict[int, bytes]) -> datetime:
    """Return when it was taken; in this computer's zone where the file tells none."""
    day, time, zone = tags.get(_DAY, b""), tags.get(_TIME, b""), tags.get(_ZONE, b"")
    if len(day) < 4:
        return UNKNOWN_START
    try:
        date = struct.unpack_from("<HBB", day)
        local = datetime(*date, *(time[:3] if len(time) >= 3 else (0, 0, 0)))  # noqa: DTZ001 - the zone is put on it next
        minutes = struct.unpack_from("<h", zone)[0] if len(zone) >= 2 else _NO_ZONE
        if minutes == _NO_ZONE:
            return local.astimezone()
        return local.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    except (ValueError, OverflowError, OSError):
        return UNKNOWN_START


def _band(tags: dict[int, bytes]) -> str:
    low, high = (int.from_bytes(tags.get(tag, b"")[:2], "little") for tag in (_LOW, _HIGH))
    return stated_band(low / 100, high)
