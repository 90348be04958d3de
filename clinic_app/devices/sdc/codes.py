"""What the numbers of IEEE 11073-10101 stand for: curves, measurements and units, as an SDC device names them.

A context-free code is the partition times 65536 plus the term's number. A curve of an ECG is called by its electric
potential (``MDC_ECG_ELEC_POTL_II`` is 2:258) and some devices call it by the lead itself (2:2); both become the lead.
"""

from __future__ import annotations

from typing import Final

from clinic_app.terminology.leads import LEAD_NUMBERS, PLETH, PLETH_NUMBER

_MEASUREMENTS: Final = 2 * 0x10000
_POTENTIAL: Final = 256
WAVES: Final[dict[int, str]] = {
    **{_MEASUREMENTS + number: lead for lead, number in LEAD_NUMBERS.items()},
    **{_MEASUREMENTS + _POTENTIAL + number: lead for lead, number in LEAD_NUMBERS.items()},
    _MEASUREMENTS + PLETH_NUMBER: PLETH,
    _MEASUREMENTS + 18_944: "MDC_PRESS_BLD",
    _MEASUREMENTS + 18_960: "MDC_PRESS_BLD_ART",
    _MEASUREMENTS + 20_480: "MDC_RESP",
    _MEASUREMENTS + 20_644: "MDC_AWAY_CO2",
}
"""Code to reference identifier of a curve."""
NUMBERS: Final[dict[int, str]] = {
    147_842: "MDC_ECG_HEART_RATE",
    149_530: "MDC_PULS_OXIM_PULS_RATE",
    149_546: "MDC_PULS_RATE_NON_INV",
    150_021: "MDC_PRESS_BLD_NONINV_SYS",
    150_022: "MDC_PRESS_BLD_NONINV_DIA",
    150_023: "MDC_PRESS_BLD_NONINV_MEAN",
    150_301: "MDC_PRESS_CUFF_SYS",
    150_302: "MDC_PRESS_CUFF_DIA",
    150_303: "MDC_PRESS_CUFF_MEAN",
    150_344: "MDC_TEMP",
    150_364: "MDC_TEMP_BODY",
    150_456: "MDC_PULS_OXIM_SAT_O2",
    151_562: "MDC_RESP_RATE",
}
"""Code to reference identifier of a number."""
UNITS: Final[dict[int, str]] = {
    262_656: "1",
    262_688: "%",
    264_864: "/min",
    264_928: "/min",
    266_016: "mm[Hg]",
    266_418: "mV",
    266_419: "uV",
    268_192: "Cel",
}
"""Code of a unit to UCUM."""


def potential_code(lead: str) -> int:
    """Return the code of the curve of a lead, or of the pleth curve."""
    if lead == PLETH:
        return _MEASUREMENTS + PLETH_NUMBER
    return _MEASUREMENTS + _POTENTIAL + LEAD_NUMBERS[lead]


def number_code(reference_id: str) -> int:
    """Return the code of a measured number."""
    return next(code for code, name in NUMBERS.items() if name == reference_id)


def unit_code(unit: str) -> int:
    """Return the code of a UCUM unit; millimetres of mercury under both their spellings."""
    wanted = "mm[Hg]" if unit == "mmHg" else unit
    return next(code for code, name in UNITS.items() if name == wanted)
