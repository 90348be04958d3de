"""Every file of the house is parsed once, whoever asks about it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """Return what is declared, called or imported in a file, in no order."""
    kept = (ast.ClassDef, ast.Call, ast.Import, ast.ImportFrom)
    return tuple(node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, kept))
