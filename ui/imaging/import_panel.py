"""What came of an import: how much was taken, each file that was not with its reason, and the question about names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QListWidget, QVBoxLayout

from clinic_app.imaging.texts import NAMES
from ui import icons
from ui.imaging.intake import Intake
from ui.language import Translated, _, counted, say
from ui.widgets.buttons import Button
from ui.widgets.labels import label

if TYPE_CHECKING:
    from clinic_app.imaging import ImportReport, Proposal

_MOST_NAMES: Final = 5
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


class NamesQuestion(Translated, QFrame):
    """Asks whether other names in the files mean the patient in hand; nothing is filed until somebody says so.

    Args:
        name: stable object name of the button that confirms; the other one is ``name.cancel``.

    Signals: ``confirmed``, ``declined``.
    """

    confirmed = Signal()
    declined = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(f"{name}.question")
        self.setProperty("role", "ask")
        self._intake: Intake | None = None
        self._sign = label()
        self._title = label("strong", is_wrapped=True)
        self._words = label(is_wrapped=True)
        self._words.setObjectName(f"{name}.text")
        self._confirm = _Unhurried(name, "plain")
        self._decline = Button(f"{name}.cancel", "plain")
        self._confirm.clicked.connect(self.confirmed)
        self._decline.clicked.connect(self.declined)
        icons.put(self._sign, "triangle-alert", "warn", 22)
        self._lay_out()
        self.retranslate()
        self.hide()

    def _lay_out(self) -> None:
        texts = QVBoxLayout()
        texts.setSpacing(4)
        for part in (self._title, self._words):
            texts.addWidget(part)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 10, 14, 10)
        row.setSpacing(12)
        row.addWidget(self._sign)
        row.addLayout(texts, 1)
        for button in (self._decline, self._confirm):
            row.addWidget(button)

    def ask(self, intake: Intake | None) -> None:
        """Ask, or take the question away; the cursor goes to the button that does nothing."""
        is_new = intake is not None and self._intake is not intake
        self._intake = intake
        self.retranslate()
        self.setVisible(intake is not None)
        if is_new:
            self._decline.setFocus()

    def retranslate(self) -> None:
        """Say everything anew."""
        self._confirm.say(_("They are this patient's images"))
        self._decline.say(_("Do not import"))
        report = self._intake.report if self._intake else None
        is_about_letters = report is not None and bool(report.proposals)
        told = _("The files are wrong about their letters; nothing is filed yet.")
        self._title.setText(told if is_about_letters else _("The files bear another name; nothing is filed yet."))
        if self._intake is None or report is None:
            return
        names = [f"“{name}”" for name in report.names_in_files[:_MOST_NAMES] if name]
        names += ["…"] if len(report.names_in_files) > _MOST_NAMES else []
        lines = [_("In the files: {names}", names=", ".join(names))]
        lines += [_reading_words(each) for each in report.proposals[:_MOST_NAMES]]
        lines += [_("In hand: {patient}", patient=self._intake.patient.full_name)]
        self._words.setText("\n".join(lines))


class _Unhurried(Button):
    """A button Enter does not press: a wrong patient is not taken by a habit of the hand."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let Space press the button, and nothing else."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.accept()
        else:
            super().keyPressEvent(event)


def _reading_words(proposal: Proposal) -> str:
    """Return what somebody agrees to: how a text is read from now on; the file stays as it is."""
    encoding = NAMES[proposal.encoding]
    return _(
        "“{stated}” is read as “{meant}” ({encoding})",
        stated=proposal.as_stated,
        meant=proposal.as_read,
        encoding=encoding,
    )


def _sentence(report: ImportReport, *, is_stopped: bool) -> str:
    words = []
    if is_stopped:
        words.append(_("The import was stopped; what was read until then is kept."))
    words.append(counted("{count} file taken.", "{count} files taken.", report.imported))
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
    elif not report.imported and not is_stopped:
        words = [_("There are no images in this folder.")]
    return " ".join(words)


def _ink(report: ImportReport) -> str:
    return "warn" if report.refused or report.damaged or not report.imported else "ok"
