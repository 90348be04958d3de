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
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

from PIL import Image, ImageGrab

from installer import dependencies, payload, setup_program, tools, windows_package
from installer.versions import Version
from tests.drills import installer_inside
from tests.drills.installer_prefix import SOURCES, Prefix

ROOT: Final = Path(__file__).parents[2]
FORMER: Final = Version(0, 1, 0)
NEWER: Final = Version(0, 2, 0)
KEY: Final = r"HKLM\Software\Microsoft\Windows\CurrentVersion\Uninstall\Dala"
FOLDER: Final = "C:\\Program Files\\Dala"
DATA: Final = "C:\\ProgramData\\Dala"
ONLY_FORMER: Final = Path("program", "only_in_the_former_version.txt")
LEAST_COLOURS: Final = 40
"""A window that was drawn has more; an empty screen has a few."""
GONE_WITHIN_S: Final = 60.0
IS_RUNNING: Final = 12
IS_OLDER: Final = 13
BY_PACKAGE: Final = 16


@dataclass
class Trial:
    """What has been found so far.

    Args:
        folder: for everything.
        prefix: the Windows.
        steps: by name whether each held, how long it took, and what it said.
        figures: the rest.
    """

    folder: Path
    prefix: Prefix
    steps: dict[str, dict[str, object]] = field(default_factory=dict)
    figures: dict[str, object] = field(default_factory=dict)

    def step(self, name: str, do: Callable[[], object], wanted: object = True) -> None:
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

    def version_there(self) -> str:
        """Return what Windows' list of programs says."""
        return self.prefix.registry(KEY).get("DisplayVersion", "")


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
    trial.step("install", lambda: (prefix.run(trial.setup(FORMER), "/S", "/LANGUAGE=kk").code, trial.version_there()),
               (0, str(FORMER)))  # fmt: skip
    trial.step("every file is there", lambda: missing_of(trial.folder / "former", trial.installed), [])
    trial.step("self-test", lambda: self_test(trial), [])
    trial.step("window", lambda: look_at_window(trial))
    trial.step("register", lambda: inside(trial, "register"), (str(FORMER), [installer_inside.FAMILY]))
    trial.step("database is encrypted", lambda: is_encrypted(trial.data / "clinic.db"))
    trial.step("update", lambda: (prefix.run(trial.setup(NEWER), "/S").code, trial.version_there()), (0, str(NEWER)))
    trial.step("former files are gone", (trial.installed / ONLY_FORMER).exists, wanted=False)
    trial.step("data were copied first", (trial.data / "before-update" / "clinic.db").is_file)
    trial.step("data are kept", lambda: inside(trial, "find"), (str(NEWER), [installer_inside.FAMILY]))
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
    trial.step("removal with the data", lambda: purge(trial))
    try_package(trial)


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
    payload.restamp(app, FORMER, ROOT)
    (app / ONLY_FORMER).write_text("The update takes this file away.", encoding="utf-8")
    setup_program.build(app, FORMER, trial.folder, trial.folder / "work", packing="none")
    windows_package.build(app, FORMER, trial.folder, trial.folder / "work")
    return True


def self_test(trial: Trial) -> list[str]:
    """Run the installed self-test without a window; return the checks that failed."""
    report = trial.prefix.drive / "selftest.json"
    trial.prefix.run(f"{FOLDER}\\Dala-console.exe", "--selftest", "--json", "C:\\selftest.json", longest_s=120)
    told = json.loads(report.read_bytes())
    report.unlink()
    trial.figures["selftest"] = {each["name"]: each["outcome"] for each in told["checks"]}
    return [f"{each['name']}: {each['words']}" for each in told["checks"] if each["outcome"] == "failed"]


def look_at_window(trial: Trial) -> bool:
    """Set the workstation up, look at its window, have Setup refuse meanwhile, and close it as a person would."""
    ready, form = trial.prefix.drive / "ready", trial.prefix.drive / "provision.toml"
    form.write_text(installer_inside.provisioning(), encoding="utf-8")
    trial.prefix.environment["DALA_BENCH_READY"] = "C:\\ready"
    began = time.monotonic()
    window = trial.prefix.start(f"{FOLDER}\\Dala.exe", "--provision", "C:\\provision.toml")
    try:
        if not _within(90, lambda: ready.exists() or window.poll() is not None) or not ready.exists():
            raise RuntimeError("the window did not come: " + (window.communicate()[0] if window.poll() else ""))
        trial.figures["window_s"] = round(time.monotonic() - began, 1)
        _within(10, lambda: colours_of(photograph(trial)) >= LEAST_COLOURS)
        colours = colours_of(photograph(trial))
        trial.step("running copy is refused", lambda: (trial.prefix.run(trial.setup(NEWER), "/S").code,
                   trial.version_there()), (IS_RUNNING, str(FORMER)))  # fmt: skip
        trial.prefix.run("taskkill", "/IM", "Dala.exe", longest_s=30)
        is_closed = _within(30, lambda: window.poll() is not None)
    finally:
        if window.poll() is None:
            trial.prefix.run("taskkill", "/F", "/IM", "Dala.exe", longest_s=30)
        del trial.prefix.environment["DALA_BENCH_READY"]
        for path in (ready, form):
            path.unlink(missing_ok=True)
    trial.figures["colours_of_the_window"] = colours
    return is_closed and colours >= LEAST_COLOURS


def photograph(trial: Trial) -> Image.Image:
    """Return what the screen shows, which is also kept."""
    picture = ImageGrab.grab(xdisplay=trial.prefix.display)
    picture.save(trial.folder / "window.png")
    return picture


def colours_of(picture: Image.Image) -> int:
    """Return how many colours a picture has."""
    return len(set(cast("Iterator[tuple[int, ...]]", picture.convert("RGB").get_flattened_data())))


def inside(trial: Trial, wish: str) -> tuple[str, list[str]]:
    """Have the installed rooms register the patient or find him; return which version found whom."""
    probe = trial.installed / "probe.exe"
    if not (made := trial.folder / "probe.exe").is_file():
        library = next((trial.folder / "app").glob("python3??.dll")).name
        tools.run("x86_64-w64-mingw32-gcc", "-O2", "-municode", "-static", f'-DPYTHON_LIBRARY=L"{library}"',
                  SOURCES / "run_script.c", "-o", made)  # fmt: skip
    shutil.copyfile(made, probe)
    try:
        script = Prefix.named(Path(installer_inside.__file__))
        done = trial.prefix.run(f"{FOLDER}\\probe.exe", script, DATA, wish, longest_s=120)
    finally:
        probe.unlink()
    lines = [line for line in done.words.splitlines() if line.startswith("{")]
    if not lines:
        raise RuntimeError(done.words)
    told = json.loads(lines[-1])
    return told["version"], told["names"]


def is_encrypted(database: Path) -> bool:
    """Return whether neither a name nor SQLite's own mark can be read in the file."""
    body = database.read_bytes()
    return b"SQLite format" not in body and installer_inside.FAMILY.encode() not in body and len(body) > 100_000


def remove(trial: Trial) -> bool:
    """Remove the program as Windows' list of programs would do it silently; return whether it is gone."""
    words = trial.prefix.registry(KEY)["QuietUninstallString"]
    trial.prefix.run(words.split('"')[1], *words.split('"')[2].split())
    return _within(GONE_WITHIN_S, lambda: not trial.installed.exists()) and not trial.prefix.registry(KEY)


def purge(trial: Trial) -> bool:
    """Install again and remove with the data: not without the word that confirms it."""
    found = []
    for words in (("/PURGE=1",), ("/PURGE=1", "/CONFIRM=DELETE-PATIENT-DATA")):
        trial.prefix.run(trial.setup(NEWER), "/S")
        trial.prefix.run(f"{FOLDER}\\uninstall.exe", "/S", *words)
        _within(GONE_WITHIN_S, lambda: not trial.installed.exists())
        found.append(not _within(5, lambda: not trial.data.exists()))
    return found == [True, False]


def try_package(trial: Trial) -> None:
    """Install, update and remove by the package for group policy; Setup keeps away meanwhile."""
    prefix, before = trial.prefix, files_of(trial.prefix.drive)

    def msi(verb: str, version: Version) -> int:
        return prefix.run("msiexec", verb, Prefix.named(trial.folder / f"Dala-{version}-x64.msi"), "/qn").code

    trial.step("package installs", lambda: (msi("/i", FORMER), there(trial)), (0, [str(FORMER)]))
    trial.step("package's self-test", lambda: self_test(trial), [])
    trial.step(
        "setup keeps away from the package",
        lambda: (prefix.run(trial.setup(NEWER), "/S").code, refusal(trial)),
        (BY_PACKAGE, "16"),
    )
    trial.step("package updates", lambda: (msi("/i", NEWER), there(trial)), (0, [str(NEWER)]))
    trial.step("package took former files away", (trial.installed / ONLY_FORMER).exists, wanted=False)
    trial.step("package is whole", lambda: missing_of(trial.folder / "app", trial.installed), [])
    trial.step("package refuses the downgrade", lambda: (msi("/i", FORMER) != 0, there(trial)), (True, [str(NEWER)]))
    trial.step("package removes", lambda: (msi("/x", NEWER), there(trial)), (0, []))
    trial.step("package leaves only data", lambda: [each for each in leftovers(before, prefix.drive)
               if not is_data(each) and not each.startswith(".")], [])  # fmt: skip


def refusal(trial: Trial) -> str:
    """Return the number that Setup has written down beside its sentence, and take the note away."""
    (note,) = trial.prefix.drive.glob("users/*/Temp/Dala-setup.log")
    words = note.read_text(encoding="utf-16")
    note.unlink()
    return words.partition(" ")[0]


def there(trial: Trial) -> list[str]:
    """Return the versions of every entry for Dala in Windows' list of programs."""
    said = trial.prefix.run("reg", "query", KEY.rpartition("\\")[0], "/s", longest_s=60).words
    found = []
    for block in said.replace("\r", "").split("HKEY_LOCAL_MACHINE"):
        values = dict(re.findall(r"^ +(\w+) +REG_SZ +(.*)$", block, re.MULTILINE))
        if values.get("DisplayName", "").strip() == "Dala":
            found.append(values.get("DisplayVersion", "").strip())
    return found


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


def _within(seconds: float, is_so: Callable[[], bool]) -> bool:
    until = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > until:
            return False
        time.sleep(0.3)
    return True
