"""Which version runs here and which one comes: a quiet line in the settings, and the way in for a stick."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout

from clinic_app.foundation.texts import Text
from ui import language
from ui.language import Translated, _, say
from ui.people.view_model_updates import UpdatesViewModel
from ui.widgets.busy_line import BusyLine
from ui.widgets.buttons import Button
from ui.widgets.labels import Card, label
from ui.widgets.standstill import Standstill

if TYPE_CHECKING:
    from clinic_app.sync.program_updates import UpdateLook


class UpdateCard(Translated, Card):
    """One line, and below it what is new for whoever wants to know.

    Args:
        model: asks, and takes one from a stick.

    Signal ``noticed`` carries words and a tone for the notice bar.
    """

    noticed = Signal(str, str)

    def __init__(self, model: UpdatesViewModel) -> None:
        super().__init__()
        self._model = model
        model.setParent(self)
        self.choose: Callable[[], Path | None] = self._choose
        self._words = label("muted", is_wrapped=True)
        self._words.setObjectName("updates.words")
        self._news = label("body", is_wrapped=True)
        self._news.setObjectName("updates.news")
        self._more = Button("updates.more", "quiet", "info")
        self._take = Button("updates.take", "plain", "hard-drive")
        self._busy = BusyLine("updates.busy")
        self._said: Text | None = None
        self._still = Standstill(self._take)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self._words, 1)
        for each in (self._more, self._take):
            row.addWidget(each)
        self.column.addLayout(row)
        for below in (self._news, self._busy):
            self.column.addWidget(below)
        self._news.hide()
        self._more.clicked.connect(self._unfold)
        self._take.clicked.connect(self._bring)
        model.changed.connect(self._show)
        model.taken.connect(lambda look: self.noticed.emit(_words_of(look), "ok"))
        model.failed.connect(lambda text: self.noticed.emit(say(text), "warn"))
        model.busy_changed.connect(self._wait)
        model.came.connect(self._busy.progress)
        self.retranslate()

    def entered(self) -> None:
        """Read how it stands."""
        self._model.ask()

    def retranslate(self) -> None:
        """Say everything anew."""
        self._take.say(_("Update from a file…"))
        if self._said is not None:
            self._busy.begin(say(self._said))
        self._show()

    def _show(self) -> None:
        look = self._model.look
        self.setVisible(look is not None)
        if look is None:
            return
        self._words.setText(_words_of(look))
        news = look.release.news_in(language.current()) if look.release is not None else ""
        self._news.setText(news)
        self._more.setVisible(bool(news))
        self._take.setVisible(self._model.can_take)
        self._fold(self._news.isVisibleTo(self) and bool(news))

    def _unfold(self) -> None:
        self._fold(not self._news.isVisibleTo(self))

    def _fold(self, is_open: bool) -> None:
        self._news.setVisible(is_open)
        self._more.say(_("Less") if is_open else _("What is new"))

    def _bring(self) -> None:
        path = self.choose()
        if path is not None:
            self._model.take(path)

    def _choose(self) -> Path | None:
        words = _("New versions of the program")
        kinds = f"{words} (*.dala-update timestamp.json)"
        chosen, _filter = QFileDialog.getOpenFileName(self, _("Update from a file"), "", kinds)
        if not chosen:
            return None
        path = Path(chosen)
        return path.parent.parent if path.name == "timestamp.json" else path

    def _wait(self, words: Text | None) -> None:
        self._said = words
        self._still.set_busy(words is not None)
        if words is None:
            self._busy.end()
        else:
            self._busy.begin(say(words))


def _words_of(look: UpdateLook) -> str:
    """Return what is said of the versions."""
    words = _standing_words(look)
    return f"{words} {say(look.problem)}" if look.problem is not None else words


def _standing_words(look: UpdateLook) -> str:
    match look.standing:
        case "newest":
            return _("Version {version} of the program; there is nothing newer.", version=look.version)
        case "coming":
            percent = look.came * 100 // look.release.size if look.release is not None else 0
            return _("Version {version} of the program; version {other} is on its way: {percent} %.",
                     version=look.version, other=look.other, percent=percent)  # fmt: skip
        case "ready":
            return _(
                "Version {version} of the program. Version {other} is ready; the computer installs it tonight, "
                "or after its next start, while nobody works.",
                version=look.version,
                other=look.other,
            )
        case "returned":
            return _(
                "Version {version} of the program. Version {other} did not work on this computer and was taken back.",
                version=look.version,
                other=look.other,
            )
    return _("Version {version} of the program", version=look.version)
