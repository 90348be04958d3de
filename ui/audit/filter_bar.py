"""Which events of the trail are wanted: person, patient, action, outcome, days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from clinic_app.access import AUDIT_ACTION_WORDS, OUTCOME_WORDS, AuditFilter, AuditPerson
from clinic_app.foundation.texts import Text
from ui.language import Translated, _, say
from ui.widgets.buttons import Button
from ui.widgets.date_field import DateField
from ui.widgets.form_field import FormField
from ui.widgets.labels import label
from ui.widgets.search_field import SearchField

MOST_OFFERED = 4


class FilterBar(Translated, QWidget):
    """The fields of the filter on one line; below it the patients that were found by a name, to choose from.

    Signals: ``changed(AuditFilter)``: another filter is wanted; ``patient_typed(str)``: find patients by these words.
    """

    changed = Signal(object)
    patient_typed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("audit.filter")
        self._boxes = {name: QComboBox() for name in ("person", "action", "outcome")}
        self._patient = SearchField("audit.patient")
        self._days = {name: DateField() for name in ("from", "to")}
        self._patient_id = ""
        self._patient_name = ""
        self._found: tuple[tuple[str, str], ...] | None = None
        self._offered = QWidget()
        self._told = label("muted")
        self._told.setObjectName("audit.found")
        self._buttons = [Button(f"audit.found.{place}", "plain", "id-card") for place in range(MOST_OFFERED)]
        self._clear = Button("audit.clear", "quiet", "x")
        self._fields: dict[str, FormField] = {}
        self._build()
        self._connect()
        self.show_people(())
        self.retranslate()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        row = QHBoxLayout()
        row.setSpacing(10)
        column.addLayout(row)
        column.addWidget(self._offered)
        parts: dict[str, tuple[QWidget, int]] = {
            "person": (self._boxes["person"], 3),
            "patient": (self._patient, 4),
            "action": (self._boxes["action"], 3),
            "outcome": (self._boxes["outcome"], 2),
            "from": (self._days["from"], 0),
            "to": (self._days["to"], 0),
        }
        for name, (editor, stretch) in parts.items():
            self._fields[name] = FormField(editor, f"audit.{name}", has_message=False)
            row.addWidget(self._fields[name], stretch)
        for field in self._days.values():
            field.setFixedWidth(112)
        for box in self._boxes.values():
            box.setMinimumContentsLength(8)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        row.addWidget(self._clear, 0, Qt.AlignmentFlag.AlignBottom)
        for box, codes in ((self._boxes["action"], AUDIT_ACTION_WORDS), (self._boxes["outcome"], OUTCOME_WORDS)):
            box.addItem("", "")
            for code in codes:
                box.addItem("", code)
        offers = QHBoxLayout(self._offered)
        offers.setContentsMargins(0, 0, 0, 0)
        offers.setSpacing(8)
        for part in (*self._buttons, self._told):
            offers.addWidget(part)
        offers.addStretch()
        self._offered.hide()

    def _connect(self) -> None:
        for box in self._boxes.values():
            box.activated.connect(lambda _place: self._tell())
        for field in self._days.values():
            field.editingFinished.connect(self._tell_days)
        self._patient.searched.connect(self._search)
        for place, button in enumerate(self._buttons):
            button.clicked.connect(lambda _down=False, place=place: self._take_patient(place))
        self._clear.clicked.connect(self.clear)

    def retranslate(self) -> None:
        """Say everything anew."""
        self._fields["person"].set_label(_("Person"))
        self._fields["patient"].set_label(_("Patient"))
        self._fields["action"].set_label(_("Action"))
        self._fields["outcome"].set_label(_("Outcome"))
        self._fields["from"].set_label(_("From day"))
        self._fields["to"].set_label(_("To day"))
        self._patient.set_words(_("Patient"), _("name, then choose"))
        self._clear.say(_("Show all"))
        for field in self._days.values():
            field.setPlaceholderText(_("dd.mm.yyyy"))
        self._boxes["person"].setItemText(0, _("everybody"))
        for name, words in (("action", AUDIT_ACTION_WORDS), ("outcome", OUTCOME_WORDS)):
            box = self._boxes[name]
            box.setItemText(0, _("any"))
            for place in range(1, box.count()):
                box.setItemText(place, say(words[box.itemData(place)]))
        self._offer()

    def show_people(self, people: Sequence[AuditPerson]) -> None:
        """Offer these people; the chosen one stays chosen."""
        box = self._boxes["person"]
        kept = box.currentData()
        box.clear()
        box.addItem(_("everybody"), "")
        for person in people:
            box.addItem(f"{person.name} ({person.login})", person.practitioner_id)
        box.setCurrentIndex(max(0, box.findData(kept)))

    def show_patients(self, found: Sequence[tuple[str, str]]) -> None:
        """Offer the patients that were found, as id and name."""
        self._found = tuple(found)
        self._offer()

    def _offer(self) -> None:
        found = self._found
        self._offered.setVisible(found is not None)
        for place, button in enumerate(self._buttons):
            button.setVisible(found is not None and place < len(found))
            if found is not None and place < len(found):
                button.say(found[place][1])
        if not found:
            self._told.setText(_("Nobody was found by these words."))
        else:
            self._told.setText(_("Type more of the name to see others.") if len(found) > MOST_OFFERED else "")

    def show_filter(self, wanted: AuditFilter, patient_name: str = "") -> None:
        """Show a filter that was chosen elsewhere; nobody is told."""
        for name, value in (("person", wanted.person), ("action", wanted.action), ("outcome", wanted.outcome)):
            self._boxes[name].setCurrentIndex(max(0, self._boxes[name].findData(value)))
        if wanted.patient != self._patient_id or not wanted.patient:
            self._put_patient(wanted.patient, patient_name)
        self._days["from"].set_day(_local_day(wanted.from_at))
        last = wanted.to_at - timedelta(seconds=1) if wanted.to_at else None
        self._days["to"].set_day(_local_day(last))

    def clear(self) -> None:
        """Want everything again."""
        self.show_filter(AuditFilter())
        self._tell()

    def wanted(self) -> AuditFilter:
        """Return the filter as it stands in the fields; what is no day of the calendar does not count."""
        first, last = (self._days[name].day() for name in ("from", "to"))
        return AuditFilter(
            person=self._boxes["person"].currentData() or "",
            patient=self._patient_id,
            action=self._boxes["action"].currentData() or "",
            outcome=self._boxes["outcome"].currentData() or "",
            from_at=_begin_of(first) if first else None,
            to_at=_begin_of(last + timedelta(days=1)) if last else None,
        )

    def _tell(self) -> None:
        self.changed.emit(self.wanted())

    def _tell_days(self) -> None:
        """Tell once the days can be read; half a date is marked and changes nothing."""
        is_right = True
        for name, field in self._days.items():
            is_wrong = bool(field.text().strip()) and field.day() is None
            self._fields[name].set_error(Text("This is no day of the calendar.") if is_wrong else "")
            is_right = is_right and not is_wrong
        if is_right:
            self._tell()

    def _search(self, words: str) -> None:
        if words and not (self._patient_id and words == self._patient_name):
            self.patient_typed.emit(words)
        elif not words:
            was_chosen = bool(self._patient_id)
            self._put_patient("", "")
            if was_chosen:
                self._tell()

    def _take_patient(self, place: int) -> None:
        if self._found is not None and place < len(self._found):
            self._put_patient(*self._found[place])
            self._tell()

    def _put_patient(self, patient_id: str, name: str) -> None:
        self._patient_id, self._patient_name, self._found = patient_id, name, None
        self._offer()
        was_blocked = self._patient.blockSignals(True)
        self._patient.setText(name)
        self._patient.blockSignals(was_blocked)


def _begin_of(day: date) -> datetime:
    return datetime.combine(day, time()).astimezone()


def _local_day(moment: datetime | None) -> date | None:
    return moment.astimezone().date() if moment else None
