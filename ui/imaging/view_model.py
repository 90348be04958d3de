"""The images of the patient in hand: which series there are, the one that is open, and what is taken in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, SignalInstance

from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.viewing.hanging import Rules
from clinic_app.imaging.viewing.hanging_rules import rules_of
from clinic_app.records import DocumentReference, ImagingStudy
from ui import language
from ui.imaging.intake import Bringer, Choice, Importer, Intake, of_paths
from ui.imaging.open_series import OpenSeries
from ui.imaging.shelf import Images, KeyObjects, Marks, SeriesRow, rows_of
from ui.pictures import Picture, small_picture
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.imaging import Gathered, Mark, Seen, Window
    from ui.imaging.measuring.marks_model import MarksModel
    from ui.shell.patient_in_hand import PatientInHand

THUMBNAIL_PX = 112


class _Listed(NamedTuple):
    """What was read of a patient, and the rules of the site."""

    studies: tuple[ImagingStudy, ...]
    marks: set[tuple[str, int]]
    rules: Rules
    refusal: Text | None


class ImagingViewModel(QObject):
    """The images.

    Args:
        imaging: takes files in, lists and opens them.
        key_images: keeps what somebody pointed at.
        runner: the way into the background.
        session: who is signed in.
        hand: the patient.
        site: the folder where a site keeps its own rules of hanging; None: there is none.

    The series that is open in the pane in hand is ``series``; other panes have their own. Signals: ``listed`` (see
    ``rows``); ``thumbnail_made(str)`` with the series' UID (see ``thumbnails``); ``opened`` (see ``open_row``,
    ``count``), ``closed``; ``decoded(int, Picture)`` and ``undecoded(int, Text)`` with the number of a picture of the
    series in hand; ``marked``: see ``is_marked``; ``import_changed``: see ``importer``, ``intake`` and ``question``;
    ``found_pictured(SeriesRow, pixels)``: the small picture of a series that was found; ``refused(Text)``,
    ``succeeded(Text)``; ``patient_left(Patient)``: who was in hand until now. ``patient`` is who is, ``marks`` what is
    measured, if that can be kept.
    """

    listed = Signal()
    thumbnail_made = Signal(str)
    opened = Signal()
    closed = Signal()
    decoded = Signal(int, object)
    undecoded = Signal(int, object)
    marked = Signal()
    import_changed = Signal()
    refused = Signal(object)
    succeeded = Signal(object)
    found_pictured = Signal(object, object)
    patient_left = Signal(object)

    def __init__(
        self,
        imaging: Images,
        key_images: Marks,
        runner: TaskRunner,
        session: Session,
        hand: PatientInHand,
        site: Path | None = None,
    ) -> None:
        super().__init__()
        self._imaging = imaging
        self._key_images = key_images
        self._runner = runner
        self._session = session
        self._hand = hand
        self.marks: MarksModel | None = None
        self.rows: tuple[SeriesRow, ...] = ()
        self.is_listed = False
        self.thumbnails: dict[str, NDArray[np.uint8]] = {}
        self.hanging = Rules()
        self._site = site
        self._is_site_told = False
        self.intake: Intake | None = None
        self.question: Intake | None = None
        self.importer = Importer(imaging, runner, session, self)
        self._is_first_taken = False
        self._every_series: list[OpenSeries] = []
        self.series = self._new_series()
        self._marks: set[tuple[str, int]] = set()
        self._asked_thumbnails: set[str] = set()
        self._is_watched = False
        self._patient_id = hand.patient.id if hand.patient else ""
        self.patient = hand.patient
        hand.changed.connect(self._follow_patient)
        self.importer.began.connect(self.import_changed)
        self.importer.ended.connect(self._end_import)
        self.importer.asked.connect(self._ask_names)
        self.importer.failed.connect(self._fail_import)

    @property
    def can_import(self) -> bool:
        """Whether this person may take images in, and nothing is being taken in now."""
        return self._session.can("create", "ImagingStudy") and not self.importer.is_running

    @property
    def can_mark(self) -> bool:
        """Whether the picture that is open can become a key image."""
        return self.picture is not None and self._session.can("create", "DocumentReference")

    @property
    def open_row(self) -> SeriesRow | None:
        """The series that is open."""
        return self.series.row

    @property
    def picture(self) -> Picture | None:
        """The picture that is seen."""
        return self.series.picture

    @property
    def count(self) -> int:
        """How many pictures the open series has."""
        return self.series.count

    @property
    def can_keep_view(self) -> bool:
        """Whether the view of the picture that is open can be kept."""
        return self.picture is not None and self._session.can("create", "ImagingStudy")

    @property
    def is_marked(self) -> bool:
        """Whether the picture that is open is a key image."""
        frame = self.picture.frame if self.picture else None
        return frame is not None and (frame.sop_uid, frame.frame_number) in self._marks

    def make_series(self) -> OpenSeries:
        """Return what opens series for one more pane; for the first one that is ``series`` itself."""
        if not self._is_first_taken:
            self._is_first_taken = True
            return self.series
        return self._new_series()

    def activate(self, series: OpenSeries) -> None:
        """Another pane is in hand: everything that is asked from now on means its series."""
        self.series = series
        self.marked.emit()

    def _new_series(self) -> OpenSeries:
        imaging, session = self._imaging, self._session
        made = OpenSeries(lambda row: imaging.opened(session, row.study, row.uid), self._runner, self)
        self._every_series.append(made)
        made.opened.connect(lambda: self._tell(made, self.opened))
        made.closed.connect(lambda: self._tell(made, self.closed))
        made.decoded.connect(lambda number, picture: self._tell(made, self.decoded, number, picture))
        made.undecoded.connect(lambda number, words: self._tell(made, self.undecoded, number, words))
        made.refused.connect(self.refused)
        return made

    def _tell(self, series: OpenSeries, signal: SignalInstance, *what: object) -> None:
        """Say what happens in the pane in hand; what happens in others is theirs."""
        if series is self.series:
            signal.emit(*what)

    def watch(self, is_watched: bool) -> None:
        """List the series now and for every next patient while somebody looks."""
        self._is_watched = is_watched
        if is_watched:
            self.refresh()

    def refresh(self) -> None:
        """List anew; what is open stays open."""
        patient_id, session = self._patient_id, self._session
        if patient_id and self._is_watched:
            self._runner.run(
                lambda: self._read(session, patient_id),
                owner=self,
                done=partial(self._list, patient_id),
                failed=self._refuse,
            )

    def open(self, row: SeriesRow | None) -> None:
        """Open a series, if it is not open already."""
        self.series.open(row)

    def open_at(self, row: SeriesRow, sop_uid: str, frame_number: int) -> None:
        """Open a series at one of its pictures."""
        self.series.open(row, (sop_uid, frame_number))

    def want(self, number: int) -> None:
        """Ask for a picture of the open series."""
        self.series.want(number)

    def keep_view(self, seen: Seen) -> None:
        """Keep how the picture is seen now, with its marks, as a presentation state beside its series."""
        row, session = self.open_row, self._session
        if row is None or not self.can_keep_view:
            return
        self._runner.run(
            lambda: self._imaging.keep_presentation(session, row.study, seen.frame.sop_uid, seen, ""),
            owner=self,
            done=lambda _study: self._end_keeping(),
            failed=self._refuse,
        )

    def _end_keeping(self) -> None:
        self.succeeded.emit(Text("This view is kept as a series of its own, with its marks."))
        self.refresh()

    def mark(self, window: Window | None, marks: Sequence[Mark] = ()) -> None:
        """Keep the picture that is open as a key image, in the window it is seen in, with what was measured on it."""
        row, picture, session = self.open_row, self.picture, self._session
        if row is None or picture is None or self.is_marked:
            return
        frame = picture.frame
        seen, drawn, spoken = window or frame.default_window, tuple(marks), language.current()

        def keep() -> DocumentReference:
            place = (frame.sop_uid, frame.frame_number)
            if drawn:
                return self._key_images.mark(session, row.study, *place, seen, drawn, spoken)
            return self._key_images.mark(session, row.study, *place, seen)

        self._runner.run(
            keep,
            owner=self,
            done=lambda _document: self._remember((frame.sop_uid, frame.frame_number)),
            failed=self._refuse,
        )

    def unmark(self) -> None:
        """Take the picture that is open out of the key images."""
        row, picture, session = self.open_row, self.picture, self._session
        if row is None or picture is None or not self.is_marked:
            return
        place = (picture.frame.sop_uid, picture.frame.frame_number)
        self._runner.run(
            lambda: self._key_images.unmark(session, row.study, *place),
            owner=self,
            done=lambda _none: self._forget_mark(place),
            failed=self._refuse,
        )

    def marks_of(self, row: SeriesRow | None) -> tuple[tuple[str, int], ...]:
        """Return the key images of a series, by SOP Instance UID and frame."""
        ours = {instance.uid for instance in row.series.instance} if row is not None else set()
        return tuple(sorted(place for place in self._marks if place[0] in ours))

    @property
    def key_images(self) -> tuple[tuple[str, int], ...]:
        """The key images of the study in hand."""
        row = self.open_row
        study = row.study if row is not None else None
        found = [self.marks_of(each) for each in self.rows if study is not None and each.study.id == study.id]
        return tuple(dict.fromkeys(place for places in found for place in places))

    def keep_key_object(self) -> None:
        """Keep the key images of the study in hand as a DICOM key object, which any viewer opens."""
        row, session, places = self.open_row, self._session, self.key_images
        if row is None or not places or not session.can("create", "ImagingStudy"):
            return
        keeper: KeyObjects = self._imaging  # type: ignore[assignment]  # the same service
        self._runner.run(
            lambda: keeper.keep_key_object(session, row.study, places, ""),
            owner=self,
            done=lambda _study: self._end_key_object(len(places)),
            failed=self._refuse,
        )

    def _end_key_object(self, count: int) -> None:
        self.succeeded.emit(Text("A key object with {count} images is kept beside the series.", count=count))
        self.refresh()

    def _forget_mark(self, place: tuple[str, int]) -> None:
        self._marks.discard(place)
        self.marked.emit()
        self.succeeded.emit(Text("It is no key image any more; what was sent with it stays sent."))

    def import_paths(self, paths: Sequence[Path]) -> None:
        """Take folders, files, archives and images of discs in for the patient in hand."""
        self.import_from(of_paths(paths))

    def import_from(self, bringer: Bringer) -> None:
        """Take in for the patient in hand what is brought from anywhere."""
        if self._hand.patient is not None and self.can_import:
            self.intake, self.question = None, None
            self.importer.begin(self._hand.patient, bringer)

    def confirm(self, choices: Sequence[Choice], encoding: str) -> None:
        """Somebody has said whose images these are, and how their letters are read."""
        question, self.question = self.question, None
        if question is not None and question.patient.id == self._patient_id:
            self.importer.file(question, choices, encoding=encoding)
        self.import_changed.emit()

    def look_through(self, rows: Iterable[SeriesRow]) -> None:
        """Make the small pictures of what was found, so that somebody can choose by them."""
        gathered = self.question.gathered if self.question else None
        if gathered is not None:
            self._look_at_next(gathered, list(rows))

    def _look_at_next(self, gathered: Gathered, waiting: list[SeriesRow]) -> None:
        if not waiting or self.question is None or self.question.gathered is not gathered:
            return
        row = waiting.pop(0)
        shelf = gathered.shelf_of(row.study)
        if shelf is None:
            return

        def work() -> NDArray[np.uint8]:
            stack = shelf.stack(row.uid)
            return small_picture(stack.frame(len(stack) // 2), THUMBNAIL_PX)

        def done(pixels: NDArray[np.uint8]) -> None:
            self.found_pictured.emit(row, pixels)
            self._look_at_next(gathered, waiting)

        self._runner.run(work, owner=self, done=done, failed=lambda _error: self._look_at_next(gathered, waiting))

    def dismiss(self) -> None:
        """Put the report, or the question, away; nothing more is taken in."""
        self.intake, self.question = None, None
        self.import_changed.emit()

    def _read(self, session: Session, patient_id: str) -> _Listed:
        studies = self._imaging.studies(session, patient_id)
        documents: tuple[DocumentReference, ...] = ()
        if studies and session.can("read", "DocumentReference"):
            documents = self._key_images.of_patient(session, patient_id)
        return _Listed(studies, self._key_images.places(documents), *rules_of(self._site))

    def _list(self, patient_id: str, found: _Listed) -> None:
        if patient_id != self._patient_id:
            return
        self.rows, self._marks, self.is_listed = rows_of(found.studies), self._marks | found.marks, True
        self.hanging = found.rules
        if found.refusal is not None and not self._is_site_told:
            self._is_site_told = True
            self.refused.emit(found.refusal)
        self.listed.emit()
        self.marked.emit()
        self._make_thumbnails()

    def _make_thumbnails(self) -> None:
        """Make the small pictures one after another, so that whoever waits for a large one is served in between."""
        row = next((row for row in self.rows if row.uid not in self._asked_thumbnails), None)
        if row is None:
            return
        self._asked_thumbnails.add(row.uid)
        session = self._session

        def work() -> NDArray[np.uint8]:
            stack = self._imaging.stack(session, row.study, row.uid)
            return small_picture(stack.frame(len(stack) // 2), THUMBNAIL_PX)

        self._runner.run(
            work, owner=self, done=partial(self._keep_thumbnail, row.uid), failed=lambda _error: self._make_thumbnails()
        )

    def _keep_thumbnail(self, uid: str, pixels: NDArray[np.uint8]) -> None:
        if any(row.uid == uid for row in self.rows):
            self.thumbnails[uid] = pixels
            self.thumbnail_made.emit(uid)
        self._make_thumbnails()

    def _remember(self, place: tuple[str, int]) -> None:
        self._marks.add(place)
        self.marked.emit()
        self.succeeded.emit(Text("Key image kept; it can be attached to a referral."))

    def _end_import(self, intake: Intake) -> None:
        if intake.patient.id != self._patient_id:
            self.succeeded.emit(Text("The images of {name} are imported.", name=intake.patient.full_name))
        else:
            self.intake = intake
            self.refresh()
        for name in intake.others:
            self.succeeded.emit(Text("The images of {name} are imported.", name=name))
        self.import_changed.emit()

    def _ask_names(self, intake: Intake) -> None:
        if intake.patient.id != self._patient_id:
            lost = Text(
                "Nothing was imported for {name}: nobody said whose the files are.", name=intake.patient.full_name
            )
            self.refused.emit(lost)
        else:
            self.question = intake
        self.import_changed.emit()

    def _fail_import(self, words: Text) -> None:
        self.import_changed.emit()
        self.refused.emit(words)

    def _follow_patient(self) -> None:
        """Another patient: nothing of the one before stays to be seen."""
        patient = self._hand.patient
        patient_id = patient.id if patient else ""
        if patient_id == self._patient_id:
            self.patient = patient
        if patient_id != self._patient_id:
            self.patient_left.emit(self.patient)
            self._patient_id, self.patient = patient_id, patient
            self.rows, self.is_listed, self._marks = (), False, set()
            self.thumbnails, self._asked_thumbnails = {}, set()
            self.intake, self.question = None, None
            for series in self._every_series:
                series.close()
            self.listed.emit()
            self.import_changed.emit()
            self.refresh()

    def _refuse(self, error: ClinicError) -> None:
        self.refused.emit(error.text)
