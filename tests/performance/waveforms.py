"""What live traces cost: a frame beside a plotting library's, a sample's way to the screen, the rings, sixteen beds.

Both ways of drawing show the same ten seconds of the same signal at the same size, in turns in one process, and are
charged the processor time of feeding, updating and painting. The figures the program must keep are `GATES`.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from clinic_app.devices import Block, ChannelInfo
from clinic_app.terminology.leads import LEADS
from clinic_app.waveforms import LiveTraces

SECONDS = 10
FRAMES = 100
WARM_FRAMES = 30
FRAME_S = 1 / 60
WIDTH, HEIGHT = 1600, 900
SIZES = ((12, 500), (12, 1000), (32, 1000))
BEDS = 16
BEDS_S = 6.0
LATENCY_S = 6.0
INGEST_S = 60
BLOCK_MS = 20
GATES: dict[str, tuple[str, float]] = {
    "sweep_ms_12x500": ("<=", 2.0),
    "ratio_12x500": (">=", 10.0),
    "sample_to_paint_p95_ms": ("<=", 25.0),
    "ring_ingest_times_real_time": (">=", 100.0),
    "ring_lost_samples": ("<=", 0.0),
    "beds_16x3_cores": ("<=", 1.0),
    "beds_16x3_fps": (">=", 55.0),
}


def bench_waveforms(json_file: Path | None) -> int:
    """Measure everything, print it, write it; return 1 where a figure is missed."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    application = QApplication.instance() or QApplication([])
    figures: dict[str, Any] = {}
    for channels, rate_hz in SIZES:
        figures |= _frames(channels, rate_hz, application.processEvents)
    figures |= _sample_to_paint(application.processEvents)
    figures |= _ingest()
    figures |= _beds(application.processEvents)
    missed = [name for name in GATES if not _holds(name, figures[name])]
    for name, value in figures.items():
        wanted = " ".join(str(part) for part in GATES[name]) if name in GATES else ""
        print(f"{name:32} {value:>12}   {wanted}{'   MISSED' if name in missed else ''}")
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    told = {"name": "waveforms", **figures, "missed": missed, "machine": machine, "python": platform.python_version()}
    if json_file:
        json_file.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return 1 if missed else 0


def _holds(name: str, value: float) -> bool:
    sign, bound = GATES[name]
    return value <= bound if sign == "<=" else value >= bound


def _frames(channels: int, rate_hz: int, paint: Callable[[], object]) -> dict[str, float]:
    """Return the processor milliseconds of a frame of the sweep and of the plots, taken in turn."""
    samples = _signal(channels, rate_hz)
    sweep_frame, close_sweep = _sweep(samples, rate_hz)
    plot_frame, close_plots = _plots(samples, rate_hz)
    ours, theirs = [], []
    for frame in range(FRAMES + WARM_FRAMES):
        pair = (_milliseconds(sweep_frame, paint), _milliseconds(plot_frame, paint))
        if frame >= WARM_FRAMES:
            ours.append(pair[0])
            theirs.append(pair[1])
    close_sweep()
    close_plots()
    name = f"{channels}x{rate_hz}"
    mean, plots = statistics.mean(ours), statistics.mean(theirs)
    return {
        f"sweep_ms_{name}": round(mean, 3),
        f"pyqtgraph_ms_{name}": round(plots, 3),
        f"ratio_{name}": round(plots / mean, 1),
    }


def _signal(channels: int, rate_hz: int) -> np.ndarray:
    seconds = np.arange(SECONDS * rate_hz) / rate_hz
    beat = np.exp(-((((seconds % 0.8) - 0.3) / 0.012) ** 2)) * 1000
    noise = np.random.default_rng(0).standard_normal((channels, len(seconds))) * 20
    return (beat * np.linspace(0.6, 1.2, channels)[:, np.newaxis] + noise).astype(np.float32)


def _milliseconds(work: Callable[[], object], paint: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    paint()
    return (time.process_time() - begin) * 1000


def _sweep(samples: np.ndarray, rate_hz: float) -> tuple[Callable[[], object], Callable[[], object]]:
    from tests.helpers.signals import SteadyClock, TapedSource
    from ui.widgets.sweep import Sweep
    from ui.widgets.sweep_source import Lane, SweepGroup
    from ui.widgets.sweep_ticker import ticker

    clock = SteadyClock()
    source = TapedSource(samples, rate_hz, clock)
    source.end = SECONDS * round(rate_hz)
    sweep = Sweep("bench", clock)
    sweep.resize(WIDTH, HEIGHT)
    sweep.set_layout("12x1")
    lanes = tuple(Lane((lambda number=row: str(number)), "trace_ecg", 0.001) for row in range(len(samples)))
    sweep.set_groups([SweepGroup(source, lanes)])
    sweep.show()
    ticker().leave(sweep)

    def frame() -> None:
        clock.now_s += FRAME_S
        source.arrive(FRAME_S)
        sweep.tick()

    return frame, sweep.close


def _plots(samples: np.ndarray, rate_hz: float) -> tuple[Callable[[], object], Callable[[], object]]:
    import pyqtgraph

    view = pyqtgraph.GraphicsLayoutWidget()
    view.resize(WIDTH, HEIGHT)
    curves = [view.addPlot(row=row, col=0).plot(pen="#8CF0A4") for row in range(len(samples))]
    view.show()
    seconds = np.arange(samples.shape[1]) / rate_hz
    place = [0]

    def frame() -> None:
        place[0] += round(FRAME_S * rate_hz)
        rolled = np.roll(samples, -place[0], axis=1)
        for curve, row in zip(curves, rolled, strict=True):
            curve.setData(seconds, row)

    return frame, view.close


class _Player:
    """A thread that delivers blocks in real time, as a device would, and notes when each came."""

    def __init__(self, traces: LiveTraces, sources: int, channels: int, rate_hz: int, block_ms: int) -> None:
        self._traces, self._names = traces, [f"Bed {number + 1}" for number in range(sources)]
        self._samples = _signal(channels, rate_hz)
        self._rate_hz, self._length = rate_hz, rate_hz * block_ms // 1000
        codes = [*LEADS.items()] + [(f"X{number}", f"X{number}") for number in range(channels)]
        self._channels = tuple(ChannelInfo(code, label, "uV") for code, label in codes[:channels])
        self.came_s: dict[int, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._play)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def block(self, name: str, first: int) -> Block:
        index = np.arange(first, first + self._length) % self._samples.shape[1]
        rate = Fraction(self._rate_hz)
        now = datetime.now(UTC)
        return Block(name, name, self._channels, first, rate, self._samples[:, index], now, time.monotonic())

    def _play(self) -> None:
        begin, first = time.monotonic(), 0
        while not self._stop.wait(max(0.0, begin + (first + self._length) / self._rate_hz - time.monotonic())):
            for name in self._names:
                self._traces.take_in(self.block(name, first))
            first += self._length
            self.came_s[first] = time.monotonic()


def _sample_to_paint(paint: Callable[[], object]) -> dict[str, float]:
    """Return how long the newest sample of each block takes to its pixel: 12 leads, 500 Hz, blocks of 20 ms."""
    from PySide6.QtCore import QEventLoop, QTimer

    from ui.waveforms.traces_panel import groups_of
    from ui.widgets.sweep import Sweep
    from ui.widgets.trace_choices import TraceChoices

    painted: list[tuple[float, float]] = []

    class Watched(Sweep):
        def paintEvent(self, event: Any) -> None:  # noqa: N802
            super().paintEvent(event)
            painted.extend((time.monotonic(), panel.standing.edge) for panel in self.panels)

    traces = LiveTraces()
    player = _Player(traces, 1, 12, 500, BLOCK_MS)
    traces.take_in(player.block("Bed 1", 0))
    sweep = Watched("bench")
    sweep.resize(WIDTH, HEIGHT)
    sweep.set_layout("12x1")
    sweep.set_groups(groups_of(traces.streams()[0], TraceChoices().filter))
    sweep.show()
    paint()
    player.start()
    loop = QEventLoop()
    QTimer.singleShot(round(LATENCY_S * 1000), loop.quit)
    loop.exec()
    player.stop()
    sweep.close()
    delays = []
    for end, came_s in sorted(player.came_s.items())[50:-10]:
        seen = next((at for at, edge in painted if edge >= end and at >= came_s), None)
        if seen is not None:
            delays.append((seen - came_s) * 1000)
    ranked = sorted(delays)
    return {
        "sample_to_paint_median_ms": round(statistics.median(delays), 1),
        "sample_to_paint_p95_ms": round(ranked[-(-len(ranked) * 95 // 100) - 1], 1),
        "sample_to_paint_blocks": len(delays),
    }


def _ingest() -> dict[str, float]:
    """Return how many times faster than they come the rings take samples, and how many of those were lost."""
    traces = LiveTraces()
    player = _Player(traces, 1, 12, 500, BLOCK_MS)
    length = 500 * BLOCK_MS // 1000
    blocks = [player.block("Bed 1", first) for first in range(0, INGEST_S * 500, length)]
    begin = time.perf_counter()
    for block in blocks:
        traces.take_in(block)
    took_s = time.perf_counter() - begin
    kept = traces.streams()[0].read(0, INGEST_S * 500)
    sent = np.concatenate([block.samples for block in blocks], axis=1)
    return {
        "ring_ingest_times_real_time": round(INGEST_S / took_s),
        "ring_lost_samples": int(np.count_nonzero(~(kept == sent))),
    }


def _beds(paint: Callable[[], object]) -> dict[str, float]:
    """Return what sixteen beds with three curves each cost, drawn at 60 frames a second while their samples come."""
    from PySide6.QtCore import QEventLoop, QTimer
    from PySide6.QtWidgets import QGridLayout, QWidget

    from ui.waveforms.beds_view import BedTile
    from ui.waveforms.traces_panel import groups_of
    from ui.widgets.sweep_source import Picked, SweepGroup
    from ui.widgets.sweep_ticker import ticker
    from ui.widgets.trace_choices import TraceChoices

    traces = LiveTraces()
    player = _Player(traces, BEDS, 3, 250, BLOCK_MS)
    window = QWidget()
    window.resize(1366, 768)
    grid = QGridLayout(window)
    for number in range(BEDS):
        name = f"Bed {number + 1}"
        traces.take_in(player.block(name, 0))
        tile = BedTile(name)
        [whole] = groups_of(traces.streams(name)[0], TraceChoices().filter)
        rows = [SweepGroup(Picked(whole.source, (row,)), (lane,)) for row, lane in enumerate(whole.lanes)]
        tile.sweep.set_groups(rows)
        grid.addWidget(tile, number // 4, number % 4)
    window.show()
    paint()
    player.start()
    frames = [0]

    class Counter:
        def tick(self) -> None:
            frames[0] += 1

    counter = Counter()
    ticker().join(counter)
    loop = QEventLoop()
    QTimer.singleShot(1000, loop.quit)
    loop.exec()
    frames[0] = 0
    began_s, began_cpu_s = time.monotonic(), time.process_time()
    QTimer.singleShot(round(BEDS_S * 1000), loop.quit)
    loop.exec()
    took_s, cpu_s = time.monotonic() - began_s, time.process_time() - began_cpu_s
    ticker().leave(counter)
    player.stop()
    window.close()
    return {"beds_16x3_cores": round(cpu_s / took_s, 3), "beds_16x3_fps": round(frames[0] / took_s, 1)}
