"""How devices write Kazakh and Russian names in Latin letters: several ways, because every clerk has his own.

Sources: passport practice of Kazakhstan and Russia (zh, kh, sh, ch), the Kazakh Latin alphabet of April 2021.
"""

from __future__ import annotations

from typing import Final

_PASSPORT: Final = {
    "а": "a", "ә": "a", "б": "b", "в": "v", "г": "g", "ғ": "g", "д": "d", "е": "e", "ё": "e", "ж": "zh", "з": "z",
    "и": "i", "й": "i", "к": "k", "қ": "k", "л": "l", "м": "m", "н": "n", "ң": "n", "о": "o", "ө": "o", "п": "p",
    "р": "r", "с": "s", "т": "t", "у": "u", "ұ": "u", "ү": "u", "ф": "f", "х": "kh", "һ": "h", "ц": "ts",
    "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y", "і": "i", "ь": "", "э": "e", "ю": "yu", "я": "ya",
}  # fmt: skip
_LOOSE: Final = {
    **dict.fromkeys("ығіийұүуәөёеэ", "?"), "қ": "?", "к": "?", "ж": "?*", "х": "?*", "ь": "*", "ъ": "*",
    "я": "?*", "ю": "?*", "с": "s*", "щ": "s*", "ц": "?*", "ч": "?*",
}  # fmt: skip
"""Letters that are written in several ways; a wildcard stands for them."""


def latin(text: str) -> str:
    """Return a text in the letters of a passport; what is no Cyrillic letter stays."""
    pairs = zip(text, f"{text[1:]} ", strict=False)
    return "".join(_cased(each, _PASSPORT.get(each.lower()), after) for each, after in pairs)


def latin_spellings(text: str) -> tuple[str, ...]:
    """Return a text in the letters of a passport, and once more with wildcards where clerks differ.

    The wildcard never stands for the first letter: an archive would have to look through everybody.
    """
    loose = "".join(
        latin(each) if place == 0 else _LOOSE.get(each.lower(), latin(each)) for place, each in enumerate(text)
    )
    while "**" in loose:
        loose = loose.replace("**", "*")
    return (latin(text), loose)


def _cased(letter: str, worn: str | None, after: str) -> str:
    """Return what a letter becomes; of several letters only the first is large where a small one follows."""
    if worn is None:
        return letter
    if letter.islower():
        return worn
    return worn.capitalize() if after.islower() else worn.upper()
