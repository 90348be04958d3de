"""After the first start: the recovery code, once, before anybody works."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent

from clinic_app.documents import RecoverySheet
from ui.language import _
from ui.shell.gate_page import GatePage
from ui.tasks import TaskRunner
from ui.widgets.recovery_code_panel import RecoveryCodePanel
from ui.widgets.recovery_paper import PaperWays

CARD_WIDTH = 640


class RecoveryCodePage(GatePage):
    """The frame around the code.

    Args:
        runner: writes the PDF in the background.
        ways: the questions to the desktop.

    Signal ``written_down``: the code is on paper; work can begin.
    """

    written_down = Signal()

    def __init__(self, runner: TaskRunner, ways: PaperWays | None = None) -> None:
        super().__init__("recovery_code")
        self.enter.setParent(self)  # the panel has a primary button of its own
        self.enter.hide()
        self.card.setFixedWidth(CARD_WIDTH)
        self.panel = RecoveryCodePanel("recovery_code.panel", runner, ways)
        self.card.column.addWidget(self.panel)
        self.panel.written_down.connect(self.written_down)
        self.retranslate()

    def show_sheet(self, sheet: RecoverySheet) -> None:
        """Show a fresh code."""
        self.panel.show_sheet(sheet)

    def showEvent(self, event: QShowEvent) -> None:
        """Put the cursor on the first way to paper."""
        super().showEvent(event)
        self.panel.put_cursor()

    def retranslate(self) -> None:
        """Say everything anew."""
        super().retranslate()
        self.heading.setText(_("Recovery code of the data"))
