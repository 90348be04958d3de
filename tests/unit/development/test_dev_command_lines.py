"""What ``dev.py`` really types for each wish, and how it tells an environment that works from one that does not."""

from __future__ import annotations

import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

import dev


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, str]]]:
    """Every command line and its environment; nothing is run."""
    lines: list[tuple[list[str], dict[str, str]]] = []

    def run(command: list[str], **options: dict[str, str]) -> subprocess.CompletedProcess[str]:
        lines.append((list(command), options["env"]))
        assert options["cwd"] == dev.ROOT
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(dev.subprocess, "run", run)
    monkeypatch.setattr(dev, "prepare", lambda: None)
    return lines


WISHES = [
    (["tour", "--out", "pictures"], ["-m", "tests.scenarios.tour", "--out", str(Path("pictures").resolve())]),
    (["tour"], ["-m", "tests.scenarios.tour", "--out", str(dev.ROOT / "tour-out")]),
    (["bench", "save"], ["-m", "tests.performance.bench", "save"]),
    (
        ["bench", "sweep", "--json", "f.json"],
        ["-m", "tests.performance.bench", "sweep", "--json", str(Path("f.json").resolve())],
    ),
    (["test"], ["-m", "pytest", "-n", "2", "--dist", "worksteal", "--ignore=tests/performance"]),
]


@pytest.mark.parametrize(("wish", "words"), WISHES, ids=[" ".join(wish) for wish, _ in WISHES])
def test_a_wish_is_typed_with_the_environments_python_and_without_a_display(
    typed: list[tuple[list[str], dict[str, str]]], wish: list[str], words: list[str]
) -> None:
    assert dev.main(wish) == 0
    ((line, environment),) = typed
    assert line == [str(dev.PYTHON), *words]
    assert environment["QT_QPA_PLATFORM"] == "offscreen"


def test_tests_keep_compiled_modules_and_write_into_memory_where_there_is_enough(
    typed: list[tuple[list[str], dict[str, str]]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TMPDIR", "where it was")
    for folder in (tmp_path, None):
        monkeypatch.setattr(dev, "quick_folder", lambda folder=folder: nullcontext(folder))
        assert dev.main(["test", "-x"]) == 0
    assert [line[-1] for line, _ in typed] == ["-x", "-x"]
    assert [environment["PYTHONDONTWRITEBYTECODE"] for _, environment in typed] == ["", ""]
    assert [environment["TMPDIR"] for _, environment in typed] == [str(tmp_path), "where it was"]


def test_the_folder_in_memory_is_gone_afterwards_with_those_of_runs_that_were_killed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(dev.sys, "platform", "linux")
    monkeypatch.setattr(dev.shutil, "disk_usage", lambda _: SimpleNamespace(free=5 << 30))
    monkeypatch.setattr(dev, "_free_memory_bytes", lambda: 7 << 30)
    (tmp_path / "dala-tests-999999999" / "left").mkdir(parents=True)
    (tmp_path / "of-somebody-else").mkdir()
    with dev.quick_folder(tmp_path) as folder:
        assert folder is not None
        (folder / "file").write_bytes(b"x")
        assert sorted(each.name for each in tmp_path.iterdir()) == [folder.name, "of-somebody-else"]
        with dev.quick_folder(tmp_path):
            assert folder.exists()
    assert [each.name for each in tmp_path.iterdir()] == ["of-somebody-else"]


@pytest.mark.parametrize(
    ("platform", "room", "memory"),
    [("linux", 3 << 30, 7 << 30), ("linux", 5 << 30, 5 << 30), ("win32", 5 << 30, 7 << 30)],
)
def test_where_there_is_not_enough_memory_the_disk_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, platform: str, room: int, memory: int
) -> None:
    monkeypatch.setattr(dev.sys, "platform", platform)
    monkeypatch.setattr(dev.shutil, "disk_usage", lambda _: SimpleNamespace(free=room))
    monkeypatch.setattr(dev, "_free_memory_bytes", lambda: memory)
    with dev.quick_folder(tmp_path) as folder:
        assert folder is None
    assert list(tmp_path.iterdir()) == []


def test_a_system_without_such_a_folder_uses_the_disk(tmp_path: Path) -> None:
    with dev.quick_folder(tmp_path / "nothing") as folder:
        assert folder is None


def test_free_memory_is_what_the_kernel_says() -> None:
    if sys.platform == "linux":
        assert 1 << 20 < dev._free_memory_bytes() < 1 << 50
    else:
        with pytest.raises(OSError, match="meminfo"):
            dev._free_memory_bytes()


@pytest.mark.parametrize(
    ("platform", "names", "is_there"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ""}, False),
        ("linux", {"DISPLAY": ":1"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("win32", {}, True),
        ("darwin", {}, True),
    ],
)
def test_a_display_is_known_by_its_system(
    monkeypatch: pytest.MonkeyPatch, platform: str, names: dict[str, str], is_there: bool
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(dev.sys, "platform", platform)
    assert dev.has_display() is is_there


def test_a_python_that_runs_tells_its_version_and_one_that_is_not_there_none(tmp_path: Path) -> None:
    assert dev._version_of(Path(sys.executable)) == sys.version_info[:2]
    assert dev._version_of(tmp_path / "python") is None
    assert not dev._works(tmp_path / "python")


@pytest.mark.parametrize("error", [OSError("no"), subprocess.CalledProcessError(1, "python")])
def test_a_python_that_breaks_has_no_version(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def run(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(dev.subprocess, "run", run)
    assert dev._version_of(Path("python")) is None


def test_an_old_python_is_told_before_anything_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev.sys, "version_info", (3, 9, 2))
    monkeypatch.setattr(dev, "_make_environment", lambda: pytest.fail("it went on"))
    with pytest.raises(dev.CannotGoOnError, match=r"Python 3\.11"):
        dev.prepare()


def test_an_interrupted_run_ends_like_one_in_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(dev, "prepare", interrupt)
    assert dev.main(["check"]) == 130


def test_lock_files_need_uv(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(dev.shutil, "which", lambda _: None)
    assert dev.main(["lock"]) == 1
    assert "needs uv" in capsys.readouterr().err
