"""What SDC messages say: curves with their rates and units, numbers, what is invalid, and what cannot be right."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from clinic_app.devices.block import ChannelInfo, Flags, NumericValue
from clinic_app.devices.hl7.monitor_simulator import NUMBERS
from clinic_app.devices.replay import Replay, load_ecg, simulated_pleth
from clinic_app.devices.sdc.codes import NUMBERS as NUMBER_CODES
from clinic_app.devices.sdc.codes import WAVES, number_code, potential_code, unit_code
from clinic_app.devices.sdc.provider import description
from clinic_app.devices.sdc.reports import (
    LARGEST_BYTES,
    Metric,
    read_description,
    read_numbers,
    read_waveforms,
    read_xml,
)
from clinic_app.foundation.errors import DeviceError
from clinic_app.terminology.leads import LEADS, PLETH

PM = "http://standards.ieee.org/downloads/11073/11073-10207-2017/participant"
MSG = "http://standards.ieee.org/downloads/11073/11073-10207-2017/message"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
ECG = {
    "a": Metric("MDC_ECG_LEAD_I", "I", "uV", Fraction(500)),
    "b": Metric("MDC_ECG_LEAD_II", "II", "uV", Fraction(500), 1000),
    "p": Metric(PLETH, "Pleth", "%", Fraction(125, 2)),
    "n": Metric("MDC_ECG_HEART_RATE", "MDC_ECG_HEART_RATE", "/min"),
}


def state(handle: str, samples: str, time_ms: str = "1772694000123", validity: str = "Vld") -> str:
    return (
        f'<m:State DescriptorHandle="{handle}" xsi:type="p:RealTimeSampleArrayMetricState">'
        f'<p:MetricValue DeterminationTime="{time_ms}" Samples="{samples}">'
        f'<p:MetricQuality Validity="{validity}"/></p:MetricValue></m:State>'
    )


def number(handle: str, value: str, validity: str = "Vld") -> str:
    return (
        f'<p:MetricState DescriptorHandle="{handle}"><p:MetricValue Value="{value}">'
        f'<p:MetricQuality Validity="{validity}"/></p:MetricValue></p:MetricState>'
    )


def message(*inside: str) -> bytes:
    return f'<m:X xmlns:m="{MSG}" xmlns:p="{PM}" xmlns:xsi="{XSI}">{"".join(inside)}</m:X>'.encode()


def waves(*inside: str) -> list[tuple[object, ...]]:
    read = read_waveforms(read_xml(message(*inside)), ECG)
    return [(each.wave.rate_hz, [c.label for c in each.wave.channels], each.wave.samples.shape) for each in read]


def test_a_description_tells_curves_with_rates_and_numbers_with_units(shared_data: Path) -> None:
    ecg = load_ecg(shared_data / "waveforms" / "dicom" / "waveform_ecg.dcm")
    odd = Replay((ChannelInfo(PLETH, "Pleth", "%"),), Fraction(125, 2), np.zeros((1, 9), np.float32), 0.1)
    metrics = read_description(read_xml(description((ecg, odd), NUMBERS)))
    curves = [metric for metric in metrics.values() if metric.rate_hz]
    assert [curve.label for curve in curves] == [*LEADS.values(), "Pleth"]
    assert {curve.rate_hz for curve in curves} == {Fraction(1000), Fraction(125, 2)}
    assert metrics["number.MDC_TEMP"].unit == "Cel"
    assert set(metrics) >= {f"number.{code}" for code in NUMBERS}


def test_what_a_device_calls_by_an_unknown_code_keeps_its_own_name() -> None:
    metric = (
        '<p:Metric xsi:type="p:RealTimeSampleArrayMetricDescriptor" Handle="eeg" SamplePeriod="PT0.004S">'
        '<p:Type Code="999"><p:ConceptDescription>EEG 1</p:ConceptDescription></p:Type>'
        '<p:Unit Code="266418"/></p:Metric>'
    )
    (found,) = read_description(read_xml(message(metric))).values()
    assert found == Metric("handle:eeg", "EEG 1", "uV", Fraction(250), 1000)


def test_a_code_of_another_coding_is_taken_from_its_translation() -> None:
    metric = (
        '<p:Metric xsi:type="p:NumericMetricDescriptor" Handle="x"><p:Type Code="147842" CodingSystem="urn:own">'
        '<p:Translation Code="149530"/></p:Type><p:Unit Code="264864"/></p:Metric>'
    )
    (found,) = read_description(read_xml(message(metric))).values()
    assert (found.code, found.unit) == ("MDC_PULS_OXIM_PULS_RATE", "/min")


@pytest.mark.parametrize("period", ["", "PT0S", "PT99999S", "P1D", "PT0.00001S", "x"])
def test_a_curve_without_a_usable_rate_is_left_out(period: str) -> None:
    metric = f'<p:Metric xsi:type="p:RealTimeSampleArrayMetricDescriptor" Handle="e" SamplePeriod="{period}"/>'
    assert read_description(read_xml(message(metric))) == {}


def test_curves_of_one_rate_and_moment_are_one_wave_in_microvolt() -> None:
    (ecg,) = read_waveforms(read_xml(message(state("a", "1 2 3"), state("b", "0.5 -0.25 1"))), ECG)
    assert [channel.label for channel in ecg.wave.channels] == ["I", "II"]
    np.testing.assert_array_equal(ecg.wave.samples, [[1, 2, 3], [500, -250, 1000]])
    assert ecg.wave.start_at.microsecond == 123_000
    assert (ecg.flags, ecg.leads_off) == (Flags.NONE, frozenset())


def test_other_rates_and_moments_are_waves_of_their_own_in_the_order_of_time() -> None:
    assert waves(state("b", "1", "2000"), state("a", "1 2", "1000"), state("p", "5", "1000")) == [
        (Fraction(125, 2), ["Pleth"], (1, 1)),
        (Fraction(500), ["I"], (1, 2)),
        (Fraction(500), ["II"], (1, 1)),
    ]


def test_what_is_invalid_is_a_gap_and_says_which_lead_is_off() -> None:
    (wave,) = read_waveforms(read_xml(message(state("a", "1 2", validity="NA"), state("b", "1 2"))), ECG)
    assert np.isnan(wave.wave.samples[0]).all()
    assert wave.leads_off == {"MDC_ECG_LEAD_I"}
    assert wave.flags is Flags.LEADS_OFF
    (clipped,) = read_waveforms(read_xml(message(state("a", "1 2", validity="Oflw"))), ECG)
    assert clipped.flags is Flags.CLIPPED
    assert not np.isnan(clipped.wave.samples).any()


def test_a_curve_nobody_described_and_one_without_samples_are_nothing() -> None:
    assert waves(state("z", "1 2"), state("a", ""), state("n", "1")) == []


@pytest.mark.parametrize(
    ("samples", "time_ms"),
    [("1 x", "0"), ("nan", "0"), ("1e13", "0"), ("1_0", "0"), ("١", "0"), ("1", ""), ("1", "1e3"), ("1", "9" * 30)],
)
def test_a_wave_that_cannot_be_right_is_refused(samples: str, time_ms: str) -> None:
    with pytest.raises(DeviceError):
        waves(state("a", samples, time_ms))


def test_a_clock_beyond_all_years_is_kept_inside_the_calendar() -> None:
    for time_ms in ("-99999999999999999", "99999999999999999"):
        assert len(waves(state("a", "1", time_ms))) == 1


def test_numbers_come_by_their_name_and_what_is_none_is_left_out() -> None:
    root = read_xml(message(number("n", "72.5"), number("n", "x"), number("z", "1"), number("a", "1")))
    assert read_numbers(root, ECG) == {"MDC_ECG_HEART_RATE": NumericValue(Decimal("72.5"), "/min")}
    assert read_numbers(read_xml(message(number("n", "72", "Inv"))), ECG) == {}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<a",
        b"no xml",
        b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b" " * (LARGEST_BYTES + 1),
    ],
    ids=["nothing", "half", "words", "entity", "outside", "giant"],
)
def test_what_is_no_plain_xml_is_refused(data: bytes) -> None:
    with pytest.raises(DeviceError):
        read_xml(data)


def test_every_code_leads_back_to_its_name() -> None:
    for lead in (*LEADS, PLETH):
        assert WAVES[potential_code(lead)] == lead
    for name in NUMBERS:
        assert NUMBER_CODES[number_code(name)] == name
    assert unit_code("mmHg") == unit_code("mm[Hg]") == 266_016


def test_the_simulated_pleth_has_a_code_too(shared_data: Path) -> None:
    ecg = load_ecg(shared_data / "waveforms" / "dicom" / "waveform_ecg.dcm")
    (pleth,) = read_description(read_xml(description((simulated_pleth(ecg),), {}))).values()
    assert pleth == Metric(PLETH, "Pleth", "%", Fraction(125))
