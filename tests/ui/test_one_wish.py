"""What is wished while another wish is under way is not heard, and somebody is always told that it is over."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from clinic_app.foundation.errors import ClinicError, StorageError
from clinic_app.foundation.texts import Text
from tests.helpers.waiting import wait_until
from ui.one_wish import OneWish
from ui.tasks import TaskRunner


@pytest.fixture
def runner(qtbot: QtBot) -> Iterator[TaskRunner]:
    made = TaskRunner(2)
    yield made
    made.close()


class Told:
    """Everything that was told, in the order of telling."""

    def __init__(self, runner: TaskRunner) -> None:
        self.owner = QObject()
        self.all: list[object] = []
        self.wish = OneWish[Text](runner, self.owner, lambda said: self.all.append(said and said.msgid))

    def done(self, answer: object) -> None:
        self.all.append(("done", answer, self.wish.is_under_way))

    def failed(self, error: ClinicError) -> None:
        self.all.append(("failed", error.text.msgid, self.wish.is_under_way))


def test_the_wait_is_over_before_its_outcome_is_told(runner: TaskRunner) -> None:
    told = Told(runner)
    told.wish.ask(Text("Copying…"), lambda: 7, told.done, told.failed)
    assert told.wish.is_under_way
    wait_until(lambda: runner.is_idle)
    assert told.all == ["Copying…", None, ("done", 7, False)]


def test_an_error_ends_the_wait_as_well(runner: TaskRunner) -> None:
    def fail() -> None:
        raise StorageError(Text("The disk is full."))

    told = Told(runner)
    told.wish.ask(Text("Copying…"), fail, told.done, told.failed)
    wait_until(lambda: runner.is_idle)
    assert told.all == ["Copying…", None, ("failed", "The disk is full.", False)]


def test_a_second_wish_is_not_heard_while_the_first_is_under_way(runner: TaskRunner) -> None:
    told, gate, ran = Told(runner), threading.Event(), []
    told.wish.ask(Text("First…"), gate.wait, told.done, told.failed)
    told.wish.ask(Text("Second…"), lambda: ran.append("second"), told.done, told.failed)
    gate.set()
    wait_until(lambda: runner.is_idle)
    assert told.all == ["First…", None, ("done", True, False)]
    assert ran == []


def test_a_wish_may_follow_from_the_outcome_of_another(runner: TaskRunner) -> None:
    told = Told(runner)
    told.wish.ask(
        Text("First…"),
        lambda: 1,
        lambda one: told.wish.ask(Text("Then…"), lambda: one + 1, told.done, told.failed),
        told.failed,
    )
    wait_until(lambda: runner.is_idle and len(told.all) == 5)
    assert told.all == ["First…", None, "Then…", None, ("done", 2, False)]


def test_who_is_gone_is_told_nothing(runner: TaskRunner) -> None:
    told, gate = Told(runner), threading.Event()
    told.wish.ask(Text("Copying…"), gate.wait, told.done, told.failed)
    delete(told.owner)
    gate.set()
    wait_until(lambda: runner.is_idle)
    assert told.all == ["Copying…"]
