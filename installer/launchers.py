"""The programs that are started: ``Dala.exe`` with windows, ``Dala-console.exe`` for commands, ``Dala-hub.exe``."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
from pathlib import Path
from typing import Final

from installer import tools
from installer.runtime import MINOR
from installer.versions import Version

WINDOWED: Final = "Dala.exe"
CONSOLE: Final = "Dala-console.exe"
HUB: Final = "Dala-hub.exe"
SOURCES: Final = Path(__file__).with_name("launcher")
ICON_SIZES: Final = (16, 24, 32, 48, 64, 256)
_PROGRAMS: Final = (
    (WINDOWED, "launcher.c", ("-mwindows",)),
    (CONSOLE, "launcher.c", ("-DCONSOLE",)),
    (HUB, "hub.c", ()),
)


def build(app: Path, version: Version, work: Path) -> None:
    """Compile the programs into the folder that will be installed.

    Args:
        app: that folder.
        version: what their properties say.
        work: folder for what is made on the way; keeps the icon ``dala.ico``.

    Raises:
        tools.MissingToolError: there is no compiler, or it refused them.
    """
    work.mkdir(parents=True, exist_ok=True)
    make_icon(work / "dala.ico")
    library = "python{}{}.dll".format(*MINOR)
    for name, source, words in _PROGRAMS:
        resource = work / f"{name}.o"
        (work / "program.h").write_text(properties_of(name, version), encoding="ascii")
        tools.run("x86_64-w64-mingw32-windres", "-I", work, "-I", SOURCES, SOURCES / "dala.rc", resource)
        tools.run(
            "x86_64-w64-mingw32-gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-municode", "-static", "-s", *words,
            f'-DPYTHON_LIBRARY=L"{library}"', SOURCES / source, resource, "-o", app / name, "-lshell32",
        )  # fmt: skip


def properties_of(name: str, version: Version) -> str:
    """Return what the properties of a program say: a file, for systems read quotes in arguments differently."""
    lines = {"VERSION_NUMBERS": version.of_resource, "VERSION_WORDS": f'"{version}"', "PROGRAM": f'"{name}"'}
    return "".join(f"#define {key} {value}\n" for key, value in lines.items())


def make_icon(path: Path) -> None:
    """Draw the icon in every size Windows asks for; needs Qt, without a display, in a process of its own."""
    if not path.is_file():
        subprocess.run(
            [sys.executable, "-m", "installer.app_icon", path], check=True, cwd=Path(__file__).parents[1], timeout=120
        )


def icon_file(pictures: dict[int, bytes]) -> bytes:
    """Return an icon file with PNG pictures in it.

    Args:
        pictures: PNG files by their width in pixels, at most 256.
    """
    head, body = io.BytesIO(), io.BytesIO()
    head.write(struct.pack("<3H", 0, 1, len(pictures)))
    first = 6 + 16 * len(pictures)
    for width, picture in sorted(pictures.items()):
        side = width % 256  # 0 says 256
        head.write(struct.pack("<4B2H2I", side, side, 0, 0, 1, 32, len(picture), first + body.tell()))
        body.write(picture)
    return head.getvalue() + body.getvalue()
