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
UNSTATED_BAND: Final = "not stated"
"""A foreign file, and it does not say what was filtered before."""


@dataclass(frozen=True, eq=False)
class RecordedChannel:
    """One channel.

    Args:
        code: reference identifier of IEEE 11073-10101.
        label: what stands beside the trace.
        unit: in UCUM: ``uV``, ``%``.
        rate_hz: samples per second.
        samples: shape ``(n,)``, float32, in ``unit``; NaN where samples were lost.
        resolution: ``unit`` for one step of the device's own integers, where it is known: with it a file keeps them.
        offset: value of the integer 0 in ``unit``; means nothing without a resolution.
    """

    code: str
    label: str
    unit: str
    rate_hz: float
    samples: NDArray[np.float32]
    resolution: float | None = None
    offset: float = 0.0

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


@dataclass(frozen=True)
class EventMark:
    """A word somebody put beside the signal.

    Args:
        at: the moment it belongs to.
        text: what was written.
        author: who wrote it; empty where a file does not tell.
    """

    at: datetime
    text: str
    author: str = ""


@dataclass(frozen=True)
class PatientText:
    """Whose a foreign file says that it is: words for a person to compare, never an identity.

    Args:
        identifier: the number the recorder was given.
        name: family and given names, as they stand there.
        birth_date: ``YYYY-MM-DD``, or as much of it as is known.
        sex: ``male``, ``female`` or nothing.
    """

    identifier: str = ""
    name: str = ""
    birth_date: str = ""
    sex: str = ""

    def __bool__(self) -> bool:
        """Whether the file says anything."""
        return bool(self.identifier or self.name or self.birth_date or self.sex)


@dataclass(frozen=True, eq=False)
class Recording:
    """Channels recorded at the same time.

    Args:
        channels: they may differ in rate.
        started_at: when the first sample was taken.
        device: name of the device.
        band: what filter was applied, ``raw`` for none, ``not stated`` where a foreign file says nothing of it; it is
            printed beside every trace.
        marks: words put beside the signal, in the order of time.
        patient_text: whose a foreign file says that it is; empty for what was recorded here.
    """

    channels: tuple[RecordedChannel, ...]
    started_at: datetime
    device: str
    band: str = RAW_BAND
    marks: tuple[EventMark, ...] = ()
    patient_text: PatientText = PatientText()

    @property
    def duration_s(self) -> float:
        """Length of the longest channel in seconds."""
        return max((channel.duration_s for channel in self.channels), default=0.0)

    @property
    def leads(self) -> tuple[RecordedChannel, ...]:
        """The ECG leads, in the order paper shows them."""
        by_code = {channel.code: channel for channel in self.channels}
        return tuple(by_code[code] for code in LEADS if code in by_code)
