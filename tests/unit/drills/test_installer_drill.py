"""The trial of the installation notes what did not hold, and sees what is left over or missing."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from installer import runtime
from tests.drills import installer, installer_embeddable, installer_inside, installer_trial
from tests.drills.installer_prefix import Ended, Prefix
from tests.drills.installer_trial import Trial


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return Trial(tmp_path, Prefix(tmp_path / "prefix"))


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())


def test_a_step_holds_only_with_what_was_wanted(trial: Trial) -> None:
    trial.step("right", lambda: (0, "1.0.0"), (0, "1.0.0"))
    trial.step("wrong", lambda: (0, ""), (0, "1.0.0"))
    trial.step("not", lambda: False, wanted=False)
    assert [step["ok"] for step in trial.steps.values()] == [True, False, True]
    assert trial.steps["wrong"]["found"] == "(0, '')"


def test_a_step_that_trips_has_not_held_and_the_next_is_taken(trial: Trial) -> None:
    def trips() -> bool:
        raise RuntimeError("no window")

    trial.step("trips", trips)
    trial.step("next", lambda: True)
    assert trial.steps["trips"]["found"] == "RuntimeError: no window"
    assert trial.steps["next"]["ok"]


def test_a_file_that_is_missing_or_of_another_length_is_named(tmp_path: Path) -> None:
    put(tmp_path / "wanted", "a.dll", "sub/b.pyc", "c.txt")
    put(tmp_path / "there", "a.dll", "c.txt", "more.txt")
    (tmp_path / "there" / "c.txt").write_bytes(b"")
    assert installer_trial.missing_of(tmp_path / "wanted", tmp_path / "there") == ["c.txt", "sub/b.pyc"]


def test_what_is_left_over_is_what_was_not_there_before(tmp_path: Path) -> None:
    put(tmp_path, "windows/system32/a.dll", "users/all/b.ini")
    before = installer_trial.files_of(tmp_path)
    put(tmp_path, "windows/system32/later.dll", "ProgramData/Dala/clinic.db", "Program Files/Dala/c.pyc")
    found = installer_trial.leftovers(before, tmp_path)
    assert found == ["Program Files/Dala/c.pyc", "ProgramData/Dala/clinic.db"]
    assert [installer_trial.is_data(name) for name in found] == [False, True]


def test_a_database_that_can_be_read_is_found_out(tmp_path: Path) -> None:
    path = tmp_path / "clinic.db"
    path.write_bytes(bytes(range(256)) * 1000)
    assert installer.is_encrypted(path)
    path.write_bytes(b"SQLite format 3\0" + bytes(200_000))
    assert not installer.is_encrypted(path)
    path.write_bytes(bytes(200_000) + installer_inside.FAMILY.encode())
    assert not installer.is_encrypted(path)


def test_a_failed_step_makes_the_whole_fail_and_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Screen:
        def __enter__(self) -> str:
            return ":7"

        def __exit__(self, *_: object) -> None:
            pass

    def one_step(trial: Trial, *, is_embeddable: bool) -> None:
        assert not is_embeddable
        trial.step("build", lambda: False)
        trial.figures["foreign_dlls"] = 0

    monkeypatch.setattr(installer, "screen", Screen)
    monkeypatch.setattr(installer, "go_through", one_step)
    monkeypatch.setattr(Prefix, "close", lambda _self: None)
    figures, has_held = installer.run(["--json", str(tmp_path / "a.json")])
    assert not has_held
    assert figures["foreign_dlls"] == 0
    assert '"ok": false' in (tmp_path / "a.json").read_text(encoding="utf-8")


def test_the_registry_is_read_without_its_sub_keys(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "\r\nHKEY_LOCAL_MACHINE\\Software\\Dala\r\n    DisplayName    REG_SZ    Dala\r\n    Empty    REG_SZ    \r\n"
    said += "    DisplayVersion    REG_SZ    0.2.0\r\n"
    monkeypatch.setattr(Prefix, "run", lambda _self, *words, longest_s: Ended(0, said, 0.1))
    assert trial.prefix.registry("x") == {"DisplayName": "Dala", "Empty": "", "DisplayVersion": "0.2.0"}
    assert trial.version_there() == "0.2.0"


def test_every_entry_in_the_list_of_programs_is_seen(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        "", "HKEY_LOCAL_MACHINE\\Software\\Uninstall\\{6D9E}", "    Contact    REG_SZ    ",
        "    DisplayName    REG_SZ    Dala",
        "    DisplayVersion    REG_SZ    0.1.0", "    NoModify    REG_DWORD    0x1", "",
        "HKEY_LOCAL_MACHINE\\Software\\Uninstall\\Other", "    DisplayName    REG_SZ    Dala viewer",
        "    DisplayVersion    REG_SZ    7.0", "HKEY_LOCAL_MACHINE\\Software\\Uninstall\\Dala",
        "    DisplayName    REG_SZ    Dala", "    DisplayVersion    REG_SZ    0.2.0",
    ]  # fmt: skip
    monkeypatch.setattr(Prefix, "run", lambda _self, *words, longest_s: Ended(0, "\r\n".join(lines), 0.1))
    assert installer_trial.there(trial) == ["0.1.0", "0.2.0"]


def test_a_refusal_is_read_and_taken_away(trial: Trial) -> None:
    note = trial.prefix.drive / "users" / "root" / "Temp" / "Dala-setup.log"
    note.parent.mkdir(parents=True)
    note.write_text("16 Dala was installed here by its MSI package.\n", encoding="utf-16")
    assert installer_trial.refusal(trial) == "16"
    assert not note.exists()


def test_a_removal_that_refuses_is_known_by_its_own_note(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    note = trial.prefix.drive / "users" / "root" / "Temp" / "Dala-setup.log"
    note.parent.mkdir(parents=True)
    note.write_text("12 of Setup, a moment ago\n", encoding="utf-16")
    monkeypatch.setattr(installer_trial, "within", lambda _seconds, is_so: is_so())

    def run(_self: Prefix, *words: str) -> Ended:
        assert not note.exists()
        if "refuses" in said:
            note.write_text("12 Dala is running.\n", encoding="utf-16")
        return Ended(0, "", 0.1)

    monkeypatch.setattr(Prefix, "run", run)
    said = "refuses"
    assert installer_trial.refusal_of_removal(trial) == "12"
    said = "goes"
    with pytest.raises(ValueError, match="not enough values"):
        installer_trial.refusal_of_removal(trial)


def test_a_file_of_this_computer_has_a_name_on_windows(tmp_path: Path) -> None:
    assert Prefix.named(tmp_path / "a b.py").startswith("Z:\\")
    assert "/" not in Prefix.named(tmp_path / "a b.py")


def test_windows_is_older_only_for_as_long_as_it_lasts(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[str, ...]] = []
    monkeypatch.setattr(Prefix, "registry", lambda _self, _key: {"CurrentBuildNumber": "18362"})
    monkeypatch.setattr(Prefix, "run", lambda _self, *words, **_options: ran.append(words) or Ended(11, "", 0.1))
    with installer_trial.older_windows(trial):
        assert [words[-1] for words in ran] == [installer_trial.TOO_OLD_BUILD]
    assert [words[-1] for words in ran] == [installer_trial.TOO_OLD_BUILD, "18362"]


def test_a_zip_has_every_file_of_the_embeddable_python_at_its_top(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = tmp_path / "panda3d-1-cp313-cp313-win_amd64.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in (*installer_embeddable.LIBRARIES, "tcl86t.dll", "_testcapi.pyd"):
            archive.writestr(f"deploy_libs/{name.upper() if name.startswith('vc') else name}", name)

    def unpack(_source: runtime.Runtime, whole: Path, _work: Path) -> None:
        put(whole, "python3.dll", "python313.zip")

    monkeypatch.setattr(runtime, "found", lambda where, cache: runtime.Runtime(wheel, "3.13.11"))
    monkeypatch.setattr(runtime, "unpack", unpack)
    made = installer_embeddable.make(tmp_path)
    monkeypatch.undo()
    with zipfile.ZipFile(made) as archive:
        names = set(archive.namelist())
        assert archive.read("vcruntime140.dll") == b"vcruntime140.dll"
    assert {"LICENSE.txt", "python.exe", "python3.dll", "python313.dll", "python313.zip", "python313._pth"} < names
    assert not [name for name in names if "/" in name or name.startswith(("tcl", "_test"))]
    assert runtime.found(str(made), tmp_path).python == "3.13.11", "the build takes it for python.org's"
    runtime.unpack(runtime.found(str(made), tmp_path), tmp_path / "app", tmp_path / "work")
    unpacked = {path.name for path in (tmp_path / "app").iterdir()}
    assert not unpacked & {"python.exe", "_wmi.pyd", "winsound.pyd", "LICENSE.txt"}
    assert (tmp_path / "app" / runtime.LICENCE).is_file()
