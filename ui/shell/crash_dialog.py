"""What the person sees when the program made a mistake: calm words, and where the details lie."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from clinic_app.foundation.notices import FAULT, tell
from clinic_app.log_file import log_folder, way_of
from ui import icons
from ui.events import CoreEvents
from ui.language import _
from ui.widgets.buttons import Button
from ui.widgets.labels import breakable, label

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

log = logging.getLogger(__name__)


class CrashDialog(QDialog):
    """Says that nothing saved was lost, and shows the details for IT: those of the log, without a word of a patient.

    Args:
        error: what was raised.
        parent: the window it happened in.
    """

    def __init__(self, error: BaseException, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("crash")
        self.setWindowTitle(_("The program made a mistake"))
        self.setMinimumWidth(560)
        self._folder = log_folder()
        self._details = QPlainTextEdit(way_of(error))
        self._details.setReadOnly(True)
        self._details.setObjectName("crash.details")
        self._details.setAccessibleName(_("Details for IT"))
        self._details.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 22, 24, 18)
        column.setSpacing(14)
        column.addLayout(self._words())
        column.addWidget(self._details)
        column.addLayout(self._buttons())

    def _words(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(16)
        picture = label()
        icons.put(picture, "triangle-alert", "warn", 32)
        texts = QVBoxLayout()
        texts.addWidget(label("heading", _("The program made a mistake"), is_wrapped=True))
        texts.addWidget(
            label("body", _("Nothing you saved was lost. You can go on working; if it comes again, call IT."),
                  is_wrapped=True)
        )  # fmt: skip
        if self._folder is not None:
            where = _("The details are in the log, in the folder {folder}", folder=str(self._folder))
            texts.addWidget(label("muted", breakable(where), is_wrapped=True))
        row.addWidget(picture)
        row.addLayout(texts, 1)
        return row

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        more = Button("crash.more", "quiet")
        more.say(_("Details for IT"))
        more.clicked.connect(lambda: self._details.setVisible(self._details.isHidden()))
        folder = Button("crash.log_folder", "quiet", "folder-open")
        folder.say(_("Show log folder"))
        folder.clicked.connect(self._show_folder)
        folder.setHidden(self._folder is None)
        close = Button("crash.close", "primary")
        close.say(_("Go on working"))
        close.clicked.connect(self.accept)
        row.addWidget(more)
        row.addWidget(folder)
        row.addStretch()
        row.addWidget(close)
        close.setDefault(True)
        self._close = close
        return row

    def showEvent(self, event: QShowEvent) -> None:
        """Put the cursor on the way back to work."""
        super().showEvent(event)
        self._close.setFocus()

    def _show_folder(self) -> None:
        if self._folder is not None:
            # allowed (handed to the system): the folder of this program's own log
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder)))


def catch_faults(events: CoreEvents, report: Callable[[BaseException], object] = lambda _error: None) -> None:
    """From now on, log whatever nobody caught, in any thread, and tell ``events``.

    Args:
        events: hear of it, except of what Python met while it cleared up after itself.
        report: writes down what IT needs.
    """

    def note(error: BaseException) -> None:
        report(error)
        tell(FAULT, type(error))

    def of_main(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        log.critical("nobody caught this", exc_info=(kind, error, trace))
        note(error.with_traceback(trace))
        events.tell_fault(error)

    def of_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            log.critical("nobody caught this in a thread", exc_info=args.exc_value)
            note(args.exc_value)
            events.tell_fault(args.exc_value)

    def of_nobody(args: UnraisableHookArgs) -> None:
        if args.exc_value is not None:
            log.critical("Python could tell this to nobody", exc_info=args.exc_value)
            note(args.exc_value)

    sys.excepthook = of_main
    threading.excepthook = of_thread
    sys.unraisablehook = of_nobody
