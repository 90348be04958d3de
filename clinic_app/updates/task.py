"""``Dala-console.exe --install-update``: the first half of the task, with the rights of the system.

What lies ready in the data folder was put there by the program, or by anybody who works at the computer. It is copied
into the folder where only administrators write, and verified there: what is verified is what will be installed. The
installation itself is done by `installing`, from a copy of the interpreter beside it, because Setup cannot replace a
program that runs.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from clinic_app.foundation.clock import SystemClock
from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.version import VERSION
from clinic_app.updates.installed import Installed, installed_here
from clinic_app.updates.plain_files import is_link, remove_own
from clinic_app.updates.release import Release, newest
from clinic_app.updates.shelf import FOLDER
from clinic_app.updates.sources import FolderSource
from clinic_app.updates.system_folder import State, note, read_state, write_state
from clinic_app.updates.verifying import Verifier, copy_release

WORD: Final = "--install-update"
STAGED: Final = "staged"
RUNNER: Final = "runner"
_OWN: Final = (
    "__init__",
    "foundation/__init__",
    "foundation/clock",
    *(
        f"updates/{each}"
        for each in (
            "__init__",
            "event_windows",
            "installing",
            "plain_files",
            "registry_windows",
            "starts",
            "system_folder",
        )
    ),
)
"""The modules of the copy: they import one another and the standard library."""
_NOT_IN_RUNNER: Final = frozenset({"Dala.exe", "Dala-hub.exe", "uninstall.exe", "files.json", "files.json.signature"})
_log = logging.getLogger(__name__)


def install_update(arguments: Sequence[str], data: Path) -> int:
    """Stage what lies ready; return the exit code: 0 also where there is nothing to do."""
    if arguments:
        sys.stderr.write(f"{WORD} takes no words\n")
        return 2
    installed = installed_here()
    if installed is None:
        sys.stderr.write("This program takes no releases: it is no installation of a build with a root.\n")
        return 0
    try:
        stage(installed, data, VERSION)
    except (ClinicError, OSError) as error:
        note(installed.system, f"nothing was staged: {error}")
        return 1
    return 0


def stage(installed: Installed, data: Path, version: str) -> Release | None:
    """Copy the release that lies ready to where only administrators write, verify it there, and name it as the next.

    Args:
        installed: how this program was installed.
        data: the data folder, whose contents are not believed.
        version: of this program.

    Returns:
        The release; None where there is none, or one is under way.

    Raises:
        UnreadableFileError: what lies ready is not believed.
        StorageError: the disk refused it.
        OSError: the same.
    """
    system, state = installed.system, read_state(installed.system)
    ready = data / FOLDER / "ready"
    if state.phase not in {"idle", "staged"} or not ready.is_dir() or is_link(ready) or is_link(ready.parent):
        return None
    source = FolderSource(ready)
    releases = Verifier(system / "trusted", installed.root).releases(source)
    release = newest(releases, installed.kind, version, state.refused)
    if release is None or (state.phase == "staged" and state.sha256 == release.sha256):
        return None
    remove_own(system / STAGED)
    copy_release(source, release, system / STAGED / release.name)
    copy_runner(installed.folder, system / RUNNER)
    write_state(system, State(
        phase="staged", version=release.version, kind=release.kind, file=release.name, sha256=release.sha256,
        former=version, since=SystemClock().now().isoformat(), refused=state.refused,
        said=f"Version {release.version} was verified and waits until nobody works.",
    ))  # fmt: skip
    note(system, f"version {release.version} was verified and waits until nobody works")
    return release


def copy_runner(program: Path, runner: Path) -> None:
    """Copy the interpreter and the modules that install, so that they lie outside of what they replace.

    Raises:
        OSError: the disk refused it.
    """
    made = runner.with_name(f"{runner.name}.new")
    remove_own(made)
    made.mkdir(parents=True)
    for path in program.iterdir():
        if path.is_file() and path.name not in _NOT_IN_RUNNER:
            shutil.copyfile(path, made / path.name)
    for module in _OWN:
        inner = next(Path(module + suffix) for suffix in (".pyc", ".py")
                     if (program / "program" / "clinic_app" / (module + suffix)).is_file())  # fmt: skip
        target = made / "program" / "clinic_app" / inner
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(program / "program" / "clinic_app" / inner, target)
    remove_own(runner)
    os.replace(made, runner)
