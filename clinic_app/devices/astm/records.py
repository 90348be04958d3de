"""The records analysers send: header, patient, order, result, comment; fields, repeats, components and escapes.

Every message names its own delimiters in its header. Records are read leniently, because analysers differ in what they
fill in; nothing is ever taken over from one patient or one order to the next.

Source: CLSI LIS2-A2 (ASTM E1394-97), sections 5 to 12. The peer is untrusted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Final

from clinic_app.devices.hl7.message import printable
from clinic_app.foundation.numbers import is_writable

LONGEST_FIELD: Final = 200
_ESCAPED: Final = re.compile(r"(.)([FSRE]|X[0-9A-Fa-f]{2})\1")
_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)", re.ASCII)
_TIME_LENGTHS: Final = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}


@dataclass(frozen=True)
class Delimiters:
    r"""What stands between the parts of a message.

    Args:
        field: between fields: ``|``.
        repeat: between repeated fields: ``\``.
        component: between components: ``^``.
        escape: around an escape sequence: ``&``.
    """

    field: str = "|"
    repeat: str = "\\"
    component: str = "^"
    escape: str = "&"

    @classmethod
    def of_header(cls, record: str) -> Delimiters | None:
        """Return what a header record declares, or None when it is no header or declares nonsense."""
        declared = record[1:5]
        if not record.startswith("H") or len(declared) < 4 or len(set(declared)) < 4:
            return None
        if any(letter.isalnum() or letter.isspace() or not letter.isprintable() for letter in declared):
            return None
        return cls(*declared)


@dataclass(frozen=True)
class Record:
    """One record by its fields, the type first, still escaped.

    Args:
        fields: ``("R", "1", "^^^GLU", "5.6" …)``.
        delimiters: of its message.
    """

    fields: tuple[str, ...]
    delimiters: Delimiters

    @property
    def kind(self) -> str:
        """``R``."""
        return self.fields[0][:1].upper()

    def text(self, number: int) -> str:
        """Return a whole field for people, components set apart by spaces; numbered from 1 as the standard does."""
        raw = self.fields[number - 1] if number <= len(self.fields) else ""
        first = raw.split(self.delimiters.repeat)[0]
        parts = (self._plain(part) for part in first.split(self.delimiters.component))
        return " ".join(filter(None, parts))[:LONGEST_FIELD]

    def component(self, number: int, place: int) -> str:
        """Return one component of the first repeat of a field; both numbered from 1."""
        raw = self.fields[number - 1] if number <= len(self.fields) else ""
        parts = raw.split(self.delimiters.repeat)[0].split(self.delimiters.component)
        return self._plain(parts[place - 1])[:LONGEST_FIELD] if place <= len(parts) else ""

    def repeats(self, number: int) -> tuple[str, ...]:
        """Return every repeat of a field, empty ones left out."""
        raw = self.fields[number - 1] if number <= len(self.fields) else ""
        found = (self._plain(part)[:LONGEST_FIELD] for part in raw.split(self.delimiters.repeat)[:16])
        return tuple(filter(None, found))

    def test_name(self, number: int) -> str:
        """Return what a universal test identifier names: the maker's code (4th component), else the first filled.

        Source: LIS2-A2, 6.6.1.
        """
        wanted = [self.component(number, place) for place in (4, 5, 1, 2, 3)]
        return next(filter(None, wanted), "")

    def _plain(self, part: str) -> str:
        return printable(unescaped(part, self.delimiters))


def read_record(line: str, delimiters: Delimiters) -> Record:
    """Return one record; any line is one."""
    return Record(tuple(line.split(delimiters.field)), delimiters)


def unescaped(text: str, delimiters: Delimiters) -> str:
    """Return text with its escape sequences replaced: ``&F&`` is the field delimiter (LIS2-A2, 5.4.6)."""
    if delimiters.escape not in text:
        return text
    letters = {"F": delimiters.field, "S": delimiters.component, "R": delimiters.repeat, "E": delimiters.escape}

    def said(match: re.Match[str]) -> str:
        if match[1] != delimiters.escape:
            return match[0]
        return letters[match[2]] if match[2] in letters else chr(int(match[2][1:], 16))

    return _ESCAPED.sub(said, text)


def escaped(text: str, delimiters: Delimiters) -> str:
    """Return text as it may stand in a field."""
    letters = {
        delimiters.escape: "E",
        delimiters.field: "F",
        delimiters.component: "S",
        delimiters.repeat: "R",
    }
    safe = (
        f"{delimiters.escape}{letters[each]}{delimiters.escape}" if each in letters else each
        for each in text
        if each.isprintable()
    )
    return "".join(safe)


def read_value(text: str) -> Decimal | str:
    """Return a number where it is a plain one; ``> 25`` and ``positive`` stay words."""
    if not _NUMBER.fullmatch(text):
        return text
    try:
        number = Decimal(text.replace(",", "."))
    except InvalidOperation:  # pragma: no cover - the pattern lets no such text through
        return text
    return number if is_writable(number) else text


def read_time(text: str, zone: tzinfo | None = None) -> datetime | None:
    """Return the moment an analyser's clock shows, or None when it is none.

    Args:
        text: year to second, minute or day, without a zone: analysers tell local time.
        zone: the analyser's; by default this computer's.
    """
    plain = text.strip()
    pattern = _TIME_LENGTHS.get(len(plain))
    if pattern is None or not (plain.isascii() and plain.isdigit()):
        return None
    try:
        local = datetime.strptime(plain, pattern)  # noqa: DTZ007 - the zone is added below
        return (local.replace(tzinfo=zone) if zone else local.astimezone()).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def written_time(moment: datetime, zone: tzinfo | None = None) -> str:
    """Return a moment as an analyser writes it, in its local time."""
    return f"{moment.astimezone(zone):%Y%m%d%H%M%S}"
