"""Windows of somebody's own, the tool bar over several panes, the sheet of keys, what stands in the corners."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLineEdit
from pytestqt.qtbot import QtBot

from clinic_app.imaging import FrameLabels
from tests.helpers.fake_referral import DOCTOR
from tests.helpers.frames import made_frame, ramp
from tests.ui.imaging.test_panes import Book, Desk
from ui import language
from ui.imaging.corners import corners_of, slice_words
from ui.imaging.light_box import LightBox
from ui.imaging.viewing.key_overview import KeyOverview, key_lines
from ui.imaging.viewing.presets import OwnWindow, PresetBook, kind_of_values
from ui.imaging.viewing.presets_dialog import PresetsDialog
from ui.pictures import picture_of
from ui.remembered import Remembered
from ui.widgets.calibration_dialog import STEPS_PER_PX, CalibrationDialog
from ui.widgets.image_overlay import Corners, column_mm
from ui.widgets.screen_scale import screen_scales


@pytest.fixture
def desk(tmp_path: Path, qtbot: QtBot) -> Iterator[Desk]:
    language.use("en")
    made = Desk(tmp_path)
    qtbot.addWidget(made.window)
    yield made
    made.window.close()
    made.runner.close()
    language.use("kk")


# --- windows of somebody's own ---


def remembered(desk: Desk, **kept: str) -> Remembered:
    made = Remembered(Book(), desk.runner, DOCTOR, "images")
    made.values = dict(kept)
    return made


def test_what_somebody_keeps_is_there_and_nonsense_is_not(desk: Desk) -> None:
    book = PresetBook(remembered(desk))
    assert book.of("CT") is None
    book.put("CT", [OwnWindow("Mine", 10, 20), OwnWindow("Other", -5, 3.5)])
    found = book.of("CT")
    assert found is not None
    assert [(each.key, each.words(), each.window.center, each.window.width) for each in found] == [
        ("1", "Mine", 10, 20),
        ("2", "Other", -5, 3.5),
    ]
    assert book.of("MR") is None
    book.put("CT", ())
    assert book.of("CT") is None
    desk.settle()


@pytest.mark.parametrize(
    "kept", ["{", "7", '{"a": 1}', '[["x", 1]]', '[["x", 1, 0]]', '[["x", 1e99, 5]]', '[["x", true, 5]]', "[[1, 2, 3]]"]
)
def test_a_book_that_somebody_spoilt_has_no_windows(desk: Desk, kept: str) -> None:
    assert PresetBook(remembered(desk, **{"windows.CT": kept})).of("CT") is None


def test_nobody_has_only_the_usual_windows() -> None:
    book = PresetBook(None)
    book.put("CT", [OwnWindow("Mine", 1, 2)])
    assert book.of("CT") is None
    assert len(book.usual("CT")) == 9
    assert book.usual("MR") == ()


def test_the_dialog_adds_the_window_in_force_and_goes_back_to_the_usual_ones(desk: Desk, qtbot: QtBot) -> None:
    usual = PresetBook(None).usual("CT")
    dialog = PresetsDialog("CT", usual[:2], usual, (77.0, 88.0))
    qtbot.addWidget(dialog)

    def press(name: str) -> None:
        button = dialog.findChild(QAbstractButton, f"presets.{name}")
        assert isinstance(button, QAbstractButton)
        button.click()

    press("add")
    name = dialog.findChild(QLineEdit, "presets.3.name")
    assert isinstance(name, QLineEdit)
    name.setText(" Mine ")
    assert dialog.windows()[2] == OwnWindow("Mine", 77.0, 88.0)
    press("usual")
    assert dialog.windows() == usual
    press("save")
    assert dialog.result() == PresetsDialog.DialogCode.Accepted


def test_enter_in_a_row_keeps_and_adds_nothing(desk: Desk, qtbot: QtBot) -> None:
    dialog = PresetsDialog("MR", (), (), (40.0, 400.0))
    qtbot.addWidget(dialog)
    dialog.show()
    name = dialog.findChild(QLineEdit, "presets.1.name")
    assert isinstance(name, QLineEdit)
    QTest.keyClicks(name, "Mine")
    QTest.keyClick(name, Qt.Key.Key_Return)
    assert dialog.result() == PresetsDialog.DialogCode.Accepted
    assert dialog.windows() == (OwnWindow("Mine", 0.0, 1.0),)


def test_what_somebody_adds_is_kept_without_a_name_and_an_empty_row_keeps_its_digit(desk: Desk, qtbot: QtBot) -> None:
    dialog = PresetsDialog("MR", (), (), (40.5, 400.0))
    qtbot.addWidget(dialog)
    dialog._add_present()
    first, third = (dialog.findChild(QLineEdit, f"presets.{row}.name") for row in (1, 3))
    assert isinstance(first, QLineEdit)
    assert isinstance(third, QLineEdit)
    assert first.text() == first.selectedText() == "400 / 40.5"
    first.clear()
    third.setText("Third")
    kept = dialog.windows()
    assert [each.name for each in kept] == ["400 / 40.5", "", "Third"]
    book = PresetBook(remembered(desk))
    book.put("MR", kept)
    assert [(each.key, each.words()) for each in book.of("MR") or ()] == [("1", "400 / 40.5"), ("3", "Third")]
    again = PresetsDialog("MR", book.own("MR"), (), None)
    qtbot.addWidget(again)
    assert again.windows() == kept
    desk.settle()


def test_windows_of_ones_own_are_kept_and_used_in_every_pane(desk: Desk, qtbot: QtBot) -> None:
    desk.model._is_first_taken = False
    desk.model.series.close()
    kept = remembered(desk, **{"windows.CT": '[["Mine", 5, 50]]'})
    box = LightBox("own", desk.model, kept)
    qtbot.addWidget(box)
    box.show_rows()
    desk.settle()
    canvas = box.panes.active.canvas
    assert [each.words() for each in canvas.presets] == ["Mine"]
    QTest.keyClick(canvas, Qt.Key.Key_1)
    assert canvas.window == (5, 50)
    choice = box.findChild(QComboBox, "own.tool.preset")
    assert isinstance(choice, QComboBox)
    assert choice.currentText() == "1  Mine"
    choice.activated.emit(choice.findText("Windows of my own…"))
    dialog = box.findChild(PresetsDialog)
    assert isinstance(dialog, PresetsDialog)
    dialog._show([OwnWindow("New", 1, 2)])
    dialog.accept()
    desk.settle()
    assert kept.values["windows.CT"] == '[["New", 1.0, 2.0]]'
    assert [each.words() for each in canvas.presets] == ["New"]


@pytest.mark.parametrize(
    ("modality", "unit", "kind"),
    [
        ("CT", "HU", "CT"),
        ("MR", "", "MR"),
        ("CT", "", "CT ?"),
        ("PT", "Bq/ml", "PT Bq/ml"),
        ("PT", "g/ml", "PT g/ml"),
        ("DX", "", "DX"),
    ],
)
def test_windows_belong_to_a_kind_of_values(modality: str, unit: str, kind: str) -> None:
    assert kind_of_values(modality, unit) == kind
    assert PresetBook(None).usual(kind) == (() if kind != "CT" else PresetBook(None).usual("CT"))


def test_windows_for_hounsfield_units_are_not_offered_where_there_are_none(desk: Desk, qtbot: QtBot) -> None:
    box = LightBox("own", desk.model, remembered(desk, **{"windows.CT": '[["Mine", 5, 50]]'}))
    qtbot.addWidget(box)
    box.show_rows()
    desk.settle()
    canvas = box.panes.active.canvas
    assert canvas.unit == "HU"
    assert [each.words() for each in canvas.presets] == ["Mine"]
    own, shown = canvas.presets, canvas.picture
    assert shown is not None
    screen = replace(shown, frame=replace(shown.frame, unit=""))
    canvas.show_picture(screen, 1, Corners())
    before = canvas.window
    assert canvas.presets == ()
    QTest.keyClick(canvas, Qt.Key.Key_1)
    assert canvas.window == before
    canvas.use_presets(own)
    assert canvas.presets == own, "where nobody says for which values, they are for any"


def test_digits_typed_into_a_field_over_the_picture_change_no_window(desk: Desk) -> None:
    canvas = desk.window.panes.active.canvas
    desk.go_to(0)
    canvas.set_tool("text")
    canvas.hands.draw_in_the_middle()
    field = canvas.hands._field
    assert field is not None
    before = canvas.window
    for digit in "12590":
        QTest.keyClick(field, digit)
    assert (field.text(), canvas.window) == ("12590", before)
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert [mark.words for mark in canvas.book.marks] == ["12590"]


# --- the tool bar ---


def tool(desk: Desk, key: str) -> QAbstractButton:
    found = desk.window.findChild(QAbstractButton, f"files.tool.{key}")
    assert isinstance(found, QAbstractButton)
    return found


def test_every_tool_acts_on_the_pane_in_hand(desk: Desk) -> None:
    desk.lay("1x2")
    first, second = desk.panes.shown
    desk.drop("1.2.3.2", second)
    for key in ("turn", "flip", "flip_down", "lens", "pixels", "zoom_in", "zoom_out", "invert"):
        tool(desk, key).click()
    assert (first.canvas.has_lens, second.canvas.has_lens) == (False, True)
    assert second.canvas.turn.quarters == 3
    assert (first.canvas.is_inverted, second.canvas.is_inverted) == (False, True)
    tool(desk, "reset").click()
    assert (second.canvas.has_lens, second.canvas.turn.quarters, second.canvas.is_inverted) == (False, 0, False)


def test_true_size_is_offered_before_the_screen_is_measured_and_measures_it_first(desk: Desk) -> None:
    canvas, button = desk.panes.active.canvas, tool(desk, "true_size")
    scales = screen_scales()
    kept = scales.as_text()
    scales.use(None)
    canvas.shown.emit()
    try:
        assert button.isEnabled()
        assert button.accessibleName() == "True size: measure this screen first"
        button.click()
        dialog = desk.window.findChild(CalibrationDialog)
        assert isinstance(dialog, CalibrationDialog)
        dialog._slider.setValue(round(4.0 * STEPS_PER_PX))
        before = canvas.zoom
        dialog.reject()
        desk.settle()
        assert (canvas.zoom, scales.is_measured(canvas)) == (before, False)
        QTest.keyClick(canvas, Qt.Key.Key_N)
        again = next(each for each in desk.window.findChildren(CalibrationDialog) if each.isVisible())
        again._slider.setValue(round(4.0 * STEPS_PER_PX))
        again._keep()
        desk.settle()
        assert canvas.picture is not None
        mm = column_mm(canvas.picture.frame)
        assert mm is not None
        assert canvas.zoom == pytest.approx(4.0 * mm)
        assert button.accessibleName() == "True size, where picture and screen are measured"
        canvas.fit()
        button.click()
        assert canvas.zoom == pytest.approx(4.0 * mm)
    finally:
        scales.use(kept)


def test_another_pane_is_measured_for_itself_once(desk: Desk) -> None:
    desk.lay("1x2")
    first, second = desk.panes.shown
    desk.drop("1.2.3.2", second)
    kept = screen_scales().as_text()
    screen_scales().use(None)
    try:
        second.canvas.show_true_size()
        assert len(desk.window.findChildren(CalibrationDialog)) == 1
        desk.window.findChild(CalibrationDialog).reject()
        desk.settle()
        first.canvas.show_true_size()  # nobody has it in hand
        assert not [each for each in desk.window.findChildren(CalibrationDialog) if each.isVisible()]
    finally:
        screen_scales().use(kept)


def test_a_measure_is_taken_from_its_menu_and_goes_to_the_pane_in_hand(desk: Desk) -> None:
    desk.lay("1x2")
    first, second = desk.panes.shown
    desk.drop("1.2.3.2", second)
    desk.panes.tools.marks.chosen.emit("angle")
    assert (first.canvas.tool, second.canvas.tool) == ("window", "angle")
    tool(desk, "window").click()
    assert second.canvas.tool == "window"


def test_windows_of_the_file_stand_in_the_list_too(desk: Desk) -> None:
    canvas = desk.panes.active.canvas
    choice = desk.window.findChild(QComboBox, "files.tool.preset")
    assert isinstance(choice, QComboBox)
    assert canvas.picture is not None
    asked = canvas.picture.frame.default_window
    place = choice.count() - 1
    assert choice.itemText(place).startswith("0  of the file:")
    canvas.set_preset("2")
    assert choice.currentText() == "2  Lung"
    choice.activated.emit(place)
    assert canvas.window == (asked.center, asked.width)
    assert choice.currentIndex() == place


def test_two_panes_with_one_series_are_seen_in_one_window_and_others_are_not(desk: Desk) -> None:
    desk.lay("1x3")
    first, second, third = desk.panes.shown
    desk.drop("1.2.3.1", second)
    desk.drop("1.2.3.2", third)
    before = third.canvas.window
    first.canvas.set_preset("3")
    assert (first.canvas.window, second.canvas.window) == ((400, 1800), (400, 1800))
    assert third.canvas.window == before
    second.canvas.set_preset("4")
    assert first.canvas.window == (40, 80)


# --- keys ---


def test_the_sheet_of_keys_opens_with_f1_and_with_a_question_mark(desk: Desk) -> None:
    for key, text in ((Qt.Key.Key_F1, ""), (Qt.Key.Key_Question, "?")):
        if text:
            QTest.keyClicks(desk.panes.active.canvas, text)
        else:
            QTest.keyClick(desk.panes.active.canvas, key)
        (sheet,) = desk.window.findChildren(KeyOverview)
        assert sheet.isVisible()
        assert sheet.sizeHint().width() < 1366
        sheet.accept()
        QApplication.sendPostedEvents(None, 52)  # DeferredDelete
        QApplication.processEvents()


@pytest.mark.parametrize("spoken", ["kk", "ru", "en"])
def test_no_key_means_two_things_and_the_sheet_fits(qtbot: QtBot, spoken: str) -> None:
    language.use(spoken)  # type: ignore[arg-type]
    sheet = KeyOverview()
    qtbot.addWidget(sheet)
    assert sheet.sizeHint().width() <= 1366
    assert sheet.sizeHint().height() <= 700
    letters = [
        part
        for _title, lines in key_lines()
        for key, _words in lines
        for part in key.split()
        if len(part) == 1 and part.isalpha()
    ]
    assert sorted(letters) == sorted(set(letters))
    language.use("kk")


def test_every_key_of_the_sheet_does_something(desk: Desk) -> None:
    known = {chr(int(key)) for key in desk.panes.active.canvas._keys if int(key) < 0x100}
    known |= {chr(int(key)) for key, _shift in desk.window.box._keys if int(key) < 0x100}
    wanted = {part for _t, lines in key_lines() for key, _w in lines for part in key.split() if len(part) == 1}
    kept_by_the_screen = {"S", "K"}
    assert {each for each in wanted if each.isascii() and each.isalpha()} - known == kept_by_the_screen


def test_the_ways_out_stand_on_the_sheet_with_the_keys_they_have(desk: Desk) -> None:
    language.use("en")
    told = {key.replace("⇧", "Shift+") for _title, lines in key_lines() for key, _words in lines}
    assert set(desk.window.out.keys()) <= told


# --- corners ---


def test_corners_say_whose_it_is_what_it_is_and_where_it_lies() -> None:
    language.use("en")
    labels = FrameLabels(
        "Test Name",
        "20260305",
        "CT",
        "Thorax",
        patient_id="77",
        birth_date="19700102",
        sex="M",
        study_time="101500",
        institution="District",
        series_number=4,
        slice_mm=12.34,
        thickness_mm=2.5,
        laterality="L",
        view="AP",
        technique="120 kV",
        is_lossy=True,
        lossy_ratio=9.6,
    )
    found = corners_of(picture_of(replace(made_frame(ramp()), labels=labels)), None, is_marked=True)
    assert found.left == ("Test Name", "02.01.1970 · male · 77", "05.03.2026 10:15", "District")
    assert found.right == (
        "CT AP left side",
        "Series 4 · Thorax",
        "120 kV",
        "Place 12.3 mm, slice 2.5 mm",
        "Compressed with loss, 1:10",
        "Key image",
    )
    assert found.fitting(900, 700) is found
    assert found.fitting(300, 200) == Corners(("Test Name",), ("CT AP left side", "Series 4 · Thorax"))
    language.use("kk")


def test_what_a_file_does_not_say_takes_no_room() -> None:
    language.use("en")
    bare = FrameLabels("", "x1", "US", "", study_time="9999", sex="O")
    found = corners_of(picture_of(replace(made_frame(np.zeros((4, 4), np.int16)), labels=bare)), None)
    assert found.left == ("No name in the file", "x1")
    assert found.right == ("US",)
    assert slice_words(bare, None) == ""
    assert slice_words(bare, -3.0) == "Place -3 mm"
    assert slice_words(replace(bare, thickness_mm=5.0), None) == "slice 5 mm"
    assert corners_of(picture_of(replace(made_frame(ramp()), labels=replace(bare, is_lossy=True))), None).right[-1] == (
        "Compressed with loss"
    )
    language.use("kk")
