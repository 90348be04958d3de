"""What lies ready where everybody writes is verified from a copy that only administrators can change."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import main as program
from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.updates import installed_windows, registry_windows, take_command, task
from clinic_app.updates.installed import ROOT, Installed, installed_here, root_in
from clinic_app.updates.shelf import Shelf, shelf_of
from clinic_app.updates.sources import opened_source
from clinic_app.updates.system_folder import LOG, State, read_state, write_state
from clinic_app.updates.task import copy_runner, install_update, stage
from tests.helpers.releases import Maker

CODE = Path(task.__file__).parents[1]


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    (tmp_path / "maker").mkdir()
    made = Maker(tmp_path / "maker")
    made.publish("1.2.0")
    return made


@pytest.fixture
def installed(tmp_path: Path, maker: Maker) -> Installed:
    folder = tmp_path / "Programs" / "Dala"
    for name in ("Dala.exe", "Dala-console.exe", "python313.dll", "python313.zip", "python313._pth", "files.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    shutil.copytree(CODE / "updates", folder / "program" / "clinic_app" / "updates")
    for name in ("__init__.py", "foundation/__init__.py", "foundation/clock.py"):
        (folder / "program" / "clinic_app" / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(CODE / name, folder / "program" / "clinic_app" / name)
    return Installed(folder, "setup", maker.root, tmp_path / "Programs" / "Dala Updates")


@pytest.fixture
def data(tmp_path: Path, maker: Maker, installed: Installed) -> Path:
    folder = tmp_path / "data"
    with opened_source(maker.place) as source:
        Shelf(folder, installed, "1.0.0").take(source)
    return folder


def test_what_lies_ready_is_staged_where_only_administrators_write(installed: Installed, data: Path) -> None:
    release = stage(installed, data, "1.0.0")
    assert release is not None
    state = read_state(installed.system)
    assert (state.phase, state.version, state.former) == ("staged", "1.2.0", "1.0.0")
    assert (installed.system / "staged" / state.file).read_bytes() == b"Setup of 1.2.0"
    runner = installed.system / "runner"
    assert sorted(path.relative_to(runner).as_posix() for path in runner.rglob("*") if path.is_file()) == [
        "Dala-console.exe",
        "program/clinic_app/__init__.py", "program/clinic_app/foundation/__init__.py",
        "program/clinic_app/foundation/clock.py",
        *(f"program/clinic_app/updates/{each}.py" for each in sorted(
            ["__init__", "event_windows", "installing", "plain_files", "registry_windows", "starts", "system_folder"])),
        "python313._pth", "python313.dll", "python313.zip",
    ]  # fmt: skip
    assert stage(installed, data, "1.0.0") is None  # it is staged already


def test_nobody_can_change_what_was_verified(installed: Installed, data: Path) -> None:
    (ready,) = (data / "updates" / "ready" / "targets").iterdir()
    ready.write_bytes(b"evil of 1.2.0!")
    with pytest.raises(UnreadableFileError):
        stage(installed, data, "1.0.0")
    assert read_state(installed.system).phase == "idle"
    assert not list(installed.system.rglob("*.exe"))


def test_a_forged_word_in_the_data_folder_is_not_believed(installed: Installed, data: Path, tmp_path: Path) -> None:
    (tmp_path / "stranger").mkdir()
    stranger = Maker(tmp_path / "stranger")
    stranger.publish("9.0.0")
    shutil.rmtree(data / "updates")
    shutil.copytree(stranger.place, data / "updates" / "ready")
    with pytest.raises(UnreadableFileError, match="not signed by"):
        stage(installed, data, "1.0.0")


def test_an_older_word_than_the_task_has_seen_is_not_believed(
    installed: Installed, data: Path, maker: Maker, tmp_path: Path
) -> None:
    former = shutil.copytree(data / "updates" / "ready", tmp_path / "former")
    maker.publish("1.3.0")
    with opened_source(maker.place) as source:
        Shelf(data, installed, "1.0.0").take(source)
    stage(installed, data, "1.0.0")
    write_state(installed.system, State())
    shutil.rmtree(data / "updates" / "ready")
    shutil.copytree(former, data / "updates" / "ready")
    with pytest.raises(UnreadableFileError, match="older than"):
        stage(installed, data, "1.0.0")


def test_folders_that_lead_elsewhere_are_not_entered(installed: Installed, data: Path, tmp_path: Path) -> None:
    (data / "updates").rename(tmp_path / "elsewhere")
    (data / "updates").symlink_to(tmp_path / "elsewhere")
    assert stage(installed, data, "1.0.0") is None
    (data / "updates").unlink()
    (data / "updates").mkdir()
    (data / "updates" / "ready").symlink_to(tmp_path / "elsewhere" / "ready")
    assert stage(installed, data, "1.0.0") is None


@pytest.mark.parametrize("phase", ["installing", "trial", "returning"])
def test_nothing_is_staged_over_what_is_under_way(installed: Installed, data: Path, phase: str) -> None:
    write_state(installed.system, State(phase=phase, version="1.1.0"))  # type: ignore[arg-type]
    assert stage(installed, data, "1.0.0") is None


def test_what_did_not_work_here_is_not_staged_again(installed: Installed, data: Path) -> None:
    write_state(installed.system, State(refused=("1.2.0",)))
    assert stage(installed, data, "1.0.0") is None
    assert shelf_of(data, installed).offer().ready is None


def test_a_newer_release_takes_the_place_of_what_is_staged(installed: Installed, data: Path, maker: Maker) -> None:
    stage(installed, data, "1.0.0")
    maker.publish("1.3.0")
    with opened_source(maker.place) as source:
        Shelf(data, installed, "1.0.0").take(source)
    stage(installed, data, "1.0.0")
    assert read_state(installed.system).version == "1.3.0"
    assert [each.name for each in (installed.system / "staged").iterdir()] == ["Dala-1.3.0-x64.exe"]


def test_nothing_ready_is_nothing_to_do(installed: Installed, tmp_path: Path) -> None:
    assert stage(installed, tmp_path / "empty", "1.0.0") is None


def test_the_copy_that_installs_takes_the_place_of_the_former(installed: Installed) -> None:
    runner = installed.system / "runner"
    (runner / "old").mkdir(parents=True)
    copy_runner(installed.folder, runner)
    assert not (runner / "old").exists()


def test_the_command_of_the_task_writes_what_it_met_into_its_log(
    installed: Installed, data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert program.main(["--install-update", "more"]) == 2
    monkeypatch.setenv("DALA_DATA", str(data))
    assert program.main(["--install-update"]) == 0
    assert "takes no releases" in capsys.readouterr().err
    monkeypatch.setattr(task, "installed_here", lambda: installed)
    monkeypatch.setattr(task, "VERSION", "1.0.0")
    assert install_update([], data) == 0
    assert read_state(installed.system).phase == "staged"
    write_state(installed.system, State())
    (data / "updates" / "ready" / "metadata" / "timestamp.json").write_bytes(b"{")
    assert install_update([], data) == 1
    assert "nothing was staged" in (installed.system / LOG).read_text("utf-8")


def test_a_stick_is_taken_by_a_command(
    installed: Installed,
    maker: Maker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = tmp_path / "fresh"
    monkeypatch.setenv("DALA_DATA", str(data))
    assert program.main(["--take-update", str(maker.place)]) == 1
    assert "is not updated by itself" in capsys.readouterr().err
    monkeypatch.setattr(take_command, "installed_here", lambda: installed)
    assert program.main(["--take-update", str(maker.packed()), "--language", "ru"]) == 0
    assert capsys.readouterr().out == "Версия 1.2.0 готова и будет установлена, когда никто не работает.\n"
    assert program.main(["--take-update", str(tmp_path / "gone")]) == 1
    assert "is no file of releases" in capsys.readouterr().err
    write_state(installed.system, State(refused=("1.2.0",)))
    assert program.main(["--take-update", str(maker.place)]) == 0
    assert "there is nothing newer" in capsys.readouterr().out


def test_a_checkout_takes_no_releases() -> None:
    assert installed_here() is None
    assert root_in(None) is None


def test_windows_says_how_the_program_came(tmp_path: Path, maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROGRAMW6432", raising=False)
    monkeypatch.setenv("PROGRAMFILES", str(tmp_path))
    folder = tmp_path / "Dala"
    folder.mkdir()
    by_setup = {"InstallLocation": str(folder), "Version": "1.0.0"}

    def find(values: dict[str, str], place: Path = folder) -> str:
        found = installed_windows.find(place, lambda: values)
        return found.kind if found is not None else ""

    assert find(by_setup) == ""  # a build without a root
    (folder / ROOT).write_bytes(maker.root)
    assert find(by_setup) == "setup"
    assert find({"Package": "1.0.0"}) == ""  # group policy updates what it has installed
    assert find({}) == ""  # unpacked there by hand
    assert find({"InstallLocation": str(tmp_path / "Other")}) == ""
    elsewhere = tmp_path.parent / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    (elsewhere / ROOT).write_bytes(maker.root)
    assert find({"InstallLocation": str(elsewhere)}, elsewhere) == ""  # where others may write
    (folder / ROOT).write_bytes(bytes(257 << 10))
    assert find(by_setup) == ""
    assert registry_windows.registry_values() == {}
