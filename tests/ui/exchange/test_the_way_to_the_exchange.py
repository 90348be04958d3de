"""From the status strip and the rail to the exchange; questions are counted where everybody looks."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton

from clinic_app.sync import QueueSummary, Succeeded
from tests.helpers.clocks import NOON
from tests.helpers.fake_exchange import question
from tests.helpers.windows import Desk
from ui import language
from ui.widgets.chip import Chip


def _news(desk: Desk) -> None:
    assert desk.station.sync is not None
    desk.station.sync.become(Succeeded(NOON), QueueSummary(3, 1, 5000, NOON))
    desk.settle()


@pytest.mark.parametrize("name", ["status.link", "status.queue"])
def test_a_press_on_the_status_strip_opens_the_exchange(desk: Desk, name: str) -> None:
    desk.enter("nurse")
    _news(desk)
    assert not desk.sees("exchange.tabs")
    QTest.mouseClick(desk.find(name), Qt.MouseButton.RightButton)
    assert not desk.sees("exchange.tabs")
    QTest.mouseClick(desk.find(name), Qt.MouseButton.LeftButton)
    desk.settle()
    assert desk.sees("exchange.tabs")
    assert desk.find("rail.exchange", QToolButton).isChecked()


def test_the_rail_and_the_strip_say_how_many_questions_wait(desk: Desk) -> None:
    desk.enter("doctor")
    desk.click("rail.exchange")
    language.use("en")
    desk.settle()
    button = desk.find("rail.exchange", QToolButton)
    assert button.text() == "Exchange"
    assert not desk.sees("status.questions")
    desk.station.exchange.questions = [question(1), question(2)]
    _news(desk)
    assert button.text() == "Exchange (2)"
    assert button.accessibleName() == "Exchange (2)"
    assert desk.find("status.questions", Chip).text() == "2 questions wait"
    desk.station.exchange.questions = []
    _news(desk)
    assert button.text() == "Exchange"
    assert not desk.sees("status.questions")
    language.use("kk")


def test_everybody_who_works_here_has_the_exchange_in_his_rail(desk: Desk) -> None:
    desk.enter("registrar")
    desk.click("rail.exchange")
    assert desk.sees("exchange.whole")
