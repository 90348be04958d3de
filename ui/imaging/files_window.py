"""A window for files without a patient: series at the left, what they show at the right; nothing is kept."""

from __future__ import annotations

from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from clinic_app.foundation.texts import Text
from ui import icons, theme
from ui.imaging.light_box import LightBox
from ui.imaging.view_model_files import FilesViewModel
from ui.imaging.viewer import Viewer
from ui.language import Translated, _, counted, say
from ui.widgets.busy_line import BusyLine
from ui.widgets.labels import label


class FilesWindow(Translated, QWidget):
    """The window.

    Args:
        model: the files.
        title: what was opened.
    """

    def __init__(self, model: FilesViewModel, title: str) -> None:
        super().__init__()
        self.setObjectName("files")
        self.setProperty("role", "page")
        self.setWindowTitle(title)
        theme.make_clinical(self)
        self._model = model
        model.setParent(self)
        self.box = LightBox("files", model, None, self)
        self.panes, self.series = self.box.panes, self.box.list
        self.panes.tools.without_keeping()
        self._busy = BusyLine("files")
        self._words = label(is_wrapped=True)
        self._words.setObjectName("files.words")
        self._refusal: Text | None = None
        self._lay_out()
        self._connect()
        icons.redraw_in(self)
        self.retranslate()
        self._busy.begin(_("The files are being looked through…"), can_cancel=True)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 12)
        column.setSpacing(8)
        for part in (self._busy, self._words):
            column.addWidget(part)
        column.addWidget(self.box, 1)

    def _connect(self) -> None:
        model = self._model
        model.listed.connect(self._show_list)
        model.progressed.connect(self._busy.progress)
        model.thumbnail_made.connect(self.box.show_thumbnail)
        model.refused.connect(self._refuse)
        self._busy.cancelled.connect(model.stop)

    @property
    def viewer(self) -> Viewer:
        """The pane in hand."""
        return self.panes.active

    def closeEvent(self, event: QCloseEvent) -> None:
        """Look at nothing further."""
        self._model.stop()
        super().closeEvent(event)

    def text(self) -> str:
        """Return the sentence above the series."""
        return self._words.text()

    def retranslate(self) -> None:
        """Say everything anew."""
        refused = self._model.refusals
        words = say(self._refusal) if self._refusal else ""
        if refused and not words:
            first, reason = refused[0]
            words = counted("{count} file is not shown:", "{count} files are not shown:", len(refused))
            words += f" {first}: {say(reason)}" + (" …" if len(refused) > 1 else "")
        self._words.setText(words)
        self._words.setVisible(bool(words))

    def _show_list(self) -> None:
        self._busy.end()
        self.box.show_rows()
        self.viewer.front.setFocus()
        self.retranslate()

    def _refuse(self, words: Text) -> None:
        self._busy.end()
        self._refusal = words
        self.retranslate()
