"""The marks of the studies that are looked at: read when a study is opened, kept on somebody's wish, never lost.

Each study has one book, shared by all panes that show it. What is not kept when the patient goes is a draft of whoever
drew it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

import msgspec
from PySide6.QtCore import QObject, Signal

from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.measuring import Mark
from clinic_app.records import ImagingStudy
from ui import language
from ui.tasks import TaskRunner
from ui.widgets.image_mark_book import MarkBook

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.foundation.texts import Language
    from clinic_app.imaging.measuring.marks import MarkLayer

_MOST_DRAFT: Final = 1 << 20


class Keeping(Protocol):
    """Keeps marks: `clinic_app.imaging.MarkKeeping`."""

    def layers(self, session: Session, study: ImagingStudy) -> tuple[MarkLayer, ...]:
        """Return each person's marks on a study."""
        ...

    def keep(
        self,
        session: Session,
        study: ImagingStudy,
        marks: Sequence[Mark],
        language: Language,
        known: Collection[str] | None = None,
    ) -> ImagingStudy:
        """Keep mine, and what is kept of mine that is not in ``known``."""
        ...


@dataclass(frozen=True)
class _Leaving:
    """Marks on their way to the disk: of which study, which of them were kept and seen, and whether nobody waits."""

    study: ImagingStudy
    marks: tuple[Mark, ...]
    known: frozenset[str]
    is_last: bool = False


class MarksModel(QObject):
    """The books.

    Args:
        keeping: where marks are kept.
        runner: the way into the background.
        session: who is signed in.
        parent: lives as long as this.

    Signals: ``changed``: some book, or what is being kept, is another; ``kept``; ``succeeded(Text)``,
    ``refused(Text)``.
    """

    changed = Signal()
    kept = Signal()
    succeeded = Signal(object)
    refused = Signal(object)

    def __init__(self, keeping: Keeping, runner: TaskRunner, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._keeping = keeping
        self._runner = runner
        self._session = session
        self._books: dict[str, tuple[ImagingStudy, MarkBook]] = {}
        self._left: dict[str, tuple[Mark, ...]] = {}
        self._on_the_way: set[str] = set()
        self._read: set[str] = set()
        self._times_kept = 0
        self._sent: dict[str, frozenset[str]] = {}
        self._next: dict[str, _Leaving] = {}
        self._unkept: dict[str, tuple[Mark, ...]] = {}

    @property
    def can_keep(self) -> bool:
        """Whether there is something to keep, and this person may."""
        return self.is_changed and not self._on_the_way and self._session.can("create", "ImagingStudy")

    @property
    def is_keeping(self) -> bool:
        """Whether marks are on their way to the disk."""
        return bool(self._on_the_way)

    @property
    def is_changed(self) -> bool:
        """Whether marks are not kept."""
        return bool(self._left) or any(book.is_changed for _study, book in self._books.values())

    def book_of(self, study: ImagingStudy) -> MarkBook:
        """Return the book of a study; it fills when what is kept has been read."""
        if study.id in self._books:
            return self._books[study.id][1]
        book = MarkBook(self)
        self._books[study.id] = (study, book)
        book.changed.connect(self.changed)
        self._read_again(study, book)
        return book

    def _read_again(self, study: ImagingStudy, book: MarkBook) -> None:
        session = self._session
        self._runner.run(
            lambda: self._keeping.layers(session, study),
            owner=self,
            done=partial(self._fill, study.id, book, self._times_kept),
            failed=partial(self._refuse, study.id),
        )

    def keep(self) -> None:
        """Keep mine on every study where they have changed."""
        if not self.can_keep:
            return
        for study, book in tuple(self._books.values()):
            if book.is_changed:
                self._send(_Leaving(study, book.marks, book.known), book)
        self.changed.emit()

    def leave(self) -> None:
        """Keep mine wherever they have changed, and forget everything: somebody looks at something else.

        What was drawn while marks were on their way already follows them; what is refused then is shown as not kept
        when the study is seen again.
        """
        if self._session.can("create", "ImagingStudy"):
            for study, book in tuple(self._books.values()):
                leaving = _Leaving(study, book.marks, book.known, is_last=True)
                if book.is_changed and study.id in self._on_the_way:
                    self._next[study.id] = leaving
                elif book.is_changed:
                    self._send(leaving, book)
        self.forget()

    def _send(self, leaving: _Leaving, book: MarkBook | None) -> None:
        study, marks = leaving.study, leaving.marks
        self._on_the_way.add(study.id)
        self._times_kept += 1
        self._sent[study.id] = frozenset(mark.uid for mark in marks)
        self._runner.run(
            partial(self._keeping.keep, self._session, study, marks, language.current(), leaving.known),
            owner=self,
            done=partial(self._end, study.id, book, marks),
            failed=partial(self._refuse_keeping, leaving),
        )

    def forget(self) -> None:
        """Another patient: nothing of the one before stays."""
        for _study, book in self._books.values():
            book.changed.disconnect(self.changed)
            book.clear()
            book.deleteLater()
        self._books, self._left, self._read = {}, {}, set()
        self.changed.emit()

    def unsaved(self) -> dict[str, str]:
        """Return what is not kept as a draft holds it: a study's id, and my marks on it."""
        found = {study.id: book.marks for study, book in self._books.values() if book.is_changed} | self._left
        return {study_id: msgspec.json.encode(marks).decode() for study_id, marks in found.items()}

    def take_up(self, values: dict[str, str]) -> None:
        """Go on with what a draft held; what cannot be read of it, or drawn, is left out."""
        for study_id, body in values.items():
            marks = _marks_in(body)
            if study_id in self._read:
                self._books[study_id][1].take_up(marks)
            else:
                self._left[study_id] = marks  # taken up when what is kept has been read, in its place
        self.changed.emit()

    def _fill(self, study_id: str, book: MarkBook, times_kept: int, layers: tuple[MarkLayer, ...]) -> None:
        if self._books.get(study_id, (None, None))[1] is not book:
            return
        if study_id in self._read:
            if times_kept == self._times_kept:  # else what was read is older than what is kept
                book.meet(layers)
            return
        self._read.add(study_id)
        book.load(layers)
        left = self._left.pop(study_id, None) or self._unkept.pop(study_id, None)
        if left is not None:
            book.take_up(left)

    def _end(self, study_id: str, book: MarkBook | None, marks: tuple[Mark, ...], _study: ImagingStudy) -> None:
        self._on_the_way.discard(study_id)
        self._follow(study_id)
        study, there = self._books.get(study_id, (None, None))
        if study is not None and book is not None and there is book:
            book.told_kept(marks)
            self._read_again(study, book)
        if not self._on_the_way:
            self.succeeded.emit(Text("The measurements are kept with the study and travel with it."))
            self.kept.emit()
        self.changed.emit()

    def _follow(self, study_id: str) -> None:
        """Send what was left behind marks that were on their way; those are known to whoever drew it."""
        if (waiting := self._next.pop(study_id, None)) is not None:
            self._send(replace(waiting, known=waiting.known | self._sent[study_id]), None)

    def _refuse_keeping(self, leaving: _Leaving, error: ClinicError) -> None:
        study_id = leaving.study.id
        if leaving.is_last and study_id not in self._next:
            self._unkept[study_id] = leaving.marks
        self._refuse(study_id, error)
        self._follow(study_id)

    def _refuse(self, study_id: str, error: ClinicError) -> None:
        self._on_the_way.discard(study_id)
        self.refused.emit(error.text)
        self.changed.emit()


def _marks_in(body: str) -> tuple[Mark, ...]:
    if len(body) > _MOST_DRAFT:
        return ()
    try:
        found = msgspec.json.decode(body, type=tuple[Mark, ...])
    except (msgspec.DecodeError, UnicodeError):
        return ()
    return tuple(mark for mark in found if mark.is_sound)
