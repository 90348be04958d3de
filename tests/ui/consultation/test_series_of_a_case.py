"""What came as DICOM is looked at as in the imaging room: pictures with its tools, reports, tracings on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom.data import get_testdata_file
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidget

from clinic_app.consultation import Evidence
from clinic_app.foundation.apart import HERE
from clinic_app.imaging import LocalFiles
from tests.helpers.consultation_room import consultation_screen
from tests.helpers.fake_referral import SPECIALIST
from tests.helpers.rooms import Room
from tests.helpers.waiting import wait_until
from tests.ui.consultation.test_consultation_case import _furnished
from ui import language
from ui.consultation.view_model import ConsultationViewModel
from ui.imaging.report_view import ReportView
from ui.widgets.ecg_paper import EcgPaper

REPORT, LOOP, CT = "test-SR.dcm", "examples_ybr_color.dcm", "CT_small.dcm"


class OpenFiles:
    """Opens what lies in files, as the service opens what lies in the store."""

    def __init__(self, *paths: Path) -> None:
        self.files = [LocalFiles.of(path, HERE) for path in paths]
        self.studies = tuple(study for each in self.files for study in each.studies)

    def opened(self, _session: object, study: Any, series_uid: str) -> Any:
        return next(each for each in self.files if study in each.studies).shelf.opened(series_uid)


def path_of(name: str) -> Path:
    return Path(str(get_testdata_file(name, download=False)))


@pytest.fixture
def rooms(qapp: object) -> Iterator[list[Room]]:
    language.use("en")
    made: list[Room] = []
    yield made
    for each in made:
        each.close()
    language.use("kk")


def opened(rooms: list[Room], *paths: Path) -> Room:
    station = _furnished()
    station.imaging = OpenFiles(*paths)  # type: ignore[assignment]
    station.consultations.found = Evidence(studies=station.imaging.studies)  # type: ignore[attr-defined]
    room = Room(consultation_screen, ConsultationViewModel, station, SPECIALIST)
    rooms.append(room)
    room.open_row("worklist.list")
    return room


def choose(room: Room, row: int) -> None:
    room.find("consultation.evidence", QListWidget).setCurrentRow(row)
    room.settle()


def test_a_report_is_read_and_says_where_its_picture_is_not(rooms: list[Room]) -> None:
    room = opened(rooms, path_of(REPORT))
    report = room.find("consultation.report", ReportView)
    wait_until(lambda: report.tree.topLevelItemCount() > 0, what="the report")
    assert not room.sees("consultation.tools")
    room.screen.case.evidence.desk.image_asked.emit("1.2.3.4", 1)
    assert room.notices[-1] == ("The image this report points at is not here.", "warn")


def test_a_report_leads_to_a_picture_that_came_with_it(rooms: list[Room]) -> None:
    room = opened(rooms, path_of(REPORT), path_of(LOOP))
    (loop,) = (each for each in room.model.case.pieces if each.series and each.series.modality.code == "US")
    desk = room.screen.case.evidence.desk
    desk.image_asked.emit(loop.series.instance[0].uid, 3)
    room.settle()
    wait_until(lambda: desk.canvas.image_number == 3, what="the third picture of the loop")
    assert room.find("consultation.evidence", QListWidget).currentRow() == room.model.case.pieces.index(loop)
    assert room.sees("consultation.tools")


def test_a_tracing_lies_on_paper(rooms: list[Room], shared_data: Path) -> None:
    room = opened(rooms, next((shared_data / "dicom" / "ecg").glob("*.dcm")))
    paper = room.find("consultation.paper", EcgPaper)
    wait_until(lambda: len(paper.cells) > 0, what="the tracing")


def test_damage_is_said_on_the_picture(rooms: list[Room], tmp_path: Path) -> None:
    data = path_of(CT).read_bytes()
    (tmp_path / "cut").write_bytes(data[:-12000])
    room = opened(rooms, tmp_path / "cut")
    canvas = room.screen.case.evidence.desk.canvas
    wait_until(lambda: canvas.picture is not None, what="what is left of the picture")
    assert any("cut short" in line for line in canvas.note_lines())


def test_a_series_that_cannot_be_opened_is_said_in_its_place(rooms: list[Room]) -> None:
    room = opened(rooms, path_of(CT), path_of(LOOP))
    room.station.imaging.files[1]._paths.clear()
    room.station.imaging.files[1].studies = ()  # type: ignore[misc]
    desk = room.screen.case.evidence.desk
    desk.refused.emit("The file is damaged or cut short.")
    assert "The file is damaged or cut short." in room.all_words()
    choose(room, 1)
    choose(room, 0)
    wait_until(lambda: desk.canvas.picture is not None, what="the other series")


def test_the_next_case_sees_nothing_of_the_one_before(rooms: list[Room]) -> None:
    room = opened(rooms, path_of(CT))
    desk = room.screen.case.evidence.desk
    wait_until(lambda: desk.canvas.picture is not None, what="the picture")
    room.screen.back()
    room.settle()
    assert desk.canvas.picture is None
    assert desk.viewer.series.row is None


def test_what_cannot_be_kept_here_has_no_button_and_every_tool_a_name(rooms: list[Room]) -> None:
    room = opened(rooms, path_of(CT))
    wait_until(lambda: room.screen.case.evidence.desk.canvas.picture is not None, what="the picture")
    for name in ("consultation.tool.keep_view", "consultation.key_image", "consultation.tool.layout"):
        assert not room.sees(name)
    assert room.nameless() == []
    room.screen.case.evidence.enter()
    room.press(Qt.Key.Key_I)
    assert room.screen.case.evidence.desk.canvas.is_inverted
