"""Whose images may be that came by themselves: by the order's number or UID, the IIN, or our chart number, exactly.

A hint for a person, never a decision; a name alone proposes nobody. What speaks against a patient is said beside him.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from clinic_app.imaging.intake.identity import PersonInFile, Sameness, sameness
from clinic_app.imaging.orders import ImageOrder
from clinic_app.imaging.waiting_image import StudyInInbox, WaitingImage
from clinic_app.records import Patient
from clinic_app.storage import Store
from clinic_app.terminology.systems import CHART_NUMBER, IIN

MatchedBy = Literal["order", "iin", "chart"]


@dataclass(frozen=True)
class ImageMatch:
    """A patient images may be of.

    Args:
        patient: he.
        by: what says so.
        order: the order that is named on them, if there is one.
        sameness: how far the person on the images agrees with him.
    """

    patient: Patient
    by: MatchedBy
    order: ImageOrder | None
    sameness: Sameness

    @property
    def is_contradicted(self) -> bool:
        """Whether a number, the birth date or the name on the images is not his."""
        return self.sameness == "other"


def matches_of(
    store: Store, study: StudyInInbox, orders: Sequence[ImageOrder], issuers: Iterable[str]
) -> tuple[ImageMatch, ...]:
    """Return the patients a study may be of, each once; asks nobody's permission.

    Args:
        store: knows the patients.
        study: waits.
        orders: those its numbers name.
        issuers: the names under which this hospital gives chart numbers.
    """
    issuers = tuple(issuers)
    found: dict[str, ImageMatch] = {}
    for order in orders:
        agreed = agreement(order.patient, study.images, issuers)
        found.setdefault(order.patient.id, ImageMatch(order.patient, "order", order, agreed))
    for patient, by in _numbered(store, {each.person for each in study.images}, issuers):
        found.setdefault(patient.id, ImageMatch(patient, by, None, agreement(patient, study.images, issuers)))
    return tuple(found.values())


def agreement(patient: Patient, images: Iterable[WaitingImage], issuers: Iterable[str]) -> Sameness:
    """Return how far the people on images agree with a patient; the worst of them counts."""
    worst: tuple[Sameness, ...] = ("other", "unsaid", "name", "identifier")
    issuers = tuple(issuers)
    found = {sameness(patient, person, issuers) for person in {each.person for each in images}}
    return next((each for each in worst if each in found), "unsaid")


def _numbered(
    store: Store, people: Iterable[PersonInFile], issuers: Iterable[str]
) -> Iterator[tuple[Patient, MatchedBy]]:
    trusted = {"", *(each.casefold() for each in issuers)}
    for person in people:
        for iin in sorted(person.iins):
            for patient in store.records.find(Patient, identifier=f"{IIN}|{iin}"):
                yield patient, "iin"
        for value, issuer in person.ids:
            if issuer.casefold() in trusted:
                for patient in store.records.find(Patient, identifier=f"{CHART_NUMBER}|{value}"):
                    yield patient, "chart"
