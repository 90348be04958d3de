"""Frames and records together: what an analyser sends becomes results, each as soon as its frame is whole.

A result belongs to the patient and the order that stand before it in the same message, and to nothing else: whatever
breaks a transfer forgets both, so that the next transfer cannot inherit them. The answer to a frame goes out after its
results were taken, so an analyser that is told "received" may forget them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import tzinfo
from typing import Final

from clinic_app.devices.astm.family import ENCODING, SPECIMEN
from clinic_app.devices.astm.frames import FrameReceiver, Part
from clinic_app.devices.astm.records import (
    LONGEST_FIELD,
    Delimiters,
    Record,
    read_record,
    read_time,
    read_value,
)
from clinic_app.devices.driver import Arrival, OptionValue, Parsed
from clinic_app.devices.result import LOINC, Result
from clinic_app.foundation.texts import Text
from clinic_app.terminology.laboratory import loinc_of, ucum_unit

LARGEST_RECORD_BYTES: Final = 1 << 18
_SPECIMENS: Final = {
    "B": "blood",
    "WB": "blood",
    "BLOOD": "blood",
    "S": "serum",
    "SER": "serum",
    "SERUM": "serum",
    "P": "serum",
    "PLASMA": "serum",
    "U": "urine",
    "UR": "urine",
    "URINE": "urine",
}


class AstmParser:
    """The receiving side of one connection with an analyser.

    Args:
        name: the device's name here.
        options: `SPECIMEN` and `ENCODING`.
        zone: the analyser's time zone; by default this computer's.
    """

    def __init__(self, name: str, options: Mapping[str, OptionValue], zone: tzinfo | None = None) -> None:
        self._receiver = FrameReceiver()
        self._message = MessageReader(name, str(options.get(SPECIMEN.key, SPECIMEN.default)), zone)
        self._encoding = str(options.get(ENCODING.key, ENCODING.default))
        self._pending = bytearray()

    def begin(self, at: Arrival) -> bytes:  # noqa: ARG002 - of the protocol
        """Say nothing: the analyser speaks first."""
        return b""

    def feed(self, data: bytes, at: Arrival) -> Parsed:
        """Take the next bytes of the line."""
        taken = self._receiver.feed(data, at.monotonic_s)
        results: list[Result] = []
        refused: Text | None = None
        for part in taken.parts:
            if part.drops_the_rest and (self._pending or self._message.is_open):
                refused = Text("The analyser broke off in the middle of a message; it will send it again.")
            for line in self._lines(part):
                results += self._message.take(line, at)
            if part.drops_the_rest:
                self._message.forget()
        if taken.bad_frames:
            refused = Text("The line to the analyser is disturbed; a piece was asked for again.")
        return Parsed(tuple(results), taken.answer, refused)

    def _lines(self, part: Part) -> list[str]:
        """Return the records that are whole now."""
        if part.drops_the_rest:
            self._pending.clear()
            return []
        self._pending += part.text
        if part.is_last and not self._pending.endswith(b"\r"):
            self._pending += b"\r"
        *whole, rest = bytes(self._pending).split(b"\r")
        self._pending[:] = rest[:LARGEST_RECORD_BYTES]
        return [line.decode(self._encoding, "replace") for line in whole if line]


class MessageReader:
    """Follows the records of one transfer.

    Args:
        device: the device's name here.
        specimen: what it measures in, where the orders do not say it.
        zone: the analyser's time zone; None takes this computer's.
    """

    def __init__(self, device: str, specimen: str, zone: tzinfo | None) -> None:
        self._device = device
        self._specimen = specimen
        self._zone = zone
        self.forget()

    @property
    def is_open(self) -> bool:
        """Whether a message has begun and not ended."""
        return self._is_open

    def forget(self) -> None:
        """Forget whose and which: nothing of one transfer may reach into the next."""
        self._is_open = False
        self._delimiters = Delimiters()
        self._patient: Record | None = None
        self._order: Record | None = None
        self._last: Result | None = None

    def take(self, line: str, at: Arrival) -> tuple[Result, ...]:
        """Return what a record adds: a result, a result once more with a comment, or nothing."""
        if line.startswith("H"):
            self.forget()
            self._is_open = True
            self._delimiters = Delimiters.of_header(line) or Delimiters()
            return ()
        record = read_record(line, self._delimiters)
        if record.kind == "R":
            self._last = self._result(record, at)
        elif record.kind == "C" and self._last is not None:
            words = " ".join(filter(None, (self._last.comment, record.text(4))))[:LONGEST_FIELD]
            self._last = replace(self._last, comment=words)
        else:
            self._turn(record)
            return ()
        return (self._last,) if self._last else ()

    def _turn(self, record: Record) -> None:
        """Note whose results follow, or that the message is over."""
        if record.kind == "P":
            self._patient, self._order, self._last = record, None, None
        elif record.kind == "O":
            self._order, self._last = record, None
        elif record.kind == "L":
            self.forget()

    def _result(self, record: Record, at: Arrival) -> Result | None:
        name = record.test_name(3) or (self._order.test_name(5) if self._order else "")
        value = read_value(record.text(4).strip())
        if not name or value == "":
            return None
        unit = ucum_unit(record.text(5))
        loinc = loinc_of(name, self._specimen_of_order(), unit)
        return Result(
            self._device,
            loinc or name,
            value,
            at.at,
            unit,
            LOINC if loinc else "",
            name,
            read_time(record.text(13) or record.text(12), self._zone),
            sample_id=self._of_order(3) or self._of_order(4),
            patient_id=self._of_patient(3) or self._of_patient(4) or self._of_patient(5),
            patient_text=" ".join(filter(None, (self._of_patient(6), self._of_patient(8))))[:LONGEST_FIELD],
            flags=tuple(flag for flag in record.repeats(7) if flag != "N"),
            reference_range=record.text(6),
            is_control=self._order is not None and "Q" in self._order.repeats(12),
        )

    def _specimen_of_order(self) -> str:
        said = self._order.component(16, 1).upper() if self._order else ""
        return _SPECIMENS.get(said, "" if said else self._specimen)

    def _of_patient(self, number: int) -> str:
        return self._patient.text(number) if self._patient else ""

    def _of_order(self, number: int) -> str:
        return self._order.component(number, 1) if self._order else ""
