"""The report and the command around it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import main
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.foundation.version import VERSION
from clinic_app.selftest import Finding, Place, as_json, as_lines, command, selftest

FINE = Finding("keyring", "ok", Text("The keyring of this computer keeps secrets."), 0.01)
WARNED = Finding("audio", "warning", Text("Microphones: {names}.", names="Littmann"), 0.02)
BROKEN = Finding("database", "failed", Text("The database is not encrypted."), 0.3)


def found(*findings: Finding) -> object:
    def look(_place: Place) -> list[Finding]:
        return list(findings)

    return look


def test_a_report_has_a_line_for_every_check_and_one_for_all() -> None:
    lines = as_lines([FINE, WARNED], "en").splitlines()
    assert lines[0].startswith(f"Dala {VERSION}, Python 3.")
    assert lines[1:] == [
        "ok       keyring: The keyring of this computer keeps secrets.",
        "WARNING  audio: Microphones: Littmann.",
        "People can work on this computer.",
    ]


def test_one_failure_is_the_whole_of_it() -> None:
    assert as_lines([FINE, BROKEN], "ru").splitlines()[-2:] == [
        "FAILED   database: База данных не зашифрована.",
        "Сначала надо кое-что исправить.",
    ]


def test_a_report_for_a_script_says_the_same() -> None:
    told = json.loads(as_json([FINE, BROKEN], "kk"))
    assert told["ok"] is False
    assert told["program"] == VERSION
    assert [each["name"] for each in told["checks"]] == ["keyring", "database"]
    assert told["checks"][1] == {
        "name": "database", "outcome": "failed", "words": "Дерекқор шифрланбаған.", "seconds": 0.3,
    }  # fmt: skip
    assert json.loads(as_json([FINE, WARNED], "en"))["ok"] is True


def test_the_exit_code_tells_whether_people_can_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "deep" / "report.json"
    monkeypatch.setattr(command, "look_through", found(FINE, WARNED))
    assert selftest(["--json", str(report), "--language", "ru"], tmp_path) == 0
    assert "На этом компьютере можно работать." in capsys.readouterr().out
    assert json.loads(report.read_bytes())["ok"] is True
    monkeypatch.setattr(command, "look_through", found(FINE, BROKEN))
    assert selftest([], tmp_path) == 1


@pytest.mark.parametrize("settings", [b"no_such_setting = 1", b"\xff\x00", b"a = [" * 9999, b"hub_url = 5"])
def test_settings_that_cannot_be_read_are_a_failure_among_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], settings: bytes
) -> None:
    (tmp_path / "settings.toml").write_bytes(settings)
    monkeypatch.setattr(command, "look_through", found(FINE))
    assert selftest(["--data", str(tmp_path), "--json", str(tmp_path / "r.json")], tmp_path / "other") == 1
    said = capsys.readouterr()
    assert "FAILED   settings: " in said.out
    assert FINE.words.render("en") in said.out
    assert said.err == ""
    told = json.loads((tmp_path / "r.json").read_bytes())
    assert [(each["name"], each["outcome"]) for each in told["checks"]] == [("settings", "failed"), ("keyring", "ok")]


def test_a_report_that_cannot_be_kept_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(_path: Path, _chunks: object) -> None:
        raise InvalidInputError(Text("No room."))

    monkeypatch.setattr(command, "look_through", found(FINE))
    monkeypatch.setattr(command, "write_atomically", refused)
    assert selftest(["--json", str(tmp_path / "report.json")], tmp_path) == 1
    assert capsys.readouterr().err == "No room.\n"


def test_the_caretaker_hands_the_word_on_with_the_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    looked: list[Path] = []

    def look(place: Place) -> list[Finding]:
        looked.append(place.settings.folder)
        return [FINE]

    monkeypatch.setenv("DALA_DATA", str(tmp_path))
    monkeypatch.setattr(command, "look_through", look)
    assert main.main(["--selftest"]) == 0
    assert looked == [tmp_path]
    assert "People can work on this computer." in capsys.readouterr().out


def test_an_installation_names_the_data_folder_and_a_checkout_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DALA_DATA", str(tmp_path))
    assert main.data_folder() == tmp_path
    assert main.parse([]).data == tmp_path
    assert main.parse(["--data", "elsewhere"]).data == Path("elsewhere")
    monkeypatch.delenv("DALA_DATA")
    assert main.data_folder().name == "Dala"


def test_a_few_checks_are_made_without_the_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "settings.toml").write_text("this is no TOML", encoding="utf-8")
    assert command.selftest(["--only", "clock,signature", "--data", str(tmp_path)], tmp_path) == 0
    said = capsys.readouterr().out
    assert "clock: " in said
    assert "signature: " in said
    assert "disk: " not in said
    assert command.selftest(["--data", str(tmp_path)], tmp_path) == 1


def test_a_check_that_there_is_not_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.selftest(["--only", "clock,moon"], tmp_path)
    assert ended.value.code == 2
    assert "there is no check moon" in capsys.readouterr().err


def test_what_failed_is_told_to_the_systems_log_and_kept_for_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(command, "look_through", found(FINE, BROKEN))
    assert selftest(["--text", str(tmp_path / "report.txt"), "--language", "kk"], tmp_path / "data") == 1
    assert "Дерекқор шифрланбаған." in (tmp_path / "report.txt").read_text(encoding="utf-8-sig")
    assert "The self-test failed: database." in caplog.messages
