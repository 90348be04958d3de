"""Samples become pixel columns without losing a peak or hiding a gap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.widgets.trace_columns import all_lines, column_edges, column_lines, extremes, polyline, runs


@given(st.floats(0.2, 40), st.integers(0, 5000), st.integers(1, 300))
def test_every_sample_lies_in_exactly_one_column(per_column: float, first: int, count: int) -> None:
    edges = column_edges(first, first + count, per_column)
    assert (np.diff(edges) >= 0).all()
    halves = [
        column_edges(first, first + count // 2, per_column),
        column_edges(first + count // 2, first + count, per_column),
    ]
    assert halves[0][-1] == halves[1][0]
    assert (np.concatenate([halves[0], halves[1][1:]]) == edges).all()


def test_a_spike_of_one_sample_is_seen_in_its_column() -> None:
    samples = np.zeros(1000, dtype=np.float32)
    samples[503] = 7.0
    low, high = extremes(samples, column_edges(0, 100, 10.0))
    assert high[50] == 7.0
    assert low[50] == 0.0
    assert np.count_nonzero(high) == 1


def test_a_column_without_any_known_sample_is_a_gap() -> None:
    samples = np.ones(100, dtype=np.float32)
    samples[20:40] = np.nan
    low, high = extremes(samples, column_edges(0, 10, 10.0))
    assert np.isnan(low[2:4]).all()
    assert np.isnan(high[2:4]).all()
    assert not np.isnan(low[[0, 1, 4, 9]]).any()


def test_a_slow_signal_fills_the_columns_between_its_samples() -> None:
    samples = np.arange(10, dtype=np.float32)
    low, high = extremes(samples, column_edges(0, 40, 0.25))
    assert not np.isnan(low).any()
    assert (np.diff(high) >= 0).all()
    assert high[-1] == 9


def test_a_line_breaks_at_a_gap() -> None:
    low = np.array([1.0, 2.0, np.nan, 3.0])
    lines = list(column_lines(10.5, low, low))
    assert [line.count() for line in lines] == [4, 2]
    assert lines[1].at(0).x() == 13.5
    assert list(runs(np.array([True, False, True, True]))) == [(0, 1), (2, 4)]


def test_points_are_written_as_they_are() -> None:
    line = polyline(np.array([1.0, 2.5]), np.array([-3.0, 4.0]))
    assert [(line.at(i).x(), line.at(i).y()) for i in range(2)] == [(1.0, -3.0), (2.5, 4.0)]
    assert polyline(np.empty(0), np.empty(0)).isEmpty()


@pytest.mark.parametrize("columns", [1, 2, 3, 8, 9])
@pytest.mark.parametrize("has_gap", [False, True])
def test_many_traces_at_once_are_the_same_lines_as_one_by_one(columns: int, has_gap: bool) -> None:
    low = np.random.default_rng(columns).standard_normal((4, columns))
    high = low + 1
    if has_gap:
        low[2, columns // 2] = high[2, columns // 2] = np.nan
    together = all_lines(3.5, low, high)
    for row, lines in enumerate(together):
        alone = list(column_lines(3.5, low[row], high[row]))
        assert [list(line) for line in lines] == [list(line) for line in alone]
