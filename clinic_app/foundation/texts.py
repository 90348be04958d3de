"""Sentences that know how to say themselves in Kazakh, Russian and English.

The core never renders a sentence by itself: it makes a `Text`, and whoever shows it (a screen, a PDF in the patient's
language, a log) picks the language. English is the source language; the other two are gettext catalogues compiled to
``resources/built/texts/{language}.mo``.
"""

from __future__ import annotations

import gettext
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

Language = Literal["kk", "ru", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("kk", "ru", "en")
LANGUAGE_NAMES: Final[dict[Language, str]] = {"kk": "Қазақша", "ru": "Русский", "en": "English"}

_CATALOGUES = Path(__file__).parents[2] / "resources" / "built" / "texts"


class Text:
    """One sentence with its values, not yet in any language.

    Args:
        msgid: the English sentence, with ``{named}`` values; a literal, so that the extractor finds it.
        values: what goes into the braces; a `Text` or a decimal among them is said in the same language.
    """

    __slots__ = ("msgid", "plural", "values")

    def __init__(self, msgid: str, /, **values: object) -> None:
        self.msgid = msgid
        self.plural: str | None = None
        self.values = values

    @classmethod
    def counted(cls, singular: str, plural: str, count: int, **values: object) -> Text:
        """Return a sentence whose words depend on ``count``, which fills ``{count}``."""
        text = cls(singular, count=count, **values)
        text.plural = plural
        return text

    def render(self, language: Language) -> str:
        """Return the sentence in one language."""
        catalogue = _catalogue(language)
        if self.plural is None:
            sentence = catalogue.gettext(self.msgid) if self.msgid else ""
        else:
            count = self.values["count"]
            assert isinstance(count, int)
            sentence = catalogue.ngettext(self.msgid, self.plural, count)
        if not self.values:
            return sentence
        return sentence.format(**{name: _said(value, language) for name, value in self.values.items()})

    def __eq__(self, other: object) -> bool:
        """Two texts are equal when they say the same in every language."""
        if not isinstance(other, Text):
            return NotImplemented
        return (self.msgid, self.plural, self.values) == (other.msgid, other.plural, other.values)

    def __hash__(self) -> int:
        """Hash by the source sentence."""
        return hash(self.msgid)

    def __repr__(self) -> str:
        """Return the source sentence and its values, for test output."""
        return f"Text({self.msgid!r}, {self.values!r})"


def translate(msgid: str, language: Language) -> str:
    """Return a fixed word or sentence in one language."""
    return Text(msgid).render(language)


def _said(value: object, language: Language) -> object:
    """Return a value as the sentence says it: texts in its language, decimals with its decimal sign."""
    if isinstance(value, Text):
        return value.render(language)
    if isinstance(value, Decimal):
        plain = format(value, "f")
        return plain if language == "en" else plain.replace(".", ",")
    return value


@lru_cache
def _catalogue(language: Language) -> gettext.NullTranslations:
    path = _CATALOGUES / f"{language}.mo"
    if language == "en" or not path.exists():
        return gettext.NullTranslations()
    with path.open("rb") as file:
        return gettext.GNUTranslations(file)
