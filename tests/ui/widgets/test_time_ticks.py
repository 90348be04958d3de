"""The time axis of trends: round times of the clock on the wall, and the day at every midnight."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.helpers.waiting import wait_until
from ui.tasks import TaskRunner
from ui.widgets.time_ticks import MOST_TICKS, STEPS_S, step_s, time_ticks
from ui.widgets.trend_plot import TrendLine, TrendPlot

EVENING = datetime(2026, 3, 5, 20, 40, tzinfo=UTC)
"""01:40 of the next day in Almaty."""


@pytest.fixture(params=["UTC-5"])
def _in_almaty(request: pytest.FixtureRequest) -> Iterator[None]:
    home = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield
    os.environ.pop("TZ") if home is None else os.environ.update(TZ=home)
    time.tzset()


@pytest.mark.usefixtures("_in_almaty")
def test_four_hours_over_midnight_have_round_local_times_and_the_new_day() -> None:
    ticks = time_ticks(EVENING, -4 * 3600, 0, 9)
    assert [words for _at, words in ticks] == [
        "05.03 22:00", "22:30", "23:00", "23:30", "06.03 00:00", "00:30", "01:00", "01:30",
    ]  # fmt: skip
    midnight = next(at for at, words in ticks if words == "06.03 00:00")
    assert EVENING + timedelta(seconds=midnight) == datetime(2026, 3, 5, 19, 0, tzinfo=UTC)


@pytest.mark.usefixtures("_in_almaty")
def test_ten_minutes_and_a_day_have_marks_of_their_own() -> None:
    assert [words for _at, words in time_ticks(EVENING, -600, 0, 6)] == [
        "06.03 01:30", "01:32", "01:34", "01:36", "01:38", "01:40",
    ]  # fmt: skip
    day = [words for _at, words in time_ticks(EVENING, -86_400, 0, 8)]
    assert day == ["05.03 03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00", "06.03 00:00"]
    assert [words for _at, words in time_ticks(EVENING, 0, 9, 5)][:2] == ["06.03 01:40:00", "01:40:02"]


@pytest.mark.usefixtures("_in_almaty")
def test_weeks_have_days_only() -> None:
    assert [words for _at, words in time_ticks(EVENING, 0, 5 * 86_400, 6)] == [
        "07.03",
        "08.03",
        "09.03",
        "10.03",
        "11.03",
    ]


@settings(max_examples=25, deadline=None)
@given(st.floats(-1e6, 1e6), st.floats(1, 1e7), st.integers(0, 40))
def test_marks_rise_lie_inside_and_are_not_many(first: float, span: float, most: int) -> None:
    ticks = time_ticks(EVENING, first, first + span, most)
    places = [at for at, _words in ticks]
    assert places == sorted(set(places))
    assert all(first - 1e-6 <= at <= first + span for at in places)
    assert len(ticks) <= MOST_TICKS + 1
    assert span / step_s(span, max(most, 1)) <= max(most, 1) or step_s(span, most) == STEPS_S[-1]


@pytest.mark.usefixtures("_in_almaty")
def test_the_plot_has_these_marks_and_none_without_a_recording(qtbot: QtBot) -> None:
    runner = TaskRunner(1)
    origin: list[datetime | None] = [EVENING]
    plot = TrendPlot("plot", runner, lambda: origin[0])
    qtbot.addWidget(plot)
    plot.resize(900, 300)
    line = TrendLine(lambda: "Rate", "trace_ecg", np.arange(-14_400.0, 0.0), np.ones(14_400, dtype=np.float32))
    plot.show_lines((line,), -14_400.0, 0.0)
    plot.show()
    wait_until(lambda: plot.is_ready, what="the plots")
    QApplication.processEvents()
    axis = plot._plots["Rate"].getAxis("bottom")
    ((_spacing, places),) = axis.tickValues(-14_400.0, 0.0, 840.0)
    words = axis.tickStrings(places, 1.0, 1.0)
    assert words[0] == "05.03 22:00"
    assert "06.03 00:00" in words
    assert plot._plots["Rate"].getAxis("left").tickStrings([96.5, 97.0], 1.0, 0.5) == ["96,5", "97"]
    low, high = plot._plots["Rate"].vb.viewRange()[1]
    assert high - low >= 4, "a line that does not change is no mountain"
    origin[0] = None
    assert axis.tickValues(-14_400.0, 0.0, 840.0) == [(1.0, [])]
    runner.close()
