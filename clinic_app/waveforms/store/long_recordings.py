"""Long recordings of patients: begun and ended by a person, found, opened and marked.

A document says that there is a recording, whose it is and how long; it is sent like every record. The samples stay on
this computer: hours of them would fill a satellite link, so what a specialist is to see is cut out and saved as a
recording of its own. After a cut in the power nothing goes on by itself, because another patient may lie in that bed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final, Literal

import msgspec

from clinic_app.access import Session, Trail
from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import (
    ConflictError,
    DeviceError,
    InvalidInputError,
    NotFoundError,
    UnreadableFileError,
)
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Text
from clinic_app.records import (
    Attachment,
    CodeableConcept,
    Coding,
    DocumentReference,
    DocumentReferenceContent,
    Patient,
    Reference,
    reference_to,
)
from clinic_app.storage import Store
from clinic_app.terminology.systems import DOCUMENT_KIND
from clinic_app.waveforms.recording import RAW_BAND, EventMark
from clinic_app.waveforms.store.ledger import Head, Ledger
from clinic_app.waveforms.store.long_recording import LongRecording
from clinic_app.waveforms.store.recorder import Recorder, RecorderState

LONG_RECORDING: Final = CodeableConcept(
    coding=(Coding(system=DOCUMENT_KIND, code="long-recording"),), text="Long recording"
)
"""How a DocumentReference says that it is a recording of hours, kept where it was made."""
CONTENT_TYPE: Final = "application/vnd.dala.long-recording"
LONGEST_MARK: Final = 200


@dataclass(frozen=True)
class Interrupted:
    """A recording that a cut left without an end.

    Args:
        id: its document's.
        patient_id: whose it is.
        patient_name: as a person reads it.
        source: the device.
        started_at: when it was begun.
        until: the moment after the last sample that is on the disk; None where nothing came so far.
    """

    id: str
    patient_id: str
    patient_name: str
    source: str
    started_at: datetime
    until: datetime | None


@dataclass(frozen=True)
class LongListed:
    """A recording of hours as a list tells it from the others of its day.

    Args:
        document: speaks of it.
        source: the device.
        begins_at: when it was begun.
        ends_at: the moment after the last sample that is on the disk; None where that is not known here.
        channels: labels of what was recorded; empty where the samples are on another computer.
        state: ``running``; ``interrupted``: a cut left it without an end; ``ended``; ``elsewhere``: another computer's.
    """

    document: DocumentReference
    source: str
    begins_at: datetime
    ends_at: datetime | None
    channels: tuple[str, ...]
    state: Literal["running", "interrupted", "ended", "elsewhere"]


class LongRecordings:
    """Begins, ends and finds recordings of hours.

    Args:
        store: the workstation's store.
        trail: makes the audit events.
        clock: the wall clock.
        recorder: records.
    """

    def __init__(self, store: Store, trail: Trail, clock: Clock, recorder: Recorder) -> None:
        self._store = store
        self._trail = trail
        self._clock = clock
        self._recorder = recorder
        self._ledger = Ledger(store)
        self._labels: dict[str, tuple[str, ...]] = {}

    def start(self, session: Session, patient_id: str, source: str, band: str = RAW_BAND) -> Head:
        """Begin to record a device for a patient.

        Args:
            session: who begins it.
            patient_id: for whom.
            source: name of the device.
            band: the filter on the screen, for whoever wants to see it as it was seen; what is stored is raw.

        Raises:
            DeviceError: no device is named.
            ConflictError: the device is being recorded.
            NotFoundError: there is no such patient here.
        """
        self._trail.require(session, "create", "DocumentReference", patient_id)
        if not source:
            raise DeviceError(Text("No monitor is sending; there is nothing to record."))
        patient = self._store.records.get(Patient, patient_id)
        self._refuse_second(source)
        head = Head(new_id(), patient.id, source, self._clock.now(), band)
        document = self._document(session, patient, head)
        self._store.records.commit((document,), audit=(self._trail.event(session, "create", document),))
        self._ledger.keep(head)
        self._recorder.begin(head)
        return head

    def stop(self, session: Session, recording_id: str) -> DocumentReference:
        """End a recording; also one that a cut left without an end.

        Raises:
            StorageError: the disk does not take its last chunk; it goes on.
            NotFoundError: there is no such recording here.
        """
        document = self._trail.require_stored(session, "update", DocumentReference, recording_id)
        head = self._ledger.head(recording_id)
        if head.ended_at is not None:
            return document
        if any(state.recording_id == recording_id for state in self._recorder.states()):
            self._recorder.end(recording_id)
        chunks = tuple(self._ledger.lines(recording_id))
        ended_at = max((line.ends_at for line in chunks), default=self._clock.now())
        self._ledger.keep(msgspec.structs.replace(head, chunks=len(chunks), ended_at=ended_at))
        minutes = (ended_at - head.started_at).total_seconds() / 60
        document = msgspec.structs.replace(document, description=f"{minutes:.1f} min ({head.source})")
        event = self._trail.event(session, "update", document)
        saved = self._store.records.commit((document,), audit=(event,))[0]
        assert isinstance(saved, DocumentReference)
        return saved

    def go_on(self, session: Session, recording_id: str, patient_id: str) -> Head:
        """Go on with a recording that a cut interrupted; the time between is a gap.

        Args:
            session: who says so.
            recording_id: which one.
            patient_id: who lies in that bed now, as a person says who has him in hand.

        Raises:
            ConflictError: it is another patient's, it runs, it was ended, its device is being recorded, or the clock of
                this computer stands before its end.
            NotFoundError: there is no such recording here.
        """
        document = self._trail.require_stored(session, "update", DocumentReference, recording_id)
        head = self._ledger.head(recording_id)
        if head.patient_id != patient_id:
            raise ConflictError(Text("This recording is another patient's. Begin a new one for the patient in hand."))
        if head.ended_at is not None:
            raise ConflictError(Text("This recording was ended."))
        self._refuse_second(head.source)
        until = self._until(recording_id)
        if until is not None and self._clock.now() < until:
            raise ConflictError(
                Text("The clock of this computer stands before the end of this recording. Set it, or begin a new one.")
            )
        self._store.records.commit((), audit=(self._trail.event(session, "update", document),))
        self._recorder.begin(head)
        return head

    def _until(self, recording_id: str) -> datetime | None:
        return max((line.ends_at for line in self._ledger.lines(recording_id)), default=None)

    def running(self) -> tuple[RecorderState, ...]:
        """Return how it stands with what is recorded now."""
        return self._recorder.states()

    def interrupted(self, session: Session) -> tuple[Interrupted, ...]:
        """Return the recordings that a cut left without an end: somebody has to say whether they go on."""
        self._trail.require(session, "read", "DocumentReference")
        now_running = {state.recording_id for state in self._recorder.states()}
        heads = [self._ledger.head(each) for each in self._ledger.running() if each not in now_running]
        found = self._trail.permitted(session, "read", "DocumentReference", heads, lambda head: head.patient_id)
        if found:
            documents = (self._store.records.get(DocumentReference, head.id) for head in found)
            self._store.records.commit((), audit=(self._trail.event(session, "read", *documents),))
        return tuple(self._interrupted(head) for head in found)

    def _interrupted(self, head: Head) -> Interrupted:
        name = self._store.records.get(Patient, head.patient_id).full_name
        return Interrupted(head.id, head.patient_id, name, head.source, head.started_at, self._until(head.id))

    def of_patient(self, session: Session, patient_id: str) -> tuple[DocumentReference, ...]:
        """Return a patient's long recordings, the newest first; also those that lie on other computers."""
        self._trail.require(session, "read", "DocumentReference", patient_id)
        found = self._store.records.find(DocumentReference, subject=patient_id)
        recordings = tuple(each for each in found if is_long_recording(each))
        event = self._trail.looking(session, "DocumentReference", patient_id, *recordings)
        self._store.records.commit((), audit=(event,))
        return recordings

    def listed(self, session: Session, patient_id: str) -> tuple[LongListed, ...]:
        """Return a patient's long recordings as `of_patient`, each with what tells it from the others."""
        return tuple(self._listed(document) for document in self.of_patient(session, patient_id))

    def _listed(self, document: DocumentReference) -> LongListed:
        try:
            head = self._ledger.head(document.id)
        except NotFoundError:
            source = next((each.attachment.title for each in document.content if each.attachment.title), "")
            begun = document.date or self._clock.now()
            return LongListed(document, source, begun, None, (), "elsewhere")
        is_running = any(state.recording_id == head.id for state in self._recorder.states())
        state: Literal["running", "interrupted", "ended"] = "interrupted" if head.ended_at is None else "ended"
        ends_at = head.ended_at or self._until(head.id)
        return LongListed(
            document,
            head.source,
            head.started_at,
            ends_at,
            self._labels_of(head.id),
            "running" if is_running else state,
        )

    def _labels_of(self, recording_id: str) -> tuple[str, ...]:
        """Return what the first chunk holds; it stays so."""
        if recording_id not in self._labels:
            first = tuple(islice(self._ledger.lines(recording_id), 1))
            found = LongRecording(self._ledger.head(recording_id), first, self._store.blobs.read).channels()
            if not found:
                return ()
            self._labels[recording_id] = tuple(channel.label for channel, _rate_hz in found)
        return self._labels[recording_id]

    def open(self, session: Session, recording_id: str) -> LongRecording:
        """Return a recording for reading, as far as it is on the disk; one that runs can be opened too.

        Raises:
            UnreadableFileError: the document is no long recording.
            NotFoundError: its samples are on the computer that recorded it.
        """
        document = self._trail.require_stored(session, "read", DocumentReference, recording_id)
        if not is_long_recording(document):
            raise UnreadableFileError(Text("This document holds no recording."))
        opened = open_recording(self._store, document.id)
        self._store.records.commit((), audit=(self._trail.event(session, "read", document),))
        return opened

    def mark(self, session: Session, recording_id: str, at: datetime, text: str) -> EventMark:
        """Put a word beside a moment of the wall clock, as it goes now; one that was set meanwhile moves no mark.

        Raises:
            InvalidInputError: no word, or more than a line of them.
            NotFoundError: the recording is on the computer that recorded it.
        """
        document = self._trail.require_stored(session, "update", DocumentReference, recording_id)
        words = " ".join(text.split())
        if not words or len(words) > LONGEST_MARK:
            raise InvalidInputError(Text("A mark is a line of one to {most} letters.", most=LONGEST_MARK), "text")
        head = self._ledger.head(recording_id)
        mark = EventMark(at - self._recorder.clock_set_by(head.id), words, session.name)
        self._ledger.add_mark(head.id, mark)
        self._store.records.commit((), audit=(self._trail.event(session, "update", document),))
        return mark

    def _refuse_second(self, source: str) -> None:
        if self._recorder.is_recording(source):
            raise ConflictError(Text("{source} is being recorded already. End that recording first.", source=source))

    def _document(self, session: Session, patient: Patient, head: Head) -> DocumentReference:
        attachment = Attachment(content_type=CONTENT_TYPE, title=head.source, creation=head.started_at)
        return DocumentReference(
            id=head.id,
            status="current",
            type=LONG_RECORDING,
            subject=reference_to(patient),
            date=head.started_at,
            author=(Reference(reference=f"Practitioner/{session.practitioner_id}", display=session.name),),
            description=head.source,
            content=(DocumentReferenceContent(attachment=attachment),),
        )


def is_long_recording(document: DocumentReference) -> bool:
    """Return whether a document is a long recording and stands."""
    kind = document.type.code(DOCUMENT_KIND) if document.type else None
    return kind == "long-recording" and document.status == "current"


def open_recording(store: Store, recording_id: str) -> LongRecording:
    """Return a recording for reading; asks nobody's permission.

    Raises:
        NotFoundError: its samples are on the computer that recorded it.
    """
    ledger = Ledger(store)
    head = ledger.head(recording_id)
    return LongRecording(head, ledger.lines(recording_id), store.blobs.read, ledger.marks(recording_id))
