"""The reception: people are found however their names are typed, and registered once."""

from clinic_app.registration.confidentiality import is_masked
from clinic_app.registration.form import PatientForm, check_form, form_of, hints_for
from clinic_app.registration.iin import IinHint, check_iin, iin_hint
from clinic_app.registration.registration import Registration

__all__ = [
    "IinHint",
    "PatientForm",
    "Registration",
    "check_form",
    "check_iin",
    "form_of",
    "hints_for",
    "iin_hint",
    "is_masked",
]
