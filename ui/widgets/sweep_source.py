"""What a sweep draws: channels sampled together, told by absolute sample index. Knows no device and no clinic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ui.widgets.trace_columns import Samples


class SweepSource(Protocol):
    """Channels sampled by one clock, read by index from the start of the stream."""

    def rate_hz(self) -> float:
        """Return samples per second, > 0."""
        ...

    def end_index(self) -> int:
        """Return one after the newest sample that arrived; it falls only when a new stream began."""
        ...

    def read(self, first: int, last: int) -> Samples:
        """Return the samples from ``first`` up to, not with, ``last``: shape ``(channels, last - first)``.

        NaN where a sample was lost, has not come, or is kept no longer.
        """
        ...

    def age_s(self) -> float:
        """Return seconds since a sample arrived; infinite when none ever did."""
        ...

    def kept_s(self) -> float:
        """Return how many seconds before the newest sample can still be read."""
        ...

    def off(self) -> frozenset[int]:
        """Return the channels whose electrode is off now."""
        ...


@dataclass(frozen=True)
class Picked:
    """Some channels of a source, as a source: for a device that sends leads and other curves in one stream.

    Args:
        whole: the source.
        rows: the channels that are kept, in order.
    """

    whole: SweepSource
    rows: tuple[int, ...]

    def rate_hz(self) -> float:
        """Return the whole's rate."""
        return self.whole.rate_hz()

    def end_index(self) -> int:
        """Return the whole's end."""
        return self.whole.end_index()

    def read(self, first: int, last: int) -> Samples:
        """Return the kept rows."""
        kept: Samples = self.whole.read(first, last)[list(self.rows)]
        return kept

    def age_s(self) -> float:
        """Return the whole's age."""
        return self.whole.age_s()

    def kept_s(self) -> float:
        """Return what the whole keeps."""
        return self.whole.kept_s()

    def off(self) -> frozenset[int]:
        """Return which of the kept rows are off."""
        off = self.whole.off()
        return frozenset(place for place, row in enumerate(self.rows) if row in off) if off else off


@dataclass(frozen=True)
class Lane:
    """How one channel of a source is shown.

    Args:
        label: gives its name in the language of the windows.
        colour: name of the colour in the theme's table.
        millivolts_per_unit: scale of its samples, negative where it is shown turned over; None for a signal without a
            true scale, which fills its lane.
        key: which lead it is, for the layouts; by default its label.
    """

    label: Callable[[], str]
    colour: str = "trace_ecg"
    millivolts_per_unit: float | None = None
    key: str = ""

    @property
    def lead(self) -> str:
        """Which lead it is."""
        return self.key or self.label()


@dataclass(frozen=True)
class SweepGroup:
    """A source and its lanes, one for each channel, in order.

    Args:
        source: where the samples come from.
        lanes: as many as the source has channels.
        is_split: may be set in columns where the sweep is asked to.
        title: gives the name of the whole in the language of the windows, for the line that says it is stale.
    """

    source: SweepSource
    lanes: tuple[Lane, ...]
    is_split: bool = True
    title: Callable[[], str] = lambda: ""
