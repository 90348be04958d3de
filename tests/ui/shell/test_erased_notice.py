"""When the hub's order has come, the window is covered, says why, and the program ends."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QDialog, QLabel

from clinic_app.foundation.texts import Text
from clinic_app.sync import Erased, QueueSummary
from tests.helpers.clocks import NOON
from tests.helpers.windows import Desk

WHY = Text("The hub “{hub}” ordered on {day} that the data of this computer be erased.", hub="Хаб", day="05.03.2026")
NOTHING = QueueSummary(0, 0, 0, None)


def order(desk: Desk) -> None:
    """Let the news come as the service brings them."""
    assert desk.station.sync is not None
    desk.station.sync.become(Erased(NOON, WHY), NOTHING)
    desk.settle()


def test_whatever_stood_in_the_window_is_covered_and_the_reason_is_told(desk: Desk) -> None:
    desk.enter("doctor")
    assert desk.sees("rail.patients")
    order(desk)
    assert not desk.sees("rail.patients")
    assert "05.03.2026" in desk.words("erased.why")
    assert desk.find("erased", QDialog).isVisible()
    desk.press("erased.close")
    assert not desk.window.isVisible()


@pytest.mark.parametrize("words", ["", "Компьютер жоғалған; " * 25])
def test_the_reason_is_shown_whole_however_long_it_is(desk: Desk, words: str) -> None:
    assert desk.station.sync is not None
    desk.station.sync.become(Erased(NOON, Text("{why} {words}", why=WHY, words=words)), NOTHING)
    desk.settle()
    why = desk.find("erased.why", QLabel)
    assert why.height() >= why.heightForWidth(why.width())
    assert desk.find("erased.close").hasFocus()
    desk.press("erased.close")


@pytest.mark.parametrize("is_locked", [False, True])
def test_it_comes_to_the_gate_and_to_a_locked_window_too(desk: Desk, is_locked: bool) -> None:
    if is_locked:
        desk.enter("nurse")
        desk.window.lock()
        desk.settle()
    order(desk)
    assert desk.sees("erased.close")
    desk.press("erased.close")
    assert not desk.window.isVisible()


def test_it_is_told_once(desk: Desk) -> None:
    order(desk)
    order(desk)
    assert len([each for each in desk.window.findChildren(QDialog, "erased") if each.isVisible()]) == 1
    desk.press("erased.close")


def test_other_news_end_nothing(desk: Desk) -> None:
    from clinic_app.sync import Failed, Succeeded

    desk.enter("doctor")
    assert desk.station.sync is not None
    for state in (Succeeded(NOON), Failed(NOON, Text("The hub cannot be reached."))):
        desk.station.sync.become(state, NOTHING)
        desk.settle()
    assert desk.sees("rail.patients")
    assert not desk.sees("erased")
