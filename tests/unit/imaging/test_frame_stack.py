"""A series in memory: a screen never waits for a picture that is being decoded."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from clinic_app.foundation.errors import NotFoundError, UnreadableFileError
from clinic_app.imaging.stack import FrameStack, Place


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
