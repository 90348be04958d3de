"""A model of a monitor with coarse stamps, its line and both clocks: what a wave says, when it comes, what is lost."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from clinic_app.devices.lost_messages import StampedWave
from clinic_app.devices.stream_clock import StreamClock

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


@dataclass(frozen=True)
class CoarseMonitor:
    """What a monitor and its line are like.

    Args:
        rate_hz: samples per second.
        message_s: seconds of samples in one message.
        resolution_s: how finely it stamps.
        is_rounded: whether a stamp is rounded, not cut off.
        phase_s: how far its clock is from a full second at the start.
        drift: part by which its samples run slower than its announced rate.
        stamp_jitter_s: by how much a stamp is off before it is cut.
        jitter_s: of the line, the mean.
        stall_every_s: seconds between stalls of the line, the mean; 0 for none.
        longest_stall_s: how long one lasts at most; what was sent meanwhile comes at once after it.
        loss: part of the messages where a loss begins.
        longest_loss: messages that are lost at once, at most.
        is_numbered: whether its messages are counted.
        seed: of everything that is left to chance.
    """

    rate_hz: Fraction = Fraction(250)
    message_s: float = 1.0
    resolution_s: float = 1.0
    is_rounded: bool = False
    phase_s: float = 0.3
    drift: float = 0.0
    stamp_jitter_s: float = 0.0
    jitter_s: float = 0.01
    stall_every_s: float = 0.0
    longest_stall_s: float = 4.0
    loss: float = 0.0
    longest_loss: int = 3
    is_numbered: bool = False
    seed: int = 1

    def messages(self, seconds: float) -> Iterator[tuple[StampedWave, int]]:
        """Yield what comes in so many seconds, each with the true index of its first sample."""
        rng = random.Random(self.seed)
        last_s = stalled_until_s = 0.0
        lost = skipped = 0
        stall_s = rng.expovariate(1 / self.stall_every_s) if self.stall_every_s else math.inf
        for number in range(round(seconds / self.message_s)):
            begin = round(number * self.message_s * self.rate_hz)
            length = round((number + 1) * self.message_s * self.rate_hz) - begin
            true_s = float(begin / self.rate_hz) * (1 + self.drift)
            sent_s = true_s + length / float(self.rate_hz)
            if sent_s > stall_s:
                stalled_until_s = stall_s + rng.uniform(0.1, self.longest_stall_s)
                stall_s = stalled_until_s + rng.expovariate(1 / self.stall_every_s)
            last_s = max(last_s + 0.001, stalled_until_s, sent_s + rng.expovariate(1 / self.jitter_s))
            if lost == 0 and number > 0 and rng.random() < self.loss:
                lost = rng.randint(1, self.longest_loss)
            if lost:
                lost, skipped = lost - 1, skipped + 1
                continue
            told, skipped = (skipped if self.is_numbered else None), 0
            yield StampedWave(self._stamp(true_s, rng), length, self.resolution_s, last_s, told), begin

    def _stamp(self, true_s: float, rng: random.Random) -> datetime:
        steps = (self.phase_s + true_s + rng.uniform(-1, 1) * self.stamp_jitter_s) / self.resolution_s
        return NOON + timedelta(seconds=(round(steps) if self.is_rounded else math.floor(steps)) * self.resolution_s)


def misplaced(monitor: CoarseMonitor, seconds: float) -> list[tuple[int, int]]:
    """Return the true index and the distance that is wrong, of every wave that stands wrong to the one before it."""
    clock = StreamClock(monitor.rate_hz)
    stream = clock.stream_id
    truth, places = [], []
    for wave, index in monitor.messages(seconds):
        truth.append(index)
        places += clock.take(wave)
    places += clock.settle(None)
    assert len(places) == len(truth)
    wrong = []
    exact = 0 if (monitor.rate_hz * Fraction(monitor.message_s)).denominator == 1 else 3
    for (place, index), (next_place, next_index) in pairwise(zip(places, truth, strict=True)):
        error = (next_place.index - place.index) - (next_index - index)
        if abs(error) > exact or next_place.stream_id != stream:
            wrong.append((next_index, error))
    return wrong
