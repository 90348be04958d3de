"""Rooms and files have names of the clinic; moments and quantities say what they are."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.architecture.house_trees import ROOT, nodes_of

EMPTY_WORDS = {
    "utils",
    "util",
    "common",
    "helpers",
    "helper",
    "manager",
    "controller",
    "base",
    "misc",
    "tools",
    "stuff",
}
LOCAL_NOW = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today"}


def _sources() -> list[Path]:
    return sorted([*ROOT.glob("clinic_app/**/*.py"), *ROOT.glob("ui/**/*.py")])


def test_no_file_and_no_room_has_an_empty_name() -> None:
    words = {path: set(path.stem.split("_")) | {path.parent.name} for path in _sources()}
    assert [str(path) for path, named in words.items() if named & EMPTY_WORDS] == []


def test_no_class_is_a_manager_or_a_helper() -> None:
    ends = ("manager", "helper", "util", "utils", "misc")
    classes = [(place, node) for place, node in _nodes(_sources()) if isinstance(node, ast.ClassDef)]
    assert [place for place, node in classes if node.name.lower().endswith(ends)] == []


def test_the_core_asks_its_clock_and_never_the_system() -> None:
    """A simulator is a device of its own, with its own clock."""
    exempt = {"clock.py", "monitor_simulator.py"}
    devices = ROOT / "clinic_app" / "devices" / "simulators"
    core = [path for path in sorted(ROOT.glob("clinic_app/**/*.py")) if devices not in path.parents]
    paths = [path for path in core if path.name not in exempt]
    calls = [(place, node) for place, node in _nodes(paths) if isinstance(node, ast.Call)]
    assert [place for place, node in calls if ast.unparse(node.func) in LOCAL_NOW] == []


def _nodes(paths: Iterable[Path]) -> Iterator[tuple[str, ast.AST]]:
    for path in paths:
        for node in nodes_of(path):
            yield f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}", node


def test_every_package_of_the_program_can_be_imported_as_one() -> None:
    folders = {path.parent for path in _sources()}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").is_file()] == []
