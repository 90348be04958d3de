"""The heart rate that this program counts itself, for every monitor that sends an ECG, beside what the monitor says.

Three leads of a device are listened to at most, the second and third where the first is not clear; the best speaks.
Where all are noisy there is no number. What is counted here has a code of its own, so that nobody takes it for the
monitor's number, and no alarm hangs on it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from clinic_app.devices import Numerics
from clinic_app.devices.block import NumericValue
from clinic_app.foundation.clock import Clock, SystemClock
from clinic_app.waveforms.beats import BeatFinder, Quality
from clinic_app.waveforms.live_stream import LiveStream
from clinic_app.waveforms.live_traces import LiveTraces

OWN_HEART_RATE: Final = "DALA_ECG_HEART_RATE"
"""No code of IEEE 11073: counted by this program."""
LOOK_S: Final = 0.25
TELL_S: Final = 1.0
_MOST_LEADS: Final = 3
_FURTHEST_BEHIND_S: Final = 10.0
_FRESH_S: Final = 5.0
_SHOWN_BEATS: Final = 32
_CLEAR: Final = 0.5
"""A lead of such quality needs no other beside it."""
_PREFERRED: Final = ("MDC_ECG_LEAD_II", "MDC_ECG_LEAD_V5", "MDC_ECG_LEAD_I", "MDC_ECG_LEAD_V2")
_PER_MILLIVOLT: Final = {"uV": 1000.0, "mV": 1.0}
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Heart:
    """What is known of one heart.

    Args:
        source: the monitor.
        lead: the lead that speaks, as it stands beside the trace.
        rate: beats per minute, or None where it is not known.
        quality: of that lead.
        stream_id: of that lead, for `beats`.
        beats: sample indexes of the last beats in the stream.
        last_beat_s: how long ago the last one was, or None.
    """

    source: str
    lead: str
    rate: float | None
    quality: Quality
    stream_id: str
    beats: tuple[int, ...]
    last_beat_s: float | None


@dataclass
class _Lead:
    stream: LiveStream
    row: int
    finder: BeatFinder
    begin: int
    next_index: int
    beats: tuple[int, ...] = field(default=())

    def listen(self) -> None:
        """Take what came since the last time."""
        end = self.stream.end_index()
        if end - self.next_index > _FURTHEST_BEHIND_S * self.stream.rate_hz():
            skipped = end - round(_FURTHEST_BEHIND_S * self.stream.rate_hz())
            self.finder = BeatFinder(self.stream.rate_hz(), self.finder.per_millivolt)
            self.begin = self.next_index = skipped
        if end > self.next_index:
            samples = self.stream.read(self.next_index, end)[self.row]
            found = tuple(self.begin + beat.index for beat in self.finder.feed(samples))
            self.beats = (*self.beats, *found)[-_SHOWN_BEATS:]
            self.next_index = end

    def heart(self) -> Heart:
        """Return what this lead says."""
        rate_hz = self.stream.rate_hz()
        age_s = self.stream.age_s()
        is_fresh = age_s < _FRESH_S
        last_s = (self.next_index - self.beats[-1]) / rate_hz + age_s if self.beats else None
        is_off = self.row in self.stream.off()
        quality = Quality(0.0, False, "leads off") if is_off else self.finder.quality
        quality = quality if is_fresh else Quality(0.0, False, "no signal")
        rate = self.finder.heart_rate if is_fresh and not is_off else None
        label = self.stream.channels[self.row].label
        return Heart(self.stream.source, label, rate, quality, self.stream.stream_id, self.beats, last_s)


class LiveHearts:
    """Counts the beats of everything that comes in. Safe for use from several threads.

    Args:
        traces: what comes in.
        clock: the wall clock.
        monotonic: the steady clock.
    """

    def __init__(
        self, traces: LiveTraces, clock: Clock | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._traces = traces
        self._clock = clock or SystemClock()
        self._monotonic = monotonic
        self._leads: dict[tuple[str, str, int], _Lead] = {}
        self._hearts: dict[str, Heart] = {}
        self._told_s: dict[str, float] = {}
        self._listeners: tuple[Callable[[Numerics], None], ...] = ()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def subscribe(self, callback: Callable[[Numerics], None]) -> None:
        """Have the rates told once a second, as the numbers of a device are; on a thread of this object."""
        self._listeners = (*self._listeners, callback)

    def heart(self, source: str) -> Heart | None:
        """Return what is known of one monitor's heart; None where it sends no ECG."""
        return self._hearts.get(source)

    def hearts(self) -> tuple[Heart, ...]:
        """Return what is known of every heart."""
        return tuple(self._hearts.values())

    def look(self) -> None:
        """Take what came and count; the thread does so four times a second."""
        leads: dict[tuple[str, str, int], _Lead] = {}
        hearts: dict[str, Heart] = {}
        for source in self._traces.sources():
            spoken: list[Heart] = []
            for stream, row in _leads_of(self._traces.streams(source)):
                key = (source, stream.stream_id, row)
                lead = self._leads.get(key)
                if lead is None or lead.stream is not stream:
                    lead = _lead(stream, row)
                leads[key] = lead
                if spoken and _is_clear(spoken[-1]):
                    continue  # the others are listened to when they are needed
                lead.listen()
                spoken.append(lead.heart())
            if spoken:
                hearts[source] = _best(spoken)
        self._leads = leads
        self._hearts = hearts
        self._tell(self._clock.now())

    def start(self) -> None:
        """Begin to count."""
        self._thread = threading.Thread(target=self._work, name="hearts", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Count no more."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        while not self._stopping.wait(LOOK_S):
            try:
                self.look()
            except Exception:  # noqa: BLE001 - the border of this thread: the traces go on without a count
                _log.exception("the hearts cannot be counted")

    def _tell(self, now: datetime) -> None:
        now_s = self._monotonic()
        for source, heart in self._hearts.items():
            if heart.rate is None or now_s - self._told_s.get(source, -TELL_S) < TELL_S:
                continue
            self._told_s[source] = now_s
            value = NumericValue(Decimal(round(heart.rate)), "/min")
            for callback in self._listeners:
                callback(Numerics(source, {OWN_HEART_RATE: value}, now, now_s))
        self._told_s = {source: at_s for source, at_s in self._told_s.items() if source in self._hearts}


def _lead(stream: LiveStream, row: int) -> _Lead:
    first = max(stream.end_index() - round(_FURTHEST_BEHIND_S * stream.rate_hz()), 0)
    per_millivolt = _PER_MILLIVOLT[stream.channels[row].unit]
    return _Lead(stream, row, BeatFinder(stream.rate_hz(), per_millivolt), first, first)


def _leads_of(streams: tuple[LiveStream, ...]) -> list[tuple[LiveStream, int]]:
    """Return the leads that are listened to, the preferred first."""
    leads = [
        (stream, row)
        for stream in streams
        for row, channel in enumerate(stream.channels)
        if channel.code.startswith("MDC_ECG_") and channel.unit in _PER_MILLIVOLT
    ]

    def place(lead: tuple[LiveStream, int]) -> int:
        code = lead[0].channels[lead[1]].code
        return _PREFERRED.index(code) if code in _PREFERRED else len(_PREFERRED)

    return sorted(leads, key=place)[:_MOST_LEADS]


def _is_clear(heart: Heart) -> bool:
    return heart.rate is not None and heart.quality.value >= _CLEAR


def _best(hearts: list[Heart]) -> Heart:
    """Return the heart as the best lead tells it; the first of them, unless another is clearly better."""
    best = hearts[0]
    for heart in hearts[1:]:
        is_only_one = best.rate is None and heart.rate is not None
        is_clearer = (heart.rate is None) == (best.rate is None) and heart.quality.value > best.quality.value + 0.3
        if is_only_one or is_clearer:
            best = heart
    return best
