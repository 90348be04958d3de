"""The drawn edge moves evenly while samples come in lumps."""

from __future__ import annotations

import numpy as np

from ui.widgets.playout import MOST_DELAY_S, Playout

RATE_HZ = 500.0


def _edges(lump_s: float, seconds: float, frame_s: float = 0.016) -> np.ndarray:
    """Return the edge of every frame while lumps of ``lump_s`` arrive on time."""
    playout, edges = Playout(), []
    for frame in range(round(seconds / frame_s)):
        now_s = 50 + frame * frame_s
        end = int((now_s - 50) // lump_s) * round(lump_s * RATE_HZ)
        edges.append(playout.edge(now_s, end, RATE_HZ))
    return np.array(edges)


def test_lumps_of_a_second_are_drawn_as_an_even_flow() -> None:
    steps = np.diff(_edges(1.0, 20.0)[round(5 / 0.016) :])
    assert steps.min() > 0
    assert steps.max() < 2 * 0.016 * RATE_HZ


def test_the_edge_never_passes_the_newest_sample_and_never_goes_back() -> None:
    for lump_s in (0.02, 0.25, 1.0):
        edges = _edges(lump_s, 6.0)
        ends = np.array([(50 + frame * 0.016 - 50) // lump_s * round(lump_s * RATE_HZ) for frame in range(len(edges))])
        assert (edges <= ends).all()
        assert (np.diff(edges) >= 0).all()


def test_short_lumps_are_drawn_as_they_come_because_nobody_sees_their_steps() -> None:
    playout = Playout()
    playout.edge(0.0, 0, RATE_HZ)
    for lump in range(1, 50):
        assert playout.edge(lump * 0.02, lump * 10, RATE_HZ) == lump * 10
    assert playout.edge(1.2, 550, RATE_HZ) == 550, "one that was held back somewhere changes nothing"


def test_a_window_that_comes_late_does_not_make_lumps_of_what_came_in_time() -> None:
    playout = Playout()
    playout.edge(0.0, 0, RATE_HZ)
    for look in range(1, 30):
        assert playout.edge(look * 0.2, look * 100, RATE_HZ) == look * 100


def test_a_device_that_begins_to_send_in_lumps_is_played_out_evenly() -> None:
    playout, edges = Playout(), []
    for frame in range(round(20 / 0.016)):
        now_s = frame * 0.016
        lump_s = 0.02 if now_s < 5 else 1.0
        edges.append(playout.edge(now_s, int(now_s // lump_s * lump_s * RATE_HZ), RATE_HZ))
    steps = np.diff(edges[round(12 / 0.016) :])
    assert steps.min() > 0
    assert steps.max() < 2 * 0.016 * RATE_HZ


def test_after_a_long_silence_the_edge_is_near_the_newest_sample_at_once() -> None:
    playout = Playout()
    playout.edge(0.0, 0, RATE_HZ)
    playout.edge(0.25, 125, RATE_HZ)
    edge = playout.edge(20.0, 10_000, RATE_HZ)
    assert 10_000 - edge <= MOST_DELAY_S * RATE_HZ


def test_a_new_stream_begins_at_its_own_start() -> None:
    playout = Playout()
    playout.edge(0.0, 90_000, RATE_HZ)
    assert playout.edge(1.0, 100, RATE_HZ) == 100
