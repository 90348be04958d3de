"""Letters as keys, whatever alphabet the keyboard is set to: C is C also where a Russian keyboard writes с."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

_CYRILLIC: Final = dict(zip("йцукенгшщзфывапролдячсмить", "qwertyuiopasdfghjklzxcvbnm", strict=True))
"""The same keys of a Russian or Kazakh keyboard."""


def letter_of(event: QKeyEvent) -> str:
    """Return the Latin capital of the key that was pressed alone, or an empty string."""
    if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
        return ""
    if Qt.Key.Key_A <= event.key() <= Qt.Key.Key_Z:
        return chr(event.key())
    return _CYRILLIC.get(event.text().lower(), "").upper()
