"""Taking images out: which series, with or without the patient, what somebody has looked at, and where to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from PySide6.QtCore import QObject, Signal

from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import Language, Text
from ui.imaging.shelf import SeriesRow
from ui.tasks import Job, TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.imaging.outside.burned_in import Box
    from clinic_app.imaging.outside.deidentifying import Wish
    from clinic_app.imaging.outside.image_exit import ExitForm, Outgoing, Taken
    from clinic_app.imaging.outside.stopping import Watch
    from clinic_app.imaging.outside.tag_tree import TagTree
    from clinic_app.imaging.stack import FrameStack
    from clinic_app.records import ImagingStudy, Patient
    from ui.pictures import Picture


Someone: TypeAlias = Any
"""A session, or None where nobody is signed in; whoever lets files out knows which of them it wants."""


class Exit(Protocol):
    """Takes images out: `image_exit.ImageExit` for whoever is signed in, `local_exit.LocalExit` for files of nobody."""

    def look(
        self, session: Someone, study: ImagingStudy, uids: Sequence[str], wish: Wish | None
    ) -> tuple[Outgoing, ...]:
        """Return how series would leave."""
        ...

    def take_out(self, session: Someone, form: ExitForm, target: Path, watch: Watch) -> Taken:
        """Write them."""
        ...

    def tags(self, session: Someone, study: ImagingStudy, sop_uid: str) -> TagTree:
        """Return everything a file says."""
        ...

    def note(self, session: Someone, study: ImagingStudy, what: str) -> None:
        """Note that a picture leaves."""
        ...


@dataclass(frozen=True)
class Line:
    """A series that may leave.

    Args:
        row: as the list shows it.
        is_chosen: it is to leave.
        outgoing: how it would; None until that is known.
        boxes: to make black.
        is_looked_at: somebody has looked through it.
    """

    row: SeriesRow
    is_chosen: bool = True
    outgoing: Outgoing | None = None
    boxes: tuple[Box, ...] = ()
    is_looked_at: bool = False

    @property
    def waits(self) -> bool:
        """Whether somebody has to look through it first."""
        return (
            bool(self.outgoing and self.outgoing.needs_looking and not self.outgoing.refusal) and not self.is_looked_at
        )


class ExitViewModel(QObject):
    """What is to leave.

    Args:
        exit: takes images out.
        stack: gives the pictures of a series, to be looked through.
        runner: the way into the background.
        session: who is signed in; None for files that belong to nobody here.
        patient: returns who is in hand.

    Signals: ``changed``: see ``lines`` and ``can_go``; ``pictured(Picture, int, int)``: of the series that is looked
    through, its number and how many there are; ``progressed(int, int)``; ``ended``: see ``is_writing``;
    ``taken(Taken)``; ``refused(Text)``.
    """

    changed = Signal()
    pictured = Signal(object, int, int)
    progressed = Signal(int, int)
    ended = Signal()
    taken = Signal(object)
    refused = Signal(object)

    def __init__(
        self,
        exit: Exit,
        stack: Callable[[SeriesRow], FrameStack],
        runner: TaskRunner,
        session: Session | None,
        patient: Callable[[], Patient | None] = lambda: None,
    ) -> None:
        super().__init__()
        self.exit, self._stack_of, self._runner, self._session = exit, stack, runner, session
        self.patient = patient
        self.lines: tuple[Line, ...] = ()
        self.is_nameless = False
        self.with_texts = False
        self.keeps_days = True
        self._round = 0
        self._job: Job | None = None
        self._stack: FrameStack | None = None
        self._shown = ""

    @property
    def can_export(self) -> bool:
        """Whether this person may take images out at all."""
        return self._session is None or self._session.can("export", "ImagingStudy")

    @property
    def is_writing(self) -> bool:
        """Whether something is being written."""
        return self._job is not None

    @property
    def chosen(self) -> tuple[Line, ...]:
        """The series that are to leave and can."""
        return tuple(
            each
            for each in self.lines
            if each.is_chosen and not (self.is_nameless and each.outgoing and each.outgoing.refusal)
        )

    @property
    def can_go(self) -> bool:
        """Whether everything is known and looked at, so that a place can be chosen."""
        chosen = self.chosen
        if not chosen or self.is_writing:
            return False
        return not self.is_nameless or all(each.outgoing and not each.waits for each in chosen)

    @property
    def size_bytes(self) -> int:
        """How large what was chosen is here."""
        return sum(each.outgoing.size_bytes for each in self.chosen if each.outgoing)

    def open(self, rows: Sequence[SeriesRow], chosen: Sequence[SeriesRow]) -> None:
        """Begin with the series of a patient, some of them chosen."""
        uids = {row.uid for row in chosen}
        self.lines = tuple(Line(row, row.uid in uids) for row in rows)
        self._stack, self._shown = None, ""
        self._look()

    def close(self) -> None:
        """Forget everything; what is being written is stopped."""
        self.stop()
        self._round += 1
        self.lines, self._stack, self._shown = (), None, ""

    def choose(self, uid: str, *, is_chosen: bool) -> None:
        """Let a series leave, or stay."""
        self._put(uid, is_chosen=is_chosen)

    def disguise(self, *, is_nameless: bool, with_texts: bool, keeps_days: bool) -> None:
        """Let them leave with or without their patient."""
        told = (is_nameless, with_texts, keeps_days)
        if told != (self.is_nameless, self.with_texts, self.keeps_days):
            self.is_nameless, self.with_texts, self.keeps_days = told
            self._look()

    def set_boxes(self, uid: str, boxes: tuple[Box, ...]) -> None:
        """Make these parts of a series black; it is to be looked at again."""
        self._put(uid, boxes=boxes, is_looked_at=False)

    def looked_at(self, uid: str, *, is_looked_at: bool) -> None:
        """Somebody has looked through a series, or takes it back."""
        self._put(uid, is_looked_at=is_looked_at)

    def tags_of(self, row: SeriesRow, sop_uid: str) -> TagTree:
        """Return everything one file says; called in the background."""
        return self.exit.tags(self._session, row.study, sop_uid)

    def note(self, row: SeriesRow, what: str) -> None:
        """Note that a picture leaves as it is seen; called in the background, before it does."""
        self.exit.note(self._session, row.study, what)

    def line(self, uid: str) -> Line | None:
        """Return a series by its UID."""
        return next((each for each in self.lines if each.row.uid == uid), None)

    def show(self, uid: str, number: int = 1) -> None:
        """Bring a picture of a series to be looked at."""
        line = self.line(uid)
        if line is None:
            return
        if self._shown != uid:
            self._shown, self._stack = uid, None
        stack = self._stack

        def work() -> tuple[FrameStack, int, Picture]:
            from ui.pictures import picture_of

            found = stack if stack is not None else self._stack_of(line.row)
            place = min(max(number, 1), len(found))
            return found, place, picture_of(found.frame(place - 1))

        def done(answer: tuple[FrameStack, int, Picture]) -> None:
            if self._shown == uid:
                self._stack = answer[0]
                self.pictured.emit(answer[2], answer[1], len(answer[0]))

        self._runner.run(work, owner=self, done=done, failed=self._refuse)

    def write(self, target: Path, language: Language, *, is_archive: bool) -> None:
        """Write what was chosen."""
        if not self.can_go:
            return
        from clinic_app.imaging.outside.image_exit import Chosen, ExitForm

        series = tuple(Chosen(each.row.study, each.row.uid, each.boxes, each.is_looked_at) for each in self.chosen)
        form = ExitForm(series, is_archive, self.is_nameless, self._wish(), language)

        def work(job: Job) -> Taken:
            return self.exit.take_out(self._session, form, target, watched(job))

        self._job = self._runner.run_long(
            work, owner=self, done=self._end, failed=self._fail, progressed=self.progressed.emit
        )
        self.changed.emit()

    def stop(self) -> None:
        """Write no further; nothing of it remains."""
        if self._job is not None:
            self._job.cancel()

    def _wish(self) -> Wish:
        from clinic_app.imaging.outside.deidentifying import Wish

        return Wish(keeps_days=self.keeps_days, with_texts=self.with_texts)

    def _put(self, uid: str, **told: object) -> None:
        self.lines = tuple(
            replace(each, **told) if each.row.uid == uid else each  # type: ignore[arg-type]
            for each in self.lines
        )
        self.changed.emit()

    def _look(self) -> None:
        """Find out how the series would leave, one after another."""
        self._round += 1
        self.lines = tuple(replace(each, outgoing=None) for each in self.lines)
        self.changed.emit()
        self._look_at_next(self._round)

    def _look_at_next(self, asked: int) -> None:
        line = next((each for each in self.lines if each.outgoing is None), None)
        if line is None or asked != self._round:
            return
        wish = self._wish() if self.is_nameless else None

        def done(found: tuple[Outgoing, ...]) -> None:
            if asked == self._round:
                boxes = line.boxes or (found[0].proposal if found[0].needs_looking else ())
                self._put(line.row.uid, outgoing=found[0], boxes=boxes)
                self._look_at_next(asked)

        def fail(error: ClinicError) -> None:
            if asked == self._round:
                self.lines = tuple(each for each in self.lines if each.row.uid != line.row.uid)
                self.refused.emit(error.text)
                self._look_at_next(asked)

        self._runner.run(
            lambda: self.exit.look(self._session, line.row.study, [line.row.uid], wish),
            owner=self,
            done=done,
            failed=fail,
        )

    def _end(self, taken: Taken) -> None:
        self._job = None
        self.ended.emit()
        self.taken.emit(taken)
        self.changed.emit()

    def _fail(self, error: ClinicError) -> None:
        self._job = None
        self.ended.emit()
        self.refused.emit(error.text)
        self.changed.emit()

    def _refuse(self, error: ClinicError) -> None:
        self.refused.emit(error.text)


def watched(job: Job) -> Callable[[int, int], None]:
    """Return what tells a job how far it is, and stops where somebody cancelled it."""

    def watch(done: int, total: int) -> None:
        from clinic_app.imaging.outside.stopping import StoppedError

        job.report(done, total)
        if job.is_cancelled():
            raise StoppedError

    return watch


def words_for(taken: Taken) -> Text:
    """Return what to say of what was written."""
    if taken.left_out:
        return Text(
            "{count} files were written to “{name}”; {left} stay here: {reason}",
            count=taken.files,
            name=taken.path.name,
            left=len(taken.left_out),
            reason=taken.left_out[0].reason,
        )
    return Text("{count} files were written to “{name}”.", count=taken.files, name=taken.path.name)
