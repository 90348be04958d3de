"""An order of images as a record: what is to be pictured, why, how soon, when, and by which machine.

It is a FHIR ServiceRequest of the category "imaging". Its two numbers go to the machine with the worklist and come back
with the images: the accession number, which people read, and the study's UID, which machines keep.
Sources: FHIR R4, ServiceRequest; DICOM PS3.4 K (Modality Worklist), PS3.3 C.4.10 to C.4.13; IHE Scheduled Workflow.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, cast, get_args

import msgspec

from clinic_app.access import Session
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Text
from clinic_app.records import (
    Annotation,
    CodeableConcept,
    Coding,
    Extension,
    Identifier,
    Patient,
    Reference,
    ServiceRequest,
    reference_to,
)
from clinic_app.records.workflow import Urgency
from clinic_app.terminology.systems import ACCESSION_NUMBER, DCM, DICOM_UID, SNOMED

OrderState = Literal["ordered", "in-progress", "arrived", "done", "cancelled"]
STATES: Final[tuple[OrderState, ...]] = get_args(OrderState)
IMAGING: Final = "363679005"
"""SNOMED CT: Imaging (procedure); FHIR's own example of the category."""
STATE: Final = "urn:dala:imaging-order-state"
STATION: Final = "urn:dala:imaging-station"
MODALITIES: Final[Mapping[str, Text]] = {
    "DX": Text("X-ray"),
    "US": Text("Ultrasound"),
    "CT": Text("Computed tomography"),
    "MR": Text("Magnetic resonance"),
    "MG": Text("Mammography"),
    "RF": Text("Fluoroscopy"),
    "XA": Text("Angiography"),
    "IO": Text("Dental X-ray"),
    "PX": Text("Panoramic dental X-ray"),
    "BMD": Text("Bone densitometry"),
    "ES": Text("Endoscopy"),
    "ECG": Text("ECG"),
}
"""What can be ordered, in the order of the form; the codes are DICOM's (PS3.16, CID 29)."""
URGENCIES: Final[tuple[Urgency, ...]] = ("routine", "urgent", "stat")
_LONGEST: Final = 300
_LONGEST_PART: Final = 64
_UUID_ROOT: Final = "2.25."
"""PS3.5, B.2: a UID made of a UUID."""


@dataclass(frozen=True)
class OrderForm:
    """What a doctor says.

    Args:
        modality: one of `MODALITIES`.
        body_part: in words.
        reason: the question; what is suspected.
        priority: how soon.
        at: when it is to be done.
        station: AE title of the machine; empty for any of its kind.
        note: for whoever does it: allergies to contrast, pregnancy, cannot stand.
    """

    modality: str
    body_part: str
    reason: str
    at: datetime
    priority: Urgency = "routine"
    station: str = ""
    note: str = ""


def checked(form: OrderForm) -> OrderForm:
    """Return the form with its words trimmed, if it can be an order.

    Raises:
        InvalidInputError: something is missing or impossible; its field says what.
    """
    form = OrderForm(
        form.modality,
        " ".join(form.body_part.split()),
        form.reason.strip(),
        form.at,
        form.priority,
        form.station.strip(),
        form.note.strip(),
    )
    if form.modality not in MODALITIES:
        raise InvalidInputError(Text("Choose what is to be done."), "modality")
    if not form.body_part:
        raise InvalidInputError(Text("Say which part of the body."), "body_part")
    if not form.reason:
        raise InvalidInputError(Text("Say what the doctor wants to know."), "reason")
    for field, words, most in (
        ("body_part", form.body_part, _LONGEST_PART),
        ("reason", form.reason, _LONGEST),
        ("note", form.note, _LONGEST),
        ("station", form.station, 16),
    ):
        if len(words) > most:
            raise InvalidInputError(Text("At most {count} characters fit here.", count=most), field)
    if form.priority not in URGENCIES or form.at.tzinfo is None:
        raise InvalidInputError(Text("Choose what is to be done."), "priority")
    return form


def order_of(form: OrderForm, patient: Patient, session: Session, accession: str, now: datetime) -> ServiceRequest:
    """Return the record of a new order."""
    words = MODALITIES[form.modality].render("en")
    return ServiceRequest(
        id=new_id(),
        identifier=(
            Identifier(system=ACCESSION_NUMBER, value=accession),
            Identifier(system=DICOM_UID, value=f"urn:oid:{_UUID_ROOT}{uuid.uuid4().int}"),
        ),
        status="active",
        intent="order",
        category=(CodeableConcept(coding=(Coding(system=SNOMED, code=IMAGING, display="Imaging"),)),),
        priority=form.priority,
        code=CodeableConcept(
            coding=(Coding(system=DCM, code=form.modality, display=words),), text=f"{words}: {form.body_part}"
        ),
        body_site=(CodeableConcept(text=form.body_part),),
        subject=reference_to(patient),
        occurrence_date_time=form.at,
        authored_on=now,
        requester=Reference(reference=f"Practitioner/{session.practitioner_id}", display=session.name),
        reason_code=(CodeableConcept(text=form.reason),),
        note=(Annotation(text=form.note),) if form.note else (),
        extension=(Extension(url=STATION, value_string=form.station),) if form.station else (),
    )


def is_imaging_order(request: ServiceRequest) -> bool:
    """Return whether a request is an order of images."""
    return any(coding.code == IMAGING for concept in request.category for coding in concept.coding)


def state_of(order: ServiceRequest) -> OrderState:
    """Return where an order stands."""
    if order.status == "completed":
        return "done"
    if order.status in ("revoked", "entered-in-error"):
        return "cancelled"
    said = next((each.value_string for each in order.extension if each.url == STATE), None)
    return cast("OrderState", said) if said in ("in-progress", "arrived") else "ordered"


def with_state(order: ServiceRequest, state: OrderState) -> ServiceRequest:
    """Return the order in another state."""
    rest = tuple(each for each in order.extension if each.url != STATE)
    said = (Extension(url=STATE, value_string=state),) if state in ("in-progress", "arrived") else ()
    statuses: Mapping[OrderState, Literal["active", "completed", "revoked"]] = {
        "done": "completed",
        "cancelled": "revoked",
    }
    return msgspec.structs.replace(order, status=statuses.get(state, "active"), extension=(*rest, *said))


def accession_of(order: ServiceRequest) -> str:
    """Return an order's accession number, or an empty string."""
    return next((each.value or "" for each in order.identifier if each.system == ACCESSION_NUMBER), "")


def study_uid_of(order: ServiceRequest) -> str:
    """Return the UID its study is to have, or an empty string."""
    said = next((each.value or "" for each in order.identifier if each.system == DICOM_UID), "")
    return said.removeprefix("urn:oid:")


def modality_of(order: ServiceRequest) -> str:
    """Return its DICOM modality, or an empty string."""
    codings = order.code.coding if order.code else ()
    return next((each.code or "" for each in codings if each.system == DCM), "")


def body_part_of(order: ServiceRequest) -> str:
    """Return which part of the body is to be pictured, in words."""
    return next((each.text or "" for each in order.body_site), "")


def station_of(order: ServiceRequest) -> str:
    """Return the AE title of its machine, or an empty string."""
    return next((each.value_string or "" for each in order.extension if each.url == STATION), "")


def reason_of(order: ServiceRequest) -> str:
    """Return what the doctor wants to know."""
    return next((each.text or "" for each in order.reason_code), "")
