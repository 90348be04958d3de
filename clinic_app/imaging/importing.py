"""What a file is, and the study it belongs to: each file is looked at by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

import msgspec
from pydicom.dataset import Dataset
from pydicom.uid import MediaStorageDirectoryStorage

from clinic_app.foundation.apart import HERE, Apart
from clinic_app.foundation.errors import NotFoundError, UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.fragments import extent_of
from clinic_app.imaging.frame import frame_of
from clinic_app.imaging.intake.identity import PersonInFile, person_of
from clinic_app.imaging.intake.sources import Refusal, SourceFile
from clinic_app.imaging.objects.kinds import kind_of
from clinic_app.imaging.objects.pages import page_count
from clinic_app.imaging.objects.readable import is_readable
from clinic_app.imaging.objects.video import is_video
from clinic_app.imaging.reading import (
    MOST_FRAMES,
    check_pixels,
    damaged,
    frame_count,
    number_of,
    read_dataset,
    text_of,
    uid_of,
)
from clinic_app.imaging.texts import ENCODINGS, Proposal, Reading, name_of, proposal_for, words_of
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
from clinic_app.terminology.systems import BODY_PART, CONTENT_SHA256, DCM, DICOM_UID

FRAMES: Final = "urn:dala:number-of-frames"
"""Extension of an instance: how many pictures it has."""
TEXT_ENCODING: Final = "urn:dala:text-encoding"
"""Extension of an instance: the encoding of its texts, on somebody's word and against the file's own."""


@dataclass(frozen=True)
class ImportReport:
    """What became of an import.

    Args:
        studies: what is stored now, if anything was filed.
        imported: files taken.
        known: files that were here already.
        refused: files not taken.
        names_in_files: patient names the files bear.
        is_filed: False where somebody has yet to say whose images they are, or how their letters are to be read.
        damaged: files that were taken although something of them is missing, and what.
        proposals: how the letters of files are probably to be read where what they say of them is wrong.
    """

    studies: tuple[ImagingStudy, ...] = ()
    imported: int = 0
    refused: tuple[Refusal, ...] = ()
    names_in_files: tuple[str, ...] = ()
    is_filed: bool = True
    damaged: tuple[Refusal, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    known: int = 0


@dataclass
class FoundInstance:
    """One readable file: where it belongs, what it is, and how it was called where it lay."""

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
    encoding: str = ""
    proposal: Proposal | None = None
    damage: Text | None = None
    person: PersonInFile = field(default_factory=PersonInFile)
    accession: str = ""
    body_part: str = ""
    name: str = ""


def look_at(file: SourceFile, apart: Apart = HERE, rule: str = "") -> tuple[bytes, FoundInstance] | None:
    """Return a file's bytes and what it is; None for a DICOMDIR, which only lists others.

    Args:
        file: it.
        apart: decodes it.
        rule: the encoding of texts whose files are wrong about it, by the site's rule; empty: somebody is asked.

    Raises:
        UnreadableFileError: it cannot be taken, and why.
    """
    data = file.content()
    dataset = read_dataset(data)
    if text_of(dataset.file_meta, "MediaStorageSOPClassUID") == MediaStorageDirectoryStorage:
        return None
    proposal = proposal_for(dataset)
    reading = Reading(rule if proposal else "")
    found = _instance(dataset, reading)
    found.encoding, found.proposal = reading.encoding, None if rule else proposal
    kind = kind_of(found.sop_class)
    if kind == "document":
        found.frames = page_count(dataset, apart)
    elif kind == "picture" and is_video(dataset):
        found.frames = 1  # kept and given out as it is; nothing of it is decoded here
    elif kind == "picture":
        _look_at_pictures(dataset, found, apart)
    elif kind != "segmentation" and not is_readable(dataset, kind):
        raise UnreadableFileError(Text("The file holds nothing that can be shown."))
    return data, found


def described(dataset: Dataset, stand_in: str = "") -> FoundInstance:
    """Return what a file is that was made here, or that is only looked at.

    Args:
        dataset: the file.
        stand_in: taken for identifiers it does not have.

    Raises:
        UnreadableFileError: it lacks one and there is no stand-in.
    """
    return _instance(dataset, Reading(), stand_in)


def reread(found: FoundInstance, dataset: Dataset, encoding: str) -> FoundInstance:
    """Return what a file is with its texts read in an encoding somebody agreed to."""
    anew = _instance(dataset, Reading(encoding))
    return replace(
        anew, frames=found.frames, sha256=found.sha256, damage=found.damage, name=found.name, encoding=encoding
    )


def _look_at_pictures(dataset: Dataset, found: FoundInstance, apart: Apart) -> None:
    """Take a file if one of its first, middle and last pictures can be seen.

    Raises:
        UnreadableFileError: none of them can.
    """
    check_pixels(dataset)
    extent = extent_of(dataset)
    found.frames = extent.usable
    seen, last_error = 0, damaged()
    probes = sorted({0, found.frames // 2, found.frames - 1})
    for index in probes:
        try:
            frame = frame_of(dataset, index, apart)
            seen += 1
            found.damage = found.damage or next(iter(frame.notes), None)
        except UnreadableFileError as error:
            last_error = error
    if not seen:
        raise last_error
    if seen < len(probes):
        found.damage = Text("Some images of this file are damaged; the others are shown.")


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


def encoding_of(instance: ImagingStudyInstance) -> str:
    """Return the encoding of an instance's texts on somebody's word, or an empty string: as the file says."""
    said = next((each.value_string or "" for each in instance.extension if each.url == TEXT_ENCODING), "")
    return said if said in ENCODINGS else ""


def sha256_of(instance: ImagingStudyInstance) -> str:
    """Return the digest an instance's bytes are stored under, or an empty string."""
    return next((each.value_string or "" for each in instance.extension if each.url == CONTENT_SHA256), "")


def place_of(study: ImagingStudy, sop_uid: str) -> tuple[str, str]:
    """Return the series of a file of a study, and the digest of its bytes.

    Raises:
        NotFoundError: the study has no such file.
    """
    for series in study.series:
        for instance in series.instance:
            if instance.uid == sop_uid:
                return series.uid, sha256_of(instance)
    raise NotFoundError(Text("The study has no such image."))


def _series(known: ImagingStudySeries | None, found: list[FoundInstance]) -> ImagingStudySeries:
    first = found[0]
    kept = list(known.instance) if known else []
    have = {each.uid for each in kept}
    fresh = sorted((each for each in found if each.sop_uid not in have), key=lambda each: each.order)
    whole_last = sorted(fresh, key=lambda each: each.damage is None)  # of two copies the whole one is kept
    for each in {each.sop_uid: each for each in whole_last}.values():
        kept.append(_as_instance(each))
    places = {each.sop_uid: place for place, each in enumerate(fresh)}
    kept.sort(key=lambda each: places.get(each.uid, -1))
    kept.sort(key=lambda each: each.number or 0)  # what comes later may belong between what is here
    return ImagingStudySeries(
        uid=first.series_uid,
        number=known.number if known else first.series_number,
        modality=known.modality if known else Coding(system=DCM, code=first.modality or "OT"),
        description=(known.description if known else first.series_description) or None,
        number_of_instances=len(kept),
        body_site=known.body_site if known else _body_site(first.body_part),
        started=known.started if known else first.started,
        instance=tuple(kept),
    )


def _body_site(part: str) -> Coding | None:
    """Return the part of the body as its machine named it (PS3.16 annex L), None where it did not."""
    return Coding(system=BODY_PART, code=part) if part else None


def _as_instance(found: FoundInstance) -> ImagingStudyInstance:
    return ImagingStudyInstance(
        uid=found.sop_uid,
        sop_class=Coding(system="urn:ietf:rfc:3986", code=f"urn:oid:{found.sop_class}"),
        number=found.number,
        extension=(
            Extension(url=CONTENT_SHA256, value_string=found.sha256),
            Extension(url=FRAMES, value_decimal=Decimal(found.frames)),
            *([Extension(url=TEXT_ENCODING, value_string=found.encoding)] if found.encoding else []),
        ),
    )


def _instance(dataset: Dataset, reading: Reading, stand_in: str = "") -> FoundInstance:
    def uid(keyword: str) -> str:
        try:
            return uid_of(dataset, keyword)
        except UnreadableFileError:
            if not stand_in:
                raise
            return stand_in

    number = _whole(dataset, "InstanceNumber")
    name = name_of(dataset, reading)
    return FoundInstance(
        study_uid=uid("StudyInstanceUID"),
        series_uid=uid("SeriesInstanceUID"),
        sop_uid=uid("SOPInstanceUID"),
        sop_class=uid("SOPClassUID"),
        modality=text_of(dataset, "Modality")[:16],
        study_description=words_of(dataset, "StudyDescription", reading),
        series_description=words_of(dataset, "SeriesDescription", reading)
        or words_of(dataset, "DocumentTitle", reading)
        or words_of(dataset, "ContentDescription", reading),
        series_number=_whole(dataset, "SeriesNumber"),
        number=number,
        frames=frame_count(dataset),
        started=_started(dataset),
        patient_name=name,
        order=(float(number), *_along_the_stack(dataset)),
        person=person_of(dataset, name),
        accession=text_of(dataset, "AccessionNumber").strip()[:16],
        body_part=text_of(dataset, "BodyPartExamined").strip()[:16].upper(),
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
