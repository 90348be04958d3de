"""The benchmarks of beats and of long runs judge rightly, also against us."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from clinic_app.devices import ChannelInfo
from clinic_app.devices.replay import load_ecg
from clinic_app.waveforms.store import Chunk, Head, Line, LongRecording, Part, encode
from tests.helpers.device_items import NOON
from tests.helpers.ecg_beats import mit_bih_100
from tests.performance.beats import Found, has_held, ours
from tests.performance.soak import Soaked, _held_against, _place_of

GOOD = Soaked(10.0, 2, 1000, 0, 200.0, 204.0, 0.02, 9, 9, 5.0, 0.1)


@pytest.mark.parametrize(
    ("kind", "found", "held"),
    [
        ("clean", Found(99.9, 100.0, 1.0, 0.0), True),
        ("clean", Found(99.7, 100.0, 1.0, 0.0), False),
        ("clean", Found(99.9, 100.0, 1.0, 0.01), False),
        ("muscles", Found(95.0, 95.0, 1.0, 0.3), True),
        ("muscles", Found(99.0, 80.0, 1.0, 0.3), False),
        ("muscles", Found(99.0, 80.0, 1.0, 0.9), True),
    ],
)
def test_beats_are_found_or_the_noise_is_named(kind: str, found: Found, held: bool) -> None:
    assert has_held(kind, found) is held


def test_ours_is_measured_as_it_runs_at_the_bedside(shared_data: Path) -> None:
    reference = mit_bih_100(shared_data / "waveforms").first(60)
    found = ours(reference.samples, reference)
    assert found.holds((98.0, 99.0))
    assert found.delay_ms is not None
    assert 100 < found.delay_ms < 500


@pytest.mark.parametrize(
    ("changed", "held"),
    [
        ({}, True),
        ({"lost": 1}, False),
        ({"samples": 0}, False),
        ({"growth": 0.06}, False),
        ({"threads_end": 10}, False),
    ],
)
def test_a_long_run_holds_when_nothing_grew_and_nothing_was_lost(changed: dict[str, float], held: bool) -> None:
    assert Soaked(**{**vars(GOOD), **changed}).has_held is held


@pytest.mark.parametrize("fault", ["", "lost", "changed"])
def test_what_was_recorded_is_held_against_what_was_played(fault: str) -> None:
    from pydicom.data import get_testdata_file

    replay = load_ecg(Path(str(get_testdata_file("waveform_ecg.dcm", download=False))))
    samples = replay.cut(1234, 3000).astype(np.float32)
    if fault == "lost":
        samples[:, 1500:1600] = np.nan
    if fault == "changed":
        samples[3, 2000] += 5
    channels = tuple(ChannelInfo(each.code, each.label, each.unit) for each in replay.channels)
    part = Part("s", channels, (None,) * 12, replay.rate_hz, 0, NOON, samples)
    line = Line("0" * 64, NOON, NOON + timedelta(seconds=3), samples.size)
    recording = LongRecording(Head("r", "p", "b", NOON), (line,), lambda _: encode(Chunk("r", 0, (part,))))
    recorded, lost = _held_against(recording, replay)
    assert (lost == 0) is (not fault)
    assert recorded + lost == 36_000
    assert _place_of(samples[:, :500], replay) == 1234
