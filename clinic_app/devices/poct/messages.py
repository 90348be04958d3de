"""The messages of POCT1-A as they come over TCP: found in the stream, read without trusting them, and written.

Nothing stands between two messages; one ends where its root element does. Every value is the attribute ``V`` of an
element whose name is that of its object and its field: ``<PT.patient_id V="640305400123"/>``.

Source: CLSI POCT01-A2, Appendix B (Device Messaging Layer). The peer is untrusted: no document type, no entities, a
largest size.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

# allowed (xml): the one parser here is made by read_message, without entities, network or giant trees
from lxml import etree

from clinic_app.devices.hl7.message import printable
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text

LARGEST_MESSAGE_BYTES: Final = 1 << 18
LONGEST_VALUE: Final = 200
_BEGIN: Final = re.compile(rb"<([A-Z]{3}\.(?:R\d\d|[A-Z]{2,16}))[\s/>]")
_MOMENT: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?\s*(Z|[+-]\d{1,2}:?\d\d)?", re.ASCII
)


@dataclass(frozen=True)
class Element:
    """One object of a message: its name, what stands in it directly, and the objects below.

    Args:
        name: ``OBS``.
        fields: first value of each field, by its name: ``OBS.value``.
        units: of the fields that have one.
        systems: of the coded fields that name one.
        words: of the coded fields that say what the code means.
        parts: the objects in it.
    """

    name: str
    fields: dict[str, str]
    units: dict[str, str]
    systems: dict[str, str]
    words: dict[str, str]
    parts: tuple[Element, ...]

    def all(self, name: str) -> Iterator[Element]:
        """Yield every object of this name below, at any depth."""
        for part in self.parts:
            if part.name == name:
                yield part
            yield from part.all(name)

    def value(self, name: str) -> str:
        """Return a field's value, or an empty text."""
        return self.fields.get(name, "")


class MessageFinder:
    """Finds whole messages in a stream that arrives in pieces.

    Args:
        largest_bytes: a longer message is refused.
    """

    def __init__(self, largest_bytes: int = LARGEST_MESSAGE_BYTES) -> None:
        self._largest_bytes = largest_bytes
        self._pending = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes and return the messages they complete.

        Raises:
            DeviceError: a message grows past the largest size.
        """
        self._pending += data
        found: list[bytes] = []
        while (begin := _BEGIN.search(self._pending)) is not None:
            end_tag = b"</" + begin[1] + b">"
            end = self._pending.find(end_tag, begin.end())
            if end < 0:
                self._pending = self._pending[begin.start() :]
                break
            end += len(end_tag)
            found.append(self._pending[begin.start() : end])
            self._pending = self._pending[end:]
        else:
            self._pending = self._pending[-32:]  # the beginning of a begin
        if len(self._pending) > self._largest_bytes:
            self._pending = b""
            raise DeviceError(Text("The device sent a message of more than {count} bytes; it was refused.",
                                   count=self._largest_bytes))  # fmt: skip
        return found


def read_message(message: bytes) -> Element:
    """Return a message by its objects.

    Raises:
        DeviceError: it is no XML, or has what no such message has: a document type, entities.
    """
    if b"<!" in message:
        raise _unreadable()
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False, recover=False)
    try:
        root = etree.fromstring(message, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _unreadable() from error
    return _read(root, 0)


def _read(node: etree._Element, depth: int) -> Element:
    if depth > 16:
        raise _unreadable()
    made = Element(str(node.tag), {}, {}, {}, {}, ())
    parts: list[Element] = []
    for child in node:
        if not isinstance(child.tag, str):
            continue
        if len(child) or "." not in child.tag:
            parts.append(_read(child, depth + 1))
            continue
        for key, kept in (("V", made.fields), ("U", made.units), ("SN", made.systems), ("DN", made.words)):
            said = printable(str(child.get(key, "")))[:LONGEST_VALUE]
            if said:
                kept.setdefault(child.tag, said)
    return Element(made.name, made.fields, made.units, made.systems, made.words, tuple(parts))


def read_moment(text: str) -> datetime | None:
    """Return a moment, or None for what is none; one without an offset is this computer's local time."""
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        return None
    *numbers, offset = match.groups(default="0")
    year, month, day, hour, minute, second = map(int, numbers)
    try:
        local = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the zone is added below
        if match[7] is None:
            return local.astimezone(UTC)
        if offset == "Z":
            return local.replace(tzinfo=UTC)
        sign, digits = offset[0], offset[1:].replace(":", "").zfill(4)
        zone = datetime.strptime(f"{sign}{digits}", "%z").tzinfo
        return local.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def build(kind: str, control_id: int, at: datetime, body: str = "") -> bytes:
    """Return a message of ours.

    Args:
        kind: ``ACK.R01``.
        control_id: its number.
        at: now.
        body: the objects after the header, as XML.
    """
    header = (
        f'<HDR><HDR.message_type V="{kind}"/><HDR.control_id V="{control_id}"/><HDR.version_id V="POCT1"/>'
        f'<HDR.creation_dttm V="{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}+00:00"/></HDR>'
    )
    return f"<{kind}>{header}{body}</{kind}>".encode()


def _unreadable() -> DeviceError:
    return DeviceError(Text("The device sent something that is no POCT1-A message."))
