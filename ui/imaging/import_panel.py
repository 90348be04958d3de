"""What came of an import: how much was taken, and each file that was not, with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QListWidget, QVBoxLayout

from ui import icons
from ui.imaging.intake import Intake
from ui.language import Translated, _, counted, say
from ui.widgets.buttons import Button
from ui.widgets.labels import label

if TYPE_CHECKING:
    from clinic_app.imaging import ImportReport

_ROW_PX: Final = 30
_MOST_ROWS: Final = 3


class ImportReportCard(Translated, QFrame):
    """The report of the last import; hidden while there is none.

    Args:
        name: stable object name; its sentence is ``name.text``, the files not taken are ``name.refused``.

    Signal ``closed``: it was read.
    """

    closed = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setProperty("role", "card")
        self._intake: Intake | None = None
        self._sign = label()
        self._words = label("strong", is_wrapped=True)
        self._words.setObjectName(f"{name}.text")
        self._list = QListWidget()
        self._list.setObjectName(f"{name}.refused")
        self._close = Button(f"{name}.close", "quiet")
        self._close.clicked.connect(self.closed)
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(self._sign)
        head.addWidget(self._words, 1)
        head.addWidget(self._close)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 6, 8, 8)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self._list)
        self.retranslate()
        self.hide()

    def show_intake(self, intake: Intake | None) -> None:
        """Show what came of an import, or nothing."""
        self._intake = intake
        self.retranslate()
        self.setVisible(intake is not None)

    def text(self) -> str:
        """Return what it says in one sentence."""
        return self._words.text()

    def refusals(self) -> list[str]:
        """Return a line for each file that was not taken, then for each that was taken with damage."""
        return [self._list.item(place).text() for place in range(self._list.count())]

    def retranslate(self) -> None:
        """Say everything anew."""
        self._close.say(_("Close"))
        self._list.setAccessibleName(_("Files that were not taken"))
        report = self._intake.report if self._intake else None
        if self._intake is None or report is None:
            return
        self._words.setText(_sentence(report, is_stopped=self._intake.is_stopped))
        self.setAccessibleName(self._words.text())
        icons.put(self._sign, "circle-check" if _ink(report) == "ok" else "triangle-alert", _ink(report), 18)
        self._list.clear()
        for refusal in report.refused:
            self._list.addItem(f"{refusal.name}: {say(refusal.reason)}")
        for damaged in report.damaged:
            self._list.addItem(f"{damaged.name}: {say(damaged.reason)}")
        self._list.setVisible(self._list.count() > 0)
        self._list.setFixedHeight(_ROW_PX * min(self._list.count(), _MOST_ROWS) + 4)


def _sentence(report: ImportReport, *, is_stopped: bool) -> str:
    words = []
    if is_stopped:
        words.append(_("The import was stopped; what was read until then is kept."))
    words.append(counted("{count} file taken.", "{count} files taken.", report.imported))
    if report.known:
        words.append(counted("{count} file was here already.", "{count} files were here already.", report.known))
    if report.damaged:
        count = len(report.damaged)
        words.append(
            counted(
                "{count} file is damaged; what is good in it is shown.",
                "{count} files are damaged; what is good in them is shown.",
                count,
            )
        )
    if report.refused:
        words.append(counted("{count} file not taken:", "{count} files not taken:", len(report.refused)))
    elif not report.imported and not report.known and not is_stopped:
        words = [_("There are no images in this folder.")]
    return " ".join(words)


def _ink(report: ImportReport) -> str:
    return "warn" if report.refused or report.damaged or not (report.imported or report.known) else "ok"
