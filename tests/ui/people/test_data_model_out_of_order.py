"""The model of keys and backups when answers come late, fail, or are asked for twice."""

from __future__ import annotations

import pytest

from clinic_app.foundation.errors import DiskFullError, InvalidInputError, KeyLockedError, StorageError
from clinic_app.foundation.texts import Text
from tests.helpers.fake_safekeeping import FULL, RECIPIENT, SECOND_CODE
from tests.helpers.fake_workstation import PASSWORD, staffed
from tests.helpers.late_runner import LateRunner
from ui.people.view_model_data import DataState, DataViewModel


class Desktop:
    """A model, the background it asks, and everything it says."""

    def __init__(self, role: str = "administrator") -> None:
        self.station = staffed()
        self.runner = LateRunner()
        session = self.station.people.sign_in(role, PASSWORD)
        self.model = DataViewModel(self.station, self.runner.as_runner, session)  # type: ignore[arg-type]
        self.heard: list[tuple[str, object]] = []
        for name in ("code_made", "told", "failed", "refused", "busy_changed"):
            getattr(self.model, name).connect(lambda said, name=name: self.heard.append((name, said)))

    def said(self, name: str) -> list[object]:
        return [what for signal, what in self.heard if signal == name]


def test_before_it_has_looked_it_says_nothing() -> None:
    assert Desktop().model.state == DataState()


def test_a_look_reads_ways_backups_and_room() -> None:
    desktop = Desktop()
    desktop.model.look()
    desktop.runner.answer_all()
    state = desktop.model.state
    assert state.ways == {"keyring", "user", "recovery"}
    assert len(state.backups) == 3
    assert (state.room, state.room_words) == ("ok", None)


def test_what_was_done_is_looked_at_afterwards() -> None:
    desktop = Desktop()
    desktop.model.leave_key(RECIPIENT)
    desktop.runner.answer_all()
    assert desktop.model.state.escrow == RECIPIENT
    assert "escrow" in desktop.model.state.ways


def test_a_wait_is_named_and_ends() -> None:
    desktop = Desktop()
    desktop.model.new_code()
    assert isinstance(desktop.said("busy_changed")[-1], Text)
    desktop.runner.answer_all()
    assert desktop.said("busy_changed")[-1] is None
    assert desktop.said("code_made") == [SECOND_CODE]


@pytest.mark.parametrize("error", [StorageError(FULL), DiskFullError(FULL), KeyLockedError(FULL)])
def test_what_went_wrong_is_said_and_the_next_wish_is_heard(error: StorageError) -> None:
    desktop = Desktop()
    desktop.model.back_up_now()
    desktop.runner.refuse(error)
    assert desktop.said("failed") == [FULL]
    desktop.runner.answer_all()
    desktop.model.back_up_now()
    desktop.runner.answer_all()
    assert len(desktop.model.state.backups) == 4


def test_a_wrong_key_is_said_at_the_field_and_not_above_the_page() -> None:
    desktop = Desktop()
    desktop.model.leave_key("age1")
    desktop.runner.refuse(InvalidInputError(FULL))
    assert desktop.said("refused") == [FULL]
    assert desktop.said("failed") == []


def test_an_empty_key_asks_nobody() -> None:
    desktop = Desktop()
    desktop.model.leave_key("   ")
    assert desktop.runner.waiting == []
    assert len(desktop.said("refused")) == 1


def test_somebody_without_the_right_is_refused_in_words() -> None:
    desktop = Desktop("nurse")
    desktop.model.look()
    desktop.model.new_code()
    desktop.runner.answer_all()
    assert desktop.said("code_made") == []
    assert len(desktop.said("failed")) >= 2
    assert desktop.station.keys.codes == []


def test_the_state_that_came_last_counts() -> None:
    desktop = Desktop()
    desktop.model.look()
    desktop.station.safekeeping.room.state = "low"
    desktop.model.look()
    desktop.runner.answer_all()
    assert desktop.model.state.room == "low"
    assert desktop.model.state.room_words is not None
