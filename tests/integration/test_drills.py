"""Short versions of the drills, and that each of them finds out a store that breaks its promise."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.drills import __main__ as drills
from tests.drills import crash, diskfull, powercut
from tests.drills.comparing import Found
from tests.drills.crash import Tally, kill_writers
from tests.drills.diskfull import Points
from tests.drills.small_disk import best_way

pytestmark = pytest.mark.timeout(400)
"""Processes of their own on a computer that may be busy: an end to it, not a measurement."""


def test_what_was_said_to_be_saved_is_there_after_25_kills() -> None:
    tally = kill_writers(25, seed=1)
    assert tally.found == Found()
    assert tally.cycles == 25
    assert tally.acked > 100


def test_a_store_that_says_saved_before_commit_is_found_out_by_a_kill() -> None:
    assert kill_writers(6, seed=2, mutant="says-before-commit").found.lost


def test_a_store_that_writes_a_content_after_its_record_is_found_out_by_a_kill() -> None:
    assert kill_writers(6, seed=3, mutant="blob-after-the-row").found.orphans


def test_a_mutant_that_survives_fails_the_kill_drill(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    survivors = {"says-before-commit"}
    monkeypatch.setattr(
        crash,
        "kill_writers",
        lambda cycles, seed, mutant="": Tally(
            cycles, 9, Found(lost=["x"] if mutant and mutant not in survivors else [])
        ),
    )
    assert drills.main(["crash", "--cycles", "2"]) == 1
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert figures["mutants_caught"] == ["blob-after-the-row"]
    survivors.clear()
    assert drills.main(["crash", "--cycles", "2"]) == 0


@pytest.mark.parametrize("found", [Found(lost=["x"]), Found(orphans=["x"]), Found(damage=["x"]), Found(refusals=["x"])])
def test_anything_amiss_or_nothing_said_fails_the_kill_drill(monkeypatch: pytest.MonkeyPatch, found: Found) -> None:
    broken = Found(lost=["m"])
    for acked, whole in ((9, found), (0, Found())):
        tally = Tally(2, acked, whole)
        monkeypatch.setattr(
            crash, "kill_writers", lambda c, s, mutant="", tally=tally: Tally(2, 9, broken) if mutant else tally
        )
        assert crash.run(["--cycles", "2"])[1] is False


def test_300_power_cuts_lose_nothing_and_every_missing_flush_is_found_out() -> None:
    figures, has_held = powercut.run(["--images", "300", "--steps", "120", "--seed", "1"])
    assert figures["examples"] == []
    assert figures["mutants_caught"] == list(powercut.MUTANTS)
    assert figures["stories"] == ["busy-day", "restoration", "change-of-the-key", "upgrade"]
    assert (figures["images"], figures["lost"], figures["corrupt"], figures["open_failures"]) == (300, 0, 0, 0)
    assert has_held


def test_a_sound_store_is_not_accused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So whatever is found out of a mutant comes from what the mutant leaves out."""
    monkeypatch.setattr(powercut, "_MUTANT_IMAGES", 50)
    assert powercut.betrayal(tmp_path, 1, "") == ("", "")


def test_where_nothing_can_be_recorded_the_power_drill_says_so_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: object) -> None:
        raise powercut.CannotRecordError("strace may not watch processes here")

    monkeypatch.setattr(powercut, "record", refused)
    assert drills.main(["powercut", "--images", "5"]) == 1
    told = capsys.readouterr()
    assert "NOTHING WAS TESTED: strace may not watch processes here" in told.err
    assert json.loads(told.out.splitlines()[-1]) == {
        "drill": "powercut",
        "ok": False,
        "images": 0,
        "reason": "strace may not watch processes here",
    }


def test_an_overlooked_write_ends_the_power_drill(tmp_path: Path) -> None:
    film = powercut.shoot(tmp_path / "whole", "busy-day", 6, 1)
    writes = [place for place, event in enumerate(film.events) if event.kind == "write"]
    without = film.events[: writes[-1]] + film.events[writes[-1] + 1 :]
    powercut._check_recording(film.folder, film.events)
    with pytest.raises(powercut.CannotRecordError, match="is not what lies there"):
        powercut._check_recording(film.folder, without)


def test_a_disk_that_runs_full_costs_nothing_that_was_said_and_is_noticed_in_both_directions() -> None:
    figures, has_held = diskfull.run(["--points", "6", "--seed", "1"])
    assert figures["examples"] == []
    assert figures["acknowledged"] == figures["present"]
    assert figures["mutants_caught"] == list(diskfull.mutants_of(best_way()))
    assert has_held


def test_where_nothing_can_be_mounted_a_limit_on_files_plays_the_full_disk() -> None:
    points = diskfull.fill_disks(3, 1, "file size limit")
    assert points.amiss == []
    assert diskfull.has_held(points, 3)
    assert diskfull.fill_disks(4, 1, "file size limit", "says-saved-anyway").amiss


def good_points() -> Points:
    return Points(points=3, saved=9, present=9, refused=5, read_only=3, readings=4, recovered=3)


def test_good_points_hold() -> None:
    assert diskfull.has_held(good_points(), 3)
    assert not diskfull.has_held(good_points(), 4)


@pytest.mark.parametrize(
    "flaw",
    [
        {"present": 8},
        {"present": 10},
        {"saved": 0, "present": 0},
        {"refused": 0},
        {"read_only": 2},
        {"readings": 0},
        {"recovered": 2},
        {"amiss": ["x"]},
    ],
)
def test_any_flaw_fails_the_full_disk_drill(flaw: dict[str, object]) -> None:
    assert not diskfull.has_held(replace(good_points(), **flaw), 3)  # type: ignore[arg-type]


def test_a_system_without_any_full_disk_is_told_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(diskfull, "best_way", lambda: "none")
    assert drills.main(["diskfull"]) == 1
    assert "NOTHING WAS TESTED" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("said", "has_held"), [('{"ok": true, "points": 2}', True), ('{"ok": false}', False), ("", False)]
)
def test_a_drill_inside_a_name_space_is_believed_by_its_last_line(
    monkeypatch: pytest.MonkeyPatch, said: str, has_held: bool
) -> None:
    monkeypatch.setattr(diskfull, "best_way", lambda: "namespace")
    done = subprocess.CompletedProcess([], 0, f"words\n{said}\n" if said else "")
    monkeypatch.setattr(diskfull.subprocess, "run", lambda *_, **__: done)
    assert diskfull.run(["--points", "2"])[1] is has_held


@pytest.mark.parametrize("words", [[], ["flood"]])
def test_a_drill_nobody_has_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert drills.main(words) == 2
    assert "crash, powercut" in capsys.readouterr().err
