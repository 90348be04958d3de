"""What stands on a page until something is over, and the second question before what cannot be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from clinic_app.foundation.texts import Text
from tests.helpers.clocks import NOON
from tests.helpers.fake_opening import FakeBackup
from tests.helpers.panes import Pane, shown
from ui import language, theme
from ui.widgets.backup_words import age_words, checked_look, kind_words, made_words
from ui.widgets.second_question import SecondQuestion
from ui.widgets.segmented import Option, Segmented
from ui.widgets.standing_bar import StandingBar


class _Page(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.bar = StandingBar("bar", "timer")
        self.question = SecondQuestion("question")
        column = QVBoxLayout(self)
        column.addWidget(self.bar)
        column.addWidget(self.question)


@pytest.fixture
def page(qapp: QApplication) -> Iterator[Pane[_Page]]:
    language.use("kk")
    theme.apply(qapp, "light")
    with shown(lambda _runner: _Page(), (600, 240)) as pane:
        yield pane
    language.use("kk")


def test_a_standing_bar_is_away_until_it_says_something_and_follows_the_language(page: Pane[_Page]) -> None:
    assert page.widget.bar.text() == ""
    page.widget.bar.show_words(Text("Nobody yet"))
    assert page.words("bar.text") == "Әзірге ешкім жоқ"
    assert not page.sees("bar.action")
    language.use("en")
    page.settle()
    assert page.words("bar.text") == "Nobody yet"
    assert page.widget.bar.accessibleName() == "Nobody yet"


def test_the_button_of_a_standing_bar_is_heard(page: Pane[_Page]) -> None:
    heard: list[bool] = []
    page.widget.bar.acted.connect(lambda: heard.append(True))
    page.widget.bar.show_words("It lasts", "End")
    page.click("bar.action")
    assert heard == [True]
    assert page.sees("bar")


def test_a_standing_bar_has_no_cross(page: Pane[_Page]) -> None:
    page.widget.bar.show_words("It lasts")
    page.keys(Qt.Key.Key_Escape)
    assert page.widget.bar.text() == "It lasts"
    assert not page.sees("bar.close")


@pytest.mark.parametrize(("name", "answer"), [("question.yes", True), ("question.no", False)])
def test_a_second_question_goes_with_its_answer(page: Pane[_Page], name: str, answer: bool) -> None:
    heard: list[bool] = []
    page.widget.question.answered.connect(heard.append)
    page.widget.question.ask("Really?", "Yes", "No")
    assert page.cursor == "question.no"
    page.click(name)
    assert heard == [answer]
    assert not page.sees("question")


def test_esc_is_a_no_and_enter_presses_what_changes_nothing(page: Pane[_Page]) -> None:
    heard: list[bool] = []
    page.widget.question.answered.connect(heard.append)
    for key in (Qt.Key.Key_Escape, Qt.Key.Key_Return):
        page.widget.question.ask("Really?", "Yes", "No")
        page.keys(key)
    assert heard == [False, False]


def test_a_question_follows_the_language(page: Pane[_Page]) -> None:
    page.widget.question.ask(Text("Nobody yet"), Text("Back"), Text("Back"))
    language.use("en")
    page.settle()
    assert page.words("question.text") == "Nobody yet"
    assert page.words("question.yes") == "Back"
    assert page.nameless() == []


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=20), "0 minutes ago"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59), "59 minutes ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(hours=47, minutes=59), "47 hours ago"),
        (timedelta(days=2), "2 days ago"),
        (timedelta(days=-3), "0 minutes ago"),
    ],
)
def test_an_age_is_told_in_the_unit_people_use(age: timedelta, words: str) -> None:
    language.use("en")
    assert age_words(NOON - age, NOON) == words


def test_a_backup_is_told_in_three_languages() -> None:
    said = set()
    for code in ("kk", "ru", "en"):
        language.use(code)  # type: ignore[arg-type]
        said.add(kind_words(FakeBackup(NOON, "before-update")))
    assert len(said) == 3
    assert made_words(FakeBackup(NOON)).startswith("05.03.2026")
    assert kind_words(FakeBackup(NOON, "of-a-newer-version")) == "of-a-newer-version"
    assert (checked_look(FakeBackup(NOON)).tone, checked_look(FakeBackup(NOON, is_verified=False)).tone) == (
        "ok",
        "warn",
    )


@pytest.mark.parametrize("code", ["kk", "ru", "en"])
def test_a_choice_that_is_down_shows_its_bold_words_whole(qapp: QApplication, code: str) -> None:
    language.use(code)  # type: ignore[arg-type]
    theme.apply(qapp, "light")
    options = [Option("a", lambda: "Қалпына келтіру коды"), Option("b", lambda: "Логин мен құпиясөз")]
    with shown(lambda _runner: Segmented("choice", options), (500, 60)) as pane:
        for value in ("a", "b"):
            pane.widget.choose(value)
            pane.settle()
            button = pane.find(f"choice.{value}")
            bold = button.fontMetrics().horizontalAdvance(button.text())  # type: ignore[attr-defined]
            assert button.width() >= bold + 30
