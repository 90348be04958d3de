"""The twelve leads of the resting ECG and how three standards number them alike.

IEEE 11073-10101 numbers the leads inside its partition 2 (``MDC_ECG_LEAD_II`` is 2:2); SCP-ECG (EN 1064, section
5.6.3-9) and so DICOM's context group 3001 use the same numbers.
"""

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
"""Reference identifier to label, in the order paper shows them."""
LEAD_NUMBERS: Final[dict[str, int]] = dict(
    zip(LEADS, (1, 2, 61, 62, 63, 64, 3, 4, 5, 6, 7, 8), strict=True),
)
"""Reference identifier to its number in partition 2 of IEEE 11073-10101 and in SCP-ECG."""
PLETH: Final = "MDC_PULS_OXIM_PLETH"
PLETH_NUMBER: Final = 19380
"""MDC_PULS_OXIM_PLETH is 2:19380."""


def mdc_code(reference_id: str) -> int:
    """Return the context-free code of a lead or of the pleth curve (partition times 65536 plus the term's number)."""
    number = PLETH_NUMBER if reference_id == PLETH else LEAD_NUMBERS[reference_id]
    return 2 * 0x10000 + number


def lead_of(code_value: str) -> str | None:
    """Return the reference identifier for the code of a DICOM channel source, or None where it is no lead.

    Args:
        code_value: lead II is ``5.6.3-9-2`` in SCP-ECG's coding and ``2:2`` in that of IEEE 11073.
    """
    tail = code_value.replace(":", "-").rpartition("-")[2]
    if tail == str(PLETH_NUMBER):
        return PLETH
    return next((lead for lead, number in LEAD_NUMBERS.items() if str(number) == tail), None)
