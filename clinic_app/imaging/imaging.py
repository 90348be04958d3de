"""The imaging service: takes files in, lists studies, opens series."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pydicom.dataset import Dataset

from clinic_app.access import Session, Trail
from clinic_app.foundation.apart import HERE, Apart
from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ClinicError, InvalidInputError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Text
from clinic_app.imaging.importing import (
    FoundInstance,
    Harvest,
    ImportReport,
    Refusal,
    described,
    files_in,
    is_same_person,
    look_at,
    merged,
    place_of,
    refusal,
)
from clinic_app.imaging.objects.key_object import write_key_object
from clinic_app.imaging.objects.presentation_writing import Seen, write_presentation
from clinic_app.imaging.objects.references import ImageReference
from clinic_app.imaging.reading import frame_count, read_dataset, text_of, without_preamble
from clinic_app.imaging.shelf import Opened, Shelf
from clinic_app.imaging.stack import FrameStack
from clinic_app.imaging.texts import ENCODINGS
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
        apart: decodes what strangers sent.
        text_rule: encoding of texts whose files are wrong about it, by the site's rule; empty: somebody is asked.
    """

    def __init__(self, store: Store, trail: Trail, clock: Clock, apart: Apart = HERE, text_rule: str = "") -> None:
        self._store = store
        self._trail = trail
        self._clock = clock
        self._apart = apart
        self._text_rule = text_rule if text_rule in ENCODINGS else ""

    def import_folder(
        self,
        session: Session,
        patient_id: str,
        folder: Path,
        *,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
        is_cancelled: Callable[[], bool] = lambda: False,
        names_confirmed: bool = False,
        encoding: str = "",
    ) -> ImportReport:
        """Take every readable image below a folder for one patient.

        Files taken before are recognised and not stored twice. A cancelled import files what was read until then.

        Args:
            session: who imports.
            patient_id: whose images they are.
            folder: searched with everything in it.
            progress: told after each file how many of how many.
            is_cancelled: asked before each file.
            names_confirmed: somebody has said that other names in the files mean this patient, and has seen how their
                letters are proposed to be read.
            encoding: he agrees that texts whose files are wrong about their letters are read in this encoding.

        Returns:
            The report; where names differ, or letters are doubtful, and nobody has confirmed it, nothing is filed.
        """
        self._trail.require(session, "create", "ImagingStudy", patient_id)
        patient = self._store.records.get(Patient, patient_id)
        self._store.records.commit((), audit=(self._trail.event(session, "read", patient),))
        harvest = self._gather(folder, progress, is_cancelled, encoding if encoding in ENCODINGS else self._text_rule)
        names = tuple(dict.fromkeys(each.patient_name for each in harvest.instances))
        proposals = tuple(dict.fromkeys(each.proposal for each in harvest.instances if each.proposal))
        cut = tuple(harvest.damaged)
        is_sure = not proposals and all(is_same_person(patient, name) for name in names)
        if not names_confirmed and not is_sure:
            refused = tuple(harvest.refused)
            return ImportReport((), len(harvest.instances), refused, names, False, cut, proposals)
        studies, others = self._file(session, patient, harvest.instances)
        taken, refused = len(harvest.instances) - len(others), (*harvest.refused, *others)
        return ImportReport(studies, taken, refused, names, damaged=cut)

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
        stack = self._shelf(study).stack(series_uid)
        self._store.records.commit((), audit=(self._trail.event(session, "read", study),))
        return stack

    def opened(self, session: Session, study: ImagingStudy, series_uid: str) -> Opened:
        """Return what one series is: pictures, a report to read, or a tracing.

        Raises:
            NotFoundError: the study has no such series, or the pictures it speaks of are not here.
            UnreadableFileError: it is damaged.
        """
        study = self._trail.require_stored(session, "read", ImagingStudy, study.id)
        found = self._shelf(study).opened(series_uid)
        self._store.records.commit((), audit=(self._trail.event(session, "read", study),))
        return found

    def keep_presentation(
        self, session: Session, study: ImagingStudy, sop_uid: str, seen: Seen, words: str = ""
    ) -> ImagingStudy:
        """Keep how somebody sees a picture, with his marks, as a presentation state of the study.

        Raises:
            NotFoundError: the study has no such file.
        """
        study = self._trail.require_stored(session, "create", ImagingStudy, study.id)
        series_uid, sha256 = place_of(study, sop_uid)
        source = read_dataset(self._store.blobs.read(sha256))
        image = ImageReference(sop_uid, _frames(source, seen.frame.frame_number), text_of(source, "SOPClassUID"))
        data = write_presentation(
            source, (series_uid, image), seen, author=session.name, words=words, at=self._clock.now()
        )
        return self._add(session, study, data)

    def keep_key_object(
        self, session: Session, study: ImagingStudy, images: Sequence[tuple[str, int]], words: str = ""
    ) -> ImagingStudy:
        """Keep a choice of pictures as a key object of the study.

        Args:
            session: who chooses.
            study: its study.
            images: SOP Instance UID and frame number, from 1, of each.
            words: why.

        Raises:
            InvalidInputError: nothing was chosen.
            NotFoundError: the study has no such file.
        """
        if not images:
            raise InvalidInputError(Text("Choose at least one image."))
        study = self._trail.require_stored(session, "create", ImagingStudy, study.id)
        chosen: list[tuple[str, ImageReference]] = []
        source = Dataset()
        for sop_uid, frame_number in images:
            series_uid, sha256 = place_of(study, sop_uid)
            source = read_dataset(self._store.blobs.read(sha256))
            frames, sop_class = _frames(source, frame_number), text_of(source, "SOPClassUID")
            chosen.append((series_uid, ImageReference(sop_uid, frames, sop_class)))
        return self._add(session, study, write_key_object(source, chosen, words=words, at=self._clock.now()))

    def _add(self, session: Session, study: ImagingStudy, data: bytes) -> ImagingStudy:
        """Return the study with a file that was made here in it."""
        patient = self._store.records.get(Patient, study.subject.id)
        found = described(read_dataset(data))
        found.sha256 = self._store.blobs.put(data)
        grown = merged(study, patient, [found], study.id)
        saved = self._store.records.commit((grown,), audit=(self._trail.event(session, "update", grown),))[0]
        assert isinstance(saved, ImagingStudy)
        return saved

    def _shelf(self, study: ImagingStudy) -> Shelf:
        others = self._store.records.find(ImagingStudy, subject=study.subject.id, limit=_TOO_MANY_STUDIES)
        return Shelf((study, *(each for each in others if each.id != study.id)), self._store.blobs.read, self._apart)

    def _gather(
        self, folder: Path, progress: Callable[[int, int], None], is_cancelled: Callable[[], bool], rule: str
    ) -> Harvest:
        harvest = Harvest()
        paths = files_in(folder)
        for done, path in enumerate(paths, 1):
            if is_cancelled():
                break
            try:
                seen = look_at(path, self._apart, rule)
                if seen is not None:
                    data, found = seen
                    found.sha256 = self._store.blobs.put(without_preamble(data))
                    harvest.instances.append(found)
                    if found.damage is not None:
                        harvest.damaged.append(Refusal(path.relative_to(folder).as_posix(), found.damage))
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


def _frames(source: Dataset, frame_number: int) -> tuple[int, ...]:
    """Return a frame's number as a reference wants it: none for a file with one."""
    return (frame_number,) if frame_count(source) > 1 else ()
