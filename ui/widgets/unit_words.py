"""Units of UCUM as people write them, in the language of the windows."""

from __future__ import annotations

from ui.language import _


def unit_words(unit: str) -> str:
    """Return a unit as people write it; one that is not known stays as it is."""
    return {
        "10*9/L": _("10⁹/L"),
        "10*12/L": _("10¹²/L"),
        "10*3/uL": _("10³/µL"),
        "10*6/uL": _("10⁶/µL"),
        "mmol/L": _("mmol/L"),
        "umol/L": _("µmol/L"),
        "g/L": _("g/L"),
        "g/dL": _("g/dL"),
        "mg/L": _("mg/L"),
        "mg/dL": _("mg/dL"),
        "U/L": _("U/L"),
        "fL": _("fL"),
        "pg": _("pg"),
        "mm[Hg]": _("mmHg"),
        "Cel": _("°C"),
        "/min": _("/min"),
        "kg": _("kg"),
        "1": "",
    }.get(unit, unit)
