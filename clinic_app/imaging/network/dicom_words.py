"""Questions to an archive and its answers, as DICOM writes them.

Source: DICOM PS3.4, C.6.2 (Study Root), PS3.3, C.12.1.1.2 (character sets).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal

from pydicom.dataset import Dataset

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.imaging.intake.identity import person_of
from clinic_app.imaging.network.found import FoundSeries, FoundStudy, Wanted
from clinic_app.imaging.reading import number_of, text_of, uid_of
from clinic_app.imaging.texts import AS_STATED, Reading, name_of, proposal_for, words_of

Level = Literal["STUDY", "SERIES", "IMAGE"]
_UTF8: Final = "ISO_IR 192"
_STUDY_KEYS: Final = (
    "StudyInstanceUID", "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex", "StudyDate",
    "StudyTime", "AccessionNumber", "StudyDescription", "ModalitiesInStudy", "NumberOfStudyRelatedInstances",
)  # fmt: skip
_SERIES_KEYS: Final = (
    "SeriesInstanceUID", "Modality", "SeriesNumber", "SeriesDescription", "NumberOfSeriesRelatedInstances",
)  # fmt: skip
_IMAGE_KEYS: Final = ("SOPInstanceUID", "SOPClassUID")
_DAY: Final = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})", re.ASCII)
_MOST_MODALITIES: Final = 16


def question(
    level: Level,
    wanted: Wanted | None = None,
    name: str = "",
    *,
    study_uid: str = "",
    series_uid: str = "",
    images: Sequence[str] = (),
) -> Dataset:
    """Return a question.

    Args:
        level: of what.
        wanted: what somebody looks for, for studies.
        name: the name in one spelling.
        study_uid: of which study.
        series_uid: of which series.
        images: which images, to fetch them.
    """
    asked = Dataset()
    asked.QueryRetrieveLevel = level
    asked.SpecificCharacterSet = _UTF8
    if images:
        asked.SOPInstanceUID = list(images)
    else:
        for keyword in {"STUDY": _STUDY_KEYS, "SERIES": _SERIES_KEYS, "IMAGE": _IMAGE_KEYS}[level]:
            setattr(asked, keyword, None)
    if study_uid:
        asked.StudyInstanceUID = study_uid
    if series_uid:
        asked.SeriesInstanceUID = series_uid
    if wanted is not None:
        asked.PatientName, asked.PatientID = name, wanted.patient_id
        asked.AccessionNumber, asked.StudyDate = wanted.accession, wanted.days
        asked.ModalitiesInStudy = wanted.modality
    return asked


def study_of(answer: Dataset) -> FoundStudy | None:
    """Return the study an answer tells of, or None for one that tells of none."""
    try:
        uid = uid_of(answer, "StudyInstanceUID")
    except UnreadableFileError:
        return None
    reading = _reading(answer)
    modalities = re.split(r"[\\,'\[\] ]+", text_of(answer, "ModalitiesInStudy"))
    return FoundStudy(
        uid,
        person_of(answer, name_of(answer, reading)),
        text_of(answer, "AccessionNumber").strip()[:64],
        _day(text_of(answer, "StudyDate")),
        words_of(answer, "StudyDescription", reading)[:120],
        tuple(dict.fromkeys(each[:16] for each in modalities if each))[:_MOST_MODALITIES],
        int(number_of(answer, "NumberOfStudyRelatedInstances", -1)),
    )


def series_of(answer: Dataset, study_uid: str) -> FoundSeries | None:
    """Return the series an answer tells of; None for one that tells of none, or of another study."""
    try:
        uid = uid_of(answer, "SeriesInstanceUID")
    except UnreadableFileError:
        return None
    if text_of(answer, "StudyInstanceUID") not in ("", study_uid):
        return None
    return FoundSeries(
        uid,
        text_of(answer, "Modality")[:16],
        int(number_of(answer, "SeriesNumber", 0)),
        words_of(answer, "SeriesDescription", _reading(answer))[:120],
        int(number_of(answer, "NumberOfSeriesRelatedInstances", -1)),
    )


def image_of(answer: Dataset) -> tuple[str, str] | None:
    """Return the UID of an image and its kind, empty where the archive does not say."""
    try:
        return uid_of(answer, "SOPInstanceUID"), text_of(answer, "SOPClassUID")
    except UnreadableFileError:
        return None


def _reading(answer: Dataset) -> Reading:
    """Return how the letters of an answer are read; nothing is kept of it, so nobody need be asked."""
    proposal = proposal_for(answer)
    return Reading(proposal.encoding) if proposal else AS_STATED


def _day(text: str) -> str:
    found = _DAY.fullmatch(text.strip())
    return "-".join(found.groups()) if found else ""
