"""The monitor made of software: what it sends, and what happens where it cannot."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file

from clinic_app.devices.hl7.message import parse
from clinic_app.devices.hl7.monitor_simulator import NUMBERS, MonitorSimulator, main
from clinic_app.devices.hl7.waves import read_numerics, read_waves
from clinic_app.devices.replay import load_ecg, load_pleth
from clinic_app.devices.stream_clock import StreamClock

ECG = Path(str(get_testdata_file("waveform_ecg.dcm", download=False)))


def test_two_minutes_of_messages_are_the_recording_without_a_missing_sample(shared_data: Path) -> None:
    ecg, pleth = load_ecg(ECG), load_pleth(shared_data / "waveforms" / "wfdb" / "v102s.hea")
    simulator = MonitorSimulator("M", (ecg, pleth), NUMBERS)
    clocks = {Fraction(1000): StreamClock(Fraction(1000)), Fraction(250): StreamClock(Fraction(250))}
    ends = dict.fromkeys(clocks, 0)
    for place in range(480):
        for wave in read_waves(parse(simulator.message(place))):
            first = clocks[wave.rate_hz].place(wave.start_at, wave.samples.shape[1], wave.start_resolution_s)
            assert first == ends[wave.rate_hz]
            ends[wave.rate_hz] = first + wave.samples.shape[1]
            replay = ecg if wave.rate_hz == 1000 else pleth
            np.testing.assert_allclose(wave.samples, replay.cut(first, wave.samples.shape[1]), atol=0.06)
    assert ends == {Fraction(1000): 120_000, Fraction(250): 30_000}


def test_numbers_come_each_second_and_the_heart_rate_is_that_of_the_recording() -> None:
    simulator = MonitorSimulator("M", (load_ecg(ECG),), NUMBERS)
    numbers = [read_numerics(parse(simulator.message(place))) for place in range(8)]
    assert [bool(each) for each in numbers] == [True, False, False, False] * 2
    assert numbers[0]["MDC_ECG_HEART_RATE"].value == 61


def test_a_recording_that_cannot_be_played_ends_it_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.dcm").write_bytes(b"nothing")
    assert main(["--port", "1", "--ecg", str(tmp_path / "x.dcm")]) == 1
    assert "x.dcm" in capsys.readouterr().err
