"""The programs that are started: what they are compiled from, and what they share with the program itself."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import struct
from pathlib import Path

import pytest

from clinic_app.hub import installed, readiness_windows
from installer import launchers, tools
from installer.versions import Version

HUB = (launchers.SOURCES / "hub.c").read_text(encoding="utf-8")


def defined(name: str) -> str:
    found = re.search(rf'#define {name} L"([^"]+)"', HUB)
    assert found is not None, name
    return found[1]


def test_the_service_runs_the_module_of_the_installed_hub() -> None:
    assert defined("MODULE") == installed.__name__
    assert importlib.util.find_spec(defined("MODULE")) is not None
    assert defined("FOLDER_VARIABLE") == installed.FOLDER_VARIABLE
    assert defined("READY_VARIABLE") == readiness_windows.VARIABLE


def test_the_folder_belongs_to_the_account_that_windows_makes_of_the_name() -> None:
    """Windows: S-1-5-80 and the SHA-1 of the service's name in capitals, as five numbers."""
    digest = hashlib.sha1(defined("SERVICE_NAME").upper().encode("utf-16-le"), usedforsecurity=False).digest()
    number = "-".join(str(each) for each in struct.unpack("<5I", digest))
    assert f"S-1-5-80-{number})" in HUB
    assert 'ACCOUNT L"NT SERVICE\\\\" SERVICE_NAME' in HUB


def test_nobody_else_may_read_the_folder() -> None:
    rights = re.search(r'#define RIGHTS L"(O:BAD:P.*?)"\s*\\', HUB)
    assert rights is not None
    assert rights[1].startswith("O:BAD:P"), "it is the administrators', and nothing is inherited"
    assert re.findall(r";;;(\w*)", rights[1]) == ["SY", "BA", ""]


def test_three_programs_are_compiled_each_with_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(launchers, "make_icon", lambda _path: None)
    monkeypatch.setattr(tools, "run", lambda *words: ran.append([str(word) for word in words]))
    launchers.build(tmp_path, Version(1, 2, 3), tmp_path / "work")
    compiled = [words for words in ran if words[0].endswith("gcc")]
    assert [Path(words[words.index("-o") + 1]).name for words in compiled] == [
        "Dala.exe",
        "Dala-console.exe",
        "Dala-hub.exe",
    ]
    assert all("-Werror" in words for words in compiled)
    assert [("-mwindows" in words, "-DCONSOLE" in words) for words in compiled] == [
        (True, False),
        (False, True),
        (False, False),
    ]
    assert {words[-3] for words in ran if words[0].endswith("windres")} <= {str(launchers.SOURCES)}
    assert '#define PROGRAM "Dala-hub.exe"' in (tmp_path / "work" / "program.h").read_text(encoding="ascii")


def test_properties_say_name_and_version() -> None:
    assert launchers.properties_of("Dala.exe", Version(1, 2, 3)).splitlines() == [
        "#define VERSION_NUMBERS 1,2,3,0",
        '#define VERSION_WORDS "1.2.3"',
        '#define PROGRAM "Dala.exe"',
    ]
