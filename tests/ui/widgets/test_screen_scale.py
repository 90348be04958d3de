"""A screen is measured once and true from then on; what cannot be is never believed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from ui import language
from ui.widgets.letters import letter_of
from ui.widgets.picker import Picker
from ui.widgets.screen_scale import MOST_SCREENS, ScreenScales, name_of, screen_scales
from ui.widgets.segmented import Option
from ui.widgets.trace_scale import guess_px_per_mm


@pytest.fixture
def scales(qapp: QApplication) -> ScreenScales:
    return ScreenScales()


@pytest.fixture(autouse=True)
def _nothing_measured(qapp: QApplication) -> Iterator[None]:
    yield
    screen_scales().use(None)
    language.use("kk")


def test_an_unmeasured_screen_is_guessed(scales: ScreenScales) -> None:
    assert scales.px_per_mm() == guess_px_per_mm()
    assert not scales.is_measured()


def test_what_was_measured_is_kept_and_read_back(scales: ScreenScales, qtbot: QtBot) -> None:
    place = QWidget()
    qtbot.addWidget(place)
    kept: list[str] = []
    scales.measured.connect(kept.append)
    with qtbot.waitSignal(scales.changed):
        scales.measure(4.25, place)
    again = ScreenScales()
    again.use(kept[-1])
    assert again.px_per_mm(place) == pytest.approx(4.25)
    assert again.is_measured(place)


def test_what_is_given_up_is_guessed_again(scales: ScreenScales) -> None:
    scales.measure(4.25)
    scales.forget()
    assert scales.px_per_mm() == guess_px_per_mm()
    assert scales.as_text() == "{}"


@pytest.mark.parametrize("wrong", [0.0, -3.0, 1e9, float("nan"), float("inf")])
def test_no_screen_has_such_pixels(scales: ScreenScales, wrong: float) -> None:
    with pytest.raises(ValueError, match="pixels in a millimetre"):
        scales.measure(wrong)
    assert not scales.is_measured()


@pytest.mark.parametrize(
    "kept", [None, "", "no json", "[]", "3", '{"a": "wide"}', '{"a": true}', '{"a": NaN}', '{"a": 900}', '{"a": null}']
)
def test_what_was_kept_badly_is_dropped(scales: ScreenScales, kept: str | None) -> None:
    scales.use(kept)
    assert scales.as_text() == "{}"
    assert scales.px_per_mm() == guess_px_per_mm()


def test_many_foreign_screens_do_not_push_out_the_one_that_is_measured_now(scales: ScreenScales) -> None:
    scales.use("{" + ", ".join(f'"screen {number}": 4' for number in range(500)) + "}")
    scales.measure(5.0)
    assert scales.px_per_mm() == pytest.approx(5.0)
    assert scales.as_text().count(":") <= MOST_SCREENS + 8


def test_a_screen_is_known_by_more_than_its_place(qapp: QApplication) -> None:
    screen = QApplication.primaryScreen()
    assert name_of(screen) == name_of(screen)
    assert f"{screen.size().width()}x{screen.size().height()}" in name_of(screen)


@pytest.mark.parametrize(
    ("key", "text", "letter"),
    [
        (Qt.Key.Key_C, "c", "C"),
        (Qt.Key.Key_unknown, "с", "C"),
        (Qt.Key.Key_unknown, "Й", "Q"),
        (Qt.Key.Key_unknown, "к", "R"),
        (Qt.Key.Key_unknown, "ь", "M"),
        (Qt.Key.Key_unknown, "ә", ""),
        (Qt.Key.Key_5, "5", ""),
        (Qt.Key.Key_Space, " ", ""),
    ],
)
def test_a_letter_is_the_same_key_in_every_alphabet(key: Qt.Key, text: str, letter: str) -> None:
    plain = Qt.KeyboardModifier.NoModifier
    assert letter_of(QKeyEvent(QKeyEvent.Type.KeyPress, key, plain, text)) == letter


def test_a_letter_with_ctrl_belongs_to_a_shortcut() -> None:
    held = QKeyEvent(QKeyEvent.Type.KeyPress, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier, "c")
    assert letter_of(held) == ""


def _picker(qtbot: QtBot) -> Picker:
    options = [Option(value, lambda each=value: f"{each} mm") for value in ("1", "2", "3")]
    picker = Picker("picker", options, lambda: "Length", "F9")
    qtbot.addWidget(picker)
    return picker


def test_a_picker_steps_and_tells_it_and_stops_at_its_ends(qtbot: QtBot) -> None:
    picker = _picker(qtbot)
    told: list[str] = []
    picker.chosen.connect(told.append)
    picker.step(1)
    picker.step(5)
    picker.step(1)
    picker.step(1)
    assert told == ["2", "3"]
    picker.turn()
    assert told[-1] == "1"
    assert picker.choose("2")
    assert picker.value() == "2"
    assert told[-1] == "1", "what the program chooses it does not tell"


def test_a_picker_keeps_its_choice_when_others_are_offered(qtbot: QtBot) -> None:
    picker = _picker(qtbot)
    picker.choose("3")
    picker.offer([Option("3", lambda: "three"), Option("4", lambda: "four")])
    assert picker.value() == "3"
    assert picker.currentText() == "three"
    assert not picker.choose("1")
    assert picker.value() == "3"
    assert picker.accessibleName() == "Length"
    assert "F9" in picker.toolTip()
