"""What a device would deliver: blocks of integers that are their own index, and numbers, at moments a test sets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np

from clinic_app.devices import Block, ChannelInfo, Numerics
from clinic_app.devices.block import NumericValue

NOON = datetime(2026, 3, 5, 7, tzinfo=UTC)
LEADS = (ChannelInfo("MDC_ECG_LEAD_I", "I", "uV"), ChannelInfo("MDC_ECG_LEAD_II", "II", "uV"))
STEP_UV = 2.44
RATE_HZ = Fraction(500)


def integers(first: int, count: int, row: int = 0) -> np.ndarray:
    """Return what the converter of one channel gave: every sample can be told from its neighbours."""
    return (np.arange(first, first + count) * (row + 1)) % 4001 - 2000


def samples(first: int, count: int) -> np.ndarray:
    """Return the same in uV, as the driver gives it."""
    return np.stack([integers(first, count, row) * STEP_UV for row in range(len(LEADS))]).astype(np.float32)


def block(
    first: int, count: int = 250, *, at_s: float | None = None, source: str = "bed 1", stream_id: str = "run 1"
) -> Block:
    """Return a block that came when its last sample was taken, at second 1000 of the steady clock for sample 0."""
    came_s = 1000 + float((first + count) / RATE_HZ) if at_s is None else at_s
    return Block(
        source,
        stream_id,
        LEADS,
        first,
        RATE_HZ,
        samples(first, count),
        NOON + timedelta(seconds=came_s - 1000),
        came_s,
        resolutions=(STEP_UV, STEP_UV),
    )


def blocks(first: int, last: int, count: int = 250) -> Iterator[Block]:
    """Return the blocks of a stretch."""
    for start in range(first, last, count):
        yield block(start, min(count, last - start))


def numbers(at_s: float, rate: str = "72", source: str = "bed 1") -> Numerics:
    """Return the numbers of one second."""
    values = {"MDC_ECG_HEART_RATE": NumericValue(Decimal(rate), "/min")}
    return Numerics(source, values, NOON + timedelta(seconds=at_s - 1000), at_s)
