"""What is not installed goes, what something needs stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from installer import slimming
from installer.slimming import (
    PLUGINS,
    QT,
    TRANSLATIONS,
    copy_runtimes,
    qt_modules_imported,
    slim,
    slim_codecs,
    unwanted,
)
from tests.helpers.windows_programs import windows_program


def put(folder: Path, name: str, *imports: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(windows_program({each: [] for each in imports}))
    return path


def names_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def qt(tmp_path: Path) -> Path:
    folder = tmp_path / QT
    for module in ("Core", "Gui", "Widgets", "Svg", "Network", "Qml"):
        put(folder, f"Qt{module}.pyd", f"Qt6{module}.dll", "pyside6.abi3.dll")
        put(folder, f"Qt6{module}.dll", *([] if module == "Core" else ["Qt6Core.dll"]))
    put(folder, "Qt6Widgets.dll", "Qt6Gui.dll")
    put(folder, "Qt6Svg.dll", "Qt6OpenGL.dll")
    put(folder, "Qt6OpenGL.dll", "Qt6Gui.dll")
    for pattern in PLUGINS:
        put(folder / "plugins", pattern.replace("*", "modern"))
    for name in (*TRANSLATIONS, "qtbase_de.qm"):
        (folder / "translations").mkdir(exist_ok=True)
        (folder / "translations" / name).write_bytes(b"")
    for name in ("pyside6.abi3.dll", "msvcp140.dll", "opengl32sw.dll", "designer.exe", "plugins/qmltooling/a.dll"):
        put(folder, name)
    (folder / "__init__.py").write_text("", encoding="utf-8")
    return folder


def test_imports_of_qt_are_read_in_every_form() -> None:
    sources = [
        "from PySide6.QtCore import QObject\nimport PySide6.QtSvg as svg",
        "def f():\n    from PySide6 import QtPrintSupport",
        "import os\nfrom pathlib import Path\nfrom PySide6 import __version__",
    ]
    assert qt_modules_imported(sources) == {"Core", "Svg", "PrintSupport"}


def test_of_qt_stays_what_is_imported_and_what_that_needs(qt: Path) -> None:
    slim(qt.parent, {"Widgets", "DBus"})
    left = names_in(qt)
    assert {"QtWidgets.pyd", "Qt6Widgets.dll", "Qt6Gui.dll", "Qt6Core.dll", "Qt6OpenGL.dll", "msvcp140.dll"} <= left
    assert {"plugins/platforms/qwindows.dll", "translations/qtbase_kk.qm", "__init__.py", "pyside6.abi3.dll"} <= left
    gone = {"QtQml.pyd", "Qt6Qml.dll", "QtNetwork.pyd", "Qt6Network.dll", "opengl32sw.dll", "designer.exe"}
    assert not left & (gone | {"plugins/qmltooling/a.dll", "translations/qtbase_de.qm"})
    assert not (qt / "plugins" / "qmltooling").exists()


def test_a_plugin_that_is_not_there_any_more_is_said(qt: Path) -> None:
    (qt / "plugins" / "platforms" / "qwindows.dll").unlink()
    with pytest.raises(ValueError, match=r"qwindows\.dll"):
        slim(qt.parent, {"Widgets"})


def test_a_module_that_is_not_there_is_said(qt: Path) -> None:
    with pytest.raises(ValueError, match=r"QtMultimedia\.pyd"):
        slim(qt.parent, {"Multimedia"})


def test_of_the_codecs_those_of_medicine_stay(tmp_path: Path) -> None:
    for name in ("_jpeg2k.pyd", "_jpegls.cp313-win_amd64.pyd", "_avif.pyd", "_shared.pyd", "_sz3.pyd", "__init__.py"):
        (tmp_path / name).write_bytes(b"")
    slim_codecs(tmp_path)
    assert names_in(tmp_path) == {"_jpeg2k.pyd", "_jpegls.cp313-win_amd64.pyd", "_shared.pyd", "__init__.py"}


def test_tests_headers_and_commands_go_and_data_stay(tmp_path: Path) -> None:
    kept = {
        "numpy/__init__.py", "numpy/typing/__init__.py", "numpy/testing/__init__.py", "pydicom/data/urls.json",
        "alembic/util/langhelpers.py", "reportlab/fonts/Vera.ttf", "a-1.0.dist-info/METADATA",
        "a-1.0.dist-info/licenses/LICENSE", "certifi/cacert.pem",
    }  # fmt: skip
    gone = {
        "numpy/tests/test_a.py", "numpy/__init__.pyi", "numpy/_core/include/numpy/a.h", "bin/alembic",
        "numpy/f2py/a.py", "lxml/etree.h", "lxml/objectify.cp313-win_amd64.pyd", "zstandard/_cffi.cp313-win_amd64.pyd",
        "sqlalchemy/testing/a.py", "reportlab/fonts/DarkGarden.sfd",
        "a-1.0.dist-info/RECORD", "pydicom/data/test_files/a.dcm", "shared/a.exe", "a/__pycache__/b.pyc",
    }  # fmt: skip
    for name in kept | gone:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"12")
    assert {path.relative_to(tmp_path).as_posix() for path in unwanted(tmp_path)} == gone
    assert slim(tmp_path, ()) == 2 * len(gone)
    assert names_in(tmp_path) == kept
    assert not (tmp_path / "bin").exists()


def test_runtimes_come_to_the_root_once_and_with_what_they_need(tmp_path: Path) -> None:
    packages = tmp_path / "Lib" / "site-packages"
    put(packages, f"{QT}/msvcp140.dll", "vcruntime140_1.dll")
    put(packages, f"{QT}/vcruntime140_1.dll")
    put(packages, f"{QT}/vcomp140.dll")
    put(packages, "shiboken6/msvcp140.dll")
    put(packages, "shiboken6/vcamp140.dll")
    put(packages, "shiboken6/shiboken6.abi3.dll", "msvcp140.dll")
    put(packages, "codec.pyd", "MSVCP140.dll")
    former = tmp_path / "VCRUNTIME140_1.dll"
    former.write_bytes(b"older")
    assert copy_runtimes(tmp_path, packages) == ["msvcp140.dll", "vcruntime140_1.dll"]
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {"msvcp140.dll", "vcruntime140_1.dll"}
    assert names_in(packages) == {"codec.pyd", "shiboken6/shiboken6.abi3.dll"}


def test_the_size_of_a_folder_is_that_of_all_its_files(tmp_path: Path) -> None:
    put(tmp_path, "a/b.dll")
    assert slimming.size_of(tmp_path) == (tmp_path / "a" / "b.dll").stat().st_size
