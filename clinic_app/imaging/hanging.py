"""How many panes a viewer has, and how they lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MOST_SIDE: Final = 3


@dataclass(frozen=True)
class Layout:
    """Panes in rows and columns, at most three of each.

    Args:
        rows: from the top.
        columns: from the left.
    """

    rows: int = 1
    columns: int = 1

    def __post_init__(self) -> None:
        """Refuse what no viewer has."""
        if not (1 <= self.rows <= MOST_SIDE and 1 <= self.columns <= MOST_SIDE):
            raise ValueError(f"{self.rows}x{self.columns} panes")

    def __len__(self) -> int:
        """Return how many panes it has."""
        return self.rows * self.columns

    def __str__(self) -> str:
        """Return it as people write it: ``2x3``, rows first."""
        return f"{self.rows}x{self.columns}"

    @classmethod
    def parse(cls, words: str) -> Layout | None:
        """Return what ``2x3`` means; None for anything that is no layout."""
        rows, x, columns = words.strip().lower().partition("x")
        if not (x and rows.isdecimal() and columns.isdecimal() and len(words) <= 8):
            return None
        try:
            return cls(int(rows), int(columns))
        except ValueError:
            return None


ONE: Final = Layout()
