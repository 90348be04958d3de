"""Our own filters against scipy's: the same numbers to the last digit that matters."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from scipy import signal

from clinic_app.waveforms.filter_design import PIECE, BlockFilter, Section, butterworth, notch

NOISE = np.random.default_rng(7).normal(0, 500, (3, 1000))


def as_sos(sections: tuple[Section, ...]) -> np.ndarray:
    return np.array([[*section.b, 1.0, *section.a] for section in sections])


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("kind", ["low", "high"])
@pytest.mark.parametrize(("edge_hz", "rate_hz"), [(0.05, 1000.0), (0.5, 249.89), (40.0, 360.0), (150.0, 500.0)])
def test_a_butterworth_filter_answers_every_frequency_as_scipys(
    order: int, kind: Literal["low", "high"], edge_hz: float, rate_hz: float
) -> None:
    frequencies = np.geomspace(0.001, rate_hz / 2 * 0.999, 200)
    theirs = signal.butter(order, edge_hz, kind, fs=rate_hz, output="sos")
    _, wanted = signal.sosfreqz(theirs, frequencies, fs=rate_hz)
    _, ours = signal.sosfreqz(as_sos(butterworth(order, edge_hz, rate_hz, kind)), frequencies, fs=rate_hz)
    np.testing.assert_allclose(ours, wanted, atol=2e-6)


@pytest.mark.parametrize(("mains_hz", "rate_hz"), [(50.0, 500.0), (60.0, 250.0)])
def test_a_notch_is_scipys_notch(mains_hz: float, rate_hz: float) -> None:
    b, a = signal.iirnotch(mains_hz, mains_hz / 2.0, fs=rate_hz)
    ours = notch(mains_hz, 2.0, rate_hz)
    np.testing.assert_allclose(ours.b, b, rtol=1e-12)
    np.testing.assert_allclose((1.0, *ours.a), a, rtol=1e-12)


@pytest.mark.parametrize("length", [1, 7, PIECE, PIECE + 1, 5 * PIECE, 1000])
def test_blocks_through_matrices_give_what_scipy_gives_sample_by_sample(length: int) -> None:
    sections = (*butterworth(1, 0.05, 500.0, "high"), *butterworth(2, 150.0, 500.0, "low"), notch(50.0, 2.0, 500.0))
    running = BlockFilter(sections)
    ours, _ = running.run(NOISE[:, :length], running.settled(np.zeros(3)))
    np.testing.assert_allclose(ours, signal.sosfilt(as_sos(sections), NOISE[:, :length]), atol=1e-7)


def test_the_state_is_carried_from_block_to_block_of_any_length() -> None:
    running = BlockFilter(butterworth(2, 40.0, 500.0, "low"))
    whole, end = running.run(NOISE, running.settled(NOISE[:, 0]))
    state, pieces = running.settled(NOISE[:, 0]), []
    for first, last in ((0, 3), (3, 3), (3, 67), (67, 400), (400, 1000)):
        piece, state = running.run(NOISE[:, first:last], state)
        pieces.append(piece)
    np.testing.assert_allclose(np.concatenate(pieces, axis=1), whole, atol=1e-8)
    np.testing.assert_allclose(state, end, atol=1e-8)


@pytest.mark.parametrize(("kind", "rest"), [("low", 300.0), ("high", 0.0)])
def test_a_signal_that_was_constant_for_ever_stays_so(kind: Literal["low", "high"], rest: float) -> None:
    running = BlockFilter(butterworth(3, 1.0, 200.0, kind))
    steady, _ = running.run(np.full((2, 500), 300.0), running.settled(np.full(2, 300.0)))
    np.testing.assert_allclose(steady, rest, atol=1e-6)
