"""The paper is true to scale, its calipers tell what they span, and keys do what the mouse does."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tests.helpers.signals import LABELS, real_leads
from ui import language
from ui.widgets.calipers import Calipers, Reading
from ui.widgets.ecg_paper import EcgPaper
from ui.widgets.paper_layout import TWELVE, PaperTrace, cells_of
from ui.widgets.paper_painter import FOOT_MM, GAP_MM
from ui.widgets.trace_scale import PaperScale, guess_px_per_mm

SCALE = PaperScale(px_per_mm=4.0)
MARGIN_PX = (5 + 2 * FOOT_MM + GAP_MM) * 4


@pytest.fixture(autouse=True)
def _kazakh_afterwards(qapp: object) -> Iterator[None]:
    yield
    language.use("kk")


def _real() -> list[PaperTrace]:
    return [PaperTrace(label, real_leads()[row] / 1000, 1000.0) for row, label in enumerate(LABELS)]


def _paper(qtbot: QtBot, traces: list[PaperTrace] | None = None) -> EcgPaper:
    language.use("en")
    paper = EcgPaper("paper")
    qtbot.addWidget(paper)
    paper.resize(1000, 560)
    paper.set_scale(SCALE)
    paper.show_recording(_real() if traces is None else traces)
    paper.show()
    return paper


def _drag(paper: EcgPaper, start: QPoint, end: QPoint) -> None:
    view = paper.viewport()
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(view, (start + end) / 2)
    QTest.mouseMove(view, end)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=end)


def test_a_pulse_of_200_ms_and_1_mv_is_read_as_such(qtbot: QtBot) -> None:
    pulse = np.zeros(10_000, dtype=np.float32)
    pulse[2000:2200] = 1.0
    paper = _paper(qtbot, [PaperTrace("X", pulse, 1000.0)])
    image = paper.viewport().grab().toImage()
    green = [
        (x, y)
        for x in range(round(MARGIN_PX), image.width())
        for y in range(image.height())
        if image.pixelColor(x, y).green() - image.pixelColor(x, y).red() > 60
    ]
    top, base = min(y for _x, y in green), max(y for _x, y in green)
    high = [x for x, y in green if y <= top + 3]
    _drag(paper, QPoint(min(high), base), QPoint(max(high), top))
    reading = paper.reading()
    assert reading is not None
    assert reading.milliseconds == pytest.approx(200, abs=25)
    assert reading.millivolts == pytest.approx(1.0, abs=0.08)
    assert min(high) - MARGIN_PX == pytest.approx(200, abs=2)
    assert reading.label == "X"


def test_a_drag_of_100_pixels_is_one_second_at_25_mm_s(qtbot: QtBot) -> None:
    paper = _paper(qtbot)
    told: list[object] = []
    paper.measured.connect(told.append)
    _drag(paper, QPoint(300, 220), QPoint(400, 180))
    assert paper.reading() == Reading(1000.0, 1.0, "aVL")
    assert told[-1] == Reading(1000.0, 1.0, "aVL")
    assert paper.reading().words() == "aVL: 1000 ms · 60/min · 1 mV"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("speed", "gain", "milliseconds", "millivolts"), [(50, 10, 500, 1), (25, 20, 1000, 0.5), (25, 5, 1000, 2)]
)
def test_the_reading_follows_speed_and_gain(
    qtbot: QtBot, speed: float, gain: float, milliseconds: float, millivolts: float
) -> None:
    paper = _paper(qtbot)
    paper.set_speed(speed)
    paper.set_gain(gain)
    _drag(paper, QPoint(300, 220), QPoint(400, 180))
    reading = paper.reading()
    assert reading is not None
    assert (reading.milliseconds, reading.millivolts) == (milliseconds, millivolts)


def test_the_reading_is_the_same_after_scrolling(qtbot: QtBot) -> None:
    paper = _paper(qtbot)
    _drag(paper, QPoint(300, 220), QPoint(400, 180))
    before = paper.reading()
    paper.horizontalScrollBar().setValue(40)
    assert paper.reading() == before


def test_the_paper_can_be_dragged_over_by_its_own_name(qtbot: QtBot) -> None:
    paper = _paper(qtbot)
    QTest.mousePress(paper, Qt.MouseButton.LeftButton, pos=QPoint(300, 220))
    QTest.mouseMove(paper, QPoint(350, 200))
    QTest.mouseRelease(paper, Qt.MouseButton.LeftButton, pos=QPoint(400, 180))
    assert paper.reading() == Reading(1000.0, 1.0, "aVL")


def test_a_click_without_a_drag_takes_the_calipers_away(qtbot: QtBot) -> None:
    paper = _paper(qtbot)
    _drag(paper, QPoint(300, 220), QPoint(400, 180))
    _drag(paper, QPoint(200, 200), QPoint(200, 200))
    assert paper.calipers is None
    assert "ms" not in paper.accessibleDescription()


def test_calipers_are_set_moved_and_taken_away_by_keys(qtbot: QtBot) -> None:
    paper = _paper(qtbot)
    QTest.keyClick(paper, Qt.Key.Key_C)
    first = paper.reading()
    assert first is not None
    assert first.milliseconds == pytest.approx(200)
    QTest.keyClick(paper, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(paper, Qt.Key.Key_Right)
    QTest.keyClick(paper, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    second = paper.reading()
    assert second is not None
    assert second.milliseconds == pytest.approx(250)
    assert second.millivolts == pytest.approx(0.1)
    QTest.keyClick(paper, Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier)
    assert paper.reading() == second
    QTest.keyClick(paper, Qt.Key.Key_Escape)
    assert paper.reading() is None


def test_without_calipers_the_arrows_scroll_by_five_millimetres(qtbot: QtBot) -> None:
    paper = _paper(qtbot)
    bar = paper.horizontalScrollBar()
    QTest.keyClick(paper, Qt.Key.Key_Right)
    assert bar.value() == 20
    QTest.keyClick(paper, Qt.Key.Key_End)
    assert bar.value() == bar.maximum() > 0
    QTest.keyClick(paper, Qt.Key.Key_Home)
    assert bar.value() == 0


def test_the_reading_is_there_for_a_screen_reader_in_every_language(qtbot: QtBot) -> None:
    paper = _paper(qtbot)
    paper.set_band("0.05-150 Hz")
    _drag(paper, QPoint(300, 220), QPoint(400, 200))
    said = []
    for code in ("en", "ru", "kk"):
        language.use(code)  # type: ignore[arg-type]
        paper.retranslate()
        said.append(paper.accessibleDescription())
    assert said[0] == "12 leads, 25 mm/s   10 mm/mV   0.05-150 Hz, aVL: 1000 ms · 60/min · 0.5 mV"
    assert "1000 мс · 60/мин · 0,5 мВ" in said[1]
    assert len(set(said)) == 3


def test_three_by_four_sets_columns_one_after_the_other_in_time() -> None:
    cells = cells_of(_real(), "3x4")
    places = {(cell.trace.label, cell.row, cell.start_s, cell.end_s) for cell in cells}
    assert ("V1", 0, 5.0, 7.5) in places
    assert ("aVF", 2, 2.5, 5.0) in places
    assert ("II", 3, 0.0, 10.0) in places
    assert len(places) == 13


def test_a_long_recording_repeats_the_pattern_and_shows_every_second() -> None:
    traces = [PaperTrace(label, np.zeros(26_000, dtype=np.float32), 1000.0) for label in TWELVE]
    cells = [cell for cell in cells_of(traces, "3x4") if cell.row == 0]
    assert [cell.trace.label for cell in cells[:5]] == ["I", "aVR", "V1", "V4", "I"]
    assert cells[-1].end_s == 26.0
    assert all(before.end_s == after.start_s for before, after in pairwise(cells))


def test_a_recording_with_fewer_leads_is_set_one_below_the_other() -> None:
    cells = cells_of(_real()[:3], "3x4")
    assert [(cell.trace.label, cell.row) for cell in cells] == [("I", 0), ("II", 1), ("III", 2)]


def test_lost_samples_are_a_break_in_the_line(qtbot: QtBot) -> None:
    samples = np.zeros(10_000, dtype=np.float32)
    samples[3000:4000] = np.nan
    paper = _paper(qtbot, [PaperTrace("X", samples, 1000.0)])
    image = paper.viewport().grab().toImage()
    row = [
        any(image.pixelColor(x, y).green() - image.pixelColor(x, y).red() > 60 for y in range(image.height()))
        for x in range(image.width())
    ]
    left = round(MARGIN_PX)
    assert not any(row[left + 302 : left + 398])
    assert all(row[left + 200 : left + 298])
    assert all(row[left + 402 : left + 500])


def test_an_empty_paper_takes_no_calipers(qtbot: QtBot) -> None:
    paper = _paper(qtbot, [])
    _drag(paper, QPoint(300, 220), QPoint(400, 180))
    QTest.keyClick(paper, Qt.Key.Key_C)
    assert paper.calipers is None


def test_no_time_between_the_marks_is_no_rate() -> None:
    reading = Calipers(10, 0, 10, -20).read(100, 40)
    assert reading.per_minute is None
    assert "/min" not in reading.words()


def test_the_first_guess_of_a_screen_is_a_possible_one(qtbot: QtBot) -> None:
    assert 2.5 <= guess_px_per_mm() <= 16
    assert PaperScale(4.0).px_per_s == 100
    assert PaperScale(4.0).px_per_mv == 40
