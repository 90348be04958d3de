"""A consult summary as a hospital would print it, with the real ECG that pydicom ships."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pydicom
from pydicom.data import get_testdata_file

from clinic_app.documents.content import ConsultContent, EcgLead, EcgStrip, KeyImage, PatientLines
from clinic_app.foundation.texts import Text
from clinic_app.terminology.leads import LEADS


def real_ecg() -> EcgStrip:
    """Return the 12-lead rhythm recording: 10 s at 1000 Hz."""
    path = get_testdata_file("waveform_ecg.dcm", download=False)
    assert isinstance(path, str)
    dataset = pydicom.dcmread(path)
    microvolts = dataset.waveform_array(0)
    labels = tuple(LEADS.values())
    leads = tuple(EcgLead(label, (microvolts[:, i] / 1000).astype(np.float32)) for i, label in enumerate(labels))
    return EcgStrip(leads, 1000.0, "0.05-300 Hz", datetime(2026, 3, 5, 6, 40, tzinfo=UTC), "CardioPoint 12")


def real_image() -> KeyImage:
    """Return an X-ray-like picture: pydicom's CT slice at a soft-tissue window."""
    path = get_testdata_file("CT_small.dcm", download=False)
    assert isinstance(path, str)
    dataset = pydicom.dcmread(path)
    values = dataset.pixel_array.astype(np.float32) * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)
    grey = np.clip((values + 160) / 400 * 255, 0, 255).astype(np.uint8)
    return KeyImage(grey, "CT, 19.01.2004, slice 1")


def consult(**changes: object) -> ConsultContent:
    """Return a whole summary; ``changes`` replace fields."""
    whole = ConsultContent(
        document_id="019cbc10-5a00-7000-8000-00000000d0c1",
        case_number="YRG-2026-000123",
        report_id="019cbc10-5a00-7000-8000-0000000000f1",
        report_sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        patient=PatientLines(
            name="ӘЛІБЕКҚЫЗЫ Гүлнұр Ғабитқызы",
            birth_date=date(1964, 3, 5),
            iin="640305400123",
            chart_number="Y-000417",
            gender="female",
            allergies=("пенициллин",),
        ),
        asked_from="Ырғыз аудандық ауруханасы",
        asked_by="Өмірзақ Әсет Һасанұлы",
        asked_at=datetime(2026, 3, 5, 7, 5, tzinfo=UTC),
        specialty=Text("Cardiology"),
        urgency=Text("Urgent"),
        question="Кеше кештен бері кеуденің сол жағында қысып ауырады. Тропонин тесті ≥2 ± 0,3 µmol/L ↑. "
        "ЭКГ мен тактика?",
        opinion="Ырғақ синустық, ЖСЖ 73/мин. QTc 428 ms, PQ 160 ms. ST сегментінің ығысуы жоқ.\n\n"
        "Сол жақ қарыншаның гипертрофия белгілері. Жедел коронарлық синдром белгілері анықталмады.",
        plan="1. Бисопролол 2,5 мг күніне 1 рет.\n2. Тропонинді 6 сағаттан кейін қайталау.\n"
        "3. Нашарласа — медициналық авиация. Бақылау 14 күннен кейін.",
        answered_from="Қазақ кардиология ҒЗИ, Алматы",
        signed_by="Сейітқали Ибрагим Ұланұлы",
        signed_at=datetime(2026, 3, 5, 9, 12, tzinfo=UTC),
        is_signature_valid=True,
        vitals=(
            ("АҚ", "150/95 mmHg"),
            ("ЖСЖ", "73/мин"),
            ("SpO₂", "96 %"),
            ("t°", "36,9 °C"),
            ("Глюкоза", "11,8 ммоль/л ↑"),
        ),
        ecg=real_ecg(),
        image=real_image(),
    )
    return replace(whole, **changes)  # type: ignore[arg-type]
