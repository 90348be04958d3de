"""The trial of the installation: where it happens, what has been found so far, and how a computer is looked at.

Parts of it live in files of their own (``installer_*.py``); each is a function of the `Trial` that takes steps.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from PIL import Image, ImageGrab

from installer import tools
from installer.versions import Version
from tests.drills import installer_inside
from tests.drills.installer_prefix import SOURCES, Prefix

ROOT: Final = Path(__file__).parents[2]
FORMER: Final = Version(0, 1, 0)
NEWER: Final = Version(0, 2, 0)
KEY: Final = r"HKLM\Software\Microsoft\Windows\CurrentVersion\Uninstall\Dala"
FOLDER: Final = "C:\\Program Files\\Dala"
DATA: Final = "C:\\ProgramData\\Dala"
ONLY_FORMER: Final = (Path("program", "only_in_the_former.txt"), Path("only_in_the_former.txt"))
"""Files of the former version; the update takes them away."""
WINDOWS: Final = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
TOO_OLD_BUILD: Final = "17134"
"""Of Windows 10 1803."""


@dataclass
class Trial:
    """What has been found so far.

    Args:
        folder: for everything.
        prefix: the Windows.
        steps: by name whether each held, how long it took, and what it said.
        figures: the rest.
        is_whole: the whole program is installed, not a small stand-in of it.
    """

    folder: Path
    prefix: Prefix
    steps: dict[str, dict[str, object]] = field(default_factory=dict)
    figures: dict[str, object] = field(default_factory=dict)
    is_whole: bool = True

    def step(self, name: str, do: Callable[[], object], wanted: object = True) -> bool:
        """Do one thing and note whether it came out as wanted; what trips has not held, and the next is done."""
        began = time.monotonic()
        try:
            found = do()
        except Exception as error:  # noqa: BLE001 - the trial goes on and tells
            found = f"{type(error).__name__}: {error}"
        ok = found == wanted
        self.steps[name] = {"ok": ok, "seconds": round(time.monotonic() - began, 1)}
        if not ok:
            self.steps[name]["found"] = str(found)[-2000:]
        print(f"{'ok' if ok else 'FAILED':6} {name} {self.steps[name]['seconds']} s", file=sys.stderr, flush=True)
        return ok

    @property
    def installed(self) -> Path:
        """Where the program lies, seen from this computer."""
        return self.prefix.drive / "Program Files" / "Dala"

    @property
    def data(self) -> Path:
        """Where the patients' data lie."""
        return self.prefix.drive / "ProgramData" / "Dala"

    def setup(self, version: Version) -> str:
        """Return the Setup program of one of the versions."""
        return str(self.folder / f"Dala-{version}-x64.exe")

    def package(self, version: Version) -> Path:
        """Return the package of one of the versions."""
        return self.folder / f"Dala-{version}-x64.msi"

    def version_there(self) -> str:
        """Return what Windows' list of programs says."""
        return self.prefix.registry(KEY).get("DisplayVersion", "")


def self_test(trial: Trial) -> list[str]:
    """Run the installed self-test without a window; return the checks that failed."""
    report = trial.prefix.drive / "selftest.json"
    trial.prefix.run(f"{FOLDER}\\Dala-console.exe", "--selftest", "--json", "C:\\selftest.json", longest_s=120)
    told = json.loads(report.read_bytes())
    report.unlink()
    trial.figures["selftest"] = {each["name"]: each["outcome"] for each in told["checks"]}
    return [f"{each['name']}: {each['words']}" for each in told["checks"] if each["outcome"] == "failed"]


def photograph(trial: Trial, name: str) -> Image.Image:
    """Return what the screen shows, which is also kept under a name."""
    picture = ImageGrab.grab(xdisplay=trial.prefix.display)
    picture.save(trial.folder / name)
    return picture


def told_inside(trial: Trial, source: Path = Path(installer_inside.__file__), *words: str) -> dict[str, Any]:
    """Return what a script tells that is run by the installed Python: of the data, unless another is named.

    Args:
        trial: this one.
        source: the script; it gets the data folder and then ``words``. Its last line is JSON.
        words: see there.
    """
    probe = trial.installed / "probe.exe"
    if not (made := trial.folder / "probe.exe").is_file():
        library = next((trial.folder / "app").glob("python3??.dll")).name
        tools.run("x86_64-w64-mingw32-gcc", "-O2", "-municode", "-static", f'-DPYTHON_LIBRARY=L"{library}"',
                  SOURCES / "run_script.c", "-o", made)  # fmt: skip
    shutil.copyfile(made, probe)
    try:
        done = trial.prefix.run(f"{FOLDER}\\probe.exe", Prefix.named(source), DATA, *words, longest_s=240)
    finally:
        probe.unlink()
    lines = [line for line in done.words.splitlines() if line.startswith("{")]
    if not lines:
        raise RuntimeError(done.words)
    return cast("dict[str, Any]", json.loads(lines[-1]))


def inside(trial: Trial) -> tuple[str, list[str]]:
    """Return which version of the installed rooms finds whom."""
    told = told_inside(trial)
    return told["version"], told["patients"]


def there(trial: Trial) -> list[str]:
    """Return the versions of every entry for Dala in Windows' list of programs."""
    said = trial.prefix.run("reg", "query", KEY.rpartition("\\")[0], "/s", longest_s=60).words
    found = []
    for block in said.replace("\r", "").split("HKEY_LOCAL_MACHINE"):
        values = dict(re.findall(r"^ +(\w+) +REG_SZ +(.*)$", block, re.MULTILINE))
        if values.get("DisplayName", "").strip() == "Dala":
            found.append(values.get("DisplayVersion", "").strip())
    return found


def refusal(trial: Trial) -> str:
    """Return the number that Setup has written down beside its sentence, and take the note away."""
    (note,) = _notes(trial)
    words = note.read_text(encoding="utf-16")
    note.unlink()
    return words.partition(" ")[0]


def refusal_of_removal(trial: Trial) -> str:
    """Remove the program silently, which goes on by itself; return the number that it writes down when it refuses."""
    for note in _notes(trial):
        note.unlink()
    trial.prefix.run(f"{FOLDER}\\uninstall.exe", "/S")
    within(20, lambda: any(note.stat().st_size > 2 for note in _notes(trial)))
    return refusal(trial)


def _notes(trial: Trial) -> list[Path]:
    return list(trial.prefix.drive.glob("users/*/Temp/Dala-setup.log"))


def missing_of(wanted: Path, there: Path) -> list[str]:
    """Return the files below ``wanted`` that are not below ``there`` with the same length."""
    sizes = {path.relative_to(there): path.stat().st_size for path in there.rglob("*") if path.is_file()}
    files = (path for path in wanted.rglob("*") if path.is_file())
    return sorted(
        path.relative_to(wanted).as_posix()
        for path in files
        if sizes.get(path.relative_to(wanted)) != path.stat().st_size
    )


def files_of(drive: Path) -> set[str]:
    """Return every file of a drive but what Windows itself keeps in its own folder."""
    files = (path.relative_to(drive).as_posix() for path in drive.rglob("*") if path.is_file())
    return {name for name in files if not name.startswith("windows/")}


def leftovers(before: set[str], drive: Path) -> list[str]:
    """Return what is there now and was not."""
    return sorted(files_of(drive) - before)


def is_data(name: str) -> bool:
    """Return whether a file belongs to the patients' data."""
    return name.startswith("ProgramData/Dala/")


@contextmanager
def screen() -> Iterator[str]:
    """Yield a display that nobody sees."""
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", "1", "-screen", "0", "1366x768x24", "-nolisten", "tcp"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        yield f":{server.stdout.readline().strip()}"
    finally:
        server.terminate()
        server.wait(10)


def within(seconds: float, is_so: Callable[[], bool]) -> bool:
    """Wait until something is so; return whether it came in time."""
    until = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > until:
            return False
        time.sleep(0.3)
    return True


def put_former_files(app: Path) -> None:
    """Give a folder the files that only the former version has."""
    for name in ONLY_FORMER:
        (app / name).write_text("The update takes this file away.", encoding="ascii")


def former_files(trial: Trial) -> list[str]:
    """Return those of them that are installed."""
    return [name.as_posix() for name in ONLY_FORMER if (trial.installed / name).exists()]


@contextmanager
def older_windows(trial: Trial) -> Iterator[None]:
    """Have Windows say that it is an older one, for as long as this lasts."""
    name = "CurrentBuildNumber"
    true = trial.prefix.registry(WINDOWS)[name]
    put = ("reg", "add", WINDOWS, "/v", name, "/t", "REG_SZ", "/f", "/d")
    trial.prefix.run(*put, TOO_OLD_BUILD, longest_s=60)
    try:
        yield
    finally:
        trial.prefix.run(*put, true, longest_s=60)
