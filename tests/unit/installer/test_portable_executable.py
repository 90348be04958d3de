"""Programs of Windows are read as they are, and what is none is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from installer.portable_executable import MACHINE_X64, NoProgramError, PortableExecutable, programs_in
from tests.helpers.windows_programs import windows_program


def test_imports_are_those_of_loading_and_those_of_the_first_call() -> None:
    program = PortableExecutable(windows_program({"KERNEL32.dll": ["Sleep"], "Qt6Core.dll": []}, delayed=["ole32.dll"]))
    assert program.imports == ("kernel32.dll", "qt6core.dll", "ole32.dll")


def test_names_of_one_library_are_told_without_those_by_number() -> None:
    program = PortableExecutable(windows_program({"icuuc.dll": ["ucnv_open", "ucnv_close"], "a.dll": ["b"]}))
    assert program.imported_from("ICUUC.dll") == ("ucnv_open", "ucnv_close")
    assert program.imported_from("other.dll") == ()


def test_programs_of_32_bits_are_read_too() -> None:
    program = PortableExecutable(windows_program({"user32.dll": ["MessageBoxW"]}, machine=0x14C))
    assert program.machine == 0x14C
    assert program.imported_from("user32.dll") == ("MessageBoxW",)


def test_exports_are_told_in_their_order() -> None:
    assert PortableExecutable(windows_program(exports=["Py_Main", "Py_Exit"])).exports == ("Py_Main", "Py_Exit")
    assert PortableExecutable(windows_program()).exports == ()


@pytest.mark.parametrize("mark", [b"Wine builtin DLL", b"Wine placeholder DLL", b"Wine copied  DLL"])
def test_what_wine_made_is_known(mark: bytes) -> None:
    assert PortableExecutable(windows_program(mark=mark)).is_made_by_wine


def test_what_others_made_is_not_taken_for_wines() -> None:
    assert not PortableExecutable(windows_program()).is_made_by_wine


def test_a_file_tells_its_processor(tmp_path: Path) -> None:
    path = tmp_path / "a.dll"
    path.write_bytes(windows_program())
    assert PortableExecutable.read(path).machine == MACHINE_X64


@pytest.mark.parametrize("body", [b"", b"MZ", b"\x7fELF" + bytes(100), b"MZ" + bytes(200)])
def test_what_is_no_program_is_refused_by_its_name(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "strange.dll"
    path.write_bytes(body)
    with pytest.raises(NoProgramError, match=r"strange\.dll"):
        PortableExecutable.read(path)


def test_a_program_cut_anywhere_gives_an_answer_or_a_refusal() -> None:
    body = windows_program({"a.dll": ["x"]}, delayed=["b.dll"], exports=["y"])
    refused = 0
    for end in range(len(body)):
        program = PortableExecutable(body[:end])
        try:
            assert (*program.imports, *program.exports) is not None
        except NoProgramError:
            refused += 1
    assert refused > 0x200


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 0x600), st.integers(0, 255))
def test_a_spoilt_byte_gives_an_answer_or_a_refusal(place: int, value: int) -> None:
    body = bytearray(windows_program({"a.dll": ["x"]}, delayed=["b.dll"], exports=["y"]))
    if place < len(body):
        body[place] = value
    program = PortableExecutable(bytes(body))
    try:
        answers = (*program.imports, *program.exports)
    except NoProgramError:
        return
    assert all(isinstance(each, str) for each in answers)


def test_a_name_without_an_end_is_refused() -> None:
    body = windows_program({"a.dll": ["x"]}).rstrip(b"\0")
    at = body.index(b"a.dll")
    with pytest.raises(NoProgramError):
        _ = PortableExecutable(body[:at] + b"a.dll" + b"x" * 8000).imports


def test_only_programs_and_libraries_are_found(tmp_path: Path) -> None:
    for name in ("b.DLL", "a.pyd", "sub/c.exe", "d.txt", "e.dll.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    assert [path.name for path in programs_in(tmp_path)] == ["a.pyd", "b.DLL", "c.exe"]
