"""A recording's paper is drawn in strokes, measures QTc by named formulas, and has every layout of twelve leads."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.helpers.signals import LABELS, real_leads
from tests.helpers.waiting import wait_until
from ui import language
from ui.widgets import paper_picture
from ui.widgets.calipers import Calipers, Reading
from ui.widgets.ecg_paper import EcgPaper
from ui.widgets.paper_layout import PaperTrace, cells_of
from ui.widgets.qt_line import QtLine
from ui.widgets.sweep_layout import CABRERA
from ui.widgets.trace_scale import PaperScale


@pytest.fixture(autouse=True)
def _english(qapp: QApplication) -> Iterator[None]:
    language.use("en")
    yield
    language.use("kk")


def _real() -> list[PaperTrace]:
    return [PaperTrace(label, real_leads()[row] / 1000, 1000.0) for row, label in enumerate(LABELS)]


def _paper(qtbot: QtBot) -> EcgPaper:
    paper = EcgPaper("paper")
    qtbot.addWidget(paper)
    paper.resize(1000, 560)
    paper.set_scale(PaperScale(px_per_mm=4.0))
    paper.show_recording(_real())
    paper.show()
    return paper


def _drawn(paper: EcgPaper) -> QImage:
    paper.viewport().grab()
    wait_until(lambda: paper.picture.is_whole, what="the paper")
    return paper.viewport().grab().toImage().copy(4, 4, 990, 500)


def test_the_paper_is_drawn_one_trace_at_a_turn(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper_picture, "STROKE_S", 0.0)
    turns: list[int] = []
    paper = _paper(qtbot)
    paper.picture.drawn.connect(lambda: turns.append(1))
    paper.viewport().grab()
    assert not paper.picture.is_whole
    wait_until(lambda: paper.picture.is_whole, what="the paper")
    assert len(turns) >= 12


def test_strokes_give_the_same_picture_as_one(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    paper = _paper(qtbot)
    monkeypatch.setattr(paper_picture, "STROKE_S", 10.0)
    paper._refresh()
    at_once = _drawn(paper)
    monkeypatch.setattr(paper_picture, "STROKE_S", 0.0)
    paper._refresh()
    assert _drawn(paper) == at_once


def test_while_scrolling_the_last_picture_is_moved_and_never_empty(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = _paper(qtbot)
    whole = _drawn(paper)
    monkeypatch.setattr(paper_picture, "STROKE_S", 0.0)
    paper.horizontalScrollBar().setValue(20)
    meanwhile = paper.viewport().grab().toImage().copy(4, 4, 990, 500)
    assert not paper.picture.is_whole
    row = [meanwhile.pixel(x, 150) == whole.pixel(x + 20, 150) for x in range(200, 700)]
    assert np.mean(row) > 0.98
    wait_until(lambda: paper.picture.is_whole, what="the paper")


def test_a_change_of_mind_gives_up_the_picture_that_was_begun(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper_picture, "STROKE_S", 0.0)
    paper = _paper(qtbot)
    paper.viewport().grab()
    paper.set_gain(20)
    second = _drawn(paper)
    monkeypatch.setattr(paper_picture, "STROKE_S", 10.0)
    paper._refresh()
    assert _drawn(paper) == second


def test_a_picture_without_a_paper_is_only_ground(qtbot: QtBot) -> None:
    paper = EcgPaper("empty")
    qtbot.addWidget(paper)
    image = QImage(50, 50, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    paper.picture.paint(painter, QRectF(0, 0, 50, 50), paper._view())
    painter.end()
    assert image.pixel(3, 3) == image.pixel(40, 40)


@pytest.mark.parametrize(("layout", "rows", "part_s"), [("6x2", 6, 5.0), ("cabrera", 6, 5.0)])
def test_two_columns_follow_one_another_in_time(layout: str, rows: int, part_s: float) -> None:
    cells = cells_of(_real(), layout)  # type: ignore[arg-type]
    assert {cell.row for cell in cells} == set(range(rows))
    assert {(cell.start_s, cell.end_s) for cell in cells} == {(0.0, part_s), (part_s, 10.0)}
    assert len(cells) == 12


def test_cabrera_on_paper_turns_avr_over() -> None:
    cells = [cell for cell in cells_of(_real(), "cabrera") if cell.start_s == 0]
    names = [cell.trace.label.replace("\N{MINUS SIGN}", "-") for cell in sorted(cells, key=lambda cell: cell.row)]
    assert names == list(CABRERA[:6])
    turned = next(cell.trace for cell in cells if cell.trace.label.startswith("\N{MINUS SIGN}"))
    assert (turned.samples == -real_leads()[LABELS.index("aVR")] / 1000).all()


def test_a_rectangle_on_paper_reads_the_signal_in_it(qtbot: QtBot) -> None:
    samples = np.zeros(10_000, dtype=np.float32)
    samples[2000:2100] = 1.5
    samples[2200:2210] = -0.5
    paper = EcgPaper("paper")
    qtbot.addWidget(paper)
    paper.resize(1000, 300)
    paper.set_scale(PaperScale(px_per_mm=4.0))
    paper.show_recording([PaperTrace("II", samples, 1000.0)])
    paper.show()
    shift = Qt.KeyboardModifier.ShiftModifier
    QTest.mousePress(paper.viewport(), Qt.MouseButton.LeftButton, shift, QPoint(200, 90))
    QTest.mouseRelease(paper.viewport(), Qt.MouseButton.LeftButton, shift, QPoint(300, 60))
    reading = paper.reading()
    assert reading is not None
    assert (reading.lowest, reading.highest) == (-0.5, 1.5)
    assert reading.words() == "II: 1000 ms · 2 mV from lowest to highest · -0.5 … 1.5 mV"
    QTest.keyClick(paper, Qt.Key.Key_B)
    assert paper.reading() == Reading(1000.0, paper.reading().millivolts, "II")  # type: ignore[union-attr]


def test_lost_samples_say_nothing_in_a_rectangle() -> None:
    reading = Calipers(0, 0, 100, 0, True).read(100, 40, "V1")
    assert reading.over(np.full(5, np.nan, dtype=np.float32)) == reading
    assert reading.over(np.array([np.nan, 0.25], dtype=np.float32)).highest == 0.25


def test_qt_and_rr_are_taken_by_letters_and_qtc_names_its_formulas(qtbot: QtBot) -> None:
    paper, line = _paper(qtbot), QtLine("qt")
    qtbot.addWidget(line)
    paper.qt_noted.connect(line.note_qt)
    paper.rr_noted.connect(line.note_rr)
    QTest.keyClick(paper, Qt.Key.Key_Q)
    assert line.measured == (None, None), "nothing is measured yet"
    paper._put(Calipers(300, 200, 340, 200))
    QTest.keyClick(paper, Qt.Key.Key_Q)
    assert line.text() == "QT 400 ms · Measure QT and press Q, measure RR and press R: then QTc is told."
    paper._put(Calipers(300, 200, 380, 200))
    QTest.keyClick(paper, Qt.Key.Key_R)
    told = "QT 400 ms · RR 800 ms · QTc Bazett 447 ms, Fridericia 431 ms, Framingham 431 ms, Hodges 426 ms"
    assert line.text() == told
    line.forget()
    assert line.isHidden()


def test_a_qt_longer_than_rr_is_told_in_words(qtbot: QtBot) -> None:
    line = QtLine("qt")
    qtbot.addWidget(line)
    line.note_qt(Reading(900, 0))
    line.note_rr(Reading(800, 0))
    assert "QT must be shorter than RR" in line.text()
    line.note_qt(None)
    assert line.measured == (900, 800)
    said = set()
    for code in ("en", "ru", "kk"):
        language.use(code)  # type: ignore[arg-type]
        line.retranslate()
        said.add(line.text())
    assert len(said) == 3


def test_marks_lie_on_the_paper_at_their_moment_and_go_with_it(qtbot: QtBot) -> None:
    paper = _paper(qtbot)
    before = _drawn(paper)
    paper.show_marks([(5.0, "cough"), (5_000.0, "beyond")])
    after = _drawn(paper)
    changed = [x for x in range(after.width()) if after.pixel(x, 300) != before.pixel(x, 300)]
    assert len(changed) == 1
    x = changed[0] + 4
    assert x == pytest.approx(paper._view().x_of(5.0), abs=1)
    assert "cough" in paper.accessibleDescription()
    paper.horizontalScrollBar().setValue(20)
    assert paper._view().x_of(5.0) == pytest.approx(x - 20, abs=1)
    paper.show_marks(())
    assert "cough" not in paper.accessibleDescription()
