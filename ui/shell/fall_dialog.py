"""What the person sees at the start after the program has fallen: that it did, and where IT finds the report."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from ui import icons
from ui.language import _
from ui.widgets.buttons import Button
from ui.widgets.labels import breakable, label


class FallDialog(QDialog):
    """Says it once and calmly; what is behind it goes on.

    Args:
        folder: where the reports lie.
        parent: the window.
    """

    def __init__(self, folder: Path, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("fall")
        self.setWindowTitle(_("The program ended unexpectedly the last time"))
        self.setMinimumWidth(560)
        self._folder = folder
        picture = label()
        icons.put(picture, "triangle-alert", "warn", 32)
        texts = QVBoxLayout()
        texts.addWidget(label("heading", _("The program ended unexpectedly the last time"), is_wrapped=True))
        calm = _("What was saved is there. If it comes again, call IT: a report lies ready, without patients' data.")
        texts.addWidget(label("body", calm, is_wrapped=True))
        where = _("The report for IT is in the folder {folder}", folder=str(folder))
        texts.addWidget(label("muted", breakable(where), is_wrapped=True))
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addWidget(picture)
        row.addLayout(texts, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 22, 24, 18)
        column.setSpacing(14)
        column.addLayout(row)
        column.addLayout(self._buttons())

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        show = Button("fall.folder", "quiet", "folder-open")
        show.say(_("Show log folder"))
        show.clicked.connect(self._show_folder)
        self._close = Button("fall.close", "primary")
        self._close.say(_("Go on working"))
        self._close.clicked.connect(self.accept)
        self._close.setDefault(True)
        row.addWidget(show)
        row.addStretch()
        row.addWidget(self._close)
        return row

    def showEvent(self, event: QShowEvent) -> None:
        """Put the cursor on the way to work."""
        super().showEvent(event)
        self._close.setFocus()

    def _show_folder(self) -> None:
        # allowed (handed to the system): the folder of this program's own log
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder)))
