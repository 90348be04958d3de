"""The programs a build needs beside Python: found, or named by the package that has them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

DEBIAN: Final[Mapping[str, str]] = {
    "x86_64-w64-mingw32-gcc": "gcc-mingw-w64-x86-64-win32",
    "x86_64-w64-mingw32-windres": "binutils-mingw-w64-x86-64",
    "makensis": "nsis",
    "wixl": "wixl",
    "msibuild": "msitools",
    "msiinfo": "msitools",
    "osslsigncode": "osslsigncode",
}
"""Program by program the Debian package that has it; `HEADERS` belongs to them."""
HEADERS: Final = "mingw-w64-x86-64-dev"
_ELSEWHERE: Final = {"x86_64-w64-mingw32-gcc": "gcc", "x86_64-w64-mingw32-windres": "windres"}
"""The same programs as MSYS2 names them on Windows."""


class MissingToolError(Exception):
    """A program that the build needs is not installed, or has failed; the message says what to do."""


def missing(names: Sequence[str] = tuple(DEBIAN)) -> list[str]:
    """Return the Debian packages of the programs that are not there."""
    packages = list(dict.fromkeys(DEBIAN[name] for name in names if _found(name) is None))
    return [*packages, HEADERS] if any("mingw" in each for each in packages) else packages


def run(name: str, *words: str | Path, folder: Path | None = None, quiet: bool = True) -> str:
    """Run a program; return what it printed.

    Args:
        name: of the program, as in `DEBIAN` or a path.
        words: its arguments.
        folder: where it runs.
        quiet: print nothing of it unless it fails.

    Raises:
        MissingToolError: it is not installed or has failed.
    """
    program = _found(name)
    if program is None:
        raise MissingToolError(f"{name} is missing; Debian has it in the package {DEBIAN.get(name, name)}")
    command = [program, *(str(word) for word in words)]
    done = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True, errors="replace")
    if done.returncode:
        raise MissingToolError(f"{name} failed with {done.returncode}:\n{(done.stdout + done.stderr)[-4000:]}")
    if not quiet:
        print(done.stdout, end="", flush=True)
    return done.stdout


def _found(name: str) -> str | None:
    return shutil.which(name) or shutil.which(_ELSEWHERE.get(name, name))
