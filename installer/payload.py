"""The folder that is installed: Python for Windows, the packages, the program as bytecode, and what starts it.

``DIR/Dala.exe``, ``Dala-console.exe``, Python's and Microsoft's libraries; ``DIR/Lib/site-packages``: the packages;
``DIR/program``: `main`, the rooms, the windows and ``resources``; ``DIR/licences``: whose work all of it is.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from clinic_app.selftest import program_files
from installer import (
    dependencies,
    event_sentences,
    launchers,
    notices,
    runtime,
    signing,
    slimming,
    update_task,
    windows_wheels,
)
from installer.versions import Version

ROOT: Final = Path(__file__).resolve().parents[1]
LOCK: Final = ROOT / "installer" / "runtime.lock"
PROGRAM: Final = "program"
PACKAGES: Final = Path("Lib", "site-packages")
OWN_FOLDERS: Final = ("Lib", PROGRAM, notices.FOLDER)
"""The folders of an installation; all its other files lie at its root."""
NAMES_AT_ROOT: Final = Path(PROGRAM, "at_root.ini")
_COPIED: Final = ("main.py", "clinic_app", "ui", "resources")
_SOURCES_OF_TEXTS: Final = ("__pycache__", "*.po", "*.pyc", "*.part-*", ".made-from")
_STAMPED: Final = Path(PROGRAM, "clinic_app", "foundation", "version.py")


class PayloadError(Exception):
    """What was put together would not run; the message lists why."""


def build(app: Path, version: Version, source: runtime.Runtime, work: Path, root: Path = ROOT) -> Mapping[str, object]:
    """Put the folder together anew and look it through; return its figures.

    Args:
        app: the folder; removed first if it is there.
        version: what the program will say it is.
        source: of Python.
        work: folder for what is made on the way.
        root: the checkout.

    Raises:
        PayloadError: something in it would not load on a bare Windows.
        installer.tools.MissingToolError: a tool is missing or has failed.
        ValueError: something is not as it should be.
        installer.signing.SignatureError: somebody signs, and cannot.
    """
    shutil.rmtree(app, ignore_errors=True)
    runtime.unpack(source, app, work)
    count = windows_wheels.install(LOCK, source.python, app / PACKAGES, work)
    raw_bytes = slimming.size_of(app)
    copy_program(root, app, version)
    sources = (path.read_text(encoding="utf-8") for path in (app / PROGRAM).rglob("*.py"))
    slimming.slim(app / PACKAGES, slimming.qt_modules_imported(sources))
    launchers.build(app, version, work)
    event_sentences.build(app, version, work)
    runtimes = slimming.copy_runtimes(app, app / PACKAGES)
    notices.write(app, app / PACKAGES, work / windows_wheels.WANTED, root)
    runtime.compile_tree(app / PACKAGES)
    runtime.compile_tree(app / PROGRAM)
    if faults := dependencies.faults_of(app):
        raise PayloadError("\n".join(str(each) for each in faults))
    update_task.write(app)
    signer = signing.Signer.from_environment()
    signing.sign_all(programs_of(app, source), signer)
    write_list(app, version, signer)
    files = [path for path in app.rglob("*") if path.is_file()]
    return {
        "packages": count,
        "files": len(files),
        "raw_mb": megabytes(raw_bytes),
        "installed_mb": megabytes(slimming.size_of(app)),
        "runtimes": runtimes,
        "python": source.python,
    }


def programs_of(app: Path, source: runtime.Runtime) -> list[Path]:
    """Return what was made here and Windows loads as a program: everything else has its maker's signature or none."""
    made = [app / "python3.dll"] if source.is_wheel else []
    return [*sorted(app.glob("*.exe")), *(path for path in made if path.is_file())]


def write_list(app: Path, version: Version, signer: signing.Signer | None = None) -> None:
    """Write the list of every file of the folder, by which the installed self-test knows what was changed.

    Args:
        app: the folder, finished.
        version: of the program in it.
        signer: who signs the list; None for nobody.

    Raises:
        installer.signing.SignatureError: it cannot be signed.
    """
    write_names(app)
    body = program_files.list_of(app, str(version))
    for name in (program_files.LIST, program_files.SIGNATURE):  # a copy of a folder may share its files with it
        (app / name).unlink(missing_ok=True)
    (app / program_files.LIST).write_bytes(body)
    if signer is not None:
        (app / program_files.SIGNATURE).write_bytes(signer.signature_of(body))


def write_names(app: Path) -> None:
    """Write the names of the files beside the folders, by which the next version's Setup removes them.

    Its own may have other names: another Python, another of Microsoft's libraries.

    Raises:
        ValueError: a name has other than plain letters.
    """
    names = {path.name for path in app.iterdir() if path.is_file()} | {program_files.LIST, program_files.SIGNATURE}
    lines = ["[files]", *(f"{number}={name}" for number, name in enumerate(sorted(names), 1)), ""]
    (app / NAMES_AT_ROOT).parent.mkdir(exist_ok=True)
    (app / NAMES_AT_ROOT).unlink(missing_ok=True)
    (app / NAMES_AT_ROOT).write_text("\r\n".join(lines), encoding="ascii", newline="")


def copy_program(root: Path, app: Path, version: Version) -> None:
    """Copy the program into the folder and stamp the version into the copy.

    Args:
        root: the checkout.
        app: the folder that will be installed.
        version: what the copy will say it is.

    Raises:
        ValueError: the module of the version is not as it should be.
    """
    target = app / PROGRAM
    for name in _COPIED:
        if (root / name).is_dir():
            shutil.copytree(root / name, target / name, ignore=shutil.ignore_patterns(*_SOURCES_OF_TEXTS))
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / name, target / name)
    slimming.remove_empty(target)
    stamped = app / _STAMPED
    stamped.write_text(stamp(stamped.read_text(encoding="utf-8"), version), encoding="utf-8")


def restamp(app: Path, version: Version, root: Path = ROOT) -> None:
    """Make a finished folder say another version; its launchers keep theirs.

    Args:
        app: the folder, its modules compiled.
        version: what the program will say it is.
        root: the checkout.
    """
    stamped = app / _STAMPED
    stamped.with_suffix(".pyc").unlink()
    source = root / _STAMPED.relative_to(PROGRAM)
    stamped.write_text(stamp(source.read_text(encoding="utf-8"), version), encoding="utf-8")
    runtime.compile_tree(stamped.parent)
    write_list(app, version, signing.Signer.from_environment())


def stamp(source: str, version: Version) -> str:
    """Return the module of the version with another one in it.

    Raises:
        ValueError: there is not exactly one line that says it.
    """
    lines = source.splitlines(keepends=True)
    places = [index for index, line in enumerate(lines) if line.startswith("VERSION: Final = ")]
    if len(places) != 1:
        raise ValueError("the line with the version was not found")
    lines[places[0]] = f'VERSION: Final = "{version}"\n'
    return "".join(lines)


def megabytes(size: int) -> float:
    """Return bytes as megabytes (10^6) with one decimal."""
    return round(size / 1e6, 1)
