"""Every mutant of the installers still bites, and is noticed by the step that is there for it and by no luck."""

from __future__ import annotations

from pathlib import Path

import pytest

from installer import setup_program, windows_package
from installer.versions import Version
from tests.drills import installer_mutants, installer_package, installer_setup
from tests.drills.installer_mutants import MUTANTS, EnoughError, Mutant, Short, is_noticed
from tests.drills.installer_prefix import Prefix
from tests.drills.installer_trial import Trial


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    for name in ("program/main.pyc", "Lib/a.pyc", "licences/a.txt", "python313.dll", "Dala.exe"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


@pytest.fixture
def trial(tmp_path: Path) -> Short:
    return Short(tmp_path, Prefix(tmp_path / "prefix"))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_what_a_mutant_changes_is_there(mutant: Mutant, app: Path, tmp_path: Path) -> None:
    words = {
        "script": setup_program.SCRIPT.read_text(encoding="utf-8"),
        "removal": setup_program.removal_of(app),
        "package": windows_package.description_of(app, Version(1, 0, 0), tmp_path / "work" / "dala.ico"),
    }[mutant.place]
    assert mutant.spoil(words) != words


def test_a_mutant_that_bites_no_longer_says_so() -> None:
    with pytest.raises(ValueError, match="bites no longer"):
        Mutant("a", "b", "script", "no such line", "").spoil("words")


def test_every_step_that_a_mutant_is_for_is_taken(monkeypatch: pytest.MonkeyPatch, trial: Short) -> None:
    taken: list[str] = []
    monkeypatch.setattr(Trial, "step", lambda _self, name, _do, _wanted=True: taken.append(name) or True)
    monkeypatch.setattr(installer_setup, "leftovers", lambda _before, _drive: [])
    monkeypatch.setattr(Prefix, "restart", lambda _self: None)
    monkeypatch.setattr(installer_setup, "lay_links", lambda _trial, _names=(): None)
    installer_setup.install(trial)
    installer_setup.refuse_while_running(trial)
    installer_setup.update(trial)
    installer_setup.remove(trial, set())
    installer_package.go_through(trial)
    installer_setup.purge(trial)
    assert {mutant.step for mutant in MUTANTS} <= {*taken}
    assert "package's self-test" not in taken, "there is no program in the stand-in"


def test_a_short_trial_ends_with_its_step(trial: Short) -> None:
    trial.until = "second"
    trial.step("first", lambda: False)
    trial.step("an older one is refused", lambda: pytest.fail("it changes nothing"))
    with pytest.raises(EnoughError):
        trial.step("second", lambda: True)
    assert [step["ok"] for step in trial.steps.values()] == [False, True]


@pytest.mark.parametrize(("held", "noticed"), [(False, True), (True, False)])
def test_a_mutant_is_noticed_only_by_its_own_step(
    monkeypatch: pytest.MonkeyPatch, trial: Short, app: Path, held: bool, noticed: bool
) -> None:
    trial.until = MUTANTS[0].step

    def live(short: Short, _app: Path, _mutant: Mutant) -> None:
        short.step("another", lambda: False)
        short.step(MUTANTS[0].step, lambda: held)

    monkeypatch.setattr(installer_mutants, "_live", live)
    assert is_noticed(MUTANTS[0], trial, app) is noticed


def test_a_mutant_that_ends_before_its_step_is_missed(monkeypatch: pytest.MonkeyPatch, trial: Short, app: Path) -> None:
    monkeypatch.setattr(installer_mutants, "_live", lambda *_: None)
    assert not is_noticed(MUTANTS[0], trial, app)


@pytest.mark.parametrize("place", ["script", "removal", "package"])
def test_only_the_place_of_a_mutant_is_spoilt_and_only_meanwhile(place: str, app: Path, tmp_path: Path) -> None:
    mutant = next(each for each in MUTANTS if each.place == place)
    real = (setup_program.SCRIPT, setup_program.removal_of(app), windows_package.description_of)
    with installer_mutants._spoilt(mutant, tmp_path):
        script = setup_program.SCRIPT.read_text(encoding="utf-8")
        changed = {
            "script": script != real[0].read_text(encoding="utf-8"),
            "removal": setup_program.removal_of(app) != real[1],
            "package": windows_package.description_of(app, Version(1, 0, 0), app.parent / "a.ico")
            != real[2](app, Version(1, 0, 0), app.parent / "a.ico"),
        }
        assert setup_program.SCRIPT.with_name("sentences.nsh").is_file()
    assert [name for name, is_so in changed.items() if is_so] == [place]
    assert (setup_program.SCRIPT, windows_package.description_of) == (real[0], real[2])


def test_windows_is_what_it_was_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = Prefix(tmp_path)
    monkeypatch.setattr(Prefix, "close", lambda _self: None)
    for name in ("Program Files/Dala/a", "ProgramData/Dala/b", "users/x/Start Menu/Dala.lnk", "windows/notepad.exe"):
        (prefix.drive / name).parent.mkdir(parents=True, exist_ok=True)
        (prefix.drive / name).write_bytes(b"x")
    (tmp_path / "system.reg").write_text("installed", encoding="ascii")
    installer_mutants._as_before(prefix, {"system.reg": b"fresh"})
    assert [path.name for path in prefix.drive.rglob("*") if path.is_file()] == ["notepad.exe"]
    assert (tmp_path / "system.reg").read_bytes() == b"fresh"
