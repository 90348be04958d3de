"""Answers of background work come back on the windows' thread, or not at all when nobody waits for them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import Text
from tests.helpers.waiting import wait_until
from ui.tasks import GIVE_WAY_S, Job, TaskRunner


@pytest.fixture
def runner(qtbot: QtBot) -> Iterator[TaskRunner]:
    made = TaskRunner(2)
    yield made
    made.close()


def test_an_answer_comes_back_on_the_asking_thread(runner: TaskRunner) -> None:
    owner, threads = QObject(), []
    runner.run(threading.get_ident, owner=owner, done=lambda ran: threads.extend([ran, threading.get_ident()]))
    wait_until(lambda: len(threads) == 2)
    assert threads[0] != threads[1] == threading.get_ident()


def test_a_thousand_answers_are_a_thousand_answers(runner: TaskRunner) -> None:
    owner, answers = QObject(), []
    for number in range(1000):
        runner.run(lambda number=number: number, owner=owner, done=answers.append)
    wait_until(lambda: runner.is_idle)
    assert sorted(answers) == list(range(1000))


def test_an_answer_for_an_owner_that_is_gone_is_dropped(runner: TaskRunner) -> None:
    owner, answers, gate = QObject(), [], threading.Event()
    runner.run(gate.wait, owner=owner, done=answers.append)
    delete(owner)
    gate.set()
    wait_until(lambda: runner.is_idle)
    assert answers == []


def test_an_error_for_the_user_goes_to_whoever_asked(runner: TaskRunner) -> None:
    def work() -> None:
        raise ClinicError(Text("Nobody yet"))

    owner, errors, faults = QObject(), [], []
    runner.faulted.connect(faults.append)
    runner.run(work, owner=owner, done=lambda _none: None, failed=errors.append)
    wait_until(lambda: errors)
    assert errors[0].text == Text("Nobody yet")
    assert faults == []


def test_a_fault_is_logged_and_told_and_leaves_a_sentence(runner: TaskRunner, caplog: pytest.LogCaptureFixture) -> None:
    owner, errors, faults = QObject(), [], []
    runner.faulted.connect(faults.append)
    runner.run(lambda: 1 // 0, owner=owner, done=lambda _none: None, failed=errors.append)
    wait_until(lambda: errors)
    assert isinstance(faults[0], ZeroDivisionError)
    assert "ZeroDivisionError" in caplog.text
    assert "What was saved is safe" in str(errors[0])


def test_long_work_tells_how_far_it_is_and_can_be_stopped(runner: TaskRunner) -> None:
    def work(job: Job) -> str:
        job.report(1, 3)
        wait_until(job.is_cancelled)
        return "stopped"

    owner, steps, answers = QObject(), [], []
    job = runner.run_long(
        work, owner=owner, done=answers.append, progressed=lambda done, total: steps.append((done, total))
    )
    wait_until(lambda: steps == [(1, 3)])
    job.cancel()
    wait_until(lambda: answers == ["stopped"])


def test_an_answer_after_the_runner_is_gone_harms_nobody(qtbot: QtBot) -> None:
    runner, owner, gate, answers = TaskRunner(1), QObject(), threading.Event(), []
    runner.run(gate.wait, owner=owner, done=answers.append)
    delete(owner)
    gate.set()
    runner.close()
    delete(runner)
    assert answers == []


def test_a_thread_that_computes_gives_way_quickly(qtbot: QtBot) -> None:
    before_s = sys.getswitchinterval()
    sys.setswitchinterval(0.005)  # as Python begins
    try:
        TaskRunner(1).close()
        assert sys.getswitchinterval() == pytest.approx(GIVE_WAY_S, rel=0.01)

        sys.setswitchinterval(GIVE_WAY_S / 10)
        TaskRunner(1).close()
        assert sys.getswitchinterval() < GIVE_WAY_S / 2, "who asked for less keeps it"
    finally:
        sys.setswitchinterval(before_s)
