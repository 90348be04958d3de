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
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final, cast

from installer import dependencies, payload, setup_program, windows_package
from tests.drills import (
    installer_embeddable,
    installer_imports,
    installer_inside,
    installer_package,
    installer_service,
    installer_setup,
    installer_updates,
    installer_window,
)
from tests.drills.installer_mutants import try_mutants
from tests.drills.installer_prefix import BUILTIN, Prefix
from tests.drills.installer_trial import (
    FORMER,
    NEWER,
    ROOT,
    Trial,
    files_of,
    inside,
    missing_of,
    put_former_files,
    screen,
    self_test,
    told_inside,
)  # fmt: skip

RUNTIME: Final = "msvcp140.dll"
"""wine has one of its own, so that only the build's check sees when ours is missing."""


def run(arguments: Sequence[str]) -> tuple[dict[str, object], bool]:
    """Run the trial; return its figures and whether everything held."""
    parser = argparse.ArgumentParser(prog="drill installer")
    parser.add_argument("--json", type=Path, help="keep the figures")
    parser.add_argument("--keep", type=Path, help="keep what was built, and the pictures")
    where = "build from a ZIP as python.org's embeddable one is, as for a release"
    parser.add_argument("--embeddable", action="store_true", help=where)
    parser.add_argument("--mutants", action="store_true", help="try the trial itself by spoilt installers instead")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    with _place(options.keep) as folder, screen() as display:
        if options.mutants:
            return try_mutants(folder, display)
        trial = Trial(folder, Prefix(folder / "prefix", display))
        try:
            go_through(trial, is_embeddable=options.embeddable)
        finally:
            trial.prefix.close()
        has_held = all(step["ok"] for step in trial.steps.values())
        figures = {"steps": trial.steps, **trial.figures, "seconds": round(time.monotonic() - began, 1)}
    if options.json:
        options.json.write_text(json.dumps({"ok": has_held, **figures}, indent=1, ensure_ascii=False), encoding="utf-8")
    return figures, has_held


def go_through(trial: Trial, *, is_embeddable: bool = False) -> None:
    """Take every step, in the order in which they happen to a computer.

    Args:
        trial: this one.
        is_embeddable: the program is built from a ZIP as python.org's embeddable one is.
    """
    prefix = trial.prefix
    with ThreadPoolExecutor(1) as thread:
        made = thread.submit(prefix.make)
        trial.step("build", lambda: build(trial, installer_embeddable.make(trial.folder) if is_embeddable else None))
        if not trial.steps["build"]["ok"]:
            return
        trial.step("former version", lambda: build_former(trial))
        trial.step("windows", made.result, None)
    qt = trial.folder / "app" / payload.PACKAGES / "PySide6" / "Qt6Core.dll"
    trial.step("stand-ins", lambda: prefix.complete(qt, trial.folder / "stand-ins"), None)
    for_updates = prefix.twin(trial.folder / "for-updates")
    before = files_of(prefix.drive)
    installer_setup.install(trial)
    trial.step("self-test", lambda: self_test(trial), [])
    trial.step("every import is there", lambda: imports_missing(trial), {})
    installer_window.work_at_window(trial)
    installer_window.look_inside(trial)
    trial.step("database is encrypted", lambda: is_encrypted(trial.data / "clinic.db"))
    trial.step("what a bare Windows would miss is found", lambda: faults_found(trial), [True, True, True])
    with installer_updates.beside(trial, for_updates):
        _go_on(trial, before)


def _go_on(trial: Trial, before: set[str]) -> None:
    """Take the steps after the first day: the update, the service, the removal, and the same by the package."""
    installer_setup.update(trial)
    trial.step("data are kept", lambda: inside(trial), (str(NEWER), installer_inside.TYPED))
    installer_service.go_through(trial)
    foreign = dependencies.faults_of(trial.installed)
    trial.figures["foreign_dlls"] = len(foreign)
    trial.step("no foreign libraries", lambda: [str(each) for each in foreign], [])
    trial.step("running leaves nothing", lambda: missing_of(trial.installed, trial.folder / "app"), ["uninstall.exe"])
    installer_setup.remove(trial, before)
    installer_package.go_through(trial)
    installer_setup.purge(trial)


def build(trial: Trial, runtime: Path | None = None) -> bool:
    """Build the newer version as IT would; from the pinned wheel unless a runtime is named."""
    command = [sys.executable, "installer/build.py", "--version", str(NEWER), "--out", str(trial.folder), "--fast"]
    command += [] if runtime is None else ["--runtime", str(runtime)]
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
    shutil.rmtree(app, ignore_errors=True)
    shutil.copytree(trial.folder / "app", app, copy_function=_linked)
    put_former_files(app)
    payload.restamp(app, FORMER, ROOT)
    setup_program.build(app, FORMER, trial.folder, trial.folder / "work", packing="none")
    windows_package.build(app, FORMER, trial.folder, trial.folder / "work")
    return True


def faults_found(trial: Trial) -> list[bool]:
    """Return whether the build would refuse a stand-in, a missing runtime of Microsoft, and a library made by wine."""
    app, aside = trial.folder / "app", trial.folder / "aside.dll"
    found = []
    for source, name, words in (
        (trial.folder / "stand-ins" / "icuuc.dll", "icuuc.dll", "belongs to Windows"),
        (BUILTIN / "version.dll", "version.dll", "was made by wine"),
    ):
        shutil.copyfile(source, app / name)
        found.append(any(fault.path == name and words in fault.words for fault in dependencies.faults_of(app)))
        (app / name).unlink()
    (app / RUNTIME).rename(aside)
    found.append(any(f"needs {RUNTIME}" in fault.words for fault in dependencies.faults_of(app)))
    aside.rename(app / RUNTIME)
    return found


def imports_missing(trial: Trial) -> dict[str, str]:
    """Return which modules the program would not find in the installation, and why."""
    names = trial.folder / "imports.txt"
    names.write_text("\n".join(installer_imports.imported_by(ROOT)), encoding="utf-8")
    told = told_inside(trial, Path(installer_imports.__file__), Prefix.named(names))
    trial.figures["imports"] = told["tried"]
    return cast("dict[str, str]", told["failed"])


def is_encrypted(database: Path) -> bool:
    """Return whether neither a name nor SQLite's own mark can be read in the file."""
    body = database.read_bytes()
    return b"SQLite format" not in body and installer_inside.FAMILY.encode() not in body and len(body) > 100_000


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
