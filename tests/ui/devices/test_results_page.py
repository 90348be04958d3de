"""The inbox of results on its screen: chosen, filed for the right person, put aside, taken back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTableView, QTabWidget

from clinic_app.access import Session
from clinic_app.encounters import Match
from clinic_app.foundation.errors import ConflictError, InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.records import Patient
from tests.helpers.fake_devices import FakeDevices, FakeInbox, FakeTraces
from tests.helpers.panes import Pane, shown
from tests.helpers.results import result
from tests.helpers.stores import patient
from tests.helpers.waiting import wait_until
from ui import language, theme
from ui.devices.devices_screen import DevicesScreen
from ui.devices.view_model_devices import DevicesViewModel
from ui.devices.view_model_results import ResultsViewModel
from ui.devices.words import number_words, owner_look, sheet_words, sign_words
from ui.shell.patient_in_hand import PatientInHand
from ui.tasks import TaskRunner

NURSE = Session("n-1", "Омарова Әсем", "nurse", "nurse", "org", "Ырғыз АА")
IIN = "640305400123"
OWNER: Patient = msgspec.structs.replace(patient("Әлібекқызы", "Гүлнұр"), birth_date="1964-03-05")
OTHER = patient("Константинопольская", "Александра")


@dataclass
class Ward:
    """An inbox, somebody in hand perhaps, and what was said."""

    inbox: FakeInbox = field(default_factory=FakeInbox)
    devices: FakeDevices = field(default_factory=FakeDevices)
    hand: PatientInHand = field(default_factory=PatientInHand)
    notices: list[tuple[str, str]] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    went: list[str] = field(default_factory=list)
    session: Session = NURSE

    def screen(self, runner: TaskRunner) -> DevicesScreen:
        screen = DevicesScreen(
            ResultsViewModel(self.inbox, runner, self.session, self.hand),  # type: ignore[arg-type]
            DevicesViewModel(self.devices, FakeTraces(), runner, self.session),  # type: ignore[arg-type]
        )
        screen.noticed.connect(lambda words, tone: self.notices.append((words, tone)))
        screen.results_counted.connect(self.counts.append)
        screen.went.connect(self.went.append)
        return screen


@pytest.fixture
def desk(qapp: QApplication) -> Ward:
    made = Ward()
    made.inbox.furnish()
    made.inbox.matches = {IIN: (Match(OWNER, "iin", False),)}
    return made


@pytest.fixture
def pane(qapp: QApplication, desk: Ward) -> Iterator[Pane[DevicesScreen]]:
    language.use("en")
    theme.apply(qapp, "light")
    with shown(desk.screen) as made:
        made.widget.entered()
        made.settle()
        yield made
    language.use("kk")


def choose(pane: Pane[DevicesScreen], table: str, row: int) -> None:
    """Put the cursor on a row."""
    pane.find(table, QTableView).selectRow(row)
    pane.settle()


def test_sheets_are_listed_with_what_stands_on_them_and_whose_they_may_be(
    pane: Pane[DevicesScreen], desk: Ward
) -> None:
    assert pane.column("devices.results", 1) == [
        "Glucose 7.9 mmol/L and 1 more",
        "Systolic pressure 165 mmHg and 1 more",
        "Glucose 5.1 mmol/L",
    ]
    assert pane.column("devices.results", 3) == ["Әлібекқызы Гүлнұр", "whose?", "control"]
    assert desk.counts[-1] == 5


def test_nothing_is_chosen_for_anybody_beforehand(pane: Pane[DevicesScreen]) -> None:
    assert pane.sees("devices.no_sheet")
    choose(pane, "devices.results", 0)
    assert pane.column("devices.candidates", 0) == ["Әлібекқызы Гүлнұр"]
    assert not pane.find("devices.file").isEnabled()


def test_the_chosen_sheet_is_shown_whole(pane: Pane[DevicesScreen]) -> None:
    choose(pane, "devices.results", 0)
    assert pane.column("devices.values", 0) == ["Glucose", "Haemoglobin"]
    assert pane.column("devices.values", 1) == ["7.9 mmol/L H", "118.0 g/L L"]
    assert "640305400123" in pane.words("devices.sheet_label")
    assert "Үлгі сұйылтылды" in pane.words("devices.sheet_label")


def test_a_sheet_is_filed_for_the_chosen_patient_and_can_be_taken_back(pane: Pane[DevicesScreen], desk: Ward) -> None:
    choose(pane, "devices.results", 0)
    choose(pane, "devices.candidates", 0)
    pane.click("devices.file")
    assert {each.patient_id for each in desk.inbox.gone.values()} == {OWNER.id}
    assert desk.inbox.sure == [False]
    assert pane.words("devices.done.text") == "2 results are filed for Әлібекқызы Гүлнұр."
    pane.click("devices.done.action")
    assert desk.inbox.count() == 5
    assert not pane.sees("devices.done")


def test_after_filing_the_cursor_goes_on_to_the_next_sheet(pane: Pane[DevicesScreen]) -> None:
    choose(pane, "devices.results", 0)
    choose(pane, "devices.candidates", 0)
    pane.click("devices.file")
    assert pane.words("devices.sheet_head").startswith("Тонометр")


def test_ctrl_enter_files(pane: Pane[DevicesScreen], desk: Ward) -> None:
    choose(pane, "devices.results", 0)
    choose(pane, "devices.candidates", 0)
    QTest.keyClick(pane.widget, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    pane.settle()
    assert len(desk.inbox.gone) == 2


def test_whoever_is_in_hand_can_be_chosen_for_what_bears_no_number(pane: Pane[DevicesScreen], desk: Ward) -> None:
    choose(pane, "devices.results", 1)
    assert pane.sees("devices.candidates.empty")
    desk.hand.take(OTHER)
    pane.settle()
    choose(pane, "devices.candidates", 0)
    pane.click("devices.file")
    assert {each.patient_id for each in desk.inbox.gone.values()} == {OTHER.id}


def test_a_number_of_somebody_else_is_said_before_it_is_filed(pane: Pane[DevicesScreen], desk: Ward) -> None:
    desk.hand.take(OTHER)
    choose(pane, "devices.results", 0)
    choose(pane, "devices.candidates", 1)
    assert "another name" in pane.words("devices.sheet_warning.text")
    pane.click("devices.file")
    assert "Әлібекқызы Гүлнұр" in pane.words("devices.sure.text")
    assert desk.inbox.sure == []
    pane.click("devices.sure.no")
    assert desk.inbox.sure == []
    pane.click("devices.file")
    pane.click("devices.sure.yes")
    assert desk.inbox.sure == [True]


def test_a_number_that_became_somebody_elses_meanwhile_is_asked_about_as_well(
    pane: Pane[DevicesScreen], desk: Ward
) -> None:
    choose(pane, "devices.results", 0)
    choose(pane, "devices.candidates", 0)
    desk.inbox.refusal = InvalidInputError(Text("A number on this result is another patient's."), "patient")
    pane.click("devices.file")
    assert "all the same" in pane.words("devices.sure.text")
    desk.inbox.refusal = None
    pane.click("devices.sure.yes")
    assert desk.inbox.sure == [False, True]
    assert len(desk.inbox.gone) == 2


def test_choosing_somebody_else_takes_the_question_away(pane: Pane[DevicesScreen], desk: Ward) -> None:
    desk.hand.take(OTHER)
    choose(pane, "devices.results", 0)
    choose(pane, "devices.candidates", 1)
    pane.click("devices.file")
    choose(pane, "devices.candidates", 0)
    assert not pane.sees("devices.sure")
    pane.click("devices.file")
    assert {each.patient_id for each in desk.inbox.gone.values()} == {OWNER.id}


def test_a_number_of_a_closed_record_is_somebody_elses_too(pane: Pane[DevicesScreen], desk: Ward) -> None:
    desk.inbox.matches, desk.inbox.closed = {}, {IIN}
    desk.hand.take(OTHER)
    pane.widget.entered()
    pane.settle()
    assert pane.column("devices.results", 3)[0] == "closed record"
    choose(pane, "devices.results", 0)
    choose(pane, "devices.candidates", 0)
    pane.click("devices.file")
    assert "closed to you" in pane.words("devices.sure.text")


def test_a_control_can_only_be_put_aside(pane: Pane[DevicesScreen], desk: Ward) -> None:
    desk.hand.take(OTHER)
    choose(pane, "devices.results", 2)
    assert not pane.sees("devices.file")
    assert "no patient" in pane.words("devices.sheet_warning.text")
    pane.click("devices.aside")
    assert [each.how for each in desk.inbox.gone.values()] == ["aside"]
    assert pane.words("devices.done.text") == "1 result is put aside."


def test_another_patient_is_looked_for_where_patients_are(pane: Pane[DevicesScreen], desk: Ward) -> None:
    choose(pane, "devices.results", 1)
    pane.click("devices.search")
    assert desk.went == ["patients"]


def test_a_refusal_is_said_and_nothing_is_lost(pane: Pane[DevicesScreen], desk: Ward) -> None:
    choose(pane, "devices.results", 0)
    choose(pane, "devices.candidates", 0)
    desk.inbox.refusal = ConflictError(Text("This result was filed already, perhaps at another workstation."))
    pane.click("devices.file")
    assert desk.notices == [("This result was filed already, perhaps at another workstation.", "warn")]
    assert pane.find("devices.file").isEnabled()


def test_what_comes_while_somebody_looks_is_listed_by_itself(pane: Pane[DevicesScreen], desk: Ward) -> None:
    choose(pane, "devices.results", 1)
    desk.inbox.add(result(Decimal("3.3"), sample_id="S-NEW"))
    wait_until(lambda: len(pane.column("devices.results", 1)) == 4)
    pane.settle()
    assert pane.words("devices.sheet_head").startswith("Тонометр")


def test_behind_another_screen_only_the_number_is_counted(pane: Pane[DevicesScreen], desk: Ward) -> None:
    pane.widget.hide()
    asked = len(desk.counts)
    desk.inbox.add(result(Decimal("3.3"), sample_id="S-NEW"))
    wait_until(lambda: len(desk.counts) > asked)
    assert desk.counts[-1] == 6


def test_what_was_filed_lately_is_listed_and_taken_back(pane: Pane[DevicesScreen], desk: Ward) -> None:
    choose(pane, "devices.results", 0)
    choose(pane, "devices.candidates", 0)
    pane.click("devices.file")
    pane.find("devices.tabs", QTabWidget).setCurrentIndex(1)
    pane.settle()
    assert pane.column("devices.handled", 1) == ["filed", "filed"]
    assert pane.column("devices.handled", 6) == ["Омарова Әсем"] * 2
    choose(pane, "devices.handled", 0)
    pane.click("devices.take_back")
    assert len(pane.column("devices.handled", 1)) == 1
    assert desk.notices[-1] == ("It waits in the inbox again.", "ok")


@pytest.mark.parametrize("code", ["kk", "ru"])
def test_it_can_be_said_in_another_language_while_it_is_open(
    pane: Pane[DevicesScreen], code: language.Language
) -> None:
    choose(pane, "devices.results", 0)
    choose(pane, "devices.candidates", 0)
    pane.click("devices.file")
    language.use(code)
    pane.settle()
    said = pane.words("devices.done.text")
    assert "results" not in said
    assert "165" in pane.column("devices.results", 1)[0]
    assert "Systolic" not in pane.column("devices.results", 1)[0]


def test_numbers_and_names_are_told_as_people_write_them() -> None:
    language.use("ru")
    assert number_words(Decimal("5.60"), "10*9/L") == "5,60 10⁹/л"
    assert number_words("> 25", "umol/L") == "> 25 мкмоль/л"
    assert sign_words("MDC_SOMETHING_ELSE") == "Something else"
    language.use("kk")


def test_several_owners_of_one_number_are_no_owner(desk: Ward) -> None:
    desk.inbox.matches = {IIN: (Match(OWNER, "iin", False), Match(OTHER, "chart", True))}
    language.use("en")
    first, *_ = desk.inbox.waiting(NURSE)
    assert owner_look(first).text == "several match"
    desk.inbox.matches = {IIN: (Match(OTHER, "chart", True),)}
    assert owner_look(desk.inbox.waiting(NURSE)[0]).text == "another name"
    assert sheet_words(first.sheet) == "Glucose 7.9 mmol/L and 1 more"
    language.use("kk")
