"""A release is installed when nobody works, stays when people can sign in, and gives way to the former where not."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clinic_app.computer.system_log_windows import number_of
from clinic_app.foundation import notices
from clinic_app.updates import event_windows, installing
from clinic_app.updates.installing import Installing, ThisComputer
from clinic_app.updates.starts import note_begun, note_well, starts_of
from clinic_app.updates.system_folder import LOG, State, read_state, write_state

NEW, FORMER = "1.2.0", "1.1.0"
SETUP = b"Setup of 1.2.0"


class Clinic:
    """A computer that does what it is told, or fails as a test wishes."""

    def __init__(self, folder: Path) -> None:
        self.program, self.data = folder / "Dala", folder / "data"
        self.data.mkdir(parents=True)
        (self.data / "clinic.db").write_bytes(b"patients")
        self.installed = FORMER
        self.in_use: list[bool] = []
        self.setup_code = self.selftest_code = 0
        self.installs = True
        self.at = datetime(2026, 11, 22, 3, tzinfo=UTC)
        self.ran: list[list[str]] = []
        self.told: list[tuple[str, bool]] = []
        self.rested_s = 0.0
        self.when_installing: Callable[[], None] = lambda: None

    def is_in_use(self) -> bool:
        return self.in_use.pop(0) if self.in_use else False

    def run(self, words: Sequence[str], longest_s: float) -> int:
        self.ran.append(list(words))
        if "--selftest" in words:
            return self.selftest_code if self.installed == NEW else 0
        self.when_installing()
        file = Path(words[0])
        assert file.is_file()
        if self.installs or FORMER in file.name:
            self.installed = NEW if NEW in file.name else FORMER
        return self.setup_code if NEW in file.name else 0

    def version(self) -> str:
        return self.installed

    def rest(self, seconds: float) -> None:
        self.rested_s += seconds

    def free_bytes(self, folder: Path) -> int:
        return 1 << 40

    def now(self) -> datetime:
        return self.at

    def tell(self, words: str, *, is_grave: bool) -> None:
        self.told.append((words, is_grave))


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    return Clinic(tmp_path)


@pytest.fixture
def system(tmp_path: Path) -> Path:
    return staged(tmp_path / "system")


def staged(system: Path) -> Path:
    name = f"Dala-{NEW}-x64.exe"
    for folder, each, body in (("staged", name, SETUP), ("installed", f"Dala-{FORMER}-x64.exe", b"former")):
        (system / folder).mkdir(parents=True)
        (system / folder / each).write_bytes(body)
    digest = hashlib.sha256(SETUP).hexdigest()
    write_state(system, State("staged", NEW, "setup", name, digest, FORMER))
    return system


def go(system: Path, clinic: Clinic) -> int:
    return Installing(system, clinic).run()


def setups(clinic: Clinic) -> list[str]:
    return [" ".join([Path(words[0]).name, *words[1:]]) for words in clinic.ran if "--selftest" not in words]


def test_nothing_staged_is_nothing_to_do(tmp_path: Path, clinic: Clinic) -> None:
    assert go(tmp_path / "empty", clinic) == 0
    assert clinic.ran == []


def test_a_release_is_installed_and_stays_once_somebody_could_sign_in(system: Path, clinic: Clinic) -> None:
    assert go(system, clinic) == 0
    assert (read_state(system).phase, clinic.installed) == ("trial", NEW)
    assert setups(clinic) == ["Dala-1.2.0-x64.exe /S /UPDATE=1"]
    assert [each.name for each in (system / "former").iterdir()] == ["Dala-1.1.0-x64.exe"]
    assert (system / "installed" / "Dala-1.2.0-x64.exe").read_bytes() == SETUP
    assert (system / "before" / "clinic.db").read_bytes() == b"patients"
    assert go(system, clinic) == 0  # nobody came yet
    assert read_state(system).phase == "trial"
    note_begun(clinic.data, NEW)
    note_well(clinic.data, NEW)
    assert go(system, clinic) == 0
    assert read_state(system).phase == "idle"
    assert not (system / "before").exists()
    assert clinic.told == [("1.2.0", False)]
    assert "Version 1.2.0 works." in (system / LOG).read_text("utf-8")


def test_nothing_is_installed_while_somebody_works(system: Path, clinic: Clinic) -> None:
    clinic.in_use = [True] * 5
    assert go(system, clinic) == 0
    assert clinic.rested_s == 5 * installing.LOOK_EVERY_S
    assert clinic.installed == NEW


def test_who_works_all_night_is_left_alone(system: Path, clinic: Clinic) -> None:
    clinic.in_use = [True] * 10_000
    assert go(system, clinic) == 3
    assert (read_state(system).phase, clinic.ran) == ("staged", [])


def test_who_starts_the_program_at_the_last_moment_is_left_alone(system: Path, clinic: Clinic) -> None:
    clinic.setup_code, clinic.installs = installing.IS_RUNNING, False
    assert go(system, clinic) == 3
    assert (read_state(system).phase, clinic.installed) == ("staged", FORMER)


def test_a_changed_file_is_not_run(system: Path, clinic: Clinic) -> None:
    (system / "staged" / "Dala-1.2.0-x64.exe").write_bytes(b"Setup of 1.2.1")
    assert go(system, clinic) == 0
    assert (clinic.ran, read_state(system).phase) == ([], "idle")
    assert "will be staged anew" in read_state(system).said
    assert read_state(system).refused == ()


def test_without_a_way_back_nothing_is_installed(system: Path, clinic: Clinic) -> None:
    (system / "installed" / "Dala-1.1.0-x64.exe").unlink()
    assert go(system, clinic) == 1
    assert (clinic.ran, read_state(system).refused) == ([], (NEW,))


def test_without_room_for_a_copy_of_the_data_nothing_is_installed(
    system: Path, clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_words: object) -> int:
        raise OSError(28, "no room")

    monkeypatch.setattr(installing, "copy_plain_files", full)
    assert go(system, clinic) == 3
    assert (clinic.ran, read_state(system).phase) == ([], "staged")


def test_a_version_whose_self_test_fails_gives_way_to_the_former(system: Path, clinic: Clinic) -> None:
    clinic.selftest_code = 1
    assert go(system, clinic) == 1
    state = read_state(system)
    assert (clinic.installed, state.phase, state.refused) == (FORMER, "idle", (NEW,))
    assert setups(clinic)[-1] == "Dala-1.1.0-x64.exe /S /ROLLBACK=1.2.0"
    assert (clinic.data / "clinic.db").read_bytes() == b"patients"
    assert (system / "installed" / "Dala-1.1.0-x64.exe").is_file()
    assert clinic.told == [
        ("version 1.2.0 does not work here, its self-test ended with 1", True),
        ("version 1.1.0 is back, its self-test ended with 0", True),
    ]
    assert "its self-test ended with 1" in state.said
    assert "Version 1.1.0 is back." in state.said


def test_a_setup_that_fails_gives_way_to_the_former(system: Path, clinic: Clinic) -> None:
    clinic.setup_code, clinic.installs = 2, False
    assert go(system, clinic) == 1
    assert (clinic.installed, read_state(system).refused) == (FORMER, (NEW,))
    assert "its Setup ended with 2" in read_state(system).said


def test_a_version_that_nobody_can_start_gives_way_to_the_former(system: Path, clinic: Clinic) -> None:
    go(system, clinic)
    for times in range(1, 4):
        assert go(system, clinic) == 0
        note_begun(clinic.data, NEW)
        assert starts_of(clinic.data, NEW) == (times, 0)
    assert go(system, clinic) == 1
    assert (clinic.installed, read_state(system).refused) == (FORMER, (NEW,))
    assert not (system / "former").exists()
    assert (system / "installed" / "Dala-1.1.0-x64.exe").is_file()


def test_starts_of_another_version_do_not_count(system: Path, clinic: Clinic) -> None:
    for _ in range(5):
        note_begun(clinic.data, FORMER)
    go(system, clinic)
    assert go(system, clinic) == 0
    assert clinic.installed == NEW


def test_a_version_that_once_worked_is_not_taken_back(system: Path, clinic: Clinic) -> None:
    go(system, clinic)
    note_well(clinic.data, NEW)
    for _ in range(9):
        note_begun(clinic.data, NEW)
    assert go(system, clinic) == 0
    assert (clinic.installed, read_state(system).phase) == (NEW, "idle")


def test_where_nobody_comes_for_a_month_the_new_version_stays(system: Path, clinic: Clinic) -> None:
    go(system, clinic)
    clinic.at += timedelta(days=31)
    assert go(system, clinic) == 0
    assert read_state(system).phase == "idle"


def test_another_version_installed_by_hand_ends_the_trial(system: Path, clinic: Clinic) -> None:
    go(system, clinic)
    clinic.installed = "1.5.0"
    assert go(system, clinic) == 0
    assert (read_state(system).phase, clinic.installed) == ("idle", "1.5.0")


def test_a_power_cut_while_it_installs_is_gone_on_from(system: Path, clinic: Clinic) -> None:
    def cut() -> None:
        raise KeyboardInterrupt

    clinic.when_installing = cut
    with pytest.raises(KeyboardInterrupt):
        go(system, clinic)
    assert read_state(system).phase == "installing"
    clinic.when_installing = lambda: None
    assert go(system, clinic) == 0
    assert (clinic.installed, read_state(system).phase) == (NEW, "trial")


def test_a_power_cut_at_each_try_ends_with_the_former(system: Path, clinic: Clinic) -> None:
    def cut() -> None:
        raise KeyboardInterrupt

    clinic.when_installing = cut
    for _ in range(installing.MOST_TRIES):
        with pytest.raises(KeyboardInterrupt):
            go(system, clinic)
    clinic.when_installing = lambda: None
    assert go(system, clinic) == 1
    assert (clinic.installed, read_state(system).refused) == (FORMER, (NEW,))


def test_a_power_cut_after_the_installation_is_gone_on_from(system: Path, clinic: Clinic) -> None:
    write_state(system, State(**{**read_state(system).__dict__, "phase": "installing", "tries": 1}))
    clinic.installed = NEW
    assert go(system, clinic) == 0
    assert (read_state(system).phase, setups(clinic)) == ("trial", [])


def test_a_way_back_that_fails_is_tried_again(system: Path, clinic: Clinic) -> None:
    clinic.selftest_code = 1
    clinic.in_use = [False, *[True] * 10_000]  # somebody starts the broken version
    assert go(system, clinic) == 3
    assert read_state(system).phase == "returning"
    clinic.in_use = []
    assert go(system, clinic) == 1
    assert clinic.installed == FORMER


def test_a_way_back_whose_setup_is_gone_says_so(system: Path, clinic: Clinic) -> None:
    go(system, clinic)
    (system / "former" / "Dala-1.1.0-x64.exe").unlink()
    for _ in range(3):
        note_begun(clinic.data, NEW)
    assert go(system, clinic) == 1
    assert "run its Setup by hand" in read_state(system).said


def test_links_among_the_data_are_not_followed(system: Path, clinic: Clinic, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (clinic.data / "link").symlink_to(tmp_path / "secret")
    (clinic.data / "blobs").mkdir()
    go(system, clinic)
    assert [each.name for each in (system / "before").iterdir()] == ["clinic.db"]


@pytest.mark.parametrize(
    "body", ["", "[]", "{", '{"phase": "strange"}', '{"phase": "staged", "version": 5}', '{"refused": 5}']
)
def test_a_damaged_state_is_none(tmp_path: Path, clinic: Clinic, body: str) -> None:
    (tmp_path / "state.json").write_text(body, encoding="utf-8")
    assert go(tmp_path, clinic) == 0
    assert clinic.ran == []


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"\xff", b'{"version": "1.2.0"}', b'{"version":"1.2.0","begun":"x","well":0}']
)
def test_damaged_notes_of_starts_count_nothing(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "updates").mkdir()
    (tmp_path / "updates" / "starts.json").write_bytes(body)
    assert starts_of(tmp_path, NEW) == (0, 0)


def test_notes_of_starts_stop_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "updates").write_bytes(b"a file in the way")
    note_begun(tmp_path, NEW)
    assert "cannot be noted" in caplog.text


def test_the_copy_that_installs_needs_the_standard_library_alone(tmp_path: Path) -> None:
    """Neither a package nor another room of the program is imported: the copy has none of them."""
    code = "import clinic_app.updates.installing, sys; print(*sorted(n for n in sys.modules if n[:10] == 'clinic_app'))"
    root = Path(installing.__file__).parents[2]
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(root)!r}); {code}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.split() == [
        "clinic_app", "clinic_app.foundation", "clinic_app.foundation.clock", "clinic_app.updates",
        "clinic_app.updates.installing", "clinic_app.updates.plain_files",
        "clinic_app.updates.starts", "clinic_app.updates.system_folder",
    ]  # fmt: skip


def test_the_log_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from clinic_app.updates import system_folder

    monkeypatch.setattr(system_folder, "MOST_LOG_BYTES", 50)
    for index in range(3):
        system_folder.note(tmp_path, f"line {index}\nwith a break")
    assert (tmp_path / LOG).read_text("utf-8").endswith("line 2 with a break\n")
    assert (tmp_path / f"{LOG}.1").exists()


def test_this_computer_sees_a_program_that_is_not_open(tmp_path: Path) -> None:
    computer = ThisComputer(tmp_path / "Dala Updates")
    assert not computer.is_in_use()
    computer.program.mkdir()
    (computer.program / "Dala.exe").write_bytes(b"MZ")
    assert not computer.is_in_use()
    (computer.program / "Dala-console.exe").mkdir()
    assert computer.version() == ""
    assert computer.run([sys.executable, "-c", "raise SystemExit(5)"], 30) == 5
    assert computer.run(["no-such-program"], 30) == -1


def test_a_fault_of_the_task_stands_in_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = tmp_path / "system" / "runner" / "Dala-console.exe"
    runner.parent.mkdir(parents=True)
    monkeypatch.setattr(installing.sys, "executable", str(runner))
    assert installing.main() == 0
    (tmp_path / "system" / "state.json").write_text(json.dumps({"phase": "returning"}), encoding="utf-8")
    monkeypatch.setattr(Installing, "run", lambda _self: 1 / 0)
    assert installing.main() == 4
    assert "ZeroDivisionError" in (tmp_path / "system" / LOG).read_text("utf-8")


def test_events_have_the_numbers_by_which_it_finds_them() -> None:
    assert number_of(notices.UPDATED) == event_windows.UPDATED
    assert number_of(notices.UPDATE_FAILED) == event_windows.UPDATE_FAILED
    written: list[tuple[object, ...]] = []

    class Api:
        handle = 5

        def RegisterEventSourceW(self, _server: object, name: str) -> int:  # noqa: N802
            assert name == "Dala"
            return self.handle

        def ReportEventW(self, _handle: object, *words: object) -> None:  # noqa: N802
            written.append((words[0], words[2], words[6][0]))  # type: ignore[index]

        def DeregisterEventSource(self, _handle: object) -> None:  # noqa: N802
            written.append(("closed",))

    event_windows.write_event("version 1.2.0 was installed", is_grave=False, api=Api)
    assert written == [(4, event_windows.UPDATED, "version 1.2.0 was installed"), ("closed",)]
    Api.handle = 0
    event_windows.write_event("x", is_grave=True, api=Api)
    assert len(written) == 2
