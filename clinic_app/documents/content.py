"""What a consult summary says, as plain values, apart from how it looks on paper.

Whoever fills it need not know PDF; whoever draws it need not know where the values came from. A `Text` among the values
is said in the language of the document; a plain string is printed as it was written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from clinic_app.foundation.texts import Text
from clinic_app.records import AdministrativeGender, Patient
from clinic_app.terminology.systems import CHART_NUMBER, IIN, SNILS

Words = str | Text


@dataclass(frozen=True)
class PatientLines:
    """Who the document is about.

    Args:
        name: family name and given names, as the banner shows them.
        birth_date: day of birth, or None where nobody knows it.
        iin: national number (ЖСН, ИИН), digits only.
        chart_number: number of the hospital's own chart.
        gender: FHIR's word.
        snils: Russian insurance number, where the patient has one.
        allergies: what the patient must not get.
    """

    name: str
    birth_date: date | None = None
    iin: str = ""
    chart_number: str = ""
    gender: AdministrativeGender = "unknown"
    snils: str = ""
    allergies: tuple[str, ...] = ()

    @classmethod
    def of(cls, patient: Patient, allergies: tuple[str, ...] = ()) -> PatientLines:
        """Return the lines for a patient record."""
        numbers = {each.system: each.value or "" for each in patient.identifier}
        birth = patient.birth_date or ""
        return cls(
            name=patient.name[0].full if patient.name else "",
            birth_date=date.fromisoformat(birth) if len(birth) == len("2026-03-05") else None,
            iin=numbers.get(IIN, ""),
            chart_number=numbers.get(CHART_NUMBER, ""),
            gender=patient.gender or "unknown",
            snils=numbers.get(SNILS, ""),
            allergies=allergies,
        )


@dataclass(frozen=True)
class EcgLead:
    """One lead of a strip.

    Args:
        label: ``II``, ``aVR``, ``V1``.
        millivolts: shape ``(n,)``, float32, in mV; NaN where samples were lost.
    """

    label: str
    millivolts: NDArray[np.float32]


@dataclass(frozen=True)
class EcgStrip:
    """An ECG as it goes on paper.

    Args:
        leads: the twelve in the order of paper, or fewer.
        rate_hz: samples per second, the same for all leads.
        band: the filters, as the device named them: ``0.05-150 Hz``.
        recorded_at: when the first sample was taken.
        device: what recorded it.
    """

    leads: tuple[EcgLead, ...]
    rate_hz: float
    band: str = ""
    recorded_at: datetime | None = None
    device: str = ""


@dataclass(frozen=True)
class KeyImage:
    """One picture for the reader.

    Args:
        pixels: uint8, shape ``(height, width)`` or ``(height, width, 3)``, as shown on the screen.
        caption: what it shows: modality, date, series.
    """

    pixels: NDArray[np.uint8]
    caption: str = ""


@dataclass(frozen=True)
class ConsultContent:
    """A whole consult summary.

    Args:
        document_id: id of the document itself, printed on every page.
        case_number: number of the referral.
        report_id: id of the signed DiagnosticReport.
        report_sha256: hex digest of the signed report; its beginning is in the QR code.
        patient: who it is about.
        asked_from: the hospital that asks.
        asked_by: the doctor who asks.
        asked_at: when the referral was sent.
        specialty: the specialty asked.
        urgency: emergency, urgent or planned, in words.
        question: as the doctor wrote it.
        opinion: the specialist's opinion.
        plan: what to do; may be empty.
        answered_from: the specialist's hospital.
        signed_by: the specialist.
        signed_at: when the opinion was signed.
        is_signature_valid: whether the signature was checked and holds.
        vitals: name and value with its unit, of each value that went with the question.
        ecg: the strip; None where none was sent.
        image: the key image; None where none was sent.
    """

    document_id: str
    case_number: str
    report_id: str
    report_sha256: str
    patient: PatientLines
    asked_from: str
    asked_by: str
    asked_at: datetime | None
    specialty: Words
    urgency: Words
    question: str
    opinion: str
    plan: str
    answered_from: str
    signed_by: str
    signed_at: datetime
    is_signature_valid: bool
    vitals: tuple[tuple[Words, Words], ...] = field(default=())
    ecg: EcgStrip | None = None
    image: KeyImage | None = None


@dataclass(frozen=True)
class RecoverySheet:
    """What the paper with the recovery code says.

    Args:
        code: the recovery code, its groups divided by hyphens.
        facility: name of the hospital.
        workstation: what this computer is called there; may be empty.
        made_at: when the code was made.
    """

    code: str
    facility: str
    workstation: str
    made_at: datetime
