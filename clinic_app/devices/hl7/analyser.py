"""Analysers that send results as HL7 v2 (ORU^R01, OUL^R21 to R24) over MLLP: blood counts, chemistry, urine.

A result belongs to the patient and the sample that stand before it in the same message, and to nothing else. What is no
result (pictures, the mode of the device, the age of the patient) is left out. Results name what the device said of the
patient and are filed by nobody but a person.
Source: HL7 v2.6, chapters 2.7 (escapes), 7.4 (OBR, OBX), 7.4.3 (SPM); tables 0085 and 0125; IHE LAB TF-2 (LDA).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Final

from clinic_app.devices.astm.records import read_time, read_value
from clinic_app.devices.driver import Arrival, Parsed
from clinic_app.devices.hl7.message import Message, Segment, acknowledgement, parse, parse_timestamp, printable
from clinic_app.devices.hl7.mllp import Deframer, frame
from clinic_app.devices.result import LOINC, Result
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text
from clinic_app.terminology.laboratory import loinc_of, ucum_unit

MOST_RESULTS: Final = 500
_KINDS: Final = ("ORU^R01", "OUL^R21", "OUL^R22", "OUL^R23", "OUL^R24")
_VALUES: Final = ("NM", "SN", "ST", "TX", "FT", "CE", "CWE")
_NO_RESULT: Final = ("D", "I", "N", "O", "W", "X")
"""OBX-11 (table 0085): deleted, pending, not asked, order only, wrong, cannot be obtained."""
_AGE: Final = "30525-0"
_LOINC: Final = re.compile(r"[0-9]{1,7}-[0-9]")
_ESCAPE: Final = re.compile(r"\\([^\\]{0,80})\\")
_ESCAPED: Final = {"F": "|", "S": "^", "T": "&", "R": "~", "E": "\\", ".br": " "}
_SPECIMENS: Final = {"BLD": "blood", "WB": "blood", "SER": "serum", "PLAS": "serum", "UR": "urine", "URINE": "urine"}
_LONGEST: Final = 400
_LONGEST_ID: Final = 64


class Hl7AnalyserParser:
    """The receiving side of one connection with an analyser.

    Args:
        name: the device's name here.
        specimen: what it measures in, where its messages do not say it.
        zone: the analyser's time zone; by default this computer's.
    """

    def __init__(self, name: str, specimen: str = "", zone: tzinfo | None = None) -> None:
        self._name = name
        self._specimen = specimen
        self._zone = zone
        self._deframer = Deframer()

    def begin(self, at: Arrival) -> bytes:  # noqa: ARG002 - of the protocol
        """Say nothing: the analyser speaks first."""
        return b""

    def feed(self, data: bytes, at: Arrival) -> Parsed:
        """Take the next bytes.

        Raises:
            DeviceError: no HL7 at all, or a message without an end.
        """
        results: list[Result] = []
        answer = bytearray()
        refused: Text | None = None
        for raw in self._deframer.feed(data):
            message = parse(raw)
            is_used = message.kind in _KINDS
            if is_used:
                results += read_results(message, self._name, at, self._specimen, self._zone)
            else:
                refused = Text(
                    "The analyser sent a message of the kind {kind}, which is not used.", kind=message.kind[:32]
                )
            answer += frame(acknowledgement(message, "AA" if is_used else "AE", at.at))
        return Parsed(tuple(results), bytes(answer), refused)


@dataclass
class _Context:
    """What the segments before a result say of it."""

    patient: Segment | None = None
    order: Segment | None = None
    sample: Segment | None = None
    results: list[Result] = field(default_factory=list)


def read_results(
    message: Message, device: str, at: Arrival, specimen: str = "", zone: tzinfo | None = None
) -> tuple[Result, ...]:
    """Return the results of one message.

    Args:
        message: an ORU or OUL.
        device: the device's name here.
        at: when it came.
        specimen: what the device measures in, where the message does not say it.
        zone: the device's time zone; None takes this computer's.
    """
    context = _Context()
    is_control = message.segments[0].field(11).startswith("Q")
    for segment in message.segments:
        if segment.name == "PID":
            context.patient, context.order, context.sample = segment, None, None
        elif segment.name == "OBR":
            context.order = segment
        elif segment.name == "SPM":
            context.sample = segment
        elif segment.name == "NTE" and context.results:
            last = context.results[-1]
            words = f"{last.comment} {_plain(segment.field(3))}".strip()
            context.results[-1] = replace(last, comment=words[:_LONGEST])
        elif segment.name == "OBX" and len(context.results) < MOST_RESULTS:
            context.results += _result(segment, context, device, at, specimen, zone)
    return tuple(replace(each, is_control=True) if is_control else each for each in context.results)


def _result(
    segment: Segment, context: _Context, device: str, at: Arrival, specimen: str, zone: tzinfo | None
) -> Iterator[Result]:
    """Yield the result in an OBX, if there is one."""
    if segment.field(2) not in _VALUES or segment.field(11) in _NO_RESULT:
        return
    value, label = _value(segment), _plain(segment.component(3, 2) or segment.component(3, 1))[:_LONGEST_ID]
    if value == "" or not label or segment.component(3, 1) == _AGE:
        return
    unit = ucum_unit(_plain(segment.component(6, 1))[:24])
    loinc = _told_loinc(segment) or loinc_of(label, _specimen_of(context) or specimen, unit)
    is_preliminary = segment.field(11) == "P"
    order, patient = context.order, context.patient
    yield Result(
        device,
        loinc or label,
        value,
        at.at,
        unit,
        LOINC if loinc else "",
        label,
        _moment(segment.field(14) or (order.field(7) if order else ""), zone),
        sample_id=_sample_id(context),
        order_id=_plain(order.component(2, 1))[:_LONGEST_ID] if order else "",
        patient_id=_plain(patient.component(3, 1))[:_LONGEST_ID] if patient else "",
        patient_text=_name(patient),
        flags=(*_flags(segment), *(("preliminary",) if is_preliminary else ())),
        reference_range=_plain(segment.field(7))[:_LONGEST_ID],
        is_control=_is_control(context),
    )


def _value(segment: Segment) -> Decimal | str:
    text = segment.field(5).partition("~")[0]
    kind = segment.field(2)
    if kind == "SN":  # comparator, number, separator, number
        parts = (text.split("^") + [""] * 4)[:4]
        return read_value(_plain("".join("" if part == "=" else part for part in parts)))
    if kind in ("CE", "CWE"):
        parts = text.split("^")
        return _plain(parts[1] if len(parts) > 1 and parts[1] else parts[0])[:_LONGEST]
    return read_value(_plain(text)[:_LONGEST])


def _told_loinc(segment: Segment) -> str:
    """Return the LOINC code the device itself gives, in either of its two codings; empty for none."""
    for first in (1, 4):
        code = segment.component(3, first).strip()
        if segment.component(3, first + 2).strip().upper() == "LN" and _LOINC.fullmatch(code):
            return code
    return ""


def _specimen_of(context: _Context) -> str:
    said = context.sample.component(4, 1) if context.sample else ""
    said = said or (context.order.component(15, 1) if context.order else "")
    return _SPECIMENS.get(said.upper(), "")


def _sample_id(context: _Context) -> str:
    told = context.sample.component(2, 1).partition("&")[0] if context.sample else ""
    if not told and context.order:
        told = context.order.component(3, 1) or context.order.component(2, 1)
    return _plain(told)[:_LONGEST_ID]


def _is_control(context: _Context) -> bool:
    return context.sample is not None and context.sample.component(11, 1).startswith("Q")


def _name(patient: Segment | None) -> str:
    parts = patient.field(5).partition("~")[0].split("^")[:3] if patient else []
    return " ".join(filter(None, map(_plain, parts)))[:_LONGEST]


def _flags(segment: Segment) -> tuple[str, ...]:
    parts = (_plain(part.partition("^")[0])[:16] for part in segment.field(8).split("~"))
    return tuple(part for part in parts if part and part != "N")[:8]


def _moment(text: str, zone: tzinfo | None) -> datetime | None:
    if "+" in text or "-" in text:
        try:
            return parse_timestamp(text).astimezone(UTC)
        except DeviceError:
            return None
    return read_time(text.partition(".")[0], zone)


def _plain(text: str) -> str:
    """Return a field for people: escapes resolved, nothing unprintable."""
    return printable(_ESCAPE.sub(lambda match: _ESCAPED.get(match[1], ""), text))
