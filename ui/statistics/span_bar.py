"""Which months a report is about: from, to, and one button for each way most people want it."""

from __future__ import annotations

from datetime import date
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from clinic_app.statistics import Span, month_begin, month_end
from ui.language import Translated, _
from ui.widgets.buttons import Button
from ui.widgets.form_field import FormField

MOST_YEARS: Final = 2


class SpanBar(Translated, QWidget):
    """Two lists of months, and buttons for the last twelve and for whole years.

    Args:
        months: first days of the months that can be asked for, the newest first.
        years: whole years that can be asked for, the newest first.

    Signal ``changed(Span)``: other months are wanted.
    """

    changed = Signal(object)

    def __init__(self, months: tuple[date, ...], years: tuple[int, ...]) -> None:
        super().__init__()
        self.setObjectName("statistics.span")
        self._months = months
        self._years = years[:MOST_YEARS]
        self._boxes = {name: QComboBox() for name in ("first", "last")}
        self._fields: dict[str, FormField] = {}
        self._twelve = Button("statistics.twelve", "plain", "calendar")
        self._whole = {year: Button(f"statistics.year.{year}", "plain", "calendar") for year in self._years}
        self._build()
        self.retranslate()

    def _build(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        for name, box in self._boxes.items():
            for month in self._months:
                box.addItem(f"{month:%m.%Y}", month)
            box.setFixedWidth(124)
            self._fields[name] = FormField(box, f"statistics.{name}", has_message=False)
            row.addWidget(self._fields[name])
            box.activated.connect(lambda _place: self._tell())
        bottom = Qt.AlignmentFlag.AlignBottom
        row.addWidget(self._twelve, 0, bottom)
        self._twelve.clicked.connect(self._tell_twelve)
        for year, button in self._whole.items():
            row.addWidget(button, 0, bottom)
            button.clicked.connect(lambda _down=False, year=year: self._tell_year(year))
        row.addStretch()

    def retranslate(self) -> None:
        """Say everything anew."""
        self._fields["first"].set_label(_("First month"))
        self._fields["last"].set_label(_("Last month"))
        self._twelve.say(_("Last 12 months"))
        for year, button in self._whole.items():
            button.say(_("Year {year}", year=year))

    def show_span(self, span: Span) -> None:
        """Show the months of a span; nobody is told."""
        for name, month in (("first", span.first), ("last", span.last.replace(day=1))):
            self._boxes[name].setCurrentIndex(self._months.index(month) if month in self._months else -1)

    def _tell(self) -> None:
        first, last = (self._boxes[name].currentData() for name in ("first", "last"))
        if first is not None and last is not None:
            self.changed.emit(Span(first, month_end(last)))

    def _tell_twelve(self) -> None:
        newest = self._months[0]
        self.changed.emit(Span(month_begin(newest.year, newest.month - 11), month_end(newest)))

    def _tell_year(self, year: int) -> None:
        self.changed.emit(Span(date(year, 1, 1), date(year, 12, 31)))
