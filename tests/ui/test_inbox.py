"""An inbox is counted while nobody looks, read while somebody does, and asks once where the room doubts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from pytestqt.qtbot import QtBot

from clinic_app.access import Session
from clinic_app.foundation.errors import ClinicError, InvalidInputError, StorageError
from clinic_app.foundation.texts import Text
from clinic_app.records import Patient
from tests.helpers.stores import patient
from tests.helpers.waiting import wait_until
from ui.inbox import Candidate, InboxModel
from ui.shell.patient_in_hand import PatientInHand
from ui.tasks import TaskRunner

NURSE = Session("n-1", "Омарова Әсем", "nurse", "nurse", "org", "Ырғыз АА")
OFFICE = Session("a-1", "Ким Олег", "admin", "administrator", "org", "Ырғыз АА")
HERS, HIS = patient("Әлібекқызы", "Гүлнұр"), patient("Сағынов", "Ерлан")


class Drawer:
    """Letters that wait; whoever is named in ``doubts`` is doubted once."""

    def __init__(self) -> None:
        self.version = 1
        self.letters = ["a", "b"]
        self.filed: list[tuple[str, str, bool]] = []
        self.refusal: ClinicError | None = None
        self.reads = 0

    def count(self) -> int:
        return len(self.letters)

    def waiting(self, session: Session) -> tuple[str, ...]:
        session.require("read", "Observation")
        self.reads += 1
        return tuple(self.letters)

    def handled(self, session: Session) -> tuple[str, ...]:
        return tuple(letter for letter, _whose, _sure in self.filed)

    def confirm(self, session: Session, key: str, patient_id: str, /, *, is_sure: bool = False) -> None:
        if self.refusal is not None and not is_sure:
            raise self.refusal
        self.letters.remove(key)
        self.filed.append((key, patient_id, is_sure))
        self.version += 1

    def set_aside(self, session: Session, key: str, /) -> None:
        self.letters.remove(key)
        self.version += 1

    def undo(self, session: Session, key: str, /) -> None:
        self.letters.append(key)
        self.version += 1


class Letters(InboxModel[str, str, str]):
    """A letter is its own key; the first of them bears her number."""

    def key_of(self, waiting: str) -> str:
        return waiting

    def matched(self, waiting: str) -> Sequence[Candidate]:
        return [Candidate(HERS, "iin")] if waiting == "a" else []

    def speaks_against(self, waiting: str, patient: Patient) -> bool:
        return waiting == "a" and patient.id != HERS.id


class Desk:
    """A model and everything it tells."""

    def __init__(self, runner: TaskRunner, session: Session = NURSE) -> None:
        self.runner = runner
        self.drawer = Drawer()
        self.hand = PatientInHand()
        self.model = Letters(self.drawer, runner, session, self.hand, ("nurse",))
        self.model._timer.stop()  # the tests look at the clock themselves
        self.told: list[tuple[object, ...]] = []
        for name in ("counted", "filed", "put_aside", "taken_back", "questioned", "refused"):
            getattr(self.model, name).connect(lambda *words, name=name: self.told.append((name, *words)))

    def settle(self) -> list[tuple[object, ...]]:
        wait_until(lambda: self.runner.is_idle)
        told, self.told = self.told, []
        return told


@pytest.fixture
def runner(qtbot: QtBot) -> Iterator[TaskRunner]:
    made = TaskRunner(2)
    yield made
    made.close()


def test_nobody_who_does_not_look_reads_more_than_the_number(runner: TaskRunner) -> None:
    desk = Desk(runner)
    desk.model._see_news()
    assert (desk.settle(), desk.drawer.reads) == ([("counted", 2)], 0)
    desk.model._see_news()
    assert desk.settle() == []


def test_news_are_read_at_once_while_somebody_looks(runner: TaskRunner) -> None:
    desk = Desk(runner)
    desk.model.watch(True)
    assert desk.settle() == [("counted", 2)]
    desk.drawer.letters.append("c")
    desk.drawer.version += 1
    desk.model._see_news()
    assert (desk.settle(), desk.model.waiting) == ([("counted", 3)], ("a", "b", "c"))


def test_another_role_neither_counts_nor_reads(runner: TaskRunner) -> None:
    desk = Desk(runner, OFFICE)
    desk.model.watch(True)
    desk.model._see_news()
    assert (desk.settle(), desk.model.may_file) == ([], False)


def test_the_one_in_hand_stands_behind_those_whom_the_numbers_name_and_only_once(runner: TaskRunner) -> None:
    model = (desk := Desk(runner)).model
    assert model.candidates("b") == ()
    desk.hand.take(HIS)
    assert model.candidates("a") == (Candidate(HERS, "iin"), Candidate(HIS, "hand", is_contradicted=True))
    assert model.candidates("b") == (Candidate(HIS, "hand"),)
    desk.hand.take(HERS)
    assert model.candidates("a") == (Candidate(HERS, "iin"),)


def test_filing_is_told_and_the_lists_are_read_anew(runner: TaskRunner) -> None:
    desk = Desk(runner)
    desk.model.file("a", Candidate(HERS, "iin"))
    assert desk.settle() == [("filed", HERS.full_name, "a"), ("counted", 1)]
    assert (desk.model.waiting, desk.model.handled) == (("b",), ("a",))


def test_what_the_room_doubts_is_asked_once_and_then_filed(runner: TaskRunner) -> None:
    desk = Desk(runner)
    desk.drawer.refusal = InvalidInputError(Text("It is not his."), "patient")
    desk.model.file("b", Candidate(HIS, "hand"))
    assert desk.settle() == [("questioned", Text("It is not his."))]
    desk.model.file("b", Candidate(HIS, "hand"), is_sure=True)
    assert desk.settle()[0] == ("filed", HIS.full_name, "b")
    assert desk.drawer.filed == [("b", HIS.id, True)]


@pytest.mark.parametrize("refusal", [StorageError(Text("The disk is full.")), InvalidInputError(Text("No."), "value")])
def test_any_other_refusal_is_said_and_the_list_is_read_anew_at_the_next_look(
    runner: TaskRunner, refusal: ClinicError
) -> None:
    desk = Desk(runner)
    desk.model.watch(True)
    desk.settle()
    desk.drawer.refusal = refusal
    desk.model.file("b", Candidate(HIS, "hand"))
    assert desk.settle() == [("refused", refusal.text)]
    desk.model._see_news()
    assert desk.settle() == [("counted", 2)]


def test_what_is_put_aside_comes_back(runner: TaskRunner) -> None:
    desk = Desk(runner)
    desk.model.set_aside("a")
    assert desk.settle() == [("put_aside", "a"), ("counted", 1)]
    desk.model.take_back("a")
    assert desk.settle() == [("taken_back",), ("counted", 2)]
