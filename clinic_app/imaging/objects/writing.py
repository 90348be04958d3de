"""Making a DICOM file that speaks of pictures of somebody: patient and study are those of the pictures, as they stand.

Sources: DICOM PS3.3 C.7.1.1 (patient), C.7.2.1 (study), C.7.3.1 (series), C.12.1 (SOP common), PS3.10 7.1.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

from clinic_app.foundation.version import VERSION
from clinic_app.imaging.objects.references import ImageReference
from clinic_app.imaging.reading import READING_ERRORS

_OF_PATIENT: Final = ("PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex")
_OF_STUDY: Final = (
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "ReferringPhysicianName",
    "StudyID",
    "StudyDescription",
)
_NEEDED: Final = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", *_OF_STUDY[1:6])


def new_object(source: Dataset, sop_class: str, modality: str, description: str, at: datetime) -> Dataset:
    """Return a file's beginning.

    Args:
        source: a picture of the same study.
        sop_class: of the new file.
        modality: of its series.
        description: of its series.
        at: now, aware.
    """
    made = Dataset()
    for keyword in (*_OF_PATIENT, *_OF_STUDY):
        _copy(source, made, keyword)
    for keyword in _NEEDED:
        if keyword not in made:
            setattr(made, keyword, "")
    made.SpecificCharacterSet = "ISO_IR 192"
    made.SOPClassUID, made.SOPInstanceUID = UID(sop_class), generate_uid(prefix=None)
    made.SeriesInstanceUID, made.Modality, made.SeriesDescription = generate_uid(prefix=None), modality, description
    made.SeriesNumber, made.InstanceNumber = 900, 1
    local = at.astimezone()
    made.ContentDate = made.InstanceCreationDate = made.SeriesDate = local.strftime("%Y%m%d")
    made.ContentTime = made.InstanceCreationTime = made.SeriesTime = local.strftime("%H%M%S")
    made.TimezoneOffsetFromUTC = local.strftime("%z")
    made.Manufacturer, made.ManufacturerModelName, made.SoftwareVersions = "Dala", "Dala", VERSION
    return made


def saved(dataset: Dataset) -> bytes:
    """Return a dataset as the bytes of a file."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.ImplementationVersionName = "DALA"
    target = io.BytesIO()
    dataset.save_as(target, enforce_file_format=True)
    return target.getvalue()


def coded(value: str, scheme: str, meaning: str) -> Dataset:
    """Return a code as an item."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def referenced(image: ImageReference) -> Dataset:
    """Return a picture as an item of a referencing sequence."""
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = image.sop_class, image.sop_uid
    if image.frames:
        item.ReferencedFrameNumber = list(image.frames)
    return item


def series_items(images: Sequence[tuple[str, ImageReference]]) -> Items:
    """Return series and the pictures of each (PS3.3 C.11.11.1)."""
    found = []
    for uid in dict.fromkeys(series for series, _image in images):
        item = Dataset()
        item.SeriesInstanceUID = uid
        files = {image.sop_uid: image for series, image in images if series == uid}
        frames = {each: _frames(images, each) for each in files}
        item.ReferencedImageSequence = Items(
            [referenced(ImageReference(each, frames[each], image.sop_class)) for each, image in files.items()]
        )
        found.append(item)
    return Items(found)


def evidence_items(source: Dataset, images: Sequence[tuple[str, ImageReference]]) -> Items:
    """Return a study, its series and the files of each (PS3.3 table C.17.2.1)."""
    study = Dataset()
    study.StudyInstanceUID = source.StudyInstanceUID
    series = []
    for each in series_items(images):
        item = Dataset()
        item.SeriesInstanceUID = each.SeriesInstanceUID
        item.ReferencedSOPSequence = each.ReferencedImageSequence
        for pointed in item.ReferencedSOPSequence:
            pointed.pop("ReferencedFrameNumber", None)
        series.append(item)
    study.ReferencedSeriesSequence = Items(series)
    return Items([study])


def _frames(images: Sequence[tuple[str, ImageReference]], sop_uid: str) -> tuple[int, ...]:
    found = [image.frames for _series, image in images if image.sop_uid == sop_uid]
    return () if () in found else tuple(sorted({number for each in found for number in each}))


def _copy(source: Dataset, made: Dataset, keyword: str) -> None:
    """Copy a text as it is read, so that the new file's letters are those its own character set has."""
    try:
        value = source.get(keyword)
    except READING_ERRORS:
        return
    if value is not None:
        setattr(made, keyword, str(value))
