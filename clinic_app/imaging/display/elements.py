"""Reading a few elements of a dataset that a stranger wrote: what cannot be read is not there.

Sources: DICOM PS3.3 C.7.6.16 (functional groups of enhanced multi-frame objects).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final, cast

from pydicom.dataset import Dataset

from clinic_app.imaging.reading import READING_ERRORS

_MOST_ITEMS: Final = 10_000


def items_of(dataset: Dataset, keyword: str) -> list[Dataset]:
    """Return the items of a sequence; none where it is missing or cannot be read."""
    try:
        return list(dataset.get(keyword) or ())[:_MOST_ITEMS]
    except READING_ERRORS:
        return []


def first_item(dataset: Dataset, keyword: str) -> Dataset | None:
    """Return the first item of a sequence, if there is one."""
    return next(iter(items_of(dataset, keyword)), None)


def numbers_of(dataset: Dataset, keyword: str, most: int = 0) -> tuple[float, ...]:
    """Return an element's values as finite numbers; none where one of them is no number, or there are too many.

    Args:
        dataset: to read from.
        keyword: of the element.
        most: how many are read at all, of an element of 32-bit numbers; 0 for any.
    """
    try:
        if most and _size_of(dataset, keyword) > 4 * most:
            return ()
        value: Any = dataset.get(keyword)
        if value is None or value == "":
            return ()
        found = tuple(float(each) for each in (value if hasattr(value, "__iter__") else (value,)))
    except READING_ERRORS:
        return ()
    return found if all(map(math.isfinite, found)) else ()


def _size_of(dataset: Dataset, keyword: str) -> int:
    """Return how many bytes an element has in the file, without making values of them; 0 once that has been done."""
    raw: Any = dataset.get_item(keyword)
    value = getattr(raw, "value", None)
    return len(value) if isinstance(value, bytes) else 0


def functional(dataset: Dataset, index: int, keyword: str) -> Dataset | None:
    """Return an item of the frame's own or else the shared functional groups.

    Args:
        dataset: an enhanced multi-frame object, or any other, which has none.
        index: of the frame, from 0.
        keyword: of the group's sequence.
    """
    for group in _groups(dataset, index):
        found = first_item(group, keyword)
        if found is not None:
            return found
    return None


def _groups(dataset: Dataset, index: int) -> Iterator[Dataset]:
    for keyword, place in (("PerFrameFunctionalGroupsSequence", index), ("SharedFunctionalGroupsSequence", 0)):
        try:
            groups = dataset.get(keyword)
            if groups and place < len(groups):
                yield cast(Dataset, groups[place])
        except READING_ERRORS:
            continue
