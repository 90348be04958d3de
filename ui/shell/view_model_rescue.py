"""What can be done when the data are damaged: go back to a backup, or look without writing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QObject, Signal

from clinic_app.foundation.texts import Text
from ui.one_wish import OneWish
from ui.tasks import TaskRunner

B = TypeVar("B")
T = TypeVar("T")


@dataclass(frozen=True)
class RescueWork(Generic[B]):
    """The slow things a rescue does; each is called in the background.

    Args:
        list_backups: the newest first, each opened and checked.
        restore: puts a copy of a backup in the place of the damaged file; returns where that one is kept.
        open_again: builds the workstation over the restored data.
        look_only: builds it over the damaged data, without a right to write.
    """

    list_backups: Callable[[], tuple[B, ...]]
    restore: Callable[[B], Path]
    open_again: Callable[[], Any]
    look_only: Callable[[], Any]


class RescueViewModel(QObject, Generic[B]):
    """What the rescue window asks.

    Args:
        work: the slow things.
        reason: what is damaged, in words.
        runner: the way into the background.

    Signals: ``listed`` (see ``backups``), ``restored(path)``, ``opened(workstation)``, ``failed(Text)``,
    ``busy_changed(Text or None)``.
    """

    listed = Signal()
    restored = Signal(object)
    opened = Signal(object)
    failed = Signal(object)
    busy_changed = Signal(object)

    def __init__(self, work: RescueWork[B], reason: Text, runner: TaskRunner) -> None:
        super().__init__()
        self._work = work
        self._runner = runner
        self._wish = OneWish[Text](runner, self, self.busy_changed.emit)
        self.reason = reason
        self.backups: tuple[B, ...] = ()

    def look(self) -> None:
        """Find the backups; each is opened and checked, which takes its time."""

        def take(found: tuple[B, ...]) -> None:
            self.backups = found
            self.listed.emit()

        self._run(Text("Looking for backups and checking each…"), self._work.list_backups, take)

    def restore(self, backup: B) -> None:
        """Put a copy of one backup in the place of the damaged file, then open it."""

        def go_on(kept: Path) -> None:
            self.restored.emit(kept)
            self._run(Text("Opening the restored data…"), self._work.open_again, self.opened.emit)

        self._run(Text("Copying the backup and checking the copy…"), lambda: self._work.restore(backup), go_on)

    def look_only(self) -> None:
        """Open the damaged data to look at what can still be read; nothing can be written."""
        self._run(Text("Opening the data for reading…"), self._work.look_only, self.opened.emit)

    def _run(self, words: Text, work: Callable[[], T], done: Callable[[T], object]) -> None:
        self._wish.ask(words, work, done, lambda error: self.failed.emit(error.text))
