"""An image as the inbox keeps it: what it says of itself and of whose it is, and where its bytes lie.

What stands in it was written by a stranger. It is read once, when the image arrives, and only its beginning.
Source: DICOM PS3.3, C.7.1 (patient), C.7.2 (study).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import msgspec
import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian

from clinic_app.foundation.bounded_stream import BoundedStream
from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.importing import FoundInstance, described, reread
from clinic_app.imaging.intake.identity import PersonInFile
from clinic_app.imaging.reading import (
    MOST_ELEMENTS,
    MOST_FRAMES,
    MOST_ITEMS,
    READING_ERRORS,
    damaged,
    read_dataset,
)
from clinic_app.imaging.texts import proposal_for

_ITEM: Final = (b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00")
_LONGEST_WORDS: Final = 256
Pieces = Callable[[], Iterator[bytes | memoryview]]
"""Yields the bytes of a file from its beginning, each time it is asked."""


class WaitingImage(msgspec.Struct, frozen=True, kw_only=True):
    """One image without a person.

    Args:
        sop_uid: its own UID.
        sop_class: what kind it is.
        sha256: where its bytes lie.
        digest: SHA-256 of the dataset alone: the same for an image that is sent again.
        study_uid: of its study.
        series_uid: of its series.
        received_at: when it came.
        size_bytes: of the file.
        sender: the device's name here.
        host: where it came from.
        modality: as the device says.
        patient_name: as the device says; ``encoding`` is how its letters were probably meant.
        ids: numbers of the patient, each with whoever issued it.
        birth_date: ISO, or empty.
        sex: M, F, O or empty.
        accession: the number of the order.
        study_words: description of the study.
        series_words: description of the series.
        series_number: its place among the series.
        number: the image's place in the series.
        place: along the stack, where the numbers say nothing.
        frames: how many pictures it has.
        started: when the study began, by the device's clock.
        encoding: in which its letters are probably written, against its own word; empty: as it says.
        is_other: another image with this very UID is here already, and its bytes are others.
    """

    sop_uid: str
    sop_class: str
    sha256: str
    digest: str
    study_uid: str
    series_uid: str
    received_at: datetime
    size_bytes: int
    sender: str
    host: str = ""
    modality: str = ""
    patient_name: str = ""
    ids: tuple[tuple[str, str], ...] = ()
    birth_date: str = ""
    sex: str = ""
    accession: str = ""
    study_words: str = ""
    series_words: str = ""
    series_number: int = 0
    number: int = 0
    place: float = 0.0
    frames: int = 1
    started: datetime | None = None
    encoding: str = ""
    is_other: bool = False

    @property
    def key(self) -> str:
        """Its name in the inbox; two that differ under one UID have two."""
        return f"{self.study_uid}/{self.sop_uid}/{self.digest[:16]}"

    @property
    def person(self) -> PersonInFile:
        """Whom it says it is about."""
        return PersonInFile(self.patient_name, self.ids, self.birth_date, self.sex)

    def found(self) -> FoundInstance:
        """Return it as the records take images in."""
        return FoundInstance(
            study_uid=self.study_uid,
            series_uid=self.series_uid,
            sop_uid=self.sop_uid,
            sop_class=self.sop_class,
            modality=self.modality,
            study_description=self.study_words,
            series_description=self.series_words,
            series_number=self.series_number,
            number=self.number,
            frames=self.frames,
            started=self.started,
            patient_name=self.patient_name,
            order=(float(self.number), self.place),
            sha256=self.sha256,
            encoding=self.encoding,
            person=self.person,
            accession=self.accession,
        )


class HandledStudy(msgspec.Struct, frozen=True, kw_only=True):
    """Images that are out of the inbox.

    Args:
        id: of this act.
        images: they.
        how: filed for a patient, or put aside.
        at: when.
        by: id of whoever did it.
        by_name: his name.
        patient_id: whose they became; empty for images that were put aside.
        patient_name: his name, as it was then.
        study_id: of the record they became part of.
        order_id: of the order they closed, if there was one.
        order_was: the order's state before.
        known: UIDs of those images that had been filed from elsewhere, and stay when this is taken back.
    """

    id: str
    images: tuple[WaitingImage, ...]
    how: Literal["filed", "aside"]
    at: datetime
    by: str
    by_name: str
    patient_id: str = ""
    patient_name: str = ""
    study_id: str = ""
    order_id: str = ""
    order_was: str = ""
    known: tuple[str, ...] = ()


@dataclass(frozen=True)
class StudyInInbox:
    """The images of one study of one person that wait.

    Args:
        images: at least one, in the order of their series.
        name: see ``key``; empty: the study's UID.
        sharers: so many other people's images wait under the same UID.
    """

    images: tuple[WaitingImage, ...]
    name: str = ""
    sharers: int = 0

    @property
    def key(self) -> str:
        """Under which the inbox knows it: the study's UID, and whose images they are where several share it."""
        return self.name or self.uid

    @property
    def uid(self) -> str:
        """The study's UID."""
        return self.images[0].study_uid

    @property
    def newest_at(self) -> datetime:
        """When the last image came."""
        return max(each.received_at for each in self.images)

    @property
    def first_at(self) -> datetime:
        """When the first image came."""
        return min(each.received_at for each in self.images)

    @property
    def modalities(self) -> tuple[str, ...]:
        """What kinds of pictures they are."""
        return tuple(dict.fromkeys(each.modality for each in self.images if each.modality))

    @property
    def series(self) -> tuple[tuple[WaitingImage, ...], ...]:
        """The images of each series."""
        grouped: dict[str, list[WaitingImage]] = {}
        for image in self.images:
            grouped.setdefault(image.series_uid, []).append(image)
        return tuple(map(tuple, grouped.values()))

    @property
    def names(self) -> tuple[str, ...]:
        """The names that stand on them; more than one is a warning."""
        return _told(each.patient_name for each in self.images)

    @property
    def numbers(self) -> tuple[str, ...]:
        """The identifiers of patients that stand on them."""
        return _told(value for each in self.images for value, _issuer in each.ids)

    @property
    def accessions(self) -> tuple[str, ...]:
        """The numbers of orders that stand on them."""
        return _told(each.accession for each in self.images)

    @property
    def words(self) -> str:
        """What the device calls the study."""
        return next((each.study_words for each in self.images if each.study_words), "")

    @property
    def others(self) -> int:
        """How many have the UID of another image and other bytes."""
        return sum(each.is_other for each in self.images)


def read_beginning(data: bytes, syntax: str, *, is_whole: bool) -> Dataset:
    """Return what an image says of itself, its pixels not read.

    Args:
        data: the file from its beginning.
        syntax: its transfer syntax.
        is_whole: whether that is all of it.

    Raises:
        UnreadableFileError: it is damaged, or built to cost more than an image does.
    """
    if syntax == DeflatedExplicitVRLittleEndian:
        if not is_whole:
            raise UnreadableFileError(Text("The file is too large."))
        return read_dataset(data)
    if sum(data.count(tag) for tag in _ITEM) > MOST_ITEMS:
        raise UnreadableFileError(Text("The file has more parts than this program takes from anybody."))
    try:
        return pydicom.dcmread(BoundedStream(data, MOST_ELEMENTS), stop_before_pixels=True)
    except READING_ERRORS as error:
        raise damaged() from error


def waiting_image(
    dataset: Dataset, *, sha256: str, digest: str, size_bytes: int, sender: str, host: str, received_at: datetime
) -> WaitingImage:
    """Return an image as the inbox keeps it.

    Raises:
        UnreadableFileError: it does not say what it is.
    """
    proposal = proposal_for(dataset)
    found = described(dataset)
    if proposal is not None:
        found = reread(found, dataset, proposal.encoding)
    return WaitingImage(
        sop_uid=found.sop_uid,
        sop_class=found.sop_class,
        sha256=sha256,
        digest=digest,
        study_uid=found.study_uid,
        series_uid=found.series_uid,
        received_at=received_at,
        size_bytes=size_bytes,
        sender=sender,
        host=host,
        modality=found.modality,
        patient_name=found.patient_name[:_LONGEST_WORDS],
        ids=tuple((value[:64], issuer[:64]) for value, issuer in found.person.ids),
        birth_date=found.person.birth_date,
        sex=found.person.sex,
        accession=found.accession,
        study_words=found.study_description[:_LONGEST_WORDS],
        series_words=found.series_description[:_LONGEST_WORDS],
        series_number=found.series_number,
        number=found.number,
        place=found.order[1] if len(found.order) > 1 else 0.0,
        frames=min(found.frames, MOST_FRAMES),
        started=found.started,
        encoding=proposal.encoding if proposal else "",
    )


def _told(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for each in words if each))


def as_found(images: Sequence[WaitingImage]) -> list[FoundInstance]:
    """Return images as the records take them in."""
    return [each.found() for each in images]
