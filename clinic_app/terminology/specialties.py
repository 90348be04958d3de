"""The specialties a district asks; cardiology, pulmonology and neurology first, as the national network began."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from clinic_app.foundation.texts import Text
from clinic_app.records import CodeableConcept, Coding, Urgency
from clinic_app.terminology.systems import SPECIALTY

Evidence = Literal["ecg", "image", "vitals"]


@dataclass(frozen=True)
class Specialty:
    """One specialty and what its specialist needs to see before he can answer."""

    code: str
    words: Text
    wanted: tuple[Evidence, ...]

    def concept(self) -> CodeableConcept:
        """Return the FHIR concept, with the English word beside the code."""
        words = self.words.render("en")
        return CodeableConcept(coding=(Coding(system=SPECIALTY, code=self.code, display=words),), text=words)


SPECIALTIES: Final[tuple[Specialty, ...]] = (
    Specialty("cardiology", Text("Cardiology"), ("ecg", "vitals")),
    Specialty("pulmonology", Text("Pulmonology"), ("image", "vitals")),
    Specialty("neurology", Text("Neurology"), ("image", "vitals")),
    Specialty("traumatology", Text("Traumatology"), ("image",)),
    Specialty("paediatrics", Text("Paediatrics"), ("vitals",)),
    Specialty("surgery", Text("Surgery"), ("image", "vitals")),
    Specialty("obstetrics", Text("Obstetrics and gynaecology"), ("image", "vitals")),
    Specialty("endocrinology", Text("Endocrinology"), ("vitals",)),
    Specialty("radiology", Text("Radiology"), ("image",)),
)

URGENCY_WORDS: Final[dict[Urgency, Text]] = {
    "stat": Text("Emergency"),
    "asap": Text("Urgent"),
    "urgent": Text("Urgent"),
    "routine": Text("Planned"),
}
"""FHIR request-priority in the words of the national rules: экстренная, неотложная, плановая."""
URGENCIES: Final[tuple[Urgency, ...]] = ("stat", "urgent", "routine")
"""The three that can be chosen, the most pressing first."""


def specialty(code: str | None) -> Specialty | None:
    """Return the specialty with this code, or None for a foreign one."""
    return next((each for each in SPECIALTIES if each.code == code), None)
