"""The fonts of documents, and the gate that lets no character through that they cannot print.

A PDF library drops a glyph it does not have without a word: "≥2 µmol/L" becomes "2 µmol/L". So every text passes
`printable` first: what has a plain equal is replaced, what has none stops the document with a sentence that names the
character.
"""

from __future__ import annotations

import threading
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Final

from reportlab import rl_config
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text

FOLDER: Final = Path(__file__).parents[2] / "resources" / "built" / "fonts"
REGULAR: Final = "Inter-Regular"
SEMI_BOLD: Final = "Inter-SemiBold"
BOLD: Final = "Inter-Bold"
ONE_AT_A_TIME: Final = threading.Lock()
"""The library's fonts carry the state of the document being written."""

_EQUALS: Final = {
    "\t": " ",
    "\u2010": "-",
    "\u2011": "-",
    "\u00ad": "",
    "\u200b": "",
    "\u200c": "",
    "\u200d": "",
    "\u2060": "",
    "\ufeff": "",
    "\u200e": "",
    "\u200f": "",
    "\u061c": "",
    "\u2066": "",
    "\u2067": "",
    "\u2068": "",
    "\u2069": "",
    "\u3000": " ",
    "\x0b": "\n",
    "\ufe0e": "",
    "\ufe0f": "",
    "\u2028": "\n",
    "\u2029": "\n",
    "\r\n": "\n",
    "\r": "\n",
    "\u2640": "F",
    "\u2642": "M",
}
"""Characters Inter lacks or that print nothing, with what says the same."""


@lru_cache(maxsize=1)
def register_fonts() -> None:
    """Make the three weights known to the PDF library; done once.

    Raises:
        OSError: the fonts have not been built (``python3 dev.py`` builds them).
    """
    rl_config.useA85 = 0  # binary streams: a quarter smaller than text
    for name in (REGULAR, SEMI_BOLD, BOLD):
        pdfmetrics.registerFont(TTFont(name, FOLDER / f"{name}.ttf"))


def printable(text: str) -> str:
    """Return ``text`` as it will be printed, every character of it in the font.

    Raises:
        InvalidInputError: a character has no glyph and no equal; the sentence names it.
    """
    plain = unicodedata.normalize("NFC", text)
    for char, equal in _EQUALS.items():
        plain = plain.replace(char, equal)
    missing = next((char for char in plain if char != "\n" and ord(char) not in _glyphs()), None)
    if missing is not None:
        raise InvalidInputError(_sentence(missing))
    return plain


def _sentence(char: str) -> Text:
    return Text(
        "The document cannot be printed: the font has no character “{character}” ({code}, {name}).",
        character=char if char.isprintable() else "",
        code=f"U+{ord(char):04X}",
        name=unicodedata.name(char, "?"),
    )


@lru_cache(maxsize=1)
def _glyphs() -> frozenset[int]:
    """Return the characters that all three weights have; a control character is none, though the font maps it."""
    register_fonts()
    fonts = (pdfmetrics.getFont(name) for name in (REGULAR, SEMI_BOLD, BOLD))
    common = frozenset.intersection(*(frozenset(font.face.charToGlyph) for font in fonts))
    return frozenset(code for code in common if unicodedata.category(chr(code)) != "Cc")
