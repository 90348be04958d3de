"""Below the traces: record for hours, say how far it is on the disk, put words beside a moment."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from ui.language import Translated, _, say
from ui.waveforms.view_model_long import LongViewModel
from ui.widgets.buttons import Button
from ui.widgets.labels import OneLine

LONGEST_MARK: Final = 80


class _MarkLine(QLineEdit):
    """The line for the words; Escape leaves it."""

    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave on Escape."""
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)


class LongBar(Translated, QWidget):
    """The bar.

    Args:
        model: what is recorded and marked.

    Signals: ``start_asked``, ``stop_asked``; ``moment_asked``: give the moment of a mark to `begin_mark`;
    ``marked(datetime, str)``; ``left``: the keys go back to the traces.
    """

    start_asked = Signal()
    stop_asked = Signal()
    moment_asked = Signal()
    marked = Signal(object, str)
    left = Signal()

    def __init__(self, model: LongViewModel) -> None:
        super().__init__()
        self._model = model
        self._source = ""
        self._is_there = False
        self._moment: datetime | None = None
        self._record = Button("monitor.long", "plain", "hard-drive")
        self._record.setCheckable(True)
        self._mark = Button("monitor.mark", "plain", "map-pin")
        self._words = _MarkLine()
        self._words.setObjectName("monitor.mark_words")
        self._words.setMaxLength(LONGEST_MARK)
        self._words.setMinimumWidth(220)
        self._words.hide()
        self._state = OneLine("", 40)
        self._state.setObjectName("monitor.long_state")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        for part in (self._record, self._mark, self._words):
            row.addWidget(part)
        row.addWidget(self._state, 1)
        self._record.clicked.connect(self._toggle)
        self._mark.clicked.connect(self.moment_asked)
        self._words.returnPressed.connect(self._keep)
        self._words.left.connect(self._leave)
        model.changed.connect(lambda: self.show_source(self._source, is_there=self._is_there))
        self.retranslate()

    def show_source(self, source: str, *, is_there: bool) -> None:
        """Show how it stands with a monitor.

        Args:
            source: its name.
            is_there: whether it sends.
        """
        if source != self._source:
            self._leave()
        self._source, self._is_there = source, is_there
        running = self._model.running(source)
        self._record.setChecked(running is not None)
        self._record.setEnabled(running is not None or (is_there and self._model.can_start(source)))
        self._mark.setEnabled(bool(source))
        self._record.say(_("End recording") if running else _("Record on"))
        words = ""
        if running is not None:
            saved = f"{running.saved_until.astimezone():%H:%M}" if running.saved_until else ""
            words = _("on the disk until {time}", time=saved) if saved else _("recording begins")
            words = say(running.problem) if running.problem else words
            if self._model.is_of_another(source):
                words = _("for another patient: {words}", words=words)
        if words != self._state.text():
            self._state.say(words)

    def begin_mark(self, moment: datetime) -> None:
        """Ask for the words of a mark at a moment; one that is being written keeps its own."""
        if self._words.isHidden():
            self._moment = moment
            self._words.clear()
            self._words.show()
        self._words.setFocus()

    def retranslate(self) -> None:
        """Say everything anew."""
        self._mark.say(_("Mark"), "M")
        self._words.setPlaceholderText(_("What happened? Enter keeps it"))
        self._words.setAccessibleName(_("Words of the mark"))
        self.show_source(self._source, is_there=self._is_there)

    def _toggle(self) -> None:
        is_running = self._model.running(self._source) is not None
        (self.stop_asked if is_running else self.start_asked).emit()
        self._record.setChecked(is_running)
        self.left.emit()  # Space freezes; it must not press what stands beside the button while that one is off

    def _keep(self) -> None:
        moment, words = self._moment, self._words.text().strip()
        self._leave()
        if moment is not None and words:
            self.marked.emit(moment, words)

    def _leave(self) -> None:
        if not self._words.isHidden():
            self._words.hide()
            self._moment = None
            self.left.emit()
