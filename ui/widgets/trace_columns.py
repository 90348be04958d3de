"""From samples to pixel columns: the smallest and the largest value of each, joined to the column before.

A column of the screen stands for several samples. Drawing its extremes keeps every R wave at its full height, where
taking each n-th sample would lose some. NaN, a lost sample, never joins: the line breaks there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF
from shiboken6 import VoidPtr

Samples = NDArray[np.float32]
Values = NDArray[np.float64]
_THICKEN_PX: Final = 0.45
"""How far apart, down and to the right, the passes of a trace lie."""


def column_edges(first_column: int, last_column: int, samples_per_column: float) -> NDArray[np.int64]:
    """Return the first sample of every column from ``first_column`` up to and with ``last_column``.

    Both count from the first sample of the trace, so that a column keeps its samples however often it is drawn.
    """
    edges: NDArray[np.int64] = np.ceil(np.arange(first_column, last_column + 1) * samples_per_column - 1e-9).astype(int)
    return edges


def extremes(samples: Samples, edges: NDArray[np.int64]) -> tuple[Values, Values]:
    """Return the least and the greatest value of each column; NaN where a column has no sample.

    Args:
        samples: those from ``edges[0]`` up to, not with, ``edges[-1]``, in the last dimension.
        edges: shape ``(columns + 1,)``.

    A column that falls between two samples (slow signals) takes the value of the sample before it.
    """
    if not samples.shape[-1]:
        empty = np.full((*samples.shape[:-1], len(edges) - 1), np.nan)
        return empty, empty
    is_bare = edges[1:] == edges[:-1]
    starts = np.minimum(np.maximum(edges[:-1] - edges[0] - is_bare, 0), samples.shape[-1] - 1)
    return _reduce(np.fmin, samples, starts), _reduce(np.fmax, samples, starts)


def _reduce(take: Any, samples: Samples, starts: NDArray[np.int64]) -> Values:  # noqa: ANN401 - a numpy ufunc
    return np.asarray(take.reduceat(samples, starts, axis=-1), dtype=np.float64)


def runs(is_there: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Return the stretches without a gap, as (first, one after the last)."""
    steps = np.flatnonzero(np.diff(np.concatenate(([False], is_there, [False])).astype(np.int8)))
    yield from zip(steps[::2].tolist(), steps[1::2].tolist(), strict=True)


def polyline(x: Values, y: Values) -> QPolygonF:
    """Return points for `QPainter.drawPolyline`, written in one go: a Python call per point is far too slow."""
    line = QPolygonF()
    line.resize(len(x))
    if len(x):
        points: Any = VoidPtr(line.data(), len(x) * 16, True)  # type: ignore[arg-type, call-arg]
        memory = np.frombuffer(points, dtype=np.float64).reshape(-1, 2)
        memory[:, 0] = x
        memory[:, 1] = y
    return line


def column_lines(left: float, low: Values, high: Values) -> Iterator[QPolygonF]:
    """Return one line for each stretch without a gap, up and down through every column.

    Args:
        left: x of the middle of the first column; columns are 1 apart.
        low: y of one end of each column, NaN for a gap.
        high: y of the other end.
    """
    is_gap = np.isnan(low)
    for first, last in runs(~is_gap) if is_gap.any() else ((0, len(low)),):
        x = (np.arange(first, last, dtype=np.float64) + left).repeat(2)
        y = np.empty(2 * (last - first))
        y[0::4], y[1::4] = low[first:last:2], high[first:last:2]
        y[2::4], y[3::4] = high[first + 1 : last : 2], low[first + 1 : last : 2]
        yield polyline(x, y)


def all_lines(left: float, low: Values, high: Values) -> list[list[QPolygonF]]:
    """Return the lines of several traces over the same columns, each as `column_lines` gives it.

    Where nothing is lost, as nearly always, all traces are computed at once.

    Args:
        left: x of the middle of the first column.
        low: shape ``(traces, columns)``: y of one end of each column.
        high: y of the other end.
    """
    if np.isnan(low).any():
        return [list(column_lines(left, below, above)) for below, above in zip(low, high, strict=True)]
    columns = low.shape[1]
    x = (np.arange(columns, dtype=np.float64) + left).repeat(2)
    y = np.empty((len(low), 2 * columns))
    y[:, 0::4], y[:, 1::4] = low[:, ::2], high[:, ::2]
    y[:, 2::4], y[:, 3::4] = high[:, 1::2], low[:, 1::2]
    return [[polyline(x, row)] for row in y]


def draw_trace(painter: QPainter, lines: Iterable[QPolygonF], colour: QColor, ratio: float) -> None:
    """Draw the lines of one trace, about 1.4 logical pixels wide.

    Qt draws antialiased lines of exactly one device pixel some twenty times faster than wider ones (measured: 3 ms
    against 65 ms for twelve leads over a screen), so a trace is drawn in passes of one pixel that lie side by side.

    Args:
        painter: draws in device pixels.
        lines: see `column_lines`.
        colour: of the trace.
        ratio: device pixels in a logical one.
    """
    painter.setPen(QPen(colour, 1))
    kept = list(lines)
    passes = max(2, round(2 * ratio))
    at = 0.0
    for number in range(passes):
        offset = (number - (passes - 1) / 2) * _THICKEN_PX
        painter.translate(offset - at, offset - at)
        at = offset
        for line in kept:
            painter.drawPolyline(line)
    painter.translate(-at, -at)
