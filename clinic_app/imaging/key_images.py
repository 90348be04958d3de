"""Key images: the pictures somebody points at, with the window he saw them in.

Stored as a small picture that opens anywhere, beside the exact reference to the original (as a DICOM Key Object does),
so that the question can travel on a thin line before the study does.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

import msgspec
from PIL import Image

from clinic_app.access import Session, Trail
from clinic_app.foundation.apart import HERE, Apart
from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Language, Text
from clinic_app.imaging.frame import Frame, frame_of
from clinic_app.imaging.importing import place_of
from clinic_app.imaging.marked_picture import with_marks, words_of_marks
from clinic_app.imaging.measuring.marks import Mark, checked
from clinic_app.imaging.reading import read_dataset
from clinic_app.imaging.rendering import render_whole
from clinic_app.imaging.windowing import Pixels, Window
from clinic_app.records import (
    Attachment,
    CodeableConcept,
    Coding,
    DocumentReference,
    DocumentReferenceContent,
    Extension,
    ImagingStudy,
    Reference,
)
from clinic_app.records.datatypes import SHA256_URN
from clinic_app.storage import Store
from clinic_app.terminology.systems import DCM, DOCUMENT_KIND

KEY_IMAGE: Final = CodeableConcept(
    coding=(
        Coding(system=DOCUMENT_KIND, code="key-image"),
        Coding(system=DCM, code="113000", display="Of Interest"),
    ),
    text="Key image",
)
SOURCE: Final = "urn:dala:key-image-source"
_LARGEST_SIDE: Final = 1024
_SQUARE: Final = 0.01
"""Pixels that differ less from squares are taken for them."""


class KeyImageSource(msgspec.Struct, frozen=True):
    """Which picture a key image shows.

    Args:
        study: id of the ImagingStudy record.
        series_uid: DICOM Series Instance UID.
        sop_uid: DICOM SOP Instance UID.
        frame_number: from 1.
        center: of the window.
        width: of the window.
    """

    study: str
    series_uid: str
    sop_uid: str
    frame_number: int
    center: float
    width: float


class KeyImages:
    """Keeps key images.

    Args:
        store: the workstation's store.
        trail: makes the audit events.
        clock: says when somebody pointed.
        apart: decodes what strangers sent.
    """

    def __init__(self, store: Store, trail: Trail, clock: Clock, apart: Apart = HERE) -> None:
        self._apart = apart
        self._store = store
        self._trail = trail
        self._clock = clock

    def mark(
        self,
        session: Session,
        study: ImagingStudy,
        sop_uid: str,
        frame_number: int,
        window: Window,
        marks: Sequence[Mark] = (),
        language: Language = "ru",
    ) -> DocumentReference:
        """Keep a picture as a key image, with what was measured on it drawn and said.

        Args:
            session: who points.
            study: its study.
            sop_uid: its file.
            frame_number: its frame, from 1.
            window: as it is seen now.
            marks: on the picture; each is drawn with its number, and measured anew for the words below.
            language: of those words.

        Raises:
            NotFoundError: the study has no such file.
            UnreadableFileError: the picture is damaged.
        """
        study = self._trail.require_stored(session, "create", ImagingStudy, study.id, "DocumentReference")
        series_uid, sha256 = place_of(study, sop_uid)
        frame = frame_of(read_dataset(self._store.blobs.read(sha256)), frame_number - 1, self._apart)
        shown = tuple(each for each in checked(marks) if each.lies_on(frame.columns, frame.rows))
        png = _png(render_whole(frame, window), frame, shown)
        source = KeyImageSource(study.id, series_uid, sop_uid, frame_number, window.center, window.width)
        digest = self._store.blobs.put(png)
        document = DocumentReference(
            id=new_id(),
            status="current",
            type=KEY_IMAGE,
            subject=study.subject,
            date=self._clock.now(),
            author=(Reference(reference=f"Practitioner/{session.practitioner_id}", display=session.name),),
            description=_caption(study, frame.labels.modality, frame_number, words_of_marks(frame, shown, language)),
            extension=(Extension(url=SOURCE, value_string=msgspec.json.encode(source).decode()),),
            content=(
                DocumentReferenceContent(
                    attachment=Attachment(content_type="image/png", url=f"{SHA256_URN}{digest}", size=len(png))
                ),
            ),
        )
        (saved,) = self._store.records.commit((document,), audit=(self._trail.event(session, "create", document),))
        assert isinstance(saved, DocumentReference)
        return saved

    def unmark(self, session: Session, study: ImagingStudy, sop_uid: str, frame_number: int) -> None:
        """Take a picture out of the key images; what was sent with it stays sent.

        Args:
            session: who takes it out.
            study: its study.
            sop_uid: its file.
            frame_number: its frame, from 1.
        """
        study = self._trail.require_stored(session, "update", ImagingStudy, study.id, "DocumentReference")
        documents = self._store.records.find(DocumentReference, subject=study.subject.id)
        undone = tuple(
            msgspec.structs.replace(document, status="entered-in-error")
            for document in documents
            if is_key_image(document) and self._shows(document, sop_uid, frame_number)
        )
        event = self._trail.event(session, "update", *undone) if undone else self._trail.event(session, "read", study)
        self._store.records.commit(undone, audit=(event,))

    def _shows(self, document: DocumentReference, sop_uid: str, frame_number: int) -> bool:
        try:
            source = self.source(document)
        except InvalidInputError:
            return False  # another hospital's, that says nothing of its picture
        return (source.sop_uid, source.frame_number) == (sop_uid, frame_number)

    def places(self, documents: Sequence[DocumentReference]) -> set[tuple[str, int]]:
        """Return which pictures key images show, file and frame from 1; those that say nothing of it are left out."""
        found = set()
        for document in documents:
            try:
                source = self.source(document)
            except InvalidInputError:
                continue
            found.add((source.sop_uid, source.frame_number))
        return found

    def of_patient(self, session: Session, patient_id: str) -> tuple[DocumentReference, ...]:
        """Return a patient's key images, the newest first."""
        self._trail.require(session, "read", "DocumentReference", patient_id)
        found = self._store.records.find(DocumentReference, subject=patient_id)
        images = tuple(each for each in found if is_key_image(each))
        event = self._trail.looking(session, "DocumentReference", patient_id, *images)
        self._store.records.commit((), audit=(event,))
        return images

    def source(self, document: DocumentReference) -> KeyImageSource:
        """Return which picture a key image shows.

        Raises:
            InvalidInputError: the document is no key image.
        """
        text = next((each.value_string or "" for each in document.extension if each.url == SOURCE), "")
        try:
            return msgspec.json.decode(text, type=KeyImageSource)
        except msgspec.DecodeError as error:
            raise InvalidInputError(Text("This document is no key image.")) from error


def is_key_image(document: DocumentReference) -> bool:
    """Return whether a document is a key image and stands."""
    kind = document.type.code(DOCUMENT_KIND) if document.type else None
    return kind == "key-image" and document.status == "current"


def _png(pixels: Pixels, frame: Frame, marks: Sequence[Mark]) -> bytes:
    image = Image.fromarray(pixels)
    if abs(frame.aspect - 1) > _SQUARE:  # a picture of pixels that are not square is seen in the patient's shape
        wide, high = max(1 / frame.aspect, 1.0), max(frame.aspect, 1.0)
        side = _LARGEST_SIDE / max(image.width * wide, image.height * high, _LARGEST_SIDE)
        image = image.resize((max(round(image.width * wide * side), 1), max(round(image.height * high * side), 1)))
    image.thumbnail((_LARGEST_SIDE, _LARGEST_SIDE))
    if marks:
        image = with_marks(image, frame, marks)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _caption(study: ImagingStudy, modality: str, frame_number: int, measured: str) -> str:
    parts = (modality, study.description or "", f"#{frame_number}" if frame_number > 1 else "")
    caption = " ".join(part for part in parts if part)
    return f"{caption}. {measured}" if measured else caption
