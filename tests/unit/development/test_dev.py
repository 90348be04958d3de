"""The one command: what it needs it finds or names, and it runs the right thing with the right Python."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import dev
from installer import changes

ROOT = Path(__file__).parents[3]


class _Commands:
    """Stands in for the shell and remembers what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.codes: dict[str, int] = {}

    def run(self, command: Sequence[object], **options: object) -> subprocess.CompletedProcess[str]:
        words = [str(word) for word in command]
        self.asked.append(words)
        code = next((code for word, code in self.codes.items() if word in words), 0)
        return subprocess.CompletedProcess(words, code, "", "")


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> _Commands:
    fake = _Commands()
    monkeypatch.setattr(dev.subprocess, "run", fake.run)
    return fake


@pytest.fixture
def which(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def there_are(*names: str) -> None:
        monkeypatch.setattr(dev.shutil, "which", lambda name: f"/usr/bin/{name}" if name in names else None)

    return there_are


def test_it_imports_nothing_but_the_standard_library() -> None:
    tree = ast.parse((ROOT / "dev.py").read_text(encoding="utf-8"))
    names = {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_root_installs_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, commands: _Commands, which: Callable[..., None]
) -> None:
    which("apt-get")
    monkeypatch.setattr(dev.os, "geteuid", lambda: 0, raising=False)
    dev.install_packages(["libegl1", "libgl1"])
    assert commands.asked[0][-2:] == ["-qq", "update"]
    assert commands.asked[1][-2:] == ["libegl1", "libgl1"]


def test_without_root_and_sudo_the_one_line_is_named(
    monkeypatch: pytest.MonkeyPatch, commands: _Commands, which: Callable[..., None]
) -> None:
    which("apt-get")
    monkeypatch.setattr(dev.os, "geteuid", lambda: 1000, raising=False)
    with pytest.raises(dev.CannotGoOnError, match=r"sudo apt-get update && sudo apt-get install --yes .*libegl1"):
        dev.install_packages(["libegl1"])
    assert commands.asked == []


def test_sudo_is_used_only_when_it_does_not_ask(
    monkeypatch: pytest.MonkeyPatch, commands: _Commands, which: Callable[..., None]
) -> None:
    which("apt-get", "sudo")
    monkeypatch.setattr(dev.os, "geteuid", lambda: 1000, raising=False)
    dev.install_packages(["libegl1"])
    assert commands.asked[0] == ["sudo", "-n", "true"]
    assert commands.asked[1][:2] == ["sudo", "-n"]
    commands.codes["true"] = 1
    with pytest.raises(dev.CannotGoOnError):
        dev.install_packages(["libegl1"])


def test_a_system_without_apt_is_told_the_names(which: Callable[..., None]) -> None:
    which()
    with pytest.raises(dev.CannotGoOnError, match="libegl1"):
        dev.install_packages(["libegl1"])


def test_nothing_missing_asks_nothing(commands: _Commands) -> None:
    dev.install_packages([])
    assert commands.asked == []


def test_libraries_of_a_display_are_wanted_only_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev, "_can_load", lambda library: False)
    monkeypatch.setattr(dev.sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert "libxcb-cursor0" not in dev._missing_debian_packages()
    monkeypatch.setenv("DISPLAY", ":0")
    assert {"libxcb-cursor0", "libegl1"} <= set(dev._missing_debian_packages())


def test_a_library_that_is_there_loads_and_one_that_is_not_does_not() -> None:
    assert not dev._can_load("libno-such-thing.so.77")


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, commands: _Commands) -> Path:
    """A checkout whose environment works, but was made from another lock."""
    monkeypatch.setattr(dev, "LOCK", tmp_path / "development.lock")
    monkeypatch.setattr(dev, "MARK", tmp_path / "mark")
    monkeypatch.setattr(dev, "_version_of", lambda python: sys.version_info[:2])
    (tmp_path / "development.lock").write_text("a==1", encoding="utf-8")
    return tmp_path


def test_a_changed_lock_is_installed_once(environment: Path, commands: _Commands) -> None:
    dev._make_environment()
    dev._make_environment()
    assert len(commands.asked) == 1
    assert "--require-hashes" in commands.asked[0]
    (environment / "development.lock").write_text("a==2", encoding="utf-8")
    dev._make_environment()
    assert len(commands.asked) == 2


def test_a_failed_installation_is_tried_again_next_time(environment: Path, commands: _Commands) -> None:
    commands.codes["install"] = 1
    with pytest.raises(dev.CannotGoOnError, match="package index"):
        dev._make_environment()
    commands.codes.clear()
    dev._make_environment()
    assert len(commands.asked) == 2


def test_without_a_display_the_demo_is_the_tour(
    monkeypatch: pytest.MonkeyPatch, commands: _Commands, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev, "has_display", lambda: False)
    assert dev.demo() == 0
    assert commands.asked[0][1:4] == ["-m", "tests.scenarios.tour", "--out"]
    assert f"pictures and PDFs: {dev.ROOT / 'tour-out'}" in capsys.readouterr().out


def test_a_tour_that_broke_is_not_sold_as_a_demo(
    monkeypatch: pytest.MonkeyPatch, commands: _Commands, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev, "has_display", lambda: False)
    commands.codes["tests.scenarios.tour"] = 3
    assert dev.demo() == 3
    assert "did not hold" in capsys.readouterr().out


def test_with_a_display_the_demo_opens_windows(monkeypatch: pytest.MonkeyPatch, commands: _Commands) -> None:
    monkeypatch.setattr(dev, "has_display", lambda: True)
    dev.demo()
    assert commands.asked == [[str(dev.PYTHON), "-m", "tests.scenarios.demo"]]


def test_check_runs_every_gate_and_fails_if_one_does(commands: _Commands, capsys: pytest.CaptureFixture[str]) -> None:
    commands.codes["mypy"] = 1
    assert dev.check() == 1
    assert len(commands.asked) == 7
    assert "types FAILED" in capsys.readouterr().out
    commands.codes.clear()
    assert dev.check() == 0


def test_arguments_after_test_reach_pytest(monkeypatch: pytest.MonkeyPatch, commands: _Commands) -> None:
    monkeypatch.setattr(dev, "prepare", lambda: None)
    assert dev.main(["test", "-k", "iin"]) == 0
    assert commands.asked[0][-2:] == ["-k", "iin"]
    assert "--ignore=tests/performance" in commands.asked[0]


def test_arguments_after_drill_reach_the_drill(monkeypatch: pytest.MonkeyPatch, commands: _Commands) -> None:
    monkeypatch.setattr(dev, "prepare", lambda: None)
    monkeypatch.setattr(dev, "_install_test_tools", lambda: None)
    assert dev.main(["drill", "crash", "--cycles", "7"]) == 0
    assert commands.asked[0][1:] == ["-m", "tests.drills", "crash", "--cycles", "7"]


def test_tools_of_the_drills_are_installed_where_they_can_be(
    monkeypatch: pytest.MonkeyPatch, commands: _Commands, which: Callable[..., None]
) -> None:
    which("apt-get")
    monkeypatch.setattr(dev.os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setattr(dev.sys, "platform", "linux")
    monkeypatch.setattr(dev, "TEST_TOOLS", {"strace": "no/such/program", "coreutils": "bin/ls"})
    dev._install_test_tools()
    assert [words[-1] for words in commands.asked] == ["update", "strace"]


def test_only_the_drill_of_the_installer_asks_for_its_gigabyte_of_tools(
    monkeypatch: pytest.MonkeyPatch, commands: _Commands, which: Callable[..., None]
) -> None:
    which("apt-get")
    monkeypatch.setattr(dev.os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setattr(dev.sys, "platform", "linux")
    monkeypatch.setattr(dev, "TEST_TOOLS", {})
    monkeypatch.setattr(dev, "WINDOWS_TOOLS", {"wine": "no/such/program"})
    dev.drill(["crash"])
    assert [words[-1] for words in commands.asked] == ["crash"]
    dev.drill(["installer", "--json", "a.json"])
    assert [words[-1] for words in commands.asked[1:]] == ["update", "wine", "a.json"]


@pytest.mark.parametrize(("code", "is_run"), [(0, True), (3, False), (1, True)])
def test_a_drill_that_waits_for_changes_rests_only_where_there_are_none(
    monkeypatch: pytest.MonkeyPatch, commands: _Commands, code: int, is_run: bool
) -> None:
    monkeypatch.setattr(dev, "_install_test_tools", lambda others=None: None)
    commands.codes["installer.changes"] = code
    assert dev.drill(["installer", "--when-changed", "--json", "a.json"]) == 0
    assert [words[2] for words in commands.asked] == ["installer.changes", *(["tests.drills"] if is_run else [])]
    assert all("--when-changed" not in words for words in commands.asked)


def test_the_drill_knows_the_word_for_nothing() -> None:
    assert dev.NOTHING_CHANGED == changes.NOTHING


@pytest.mark.parametrize("platform", ["linux", "win32"])
def test_what_cannot_be_installed_is_said_and_nothing_stops(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], which: Callable[..., None], platform: str
) -> None:
    which()
    monkeypatch.setattr(dev.sys, "platform", platform)
    monkeypatch.setattr(dev, "TEST_TOOLS", {"postgresql": "no/such/*/initdb"})
    dev._install_test_tools()
    assert "NOT TESTED HERE is what needs postgresql" in capsys.readouterr().out


@pytest.mark.parametrize(("code", "said"), [(0, "bill of materials: "), (1, "no bill of materials")])
def test_a_bill_of_materials_that_was_not_written_is_not_claimed(
    commands: _Commands, capsys: pytest.CaptureFixture[str], tmp_path: Path, code: int, said: str
) -> None:
    commands.codes["requirements"] = code
    assert dev.sbom(tmp_path / "sbom.json") == code
    assert said in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["check", "--fast"], ["fly"]])
def test_an_unknown_wish_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        dev.main(arguments)
    assert caught.value.code == 2


def test_what_a_person_has_to_do_is_said_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop() -> None:
        raise dev.CannotGoOnError("do this first")

    monkeypatch.setattr(dev, "prepare", stop)
    assert dev.main(["test"]) == 1
    assert capsys.readouterr().err == "dev.py: do this first\n"


def test_ci_calls_what_the_readme_names() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in ("check", "test", "tour"):
        assert f"python3 dev.py {command}" in script
        assert f"python3 dev.py {command}" in readme
