"""The last thing this program says on a computer whose data a hub has ordered to be erased."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from clinic_app.foundation.texts import Text
from clinic_app.sync import Erased, SyncState
from ui import icons
from ui.events import CoreEvents
from ui.language import _, say
from ui.widgets.buttons import Button
from ui.widgets.labels import breakable, label

WIDTH_PX: Final = 560


class ErasedNotice(QObject):
    """Covers the window when the order has come, says why, and ends the program: nothing can be worked on any more.

    Args:
        pages: what the window shows; it is hidden.
        events: news of the core.
        state: returns how the exchange stands; None where there is none.
        end: closes the window.
    """

    def __init__(
        self, pages: QWidget, events: CoreEvents, state: Callable[[], SyncState | None], end: Callable[[], object]
    ) -> None:
        super().__init__(pages)
        self._pages = pages
        self._state = state
        self._end = end
        self._is_told = False
        events.sync_changed.connect(self._look)

    def _look(self) -> None:
        state = self._state()
        if isinstance(state, Erased) and not self._is_told:
            self._is_told = True
            self._pages.hide()
            dialog = _Dialog(state.reason, self._pages.window())
            dialog.finished.connect(lambda _answer: self._end())
            dialog.finished.connect(dialog.deleteLater)
            dialog.open()


class _Dialog(QDialog):
    """The reason and one button."""

    def __init__(self, reason: Text, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("erased")
        self.setWindowTitle(_("The data of this computer were erased"))
        picture = label()
        icons.put(picture, "triangle-alert", "warn", 32)
        why = label("body", breakable(say(reason)), is_wrapped=True)
        why.setObjectName("erased.why")
        texts = QVBoxLayout()
        texts.addWidget(label("heading", _("The data of this computer were erased"), is_wrapped=True))
        texts.addWidget(why)
        texts.addWidget(
            label("muted", _("The program ends now. Ask IT of your hospital or of the hub."), is_wrapped=True)
        )
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addWidget(picture)
        row.addLayout(texts, 1)
        close = Button("erased.close", "primary")
        close.say(_("End the program"))
        close.clicked.connect(self.accept)
        close.setDefault(True)
        below = QHBoxLayout()
        below.addStretch()
        below.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 22, 24, 18)
        column.setSpacing(14)
        column.addLayout(row)
        column.addLayout(below)
        self.setFixedWidth(WIDTH_PX)
        self.ensurePolished()  # the reason wraps: how high it gets is known once letters and width are
        self.setMinimumHeight(column.heightForWidth(WIDTH_PX))
