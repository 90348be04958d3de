"""What we take in from others: licences a hospital can live with, locks that name no index, pins that hold."""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = [ROOT / "installer" / name for name in ("runtime.lock", "development.lock")]
GOOD = re.compile(
    r"\b(MIT|BSD|0BSD|Apache|ISC|PSF|Python Software Foundation|Python-2\.0|MPL|Mozilla|LGPL|Unlicense|HPND|"
    r"zlib|CC0|Public Domain|provided 'as-is', without any express)",
    re.IGNORECASE,
)
NOT_HERE = {"pywin32-ctypes", "pywin32", "colorama", "tzdata"}
"""Named for Windows only; both are permissive (BSD-3-Clause, PSF, BSD-3-Clause, Apache-2.0)."""


def _locked(lock: Path) -> dict[str, str]:
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)(.*)$", lock.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: rest for name, _, rest in found}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_has_hashes_and_names_no_index(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links|--trusted-host", text)
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)
    assert all("--hash=sha256:" in block for block in blocks if block.strip())


def test_the_runtime_lock_is_part_of_the_development_lock() -> None:
    runtime, development = (
        set(re.findall(r"^\S+==\S+", lock.read_text(encoding="utf-8"), re.MULTILINE)) for lock in LOCKS
    )
    assert runtime <= development


@pytest.mark.parametrize("name", sorted(_locked(LOCKS[0])))
def test_a_package_we_ship_is_permissive_or_lgpl(name: str) -> None:
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        assert name in NOT_HERE or "sys_platform" in _locked(LOCKS[0])[name], f"{name} is locked but not installed"
        return
    said = _licence(importlib.metadata.distribution(name))
    assert GOOD.search(said), f"{name}: {said!r}"


def _licence(package: importlib.metadata.Distribution) -> str:
    """Return what the package says about its licence: in its metadata, else at the head of the licence file."""
    metadata = package.metadata
    classifiers = [c for c in metadata.get_all("Classifier") or [] if c.startswith("License ::")]
    said = " ".join([metadata.get("License-Expression") or "", *classifiers]).strip()
    said = said or (metadata.get("License") or "")[:200]
    files = [] if said else [file for file in package.files or [] if "LICENSE" in file.name.upper()]
    return said or " ".join(file.read_text(encoding="utf-8")[:400] for file in files)


def test_pyside_stays_below_the_release_that_destroys_python_3_11() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = {re.split(r"[<>=]", each)[0]: each for each in project["dependencies"]}
    assert pins["PySide6-Essentials"] == "PySide6-Essentials>=6.11.3,<6.12"
    version = tuple(map(int, importlib.metadata.version("PySide6-Essentials").split(".")[:2]))
    assert version < (6, 12)


def test_every_dependency_has_bounds() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for each in project["project"]["dependencies"] + project["dependency-groups"]["dev"]:
        assert ">=" in each
