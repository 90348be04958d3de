"""The marks of the studies that are looked at: read when a study is opened, kept on somebody's wish, never lost.

Each study has one book, shared by all panes that show it. What is not kept when the patient goes is a draft of whoever
drew it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
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
        session, spoken = self._session, language.current()
        for study, book in tuple(self._books.values()):
            if book.is_changed:
                self._on_the_way.add(study.id)
                self._times_kept += 1
                marks = book.marks
                self._runner.run(
                    partial(self._keeping.keep, session, study, marks, spoken, book.known),
                    owner=self,
                    done=partial(self._end, study.id, book, marks),
                    failed=partial(self._refuse, study.id),
                )
        self.changed.emit()

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
        left = self._left.pop(study_id, None)
        if left is not None:
            book.take_up(left)

    def _end(self, study_id: str, book: MarkBook, marks: tuple[Mark, ...], _study: ImagingStudy) -> None:
        self._on_the_way.discard(study_id)
        study, there = self._books.get(study_id, (None, None))
        if study is not None and there is book:
            book.told_kept(marks)
            self._read_again(study, book)
        if not self._on_the_way:
            self.succeeded.emit(Text("The measurements are kept with the study and travel with it."))
            self.kept.emit()
        self.changed.emit()

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
