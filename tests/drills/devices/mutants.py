"""The devices room with one promise broken: what the drill must find out, or it proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from clinic_app.devices.arrival_count import ArrivalCount
from clinic_app.devices.astm import frames as astm_frames
from clinic_app.devices.astm.parser import MessageReader
from clinic_app.devices.hl7.beds import Beds, Lying
from clinic_app.devices.hl7.message import Message
from clinic_app.devices.hl7.sources import Sources
from clinic_app.devices.lost_messages import LostMessages
from clinic_app.devices.serial_ecg import frames as ecg_frames
from clinic_app.devices.serial_ecg.parser import SerialEcgParser
from clinic_app.encounters import result_inbox
from clinic_app.encounters.received_result import ReceivedResult
from clinic_app.encounters.result_matching import Match, is_other_name
from clinic_app.records import Patient
from clinic_app.storage import Store


def _gaps_are_closed() -> tuple[Any, str, Any]:
    real = SerialEcgParser._place

    def place(self: SerialEcgParser, frame: ecg_frames.SampleFrame, rate_hz: float) -> int:
        real(self, frame, rate_hz)
        index = getattr(self, "_closed", 0)
        self._closed = index + frame.steps.shape[1]  # type: ignore[attr-defined]
        return int(index)

    return SerialEcgParser, "_place", place


def _holes_are_joined() -> tuple[Any, str, Any]:
    def place(self: ArrivalCount, length: int, at_s: float, *, is_after_hole: bool = False) -> int:
        self._next_index += length
        return self._next_index - length

    return ArrivalCount, "place", place


def _no_checksum() -> tuple[Any, str, Any]:
    def number(frame: bytes) -> int | None:
        is_framed = len(frame) > 5 and frame[0] == 2 and 0x30 <= frame[1] <= 0x37
        return frame[1] - 0x30 if is_framed else None

    return astm_frames, "frame_number", number


def _patient_inherited() -> tuple[Any, str, Any]:
    def forget(self: MessageReader) -> None:
        self._is_open = False
        self._last = None
        for name in ("_patient", "_order"):
            if not hasattr(self, name):
                setattr(self, name, None)
        self._delimiters = astm_delimiters()

    from clinic_app.devices.astm.records import Delimiters as astm_delimiters  # noqa: N813

    return MessageReader, "forget", forget


def _matched_by_name() -> tuple[Any, str, Any]:
    def matches(store: Store, result: ReceivedResult) -> tuple[Match, ...]:
        everybody = store.records.find(Patient)
        alike = [each for each in everybody if result.patient_text and not is_other_name(result.patient_text, each)]
        return tuple(Match(each, "iin", False) for each in alike[:1])

    return result_inbox, "matches_of", matches


def _parser_trips() -> tuple[Any, str, Any]:
    real = ecg_frames.unstuffed

    def unstuffed(data: bytes) -> bytes | None:
        plain = real(data)
        if plain is None:
            raise IndexError("index out of range")
        return plain

    return ecg_frames, "unstuffed", unstuffed


def _coarse_stamps() -> tuple[Any, str, Any]:
    def missing(self: LostMessages, waiting: object, next_index: int, now_s: float | None) -> int:
        return 0

    return LostMessages, "missing", missing


def _beds_by_name() -> tuple[Any, str, Any]:
    def lying(self: Beds, message: Message, now_s: float) -> Lying:
        return Lying(message.bed)

    return Beds, "lying", lying


def _silent_name_free() -> tuple[Any, str, Any]:
    real = Sources.name_for

    def name_for(self: Sources, wanted: str, address: tuple[str, int], *, is_told: bool = True) -> str:
        return real(self, wanted, address, is_told=True)

    return Sources, "name_for", name_for


MUTANTS: Final[dict[str, Callable[[], tuple[Any, str, Any]]]] = {
    "gaps-are-closed": _gaps_are_closed,
    "holes-are-joined": _holes_are_joined,
    "coarse-stamps-are-believed": _coarse_stamps,
    "beds-by-name-only": _beds_by_name,
    "a-silent-name-is-free": _silent_name_free,
    "no-checksum": _no_checksum,
    "patient-inherited": _patient_inherited,
    "matched-by-name": _matched_by_name,
    "parser-trips": _parser_trips,
}


@contextmanager
def broken(name: str) -> Iterator[None]:
    """Break one promise for the length of the block; an empty name breaks none."""
    if not name:
        yield
        return
    owner, attribute, other = MUTANTS[name]()
    real = getattr(owner, attribute)
    setattr(owner, attribute, other)
    try:
        yield
    finally:
        setattr(owner, attribute, real)
