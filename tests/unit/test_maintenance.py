"""What IT types: each command does what it says, leaves its row in the trail, and fails with one sentence."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Final

import pyrage
import pytest

from clinic_app import maintenance
from clinic_app.keys import FileKeyStorage, KeySlots, unlock
from clinic_app.keys.key_storage import FILE_NAME
from clinic_app.keys.slot_file import SLOT_FILES
from clinic_app.maintenance import COMMANDS, main
from clinic_app.records import AuditEvent
from clinic_app.settings import load_settings
from clinic_app.storage import one_instance
from clinic_app.storage.backups.rekeying import change_key
from clinic_app.workstation import build_workstation, provision
from tests.helpers.clocks import FixedClock
from tests.helpers.provisioning import PASSWORD, files_of, provisioning_file
from tests.helpers.stores import opened

ROOT: Final = Path(__file__).parents[2]
IDENTITY: Final = pyrage.x25519.Identity.generate()
RECIPIENT: Final = str(IDENTITY.to_public())


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    provision(folder / "data", provisioning_file(folder / "p.toml"))
    return folder / "data"


@pytest.fixture
def data(prepared: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    for name, body in files_of(prepared).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(body)
    return folder


def _key(data: Path) -> bytes:
    return unlock(data, FileKeyStorage(data))


def _trail(data: Path) -> list[str | None]:
    with opened(data, _key(data)) as store:
        events = store.records.find(AuditEvent)
    return [each.entity[-1].description for each in reversed(events) if each.subtype[0].code == "keys"]


def _type(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(words))


def test_a_new_recovery_code_is_printed_and_opens(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(data), "new-recovery-code"]) == 0
    code = capsys.readouterr().out.splitlines()[0].removeprefix("Recovery code: ")
    assert KeySlots(data).open_with_recovery_code(code) == _key(data)
    assert _trail(data) == ["new-recovery-code"]


def test_the_key_is_left_with_the_organisation(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(data), "keep-escrow", RECIPIENT]) == 0
    assert RECIPIENT in capsys.readouterr().out
    assert KeySlots(data).open_with_escrow(str(IDENTITY)) == _key(data)
    assert main(["--data", str(data), "keep-escrow", "age1nobody"]) == 1
    assert "age1" in capsys.readouterr().err
    assert KeySlots(data).open_with_escrow(str(IDENTITY)) == _key(data)


def test_the_password_of_an_archive_is_read_from_a_pipe_and_never_shown(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with (data / "settings.toml").open("a", encoding="utf-8") as file:
        file.write('\n[[dicomweb]]\nname = "PACS"\nurl = "https://pacs.example/dw"\nuser = "dala"\n')
    _type(monkeypatch, "s3cret\n")
    assert main(["--data", str(data), "archive-password", "PACS"]) == 0
    assert FileKeyStorage(data).load("dicomweb https://pacs.example/dw") == b"s3cret"
    assert "s3cret" not in capsys.readouterr().out + (data / "settings.toml").read_text(encoding="utf-8")
    assert _trail(data) == ["archive-password PACS"]
    _type(monkeypatch, "\n")
    assert main(["--data", str(data), "archive-password", "PACS"]) == 0
    assert FileKeyStorage(data).load("dicomweb https://pacs.example/dw") is None
    assert main(["--data", str(data), "archive-password", "Elsewhere"]) == 1


def test_the_recovery_code_lets_this_account_in_again(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code = KeySlots(data).new_recovery_code(_key(data))
    (data / FILE_NAME).unlink()
    assert main(["--data", str(data), "new-recovery-code"]) == 1
    assert "not in this computer's key storage" in capsys.readouterr().err
    _type(monkeypatch, code.lower() + "\n")
    assert main(["--data", str(data), "unlock-with-recovery-code"]) == 0
    assert code not in capsys.readouterr().out
    assert _trail(data) == ["unlock-with-recovery-code"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [("", "wrong or missing"), ("ABC\n", "wrong or missing"), ("0" * 1_000_000, "wrong or missing")],
)
def test_a_code_that_was_mistyped_is_one_sentence(
    data: Path, words: str, sentence: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files_of(data)
    _type(monkeypatch, words)
    assert main(["--data", str(data), "unlock-with-recovery-code"]) == 1
    told = capsys.readouterr()
    assert sentence in told.err
    assert told.err.count("\n") == 1
    assert told.out == ""
    assert {name: files_of(data)[name] for name in SLOT_FILES} == {name: before[name] for name in SLOT_FILES}


def test_the_organisations_key_lets_this_account_in_again(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    KeySlots(data).keep_escrow(RECIPIENT, _key(data))
    (data / FILE_NAME).unlink()
    identity = tmp_path / "organisation.key"
    identity.write_text(f"# created by age-keygen\n{IDENTITY}\n", encoding="utf-8-sig")
    assert main(["--data", str(data), "unlock-with-escrow", "--identity", str(identity)]) == 0
    assert "AGE-SECRET" not in capsys.readouterr().out
    assert _trail(data) == ["unlock-with-escrow"]


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe\x00", b"x" * 200_000])
def test_a_file_that_holds_no_key_is_one_sentence(
    data: Path, tmp_path: Path, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    assert main(["--data", str(data), "unlock-with-escrow", "--identity", str(path)]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_the_key_is_changed_and_everybody_comes_in(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    KeySlots(data).keep_escrow(RECIPIENT, _key(data))
    former = _key(data)
    assert main(["--data", str(data), "rotate-key"]) == 0
    told = capsys.readouterr().out
    code = next(line for line in told.splitlines() if line.startswith("Recovery code")).rpartition(" ")[2]
    assert RECIPIENT in told
    assert _key(data) != former
    slots = KeySlots(data)
    assert slots.open_with_recovery_code(code) == slots.open_with_escrow(str(IDENTITY)) == _key(data)
    assert "user" not in slots.kinds()
    workstation = build_workstation(load_settings(data))
    try:
        workstation.people.sign_in("doctor", PASSWORD)
        assert len(workstation._store.backups.all()) == 1
        assert workstation._store.records.broken_audit_row() is None
    finally:
        workstation.close()
    assert slots.open_with_password("doctor", PASSWORD) == _key(data)
    assert _trail(data) == ["rotate-key"]


def test_a_change_that_was_cut_off_is_ended_and_not_begun_anew(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def stop(step: str) -> None:
        if step == "slots settled":
            raise KeyboardInterrupt

    storage = FileKeyStorage(data)
    with pytest.raises(KeyboardInterrupt):
        change_key(
            data, _key(data), KeySlots(data), [storage], FixedClock(), tell_code=lambda code: code, progress=stop
        )
    key = _key(data)
    assert main(["--data", str(data), "rotate-key"]) == 0
    assert "was cut off" in capsys.readouterr().out
    assert _key(data) == key


def test_while_the_program_runs_nothing_is_done(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = files_of(data)
    with one_instance(data):
        for command in ("new-recovery-code", "rotate-key", "unlock-with-recovery-code"):
            assert main(["--data", str(data), command]) == 1
            assert "already running" in capsys.readouterr().err
    assert files_of(data) == before


def test_a_folder_that_is_none_is_one_sentence_and_is_not_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--data", str(tmp_path / "nowhere"), "new-recovery-code"]) == 1
    assert "There is no data folder" in capsys.readouterr().err
    assert not (tmp_path / "nowhere").exists()
    (tmp_path / "papers").mkdir()
    assert main(["--data", str(tmp_path / "papers"), "new-recovery-code"]) == 1
    assert list((tmp_path / "papers").iterdir()) == []


def test_damaged_settings_are_one_sentence(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "settings.toml").write_bytes(b"key_storage = file\xff")
    assert main(["--data", str(data), "new-recovery-code"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["new-recovery-code"],
        ["--data", "x"],
        ["--data", "x", "nope"],
        ["--data", "x", "keep-escrow"],
        ["--data", "x", "unlock-with-escrow"],
        ["--data", "x", "rotate-key", "now"],
    ],
)
def test_a_wrong_command_line_is_exit_code_two(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert "usage: python -m clinic_app.maintenance" in capsys.readouterr().err


def test_every_command_is_told_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    told = " ".join(capsys.readouterr().out.split())
    for name, command in COMMANDS.items():
        assert name in told
        assert command.sentence in told
        assert command.sentence.endswith(".")


def test_a_folder_nobody_was_enrolled_in_has_no_trail_and_gets_its_code_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "settings.toml").write_text('key_storage = "file"\n', encoding="utf-8")
    build_workstation(load_settings(tmp_path)).close()
    assert main(["--data", str(tmp_path), "new-recovery-code"]) == 0
    code = capsys.readouterr().out.splitlines()[0].removeprefix("Recovery code: ")
    assert KeySlots(tmp_path).open_with_recovery_code(code) == _key(tmp_path)


@pytest.mark.parametrize("error", [OSError("no name"), KeyError("uid"), ImportError("pwd")])
def test_an_account_without_a_name_is_no_obstacle(
    data: Path, error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def nameless() -> str:
        raise error

    monkeypatch.setattr(maintenance.getpass, "getuser", nameless)
    assert main(["--data", str(data), "new-recovery-code"]) == 0
    assert _trail(data) == ["new-recovery-code"]


def test_a_person_at_a_terminal_types_the_code_unseen(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    code = KeySlots(data).new_recovery_code(_key(data))
    questions: list[str] = []
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr(maintenance.getpass, "getpass", lambda question: questions.append(question) or code)
    assert main(["--data", str(data), "unlock-with-recovery-code"]) == 0
    assert questions == ["Recovery code: "]
    assert code not in capsys.readouterr().out


def test_it_runs_as_it_is_documented(data: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "clinic_app.maintenance", "--data", str(data), "unlock-with-recovery-code"],
        cwd=ROOT,
        input="nonsense\n",
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip().endswith("wrong or missing.")


@pytest.mark.parametrize("command", ["check", "backup", "new-recovery-code", "rotate-key", "verify-audit"])
def test_a_folder_without_its_key_files_is_a_folder_all_the_same(
    data: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in SLOT_FILES:
        (data / name).unlink()
    before = files_of(data)
    assert main(["--data", str(data), command]) == 1
    said = "The key file of these data is missing. Restore it from a backup; nothing was changed.\n"
    assert capsys.readouterr() == ("", said)
    assert files_of(data) == before
