"""The filters between a patient and the picture of his signal, each with the words that must stand beside it.

Only views are filtered: what is stored is raw, and a filter runs as the samples come, with its state carried from block
to block. A lost sample restarts it, because nobody knows what the baseline did meanwhile. The diagnostic band has a
single pole at 0.05 Hz: two poles there leave more than the 0.1 mV behind a 3 mV pulse that IEC 60601-2-25 allows, and
look like an infarction.
Sources: bands of patient monitors (diagnostic 0.05-150, monitor 0.5-40, ST 0.05-40 Hz); IEC 60601-2-25 (ECG).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clinic_app.foundation.texts import Text
from clinic_app.waveforms.filter_design import BlockFilter, Section, butterworth, notch
from clinic_app.waveforms.recording import RAW_BAND, RecordedChannel, Recording

Samples = NDArray[np.float32]
NOTCHES_HZ: Final = (50.0, 60.0)
_NOTCH_WIDTH_HZ: Final = 2.0
_HIGHEST_PART: Final = 0.45
"""Of the sample rate; a filter above that would do nothing but bend the phase, and the words would promise too much."""
_LEVEL_S: Final = 2.0
"""Up to so much of the first block after a gap tells the baseline that the filter starts from."""
_ECG_UNITS: Final = ("uV", "mV")


@dataclass(frozen=True)
class Band:
    """What passes.

    Args:
        name: for settings: ``diagnostic``.
        low_hz: below this it fades; None where everything slow passes.
        high_hz: above this it fades; None where everything fast passes.
        notch_hz: the mains frequency that is taken away, or None.
        low_order: poles at the lower edge.
        high_order: poles at the upper edge.
    """

    name: str
    low_hz: float | None
    high_hz: float | None
    notch_hz: float | None = None
    low_order: int = 1
    high_order: int = 2

    def with_notch(self, notch_hz: float | None) -> Band:
        """Return the same band with another mains filter."""
        return replace(self, notch_hz=notch_hz)

    def at(self, rate_hz: float) -> Band:
        """Return what of this band can be done at a sample rate: an edge near half of it is no edge."""
        most = rate_hz * _HIGHEST_PART
        low, high, mains = (
            edge if edge is not None and edge < most else None for edge in (self.low_hz, self.high_hz, self.notch_hz)
        )
        return replace(self, low_hz=low, high_hz=high, notch_hz=mains)

    @property
    def words(self) -> str:
        """What stands on the paper, in English: ``0.05–150 Hz, 50 Hz notch``."""
        return self.text.render("en")

    @property
    def text(self) -> Text:
        """What stands on the screen and on the paper."""
        band = _edges(self.low_hz, self.high_hz)
        if self.notch_hz is None:
            return band
        if self.low_hz is None and self.high_hz is None:
            return Text("{notch} Hz notch", notch=_number(self.notch_hz))
        return Text("{band}, {notch} Hz notch", band=band, notch=_number(self.notch_hz))

    def sections(self, rate_hz: float) -> tuple[Section, ...]:
        """Return the filter's sections at a sample rate; none where nothing of it can be done."""
        band = self.at(rate_hz)
        found: tuple[Section, ...] = ()
        if band.low_hz is not None:
            found += butterworth(band.low_order, band.low_hz, rate_hz, "high")
        if band.high_hz is not None:
            found += butterworth(band.high_order, band.high_hz, rate_hz, "low")
        if band.notch_hz is not None:
            found += (notch(band.notch_hz, _NOTCH_WIDTH_HZ, rate_hz),)
        return found


RAW: Final = Band(RAW_BAND, None, None)
DIAGNOSTIC: Final = Band("diagnostic", 0.05, 150.0)
MONITOR: Final = Band("monitor", 0.5, 40.0)
ST: Final = Band("st", 0.05, 40.0)
BANDS: Final = {band.name: band for band in (DIAGNOSTIC, MONITOR, ST)}
"""For an ECG, by name; `RAW` is not among them."""
BELL: Final = Band("bell", 20.0, 200.0, low_order=2, high_order=4)
DIAPHRAGM: Final = Band("diaphragm", 100.0, 500.0, low_order=2, high_order=4)
SOUND_BANDS: Final = {band.name: band for band in (BELL, DIAPHRAGM)}
"""For heart and lung sounds, by name: what the two sides of a stethoscope let through."""


class StreamFilter:
    """A filter that runs as the samples come.

    Args:
        band: what passes.
        rate_hz: samples per second, > 0.
        channels: rows of what it is given.

    It looks at no sample that has not come. After a gap a channel starts anew from its own level. Not safe for use
    from several threads.
    """

    def __init__(self, band: Band, rate_hz: float, channels: int) -> None:
        self.band = band.at(rate_hz)
        self._filter = _block_filter(band, rate_hz)
        self._level_length = max(int(_LEVEL_S * rate_hz), 1)
        self._states: list[NDArray[np.float64] | None] = [None] * channels

    def run(self, samples: Samples) -> Samples:
        """Return the next samples filtered.

        Args:
            samples: shape (channels, n), in any unit; NaN where samples were lost, and there the result has NaN too.
        """
        result = np.full(samples.shape, np.nan, dtype=np.float32)
        if self._filter is None:
            result[:] = samples
            return result
        usable = np.isfinite(samples)
        if usable.all() and samples.shape[1]:
            result[:] = self._run_whole(self._filter, samples.astype(np.float64))
            return result
        for row, is_usable in enumerate(usable):
            for first, last in _stretches(is_usable):
                if first:
                    self._states[row] = None
                result[row, first:last] = self._run_row(self._filter, row, samples[row, first:last])
            if len(is_usable) and not is_usable[-1]:
                self._states[row] = None
        return result

    def _run_whole(self, running: BlockFilter, samples: NDArray[np.float64]) -> NDArray[np.float64]:
        states = np.stack([self._state(running, row, values) for row, values in enumerate(samples)])
        result, after = running.run(samples, states)
        self._states = list(after)
        return result

    def _run_row(self, running: BlockFilter, row: int, values: Samples) -> NDArray[np.float64]:
        exact = values.astype(np.float64)
        result, after = running.run(exact[np.newaxis], self._state(running, row, exact)[np.newaxis])
        self._states[row] = after[0]
        return np.asarray(result[0])

    def _state(self, running: BlockFilter, row: int, values: NDArray[np.float64]) -> NDArray[np.float64]:
        state = self._states[row]
        if state is not None:
            return state
        return np.asarray(running.settled(np.median(values[: self._level_length], keepdims=True))[0])


def filtered(recording: Recording, band: Band) -> Recording:
    """Return a recording as it is seen through a filter, with the words for it; only curves in volts are filtered.

    The words say what was done at the slowest of its rates, and what its device did before.
    """
    ours = band_on(recording, band)
    if ours is None:
        return recording
    before = "" if recording.band == RAW_BAND else f"{recording.band} + "
    channels = tuple(_seen_through(channel, band) for channel in recording.channels)
    return replace(recording, channels=channels, band=before + ours.words)


def band_on(recording: Recording, band: Band) -> Band | None:
    """Return what of a filter can be done to the slowest curve in volts of a recording, or None where nothing can."""
    rates_hz = [channel.rate_hz for channel in recording.channels if channel.unit in _ECG_UNITS]
    if not rates_hz or not band.sections(min(rates_hz)):
        return None
    return band.at(min(rates_hz))


def _seen_through(channel: RecordedChannel, band: Band) -> RecordedChannel:
    if channel.unit not in _ECG_UNITS:
        return channel
    samples = StreamFilter(band, channel.rate_hz, 1).run(channel.samples[np.newaxis])[0]
    return replace(channel, samples=samples)


@lru_cache(maxsize=64)
def _block_filter(band: Band, rate_hz: float) -> BlockFilter | None:
    sections = band.sections(rate_hz)
    return BlockFilter(sections) if sections else None


def _stretches(is_usable: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return where each unbroken stretch begins and ends."""
    edges = np.flatnonzero(np.diff(is_usable.astype(np.int8), prepend=0, append=0))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _edges(low_hz: float | None, high_hz: float | None) -> Text:
    if low_hz is not None and high_hz is not None:
        return Text("{low}–{high} Hz", low=_number(low_hz), high=_number(high_hz))
    if low_hz is not None:
        return Text("from {low} Hz", low=_number(low_hz))
    if high_hz is not None:
        return Text("up to {high} Hz", high=_number(high_hz))
    return Text("unfiltered")


def _number(value_hz: float) -> Decimal:
    return Decimal(f"{value_hz:g}")
