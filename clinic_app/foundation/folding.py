"""One key for a name, however it is spelt: Kazakh, Russian, Kazakh Latin (2021) or the Latin of a passport.

Clerks type Kazakh names on Russian keyboards, passports write them in Latin, relatives spell them by ear. Every
spelling is first brought to passport Latin and then worn down until the spellings meet: ``Қасым-Жомарт``,
``Касым-Жомарт``, ``Qasym-Jomart`` and ``Kassym-Zhomart`` share the keys ``kasim`` and ``jomart``. The key is for
finding only; it is no transliteration to be shown, and two different names may share one.

Sources: the Kazakh Latin alphabet of April 2021; passport practice of Kazakhstan (zh, kh, sh, ch, gh).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_CYRILLIC: Final = str.maketrans(
    {
        "а": "a", "ә": "a", "б": "b", "в": "v", "г": "g", "ғ": "g", "д": "d", "е": "e", "ё": "e", "ж": "zh", "з": "z",
        "и": "i", "й": "i", "к": "k", "қ": "k", "л": "l", "м": "m", "н": "n", "ң": "n", "о": "o", "ө": "o", "п": "p",
        "р": "r", "с": "s", "т": "t", "у": "u", "ұ": "u", "ү": "u", "ф": "f", "х": "kh", "һ": "h", "ц": "ts",
        "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y", "і": "i", "ь": "", "э": "e", "ю": "yu", "я": "ya",
    }
)  # fmt: skip
_LATIN: Final = str.maketrans({"ı": "i", "q": "k", "w": "u", "x": "ks", "y": "i", "ß": "ss", "ø": "o", "ł": "l"})
_WEAR: Final = tuple(
    (re.compile(spelt), worn)
    for spelt, worn in (
        ("kh", "h"),
        ("gh", "g"),
        ("zh|dj|dzh", "j"),
        ("shch|sch|sh", "s"),
        ("ts|ch", "c"),
        ("ie|io", "e"),
        (r"(.)\1+", r"\1"),
    )
)
_WORD: Final = re.compile(r"[^\W_]+")


def name_key(word: str) -> str:
    """Return the key of one word: ASCII lower-case letters and digits, empty when nothing of it can be folded."""
    plain = _without_marks(word.casefold()).translate(_CYRILLIC)
    plain = "".join(c for c in _without_marks(plain).translate(_LATIN) if c.isascii() and c.isalnum())
    while True:
        worn = plain
        for spelt, short in _WEAR:
            worn = spelt.sub(short, worn)
        if worn == plain or not plain.isalpha():
            return plain
        plain = worn


def name_keys(words: str) -> tuple[str, ...]:
    """Return the keys of every word in ``words``, in order; anything but letters and digits parts words."""
    joined = re.sub("['’ʼʹ`ъь]", "", _without_marks(words.casefold()))
    return tuple(key for key in map(name_key, _WORD.findall(joined)) if key)


def _without_marks(word: str) -> str:
    """Drop accents and other marks; й and ё lose theirs too, which is what the key wants."""
    return "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
