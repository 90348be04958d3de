"""Files from a folder, a CD or a stick: each is looked at by itself, and one bad file never stops the others."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec
from pydicom.dataset import Dataset
from pydicom.uid import MediaStorageDirectoryStorage

from clinic_app.foundation.errors import ClinicError, UnreadableFileError
from clinic_app.foundation.folding import name_keys
from clinic_app.foundation.texts import Text
from clinic_app.imaging.frame import frame_of
from clinic_app.imaging.reading import (
    HEAD_BYTES,
    LARGEST_FILE_BYTES,
    MOST_FRAMES,
    check_mark,
    check_pixels,
    frame_count,
    number_of,
    read_dataset,
    text_of,
    uid_of,
)
from clinic_app.records import (
    Coding,
    Extension,
    Identifier,
    ImagingStudy,
    ImagingStudyInstance,
    ImagingStudySeries,
    Patient,
    reference_to,
)
from clinic_app.terminology.systems import CONTENT_SHA256, DCM, DICOM_UID

FRAMES: Final = "urn:dala:number-of-frames"
"""Extension of an instance: how many pictures it has."""
MOST_FILES: Final = 50_000


@dataclass(frozen=True)
class Refusal:
    """A file that was not taken, and why."""

    name: str
    reason: Text


@dataclass(frozen=True)
class ImportReport:
    """What became of an import.

    Args:
        studies: what is stored now, if anything was filed.
        imported: files taken.
        refused: files not taken.
        names_in_files: patient names the files bear.
        is_filed: False where the names differ from the patient's and nobody has confirmed them yet.
    """

    studies: tuple[ImagingStudy, ...] = ()
    imported: int = 0
    refused: tuple[Refusal, ...] = ()
    names_in_files: tuple[str, ...] = ()
    is_filed: bool = True


@dataclass
class FoundInstance:
    """One readable file: where it belongs and what it is."""

    study_uid: str
    series_uid: str
    sop_uid: str
    sop_class: str
    modality: str
    study_description: str
    series_description: str
    series_number: int
    number: int
    frames: int
    started: datetime | None
    patient_name: str
    order: tuple[float, ...] = ()
    sha256: str = ""


@dataclass
class Harvest:
    """Everything a folder gave."""

    instances: list[FoundInstance] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)


def files_in(folder: Path) -> list[Path]:
    """Return the files below a folder in a stable order, at most `MOST_FILES`; links are not followed."""
    found: list[Path] = []
    for parent, folders, names in os.walk(folder):
        folders.sort()
        found += [Path(parent) / name for name in sorted(names)]
        if len(found) >= MOST_FILES:
            break
    return [path for path in found[:MOST_FILES] if path.is_file() and not path.is_symlink()]


def look_at(path: Path) -> tuple[bytes, FoundInstance] | None:
    """Return a file's bytes and what it is; None for a DICOMDIR, which only lists others.

    Raises:
        UnreadableFileError: it cannot be taken, and why.
    """
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE_BYTES:
            raise UnreadableFileError(Text("The file is too large."))
        with path.open("rb") as file:
            check_mark(file.read(HEAD_BYTES))
            file.seek(0)
            data = file.read(size)
    except OSError as error:
        raise UnreadableFileError(Text("The file cannot be read from its disk.")) from error
    dataset = read_dataset(data)
    if dataset.file_meta.get("MediaStorageSOPClassUID") == MediaStorageDirectoryStorage:
        return None
    found = _instance(dataset)
    check_pixels(dataset)
    for index in {0, found.frames - 1}:
        frame_of(dataset, index)
    return data, found


def refusal(path: Path, folder: Path, error: ClinicError) -> Refusal:
    """Return the refusal of one file, named as it lies in the folder."""
    return Refusal(path.relative_to(folder).as_posix(), error.text)


def is_same_person(patient: Patient, name_in_file: str) -> bool:
    """Return whether a name in a file can be the patient's: it shares two words, or the only one it has.

    Spellings in Cyrillic, Kazakh and Latin letters count as the same. A file without a name contradicts nobody.
    """
    theirs, ours = set(name_keys(name_in_file)), set(name_keys(patient.full_name))
    return not theirs or len(theirs & ours) >= min(2, len(theirs), len(ours))


def merged(known: ImagingStudy | None, patient: Patient, found: Iterable[FoundInstance], study_id: str) -> ImagingStudy:
    """Return the study with the found instances added; what it has already stays as it is."""
    instances = list(found)
    first = instances[0]
    study = known or ImagingStudy(
        id=study_id,
        status="available",
        identifier=(Identifier(system=DICOM_UID, value=f"urn:oid:{first.study_uid}"),),
        subject=reference_to(patient),
        started=first.started,
        description=first.study_description or None,
    )
    series = {each.uid: each for each in study.series}
    for uid in dict.fromkeys(each.series_uid for each in instances):
        ours = [each for each in instances if each.series_uid == uid]
        series[uid] = _series(series.get(uid), ours)
    ordered = tuple(sorted(series.values(), key=lambda each: (each.number or 0, each.uid)))
    modalities = dict.fromkeys(each.modality.code for each in ordered)
    return msgspec.structs.replace(
        study,
        series=ordered,
        modality=tuple(Coding(system=DCM, code=code) for code in modalities),
        number_of_series=len(ordered),
        number_of_instances=sum(len(each.instance) for each in ordered),
    )


def frames_of(instance: ImagingStudyInstance) -> int:
    """Return how many pictures an instance has; what another hospital says of it is believed up to `MOST_FRAMES`."""
    said = next((each.value_decimal or 1 for each in instance.extension if each.url == FRAMES), 1)
    return int(min(max(said, 1), MOST_FRAMES))


def sha256_of(instance: ImagingStudyInstance) -> str:
    """Return the digest an instance's bytes are stored under, or an empty string."""
    return next((each.value_string or "" for each in instance.extension if each.url == CONTENT_SHA256), "")


def _series(known: ImagingStudySeries | None, found: list[FoundInstance]) -> ImagingStudySeries:
    first = found[0]
    kept = list(known.instance) if known else []
    have = {each.uid for each in kept}
    fresh = sorted((each for each in found if each.sop_uid not in have), key=lambda each: each.order)
    for each in {each.sop_uid: each for each in fresh}.values():
        kept.append(_as_instance(each))
    kept.sort(key=lambda each: each.number or 0)  # what comes later may belong between what is here
    return ImagingStudySeries(
        uid=first.series_uid,
        number=known.number if known else first.series_number,
        modality=known.modality if known else Coding(system=DCM, code=first.modality or "OT"),
        description=(known.description if known else first.series_description) or None,
        number_of_instances=len(kept),
        started=known.started if known else first.started,
        instance=tuple(kept),
    )


def _as_instance(found: FoundInstance) -> ImagingStudyInstance:
    return ImagingStudyInstance(
        uid=found.sop_uid,
        sop_class=Coding(system="urn:ietf:rfc:3986", code=f"urn:oid:{found.sop_class}"),
        number=found.number,
        extension=(
            Extension(url=CONTENT_SHA256, value_string=found.sha256),
            Extension(url=FRAMES, value_decimal=Decimal(found.frames)),
        ),
    )


def _instance(dataset: Dataset) -> FoundInstance:
    number = _whole(dataset, "InstanceNumber")
    return FoundInstance(
        study_uid=uid_of(dataset, "StudyInstanceUID"),
        series_uid=uid_of(dataset, "SeriesInstanceUID"),
        sop_uid=uid_of(dataset, "SOPInstanceUID"),
        sop_class=uid_of(dataset, "SOPClassUID"),
        modality=text_of(dataset, "Modality")[:16],
        study_description=text_of(dataset, "StudyDescription"),
        series_description=text_of(dataset, "SeriesDescription"),
        series_number=_whole(dataset, "SeriesNumber"),
        number=number,
        frames=frame_count(dataset),
        started=_started(dataset),
        patient_name=text_of(dataset, "PatientName").replace("^", " ").strip(),
        order=(float(number), *_along_the_stack(dataset)),
    )


def _whole(dataset: Dataset, keyword: str) -> int:
    """Return a number that puts things in order; 0 for one that no record can hold (FHIR knows 32 bits)."""
    number = int(number_of(dataset, keyword, 0))
    return number if abs(number) < 1 << 31 else 0


def _along_the_stack(dataset: Dataset) -> Iterator[float]:
    """Yield where the slice lies along the stack, for files whose numbers say nothing."""
    yield number_of(dataset, "SliceLocation", 0)


def _started(dataset: Dataset) -> datetime | None:
    day, clock = text_of(dataset, "StudyDate"), text_of(dataset, "StudyTime") or "000000"
    try:
        moment = datetime.strptime(day + clock[:6].ljust(6, "0"), "%Y%m%d%H%M%S")  # noqa: DTZ007 - local, see below
        return moment.astimezone().astimezone(UTC)
    except (ValueError, OverflowError):
        return None
