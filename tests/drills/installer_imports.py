"""Whether everything that the program can import is there in the installation, also what it imports late.

Slimming takes away files by patterns; a module that only one button needs would be missed weeks later. So the imports
of our sources are read here, those inside of functions too, and each is tried by the installed Python: run by
``probe.exe`` as ``installer_imports.py DATA FILE``, FILE with one name in a line. The last line is JSON.
"""

from __future__ import annotations

import ast
import importlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

OWN: Final = ("clinic_app", "ui")
ELSEWHERE: Final = frozenset({"psycopg", "pylsl", "PySide6.QtDBus", "pkg_resources"})
"""What only a large hub, a laboratory of signals (an extra of its own) or another system has."""
STARTS: Final = (".__main__", ".migrations.env")
"""Would begin to work when imported."""


def imported_by(root: Path, folders: Sequence[str] = OWN) -> list[str]:
    """Return every module of ours and every one of others that ours import, wherever in the source."""
    found: set[str] = set()
    for path in [root / "main.py", *(path for each in folders for path in (root / each).rglob("*.py"))]:
        name = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        found.add(name)
        found.update(_names_in(ast.parse(path.read_text(encoding="utf-8"))))
    return sorted(name for name in found if _counts(name))


def _names_in(tree: ast.Module) -> Iterator[str]:
    for node in _but_for_types(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            if node.module == "PySide6":
                yield from (f"PySide6.{each.name}" for each in node.names)


def _but_for_types(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes below one, without what only a type checker reads."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        yield child
        yield from _but_for_types(child)


def _counts(name: str) -> bool:
    top = name.partition(".")[0]
    is_foreign = top not in sys.stdlib_module_names and top != "__main__"
    is_other_system = name.endswith(("_posix", "_linux")) or name in ELSEWHERE or top in ELSEWHERE
    return is_foreign and not name.endswith(STARTS) and not is_other_system


def main(words: list[str]) -> int:
    """Import what the file names; tell what could not be."""
    failed: dict[str, str] = {}
    names = Path(words[1]).read_text(encoding="utf-8").split()
    for name in names:
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
            failed[name] = f"{type(error).__name__}: {error}"
    print(json.dumps({"tried": len(names), "failed": failed}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
