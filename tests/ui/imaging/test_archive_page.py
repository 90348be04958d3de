"""Finding images in an archive, with the screen they are fetched into: what is asked, shown, fetched and not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QTreeWidgetItem, QWidget

from clinic_app.access import Session, Trail
from clinic_app.foundation.errors import ClinicError, LinkError
from clinic_app.foundation.texts import Text
from clinic_app.imaging import Gathering, Imaging, KeyImages
from clinic_app.imaging.archives import ArchiveLine
from clinic_app.imaging.intake.identity import PersonInFile
from clinic_app.imaging.intake.sources import SourceFile
from clinic_app.imaging.network.found import Answers, Fetched, FoundSeries, FoundStudy, Wanted
from clinic_app.records import HumanName, Identifier, Patient
from clinic_app.terminology.systems import IIN
from tests.helpers.discs import one_file
from tests.helpers.every_error import EVERY_ERROR, kind_of
from tests.helpers.nodes import Node, node
from tests.helpers.waiting import wait_until
from ui import language
from ui.imaging.archive_page import ArchivePage
from ui.imaging.imaging_screen import ImagingScreen
from ui.imaging.view_model import ImagingViewModel
from ui.imaging.view_model_archive import ArchiveViewModel
from ui.shell.patient_in_hand import PatientInHand
from ui.tasks import TaskRunner

NUMBER = "640305300123"
PETROV = Patient(
    id="p1",
    name=(HumanName(family="Петров", given=("Пётр",)),),
    identifier=(Identifier(system=IIN, value=NUMBER),),
)
OTHER = Patient(id="p2", name=(HumanName(family="Сидорова", given=("Анна",)),))
CT = FoundStudy(
    "1.2.3", PersonInFile("PETROV PETR", ((NUMBER, ""),), "1964-03-05"), "A1", "2026-03-01", "Head", ("CT",), 3
)
MR = FoundStudy("1.2.7", PersonInFile("PETROV"), "", "2024-01-05", "Spine", ("MR", "SR"), -1)


@dataclass
class Archive:
    """An archive that answers what the test wants."""

    answers: Answers = field(default_factory=lambda: Answers((CT, MR)))
    failure: ClinicError | None = None
    asked: list[tuple[str, Wanted]] = field(default_factory=list)
    fetched: list[tuple[str, frozenset[str]]] = field(default_factory=list)
    comes: int = 2
    is_waiting: bool = False

    def lines(self) -> tuple[ArchiveLine, ...]:
        return (
            ArchiveLine("Big", "dicom"),
            ArchiveLine("Only takes", "web", can_search=False),
            ArchiveLine("Web", "web"),
        )

    def find(self, session: Session, name: str, wanted: Wanted, is_stopped: Callable[[], bool]) -> Answers:
        self.asked.append((name, wanted))
        while self.is_waiting and not is_stopped():
            pass
        if self.failure is not None:
            raise self.failure
        return self.answers

    def series(self, session: Session, name: str, study: FoundStudy) -> tuple[FoundSeries, ...]:
        if self.failure is not None:
            raise self.failure
        return (FoundSeries(f"{study.uid}.4", "CT", 1, "Thin", 2), FoundSeries(f"{study.uid}.5", "CT", 2, "Thick"))

    def bringing(
        self, session: Session, patient_id: str, name: str, study: FoundStudy, series: frozenset[str], *,
        told: Callable[[Fetched], object], progress: Callable[[int, int], None], is_stopped: Callable[[], bool],
    ) -> Callable[[Gathering], None]:  # fmt: skip
        def bring(gathering: Gathering) -> None:
            self.fetched.append((study.uid, series))
            for number in range(1, self.comes + 1):
                data = one_file(number, PatientName="Petrov^Petr", PatientID=NUMBER)
                gathering.take(SourceFile(str(number), len(data), lambda most, data=data: data[:most]))  # type: ignore[misc]
                progress(number, 2)
            told(Fetched(2, self.comes, 0, Text("It was stopped.") if self.comes < 2 else None))

        return bring


class Room:
    """The screen and the person before it."""

    def __init__(self, here: Node) -> None:
        trail = Trail(here.store, here.clock)
        self.imaging = Imaging(here.store, trail, here.clock)
        self.session = here.session("doctor")
        self.runner = TaskRunner(2)
        self.hand = PatientInHand()
        self.hand.take(PETROV)
        self.archive = Archive()
        keys = KeyImages(here.store, trail, here.clock)
        images = ImagingViewModel(self.imaging, keys, self.runner, self.session, self.hand)
        self.model = ArchiveViewModel(self.archive, self.runner, self.session, self.hand)
        self.screen = ImagingScreen(images, None, None, self.model)
        self.screen.resize(1262, 664)
        self.notices: list[tuple[str, str]] = []
        self.screen.noticed.connect(lambda words, tone: self.notices.append((words, tone)))
        self.screen.show()
        self.settle()

    def settle(self) -> None:
        for _turn in range(3):
            wait_until(lambda: self.runner.is_idle, what="the background to be idle")
            QApplication.processEvents()

    def part(self, name: str) -> Any:
        found = self.screen.findChild(QWidget, name)
        assert found is not None, name
        return found

    def click(self, name: str) -> None:
        button = cast("QAbstractButton", self.part(name))
        assert button.isVisible()
        assert button.isEnabled()
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        self.settle()

    def open(self) -> None:
        self.click("imaging.archive")

    def search(self) -> None:
        self.open()
        self.click("imaging.archive.page.form.search")

    def words(self) -> str:
        return cast("QLabel", self.part("imaging.archive.page.words")).text()

    def items(self) -> list[QTreeWidgetItem]:
        tree = self.part("imaging.archive.page.found")
        return [tree.topLevelItem(place) for place in range(tree.topLevelItemCount())]


@pytest.fixture
def room(tmp_path: Path, qapp: QApplication) -> Iterator[Room]:
    language.use("en")
    with node(tmp_path / "data", "org-district") as here:
        here.store.records.commit((PETROV,))
        here.store.records.commit((OTHER,))
        made = Room(here)
        yield made
        if shiboken6.isValid(made.screen):
            shiboken6.delete(made.screen)
        made.runner.close()
    language.use("kk")


def test_the_form_begins_with_the_patient_s_number_and_the_archives_that_can_be_searched(room: Room) -> None:
    room.open()
    form = room.screen._finding.page.form  # type: ignore[union-attr]
    assert form.number.text() == NUMBER
    assert [form.archive.itemText(place) for place in range(form.archive.count())] == ["Big", "Web"]
    assert QApplication.focusWidget() in (form.number, None)


def test_what_is_typed_is_what_is_asked(room: Room) -> None:
    room.open()
    form = room.screen._finding.page.form  # type: ignore[union-attr]
    form.archive.setCurrentText("Web")
    for editor, text in ((form.number, ""), (form.person, "Петров*"), (form.accession, "A1"), (form.first, "01032026")):
        editor.setText(text)
    form.modality.setCurrentText("CT")
    QTest.keyClick(form.person, Qt.Key.Key_Return)
    room.settle()
    assert room.archive.asked == [("Web", Wanted("", "Петров*", "A1", "CT", date(2026, 3, 1), None))]


def test_a_day_that_is_none_asks_nothing(room: Room) -> None:
    room.open()
    form = room.screen._finding.page.form  # type: ignore[union-attr]
    form.last.setText("31.02.2026")
    room.click("imaging.archive.page.form.search")
    assert room.archive.asked == []
    assert form.last.property("state") == "wrong"
    form.last.setText("28.02.2026")
    room.click("imaging.archive.page.form.search")
    assert form.last.property("state") == ""
    assert len(room.archive.asked) == 1


def test_studies_are_listed_and_their_series_when_they_are_opened(room: Room) -> None:
    room.search()
    first, second = room.items()
    assert [first.text(column) for column in range(5)] == [
        f"PETROV PETR  ·  05.03.1964  ·  {NUMBER}", "01.03.2026", "Head", "CT", "3",
    ]  # fmt: skip
    assert second.text(4) == ""
    first.setExpanded(True)
    room.settle()
    assert [first.child(place).text(2) for place in range(first.childCount())] == ["1  ·  Thin", "2  ·  Thick"]
    first.setExpanded(False)
    first.setExpanded(True)
    room.settle()
    assert first.childCount() == 2


def test_a_study_is_fetched_and_filed_where_the_number_agrees(room: Room) -> None:
    room.search()
    room.click("imaging.archive.page.fetch")
    assert room.archive.fetched == [("1.2.3", frozenset())]
    (study,) = room.imaging.studies(room.session, "p1")
    assert study.number_of_instances == 2
    assert not room.part("imaging.archive.page").isVisible()
    assert room.screen.canvas.image_count == 2
    assert [tone for _words, tone in room.notices if tone == "warn"] == []


def test_one_series_is_fetched_alone(room: Room) -> None:
    room.search()
    first = room.items()[0]
    first.setExpanded(True)
    room.settle()
    tree = room.part("imaging.archive.page.found")
    tree.setCurrentItem(first.child(1))
    assert room.part("imaging.archive.page.fetch").text() == "Fetch 1 series"
    QTest.keyClick(tree, Qt.Key.Key_Return)
    room.settle()
    assert room.archive.fetched == [("1.2.3", frozenset({"1.2.3.5"}))]


def test_two_studies_at_once_are_not_fetched(room: Room) -> None:
    room.search()
    for item in room.items():
        item.setSelected(True)
    assert not room.part("imaging.archive.page.fetch").isEnabled()


def test_what_did_not_come_is_said_and_can_be_asked_for_once_more(room: Room) -> None:
    room.archive.comes = 1
    room.search()
    assert not room.part("imaging.archive.page.missing").isVisible()
    room.click("imaging.archive.page.fetch")
    assert ("1 of 2 images came. It was stopped.", "warn") in room.notices
    room.archive.comes = 2
    room.open()
    room.click("imaging.archive.page.missing")
    assert len(room.archive.fetched) == 2
    (study,) = room.imaging.studies(room.session, "p1")
    assert study.number_of_instances == 2


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (Answers(), "Nothing was found."),
        (Answers((CT,), is_cut=True), "The archive has more than is shown; ask for less."),
        (Answers((CT,), unfit=3), "3 answers did not fit and are left out."),
        (Answers((CT,), unreadable=2), "2 answers cannot be read."),
        (Answers((CT,)), ""),
    ],
)
def test_what_there_is_to_say_of_an_answer_is_said(room: Room, answers: Answers, said: str) -> None:
    room.archive.answers = answers
    room.search()
    assert room.words() == said
    assert len(room.items()) == len(answers.studies)


@pytest.mark.parametrize("error", EVERY_ERROR, ids=kind_of)
def test_an_archive_that_refuses_is_told_and_can_be_asked_again(room: Room, error: ClinicError) -> None:
    room.archive.failure = error
    room.search()
    assert room.words() == "The disk is full."
    room.archive.failure = None
    room.click("imaging.archive.page.form.search")
    assert room.words() == ""
    assert len(room.items()) == 2


def test_series_that_cannot_be_listed_leave_the_studies_where_they_are(room: Room) -> None:
    room.search()
    room.archive.failure = LinkError(Text("The archive “{name}” cannot be reached.", name="Big"))
    room.items()[0].setExpanded(True)
    room.settle()
    assert room.words() == "The archive “Big” cannot be reached."
    assert len(room.items()) == 2


def test_a_search_can_be_left(room: Room) -> None:
    room.archive.is_waiting = True
    room.open()
    QTest.mouseClick(room.part("imaging.archive.page.form.search"), Qt.MouseButton.LeftButton)
    assert room.model.is_searching
    room.click_busy = room.part("imaging.archive.page.busy.cancel")  # type: ignore[attr-defined]
    QTest.mouseClick(room.click_busy, Qt.MouseButton.LeftButton)  # type: ignore[attr-defined]
    room.settle()
    assert not room.model.is_searching


def test_what_was_found_for_one_patient_is_gone_with_the_next(room: Room) -> None:
    room.search()
    room.hand.take(OTHER)
    room.settle()
    assert room.items() == []
    assert room.model.answers is None


def test_an_answer_that_comes_late_is_not_shown_for_the_next_patient(room: Room) -> None:
    room.archive.is_waiting = True
    room.open()
    QTest.mouseClick(room.part("imaging.archive.page.form.search"), Qt.MouseButton.LeftButton)
    room.hand.take(OTHER)
    room.settle()
    assert room.items() == []
    assert not room.model.is_searching


def test_escape_goes_back_to_the_images(room: Room) -> None:
    room.open()
    QTest.keyClick(room.part("imaging.archive.page"), Qt.Key.Key_Escape)
    assert not room.part("imaging.archive.page").isVisible()
    room.open()
    room.click("imaging.archive.page.back")
    assert not room.part("imaging.archive.page").isVisible()


def test_the_page_speaks_every_language(room: Room) -> None:
    room.archive.answers = Answers()
    room.search()
    said = set()
    for code in ("en", "ru", "kk"):
        language.use(code)  # type: ignore[arg-type]
        QApplication.processEvents()
        page = room.part("imaging.archive.page")
        parts = [each for each in page.findChildren(QWidget) if each.focusPolicy() & Qt.FocusPolicy.TabFocus]
        named = [each for each in parts if each.objectName().startswith("imaging.") and each.isVisible()]
        assert [each.objectName() for each in named if not each.accessibleName()] == []
        said.add((room.words(), room.part("imaging.archive").text(), room.part("imaging.archive.page.fetch").text()))
    assert len(said) == 3


def test_the_page_of_the_archives_is_made_when_there_is_time_or_when_somebody_opens_it(room: Room) -> None:
    screen = room.screen
    assert screen.findChild(ArchivePage) is None, "whoever looks at pictures does not wait for it"
    assert screen.make_more()
    assert not screen.make_more()
    page = screen.findChild(ArchivePage)
    assert page is not None
    assert not page.isVisible()
    screen._finding.open()  # type: ignore[union-attr]
    assert page.isVisible()
    assert len(screen.findChildren(ArchivePage)) == 1
