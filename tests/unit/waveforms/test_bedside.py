"""What a bed delivers goes to all who do something with it, and what is counted here goes the same way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from clinic_app.devices import Block, ChannelInfo, Event, EventKind
from clinic_app.foundation.texts import Text
from clinic_app.storage import Store
from clinic_app.waveforms import LiveTraces
from clinic_app.waveforms.bedside import Bedside
from clinic_app.waveforms.live_hearts import OWN_HEART_RATE
from clinic_app.waveforms.store import Head, Ledger, open_recording
from clinic_app.waveforms.technical import Trouble
from tests.helpers.clocks import FixedClock
from tests.helpers.device_items import NOON, block, numbers
from tests.helpers.ecg_beats import made_ecg
from tests.helpers.signals import SteadyClock
from tests.helpers.stores import opened

II = ChannelInfo("MDC_ECG_LEAD_II", "II", "uV")


class Bed:
    def __init__(self, store: Store) -> None:
        self.steady = SteadyClock()
        self.steady.now_s = 1000.0
        self.traces = LiveTraces(FixedClock(NOON), self.steady)
        self.bedside = Bedside(store, self.traces, FixedClock(NOON), self.steady)

    def deliver(self, item: Block) -> None:
        self.traces.take_in(item)
        self.bedside.take_in(item)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path) as made:
        yield made


@pytest.fixture
def bed(store: Store) -> Iterator[Bed]:
    made = Bed(store)
    yield made
    made.bedside.close()


def test_an_own_heart_rate_is_shown_kept_and_recorded_beside_the_devices(bed: Bed, store: Store) -> None:
    head = Head("r", "p", "bed 1", NOON)
    Ledger(store).keep(head)
    bed.bedside.recorder.begin(head)
    samples = made_ecg(75, 20)[0].astype(np.float32)
    for start in range(0, 10_000, 500):
        bed.steady.now_s += 1.0
        bed.deliver(
            Block(
                "bed 1", "s", (II,), start, Fraction(500), samples[np.newaxis, start : start + 500], NOON, bed.steady()
            )
        )
        bed.bedside.hearts.look()
    bed.bedside.take_in(numbers(bed.steady(), "71"))
    bed.bedside.recorder.end("r")
    assert str(bed.traces.numbers("bed 1")[OWN_HEART_RATE].value) == "75"
    assert bed.bedside.trends.trend("bed 1", OWN_HEART_RATE, 5).values[-2] == 75.0
    recording = open_recording(store, "r")
    assert set(recording.number_codes()) == {OWN_HEART_RATE, "MDC_ECG_HEART_RATE"}
    assert recording.numbers(OWN_HEART_RATE).values[-1] == 75.0
    seen = recording.read(NOON, NOON + timedelta(seconds=30)).channels[0].samples
    np.testing.assert_array_equal(seen[np.isfinite(seen)], samples)


def test_electrodes_and_clocks_are_watched(bed: Bed) -> None:
    bed.deliver(replace(block(0, at_s=1000.0), leads_off=frozenset({"MDC_ECG_LEAD_I"})))
    bed.bedside.take_in(Event("bed 1", EventKind.CLOCK_JUMP, Text("x"), NOON, 1000.0))
    assert [each.trouble for each in bed.bedside.technical.now()] == [Trouble.LEADS_OFF, Trouble.CLOCK_JUMP]


def test_it_starts_and_ends_without_a_device(store: Store) -> None:
    made = Bed(store).bedside
    made.start()
    made.close()
