"""The floors of the house hold, and a view model knows no widget."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_import_contract_holds() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-cache"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_a_view_model_imports_only_the_core_of_qt() -> None:
    models = sorted(ROOT.glob("ui/**/view_model*.py"))
    assert models
    outside = {
        path.parent.name: sorted(name for name in _imported(path) if _is_a_widgets_business(name)) for path in models
    }
    assert not {room: names for room, names in outside.items() if names}


def test_the_core_runs_without_any_window_toolkit() -> None:
    code = (
        "import sys, pkgutil, importlib\n"
        "for name in ('PySide6', 'shiboken6', 'pyqtgraph'): sys.modules[name] = None\n"
        "import clinic_app\n"
        "skip = ('clinic_app.storage.migrations',)\n"
        "names = [m.name for m in pkgutil.walk_packages(clinic_app.__path__, 'clinic_app.')]\n"
        "names = [n for n in names if not n.endswith('__main__') and not n.startswith(skip)]\n"
        "[importlib.import_module(name) for name in names]\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr


def _is_a_widgets_business(name: str) -> bool:
    is_other_qt = name.startswith("PySide6") and name != "PySide6.QtCore"
    return is_other_qt or name.startswith(("pyqtgraph", "ui.widgets", "ui.theme", "ui.icons"))


def _imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            names |= {module} if module != "PySide6" else {f"PySide6.{alias.name}" for alias in node.names}
    return names
