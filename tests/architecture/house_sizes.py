"""Measures the size limits of the house and its documentation, and prints the figures.

Functions are counted without their docstring and decorators: a good explanation must cost nothing. Files are counted
whole. Code and tests are compared by the lines that hold code, without docstrings and comments. Run as
``python -m tests.architecture.house_sizes``; the exit code is 1 when a limit is broken.
"""

from __future__ import annotations

import ast
import io
import statistics
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = ("clinic_app", "ui", "main.py", "dev.py", "installer")
FUNCTION_LIMITS = (10, 40, 80)
FILE_LIMITS = (150, 400, 600)
"""Median, 95th percentile, longest; in lines."""

_NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
Documented = FunctionNode | ast.ClassDef | ast.Module


@dataclass
class Figures:
    """What was measured; places are ``path:line name``."""

    functions: dict[str, int] = field(default_factory=dict)
    files: dict[str, int] = field(default_factory=dict)
    undocumented: list[str] = field(default_factory=list)
    qt_in_core: list[str] = field(default_factory=list)
    code_lines: int = 0
    test_lines: int = 0


def measure(root: Path = ROOT) -> Figures:
    """Return the figures of a checkout."""
    figures = Figures()
    for path in _python_files(root, CODE):
        source = path.read_text(encoding="utf-8")
        name = path.relative_to(root).as_posix()
        figures.files[name] = source.count("\n")
        figures.code_lines += code_lines(source)
        _measure_module(ast.parse(source), name, figures)
    figures.test_lines = sum(code_lines(p.read_text(encoding="utf-8")) for p in _python_files(root, ("tests",)))
    return figures


def broken_limits(figures: Figures) -> list[str]:
    """Return one sentence for each limit that does not hold."""
    broken = _broken("function", figures.functions, FUNCTION_LIMITS) + _broken("file", figures.files, FILE_LIMITS)
    broken += [f"no docstring: {place}" for place in figures.undocumented]
    broken += [f"the core imports Qt: {place}" for place in figures.qt_in_core]
    if figures.test_lines < figures.code_lines:
        broken.append(
            f"tests have {figures.test_lines} lines, the code {figures.code_lines}: tests must not be shorter"
        )
    return broken


def percentile_95(sizes: list[int]) -> int:
    """Return the size that 95 of 100 do not exceed."""
    return sorted(sizes)[max(0, -(-len(sizes) * 95 // 100) - 1)] if sizes else 0


def _broken(what: str, sizes: dict[str, int], limits: tuple[int, int, int]) -> list[str]:
    values = list(sizes.values())
    broken = [
        f"{what} of {size} lines (limit {limits[2]}): {place}" for place, size in sizes.items() if size > limits[2]
    ]
    if values and statistics.median(values) > limits[0]:
        broken.append(f"{what}s have a median of {statistics.median(values):g} lines (limit {limits[0]})")
    if percentile_95(values) > limits[1]:
        broken.append(f"{what}s have a 95th percentile of {percentile_95(values)} lines (limit {limits[1]})")
    return broken


def _measure_module(module: ast.Module, name: str, figures: Figures) -> None:
    if not ast.get_docstring(module):
        figures.undocumented.append(name)
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            figures.functions[f"{name}:{node.lineno} {node.name}"] = function_lines(node)
    figures.undocumented += [f"{name}:{line} {what}" for line, what in _undocumented(module.body)]
    if name.startswith("clinic_app/"):
        figures.qt_in_core += [f"{name}:{line}" for line in _qt_imports(module)]


def function_lines(node: FunctionNode) -> int:
    """Return the lines from ``def`` to the end, without the docstring."""
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    if ast.get_docstring(node, clean=False) is not None:
        text = node.body[0]
        lines -= (text.end_lineno or text.lineno) - text.lineno + 1
    return lines


def _undocumented(body: list[ast.stmt]) -> Iterator[tuple[int, str]]:
    """Find public classes, functions and methods without a docstring; what is inside a function is private."""
    for node in body:
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if not is_function and not isinstance(node, ast.ClassDef):
            continue
        if node.name.startswith("_"):
            continue
        if not ast.get_docstring(node) and not _is_documented_elsewhere(node):
            yield node.lineno, node.name
        if isinstance(node, ast.ClassDef):
            yield from _undocumented(node.body)


def _is_documented_elsewhere(node: FunctionNode | ast.ClassDef) -> bool:
    names = {ast.unparse(decorator).rpartition(".")[2] for decorator in node.decorator_list}
    return bool(names & {"overload", "override", "setter"})


def _qt_imports(module: ast.Module) -> Iterator[int]:
    for node in ast.walk(module):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        if any(name.partition(".")[0] in {"PySide6", "shiboken6", "pyqtgraph"} for name in names):
            yield node.lineno


def _python_files(root: Path, places: tuple[str, ...]) -> Iterator[Path]:
    for place in places:
        path = root / place
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path] * path.is_file()


def code_lines(source: str) -> int:
    """Return how many lines hold code: no empty lines, comments or docstrings."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in _NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        is_text = (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        )
        if is_text:
            lines.difference_update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


def _line(what: str, sizes: dict[str, int], limits: tuple[int, int, int]) -> str:
    values = list(sizes.values()) or [0]
    found = (f"{statistics.median(values):g}", str(percentile_95(values)), str(max(values)))
    shown = ", ".join(f"{word} {a} (<= {b})" for word, a, b in zip(("p50", "p95", "max"), found, limits, strict=True))
    return f"{what:<10} {len(sizes):>5}: {shown} lines"


def main() -> int:
    """Print the figures and what is broken; return the exit code."""
    figures = measure()
    print(_line("functions", figures.functions, FUNCTION_LIMITS))
    print(_line("files", figures.files, FILE_LIMITS))
    print(f"without docstring: {len(figures.undocumented)}; Qt imports in clinic_app: {len(figures.qt_in_core)}")
    print(f"code {figures.code_lines} lines, tests {figures.test_lines} lines of code (tests >= code)")
    broken = broken_limits(figures)
    for sentence in broken:
        print(f"  {sentence}")
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
