"""Finding images in other hospitals' archives: what is asked, what was found, what is fetched for the patient."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Signal

from clinic_app.foundation.errors import ClinicError
from ui.tasks import Job, TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.imaging import Gathering
    from clinic_app.imaging.archives import ArchiveLine
    from clinic_app.imaging.network.found import Answers, Fetched, FoundSeries, FoundStudy, Wanted
    from ui.imaging.intake import Bringer
    from ui.shell.patient_in_hand import PatientInHand


class Archives(Protocol):
    """Searches archives and fetches from them: `clinic_app.imaging.archives.ImageArchives`."""

    def lines(self) -> tuple[ArchiveLine, ...]:
        """Return the archives there are."""
        ...

    def find(self, session: Session, name: str, wanted: Wanted, is_stopped: Callable[[], bool]) -> Answers:
        """Return the studies an archive has."""
        ...

    def series(self, session: Session, name: str, study: FoundStudy) -> tuple[FoundSeries, ...]:
        """Return the series of a study."""
        ...

    def bringing(
        self,
        session: Session,
        patient_id: str,
        name: str,
        study: FoundStudy,
        series: frozenset[str],
        *,
        told: Callable[[Fetched], object],
        progress: Callable[[int, int], None],
        is_stopped: Callable[[], bool],
    ) -> Callable[[Gathering], None]:
        """Return what brings a study."""
        ...


class ArchiveViewModel(QObject):
    """One search at a time.

    Args:
        archives: the service.
        runner: the way into the background.
        session: who is signed in.
        hand: the patient.

    Signals: ``listed``: see ``lines``; ``changed``: see ``is_searching``, ``answers`` and ``refusal``;
    ``series_listed(str)``: see ``series``, by the study's UID; ``wished(Bringer)``: a study is to be fetched.
    """

    listed = Signal()
    changed = Signal()
    series_listed = Signal(str)
    wished = Signal(object)

    def __init__(self, archives: Archives, runner: TaskRunner, session: Session, hand: PatientInHand) -> None:
        super().__init__()
        self._archives = archives
        self._runner = runner
        self._session = session
        self._hand = hand
        self._job: Job | None = None
        self._turn = 0
        self._name = ""
        self._waiting: set[str] = set()
        self._wish: tuple[FoundStudy, frozenset[str]] | None = None
        self.lines: tuple[ArchiveLine, ...] = ()
        self.answers: Answers | None = None
        self.refusal: ClinicError | None = None
        self.series: dict[str, tuple[FoundSeries, ...]] = {}
        self.fetched: Fetched | None = None
        """What came of the last fetching, once it is over."""
        hand.changed.connect(self.forget)

    @property
    def is_searching(self) -> bool:
        """Whether an archive is being searched."""
        return self._job is not None

    @property
    def can_search(self) -> bool:
        """Whether this person may search at all."""
        return self._session.can("create", "ImagingStudy")

    @property
    def can_fetch_missing(self) -> bool:
        """Whether the last fetching left something out that can be asked for once more."""
        return self.fetched is not None and self.fetched.missing > 0 and self._wish is not None

    @property
    def iin(self) -> str:
        """The number of the patient in hand that other hospitals know too, or an empty string."""
        from clinic_app.terminology.systems import IIN

        return (self._hand.patient.identifier_value(IIN) or "") if self._hand.patient else ""

    def look(self) -> None:
        """List the archives."""
        self._runner.run(self._archives.lines, owner=self, done=self._list)

    def search(self, name: str, wanted: Wanted) -> None:
        """Search an archive; a search that is under way is left."""
        self.stop()
        self._turn += 1
        self._name, self.answers, self.refusal, self.series, self._waiting = name, None, None, {}, set()
        session = self._session
        self._job = self._runner.run_long(
            lambda job: self._archives.find(session, name, wanted, job.is_cancelled),
            owner=self,
            done=partial(self._end, self._turn),
            failed=partial(self._fail, self._turn),
        )
        self.destroyed.connect(self._job.cancel)
        self.changed.emit()

    def stop(self) -> None:
        """Wait for no more answers."""
        if self._job is not None:
            self._job.cancel()

    def open(self, study: FoundStudy) -> None:
        """List the series of a study, once."""
        if study.uid in self.series or study.uid in self._waiting:
            return
        self._waiting.add(study.uid)
        session, name, turn = self._session, self._name, self._turn
        self._runner.run(
            lambda: self._archives.series(session, name, study),
            owner=self,
            done=lambda found: self._keep_series(turn, study.uid, found),
            failed=lambda error: self._lose_series(turn, study.uid, error),
        )

    def fetch(self, study: FoundStudy, series: frozenset[str]) -> None:
        """Wish a study, or some of its series, for the patient in hand."""
        if self._hand.patient is not None:
            self._wish, self.fetched = (study, series), None
            self.wished.emit(self._bringer(self._hand.patient.id, study, series))

    def fetch_missing(self) -> None:
        """Wish once more what did not come."""
        if self._wish is not None:
            self.fetch(*self._wish)

    def forget(self) -> None:
        """Another patient: what was found for the one before is gone."""
        self.stop()
        self._turn += 1
        self._job, self._wish, self.answers, self.refusal, self.fetched = None, None, None, None, None
        self.series = {}
        self.changed.emit()

    def _bringer(self, patient_id: str, study: FoundStudy, series: frozenset[str]) -> Bringer:
        archives, session, name = self._archives, self._session, self._name

        def make(progress: Callable[[int, int], None], is_stopped: Callable[[], bool]) -> Callable[[Gathering], None]:
            return archives.bringing(
                session,
                patient_id,
                name,
                study,
                series,
                told=self._keep_outcome,
                progress=progress,
                is_stopped=is_stopped,
            )

        return make

    def _keep_outcome(self, fetched: Fetched) -> None:
        """Keep what came of it; told by the background, read when the import is over."""
        self.fetched = fetched

    def _list(self, lines: tuple[ArchiveLine, ...]) -> None:
        self.lines = tuple(each for each in lines if each.can_search)
        self.listed.emit()

    def _end(self, turn: int, answers: Answers) -> None:
        if turn == self._turn:
            self._job, self.answers = None, answers
            self.changed.emit()

    def _fail(self, turn: int, error: ClinicError) -> None:
        if turn == self._turn:
            self._job, self.refusal = None, error
            self.changed.emit()

    def _keep_series(self, turn: int, uid: str, found: tuple[FoundSeries, ...]) -> None:
        if turn == self._turn:
            self.series[uid] = found
            self.series_listed.emit(uid)

    def _lose_series(self, turn: int, uid: str, error: ClinicError) -> None:
        if turn == self._turn:
            self._waiting.discard(uid)
            self.refusal = error
            self.changed.emit()
