"""Filling the consult summary from a case: everything it says is taken from records that are here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from typing import Final

import numpy as np
from PIL import Image, UnidentifiedImageError

from clinic_app.consultation.evidence import Evidence
from clinic_app.consultation.signing import content_digest
from clinic_app.documents import ConsultContent, EcgLead, EcgStrip, KeyImage, PatientLines
from clinic_app.encounters import vital_sign_of
from clinic_app.foundation.errors import ClinicError, NotFoundError, UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.records import (
    AllergyIntolerance,
    CarePlan,
    DiagnosticReport,
    DocumentReference,
    Observation,
    ObservationComponent,
    Patient,
)
from clinic_app.referral import Case
from clinic_app.storage import Store
from clinic_app.terminology.specialties import URGENCY_WORDS, specialty
from clinic_app.terminology.systems import LOINC, SPECIALTY
from clinic_app.waveforms.recordings import read_recording

MOST_PIXELS: Final = 64_000_000
"""A larger picture is left out of the summary rather than unpacked."""


def summary_content(
    store: Store,
    case: Case,
    report: DiagnosticReport,
    plan: CarePlan | None,
    evidence: Evidence,
    *,
    document_id: str,
    signed_at: datetime,
    is_signature_valid: bool,
) -> ConsultContent:
    """Return what the summary of an answered case says.

    Raises:
        NotFoundError: the question or the patient is not on this workstation.
    """
    if case.request is None or case.patient is None:
        raise NotFoundError(Text("The package of this case is not on this workstation."))
    asked = specialty(case.request.code.code(SPECIALTY) if case.request.code else None)
    return ConsultContent(
        document_id=document_id,
        case_number=case.number,
        report_id=report.id,
        report_sha256=content_digest(store.records.body(DiagnosticReport, report.id)),
        patient=PatientLines.of(case.patient, _allergies(store, case.patient)),
        asked_from=(case.task.requester.display or "") if case.task.requester else "",
        asked_by=(case.request.requester.display or "") if case.request.requester else "",
        asked_at=case.sent_at,
        specialty=asked.words if asked else "",
        urgency=URGENCY_WORDS[case.request.priority or "routine"],
        question=case.question,
        opinion=report.conclusion or "",
        plan=(plan.description or "") if plan else "",
        answered_from=(case.task.owner.display or "") if case.task.owner else "",
        signed_by=next((each.display or "" for each in report.results_interpreter), ""),
        signed_at=signed_at,
        is_signature_valid=is_signature_valid,
        vitals=tuple(line for observation in evidence.vitals for line in _vitals(observation)),
        ecg=_first_ecg(store, evidence.recordings),
        image=_first_image(store, evidence.key_images),
    )


def _allergies(store: Store, patient: Patient) -> tuple[str, ...]:
    found = store.records.find(AllergyIntolerance, subject=patient.id)
    return tuple(each.code.text for each in found if each.code and each.code.text)


def _vitals(observation: Observation) -> Iterator[tuple[Text | str, Text | str]]:
    """Yield name and value with its unit of each value in an observation; a blood pressure has two."""
    parts: tuple[Observation | ObservationComponent, ...] = observation.component or (observation,)
    for part in parts:
        quantity = part.value_quantity
        if quantity is not None and quantity.value is not None:
            sign = vital_sign_of(Observation(id="part", status="final", code=part.code))
            name = sign.words if sign else part.code.text or part.code.code(LOINC) or ""
            unit = sign.unit if sign and quantity.code == sign.ucum else quantity.unit or ""
            yield name, Text("{value} {unit}", value=quantity.value, unit=unit)


def _first_ecg(store: Store, documents: tuple[DocumentReference, ...]) -> EcgStrip | None:
    """Return the first recording that has ECG leads; one that cannot be read does not hold up the summary."""
    for document in documents:
        try:
            recording = read_recording(store, document)
        except ClinicError:
            continue
        rate_hz = max((lead.rate_hz for lead in recording.leads), default=0.0)
        leads = tuple(EcgLead(lead.label, lead.millivolts) for lead in recording.leads if lead.rate_hz == rate_hz)
        if leads:
            return EcgStrip(leads, rate_hz, recording.band, recording.started_at, recording.device)
    return None


def _first_image(store: Store, documents: tuple[DocumentReference, ...]) -> KeyImage | None:
    for document in documents:
        try:
            pixels = picture_pixels(store.blobs.read(document.content[0].attachment.sha256))
        except ClinicError:
            continue
        return KeyImage(pixels, document.description or "")
    return None


def picture_pixels(data: bytes) -> np.typing.NDArray[np.uint8]:
    """Return the pixels of a PNG or JPEG: uint8, shape ``(height, width)`` or ``(height, width, 3)``.

    Raises:
        UnreadableFileError: no picture, or a larger one than `MOST_PIXELS`.
    """
    try:
        with Image.open(BytesIO(data), formats=("PNG", "JPEG")) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise UnreadableFileError(Text("This picture cannot be read."))
            return np.asarray(picture.convert("L" if picture.mode in ("L", "1") else "RGB"))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UnreadableFileError(Text("This picture cannot be read.")) from error
