"""Whose images these are: everything that was found, to be ticked and placed before anything is filed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCheckBox, QFrame, QHBoxLayout, QListWidget, QVBoxLayout

from clinic_app.imaging.texts import NAMES
from ui.imaging.intake import Choice, Intake
from ui.imaging.review_tree import ReviewTree
from ui.language import Translated, _, counted, say
from ui.widgets.buttons import Button
from ui.widgets.labels import label

if TYPE_CHECKING:
    from clinic_app.imaging import Proposal

_MOST_LETTERS: Final = 3
_ROW_PX: Final = 30
_MOST_ROWS: Final = 3


class ReviewPanel(Translated, QFrame):
    """The panel.

    Args:
        name: stable object name of the button that files; the others are ``name.cancel``, ``name.tree``,
            ``name.letters``, ``name.refused`` and ``name.text``.

    Signals: ``confirmed``: see ``choices`` and ``encoding``; ``declined``.
    """

    confirmed = Signal()
    declined = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(f"{name}.panel")
        self.setProperty("role", "card")
        self._intake: Intake | None = None
        self._title = label("heading", is_wrapped=True)
        self._words = label(is_wrapped=True)
        self._words.setObjectName(f"{name}.text")
        self.tree = ReviewTree(f"{name}.tree")
        self._letters = QCheckBox()
        self._letters.setObjectName(f"{name}.letters")
        self._refused_words = label("muted", is_wrapped=True)
        self._refused = QListWidget()
        self._refused.setObjectName(f"{name}.refused")
        self._confirm = _Careful(name, "primary")
        self._decline = Button(f"{name}.cancel", "plain")
        self._confirm.clicked.connect(self.confirmed)
        self._decline.clicked.connect(self.declined)
        self.tree.changed.connect(self._follow)
        self._lay_out()
        self.retranslate()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 14)
        column.setSpacing(8)
        for part in (self._title, self._words, self._letters):
            column.addWidget(part)
        column.addWidget(self.tree, 1)
        column.addWidget(self._refused_words)
        column.addWidget(self._refused)
        buttons = QHBoxLayout()
        buttons.setSpacing(10)
        buttons.addStretch(1)
        buttons.addWidget(self._decline)
        buttons.addWidget(self._confirm)
        column.addLayout(buttons)

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What is ticked, and for whom."""
        return self.tree.choices()

    @property
    def encoding(self) -> str:
        """The encoding somebody agrees to read wrong letters in; empty: as the files say."""
        return self._intake.encoding if self._intake and self._letters.isChecked() else ""

    def enter(self) -> None:
        """Put the cursor on the button that does nothing."""
        self._decline.setFocus()

    def ask(self, intake: Intake | None) -> bool:
        """Ask about a lot of files, or about none; return whether it is a new one, whose pictures are still to come."""
        is_new = intake is not None and intake is not self._intake
        self._intake = intake
        if is_new:
            self._letters.setChecked(True)
        self.tree.show_intake(intake)
        self.retranslate()
        if is_new:
            self.enter()
        return is_new

    def retranslate(self) -> None:
        """Say everything anew."""
        self._title.setText(_("Whose images are these? Nothing is filed yet."))
        self._decline.say(_("Do not import"))
        self._refused.setAccessibleName(_("Files that were not taken"))
        gathered = self._intake.gathered if self._intake else None
        if self._intake is not None and gathered is not None:
            said = [_("In hand: {patient}", patient=self._intake.patient.full_name)]
            if gathered.is_shared:
                said.append(_("The device gave several patients one study number; each stands here for himself."))
            self._words.setText("  ·  ".join(said))
            self._say_letters(gathered.proposals)
            words = []
            if gathered.is_stopped:
                words.append(_("The reading was stopped; this is what was read until then."))
            if gathered.left:
                left = gathered.left
                words.append(
                    counted(
                        "{count} other file of the disc is left.", "{count} other files of the disc are left.", left
                    )
                )
            if gathered.refused:
                words.append(counted("{count} file not taken:", "{count} files not taken:", len(gathered.refused)))
            self._refused_words.setText(" ".join(words))
            self._refused.clear()
            self._refused.addItems([f"{each.name}: {say(each.reason)}" for each in gathered.refused])
        self._refused_words.setVisible(bool(self._refused_words.text()))
        self._refused.setVisible(self._refused.count() > 0)
        self._refused.setFixedHeight(_ROW_PX * min(self._refused.count(), _MOST_ROWS) + 4)
        self._follow()

    def _say_letters(self, proposals: tuple[Proposal, ...]) -> None:
        said = ", ".join(
            _("“{stated}” as “{meant}”", stated=each.as_stated, meant=each.as_read)
            for each in proposals[:_MOST_LETTERS]
        )
        encoding = NAMES[self.encoding or proposals[0].encoding] if proposals else ""
        self._letters.setText(
            _("The files are wrong about their letters; read {words} ({encoding})", words=said, encoding=encoding)
        )
        self._letters.setVisible(bool(proposals))

    def _follow(self) -> None:
        count = self.tree.images()
        self._confirm.say(counted("Take in {count} image", "Take in {count} images", count))
        self._confirm.setEnabled(count > 0)
        self._confirm.is_careful = not self.tree.is_certain() or bool(self._intake and self._intake.encoding)

    def event(self, event: QEvent) -> bool:
        """Keep Esc from the page's own shortcut while the question is open."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            event.setAccepted(event.key() == Qt.Key.Key_Escape)
            if event.isAccepted():
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take Esc for the answer that files nothing."""
        if event.key() == Qt.Key.Key_Escape:
            self.declined.emit()
        else:
            super().keyPressEvent(event)


class _Careful(Button):
    """A button Enter presses only where the numbers agree: a wrong patient is not taken by a habit of the hand."""

    is_careful = True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let Space press the button, and Enter where nothing is doubtful."""
        if self.is_careful and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.accept()
        else:
            super().keyPressEvent(event)
