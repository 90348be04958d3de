"""A folder that would not load on a bare Windows is found out before it is packed."""

from __future__ import annotations

from pathlib import Path

import pytest

from installer import dependencies
from installer.dependencies import faults_of, windows_libraries
from tests.helpers.windows_programs import windows_program

WINDOWS = frozenset({"kernel32.dll"})
PACKAGES = "Lib/site-packages"


def put(app: Path, name: str, *imports: str, mark: bytes = b"", machine: int = 0x8664) -> None:
    path = app / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(windows_program({each: [] for each in imports}, mark=mark, machine=machine))


def words_of(app: Path) -> list[str]:
    return [str(each) for each in faults_of(app, WINDOWS)]


def test_a_whole_folder_has_no_faults(tmp_path: Path) -> None:
    put(tmp_path, "Dala.exe", "KERNEL32.dll", "python313.dll", "api-ms-win-crt-runtime-l1-1-0.dll")
    put(tmp_path, "python313.dll", "VCRUNTIME140.dll")
    put(tmp_path, "vcruntime140.dll", "kernel32.dll")
    assert words_of(tmp_path) == []


def test_a_library_nobody_brings_is_named_with_who_wants_it(tmp_path: Path) -> None:
    put(tmp_path, f"{PACKAGES}/codec.pyd", "vcomp140.dll", "kernel32.dll")
    assert words_of(tmp_path) == [f"{PACKAGES}/codec.pyd: needs vcomp140.dll, which nobody brings"]


def test_a_library_of_another_package_does_not_count(tmp_path: Path) -> None:
    put(tmp_path, f"{PACKAGES}/PySide6/msvcp140.dll")
    put(tmp_path, f"{PACKAGES}/imagecodecs/_a.pyd", "msvcp140.dll")
    assert words_of(tmp_path) == [f"{PACKAGES}/imagecodecs/_a.pyd: needs msvcp140.dll, which nobody brings"]


@pytest.mark.parametrize(
    ("library", "wanted_by"),
    [
        ("msvcp140.dll", f"{PACKAGES}/imagecodecs/_a.pyd"),
        (f"{PACKAGES}/numpy.libs/openblas.dll", f"{PACKAGES}/numpy/linalg/_umath.pyd"),
        (f"{PACKAGES}/PySide6/Qt6Core.dll", f"{PACKAGES}/PySide6/plugins/platforms/qwindows.dll"),
        (f"{PACKAGES}/shiboken6/shiboken6.abi3.dll", f"{PACKAGES}/PySide6/QtCore.pyd"),
    ],
)
def test_a_library_counts_where_it_is_looked_for(tmp_path: Path, library: str, wanted_by: str) -> None:
    put(tmp_path, library)
    put(tmp_path, wanted_by, Path(library).name)
    assert words_of(tmp_path) == []


def test_what_wine_made_is_never_packed(tmp_path: Path) -> None:
    put(tmp_path, "zlib.dll", mark=b"Wine builtin DLL")
    assert words_of(tmp_path) == ["zlib.dll: was made by wine"]


def test_a_library_of_windows_is_not_brought_along(tmp_path: Path) -> None:
    put(tmp_path, "icuuc.dll")
    assert words_of(tmp_path) == ["icuuc.dll: belongs to Windows and is not brought along"]


def test_another_processor_is_a_fault(tmp_path: Path) -> None:
    put(tmp_path, "arm.dll", machine=0xAA64)
    assert words_of(tmp_path) == ["arm.dll: is made for another processor (0xaa64)"]


def test_a_file_that_only_is_called_so_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "a.dll").write_bytes(b"text")
    assert words_of(tmp_path)[0].startswith("a.dll: a.dll is no Windows program")


def test_the_list_of_windows_has_no_runtime_and_no_name_twice() -> None:
    lines = [line for line in dependencies.LIST.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    names = windows_libraries()
    assert len(names) == len(lines)
    assert {"kernel32.dll", "icuuc.dll", "bcryptprimitives.dll"} <= names
    assert not [name for name in names if name.startswith(("msvcp", "vcruntime", "vcomp", "python", "qt6"))]


def test_the_command_tells_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(tmp_path, "a.dll", "nobody.dll")
    assert dependencies.main([str(tmp_path)]) == 1
    assert "needs nobody.dll" in capsys.readouterr().out
    (tmp_path / "a.dll").unlink()
    assert dependencies.main([str(tmp_path)]) == 0
