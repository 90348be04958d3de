"""Updates that come by themselves, on a Windows that wine plays: from a hub's process to the version that runs.

Three versions are made from the built files without their windows: the one that is installed, the next, and one with a
spoilt file. The installed program takes each from a real hub over the loopback, and the task's own command line is run,
as Windows would run it at night.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from installer import payload, setup_program, update_task
from installer.signing import Signer
from installer.versions import Version
from tests.drills import installer_updates_inside
from tests.drills.installer_prefix import Prefix
from tests.drills.installer_trial import ROOT, Trial, told_inside, within
from tests.helpers.code_signing import code_signer, in_environment
from tests.helpers.hub_process import HubProcess
from tests.helpers.releases import Maker

FIRST: Final = Version(0, 3, 0)
NEXT: Final = Version(0, 4, 0)
SPOILT: Final = Version(0, 5, 0)
LEFT_OUT: Final = ("PySide6", "shiboken6", "pyqtgraph")
"""Packages of the windows: nothing here opens one, and the Setups are smaller by half."""
GONE_WITHIN_S: Final = 60.0


@contextmanager
def beside(trial: Trial, windows: Prefix) -> Iterator[None]:
    """Take the steps of updates in a Windows of their own while the block goes on with the others."""
    folder = trial.folder / "updates"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    maker, signer = Maker(folder), code_signer(folder / "signer", "Trial")
    is_made = trial.step(
        "versions for updates", lambda: all(make(trial, maker, signer, each) for each in (FIRST, NEXT, SPOILT))
    )
    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(go_through, replace(trial, prefix=windows), maker, signer) if is_made else None
        yield
    windows.close()
    if done:
        done.result()
    shutil.rmtree(folder)


def go_through(trial: Trial, maker: Maker, signer: Signer) -> None:
    """Install, update, settle, and bring back, in a Windows where nothing of the program is yet."""
    folder = trial.folder / "updates"
    inside = Path(installer_updates_inside.__file__)

    def told(*words: str) -> dict[str, Any]:
        return told_inside(trial, inside, *words)

    setup = str(folder / f"Dala-{FIRST}-x64.exe")
    trial.step("install what takes releases", lambda: (trial.prefix.run(setup, "/S").code, trial.version_there()),
               (0, str(FIRST)))  # fmt: skip
    trial.step("what removes it is signed, too", lambda: signer.verify(trial.installed / "uninstall.exe"), None)
    trial.step("who signed it is named", lambda: signed_by(trial))
    trial.step("its task is planned", lambda: task_is_planned(trial))
    trial.step("nothing to install is nothing to do", lambda: (run_task(trial), trial.version_there()), (0, str(FIRST)))
    with HubProcess(folder / "hub") as hub:
        token = hub.enrol("org-trial", "PC")
        publish(maker, hub, folder / f"Dala-{NEXT}-x64.exe", "--root", str(folder / "root.json"))
        trial.step("a release comes from the hub", lambda: told("fetch", hub.url, token),
                   {"version": str(FIRST), "kind": "setup", "ready": str(NEXT), "kept": False})  # fmt: skip
        trial.step("the task installs it", lambda: (run_task(trial), state(trial)["phase"], trial.version_there()),
                   (0, "trial", str(NEXT)))  # fmt: skip
        trial.step("the data are kept in the new version", lambda: told("well"),
                   {"version": str(NEXT), "kind": "setup", "ready": "", "kept": True})  # fmt: skip
        trial.step(
            "it stays once somebody could sign in", lambda: (run_task(trial), state(trial)["phase"]), (0, "idle")
        )
        publish(maker, hub, folder / f"Dala-{SPOILT}-x64.exe")
        trial.step("a spoilt release comes", lambda: told("fetch", hub.url, token)["ready"], str(SPOILT))
        trial.step("it gives way to the former", lambda: (run_task(trial), trial.version_there()), (1, str(NEXT)))
        trial.step("it is not tried again", lambda: (state(trial)["refused"], told("look")),
                   ([str(SPOILT)], {"version": str(NEXT), "kind": "setup", "ready": "", "kept": True}))  # fmt: skip
    trial.step("a downgrade by hand is refused still", lambda: trial.prefix.run(setup, "/S").code, 13)
    trial.step("removal takes the task along", lambda: is_removed(trial))


def make(trial: Trial, maker: Maker, signer: Signer, version: Version) -> bool:
    """Make the signed Setup of one version from the built files."""
    folder, root = trial.folder / "updates", trial.folder / "updates" / "root.json"
    root.write_bytes(maker.root)
    app = folder / f"app-{version}"
    shutil.copytree(trial.folder / "app", app, copy_function=lambda source, target: Path(target).hardlink_to(source),
                    ignore=shutil.ignore_patterns(*LEFT_OUT))  # fmt: skip
    for name in (update_task.TASK, "update-root.json"):
        (app / name).unlink(missing_ok=True)
    update_task.write(app, {update_task.VARIABLE: str(root)})
    for program in app.glob("*.exe"):
        body = program.read_bytes()
        program.unlink()  # the other versions have the same file
        program.write_bytes(body)
        signer.sign(program)
    with environment(in_environment(signer)):
        return _make(trial, app, version)


def _make(trial: Trial, app: Path, version: Version) -> bool:
    payload.restamp(app, version, ROOT)
    if version == SPOILT:
        spoilt = app / payload.PROGRAM / "clinic_app" / "settings.pyc"
        body = spoilt.read_bytes()
        spoilt.unlink()  # the other versions have the same file
        spoilt.write_bytes(body + b"\0")
    setup_program.build(app, version, trial.folder / "updates", trial.folder / "work", packing="none")
    return True


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Put variables into the environment of this process for the length of the block."""
    before = dict(os.environ)
    os.environ.update({name: value for name, value in values.items() if value})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def signed_by(trial: Trial) -> bool:
    """Return whether the self-test finds every file as it was signed, and names who did; whom wine trusts differs."""
    report = trial.prefix.drive / "signature.json"
    trial.prefix.run("C:\\Program Files\\Dala\\Dala-console.exe", "--selftest", "--only", "signature", "--json",
                     "C:\\signature.json", longest_s=120)  # fmt: skip
    (check,) = json.loads(report.read_bytes())["checks"]
    report.unlink()
    trial.figures["signature_seconds"] = check["seconds"]
    return check["outcome"] != "failed" and "“Trial”" in check["words"]


def publish(maker: Maker, hub: HubProcess, setup: Path, *words: str) -> None:
    """Sign a release and put it into the hub, as an administrator does with a stick."""
    maker.repository.add([setup], {"en": "A trial."}, maker.keys)
    hub.run("releases", "--take", str(maker.place), *words)


def run_task(trial: Trial) -> int:
    """Run the command line of the planned task."""
    batch = trial.prefix.drive / "task.bat"
    batch.write_text(f"@{update_task.COMMAND} {update_task.ARGUMENTS}\r\n@exit /b %errorlevel%\r\n", encoding="ascii")
    try:
        return trial.prefix.run("cmd", "/c", "C:\\task.bat", longest_s=400).code
    finally:
        batch.unlink()


def state(trial: Trial) -> dict[str, Any]:
    """Return how it stands with updates, as the task has written it."""
    found: dict[str, Any] = json.loads((system(trial) / "state.json").read_bytes())
    return found


def system(trial: Trial) -> Path:
    """Return the folder of the task."""
    return trial.installed.with_name("Dala Updates")


def task_is_planned(trial: Trial) -> bool:
    """Return whether Windows' planner has taken the task."""
    return any(trial.prefix.drive.glob("windows/system32/[Tt]asks/**/Install updates"))


def is_removed(trial: Trial) -> bool:
    """Remove everything with the data; tell whether program, task and its folder are gone."""
    words = ("/S", "/PURGE=1", "/CONFIRM=DELETE-PATIENT-DATA")
    trial.prefix.run("C:\\Program Files\\Dala\\uninstall.exe", *words)
    gone = within(GONE_WITHIN_S, lambda: not trial.installed.exists())
    return gone and not system(trial).exists() and not task_is_planned(trial)
