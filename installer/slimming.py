"""What of the packages is not installed: tests, headers, sources for compilers, and the parts of Qt nobody imports.

Of Qt stays what the program imports, the plugins named here, and every library that one of these needs: found in the
files themselves, so that a new import brings its library along. Everything else is a table of patterns.
"""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterable
from fnmatch import translate
from pathlib import Path
from typing import Final

from installer.portable_executable import PortableExecutable, programs_in

QT: Final = "PySide6"
SHIBOKEN: Final = "shiboken6"
PLUGINS: Final = (
    "platforms/qwindows.dll", "platforms/qoffscreen.dll", "styles/*.dll", "iconengines/qsvgicon.dll",
    "imageformats/qsvg.dll", "imageformats/qjpeg.dll", "imageformats/qico.dll",
)  # fmt: skip
TRANSLATIONS: Final = ("qtbase_ru.qm", "qtbase_en.qm", "qtbase_kk.qm")
ALWAYS: Final = ("Core", "Gui", "Widgets", "Svg")
"""Of Qt, beside what is imported: pyqtgraph wants them."""
CODECS: Final = ("jpeg8", "jpegls", "jpegsof3", "ljpeg", "jpeg2k", "htj2k", "jpegxl", "shared", "shared_cython", "imcd")
"""Of imagecodecs: those the imaging room decodes with."""
UNWANTED: Final = (
    "*.pyi", "*.lib", "*.a", "*.h", "*.hpp", "*.c", "*.cpp", "*.pyx", "*.pxd", "*.pdb", "*.exe", "*.js", "py.typed",
    "*/py.typed", "bin/*", "*/tests/*", "*/testing/*.mat", "*/__pycache__/*", "*/_pyinstaller/*",
    "*/include/*", "*/conftest.py",
    "*-stubs/*", "*.dist-info/RECORD", "*.dist-info/direct_url.json", "*.dist-info/REQUESTED", "*.dist-info/INSTALLER",
    "alembic/templates/*", "alembic/testing/*", "sqlalchemy/testing/*", "imagecodecs/numcodecs.py",
    "imagecodecs/zarr.py", "lxml/html/*", "lxml/includes/*", "lxml/isoschematron/*", "lxml/objectify*", "mako/ext/*",
    "numpy/f2py/*", "pypdfium2_cli/*", "reportlab/fonts/DarkGarden*", "zstandard/_cffi*", "zstandard/backend_cffi.py",
    "PIL/_avif*.pyd", "pydicom/data/test_files/*", "pydicom/data/charset_files/*", "pynetdicom/apps/*",
    "pyqtgraph/examples/*", "pyqtgraph/opengl/*", "*/portaudio-binaries/*asio*", "*/portaudio-binaries/*arm64*",
    "*/portaudio-binaries/*32bit*", "*/portaudio-binaries/*.dylib",
)  # fmt: skip
_QT_CODE: Final = re.compile(r"(Qt6?)(\w+)\.(dll|pyd)")
_CODEC: Final = re.compile(r"_(\w+?)(\.\w+-win_amd64)?\.pyd")
_RUNTIMES: Final = re.compile(r"(msvcp|vcruntime|concrt|vccorlib|vcamp|vcomp)\d.*\.dll", re.IGNORECASE)


def qt_modules_imported(sources: Iterable[str]) -> set[str]:
    """Return the parts of Qt that Python sources import, such as ``Widgets``; those of other systems too."""
    found = set()
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            names: list[str] = []
            if isinstance(node, ast.ImportFrom) and node.module == QT:
                names = [f"{QT}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            found |= {name.split(".")[1].removeprefix("Qt") for name in names if name.startswith(f"{QT}.Qt")}
    return found


def slim(packages: Path, imported: Iterable[str]) -> int:
    """Take away what is not installed; return how many bytes that was.

    Args:
        packages: the folder of the packages.
        imported: the parts of Qt that the program imports.
    """
    before = size_of(packages)
    for path in unwanted(packages):
        path.unlink()
    slim_codecs(packages / "imagecodecs")
    if (packages / QT).is_dir():
        slim_qt(packages / QT, {*imported, *ALWAYS} - {"DBus"})
    remove_empty(packages)
    return before - size_of(packages)


def unwanted(packages: Path) -> list[Path]:
    """Return the files that `UNWANTED` names."""
    pattern = re.compile("|".join(translate(each) for each in UNWANTED))
    files = (path for path in packages.rglob("*") if path.is_file())
    return [path for path in files if pattern.match(path.relative_to(packages).as_posix())]


def slim_codecs(folder: Path) -> None:
    """Leave of imagecodecs what decodes images of medicine."""
    for path in folder.glob("_*.pyd"):
        named = _CODEC.fullmatch(path.name)
        if named is None or named[1] not in CODECS:
            path.unlink()


def slim_qt(folder: Path, modules: set[str]) -> None:
    """Leave of Qt the wanted modules, the plugins, and the libraries that these need.

    Args:
        folder: of the package.
        modules: such as ``Widgets``.

    Raises:
        ValueError: a wanted module or a plugin is not there.
    """
    kept = _wanted_plugins(folder) | {folder / f"Qt{each}.pyd" for each in modules}
    if gone := sorted(path.name for path in kept if not path.is_file()):
        raise ValueError(f"Qt has changed, these files are not there: {', '.join(gone)}")
    kept |= {path for path in folder.iterdir() if path.suffix == ".py" or path.name == "pyside6.abi3.dll"}
    kept |= {path for path in folder.iterdir() if _RUNTIMES.fullmatch(path.name)}
    kept |= {folder / "translations" / each for each in TRANSLATIONS}
    kept |= set(_libraries_for(folder, [path for path in kept if path.suffix in {".pyd", ".dll"}]))
    for path in folder.rglob("*"):
        if path.is_file() and path not in kept:
            path.unlink()


def _wanted_plugins(folder: Path) -> set[Path]:
    found: set[Path] = set()
    for pattern in PLUGINS:
        paths = set((folder / "plugins").glob(pattern))
        found |= paths or {folder / "plugins" / pattern}
    return found


def _libraries_for(folder: Path, roots: Iterable[Path]) -> list[Path]:
    """Return every library of the folder that these files need, directly or by another."""
    beside = {path.name.lower(): path for path in folder.iterdir() if _QT_CODE.fullmatch(path.name)}
    waiting, found = list(roots), []
    while waiting:
        for name in PortableExecutable.read(waiting.pop()).imports:
            if (path := beside.pop(name, None)) is not None:
                found.append(path)
                waiting.append(path)
    return found


def remove_empty(folder: Path) -> None:
    """Remove the folders below ``folder`` that hold nothing."""
    for path in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
        if not any(path.iterdir()):
            path.rmdir()


def size_of(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def copy_runtimes(app: Path, packages: Path) -> list[str]:
    """Put Microsoft's runtime libraries where every library of the program finds them; return which.

    Qt brings them in its own folder, where the others do not look; a new Windows has none. Only those are taken that
    something imports, and the copies of Qt and of shiboken go: two of one name in one process may differ.
    """
    source = packages / QT
    for path in (packages / SHIBOKEN).glob("*.dll"):
        if _RUNTIMES.fullmatch(path.name):
            path.unlink()
    available = {path.name.lower(): path for path in source.iterdir() if _RUNTIMES.fullmatch(path.name)}
    for path in [path for path in app.iterdir() if _RUNTIMES.fullmatch(path.name)]:
        path.unlink()
    copied = []
    waiting = [path for path in programs_in(app) if path.parent != source or not _RUNTIMES.fullmatch(path.name)]
    while waiting:
        for name in PortableExecutable.read(waiting.pop()).imports:
            if (library := available.pop(name, None)) is not None:
                shutil.copyfile(library, app / name)
                waiting.append(app / name)
                copied.append(name)
    for path in list(source.iterdir()):
        if _RUNTIMES.fullmatch(path.name):
            path.unlink()
    return sorted(copied)
