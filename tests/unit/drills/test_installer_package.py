"""The tables of two packages: what has to stay the same does, and what has to change does."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest

from tests.drills import installer_package
from tests.drills.installer_package import compare
from tests.drills.installer_prefix import Ended, Prefix
from tests.drills.installer_trial import FORMER, NEWER, ONLY_FORMER, Trial

Tables = dict[str, list[list[str]]]
NEW: Tables = {
    "Component": [["c1", "{A}"], ["c2", "{B}"]],
    "File": [["f1", "c1", "Dala.exe"], ["f2", "c2", "MAIN~1.PYC|main.pyc"]],
    "Upgrade": [["{F}", "", "0.2.0"]],
    "Property": [["UpgradeCode", "{F}"], ["ProductCode", "{2}"]],
}


def former() -> Tables:
    tables = deepcopy(NEW)
    tables["Component"].append(["c9", "{Z}"])
    tables["File"].append(["f9", "c9", f"ONLY~1.TXT|{ONLY_FORMER[0].name}"])
    tables["Property"] = [["UpgradeCode", "{F}"], ["ProductCode", "{1}"]]
    return tables


def test_two_versions_that_agree_have_nothing_against_them() -> None:
    assert compare(former(), NEW) == []


def _other_identity(tables: Tables) -> None:
    tables["Component"][0][1] = "{X}"


def _one_identity_twice(tables: Tables) -> None:
    tables["Component"][2][1] = "{A}"


def _lost_component(tables: Tables) -> None:
    del tables["Component"][1]


def _other_file(tables: Tables) -> None:
    tables["File"][0][2] = "Other.exe"


def _other_family(tables: Tables) -> None:
    tables["Property"][0][1] = "{G}"


def _same_product(tables: Tables) -> None:
    tables["Property"][1][1] = "{2}"


def _no_update(tables: Tables) -> None:
    tables["Upgrade"].clear()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_other_identity, "c1 has another identity"),
        (_one_identity_twice, "two components have one identity"),
        (_lost_component, "c2 is in one version only"),
        (_other_file, "c1 holds another file"),
        (_other_family, "the versions are not of one family"),
        (_same_product, "both versions are one product"),
        (_no_update, "there is no update in the tables"),
    ],
)
def test_each_difference_that_breaks_an_update_is_named(spoil: Callable[[Tables], None], words: str) -> None:
    tables = former()
    spoil(tables)
    assert words in compare(tables, NEW)


def test_a_table_is_read_without_its_head(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "Component\tComponentId\r\ns72\tS38\r\nComponent\tComponent\r\nc1\t{A}\r\nc2\t{B}\r\n"
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(installer_package.tools, "run", lambda *words: asked.append(words) or said)
    trial = Trial(tmp_path, Prefix(tmp_path / "prefix"))
    assert installer_package.table(trial, NEWER, "Component") == [["c1", "{A}"], ["c2", "{B}"]]
    assert asked == [("msiinfo", "export", tmp_path / "Dala-0.2.0-x64.msi", "Component")]


def test_a_package_that_an_older_windows_takes_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = {"msiexec": 0}
    monkeypatch.setattr(Prefix, "registry", lambda _self, _key: {"CurrentBuildNumber": "18362"})
    monkeypatch.setattr(Prefix, "run", lambda _self, *words, **_: Ended(codes.get(words[0], 0), "", 0.1))
    trial = Trial(tmp_path, Prefix(tmp_path / "prefix"))
    assert installer_package.refused_by_older_windows(trial) == (False, [])
    codes["msiexec"] = 1603 % 256
    assert installer_package.refused_by_older_windows(trial) == (True, [])
    assert installer_package.msi(trial, "/i", FORMER) == 1603 % 256
