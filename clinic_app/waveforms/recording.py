"""A recorded stretch of signal: raw samples, their units and gaps, and what was between the patient and the paper."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clinic_app.terminology.leads import LEADS

RAW_BAND: Final = "raw"
"""No filter of ours was applied."""


@dataclass(frozen=True, eq=False)
class RecordedChannel:
    """One channel.

    Args:
        code: reference identifier of IEEE 11073-10101.
        label: what stands beside the trace.
        unit: in UCUM: ``uV``, ``%``.
        rate_hz: samples per second.
        samples: shape ``(n,)``, float32, in ``unit``; NaN where samples were lost.
    """

    code: str
    label: str
    unit: str
    rate_hz: float
    samples: NDArray[np.float32]

    @property
    def duration_s(self) -> float:
        """Length in seconds, gaps included."""
        return len(self.samples) / self.rate_hz

    @property
    def millivolts(self) -> NDArray[np.float32]:
        """The samples in mV; only for a channel in uV or mV.

        Raises:
            ValueError: the channel measures something else.
        """
        if self.unit not in ("uV", "mV"):
            raise ValueError(f"{self.label} is in {self.unit}, not in volts")
        return self.samples * np.float32(0.001) if self.unit == "uV" else self.samples


@dataclass(frozen=True, eq=False)
class Recording:
    """Channels recorded at the same time.

    Args:
        channels: they may differ in rate.
        started_at: when the first sample was taken.
        device: name of the device.
        band: what filter was applied, ``raw`` for none; it is printed beside every trace.
    """

    channels: tuple[RecordedChannel, ...]
    started_at: datetime
    device: str
    band: str = RAW_BAND

    @property
    def duration_s(self) -> float:
        """Length of the longest channel in seconds."""
        return max((channel.duration_s for channel in self.channels), default=0.0)

    @property
    def leads(self) -> tuple[RecordedChannel, ...]:
        """The ECG leads, in the order paper shows them."""
        by_code = {channel.code: channel for channel in self.channels}
        return tuple(by_code[code] for code in LEADS if code in by_code)
