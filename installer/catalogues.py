"""Joins the ``.po`` files of the rooms into one catalogue per language, and refuses what would mislead a reader.

A sentence without a translation, two translations of one sentence, a placeholder that got lost: each is an error with
the file and the sentence, because a mixed or broken sentence on a clinical screen is worse than a build that stops.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from string import Formatter
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

PLURAL_COUNTS: Final = {"kk": 2, "ru": 3}


class CatalogueError(Exception):
    """The texts of a language contradict themselves or are incomplete; the message lists every place."""


def write_catalogue(files: Iterable[Path], target: Path, language: str) -> None:
    """Join ``files`` and write the compiled catalogue.

    Args:
        files: ``.po`` files of one language.
        target: the ``.mo`` file.
        language: ``kk`` or ``ru``.

    Raises:
        CatalogueError: see the module.
    """
    joined = join_catalogues(files, language)
    part = target.with_suffix(".part")
    with part.open("wb") as file:
        write_mo(file, joined)
    os.replace(part, target)


def join_catalogues(files: Iterable[Path], language: str) -> Catalog:
    """Return one catalogue with the sentences of all files.

    Raises:
        CatalogueError: see the module.
    """
    joined = Catalog(locale=language, charset="utf-8")
    origins: dict[str, Path] = {}
    faults: list[str] = []
    for file in files:
        with file.open("rb") as stream:
            catalogue = read_po(stream, locale=language)
        for message in catalogue:
            if not message.id:
                continue
            faults += [f"{file}: {_source(message)!r}: {fault}" for fault in message_faults(message, language)]
            known = joined.get(_source(message))
            if known and known.string != message.string:
                other = origins[_source(message)]
                faults.append(f"{file}: {_source(message)!r}: translated differently in {other}")
            elif not known:
                joined.add(message.id, message.string)
                origins[_source(message)] = file
    if faults:
        raise CatalogueError("\n".join(faults))
    return joined


def message_faults(message: Message, language: str) -> list[str]:
    """Return what is wrong with one translated sentence, in words."""
    if message.fuzzy:
        return ["marked fuzzy"]
    sources = (message.id,) if isinstance(message.id, str) else tuple(message.id)
    translations = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
    expected = 1 if isinstance(message.id, str) else PLURAL_COUNTS[language]
    if not translations or not all(each.strip() for each in translations):
        return ["not translated"]
    if len(translations) != expected:
        return [f"{len(translations)} forms where {language} has {expected}"]
    try:
        wanted = placeholders(sources[-1])
        wrong = [each for each in translations if placeholders(each) != wanted]
    except ValueError as error:
        return [f"a brace is open or closed alone ({error})"]
    return [f"placeholders differ in {each!r}" for each in wrong]


def placeholders(sentence: str) -> frozenset[str]:
    """Return the ``{named}`` values of a sentence, with their formats.

    Raises:
        ValueError: a brace has no partner.
    """
    parts = Formatter().parse(sentence)
    return frozenset(f"{name}:{layout}" for _, name, layout, _ in parts if name is not None)


def _source(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]
