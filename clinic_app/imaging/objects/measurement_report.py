"""What somebody measured on the pictures of a study, as a structured report that any archive keeps, and back again.

Each mark is a measurement group (PS3.16 TID 1500 with groups as TID 1501): its tracking identifier, the coordinates of
its points on the picture (SCOORD), and its numbers with their units, beside each millimetre who says how large a pixel
is. A code of our own names the kind of the mark, so that it comes back as one that can be changed. Numbers that are
read back are not believed: they are measured anew on the stored pixels.

Sources: DICOM PS3.3 A.35.3 (Comprehensive SR), C.17.3, C.18.6 (spatial coordinates); PS3.16 TID 1500, CID 12005; UCUM.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.display.elements import first_item, items_of, numbers_of
from clinic_app.imaging.measuring.marks import KINDS, LONGEST_WORDS, MOST_POINTS, Kind, Mark, MarkLayer, Point
from clinic_app.imaging.measuring.measured import Measured, Value
from clinic_app.imaging.measuring.outlines import corners
from clinic_app.imaging.objects.kinds import COMPREHENSIVE_REPORT
from clinic_app.imaging.objects.references import ImageReference, reference_of
from clinic_app.imaging.objects.writing import coded, evidence_items, new_object
from clinic_app.imaging.reading import text_of
from clinic_app.imaging.texts import AS_STATED, Reading, long_words_of, words_of

OWN: Final = "99DALA"
_TITLE: Final = ("126000", "DCM", "Imaging Measurement Report")
_ALL: Final = ("126010", "DCM", "Imaging Measurements")
_GROUP: Final = ("125007", "DCM", "Measurement Group")
_NAME: Final = ("112039", "DCM", "Tracking Identifier")
_UID: Final = ("112040", "DCM", "Tracking Unique Identifier")
_OBSERVER: Final = ("121008", "DCM", "Person Observer Name")
_COMMENT: Final = ("121106", "DCM", "Comment")
_METHOD: Final = ("370129005", "SCT", "Measurement Method")
_KIND: Final = ("MARK", OWN, "Kind of mark")
_PLACE: Final = ("POINTS", OWN, "Points of the mark")
_KNOWN: Final = ("KNOWN", OWN, "Known length")
_NUMBERS: Final = {
    "Length": ("410668003", "SCT", "Length"),
    "Area": ("42798000", "SCT", "Area"),
    "Angle": ("1483009", "SCT", "Angle"),
    "Cobb's angle": ("285285000", "SCT", "Cobb angle"),
    "Mean": ("373098007", "SCT", "Mean"),
    "SD": ("386136009", "SCT", "Standard Deviation"),
    "Least": ("255605001", "SCT", "Minimum"),
    "Greatest": ("56851009", "SCT", "Maximum"),
    "Circumference": ("131191004", "SCT", "Perimeter"),
    "Long axis": ("103339001", "SCT", "Long Axis"),
    "Short axis": ("103340004", "SCT", "Short Axis"),
    "HC": ("11984-0", "LN", "Head Circumference"),
    "OFD": ("11851-1", "LN", "Occipital-Frontal Diameter"),
    "BPD": ("11820-8", "LN", "Biparietal Diameter"),
    "Cephalic index": ("11823-2", "LN", "Cephalic Index"),
}
_UNITS: Final = {
    "mm": ("mm", "millimeter"),
    "mm²": ("mm2", "square millimeter"),
    "px": ("{pixels}", "pixels"),
    "px²": ("{pixels}2", "square pixels"),
    "°": ("deg", "degree"),
    "HU": ("[hnsf'U]", "Hounsfield unit"),
    "ms": ("ms", "millisecond"),
    "cm/s": ("cm/s", "centimeter per second"),
    "Hz": ("Hz", "hertz"),
    "%": ("%", "percent"),
    "": ("1", "no units"),
}
_MOST_GROUPS: Final = 1000
_MOST_PARTS: Final = 64


@dataclass(frozen=True)
class Kept:
    """A mark as it is written down.

    Args:
        mark: itself.
        found: what it measures.
        image: the picture it is on.
    """

    mark: Mark
    found: Measured
    image: ImageReference


def write_measurements(
    source: Dataset,
    images: Sequence[tuple[str, ImageReference]],
    kept: Sequence[Kept],
    *,
    author: str,
    at: datetime,
    before: Sequence[str] = (),
) -> Dataset:
    """Return a measurement report, to be numbered and saved by who keeps it.

    Args:
        source: one of the pictures: patient and study are taken from it as they stand there.
        images: series UID and picture of each that is spoken of.
        kept: the marks.
        author: who measured.
        at: now.
        before: SOP Instance UIDs of the reports this one takes the place of.
    """
    made = new_object(source, COMPREHENSIVE_REPORT, "SR", "Measurements", at)
    made.ValueType, made.ContinuityOfContent = "CONTAINER", "SEPARATE"
    made.CompletionFlag, made.VerificationFlag = "PARTIAL", "UNVERIFIED"
    made.ConceptNameCodeSequence = Items([coded(*_TITLE)])
    template = Dataset()
    template.MappingResource, template.TemplateIdentifier = "DCMR", "1500"
    made.ContentTemplateSequence = Items([template])
    made.ReferencedRequestSequence = Items([])
    made.PerformedProcedureCodeSequence = made.ReferencedPerformedProcedureStepSequence = Items([])
    made.CurrentRequestedProcedureEvidenceSequence = evidence_items(source, images)
    if before:
        made.PredecessorDocumentsSequence = _documents(source, str(made.SeriesInstanceUID), before)
    observer = _item("HAS OBS CONTEXT", "PNAME", _OBSERVER, PersonName=author.replace(" ", "^"))
    groups = [_group(each) for each in kept]
    made.ContentSequence = Items([observer, _item("CONTAINS", "CONTAINER", _ALL, groups)])
    return made


def measurements_of(dataset: Dataset, reading: Reading = AS_STATED) -> MarkLayer:
    """Return the marks of a report; those that cannot be drawn, and what is no mark, are left out.

    Raises:
        UnreadableFileError: it is no report of measurements.
    """
    title = first_item(dataset, "ConceptNameCodeSequence")
    if title is None or text_of(title, "CodeValue") != _TITLE[0]:
        raise UnreadableFileError(Text("The file holds no measurements."))
    author, marks = "", []
    for part in items_of(dataset, "ContentSequence")[:_MOST_PARTS]:
        if _is(part, _OBSERVER):
            author = words_of(part, "PersonName", reading).replace("^", " ").strip()
        elif _is(part, _ALL):
            read = (_mark(each, reading) for each in items_of(part, "ContentSequence")[:_MOST_GROUPS])
            marks += [mark for mark in read if mark is not None and mark.is_sound]
    return MarkLayer(author, _moment(dataset), tuple(marks), text_of(dataset, "SOPInstanceUID"))


def _group(kept: Kept) -> Dataset:
    mark = kept.mark
    parts = [
        _item("HAS OBS CONTEXT", "TEXT", _NAME, TextValue=mark.words[:64] or mark.kind),
        _item("HAS OBS CONTEXT", "UIDREF", _UID, UID=mark.uid),
        _item("CONTAINS", "CODE", _KIND, ConceptCodeSequence=Items([_kind_code(mark.kind)])),
    ]
    if mark.words:
        parts.append(_item("CONTAINS", "TEXT", _COMMENT, TextValue=mark.words))
    if mark.kind == "scale":
        parts.append(_number(_KNOWN, mark.known_mm, "mm"))
    parts += [_place(mark.kind, points, kept.image) for points in _runs(mark)]
    parts += [_measured(value) for value in kept.found.values]
    if kept.found.note is not None:
        parts.append(_item("CONTAINS", "TEXT", _METHOD, TextValue=kept.found.note.render("en")))
    return _item("CONTAINS", "CONTAINER", _GROUP, parts)


def _runs(mark: Mark) -> list[tuple[Point, ...]]:
    """Return the points as coordinates are written: areas closed, both lines of Cobb's angle for themselves."""
    if mark.kind == "cobb":
        return [mark.points[:2], mark.points[2:]]
    if mark.kind == "rectangle":
        edge = corners(mark.points)
        return [(*edge, edge[0])]
    return [(*mark.points, mark.points[0])] if mark.kind == "free" else [mark.points]


def _place(kind: Kind, points: Sequence[Point], image: ImageReference) -> Dataset:
    pointed = Dataset()
    pointed.ReferencedSOPClassUID, pointed.ReferencedSOPInstanceUID = image.sop_class, image.sop_uid
    if image.frames:
        pointed.ReferencedFrameNumber = list(image.frames)
    picture = Dataset()
    picture.RelationshipType, picture.ValueType = "SELECTED FROM", "IMAGE"
    picture.ReferencedSOPSequence = Items([pointed])
    made = _item("CONTAINS", "SCOORD", _PLACE, [picture])
    made.GraphicType = {"point": "POINT", "text": "POINT", "ellipse": "ELLIPSE", "head ellipse": "ELLIPSE"}.get(
        kind, "POLYLINE"
    )
    made.GraphicData = [value for point in points for value in point]
    return made


def _measured(value: Value) -> Dataset:
    name = value.name.render("en")
    made = _number(_NUMBERS.get(name, (name.upper()[:16], OWN, name)), value.number, value.unit)
    if value.origin is not None:
        words = value.origin.render("en")
        made.ContentSequence = Items([_item("HAS PROPERTIES", "TEXT", _METHOD, TextValue=words)])
    return made


def _number(name: tuple[str, str, str], number: float, unit: str) -> Dataset:
    made, value = _item("CONTAINS", "NUM", name), Dataset()
    value.NumericValue = f"{number:.8g}"[:16]
    value.FloatingPointValue = number
    code, meaning = _UNITS.get(unit, (f"{{{unit}}}"[:16], unit))
    value.MeasurementUnitsCodeSequence = Items([coded(code, "UCUM", meaning)])
    made.MeasuredValueSequence = Items([value])
    return made


def _item(
    relation: str, kind: str, name: tuple[str, str, str], parts: Sequence[Dataset] = (), **elements: object
) -> Dataset:
    made = Dataset()
    made.RelationshipType, made.ValueType = relation, kind
    made.ConceptNameCodeSequence = Items([coded(*name)])
    if kind == "CONTAINER":
        made.ContinuityOfContent = "SEPARATE"
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    if parts:
        made.ContentSequence = Items(parts)
    return made


def _kind_code(kind: Kind) -> Dataset:
    return coded(kind.upper(), OWN, kind)


def _documents(source: Dataset, series_uid: str, before: Sequence[str]) -> Items:
    images = [(series_uid, ImageReference(uid, sop_class=COMPREHENSIVE_REPORT)) for uid in before]
    return evidence_items(source, images)


def _mark(group: Dataset, reading: Reading) -> Mark | None:
    """Return the mark of a group; None for what is none, or is on no picture."""
    if not _is(group, _GROUP):
        return None
    kind, runs, found = "", [], Mark("point", ())
    for part in items_of(group, "ContentSequence")[:_MOST_PARTS]:
        if _is(part, _KIND) and (code := first_item(part, "ConceptCodeSequence")) is not None:
            kind = text_of(code, "CodeValue").lower()
        elif _is(part, _UID):
            found = replace(found, uid=text_of(part, "UID")[:64])
        elif _is(part, _COMMENT):
            found = replace(found, words=long_words_of(part, "TextValue", reading, most=LONGEST_WORDS))
        elif _is(part, _KNOWN) and (value := first_item(part, "MeasuredValueSequence")) is not None:
            found = replace(found, known_mm=next(iter(numbers_of(value, "NumericValue")), 0.0))
        elif _is(part, _PLACE):
            runs.append(_points(part))
            found = replace(found, **_picture_of(part))
    known = next((each for each in KINDS if each == kind), None)
    if known is None or not found.uid or not found.sop_uid:
        return None
    return replace(found, kind=known, points=_joined(known, runs))


def _joined(kind: Kind, runs: Sequence[tuple[Point, ...]]) -> tuple[Point, ...]:
    points = tuple(point for run in runs for point in run)
    if kind == "rectangle":
        return (points[0], points[2]) if len(points) == 5 else ()
    return points[:-1] if kind == "free" else points


def _points(part: Dataset) -> tuple[Point, ...]:
    numbers = numbers_of(part, "GraphicData", 2 * (MOST_POINTS + 1))
    if len(numbers) % 2 or len(numbers) > 2 * (MOST_POINTS + 1):
        return ()
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))


def _picture_of(part: Dataset) -> dict[str, Any]:
    for each in items_of(part, "ContentSequence")[:_MOST_PARTS]:
        pointed = first_item(each, "ReferencedSOPSequence")
        if text_of(each, "ValueType") == "IMAGE" and pointed is not None:
            image = reference_of(pointed)
            return {"sop_uid": image.sop_uid, "frame_number": image.frames[0] if image.frames else 1}
    return {}


def _is(part: Dataset, name: tuple[str, str, str]) -> bool:
    said = first_item(part, "ConceptNameCodeSequence")
    if said is None:
        return False
    return (text_of(said, "CodeValue"), text_of(said, "CodingSchemeDesignator")) == name[:2]


def _moment(dataset: Dataset) -> datetime | None:
    """Return when the report was written, aware; None where the file says nothing that is a time."""
    day, clock = text_of(dataset, "ContentDate"), text_of(dataset, "ContentTime")[:6].ljust(6, "0")
    zone = text_of(dataset, "TimezoneOffsetFromUTC") or "+0000"
    try:
        away = timedelta(hours=int(zone[:3]), minutes=int(zone[0] + zone[3:5]))
        return datetime.strptime(day + clock, "%Y%m%d%H%M%S").replace(tzinfo=timezone(away))
    except (ValueError, IndexError):
        return None
