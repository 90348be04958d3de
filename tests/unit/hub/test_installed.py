"""The hub of an installation: what its file says becomes the words of the hub's own command line."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.hub import installed
from clinic_app.hub.__main__ import main as hub_main
from clinic_app.hub.installed import FILE_NAME, FOLDER_VARIABLE, NEW_FILE, main, words_of
from clinic_app.log_file import LogFile


def places(folder: Path) -> list[str]:
    return ["--data", str(folder / "data"), "--key-file", str(folder / "key" / "hub.key")]


def said(folder: Path, text: str) -> None:
    (folder / FILE_NAME).write_text(text, encoding="utf-8")


def log_of(folder: Path) -> str:
    return (folder / "logs" / "dala.log").read_text(encoding="utf-8")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Stand in for the hub and return what it was told."""
    told: list[list[str]] = []

    def run(words: Sequence[str]) -> int:
        told.append(list(words))
        return 0

    monkeypatch.setattr(installed, "run_hub", run)
    return told


def test_an_empty_folder_gets_a_file_that_says_how_the_hub_starts(tmp_path: Path) -> None:
    folder = tmp_path / "DalaHub"
    assert words_of(folder, ()) == [*places(folder), "--port=8443"]
    assert (folder / FILE_NAME).read_text(encoding="utf-8") == NEW_FILE


def test_every_option_of_the_file_is_one_of_the_hub(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(tmp_path, "\n".join(line.removeprefix("#") for line in NEW_FILE.splitlines() if "=" in line))
    words = words_of(tmp_path, ())
    assert len(words) == 4 + 8
    with pytest.raises(SystemExit):
        hub_main([*words, "--no-such-option"])
    assert capsys.readouterr().err.rstrip().endswith("unrecognized arguments: --no-such-option")


def test_values_keep_their_spaces_and_a_mark_of_notepad_does_not_matter(tmp_path: Path) -> None:
    said(tmp_path, "\ufeffname = 'Аудандық аурухана'\nport = 9000\nannounce = true\n'reserve-mb' = 32\n")
    assert words_of(tmp_path, ())[4:] == ["--name=Аудандық аурухана", "--port=9000", "--announce", "--reserve-mb=32"]


def test_what_is_switched_off_is_not_said(tmp_path: Path) -> None:
    said(tmp_path, "announce = false\n")
    assert words_of(tmp_path, ()) == places(tmp_path)


def test_a_command_is_told_the_folders_and_not_how_the_hub_listens(tmp_path: Path) -> None:
    said(tmp_path, "port = 8443\ndatabase = 'postgresql://dala@server/hub'\n")
    assert words_of(tmp_path, ("devices", "--verbose")) == [
        "devices",
        *places(tmp_path),
        "--database=postgresql://dala@server/hub",
        "--verbose",
    ]


@pytest.mark.parametrize("text", ["port = ", "\x00", "[tls]\ncertificate = 'a'", "name = ['a', 'b']"])
def test_a_file_that_says_nonsense_is_refused_and_stays(tmp_path: Path, text: str) -> None:
    said(tmp_path, text)
    with pytest.raises(InvalidInputError):
        words_of(tmp_path, ())
    assert (tmp_path / FILE_NAME).read_text(encoding="utf-8") == text


def test_a_program_that_was_told_no_folder_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], hub: list[list[str]]
) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    assert main([]) == 1
    assert FOLDER_VARIABLE in capsys.readouterr().err
    monkeypatch.setattr("sys.stderr", None)  # as in a service
    assert main([]) == 1
    assert hub == []


def test_a_command_runs_in_the_folder_that_was_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hub: list[list[str]]
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    assert main(["devices"]) == 0
    assert hub == [["devices", *places(tmp_path)]]
    assert not (tmp_path / "logs").exists()


def test_a_file_that_says_nonsense_is_a_sentence_and_no_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], hub: list[list[str]]
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    said(tmp_path, "port =")
    assert main([]) == 1
    assert FILE_NAME in capsys.readouterr().err
    assert hub == []


@pytest.fixture
def kept_level() -> Iterator[None]:
    """Give the root logger its level back afterwards."""
    level = logging.getLogger().level
    yield
    logging.getLogger().setLevel(level)


@pytest.mark.usefixtures("kept_level")
def test_what_a_service_says_without_a_console_is_in_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    said(tmp_path, "port = 'many'\n")
    assert main([]) == 2
    assert "argument --port: invalid int value: 'many'" in log_of(tmp_path)
    assert not [each for each in logging.getLogger().handlers if isinstance(each, LogFile)]


@pytest.mark.usefixtures("kept_level")
def test_a_fall_of_the_hub_is_an_exit_code_and_a_way_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def falls(_words: Sequence[str]) -> int:
        raise ZeroDivisionError("Үлгібаева")

    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setattr(installed, "run_hub", falls)
    assert main([]) == 1
    assert "ZeroDivisionError" in log_of(tmp_path)
    assert "Үлгібаева" not in log_of(tmp_path)
    assert "The hub has ended by a fault: code 1." in log_of(tmp_path)


@pytest.mark.usefixtures("kept_level")
def test_what_a_thread_of_a_service_met_is_in_the_log_without_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def divides() -> None:
        raise ZeroDivisionError("Үлгібаева")

    def run(_words: Sequence[str]) -> int:
        thread = threading.Thread(target=divides)
        thread.start()
        thread.join()
        return 0

    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setattr(installed, "run_hub", run)
    hook = threading.excepthook
    assert main([]) == 0
    assert threading.excepthook is hook
    assert "ZeroDivisionError" in log_of(tmp_path)
    assert "Үлгібаева" not in log_of(tmp_path)
    assert "The hub has ended in order." in log_of(tmp_path)
