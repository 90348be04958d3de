"""Waveform objects that others wrote, and ours for people whose names and machines are not easy."""

from __future__ import annotations

import io
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.data import get_testdata_file
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.records import HumanName, Patient
from clinic_app.terminology.leads import LEADS
from clinic_app.waveforms import RecordedChannel, Recording, from_dicom, to_dicom

BEGAN = datetime(2026, 3, 5, 7, 1, 2, tzinfo=UTC)
WAVE = (np.arange(500, dtype=np.float32) % 300) - 150
LEAD = RecordedChannel("MDC_ECG_LEAD_II", "II", "uV", 500.0, WAVE)


def _strangers(**changes: object) -> Dataset:
    """Return a readable object whose elements a test sets; None takes one away."""
    dataset = pydicom.dcmread(io.BytesIO(to_dicom(Recording((LEAD,), BEGAN, "M"))[0]))
    for keyword, value in changes.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    return dataset


def _read(dataset: Dataset) -> Recording:
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    return from_dicom(buffer.getvalue())


def _timed(zone: str | None, **changes: object) -> datetime:
    return _read(_strangers(TimezoneOffsetFromUTC=zone, **changes)).started_at


@pytest.mark.parametrize(
    ("stamp", "zone", "began"),
    [
        ("20260305101502", "+0500", datetime(2026, 3, 5, 5, 15, 2, tzinfo=UTC)),
        ("20260305101502.25", "-0330", datetime(2026, 3, 5, 13, 45, 2, 250_000, tzinfo=UTC)),
        ("20260305101502+0600", "+0500", datetime(2026, 3, 5, 4, 15, 2, tzinfo=UTC)),
        ("202603051015", "+0000", datetime(2026, 3, 5, 10, 15, tzinfo=UTC)),
        ("2026030510", "+0000", datetime(2026, 3, 5, 10, tzinfo=UTC)),
        ("20260305", "+0000", datetime(2026, 3, 5, tzinfo=UTC)),
    ],
)
def test_the_moment_is_read_with_as_much_of_it_as_the_recorder_knew(stamp: str, zone: str, began: datetime) -> None:
    assert _timed(zone, AcquisitionDateTime=stamp) == began


@pytest.mark.parametrize(
    ("clock", "minutes"), [("1015", 615), ("101500", 615), ("10", 600), ("", 0), ("101530.5", 615)]
)
def test_a_clock_time_of_hours_and_minutes_is_not_read_as_seconds(clock: str, minutes: int) -> None:
    found = _timed("+0000", AcquisitionDateTime=None, ContentDate="20260305", ContentTime=clock, StudyTime=clock)
    assert found.replace(second=0, microsecond=0) == datetime(2026, 3, 5, tzinfo=UTC) + timedelta(minutes=minutes)


@pytest.mark.parametrize("stamp", ["garbage", "20261305", "20260305250000", "2026"])
def test_a_moment_nobody_can_read_is_said_to_be_long_ago_and_costs_no_sample(stamp: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = _strangers(AcquisitionDateTime=stamp, ContentDate=None, StudyDate=None)
    recording = _read(dataset)
    assert recording.started_at.year == 1900
    np.testing.assert_array_equal(recording.channels[0].samples, WAVE)


@pytest.mark.parametrize("birth_date", ["1964", "1964-03", None])
def test_a_birth_date_of_which_the_day_is_not_known_is_left_out(birth_date: str | None) -> None:
    dataset = _ours(Patient(id="p", birth_date=birth_date))
    assert dataset.PatientBirthDate == ""


@pytest.mark.parametrize(
    ("family", "given", "parts"),
    [
        ("A\\B", ("C=D", "E^F"), ["A B", "C D", "E F"]),
        ("Әлі\nбек", (), ["Әлі бек"]),
        ("", ("Ерлан",), ["", "Ерлан"]),
    ],
)
def test_no_letter_of_a_name_makes_two_names_of_it(family: str, given: tuple[str, ...], parts: list[str]) -> None:
    name = _ours(Patient(id="p", name=(HumanName(family=family, given=given),))).PatientName
    assert str(name).split("^") == parts


@pytest.mark.parametrize("device", ["GE\\MAC", "Line\nfeed", "\x1b[2J", "Монитор " * 30, ""])
def test_the_name_of_a_device_stays_one_short_line(device: str) -> None:
    read = from_dicom(to_dicom(Recording((LEAD,), BEGAN, device))[0]).device
    assert len(read) <= 64
    assert "\\" not in read
    assert read.isprintable() or read == ""


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=80), st.text(max_size=20).filter(str.isprintable))
def test_no_words_of_patient_or_monitor_make_a_recording_unreadable(words: str, label: str) -> None:
    channel = RecordedChannel("MDC_RESP", label, "1", 62.5, WAVE)
    patient = Patient(id="p", name=(HumanName(family=words, given=(words,)),))
    (data,) = to_dicom(Recording((channel,), BEGAN, words), patient)
    np.testing.assert_allclose(from_dicom(data).channels[0].samples, WAVE, atol=0.01)


def test_a_channel_without_one_sample_is_left_out_and_does_not_spoil_the_others() -> None:
    empty = RecordedChannel("MDC_RESP", "Resp", "1", 0.1, np.zeros(0, np.float32))
    parts = to_dicom(Recording((empty, LEAD), BEGAN, "M"))
    assert [channel.label for part in parts for channel in from_dicom(part).channels] == ["II"]


@pytest.mark.parametrize("rate_hz", [0.5, 62.5, 249.89, 1000 / 3, 1000.0, 8000.0])
def test_a_rate_that_is_no_whole_number_comes_back(rate_hz: float) -> None:
    channel = RecordedChannel("MDC_ECG_LEAD_V1", "V1", "uV", rate_hz, WAVE)
    (read,) = from_dicom(to_dicom(Recording((channel,), BEGAN, "M"))[0]).channels
    assert read.rate_hz == pytest.approx(rate_hz, rel=1e-9)
    assert read.duration_s == pytest.approx(channel.duration_s, rel=1e-9)


def test_a_recording_of_nothing_but_gaps_stays_one() -> None:
    nothing = RecordedChannel("MDC_ECG_LEAD_I", "I", "uV", 500.0, np.full(100, np.nan, np.float32))
    (read,) = from_dicom(to_dicom(Recording((nothing,), BEGAN, "M"))[0]).channels
    assert np.isnan(read.samples).all()
    assert len(read.samples) == 100


def _scaled(sensitivity: str, factor: str, baseline: str, unit: str) -> RecordedChannel:
    dataset = _strangers()
    definition = dataset.WaveformSequence[0].ChannelDefinitionSequence[0]
    definition.ChannelSensitivity, definition.ChannelSensitivityCorrectionFactor = sensitivity, factor
    definition.ChannelBaseline = baseline
    definition.ChannelSensitivityUnitsSequence[0].CodeValue = unit
    return _read(dataset).channels[0]


def test_millivolts_of_a_stranger_are_our_microvolts() -> None:
    plain = _scaled("1.25", "1", "0", "uV")
    thousand = _scaled("0.00125", "1", "0", "mV")
    assert (plain.unit, thousand.unit) == ("uV", "uV")
    np.testing.assert_allclose(thousand.samples, plain.samples, rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(plain.millivolts * 1000, plain.samples, rtol=1e-5, atol=1e-3)


def test_correction_factor_and_baseline_are_applied_as_the_standard_says() -> None:
    raw = _scaled("1", "1", "0", "uV").samples
    np.testing.assert_allclose(_scaled("2", "1.5", "10", "uV").samples, raw * 3 + 10, rtol=1e-6)


def test_all_groups_of_the_real_file_agree_with_pydicoms_own_arithmetic(shared_data: Path) -> None:
    for path in sorted(shared_data.rglob("waveform_ecg.dcm")):
        theirs = pydicom.dcmread(path).waveform_array(0)
        ours = from_dicom(path.read_bytes())
        assert [each.code for each in ours.channels] == list(LEADS)
        for row, channel in enumerate(ours.channels):
            np.testing.assert_allclose(channel.samples, theirs[:, row], atol=1e-2)


def test_einthoven_and_goldberger_hold_in_the_real_file_to_its_resolution() -> None:
    data = Path(str(get_testdata_file("waveform_ecg.dcm", download=False))).read_bytes()
    lead = {each.label: each.samples for each in from_dicom(data).channels}
    np.testing.assert_allclose(lead["I"] + lead["III"], lead["II"], atol=5)
    np.testing.assert_allclose(lead["aVR"] + lead["aVL"] + lead["aVF"], 0, atol=8)


def _ours(patient: Patient) -> Dataset:
    return pydicom.dcmread(io.BytesIO(to_dicom(Recording((LEAD,), BEGAN, "M"), patient)[0]))


@pytest.mark.parametrize("rate", ["1E-999999999", "1E999999999", "-1E-99999999", "1/0", "1/500", "NaN"])
def test_a_rate_that_would_be_a_hundred_million_digits_is_no_rate(rate: str) -> None:
    dataset = _strangers()
    group = dataset.WaveformSequence[0]
    group["SamplingFrequency"] = RawDataElement(
        Tag("SamplingFrequency"), "DS", len(rate), rate.encode(), 0, False, True
    )
    with pytest.raises(UnreadableFileError):
        _read(dataset)
