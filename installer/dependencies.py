"""Whether every library that the installed files import will be there on a bare Windows.

A machine that builds or tests has more than a new computer in a clinic: wine has runtimes of its own, a developer's
Windows has those of other programs. So what is imported must lie in the installed folder where it is looked for, or
belong to Windows itself since version 10 1809 (`WINDOWS`); and nothing that wine made may lie there at all.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from installer.portable_executable import MACHINE_X64, NoProgramError, PortableExecutable, programs_in

SCHEMA: Final = re.compile(r"(api|ext)-ms-(win|onecore|mf)-.*\.dll")
"""Names that Windows 10 itself turns into libraries of its own; the C runtime is among them."""
LIST: Final = Path(__file__).with_name("windows_libraries.txt")
_STAND_INS: Final = (
    "icuuc.dll",
    "icuin.dll",
    "icu.dll",
    "ucrtbase.dll",
    "bcryptprimitives.dll",
    "mscms.dll",
    "ntdll.dll",
)
"""Libraries of Windows that a trial under wine replaces; none of them may be installed, whoever made it."""


@dataclass(frozen=True)
class Fault:
    """Something that would fail on a bare Windows.

    Args:
        path: of the file, below the installed folder.
        words: what is wrong with it.
    """

    path: str
    words: str

    def __str__(self) -> str:
        """Return one line."""
        return f"{self.path}: {self.words}"


def windows_libraries(file: Path = LIST) -> frozenset[str]:
    """Return the libraries of Windows 10 1809 that may be imported, in lower case."""
    lines = (line.partition("#")[0].strip().lower() for line in file.read_text(encoding="utf-8").splitlines())
    return frozenset(filter(None, lines))


def faults_of(app: Path, windows: frozenset[str] | None = None) -> list[Fault]:
    """Return everything in an installed folder that would not load.

    Args:
        app: the folder that will be installed.
        windows: libraries of Windows; its own list unless a test brings another.
    """
    known = windows_libraries() if windows is None else windows
    found = []
    for path in programs_in(app):
        name = path.relative_to(app).as_posix()
        if path.name.lower() in _STAND_INS:
            found.append(Fault(name, "belongs to Windows and is not brought along"))
        try:
            program = PortableExecutable.read(path)
            imports = program.imports
        except (NoProgramError, ValueError) as error:
            found.append(Fault(name, str(error)))
            continue
        if program.machine != MACHINE_X64:
            found.append(Fault(name, f"is made for another processor ({program.machine:#x})"))
        if program.is_made_by_wine:
            found.append(Fault(name, "was made by wine"))
        there = _names_beside(path, app)
        found += [Fault(name, f"needs {each}, which nobody brings") for each in _missing(imports, there, known)]
    return found


def _missing(imports: Iterable[str], there: frozenset[str], windows: frozenset[str]) -> list[str]:
    return [name for name in imports if name not in there and name not in windows and not SCHEMA.fullmatch(name)]


def _names_beside(path: Path, app: Path) -> frozenset[str]:
    """Return what a library finds when loaded: beside it, above it, at the root, and where its package puts it."""
    folders = [parent for parent in path.parents if parent == app or app in parent.parents]
    packages = app / "Lib" / "site-packages"
    if packages in path.parents:
        package = path.relative_to(packages).parts[0].partition(".")[0]
        folders += [packages / f"{package}.libs", *([packages / "shiboken6"] if package == "PySide6" else [])]
    names = (each.name.lower() for folder in folders if folder.is_dir() for each in folder.iterdir() if each.is_file())
    return frozenset(names)


def main(words: list[str]) -> int:
    """Print the faults of the folder on the command line; the exit code is 1 where there are any."""
    faults = faults_of(Path(words[0]))
    for fault in faults:
        print(fault)
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
