"""What one frame of twelve live leads costs, beside the usual way: a plotting library that is given all samples anew.

Both draw the same ten seconds of the same signal at the same size, in turns in one process, and are charged the
processor time of feeding, updating and painting.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import numpy as np

from tests.helpers.signals import SteadyClock, TapedSource, lead_group

RATE_HZ = 500.0
SECONDS = 10
FRAMES = 120
FRAME_S = 1 / 60
WIDTH, HEIGHT = 1100, 600


def measure_sweep() -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the processor milliseconds of each frame of the sweep and of the plots, taken in turn."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    application = QApplication.instance() or QApplication([])
    samples = _signal()
    sweep_frame, close_sweep = _sweep(samples)
    plot_frame, close_plots = _plots(samples)
    ours, theirs = [], []
    for frame in range(FRAMES + 30):
        pair = (
            _milliseconds(sweep_frame, application.processEvents),
            _milliseconds(plot_frame, application.processEvents),
        )
        if frame >= 30:
            ours.append(pair[0])
            theirs.append(pair[1])
    close_sweep()
    close_plots()
    return tuple(ours), tuple(theirs)


def _signal() -> np.ndarray:
    seconds = np.arange(round(SECONDS * RATE_HZ)) / RATE_HZ
    beat = np.exp(-((((seconds % 0.8) - 0.3) / 0.012) ** 2)) * 1000
    noise = np.random.default_rng(0).standard_normal((12, len(seconds))) * 20
    return (beat * np.linspace(0.6, 1.2, 12)[:, np.newaxis] + noise).astype(np.float32)


def _milliseconds(work: Callable[[], object], paint: Callable[[], object]) -> float:
    begin = time.thread_time()
    work()
    paint()
    return (time.thread_time() - begin) * 1000


def _sweep(samples: np.ndarray) -> tuple[Callable[[], object], Callable[[], object]]:
    from ui.widgets.sweep import Sweep
    from ui.widgets.sweep_ticker import ticker

    clock = SteadyClock()
    source = TapedSource(samples, RATE_HZ, clock)
    source.end = SECONDS * round(RATE_HZ)
    sweep = Sweep("bench", clock)
    sweep.resize(WIDTH, HEIGHT)
    sweep.set_layout("12x1")
    sweep.set_groups([lead_group(source)])
    sweep.show()
    ticker().leave(sweep)

    def frame() -> None:
        clock.now_s += FRAME_S
        source.arrive(FRAME_S)
        sweep.tick()

    return frame, sweep.close


def _plots(samples: np.ndarray) -> tuple[Callable[[], object], Callable[[], object]]:
    import pyqtgraph

    view = pyqtgraph.GraphicsLayoutWidget()
    view.resize(WIDTH, HEIGHT)
    curves = [view.addPlot(row=row, col=0).plot(pen="#8CF0A4") for row in range(len(samples))]
    view.show()
    seconds = np.arange(samples.shape[1]) / RATE_HZ
    place = [0]

    def frame() -> None:
        place[0] += round(FRAME_S * RATE_HZ)
        rolled = np.roll(samples, -place[0], axis=1)
        for curve, row in zip(curves, rolled, strict=True):
            curve.setData(seconds, row)

    return frame, view.close
