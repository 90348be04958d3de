"""Layouts as people write them."""

from __future__ import annotations

import pytest

from clinic_app.imaging.hanging import ONE, Layout


@pytest.mark.parametrize(("words", "rows", "columns"), [("1x1", 1, 1), ("2x3", 2, 3), (" 3X3 ", 3, 3)])
def test_a_layout_is_written_rows_first(words: str, rows: int, columns: int) -> None:
    found = Layout.parse(words)
    assert found == Layout(rows, columns)
    assert len(Layout(rows, columns)) == rows * columns
    assert str(found) == f"{rows}x{columns}"


@pytest.mark.parametrize("words", ["", "x", "2", "0x1", "4x1", "1x4", "2x2x2", "-1x2", "²x1", "1x9999999999999"])
def test_what_is_no_layout_is_none(words: str) -> None:
    assert Layout.parse(words) is None


def test_more_than_nine_panes_are_refused() -> None:
    with pytest.raises(ValueError, match="4x1"):
        Layout(4, 1)
    assert len(ONE) == 1
