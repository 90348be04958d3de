"""What somebody chose on a screen, kept with him for the next time: read and written in the background."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Signal

from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session


class PreferenceBook(Protocol):
    """The preferences of everybody."""

    def get(self, session: Session, key: str) -> str | None:
        """Return one preference of somebody."""
        ...

    def put(self, session: Session, key: str, value: str) -> None:
        """Remember one preference of somebody."""
        ...


class Remembered(QObject):
    """The choices of one person on one screen, as words by name.

    Args:
        book: keeps them.
        runner: the way into the background.
        session: whose they are.
        key: of the screen.

    Signal ``known``: what was kept has been read. Until then, and where nothing was kept, there is nothing.
    """

    known = Signal()

    def __init__(self, book: PreferenceBook, runner: TaskRunner, session: Session, key: str) -> None:
        super().__init__()
        self._book, self._runner, self._session, self._key = book, runner, session, key
        self.values: dict[str, str] = {}

    def load(self) -> None:
        """Read what was kept."""
        self._runner.run(lambda: self._book.get(self._session, self._key), owner=self, done=self._take)

    def put(self, **chosen: str) -> None:
        """Remember choices beside those that are remembered; what was so already is not written again."""
        merged = {**self.values, **chosen}
        if merged == self.values:
            return
        self.values = merged
        text = json.dumps(merged, ensure_ascii=False)
        self._runner.run(lambda: self._book.put(self._session, self._key, text), owner=self, done=lambda _none: None)

    def _take(self, kept: str | None) -> None:
        try:
            told = json.loads(kept or "{}")
        except ValueError:
            told = {}
        if isinstance(told, dict):
            self.values = {**{str(key): str(value) for key, value in told.items()}, **self.values}
        self.known.emit()
