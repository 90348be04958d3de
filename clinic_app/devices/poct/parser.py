"""The data manager's side of a POCT1-A conversation: greeting, status, asking for results, results, farewell.

What follows on what is a table. Every message is acknowledged after what was in it has been taken, so a device that is
told "received" may forget it. Source: CLSI POCT01-A2, Appendix B, sections 4 and 5 (basic profile).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final
from xml.sax.saxutils import quoteattr

from clinic_app.devices.astm.records import read_value
from clinic_app.devices.driver import Arrival, Parsed
from clinic_app.devices.poct.messages import Element, MessageFinder, build, read_message, read_moment
from clinic_app.devices.result import LOINC, Result
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text
from clinic_app.terminology.laboratory import loinc_of, ucum_unit

_LOINC_CODE: Final = re.compile(r"\d{1,7}-\d", re.ASCII)
_CONTINUOUS: Final = "START_CONTINUOUS"


@dataclass
class _Answer:
    """What is said to one message."""

    results: list[Result] = field(default_factory=list)
    replies: list[bytes] = field(default_factory=list)
    refused: Text | None = None
    is_over: bool = False


class PoctParser:
    """One connection with a point-of-care device.

    Args:
        name: the device's name here.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._finder = MessageFinder()
        self._count = 0
        self._can_go_on = False
        self._is_leaving = False
        self._acts: dict[str, Callable[[Element, Arrival, _Answer], None]] = {
            "HEL.R01": self._greet,
            "DST.R01": self._ask,
            "OBS.R01": self._take,
            "OBS.R02": self._take,
            "EOT.R01": self._go_on,
            "END.R01": self._end,
            "ESC.R01": self._escape,
        }

    def begin(self, at: Arrival) -> bytes:  # noqa: ARG002 - of the protocol
        """Say nothing: the device greets first."""
        return b""

    def feed(self, data: bytes, at: Arrival) -> Parsed:
        """Take the next bytes.

        Raises:
            DeviceError: a message is too long.
        """
        answer = _Answer()
        for raw in self._finder.feed(data):
            try:
                message = read_message(raw)
            except DeviceError as error:
                answer.refused = error.text
                continue
            self._hear(message, at, answer)
        return Parsed(tuple(answer.results), b"".join(answer.replies), answer.refused, answer.is_over)

    def _hear(self, message: Element, at: Arrival, answer: _Answer) -> None:
        if message.name.startswith("ACK."):
            self._hear_ack(message, answer)
            return
        later = _Answer()
        act = self._acts.get(message.name)
        if act is not None:
            act(message, at, later)
        answer.results += later.results
        answer.replies += [self._acknowledged(message, at.at), *later.replies]
        answer.refused = later.refused or answer.refused
        answer.is_over = answer.is_over or later.is_over

    def _acknowledged(self, message: Element, at: datetime) -> bytes:
        control = next((part.value("HDR.control_id") for part in message.parts if part.name == "HDR"), "")
        body = f'<ACK><ACK.type_cd V="AA"/><ACK.ack_control_id V={quoteattr(control)}/></ACK>'
        return self._say("ACK.R01", at, body)

    def _say(self, kind: str, at: datetime, body: str = "") -> bytes:
        self._count += 1
        return build(kind, self._count, at, body)

    # --- what follows on what ---

    def _greet(self, message: Element, _at: Arrival, _answer: _Answer) -> None:
        supported = {value for part in message.all("DSC") for value in part.fields.values()}
        self._can_go_on = _CONTINUOUS in supported or any(
            part.value("DSC.connection_profile_cd") == "CS" for part in message.all("DSC")
        )

    def _ask(self, message: Element, at: Arrival, answer: _Answer) -> None:
        waiting = next((part.value("DST.new_observations_qty") for part in message.all("DST")), "")
        if waiting != "0":
            answer.replies.append(self._say("REQ.R01", at.at, '<REQ><REQ.request_cd V="ROBS"/></REQ>'))
        else:
            self._go_on(message, at, answer)

    def _take(self, message: Element, at: Arrival, answer: _Answer) -> None:
        answer.results += self._results(message, at)

    def _go_on(self, _message: Element, at: Arrival, answer: _Answer) -> None:
        """Nothing more waits: results come as they are measured, or the talk is ended where the device cannot that."""
        if self._can_go_on:
            body = f'<DTV><DTV.command_cd V="{_CONTINUOUS}"/></DTV>'
            answer.replies.append(self._say("DTV.R01", at.at, body))
        else:
            self._is_leaving = True
            answer.replies.append(self._say("END.R01", at.at, '<TRM><TRM.reason_cd V="NRM"/></TRM>'))

    def _end(self, _message: Element, _at: Arrival, answer: _Answer) -> None:
        answer.is_over = True

    def _escape(self, message: Element, _at: Arrival, answer: _Answer) -> None:
        why = next((part.value("ESC.note_txt") or part.value("ESC.detail_cd") for part in message.all("ESC")), "")
        answer.refused = Text("The device ended the talk: {why}", why=why or "—")
        answer.is_over = True

    def _hear_ack(self, message: Element, answer: _Answer) -> None:
        said = next((part.value("ACK.type_cd") for part in message.all("ACK")), "")
        if said == "AE":
            answer.refused = Text("The device did not take what it was asked.")
        answer.is_over = answer.is_over or self._is_leaving

    # --- results ---

    def _results(self, message: Element, at: Arrival) -> Iterator[Result]:
        for service in message.all("SVC"):
            taken_at = read_moment(service.value("SVC.observation_dttm"))
            is_control = message.name == "OBS.R02" or any(True for _ in service.all("CTC"))
            order = next(service.all("ORD"), None)
            specimen = next(service.all("SPC"), None)
            for patient in [*service.all("PT")] or [service]:
                about: dict[str, object] = {
                    "taken_at": taken_at,
                    "is_control": is_control,
                    "order_id": order.value("ORD.order_id") if order else "",
                    "sample_id": specimen.value("SPC.specimen_id") if specimen else "",
                    "patient_id": patient.value("PT.patient_id"),
                    "patient_text": _person(patient),
                }
                for one in patient.all("OBS"):
                    yield from self._result(one, at, about)

    def _result(self, one: Element, at: Arrival, about: dict[str, object]) -> Iterator[Result]:
        code = one.value("OBS.observation_id")
        value: Decimal | str = read_value(one.value("OBS.value")) or one.value("OBS.qualitative_value")
        if not code or value == "" or one.value("OBS.status_cd") == "D":
            return
        unit = ucum_unit(one.units.get("OBS.value", ""))
        is_loinc = one.systems.get("OBS.observation_id") in ("LN", "LOINC") and bool(_LOINC_CODE.fullmatch(code))
        label = one.words.get("OBS.observation_id", "")
        loinc = code if is_loinc else loinc_of(code, "blood", unit)
        flags = tuple(filter(None, (one.value("OBS.interpretation_cd"),)))
        limits = one.value("OBS.normal_lo-hi_limit").strip("[]").replace(";", " - ")
        notes = " ".join(filter(None, (part.value("NTE.text") for part in one.all("NTE"))))
        yield Result(
            self._name,
            loinc or code,
            value,
            at.at,
            unit,
            LOINC if loinc else "",
            label or code,
            flags=() if flags == ("N",) else flags,
            reference_range=limits,
            comment=notes,
            **about,  # type: ignore[arg-type]
        )


def _person(patient: Element) -> str:
    """Return what a device says of a person beside the number."""
    said = [value for key, value in patient.fields.items() if key in ("PT.name", "PT.birth_date", "PT.gender_cd")]
    names = [value for part in patient.parts if part.name == "PT.name" for value in part.fields.values()]
    return " ".join((*names, *said))[:200]
