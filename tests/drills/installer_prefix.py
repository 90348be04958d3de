"""A fresh Windows for the trial of the installation: wine's own, with stand-ins for what it lacks.

wine 8 has no ``icuuc.dll`` and no ``bcryptprimitives.dll``, its C runtime only promises the functions of complex
numbers, and Qt and pyserial each miss one function of another library. Small libraries take their place in the prefix's
own system folder, made here by the compiler that also makes the program's launchers. They are never near what is
installed; the build looks for them there and fails.

Traps: the exit code of a program that wine cannot start is 0, so only what is on the disk counts; a console program
whose output is a file cannot start Python, so outputs go through a pipe; wine keeps variables that begin with ``QT_``
to itself, so Qt's platform is named inside.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from installer import tools
from installer.portable_executable import PortableExecutable

SOURCES: Final = Path(__file__).with_name("installer_stand_ins")
BUILTIN: Final = Path("/usr/lib/x86_64-linux-gnu/wine/x86_64-windows")
COMPILER: Final = "x86_64-w64-mingw32-gcc"
LAST_WORDS_S: Final = 5.0
_MARK: Final = (b"Wine builtin DLL", b"Wine copied  DLL")
"""wine takes a library with the first mark for its own and looks for its other half."""
_PLAIN: Final = "mscoree=;mshtml=;winedbg.exe=;winemenubuilder.exe="
_NATIVE: Final = f"ucrtbase,ucrtbasew,mscms,mscmsw,cfgmgr32,cfgmgr32w=n;{_PLAIN}"


@dataclass
class Ended:
    """A Windows program that has run.

    Args:
        code: its exit code; 0 also where wine could not start it.
        words: what it printed.
        seconds: it took.
    """

    code: int
    words: str
    seconds: float


@dataclass
class Prefix:
    """One Windows.

    Args:
        folder: where it lies.
        display: of X, such as ``:95``; empty for none.
        environment: variables beside those of wine.
        has_stand_ins: libraries of ours take the place of what wine lacks; Python and Qt do not run without.
    """

    folder: Path
    display: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    has_stand_ins: bool = True

    @property
    def drive(self) -> Path:
        """Its drive C."""
        return self.folder / "drive_c"

    @property
    def variables(self) -> Mapping[str, str]:
        """What wine is started with."""
        own = {
            "WINEPREFIX": str(self.folder),
            "WINEARCH": "win64",
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": _NATIVE if self.has_stand_ins else _PLAIN,
            "DISPLAY": self.display,
            "LC_ALL": "C.UTF-8",
        }
        return {**os.environ, **own, **self.environment}

    def make(self) -> None:
        """Make it anew, without the stand-ins."""
        shutil.rmtree(self.folder, ignore_errors=True)
        first = {**self.variables, "WINEDLLOVERRIDES": "mscoree=;mshtml="}
        self.folder.mkdir(parents=True)
        _quiet(["wineboot", "--init"], first)
        _quiet(["wineserver", "--wait"], first)
        _quiet(["wine", "winecfg", "-v", "win10"], first)
        _quiet(["wineserver", "--wait"], first)

    def complete(self, qt_core: Path, work: Path) -> None:
        """Put the stand-ins into it.

        Args:
            qt_core: Qt's own library, which tells what it wants of ICU.
            work: folder for the stand-ins.
        """
        for library in stand_ins(qt_core, work):
            shutil.copyfile(library, self.drive / "windows" / "system32" / library.name)

    def twin(self, folder: Path) -> Prefix:
        """Return another Windows that is like this one, with nothing running in it."""
        _quiet(["wineserver", "--wait"], self.variables)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder, folder, symlinks=True)
        return replace(self, folder=folder)

    def restart(self) -> None:
        """Wait until nothing runs in it, and begin it anew."""
        _quiet(["wineserver", "--wait"], self.variables)
        self.run("cmd", "/c", "exit")

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start a Windows program; its outputs are one pipe."""
        return subprocess.Popen(
            ["wine", *words], env=dict(self.variables), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", encoding="utf-8",
        )  # fmt: skip

    def run(self, *words: str, longest_s: float = 300) -> Ended:
        """Run a Windows program to its end; one that does not end is killed and has the code -1.

        Its output may never end: the first program after a rest also starts wine's own services, and they keep it.
        """
        began, said = time.monotonic(), list[str]()
        process = self.start(*words)
        assert process.stdout is not None
        reader = threading.Thread(target=said.extend, args=(process.stdout,), daemon=True)
        reader.start()
        try:
            code = process.wait(longest_s)
        except subprocess.TimeoutExpired:
            process.kill()
            return Ended(-1, "it did not end", longest_s)
        reader.join(LAST_WORDS_S)
        if not reader.is_alive():
            process.stdout.close()
        return Ended(code, "".join(said), round(time.monotonic() - began, 1))

    def registry(self, key: str) -> dict[str, str]:
        """Return the values of one key, without those of its sub-keys."""
        found = {}
        for line in self.run("reg", "query", key, longest_s=60).words.splitlines():
            parts = line.strip().split(None, 2)
            if line.startswith("    ") and len(parts) >= 2 and parts[1].startswith("REG_"):
                found[parts[0]] = parts[2].strip() if len(parts) == 3 else ""
        return found

    def close(self) -> None:
        """End everything that runs in it."""
        _quiet(["wineserver", "--kill"], self.variables)

    @staticmethod
    def named(path: Path) -> str:
        """Return the name by which a Windows program finds a file of this computer."""
        return "Z:" + str(path.resolve()).replace("/", "\\")


def stand_ins(qt_core: Path, work: Path) -> list[Path]:
    """Make the libraries that wine lacks; return their files."""
    work.mkdir(parents=True, exist_ok=True)
    random = work / "bcryptprimitives.dll"
    tools.run(
        COMPILER,
        "-O2",
        "-shared",
        "-s",
        "-nostartfiles",
        "-Wl,--entry=0",
        "-o",
        random,
        SOURCES / "random.c",
        "-lbcrypt",
    )
    return [
        random,
        _letters(qt_core, work),
        *_completed("ucrtbase.dll", SOURCES / "complex.c", work, "-ffreestanding", "-fno-builtin", "-lmsvcrt"),
        *_completed("mscms.dll", SOURCES / "colours.c", work, "-lkernel32"),
        *_completed("cfgmgr32.dll", SOURCES / "devices.c", work),
    ]


def _letters(qt_core: Path, work: Path) -> Path:
    """Make an ``icuuc.dll`` whose functions do nothing and say that there is no such encoding."""
    lines = []
    for name in PortableExecutable.read(qt_core).imported_from("icuuc.dll"):
        is_open = name == "ucnv_open"
        body = "if (error) *error = 4; return 0;" if is_open else "return 0;"
        lines.append(
            f"__declspec(dllexport) void *{name}({'const char *name, int *error' if is_open else 'void'}) {{ {body} }}"
        )
    source = work / "icuuc.c"
    source.write_text("\n".join(lines), encoding="ascii")
    target = work / "icuuc.dll"
    tools.run(COMPILER, "-shared", "-nostdlib", "-s", "-Wl,--entry=0", "-o", target, source)
    return target


def _completed(name: str, source: Path, work: Path, *words: str) -> list[Path]:
    """Make a library that has the functions of ``source`` and hands every other call to a copy of wine's own."""
    original = BUILTIN / name
    copy = work / f"{original.stem}w.dll"
    copy.write_bytes(original.read_bytes().replace(*_MARK, 1))
    compiled = work / f"{original.stem}.o"
    options = [word for word in words if word.startswith("-f")]
    tools.run(COMPILER, "-O2", "-c", *options, "-o", compiled, source)
    listed = tools.run("x86_64-w64-mingw32-nm", "--defined-only", "--extern-only", compiled)
    own = {line.split()[-1] for line in listed.splitlines() if " T " in line}
    exported = dict.fromkeys([*PortableExecutable.read(original).exports, *sorted(own)])
    lines = [f"  {each}" if each in own else f'  "{each}"={copy.stem}."{each}"' for each in exported]
    definition = work / f"{original.stem}.def"
    definition.write_text(f'LIBRARY "{name}"\nEXPORTS\n' + "\n".join(lines) + "\n", encoding="ascii")
    libraries = [word for word in words if word.startswith("-l")]
    target = work / name
    tools.run(
        COMPILER, "-shared", "-s", "-nostartfiles", "-Wl,--entry=0", "-o", target, compiled, definition, *libraries
    )
    return [copy, target]


def _quiet(command: list[str], variables: Mapping[str, str]) -> None:
    subprocess.run(
        command, env=dict(variables), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        check=False, timeout=180,
    )  # fmt: skip
