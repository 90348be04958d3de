"""``main.py`` as people and computers start it: wrong words, twice, damaged data, after a kill, without a screen."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import main
from clinic_app.access import is_enrolled
from clinic_app.foundation.texts import LANGUAGES, Text
from clinic_app.settings import load_settings
from clinic_app.storage import one_instance
from clinic_app.workstation import build_workstation, provision
from tests.helpers.loaded_program import MAIN, LoadedProgram, LoadedWindow
from tests.helpers.program import ROOT, Program, run
from tests.helpers.provisioning import PASSWORD, files_of, free_port, provisioning_file

BOX = """
import sys
import main
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMessageBox
QGuiApplication.platformName = staticmethod(lambda: "windows")
QMessageBox.critical = staticmethod(lambda parent, title, words: print(title, words, sep="|"))
sys.exit(main.main(sys.argv[1:]))
"""
"""The program as if somebody sat before it: what a box would say goes to stdout."""
CLOSED_AT_ONCE = """
import sys
import threading
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
import main
from ui.shell import caretaking
shown = caretaking.MainWindow.show
def show_and_close(window):
    shown(window)
    window.when_usable(window.close)
caretaking.MainWindow.show = show_and_close
code = main.main(sys.argv[1:])
print(code, [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()])
"""
FAULT = """
import sys
import main
from ui.shell import caretaking
def broken(*_):
    raise RuntimeError("the window broke")
caretaking.MainWindow = broken
sys.exit(main.main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def set_up_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a workstation that was set up with one doctor; what every test's own folder is a copy of."""
    folder = tmp_path_factory.mktemp("program")
    provision(folder / "data", provisioning_file(folder / "p.toml"))
    return folder / "data"


@pytest.fixture
def data(tmp_path: Path, set_up_folder: Path) -> Path:
    """The folder of a workstation that was set up with one doctor, under a name with blanks and Kazakh letters."""
    folder = tmp_path / "Клиника деректері"
    shutil.copytree(set_up_folder, folder)
    return folder


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoadedProgram]:
    """The program, loaded once for all starts that need no process begun by the system."""
    with LoadedProgram(tmp_path_factory.mktemp("loaded"), "main", "ui.shell.caretaking") as program:
        yield program


def several(
    loaded: LoadedProgram, *starts: Sequence[str], box: bool = False, **environment: str
) -> list[tuple[int, str, str]]:
    """Return code, stdout and stderr of each of the starts, all of which are refused."""
    done = [loaded.run_script(BOX if box else MAIN, *words, **environment) for words in starts]
    return [(each.returncode, each.stdout, each.stderr) for each in done]


def said(stderr: str) -> str:
    """Return the last line of the log; there must be no traceback."""
    assert "Traceback" not in stderr, stderr
    return stderr.strip().splitlines()[-1] if stderr.strip() else ""


def test_help_tells_every_option_opens_nothing_and_stands_a_percent_sign_in_the_home_folder(tmp_path: Path) -> None:
    home = tmp_path / "100%(x)s"
    done = run("--help", HOME=str(home), XDG_DATA_HOME=str(home), LOCALAPPDATA=str(home))
    assert done.returncode == 0, done.stderr
    assert "100%(x)s" in done.stdout.replace("\n", "").replace(" ", "")
    for option in ("--data", "--provision", "--language", "--version", "--help"):
        assert option in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_version_is_that_of_the_project(capsys: pytest.CaptureFixture[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    with pytest.raises(SystemExit) as ended:
        main.main(["--version"])
    assert (ended.value.code, capsys.readouterr().out.strip()) == (0, f"Dala {project['version']}")


@pytest.mark.parametrize("words", [("--lang", "de"), ("--language", "KK"), ("--nope",), ("--data",), ("patient.dcm",)])
def test_words_it_does_not_know_are_refused_with_exit_code_two(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main(words)
    assert ended.value.code == 2
    assert "usage: dala" in capsys.readouterr().err


def test_the_process_ends_with_the_code_of_a_refusal() -> None:
    done = run("--nope")
    assert done.returncode == 2
    assert "usage: dala" in done.stderr


def test_it_starts_on_an_empty_folder_and_on_one_that_is_set_up(
    tmp_path: Path, data: Path, loaded: LoadedProgram
) -> None:
    empty = tmp_path / "new" / "data"
    empty.mkdir(parents=True)
    (empty / "settings.toml").write_text('key_storage = "file"\n', encoding="utf-8")
    for folder in (empty, data):
        with LoadedWindow(loaded, folder) as program:
            assert program.is_running
        assert said(program.log) == ""


def test_it_sets_itself_up_from_a_file_and_starts_again_with_the_same_words(
    tmp_path: Path, loaded: LoadedProgram
) -> None:
    file, data = provisioning_file(tmp_path / "p.toml"), tmp_path / "data"
    for _ in range(2):
        with LoadedWindow(loaded, data, "--provision", str(file), "--language", "en"):
            pass
    workstation = build_workstation(load_settings(data))
    try:
        assert workstation.people.sign_in("doctor", PASSWORD).organization_name == "Ырғыз аудандық ауруханасы"
    finally:
        workstation.close()


def test_a_relative_folder_is_that_of_the_caller_and_not_of_the_program(
    tmp_path: Path, data: Path, loaded: LoadedProgram
) -> None:
    relative = os.path.relpath(data, ROOT)
    before = set(ROOT.iterdir())
    assert loaded.run_script(CLOSED_AT_ONCE, "--data", relative).stdout.split()[0] == "0"
    assert set(ROOT.iterdir()) == before


def test_closing_the_window_ends_everything_with_exit_code_zero(tmp_path: Path, loaded: LoadedProgram) -> None:
    data = tmp_path / "data"
    told = {"hub_url": "http://127.0.0.1:9", "monitor_port": free_port()}
    provision(data, provisioning_file(tmp_path / "p.toml", settings=told, facility={"hub_token": "t-1"}))
    done = loaded.run_script(CLOSED_AT_ONCE, "--data", str(data))
    assert done.stdout.strip() == "0 []", done.stderr
    with one_instance(data):
        pass


def test_a_second_program_on_the_same_folder_says_so_and_ends(data: Path, loaded: LoadedProgram) -> None:
    with LoadedWindow(loaded, data) as first:
        second = loaded.run_script(MAIN, "--data", str(data))
        assert second.returncode == 1
        assert "already running" in said(second.stderr)
        assert first.is_running
    assert said(first.log) == ""


def test_after_a_kill_it_starts_again(data: Path, loaded: LoadedProgram) -> None:
    for _ in range(2):
        with LoadedWindow(loaded, data) as program:
            program.kill()
            assert not program.is_running
    build_workstation(load_settings(data)).close()


def test_a_kill_while_it_sets_itself_up_leaves_a_folder_that_can_be_set_up(
    tmp_path: Path, loaded: LoadedProgram
) -> None:
    """Ended at the moments the set-up writes something; the next start with the same words must succeed."""
    file = provisioning_file(tmp_path / "p.toml")
    killed = """
import multiprocessing, os, sys
from pathlib import Path
from clinic_app import workstation
from clinic_app.foundation import durable_files
from clinic_app.storage.record_store import RecordStore
folder, file, *places = sys.argv[1:]
def end(*_, **__):
    os._exit(9)
def set_up(place):
    if place == "settings": durable_files.os.fsync = end
    if place == "key": workstation.unlock = end
    if place == "database": workstation.Store.open = end
    if place == "people": RecordStore.commit = end
    if place == "close": workstation.Store.close = end
    workstation.provision(Path(folder, place), Path(file))
for place in places:
    process = multiprocessing.get_context("fork").Process(target=set_up, args=(place,))
    process.start()
    process.join()
    print(process.exitcode)
"""
    places = ("settings", "key", "database", "people", "close")
    done = loaded.run_script(killed, str(tmp_path), str(file), *places)
    assert done.stdout.split() == ["9"] * len(places), done.stderr
    for place in places:
        data = tmp_path / place
        provision(data, file)
        workstation = build_workstation(load_settings(data))
        assert is_enrolled(workstation._store)
        assert workstation.people.sign_in("doctor", PASSWORD).role == "doctor"
        workstation.close()


def damaged(data: Path, what: str) -> None:
    """Do to a folder what users, disks and other programs do."""
    if what == "settings":
        (data / "settings.toml").write_bytes(b"key_storage = file\xff")
    elif what == "setting":
        (data / "settings.toml").write_text('key_storage = "file"\nmonitor_prot = 1\n', encoding="utf-8")
    elif what == "settings folder":
        (data / "settings.toml").unlink()
        (data / "settings.toml").mkdir()
    elif what == "database":
        (data / "clinic.db").write_bytes(os.urandom(8192))
    elif what == "database folder":
        (data / "clinic.db").unlink()
        (data / "clinic.db").mkdir()
    elif what == "key":
        (data / "unsealed.key").write_bytes(b"{}")
    elif what == "keyring":
        (data / "settings.toml").write_text('key_storage = "keyring"\n', encoding="utf-8")


DAMAGE = {
    "settings": "cannot be read",
    "setting": "There is no setting “monitor_prot”.",
    "settings folder": "settings.toml",
    "database": "damaged",
    "database folder": "damaged|cannot be written|disk refused",
    "key": "key",
    "keyring": "key",
}


def test_damage_is_a_sentence_an_exit_code_and_nothing_worse(
    tmp_path: Path, set_up_folder: Path, loaded: LoadedProgram
) -> None:
    folders = {what: tmp_path / what for what in DAMAGE}
    for what, folder in folders.items():
        shutil.copytree(set_up_folder, folder)
        damaged(folder, what)
    before = {what: files_of(folder) for what, folder in folders.items()}
    starts = [("--data", str(folder)) for folder in folders.values()]
    ended = several(loaded, *starts, PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring")
    for (what, sentence), (code, out, err) in zip(DAMAGE.items(), ended, strict=True):
        assert code == 1, what
        assert any(part in said(err) for part in sentence.split("|")), (what, err)
        assert out == ""
        after = files_of(folders[what])
        assert {name: after.get(name) for name in before[what]} == before[what]


def test_a_refused_start_ends_its_process_with_the_code_and_the_sentence(data: Path) -> None:
    damaged(data, "database")
    done = run("--data", str(data))
    assert done.returncode == 1
    assert "damaged" in said(done.stderr)
    assert done.stdout == ""


def test_a_data_folder_that_is_a_file_is_a_sentence_and_the_file_stays(tmp_path: Path, loaded: LoadedProgram) -> None:
    thesis = tmp_path / "thesis.docx"
    thesis.write_bytes(b"years of work")
    for code, _out, err in several(loaded, ("--data", str(thesis)), ("--data", str(thesis / "data"))):
        assert code == 1
        assert "thesis.docx" in said(err)
    assert thesis.read_bytes() == b"years of work"


def test_a_provisioning_file_that_is_wrong_or_missing_ends_the_start_without_its_passwords(
    tmp_path: Path, loaded: LoadedProgram
) -> None:
    wrong = provisioning_file(tmp_path / "p.toml", facility={"facility_nmae": "x"})
    files = (wrong, tmp_path / "none.toml")
    ended = several(loaded, *(("--data", str(tmp_path / "data"), "--provision", str(file)) for file in files))
    for word, (code, out, err) in zip(("facility_nmae", "none.toml"), ended, strict=True):
        assert code == 1
        assert word in said(err)
        assert PASSWORD not in err + out


def test_somebody_before_the_screen_reads_the_refusal_in_the_language_he_asked_for(
    data: Path, loaded: LoadedProgram
) -> None:
    with one_instance(data):
        ended = several(loaded, *(("--data", str(data), "--language", language) for language in LANGUAGES), box=True)
    words = Text("The program is already running with these data. Go to its window, or close it first.")
    assert [(code, out.strip()) for code, out, _ in ended] == [
        (1, f"Dala|{words.render(language)}") for language in LANGUAGES
    ]


def test_also_a_settings_file_nobody_can_read_is_refused_in_the_language_asked_for(
    data: Path, loaded: LoadedProgram
) -> None:
    damaged(data, "settings")
    words = Text("The settings file {path} cannot be read.", path=data / "settings.toml")
    asked = [("--language", language) for language in LANGUAGES]
    ended = several(loaded, ("--data", str(data)), *(("--data", str(data), *each) for each in asked), box=True)
    assert [(code, out.strip()) for code, out, _ in ended] == [
        (1, f"Dala|{words.render(language)}") for language in ("kk", *LANGUAGES)
    ]


def test_a_fault_of_ours_ends_the_start_loudly_and_lets_go_of_the_data(data: Path, loaded: LoadedProgram) -> None:
    done = loaded.run_script(FAULT, "--data", str(data))
    assert done.returncode == 1
    assert "the window broke" in done.stderr
    build_workstation(load_settings(data)).close()


@pytest.mark.parametrize(
    "environment",
    [
        {"TZ": "Asia/Kathmandu", "LC_ALL": "tr_TR.UTF-8", "QT_SCALE_FACTOR": "3", "PYTHONWARNINGS": "error"},
        {"TZ": "nowhere/at all", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "PYTHONOPTIMIZE": "2"},
        {"LANG": "ar_SA.UTF-8", "LANGUAGE": "ar", "QT_SCALE_FACTOR": "0.5", "QT_FONT_DPI": "300"},
    ],
    ids=["east and large", "nowhere", "from the right and small"],
)
def test_it_starts_wherever_and_however_the_computer_is_set(data: Path, environment: dict[str, str]) -> None:
    with Program(data, **environment) as program:
        assert program.is_running
    assert "Traceback" not in program.log
    assert "nobody caught" not in program.log


def test_nothing_it_makes_can_be_read_by_other_users_of_the_computer(data: Path) -> None:
    """The key above all; Windows keeps a user's folder to himself, elsewhere the mode of the files does."""
    key = data / "unsealed.key"
    assert key.exists()
    if sys.platform != "win32":
        assert stat.S_IMODE(key.stat().st_mode) & 0o077 == 0
        assert stat.S_IMODE((data / "keys.json").stat().st_mode) & 0o077 == 0


def test_started_by_double_click_without_any_console_it_still_says_its_refusal_in_a_box(
    data: Path, loaded: LoadedProgram
) -> None:
    """Windows gives a program without a console neither stdout nor stderr."""
    out = data.with_suffix(".said")
    script = BOX.replace('print(title, words, sep="|")', "open(sys.argv[-1], 'w', encoding='utf-8').write(words)")
    script = script.replace("sys.exit(main.main(sys.argv[1:]))", "sys.stdout = sys.stderr = None\n")
    script += "sys.exit(main.main(sys.argv[1:-1]))\n"
    with one_instance(data):
        done = loaded.run_script(script, "--data", str(data), "--language", "kk", str(out))
    words = Text("The program is already running with these data. Go to its window, or close it first.")
    assert done.returncode == 1
    assert out.read_text(encoding="utf-8") == words.render("kk")
    assert done.stderr == ""
