"""Hubs that tell of themselves on the local network: one is chosen, its certificate compared, and then it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from clinic_app.foundation.texts import Text
from ui.language import Translated, _, say
from ui.people.view_model_hub import HubViewModel
from ui.widgets.busy_line import BusyLine
from ui.widgets.buttons import Button
from ui.widgets.labels import Card, breakable, label

if TYPE_CHECKING:
    from clinic_app.sync import NearbyHub


class NearbyCard(Translated, Card):
    """Looks for hubs when it is asked to; away while a hub has been found and its code is waited for.

    Args:
        model: does it.
        parent: where it will stand; shown without one, it would be a window.
    """

    def __init__(self, model: HubViewModel, parent: QWidget) -> None:
        super().__init__(parent=parent)
        self._model = model
        self._title = label("heading")
        self._why = label("muted", is_wrapped=True)
        self._look = Button("hub.look_nearby", "plain", "search")
        self._busy = BusyLine("hub.nearby_busy")
        self._chosen = QWidget()
        self._hubs = QComboBox()
        self._hubs.setObjectName("hub.nearby")
        self._fingerprint = label("strong", is_wrapped=True)
        self._fingerprint.setObjectName("hub.certificate")
        self._compare = label("muted", is_wrapped=True)
        self._trust = Button("hub.trust", "plain", "check")
        self._none = label("muted", is_wrapped=True)
        self._none.setObjectName("hub.nobody_nearby")
        self._build()
        self._look.clicked.connect(model.look_nearby)
        self._trust.clicked.connect(self._send)
        self._hubs.currentIndexChanged.connect(lambda _index: self._show_fingerprint())
        model.changed.connect(self._show)
        model.busy_changed.connect(self._wait)
        self.retranslate()

    @property
    def parts(self) -> tuple[QWidget, ...]:
        """What stands still while something is waited for."""
        return self._look, self._chosen

    def _build(self) -> None:
        column = QVBoxLayout(self._chosen)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self._fingerprint.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._hubs.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        for part in (self._hubs, self._fingerprint, self._compare):
            column.addWidget(part)
        answers = QHBoxLayout()
        answers.addStretch()
        answers.addWidget(self._trust)
        column.addLayout(answers)
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self._look)
        self.column.addLayout(head)
        for below in (self._why, self._none, self._chosen, self._busy):
            self.column.addWidget(below)

    def retranslate(self) -> None:
        """Say everything anew."""
        self._title.setText(_("Hubs nearby"))
        self._why.setText(_("A hub in this building may tell of itself. Anybody can say anything there: compare."))
        self._look.say(_("Look for them"))
        self._hubs.setAccessibleName(_("Hubs nearby"))
        self._compare.setText(_("This has to be the fingerprint of its certificate, as its own people read it out."))
        self._trust.say(_("The certificate is the same"))
        self._none.setText(_("No hub tells of itself on this network. Type its address instead."))
        self._show()

    def _show(self) -> None:
        self.setVisible(self._model.found is None)
        hubs = self._model.nearby
        self._none.setVisible(hubs == ())
        self._chosen.setVisible(bool(hubs))
        told = [f"{hub.name} — {hub.url}" for hub in hubs or ()]
        if told != [self._hubs.itemText(place) for place in range(self._hubs.count())]:
            self._hubs.clear()
            self._hubs.addItems(told)
        self._show_fingerprint()

    def _show_fingerprint(self) -> None:
        hub = self._hub()
        self._fingerprint.setText(breakable(hub.readable_fingerprint) if hub is not None else "")

    def _hub(self) -> NearbyHub | None:
        hubs, place = self._model.nearby or (), self._hubs.currentIndex()
        return hubs[place] if 0 <= place < len(hubs) else None

    def _send(self) -> None:
        hub = self._hub()
        if hub is not None:
            self._model.trust(hub)

    def _wait(self, words: Text | None) -> None:
        if words is None:
            self._busy.end()
        elif self.isVisible():
            self._busy.begin(say(words))
