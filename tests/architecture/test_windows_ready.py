"""Nothing in the house hangs on one platform: no module that only some systems have, no text without its encoding."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.architecture.house_trees import ROOT, nodes_of

FILES = sorted(
    [*ROOT.glob("clinic_app/**/*.py"), *ROOT.glob("ui/**/*.py"), *ROOT.glob("installer/*.py"), ROOT / "dev.py"]
)
POSIX_ONLY = {"fcntl", "grp", "pwd", "resource", "termios", "tty", "pty", "syslog", "posix"}
WINDOWS_ONLY = {"msvcrt", "winreg", "_winapi", "winsound"}
TEXT_CALLS = {"read_text", "write_text"}


def _module_ends(path: Path, *ends: str) -> bool:
    return path.stem.endswith(ends)


def _imports(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


def _texts_without_encoding(nodes: Iterable[ast.AST]) -> Iterator[int]:
    for node in nodes:
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        by_place = len(node.args) > {"read_text": 0, "write_text": 1}.get(name, 9)
        has_encoding = by_place or any(word.arg == "encoding" for word in node.keywords)
        is_text_open = name == "open" and isinstance(node.func, ast.Name) and not _is_binary(node)
        if (name in TEXT_CALLS or is_text_open) and not has_encoding:
            yield node.lineno


def _is_binary(call: ast.Call) -> bool:
    modes = [*call.args[1:2], *(word.value for word in call.keywords if word.arg == "mode")]
    return any(isinstance(mode, ast.Constant) and "b" in str(mode.value) for mode in modes)


def test_what_only_one_system_has_stands_in_a_file_named_for_it() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in FILES
        for name in _imports(nodes_of(path))
        if (name in POSIX_ONLY and not _module_ends(path, "_posix", "_linux", "_macos"))
        or (name in WINDOWS_ONLY and not _module_ends(path, "_windows"))
    ]
    assert wrong == []


def test_every_text_file_is_read_and_written_with_its_encoding() -> None:
    wrong = [f"{path.relative_to(ROOT)}:{line}" for path in FILES for line in _texts_without_encoding(nodes_of(path))]
    assert wrong == []


def test_the_rule_sees_a_text_without_encoding() -> None:
    tree = ast.parse(
        "p.read_text()\nopen(x)\nopen(x, 'rb')\np.write_text(y, encoding='utf-8')\nopen(x, encoding='utf-8')\n"
    )
    assert list(_texts_without_encoding(ast.walk(tree))) == [1, 2]


@pytest.mark.parametrize("path", sorted(ROOT.glob("clinic_app/**/*_posix.py")), ids=lambda path: path.stem)
def test_each_posix_file_has_its_windows_twin(path: Path) -> None:
    assert path.with_name(path.name.replace("_posix", "_windows")).is_file()
