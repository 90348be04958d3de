"""Dates as people in three languages write them.

Forms show ``05.03.2026`` in every language: Qt's own short date for Kazakh has a two-digit year. Documents write the
month as a word.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Final

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Language, Text

_MONTHS: Final[dict[Language, tuple[str, ...]]] = {
    "kk": (
        "қаңтар", "ақпан", "наурыз", "сәуір", "мамыр", "маусым",
        "шілде", "тамыз", "қыркүйек", "қазан", "қараша", "желтоқсан",
    ),
    "ru": (
        "января", "февраля", "марта", "апреля", "мая", "июня",
        "июля", "августа", "сентября", "октября", "ноября", "декабря",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
}  # fmt: skip
_TYPED = re.compile(r"\s*(\d{1,2})[./ -](\d{1,2})[./ -](\d{4})\s*", re.ASCII)


def form_date(day: date) -> str:
    """Return ``05.03.2026``, in local time where a moment is given."""
    return f"{_local(day):%d.%m.%Y}"


def form_moment(moment: datetime) -> str:
    """Return ``05.03.2026 14:05`` in local time, 24 hours."""
    return f"{moment.astimezone():%d.%m.%Y %H:%M}"


def document_date(day: date, language: Language) -> str:
    """Return ``5 наурыз 2026``, ``5 марта 2026`` or ``5 March 2026``."""
    day = _local(day)
    return f"{day.day} {_MONTHS[language][day.month - 1]} {day.year}"


def document_moment(moment: datetime, language: Language) -> str:
    """Return a document's date with the time and its offset: ``5 March 2026, 14:05 (+05:00)``."""
    local = moment.astimezone()
    offset = f"{local:%z}"
    return f"{document_date(local, language)}, {local:%H:%M} ({offset[:3]}:{offset[3:5]})"


def parse_form_date(typed: str, field: str = "") -> date:
    """Return the day somebody typed as ``5.3.2026``, ``05/03/2026`` or ``05-03-2026``.

    Raises:
        InvalidInputError: it is no day of the calendar.
    """
    match = _TYPED.fullmatch(typed)
    try:
        if match:
            return date(int(match[3]), int(match[2]), int(match[1]))
    except ValueError:
        pass
    raise InvalidInputError(Text("“{typed}” is not a date; write it as 05.03.1964.", typed=typed.strip()), field)


def age_years(birth: date, today: date) -> int:
    """Return completed years of life on ``today``."""
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))


def _local(day: date) -> date:
    return day.astimezone() if isinstance(day, datetime) and day.tzinfo else day
