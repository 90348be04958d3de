"""The inbox of emergencies: justified or not, said once, and never against somebody without words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QTableView, QTabWidget

from clinic_app.access import Session
from clinic_app.foundation.errors import StorageError
from clinic_app.foundation.texts import Text
from tests.helpers.fake_audit import FakeAuditLog, FakeBreakGlass, Judgement, review
from tests.helpers.held import Held
from tests.helpers.late_runner import LateRunner
from tests.helpers.panes import Pane, shown
from tests.helpers.watchdog import Watchdog
from ui import language, theme
from ui.audit.audit_screen import AuditScreen
from ui.audit.review_page import MOST_WORDS, ReviewPage
from ui.audit.trail_page import TrailPage
from ui.audit.view_model import TrailViewModel
from ui.audit.view_model_reviews import ReviewsViewModel
from ui.tasks import TaskRunner

AUDITOR = Session("p-aud", "Сейітқали Арман", "aud", "auditor", "org", "Ырғыз АА")


class Office:
    """An audit room whose inbox holds one new and one overdue emergency."""

    def __init__(self) -> None:
        self.glass = FakeBreakGlass()
        self.glass.reviews = [review(80, "Жүнісова Іңкәр", "қан кетіп жатыр"), review(1)]
        self.notices: list[tuple[str, str]] = []

    def screen(self, runner: TaskRunner) -> AuditScreen:
        inbox = ReviewsViewModel(self.glass, runner, AUDITOR)  # type: ignore[arg-type]
        trail = TrailPage(TrailViewModel(FakeAuditLog(20), runner, AUDITOR))  # type: ignore[arg-type]
        screen = AuditScreen(trail, ReviewPage(inbox), inbox)
        screen.noticed.connect(lambda words, tone: self.notices.append((words, tone)))
        return screen


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def pane(qapp: QApplication, office: Office) -> Iterator[Pane[AuditScreen]]:
    language.use("en")
    theme.apply(qapp, "light")
    with shown(office.screen) as made:
        made.widget.entered()
        made.settle()
        made.find("audit.tabs", QTabWidget).setCurrentIndex(1)
        made.settle()
        yield made
    language.use("kk")


def _write(pane: Pane[AuditScreen], words: str) -> None:
    pane.find("reviews.words", QPlainTextEdit).setPlainText(words)


def test_the_tab_says_how_many_wait(pane: Pane[AuditScreen]) -> None:
    tabs = pane.find("audit.tabs", QTabWidget)
    assert tabs.tabText(1) == "Emergencies to review (2)"
    pane.click("reviews.justified")
    assert tabs.tabText(1) == "Emergencies to review (1)"
    pane.click("reviews.justified")
    assert tabs.tabText(1) == "Emergencies to review"


def test_who_opened_whose_record_and_why_is_told(pane: Pane[AuditScreen]) -> None:
    facts = pane.words("reviews.facts")
    assert "Жүнісова Іңкәр opened the record of Әлібекқызы Гүлнұр." in facts
    assert "Emergency treatment" in facts
    assert "«қан кетіп жатыр»" in facts


def test_justified_needs_no_words(pane: Pane[AuditScreen], office: Office) -> None:
    pane.click("reviews.justified")
    assert office.glass.judgements == [Judgement("emergency-80", True, "")]
    assert office.notices == [("The judgement is in the trail.", "ok")]
    assert "Өмірзақ Әлішер" in pane.words("reviews.facts")


@pytest.mark.parametrize("words", ["", "  ", "no"])
def test_not_justified_is_never_said_without_words(pane: Pane[AuditScreen], office: Office, words: str) -> None:
    _write(pane, words)
    pane.click("reviews.not_justified")
    assert office.glass.judgements == []
    assert pane.words("reviews.words.message") != ""
    assert pane.cursor == "reviews.words"


def test_not_justified_with_words_is_kept_and_the_words_leave_the_form(pane: Pane[AuditScreen], office: Office) -> None:
    pane.find("reviews.list", QTableView).selectRow(1)
    _write(pane, " The patient was not there. ")
    pane.click("reviews.not_justified")
    assert office.glass.judgements == [Judgement("emergency-1", False, "The patient was not there.")]
    assert pane.find("reviews.words", QPlainTextEdit).toPlainText() == ""


def test_an_empty_inbox_says_so_and_hides_the_form(pane: Pane[AuditScreen]) -> None:
    pane.click("reviews.justified")
    pane.click("reviews.justified")
    assert pane.sees("reviews.list.empty")
    assert not pane.sees("reviews.justified")


def test_pressed_twice_judges_once(pane: Pane[AuditScreen], office: Office, watchdog: Watchdog) -> None:
    slow = Held(office.glass, "review")
    pane.press("reviews.justified")
    assert not pane.find("reviews.justified").isEnabled()
    slow.let_go()
    pane.settle()
    assert len(slow.calls) == 1


def test_one_that_was_judged_elsewhere_meanwhile_is_said_and_leaves_the_list(
    pane: Pane[AuditScreen], office: Office
) -> None:
    office.glass.judgements.append(Judgement("emergency-80", True, ""))
    pane.click("reviews.justified")
    assert office.notices[0][1] == "warn"
    assert len(pane.column("reviews.list", 0)) == 1


def test_an_error_of_the_store_is_said(pane: Pane[AuditScreen], office: Office) -> None:
    broken = Held(office.glass, "review", StorageError(Text("Nobody yet")))
    pane.press("reviews.justified")
    broken.let_go()
    pane.settle()
    assert office.notices == [("Nobody yet", "warn")]
    assert pane.find("reviews.justified").isEnabled()


def test_endless_words_are_cut(pane: Pane[AuditScreen]) -> None:
    _write(pane, "x" * 10_000)
    assert len(pane.find("reviews.words", QPlainTextEdit).toPlainText()) == MOST_WORDS


def test_an_overdue_review_is_marked() -> None:
    assert review(80).is_overdue
    assert not review(1).is_overdue


def test_a_form_that_is_busy_asks_nothing_more(office: Office) -> None:
    runner = LateRunner()
    model = ReviewsViewModel(office.glass, runner.as_runner, AUDITOR)  # type: ignore[arg-type]
    first, second = office.glass.reviews
    model.judge(first, "", is_justified=True)
    model.judge(second, "", is_justified=True)
    assert len(runner.waiting) == 1
    runner.answer_all()
    assert [each.event_id for each in office.glass.judgements] == [first.event_id]


def test_somebody_who_is_no_auditor_is_refused(office: Office) -> None:
    runner = LateRunner()
    nurse = replace(AUDITOR, role="nurse")
    model = ReviewsViewModel(office.glass, runner.as_runner, nurse)  # type: ignore[arg-type]
    told: list[Text] = []
    model.failed.connect(told.append)
    model.look()
    runner.answer_all()
    assert len(told) == 1


@pytest.mark.parametrize("shade", ["light", "dark"])
@pytest.mark.parametrize("code", ["kk", "ru", "en"])
def test_everything_is_named_in_every_language(
    pane: Pane[AuditScreen], qapp: QApplication, code: str, shade: str
) -> None:
    language.use(code)  # type: ignore[arg-type]
    theme.apply(qapp, shade)  # type: ignore[arg-type]
    pane.settle()
    assert pane.nameless() == []
    for name in ("reviews.justified", "reviews.not_justified"):
        button = pane.find(name)
        assert button.width() >= button.minimumSizeHint().width()
    theme.apply(qapp, "light")


def test_tab_leads_from_the_list_through_the_words_to_both_answers(pane: Pane[AuditScreen]) -> None:
    pane.find("reviews.list").setFocus()
    walked = []
    for _step in range(3):
        pane.keys(Qt.Key.Key_Tab)
        walked.append(pane.cursor)
        if pane.cursor == "reviews.words":
            pane.find("reviews.justified").setFocus()
            walked.append(pane.cursor)
    assert walked[0] == "reviews.words"
    assert "reviews.not_justified" in walked
