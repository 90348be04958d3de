"""What of a patient can go with a question, as the checklist shows it, and what the asked specialty still lacks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from clinic_app.foundation.dates import form_date, form_moment
from clinic_app.records import DocumentReference, ImagingStudy, Observation, Reference, reference_to
from clinic_app.terminology.specialties import Evidence, Specialty
from ui.language import _, counted
from ui.widgets.vitals_words import sitting_line, sittings

Shape = Literal["ecg", "key-image", "study", "vitals"]


@dataclass(frozen=True)
class EvidenceItem:
    """One row of the checklist.

    Args:
        key: stable within the patient.
        shape: what it is.
        records: the records behind it; several for one sitting of vital signs.
        at: when it was made.
    """

    key: str
    shape: Shape
    records: tuple[DocumentReference | ImagingStudy | Observation, ...]
    at: datetime | None = None

    @property
    def kind(self) -> Evidence:
        """What a specialty would call it."""
        return "image" if self.shape in ("key-image", "study") else "ecg" if self.shape == "ecg" else "vitals"

    @property
    def references(self) -> tuple[Reference, ...]:
        """Pointers to its records."""
        return tuple(reference_to(record) for record in self.records)


def evidence_items(
    recordings: Iterable[DocumentReference],
    key_images: Iterable[DocumentReference],
    studies: Iterable[ImagingStudy],
    vitals: Sequence[Observation],
) -> tuple[EvidenceItem, ...]:
    """Return the rows of the checklist: signals, marked pictures, studies, vital signs; each the newest first."""
    rows = [EvidenceItem(each.id, "ecg", (each,), each.date) for each in recordings]
    rows += [EvidenceItem(each.id, "key-image", (each,), each.date) for each in key_images]
    rows += [EvidenceItem(each.id, "study", (each,), each.started) for each in studies]
    rows += [EvidenceItem(each[0].id, "vitals", each, each[0].effective_date_time) for each in sittings(vitals)]
    order = ("ecg", "key-image", "study", "vitals")
    return tuple(sorted(rows, key=lambda row: (order.index(row.shape), -(row.at.timestamp() if row.at else 0.0))))


def ticked_at_first(items: Sequence[EvidenceItem]) -> frozenset[str]:
    """Return what goes along unless the doctor says otherwise: the newest recording and the newest vital signs."""
    newest = (next((item.key for item in items if item.shape == shape), "") for shape in ("ecg", "vitals"))
    return frozenset(key for key in newest if key)


def completeness(specialty: Specialty | None, ticked: Iterable[EvidenceItem]) -> tuple[tuple[Evidence, bool], ...]:
    """Return what the specialty wants to see and whether it goes along."""
    there = {item.kind for item in ticked}
    return tuple((kind, kind in there) for kind in specialty.wanted) if specialty else ()


def kind_words(kind: Evidence) -> str:
    """Return a kind of evidence in words."""
    return {"ecg": _("ECG"), "image": _("Images"), "vitals": _("Vital signs")}[kind]


def item_title(item: EvidenceItem) -> str:
    """Return the first line of a row: what it is and when it was made."""
    moment = form_moment(item.at) if item.at else _("without a date")
    if item.shape == "study":
        study = item.records[0]
        day = form_date(item.at) if item.at else _("without a date")
        codes = [each.code or "" for each in study.modality] if isinstance(study, ImagingStudy) else []
        return f"{' '.join(codes) or _('Images')} · {day}"
    what = {"ecg": _("Recording"), "key-image": _("Key image"), "vitals": _("Vital signs")}[item.shape]
    return f"{what} · {moment}"


def item_detail(item: EvidenceItem) -> str:
    """Return the second line of a row: what is in it."""
    first = item.records[0]
    if isinstance(first, ImagingStudy):
        count = counted("{count} image", "{count} images", first.number_of_instances or 0)
        return " · ".join(part for part in (first.description or "", count) if part)
    if isinstance(first, Observation):
        return sitting_line([each for each in item.records if isinstance(each, Observation)])
    return first.description or first.content[0].attachment.title or ""


def item_icon(item: EvidenceItem) -> str:
    """Return the name of the row's icon."""
    return {"ecg": "activity", "key-image": "image", "study": "layers", "vitals": "heart-pulse"}[item.shape]
