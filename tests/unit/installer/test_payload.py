"""The program is copied without its sources of texts, and says the version it was built as."""

from __future__ import annotations

import configparser
import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from clinic_app.foundation.version import VERSION
from installer import build as build_command
from installer import (
    bytecode,
    payload,
    portable_folder,
    runtime,
    setup_program,
    tools,
    windows_package,
    windows_wheels,
)
from installer.launchers import ICON_SIZES, SOURCES, icon_file
from installer.versions import Version

ROOT = Path(__file__).parents[3]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    files = {
        "main.py": "import clinic_app", "clinic_app/__init__.py": "", "clinic_app/a.sql": "select 1",
        "clinic_app/foundation/version.py": 'from typing import Final\n\nVERSION: Final = "0.1.0"\n"""Words."""\n',
        "clinic_app/__pycache__/a.pyc": "", "ui/theme.qss": "QWidget {}", "resources/texts/kk/a.po": "msgid",
        "resources/built/texts/kk.mo": "mo", "resources/built/texts/.made-from": "digest", "tests/test_a.py": "",
    }  # fmt: skip
    for name, words in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(words, encoding="utf-8")
    return root


def names_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_program_is_copied_with_what_it_reads_and_nothing_else(checkout: Path, tmp_path: Path) -> None:
    payload.copy_program(checkout, tmp_path / "app", Version(2, 3, 4))
    program = tmp_path / "app" / "program"
    assert names_in(program) == {
        "main.py", "clinic_app/__init__.py", "clinic_app/a.sql", "clinic_app/foundation/version.py", "ui/theme.qss",
        "resources/built/texts/kk.mo",
    }  # fmt: skip
    assert not (program / "resources" / "texts").exists()
    assert 'VERSION: Final = "2.3.4"\n"""Words."""' in (program / "clinic_app/foundation/version.py").read_text("utf-8")


def test_the_version_of_this_very_program_can_be_stamped() -> None:
    source = (ROOT / "clinic_app" / "foundation" / "version.py").read_text(encoding="utf-8")
    assert f'VERSION: Final = "{VERSION}"' in source
    assert payload.stamp(source, Version.read(VERSION)) == source


@pytest.mark.parametrize("source", ["", 'VERSION: Final = "1"\nVERSION: Final = "2"\n'])
def test_a_module_that_does_not_say_one_version_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match="version"):
        payload.stamp(source, Version(1, 0, 0))


def test_a_finished_folder_can_be_made_to_say_another_version(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[Path] = []
    monkeypatch.setattr(runtime, "compile_tree", compiled.append)
    app = tmp_path / "app"
    payload.copy_program(checkout, app, Version(1, 0, 0))
    stamped = app / "program" / "clinic_app" / "foundation" / "version.py"
    stamped.rename(stamped.with_suffix(".pyc"))
    payload.restamp(app, Version(1, 1, 0), checkout)
    assert '"1.1.0"' in stamped.read_text(encoding="utf-8")
    assert not stamped.with_suffix(".pyc").exists()
    assert compiled == [stamped.parent]


def test_megabytes_are_those_of_a_disk() -> None:
    assert payload.megabytes(86_522_643) == 86.5


LOCK = """\
a==1.0 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
b==2.0 ; sys_platform == 'linux' \\
    --hash=sha256:cc
c==3!4.0 ; sys_platform == 'win32' \\
    --hash=sha256:dd
d==1 ; python_full_version < '3.12' \\
    --hash=sha256:ee
d==2 ; python_full_version >= '3.12' \\
    --hash=sha256:ff
"""


def test_lines_of_the_lock_count_for_windows_and_the_installed_python() -> None:
    assert windows_wheels.lines_for_windows(LOCK, "3.13.11") == [
        "a==1.0 --hash=sha256:aa  --hash=sha256:bb",
        "c==3!4.0 --hash=sha256:dd",
        "d==2 --hash=sha256:ff",
    ]
    assert windows_wheels.lines_for_windows(LOCK, "3.11.9")[-1] == "d==1 --hash=sha256:ee"


def test_a_line_without_a_hash_is_refused() -> None:
    with pytest.raises(ValueError, match="no hash for a==1"):
        windows_wheels.lines_for_windows("a==1\n", "3.13.11")


def test_the_lock_of_the_program_counts_for_windows() -> None:
    lines = windows_wheels.lines_for_windows(payload.LOCK.read_text(encoding="utf-8"), runtime.WHEEL_PYTHON)
    names = {line.partition("==")[0] for line in lines}
    assert {"pyside6-essentials", "sqlcipher3", "pywin32-ctypes", "numpy"} <= names
    assert not names & {"jeepney", "secretstorage", "dbus-fast", "pyobjc-core"}
    assert len(names) == len(lines)


def test_a_tree_becomes_bytecode_without_sources(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c.py").write_text("VALUE = 7", encoding="utf-8")
    (tmp_path / "a" / "words.txt").write_text("kept", encoding="utf-8")
    assert bytecode.compile_tree(tmp_path) == 1
    assert names_in(tmp_path) == {"a/b/c.pyc", "a/words.txt"}
    assert str(tmp_path).encode() not in (tmp_path / "a" / "b" / "c.pyc").read_bytes()


def test_a_module_that_cannot_be_compiled_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def (", encoding="utf-8")
    with pytest.raises(ValueError, match=r"a\.py"):
        bytecode.compile_tree(tmp_path)
    assert (tmp_path / "a.py").exists()


def test_the_standard_library_is_packed_without_tests_and_windows(tmp_path: Path) -> None:
    for name in ("json/__init__.py", "json/tests/a.py", "test/b.py", "tkinter/c.py", "os.py", "os.txt", "turtle.py"):
        path = tmp_path / "lib" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("VALUE = 1", encoding="utf-8")
    for _ in range(2):
        assert bytecode.zip_library(tmp_path / "library.zip", tmp_path / "lib") == 2
    with zipfile.ZipFile(tmp_path / "library.zip") as archive:
        assert archive.namelist() == ["json/__init__.pyc", "os.pyc"]
        assert {entry.date_time for entry in archive.infolist()} == {(2020, 1, 1, 0, 0, 0)}


def test_an_embeddable_zip_tells_its_version(tmp_path: Path) -> None:
    found = runtime.found(str(tmp_path / "python-3.13.9-embed-amd64.zip"), tmp_path)
    assert (found.python, found.is_wheel) == ("3.13.9", False)


@pytest.mark.parametrize("name", ["python-3.12.9-embed-amd64.zip", "python-3.13.9-embed-win32.zip", "python.zip"])
def test_another_zip_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"no python-3\.13"):
        runtime.found(str(tmp_path / name), tmp_path)


def test_another_wheel_than_the_pinned_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "panda3d-1.10.16-cp313-cp313-win_amd64.whl").write_bytes(b"other")
    with pytest.raises(tools.MissingToolError, match="not the wheel that was pinned"):
        runtime.found("panda-wheel", tmp_path)


def test_an_embeddable_zip_is_unpacked_and_only_its_own_places_are_searched(tmp_path: Path) -> None:
    path = tmp_path / "python-3.13.9-embed-amd64.zip"
    names = ("python313.dll", "python3.dll", "python313.zip", "_ssl.pyd", "python.exe", "_wmi.pyd", "python313._pth")
    with zipfile.ZipFile(path, "w") as archive:
        for name in (*names, "../escaped.dll", "sub/a.dll"):
            archive.writestr(name, b"x")
    runtime.unpack(runtime.found(str(path), tmp_path), tmp_path / "app", tmp_path / "work")
    assert names_in(tmp_path / "app") == {"python313.dll", "python3.dll", "python313.zip", "_ssl.pyd", "python313._pth"}
    searched = (tmp_path / "app" / "python313._pth").read_bytes()
    assert searched == b"python313.zip\r\n.\r\nLib\\site-packages\r\nprogram\r\n"
    assert not (tmp_path / "escaped.dll").exists()


def test_a_python_of_the_right_version_is_found_as_windows_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def run(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        asked.append([str(word) for word in command])
        is_right = "-3.13" in asked[-1]
        said = "3 13 C:\\Program Files\\Python 313\\python.exe\n" if is_right else "3 11 C:\\python.exe\n"
        return subprocess.CompletedProcess(command, 0, said, "")

    monkeypatch.setattr(runtime.subprocess, "run", run)
    monkeypatch.setattr(runtime.shutil, "which", lambda name: "C:\\Windows\\py.exe" if name == "py" else None)
    monkeypatch.setattr(runtime.Path, "home", lambda: tmp_path)
    assert str(runtime.interpreter()) == "C:\\Program Files\\Python 313\\python.exe"
    monkeypatch.setattr(runtime.shutil, "which", lambda _name: None)
    with pytest.raises(tools.MissingToolError, match=r"needs python3\.13"):
        runtime.interpreter()


def test_a_zip_without_python_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "python-3.13.9-embed-amd64.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", b"x")
    with pytest.raises(ValueError, match=r"no python313\.dll"):
        runtime.unpack(runtime.Runtime(path, "3.13.9"), tmp_path / "app", tmp_path / "work")


def test_only_what_was_installed_is_removed_again(tmp_path: Path) -> None:
    for name in ("Lib/site-packages/a.pyc", "program/main.pyc", "Dala.exe", "python313.dll"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    lines = setup_program.removal_of(tmp_path).splitlines()
    assert lines[0] == "!macro RemoveProgram"
    by_names = "\n".join(lines[1:-6])
    assert 'ReadINIStr $9 "$INSTDIR\\program\\at_root.ini" "files" "$8"' in by_names
    assert 'Delete "$INSTDIR\\$9"' in by_names
    assert lines[-6:] == [
        '  RMDir /r "$INSTDIR\\Lib"',
        '  RMDir /r "$INSTDIR\\program"',
        '  RMDir /r "$INSTDIR\\licences"',
        '  Delete "$INSTDIR\\Dala.exe"',
        '  Delete "$INSTDIR\\python313.dll"',
        "!macroend",
    ]


def test_the_names_beside_the_folders_are_written_down_for_the_next_version(tmp_path: Path) -> None:
    app = tmp_path / "app"
    for name in ("program/main.pyc", "Dala.exe", "python313.dll"):
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        (app / name).write_bytes(b"")
    payload.write_list(app, Version(1, 0, 0))
    linked = tmp_path / "linked"
    shutil.copytree(app, linked, copy_function=lambda source, target: Path(target).hardlink_to(source))
    (linked / "more.dll").write_bytes(b"")
    payload.write_list(linked, Version(1, 1, 0))
    told = configparser.ConfigParser()
    told.read(app / payload.NAMES_AT_ROOT, encoding="ascii")
    assert list(told["files"].values()) == ["Dala.exe", "files.json", "files.json.signature", "python313.dll"]
    assert list(told["files"]) == ["1", "2", "3", "4"], "Setup reads on until a number is missing"
    assert b"more.dll" in (linked / payload.NAMES_AT_ROOT).read_bytes()
    assert b"at_root.ini" in (app / "files.json").read_bytes(), "it is listed with the others"


def test_a_name_that_setup_could_not_read_stops_the_build(tmp_path: Path) -> None:
    (tmp_path / "program").mkdir()
    (tmp_path / "\u04d9.dll").write_bytes(b"")
    with pytest.raises(ValueError, match="ascii"):
        payload.write_names(tmp_path)


def test_a_folder_that_nobody_would_remove_is_refused(tmp_path: Path) -> None:
    (tmp_path / "strange").mkdir()
    with pytest.raises(ValueError, match="nobody would remove strange"):
        setup_program.removal_of(tmp_path)


def test_a_name_that_the_script_would_read_otherwise_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a$b.dll").write_bytes(b"")
    with pytest.raises(ValueError, match="read as its own"):
        setup_program.removal_of(tmp_path)


def test_setup_says_every_sentence_in_three_languages() -> None:
    nsis = setup_program.SCRIPT.parent
    script = setup_program.SCRIPT.read_text(encoding="utf-8")
    sentences = (nsis / "sentences.nsh").read_text(encoding="utf-8")
    said = sentences.split("${Sentence} ")[1:]
    assert all(block.count('"') == 6 for block in said)
    for block in said:
        assert f"$({block.split()[0]})" in script
    assert script.count("MUI_LANGUAGE") == 3


def test_the_kazakh_strings_are_as_many_as_nsis_wants_and_keep_their_values() -> None:
    lines = (setup_program.SCRIPT.with_name("Kazakh.nlf")).read_text(encoding="utf-8-sig").splitlines()
    strings = [lines[index + 1] for index, line in enumerate(lines) if line.startswith("# ^")]
    assert lines[1] == "NLF v6"
    assert lines[3] == "1087"
    assert len(strings) == len([line for line in lines[lines.index("# ^Branding") :] if line.startswith("#")])
    assert all(strings)
    assert sum("$(^NameDA)" in each for each in strings) >= 8


def test_an_icon_holds_every_picture(tmp_path: Path) -> None:
    from PIL import Image

    pictures = {}
    for width in ICON_SIZES:
        path = tmp_path / f"{width}.png"
        Image.new("RGBA", (width, width), "blue").save(path)
        pictures[width] = path.read_bytes()
    (tmp_path / "a.ico").write_bytes(icon_file(pictures))
    with Image.open(tmp_path / "a.ico") as icon:
        assert icon.info["sizes"] == {(width, width) for width in ICON_SIZES}


def test_the_launcher_asks_for_no_more_rights_than_its_user_has() -> None:
    manifest = (SOURCES / "dala.manifest").read_text(encoding="utf-8")
    assert 'level="asInvoker"' in manifest
    assert "PerMonitorV2" in manifest


def test_a_tool_that_is_missing_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools.shutil, "which", lambda _name: None)
    assert tools.missing(["makensis"]) == ["nsis"]
    assert tools.missing(["x86_64-w64-mingw32-gcc"]) == ["gcc-mingw-w64-x86-64-win32", "mingw-w64-x86-64-dev"]
    with pytest.raises(tools.MissingToolError, match="Debian has it in the package nsis"):
        tools.run("makensis")


def test_a_tool_that_fails_is_told_with_its_words() -> None:
    with pytest.raises(tools.MissingToolError, match=r"failed with 3:\n.*not today"):
        tools.run("python3", "-c", "import sys; print('not today'); sys.exit(3)")
    assert tools.run("python3", "-c", "print('done')") == "done\n"


def test_the_build_refuses_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(build_command.sys, "prefix", str(build_command.dev.ENVIRONMENT))
    monkeypatch.setattr(build_command.dev, "install_packages", lambda packages: None)
    assert build_command.main(["--version", "1.2", "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "build.py: “1.2” is no version of the form X.Y.Z\n"


def test_a_checkout_without_its_environment_makes_it_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[object] = []
    monkeypatch.setattr(build_command.sys, "prefix", str(tmp_path))
    monkeypatch.setattr(build_command.dev, "prepare", lambda: done.append("prepared"))

    def run(command: list[object], check: bool) -> object:
        done.append(command[0])
        return type("Done", (), {"returncode": 5})

    monkeypatch.setattr(build_command.subprocess, "run", run)
    assert build_command.main(["--version", "1.2.3", "--out", "x"]) == 5
    assert done == ["prepared", build_command.dev.PYTHON]


def test_figures_are_kept_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def setup(app: Path, version: Version, out: Path, work: Path, *, packing: str) -> Path:
        assert packing == "zlib"
        path = out / f"Dala-{version}-x64.exe"
        path.write_bytes(bytes(200_000))
        return path

    monkeypatch.setattr(build_command.sys, "prefix", str(build_command.dev.ENVIRONMENT))
    monkeypatch.setattr(build_command.dev, "install_packages", lambda packages: None)
    monkeypatch.setattr(runtime, "found", lambda where, cache: runtime.Runtime(Path("a.whl"), "3.13.1"))
    monkeypatch.setattr(payload, "build", lambda *words: {"installed_mb": 200.0})
    monkeypatch.setattr(setup_program, "build", setup)
    for each in (windows_package, portable_folder):
        monkeypatch.setattr(
            each, "build", lambda app, version, out, *_, **__: setup(app, version, out, out, packing="zlib")
        )
    assert build_command.main(["--version", "1.2.3", "--out", str(tmp_path), "--fast"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["version"], told["setup_mb"], told["installed_mb"]) == ("1.2.3", 0.2, 200.0)
    assert json.loads((tmp_path / "figures.json").read_text(encoding="utf-8")) == told
