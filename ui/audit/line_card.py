"""One event of the trail in words, and two ways to see more like it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QWidget

from clinic_app.access import AuditLine
from ui.audit.words import facts_of
from ui.language import Translated, _
from ui.widgets.buttons import Button
from ui.widgets.labels import Card, breakable, label


class LineCard(Translated, Card):
    """The details of the line the cursor is on.

    Signals: ``person_wanted(id)``, ``patient_wanted(id, name)``.
    """

    person_wanted = Signal(str)
    patient_wanted = Signal(str, str)

    def __init__(self) -> None:
        super().__init__(spacing=2)
        self._line: AuditLine | None = None
        self._title = label("heading")
        self._empty = label("muted", is_wrapped=True)
        self._rows: list[QWidget] = []
        self._person = Button("audit.same_person", "quiet", "user")
        self._patient = Button("audit.same_patient", "quiet", "id-card")
        self.column.addWidget(self._title)
        self.column.addWidget(self._empty)
        self.column.addStretch()
        for button in (self._person, self._patient):
            self.column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        self._person.clicked.connect(self._want_person)
        self._patient.clicked.connect(self._want_patient)
        self.retranslate()

    def show_line(self, line: AuditLine | None) -> None:
        """Show another event, or none."""
        self._line = line
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything anew."""
        self._title.setText(_("Details of the event"))
        self._empty.setText(_("Choose a line on the left."))
        self._person.say(_("Only this person"))
        self._patient.say(_("Only this patient"))
        line = self._line
        self._empty.setVisible(line is None)
        self._person.setVisible(line is not None and bool(line.person_id))
        self._patient.setVisible(line is not None and bool(line.patients))
        for row in self._rows:
            self.column.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._rows = []
        if line is not None:
            for place, (title, value) in enumerate(facts_of(line)):
                self._add(place, title, value)

    def _add(self, place: int, title: str, value: str) -> None:
        head, words = label("label", title), label("body", breakable(value), is_wrapped=True)
        words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        words.setContentsMargins(0, 0, 0, 5)
        words.setObjectName(f"audit.fact.{place}")
        for offset, row in enumerate((head, words)):
            self.column.insertWidget(2 + 2 * place + offset, row)
            self._rows.append(row)

    def facts(self) -> list[str]:
        """Return the values shown, from top to bottom."""
        return [row.text() for row in self._rows[1::2] if isinstance(row, QLabel)]

    def _want_person(self) -> None:
        if self._line is not None:
            self.person_wanted.emit(self._line.person_id)

    def _want_patient(self) -> None:
        if self._line is not None and self._line.patients:
            self.patient_wanted.emit(self._line.patients[0], self._line.patient_names[0])
