"""The power goes at any moment of an update, or somebody plants a note: the way back is never lost."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from clinic_app.updates import installing, plain_files, system_folder
from clinic_app.updates.installing import MOST_RETURNS, Installing
from clinic_app.updates.starts import note_begun, note_well, starts_of
from clinic_app.updates.system_folder import LOG, State, read_state, write_state

NEW, FORMER = "1.2.0", "1.1.0"
SETUP, FORMER_SETUP = b"Setup of 1.2.0", b"Setup of 1.1.0"
MOST_STEPS = 60
ROOM = 1 << 40


class PowerCut(BaseException):
    """The computer stands without power; nothing of the program hears of it."""


class Clinic:
    """A computer whose Setups do what they should, and whose new version is as well as a test wishes."""

    def __init__(self, folder: Path, *, is_well: bool) -> None:
        self.program, self.data = folder / "Dala", folder / "data"
        self.data.mkdir(parents=True)
        (self.data / "clinic.db").write_bytes(b"patients")
        self.installed, self.is_well, self.comes_back = FORMER, is_well, True
        self.setups = 0
        self.room = ROOM
        self.setup_code, self.installs_all_the_same = 0, False
        self.told: list[tuple[str, bool]] = []

    def is_in_use(self) -> bool:
        return False

    def run(self, words: Sequence[str], longest_s: float) -> int:
        if "--selftest" in words:
            return 0 if self.is_well or self.installed == FORMER else 1
        self.setups += 1
        body = Path(words[0]).read_bytes()
        assert body in {SETUP, FORMER_SETUP}
        if self.setup_code and body == SETUP:
            self.installed = NEW if self.installs_all_the_same else self.installed
            return self.setup_code
        if body == SETUP or self.comes_back:
            self.installed = NEW if body == SETUP else FORMER
        return 0

    def version(self) -> str:
        return self.installed

    def rest(self, seconds: float) -> None:
        raise AssertionError("nobody works here")

    def now(self) -> datetime:
        return datetime(2026, 11, 22, 3, tzinfo=UTC)

    def free_bytes(self, folder: Path) -> int:
        return self.room

    def tell(self, words: str, *, is_grave: bool) -> None:
        self.told.append((words, is_grave))


def staged(system: Path) -> Path:
    name = f"Dala-{NEW}-x64.exe"
    for folder, each, body in (("staged", name, SETUP), ("installed", f"Dala-{FORMER}-x64.exe", FORMER_SETUP)):
        (system / folder).mkdir(parents=True)
        (system / folder / each).write_bytes(body)
    write_state(system, State("staged", NEW, "setup", name, hashlib.sha256(SETUP).hexdigest(), FORMER))
    return system


class Fuse:
    """Blows before the step with a number: a step is whatever changes the folder, the computer or the state."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = MOST_STEPS
        for place, name in (
            (os, "replace"), (os, "mkdir"), (installing, "remove_own"), (installing, "write_state"),
            (shutil, "copyfileobj"), (Clinic, "run"),
        ):  # fmt: skip
            monkeypatch.setattr(place, name, self._counted(getattr(place, name)))

    def _counted(self, step: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*words: Any, **named: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                raise PowerCut
            return step(*words, **named)

        return counted


def go(system: Path, clinic: Clinic) -> int:
    return Installing(system, clinic).run()


def go_until_the_power_goes(system: Path, clinic: Clinic, fuse: Fuse, step: int) -> bool:
    fuse.left = step
    try:
        go(system, clinic)
    except PowerCut:
        return True
    finally:
        fuse.left = MOST_STEPS * 1000
    return False


def kept(system: Path, folder: str) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in (system / folder).iterdir()}


@pytest.mark.parametrize("is_well", [True, False])
def test_a_power_cut_before_any_step_costs_neither_the_update_nor_the_way_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_well: bool
) -> None:
    fuse, cuts = Fuse(monkeypatch), 0
    for step in range(1, MOST_STEPS):
        folder = tmp_path / str(step)
        clinic, system = Clinic(folder, is_well=is_well), staged(folder / "system")
        if not go_until_the_power_goes(system, clinic, fuse, step):
            break
        cuts += 1
        for _night in range(3):
            assert go(system, clinic) in {0, 1}, (step, (system / LOG).read_text("utf-8"))
        if is_well:
            assert (clinic.installed, read_state(system).phase) == (NEW, "trial"), step
            assert kept(system, "former") == {f"Dala-{FORMER}-x64.exe": FORMER_SETUP}, step
            assert kept(system, "installed") == {f"Dala-{NEW}-x64.exe": SETUP}, step
        else:
            assert (clinic.installed, read_state(system).phase) == (FORMER, "idle"), step
            assert read_state(system).refused == (NEW,), step
            assert kept(system, "installed") == {f"Dala-{FORMER}-x64.exe": FORMER_SETUP}, step
    assert cuts > 8


def test_after_a_cut_in_the_trial_the_former_version_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fuse, cuts = Fuse(monkeypatch), 0
    for step in range(1, MOST_STEPS):
        folder = tmp_path / str(step)
        clinic, system = Clinic(folder, is_well=True), staged(folder / "system")
        assert go(system, clinic) == 0
        for _ in range(3):
            note_begun(clinic.data, NEW)
        if not go_until_the_power_goes(system, clinic, fuse, step):
            break
        cuts += 1
        for _night in range(2):
            assert go(system, clinic) in {0, 1}, step
        assert (clinic.installed, read_state(system).phase, read_state(system).refused) == (FORMER, "idle", (NEW,)), (
            step
        )
        assert kept(system, "installed") == {f"Dala-{FORMER}-x64.exe": FORMER_SETUP}, step
    assert cuts > 5


def test_a_former_version_that_does_not_come_back_is_not_tried_for_ever(tmp_path: Path) -> None:
    clinic, system = Clinic(tmp_path, is_well=False), staged(tmp_path / "system")
    clinic.comes_back = False
    codes = [go(system, clinic) for _night in range(MOST_RETURNS + 5)]
    assert codes[: MOST_RETURNS - 1] == [3] * (MOST_RETURNS - 1)
    assert codes[MOST_RETURNS - 1] == 1
    assert codes[MOST_RETURNS:] == [0] * 5
    assert clinic.setups == 1 + MOST_RETURNS
    state = read_state(system)
    assert (state.phase, state.refused) == ("idle", (NEW,))
    assert "by hand" in state.said
    assert clinic.told[-1][1]
    assert kept(system, "installed") == {f"Dala-{FORMER}-x64.exe": FORMER_SETUP}


@pytest.mark.parametrize("code", installing.IS_BUSY)
def test_a_version_that_was_often_in_the_way_of_somebody_is_no_version_that_failed(tmp_path: Path, code: int) -> None:
    clinic, system = Clinic(tmp_path, is_well=True), staged(tmp_path / "system")
    clinic.setup_code = code
    assert [go(system, clinic) for _night in range(installing.MOST_TRIES + 2)] == [3] * (installing.MOST_TRIES + 2)
    assert (read_state(system).phase, read_state(system).tries) == ("staged", 0)
    clinic.setup_code = 0
    assert (go(system, clinic), clinic.installed) == (0, NEW)


def test_a_hub_that_does_not_stop_one_night_refuses_no_version(tmp_path: Path) -> None:
    clinic, system = Clinic(tmp_path, is_well=True), staged(tmp_path / "system")
    clinic.setup_code = installing.HUB_STAYS
    assert [go(system, clinic), go(system, clinic)] == [3, 3]
    assert (read_state(system).phase, read_state(system).refused, len(clinic.told)) == ("staged", (), 2)
    clinic.setup_code = 0
    assert (go(system, clinic), clinic.installed) == (0, NEW)


def test_a_hub_that_never_stops_is_not_asked_for_ever(tmp_path: Path) -> None:
    clinic, system = Clinic(tmp_path, is_well=True), staged(tmp_path / "system")
    clinic.setup_code = installing.HUB_STAYS
    assert [go(system, clinic) for _night in range(installing.MOST_TRIES)] == [3, 3, 1]
    assert (read_state(system).phase, read_state(system).refused) == ("idle", (NEW,))


def test_a_hub_that_does_not_start_with_the_new_version_is_told(tmp_path: Path) -> None:
    clinic, system = Clinic(tmp_path, is_well=True), staged(tmp_path / "system")
    clinic.setup_code, clinic.installs_all_the_same = installing.HUB_STAYS, True
    assert (go(system, clinic), clinic.installed, read_state(system).phase) == (0, NEW, "trial")
    assert clinic.told == [(NEW, False), (f"version {NEW} is there, but its Setup ended with 17", True)]


def test_a_disk_that_is_nearly_full_waits_for_room_and_refuses_nothing(tmp_path: Path) -> None:
    clinic, system = Clinic(tmp_path, is_well=True), staged(tmp_path / "system")
    clinic.room = installing.ROOM_BYTES
    assert go(system, clinic) == 3
    assert (clinic.setups, read_state(system).phase, read_state(system).refused) == (0, "staged", ())
    assert not (system / "before").exists()
    assert "too little room" in (system / LOG).read_text("utf-8")
    clinic.room = ROOM
    assert (go(system, clinic), clinic.installed) == (0, NEW)


@pytest.mark.parametrize(
    "planted",
    [
        b'{"version": "1.2.0", "begun": 1e999, "well": 0}',
        b'{"version": "1.2.0", "begun": 0, "well": -1e999}',
        b'{"version": "1.2.0", "begun": NaN, "well": 0}',
        b'{"version": "1.2.0", "begun": [1], "well": 0}',
        b'{"version": "1.2.0", "begun": "' + b"9" * 4000 + b'", "well": "x"}',
        b'{"version": "1.2.0", "begun": 99999999999999999999999999, "well": -5}',
        b"[" * 4000,
        b'{"version": ["1.2.0"]}',
        b"\xff\xfe\x00",
        b"null",
    ],
)
def test_planted_notes_of_starts_neither_stop_the_program_nor_hold_the_task(tmp_path: Path, planted: bytes) -> None:
    clinic, system = Clinic(tmp_path, is_well=True), staged(tmp_path / "system")
    assert go(system, clinic) == 0
    (clinic.data / "updates").mkdir(exist_ok=True)
    (clinic.data / "updates" / "starts.json").write_bytes(planted)
    assert go(system, clinic) in {0, 1}
    note_begun(clinic.data, NEW)
    note_well(clinic.data, NEW)
    begun, well = starts_of(clinic.data, NEW)
    assert 0 < begun < 1 << 31
    assert 0 < well < 1 << 31


def test_a_planted_folder_in_place_of_the_notes_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "updates" / "starts.json" / "in it").mkdir(parents=True)
    note_begun(tmp_path, NEW)
    assert starts_of(tmp_path, NEW) == (0, 0)


def test_what_was_copied_of_the_data_is_for_administrators_only(tmp_path: Path) -> None:
    source = tmp_path / "data"
    source.mkdir()
    (source / "clinic.db").write_bytes(b"patients")
    assert plain_files.copy_plain_files(source, tmp_path / "before") == 8
    assert (tmp_path / "before").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("state", [b"", b"{", b'{"phase": "trial", "tries": "many"}', b'{"phase": 1e999}', b"[" * 9999])
def test_a_state_that_a_power_cut_has_eaten_is_the_beginning(tmp_path: Path, state: bytes) -> None:
    (tmp_path / "state.json").write_bytes(state)
    assert read_state(tmp_path) == State()
    system_folder.write_state(tmp_path, State(refused=(NEW,)))
    assert json.loads((tmp_path / "state.json").read_bytes())["refused"] == [NEW]
