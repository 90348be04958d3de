"""Numbers of marks: kept while nothing changes, made anew when anything does, large ones in strokes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from clinic_app.imaging import Frame, Mark, Measured
from tests.helpers.frames import made_frame, ramp
from ui.widgets.image_readings import Readings

SMALL = made_frame(ramp(), mm=1.0)
LARGE = made_frame(np.full((1800, 1800), 7, np.uint16), mm=1.0)
LINE = Mark("length", ((0.0, 0.0), (10.0, 0.0)), uid="2.25.1")
ALL = Mark("rectangle", ((0.0, 0.0), (1800.0, 1800.0)), uid="2.25.2")


@pytest.fixture
def readings(qapp: QApplication) -> Readings:
    return Readings(QObject(qapp))


def names(found: Measured) -> list[str]:
    return [value.name.render("en") for value in found.values]


def test_the_same_question_has_the_same_answer_without_another_look(readings: Readings) -> None:
    assert readings.of(SMALL, LINE, None) is readings.of(SMALL, LINE, None)


@pytest.mark.parametrize("what", ["mark", "known", "frame"])
def test_whatever_changes_is_measured_anew(readings: Readings, what: str) -> None:
    first = readings.of(SMALL, LINE, None)
    mark = replace(LINE, points=((0.0, 0.0), (20.0, 0.0))) if what == "mark" else LINE
    known = Mark("scale", ((0.0, 0.0), (10.0, 0.0)), known_mm=5.0) if what == "known" else None
    frame: Frame = made_frame(ramp(), mm=3.0) if what == "frame" else SMALL
    second = readings.of(frame, mark, known)
    assert first.values[0].number == 10
    assert second.values[0].number == {"mark": 20, "known": 5, "frame": 30}[what]


def test_a_small_region_has_its_mean_at_once(readings: Readings) -> None:
    found = readings.of(SMALL, Mark("rectangle", ((0.0, 0.0), (20.0, 20.0)), uid="2.25.3"), None)
    assert "Mean" in names(found)
    assert not readings.is_adding


def test_a_large_one_has_its_area_at_once_and_its_mean_later(readings: Readings, qtbot: QtBot) -> None:
    found = readings.of(LARGE, ALL, None)
    assert names(found) == ["Area", "Width", "Height"]
    assert found.note is None
    with qtbot.waitSignal(readings.added, timeout=20_000):
        assert readings.is_adding
    assert names(readings.of(LARGE, ALL, None))[1] == "Mean"
    assert readings.of(LARGE, ALL, None).values[1].number == 7
    assert not readings.is_adding


def test_a_region_that_was_changed_meanwhile_is_not_told_by_the_sum_of_before(readings: Readings, qtbot: QtBot) -> None:
    readings.of(LARGE, ALL, None)
    smaller = replace(ALL, points=((0.0, 0.0), (1700.0, 1700.0)))
    readings.of(LARGE, smaller, None)
    qtbot.waitUntil(lambda: not readings.is_adding, timeout=20_000)
    found = readings.of(LARGE, smaller, None)
    pixels = next(value.number for value in found.values if value.name.render("en") == "Pixels")
    assert pixels == 1700 * 1700


def test_another_picture_ends_the_sums_of_the_one_before(readings: Readings, qtbot: QtBot) -> None:
    told: list[int] = []
    readings.added.connect(lambda: told.append(1))
    readings.of(LARGE, ALL, None)
    readings.of(SMALL, LINE, None)
    assert not readings.is_adding
    qtbot.wait(20)
    assert told == []


def test_a_region_has_its_mean_also_after_it_was_drawn_by_hand(readings: Readings, qtbot: QtBot) -> None:
    drawn = replace(ALL, uid="")  # what is being drawn is nobody's mark yet
    readings.of(LARGE, drawn, None)
    readings.of(LARGE, ALL, None)
    with qtbot.waitSignal(readings.added, timeout=20_000):
        assert readings.is_adding
    assert "Mean" in names(readings.of(LARGE, ALL, None)), "whoever drew it waits for it first"
    qtbot.waitUntil(lambda: not readings.is_adding, timeout=20_000)
    assert names(readings.of(LARGE, drawn, None)) == names(readings.of(LARGE, ALL, None))


def test_several_large_regions_are_added_up_one_after_another(readings: Readings, qtbot: QtBot) -> None:
    marks = [replace(ALL, uid=f"2.25.{number}") for number in range(10, 13)]
    for mark in marks:
        readings.of(LARGE, mark, None)
    qtbot.waitUntil(lambda: not readings.is_adding, timeout=20_000)
    assert all("Mean" in names(readings.of(LARGE, mark, None)) for mark in marks)


def test_numbers_of_very_many_marks_do_not_fill_the_memory(readings: Readings) -> None:
    for number in range(1000):
        readings.of(SMALL, replace(LINE, uid=f"2.25.{number}"), None)
    assert len(readings._kept) <= 400
