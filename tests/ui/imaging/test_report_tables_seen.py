"""A report with numbers in its pane: the table over the tree, the way from a number to its picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from clinic_app.imaging.objects.report import report_of
from tests.helpers.dicom_files import bytes_of, made_file
from tests.helpers.reports import dose_report, measurement_report
from tests.ui.imaging.outside.test_files_of_nobody import Desk
from ui import language, theme
from ui.imaging.report_view import ReportView


@pytest.fixture
def view(qapp: QApplication) -> Iterator[ReportView]:
    language.use("ru")
    made = ReportView("report")
    theme.make_clinical(made)
    made.resize(900, 600)
    made.show()
    yield made
    made.close()
    shiboken6.delete(made)
    language.use("kk")


def test_numbers_stand_over_the_tree_with_their_units_and_the_decimal_sign_of_the_language(view: ReportView) -> None:
    view.show_reports([report_of(measurement_report())])
    assert view.table.isVisible()
    assert view.table_rows() == [
        ("Lesion 1, Mass, Liver", "Length", "12,5 mm", "Polyline", "Снимок"),
        ("Lesion 1, Mass, Liver", "Mean", "-38,25 HU", "Circle", "Снимок"),
        ("Lesion 2", "Area", "3 cm²", "", "Снимок"),
    ]
    assert view._numbers.text() == "Измерения"
    assert view.rows()[0] == "Imaging Measurement Report"


def test_a_dose_report_says_that_it_is_one(view: ReportView) -> None:
    view.show_reports([report_of(dose_report())])
    assert view._numbers.text() == "Доза облучения"
    assert len(view.table_rows()) == 6
    assert all(row[4] == "" for row in view.table_rows())


def test_without_numbers_there_is_no_table(view: ReportView) -> None:
    view.show_reports([report_of(measurement_report())])
    view.show_reports(())
    assert not view.table.isVisible()
    assert view.table_rows() == []


def test_enter_on_a_number_asks_for_its_picture_and_frame(view: ReportView) -> None:
    asked: list[tuple[str, int]] = []
    view.image_asked.connect(lambda uid, frame: asked.append((uid, frame)))
    view.show_reports([report_of(measurement_report())])
    for place in range(3):
        item = view.table.topLevelItem(place)
        assert item is not None
        view.table.itemActivated.emit(item, 0)
    assert asked == [("1.2.1", 1), ("1.2.2", 7), ("1.2.3", 1)]


def test_from_a_number_to_its_picture_in_the_window(tmp_path: Path, qapp: QApplication) -> None:
    language.use("en")
    folder = tmp_path / "files"
    folder.mkdir()
    for number in (1, 2):
        told = {"SOPInstanceUID": f"1.2.{number}", "SeriesInstanceUID": "1.2.8", "StudyInstanceUID": "1.2"}
        pixels = np.full((8, 8), number, np.uint16)
        (folder / f"{number}.dcm").write_bytes(bytes_of(made_file(pixels, InstanceNumber=3 - number, **told)))
    (folder / "report.dcm").write_bytes(bytes_of(measurement_report()))
    desk = Desk(folder)
    desk.open("SR")
    view = desk.window.viewer.report
    assert desk.window.viewer.front is view
    item = view.table.topLevelItem(0)
    assert item is not None
    view.table.setCurrentItem(item)
    view.table.setFocus()
    QTest.keyClick(view.table, Qt.Key.Key_Return)
    desk.settle()
    picture = desk.window.viewer.canvas.picture
    assert picture is not None
    assert picture.frame.sop_uid == "1.2.1"  # the second of its series
    desk.open("SR")
    last = view.table.topLevelItem(2)
    assert last is not None
    view.table.itemActivated.emit(last, 0)
    assert "not here" in desk.window._notice.text()
    desk.window.close()
    desk.runner.close()
    shiboken6.delete(desk.window)
    language.use("kk")
