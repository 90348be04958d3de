"""How much happened when: the right bars for the span, told in words, chosen by hand and by key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.helpers.panes import shown
from tests.helpers.watchdog import Watchdog
from ui import language, theme
from ui.widgets.event_plot import DAY, HOUR, MOST_BARS, WEEK, Bar, EventPlot, bar_words, bars_of

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)


def _counts(hours: int, step: int = 1) -> dict[datetime, int]:
    return {BEGIN + number * HOUR: number % 7 + 1 for number in range(0, hours, step)}


@pytest.mark.parametrize(
    ("hours", "width"), [(1, HOUR), (24, HOUR), (72, HOUR), (73, DAY), (24 * 60, DAY), (24 * 400, WEEK)]
)
def test_a_longer_span_has_wider_bars(hours: int, width: timedelta) -> None:
    bars = bars_of(_counts(hours))
    assert {bar.end - bar.begin for bar in bars} == {width}


@pytest.mark.parametrize("hours", [1, 30, 72, 200, 24 * 100, 24 * 300])
def test_no_event_is_lost_and_none_is_counted_twice(hours: int) -> None:
    counts = _counts(hours, 5)
    assert sum(bar.count for bar in bars_of(counts)) == sum(counts.values())


def test_bars_follow_each_other_without_a_hole_and_gaps_are_empty_bars() -> None:
    bars = bars_of({BEGIN: 3, BEGIN + 5 * HOUR: 2})
    assert [bar.count for bar in bars] == [3, 0, 0, 0, 0, 2]
    assert all(before.end == after.begin for before, after in pairwise(bars))


def test_nothing_has_no_bars() -> None:
    assert bars_of({}) == ()


def test_a_week_begins_on_monday() -> None:
    bars = bars_of(_counts(24 * 300, 24))
    assert {bar.begin.weekday() for bar in bars} == {0}


def test_a_clock_that_was_once_wrong_by_a_century_does_not_draw_a_million_bars() -> None:
    bars = bars_of({datetime(1901, 1, 1, tzinfo=UTC): 1, BEGIN: 5})
    assert len(bars) == MOST_BARS
    assert bars[-1].count == 5


def test_the_words_of_a_bar_fit_its_width() -> None:
    local = BEGIN.astimezone()
    assert bar_words(Bar(local, local + HOUR, 1)) == f"{local:%d.%m.%Y %H:%M}"
    assert bar_words(Bar(local, local + DAY, 1)) == f"{local:%d.%m.%Y}"


def test_the_picture_is_told_in_words(qapp: QApplication) -> None:
    language.use("en")
    with shown(lambda _runner: EventPlot("plot"), (600, 110)) as pane:
        assert pane.widget.accessibleDescription() == "No events"
        pane.widget.show_counts({BEGIN: 3, BEGIN + 2 * HOUR: 9})
        assert pane.widget.accessibleDescription().startswith("12 events from")
        assert "most, 9" in pane.widget.accessibleDescription()
        language.use("ru")
        pane.settle()
        assert pane.widget.accessibleDescription().startswith("Событий 12")
        assert pane.widget.accessibleName() != ""
    language.use("kk")


def test_a_click_chooses_the_bar_under_the_pointer(qapp: QApplication) -> None:
    with shown(lambda _runner: EventPlot("plot"), (600, 110)) as pane:
        pane.widget.show_counts(_counts(6))
        chosen: list[tuple[datetime, datetime]] = []
        pane.widget.chosen.connect(lambda begin, end: chosen.append((begin, end)))
        QTest.mouseClick(pane.widget, Qt.MouseButton.LeftButton, pos=QPoint(250, 90))
        assert chosen == [(pane.widget.bars[2].begin, pane.widget.bars[2].end)]


def test_arrow_keys_walk_the_bars_round_and_enter_chooses(qapp: QApplication) -> None:
    with shown(lambda _runner: EventPlot("plot"), (600, 110)) as pane:
        pane.widget.show_counts(_counts(4))
        chosen: list[datetime] = []
        pane.widget.chosen.connect(lambda begin, _end: chosen.append(begin))
        pane.widget.setFocus()
        pane.keys(Qt.Key.Key_Return)
        assert chosen == []
        pane.keys(Qt.Key.Key_Right)
        pane.keys(Qt.Key.Key_Left)
        pane.keys(Qt.Key.Key_Return)
        assert chosen == [pane.widget.bars[-1].begin]


def test_an_empty_picture_takes_clicks_and_keys_calmly(qapp: QApplication) -> None:
    with shown(lambda _runner: EventPlot("plot"), (600, 110)) as pane:
        chosen: list[object] = []
        pane.widget.chosen.connect(lambda begin, _end: chosen.append(begin))
        QTest.mouseClick(pane.widget, Qt.MouseButton.LeftButton, pos=QPoint(250, 90))
        for key in (Qt.Key.Key_Right, Qt.Key.Key_Return, Qt.Key.Key_A):
            pane.keys(key)
        assert chosen == []


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_a_higher_count_is_a_higher_bar_in_the_colour_of_the_theme(qapp: QApplication, shade: str) -> None:
    theme.apply(qapp, shade)  # type: ignore[arg-type]
    with shown(lambda _runner: EventPlot("plot"), (200, 110)) as pane:
        pane.widget.show_counts({BEGIN: 2, BEGIN + HOUR: 8})
        pane.settle()
        image = pane.widget.grab().toImage()
        accent = theme.token("accent").name()
        heights = [sum(QColor(image.pixel(x, y)).name() == accent for y in range(image.height())) for x in (50, 150)]
    theme.apply(qapp, "light")
    assert 0 < heights[0] < heights[1]
    assert heights[1] / heights[0] == pytest.approx(4, rel=0.2)


def test_ten_years_of_hours_are_drawn_while_the_window_answers(qapp: QApplication, watchdog: Watchdog) -> None:
    with watchdog.paused():
        counts = _counts(24 * 365 * 3, 3)
        plot = EventPlot("plot")
        plot.resize(900, 110)
        plot.show()
    plot.show_counts(dict(list(counts.items())[:2000]))
    QApplication.processEvents()
    assert plot.bars
    plot.close()
    plot.deleteLater()
