"""Recordings in foreign files: brought in for one patient after a person has said so, and taken out for others.

A file says whose it is in words somebody typed at a recorder. Its number is compared with the patient's numbers, letter
by letter; a name proves nothing, but another name is told. Whatever comes of that, nothing is filed before a person
confirms it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from clinic_app.access import Session, Trail
from clinic_app.documents.paper import paper_format
from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.folding import name_keys
from clinic_app.foundation.texts import Language, Text
from clinic_app.records import DocumentReference, Patient
from clinic_app.storage import Store
from clinic_app.terminology.systems import CHART_NUMBER, IIN
from clinic_app.waveforms import PatientText, Recording, Recordings
from clinic_app.waveforms.formats import FORMATS, Format, Watch, format_for, read, unwatched, without_patient, write
from clinic_app.waveforms.recordings import read_recording

Whose = Literal["same", "other", "unsaid"]
"""The file bears one of the patient's numbers, another number, or none."""


@dataclass(frozen=True)
class FoundRecording:
    """A recording that was read and belongs to nobody yet.

    Args:
        path: the file.
        recording: what is in it.
        patient: in whose record it would lie.
        whose: what its number says.
        differs: what else in the file is not the patient's: ``name``, ``birth_date``, ``sex``.
    """

    path: Path
    recording: Recording
    patient: Patient
    whose: Whose
    differs: tuple[str, ...] = ()


class RecordingFiles:
    """Brings recordings in and takes them out.

    Args:
        store: the workstation's store.
        trail: asks for rights and makes the audit events.
        recordings: keeps them.
    """

    def __init__(self, store: Store, trail: Trail, recordings: Recordings) -> None:
        self._store = store
        self._trail = trail
        self._recordings = recordings

    def look(self, session: Session, patient_id: str, path: Path, watch: Watch = unwatched) -> FoundRecording:
        """Read a file and compare its number with the patient's; nothing is filed.

        Raises:
            NotAllowedError: this person may file nothing for this patient.
            UnreadableFileError: no signal that can be read is in the file.
            StoppedError: whoever watches wanted no more.
        """
        self._trail.require(session, "create", "DocumentReference", patient_id)
        patient = self._store.records.get(Patient, patient_id)
        event = self._trail.happening(session, "import", patient, description=f"{path.name}: looked at")
        self._store.records.commit((), audit=(event,))
        recording = read(path, watch)
        said = recording.patient_text
        return FoundRecording(path, recording, patient, whose_is(said, patient), _differences(said, patient))

    def take(self, session: Session, patient_id: str, found: FoundRecording) -> DocumentReference:
        """File a recording that a person has said to be this patient's.

        Raises:
            NotAllowedError: this person may file nothing for this patient.
            InvalidInputError: there is not one sample in it.
            NotFoundError: there is no such patient here.
        """
        self._trail.require(session, "create", "DocumentReference", patient_id)
        if found.patient.id != patient_id:
            raise UnreadableFileError(Text("This file was looked at for another patient."))
        return self._recordings.save(
            session, patient_id, found.recording, imported=f"{found.path.name}: number in the file: {found.whose}"
        )

    def export(
        self,
        session: Session,
        document: DocumentReference,
        path: Path,
        code: str,
        language: Language,
        *,
        is_anonymous: bool = False,
        watch: Watch = unwatched,
    ) -> tuple[Path, ...]:
        """Write a recording into a file for others.

        Args:
            session: who.
            document: the recording.
            path: where to.
            code: of the format.
            language: of the words on paper.
            is_anonymous: whether the patient's name, numbers, birth date and sex stay here, and the device's name.
            watch: told how far it is.

        Returns:
            The files, the one to open first.

        Raises:
            NotAllowedError: this person may not read it.
            InvalidInputError: the format cannot keep such a recording.
            StorageError: the disk refused it.
            StoppedError: whoever watches wanted no more; nothing was written.
        """
        document = self._trail.require_stored(session, "read", DocumentReference, document.id)
        chosen = format_for(path, code, formats(language))
        recording = read_recording(self._store, document)
        subject = (document.subject.reference if document.subject else "") or ""
        patient = self._store.records.get(Patient, subject.partition("/")[2])
        named = "without the patient" if is_anonymous else "with the patient"
        event = self._trail.happening(session, "export", document, patient, description=f"{chosen.code}, {named}")
        self._store.records.commit((), audit=(event,))  # noted before it is tried
        recording = replace(recording, patient_text=words_of(patient))
        return write(without_patient(recording) if is_anonymous else recording, path, chosen, watch)


def formats(language: Language) -> tuple[Format, ...]:
    """Return every format, paper among them, its words in one language."""
    return (*FORMATS, paper_format(language))


def whose_is(said: PatientText, patient: Patient) -> Whose:
    """Return what the number in a file says about a patient; a name or a birth date says nothing."""
    number = _folded(said.identifier)
    if not number:
        return "unsaid"
    return (
        "same"
        if number in {_folded(each.value or "") for each in patient.identifier} | {_folded(patient.id)}
        else "other"
    )


def words_of(patient: Patient) -> PatientText:
    """Return a patient as files name him: by the national number, else the chart's, else our own."""
    number = patient.identifier_value(IIN) or patient.identifier_value(CHART_NUMBER) or patient.id
    sex = patient.gender if patient.gender in ("male", "female") else ""
    return PatientText(number, patient.full_name, patient.birth_date or "", sex or "")


def _differences(said: PatientText, patient: Patient) -> tuple[str, ...]:
    born = patient.birth_date or ""
    size = min(len(said.birth_date), len(born))
    has_other_day = size > 0 and said.birth_date[:size] != born[:size]
    has_other_sex = bool(said.sex) and patient.gender in ("male", "female") and said.sex != patient.gender
    told = {"name": _is_other_name(said.name, patient), "birth_date": has_other_day, "sex": has_other_sex}
    return tuple(what for what, is_other in told.items() if is_other)


def _is_other_name(said: str, patient: Patient) -> bool:
    """Return whether a name has a word that is none of the patient's, in whatever spelling; a field may cut a word."""
    known = {key for name in patient.name for key in name_keys(name.full)} | set(name_keys(patient.full_name))
    return any(
        not any(key.startswith(own) or own.startswith(key) for own in known) for key in name_keys(said) if len(key) > 1
    )


def _folded(number: str) -> str:
    return "".join(letter for letter in number.upper() if letter.isalnum())
