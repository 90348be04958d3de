"""One question for recordings and images: what files is never pressed by a habit of the hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from clinic_app.records import HumanName, Patient
from ui import language
from ui.language import _
from ui.widgets.whose_question import Asked, WhoseQuestion

PATIENT = Patient(id="p1", name=(HumanName(family="Үлгібаев", given=("Ерлан",)),))


def _asked(about: str) -> Asked:
    return Asked(_("Close"), (about, "second"), "yes", "no", is_safe=about == "safe")


class Shown:
    """The question in a window, and what was answered."""

    def __init__(self) -> None:
        self.question: WhoseQuestion[str] = WhoseQuestion("t.whose", _asked)
        self.answers: list[bool] = []
        self.question.confirmed.connect(lambda: self.answers.append(True))
        self.question.declined.connect(lambda: self.answers.append(False))

    def button(self, name: str) -> QPushButton:
        return cast("QPushButton", self.question.findChild(QPushButton, name))

    def words(self, name: str) -> str:
        return cast("QLabel", self.question.findChild(QLabel, name)).text()


@pytest.fixture
def shown(qapp: QApplication) -> Iterator[Shown]:
    language.use("en")
    made = Shown()
    yield made
    made.question.close()
    made.question.deleteLater()
    language.use("en")


def test_nothing_is_to_be_seen_until_something_is_asked(shown: Shown) -> None:
    assert shown.question.isHidden()
    shown.question.retranslate()
    assert shown.words("t.whose.text") == ""
    shown.question.ask("who")
    assert not shown.question.isHidden()
    assert shown.words("t.whose.text") == "who\nsecond"
    assert shown.question.accessibleName() == "Close who second"
    shown.question.ask(None)
    assert shown.question.isHidden()


def test_enter_presses_no_but_never_yes_and_escape_is_a_no(shown: Shown) -> None:
    shown.question.ask("who")
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
        QTest.keyClick(shown.button("t.whose"), key)
    assert shown.answers == []
    QTest.keyClick(shown.button("t.whose"), Qt.Key.Key_Space)
    QTest.keyClick(shown.button("t.whose.cancel"), Qt.Key.Key_Return)
    QTest.keyClick(shown.button("t.whose"), Qt.Key.Key_Escape)
    assert shown.answers == [True, False, False]


def test_the_cursor_goes_to_no_once_and_stays_where_somebody_put_it(shown: Shown) -> None:
    shown.question.show()
    shown.question.activateWindow()
    shown.question.ask("who")
    assert shown.question.focusWidget().objectName() == "t.whose.cancel"
    shown.button("t.whose").setFocus()
    shown.question.ask("who")
    assert shown.question.focusWidget().objectName() == "t.whose"


def test_it_speaks_the_language_that_is_chosen_while_it_stands(shown: Shown) -> None:
    shown.question.ask("who")
    before = shown.words("t.whose.title")
    language.use("ru")
    QCoreApplication.sendEvent(shown.question, QEvent(QEvent.Type.LanguageChange))
    assert shown.words("t.whose.title") not in ("", before)
