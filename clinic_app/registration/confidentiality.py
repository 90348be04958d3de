"""Records that are closed to most of the staff: the label that says so, and what is shown of them all the same.

A closed record that no search shows would be registered a second time, and nobody could open it in an emergency. So its
name, birth date, sex and chart number are shown, and nothing else.
Source of codes: HL7 v3 Confidentiality and v3 ObservationValue (FHIR R4, Security Labels).
"""

from __future__ import annotations

from typing import Final

import msgspec

from clinic_app.access.relations import RESTRICTED
from clinic_app.records import Coding, Meta, Patient
from clinic_app.terminology.systems import CHART_NUMBER, CONFIDENTIALITY, OBSERVATION_VALUE

_RESTRICTED: Final = Coding(system=CONFIDENTIALITY, code=RESTRICTED, display="restricted")
_MASKED: Final = Coding(system=OBSERVATION_VALUE, code="MASKED", display="masked")


def with_restriction(patient: Patient, *, is_restricted: bool) -> Patient:
    """Return a patient whose record is closed to all but those who treat him, or no longer."""
    meta = patient.meta or Meta()
    kept = tuple(label for label in meta.security if label.system != CONFIDENTIALITY)
    security = (*kept, _RESTRICTED) if is_restricted else kept
    return msgspec.structs.replace(patient, meta=msgspec.structs.replace(meta, security=security))


def with_access_of(stored: Patient, patient: Patient) -> Patient:
    """Return a patient with the labels, the source and the hospital of the stored record: they say who may see him.

    A form changes none of them, whatever copy of the patient its caller held.
    """
    kept = stored.meta or Meta()
    meta = msgspec.structs.replace(patient.meta or Meta(), security=kept.security, source=kept.source)
    return msgspec.structs.replace(patient, meta=meta, managing_organization=stored.managing_organization)


def masked(patient: Patient) -> Patient:
    """Return what is shown of a closed record; it has no version, so that it is never saved over the whole one."""
    labels = patient.meta.security if patient.meta else ()
    return Patient(
        id=patient.id,
        meta=Meta(security=(*labels, _MASKED)),
        active=patient.active,
        identifier=tuple(each for each in patient.identifier if each.system == CHART_NUMBER),
        name=patient.name,
        gender=patient.gender,
        birth_date=patient.birth_date,
    )


def is_masked(patient: Patient) -> bool:
    """Return whether this is only what is shown of a closed record."""
    return patient.meta is not None and _MASKED in patient.meta.security
