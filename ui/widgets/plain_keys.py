"""Keys by their place: L is the key that bears an L, whether somebody writes Latin, Russian or Kazakh just now.

Qt names a key by the letter it would write. With Russian letters switched on the key L writes Д, and no tool would ever
come to hand; with Kazakh ones the upper row writes letters where figures stand.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

_CYRILLIC: Final = "йцукенгшщзхъфывапролджэячсмитьбюё"
_LATIN: Final = "QWERTYUIOP[]ASDFGHJKL;'ZXCVBNM,.`"
_KAZAKH_FIGURES: Final = {"ә": "2", "і": "3", "ң": "4", "ғ": "5", "ү": "8", "ұ": "9", "қ": "0", "һ": "\\"}
_PLAIN: Final = dict(zip(_CYRILLIC, _LATIN, strict=True)) | _KAZAKH_FIGURES
_LAST_LATIN: Final = 0x7F


def plain_key(event: QKeyEvent) -> Qt.Key:
    """Return the key somebody pressed, by what it bears in Latin."""
    key = event.key()
    if key > _LAST_LATIN and key < int(Qt.Key.Key_Escape):
        letter = (event.text() or chr(key)).lower()[:1]
        found = _PLAIN.get(letter) or _PLAIN.get(chr(key).lower())
        if found is not None:
            return Qt.Key(ord(found))
    return Qt.Key(key)
