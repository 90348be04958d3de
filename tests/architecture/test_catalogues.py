"""Every sentence a person may see exists in Kazakh and Russian, with the same values and the right plural forms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir

from installer.catalogues import PLURAL_COUNTS, join_catalogues, message_faults

ROOT = Path(__file__).parents[2]
KEYWORDS = {
    "_": None,
    "Text": None,
    "Text.counted": (1, 2),
    "counted": (1, 2),
    "translate": None,
    "_mark": None,
}

Source = str | tuple[str, ...]


@cache
def _used() -> Mapping[Source, str]:
    """Return each source sentence with the place that uses it; to look through the house takes two seconds."""
    used: dict[Source, str] = {}
    for room in ("clinic_app", "ui"):
        found = extract_from_dir(ROOT / room, [("**.py", "python")], keywords=KEYWORDS, comment_tags=())
        for name, line, sentence, _, _ in found:
            if sentence:
                used.setdefault(sentence, f"{room}/{name}:{line}")
    found = extract_from_dir(
        ROOT, [("main.py", "python"), ("**/nothing", "ignore")], keywords=KEYWORDS, comment_tags=()
    )
    used |= {sentence: f"{name}:{line}" for name, line, sentence, _, _ in found if sentence and name == "main.py"}
    return used


@pytest.fixture(scope="module", params=sorted(PLURAL_COUNTS))
def catalogue(request: pytest.FixtureRequest) -> Catalog:
    language: str = request.param
    return join_catalogues(sorted((ROOT / "resources" / "texts" / language).glob("*.po")), language)


def test_every_sentence_is_translated(catalogue: Catalog) -> None:
    missing = [f"{place}: {source!r}" for source, place in _used().items() if not _translation(catalogue, source)]
    assert not missing, f"not in {catalogue.locale}:\n" + "\n".join(missing)


def test_every_translation_is_whole(catalogue: Catalog) -> None:
    assert not [
        fault for message in catalogue if message.id for fault in message_faults(message, str(catalogue.locale))
    ]


def test_no_translation_is_left_over(catalogue: Catalog) -> None:
    used = {source if isinstance(source, str) else source[0] for source in _used()}
    left = [source for source in _sources(catalogue) if source not in used]
    assert not left, f"nobody says this any more in {catalogue.locale}: {left}"


def _sources(catalogue: Catalog) -> Iterator[str]:
    for message in catalogue:
        if message.id:
            yield message.id if isinstance(message.id, str) else message.id[0]


def _translation(catalogue: Catalog, source: Source) -> object:
    message = catalogue.get(source if isinstance(source, str) else source[0])
    is_plural = message is not None and not isinstance(message.id, str)
    return message and message.string and is_plural == (not isinstance(source, str))
