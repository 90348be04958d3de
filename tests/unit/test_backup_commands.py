"""The commands of IT about backups, as they are typed: what they print, what they do, what they return."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest

from clinic_app.foundation.errors import DamagedError
from clinic_app.keys import DATABASE_NAME, KeySlots, key_storage, unlock
from clinic_app.keys.slot_file import SLOT_FILES
from clinic_app.maintenance import main
from clinic_app.records import AuditEvent, Patient
from clinic_app.storage import Store, one_instance
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import opened, patient, set_up


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    made.mkdir()
    (tmp_path / "second").mkdir()
    second = str(tmp_path / "second").replace("\\", "/")
    (made / "settings.toml").write_text(f'key_storage = "file"\nbackup_folder = "{second}"\n', encoding="utf-8")
    with opened(made, key=key_of(made)) as store:
        set_up(store)
        store.records.commit([patient() for _ in range(3)])
        store.blobs.put(b"nobody refers to it")
    return made


def key_of(folder: Path) -> bytes:
    return unlock(folder, key_storage("file", folder))


def run(folder: Path, *arguments: str) -> int:
    return main(["--data", str(folder), *arguments])


def patients(folder: Path) -> int:
    with opened(folder, key=key_of(folder)) as store:
        return len(store.records.find(Patient))


def add_patient(folder: Path) -> None:
    with opened(folder, key=key_of(folder)) as store:
        store.records.commit([patient()])


def test_a_backup_is_made_carried_and_listed(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "backup") == 0
    said = capsys.readouterr().out.splitlines()
    assert Path(said[0]).is_file()
    assert said[1].startswith("Records: ")
    assert said[2] == "Second disk: everything is there."
    assert len(list((tmp_path / "second").rglob("*.db"))) == 1
    assert run(folder, "backups") == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert "by-hand" in line
    assert "records" in line
    assert line.endswith(said[0])


def test_a_second_disk_that_is_missing_is_told_and_the_backup_stands(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(tmp_path / "second")
    assert run(folder, "backup") == 0
    assert "Connect the disk" in capsys.readouterr().out
    assert len(list((folder / "backups").glob("*.db"))) == 1


def test_the_newest_backup_is_restored_and_the_former_database_kept(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(folder, "backup")
    add_patient(folder)
    assert patients(folder) == 4
    assert run(folder, "restore", "newest") == 0
    assert "is kept as" in capsys.readouterr().out
    assert patients(folder) == 3
    assert len(list(folder.glob(f"{DATABASE_NAME}.damaged-*"))) == 1


def test_a_backup_is_restored_by_its_path_over_damaged_data(folder: Path) -> None:
    run(folder, "backup")
    (backup,) = (folder / "backups").glob("*.db")
    (folder / DATABASE_NAME).write_bytes(b"x" * 10_000)
    with pytest.raises(DamagedError):
        Store.open(folder, key_of(folder), FixedClock())
    assert run(folder, "restore", str(backup)) == 0
    assert patients(folder) == 3


def test_without_a_backup_nothing_is_restored(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "restore", "newest") == 1
    assert "There is no backup" in capsys.readouterr().err
    assert run(folder, "restore", str(folder / "nothing.db")) == 1
    assert patients(folder) == 3


def test_a_new_computer_is_made_from_the_second_disk_and_the_recovery_code(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = KeySlots(folder).new_recovery_code(key_of(folder))
    with opened(folder, key=key_of(folder)) as store:
        sha256 = store.blobs.put(b"an image" * 1000)
        store.memory.put("draft/doctor", sha256.encode())
    run(folder, "backup")
    shutil.rmtree(folder)
    new = tmp_path / "new"
    new.mkdir()
    (backup,) = (tmp_path / "second").rglob("*.db")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{code.lower()}\n"))
    assert run(new, "restore", str(backup), "--recovery-code") == 0
    assert "were taken from" in capsys.readouterr().out
    assert patients(new) == 3
    with opened(new, key=key_of(new)) as store:
        assert store.blobs.read(sha256) == b"an image" * 1000
    assert run(new, "check") == 0


def test_a_wrong_recovery_code_leaves_the_new_folder_without_data(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    KeySlots(folder).new_recovery_code(key_of(folder))
    run(folder, "backup")
    new = tmp_path / "new"
    new.mkdir()
    (backup,) = (tmp_path / "second").rglob("*.db")
    monkeypatch.setattr("sys.stdin", io.StringIO("0000-0000\n"))
    assert run(new, "restore", str(backup), "--recovery-code") == 1
    assert capsys.readouterr().err
    assert not (new / DATABASE_NAME).exists()


def test_whole_data_are_called_whole(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with opened(folder, key=key_of(folder)) as store:
        store.memory.put("draft", store.blobs.put(b"referred to").encode())
    assert run(folder, "check") == 0
    assert capsys.readouterr().out.splitlines() == [
        "Database: whole",
        "Audit trail: whole",
        "Contents: 1 whole, 0 damaged",
    ]


def test_a_damaged_content_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with opened(folder, key=key_of(folder)) as store:
        sha256 = store.blobs.put(b"referred to")
        store.memory.put("draft", sha256.encode())
        path = store.blobs._path(sha256)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert run(folder, "check") == 1
    said = capsys.readouterr()
    assert f"Damaged content: {sha256}" in said.out
    assert "Not everything" in said.err


def test_a_damaged_database_is_refused_with_its_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / DATABASE_NAME
    content = bytearray(path.read_bytes())
    content[-2000] ^= 1
    path.write_bytes(content)
    assert run(folder, "check") == 1
    said = capsys.readouterr()
    assert "damaged" in said.err
    assert said.out == ""


def test_every_command_that_opens_the_data_leaves_a_row_in_the_trail(folder: Path) -> None:
    with opened(folder, key=key_of(folder)) as store:
        before = len(store.records.find(AuditEvent))
    for command in ("backup", "check"):
        run(folder, command)
    with opened(folder, key=key_of(folder)) as store:
        assert len(store.records.find(AuditEvent)) == before + 2


@pytest.mark.parametrize("command", [("backup",), ("backups",), ("restore", "newest"), ("check",)])
def test_no_command_works_under_a_running_program(
    folder: Path, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with one_instance(folder):
        assert run(folder, *command) == 1
    assert "already running" in capsys.readouterr().err
    assert not (folder / "backups").exists()


@pytest.mark.parametrize("is_empty", [False, True])
def test_a_check_of_data_that_are_gone_finds_no_whole_database_and_makes_none(
    folder: Path, is_empty: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / DATABASE_NAME).unlink()
    if is_empty:
        (folder / DATABASE_NAME).touch()
    assert run(folder, "check") == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "The data file is missing. Do not start anew; restore it from a backup.\n"
    assert sorted(path.name for path in folder.glob(f"{DATABASE_NAME}*")) == [DATABASE_NAME] * is_empty


def test_a_check_of_another_folders_database_tells_a_wrong_key_from_damage(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(tmp_path / "other") as store:
        store.records.commit([patient()])
    for name in (DATABASE_NAME, "key.check"):
        shutil.copy(tmp_path / "other" / name, folder / name)
    assert run(folder, "check") == 1
    assert capsys.readouterr().err == "The data on this computer cannot be unlocked with this key.\n"


def test_a_mistyped_backup_leaves_an_empty_folder_as_it_is(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a key made on the way, the slots of the second disk would not be taken at the second try."""
    run(folder, "backup")
    there = next((tmp_path / "second").rglob("*.db"))
    code = KeySlots(folder).new_recovery_code(key_of(folder))
    run(folder, "backup")
    new = tmp_path / "new"
    new.mkdir()
    (new / "settings.toml").write_text('key_storage = "file"\n', encoding="utf-8")
    capsys.readouterr()
    assert run(new, "restore", str(there.with_name("nope.db"))) == 1
    assert run(new, "restore", str(tmp_path / "nowhere" / "backups" / "nope.db")) == 1
    assert capsys.readouterr() == ("", "This backup is not there any more.\n" * 2)
    assert run(new, "restore", str(there)) == 1
    assert sorted(path.name for path in new.iterdir()) == ["in-use.lock", "settings.toml"]
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{code}\n"))
    assert run(new, "restore", str(there), "--recovery-code") == 0
    assert patients(new) == 3


def test_slots_of_another_computer_do_not_stay_where_the_code_does_not_open_them(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several computers share a second disk: whoever takes the wrong one of them first still gets at his own."""
    other = tmp_path / "another"
    other.mkdir()
    shutil.copy(folder / "settings.toml", other)
    with opened(other, key=key_of(other)) as store:
        set_up(store)
    code = KeySlots(folder).new_recovery_code(key_of(folder))
    KeySlots(other).new_recovery_code(key_of(other))
    for each in (other, folder):
        run(each, "backup")
    wrong, right = (next((each / "backups").glob("*.db")) for each in (other, folder))
    theirs, ours = (
        next(path for path in (tmp_path / "second").rglob(each.name) if path.read_bytes() == each.read_bytes())
        for each in (wrong, right)
    )
    new = tmp_path / "new"
    new.mkdir()
    for backup, expected in ((theirs, 1), (ours, 0)):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{code}\n"))
        assert run(new, "restore", str(backup), "--recovery-code") == expected
    assert patients(new) == 3


def test_the_newest_backup_is_our_own_where_several_computers_share_the_second_disk(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "another"
    other.mkdir()
    shutil.copy(folder / "settings.toml", other)
    with opened(other, key=key_of(other)) as store:
        set_up(store)
    run(folder, "backup")
    run(other, "backup")
    theirs = next(path for path in (tmp_path / "second").rglob("*.db") if path.parents[1].name not in _site(folder))
    for path in (theirs, theirs.with_suffix(".json")):  # made later than ours
        path.rename(path.with_name(f"000009-weekly-20991231T000000Z{path.suffix}"))
    shutil.rmtree(folder / "backups")
    capsys.readouterr()
    assert run(folder, "backups") == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert _site(folder) in line
    assert run(folder, "restore", "newest") == 0
    assert patients(folder) == 3
    for name in SLOT_FILES:
        (folder / name).unlink()
    assert run(folder, "backups") == 0
    assert len(capsys.readouterr().out.splitlines()) == 2 + 2  # what the restoration said, and all of both


def _site(folder: Path) -> str:
    site = json.loads((folder / "keys.json").read_bytes())["site"]
    return "dala-" + str(site).replace("-", "")[-12:]
