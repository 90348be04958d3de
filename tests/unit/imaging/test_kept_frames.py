"""Decoded pictures in memory: bounded over all series, those looked at last stay, a closed series keeps nothing."""

from __future__ import annotations

import gc
import threading
from pathlib import Path

import numpy as np
from pydicom.data import get_testdata_file

from clinic_app.imaging import Frame, FrameStack
from clinic_app.imaging.kept_frames import KeptFrames
from clinic_app.imaging.stack import Place
from tests.helpers.frames import made_frame

EACH = 32 * 32 * 2


def picture(value: int = 1) -> Frame:
    stored = np.full((32, 32), value, np.int16)
    stored[0, 0] = 0
    return made_frame(stored)


def content(name: str) -> bytes:
    return Path(str(get_testdata_file(name, download=False))).read_bytes()


def test_the_ones_nobody_looked_at_for_the_longest_time_make_room() -> None:
    kept = KeptFrames(3 * EACH)
    series = kept.new_series()
    for number in range(3):
        kept.put(series, number, picture(number + 1))
    assert kept.get(series, 0) is not None  # looked at: the second is the oldest now
    kept.put(series, 3, picture())
    assert [kept.has(series, number) for number in range(4)] == [True, False, True, True]
    assert kept.size_bytes == 3 * EACH


def test_asking_whether_it_is_there_is_no_look() -> None:
    kept = KeptFrames(2 * EACH)
    series = kept.new_series()
    kept.put(series, 0, picture())
    kept.put(series, 1, picture())
    assert kept.has(series, 0)
    kept.put(series, 2, picture())
    assert not kept.has(series, 0)


def test_a_picture_larger_than_the_memory_is_kept_alone() -> None:
    kept = KeptFrames(10)
    series = kept.new_series()
    kept.put(series, 0, picture())
    kept.put(series, 1, picture())
    assert not kept.has(series, 0)
    assert kept.get(series, 1) is not None


def test_the_same_picture_put_again_is_counted_once() -> None:
    kept = KeptFrames()
    series = kept.new_series()
    kept.put(series, 0, picture())
    kept.put(series, 0, picture())
    assert kept.size_bytes == EACH


def test_two_series_share_the_memory_and_do_not_take_one_another_for_themselves() -> None:
    kept = KeptFrames(2 * EACH)
    ours, theirs = kept.new_series(), kept.new_series()
    kept.put(ours, 0, picture())
    assert kept.get(theirs, 0) is None
    kept.put(theirs, 0, picture())
    kept.put(theirs, 1, picture())
    assert not kept.has(ours, 0)
    kept.forget(theirs)
    assert kept.size_bytes == 0


def test_a_series_that_is_closed_keeps_nothing() -> None:
    kept = KeptFrames()
    stack = FrameStack((Place("1.2", "CT_small.dcm", 0),), content, kept=kept)
    stack.frame(0)
    assert stack.has(0)
    assert kept.size_bytes > 0
    del stack
    gc.collect()
    assert kept.size_bytes == 0


def test_nine_series_together_stay_within_one_memory() -> None:
    kept = KeptFrames(2 * 128 * 128 * 2)
    stacks = [FrameStack((Place("1.2", "CT_small.dcm", 0),), content, kept=kept) for _pane in range(9)]
    for stack in stacks:
        stack.frame(0)
    assert [stack.has(0) for stack in stacks] == [False] * 7 + [True] * 2


def test_threads_that_put_and_forget_leave_the_count_right() -> None:
    kept = KeptFrames(20 * EACH)
    one = picture()

    def work() -> None:
        series = kept.new_series()
        for number in range(60):
            kept.put(series, number, one)
            kept.get(series, number // 2)
        kept.forget(series)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert kept.size_bytes == 0
