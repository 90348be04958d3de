"""The bill of materials names everything a workstation is shipped with, each part with the digests of its lock."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import dev

Parts = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what ``dev.py sbom`` writes."""
    path = tmp_path_factory.mktemp("bill") / "sbom.json"
    assert dev.sbom(path) == 0
    written: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return written


@pytest.fixture(scope="module")
def parts(bill: dict[str, Any]) -> Parts:
    """Return its components by name and version; a package may have one for each Python."""
    return {(_plain(each["name"]), each["version"]): each for each in bill["components"]}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _locked() -> Iterator[tuple[str, str, set[str]]]:
    """Yield name, version and digests of each package of the runtime lock."""
    text = dev.RUNTIME_LOCK.read_text(encoding="utf-8")
    for block in re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE):
        found = re.match(r"([A-Za-z0-9._-]+)==([^\s;\\]+)", block)
        if found:
            yield _plain(found[1]), found[2], set(re.findall(r"sha256:([0-9a-f]{64})", block))


def test_it_is_cyclonedx_about_this_program(bill: dict[str, Any]) -> None:
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    program = bill["metadata"]["component"]
    assert program["name"] == "dala"
    assert program["licenses"][0]["license"]["id"] == "Apache-2.0"


def test_it_names_every_package_that_is_shipped_and_no_other(parts: Parts) -> None:
    assert set(parts) == {(name, version) for name, version, _ in _locked()}
    assert len(parts) > 30


@pytest.mark.parametrize("locked", list(_locked()), ids=lambda locked: "-".join(locked[:2]))
def test_each_part_has_the_digests_it_is_installed_by(parts: Parts, locked: tuple[str, str, set[str]]) -> None:
    name, version, digests = locked
    part = parts[name, version]
    assert part["purl"].startswith("pkg:pypi/")
    given = {hashed["content"] for way in part["externalReferences"] for hashed in way.get("hashes", [])}
    assert given == digests != set()


def test_it_tells_nothing_about_the_machine_it_was_made_on(bill: dict[str, Any]) -> None:
    text = json.dumps(bill)
    assert str(Path.home()) not in text
    assert str(dev.ROOT) not in text
    assert "timestamp" not in bill["metadata"]
