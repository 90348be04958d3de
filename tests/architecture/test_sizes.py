"""The gate that measures the limits of the house sees what it should; `dev.py check` asks whether they are kept."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.architecture.house_sizes import broken_limits, code_lines, function_lines, measure, percentile_95


def test_the_gate_sees_each_kind_of_fault(tmp_path: Path) -> None:
    long_function = "def long():\n    '''Doc.'''\n" + "    x = 1\n" * 90
    room = tmp_path / "clinic_app"
    room.mkdir()
    (room / "bad.py").write_text(
        f"from PySide6.QtCore import QObject\n\n\nclass Open:\n    pass\n\n\n{long_function}", encoding="utf-8"
    )
    broken = broken_limits(measure(tmp_path))
    assert any("function of 91 lines" in sentence for sentence in broken)
    assert "no docstring: clinic_app/bad.py" in broken
    assert "no docstring: clinic_app/bad.py:4 Open" in broken
    assert "the core imports Qt: clinic_app/bad.py:1" in broken
    assert any("tests must not be shorter" in sentence for sentence in broken)


def test_a_docstring_costs_a_function_nothing() -> None:
    node = ast.parse("def f():\n    '''One.\n\n    Two.\n    '''\n    return 1\n").body[0]
    assert isinstance(node, ast.FunctionDef)
    assert function_lines(node) == 2


def test_the_95th_percentile_is_met_by_95_of_100() -> None:
    assert percentile_95(list(range(1, 101))) == 95
    assert percentile_95([7]) == 7


def test_only_lines_with_code_count_when_tests_are_compared_with_code() -> None:
    source = (
        '"""A module.\n\nMore.\n"""\n\n# a remark\nx = (\n    1,\n)\n\n\ndef f():\n    \'Doc.\'\n    return x  # why\n'
    )
    assert code_lines(source) == 5
