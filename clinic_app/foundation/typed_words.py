"""Words as they are kept, whatever a keyboard, a clipboard or a foreign file put between the letters.

A name pasted from a Mac or a PDF comes in parts (``й`` as ``и`` and a breve), with no-break spaces or marks that
nobody sees; kept so, it is found by nobody and may turn the line around it. Half a surrogate pair cannot be stored at
all. Source: Unicode Standard Annex 15 (NFC) and the general categories of its chapter 4.5.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs"})


def tidy(typed: str) -> str:
    """Return the words in composed letters, one space between them, without what cannot be seen or stored."""
    seen = "".join(c for c in typed if c.isspace() or unicodedata.category(c) not in _UNSEEN)
    return unicodedata.normalize("NFC", " ".join(seen.split()))
