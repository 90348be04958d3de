"""What every device delivers: blocks of samples, and numbers that it computed itself.

Rates are fractions, because real devices send 62.5 or 249.89 samples a second. A block says where it belongs by the
index of its first sample, never by a wall clock; what is missing between two blocks is a gap and stays one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Flag
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]


class Flags(Flag):
    """What a device says about a whole block."""

    NONE = 0
    LEADS_OFF = 1
    """An electrode or a sensor lies nowhere; ``leads_off`` may say which channels that spoils."""
    CLIPPED = 2
    """Samples lie at the end of the converter's range: the true curve went further."""


@dataclass(frozen=True)
class ChannelInfo:
    """One channel.

    Args:
        code: reference identifier of IEEE 11073-10101: ``MDC_ECG_LEAD_II``.
        label: what stands beside the trace: ``II``.
        unit: of the samples, in UCUM: ``uV``, ``%``, or ``1`` for a curve without a scale.
    """

    code: str
    label: str
    unit: str


@dataclass(frozen=True, eq=False)
class Block:
    """Samples of channels that were sampled together.

    Args:
        source: name of the device as it calls itself.
        stream_id: tells the streams of one device apart; another run of the device has another one.
        channels: what the rows of ``samples`` are.
        first_index: the block's first sample, counted from the start of the stream.
        rate_hz: samples per second, > 0.
        samples: shape ``(channels, n)``, float32, in each channel's unit.
        received_at: when it came, by this computer's wall clock.
        monotonic_s: when it came, by this computer's steady clock.
        stream_began_at: when sample 0 of the stream was taken, by the device's clock, which sets the streams of one
            device beside each other; None where the device tells no time.
        flags: what the device says about the block.
        leads_off: codes of the channels whose electrode lies nowhere; their samples are NaN or mean nothing.
        resolutions: of each channel, its unit for one step of the device's own integers, None for one that sends none;
            empty where nothing is known of them. With it a recording keeps the integers as they were.
    """

    source: str
    stream_id: str
    channels: tuple[ChannelInfo, ...]
    first_index: int
    rate_hz: Fraction
    samples: Samples
    received_at: datetime
    monotonic_s: float
    stream_began_at: datetime | None = None
    flags: Flags = Flags.NONE
    leads_off: frozenset[str] = frozenset()
    resolutions: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class NumericValue:
    """A number a device computed."""

    value: Decimal
    unit: str


@dataclass(frozen=True)
class Numerics:
    """The numbers of one moment.

    Args:
        source: name of the device.
        values: by reference identifier: ``MDC_ECG_HEART_RATE``.
        received_at: when they came, by the wall clock.
        monotonic_s: when they came, by the steady clock.
    """

    source: str
    values: Mapping[str, NumericValue]
    received_at: datetime
    monotonic_s: float
