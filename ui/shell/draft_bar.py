"""The line that says what somebody had begun, and lets him go on or throw it away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout

from clinic_app.foundation.dates import form_moment
from ui import icons
from ui.drafts import draft_words
from ui.language import Translated, _, counted
from ui.widgets.buttons import Button
from ui.widgets.labels import OneLine, label

if TYPE_CHECKING:
    from clinic_app.access import Draft


class DraftBar(Translated, QFrame):
    """Shows the newest draft that waits; hidden while none does. Throwing away takes two presses.

    Signals: ``taken(Draft)``; ``discarded(Draft)``.
    """

    taken = Signal(object)
    discarded = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("drafts")
        self.setProperty("role", "notice")
        self.setProperty("tone", "info")
        self._waiting: tuple[Draft, ...] = ()
        self._is_asking = False
        sign = label()
        icons.put(sign, "history", "info", 18)
        self._words = OneLine("")
        self._words.setObjectName("drafts.text")
        self._more = label("muted")
        self._more.setObjectName("drafts.more")
        self._go_on = Button("drafts.go_on", "plain", "pen-line")
        self._throw = Button("drafts.throw_away", "quiet", "trash-2")
        self._keep = Button("drafts.keep", "quiet")
        row = QHBoxLayout(self)
        row.setContentsMargins(18, 5, 10, 5)
        row.setSpacing(10)
        row.addWidget(sign)
        row.addWidget(self._words, 1)
        for part in (self._more, self._go_on, self._throw, self._keep):
            row.addWidget(part)
        self._go_on.clicked.connect(lambda: self._tell(self.taken))
        self._keep.clicked.connect(lambda: self._ask(is_asking=False))
        self._throw.clicked.connect(self._throw_away)
        self.retranslate()
        self.hide()

    def show_drafts(self, waiting: tuple[Draft, ...]) -> None:
        """Show what waits, the newest of it."""
        if waiting != self._waiting:
            self._waiting = waiting
            self._ask(is_asking=False)
        self.setVisible(bool(waiting))

    def retranslate(self) -> None:
        """Say everything anew."""
        self._go_on.say(_("Go on with it"))
        self._keep.say(_("Keep it"))
        self._say()

    def _ask(self, *, is_asking: bool) -> None:
        self._is_asking = is_asking
        self._say()
        if is_asking:
            self._keep.setFocus()  # Enter throws nothing away

    def _throw_away(self) -> None:
        if self._is_asking:
            self._tell(self.discarded)
        else:
            self._ask(is_asking=True)

    def _tell(self, signal: object) -> None:
        if self._waiting:
            signal.emit(self._waiting[-1])  # type: ignore[attr-defined]

    def _say(self) -> None:
        self._go_on.setHidden(self._is_asking)
        self._keep.setHidden(not self._is_asking)
        self._throw.say(_("Throw it away for good") if self._is_asking else _("Throw away"))
        if not self._waiting:
            return
        draft = self._waiting[-1]
        moment = form_moment(draft.begun_at) if draft.begun_at else "—"
        self._words.say(_("{what}, {moment}. It is not saved.", what=draft_words(draft), moment=moment))
        others = len(self._waiting) - 1
        self._more.setText(counted("and {count} more", "and {count} more", others) if others else "")
        self._more.setVisible(others > 0)
