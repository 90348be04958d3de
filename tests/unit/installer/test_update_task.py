"""A build with a root takes releases: the root and the task come along; one without says that it does not."""

from __future__ import annotations

from pathlib import Path

# allowed (xml): reads what this program has just written
from xml.etree import ElementTree as ET

import pytest

from installer import setup_program, update_task
from installer.update_task import ARGUMENTS, VARIABLE, task, write
from tests.helpers.releases import Maker


def test_a_build_takes_the_root_and_the_task_along(tmp_path: Path) -> None:
    maker = Maker(tmp_path)
    assert write(tmp_path, {VARIABLE: str(maker.place / "metadata" / "1.root.json")})
    assert (tmp_path / "update-root.json").read_bytes() == maker.root
    assert (tmp_path / update_task.TASK).read_bytes().decode("utf-16") == task()


def test_a_build_without_a_root_has_neither(tmp_path: Path) -> None:
    assert not write(tmp_path, {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("body", [b"", b"{}", b"not a root", b'{"signed": {"_type": "root"}, "signatures": []}'])
def test_what_is_no_root_is_not_built_in(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "1.root.json"
    path.write_bytes(body)
    with pytest.raises(ValueError, match="is no root"):
        write(tmp_path, {VARIABLE: str(path)})
    with pytest.raises(ValueError, match="cannot be read"):
        write(tmp_path, {VARIABLE: str(tmp_path / "gone.json")})


def test_a_root_that_too_few_have_signed_is_not_built_in(tmp_path: Path) -> None:
    path = tmp_path / "1.root.json"
    words = Maker(tmp_path).root.decode()
    path.write_text(words.replace('"threshold": 2', '"threshold": 3'), encoding="utf-8")
    with pytest.raises(ValueError, match="is no root"):
        write(tmp_path, {VARIABLE: str(path)})


def test_the_task_runs_both_halves_with_the_rights_of_the_system() -> None:
    root = ET.fromstring(task().partition("\n")[2])
    space = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
    assert root.findtext(".//t:UserId", namespaces=space) == "S-1-5-18"
    assert root.findtext(".//t:Arguments", namespaces=space) == ARGUMENTS
    assert len(root.findall(".//t:Triggers/*", namespaces=space)) == 2
    first, second = ARGUMENTS.split(" & ")
    assert first.endswith("--install-update")
    assert "Dala Updates\\runner" in second


def test_setup_and_the_task_speak_of_the_same_places() -> None:
    script = setup_program.SCRIPT.read_text(encoding="utf-8")
    for words in (
        '"$PROGRAMFILES64\\Dala Updates"',
        update_task.TASK,
        '"Dala\\Install updates"',
        "/ROLLBACK=",
        "/UPDATE=",
    ):
        assert words in script
