"""The loop in hand: run and stand, step, how fast, how it goes on, which part; what is shown and what was dropped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QToolButton, QWidget

from clinic_app.foundation.numbers import show_number
from clinic_app.imaging.viewing.cine import SPEEDS, Way
from ui import icons, language
from ui.imaging.viewing.cine_player import CinePlayer
from ui.language import Translated, _, counted, say
from ui.widgets.labels import label, plain_tip

_WAYS: Final[tuple[Way, ...]] = ("loop", "swing", "once")


class CineBar(Translated, QWidget):
    """The bar.

    Args:
        name: stable object name; its parts are ``name.cine.…``.
        place: what it will stand in.

    Signal ``used``: somebody pressed something; the keys go back to the picture.
    """

    used = Signal()

    def __init__(self, name: str, place: QWidget | None = None) -> None:
        super().__init__(place)
        self.setObjectName(f"{name}.cine")
        self._name = name
        self._player: CinePlayer | None = None
        self._said: list[tuple[QToolButton, Callable[[], str], str]] = []
        self._play = self._button("play", "play", lambda: _("Play or stand"), "Space", self._do(CinePlayer.toggle))
        self._back = self._button("back", "skip-back", lambda: _("One image back"), ",", self._do(_back))
        self._on = self._button("on", "skip-forward", lambda: _("One image on"), ".", self._do(_on))
        begin, end = self._do(CinePlayer.begin_part), self._do(CinePlayer.end_part)
        self._first = self._button("first", "", lambda: _("The part begins here"), "[", begin)
        self._last = self._button("last", "", lambda: _("The part ends here"), "]", end)
        self._all = self._button("all", "x", lambda: _("All images again"), "\\", self._do(CinePlayer.clear_part))
        self._speed, self._way = QComboBox(self), QComboBox(self)
        for box, key in ((self._speed, "speed"), (self._way, "way")):
            box.setObjectName(f"{name}.cine.{key}")
        self._words = label("muted")
        self._words.setObjectName(f"{name}.cine.words")
        self._lay_out()
        self._speed.activated.connect(self._set_speed)
        self._way.activated.connect(self._set_way)
        self.retranslate()

    def _button(
        self, key: str, icon: str, words: Callable[[], str], shortcut: str, act: Callable[[], None]
    ) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(f"{self._name}.cine.{key}")
        if icon:
            icons.put(button, icon, "text", 18)
        else:
            button.setText(shortcut)
        button.setProperty("role", "picture")
        button.setFixedWidth(34)
        button.clicked.connect(lambda _checked: act())
        self._said.append((button, words, shortcut))
        return button

    def _do(self, act: Callable[[CinePlayer], None]) -> Callable[[], None]:
        def done() -> None:
            if self._player is not None:
                act(self._player)
                self.used.emit()

        return done

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for part in (self._back, self._play, self._on):
            row.addWidget(part)
        row.addSpacing(8)
        for box in (self._speed, self._way):
            row.addWidget(box)
        row.addSpacing(8)
        for part in (self._first, self._last, self._all):
            row.addWidget(part)
        row.addSpacing(8)
        row.addWidget(self._words, 1)

    def act_on(self, player: CinePlayer) -> None:
        """Work on another pane's loop from now on."""
        before, self._player = self._player, player
        if before is player:
            return
        if before is not None:
            before.changed.disconnect(self.follow)
            before.counted.disconnect(self._show_words)
        player.changed.connect(self.follow)
        player.counted.connect(self._show_words)
        self.follow()

    def text(self) -> str:
        """Return what it says of the loop."""
        return self._words.text()

    def follow(self) -> None:
        """Show what is in force; without anything to play the bar is away."""
        player = self._player
        self.setVisible(player is not None and player.is_loop)
        if player is None:
            return
        icons.put(self._play, "pause" if player.is_playing else "play", "text", 18)
        self._speed.setCurrentIndex(SPEEDS.index(player.speed) if player.speed in SPEEDS else -1)
        self._way.setCurrentIndex(_WAYS.index(player.way))
        self._all.setEnabled(player.part is not None)
        self._show_words()

    def retranslate(self) -> None:
        """Say everything anew."""
        for button, words, shortcut in self._said:
            button.setAccessibleName(words())
            button.setToolTip(plain_tip(f"{words()} ({shortcut})"))
        for box in (self._speed, self._way):
            box.clear()
        for speed in SPEEDS:
            self._speed.addItem(f"{show_number(speed, language.current())}×")
        for way in (_("Round and round"), _("There and back"), _("Once")):
            self._way.addItem(way)
        self._speed.setAccessibleName(_("Speed"))
        self._speed.setToolTip(plain_tip(_("Speed ({keys})", keys="< >")))
        self._way.setAccessibleName(_("At the end"))
        self.follow()

    def _show_words(self) -> None:
        player = self._player
        if player is None:
            return
        rate = show_number(round(player.rate_hz, 1), language.current())
        words = [_("{rate} images a second ({origin})", rate=rate, origin=say(player.timing.origin))]
        if not player.is_timed:
            words = []
        elif player.is_playing and (shown := player.shown_rate_hz) is not None:
            words.append(_("{rate} shown", rate=show_number(round(shown), language.current())))
        if player.dropped:
            words.append(counted("{count} image dropped", "{count} images dropped", player.dropped))
        if player.part is not None:
            words.append(_("images {first} to {last}", first=player.part[0], last=player.part[1]))
        said = "  ·  ".join(words)
        if said != self._words.text():
            self._words.setText(said)
            self._words.setToolTip(plain_tip(said))

    def _set_speed(self, place: int) -> None:
        if self._player is not None:
            self._player.set_speed(SPEEDS[place])
            self.used.emit()

    def _set_way(self, place: int) -> None:
        if self._player is not None:
            self._player.set_way(_WAYS[place])
            self.used.emit()


def _back(player: CinePlayer) -> None:
    player.step(-1)


def _on(player: CinePlayer) -> None:
    player.step(1)
