"""What is asked of an archive: one line of fields, filled from the patient in hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QLineEdit, QWidget

from ui.language import Translated, _
from ui.widgets.buttons import Button
from ui.widgets.date_field import DateField
from ui.widgets.labels import label

if TYPE_CHECKING:
    from clinic_app.imaging.archives import ArchiveLine
    from clinic_app.imaging.network.found import Wanted

_MODALITIES: Final = ("CT", "MR", "US", "CR", "DX", "MG", "XA", "RF", "NM", "PT", "IO", "PX", "ES", "ECG")
_LONGEST: Final = 64
_DAY_PX: Final = 110


class ArchiveForm(Translated, QWidget):
    """The form.

    Args:
        name: stable object name; the fields are ``name.archive``, ``name.number``, ``name.person``, ``name.accession``,
            ``name.modality``, ``name.from``, ``name.to``, the button ``name.search``.

    Signal ``asked``: Enter in a field, or the button.
    """

    asked = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.archive = QComboBox()
        self.number, self.person, self.accession = QLineEdit(), QLineEdit(), QLineEdit()
        self.modality = QComboBox()
        self.first, self.last = DateField(), DateField()
        self.search = Button(f"{name}.search", "primary", "search")
        self._labels = [label("label") for _place in range(7)]
        self._fields: tuple[tuple[str, QWidget], ...] = (
            ("archive", self.archive),
            ("number", self.number),
            ("person", self.person),
            ("from", self.first),
            ("to", self.last),
            ("modality", self.modality),
            ("accession", self.accession),
        )
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(3)
        for place, (key, field) in enumerate(self._fields):
            field.setObjectName(f"{name}.{key}")
            self._labels[place].setBuddy(field)
            grid.addWidget(self._labels[place], 0, place)
            grid.addWidget(field, 1, place)
            if isinstance(field, QLineEdit):
                field.returnPressed.connect(self.asked)
        for field in (self.number, self.person, self.accession):
            field.setMaxLength(_LONGEST)
        for day in (self.first, self.last):
            day.setFixedWidth(_DAY_PX)
        for place, stretch in ((0, 2), (1, 2), (2, 3), (6, 1)):
            grid.setColumnStretch(place, stretch)
        grid.addWidget(self.search, 1, len(self._fields))
        self.search.clicked.connect(self.asked)
        self.modality.addItem("", "")
        for code in _MODALITIES:
            self.modality.addItem(code, code)
        self.retranslate()

    def show_archives(self, lines: tuple[ArchiveLine, ...]) -> None:
        """Let somebody choose among these; who chose one keeps it."""
        chosen = self.archive.currentText()
        self.archive.clear()
        for line in lines:
            self.archive.addItem(line.name)
        if (place := self.archive.findText(chosen)) >= 0:
            self.archive.setCurrentIndex(place)

    def fill(self, number: str) -> None:
        """Begin anew with a patient's number."""
        self.number.setText(number)
        for field in (self.person, self.accession, self.first, self.last):
            field.clear()
        self.modality.setCurrentIndex(0)

    def wanted(self) -> Wanted:
        """Return what is asked."""
        from clinic_app.imaging.network.found import Wanted

        return Wanted(
            self.number.text(),
            self.person.text(),
            self.accession.text(),
            self.modality.currentData() or "",
            self.first.day(),
            self.last.day(),
        )

    def retranslate(self) -> None:
        """Say everything anew."""
        words = (
            _("Archive"),
            _("IIN or number"),
            _("Name, * for any letters"),
            _("First day"),
            _("Last day"),
            _("Modality"),
            _("Order number"),
        )
        for place, said in enumerate(words):
            self._labels[place].setText(said)
            self._fields[place][1].setAccessibleName(said)
        self.modality.setItemText(0, _("any"))
        self.search.say(_("Search"))
