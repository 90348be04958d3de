"""Waves and numbers in an ORU^R01: what is written is read, and what cannot be right is refused."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_app.devices.block import ChannelInfo, NumericValue
from clinic_app.devices.hl7.message import acknowledgement, parse, parse_timestamp, timestamp
from clinic_app.devices.hl7.waves import Wave, build_oru, read_numerics, read_waves
from clinic_app.foundation.errors import DeviceError

NOON = datetime(2026, 3, 5, 7, 0, 0, 123_400, tzinfo=UTC)
LEAD_II = ChannelInfo("MDC_ECG_LEAD_II", "II", "uV")
PLETH = ChannelInfo("MDC_PULS_OXIM_PLETH", "Pleth", "%")


def wave(rate_hz: Fraction = Fraction(500), n: int = 125) -> Wave:
    samples = (np.arange(n, dtype=np.float32) - 60)[np.newaxis] * np.float32(2.5)
    return Wave(NOON, rate_hz, (LEAD_II,), samples)


def check_waves(waves: tuple[Wave, ...]) -> None:
    """Whatever was sent: what is let through can be drawn."""
    for each in waves:
        assert each.samples.shape[0] == len(each.channels) > 0
        assert Fraction(1, 10) <= each.rate_hz <= 100_000
        assert not np.isinf(each.samples).any()


def test_a_wave_survives_the_wire() -> None:
    (read,) = read_waves(parse(build_oru("M", "1", NOON, [(wave(), 2.5)])))
    assert read.channels == (LEAD_II,)
    assert read.rate_hz == 500
    assert read.start_at == NOON
    np.testing.assert_array_equal(read.samples, wave().samples)


def test_a_rate_of_62_and_a_half_is_exact() -> None:
    (read,) = read_waves(parse(build_oru("M", "1", NOON, [(wave(Fraction(125, 2)), 2.5)])))
    assert read.rate_hz == Fraction(125, 2)


def test_channels_of_different_rates_stay_apart() -> None:
    pleth = Wave(NOON, Fraction(125), (PLETH,), np.ones((1, 31), dtype=np.float32))
    read = read_waves(parse(build_oru("M", "1", NOON, [(wave(), 2.5), (pleth, 0.1)])))
    assert [(w.channels[0].code, w.rate_hz) for w in read] == [(LEAD_II.code, 500), (PLETH.code, 125)]


def test_numbers_survive_the_wire_and_a_missing_one_is_not_zero() -> None:
    message = build_oru("M", "1", NOON, numerics={"MDC_TEMP": NumericValue(Decimal("36.70"), "Cel")})
    assert read_numerics(parse(message)) == {"MDC_TEMP": NumericValue(Decimal("36.70"), "Cel")}
    assert read_numerics(parse(message.replace(b"36.70", b"---"))) == {}
    assert read_numerics(parse(message.replace(b"36.70", b"Infinity"))) == {}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"|500|", b"|0|"),
        (b"|500|", b"|1e99|"),
        (b"|500|", b"|nan|"),
        (b"|2.5|", b"|-1|"),
        (b"|2.5|", b"|x|"),
        (b"^-59^", b"^abc^"),
        (b"^-59^", b"^inf^"),
        (b"20260305", b"yesterday"),
    ],
)
def test_an_impossible_wave_is_refused(old: bytes, new: bytes) -> None:
    message = build_oru("M", "1", NOON, [(wave(), 2.5)])
    assert old in message
    with pytest.raises(DeviceError):
        read_waves(parse(message.replace(old, new)))


def test_a_sample_the_device_left_out_is_a_gap_not_a_zero() -> None:
    message = build_oru("M", "1", NOON, [(wave(), 2.5)]).replace(b"^-59^", b"^^")
    (read,) = read_waves(parse(message))
    assert np.isnan(read.samples[0, 1])
    assert not np.isnan(read.samples[0, 2])


@given(st.binary(max_size=400))
def test_no_bytes_break_the_parser(data: bytes) -> None:
    for message in (data, b"MSH|^~\\&|M||||||ORU^R01|1|P|2.6\r" + data):
        with suppress(DeviceError):
            parsed = parse(message)
            check_waves(read_waves(parsed))
            assert all(number.value.is_finite() for number in read_numerics(parsed).values())


@given(st.data())
def test_no_changed_byte_breaks_a_real_message(data: st.DataObject) -> None:
    message = bytearray(build_oru("M", "1", NOON, [(wave(n=8), 2.5)]))
    message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    with suppress(DeviceError):
        check_waves(read_waves(parse(bytes(message))))


def test_too_many_segments_are_refused() -> None:
    with pytest.raises(DeviceError):
        parse(b"MSH|^~\\&|M||||||ORU^R01|1|P|2.6\r" + b"OBX\r" * 3000)


def test_the_answer_names_the_message() -> None:
    message = parse(build_oru("M", "42", NOON))
    answer = acknowledgement(message, "AA", NOON).decode()
    assert answer.splitlines()[1] == "MSA|AA|42"


def test_time_stamps_keep_a_tenth_of_a_millisecond_and_their_zone() -> None:
    assert parse_timestamp(timestamp(NOON)) == NOON
    assert parse_timestamp("20260305120000+0500") == NOON.replace(microsecond=0)


def test_a_wave_says_what_a_step_of_its_integers_is() -> None:
    leads = (ChannelInfo("MDC_ECG_LEAD_I", "I", "uV"), ChannelInfo("MDC_ECG_LEAD_II", "II", "uV"))
    integers = np.array([[-3, 0, 7, 1200], [5, -5, 5, -5]])
    sent = Wave(NOON, Fraction(500), leads, (integers * 2.44).astype(np.float32))
    (read,) = read_waves(parse(build_oru("M", "1", NOON, [(sent, 2.44)])))
    assert read.resolutions == (2.44, 2.44)
    np.testing.assert_array_equal(np.rint(read.samples / read.resolutions[0]), integers)
