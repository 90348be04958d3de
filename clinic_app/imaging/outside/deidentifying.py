"""A DICOM file without its patient: what is on the list stays, every identifier is another one, every day is moved.

Nothing of the original is edited: a new file is made of what may stay, so that what nobody thought of is not in it.
Sources: DICOM PS3.15 annex E; PS3.3 C.12.1.1.1 (Patient Identity Removed), CID 7050.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pydicom.datadict import keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence as Items
from pydicom.tag import BaseTag
from pydicom.uid import UID

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.objects.kinds import Kind, kind_of
from clinic_app.imaging.outside.coded_words import standard_code
from clinic_app.imaging.outside.kept_elements import KEPT, NUMBERED, TEXTS, WORDS
from clinic_app.imaging.outside.pseudonyms import Pseudonyms, moved, moved_moment
from clinic_app.imaging.reading import READING_ERRORS, damaged, text_of, uid_of

METHOD: Final = "Dala: PS3.15 Basic Profile, only listed elements kept"
_MOST_DEPTH: Final = 12
_STANDARD: Final = "1.2.840.10008."
_CODE_STRING: Final = re.compile(r"[A-Z0-9_ ]{0,16}")
_DECIMAL: Final = re.compile(r"[-+0-9.eE ]{1,16}")
_NUMBERS: Final = frozenset(("US", "SS", "UL", "SL", "FL", "FD", "AT", "UV", "SV"))
_BYTES: Final = frozenset(("OB", "OW", "OF", "OD", "OL", "OV"))
_TEXTS: Final = frozenset(("LO", "SH", "ST", "LT", "UT", "UC", "PN"))
_EMPTY: Final = (
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "ReferringPhysicianName",
    "StudyID",
    "Manufacturer",
    "PositionReferenceIndicator",
)
"""Which the standard wants in every image, but not with a value."""
_NAMING: Final = (
    "PatientName",
    "PatientID",
    "OtherPatientIDs",
    "OtherPatientNames",
    "PatientBirthName",
    "PatientMotherBirthName",
    "PatientAddress",
    "PatientTelephoneNumbers",
    "AccessionNumber",
    "InstitutionName",
    "InstitutionAddress",
    "ReferringPhysicianName",
    "PerformingPhysicianName",
    "NameOfPhysiciansReadingStudy",
    "OperatorsName",
    "PatientBirthDate",
    "MedicalRecordLocator",
    "PatientInsurancePlanCodeSequence",
)
"""Whose words are looked for in what stays."""
_LEAST_WORD: Final = 4
_WORD: Final = re.compile(r"\w+")
_BASIC: Final = ("113100", "Basic Application Confidentiality Profile")
_CLEAN_PIXELS: Final = ("113101", "Clean Pixel Data Option")
_MODIFIED_DATES: Final = ("113107", "Retain Longitudinal Temporal Information Modified Dates Option")


@dataclass(frozen=True)
class Wish:
    """How somebody wants files without their patient.

    Args:
        keeps_days: moments are moved and keep their distances; else they are left out.
        with_texts: reports, documents and marks go along as they were written, on his word.
        with_overlays: drawings over the picture go along.
    """

    keeps_days: bool = True
    with_texts: bool = False
    with_overlays: bool = False


def why_not(sop_class: str, wish: Wish) -> Text | None:
    """Return why a file of a SOP class does not leave without its patient; None where it can."""
    kind: Kind = kind_of(sop_class)
    if kind in ("picture", "segmentation", "structures", "tracing") or wish.with_texts:
        return None
    return {
        "report": Text("A report is written by people and may name the patient anywhere; it stays here."),
        "key object": Text("A choice of images carries somebody's words; it stays here."),
        "presentation": Text("Kept views carry words written on the picture; they stay here."),
        "document": Text("A document is a page that cannot be looked through for names; it stays here."),
    }[kind]


def without_patient(source: Dataset, names: Pseudonyms, wish: Wish, *, is_looked_at: bool = False) -> Dataset:
    """Return a new file of what may stay of one; its pixels are those of the source.

    Args:
        source: as `reading.read_dataset` gave it.
        names: of this export.
        wish: what else may stay.
        is_looked_at: somebody has seen that no letters are burned into the pixels, or has blackened them.

    Raises:
        UnreadableFileError: it does not say what it is, or there is nothing in it that may stay.
    """
    sop_class = uid_of(source, "SOPClassUID")
    patient = text_of(source, "PatientID") or text_of(source, "PatientName")
    made = _Making(names, wish, patient, frozenset(_naming_words(source))).item(source)
    holds = ("PixelData", "WaveformSequence", "StructureSetROISequence", "EncapsulatedDocument", "ContentSequence")
    if not wish.with_texts and not any(keyword in made for keyword in holds):
        raise UnreadableFileError(Text("There is no picture in this file; what else it holds stays here."))
    made.SOPClassUID = UID(sop_class)
    for keyword in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        setattr(made, keyword, names.uid(text_of(source, keyword)))
    for keyword in _EMPTY:
        setattr(made, keyword, "")
    for keyword in ("StudyDate", "StudyTime"):
        if keyword not in made:
            setattr(made, keyword, "")
    made.PatientName, made.PatientID = names.patient_name(patient), names.patient_id(patient)
    _say_what_was_done(made, wish, is_looked_at=is_looked_at)
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = source.file_meta.TransferSyntaxUID
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    return made


def _say_what_was_done(made: Dataset, wish: Wish, *, is_looked_at: bool) -> None:
    made.PatientIdentityRemoved = "YES"
    made.DeidentificationMethod = METHOD
    codes = [_BASIC, *([_CLEAN_PIXELS] if is_looked_at else []), *([_MODIFIED_DATES] if wish.keeps_days else [])]
    made.DeidentificationMethodCodeSequence = Items([_code(*each) for each in codes])
    made.LongitudinalTemporalInformationModified = "MODIFIED" if wish.keeps_days else "REMOVED"
    if is_looked_at and "PixelData" in made:
        made.BurnedInAnnotation = "NO"


def _code(value: str, meaning: str, scheme: str = "DCM") -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


class _Making:
    """Makes one new file.

    Args:
        names: the new names.
        wish: what may stay.
        patient: whose files are moved by the same days.
        named: words that may stand nowhere.
    """

    def __init__(self, names: Pseudonyms, wish: Wish, patient: str, named: frozenset[str]) -> None:
        self._names, self._wish, self._named = names, wish, named
        self._shift = names.shift(patient)
        self._kept = KEPT | TEXTS if wish.with_texts else KEPT

    def item(self, source: Dataset, depth: int = 0) -> Dataset:
        """Return what may stay of a dataset, or of an item of a sequence."""
        made = Dataset()
        if depth > _MOST_DEPTH:
            return made
        for tag in sorted(source.keys()):
            keyword = self._keyword(tag)
            if not keyword:
                continue
            try:
                element = source[tag]
                found = self._element(element, keyword, source, depth)
            except READING_ERRORS:
                continue  # what cannot be read does not stay
            if found is not None:
                made[tag] = found
        return made

    def _keyword(self, tag: BaseTag) -> str:
        """Return the keyword of an element that may stay; empty for any other, and for all private ones."""
        if tag.is_private:
            return ""
        if self._wish.with_overlays and 0x6000 <= tag.group <= 0x60FF and tag.group % 2 == 0:
            return "OverlayData"
        keyword = keyword_for_tag(tag)
        return keyword if keyword in self._kept else ""

    def _element(self, element: DataElement, keyword: str, item: Dataset, depth: int) -> DataElement | None:
        kind, value = element.VR, element.value
        if kind == "SQ":
            return self._sequence(element, keyword, depth)
        if kind == "UI":
            return self._identifiers(element)
        if kind in _NUMBERS:
            return DataElement(element.tag, kind, value)
        if kind in _BYTES:
            return self._plain(element)
        if kind in ("DS", "IS"):
            return _numbers(element)
        if kind == "CS":
            words = [str(each) for each in _each(value)]
            is_sound = all(_CODE_STRING.fullmatch(word) for word in words) and not self._names_somebody(words)
            return DataElement(element.tag, kind, value) if is_sound else None
        if kind in ("DA", "TM", "DT"):
            return self._moment(element, keyword, item)
        return self._words(element, keyword)

    def _plain(self, element: DataElement) -> DataElement:
        made = DataElement(element.tag, element.VR, element.value)
        made.is_undefined_length = element.is_undefined_length
        return made

    def _sequence(self, element: DataElement, keyword: str, depth: int) -> DataElement | None:
        found = []
        for item in element.value:
            if "CodeMeaning" in item or keyword.endswith("CodeSequence"):
                code = standard_code(item)
                if code is not None:
                    found.append(_code(code.value, code.meaning, code.scheme))
                continue
            made = self.item(item, depth + 1)
            if keyword in ("SegmentSequence", "StructureSetROISequence"):
                _number_names(made, keyword, len(found) + 1)
            found.append(made)
        return DataElement(element.tag, "SQ", Items(found)) if found else None

    def _identifiers(self, element: DataElement) -> DataElement:
        new = [
            str(each) if _is_of_the_standard(element.keyword, str(each)) else self._names.uid(str(each))
            for each in _each(element.value)
            if str(each)
        ]
        return DataElement(element.tag, "UI", new if len(new) != 1 else new[0])

    def _moment(self, element: DataElement, keyword: str, item: Dataset) -> DataElement | None:
        if not self._wish.keeps_days:
            return None
        if element.VR == "DT":
            new = moved_moment(str(element.value), self._shift)
        elif element.VR == "DA":
            new = moved(str(element.value), text_of(item, f"{keyword[:-4]}Time"), self._shift)[0]
        else:
            new = moved(text_of(item, f"{keyword[:-4]}Date"), str(element.value), self._shift)[1]
        return DataElement(element.tag, element.VR, new) if new else None

    def _words(self, element: DataElement, keyword: str) -> DataElement | None:
        """Return a text that may stay: one of the standard's words, or, on somebody's wish, what was written."""
        if keyword in WORDS:
            return DataElement(
                element.tag, element.VR, str(element.value) if str(element.value) in WORDS[keyword] else "US"
            )
        if keyword in NUMBERED:
            return DataElement(element.tag, element.VR, NUMBERED[keyword])
        if element.VR not in _TEXTS or not self._wish.with_texts or element.VR == "PN":
            return None
        text = _WORD.sub(
            lambda found: "…" if found.group().casefold() in self._named else found.group(), str(element.value)
        )
        return DataElement(element.tag, element.VR, text)

    def _names_somebody(self, words: list[str]) -> bool:
        return any(part in self._named for word in words for part in _parts(word))


def _is_of_the_standard(keyword: str, uid: str) -> bool:
    is_class = keyword.endswith("ClassUID") or keyword in ("TransferSyntaxUID", "MappingResourceUID")
    return is_class and uid.startswith(_STANDARD) and UID(uid).name != uid


def _numbers(element: DataElement) -> DataElement | None:
    values: list[Any] = []
    for each in _each(element.value):
        said = str(each)
        if not _DECIMAL.fullmatch(said) or not math.isfinite(float(said)):
            return None
        values.append(each)
    return DataElement(element.tag, element.VR, values if len(values) != 1 else values[0])


def _number_names(made: Dataset, keyword: str, number: int) -> None:
    label = "SegmentLabel" if keyword == "SegmentSequence" else "ROIName"
    setattr(made, label, f"{NUMBERED[label]} {number}")


def _each(value: Any) -> list[Any]:  # noqa: ANN401 - of any element
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, (MultiValue, list)) else [value]


def _naming_words(source: Dataset) -> Iterator[str]:
    """Yield the words by which the file names people and places, as they are compared."""
    for keyword in _NAMING:
        yield from _parts(text_of(source, keyword))


def _parts(text: str) -> Iterator[str]:
    for word in _WORD.findall(text.replace("_", " ")):
        if len(word) >= _LEAST_WORD:
            yield word.casefold()


def checked(made: Dataset) -> None:
    """Return if a new file is what it says.

    Raises:
        UnreadableFileError: it still holds something of a person.
    """
    if text_of(made, "PatientIdentityRemoved") != "YES" or any(tag.is_private for tag in made.keys()):  # noqa: SIM118
        raise damaged()
