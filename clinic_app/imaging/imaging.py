"""The imaging service: takes files in, lists studies, opens series."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from pydicom.dataset import Dataset

from clinic_app.access import Session, Trail, own_organization
from clinic_app.foundation.apart import HERE, Apart
from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ConflictError, InvalidInputError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Text
from clinic_app.imaging.filed_images import as_ours, files_in, notes_of, ours_of, records_of
from clinic_app.imaging.importing import FoundInstance, ImportReport, described, merged, place_of, reread
from clinic_app.imaging.intake.gathering import Gathered, Gathering, PersonFiles, people_in
from clinic_app.imaging.intake.identity import PersonInFile, sameness
from clinic_app.imaging.intake.sources import Refusal
from clinic_app.imaging.kept_frames import KeptFrames
from clinic_app.imaging.objects.key_object import write_key_object
from clinic_app.imaging.objects.presentation_writing import Seen, write_presentation
from clinic_app.imaging.objects.references import ImageReference
from clinic_app.imaging.reading import frame_count, read_dataset, text_of
from clinic_app.imaging.shared_study import is_another_persons
from clinic_app.imaging.shelf import Opened, Shelf
from clinic_app.imaging.stack import FrameStack
from clinic_app.imaging.texts import ENCODINGS
from clinic_app.records import ImagingStudy, Patient
from clinic_app.storage import Store
from clinic_app.terminology.systems import IIN

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
        self._kept = KeptFrames()
        self._text_rule = text_rule if text_rule in ENCODINGS else ""

    def gather(self, session: Session, patient_id: str, bring: Callable[[Gathering], None]) -> Gathered:
        """Look at files and keep their bytes; nothing is filed.

        Args:
            session: who takes them in.
            patient_id: in hand; how far the files agree with him is told.
            bring: gives the files one after another: `intake.gathering.from_paths`, or what an archive sends.

        Raises:
            StorageError: the store takes nothing more; what was gathered goes by itself.
        """
        self._trail.require(session, "create", "ImagingStudy", patient_id)
        patient = self._store.records.get(Patient, patient_id)
        self._store.records.commit((), audit=(self._trail.event(session, "read", patient),))
        gathering = Gathering(self._store.blobs.put, self._apart, self._text_rule)
        bring(gathering)
        people = tuple(self._placed(session, patient, each) for each in people_in(gathering.instances))
        shelves = tuple(Shelf(each.studies, self._store.blobs.read, self._apart) for each in people)
        return Gathered(
            people,
            tuple(gathering.instances),
            tuple(gathering.refused),
            gathering.left,
            gathering.is_stopped,
            self._known(gathering.instances),
            shelves,
        )

    def take_in(
        self,
        session: Session,
        patient_id: str,
        found: Sequence[FoundInstance],
        *,
        is_confirmed: bool = False,
        encoding: str = "",
    ) -> ImportReport:
        """File gathered images for one patient.

        Files taken before are recognised and not stored twice.

        Args:
            session: who takes them in.
            patient_id: whose images they are.
            found: their bytes lie in the store.
            is_confirmed: somebody has said that they are this patient's, and has seen how their letters are proposed
                to be read. Without it only files whose number is his are filed.
            encoding: he agrees that texts whose files are wrong about their letters are read in this encoding.

        Returns:
            The report; where the numbers do not agree, or letters are doubtful, and nobody has confirmed it, nothing
            is filed.
        """
        self._trail.require(session, "create", "ImagingStudy", patient_id)
        patient = self._store.records.get(Patient, patient_id)
        self._store.records.commit((), audit=(self._trail.event(session, "read", patient),))
        if encoding in ENCODINGS:
            found = [self._reread(each, encoding) if each.proposal else each for each in found]
        names = tuple(dict.fromkeys(each.patient_name for each in found))
        proposals = tuple(dict.fromkeys(each.proposal for each in found if each.proposal))
        cut = tuple(Refusal(each.name, each.damage) for each in found if each.damage is not None)
        is_his = all(sameness(patient, each.person, self._issuers()) == "identifier" for each in found)
        if not is_confirmed and (proposals or not is_his):
            return ImportReport((), len(found), (), names, False, cut, proposals)
        known = self._known(found)
        studies, others = self._file(session, patient, found)
        filed = {each.sop_uid for each in found} & files_in(studies).keys()
        return ImportReport(studies, len(filed - known), others, names, damaged=cut, known=len(filed & known))

    def filed(self, study_uid: str, patient_id: str, person: PersonInFile | None = None) -> frozenset[str]:
        """Return the files of a study that are here already, by their UIDs; what fetches it need not bring them again.

        Args:
            study_uid: its number.
            patient_id: for whom it is fetched.
            person: whom an archive says it is about.

        Raises:
            ConflictError: they are another patient's, and nothing says that only the number is the same.
        """
        records = records_of(self._store, study_uid)
        theirs = [each for each in records if each.subject.id != patient_id]
        if theirs and not (person and is_another_persons(self._store, theirs, (person,))):
            raise ConflictError(Text("This study is filed for another patient already."))
        return frozenset(files_in(records))

    def studies(self, session: Session, patient_id: str) -> tuple[ImagingStudy, ...]:
        """Return a patient's studies, the newest first."""
        self._trail.require(session, "read", "ImagingStudy", patient_id)
        every = self._store.records.find(ImagingStudy, subject=patient_id, limit=_TOO_MANY_STUDIES)
        found = tuple(each for each in every if each.status != "entered-in-error")
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
        own = own_organization(self._store).id
        known = ours_of(self._store, (study, *records_of(self._store, found.study_uid)), own)
        grown = merged(known, patient, [found], known.id if known else new_id())
        grown = grown if known else as_ours(self._store, grown, own)
        event = self._trail.event(session, "update" if known else "create", grown)
        saved = self._store.records.commit((grown,), audit=(event,))[0]
        assert isinstance(saved, ImagingStudy)
        return saved

    def _shelf(self, study: ImagingStudy) -> Shelf:
        others = self._store.records.find(ImagingStudy, subject=study.subject.id, limit=_TOO_MANY_STUDIES)
        mine = (study, *(each for each in others if each.id != study.id))
        return Shelf(mine, self._store.blobs.read, self._apart, self._kept)

    def _placed(self, session: Session, patient: Patient, files: PersonFiles) -> PersonFiles:
        """Return somebody's files with how far they agree with a patient, and with which of ours else."""
        issuers = self._issuers()
        others = [each for iin in files.person.iins for each in self._of_iin(session, iin) if each.id != patient.id]
        fitting = tuple(each for each in others if sameness(each, files.person, issuers) == "identifier")
        return replace(files, sameness=sameness(patient, files.person, issuers), candidates=fitting)

    def _of_iin(self, session: Session, iin: str) -> tuple[Patient, ...]:
        found = self._store.records.find(Patient, identifier=f"{IIN}|{iin}")
        shown = self._trail.permitted(session, "create", "ImagingStudy", found, lambda each: each)
        if shown:
            self._store.records.commit((), audit=(self._trail.event(session, "read", *shown),))
        return shown

    def _issuers(self) -> tuple[str, ...]:
        own = own_organization(self._store)
        return own.id, own.name or ""

    def _reread(self, found: FoundInstance, encoding: str) -> FoundInstance:
        return reread(found, read_dataset(self._store.blobs.read(found.sha256)), encoding)

    def _known(self, found: Sequence[FoundInstance]) -> frozenset[str]:
        """Return those files that are here already, by their UIDs."""
        uids = dict.fromkeys(each.study_uid for each in found)
        here = {each for uid in uids for each in files_in(records_of(self._store, uid))}
        return frozenset(each.sop_uid for each in found if each.sop_uid in here)

    def _file(
        self, session: Session, patient: Patient, instances: Sequence[FoundInstance]
    ) -> tuple[tuple[ImagingStudy, ...], tuple[Refusal, ...]]:
        studies: list[ImagingStudy] = []
        refused: list[Refusal] = []
        for uid in dict.fromkeys(each.study_uid for each in instances):
            found = [each for each in instances if each.study_uid == uid]
            every = records_of(self._store, uid)
            theirs = [each for each in every if each.subject.id != patient.id]
            anothers = self._anothers(found, theirs)
            if anothers:
                reason = Text("This study is filed for another patient already.")
                refused += [Refusal(each.name or each.sop_uid, reason) for each in anothers]
                found = [each for each in found if each not in anothers]
            if not found:
                continue
            records = [each for each in every if each.subject.id == patient.id]
            here = files_in(records)
            fresh = [each for each in found if each.sop_uid not in here]
            studies.append(self._grown(session, patient, records, fresh) if fresh else records[0])
        return tuple(studies), tuple(refused)

    def _anothers(self, found: Sequence[FoundInstance], theirs: Sequence[ImagingStudy]) -> tuple[FoundInstance, ...]:
        """Return those files that may belong to what is filed for somebody else under the same study number."""
        if not theirs:
            return ()
        have, people = files_in(theirs), {each.person for each in found}
        sharers = {each for each in people if is_another_persons(self._store, theirs, (each,))}
        return tuple(each for each in found if each.sop_uid in have or each.person not in sharers)

    def _grown(
        self, session: Session, patient: Patient, records: Sequence[ImagingStudy], fresh: Sequence[FoundInstance]
    ) -> ImagingStudy:
        """File new images of a study in our record of it."""
        own = own_organization(self._store).id
        known = ours_of(self._store, records, own)
        study = merged(known, patient, fresh, new_id())
        study = study if known else as_ours(self._store, study, own)
        event = self._trail.event(session, "update" if known else "create", study)
        kept = files_in((study,))
        notes = notes_of(self._store, {each.sop_uid: kept[each.sop_uid] for each in fresh}, self._clock.now())
        saved = self._store.records.commit((study,), audit=(event,), values=notes)[0]
        assert isinstance(saved, ImagingStudy)
        return saved


def _frames(source: Dataset, frame_number: int) -> tuple[int, ...]:
    """Return a frame's number as a reference wants it: none for a file with one."""
    return (frame_number,) if frame_count(source) > 1 else ()
