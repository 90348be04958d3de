"""Our own count beside the monitor's: the best lead speaks, and where none can be trusted nobody does."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction

import numpy as np
import pytest

from clinic_app.devices import Block, ChannelInfo, Numerics
from clinic_app.waveforms import LiveTraces
from clinic_app.waveforms.live_hearts import OWN_HEART_RATE, LiveHearts
from tests.helpers.clocks import FixedClock
from tests.helpers.ecg_beats import made_ecg
from tests.helpers.signals import SteadyClock

NOON = datetime(2026, 3, 5, 7, tzinfo=UTC)
II = ChannelInfo("MDC_ECG_LEAD_II", "II", "uV")
V5 = ChannelInfo("MDC_ECG_LEAD_V5", "V5", "uV")
PLETH = ChannelInfo("MDC_PULS_OXIM_PLETH", "Pleth", "%")


class Bed:
    """A monitor, its traces and our count of them."""

    def __init__(self) -> None:
        self.steady = SteadyClock()
        self.traces = LiveTraces(FixedClock(), self.steady)
        self.hearts = LiveHearts(self.traces, FixedClock(), self.steady)
        self.told: list[Numerics] = []
        self.hearts.subscribe(self.told.append)

    def play(
        self,
        rows: dict[ChannelInfo, np.ndarray],
        first: int = 0,
        source: str = "bed 1",
        off: frozenset[str] = frozenset(),
    ) -> None:
        """Let the samples come in, a second at a time."""
        length = len(next(iter(rows.values())))
        for start in range(0, length, 500):
            self.steady.now_s += 1.0
            values = np.stack([each[start : start + 500] for each in rows.values()]).astype(np.float32)
            place, now_s = first + start, self.steady.now_s
            self.traces.take_in(
                Block(source, "run", tuple(rows), place, Fraction(500), values, NOON, now_s, leads_off=off)
            )
            self.hearts.look()


@pytest.fixture
def bed() -> Bed:
    return Bed()


def noise(count: int = 10_000) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 300, count)


def test_the_rate_is_counted_and_told_once_a_second_under_a_code_of_its_own(bed: Bed) -> None:
    bed.play({II: made_ecg(75, 20)[0]})
    heart = bed.hearts.heart("bed 1")
    assert heart is not None
    assert heart.rate == pytest.approx(75, abs=0.5)
    assert (heart.lead, heart.stream_id, heart.quality.is_noisy) == ("II", "run", False)
    assert {code for each in bed.told for code in each.values} == {OWN_HEART_RATE}
    assert str(bed.told[-1].values[OWN_HEART_RATE].value) == "75"
    stamps = [each.monotonic_s for each in bed.told]
    assert len(set(stamps)) == len(stamps) >= 15


def test_the_beats_have_their_places_in_the_stream(bed: Bed) -> None:
    samples, peaks = made_ecg(75, 20)
    bed.play({II: samples})
    heart = bed.hearts.heart("bed 1")
    assert heart is not None
    assert max(abs(beat - min(peaks, key=lambda peak: abs(peak - beat))) for beat in heart.beats) <= 5
    assert heart.last_beat_s is not None
    assert 0 < heart.last_beat_s < 2


def test_a_clear_lead_speaks_for_a_noisy_one(bed: Bed) -> None:
    bed.play({II: noise(), V5: made_ecg(75, 20)[0]})
    heart = bed.hearts.heart("bed 1")
    assert heart is not None
    assert (heart.lead, round(heart.rate or 0)) == ("V5", 75)


def test_where_all_are_noisy_nobody_speaks(bed: Bed) -> None:
    bed.play({II: noise()})
    heart = bed.hearts.heart("bed 1")
    assert heart is not None
    assert (heart.rate, heart.quality.is_noisy) == (None, True)
    assert bed.told == []


def test_a_pleth_curve_is_no_heart(bed: Bed) -> None:
    bed.play({PLETH: made_ecg(75, 5)[0]})
    assert bed.hearts.heart("bed 1") is None
    assert bed.hearts.hearts() == ()


def test_what_stopped_has_no_rate(bed: Bed) -> None:
    bed.play({II: made_ecg(75, 20)[0]})
    bed.steady.now_s += 6
    bed.hearts.look()
    heart = bed.hearts.heart("bed 1")
    assert heart is not None
    assert heart.rate is None
    assert not heart.quality.is_noisy


def test_two_beds_have_two_hearts(bed: Bed) -> None:
    slow, fast = made_ecg(50, 20)[0], made_ecg(140, 20, t_uv=80)[0]
    for start in range(0, 10_000, 500):
        bed.play({II: slow[start : start + 500]}, start, "bed 1")
        bed.play({II: fast[start : start + 500]}, start, "bed 2")
    assert {heart.source: round(heart.rate or 0) for heart in bed.hearts.hearts()} == {"bed 1": 50, "bed 2": 140}


def test_whoever_comes_late_begins_with_what_is_there(bed: Bed) -> None:
    samples, peaks = made_ecg(75, 60)
    bed.traces.take_in(
        Block("bed 1", "run", (II,), 0, Fraction(500), samples[np.newaxis].astype(np.float32), NOON, bed.steady())
    )
    bed.hearts.look()
    heart = bed.hearts.heart("bed 1")
    assert heart is not None
    assert round(heart.rate or 0) == 75
    assert min(heart.beats) > 25_000
    assert min(abs(heart.beats[-1] - peak) for peak in peaks) <= 5


def test_after_it_was_held_up_it_goes_on_with_the_newest(bed: Bed) -> None:
    samples, peaks = made_ecg(75, 60)
    bed.play({II: samples[:5000]})
    block = Block(
        "bed 1", "run", (II,), 5000, Fraction(500), samples[np.newaxis, 5000:].astype(np.float32), NOON, 200.0
    )
    bed.steady.now_s = 200.0
    bed.traces.take_in(block)
    bed.hearts.look()
    heart = bed.hearts.heart("bed 1")
    assert heart is not None
    assert round(heart.rate or 0) == 75
    assert min(abs(heart.beats[-1] - peak) for peak in peaks) <= 5


def test_its_thread_counts_and_ends() -> None:
    from tests.helpers.waiting import wait_until

    traces = LiveTraces()
    hearts = LiveHearts(traces)
    samples = made_ecg(75, 10)[0]
    import time

    traces.take_in(
        Block("bed 1", "run", (II,), 0, Fraction(500), samples[np.newaxis].astype(np.float32), NOON, time.monotonic())
    )
    hearts.start()
    wait_until(lambda: hearts.heart("bed 1") is not None, what="the hearts to be counted")
    hearts.stop()


def test_an_electrode_that_is_off_has_no_rate_whatever_hum_it_picks_up(bed: Bed) -> None:
    samples = made_ecg(75, 20)[0]
    bed.play({II: samples[:5000]})
    bed.play({II: samples[5000:]}, first=5000, off=frozenset((II.code,)))
    heart = bed.hearts.heart("bed 1")
    assert heart is not None
    assert (heart.rate, heart.quality.trouble) == (None, "leads off")
    bed.play({II: samples}, first=10_000)
    heart = bed.hearts.heart("bed 1")
    assert heart is not None
    assert heart.rate == pytest.approx(75, abs=0.5)


def test_a_lead_that_lies_where_it_should_speaks_for_one_that_is_off(bed: Bed) -> None:
    samples = made_ecg(75, 20)[0]
    bed.play({II: samples, V5: samples}, off=frozenset((II.code,)))
    heart = bed.hearts.heart("bed 1")
    assert heart is not None
    assert heart.lead == "V5"
    assert heart.rate == pytest.approx(75, abs=0.5)


def test_what_stopped_says_no_signal(bed: Bed) -> None:
    bed.play({II: made_ecg(75, 20)[0]})
    bed.steady.now_s += 30
    bed.hearts.look()
    heart = bed.hearts.heart("bed 1")
    assert heart is not None
    assert (heart.rate, heart.quality.trouble) == (None, "no signal")
