"""Names typed with the keyboard set to the wrong language: ``ghbdtn`` meant ``привет``."""

from __future__ import annotations

from typing import Final

_LATIN: Final = "`qwertyuiop[]asdfghjkl;'zxcvbnm,."
_RUSSIAN: Final = "ёйцукенгшщзхъфывапролджэячсмитьбю"
_TO_RUSSIAN: Final = str.maketrans(_LATIN, _RUSSIAN)
_TO_KAZAKH: Final = _TO_RUSSIAN | str.maketrans("2345890-=", "әіңғүұқөһ")
_TO_LATIN: Final = str.maketrans(_RUSSIAN, _LATIN)


def other_layout(words: str) -> str:
    """Return the same keys pressed under the other layout; words of mixed script are left as they are."""
    plain = words.casefold()
    if any("a" <= c <= "z" for c in plain):
        return plain.translate(_TO_RUSSIAN) if not any(c in _RUSSIAN for c in plain) else words
    return plain.translate(_TO_LATIN)


def other_layouts(words: str) -> tuple[str, ...]:
    """Return what may have been meant: the Russian layout first, then the Kazakh one with its letters on the digits.

    ``-v3hpf0`` meant ``өмірзақ``; but ``fyyf-vfhbz`` meant ``анна-мария``, and digits alone are a number.
    """
    other = other_layout(words)
    if other == words or not any("a" <= c <= "z" for c in words.casefold()):
        return (other,)
    return (other, words.casefold().translate(_TO_KAZAKH))
