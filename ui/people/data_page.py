"""Keys and backups side by side; in their place, for the moment it is shown, a fresh recovery code."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from clinic_app.documents import RecoverySheet
from ui.language import Translated, _, say
from ui.people.backups_card import BackupsCard
from ui.people.keys_card import KeysCard
from ui.people.view_model_data import DataViewModel
from ui.tasks import TaskRunner
from ui.widgets.labels import Card, label
from ui.widgets.page import scrolled
from ui.widgets.recovery_code_panel import RecoveryCodePanel
from ui.widgets.recovery_paper import PaperWays

KEYS_WIDTH = 430
CODE_WIDTH = 640


class DataPage(Translated, QStackedWidget):
    """For administrators only.

    Args:
        model: keys and backups.
        runner: writes the PDF of a code in the background.
        second_disk: folder of the copies on another disk; empty for none.
        ways: the questions to the desktop.

    Signal ``noticed`` carries words and a tone for the notice bar.
    """

    noticed = Signal(str, str)

    def __init__(
        self, model: DataViewModel, runner: TaskRunner, second_disk: str, ways: PaperWays | None = None
    ) -> None:
        super().__init__()
        self._model = model
        model.setParent(self)
        self._keys = KeysCard(model)
        self._backups = BackupsCard(model, second_disk)
        self._title = label("title")
        self._panel = RecoveryCodePanel("settings.code", runner, ways)
        self.addWidget(self._cards())
        self.addWidget(self._code())
        model.told.connect(lambda text: self.noticed.emit(say(text), "ok"))
        model.failed.connect(lambda text: self.noticed.emit(say(text), "warn"))
        model.code_made.connect(self._show_code)
        self._panel.written_down.connect(self._after_code)
        self.retranslate()

    def _cards(self) -> QWidget:
        page = QWidget()
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 8, 0, 0)
        row.setSpacing(14)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._keys)
        column.addStretch()
        paper = scrolled(left)
        paper.setFixedWidth(KEYS_WIDTH)
        row.addWidget(paper)
        row.addWidget(self._backups, 1)
        return page

    def _code(self) -> QWidget:
        page, card = QWidget(), Card(margin=20)
        card.setFixedWidth(CODE_WIDTH)
        card.column.addWidget(self._title)
        card.column.addWidget(self._panel)
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 8, 0, 0)
        row.addStretch()
        row.addWidget(card, 0, Qt.AlignmentFlag.AlignTop)
        row.addStretch()
        return page

    def entered(self) -> None:
        """Read everything anew."""
        self._keys.clear()
        self._model.look()

    def retranslate(self) -> None:
        """Say everything anew."""
        self._title.setText(_("Recovery code of the data"))

    def _show_code(self, code: str) -> None:
        facility = self._model.session.organization_name
        self._panel.show_sheet(RecoverySheet(code, facility, "Dala", self._model.clock.now()))
        self.setCurrentIndex(1)
        self._panel.put_cursor()

    def _after_code(self) -> None:
        self.setCurrentIndex(0)
        self.noticed.emit(_("The new recovery code is in force."), "ok")
