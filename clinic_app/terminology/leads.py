"""The twelve leads of the resting ECG, as IEEE 11073-10101 and DICOM (context group 3001) name them."""

from __future__ import annotations

from typing import Final

LEADS: Final[dict[str, str]] = {
    "MDC_ECG_LEAD_I": "I",
    "MDC_ECG_LEAD_II": "II",
    "MDC_ECG_LEAD_III": "III",
    "MDC_ECG_LEAD_AVR": "aVR",
    "MDC_ECG_LEAD_AVL": "aVL",
    "MDC_ECG_LEAD_AVF": "aVF",
    "MDC_ECG_LEAD_V1": "V1",
    "MDC_ECG_LEAD_V2": "V2",
    "MDC_ECG_LEAD_V3": "V3",
    "MDC_ECG_LEAD_V4": "V4",
    "MDC_ECG_LEAD_V5": "V5",
    "MDC_ECG_LEAD_V6": "V6",
}
"""Code to label, in the order paper shows them."""
PLETH: Final = "MDC_PULS_OXIM_PLETH"
