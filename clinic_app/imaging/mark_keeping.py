"""Keeping marks: who measured what on the pictures of a study, travelling with the study wherever it goes.

Each person has a layer of his own. Keeping it again makes a new version beside the one before (a structured report from
which the marks come back, and a presentation state in which any other viewer draws them); nobody's layer is changed by
anybody else, and nothing that was kept is taken away. Whose a layer is stands in the study's record, where only this
program writes it: what a foreign file says of its author is shown and not believed.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import msgspec
from pydicom.dataset import Dataset

from clinic_app.access import Action, Session, Trail
from clinic_app.foundation.apart import HERE, Apart
from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ClinicError, InvalidInputError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Language, Text
from clinic_app.imaging.filed_images import as_ours, ours_of
from clinic_app.imaging.frame import Frame, frame_of
from clinic_app.imaging.importing import described, encoding_of, merged, place_of, sha256_of
from clinic_app.imaging.mark_versions import KEPT_BY, in_force, kept_by
from clinic_app.imaging.measuring.marks import Mark, MarkLayer, checked
from clinic_app.imaging.measuring.measured import measured
from clinic_app.imaging.measuring.outlines import drawings_of
from clinic_app.imaging.measuring.statistics import statistics_of
from clinic_app.imaging.measuring.words import value_lines
from clinic_app.imaging.objects.kinds import COMPREHENSIVE_REPORT
from clinic_app.imaging.objects.measurement_report import Kept, measurements_of, write_measurements
from clinic_app.imaging.objects.presentation_writing import Seen, presentation_state
from clinic_app.imaging.objects.references import ImageReference
from clinic_app.imaging.objects.writing import saved
from clinic_app.imaging.reading import frame_count, read_dataset, text_of
from clinic_app.imaging.texts import Reading
from clinic_app.records import Extension, ImagingStudy, ImagingStudyInstance, Patient
from clinic_app.storage import Store

MOST_MARKS: Final = 500
_MOST_STUDIES: Final = 1000
_MOST_VERSIONS: Final = 20


@dataclass(frozen=True)
class _Picture:
    series_uid: str
    image: ImageReference
    frame: Frame
    source: Dataset


class MarkKeeping:
    """Keeps marks.

    Args:
        store: the workstation's store.
        trail: makes the audit events.
        clock: the time.
        apart: decodes what strangers sent.
    """

    def __init__(self, store: Store, trail: Trail, clock: Clock, apart: Apart = HERE) -> None:
        self._store = store
        self._trail = trail
        self._clock = clock
        self._apart = apart

    def layers(self, session: Session, study: ImagingStudy) -> tuple[MarkLayer, ...]:
        """Return the newest layer of each person who measured on a study, mine last."""
        study = self._trail.require_stored(session, "read", ImagingStudy, study.id)
        studies = self._with_ours(study)
        read = [(kept_by(each), self._layer(session, each)) for each in _newest(studies)]
        missing = {who for who, layer in read if layer is None and who} - {who for who, layer in read if layer}
        found = _one_for_each([*read, *(self._before(session, studies, who) for who in sorted(missing))])
        self._store.records.commit((), audit=(self._trail.event(session, "read", study),))
        return tuple(sorted(found, key=lambda layer: layer.is_mine))

    def keep(
        self,
        session: Session,
        study: ImagingStudy,
        marks: Sequence[Mark],
        language: Language,
        known: Collection[str] | None = None,
    ) -> ImagingStudy:
        """Keep my marks on a study, all of them; those of before stay as an older version.

        What I kept elsewhere meanwhile, or what could not be read when I began, is kept with them.

        Args:
            session: whose they are.
            study: the pictures' study.
            marks: on pictures of the study.
            language: of the words in the presentation state.
            known: identifiers of those of my kept marks I have seen: of these, what is not in ``marks`` was taken away
                by me. None: I have seen all.

        Raises:
            InvalidInputError: a mark cannot be drawn, or there are too many.
            NotFoundError: the study has no such picture.
        """
        study = self._trail.require_stored(session, "create", ImagingStudy, study.id)
        studies = self._with_ours(study)
        newest = tuple(_newest(studies))
        before = [each for each in newest if kept_by(each) == session.practitioner_id]
        read = [(kept_by(each), self._layer(session, each)) for each in newest]
        layers = _one_for_each(read)
        marks = (*_unseen(layers, marks, known), *marks)
        if len(marks) > MOST_MARKS:
            raise InvalidInputError(Text("No more than {count} marks can be kept on one study.", count=MOST_MARKS))
        earlier = {mark.place for layer in layers if layer.is_mine for mark in layer.marks}
        theirs = [mark for layer in layers if not layer.is_mine for mark in layer.marks]
        places = dict.fromkeys((*sorted(earlier), *(mark.place for mark in checked(marks))))
        if not places:
            self._store.records.commit((), audit=(self._trail.event(session, "read", study),))
            return study
        pictures = {place: self._picture(study, place) for place in places}
        target = ours_of(self._store, studies, session.organization_id) or self._beside(session, study)
        is_waited_for = any(who == session.practitioner_id and layer is None for who, layer in read)
        number = max((each.number or 0 for each in before), default=0) + (0 if is_waited_for else 1)
        at = self._clock.now()
        kept = [_kept(mark, pictures, (*theirs, *marks)) for mark in marks]
        files = _files(session.name, pictures, kept, at, language, before)
        for made in files:
            made.SeriesInstanceUID = _series_uid(made, session.practitioner_id)
            made.InstanceNumber, made.SeriesDescription = number, "Measurements"
        return self._add(session, target, files)

    def _beside(self, session: Session, study: ImagingStudy) -> ImagingStudy:
        """Return a new record of ours beside another hospital's of the same study."""
        made = ImagingStudy(
            id=new_id(), status="available", identifier=study.identifier, subject=study.subject, started=study.started
        )
        return as_ours(self._store, made, session.organization_id)

    def _with_ours(self, study: ImagingStudy) -> tuple[ImagingStudy, ...]:
        """Return the study, and the records in which others keep marks on it: a study another hospital sent is its own.

        What is added to a record of another hospital would be lost with its next version, or would hold that up.
        """
        uids = {each.value for each in study.identifier}
        beside = self._store.records.find(ImagingStudy, subject=study.subject.id, limit=_MOST_STUDIES)
        same = (each for each in beside if each.id != study.id and uids & {one.value for one in each.identifier})
        return (study, *same)

    def _picture(self, study: ImagingStudy, place: tuple[str, int]) -> _Picture:
        series_uid, sha256 = place_of(study, place[0])
        source = read_dataset(self._store.blobs.read(sha256))
        frames = (place[1],) if frame_count(source) > 1 else ()
        frame = frame_of(source, place[1] - 1, self._apart)
        return _Picture(series_uid, ImageReference(place[0], frames, text_of(source, "SOPClassUID")), frame, source)

    def _add(self, session: Session, study: ImagingStudy, files: Sequence[Dataset]) -> ImagingStudy:
        patient = self._store.records.get(Patient, study.subject.id)
        found = []
        for made in files:
            data = saved(made)
            found.append(described(read_dataset(data)))
            found[-1].sha256 = self._store.blobs.put(data)
        uids = {each.sop_uid for each in found}
        grown = _signed(merged(study, patient, found, study.id), uids, session.practitioner_id)
        action: Action = "update" if study.series else "create"
        (kept,) = self._store.records.commit((grown,), audit=(self._trail.event(session, action, grown),))
        assert isinstance(kept, ImagingStudy)
        return kept

    def _before(self, session: Session, studies: Sequence[ImagingStudy], who: str) -> tuple[str, MarkLayer | None]:
        """Return the last version that can be read of somebody's layer, whose newest has not arrived yet."""
        series = (each for study in studies for each in study.series)
        his = [one for each in series for one in each.instance if kept_by(one) == who and _is_report(one)]
        older = sorted(his, key=lambda each: each.number or 0, reverse=True)
        read = (self._layer(session, each) for each in older[:_MOST_VERSIONS])
        return who, next((layer for layer in read if layer is not None), None)

    def _layer(self, session: Session, instance: ImagingStudyInstance) -> MarkLayer | None:
        """Return the marks in a file; None where it has not arrived or holds none."""
        try:
            dataset = read_dataset(self._store.blobs.read(sha256_of(instance)))
            found = measurements_of(dataset, Reading(encoding_of(instance)))
        except ClinicError:
            return None
        return replace(found, is_mine=kept_by(instance) == session.practitioner_id)


def _newest(studies: Sequence[ImagingStudy]) -> Iterator[ImagingStudyInstance]:
    """Yield the reports of a study that may hold measurements, of each person the newest."""
    for series in (each for study in studies for each in study.series):
        for instance in in_force(series.instance):
            if _is_report(instance):
                yield instance


def _is_report(instance: ImagingStudyInstance) -> bool:
    return (instance.sop_class.code or "").removeprefix("urn:oid:") == COMPREHENSIVE_REPORT


def _one_for_each(read: Sequence[tuple[str, MarkLayer | None]]) -> list[MarkLayer]:
    """Return the layers that could be read, one for each person: who worked at two places has two newest ones.

    Of a mark that is in both the younger form counts; foreign layers, whose persons nobody knows, stay apart.

    Args:
        read: who kept it, and the layer.
    """
    found: dict[str, MarkLayer] = {}
    foreign = [layer for who, layer in read if layer is not None and not who]
    known = [(who, layer) for who, layer in read if layer is not None and who]
    for who, layer in sorted(known, key=lambda each: each[1].at or datetime.min.replace(tzinfo=UTC)):
        older = found[who].marks if who in found else ()
        marks = {mark.uid: mark for mark in (*older, *layer.marks)}
        found[who] = replace(layer, marks=tuple(marks.values()))
    return [*foreign, *found.values()]


def _unseen(layers: Sequence[MarkLayer], marks: Sequence[Mark], known: Collection[str] | None) -> Iterator[Mark]:
    """Yield my marks that are kept and that whoever keeps these never saw."""
    if known is None:
        return
    uids = {*known, *(mark.uid for mark in marks)}
    yield from (mark for layer in layers if layer.is_mine for mark in layer.marks if mark.uid not in uids)


def _files(
    author: str,
    pictures: dict[tuple[str, int], _Picture],
    kept: Sequence[Kept],
    at: datetime,
    language: Language,
    before: Sequence[ImagingStudyInstance],
) -> list[Dataset]:
    """Return the report, and a presentation state of the grey and one of the coloured pictures."""
    source = next(iter(pictures.values())).source
    images = [(each.series_uid, each.image) for each in pictures.values()]
    files = [write_measurements(source, images, kept, author=author, at=at, before=[each.uid for each in before])]
    for is_colour in (False, True):
        chosen = [each for each in pictures.values() if each.frame.is_colour == is_colour]
        seen = [(each.series_uid, each.image, _seen(each, kept, language)) for each in chosen]
        if seen:
            files.append(presentation_state(source, seen, author=author, label="MEASUREMENTS", words="", at=at))
    return files


def _kept(mark: Mark, pictures: dict[tuple[str, int], _Picture], among: Sequence[Mark]) -> Kept:
    """Measure a mark on the stored pixels, whatever the screen said.

    Raises:
        InvalidInputError: it lies beside the picture.
    """
    picture = pictures[mark.place]
    if not mark.lies_on(picture.frame.columns, picture.frame.rows):
        raise InvalidInputError(Text("A mark on the picture cannot be kept: its points are no places."))
    known = next((each for each in reversed(among) if each.kind == "scale" and each.place == mark.place), None)
    found = measured(picture.frame, mark, statistics_of(picture.frame, mark), known)
    return Kept(mark, found, picture.image)


def _seen(picture: _Picture, kept: Sequence[Kept], language: Language) -> Seen:
    frame = picture.frame
    here = [each for each in kept if each.mark.place == (frame.sop_uid, frame.frame_number)]
    drawn = [each for one in here for each in drawings_of(one.mark, value_lines(one.mark, one.found, language))]
    return Seen(frame, frame.default_window, marks=tuple(drawn))


def _series_uid(made: Dataset, practitioner_id: str) -> str:
    """Return the same series for all versions of one person's marks on a study (PS3.5 B.2)."""
    name = f"{made.StudyInstanceUID} {practitioner_id} {made.SOPClassUID}"
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, name).int}"


def _signed(study: ImagingStudy, uids: set[str], practitioner_id: str) -> ImagingStudy:
    """Write to the new files of a study's record who kept them."""
    mine = Extension(url=KEPT_BY, value_string=practitioner_id)
    change = msgspec.structs.replace
    series = tuple(
        change(
            each,
            instance=tuple(
                change(one, extension=(*one.extension, mine)) if one.uid in uids else one for one in each.instance
            ),
        )
        for each in study.series
    )
    return change(study, series=series)
