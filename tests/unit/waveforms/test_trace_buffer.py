"""The ring of the newest samples: gaps look like gaps, late duplicates change nothing newer."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clinic_app.waveforms.trace_buffer import TraceBuffer


def block(first: int, n: int) -> np.ndarray:
    return np.arange(first, first + n, dtype=np.float32)[np.newaxis]


def test_newest_sample_is_last() -> None:
    buffer = TraceBuffer(1, Fraction(10), 10)
    buffer.write(0, block(0, 25))
    assert buffer.end_index == 25
    assert buffer.read(20, 25)[0].tolist() == [20, 21, 22, 23, 24]


def test_lost_block_is_nan_not_flat() -> None:
    buffer = TraceBuffer(1, Fraction(10), 10)
    buffer.write(0, block(0, 5))
    buffer.write(10, block(10, 5))
    read = buffer.read(0, 15)[0]
    assert np.isnan(read[5:10]).all()
    assert read[10:].tolist() == [10, 11, 12, 13, 14]


def test_late_block_fills_its_gap() -> None:
    buffer = TraceBuffer(1, Fraction(10), 10)
    buffer.write(0, block(0, 5))
    buffer.write(10, block(10, 5))
    buffer.write(5, block(5, 5))
    assert buffer.read(0, 15)[0].tolist() == list(range(15))


def test_what_is_older_than_the_window_is_gone_and_says_so() -> None:
    buffer = TraceBuffer(1, Fraction(10), 2)
    buffer.write(0, block(0, 50))
    assert np.isnan(buffer.read(0, 30)[0]).all()
    assert buffer.read(30, 50)[0].tolist() == list(range(30, 50))
    buffer.write(0, block(0, 5))
    assert buffer.read(30, 50)[0].tolist() == list(range(30, 50))


def test_what_has_not_come_is_nan() -> None:
    buffer = TraceBuffer(2, Fraction(10), 2)
    assert np.isnan(buffer.read(-5, 5)).all()


def test_a_reader_gets_a_copy() -> None:
    buffer = TraceBuffer(1, Fraction(10), 2)
    buffer.write(0, block(0, 5))
    buffer.read(0, 5)[:] = 99
    assert buffer.read(0, 5)[0].tolist() == [0, 1, 2, 3, 4]


def test_a_reader_does_not_wait_for_a_writer() -> None:
    buffer = TraceBuffer(1, Fraction(10), 2)
    buffer.write(0, block(0, 20))
    with buffer._lock:  # a device that writes and is not let run just now
        assert buffer.read(15, 20)[0].tolist() == [15, 16, 17, 18, 19]
        assert buffer.end_index == 20


def test_what_is_being_overwritten_is_not_shown_as_old_samples() -> None:
    class Slow(np.ndarray):
        """A ring that is overwritten while somebody copies it."""

        def __getitem__(self, place: object) -> object:
            if meanwhile:
                index = meanwhile.pop()
                buffer.write(index, block(index, 5))
            return np.asarray(super().__getitem__(place))  # type: ignore[index]

    meanwhile: list[int] = []
    buffer = TraceBuffer(1, Fraction(10), 2)
    buffer.write(0, block(0, 20))
    buffer._ring = buffer._ring.view(Slow)
    meanwhile.append(20)
    read = buffer.read(0, 20)[0]
    assert np.isnan(read[:5]).all(), "the newest samples stand in the places of the oldest"
    assert read[5:].tolist() == list(range(5, 20))
    assert buffer.read(5, 25)[0].tolist() == list(range(5, 25))


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 60)), max_size=30))
def test_every_kept_sample_is_itself_or_nan(blocks: list[tuple[int, int]]) -> None:
    buffer = TraceBuffer(1, Fraction(10), 5)
    written: set[int] = set()
    for first, n in blocks:
        buffer.write(first, block(first, n))
        written |= set(range(first, first + n))
    read = buffer.read(0, 400)[0]
    for index, value in enumerate(read):
        assert np.isnan(value) or (value == index and index in written)
    newest = range(max(buffer.end_index - 10, 0), buffer.end_index)
    assert all(np.isnan(read[i]) == (i not in written) for i in newest)
