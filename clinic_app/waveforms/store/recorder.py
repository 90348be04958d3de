"""The recorder: takes what devices deliver, and every ten seconds a chunk is on the disk, sealed and flushed.

The device's thread only puts a block into a queue; one thread of the recorder's own makes chunks, puts each into the
content store and then writes its line into the ledger. A cut loses what was not yet a chunk: ten seconds at most. A
disk that refuses is told, and what waits is kept in the memory, up to a limit, and tried again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import msgspec
import numpy as np

from clinic_app.devices import Block, Numerics
from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ClinicError, StorageError
from clinic_app.foundation.texts import Text
from clinic_app.storage import Store
from clinic_app.waveforms.store.assembling import Anchor, Assembler
from clinic_app.waveforms.store.chunk import Chunk, encode
from clinic_app.waveforms.store.ledger import Head, Ledger, Line

CHUNK_S: Final = 9.5
"""With the time it takes to write, a cut loses ten seconds at most."""
STEP_S: Final = 0.25
MOST_QUEUED_BYTES: Final = 64 << 20
MOST_WAITING_BYTES: Final = 64 << 20
"""Chunks the disk did not take; more of them, and the oldest is given up."""
LATEST_S: Final = 30.0
_SAME_CLOCK: Final = timedelta(seconds=1)
"""Clocks that run alike differ by less."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RecorderState:
    """How it stands with one running recording.

    Args:
        recording_id: which one.
        patient_id: whose it is.
        source: the device.
        started_at: when it was begun.
        saved_until: up to here it is on the disk; None before the first chunk.
        samples: that are on the disk, all channels together.
        lost: samples that came and could not be kept.
        problem: why the newest chunk is not on the disk yet, or None.
    """

    recording_id: str
    patient_id: str
    source: str
    started_at: datetime
    saved_until: datetime | None = None
    samples: int = 0
    lost: int = 0
    problem: Text | None = None


@dataclass
class _Running:
    head: Head
    assembler: Assembler
    waiting: deque[tuple[Chunk, bytes]] = field(default_factory=deque)
    saved_until: datetime | None = None
    samples: int = 0
    lost: int = 0
    problem: Text | None = None


class Recorder:
    """Records devices for as long as somebody wants. Hand `take_in` to whatever delivers. Safe for several threads.

    Args:
        store: keeps the chunks.
        clock: the wall clock.
        monotonic: the steady clock.
        chunk_s: seconds in one chunk.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
        chunk_s: float = CHUNK_S,
    ) -> None:
        self._blobs = store.blobs
        self._ledger = Ledger(store)
        self._clock = clock
        self._monotonic = monotonic
        self._chunk_s = chunk_s
        self._queue: deque[Block | Numerics] = deque()
        self._queued_bytes = 0
        self._queue_lock = threading.Lock()
        self._sources: frozenset[str] = frozenset()
        self._running: dict[str, _Running] = {}
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def take_in(self, item: Block | Numerics) -> None:
        """Take what a device delivered, on the device's thread; what nobody records is let go at once."""
        if item.source not in self._sources:
            return
        size = item.samples.nbytes if isinstance(item, Block) else 0
        with self._queue_lock:
            if self._queued_bytes + size > MOST_QUEUED_BYTES:
                self._note_lost(item)
                return
            self._queue.append(item)
            self._queued_bytes += size

    def begin(self, head: Head) -> None:
        """Record a device from now on, under a head that is in the ledger; its chunks go on where they ended."""
        number = sum(1 for _ in self._ledger.lines(head.id))
        head = msgspec.structs.replace(head, chunks=number)
        anchor = Anchor(self._clock.now(), self._monotonic())
        with self._lock:
            self._running[head.id] = _Running(head, Assembler(head.id, number, anchor))
            self._listen()
            self._start()

    def end(self, recording_id: str) -> Head:
        """Write what waits and record no more; return the head as it stands, still without its end.

        Raises:
            KeyError: it is not recorded here.
            StorageError: the disk does not take the last chunk; it is recorded still.
        """
        with self._lock:
            self._drain()
            running = self._running[recording_id]
            self._cut(running)
            self._write_waiting(running)
            if running.waiting and running.problem:
                raise StorageError(running.problem)
            del self._running[recording_id]
            self._listen()
            return running.head

    def states(self) -> tuple[RecorderState, ...]:
        """Return how it stands with every running recording."""
        return tuple(
            RecorderState(
                each.head.id,
                each.head.patient_id,
                each.head.source,
                each.head.started_at,
                each.saved_until,
                each.samples,
                each.lost,
                each.problem,
            )
            for each in list(self._running.values())
        )

    def is_recording(self, source: str) -> bool:
        """Return whether a device is recorded now."""
        return source in self._sources

    def clock_set_by(self, recording_id: str) -> timedelta:
        """Return how far the wall clock was set since a recording began here; zero where it was not, or none runs."""
        running = self._running.get(recording_id)
        if running is None:
            return timedelta()
        set_by = self._clock.now() - running.assembler.anchor.at_monotonic(self._monotonic())
        return set_by if abs(set_by) > _SAME_CLOCK else timedelta()

    def step(self) -> None:
        """Do what is due; the recorder's own thread does so all the time."""
        with self._lock:
            self._drain()
            now_s = self._monotonic()
            for running in self._running.values():
                oldest_s = running.assembler.oldest_s
                if oldest_s is not None and now_s - oldest_s >= self._chunk_s:
                    self._cut(running)
                self._write_waiting(running)

    def close(self) -> None:
        """Write what waits and stop; what ran is in the ledger as running, for whoever starts next."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(LATEST_S)
        with self._lock:
            self._drain()
            for running in self._running.values():
                self._cut(running)
                self._write_waiting(running)
            self._running.clear()
            self._listen()

    def _start(self) -> None:
        if self._thread is None and not self._stopping.is_set():
            self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while not self._stopping.wait(STEP_S):
            try:
                self.step()
            except Exception:  # noqa: BLE001 - the border of this thread: the other recordings go on
                _log.exception("the recorder met a fault")

    def _listen(self) -> None:
        self._sources = frozenset(each.head.source for each in self._running.values())

    def _drain(self) -> None:
        with self._queue_lock:
            items, self._queue, self._queued_bytes = self._queue, deque(), 0
        for item in items:
            for running in self._running.values():
                if running.head.source == item.source:
                    running.assembler.take(item)

    def _cut(self, running: _Running) -> None:
        chunk = running.assembler.cut()
        if chunk is None:
            return
        running.waiting.append((chunk, encode(chunk)))
        while sum(len(data) for _, data in running.waiting) > MOST_WAITING_BYTES:
            given_up, _ = running.waiting.popleft()
            running.lost += _received(given_up)

    def _write_waiting(self, running: _Running) -> None:
        while running.waiting:
            chunk, data = running.waiting[0]
            try:
                sha256 = self._blobs.put(data)
                line = Line(sha256, *_span(chunk, self._clock.now()), _received(chunk))
                running.head = self._ledger.add(running.head, line)
            except ClinicError as error:
                running.problem = error.text
                return
            running.waiting.popleft()
            running.samples += line.samples
            running.saved_until = line.ends_at
            running.problem = None

    def _note_lost(self, item: Block | Numerics) -> None:
        if isinstance(item, Block):
            for running in list(self._running.values()):
                if running.head.source == item.source:
                    running.lost += item.samples.size


def _received(chunk: Chunk) -> int:
    return sum(int(np.isfinite(part.samples).sum()) for part in chunk.parts)


def _span(chunk: Chunk, now: datetime) -> tuple[datetime, datetime]:
    """Return when a chunk begins and ends; one of numbers only, from the first to the last of them."""
    begins = [part.at for part in chunk.parts] + [number.at for number in chunk.numbers[:1]]
    ends = [part.at + timedelta(seconds=float(part.samples.shape[1] / part.rate_hz)) for part in chunk.parts]
    ends += [number.at for number in chunk.numbers[-1:]]
    return min(begins, default=now), max(ends, default=now)
