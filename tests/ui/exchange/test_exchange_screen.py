"""The screen of the exchange over an exchange in memory: what waits, questions, refusals tried again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QProgressBar, QPushButton, QTableView, QTabWidget

from clinic_app.access import Session
from clinic_app.foundation.errors import ConflictError
from clinic_app.foundation.texts import Text
from clinic_app.sync import Difference, ExchangeSummary, JoinedRecord, LaneBudget, Question
from tests.helpers.clocks import NOON
from tests.helpers.fake_exchange import NAME, FakeExchange, content, item, question
from tests.helpers.fake_workstation import FakeSync
from tests.helpers.held import Held
from tests.helpers.panes import Pane, shown
from tests.helpers.waiting import wait_until
from ui import language, theme
from ui.events import CoreEvents
from ui.exchange.exchange_screen import ExchangeScreen
from ui.exchange.view_model import ExchangeViewModel
from ui.exchange.words import contact_words, summary_words, time_words, warning_words
from ui.tasks import TaskRunner
from ui.widgets.standing_bar import StandingBar

DOCTOR = Session("p-doc", "Өмірзақ Әлішер", "doctor", "doctor", "org", "Ырғыз АА")


class Office:
    """An exchange with something of everything, and what was said of it."""

    def __init__(self) -> None:
        self.exchange = FakeExchange()
        self.exchange.items = [
            item(1, state="quarantined", reason=Text("The hub does not take this: {words}", words="birthDate")),
            item(2, attempts=3, reason=Text("The hub cannot be reached.")),
            item(3, patient="", count=12, lane="audit"),
        ]
        self.exchange.parts = [content(1), content(2, state="failed")]
        self.exchange.questions = [question(1), question(2)]
        self.exchange.told = replace(self.exchange.told, estimate_s=240.0)
        self.sync = FakeSync()
        self.events = CoreEvents()
        self.notices: list[tuple[str, str]] = []
        self.counts: list[int] = []

    def screen(self, runner: TaskRunner) -> ExchangeScreen:
        model = ExchangeViewModel(self.exchange, self.sync, runner, DOCTOR, self.events)  # type: ignore[arg-type]
        screen = ExchangeScreen(model)
        screen.noticed.connect(lambda words, tone: self.notices.append((words, tone)))
        screen.counted.connect(self.counts.append)
        return screen


@pytest.fixture
def office(qapp: QApplication) -> Office:
    return Office()


@pytest.fixture
def pane(qapp: QApplication, office: Office) -> Iterator[Pane[ExchangeScreen]]:
    language.use("en")
    theme.apply(qapp, "light")
    with shown(office.screen) as made:
        made.widget.entered()
        made.settle()
        yield made
    language.use("kk")


def _tab(pane: Pane[ExchangeScreen], place: int) -> None:
    pane.find("exchange.tabs", QTabWidget).setCurrentIndex(place)
    pane.settle()


def _tabs(pane: Pane[ExchangeScreen]) -> list[str]:
    tabs = pane.find("exchange.tabs", QTabWidget)
    return [tabs.tabText(place) for place in range(tabs.count())]


def _down(pane: Pane[ExchangeScreen], name: str) -> bool:
    return pane.find(name, QPushButton).isChecked()


def test_each_tab_says_how_many_it_holds(pane: Pane[ExchangeScreen], office: Office) -> None:
    assert _tabs(pane) == ["Waiting (14)", "Questions (2)", "Set aside (2)", "Joined"]
    assert office.counts[-1] == 2


def test_what_was_joined_by_itself_is_listed_with_what_came_from_where(
    pane: Pane[ExchangeScreen], office: Office
) -> None:
    words = Text("Patient's card")
    office.exchange.joinings = [
        JoinedRecord(NOON, words, NAME, (Text("Telephone and post"), Text("Name")), (Text("Name"),)),
        JoinedRecord(NOON, words, "", (), (Text("Family status"),)),
    ]
    office.events.sync_changed.emit()
    pane.settle()
    _tab(pane, 3)
    assert pane.column("exchange.joined", 0) == ["Patient's card"] * 2
    assert pane.column("exchange.joined", 1) == [NAME, "—"]
    assert pane.column("exchange.joined", 3) == ["Telephone and post, Name", "—"]
    assert pane.column("exchange.joined", 4) == ["Name", "Family status"]


def test_numbers_of_both_sides_can_be_kept_where_they_do_not_exclude_each_other(
    pane: Pane[ExchangeScreen], office: Office
) -> None:
    numbers = Difference("identifier", Text("Numbers and papers"), ("IIN: 1", "C-1"), ("IIN: 1", "C-2"), True, True)
    office.exchange.questions = [question(3, fields=(numbers, *question(3).fields))]
    office.events.sync_changed.emit()
    pane.settle()
    _tab(pane, 1)
    assert pane.sees("exchange.choice.identifier.both")
    assert pane.widget.findChild(QPushButton, "exchange.choice.birthDate.both") is None
    pane.click("exchange.choice.identifier.both")
    assert "Numbers and papers: IIN: 1; C-1; C-2" in pane.words("exchange.result")
    pane.click("exchange.choice.birthDate.mine")
    pane.click("exchange.save")
    assert office.exchange.settlements == [(3, {"identifier": "both", "birthDate": "mine", "telecom": "mine"})]


def test_what_waits_is_told_with_time_left_and_reason(pane: Pane[ExchangeScreen]) -> None:
    assert "about 4 min on this link" in pane.words("exchange.whole")
    assert "Last contact: " in pane.words("exchange.contact")
    assert pane.column("exchange.waiting", 0) == ["Patient's card", "Patient's card (12)"]
    assert pane.column("exchange.waiting", 1) == [NAME, "—"]
    assert pane.column("exchange.waiting", 5) == ["tried 3 times", "in the queue"]
    assert pane.column("exchange.waiting", 6)[0] == "The hub cannot be reached."
    assert not pane.sees("exchange.waiting_why")
    pane.find("exchange.waiting", QTableView).selectRow(0)
    assert pane.words("exchange.waiting_why") == "The hub cannot be reached."


def test_contents_under_way_have_a_bar_each_and_no_more_than_four(pane: Pane[ExchangeScreen], office: Office) -> None:
    bar = pane.find("exchange.content.0", QProgressBar)
    assert (bar.value(), bar.maximum()) == (250, 1000)
    assert bar.accessibleName() == "Picture, recording or document to the hub: 1 MB of 4 MB"
    assert not pane.sees("exchange.content.1")
    office.exchange.parts = [content(place, direction="down") for place in range(7)]
    pane.widget.entered()
    pane.settle()
    assert pane.sees("exchange.content.3")
    assert "and 3 more" in pane.all_words()


def test_the_exchange_is_held_back_goes_on_and_is_tried_now(pane: Pane[ExchangeScreen], office: Office) -> None:
    pane.click("exchange.try_now")
    assert office.sync.tries == 1
    pane.click("exchange.pause")
    assert office.sync.is_paused
    office.exchange.told = replace(office.exchange.told, is_paused=True)
    office.events.sync_changed.emit()
    pane.settle()
    assert pane.words("exchange.whole").startswith("The exchange is held back.")
    assert not pane.sees("exchange.pause")
    pane.click("exchange.go_on")
    assert not office.sync.is_paused


def test_an_empty_exchange_says_so_in_every_place(pane: Pane[ExchangeScreen], office: Office) -> None:
    office.exchange.items, office.exchange.parts, office.exchange.questions = [], [], []
    office.events.sync_changed.emit()
    pane.settle()
    assert _tabs(pane) == ["Waiting", "Questions", "Set aside", "Joined"]
    assert pane.words("exchange.whole") == "Everything is at the hub."
    for place, name in enumerate(("waiting", "questions", "aside", "joined")):
        _tab(pane, place)
        assert pane.sees(f"exchange.{name}.empty")
    assert not pane.sees("exchange.again")


def test_the_cursor_stays_when_hold_back_and_go_on_take_each_others_place(
    pane: Pane[ExchangeScreen], office: Office
) -> None:
    pane.find("exchange.pause").setFocus()
    for is_paused, cursor in ((True, "exchange.go_on"), (True, "exchange.go_on"), (False, "exchange.pause")):
        office.exchange.told = replace(office.exchange.told, is_paused=is_paused)
        office.events.sync_changed.emit()
        pane.settle()
        assert pane.cursor == cursor


def test_the_cursor_goes_to_the_list_when_a_case_goes_first(pane: Pane[ExchangeScreen]) -> None:
    pane.find("exchange.waiting", QTableView).selectRow(0)
    pane.find("exchange.first").setFocus()
    pane.keys(Qt.Key.Key_Space)
    assert not pane.sees("exchange.first")
    assert pane.cursor == "exchange.waiting"


def test_what_goes_to_no_hub_is_not_said_to_go_there(pane: Pane[ExchangeScreen], office: Office) -> None:
    office.exchange.items, office.exchange.parts = [], []
    office.exchange.told = ExchangeSummary(has_hub=False)
    office.events.sync_changed.emit()
    pane.settle()
    assert "administrator connects this workstation" in pane.all_words()
    assert "as soon as there is a link" not in pane.all_words()


def test_two_warnings_are_both_said() -> None:
    language.use("en")
    said = warning_words(ExchangeSummary(can_sign=False, is_trail_whole=False)).splitlines()
    language.use("kk")
    assert ["clock" in said[0], "Call IT" in said[1], len(said)] == [True, True, 2]


def test_a_workstation_without_a_hub_has_nothing_to_press(pane: Pane[ExchangeScreen], office: Office) -> None:
    office.exchange.told = ExchangeSummary(has_hub=False)
    office.events.sync_changed.emit()
    pane.settle()
    assert "without a hub" in pane.words("exchange.whole")
    for name in ("exchange.pause", "exchange.go_on", "exchange.try_now", "exchange.contact"):
        assert not pane.sees(name)


def test_both_answers_stand_side_by_side_and_a_field_of_safety_is_never_chosen_beforehand(
    pane: Pane[ExchangeScreen],
) -> None:
    _tab(pane, 1)
    told = f"Question 1 of 2 · Patient's card · {NAME} · 05.03.1964 · 640305400123"
    assert pane.words("exchange.question") == told, "a name is shared by many"
    assert pane.words("exchange.mine.birthDate") == "05.03.1964"
    assert pane.words("exchange.theirs.birthDate") == "03.05.1964"
    assert pane.words("exchange.theirs.telecom") == "says nothing"
    assert not _down(pane, "exchange.choice.birthDate.mine")
    assert not _down(pane, "exchange.choice.birthDate.theirs")
    assert _down(pane, "exchange.choice.telecom.mine")
    assert not pane.find("exchange.save").isEnabled()
    assert "still to choose: Birth date" in pane.words("exchange.result")


def test_the_result_is_shown_before_it_is_saved(pane: Pane[ExchangeScreen], office: Office) -> None:
    _tab(pane, 1)
    pane.click("exchange.choice.birthDate.theirs")
    assert pane.words("exchange.result") == "Birth date: 03.05.1964 · Telephone and post: +7 701 111"
    assert office.exchange.settlements == []
    pane.click("exchange.choice.telecom.theirs")
    pane.click("exchange.save")
    assert office.exchange.settlements == [(1, {"birthDate": "theirs", "telecom": "theirs"})]
    assert office.notices == [("Saved; both answers stay in the history.", "ok")]
    assert pane.words("exchange.question").startswith("Question 1 of 1")
    assert office.counts[-1] == 1
    assert not _down(pane, "exchange.choice.birthDate.theirs"), "the next question begins unanswered"


def test_a_question_is_answered_by_the_keyboard_alone(pane: Pane[ExchangeScreen], office: Office) -> None:
    _tab(pane, 1)
    pane.find("exchange.choice.birthDate.mine").setFocus()
    pane.keys(Qt.Key.Key_Space)
    assert _down(pane, "exchange.choice.birthDate.mine")
    pane.keys(Qt.Key.Key_Right)
    assert pane.cursor == "exchange.choice.birthDate.theirs"
    pane.keys(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert len(office.exchange.settlements) == 1


def _suggested(seq: int) -> Question:
    return question(seq, fields=(Difference("telecom", Text("Telephone and post"), ("+7 701 111",), (), False),))


def test_the_second_press_of_a_double_click_answers_no_question_nobody_has_read(
    pane: Pane[ExchangeScreen], office: Office
) -> None:
    office.exchange.questions = [_suggested(1), _suggested(2)]
    office.events.sync_changed.emit()
    pane.settle()
    _tab(pane, 1)
    pane.click("exchange.save")
    assert pane.words("exchange.question").startswith("Question 1 of 1")
    assert not pane.find("exchange.save").isEnabled()
    pane.keys(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert [seq for seq, _chosen in office.exchange.settlements] == [1]
    wait_until(pane.find("exchange.save").isEnabled, what="the next question to be read")
    pane.click("exchange.save")
    assert [seq for seq, _chosen in office.exchange.settlements] == [1, 2]


def test_the_cursor_goes_on_to_the_next_question(pane: Pane[ExchangeScreen]) -> None:
    _tab(pane, 1)
    pane.click("exchange.next")
    assert pane.cursor == "exchange.choice.birthDate.mine"
    pane.click("exchange.choice.birthDate.mine")
    pane.find("exchange.save").setFocus()
    pane.keys(Qt.Key.Key_Space)
    assert pane.words("exchange.question").startswith("Question 1 of 1")
    assert pane.cursor == "exchange.choice.birthDate.mine"
    assert not _down(pane, "exchange.choice.birthDate.mine")


def test_another_language_takes_the_cursor_away_from_no_choice(pane: Pane[ExchangeScreen]) -> None:
    _tab(pane, 1)
    pane.find("exchange.choice.telecom.theirs").setFocus()
    language.use("ru")
    pane.settle()
    assert pane.cursor == "exchange.choice.telecom.theirs"


def test_a_long_answer_leaves_the_question_its_room(pane: Pane[ExchangeScreen], office: Office) -> None:
    long = Difference("note", Text("Remark"), ("Науқастың басы ауырады. " * 300,), ("Жоқ",), False)
    office.exchange.questions = [question(1, fields=(long,))]
    office.events.sync_changed.emit()
    pane.settle()
    _tab(pane, 1)
    assert pane.words("exchange.result").endswith("…")
    assert pane.find("exchange.result").height() < 60
    assert pane.words("exchange.mine.note").count("Науқастың") == 300, "above it stands whole"


def test_half_an_answer_is_not_saved_by_the_keys(pane: Pane[ExchangeScreen], office: Office) -> None:
    _tab(pane, 1)
    pane.keys(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert office.exchange.settlements == []


def test_the_keys_save_nothing_from_another_tab(pane: Pane[ExchangeScreen], office: Office) -> None:
    _tab(pane, 1)
    pane.click("exchange.choice.birthDate.mine")
    _tab(pane, 0)
    pane.keys(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert office.exchange.settlements == []


def test_news_take_no_choice_away_and_another_question_begins_anew(pane: Pane[ExchangeScreen], office: Office) -> None:
    _tab(pane, 1)
    pane.click("exchange.choice.birthDate.mine")
    office.exchange.questions = [question(0), *office.exchange.questions]
    office.events.sync_changed.emit()
    pane.settle()
    assert pane.words("exchange.question").startswith("Question 2 of 3")
    assert _down(pane, "exchange.choice.birthDate.mine")
    pane.click("exchange.next")
    assert pane.words("exchange.question").startswith("Question 3 of 3")
    assert not pane.find("exchange.next").isEnabled()
    assert not _down(pane, "exchange.choice.birthDate.mine")
    pane.click("exchange.previous")
    pane.click("exchange.previous")
    assert not pane.find("exchange.previous").isEnabled()


def test_an_answer_that_changed_meanwhile_is_asked_again_from_the_beginning(
    pane: Pane[ExchangeScreen], office: Office
) -> None:
    _tab(pane, 1)
    pane.click("exchange.choice.birthDate.mine")
    birth = Difference("birthDate", Text("Birth date"), ("06.03.1964",), ("03.05.1964",), True)
    office.exchange.questions[0] = question(1, fields=(birth,), mine_version="2")
    office.exchange.refusal = ConflictError(Text("This conflict is settled already."))
    pane.click("exchange.save")
    assert office.notices == [("This conflict is settled already.", "warn")]
    assert pane.words("exchange.mine.birthDate") == "06.03.1964"
    assert not _down(pane, "exchange.choice.birthDate.mine")


def test_pressed_twice_saves_once(pane: Pane[ExchangeScreen], office: Office) -> None:
    _tab(pane, 1)
    pane.click("exchange.choice.birthDate.mine")
    slow = Held(office.exchange, "settle")
    pane.press("exchange.save")
    assert not pane.find("exchange.save").isEnabled()
    slow.let_go()
    pane.settle()
    assert len(slow.calls) == 1


def test_without_a_later_answer_nothing_is_suggested(pane: Pane[ExchangeScreen], office: Office) -> None:
    office.exchange.questions = [question(7, suggested=None, mine_at=None, theirs_at=None)]
    office.events.sync_changed.emit()
    pane.settle()
    _tab(pane, 1)
    assert not _down(pane, "exchange.choice.telecom.mine")
    assert not pane.sees("exchange.next")


def test_what_was_refused_shows_why_and_is_tried_again(pane: Pane[ExchangeScreen], office: Office) -> None:
    _tab(pane, 2)
    assert len(pane.column("exchange.aside", 0)) == 2
    assert pane.words("exchange.why") == "The hub does not take this: birthDate"
    refused = office.exchange.items[0]
    pane.click("exchange.again")
    assert office.exchange.tries == [refused]
    assert office.notices == [("It is in the queue again.", "ok")]
    assert pane.column("exchange.aside", 0) == ["Picture, recording or document"]
    pane.click("exchange.again")
    assert _tabs(pane)[2] == "Set aside"
    assert not pane.sees("exchange.again")


def test_nobody_looks_so_only_the_questions_are_counted(pane: Pane[ExchangeScreen], office: Office) -> None:
    pane.widget.hide()
    office.exchange.items = []
    office.exchange.questions = []
    office.events.sync_changed.emit()
    pane.settle()
    assert office.counts[-1] == 0
    model = pane.widget._model
    assert len(model.state.items) == 3, "what waits was not read again"
    pane.widget.entered()
    pane.settle()
    assert model.state.items == ()


@pytest.mark.parametrize("code", ["kk", "ru", "en"])
def test_every_control_has_a_name_and_choices_outlive_another_language(
    pane: Pane[ExchangeScreen], code: language.Language
) -> None:
    _tab(pane, 1)
    pane.click("exchange.choice.birthDate.theirs")
    language.use(code)
    pane.settle()
    assert _down(pane, "exchange.choice.birthDate.theirs")
    for place in range(3):
        _tab(pane, place)
        assert pane.nameless() == []
    words = pane.all_words()
    assert ("Try again" in words) is (code == "en")


def test_about_how_long_is_never_told_to_the_second(qapp: QApplication) -> None:
    language.use("en")
    told = [time_words(each) for each in (None, 3.0, 59.0, 100.0, 5400.0, 40_000.0)]
    language.use("kk")
    assert told == [
        "how long it takes is not known yet",
        "less than a minute on this link",
        "less than a minute on this link",
        "about 2 min on this link",
        "about 90 min on this link",
        "about 11 h on this link",
    ]


@pytest.mark.parametrize(
    ("offset_s", "said"), [(None, ""), (60.0, ""), (600.0, "10 min behind"), (-300.0, "5 min ahead")]
)
def test_clocks_far_apart_are_told(qapp: QApplication, offset_s: float | None, said: str) -> None:
    language.use("en")
    summary = ExchangeSummary(has_hub=True, last_contact_at=NOON + timedelta(1), clock_offset_s=offset_s)
    words = contact_words(summary)
    whole = summary_words(summary)
    language.use("kk")
    assert said in words
    assert ("clock of the hub" in words) is bool(said)
    assert whole == "Everything is at the hub."


def _select(pane: Pane[ExchangeScreen], row: int) -> None:
    pane.find("exchange.waiting", QTableView).selectRow(row)
    pane.settle()


def _text(pane: Pane[ExchangeScreen], name: str) -> str:
    found = pane.widget.findChild(QLabel, name)
    return found.text() if found is not None and found.isVisible() else ""


def _can_go_first(pane: Pane[ExchangeScreen]) -> bool:
    return bool(pane.widget.findChild(QPushButton, "exchange.first").isVisible())


def test_a_case_is_sent_first_and_its_line_says_so(pane: Pane[ExchangeScreen], office: Office) -> None:
    _select(pane, 0)
    pane.find("exchange.first", QPushButton).click()
    pane.settle()
    assert [each.seq for each in office.exchange.hastened] == [2]  # type: ignore[attr-defined]
    assert office.notices[-1] == ("This goes before everything else now.", "ok")
    assert pane.column("exchange.waiting", 2)[0] == "before everything else"
    _select(pane, 0)
    assert not _can_go_first(pane)


def test_the_trail_cannot_be_sent_first_and_nothing_can_without_a_hub(
    pane: Pane[ExchangeScreen], office: Office
) -> None:
    _select(pane, 1)
    assert not _can_go_first(pane)
    office.exchange.told = replace(office.exchange.told, has_hub=False)
    office.events.sync_changed.emit()
    pane.settle()
    _select(pane, 0)
    assert not _can_go_first(pane)


def test_what_was_sent_meanwhile_is_said_to_be_gone(pane: Pane[ExchangeScreen], office: Office) -> None:
    office.exchange.refusal = ConflictError(Text("This waits no longer."))
    _select(pane, 0)
    pane.find("exchange.first", QPushButton).click()
    pane.settle()
    assert office.notices[-1] == ("This waits no longer.", "warn")


def test_what_waits_for_another_record_says_so(pane: Pane[ExchangeScreen], office: Office) -> None:
    reason = Text("It waits for another record that the hub does not take: {kind}", kind=Text("Patient's card"))
    office.exchange.items = [replace(item(7, reason=reason), state="held")]
    office.events.sync_changed.emit()
    pane.settle()
    assert pane.column("exchange.waiting", 5) == ["waits for another"]
    _select(pane, 0)
    assert "Patient's card" in _text(pane, "exchange.waiting_why")


def test_the_megabytes_of_the_day_are_told_where_the_link_has_a_limit(
    pane: Pane[ExchangeScreen], office: Office
) -> None:
    assert _text(pane, "exchange.budget") == ""
    budgets = (LaneBudget("images", 12_000_000, 50_000_000), LaneBudget("bulk", 100_000_000, 100_000_000))
    office.exchange.told = replace(office.exchange.told, budgets=budgets)
    office.events.sync_changed.emit()
    pane.settle()
    told = _text(pane, "exchange.budget")
    assert told.startswith("Used of today's megabytes: pictures 1")
    assert told.endswith("goes on tomorrow")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, ""),
        ({"can_sign": False}, "emergencies"),
        ({"is_trail_whole": False}, "put back"),
        ({"can_sign": False, "is_trail_whole": False}, "emergencies"),
    ],
)
@pytest.mark.parametrize("used", ["kk", "ru", "en"])
def test_a_wrong_clock_and_a_twin_are_said_in_every_language(told: dict[str, bool], expected: str, used: str) -> None:
    language.use(used)  # type: ignore[arg-type]
    words = warning_words(replace(ExchangeSummary(), **told))
    language.use("kk")
    assert bool(words) is bool(expected)
    assert used != "en" or expected in words


def test_the_warning_stands_above_everything_and_goes_by_itself(pane: Pane[ExchangeScreen], office: Office) -> None:
    bar = pane.widget.findChild(StandingBar, "exchange.warning")
    assert bar.text() == ""
    for can_sign, is_shown in ((False, True), (True, False)):
        office.exchange.told = replace(office.exchange.told, can_sign=can_sign)
        office.events.sync_changed.emit()
        pane.settle()
        assert bool(bar.text()) is is_shown


@pytest.mark.parametrize(
    ("offset_s", "expected"),
    [
        (30.0, ""),
        (180.0, "3 min behind"),
        (-180.0, "3 min ahead"),
        (4 * 3600.0, "4 h behind"),
        (-47 * 3600.0, "47 h ahead"),
        (3 * 86400.0, "3 days behind"),
        (-20_000 * 86400.0, "20000 days ahead"),
    ],
)
def test_how_far_the_clocks_are_apart_is_said_in_a_unit_one_can_grasp(offset_s: float, expected: str) -> None:
    language.use("en")
    words = contact_words(ExchangeSummary(clock_offset_s=offset_s))
    language.use("kk")
    assert (" · this computer is " in words) is bool(expected)
    assert expected in words
