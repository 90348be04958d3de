"""Real recordings for the simulator."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file

from clinic_app.devices.replay import load_ecg, load_pleth, r_peaks, simulated_pleth
from clinic_app.foundation.errors import UnreadableFileError


def ecg_path() -> Path:
    return Path(str(get_testdata_file("waveform_ecg.dcm", download=False)))


def test_the_recording_has_twelve_leads_in_the_order_of_paper() -> None:
    ecg = load_ecg(ecg_path())
    assert [channel.label for channel in ecg.channels][:4] == ["I", "II", "III", "aVR"]
    assert ecg.rate_hz == 1000
    assert ecg.resolution == 1.25
    assert 0.5e3 < np.abs(ecg.samples).max() < 3e3


def test_einthoven_holds_so_no_lead_was_swapped() -> None:
    ecg = load_ecg(ecg_path())
    np.testing.assert_allclose(ecg.samples[0] + ecg.samples[2], ecg.samples[1], atol=5)


def test_the_loop_goes_from_peak_to_peak() -> None:
    ecg = load_ecg(ecg_path())
    seam = ecg.cut(ecg.samples.shape[1] - 500, 1000)[1]
    assert np.array_equal(ecg.cut(0, 50), ecg.cut(ecg.samples.shape[1], 50))
    peaks = r_peaks(np.tile(ecg.samples[1], 3), 1000)
    intervals = np.diff(peaks)
    assert intervals.max() < 1.35 * np.median(intervals)
    assert len(seam) == 1000


def test_the_pleth_of_a_real_record_is_read(shared_data: Path) -> None:
    pleth = load_pleth(shared_data / "waveforms" / "wfdb" / "v102s.hea")
    assert pleth.rate_hz == 250
    assert 74_000 < pleth.samples.shape[1] < 75_000
    assert pleth.samples.min() == 0
    assert pleth.samples.max() == 100
    assert pleth.channels[0].label == "Pleth"


def test_the_pleth_rises_and_falls_without_a_jump_even_where_it_begins_again(shared_data: Path) -> None:
    pleth = load_pleth(shared_data / "waveforms" / "wfdb" / "v102s.hea")
    steps = np.abs(np.diff(pleth.cut(0, 60_000)[0]))
    assert steps.max() < 15
    seam = pleth.cut(pleth.samples.shape[1] - 5, 10)[0]
    assert np.abs(np.diff(seam)).max() < 15


def test_the_first_samples_are_those_the_header_states(shared_data: Path) -> None:
    from clinic_app.devices.replay import _read_signals

    raw = _read_signals(shared_data / "waveforms" / "wfdb" / "v102s.dat", 212, 4)
    assert raw[:, 0].tolist() == [-26, 340, -46, 339]


def test_a_made_pulse_says_so_and_follows_the_beats() -> None:
    ecg = load_ecg(ecg_path())
    pulse = simulated_pleth(ecg)
    assert "simulated" in pulse.channels[0].label
    beats = len(r_peaks(np.tile(ecg.samples[1], 2), 1000))
    upstrokes = np.flatnonzero(np.diff((np.tile(pulse.samples[0], 2) > 60).astype(int)) == 1)
    assert abs(len(upstrokes) - beats) <= 1


@pytest.mark.parametrize("content", [b"", b"not dicom", b"\0" * 128 + b"DICM"])
def test_what_is_no_recording_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.dcm"
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError) as caught:
        load_ecg(path)
    assert "x.dcm" in str(caught.value)
    with pytest.raises(UnreadableFileError):
        load_pleth(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError):
        load_ecg(tmp_path / "none.dcm")
