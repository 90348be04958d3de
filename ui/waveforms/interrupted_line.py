"""One line for a recording that a cut left without an end: whose it is, since when, and whether it goes on."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from clinic_app.foundation.dates import form_moment
from clinic_app.waveforms.store import Interrupted
from ui import icons
from ui.language import Translated, _, counted, say
from ui.waveforms.view_model_interrupted import InterruptedModel
from ui.widgets.buttons import Button
from ui.widgets.labels import label


class InterruptedLine(Translated, QFrame):
    """The line; hidden while nothing waits. One recording at a time, the patient's in hand first.

    Args:
        name: stable object name; its parts are ``name.text``, ``name.hint``, ``name.go_on`` and ``name.end``.
        model: what waits.

    Signal ``noticed(str, str)``: words for the line of notices, and their tone.
    """

    noticed = Signal(str, str)

    def __init__(self, name: str, model: InterruptedModel) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setProperty("role", "ask")
        self._model = model
        self._sign = label()
        icons.put(self._sign, "triangle-alert", "warn", 20)
        self._words = label("strong", is_wrapped=True)
        self._words.setObjectName(f"{name}.text")
        self._hint = label(is_wrapped=True)
        self._hint.setObjectName(f"{name}.hint")
        self._go_on = Button(f"{name}.go_on", "plain", "circle-dot")
        self._end = Button(f"{name}.end", "plain")
        self._lay_out()
        self._go_on.clicked.connect(lambda: self._for_first(model.go_on))
        self._end.clicked.connect(lambda: self._for_first(model.end))
        model.changed.connect(self.retranslate)
        model.refused.connect(lambda text: self.noticed.emit(say(text), "warn"))
        model.succeeded.connect(lambda text: self.noticed.emit(say(text), "ok"))
        self.hide()

    def _lay_out(self) -> None:
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(self._words)
        texts.addWidget(self._hint)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 8, 14, 8)
        row.setSpacing(12)
        row.addWidget(self._sign)
        row.addLayout(texts, 1)
        row.addWidget(self._end)
        row.addWidget(self._go_on)

    def retranslate(self) -> None:
        """Say everything anew."""
        found = self._model.found
        self.setVisible(bool(found))
        if not found:
            return
        first = found[0]
        is_his = self._model.is_his(first)
        self._words.setText(interrupted_words(first))
        hints = [
            _("Going on, the time between becomes a gap. Ending it loses nothing.")
            if is_his
            else _("To go on, take this patient in hand first: somebody else may lie there now.")
        ]
        if len(found) > 1:
            hints.append(counted("{count} more recording waits.", "{count} more recordings wait.", len(found) - 1))
        self._hint.setText(" ".join(hints))
        self._go_on.say(_("Go on recording"))
        self._end.say(_("End it here"))
        self._go_on.setEnabled(is_his and not self._model.is_busy)
        self._end.setEnabled(not self._model.is_busy)
        self.setAccessibleName(f"{self._words.text()} {self._hint.text()}")

    def _for_first(self, what: Callable[[Interrupted], None]) -> None:
        """Do it for the recording that is named in the line, not for one that came before it meanwhile."""
        found = self._model.found
        if found and interrupted_words(found[0]) == self._words.text():
            what(found[0])


def interrupted_words(interrupted: Interrupted) -> str:
    """Return whose recording was interrupted, where, since when and until when."""
    begun = form_moment(interrupted.started_at)
    if interrupted.until is None:
        return _(
            "The recording of {patient} at {source}, begun {begun}, was interrupted before anything came.",
            patient=interrupted.patient_name,
            source=interrupted.source,
            begun=begun,
        )
    return _(
        "The recording of {patient} at {source}, begun {begun}, was interrupted at {until}.",
        patient=interrupted.patient_name,
        source=interrupted.source,
        begun=begun,
        until=form_moment(interrupted.until),
    )
