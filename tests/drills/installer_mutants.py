"""An installation with one promise broken: what the trial must notice, or it proves nothing.

``drill installer --mutants`` takes the same steps with a stand-in of the program: a few small files and a ``Dala.exe``
that only waits. First it must hold whole; then each mutant, a change of one line in Setup's script, in what removes the
files or in the description of the package, must fail the very step that is there for it. A line that is not found any
more fails too: such a mutant bites no longer. What the build refuses is tried with the built folder of another trial
where one is kept (``--keep``), and by unit tests always.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal
from unittest import mock

from PIL import Image

from installer import launchers, payload, setup_program, tools, windows_package
from installer.versions import Version
from tests.drills import installer_package, installer_setup
from tests.drills.installer_prefix import COMPILER, Prefix
from tests.drills.installer_trial import FOLDER, FORMER, NEWER, Trial, files_of, put_former_files, within

Place = Literal["script", "removal", "package"]
WAITS: Final = """#include <windows.h>
int WINAPI WinMain(HINSTANCE a, HINSTANCE b, LPSTR c, int d) {
    CloseHandle(CreateFileA("C:\\\\waits", GENERIC_WRITE, 0, 0, CREATE_ALWAYS, 0, 0));
    Sleep(60000);
    return 0;
}
"""
COMMANDS: Final = """#include <stdio.h>
#include <string.h>
int main(int count, char **words) {
    FILE *file;
    if (count < 2 || strcmp(words[1], "--prepare") != 0) return 0;
    file = fopen("C:\\\\ProgramData\\\\Dala\\\\settings.toml", "w");
    return file == NULL || fputs("language = 'kk'", file) < 0 || fclose(file);
}
"""
HUB: Final = "int main(void) { return 4; }"
"""Whatever is asked about the service: there is none."""
DATA: Final = b"the data"
PURGE: Final = "removal with the data"
KEPT_BY_WINE: Final = ("system.reg", "user.reg", "userdef.reg")


@dataclass(frozen=True)
class Mutant:
    """One broken promise.

    Args:
        name: of the mutant.
        step: that must notice it.
        place: what is changed.
        old: words that are there.
        new: what stands there instead.
    """

    name: str
    step: str
    place: Place
    old: str
    new: str

    def spoil(self, words: str) -> str:
        """Return the words with the promise broken.

        Raises:
            ValueError: the words are not there any more.
        """
        if self.old not in words:
            raise ValueError(f"“{self.old}” is not there any more: {self.name} bites no longer")
        return words.replace(self.old, self.new)


def _never(function: str) -> str:
    """Return a call that is not made: Setup's compiler would complain about a function nobody calls."""
    return f"  ${{If}} 0 == 1\n    Call {function}\n  ${{EndIf}}\n"


MUTANTS: Final = (
    Mutant("Setup takes any Windows", "older Windows is refused", "script", "!define OLDEST_BUILD 17763",
           "!define OLDEST_BUILD 1"),
    Mutant("Setup forgets a file", "every file is there", "script", 'File /r "${APP}\\*"',
           'File /r /x main.pyc "${APP}\\*"'),
    Mutant("Setup forgets the language", "first settings are written", "script",
           "  Call WriteFirstSettings\n", _never("WriteFirstSettings")),
    Mutant("Setup ignores a running copy", "running copy is refused", "script",
           "  Call RefuseForeignFolder\n  Call RefuseWhileRunning\n",
           "  Call RefuseForeignFolder\n" + _never("RefuseWhileRunning")),
    Mutant("Setup leaves the former files", "former files are gone", "script",
           "    !insertmacro PutSentencesAside\n    !insertmacro RemoveProgram\n  ${EndIf}\n", "  ${EndIf}\n"),
    Mutant("Setup knows only its own names", "former files are gone", "removal", 'Delete "$INSTDIR\\$9"', "Nop"),
    Mutant("Setup copies no data", "data were copied first", "script",
           "  Call CopyDataAside\n", _never("CopyDataAside")),
    Mutant("Setup goes back", "downgrade is refused", "script", "${If} $1 == 1", "${If} $1 == 7"),
    Mutant("the removal ignores a running copy", "removal of a running copy is refused", "script",
           "  Call un.RefuseWhileRunning\n", _never("un.RefuseWhileRunning")),
    Mutant("the removal leaves files", "only data are left", "removal", 'RMDir /r "$INSTDIR\\licences"', "Nop"),
    Mutant("the removal leaves its entry", "remove", "script", '  DeleteRegKey HKLM "${KEY}"\n', ""),
    Mutant("the removal leaves the menu", "only data are left", "script", '  Delete "$SMPROGRAMS\\Dala.lnk"\n', ""),
    Mutant("the removal takes the data", "data are still there", "script", '  Delete "$INSTDIR\\uninstall.exe"\n',
           '  Delete "$INSTDIR\\uninstall.exe"\n  RMDir /r "$APPDATA\\Dala"\n'),
    Mutant("the data go unconfirmed", PURGE, "script", '${AndIf} $2 == "DELETE-PATIENT-DATA"', ""),
    Mutant("the data go with what links lead to", PURGE, "script", "$3 & 0x410", "$3 & 0x10"),
    Mutant("Setup leaves out a file in silence", "a file that cannot be written is a fault", "script",
           "AllowSkipFiles off", "AllowSkipFiles on"),
    Mutant("Setup copies the data where links lead", "links among the data are not followed", "script",
           'RMDir /r "${UPDATES}\\before"', 'RMDir /r "$APPDATA\\Dala\\before-update"'),
    Mutant("Setup installs over the package", "setup keeps away from the package", "script",
           'ReadRegStr $0 HKLM "${OWN_KEY}" "Package"', 'StrCpy $0 ""'),
    Mutant("the package takes any Windows", "package refuses an older Windows", "package",
           "AND WINDOWSBUILD &gt;= 17763", ""),
    Mutant("the package leaves two entries", "package updates", "package", "<MajorUpgrade DowngradeErrorMessage=",
           '<Property Id="NOUPGRADE" Value='),
)  # fmt: skip


class EnoughError(Exception):
    """The step for which all this was done has been taken."""


@dataclass
class Short(Trial):
    """A trial that ends with a step.

    Args:
        until: the step; empty for all of them.
    """

    until: str = ""
    is_whole: bool = field(default=False)

    def step(self, name: str, do: Callable[[], object], wanted: object = True) -> bool:
        """Take it, and be done after the last; a refusal, which changes nothing, only if it is that."""
        if self.until not in ("", name) and "refuse" in name:
            return True
        ok = super().step(name, do, wanted)
        if name == self.until:
            raise EnoughError
        return ok


def try_mutants(folder: Path, display: str, names: frozenset[str] = frozenset()) -> tuple[dict[str, object], bool]:
    """Try the whole stand-in, then every mutant of it; return the figures, and whether each was noticed.

    Args:
        folder: for everything.
        display: of X.
        names: only these mutants; empty for all.
    """
    place = folder / "mutants"
    prefix = Prefix(place / "prefix", display, has_stand_ins=False)
    prefix.make()
    prefix.close()
    kept = {name: (prefix.folder / name).read_bytes() for name in KEPT_BY_WINE}
    app = make_small(place)
    whole = Short(place, prefix)
    try:
        _live(whole, app, None)
        figures: dict[str, object] = {"whole": whole.steps}
        noticed = {}
        for mutant in MUTANTS:
            if not names or mutant.name in names:
                _as_before(prefix, kept)
                noticed[mutant.name] = is_noticed(mutant, Short(place, prefix, until=mutant.step), app)
    finally:
        prefix.close()
    has_held = all(step["ok"] for step in whole.steps.values()) and all(noticed.values())
    return {**figures, "noticed": noticed}, has_held


def is_noticed(mutant: Mutant, trial: Short, app: Path) -> bool:
    """Return whether the step that is there for it has not held."""
    began = time.monotonic()
    with suppress(EnoughError):
        _live(trial, app, mutant)
    found = mutant.step in trial.steps and not trial.steps[mutant.step]["ok"]
    print(f"{'noticed' if found else 'MISSED'}: {mutant.name}, {time.monotonic() - began:.0f} s", flush=True)
    return found


def make_small(place: Path) -> Path:
    """Make the stand-in of the program; return its folder."""
    app, work = place / "app", place / "work"
    shutil.rmtree(app, ignore_errors=True)
    work.mkdir(parents=True, exist_ok=True)
    for name in ("program/main.pyc", "Lib/site-packages/a.pyc", "licences/dala.txt", "python313.dll"):
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        (app / name).write_text(name, encoding="ascii")
    for name, words in (("Dala.exe", WAITS), ("Dala-console.exe", COMMANDS), ("Dala-hub.exe", HUB)):
        source = work / "small.c"
        source.write_text(words, encoding="ascii")
        tools.run(COMPILER, "-O1", "-s", "-mwindows", "-o", app / name, source)
    icon = work / "icon.png"
    Image.new("RGBA", (32, 32), "navy").save(icon)
    (work / "dala.ico").write_bytes(launchers.icon_file({32: icon.read_bytes()}))
    return app


def _live(trial: Short, app: Path, mutant: Mutant | None) -> None:
    """Build both versions of the stand-in and take every step with them, or those until the last."""
    with _spoilt(mutant, trial.folder):
        _build(trial, app)
    if "package" not in trial.until:
        _live_by_setup(trial)
    trial.data.mkdir(parents=True, exist_ok=True)
    (trial.data / "clinic.db").write_bytes(DATA)
    if trial.until != PURGE:
        installer_package.go_through(trial)
    installer_setup.purge(trial)


def _live_by_setup(trial: Short) -> None:
    if trial.until == PURGE:
        return
    before = files_of(trial.prefix.drive)
    installer_setup.install(trial)
    (trial.data / "clinic.db").write_bytes(DATA)
    with _running(trial):
        installer_setup.refuse_while_running(trial)
    installer_setup.update(trial)
    installer_setup.remove(trial, before)


@contextmanager
def _running(trial: Trial) -> Iterator[None]:
    waits = trial.prefix.drive / "waits"
    window = trial.prefix.start(f"{FOLDER}\\Dala.exe")
    try:
        within(30, waits.exists)
        yield
    finally:
        trial.prefix.run("taskkill", "/F", "/IM", "Dala.exe", longest_s=30)
        window.communicate(timeout=60)
        waits.unlink(missing_ok=True)


def _build(trial: Trial, app: Path) -> None:
    work = trial.folder / "work"
    former = trial.folder / "former"
    shutil.rmtree(former, ignore_errors=True)
    shutil.copytree(app, former)
    put_former_files(former)
    for folder, version in ((former, FORMER), (app, NEWER)):
        payload.write_list(folder, version)
        setup_program.build(folder, version, trial.folder, work, packing="none")
        windows_package.build(folder, version, trial.folder, work)


@contextmanager
def _spoilt(mutant: Mutant | None, folder: Path) -> Iterator[None]:
    """Have the installers made with a promise broken."""
    if mutant is None:
        yield
        return
    removal, describe, script = setup_program.removal_of, windows_package.description_of, setup_program.SCRIPT
    copy = folder / "nsis" / script.name
    shutil.rmtree(copy.parent, ignore_errors=True)
    shutil.copytree(script.parent, copy.parent)
    if mutant.place == "script":
        copy.write_text(mutant.spoil(script.read_text(encoding="utf-8")), encoding="utf-8")

    def spoilt_removal(app: Path) -> str:
        return mutant.spoil(removal(app)) if mutant.place == "removal" else removal(app)

    def spoilt_package(app: Path, version: Version, icon: Path) -> str:
        words = describe(app, version, icon)
        return mutant.spoil(words) if mutant.place == "package" else words

    with (
        mock.patch.object(setup_program, "SCRIPT", copy),
        mock.patch.object(setup_program, "removal_of", spoilt_removal),
        mock.patch.object(windows_package, "description_of", spoilt_package),
    ):
        yield


def _as_before(prefix: Prefix, kept: dict[str, bytes]) -> None:
    """Make the Windows what it was before anything was installed."""
    prefix.close()
    for name, body in kept.items():
        (prefix.folder / name).write_bytes(body)
    for folder in ("Program Files/Dala", "Program Files/Dala Updates", "ProgramData/Dala", "windows/Installer"):
        shutil.rmtree(prefix.drive / folder, ignore_errors=True)
    for link in prefix.drive.rglob("Dala.lnk"):
        link.unlink()
