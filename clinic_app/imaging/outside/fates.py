"""What becomes of every element of a file that leaves without its patient, as a table a person reads before it does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from pydicom.datadict import dictionary_description
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from clinic_app.imaging.outside.tag_tree import joined
from clinic_app.imaging.reading import READING_ERRORS

What = Literal["stays", "changed", "new", "goes"]
MOST_LINES: Final = 600
_MOST_DEPTH: Final = 4
_MOST_ITEMS: Final = 2
_LONGEST: Final = 80
_BYTES: Final = frozenset(("OB", "OW", "OF", "OD", "OL", "OV", "UN"))


@dataclass(frozen=True)
class Fate:
    """What becomes of one element.

    Args:
        tag: ``(0010,0010)``, with the sequences it stands in before it.
        name: the standard's; empty for a private element.
        before: its value, shortened; empty for one that is new.
        after: what takes its place; empty for one that goes.
        what: stays as it is, is changed, is new, or goes.
    """

    tag: str
    name: str
    before: str
    after: str
    what: What


def fates_of(source: Dataset, made: Dataset) -> tuple[Fate, ...]:
    """Return what became of a file's elements, in the order of their tags, at most `MOST_LINES`."""
    found: list[Fate] = []
    for fate in _fates(source, made, "", 0):
        found.append(fate)
        if len(found) == MOST_LINES:
            break
    return tuple(found)


def _fates(source: Dataset | None, made: Dataset | None, path: str, depth: int) -> Iterator[Fate]:
    tags = {*(source.keys() if source is not None else ()), *(made.keys() if made is not None else ())}
    for tag in sorted(tags):
        has_before, has_after = source is not None and tag in source, made is not None and tag in made
        before = _words(source, tag) if has_before and source is not None else ""
        after = _words(made, tag) if has_after and made is not None else ""
        what: What = "goes"
        if has_after:
            what = "new" if not has_before else "stays" if before == after else "changed"
        here = f"{path}({tag.group:04X},{tag.element:04X})"
        yield Fate(here, _name(tag), before, after, what)
        if depth < _MOST_DEPTH:
            pairs = zip(_items(source, tag), _items(made, tag), strict=False)
            for item, new in list(pairs)[:_MOST_ITEMS]:
                yield from _fates(item, new, f"{here} ", depth + 1)


def _items(dataset: Dataset | None, tag: BaseTag) -> list[Dataset]:
    try:
        if dataset is None or tag not in dataset or dataset[tag].VR != "SQ":
            return []
        return list(dataset[tag].value)
    except READING_ERRORS:
        return []


def _words(dataset: Dataset, tag: BaseTag) -> str:
    try:
        element = dataset[tag]
        if element.VR == "SQ":
            return f"[{len(element.value)}]"
        if element.VR in _BYTES:
            return f"{len(element.value or b'')} B"
        text = joined(element.value).replace("\r", " ").replace("\n", " ")
    except READING_ERRORS:
        return "?"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _name(tag: BaseTag) -> str:
    try:
        return "" if tag.is_private else dictionary_description(tag)
    except KeyError:
        return ""
