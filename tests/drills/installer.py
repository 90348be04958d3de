"""The whole life of an installation, from the build to the removal, on a Windows that wine plays.

Setup is built and installed without a question; the installed program looks the computer through, opens its window,
keeps a patient in its encrypted database; it is updated, refuses what it must refuse, and is removed: what remains must
be the patients' data and nothing else. A former version is made from the same files, with another number and one file
more.

``--json FILE`` keeps the figures: every step with ``ok`` and ``seconds``, ``sizes_mb``, ``leftovers`` and
``foreign_dlls``. ``--keep DIR`` keeps what was built and the pictures there.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from installer import dependencies, payload, setup_program, windows_package
from tests.drills import installer_inside, installer_package, installer_window
from tests.drills.installer_prefix import Prefix
from tests.drills.installer_trial import (
    FOLDER,
    FORMER,
    KEY,
    NEWER,
    ONLY_FORMER,
    ROOT,
    Trial,
    files_of,
    inside,
    is_data,
    leftovers,
    missing_of,
    older_windows,
    screen,
    self_test,
    within,
)  # fmt: skip

GONE_WITHIN_S: Final = 60.0
IS_OLD_WINDOWS: Final = 11
IS_OLDER: Final = 13


def run(arguments: Sequence[str]) -> tuple[dict[str, object], bool]:
    """Run the trial; return its figures and whether everything held."""
    parser = argparse.ArgumentParser(prog="drill installer")
    parser.add_argument("--json", type=Path, help="keep the figures")
    parser.add_argument("--keep", type=Path, help="keep what was built, and the pictures")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    with _place(options.keep) as folder, screen() as display:
        trial = Trial(folder, Prefix(folder / "prefix", display))
        try:
            go_through(trial)
        finally:
            trial.prefix.close()
        has_held = all(step["ok"] for step in trial.steps.values())
        figures = {"steps": trial.steps, **trial.figures, "seconds": round(time.monotonic() - began, 1)}
    if options.json:
        options.json.write_text(json.dumps({"ok": has_held, **figures}, indent=1, ensure_ascii=False), encoding="utf-8")
    return figures, has_held


def go_through(trial: Trial) -> None:
    """Take every step, in the order in which they happen to a computer."""
    prefix = trial.prefix
    trial.step("build", lambda: build(trial))
    if not trial.steps["build"]["ok"]:
        return
    trial.step("former version", lambda: build_former(trial))
    qt = trial.folder / "app" / payload.PACKAGES / "PySide6" / "Qt6Core.dll"
    trial.step("windows", lambda: prefix.make(qt, trial.folder / "stand-ins"), None)
    before = files_of(prefix.drive)
    trial.step("older Windows is refused", lambda: refused_by_older_windows(trial), (IS_OLD_WINDOWS, ""))
    trial.step("install", lambda: (prefix.run(trial.setup(FORMER), "/S", "/LANGUAGE=kk").code, trial.version_there()),
               (0, str(FORMER)))  # fmt: skip
    trial.step("every file is there", lambda: missing_of(trial.folder / "former", trial.installed), [])
    trial.step("self-test", lambda: self_test(trial), [])
    installer_window.work_at_window(trial)
    installer_window.look_inside(trial)
    trial.step("database is encrypted", lambda: is_encrypted(trial.data / "clinic.db"))
    trial.step("update", lambda: (prefix.run(trial.setup(NEWER), "/S").code, trial.version_there()), (0, str(NEWER)))
    trial.step("former files are gone", (trial.installed / ONLY_FORMER).exists, wanted=False)
    trial.step("data were copied first", (trial.data / "before-update" / "clinic.db").is_file)
    trial.step("data are kept", lambda: inside(trial), (str(NEWER), installer_inside.TYPED))
    trial.step("downgrade is refused", lambda: (prefix.run(trial.setup(FORMER), "/S").code, trial.version_there()),
               (IS_OLDER, str(NEWER)))  # fmt: skip
    foreign = dependencies.faults_of(trial.installed)
    trial.figures["foreign_dlls"] = len(foreign)
    trial.step("no foreign libraries", lambda: [str(each) for each in foreign], [])
    trial.step("running leaves nothing", lambda: missing_of(trial.installed, trial.folder / "app"), ["uninstall.exe"])
    trial.step("remove", lambda: remove(trial))
    trial.figures["leftovers"] = leftovers(before, prefix.drive)
    trial.step(
        "only data are left", lambda: [each for each in leftovers(before, prefix.drive) if not is_data(each)], []
    )
    trial.step("data are still there", (trial.data / "clinic.db").is_file)
    installer_package.go_through(trial)
    trial.step("removal with the data", lambda: purge(trial))


def build(trial: Trial) -> bool:
    """Build the newer version as IT would."""
    command = [sys.executable, "installer/build.py", "--version", str(NEWER), "--out", str(trial.folder), "--fast"]
    done = subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise RuntimeError(done.stdout)
    figures = json.loads(done.stdout)
    trial.figures["sizes_mb"] = {name: figures[name] for name in figures if name.endswith("_mb")}
    trial.figures["build_seconds"] = figures["seconds"]
    return True


def build_former(trial: Trial) -> bool:
    """Make a former version from the files of the newer one."""
    app = trial.folder / "former"
    shutil.copytree(trial.folder / "app", app, copy_function=_linked)
    (app / ONLY_FORMER).write_text("The update takes this file away.", encoding="utf-8")
    payload.restamp(app, FORMER, ROOT)
    setup_program.build(app, FORMER, trial.folder, trial.folder / "work", packing="none")
    windows_package.build(app, FORMER, trial.folder, trial.folder / "work")
    return True


def refused_by_older_windows(trial: Trial) -> tuple[int, str]:
    """Run Setup on an older Windows; return its exit code and what is installed then."""
    with older_windows(trial):
        return trial.prefix.run(trial.setup(FORMER), "/S").code, trial.version_there()


def is_encrypted(database: Path) -> bool:
    """Return whether neither a name nor SQLite's own mark can be read in the file."""
    body = database.read_bytes()
    return b"SQLite format" not in body and installer_inside.FAMILY.encode() not in body and len(body) > 100_000


def remove(trial: Trial) -> bool:
    """Remove the program as Windows' list of programs would do it silently; return whether it is gone."""
    words = trial.prefix.registry(KEY)["QuietUninstallString"]
    trial.prefix.run(words.split('"')[1], *words.split('"')[2].split())
    return within(GONE_WITHIN_S, lambda: not trial.installed.exists()) and not trial.prefix.registry(KEY)


def purge(trial: Trial) -> bool:
    """Install again and remove with the data: not without the word that confirms it."""
    found = []
    for words in (("/PURGE=1",), ("/PURGE=1", "/CONFIRM=DELETE-PATIENT-DATA")):
        trial.prefix.run(trial.setup(FORMER), "/S")  # it is the quicker one
        trial.prefix.run(f"{FOLDER}\\uninstall.exe", "/S", *words)
        within(GONE_WITHIN_S, lambda: not trial.installed.exists())
        found.append(not within(5, lambda: not trial.data.exists()))
    return found == [True, False]


@contextmanager
def _place(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="dala-installer-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _linked(source: str, target: str) -> None:
    Path(target).hardlink_to(source)
