"""Sources of samples whose time a test sets, and the real ECG that pydicom ships."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.data import get_testdata_file

from clinic_app.terminology.leads import LEADS
from ui.widgets.sweep_source import Lane, SweepGroup

LABELS = tuple(LEADS.values())


class SteadyClock:
    """Seconds that go on when they are told to."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class TapedSource:
    """A signal that is there from the beginning; `arrive` says how much of it has come.

    Args:
        samples: shape ``(channels, n)``, repeated for ever.
        rate_hz: samples per second.
        clock: tells the age.
    """

    def __init__(self, samples: NDArray[np.float32], rate_hz: float, clock: SteadyClock) -> None:
        self.samples = samples
        self.rate = rate_hz
        self.clock = clock
        self.end = 0
        self.arrived_s: float | None = None
        self.lost: list[tuple[int, int]] = []
        self.electrodes_off: frozenset[int] = frozenset()
        self.asked: list[tuple[int, int]] = []

    def arrive(self, seconds: float) -> None:
        """Let the next stretch come in."""
        self.end += round(seconds * self.rate)
        self.arrived_s = self.clock.now_s

    def rate_hz(self) -> float:
        return self.rate

    def end_index(self) -> int:
        return self.end

    def read(self, first: int, last: int) -> NDArray[np.float32]:
        self.asked.append((first, last))
        index = np.arange(first, last)
        found = self.samples[:, index % self.samples.shape[1]].astype(np.float32)
        found[:, (index < 0) | (index >= self.end)] = np.nan
        for begin, end in self.lost:
            found[:, (index >= begin) & (index < end)] = np.nan
        return found

    def kept_s(self) -> float:
        return 600.0

    def off(self) -> frozenset[int]:
        return self.electrodes_off

    def age_s(self) -> float:
        return float("inf") if self.arrived_s is None else self.clock.now_s - self.arrived_s


@lru_cache(maxsize=1)
def real_leads() -> NDArray[np.float32]:
    """Return the 12-lead recording that pydicom ships: shape (12, 10000), microvolts, 1000 Hz."""
    path = get_testdata_file("waveform_ecg.dcm", download=False)
    assert isinstance(path, str)
    leads: NDArray[np.float32] = pydicom.dcmread(path).waveform_array(0).T.astype(np.float32)
    return leads


def lead_group(source: TapedSource) -> SweepGroup:
    """Return a source of microvolts as leads."""
    lanes = tuple(Lane((lambda each=label: each), "trace_ecg", 0.001) for label in LABELS[: len(source.samples)])
    return SweepGroup(source, lanes, title=lambda: "ECG")
