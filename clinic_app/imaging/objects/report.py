"""A structured report as a tree to read.

Source: DICOM PS3.3 C.17.3 (content items), PS3.16 annex A (templates; every one is shown the same way: name and value).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pydicom.dataset import Dataset

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.display.elements import first_item, items_of, numbers_of
from clinic_app.imaging.objects.references import ImageReference, reference_of
from clinic_app.imaging.reading import text_of
from clinic_app.imaging.texts import AS_STATED, Reading, long_words_of, words_of

_DEEPEST: Final = 40
_MOST_NODES: Final = 20_000
_LONGEST: Final = 8000
_VALUES: Final = {
    "TEXT": "TextValue",
    "PNAME": "PersonName",
    "DATE": "Date",
    "TIME": "Time",
    "DATETIME": "DateTime",
    "UIDREF": "UID",
}
_UNITS: Final = {
    "1": "",
    "{pixels}": "px",
    "mm2": "mm²",
    "cm2": "cm²",
    "mm3": "mm³",
    "cm3": "cm³",
    "deg": "°",
    "[hnsf'U]": "HU",
    "mGy.cm": "mGy·cm",
    "Gy.m2": "Gy·m²",
    "dGy.cm2": "dGy·cm²",
}
_REFERENCES: Final = ("IMAGE", "COMPOSITE", "WAVEFORM")


@dataclass(frozen=True)
class ReportNode:
    """One item of a report.

    Args:
        name: what it is about, in the report's own words.
        value: what it says; empty for a heading.
        kind: its value type: ``TEXT``, ``NUM``, ``CONTAINER``, ``IMAGE`` and so on.
        children: what belongs to it.
        image: the picture it points at.
        code: what it is about, as a code: ``113830 DCM``; empty where none is told.
        number: of a ``NUM``, as the file has it; None where it is not told.
        unit: of the number, in UCUM.
    """

    name: str
    value: str
    kind: str
    children: tuple[ReportNode, ...] = ()
    image: ImageReference | None = None
    code: str = ""
    number: float | None = None
    unit: str = ""


@dataclass(frozen=True)
class Report:
    """A report.

    Args:
        root: its title and everything below.
        patient_name: as the file says.
        day: when it was written, ``YYYYMMDD``.
        is_complete: its author called it complete.
        is_verified: somebody has put his name under it.
        verifiers: who.
        sop_uid: of the file.
    """

    root: ReportNode
    patient_name: str
    day: str
    is_complete: bool
    is_verified: bool
    verifiers: tuple[str, ...]
    sop_uid: str


def report_of(dataset: Dataset, reading: Reading = AS_STATED) -> Report:
    """Return the report in a file.

    Raises:
        UnreadableFileError: there is none.
    """
    if not text_of(dataset, "ValueType"):
        raise UnreadableFileError(Text("The file holds no report that can be read."))
    signed = items_of(dataset, "VerifyingObserverSequence")
    return Report(
        root=_Reader(reading).node(dataset, 0),
        patient_name=words_of(dataset, "PatientName", reading).replace("^", " ").strip(),
        day=text_of(dataset, "ContentDate") or text_of(dataset, "StudyDate"),
        is_complete=text_of(dataset, "CompletionFlag") == "COMPLETE",
        is_verified=text_of(dataset, "VerificationFlag") == "VERIFIED",
        verifiers=tuple(words_of(each, "VerifyingObserverName", reading).replace("^", " ") for each in signed),
        sop_uid=text_of(dataset, "SOPInstanceUID"),
    )


class _Reader:
    """Goes down a tree, not too deep and not too wide."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._left = _MOST_NODES

    def node(self, item: Dataset, depth: int) -> ReportNode:
        self._left -= 1
        kind = text_of(item, "ValueType")
        children: tuple[ReportNode, ...] = ()
        if depth < _DEEPEST:
            below = items_of(item, "ContentSequence")
            children = tuple(self.node(each, depth + 1) for each in below if self._left > 0)
        image = None
        if kind in _REFERENCES and (pointed := first_item(item, "ReferencedSOPSequence")) is not None:
            image = reference_of(pointed)
        concept = first_item(item, "ConceptNameCodeSequence")
        number, unit = _number(item) if kind == "NUM" else (None, "")
        return ReportNode(
            _code_words(concept), self._value(item, kind), kind, children, image, _code(concept), number, unit
        )

    def _value(self, item: Dataset, kind: str) -> str:
        if kind == "NUM":
            return _measured(item)
        if kind == "CODE":
            return _code_words(first_item(item, "ConceptCodeSequence"))
        if kind in ("DATE", "TIME", "DATETIME"):
            return _moment(text_of(item, _VALUES[kind]), kind)
        if kind in _VALUES:
            return _long_text(item, _VALUES[kind], self._reading)
        if kind in ("SCOORD", "SCOORD3D"):
            return text_of(item, "GraphicType").capitalize()
        return ""


def _measured(item: Dataset) -> str:
    value = first_item(item, "MeasuredValueSequence")
    if value is None:
        return _code_words(first_item(item, "NumericValueQualifierCodeSequence"))
    numbers = numbers_of(value, "NumericValue")
    unit = first_item(value, "MeasurementUnitsCodeSequence")
    code = text_of(unit, "CodeValue") if unit is not None else ""
    shown = " ".join(f"{number:.6g}" for number in numbers)
    return f"{shown} {unit_words(code)}".strip()


def unit_words(code: str) -> str:
    """Return a unit as people write it, by its code in UCUM; an annotation in braces is no unit."""
    return _UNITS.get(code, "" if code.startswith("{") else code)


def _number(item: Dataset) -> tuple[float | None, str]:
    """Return the first number of an item and its unit."""
    value = first_item(item, "MeasuredValueSequence")
    if value is None:
        return None, ""
    unit = first_item(value, "MeasurementUnitsCodeSequence")
    code = text_of(unit, "CodeValue") if unit is not None else ""
    return next(iter(numbers_of(value, "NumericValue")), None), code


def _code(item: Dataset | None) -> str:
    return f"{text_of(item, 'CodeValue')} {text_of(item, 'CodingSchemeDesignator')}".strip() if item is not None else ""


def _code_words(item: Dataset | None) -> str:
    if item is None:
        return ""
    return text_of(item, "CodeMeaning") or text_of(item, "CodeValue") or text_of(item, "LongCodeValue")


def _long_text(item: Dataset, keyword: str, reading: Reading) -> str:
    """Return a text of the report; findings may be long."""
    if keyword == "PersonName":
        return words_of(item, keyword, reading).replace("^", " ").strip()
    return long_words_of(item, keyword, reading, most=_LONGEST)


def _moment(said: str, kind: str) -> str:
    """Return a DICOM date or time as it is read; anything else as it stands."""
    day, clock = (said, "") if kind == "DATE" else ("", said) if kind == "TIME" else (said[:8], said[8:])
    parts = []
    if len(day) == 8 and day.isdecimal():
        parts.append(f"{day[6:]}.{day[4:6]}.{day[:4]}")
    if clock[:4].isdecimal() and len(clock) >= 4:
        parts.append(f"{clock[:2]}:{clock[2:4]}")
    return " ".join(parts) or said
