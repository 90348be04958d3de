"""HL7 version 2 messages, as far as monitors speak it: segments, fields, components. Pure functions over bytes.

Reads ORU^R01 with numbers and waves and writes the acknowledgement. A general parser builds a tree of everything and is
forty times slower on waves (measured); here a field is split when it is asked for. Letters outside ASCII only occur in
names, which are not used: an unknown alphabet never makes a wave unreadable.
Source: HL7 v2.6, chapters 2 and 7, table 0211; IHE PCD TF-2 (DEC, WCM).
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
_DELIMITERS: Final = ("^~\\&", "^~\\&#")
_ALPHABETS: Final = {
    "": "utf-8",
    "ASCII": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "UNICODE": "utf-8",
    "8859/1": "iso8859-1",
    "8859/5": "iso8859-5",
    "GB 18030-2000": "gb18030",
}
"""Names of HL7 table 0211 to Python's. The one that must be known is Chinese: its letters may contain delimiters."""
_FIRST: Final = datetime(1900, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(2999, 12, 31, tzinfo=UTC)
"""A clock further off than this is kept here: only distances are used, and they must not run out of the calendar."""
_LONGEST_ECHO: Final = 199
"""What of the peer's own text goes back to it; HL7's longest control id."""

_LONGEST_PATIENT: Final = 40


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
    def sequence(self) -> str:
        """The message's number in the device's own count (MSH-13); empty from most."""
        return self.segments[0].field(13)

    @property
    def sender(self) -> str:
        """The sending application's own name: printable, at most 64 characters."""
        return printable(self.segments[0].component(3, 1))[:64]

    @property
    def bed(self) -> str:
        """Where the patient lies (PV1-3): printable, at most 64 characters; empty where nothing is said of it."""
        said = next((segment.field(3) for segment in self.segments if segment.name == "PV1"), "")
        parts = (part.strip() for part in said.replace("&", "^").split("^"))
        return printable("-".join(part for part in parts if part))[:64]

    @property
    def patient_number(self) -> str:
        """The patient's number (PID-3, else PID-2 or PID-18): printable, at most 40 characters; empty for none."""
        for number in (3, 2, 18):
            said = self._of_patient(number)
            if said.strip("0-"):
                return said
        return ""

    @property
    def patient_name(self) -> str:
        """The patient's name (PID-5): printable, at most 40 characters, empty where nothing is said."""
        return self._of_patient(5)

    def _of_patient(self, number: int) -> str:
        said = next((segment.field(number) for segment in self.segments if segment.name == "PID"), "")
        parts = (part.strip() for part in said.partition("~")[0].replace("&", "^").split("^"))
        return printable("-".join(part for part in parts if part))[:_LONGEST_PATIENT]

    @property
    def is_of_several(self) -> bool:
        """Whether it speaks of more than one bed or patient (PV1-3, PID-3)."""
        return any(
            len({segment.field(3) for segment in self.segments if segment.name == name}) > 1 for name in ("PV1", "PID")
        )


def parse(message: bytes) -> Message:
    """Return the message in ``message``.

    Raises:
        DeviceError: it is no HL7 v2 message with the usual delimiters, or has too many segments.
    """
    message = message.replace(b"\r\n", b"\r").replace(b"\n", b"\r").lstrip(b"\r")
    if not message.startswith(_HEADER) or message.count(b"\r") > MOST_SEGMENTS:
        raise _unreadable()
    lines = message.decode(_alphabet(message), errors="replace").rstrip("\r").split("\r")
    header = lines[0].split("|")
    if header[1] not in _DELIMITERS:
        raise _unreadable()
    # MSH-1 is the delimiter itself, so the header's fields are shifted by one.
    segments = [Segment(("MSH", "|", *header[1:]))]
    segments += [Segment(tuple(line.split("|"))) for line in lines[1:] if line]
    return Message(tuple(segments))


def acknowledgement(message: Message, code: str, moment: datetime) -> bytes:
    """Return the ACK for ``message``: ``AA`` taken, ``AE`` refused (chapter 2.9)."""
    control = message.control_id[:_LONGEST_ECHO]
    receiver = message.segments[0].field(3)[:_LONGEST_ECHO]
    event = message.kind.partition("^")[2][:3]
    event = event if event.isalnum() else "R01"
    lines = (
        f"MSH|^~\\&|DALA||{receiver}||{timestamp(moment)}||ACK^{event}^ACK|{control}|P|2.6",
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
    plain = text.strip()[:32]
    for pattern in ("%Y%m%d%H%M%S.%f%z", "%Y%m%d%H%M%S%z", "%Y%m%d%H%M%S.%f", "%Y%m%d%H%M%S"):
        try:
            moment = datetime.strptime(plain, pattern)  # noqa: DTZ007 - the zone is added below
            in_utc = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
            return max(_FIRST, min(in_utc, _LAST))
        except (ValueError, OverflowError):
            continue
    raise _unreadable()


def resolution_s(text: str) -> float:
    """Return how finely an HL7 time stamp tells time: 1.0 without a fraction of a second."""
    digits = text.partition(".")[2].replace("-", "+").partition("+")[0].strip()
    return 10.0 ** -min(len(digits), 4)


def printable(text: str) -> str:
    """Return ``text`` without control characters and marks that turn the direction of writing."""
    return "".join(letter for letter in text if letter.isprintable()).strip()


def _alphabet(message: bytes) -> str:
    """Return the encoding the header declares (MSH-18, the first of several)."""
    header = message.partition(b"\r")[0].split(b"|", 18)
    named = header[17].split(b"~")[0].split(b"|")[0] if len(header) > 17 else b""
    return _ALPHABETS.get(named.decode("ascii", "replace").strip().upper(), "iso8859-1")


def _unreadable() -> DeviceError:
    return DeviceError(Text("The monitor sent something that is no HL7 message."))
