"""What is heavy and rarely needed is imported when it is needed: a workstation must start on an old computer.

Followed are the imports that run when a module is imported, from the workstation and the window on.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
LATE: Final = {"bleak", "sdc11073", "sounddevice", "soundfile", "pylsl", "scipy", "wfdb", "pandas"}
"""Radio, medical devices, sound; and what only the tests may use."""
STARTS: Final = ("clinic_app.workstation", "ui.shell.main_window")


def _file(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    return next((each for each in (path.with_suffix(".py"), path / "__init__.py") if each.is_file()), None)


def _at_once(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that run with the module, those behind TYPE_CHECKING excepted."""
    for statement in body:
        if isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.dump(statement.test):
            continue
        yield statement
        if isinstance(statement, ast.If | ast.Try | ast.With | ast.ClassDef):
            yield from _at_once(statement.body)


@cache
def _imported(path: Path) -> frozenset[str]:
    found: set[str] = set()
    for statement in _at_once(ast.parse(path.read_text(encoding="utf-8")).body):
        if isinstance(statement, ast.Import):
            found |= {alias.name for alias in statement.names}
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            found |= {statement.module, *(f"{statement.module}.{alias.name}" for alias in statement.names)}
    return frozenset(found)


def _reached(start: str) -> dict[str, str]:
    """Return every module that importing ``start`` imports, with the one that asks for it first."""
    found, waiting = {start: ""}, [start]
    while waiting:
        module = waiting.pop()
        path = _file(module)
        for name in _imported(path) if path else ():
            packages = [name.rsplit(".", count)[0] for count in range(name.count(".") + 1)]
            for each in packages:
                if each not in found:
                    found[each] = module
                    waiting.append(each)
    return found


@pytest.mark.parametrize("start", STARTS)
def test_what_is_heavy_waits_until_it_is_needed(start: str) -> None:
    reached = _reached(start)
    assert "clinic_app.foundation.errors" in reached, "the search follows the imports of the house"
    assert {name: by for name, by in reached.items() if name.partition(".")[0] in LATE} == {}


def test_an_import_in_a_function_or_for_the_type_checker_only_is_late() -> None:
    late = "if TYPE_CHECKING:\n    import b\ndef f():\n    import c\n"
    code = f"import a\n{late}try:\n    import d\nexcept OSError:\n    x = 1\n"
    imports = [each for each in _at_once(ast.parse(code).body) if isinstance(each, ast.Import)]
    assert [alias.name for each in imports for alias in each.names] == ["a", "d"]
