"""The log file: bounded, in UTC, in a place that exists, and without a word of a patient."""

from __future__ import annotations

import ast
import errno
import io
import logging
import re
import time
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import pytest

from clinic_app import log_file
from clinic_app.foundation.errors import InvalidInputError, StorageError
from clinic_app.foundation.texts import Text
from clinic_app.log_file import FILE_NAME, FOLDER, KEPT, QuietFormatter, begin_log, end_log, kind_of, log_folder, way_of

ROOT = Path(__file__).parents[2]
NAME = "Өтегенова-Қарлығаш"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where the log of a data folder lies, while it is written."""
    root, handlers = logging.getLogger(), list(logging.getLogger().handlers)
    begin_log(tmp_path)
    yield tmp_path / FOLDER
    end_log()
    assert root.handlers == handlers


def _written(folder: Path) -> str:
    return (folder / FILE_NAME).read_text(encoding="utf-8")


def _fault(words: str) -> BaseException:
    with pytest.raises(ValueError, match=words) as raised:
        int(f"{words}?")
    return raised.value


def _chain() -> BaseException:
    with pytest.raises(RuntimeError) as raised:
        _fail_twice()
    return raised.value


def _fail_twice() -> None:
    try:
        _ = {}[NAME]
    except KeyError as error:
        raise RuntimeError(NAME) from error


def test_it_begins_with_the_system_it_runs_on(folder: Path) -> None:
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO dala begins on \w+", _written(folder))


def test_a_time_is_that_of_greenwich_wherever_the_computer_stands(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = logging.makeLogRecord({"created": 1_772_712_000.25, "msecs": 250.0, "levelname": "ERROR", "name": "ui"})
    monkeypatch.setenv("TZ", "Asia/Almaty")
    tzset = getattr(time, "tzset", None)
    if tzset is not None:
        tzset()
    try:
        assert QuietFormatter().format(record).startswith("2026-03-05T12:00:00.250Z ")
    finally:
        monkeypatch.undo()
        if tzset is not None:
            tzset()
    assert log_folder() == folder


def test_the_folder_of_the_log_is_there_and_can_be_shown(folder: Path) -> None:
    assert log_folder() == folder
    assert folder.is_dir()


def test_no_folder_is_named_where_no_log_is_written() -> None:
    assert log_folder() is None


def test_a_fault_is_written_as_its_kind_and_place_without_its_words(folder: Path) -> None:
    logging.getLogger("ui.tasks").error("a background task failed", exc_info=_fault(f"no such patient: {NAME}"))
    written = _written(folder)
    assert "ERROR ui.tasks a background task failed" in written
    assert "ValueError" in written
    assert "tests/unit/test_log_file.py:" in written
    assert "in _fault" in written
    assert NAME not in written


def test_what_led_to_a_fault_is_named_too(folder: Path) -> None:
    error = _chain()
    logging.getLogger("clinic_app.sync").error("the exchange failed", exc_info=error)
    assert way_of(error).splitlines()[0] == "  RuntimeError"
    assert "because of KeyError" in _written(folder)
    assert "in _fail_twice" in _written(folder)
    assert NAME not in _written(folder)


def test_a_ring_of_causes_ends() -> None:
    one, other = ValueError("1"), ValueError("2")
    one.__cause__, other.__cause__ = other, one
    assert way_of(one).count("ValueError") == 2


def test_a_cause_that_was_hidden_on_purpose_stays_hidden() -> None:
    error = ValueError()
    error.__context__, error.__suppress_context__ = KeyError(NAME), True
    assert "KeyError" not in way_of(error)


def test_an_error_of_the_clinic_keeps_its_sentence_and_loses_its_values(folder: Path) -> None:
    error = StorageError(Text("The file {path} cannot be read.", path=f"/home/{NAME}/scan.dcm"))
    logging.getLogger("ui.tasks").warning("nobody took this error: %s", error)
    assert "nobody took this error: StorageError: The file {path} cannot be read." in _written(folder)
    assert NAME not in _written(folder)
    assert (
        kind_of(InvalidInputError(Text("A login has {count}.", count=3))) == "InvalidInputError: A login has {count}."
    )


def test_words_given_to_a_sentence_are_left_out_and_numbers_stay(folder: Path) -> None:
    logging.getLogger("clinic_app.devices").warning("monitor %s sent %d blocks in %.1f s", NAME, 7, 1.25)
    assert "monitor … sent 7 blocks in 1.2 s" in _written(folder)
    assert NAME not in _written(folder)


@pytest.mark.parametrize("args", [(NAME,), ({"name": NAME},), (NAME, NAME)])
def test_a_sentence_that_does_not_fit_its_values_is_written_without_them(args: tuple[object, ...]) -> None:
    record = logging.makeLogRecord({"name": "ui", "levelname": "ERROR", "msg": "it has %d parts", "args": args})
    assert QuietFormatter().format(record).endswith("ERROR ui it has %d parts")


def test_named_values_are_left_out_too(folder: Path) -> None:
    logging.getLogger("ui").error("%(name)s waits %(count)d s", {"name": NAME, "count": 3})
    assert "… waits 3 s" in _written(folder)


def test_a_library_is_written_as_its_name_and_place_only(folder: Path) -> None:
    logging.getLogger("pydicom").warning(f"Invalid value for PN: {NAME}")  # noqa: G004
    written = _written(folder)
    assert "WARNING pydicom (test_log_file:" in written
    assert NAME not in written


def test_a_stack_that_is_logged_on_purpose_is_left_out(folder: Path) -> None:
    patient = NAME
    logging.getLogger("pydicom").error(patient, stack_info=True)
    assert "Stack (most recent call last)" not in _written(folder)


def test_what_another_handler_is_told_stays_whole(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("ui").error("the %s broke", "window", exc_info=_fault("why"))
    assert "the window broke" in caplog.text
    assert "ValueError: invalid literal" in caplog.text
    assert folder.is_dir()


def test_it_never_grows_beyond_its_bounds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (file,) = (each for each in logging.getLogger().handlers if isinstance(each, log_file.LogFile))
    file.maxBytes = 2_000
    for number in range(400):
        logging.getLogger("ui").error("line %d", number)
    files = sorted(folder.iterdir())
    assert len(files) == KEPT + 1
    assert all(each.stat().st_size <= 2_000 for each in files)
    assert "line 399" in _written(folder)


class _FullDisk(io.StringIO):
    """A file that takes nothing more."""

    def write(self, _words: str) -> int:
        raise OSError(errno.ENOSPC, "no room")


def test_a_log_that_cannot_be_written_stops_nobody(folder: Path) -> None:
    (file,) = (each for each in logging.getLogger().handlers if isinstance(each, log_file.LogFile))
    file.stream.close()
    file.stream = _FullDisk()
    logging.getLogger("ui").error("the disk is full")
    assert _written(folder).count("\n") == 1


def test_where_the_data_folder_takes_no_log_the_system_has_a_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").write_text("a file where the folder should be", encoding="utf-8")
    monkeypatch.setattr(platformdirs, "user_log_dir", lambda *_a, **_k: str(tmp_path / "system"))
    begin_log(tmp_path / "data")
    try:
        assert log_folder() == tmp_path / "system"
    finally:
        end_log()


def test_where_no_place_takes_it_the_program_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").write_text("", encoding="utf-8")
    monkeypatch.setattr(platformdirs, "user_log_dir", lambda *_a, **_k: str(tmp_path / "data" / "x"))
    begin_log(tmp_path / "data")
    assert log_folder() is None


def test_beginning_twice_writes_one_log(folder: Path) -> None:
    begin_log(folder.parent)
    logging.getLogger("ui").error("once")
    assert _written(folder).count(" once") == 1


_WAYS = {"debug", "info", "warning", "error", "exception", "critical", "log"}


def _logged(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _WAYS:
            owner = ast.unparse(node.func.value)
            if "getLogger" in owner or owner.split(".")[-1].strip("_") in ("log", "logger"):
                yield node


def _words(call: ast.Call) -> ast.expr:
    has_level = isinstance(call.func, ast.Attribute) and call.func.attr == "log"
    return call.args[1 if has_level else 0]


def test_every_sentence_of_the_house_is_written_out_so_that_its_values_can_be_left_out() -> None:
    calls = [
        (path, call)
        for room in ("clinic_app", "ui")
        for path in (ROOT / room).rglob("*.py")
        for call in _logged(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert len(calls) > 5
    loose = [f"{path.name}:{call.lineno}" for path, call in calls if not isinstance(_words(call), ast.Constant)]
    assert loose == []
