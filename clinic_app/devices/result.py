"""A measurement that names a patient or a sample: what an analyser or a spot device says once, not all the time.

A result never files itself onto a patient: it goes to the inbox of results, where a person confirms it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

LOINC: Final = "http://loinc.org"


@dataclass(frozen=True)
class Result:
    """One value.

    Args:
        device: name of the device it came from.
        code: what was measured: a LOINC code where ``system`` says so, else the device's own word.
        value: a number, or words (``positive``).
        received_at: when it came, by this computer's wall clock.
        unit: of the value, in UCUM where the unit is known, else as the device wrote it.
        system: ``LOINC``, or empty for a code of the device's own.
        label: the device's own name of what was measured.
        taken_at: when it was measured, by the device's clock; None where the device tells no time.
        sample_id: the number on the tube, as the device said it.
        order_id: the number of the order, as the device said it.
        patient_id: an identifier of the patient, as the device said it.
        patient_text: the patient's name or whatever else the device said of the person; never enough to file by.
        flags: the device's remarks, in its own words: ``H``, ``L``, ``>``.
        reference_range: as the device wrote it.
        comment: free words that came with it.
        is_control: a control material or a calibration, not a patient.
    """

    device: str
    code: str
    value: Decimal | str
    received_at: datetime
    unit: str = ""
    system: str = ""
    label: str = ""
    taken_at: datetime | None = None
    sample_id: str = ""
    order_id: str = ""
    patient_id: str = ""
    patient_text: str = ""
    flags: tuple[str, ...] = ()
    reference_range: str = ""
    comment: str = ""
    is_control: bool = False

    @property
    def fingerprint(self) -> str:
        """The same for a result that the device sends again, another one for every other result.

        Device, what, when, whose and how much; not when it came. 64 hexadecimal digits.
        """
        said = (
            self.device,
            self.system,
            self.code,
            self.taken_at.isoformat() if self.taken_at else "",
            self.sample_id,
            self.order_id,
            self.patient_id,
            self.patient_text,
            str(self.value),
            self.unit,
        )
        return hashlib.sha256("\x1f".join(said).encode()).hexdigest()
