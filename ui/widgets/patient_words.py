"""How a patient is told on a screen: family name in capitals, dates and numbers in groups that can be read aloud."""

from __future__ import annotations

from datetime import date

from clinic_app.foundation.dates import age_years, form_date
from clinic_app.records import Patient
from clinic_app.registration import is_masked
from clinic_app.terminology.systems import CHART_NUMBER, IIN
from ui.language import _, counted
from ui.widgets.chip import ChipLook


def banner_name(patient: Patient) -> str:
    """Return ``ӘЛІБЕКҚЫЗЫ Гүлнұр Ғабитқызы``: which part is the family name must not be guessed."""
    name = patient.name[0] if patient.name else None
    if name is None:
        return _("without a name")
    if not name.family:
        return name.full
    return " ".join(part for part in (name.family.upper(), *name.given) if part)


def list_name(patient: Patient | None) -> str:
    """Return the name as lists show it."""
    return patient.full_name if patient and patient.full_name else _("without a name")


def born_words(patient: Patient) -> str:
    """Return ``05.03.1964``; an incomplete date stands as it was written."""
    try:
        return form_date(date.fromisoformat(patient.birth_date or ""))
    except ValueError:
        return patient.birth_date or "—"


def birth_words(patient: Patient, today: date) -> str:
    """Return ``05.03.1964 (62 years)``; an incomplete date stands as it was written."""
    try:
        born = date.fromisoformat(patient.birth_date or "")
    except ValueError:
        return born_words(patient)
    return f"{form_date(born)} ({counted('{count} year', '{count} years', age_years(born, today))})"


def sex_words(patient: Patient) -> str:
    """Return the sex in words."""
    return {
        "male": _("male"),
        "female": _("female"),
        "other": _("other sex"),
    }.get(patient.gender or "unknown", _("sex unknown"))


def iin_words(patient: Patient) -> str:
    """Return the IIN in three groups: ``640305 400 123``, or a dash."""
    number = patient.identifier_value(IIN) or ""
    return f"{number[:6]} {number[6:9]} {number[9:]}".strip() if number else "—"


def closed_look(patient: Patient) -> ChipLook | None:
    """Return the chip of a record that is closed to whoever looks; None for an open one."""
    return ChipLook(_("Closed to you"), "warn", "lock") if is_masked(patient) else None


def chart_words(patient: Patient) -> str:
    """Return the number of the hospital's chart, or a dash."""
    return patient.identifier_value(CHART_NUMBER) or "—"
