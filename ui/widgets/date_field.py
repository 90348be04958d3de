"""A date typed as 05.03.1964, with or without the dots."""

from __future__ import annotations

import re
from datetime import date

from PySide6.QtWidgets import QLineEdit

from clinic_app.foundation.dates import form_date, parse_form_date
from clinic_app.foundation.errors import InvalidInputError

_BARE = re.compile(r"(\d{2})(\d{2})(\d{4})", re.ASCII)


class DateField(QLineEdit):
    """An input for one day; leaving it puts the day into the house's form."""

    def __init__(self) -> None:
        super().__init__()
        self.setPlaceholderText("05.03.1964")
        self.setMaxLength(16)
        self.editingFinished.connect(self._tidy)

    def day(self) -> date | None:
        """Return the day, or None while there is none or it is no day of the calendar."""
        try:
            return parse_form_date(self._dotted())
        except InvalidInputError:
            return None

    def set_day(self, day: date | None) -> None:
        """Show a day, or nothing."""
        self.setText(form_date(day) if day else "")

    def _dotted(self) -> str:
        return _BARE.sub(r"\1.\2.\3", self.text().strip()) if _BARE.fullmatch(self.text().strip()) else self.text()

    def _tidy(self) -> None:
        day = self.day()
        if day:
            self.setText(form_date(day))
