"""The numbers of the leads: those the standards print, one for each, read back from whatever form a device writes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_app.terminology.leads import LEAD_NUMBERS, LEADS, PLETH, lead_of, mdc_code

PRINTED = {
    "MDC_ECG_LEAD_I": 131073,
    "MDC_ECG_LEAD_II": 131074,
    "MDC_ECG_LEAD_III": 131133,
    "MDC_ECG_LEAD_AVR": 131134,
    "MDC_ECG_LEAD_AVL": 131135,
    "MDC_ECG_LEAD_AVF": 131136,
    "MDC_ECG_LEAD_V1": 131075,
    "MDC_ECG_LEAD_V2": 131076,
    "MDC_ECG_LEAD_V3": 131077,
    "MDC_ECG_LEAD_V4": 131078,
    "MDC_ECG_LEAD_V5": 131079,
    "MDC_ECG_LEAD_V6": 131080,
    PLETH: 150452,
}
"""Context-free codes of IEEE 11073-10101 as its tables print them."""


@pytest.mark.parametrize(("lead", "code"), PRINTED.items())
def test_a_context_free_code_is_the_printed_one(lead: str, code: int) -> None:
    assert mdc_code(lead) == code


@pytest.mark.parametrize("lead", [*LEADS, PLETH])
def test_a_code_in_either_coding_leads_back_to_its_lead(lead: str) -> None:
    number = mdc_code(lead) - 2 * 0x10000
    for written in (f"2:{number}", f"5.6.3-9-{number}", str(number)):
        assert lead_of(written) == lead


def test_no_two_leads_share_a_number() -> None:
    assert len({mdc_code(lead) for lead in (*LEADS, PLETH)}) == 13
    assert list(LEAD_NUMBERS) == list(LEADS)


@pytest.mark.parametrize(
    "code", ["", "2:", "2:0", "2:9", "5.6.3-9-60", "MDC_ECG_LEAD_II", "II", "2:2 ", "2:02", "-", ":"]
)
def test_what_is_no_lead_of_the_twelve_is_none(code: str) -> None:
    assert lead_of(code) is None


def test_a_lead_nobody_knows_has_no_code() -> None:
    with pytest.raises(KeyError):
        mdc_code("MDC_ECG_LEAD_V7")


@given(st.text(st.characters(), max_size=30))
def test_no_code_of_a_foreign_file_breaks_the_reading(code: str) -> None:
    assert lead_of(code) in {None, *LEADS, PLETH}
