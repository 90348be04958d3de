"""What is taken out of a recording of hours: a stretch as a recording of its own, or a file for others.

A stretch that becomes a recording travels and is seen like any other; it names what it was cut out of and through what
filter that was seen when it was recorded. A file may hold all the hours: it is written piece by piece.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from clinic_app.access import Session, Trail
from clinic_app.documents.recording_files import formats, words_of
from clinic_app.foundation.dates import form_moment
from clinic_app.foundation.errors import InvalidInputError, UnreadableFileError
from clinic_app.foundation.texts import Language, Text
from clinic_app.records import DocumentReference, Patient, Reference
from clinic_app.storage import Store
from clinic_app.waveforms import Recordings
from clinic_app.waveforms.formats import Watch, format_for, unwatched
from clinic_app.waveforms.formats.catalogue import LONGEST_WHOLE_S, write_hours
from clinic_app.waveforms.formats.hours import gathered
from clinic_app.waveforms.recording import RAW_BAND, EventMark, PatientText
from clinic_app.waveforms.store import LongRecording, is_long_recording, open_recording


@dataclass(frozen=True)
class Stretch:
    """From when to when.

    Args:
        begins_at: the first moment; None is the beginning of the recording.
        ends_at: the moment after the last; None is its end, whatever the device's clock made of it.
    """

    begins_at: datetime | None = None
    ends_at: datetime | None = None


class LongFiles:
    """Takes stretches out of recordings of hours.

    Args:
        store: the workstation's store.
        trail: asks for rights and makes the audit events.
        recordings: keeps what was cut out.
    """

    def __init__(self, store: Store, trail: Trail, recordings: Recordings) -> None:
        self._store = store
        self._trail = trail
        self._recordings = recordings

    def cut_out(
        self, session: Session, recording_id: str, stretch: Stretch, watch: Watch = unwatched
    ) -> DocumentReference:
        """Save a stretch as a recording of the same patient, raw, with its marks and where it comes from.

        Raises:
            NotAllowedError: this person may read the one or file the other not.
            InvalidInputError: nothing was received there, or it is longer than a recording may be.
            NotFoundError: the samples are on the computer that recorded them.
            StoppedError: whoever watches wanted no more; nothing was saved.
        """
        self._trail.require_stored(session, "create", DocumentReference, recording_id)
        document, long = self._opened(session, recording_id)
        hours = long.hours(stretch.begins_at, stretch.ends_at)
        if hours.seconds > LONGEST_WHOLE_S:
            minutes = round(LONGEST_WHOLE_S / 60)
            raise InvalidInputError(
                Text("What is cut out is {minutes} minutes long at most; choose a shorter part.", minutes=minutes)
            )
        self._store.records.commit((), audit=(self._trail.event(session, "read", document),))
        recording = gathered(hours, watch)
        origin = Reference(reference=f"DocumentReference/{document.id}", display=_origin(long))
        return self._recordings.save(session, _patient_id(document), recording, cut_out_of=origin)

    def export(
        self,
        session: Session,
        recording_id: str,
        stretch: Stretch,
        path: Path,
        code: str,
        language: Language,
        *,
        is_anonymous: bool = False,
        watch: Watch = unwatched,
    ) -> tuple[Path, ...]:
        """Write a stretch, or all of it, into a file for others.

        Args:
            session: who.
            recording_id: the recording.
            stretch: from when to when.
            path: where to.
            code: of the format.
            language: of the words on paper.
            is_anonymous: whether the patient's name, numbers, birth date and sex stay here, and the device's name.
            watch: told how far it is.

        Returns:
            The files, the one to open first.

        Raises:
            NotAllowedError: this person may not read it.
            InvalidInputError: the format cannot keep such a recording, or not so much of it.
            NotFoundError: the samples are on the computer that recorded them.
            StorageError: the disk refused it.
            StoppedError: whoever watches wanted no more; nothing was written.
        """
        document, long = self._opened(session, recording_id)
        chosen = format_for(path, code, formats(language))
        patient = self._store.records.get(Patient, _patient_id(document))
        named = "without the patient" if is_anonymous else "with the patient"
        event = self._trail.happening(session, "export", document, patient, description=f"{chosen.code}, {named}")
        self._store.records.commit((), audit=(event,))  # noted before it is tried
        hours = long.hours(stretch.begins_at, stretch.ends_at)
        hours = replace(hours, patient_text=words_of(patient))
        if is_anonymous:  # a monitor behind a gateway may be named by its patient's number
            marks = tuple(EventMark(mark.at, mark.text) for mark in hours.marks)
            hours = replace(hours, device="", patient_text=PatientText(), marks=marks)
        return write_hours(hours, path, chosen, watch)

    def _opened(self, session: Session, recording_id: str) -> tuple[DocumentReference, LongRecording]:
        document = self._trail.require_stored(session, "read", DocumentReference, recording_id)
        if not is_long_recording(document):
            raise UnreadableFileError(Text("This document holds no recording."))
        return document, open_recording(self._store, document.id)


def _origin(long: LongRecording) -> str:
    """Return the words of where a stretch was cut out: device, from when to when, and the filter of the screen."""
    head = long.head
    ends = form_moment(long.ends_at)
    seen = f"; {head.band}" if head.band not in ("", RAW_BAND) else ""
    return f"{head.source}, {form_moment(long.begins_at)} – {ends}{seen}"


def _patient_id(document: DocumentReference) -> str:
    return ((document.subject.reference if document.subject else "") or "").partition("/")[2]
