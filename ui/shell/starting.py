"""From a data folder to a workstation: what is asked of a person when the folder does not open by itself."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from PySide6.QtCore import QEventLoop, QObject, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMessageBox

from clinic_app.foundation.clock import Clock, SystemClock
from clinic_app.foundation.errors import ClinicError, DamagedError, KeyLockedError
from clinic_app.foundation.notices import NOT_OPENED, tell
from ui import language
from ui.shell.view_model_opening import OpeningViewModel, Ways
from ui.shell.view_model_rescue import RescueViewModel, RescueWork
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.settings import Settings
    from clinic_app.workstation import Workstation
    from ui.shell.early_window import EarlyWindow

NOBODY_LOOKS: Final = ("offscreen", "minimal")
"""Qt's platforms without a person before them: a window there would wait for ever."""


class Door(Ways, Protocol):
    """What is asked of `clinic_app.opening.Opening`."""

    def with_key_storage(self) -> bytes:
        """Return the key as this computer keeps it."""
        ...

    def backups(self) -> tuple[Any, ...]:
        """Return the backups, the newest first."""
        ...

    def restore(self, backup: Any, key: bytes) -> Path:  # noqa: ANN401 - whatever `backups` gave
        """Put a backup in the place of the database; return where the former one is kept."""
        ...


class Build(Protocol):
    """Opens a data folder and makes its services."""

    def __call__(self, *, key: bytes | None = None, is_read_only: bool = False) -> Any:  # noqa: ANN401 - a fake's too
        """Return the workstation, or raise a ClinicError."""
        ...


class Starting(QObject):
    """Leads through the windows until there is a workstation, or nobody wants one.

    Args:
        door: the ways into the folder.
        build: opens it.
        runner: the way into the background.
        clock: tells how old a backup is.

    Signal ``finished``: see ``workstation``.
    """

    finished = Signal()

    def __init__(self, door: Door, build: Build, runner: TaskRunner, clock: Clock) -> None:
        super().__init__()
        self._door = door
        self._build = build
        self._runner = runner
        self._clock = clock
        self.workstation: Any = None
        self.window: EarlyWindow | None = None

    def meet(self, error: ClinicError) -> None:
        """Show the window that belongs to an error.

        Raises:
            ClinicError: the error, if there is nothing a person could do about it here.
        """
        if isinstance(error, DamagedError):
            self._rescue(error, None)
        elif isinstance(error, KeyLockedError) and self._door.ways() & {"user", "recovery"}:
            self._unlock()
        else:
            raise error

    def answer(self, error: ClinicError) -> Any:  # noqa: ANN401 - whatever `build` returns
        """Show the window and wait; return the workstation, or None if the person closed the window.

        Raises:
            ClinicError: as `meet` does.
        """
        application = QGuiApplication.instance()
        assert isinstance(application, QGuiApplication)
        loop = QEventLoop()
        self.finished.connect(loop.quit)
        application.setQuitOnLastWindowClosed(False)  # the program's own window comes after this one
        try:
            self.meet(error)
            loop.exec()
        finally:
            application.setQuitOnLastWindowClosed(True)
        return self.workstation

    def _unlock(self) -> None:
        from ui.shell.unlock_window import UnlockWindow  # most starts need none

        model = OpeningViewModel(self._door, lambda key: self._build(key=key), self._runner)
        model.opened.connect(self._finish)
        model.damaged.connect(lambda key, text: self._rescue(DamagedError(text), key))
        self._show(UnlockWindow(model))

    def _rescue(self, error: ClinicError, key: bytes | None) -> None:
        from ui.shell.rescue_window import RescueWindow  # most starts need none

        work: RescueWork[Any] = RescueWork(
            self._door.backups,
            lambda backup: self._door.restore(backup, self._door.with_key_storage() if key is None else key),
            partial(self._build, key=key),
            partial(self._build, key=key, is_read_only=True),
        )
        model: RescueViewModel[Any] = RescueViewModel(work, error.text, self._runner)
        model.opened.connect(self._finish)
        self._show(RescueWindow(model, self._clock))

    def _show(self, window: EarlyWindow) -> None:
        former, self.window = self.window, window
        window.closed.connect(self._give_up)
        window.show()
        if former is not None:
            self._put_away(former)

    def _finish(self, workstation: Any) -> None:  # noqa: ANN401 - whatever `build` returned
        self.workstation = workstation
        self._give_up()

    def _give_up(self) -> None:
        window, self.window = self.window, None
        if window is not None:
            self._put_away(window)
            self.finished.emit()

    def _put_away(self, window: EarlyWindow) -> None:
        window.closed.disconnect(self._give_up)
        window.close()
        window.deleteLater()


def somebody_looks() -> bool:
    """Return whether there is a screen with somebody before it."""
    return QGuiApplication.platformName() not in NOBODY_LOOKS


def open_clinic(settings: Settings, runner: TaskRunner) -> Workstation | None:
    """Open a data folder; where it does not open by itself, ask whoever sits before it.

    Returns:
        The workstation, or None if the person closed the window.

    Raises:
        ClinicError: it does not open, and nobody could be asked or nothing can be done here.
    """
    from clinic_app.opening import Opening
    from clinic_app.workstation import build_workstation

    build: Callable[..., Workstation] = partial(build_workstation, settings)
    try:
        return build()
    except (KeyLockedError, DamagedError) as error:
        if not somebody_looks():
            raise
        logging.getLogger("dala").error("%s", error)
        return Starting(Opening(settings), build, runner, SystemClock()).answer(error)  # type: ignore[no-any-return]


def refuse(error: ClinicError) -> None:
    """Say why the program does not start: always in the log, and in a box where somebody can close it."""
    tell(NOT_OPENED, type(error))
    logging.getLogger("dala").error("%s", error)
    if somebody_looks():
        QMessageBox.critical(None, "Dala", error.text.render(language.current()))  # allowed (label): only our words
