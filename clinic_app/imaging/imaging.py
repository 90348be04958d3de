"""The imaging service: takes files in, lists studies, opens series."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from clinic_app.access import Session, Trail
from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ClinicError, NotFoundError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Text
from clinic_app.imaging.importing import (
    FoundInstance,
    Harvest,
    ImportReport,
    Refusal,
    files_in,
    frames_of,
    is_same_person,
    look_at,
    merged,
    refusal,
    sha256_of,
)
from clinic_app.imaging.reading import without_preamble
from clinic_app.imaging.stack import FrameStack, Place
from clinic_app.records import ImagingStudy, Patient
from clinic_app.storage import Store
from clinic_app.terminology.systems import DICOM_UID

_TOO_MANY_STUDIES = 1000


class Imaging:
    """Keeps and opens images.

    Args:
        store: the workstation's store.
        trail: makes the audit events.
        clock: the time.
    """

    def __init__(self, store: Store, trail: Trail, clock: Clock) -> None:
        self._store = store
        self._trail = trail
        self._clock = clock

    def import_folder(
        self,
        session: Session,
        patient_id: str,
        folder: Path,
        *,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
        is_cancelled: Callable[[], bool] = lambda: False,
        names_confirmed: bool = False,
    ) -> ImportReport:
        """Take every readable image below a folder for one patient.

        Files taken before are recognised and not stored twice. A cancelled import files what was read until then.

        Args:
            session: who imports.
            patient_id: whose images they are.
            folder: searched with everything in it.
            progress: told after each file how many of how many.
            is_cancelled: asked before each file.
            names_confirmed: somebody has said that other names in the files mean this patient.

        Returns:
            The report; where names differ and were not confirmed, nothing is filed.
        """
        self._trail.require(session, "create", "ImagingStudy", patient_id)
        patient = self._store.records.get(Patient, patient_id)
        self._store.records.commit((), audit=(self._trail.event(session, "read", patient),))
        harvest = self._gather(folder, progress, is_cancelled)
        names = tuple(dict.fromkeys(each.patient_name for each in harvest.instances))
        if not names_confirmed and not all(is_same_person(patient, name) for name in names):
            return ImportReport((), len(harvest.instances), tuple(harvest.refused), names, is_filed=False)
        studies, refused = self._file(session, patient, harvest.instances)
        return ImportReport(
            studies, len(harvest.instances) - len(refused), (*harvest.refused, *refused), names, is_filed=True
        )

    def studies(self, session: Session, patient_id: str) -> tuple[ImagingStudy, ...]:
        """Return a patient's studies, the newest first."""
        self._trail.require(session, "read", "ImagingStudy", patient_id)
        found = self._store.records.find(ImagingStudy, subject=patient_id, limit=_TOO_MANY_STUDIES)
        event = self._trail.looking(session, "ImagingStudy", patient_id, *found)
        self._store.records.commit((), audit=(event,))
        return found

    def stack(self, session: Session, study: ImagingStudy, series_uid: str) -> FrameStack:
        """Return the pictures of one series.

        Raises:
            NotFoundError: the study has no such series.
        """
        study = self._trail.require_stored(session, "read", ImagingStudy, study.id)
        series = next((each for each in study.series if each.uid == series_uid), None)
        if series is None:
            raise NotFoundError(Text("The study has no such series."))
        places = tuple(
            Place(instance.uid, sha256_of(instance), index)
            for instance in series.instance
            for index in range(frames_of(instance))
        )
        self._store.records.commit((), audit=(self._trail.event(session, "read", study),))
        return FrameStack(places, self._store.blobs.read)

    def _gather(self, folder: Path, progress: Callable[[int, int], None], is_cancelled: Callable[[], bool]) -> Harvest:
        harvest = Harvest()
        paths = files_in(folder)
        for done, path in enumerate(paths, 1):
            if is_cancelled():
                break
            try:
                seen = look_at(path)
                if seen is not None:
                    data, found = seen
                    found.sha256 = self._store.blobs.put(without_preamble(data))
                    harvest.instances.append(found)
            except ClinicError as error:
                harvest.refused.append(refusal(path, folder, error))
            progress(done, len(paths))
        return harvest

    def _file(
        self, session: Session, patient: Patient, instances: list[FoundInstance]
    ) -> tuple[tuple[ImagingStudy, ...], tuple[Refusal, ...]]:
        studies: list[ImagingStudy] = []
        refused: list[Refusal] = []
        for uid in dict.fromkeys(each.study_uid for each in instances):
            found = [each for each in instances if each.study_uid == uid]
            known = next(iter(self._store.records.find(ImagingStudy, identifier=f"{DICOM_UID}|urn:oid:{uid}")), None)
            if known is not None and known.subject.id != patient.id:
                reason = Text("This study is filed for another patient already.")
                refused += [Refusal(each.sop_uid, reason) for each in found]
                continue
            study = merged(known, patient, found, new_id())
            if study != known:
                event = self._trail.event(session, "update" if known else "create", study)
                saved = self._store.records.commit((study,), audit=(event,))[0]
                assert isinstance(saved, ImagingStudy)
                study = saved
            studies.append(study)
        return tuple(studies), tuple(refused)
