"""Whose data is on the screen: name, birth date, IIN, then sex, chart number and allergies. Never cut, it wraps."""

from __future__ import annotations

from datetime import date
from typing import Final

from PySide6.QtCore import QCoreApplication, QEvent, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from clinic_app.access import is_restricted
from clinic_app.records import Patient
from ui import icons
from ui.language import Translated, _
from ui.widgets.labels import breakable, label, plain_tip
from ui.widgets.laid_out import laid_out_once
from ui.widgets.patient_words import banner_name, birth_words, chart_words, closed_look, iin_words, sex_words

NAME_WIDTH: Final = 160
ALLERGY_WIDTH: Final = 150
MARK_WIDTH: Final = 110
FACT_WIDTH: Final = 110
USUAL_FACT_WIDTH: Final = 190
_NO_LIMIT: Final = 16777215


class PatientBanner(Translated, QFrame):
    """The banner above every screen; says so when there is no patient in hand.

    Args:
        keys: what leads to the patients, as ``Alt+1``; empty for somebody who has nothing to do with them.

    Signals: ``put_away``: the person wants to close this patient's data; ``restriction_asked``: he wants to close the
    record to most of the staff, or to open it again.
    """

    put_away = Signal()
    restriction_asked = Signal()

    def __init__(self, keys: str = "") -> None:
        super().__init__()
        self._keys = keys
        self.setObjectName("banner")
        self.setProperty("role", "strip")
        self._patient: Patient | None = None
        self._allergies: tuple[str, ...] | None = None
        self._name = label("name", is_wrapped=True)
        self._name.setObjectName("banner.name")
        self._facts = {key: _Fact(f"banner.{key}") for key in ("birth", "iin", "sex", "chart")}
        self._allergy = label(is_wrapped=True)
        self._allergy.setObjectName("banner.allergies")
        self._allergy.setProperty("role", "allergy")
        self._mark = label(is_wrapped=True)
        self._mark.setObjectName("banner.restricted")
        self._mark.setProperty("role", "unasked")
        self._may_restrict = False
        self._restrict = QToolButton()
        self._restrict.setObjectName("banner.restrict")
        icons.put(self._restrict, "lock", "muted", 18)
        self._restrict.clicked.connect(self.restriction_asked)
        self._close = QToolButton()
        self._close.setObjectName("banner.close")
        icons.put(self._close, "x", "muted", 18)
        self._close.clicked.connect(self.put_away)
        self._build()
        self.retranslate()

    def _build(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(18, 7, 12, 7)
        row.setSpacing(12)
        self._name.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        row.addWidget(self._name, 3)
        for fact in self._facts.values():
            row.addWidget(fact, 0)
        row.addStretch(2)
        row.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._allergy, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._restrict, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._close, 0, Qt.AlignmentFlag.AlignVCenter)
        self.setMinimumHeight(58)

    def show_patient(self, patient: Patient | None, allergies: tuple[str, ...] | None = None) -> None:
        """Show a patient, or that there is none.

        Args:
            patient: whose data is on the screen.
            allergies: what he must not get; None while it is not known yet.
        """
        is_same = patient is not None and self._patient is not None and patient.id == self._patient.id
        if allergies is None and is_same:
            allergies = self._allergies  # a newer version of the same patient: what is known of him stays
        self._patient, self._allergies = patient, allergies
        with laid_out_once(self):
            self.retranslate()

    def allow_restricting(self, may_restrict: bool) -> None:
        """Offer to close the record of the patient to most of the staff, or not."""
        self._may_restrict = may_restrict
        self.retranslate()

    def _say_restriction(self) -> None:
        patient = self._patient
        closed = closed_look(patient) if patient is not None else None
        is_closed = closed is not None
        is_marked = is_closed or (patient is not None and is_restricted(patient))
        self._mark.setVisible(is_marked)
        self._restrict.setVisible(patient is not None and not is_closed and self._may_restrict)
        if is_marked:
            self._mark.setText(closed.text if closed is not None else _("Restricted record"))
            self._fit(self._mark, MARK_WIDTH)
        words = _("Open this record to the staff again") if is_marked else _("Close this record to most of the staff")
        self._restrict.setAccessibleName(words)
        self._restrict.setToolTip(plain_tip(words))
        icons.put(self._restrict, "lock-open" if is_marked else "lock", "muted", 18)

    def retranslate(self) -> None:
        """Say everything anew."""
        patient = self._patient
        self._say_restriction()
        _dress(self._name, "name" if patient else "muted")
        for part in (*self._facts.values(), self._allergy, self._close):
            part.setVisible(patient is not None)
        self._close.setAccessibleName(_("Close this patient"))
        self._close.setToolTip(_("Close this patient"))
        if patient is None:
            self._name.setMaximumWidth(_NO_LIMIT)
            words = _("No patient in hand. {keys} finds or registers one.", keys=self._keys)
            self._name.setText(words if self._keys else _("No patient in hand."))
            return
        self._name.setText(breakable(banner_name(patient)))
        self._fit(self._name, NAME_WIDTH)
        self._facts["birth"].say(_("Birth date"), birth_words(patient, date.today()))  # noqa: DTZ011 - local day
        self._facts["iin"].say(_("IIN"), iin_words(patient))
        self._facts["sex"].say(_("Sex"), sex_words(patient))
        self._facts["chart"].say(_("Chart No."), chart_words(patient))
        self._say_allergies()

    def _say_allergies(self) -> None:
        known = self._allergies
        self._allergy.setVisible(known is not None)
        _dress(self._allergy, "allergy" if known else "unasked")
        if known:
            self._allergy.setText(_("Allergy: {what}", what=breakable(", ".join(known))))
        else:
            self._allergy.setText(_("Allergies: none recorded"))
        self._fit(self._allergy, ALLERGY_WIDTH)

    @staticmethod
    def _fit(words: QLabel, limit: int) -> None:
        """Give words one line where there is room, and wrap them down to ``limit`` pixels, never cut them."""
        words.ensurePolished()
        width = words.fontMetrics().horizontalAdvance(words.text()) + 30
        words.setMinimumWidth(min(width, limit))
        words.setMaximumWidth(width)


def _dress(widget: QWidget, role: str) -> None:
    if widget.property("role") == role:
        return
    widget.setProperty("role", role)
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    QCoreApplication.sendEvent(widget, QEvent(QEvent.Type.StyleChange))


class _Fact(QWidget):
    def __init__(self, name: str) -> None:
        super().__init__()
        self._title = label("label")
        self._value: QLabel = label("strong")
        self._value.setObjectName(name)
        self._value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        column.addStretch()
        column.addWidget(self._title)
        column.addWidget(self._value)
        column.addStretch()

    def say(self, title: str, value: str) -> None:
        self._title.setText(title)
        self._value.setText(breakable(value))
        self._value.ensurePolished()
        width = self._value.fontMetrics().horizontalAdvance(value) + 2
        self._value.setWordWrap(width > USUAL_FACT_WIDTH)  # only what is no usual number or date is wrapped
        self._value.setMinimumWidth(FACT_WIDTH if width > USUAL_FACT_WIDTH else width)
        self._value.setMaximumWidth(width)
