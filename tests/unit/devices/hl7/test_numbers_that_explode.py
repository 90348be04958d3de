"""Numbers of ten letters that written out, or as a fraction, would be a hundred million digits: left out at once."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_app.devices.hl7.message import parse
from clinic_app.devices.hl7.waves import read_numerics, read_waves
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.numbers import is_writable, show_number

HEAD = "MSH|^~\\&|M||D||20260305070000||ORU^R01^ORU_R01|1|P|2.6\rOBR|1||||||20260305070000\r"
WAVE = "OBX||NA|131330^MDC_ECG_LEAD_II^MDC|1.1.1.1|1^2^3\r"
HUGE = ("1E-99999999", "1E-999999999999999999", "1E-65", "0E-99999999")


def _message(rate: str, resolution: str = "0.1", number: str = "72") -> bytes:
    lines = (
        HEAD,
        WAVE,
        f"OBX||NM|67982^MDC_ATTR_SAMP_RATE^MDC|1.1.1.1.1|{rate}|/s\r",
        f"OBX||NM|67983^MDC_ATTR_NU_MSMT_RES^MDC|1.1.1.1.2|{resolution}|uV\r",
        f"OBX||NM|147842^MDC_ECG_HEART_RATE^MDC|1.0.1|{number}|/min\r",
    )
    return "".join(lines).encode()


def test_the_same_wave_with_plain_numbers_is_read() -> None:
    (wave,) = read_waves(parse(_message("500")))
    assert (wave.rate_hz, wave.samples.shape) == (500, (1, 3))


@pytest.mark.parametrize("number", HUGE)
def test_a_rate_that_would_be_a_hundred_million_digits_is_no_rate(number: str) -> None:
    with pytest.raises(DeviceError):
        read_waves(parse(_message(number)))


@pytest.mark.parametrize(("rate", "values"), [("٥٠٠", "1^2"), ("500", "١^٢"), ("５００", "1^2"), ("500", "1_0^2")])
def test_digits_of_other_scripts_are_no_numbers_of_a_device(rate: str, values: str) -> None:
    message = _message(rate).replace(b"1^2^3", values.encode()).replace(b"|P|2.6", b"|P|2.6||||||UNICODE UTF-8")
    with pytest.raises(DeviceError):
        read_waves(parse(message))


@pytest.mark.parametrize("number", HUGE)
def test_a_resolution_of_that_kind_is_none_either(number: str) -> None:
    with pytest.raises(DeviceError):
        read_waves(parse(_message("500", number)))


@pytest.mark.parametrize("number", HUGE)
def test_a_measured_number_of_that_kind_is_left_out_and_the_wave_stays(number: str) -> None:
    message = parse(_message("500", number=number))
    assert "MDC_ECG_HEART_RATE" not in read_numerics(message)
    assert len(read_waves(message)) == 1


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_what_is_called_writable_is_short_when_written(number: Decimal) -> None:
    if is_writable(number):
        assert len(show_number(number, "ru")) <= 256
    else:
        assert abs(number.adjusted()) > 64 or len(str(number)) > 128
