"""Areas, edges and the pixels inside: arithmetic on image points, by no picture.

A pixel is inside where its middle is; so neighbouring regions share none, and an area in pixels is their number.
Sources: the circumference of an ellipse by S. Ramanujan, "Modular equations and approximations to pi", 1914.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clinic_app.imaging.measuring.marks import Mark, Point

_EDGE: Final = 0.001
"""Of a pixel: what reaches less beyond the picture does not."""


def half_axes(points: Sequence[Point], step: Point = (1.0, 1.0)) -> tuple[float, float]:
    """Return the longer and the shorter half axis of an ellipse.

    Args:
        points: ends of two diameters, of which each halves the chords along the other; right angles need not be.
        step: what one pixel is across and down.
    """
    first = np.array([(points[1][0] - points[0][0]) * step[0], (points[1][1] - points[0][1]) * step[1]]) / 2
    second = np.array([(points[3][0] - points[2][0]) * step[0], (points[3][1] - points[2][1]) * step[1]]) / 2
    long, short = np.linalg.svd(np.column_stack([first, second]), compute_uv=False)
    return float(long), float(short)


def ellipse_circumference(a: float, b: float) -> float:
    """Return the circumference by Ramanujan's second formula; its error is below 0.05 % whatever the ellipse."""
    if a + b == 0:
        return 0.0
    h = ((a - b) / (a + b)) ** 2
    return math.pi * (a + b) * (1 + 3 * h / (10 + math.sqrt(4 - 3 * h)))


def polygon_area(points: Sequence[Point]) -> float:
    """Return the area within a closed line, in square pixels (Gauss); one that crosses itself counts by turns."""
    xs, ys = np.array(points, dtype=np.float64).T
    return float(abs(np.dot(xs, np.roll(ys, -1)) - np.dot(ys, np.roll(xs, -1))) / 2)


def edge_length(points: Sequence[Point], step: Point) -> float:
    """Return the length of a closed line.

    Args:
        points: it goes through.
        step: what one pixel is across and down.
    """
    scaled = np.array(points, dtype=np.float64) * np.array(step)
    return float(np.linalg.norm(scaled - np.roll(scaled, -1, axis=0), axis=1).sum())


def bounds(mark: Mark, columns: int, rows: int) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of the pixels that may lie in a region; the last ones do not."""
    low, high = _reach(mark)
    left, top = np.maximum(np.floor(low), 0).astype(int)
    right, bottom = np.minimum(np.ceil(high), [columns, rows]).astype(int)
    return int(left), int(top), max(int(right), int(left)), max(int(bottom), int(top))


def reaches_beyond(mark: Mark, columns: int, rows: int) -> bool:
    """Return whether a part of a region lies outside a picture of this size."""
    low, high = _reach(mark)
    return bool((low < -_EDGE).any() or (high > np.array((columns, rows)) + _EDGE).any())


def _reach(mark: Mark) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    points = np.array(mark.points, dtype=np.float64)
    if mark.kind != "ellipse":
        return points.min(axis=0), points.max(axis=0)
    middle = (points[0] + points[1]) / 2
    reach = np.hypot(points[1] - middle, points[3] - (points[2] + points[3]) / 2)
    return middle - reach, middle + reach


def inside(mark: Mark, left: int, right: int, top: int, bottom: int) -> NDArray[np.bool_]:
    """Return which pixels of a part of the image lie in a region; shape ``(bottom - top, right - left)``."""
    if mark.kind == "free":
        return _in_polygon(mark.points, left, right, top, bottom)
    xs, ys = np.arange(left, right) + 0.5, (np.arange(top, bottom) + 0.5)[:, None]
    if mark.kind == "rectangle":
        (x1, x2), (y1, y2) = (sorted(pair) for pair in zip(*mark.points, strict=True))
        return np.asarray((xs >= x1) & (xs < x2) & (ys >= y1) & (ys < y2))
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = mark.points
    ux, uy, vx, vy = (bx - ax) / 2, (by - ay) / 2, (dx - cx) / 2, (dy - cy) / 2
    determinant = ux * vy - uy * vx
    if abs(determinant) < 1e-9:
        return np.zeros((bottom - top, right - left), dtype=bool)
    away_x, away_y = xs - (ax + bx) / 2, ys - (ay + by) / 2
    along, aside = away_x * vy - away_y * vx, away_y * ux - away_x * uy
    return np.asarray(along**2 + aside**2 <= determinant**2)


def _in_polygon(points: Sequence[Point], left: int, right: int, top: int, bottom: int) -> NDArray[np.bool_]:
    """Return the inside of a closed line by turns: each edge changes the side for all pixels to its right."""
    starts = np.array(points, dtype=np.float64)
    ends = np.roll(starts, -1, axis=0)
    turns = np.zeros((bottom - top, right - left + 1), dtype=np.int32)
    first = np.clip(np.ceil(np.minimum(starts[:, 1], ends[:, 1]) - 0.5), top, bottom).astype(int)
    last = np.clip(np.ceil(np.maximum(starts[:, 1], ends[:, 1]) - 0.5), top, bottom).astype(int)
    counts = np.maximum(last - first, 0)
    edge = np.repeat(np.arange(len(starts)), counts)
    rows = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts) + first[edge]
    (x1, y1), (x2, y2) = starts[edge].T, ends[edge].T
    crossing = x1 + (rows + 0.5 - y1) * (x2 - x1) / (y2 - y1)
    columns = np.clip(np.ceil(crossing - 0.5), left, right).astype(int)
    np.add.at(turns, (rows - top, columns - left), 1)
    return np.asarray(np.cumsum(turns[:, :-1], axis=1) % 2 == 1)
