"""What is done all the time with what devices deliver, beside showing it: count, keep trends, watch, record."""

from __future__ import annotations

import time
from collections.abc import Callable

from clinic_app.devices import Block, Event, Numerics
from clinic_app.foundation.clock import Clock
from clinic_app.storage import Store
from clinic_app.waveforms.live_hearts import LiveHearts
from clinic_app.waveforms.live_traces import LiveTraces
from clinic_app.waveforms.live_trends import LiveTrends
from clinic_app.waveforms.store.recorder import Recorder
from clinic_app.waveforms.technical import TechnicalAlarms


class Bedside:
    """The standing services of the beds. Hand `take_in` to whatever delivers.

    Args:
        store: keeps what is recorded.
        traces: shows what comes in; it gets our own heart rates too.
        clock: the wall clock.
        monotonic: the steady clock.
    """

    def __init__(
        self, store: Store, traces: LiveTraces, clock: Clock, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._traces = traces
        self.recorder = Recorder(store, clock, monotonic)
        self.trends = LiveTrends(monotonic)
        self.hearts = LiveHearts(traces, clock, monotonic)
        self.technical = TechnicalAlarms(traces, self.recorder.states, store.space, clock, monotonic)
        self.hearts.subscribe(self._take_own)

    def take_in(self, item: Block | Numerics | Event) -> None:
        """Take what a device delivered, on the device's thread."""
        if isinstance(item, Numerics):
            self.trends.take_in(item)
        self.technical.take_in(item)
        if not isinstance(item, Event):
            self.recorder.take_in(item)

    def start(self) -> None:
        """Begin to count hearts; the recorder begins when somebody records."""
        self.hearts.start()

    def close(self) -> None:
        """Stop, with everything that came on the disk."""
        self.hearts.stop()
        self.recorder.close()

    def _take_own(self, item: Numerics) -> None:
        """Show, keep and record a heart rate of our own as the numbers of the device."""
        self._traces.take_in(item)
        self.take_in(item)
