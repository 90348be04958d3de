"""Compiles without leaving sources; run by the very minor version of Python that will read it.

``python3.13 bytecode.py tree FOLDER`` turns every module below FOLDER into bytecode that never looks for its source;
``python3.13 bytecode.py library FILE`` writes the standard library so into a ZIP file. The standard library of Python
is all this file may import: it also runs where nothing else is installed.

A program in Program Files cannot keep what it compiles, and what an administrator's first start leaves there no
uninstaller knows. Sourceless bytecode also starts in half the time.
"""

from __future__ import annotations

import compileall
import py_compile
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

LEFT_OUT = frozenset(
    {"__pycache__", "dist-packages", "distutils", "ensurepip", "idlelib", "lib-dynload", "lib2to3", "msilib",
     "pydoc_data", "site-packages", "test", "tests", "tkinter", "turtle.py", "turtledemo", "venv"}
)  # fmt: skip
"""Of the standard library: what has a window of its own, tests, or makes environments."""
_EPOCH = (2020, 1, 1, 0, 0, 0)
_MODE = py_compile.PycInvalidationMode.UNCHECKED_HASH


def compile_tree(folder: Path) -> int:
    """Replace every module below ``folder`` by its bytecode; return how many there were.

    Raises:
        ValueError: one cannot be compiled.
    """
    sources = sorted(folder.rglob("*.py"))
    is_compiled = compileall.compile_dir(
        folder, maxlevels=64, quiet=2, force=True, legacy=True, workers=1, invalidation_mode=_MODE, stripdir=folder
    )
    left = [path for path in sources if not path.with_suffix(".pyc").is_file()]
    if left or not is_compiled:
        names = ", ".join(path.relative_to(folder).as_posix() for path in left[:5])
        raise ValueError(f"these modules cannot be compiled: {names}")
    for path in sources:
        path.unlink()
    return len(sources)


def zip_library(file: Path, library: Path) -> int:
    """Write the standard library in ``library`` as bytecode into a ZIP file; return how many modules there are."""
    count = 0
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
        tempfile.TemporaryDirectory() as part,
    ):
        compiled = Path(part) / "module.pyc"
        for path in _modules(library):
            name = path.relative_to(library).as_posix()
            py_compile.compile(str(path), cfile=str(compiled), dfile=name, doraise=True, invalidation_mode=_MODE)
            entry = zipfile.ZipInfo(f"{name}c", _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, compiled.read_bytes())
            count += 1
    return count


def _modules(folder: Path, depth: int = 0) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        is_left_out = path.name in LEFT_OUT if depth == 0 else path.name in {"__pycache__", "test", "tests"}
        if is_left_out or path.name.startswith(("config-", "_sysconfigdata")):
            continue
        if path.is_dir():
            yield from _modules(path, depth + 1)
        elif path.suffix == ".py":
            yield path


def main(words: list[str]) -> int:
    """Do what the command line says; return the exit code."""
    kind, place = words
    done = compile_tree(Path(place)) if kind == "tree" else zip_library(Path(place), Path(sysconfig.get_path("stdlib")))
    print(done)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
