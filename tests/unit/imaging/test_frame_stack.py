"""A series in memory: a screen never waits for a picture that is being decoded."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file

from clinic_app.foundation.apart import HERE, Answer, Job
from clinic_app.foundation.errors import NotFoundError, UnreadableFileError
from clinic_app.imaging.stack import FrameStack, Place
from tests.helpers.waiting import wait_until


def content(sha256: str) -> bytes:
    if sha256 == "damaged":
        return b"no image at all"
    return Path(str(get_testdata_file(sha256, download=False))).read_bytes()


def stack_of(*names: str) -> FrameStack:
    return FrameStack(tuple(Place(str(i), name, 0) for i, name in enumerate(names)), content)


def test_a_picture_is_kept_once_it_was_decoded() -> None:
    stack = stack_of("CT_small.dcm", "MR_small.dcm")
    assert stack.kept(0) is None
    assert stack.kept(0) is None
    first = stack.frame(0)
    assert stack.kept(0) is first
    assert stack.frame(0) is first


def test_a_damaged_picture_does_not_stop_the_others() -> None:
    stack = stack_of("CT_small.dcm", "damaged", "MR_small.dcm")
    with pytest.raises(UnreadableFileError):
        stack.frame(1)
    assert stack.frame(2).rows == 64
    assert stack.frame(0).rows == 128


def test_there_is_no_picture_outside_the_series() -> None:
    with pytest.raises(NotFoundError):
        stack_of("CT_small.dcm").frame(1)
    assert stack_of("CT_small.dcm").kept(7) is None


def test_asking_for_a_kept_picture_does_not_wait_for_one_that_is_read() -> None:
    reading, go_on = threading.Event(), threading.Event()

    def slow(sha256: str) -> bytes:
        if sha256 == "MR_small.dcm":
            reading.set()
            assert go_on.wait(10)
        return content(sha256)

    stack = FrameStack((Place("0", "CT_small.dcm", 0), Place("1", "MR_small.dcm", 0)), slow)
    kept = stack.frame(0)
    worker = threading.Thread(target=lambda: stack.frame(1))
    worker.start()
    try:
        assert reading.wait(10)
        assert stack.frame(0) is kept
        assert stack.kept(1) is None
    finally:
        go_on.set()
        worker.join(10)
    assert stack.kept(1) is not None


def test_a_key_image_finds_its_place() -> None:
    stack = FrameStack((Place("1.2", "a", 0), Place("1.3", "b", 0), Place("1.3", "b", 1)), content)
    assert stack.position_of("1.3", 2) == 2
    assert stack.position_of("9.9", 1) == 0


def test_a_loop_says_how_fast_it_runs_and_a_stack_of_files_does_not() -> None:
    loop = FrameStack(tuple(Place("1", "examples_ybr_color.dcm", index) for index in range(30)), content)
    assert (loop.timing().is_stated, round(loop.timing().rate_hz)) == (True, 30)
    assert not stack_of("CT_small.dcm", "MR_small.dcm").timing().is_stated
    with pytest.raises(UnreadableFileError):
        stack_of("damaged").timing()


def test_planes_are_read_without_decoding_and_a_damaged_file_has_none() -> None:
    stack = stack_of("CT_small.dcm", "damaged", "MR_small.dcm")
    first, second, third = stack.planes(0, 3)
    assert stack.kept(0) is None
    assert (first is not None, second, third is not None) == (True, None, True)
    assert first is not None
    assert first.position == stack.frame(0).plane.position  # type: ignore[union-attr]
    assert stack.planes(2, 3) == (third,)
    assert stack.planes(3, 9) == ()


class Gate:
    """Decodes here, but not before it is opened; remembers how many waited at the same time."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.waiting = 0
        self.most = 0
        self.jobs = 0
        self._counting = threading.Lock()

    def run(self, job: Job, body: bytes) -> tuple[Answer, bytes | memoryview]:
        with self._counting:
            self.jobs, self.waiting = self.jobs + 1, self.waiting + 1
            self.most = max(self.most, self.waiting)
        assert self.open.wait(10)
        with self._counting:
            self.waiting -= 1
        if b"poison" in body:
            raise ValueError("the decoder has fallen")
        return HERE.run(job, body)


JPEGS = ("JPGExtended.dcm", "JPEG2000.dcm", "examples_ybr_color.dcm")


def gated(names: tuple[str, ...], gate: Gate, read: Callable[[str], bytes] = content) -> FrameStack:
    return FrameStack(tuple(Place(str(i), name, 0) for i, name in enumerate(names)), read, gate)


def test_while_one_picture_is_decoded_the_next_ones_are_prepared() -> None:
    gate = Gate()
    stack = gated(JPEGS, gate)
    with ThreadPoolExecutor(len(JPEGS)) as threads:
        found = [threads.submit(stack.frame, number) for number in range(len(JPEGS))]
        wait_until(lambda: gate.waiting == len(JPEGS), what="all to be with the decoder")
        gate.open.set()
        sizes = [each.result().rows for each in found]
    assert gate.most == len(JPEGS)
    assert sizes == [stack_of(*JPEGS).frame(number).rows for number in range(len(JPEGS))]


def test_pictures_of_one_file_are_decoded_side_by_side_and_stay_their_own() -> None:
    gate = Gate()
    stack = FrameStack(tuple(Place("1", JPEGS[2], index) for index in range(3)), content, gate)
    with ThreadPoolExecutor(3) as threads:
        found = [threads.submit(stack.frame, number) for number in range(3)]
        wait_until(lambda: gate.waiting == 3, what="three of one film")
        gate.open.set()
        frames = [each.result() for each in found]
    alone = FrameStack(tuple(Place("1", JPEGS[2], index) for index in range(3)), content)
    for number, frame in enumerate(frames):
        assert frame.frame_number == number + 1
        np.testing.assert_array_equal(frame.stored, alone.frame(number).stored)


def test_whoever_asks_for_the_same_picture_gets_the_same_one() -> None:
    gate = Gate()
    stack = gated(JPEGS, gate)
    with ThreadPoolExecutor(2) as threads:
        found = [threads.submit(stack.frame, 0) for _ in range(2)]
        wait_until(lambda: gate.waiting == 1, what="one of them to be with the decoder")
        gate.open.set()
        assert found[0].result() is found[1].result()
    assert gate.jobs == 1


def test_a_picture_that_fells_a_decoder_takes_no_other_with_it() -> None:
    def read(name: str) -> bytes:
        found = bytearray(content(JPEGS[0]))
        if name == "poisoned":
            found[-600:-594] = b"poison"
        return bytes(found)

    gate = Gate()
    stack = gated(("good", "poisoned", "also good"), gate, read)
    with ThreadPoolExecutor(4) as threads:
        found = [threads.submit(stack.frame, number) for number in (0, 1, 2, 1)]
        wait_until(lambda: gate.waiting == 3, what="all three")
        gate.open.set()
        errors = [each.exception() for each in found]
    assert [type(each) for each in errors] == [type(None), UnreadableFileError, type(None), UnreadableFileError]
    assert stack.kept(1) is None


def test_what_is_asked_of_a_series_is_answered_while_a_picture_is_with_the_decoder() -> None:
    gate = Gate()
    stack = FrameStack(tuple(Place("1", JPEGS[2], index) for index in range(30)), content, gate)
    with ThreadPoolExecutor(1) as threads:
        found = threads.submit(stack.frame, 0)
        wait_until(lambda: gate.waiting == 1, what="it to be with the decoder")
        assert round(stack.timing().rate_hz) == 30
        assert len(stack.planes(0, 2)) == 2
        gate.open.set()
        assert found.result().is_colour
