"""How much room something takes, in the words of the language."""

from __future__ import annotations

from decimal import Decimal

from ui.language import _


def size_words(size_bytes: int) -> str:
    """Return ``41 MB`` in the units of the language; small sizes in KB, never ``0``."""
    if size_bytes >= 10**9:
        return _("{size} GB", size=Decimal(f"{size_bytes / 1e9:.1f}"))
    if size_bytes >= 10**6:
        return _("{size} MB", size=round(size_bytes / 1e6))
    return _("{size} KB", size=max(1, round(size_bytes / 1000)) if size_bytes else 0)
