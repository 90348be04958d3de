"""The bench of SDC counts what is missing and how late the rest is; it cannot pass by counting nothing."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import numpy as np
import pytest

from clinic_app.devices.block import Block, ChannelInfo
from tests.helpers.device_lines import MOMENT
from tests.performance.sdc import LEADS, Heard, _figures


def heard(starts: list[int], late_ms: float = 20.0, leads: int = LEADS) -> Heard:
    """Return what is noted of blocks of 50 samples at these places, each late by so much."""
    noted = Heard()
    rows = tuple(ChannelInfo(f"L{row}", "L", "uV") for row in range(leads))
    for first in starts:
        at = MOMENT + timedelta(seconds=(first + 50) / 500, milliseconds=late_ms)
        noted.take(Block("S", "s", rows, first, Fraction(500), np.zeros((leads, 50), np.float32), at, 0.0, MOMENT))
    noted.take("something else")
    return noted


def test_a_whole_run_in_time_holds() -> None:
    figures = _figures(heard(list(range(0, 5000, 50))), 10, 1, 1.0)
    assert figures["has_held"] is True
    assert figures["latency_ms"] == {"median": 20.0, "p95": 20.0, "worst": 20.0}


@pytest.mark.parametrize(
    ("noted", "streams"),
    [
        (heard([first for first in range(0, 5000, 50) if first != 2500]), 1),
        (heard(list(range(0, 5000, 50)), late_ms=120), 1),
        (heard(list(range(0, 5000, 50))), 2),
        (heard(list(range(0, 2500, 50))), 1),
        (heard(list(range(0, 5000, 50)), leads=11), 1),
        (Heard(), 0),
    ],
    ids=["one block lost", "late", "two streams", "half of it", "a lead is missing", "nothing"],
)
def test_a_run_that_is_not_whole_does_not_hold(noted: Heard, streams: int) -> None:
    assert _figures(noted, 10, streams, 1.0)["has_held"] is False


def test_what_is_missing_is_counted() -> None:
    assert heard([0, 50, 150, 300]).lost == 150
