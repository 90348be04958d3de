"""Recordings as DICOM: every sample survives, gaps stay gaps, strangers' files are read or named."""

from __future__ import annotations

import io
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.data import get_testdata_file
from pydicom.uid import DeflatedExplicitVRLittleEndian

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.records import HumanName, Identifier, Patient
from clinic_app.terminology.leads import LEADS, PLETH
from clinic_app.terminology.systems import IIN
from clinic_app.waveforms import RecordedChannel, Recording, from_dicom, to_dicom

BEGAN = datetime(2026, 3, 5, 7, 1, 2, 345_000, tzinfo=UTC)
PATIENT = Patient(
    id="p",
    identifier=(Identifier(system=IIN, value="850101300124"),),
    name=(HumanName(family="Үлгібаев", given=("Ерлан",)),),
    birth_date="1985-01-01",
    gender="male",
)


def real_ecg() -> Recording:
    return from_dicom(Path(str(get_testdata_file("waveform_ecg.dcm", download=False))).read_bytes())


def test_the_ecg_pydicom_ships_is_read_by_its_waveform_sequence() -> None:
    recording = real_ecg()
    assert [channel.label for channel in recording.leads] == list(LEADS.values())
    assert recording.duration_s == 10
    dataset = pydicom.dcmread(str(get_testdata_file("waveform_ecg.dcm", download=False)))
    np.testing.assert_allclose(recording.channels[1].samples, dataset.waveform_array(0)[:, 1], atol=1e-3)


def test_every_sample_survives_the_round_trip() -> None:
    before = Recording(real_ecg().channels, BEGAN, "M")
    (data,) = to_dicom(before, PATIENT)
    after = from_dicom(data)
    assert after.started_at == BEGAN
    assert after.device == "M"
    for old, new in zip(before.channels, after.channels, strict=True):
        assert (old.code, old.label, old.unit, old.rate_hz) == (new.code, new.label, new.unit, new.rate_hz)
        np.testing.assert_array_equal(old.samples, new.samples)


def test_a_pleth_curve_is_an_object_of_its_own() -> None:
    pleth = RecordedChannel(PLETH, "Pleth", "%", 125.0, np.linspace(0, 100, 1250, dtype=np.float32))
    ecg, pulse = to_dicom(Recording((*real_ecg().channels, pleth), BEGAN, "M"), PATIENT)
    assert pydicom.dcmread(io.BytesIO(ecg)).SOPClassUID.name == "12-lead ECG Waveform Storage"
    assert pydicom.dcmread(io.BytesIO(pulse)).SOPClassUID.name == "Arterial Pulse Waveform Storage"
    (read,) = from_dicom(pulse).channels
    assert (read.code, read.rate_hz) == (PLETH, 125.0)
    np.testing.assert_allclose(read.samples, pleth.samples, atol=0.01)


def test_the_patient_is_named_in_his_own_letters() -> None:
    dataset = pydicom.dcmread(io.BytesIO(to_dicom(real_ecg(), PATIENT)[0]))
    assert str(dataset.PatientName) == "Үлгібаев^Ерлан"
    assert dataset.PatientID == "850101300124"
    assert dataset.PatientSex == "M"


@settings(max_examples=40)
@given(st.lists(st.one_of(st.integers(-20000, 20000), st.none()), min_size=1, max_size=200))
def test_gaps_and_raw_integers_are_exact(raw: list[int | None]) -> None:
    samples = np.array([np.nan if v is None else v * 1.25 for v in raw], dtype=np.float32)
    channel = RecordedChannel("MDC_ECG_LEAD_V1", "V1", "uV", 62.5, samples)
    (read,) = from_dicom(to_dicom(Recording((channel,), BEGAN, "M"))[0]).channels
    assert read.rate_hz == 62.5
    np.testing.assert_array_equal(read.samples, samples)


@pytest.mark.parametrize("name", ["CT_small.dcm", "rtplan.dcm"])
def test_a_file_without_a_signal_is_named(name: str) -> None:
    with pytest.raises(UnreadableFileError):
        from_dicom(Path(str(get_testdata_file(name, download=False))).read_bytes())


@pytest.mark.parametrize("cut", [0, 100, 200, 2000, 100_000, 250_000])
def test_a_file_cut_short_is_refused_whole(cut: int) -> None:
    data = Path(str(get_testdata_file("waveform_ecg.dcm", download=False))).read_bytes()
    with pytest.raises(UnreadableFileError) as caught:
        from_dicom(data[:cut])
    assert caught.value.text.render("kk")


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("NumberOfWaveformChannels", 60000),
        ("NumberOfWaveformSamples", 2_000_000_000),
        ("SamplingFrequency", "0"),
        ("WaveformBitsAllocated", 32),
    ],
)
def test_a_waveform_that_contradicts_itself_is_refused(tag: str, value: object) -> None:
    dataset = pydicom.dcmread(io.BytesIO(to_dicom(real_ecg())[0]))
    setattr(dataset.WaveformSequence[0], tag, value)
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    with pytest.raises(UnreadableFileError):
        from_dicom(buffer.getvalue())


def leads(rate_hz: float, seconds: float, codes: list[str]) -> tuple[RecordedChannel, ...]:
    samples = np.arange(round(rate_hz * seconds), dtype=np.float32) % 800
    return tuple(RecordedChannel(code, LEADS[code], "uV", rate_hz, samples) for code in codes)


@pytest.mark.parametrize(
    ("rate_hz", "seconds", "count", "name"),
    [
        (500.0, 10, 12, "12-lead ECG Waveform Storage"),
        (500.0, 10, 3, "General ECG Waveform Storage"),
        (1000.0, 60, 12, "General ECG Waveform Storage"),
        (100.0, 10, 12, "Ambulatory ECG Waveform Storage"),
    ],
)
def test_the_object_is_of_the_class_whose_rules_the_leads_keep(
    rate_hz: float, seconds: float, count: int, name: str
) -> None:
    (data,) = to_dicom(Recording(leads(rate_hz, seconds, list(LEADS)[:count]), BEGAN, "M"))
    assert pydicom.dcmread(io.BytesIO(data)).SOPClassUID.name == name


def test_leads_of_different_rates_lie_in_different_objects() -> None:
    limb, chest = list(LEADS)[:6], list(LEADS)[6:]
    parts = to_dicom(Recording(leads(250.0, 10, chest[:2]) + leads(500.0, 10, limb), BEGAN, "M"))
    read = [from_dicom(part).channels for part in parts]
    assert [(len(channels), channels[0].rate_hz) for channels in read] == [(6, 500.0), (2, 250.0)]


@pytest.mark.parametrize("largest", [1e-3, 0.3, 7.77, 123456.0, 3e6])
def test_every_amplitude_is_kept_to_a_part_in_thirty_thousand(largest: float) -> None:
    samples = (np.sin(np.linspace(0, 30, 999)) * largest).astype(np.float32)
    channel = RecordedChannel("MDC_ECG_LEAD_II", "II", "uV", 1000 / 3, samples)
    (read,) = from_dicom(to_dicom(Recording((channel,), BEGAN, "M"))[0]).channels
    np.testing.assert_allclose(read.samples, samples, atol=largest / 32000)
    assert read.rate_hz == pytest.approx(1000 / 3)


def test_a_file_that_unpacks_without_end_is_refused_before_it_unpacks() -> None:
    dataset = pydicom.dcmread(io.BytesIO(to_dicom(real_ecg())[0]))
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    with pytest.raises(UnreadableFileError):
        from_dicom(buffer.getvalue())


@pytest.mark.filterwarnings("ignore::UserWarning:pydicom.*")
@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_changed_bytes_break_the_reader(data: st.DataObject) -> None:
    whole = bytearray(SMALL)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(128, len(whole) - 1))
        whole[place : place + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
    with suppress(UnreadableFileError):
        recording = from_dicom(bytes(whole))
        assert not any(np.isinf(channel.samples).any() for channel in recording.channels)


SMALL = to_dicom(Recording(leads(500.0, 0.04, list(LEADS)), BEGAN, "M"))[0]
