"""One case in the specialist's hands: its evidence, the draft that saves itself, and the signature.

A draft is saved a second after the last keystroke and whenever the case is left; the signature waits until every draft
is written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal

from PySide6.QtCore import QObject, QTimer, Signal

from clinic_app.consultation import OpinionForm
from clinic_app.foundation.errors import ClinicError, InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.waveforms import filtered
from ui.consultation.draft_keeper import DraftKeeper
from ui.consultation.pieces import Piece, pieces_of
from ui.consultation.services import Station
from ui.language import _, say
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.consultation import Answer
    from clinic_app.referral import Case
    from clinic_app.waveforms import Band, Recording

SAVE_PAUSE_MS: Final = 1000
DraftState = Literal["none", "unsaved", "saving", "saved", "failed"]
EMPTY: Final = OpinionForm("", "")


@dataclass(frozen=True)
class _Arrived:
    """What was read when the case was opened."""

    case: Case
    pieces: tuple[Piece, ...]
    missing: int
    draft: OpinionForm | None
    answer: Answer | None


class CaseViewModel(QObject):
    """The open case.

    Signals: ``changed`` after case, evidence or answer changed; ``form_changed`` after the text was filled from the
    draft; ``draft_changed`` after the state of the draft changed; ``refused`` with a field and a sentence;
    ``busy_changed`` while it is being signed; ``signed`` after COMMIT; ``noticed`` with words and a tone; ``loaded``
    with a piece and its content, ``not_loaded`` with a piece and a sentence.
    """

    changed = Signal()
    form_changed = Signal()
    draft_changed = Signal()
    refused = Signal(str, str)
    busy_changed = Signal(bool)
    signed = Signal()
    noticed = Signal(str, str)
    loaded = Signal(object, object)
    not_loaded = Signal(object, str)

    def __init__(self, station: Station, runner: TaskRunner, session: Session) -> None:
        super().__init__()
        self._station = station
        self._runner = runner
        self._session = session
        self.case: Case | None = None
        self.pieces: tuple[Piece, ...] = ()
        self.missing = 0
        self.answer: Answer | None = None
        self.is_ready = False
        self.is_busy = False
        self.draft_state: DraftState = "none"
        self.saved_at: datetime | None = None
        self.draft_error = ""
        self.form = EMPTY
        self._saved = EMPTY
        self._keeper = DraftKeeper(lambda *what: station.consultations.save_draft(session, *what), runner)
        self._keeper.saved.connect(self._after_save)
        self._keeper.failed.connect(self._after_failed_save)
        self._turn = 0
        self._pause = QTimer(self, singleShot=True, interval=SAVE_PAUSE_MS)
        self._pause.timeout.connect(self.flush)

    @property
    def can_write(self) -> bool:
        """Whether the opinion may be written: the case is open and nothing is signed."""
        return self.is_ready and self.answer is None and not self.is_busy

    def open(self, case: Case) -> None:
        """Take a case in hand and read what belongs to it."""
        self.put_away()
        self.case = case
        turn, task_id, service, session = self._turn, case.task.id, self._station.consultations, self._session

        def work() -> _Arrived:
            opened = service.open(session, task_id)
            evidence = service.evidence(session, task_id)
            answer = service.answer(session, task_id)
            draft = None if answer else service.draft(session, task_id)
            return _Arrived(opened, pieces_of(evidence), evidence.missing, draft, answer)

        def read() -> None:
            if turn == self._turn:
                self._runner.run(work, owner=self, done=lambda found: self._arrive(turn, found), failed=self._fail)

        self.changed.emit()
        self.form_changed.emit()
        self._keeper.then(read)  # a draft on its way to the disk would be read as it was before

    def put_away(self) -> None:
        """Leave the case; what was written is saved."""
        self.flush()
        self._turn += 1
        self.case, self.pieces, self.missing, self.answer = None, (), 0, None
        self.is_ready = False
        self.draft_state, self.saved_at, self.draft_error = "none", None, ""
        self.form = self._saved = EMPTY

    def write(self, *, opinion: str | None = None, plan: str | None = None) -> None:
        """Keep what was typed; it is saved when the typing pauses."""
        if not self.can_write:
            return
        if opinion is not None:
            self.form = replace(self.form, opinion=opinion)
        if plan is not None:
            self.form = replace(self.form, plan=plan)
        if self.form != self._saved:
            self._tell("unsaved")
            self._pause.start()

    def flush(self) -> None:
        """Save the draft now, if there is something new in it."""
        self._pause.stop()
        if self.case is not None and self.can_write and self.form != self._saved:
            self._tell("saving")
            self._keeper.keep(self.case.task.id, self.form)

    def keep_now(self, done: Callable[[], None]) -> None:
        """Save every draft now; call back once they are on the disk or were refused."""
        self.flush()
        self._keeper.then(done)

    def check(self) -> bool:
        """Tell whether the opinion can be signed; what is wrong is told by ``refused``."""
        self.refused.emit("", "")
        if not self.form.opinion.strip():
            self.refused.emit("opinion", say(Text("Write your opinion before you sign.")))
            return False
        return self.can_write

    def sign(self) -> None:
        """Sign what is written; the person has confirmed it."""
        case, form = self.case, self.form
        if case is None or not self.check():
            return
        self._pause.stop()
        self._be_busy(True)
        self._keeper.then(lambda: self._sign_now(case.task.id, form))

    def load(self, piece: Piece) -> None:
        """Read the content of a piece in the background; values need no reading."""
        station, session = self._station, self._session
        document = piece.document

        def work() -> object:
            if piece.kind == "recording" and document is not None:
                return station.recordings.load(session, document)
            return station.documents.open(session, document) if document is not None else piece.vitals

        self._runner.run(
            work,
            owner=self,
            done=lambda content: self.loaded.emit(piece, content),
            failed=lambda error: self.not_loaded.emit(piece, say(error.text)),
        )

    def see_through(self, recording: Recording, band: Band, done: Callable[[Recording], None]) -> None:
        """Filter a recording in the background and hand it back; what is stored stays as it is."""
        self._runner.run(lambda: filtered(recording, band), owner=self, done=done)

    def _arrive(self, turn: int, arrived: _Arrived) -> None:
        if turn != self._turn:
            return
        self.case, self.pieces, self.missing = arrived.case, arrived.pieces, arrived.missing
        self.answer = arrived.answer
        self.form = self._saved = arrived.draft or EMPTY
        self.is_ready = True
        self._tell("saved" if arrived.draft else "none")
        self.changed.emit()
        self.form_changed.emit()

    def _after_save(self, task_id: str, form: OpinionForm) -> None:
        if self._is_open(task_id):
            self._saved, self.saved_at = form, datetime.now(UTC)
            self._tell("saved" if form == self.form else "unsaved")

    def _after_failed_save(self, task_id: str, error: ClinicError) -> None:
        if self._is_open(task_id):
            self.draft_error = say(error.text)
            self._tell("failed")
        else:
            self.noticed.emit(say(error.text), "warn")

    def _sign_now(self, task_id: str, form: OpinionForm) -> None:
        service, session = self._station.consultations, self._session

        def work() -> Answer | None:
            service.sign(session, task_id, form)
            return service.answer(session, task_id)

        self._runner.run(
            work,
            owner=self,
            done=lambda answer: self._after_sign(task_id, answer),
            failed=lambda error: self._fail_sign(task_id, error),
        )

    def _after_sign(self, task_id: str, answer: Answer | None) -> None:
        self._be_busy(False)
        if self._is_open(task_id):
            self.answer = answer
            self._saved = self.form
            self._tell("none")
            self.changed.emit()
        self.noticed.emit(_("Signed. The answer goes to the hospital that asked as soon as there is a link."), "ok")
        self.signed.emit()

    def _fail_sign(self, task_id: str, error: ClinicError) -> None:
        self._be_busy(False)
        field = error.field if isinstance(error, InvalidInputError) and self._is_open(task_id) else ""
        if field in ("opinion", "plan"):
            self.refused.emit(field, say(error.text))
        else:
            self.noticed.emit(say(error.text), "warn")

    def _fail(self, error: ClinicError) -> None:
        self.noticed.emit(say(error.text), "warn")

    def _is_open(self, task_id: str) -> bool:
        return self.case is not None and self.case.task.id == task_id

    def _tell(self, state: DraftState) -> None:
        self.draft_state = state
        self.draft_changed.emit()

    def _be_busy(self, is_busy: bool) -> None:
        self.is_busy = is_busy
        self.busy_changed.emit(is_busy)
