"""HL7 version 2 messages, as far as monitors speak it: segments, fields, components. Pure functions over bytes.

Reads ORU^R01 with numbers and waves and writes the acknowledgement. A general parser builds a tree of everything and is
forty times slower on waves (measured); here a field is split when it is asked for.
Source: HL7 v2.6, chapters 2 and 7; IHE PCD TF-2 (DEC, WCM).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text

MOST_SEGMENTS: Final = 2000
MOST_VALUES: Final = 100_000
_HEADER: Final = b"MSH|"


@dataclass(frozen=True)
class Segment:
    """One line of a message; ``fields[0]`` is its name, so that ``fields[n]`` is the standard's field n."""

    fields: tuple[str, ...]

    @property
    def name(self) -> str:
        """``OBX``."""
        return self.fields[0]

    def field(self, number: int) -> str:
        """Return the field with the standard's number, empty where the line is shorter."""
        return self.fields[number] if number < len(self.fields) else ""

    def component(self, number: int, place: int) -> str:
        """Return one component of a field, counted from 1; empty where there are fewer."""
        parts = self.field(number).split("^")
        return parts[place - 1] if place <= len(parts) else ""


@dataclass(frozen=True)
class Message:
    """A message by its segments; the first is the header."""

    segments: tuple[Segment, ...]

    @property
    def kind(self) -> str:
        """``ORU^R01``."""
        return "^".join(self.segments[0].field(9).split("^")[:2])

    @property
    def control_id(self) -> str:
        """What the acknowledgement must name."""
        return self.segments[0].field(10)

    @property
    def sender(self) -> str:
        """The sending application's own name, at most 64 characters."""
        return self.segments[0].component(3, 1)[:64]


def parse(message: bytes) -> Message:
    """Return the message in ``message``.

    Raises:
        DeviceError: it is no HL7 v2 message in UTF-8 with the usual delimiters, or has too many segments.
    """
    if not message.startswith(_HEADER) or message.count(b"\r") > MOST_SEGMENTS:
        raise _unreadable()
    try:
        lines = message.decode("utf-8").rstrip("\r").split("\r")
    except UnicodeDecodeError as error:
        raise _unreadable() from error
    header = lines[0].split("|")
    if header[1] != "^~\\&":
        raise _unreadable()
    # MSH-1 is the delimiter itself, so the header's fields are shifted by one.
    segments = [Segment(("MSH", "|", *header[1:]))]
    segments += [Segment(tuple(line.split("|"))) for line in lines[1:] if line]
    return Message(tuple(segments))


def acknowledgement(message: Message, code: str, moment: datetime) -> bytes:
    """Return the ACK for ``message``: ``AA`` taken, ``AE`` refused (chapter 2.9)."""
    header = message.segments[0]
    control = message.control_id
    lines = (
        f"MSH|^~\\&|DALA||{header.field(3)}||{timestamp(moment)}||ACK^R01^ACK|{control}|P|2.6",
        f"MSA|{code}|{control}",
    )
    return ("\r".join(lines) + "\r").encode()


def timestamp(moment: datetime) -> str:
    """Return a moment as HL7 writes it, in UTC, to a tenth of a millisecond."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y%m%d%H%M%S}.{utc.microsecond // 100:04d}+0000"


def parse_timestamp(text: str) -> datetime:
    """Return the moment in an HL7 time stamp; one without an offset is taken as UTC.

    Raises:
        DeviceError: it is none.
    """
    plain = text.strip()
    for pattern in ("%Y%m%d%H%M%S.%f%z", "%Y%m%d%H%M%S%z", "%Y%m%d%H%M%S.%f", "%Y%m%d%H%M%S"):
        try:
            moment = datetime.strptime(plain, pattern)  # noqa: DTZ007 - the zone is added below
        except ValueError:
            continue
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    raise _unreadable()


def _unreadable() -> DeviceError:
    return DeviceError(Text("The monitor sent something that is no HL7 message."))
