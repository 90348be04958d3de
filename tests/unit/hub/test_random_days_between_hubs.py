"""Random days on three tiers: whatever anybody wrote stands at the end, or somebody was asked about it."""

from __future__ import annotations

import random
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from clinic_app.foundation.errors import LinkError
from clinic_app.records import Patient
from tests.helpers.tiers import Desk, Tiers, tiers

ACTIONS = ("write",) * 4 + ("exchange",) * 4 + ("hubs",) * 3 + ("cut", "lose", "mend", "mend", "answer")


@dataclass
class Days:
    """What people at three desks do, and a ledger of it that is kept apart from the program."""

    hubs: Tiers
    desks: tuple[Desk, ...]
    chance: random.Random
    made_from: dict[str, str | None] = field(default_factory=dict)
    """Each name that somebody wrote, and the one he saw before."""
    of_patient: dict[str, set[str]] = field(default_factory=dict)
    asked_about: set[str] = field(default_factory=set)
    """Names that lost in a question which somebody answered."""

    def step(self, number: int) -> None:
        """Let one thing happen."""
        action, desk = self.chance.choice(ACTIONS), self.chance.choice(self.desks)
        patient_id, line = f"p{self.chance.randrange(3)}", self.hubs.line
        with suppress(LinkError):
            if action == "write":
                name = f"{number}"
                self.made_from[name] = desk.name(patient_id)
                desk.write(name, patient_id)
                self.of_patient.setdefault(patient_id, set()).add(name)
            elif action == "exchange":
                desk.exchange()
            elif action == "hubs":
                self.hubs.exchange()
            elif action == "answer":
                self.answer(desk)
            else:
                line.is_cut, line.loses_answers = action == "cut", action == "lose"
        self.hubs.clock.advance(seconds=1)

    def answer(self, desk: Desk) -> None:
        """Answer every question at one desk, by chance."""
        for question in desk.store.records.conflicts():
            mine = desk.store.records.get(Patient, question.mine.id)
            assert isinstance(question.theirs, Patient)
            chosen = self.chance.choice((mine, question.theirs))
            desk.store.records.settle(question, chosen, made_from=mine.version_id)
            lost = question.theirs if chosen is mine else mine
            self.asked_about.add(lost.name[0].family or "")

    def calm_down(self) -> None:
        """Mend the line, and let everybody exchange and answer until nothing is open."""
        self.hubs.line.is_cut = self.hubs.line.loses_answers = False
        for _ in range(8):
            for desk in self.desks:
                desk.exchange()
            self.hubs.clock.advance(seconds=1)
            self.hubs.exchange()
            for desk in self.desks:
                self.answer(desk)

    def before(self, name: str | None) -> set[str]:
        """Return a name and all that were seen on the way to it."""
        seen: set[str] = set()
        while name is not None and name not in seen:
            seen.add(name)
            name = self.made_from.get(name)
        return seen


@pytest.mark.parametrize("seed", [12])
def test_nothing_is_overwritten_without_a_question(tmp_path: Path, seed: int) -> None:
    with ExitStack() as stack:
        hubs = stack.enter_context(tiers(tmp_path))
        desks = (hubs.desk("desk"), hubs.desk("ward"), hubs.desk("branch", "central"))
        days = Days(hubs, desks, random.Random(seed))
        for number in range(70):
            days.step(number)
        days.calm_down()
        for patient_id, written in days.of_patient.items():
            names = {desk.name(patient_id) for desk in desks}
            assert len(names) == 1, f"{patient_id} is not the same everywhere: {names}"
            accounted = days.before(names.pop()).union(*(days.before(each) for each in days.asked_about))
            assert written <= accounted, f"overwritten without a question: {written - accounted}"
        for desk in desks:
            assert desk.store.outbox.count() == 0
            assert desk.store.outbox.set_aside() == ()
            assert desk.store.records.conflicts() == ()
        waiting = hubs.upstream.state().waiting
        assert (waiting.records, waiting.not_taken) == (0, 0)
