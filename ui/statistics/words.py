"""What a report says, in the language of the windows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from clinic_app.foundation.texts import Text
from clinic_app.statistics import FROM_HUB, FROM_SENT, Line, Quartiles, Table, Wait
from ui.language import _, say
from ui.widgets.bar_chart import ChartLine

_YEAR: Final = len("2026")
_HOUR: Final = 60
_DAY: Final = 24 * _HOUR


@dataclass(frozen=True)
class WaitRow:
    """One line of the table of times: an urgency by one of the clocks."""

    urgency: Text
    clock: Text
    told: Quartiles | None


def label_words(label: Text | str) -> str:
    """Return the words of a group; a month ``2026-03`` as ``03.2026``."""
    return say(label) if isinstance(label, Text) else f"{label[_YEAR + 1 :]}.{label[:_YEAR]}"


def count_words(count: int | None) -> str:
    """Return a number, or the word for one that is not told."""
    return _("hidden") if count is None else str(count)


def seen_lines(table: Table) -> tuple[Line, ...]:
    """Return the lines worth a line: of months all, of other groups those that are not nobody."""
    return tuple(line for line in table.lines if isinstance(line.label, str) or line.count != 0)


def chart_lines(table: Table) -> tuple[ChartLine, ...]:
    """Return what a chart draws of a table."""
    return tuple(ChartLine(label_words(line.label), line.count) for line in seen_lines(table))


def wait_rows(waits: tuple[Wait, ...]) -> Iterator[WaitRow]:
    """Yield the lines of the table of times."""
    for wait in waits:
        yield WaitRow(wait.urgency, FROM_SENT, wait.from_sent)
        yield WaitRow(wait.urgency, FROM_HUB, wait.from_hub)


def duration_words(minutes: int | None) -> str:
    """Return how long something took: ``45 min``, ``3 h 05 min``, ``2 d 4 h``."""
    if minutes is None:
        return _("hidden")
    if minutes < _HOUR:
        return _("{minutes} min", minutes=minutes)
    if minutes < _DAY:
        return _("{hours} h {minutes} min", hours=minutes // _HOUR, minutes=f"{minutes % _HOUR:02}")
    return _("{days} d {hours} h", days=minutes // _DAY, hours=minutes % _DAY // _HOUR)
