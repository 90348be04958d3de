"""A live view through a filter is what the filter gives, now and looked back on, and never touches what is stored."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from clinic_app.waveforms.filtered_view import BACKFILL_S, PAGE_S, WINDOW_S, FilteredView
from clinic_app.waveforms.filters import DIAGNOSTIC, MONITOR, RAW, StreamFilter
from tests.helpers.signals import SteadyClock, TapedSource

RATE_HZ = 250.0
MAINS = MONITOR.with_notch(50.0)


def _signal(seconds: int = 300) -> NDArray[np.float32]:
    """Return a beat on a drifting baseline with the mains on it: shape (2, n), microvolts."""
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    beat = np.exp(-((((at % 0.8) - 0.3) / 0.02) ** 2)) * 1000
    wander = 500 * np.sin(at / 5) + 200 * np.sin(2 * np.pi * 50 * at)
    return np.stack([beat + wander, 0.5 * beat - wander]).astype(np.float32)


def _source(seconds: float) -> TapedSource:
    source = TapedSource(_signal(), RATE_HZ, SteadyClock())
    source.arrive(seconds)
    return source


def test_what_runs_along_is_the_filter_from_the_beginning() -> None:
    source = _source(0)
    view = FilteredView(source, MAINS)
    pieces = []
    for _ in range(200):
        source.arrive(0.1)
        pieces.append(view.read(source.end - 25, source.end))
    expected = StreamFilter(MAINS, RATE_HZ, 2).run(_signal()[:, : source.end])
    assert np.concatenate(pieces, axis=1)[:, 500:] == pytest.approx(expected[:, 500:], abs=2)


def test_the_mains_and_the_drift_are_gone_and_the_beat_stays() -> None:
    source = _source(60)
    seen = FilteredView(source, MAINS).read(source.end - 1000, source.end)[0]
    assert np.abs(np.median(seen)) < 60
    assert seen.max() > 500
    assert np.abs(source.read(source.end - 1000, source.end)[0]).max() > 800


@pytest.mark.parametrize("band", [MAINS, DIAGNOSTIC.with_notch(50.0)])
def test_what_is_looked_back_on_is_the_same_as_when_it_ran(band: object) -> None:
    source = _source(0)
    view = FilteredView(source, band)  # type: ignore[arg-type]
    ran = []
    for _ in range(160):
        source.arrive(1)
        ran.append(view.read(source.end - 250, source.end))
    first = round(30 * RATE_HZ)
    back = view.read(first, first + 2500)
    live = np.concatenate(ran, axis=1)[:, first : first + 2500]
    assert np.abs(back - live).max() < 30, "of 1000: a page settles for five time constants"


def test_pages_of_the_past_join_without_a_step() -> None:
    source = _source(200)
    view = FilteredView(source, MAINS)
    whole = view.read(0, round(4 * PAGE_S * RATE_HZ))
    steps = np.abs(np.diff(whole[0]))
    borders = [round(number * PAGE_S * RATE_HZ) - 1 for number in (1, 2, 3)]
    assert steps[borders].max() <= steps.max()
    assert np.isfinite(whole).all()


def test_a_part_of_a_page_is_that_part() -> None:
    source = _source(200)
    view = FilteredView(source, MAINS)
    whole = view.read(5_000, 9_000)
    assert (view.read(6_111, 6_777) == whole[:, 1_111:1_777]).all()


def test_what_was_never_there_is_a_gap() -> None:
    source = _source(30)
    view = FilteredView(source, MAINS)
    assert np.isnan(view.read(source.end, source.end + 100)).all()
    assert np.isnan(view.read(-100, 0)).all()
    beyond = view.read(-50, 50)
    assert np.isnan(beyond[:, :50]).all()
    assert np.isfinite(beyond[:, 50:]).all()


def test_lost_samples_stay_lost_and_what_follows_is_no_echo_of_them() -> None:
    source = _source(20)
    source.lost = [(4_000, 4_250)]
    view = FilteredView(source, MAINS)
    seen = view.read(3_500, 5_000)
    assert np.isnan(seen[:, 500:750]).all()
    assert np.isfinite(seen[:, :500]).all()
    assert np.isfinite(seen[:, 750:]).all()


def test_a_new_stream_begins_a_new_filter() -> None:
    source = _source(60)
    view = FilteredView(source, MAINS)
    view.read(0, 500)
    source.end = 0
    source.arrive(2)
    seen = view.read(0, 500)
    assert seen == pytest.approx(StreamFilter(MAINS, RATE_HZ, 2).run(_signal()[:, :500]), abs=1)


def test_a_silence_longer_than_what_is_filtered_at_once_is_caught_up() -> None:
    source = _source(10)
    view = FilteredView(source, MAINS)
    view.read(0, 10)
    source.arrive(3 * BACKFILL_S)
    assert np.isfinite(view.read(source.end - 500, source.end)).all()
    middle = source.end - round(2 * BACKFILL_S * RATE_HZ)
    assert np.isfinite(view.read(middle, middle + 500)).all()


def test_it_keeps_as_much_as_a_screen_shows_and_not_a_second_ring() -> None:
    source = _source(250)
    view = FilteredView(source, MAINS)
    for first in range(0, 60_000, 2_000):
        view.read(first, first + 500)
    assert view._buffer.size == WINDOW_S * RATE_HZ
    assert len(view._pages) <= 24


def test_it_tells_of_its_source() -> None:
    source = _source(10)
    source.electrodes_off = frozenset({1})
    view = FilteredView(source, RAW)
    assert view.rate_hz() == RATE_HZ
    assert view.end_index() == source.end
    assert view.kept_s() == source.kept_s()
    assert view.age_s() == 0
    assert view.off() == {1}
    assert (view.read(100, 200) == source.read(100, 200)).all(), "raw is raw"
