"""The auditor looks at the trail: filter, pages, a line in words, the check of the chain, the table to take away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QApplication, QLineEdit, QPushButton

from clinic_app.access import AuditFilter, ChainVerdict, Session
from clinic_app.foundation.errors import DiskFullError, NotAllowedError
from clinic_app.foundation.texts import Text
from tests.helpers.clocks import NOON
from tests.helpers.fake_audit import DOCTOR, HEAD, NURSE, OTHER, PATIENT, FakeAuditLog, line
from tests.helpers.held import Held
from tests.helpers.late_runner import LateRunner
from tests.helpers.panes import Pane, shown
from tests.helpers.watchdog import Watchdog
from ui import language, theme
from ui.audit.line_card import LineCard
from ui.audit.trail_page import FILE_NAME, TrailPage
from ui.audit.view_model import PAGE, TrailViewModel
from ui.audit.words import action_words, facts_of, outcome_look, patient_words, person_words, role_words
from ui.shell.main_window import LEAST_HEIGHT, LEAST_WIDTH
from ui.tasks import TaskRunner
from ui.widgets.event_plot import EventPlot

AUDITOR = Session("p-aud", "Сейітқали Арман", "aud", "auditor", "org", "Ырғыз АА")
LINES = "audit.lines"


class Office:
    """A trail and a person who says where to save."""

    def __init__(self) -> None:
        self.log = FakeAuditLog()
        self.path: Path | None = None
        self.notices: list[tuple[str, str]] = []

    def page(self, runner: TaskRunner) -> TrailPage:
        page = TrailPage(TrailViewModel(self.log, runner, AUDITOR), lambda _parent, _name: self.path)  # type: ignore[arg-type]
        page.noticed.connect(lambda words, tone: self.notices.append((words, tone)))
        return page


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def pane(qapp: QApplication, office: Office) -> Iterator[Pane[TrailPage]]:
    language.use("en")
    theme.apply(qapp, "light")
    with shown(office.page) as made:
        made.widget.entered()
        made.settle()
        yield made
    language.use("kk")
    theme.apply(qapp, "light")


def _rows(pane: Pane[TrailPage]) -> int:
    return len(pane.column(LINES, 0)) if pane.sees(LINES) else 0


def _last_asked(office: Office) -> AuditFilter:
    return office.log.asked[-1]


def test_the_newest_events_come_first_with_their_count(pane: Pane[TrailPage]) -> None:
    assert _rows(pane) == PAGE
    assert pane.words("audit.count") == "200 of 450 shown"
    assert pane.column(LINES, 1)[:2] == ["Жүнісова Іңкәр", "Өмірзақ Әлішер"]
    assert pane.column(LINES, 2)[:2] == ["Created", "Read"]


def test_older_pages_are_put_below_until_there_are_none(pane: Pane[TrailPage]) -> None:
    first = pane.column(LINES, 0)
    pane.click("audit.older")
    assert _rows(pane) == 2 * PAGE
    assert pane.column(LINES, 0)[:PAGE] == first
    pane.click("audit.older")
    assert _rows(pane) == 450
    assert not pane.sees("audit.older")
    assert pane.words("audit.count") == "450 events"


def test_the_line_the_cursor_is_on_stays_when_a_page_is_added(pane: Pane[TrailPage]) -> None:
    pane.find(LINES, QAbstractItemView).setCurrentIndex(pane.find(LINES, QAbstractItemView).model().index(7, 0))
    before = pane.widget._table.current_row()
    pane.click("audit.older")
    assert pane.widget._table.current_row() == before


def test_a_person_narrows_the_trail(pane: Pane[TrailPage], office: Office) -> None:
    pane.choose("audit.person", NURSE)
    assert _last_asked(office).person == NURSE
    assert set(pane.column(LINES, 1)) == {"Жүнісова Іңкәр"}
    assert _rows(pane) == 45
    assert pane.words("audit.count") == "45 events"


def test_action_and_outcome_narrow_together(pane: Pane[TrailPage], office: Office) -> None:
    pane.choose("audit.action", "read")
    pane.choose("audit.outcome", "4")
    assert (_last_asked(office).action, _last_asked(office).outcome) == ("read", "4")
    assert set(pane.column(LINES, 4)) == {"Refused"}


def test_a_patient_is_found_by_words_and_chosen_by_keyboard(pane: Pane[TrailPage], office: Office) -> None:
    field = pane.find("audit.patient", QLineEdit)
    field.setFocus()
    pane.strike("петр")
    pane.keys(Qt.Key.Key_Return)
    assert pane.words("audit.found.0") == "Петров Сергей"
    assert not pane.sees("audit.found.1")
    pane.find("audit.found.0").setFocus()
    pane.keys(Qt.Key.Key_Return)
    assert _last_asked(office).patient == OTHER
    assert field.text() == "Петров Сергей"
    assert set(pane.column(LINES, 3)) == {"Петров Сергей"}
    assert not pane.sees("audit.found.0")


def test_nobody_found_by_the_words_is_said(pane: Pane[TrailPage], office: Office) -> None:
    pane.type("audit.patient", "Жоқ адам")
    pane.find("audit.patient").returnPressed.emit()  # type: ignore[attr-defined]
    pane.settle()
    assert pane.words("audit.found") == "Nobody was found by these words."
    pane.click("audit.clear")
    assert not pane.sees("audit.found")


def test_of_many_patients_a_few_are_offered_and_more_letters_asked_for(pane: Pane[TrailPage]) -> None:
    pane.widget._filter.show_patients([(f"id-{number}", f"Қасымов {number}") for number in range(9)])
    assert pane.sees("audit.found.3")
    assert "Type more" in pane.words("audit.found")


def test_an_emptied_patient_field_shows_everybody_again(pane: Pane[TrailPage], office: Office) -> None:
    pane.widget._narrow_patient(OTHER, "Петров Сергей")
    pane.settle()
    assert _last_asked(office).patient == OTHER
    pane.find("audit.patient", QLineEdit).clear()
    pane.find("audit.patient").searched.emit("")  # type: ignore[attr-defined]
    pane.settle()
    assert _last_asked(office).patient == ""


def test_days_bound_the_trail_and_the_last_day_counts_whole(pane: Pane[TrailPage], office: Office) -> None:
    for name in ("audit.from", "audit.to"):
        pane.type(name, "04032026")
        pane.find(name, QLineEdit).editingFinished.emit()
        pane.settle()
    asked = _last_asked(office)
    assert asked.from_at is not None
    assert asked.to_at is not None
    assert asked.to_at - asked.from_at == timedelta(days=1)
    assert asked.from_at.tzinfo is not None


def test_half_a_date_is_marked_and_asks_nobody(pane: Pane[TrailPage], office: Office) -> None:
    asked = len(office.log.asked)
    pane.type("audit.from", "31.02.2026")
    pane.find("audit.from", QLineEdit).editingFinished.emit()
    pane.settle()
    assert pane.find("audit.from").property("state") == "wrong"
    assert len(office.log.asked) == asked


def test_show_all_takes_every_filter_back(pane: Pane[TrailPage], office: Office) -> None:
    pane.choose("audit.person", NURSE)
    pane.choose("audit.outcome", "4")
    pane.type("audit.from", "04.03.2026")
    pane.click("audit.clear")
    assert _last_asked(office) == AuditFilter()
    assert _rows(pane) == PAGE


def test_nothing_that_fits_has_an_empty_state(pane: Pane[TrailPage]) -> None:
    pane.choose("audit.action", "export")
    assert pane.sees(f"{LINES}.empty")
    assert pane.find("audit.plot", EventPlot).bars == ()


def test_a_line_is_told_in_words_and_leads_to_more_like_it(pane: Pane[TrailPage], office: Office) -> None:
    view = pane.find(LINES, QAbstractItemView)
    view.setCurrentIndex(view.model().index(1, 0))
    pane.settle()
    card = pane.widget.findChildren(LineCard)[0]
    assert "Өмірзақ Әлішер (doctor)" in card.facts()
    assert any(PATIENT in fact for fact in card.facts())
    pane.widget.findChild(QPushButton, "audit.same_patient").click()  # type: ignore[union-attr]
    pane.settle()
    assert _last_asked(office).patient == PATIENT
    assert pane.find("audit.patient", QLineEdit).text() == "Әлібекқызы Гүлнұр"
    view.setCurrentIndex(view.model().index(1, 0))
    pane.settle()
    pane.widget.findChild(QPushButton, "audit.same_person").click()  # type: ignore[union-attr]
    pane.settle()
    assert _last_asked(office) == AuditFilter(person=DOCTOR, patient=PATIENT)


def test_a_bar_of_the_picture_narrows_to_its_time(pane: Pane[TrailPage], office: Office) -> None:
    plot = pane.find("audit.plot", EventPlot)
    bar = plot.bars[2]
    plot.setFocus()
    for _step in range(3):
        pane.keys(Qt.Key.Key_Right)
    pane.keys(Qt.Key.Key_Return)
    asked = _last_asked(office)
    assert (asked.from_at, asked.to_at) == (bar.begin, bar.end)
    assert _rows(pane) == bar.count


def test_a_whole_chain_is_said_with_its_head(pane: Pane[TrailPage]) -> None:
    assert not pane.sees("audit.verdict")
    pane.click("audit.check")
    assert "450 events" in pane.words("audit.verdict")
    assert HEAD[:16] in pane.words("audit.verdict")
    assert pane.find("audit.verdict").toolTip() == HEAD


def test_a_broken_chain_names_the_event_and_what_to_do(pane: Pane[TrailPage], office: Office) -> None:
    office.log.verdict = ChainVerdict(450, False, "event-77", HEAD)
    pane.click("audit.check")
    assert "event-77" in pane.words("audit.verdict")
    assert pane.find("audit.verdict").property("role") == "broken"
    language.use("ru")
    pane.settle()
    assert "ИЗМЕНЁН" in pane.words("audit.verdict")


def test_the_verdict_stays_when_the_filter_changes(pane: Pane[TrailPage]) -> None:
    pane.click("audit.check")
    pane.choose("audit.person", NURSE)
    assert pane.sees("audit.verdict")


def test_while_the_chain_is_checked_the_window_answers_and_says_for_what_it_waits(
    pane: Pane[TrailPage], office: Office, watchdog: Watchdog
) -> None:
    slow = Held(office.log, "verify")
    pane.press("audit.check")
    slow.wait_for_calls()
    assert "Checking every link of the chain…" in pane.all_words()
    assert not pane.find("audit.check").isEnabled()
    slow.let_go()
    pane.settle()
    assert len(slow.calls) == 1
    assert not pane.sees("audit.busy")


def test_the_table_is_saved_where_the_person_says(pane: Pane[TrailPage], office: Office, tmp_path: Path) -> None:
    office.path = tmp_path / FILE_NAME
    pane.choose("audit.person", NURSE)
    pane.click("audit.export")
    assert len(office.path.read_text(encoding="utf-8").splitlines()) == 45
    assert office.notices[-1] == (f"45 events are saved as {office.path}.", "ok")


def test_somebody_who_chooses_no_file_exports_nothing(pane: Pane[TrailPage], office: Office) -> None:
    pane.click("audit.export")
    assert office.notices == []


def test_an_export_can_be_stopped_and_leaves_no_file(office: Office, tmp_path: Path) -> None:
    runner = LateRunner()
    model = TrailViewModel(office.log, runner.as_runner, AUDITOR)  # type: ignore[arg-type]
    told: list[Text] = []
    model.failed.connect(told.append)
    model.look()
    runner.answer_all()
    model.export(tmp_path / FILE_NAME)
    model.stop()
    runner.answer_all()
    assert told[0].render("en") == "The export was stopped; no file was left."
    assert list(tmp_path.iterdir()) == []


def test_an_export_tells_how_far_it_is(office: Office, tmp_path: Path) -> None:
    runner = LateRunner()
    model = TrailViewModel(office.log, runner.as_runner, AUDITOR)  # type: ignore[arg-type]
    steps: list[tuple[int, int]] = []
    model.progressed.connect(lambda done, total: steps.append((done, total)))
    model.look()
    runner.answer_all()
    model.export(tmp_path / FILE_NAME)
    runner.answer_all()
    assert steps == [(100, 450), (200, 450), (300, 450), (400, 450)]


def test_a_full_disk_is_said(pane: Pane[TrailPage], office: Office, tmp_path: Path) -> None:
    office.path = tmp_path / FILE_NAME
    broken = Held(office.log, "write_csv", DiskFullError(Text("Nobody yet")))
    pane.press("audit.export")
    broken.let_go()
    pane.settle()
    assert office.notices == [("Nobody yet", "warn")]
    assert pane.find("audit.export").isEnabled()


def test_only_the_newest_filter_is_shown_however_late_the_others_answer(office: Office) -> None:
    runner = LateRunner()
    model = TrailViewModel(office.log, runner.as_runner, AUDITOR)  # type: ignore[arg-type]
    model.choose(AuditFilter(person=NURSE))
    model.choose(AuditFilter(outcome="4"))
    runner.answer(1)
    runner.answer(0)
    assert model.state.wanted == AuditFilter(outcome="4")
    assert {each.outcome for each in model.state.lines} == {"4"}


def test_a_page_that_comes_twice_or_too_late_is_put_below_once(office: Office) -> None:
    runner = LateRunner()
    model = TrailViewModel(office.log, runner.as_runner, AUDITOR)  # type: ignore[arg-type]
    model.look()
    runner.answer_all()
    model.older()
    model.older()
    runner.answer_all()
    assert len(model.state.lines) == 2 * PAGE
    model.older()
    model.choose(AuditFilter(person=NURSE))
    runner.answer(1)
    runner.answer_all()
    assert {each.person_id for each in model.state.lines} == {NURSE}


def test_a_refusal_is_said(office: Office) -> None:
    runner = LateRunner()
    model = TrailViewModel(office.log, runner.as_runner, replace(AUDITOR, role="nurse"))  # type: ignore[arg-type]
    told: list[Text] = []
    model.failed.connect(told.append)
    model.look()
    runner.answer_all()
    assert len(told) == 1
    with pytest.raises(NotAllowedError):
        office.log.find(replace(AUDITOR, role="nurse"), AuditFilter())


def test_an_event_of_the_workstation_itself_and_of_nobodys_login_is_told() -> None:
    language.use("en")
    own = line(1, person_id="", person="", login="", role="", patients=(), patient_names=())
    assert (person_words(own), patient_words(own), role_words("")) == ("this workstation", "—", "—")
    stranger = line(2, person_id="", person="", login="admni", role="", action="login", outcome="4")
    assert person_words(stranger) == "admni"
    assert outcome_look(stranger).text == "Refused"
    assert outcome_look(line(3, is_emergency=True)).text == "in an emergency"
    assert action_words("of-a-newer-version") == "of-a-newer-version"
    assert patient_words(line(4, patients=("a", "b", "c"), patient_names=("A", "", "C"))) == "A and 2 more"


def test_every_fact_of_an_event_is_told_in_three_languages() -> None:
    event = line(5, is_emergency=True, description="Есінен танған")
    told = {}
    for code in ("kk", "ru", "en"):
        language.use(code)  # type: ignore[arg-type]
        told[code] = dict(facts_of(event))
        assert event.event_id in told[code].values()
        assert "Есінен танған" in told[code].values()
    assert told["kk"].keys() != told["ru"].keys() != told["en"].keys()


@pytest.mark.parametrize("shade", ["light", "dark"])
@pytest.mark.parametrize("code", ["kk", "ru", "en"])
def test_everything_is_named_and_fits_in_every_language(
    pane: Pane[TrailPage], qapp: QApplication, code: str, shade: str
) -> None:
    language.use(code)  # type: ignore[arg-type]
    theme.apply(qapp, shade)  # type: ignore[arg-type]
    pane.click("audit.check")
    pane.widget.resize(LEAST_WIDTH - 104 - 36, LEAST_HEIGHT - 170)
    pane.settle()
    assert pane.nameless() == []
    assert pane.widget.minimumSizeHint().width() <= LEAST_WIDTH - 104 - 36
    assert pane.widget.minimumSizeHint().height() <= LEAST_HEIGHT - 170
    for name in ("audit.check", "audit.export", "audit.clear"):
        button = pane.find(name)
        assert button.width() >= button.minimumSizeHint().width(), name


def test_a_name_that_is_typed_but_not_chosen_narrows_nothing(pane: Pane[TrailPage], office: Office) -> None:
    pane.type("audit.patient", "Петров Сергей")
    pane.find("audit.patient").returnPressed.emit()  # type: ignore[attr-defined]
    pane.settle()
    assert _last_asked(office).patient == ""
    assert pane.sees("audit.found.0")


def test_moments_are_local(pane: Pane[TrailPage]) -> None:
    newest = NOON - timedelta(days=1) + timedelta(minutes=450)
    assert pane.column(LINES, 0)[0] == f"{newest.astimezone():%d.%m.%Y %H:%M}"
