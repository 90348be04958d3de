"""QT and RR as they were measured, and QTc by four formulas, each with its name."""

from __future__ import annotations

from PySide6.QtWidgets import QSizePolicy

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.waveforms.qtc import FORMULAS, corrected_qt_ms
from ui.language import Translated, _, say
from ui.widgets.calipers import Reading
from ui.widgets.labels import OneLine


class QtLine(Translated, OneLine):
    """The line. What was measured as QT or RR stays until something else is measured or another recording opens."""

    def __init__(self, name: str) -> None:
        super().__init__("", 60)
        self.setObjectName(name)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._qt_ms: float | None = None
        self._rr_ms: float | None = None
        self._is_standing = False
        self.hide()

    @property
    def measured(self) -> tuple[float | None, float | None]:
        """QT and RR in milliseconds, as far as they were measured."""
        return self._qt_ms, self._rr_ms

    def note_qt(self, reading: Reading | None) -> None:
        """Take what the calipers span for QT."""
        self._qt_ms = reading.milliseconds if reading else self._qt_ms
        self.retranslate()

    def note_rr(self, reading: Reading | None) -> None:
        """Take what the calipers span for RR."""
        self._rr_ms = reading.milliseconds if reading else self._rr_ms
        self.retranslate()

    def stand(self, is_standing: bool) -> None:
        """Say how it is done as long as nothing is measured, so that nothing moves when something is."""
        self._is_standing = is_standing
        self.forget()

    def forget(self) -> None:
        """Another recording: nothing is measured."""
        self._qt_ms = self._rr_ms = None
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything anew."""
        parts = [_("QT {value} ms", value=round(self._qt_ms))] if self._qt_ms else []
        parts += [_("RR {value} ms", value=round(self._rr_ms))] if self._rr_ms else []
        if self._qt_ms and self._rr_ms:
            try:
                told = [_formula_words(name, corrected_qt_ms(self._qt_ms, self._rr_ms, name)) for name in FORMULAS]
                parts.append("QTc " + ", ".join(told))
            except InvalidInputError as error:
                parts.append(say(error.text))
        elif parts or self._is_standing:
            parts.append(_("Measure QT and press Q, measure RR and press R: then QTc is told."))
        self.say(" · ".join(parts))
        self.setVisible(bool(parts))


def _formula_words(name: str, milliseconds: float) -> str:
    return _("{formula} {value} ms", formula=name, value=round(milliseconds))
