"""Recursive filters made by hand: Butterworth sections and notches, and the matrices that run them block by block.

A recursive filter goes from sample to sample, which Python is too slow for. Written as a state space it needs matrices
only: what a whole block gives follows from the state before it and from its samples, and so does the state after it.
Sources: bilinear transform with prewarping (Oppenheim, Schafer, "Discrete-Time Signal Processing", 7.2); the notch is
the second-order one of Orfanidis, "Introduction to Signal Processing", 11.3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
PIECE: Final = 64
"""Samples that go through the matrices at once."""


@dataclass(frozen=True)
class Section:
    """One section of at most second order: ``(b0 + b1/z + b2/z2) / (1 + a1/z + a2/z2)``."""

    b: tuple[float, float, float]
    a: tuple[float, float]


def butterworth(order: int, edge_hz: float, rate_hz: float, kind: Literal["low", "high"]) -> tuple[Section, ...]:
    """Return the sections of a Butterworth filter.

    Args:
        order: poles, >= 1; one pole is the plain RC filter of the standards.
        edge_hz: where the gain is 3 dB down, below half of the rate.
        rate_hz: samples per second.
        kind: which side passes.
    """
    warped = math.tan(math.pi * edge_hz / rate_hz)
    sections = [_pair(warped, 2 * math.sin(math.pi * (2 * k + 1) / (2 * order)), kind) for k in range(order // 2)]
    if order % 2:
        sections.append(_single(warped, kind))
    return tuple(sections)


def notch(centre_hz: float, width_hz: float, rate_hz: float) -> Section:
    """Return a section that takes one frequency away.

    Args:
        centre_hz: what goes.
        width_hz: between the points where the gain is 3 dB down; narrow filters ring longer.
        rate_hz: samples per second.
    """
    gain = 1 / (1 + math.tan(math.pi * width_hz / rate_hz))
    middle = -2 * math.cos(2 * math.pi * centre_hz / rate_hz) * gain
    return Section((gain, middle, gain), (middle, 2 * gain - 1))


def _pair(warped: float, damping: float, kind: Literal["low", "high"]) -> Section:
    square = warped * warped
    scale = 1 / (1 + damping * warped + square)
    a = (2 * (square - 1) * scale, (1 - damping * warped + square) * scale)
    if kind == "low":
        return Section((square * scale, 2 * square * scale, square * scale), a)
    return Section((scale, -2 * scale, scale), a)


def _single(warped: float, kind: Literal["low", "high"]) -> Section:
    scale = 1 / (1 + warped)
    a = ((warped - 1) * scale, 0.0)
    if kind == "low":
        return Section((warped * scale, warped * scale, 0.0), a)
    return Section((scale, -scale, 0.0), a)


class BlockFilter:
    """Sections in a row, run over channels block by block; whoever calls keeps the state.

    Args:
        sections: at least one; in the order in which the signal passes them.

    With the state ``x``: ``y = C x + D u`` and ``x' = A x + B u`` for one sample; the matrices do `PIECE` of them.
    """

    def __init__(self, sections: tuple[Section, ...]) -> None:
        a, b, c, d = _in_a_row(sections)
        order = len(a)
        self._order = order
        self._powers = np.empty((PIECE + 1, order, order))
        self._powers[0] = np.eye(order)
        for step in range(PIECE):
            self._powers[step + 1] = a @ self._powers[step]
        self._seen = np.stack([c @ power for power in self._powers[:PIECE]])
        reached = np.stack([power @ b for power in self._powers[:PIECE]])
        self._reached = reached[::-1].copy()
        answer = np.concatenate([[d], reached @ c])[:PIECE]
        lag = np.arange(PIECE)[:, np.newaxis] - np.arange(PIECE)
        self._answer = np.where(lag >= 0, answer[np.abs(lag)], 0.0).T.copy()
        self._settled = np.linalg.solve(np.eye(order) - a, b)

    def settled(self, level: Matrix) -> Matrix:
        """Return the state after a signal that was constant for ever: ``level`` of shape (c,) gives (c, order)."""
        return np.asarray(level)[:, np.newaxis] * self._settled

    def run(self, samples: Matrix, state: Matrix) -> tuple[Matrix, Matrix]:
        """Return the filtered samples and the state after them.

        Args:
            samples: shape (channels, n), finite.
            state: shape (channels, order).
        """
        channels, length = samples.shape
        whole = length // PIECE
        result = np.empty((channels, length))
        if whole:
            pieces = samples[:, : whole * PIECE].reshape(channels, whole, PIECE)
            pushed = pieces @ self._reached
            states = np.empty((channels, whole, self._order))
            step = self._powers[PIECE].T
            for index in range(whole):
                states[:, index] = state
                state = state @ step + pushed[:, index]
            answered = pieces @ self._answer + states @ self._seen.T
            result[:, : whole * PIECE] = answered.reshape(channels, whole * PIECE)
        rest = samples[:, whole * PIECE :]
        count = rest.shape[1]
        if count:
            result[:, whole * PIECE :] = rest @ self._answer[:count, :count] + state @ self._seen[:count].T
            state = state @ self._powers[count].T + rest @ self._reached[PIECE - count :]
        return result, state


def _in_a_row(sections: tuple[Section, ...]) -> tuple[Matrix, Matrix, Matrix, float]:
    a, b, c, d = np.zeros((0, 0)), np.zeros(0), np.zeros(0), 1.0
    for section in sections:
        (b0, b1, b2), (a1, a2) = section.b, section.a
        own_a = np.array([[-a1, 1.0], [-a2, 0.0]])
        own_b = np.array([b1 - a1 * b0, b2 - a2 * b0])
        own_c = np.array([1.0, 0.0])
        order = len(b)
        joined = np.zeros((order + 2, order + 2))
        joined[:order, :order] = a
        joined[order:, :order] = np.outer(own_b, c)
        joined[order:, order:] = own_a
        a, b = joined, np.concatenate([b, own_b * d])
        c, d = np.concatenate([b0 * c, own_c]), b0 * d
    return a, b, c, d
