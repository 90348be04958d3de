"""Small groups are not told, and cannot be worked out from what is told.

A group of one to four is hidden, and with it as many others, the smallest first, that the total minus what is shown
leaves every hidden group anything from one to at least five. Hidden groups look alike whatever the reason, so nobody
sees which of them is the small one. A total of one to four hides the whole table, and so does one that leaves no room
with every group hidden. Nobody at all is no secret: 0 is shown, as long as the hidden ones have room without it.

Source: the threshold of 5 and complementary suppression as in Eurostat's Handbook on Statistical Disclosure Control.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

LEAST: Final = 5
"""The smallest group that is told."""


@dataclass(frozen=True)
class Protected:
    """Counts as they may be told; None for one that is hidden."""

    counts: tuple[int | None, ...]
    total: int | None


def protect(counts: Sequence[int], *, is_rounded: bool, people: Sequence[int] | None = None) -> Protected:
    """Return the groups of one table as they may be told.

    Args:
        counts: the true ones; together they are the total.
        is_rounded: whether what is told is rounded to the nearest `LEAST`: two spans that differ by a month then differ
            by nothing that can be known (`clinic_app.statistics.spans`).
        people: of how many people each group is, where one person counts several times: those are hidden whose people
            are too few, however often they came.
    """
    total, people = sum(counts), counts if people is None else people
    if 0 < min(total, sum(people)) < LEAST:
        return Protected((None,) * len(counts), None)
    hidden = _hidden(counts, people)
    if hidden and not _has_room(counts, hidden) and all(counts):
        return Protected((None,) * len(counts), None)
    told = [rounded(count) if is_rounded else count for count in counts]
    return Protected(
        tuple(None if place in hidden else count for place, count in enumerate(told)),
        rounded(total) if is_rounded else total,
    )


def rounded(count: int) -> int:
    """Return the nearest multiple of `LEAST`."""
    return LEAST * ((count + LEAST // 2) // LEAST)


def _hidden(counts: Sequence[int], people: Sequence[int]) -> frozenset[int]:
    """Return the places that are not told."""
    groups = range(len(counts))
    hidden = {place for place in groups if 0 < min(counts[place], people[place]) < LEAST}
    if not hidden:
        return frozenset()
    for _, place in sorted((counts[place], place) for place in groups if counts[place] and place not in hidden):
        if _has_room(counts, hidden):
            break
        hidden.add(place)
    return frozenset(hidden if _has_room(counts, hidden) else groups)


def _has_room(counts: Sequence[int], hidden: Collection[int]) -> bool:
    """Whether each of the hidden ones could be one, and could be `LEAST`, as far as their sum tells."""
    return len(hidden) > 1 and sum(counts[place] for place in hidden) - len(hidden) >= LEAST - 1
