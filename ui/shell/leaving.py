"""Nobody's words are lost by a sign-out, a closed window or the end of the computer's session."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from PySide6.QtCore import QEventLoop, QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMainWindow

from ui.shell.draft_book import DraftBook
from ui.shell.leave_question import LeaveQuestion, Way
from ui.shell.seats import Seats
from ui.shell.work_page import WorkPage

_LONGEST_FAREWELL_MS: Final = 3000
"""How long the end of the computer's session may be held up by drafts on their way to the disk."""


class Leaving(QObject):
    """Asks, waits for the disk, lets go.

    Args:
        window: what is closed.
        seats: everybody's places.
        books: everybody's drafts, by person.

    Signal ``left(bool)``: the person in front leaves; his words are kept, or (False) thrown away.
    """

    left = Signal(bool)

    def __init__(self, window: QMainWindow, seats: Seats, books: Mapping[str, DraftBook]) -> None:
        super().__init__(window)
        self._window = window
        self._seats = seats
        self._books = books
        self.may_close = False
        application = QGuiApplication.instance()
        if isinstance(application, QGuiApplication):
            application.commitDataRequest.connect(self.say_farewell)

    def asks(self, way: Way, page: WorkPage) -> bool:
        """Ask where something is not saved, or what is recorded for hours would stop; return whether that was so."""
        ends_hours = way == "close" and page.records_for_hours()
        if not page.has_unsaved() and not ends_hours:
            return False
        if not any(each.isVisible() for each in self._window.findChildren(LeaveQuestion)):
            words = page.unsaved_words()
            question = LeaveQuestion(
                way, words, is_working=page.is_working(), ends_hours=ends_hours, parent=self._window
            )
            question.kept.connect(lambda: page.keep_drafts(partial(self._after_keeping, way, page)))
            question.discarded.connect(partial(self._go, way, with_words=False))
            question.finished.connect(question.deleteLater)
            question.open()
        return True

    def is_held(self, page: WorkPage | None) -> bool:
        """Return whether the window must not close yet; it closes by itself as soon as it may.

        Args:
            page: of whoever works now; None where the window is locked or nobody is signed in: nobody is asked then.
        """
        if self.may_close:
            return False
        if page is not None and self.asks("close", page):
            return True
        return self._wait(self._close)

    def say_farewell(self, *_manager: object) -> None:
        """The computer's session ends: nobody can be asked, and drafts go to the disk before the answer is given."""
        self.may_close = True
        loop = QEventLoop()
        if self._wait(loop.quit):
            longest = QTimer(loop, singleShot=True, interval=_LONGEST_FAREWELL_MS)
            longest.timeout.connect(loop.quit)
            longest.start()
            loop.exec()
            longest.stop()

    def _wait(self, done: Callable[[], object]) -> bool:
        """Keep everything; return whether something is on its way, and call back when it is through or refused."""
        through: list[bool] = []
        pages = [seat.page for seat in self._seats]
        parties = len(pages) + len(self._books)

        def one_is_through() -> None:
            through.append(True)
            if len(through) == parties and is_late:
                done()

        is_late = False
        for page in pages:
            page.keep_drafts(one_is_through)
        for book in self._books.values():
            book.then(one_is_through)
        is_late = len(through) < parties
        return is_late

    def _after_keeping(self, way: Way, page: WorkPage) -> None:
        if page.is_kept:  # else the notice says why, and the person stays
            self._go(way, with_words=True)

    def _go(self, way: Way, *, with_words: bool) -> None:
        self.left.emit(with_words)
        if way == "close":
            self._window.close()

    def _close(self) -> None:
        self.may_close = True  # a disk that takes nothing more holds nobody for ever
        self._window.close()
