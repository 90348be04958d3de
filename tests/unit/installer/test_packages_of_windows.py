"""The package for group policy, the portable ZIP and the licences that go with both."""

from __future__ import annotations

import zipfile
from pathlib import Path
from uuid import UUID
from xml.etree import ElementTree as ET  # allowed (xml): reads only what the code under test has just made

import pytest

from installer import notices, portable_folder, runtime, tools, windows_package
from installer.versions import Version
from installer.windows_package import description_of, identity_of

WIX = "{http://schemas.microsoft.com/wix/2006/wi}"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    for name in ("Dala.exe", "Lib/site-packages/a & b/c.pyc", "program/main.pyc"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    return folder


def described(app: Path, version: Version) -> ET.Element:
    return ET.fromstring(description_of(app, version, app.parent / "work" / "dala.ico"))


def components_of(root: ET.Element) -> dict[str, str]:
    found = {}
    for component in root.iter(f"{WIX}Component"):
        file = component.find(f"{WIX}File")
        if file is not None:
            found[file.attrib["Source"]] = component.attrib["Guid"]
    return found


def test_every_file_is_a_component_and_every_component_is_installed(app: Path) -> None:
    root = described(app, Version(1, 0, 0))
    assert set(components_of(root)) == {"app/Dala.exe", "app/Lib/site-packages/a & b/c.pyc", "app/program/main.pyc"}
    named = {each.attrib["Id"] for each in root.iter(f"{WIX}Component")}
    assert named == {each.attrib["Id"] for each in root.iter(f"{WIX}ComponentRef")}


def test_components_are_the_same_in_every_version_and_products_are_not(app: Path, tmp_path: Path) -> None:
    first, second = described(app, Version(1, 0, 0)), described(app, Version(1, 1, 0))
    assert components_of(first) == components_of(second)
    products = [root[0].attrib for root in (first, second)]
    assert products[0]["Id"] != products[1]["Id"]
    assert products[0]["UpgradeCode"] == products[1]["UpgradeCode"]
    moved = app.rename(tmp_path / "former")
    assert set(components_of(described(moved, Version(1, 0, 0))).values()) == set(components_of(first).values())


def test_an_identity_is_one_of_windows_and_never_changes() -> None:
    assert UUID(identity_of("component", "Dala.exe")).version == 5
    assert identity_of("component", "Dala.exe") == "f70fdf60-6931-5f87-9069-9d81d18c8a09"
    assert str(windows_package.FAMILY) == "0b9f3a52-6c61-4e0c-9c3a-5b1d5e0f7a11"


def test_names_in_the_tables_are_short_enough_and_different(app: Path) -> None:
    root = described(app, Version(1, 0, 0))
    names = [each.attrib["Id"] for kind in ("Component", "File", "Directory") for each in root.iter(f"{WIX}{kind}")]
    assert len(set(names)) == len(names)
    assert all(len(name) <= 72 and name.isalnum() for name in names)


def test_whoever_installed_with_setup_or_a_newer_version_is_told(app: Path) -> None:
    root = described(app, Version(1, 0, 0))
    messages = [each.attrib["Message"] for each in root.iter(f"{WIX}Condition")]
    assert any("Setup program" in message for message in messages)
    assert any("WINDOWSBUILD >= 17763" in (each.text or "") for each in root.iter(f"{WIX}Condition"))
    searched = {each.attrib["Name"]: each.attrib["Key"] for each in root.iter(f"{WIX}RegistrySearch")}
    assert searched["CurrentBuildNumber"].endswith("Windows NT\\CurrentVersion")
    (upgrade,) = root.iter(f"{WIX}MajorUpgrade")
    assert "newer version" in upgrade.attrib["DowngradeErrorMessage"]


def test_what_the_tool_cannot_say_is_added_in_one_line_each(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[str, ...]] = []
    monkeypatch.setattr(tools, "run", lambda *words, folder=None: ran.append(tuple(map(str, words))))
    (app.parent / "work").mkdir()
    made = windows_package.build(app, Version(1, 0, 0), app.parent, app.parent / "work")
    assert made == app.parent / "Dala-1.0.0-x64.msi"
    assert [words[0] for words in ran] == ["wixl", *["msibuild"] * len(list(windows_package.queries()))]
    assert all("\n" not in words[-1] and words[-1].startswith("INSERT INTO") for words in ran[1:])
    assert "S-1-5-32-545" in ran[1][-1]


def test_every_option_is_handed_to_the_first_start_and_the_code_is_in_no_log(app: Path) -> None:
    root = described(app, Version(1, 0, 0))
    properties = {each.attrib["Id"]: each.attrib.get("Value", "") for each in root.iter(f"{WIX}Property")}
    assert properties["MsiHiddenProperties"] == "ENROL"
    added = list(windows_package.queries())
    (first_start,) = [each for each in added if "--prepare" in each]
    assert ", 11298, " in first_start, "8192: the words of the command are in no log"
    for option in windows_package.OPTIONS:
        assert f"[{option}]" in first_start or f'{option}="1"' in "".join(added)
    places = [each.rpartition(", ")[2] for each in added if "InstallExecuteSequence" in each]
    assert len(set(places)) == len(places)
    commands = [each.split("'")[-2] for each in added if "CustomAction" in each]
    assert all(len(command) <= 255 for command in commands), "no more fits into the table"


def test_a_portable_zip_holds_every_file_in_one_folder_and_is_always_the_same(app: Path, tmp_path: Path) -> None:
    made = [portable_folder.build(app, Version(1, 2, 3), tmp_path, is_fast=fast) for fast in (True, False, False)]
    assert made[0].name == "Dala-1.2.3-x64.zip"
    first = made[0].read_bytes()
    portable_folder.build(app, Version(1, 2, 3), tmp_path)
    assert made[0].read_bytes() == first
    with zipfile.ZipFile(made[0]) as archive:
        assert archive.namelist() == ["Dala/Dala.exe", "Dala/Lib/site-packages/a & b/c.pyc", "Dala/program/main.pyc"]
        assert archive.read("Dala/program/main.pyc") == b"program/main.pyc"


def package(packages: Path, name: str, head: str, **texts: str) -> None:
    folder = packages / f"{name}-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\n{head}\n", encoding="utf-8")
    for file, words in texts.items():
        (folder / "licenses").mkdir(exist_ok=True)
        (folder / "licenses" / file).write_text(words, encoding="utf-8")


def test_a_licence_is_told_from_whatever_place_names_it(tmp_path: Path) -> None:
    package(tmp_path, "b", "License-Expression: MIT\nLicense: no", LICENSE="Permission is hereby granted")
    package(tmp_path, "a", "License: BSD\n Copyright somebody")
    package(tmp_path, "C", "Classifier: License :: OSI Approved :: ISC License\nClassifier: Topic :: Health")
    package(tmp_path, "d", "", COPYING="All words")
    found = notices.notices_of(tmp_path)
    assert [(each.name, each.licence) for each in found] == [
        ("a", "BSD"),
        ("b", "MIT"),
        ("C", "ISC License"),
        ("d", ""),
    ]
    assert found[1].texts == ("Permission is hereby granted",)
    assert found[3].texts == ("All words",)


def test_a_package_that_says_nothing_is_not_given_away(tmp_path: Path) -> None:
    package(tmp_path, "silent", "Summary: nothing")
    with pytest.raises(ValueError, match="silent"):
        notices.notices_of(tmp_path)


def test_the_folder_of_licences_names_everybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, packages, wanted = tmp_path / "root", tmp_path / "packages", tmp_path / "windows.txt"
    for name, words in (
        ("LICENSE", "Ours"),
        ("resources/built/fonts/OFL.txt", "Font"),
        ("resources/built/icons/NOTICE.txt", "Icons"),
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(words, encoding="utf-8")
    library = tmp_path / "lib"
    library.mkdir()
    (library / "LICENSE.txt").write_text("Python's own", encoding="utf-8")
    package(packages, "a", "License-Expression: MIT", LICENSE="Hereby")
    ran: list[str] = []

    def run(*words: object) -> str:
        ran.append(" ".join(map(str, words)))
        return str(library / "os.py")

    monkeypatch.setattr(tools, "run", run)
    monkeypatch.setattr(runtime, "interpreter", lambda: Path("python3.13"))
    assert notices.write(tmp_path / "app", packages, wanted, root) == 1
    folder = tmp_path / "app" / notices.FOLDER
    told = (folder / notices.NOTICES).read_text(encoding="utf-8-sig")
    assert all(words in told for words in ("Python's own", "Font", "Icons", "a 1.0", "Licence: MIT", "Hereby"))
    assert (folder / "dala.txt").read_text(encoding="utf-8-sig") == "Ours"
    assert str(wanted) in ran[-1]
    assert notices.MATERIALS in ran[-1]
    (library / "LICENSE.txt").rename(tmp_path / "LICENSE.txt")  # where Windows has it
    notices.write(tmp_path / "app", packages, wanted, root)
    assert (folder / notices.NOTICES).read_text(encoding="utf-8-sig") == told
    (tmp_path / "app" / runtime.LICENCE).write_text("what came with it", encoding="utf-8")
    notices.write(tmp_path / "app", packages, wanted, root)
    assert "what came with it" in (folder / notices.NOTICES).read_text(encoding="utf-8-sig")
