"""Memory two processes share: pixels need no pipe, and a child that was taken over can do no more than show lies."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import imagecodecs
import numpy as np
import pytest

from clinic_app.foundation.apart import HERE, Answer, Children, CodedFrame
from clinic_app.foundation.apart import child as child_module
from clinic_app.foundation.apart import children as children_module
from clinic_app.foundation.apart.jobs import receive_answer, receive_job, send
from clinic_app.foundation.apart.shared_place import SharedPlace, found, made

RAMP = np.arange(64 * 80, dtype=np.uint16).reshape(64, 80)
CODED = imagecodecs.jpegls_encode(RAMP)
EXPECTED = CodedFrame("jpeg-ls", shape=RAMP.shape, kind="<u2")


@pytest.fixture
def place() -> Iterator[SharedPlace]:
    there = made(1 << 16)
    assert there is not None
    yield there
    there.close()


def test_an_answer_lies_in_the_memory_and_not_in_the_pipe() -> None:
    memory, pipe = memoryview(bytearray(64)), io.BytesIO()
    send(pipe, Answer((4,)), b"abcd", memory)
    assert b"abcd" not in pipe.getvalue()
    assert bytes(memory[:4]) == b"abcd"
    pipe.seek(0)
    assert receive_answer(pipe, memory)[1] == b"abcd"


def test_a_job_lies_at_the_end_so_that_the_answer_can_be_written_at_the_beginning() -> None:
    memory, pipe = memoryview(bytearray(64)), io.BytesIO()
    send(pipe, CodedFrame("jpeg"), b"abcd", memory)
    assert bytes(memory[-4:]) == b"abcd"
    pipe.seek(0)
    body = receive_job(pipe, memory)[1]
    assert bytes(body) == b"abcd"
    assert isinstance(body, memoryview)  # not copied: whoever asked waits


def test_an_answer_is_copied_before_anybody_looks_at_it() -> None:
    memory, pipe = memoryview(bytearray(64)), io.BytesIO()
    send(pipe, Answer((4,)), b"abcd", memory)
    pipe.seek(0)
    got = receive_answer(pipe, memory)[1]
    memory[:4] = b"else"
    assert got == b"abcd"


def test_what_is_too_large_for_the_memory_goes_through_the_pipe() -> None:
    memory, pipe = memoryview(bytearray(8)), io.BytesIO()
    send(pipe, Answer((20,)), b"x" * 20, memory)
    assert b"x" * 20 in pipe.getvalue()
    pipe.seek(0)
    assert receive_answer(pipe, memory)[1] == b"x" * 20


def test_an_answer_with_nothing_in_it_is_empty_whatever_lies_in_the_memory() -> None:
    memory, pipe = memoryview(bytearray(b"old pixels")), io.BytesIO()
    send(pipe, Answer(fault="no"), b"", memory)
    pipe.seek(0)
    assert receive_answer(pipe, memory)[1] == b""


@pytest.mark.parametrize("memory", [memoryview(bytearray(8)), None], ids=["small", "none"])
def test_a_message_that_claims_more_than_the_memory_holds_is_none(memory: memoryview | None) -> None:
    pipe = io.BytesIO()
    send(pipe, Answer((9,)), b"x" * 9, memoryview(bytearray(16)))
    pipe.seek(0)
    with pytest.raises(EOFError):
        receive_answer(pipe, memory)


def test_a_picture_as_it_is_expected_is_decoded_where_it_is_read_from() -> None:
    room = memoryview(bytearray(RAMP.nbytes + 100))
    answer, pixels = HERE.run(EXPECTED, CODED, room)
    assert (answer.shape, answer.kind) == (RAMP.shape, "<u2")
    assert bytes(room[: RAMP.nbytes]) == RAMP.tobytes() == bytes(pixels)


@pytest.mark.parametrize(
    "expected",
    [
        CodedFrame("jpeg-ls", shape=(64, 81), kind="<u2"),
        CodedFrame("jpeg-ls", shape=(64, 80), kind="|u1"),
        CodedFrame("jpeg-ls", shape=(64, 80), kind="<f8"),
        CodedFrame("jpeg-ls", shape=(64_000, 64_000), kind="<u2"),
        CodedFrame("jpeg-ls", shape=(-64, -80), kind="<u2"),
        CodedFrame("jpeg-ls", shape=(0,), kind="<u2"),
        CodedFrame("jpeg-ls"),
    ],
)
def test_a_picture_other_than_expected_is_decoded_all_the_same(expected: CodedFrame) -> None:
    answer, pixels = HERE.run(expected, CODED, memoryview(bytearray(1 << 16)))
    assert (answer.shape, answer.kind) == (RAMP.shape, "<u2")
    assert bytes(pixels) == RAMP.tobytes()


def test_no_more_is_decoded_into_the_memory_than_was_asked_for() -> None:
    greedy = CodedFrame("jpeg-ls", largest_bytes=100, shape=RAMP.shape, kind="<u2")
    with pytest.raises(ValueError, match="larger"):
        HERE.run(greedy, CODED, memoryview(bytearray(1 << 16)))


def test_the_child_serves_from_memory_it_shares() -> None:
    memory, asked, told = memoryview(bytearray(1 << 16)), io.BytesIO(), io.BytesIO()
    send(asked, EXPECTED, CODED, memory)
    asked.seek(0)
    child_module.serve(asked, told, place=memory)
    told.seek(0)
    assert receive_answer(told, memory)[1] == RAMP.tobytes()
    assert bytes(memory[-len(CODED) :]) == CODED  # the job was not written over while it was read


def test_a_picture_that_leaves_no_room_beside_its_job_is_answered_all_the_same() -> None:
    memory, asked, told = memoryview(bytearray(RAMP.nbytes + len(CODED) // 2)), io.BytesIO(), io.BytesIO()
    send(asked, EXPECTED, CODED, memory)
    asked.seek(0)
    child_module.serve(asked, told, place=memory)
    told.seek(0)
    assert receive_answer(told, memory)[1] == RAMP.tobytes()


def test_both_sides_see_the_same_memory(place: SharedPlace) -> None:
    place.memory[:5] = b"hello"
    code = (
        "import sys; from clinic_app.foundation.apart.shared_place import found; "
        "memory = found(sys.argv[1], 65536); assert bytes(memory[:5]) == b'hello'; memory[:5] = b'there'"
    )
    command = [sys.executable, "-c", code, place.word]
    subprocess.run(command, check=True, pass_fds=place.handles, cwd=Path(child_module.__file__).parents[3])
    assert bytes(place.memory[:5]) == b"there"


def test_a_child_that_was_taken_over_can_neither_shorten_nor_lengthen_the_memory(place: SharedPlace) -> None:
    for size in (0, 1 << 20):
        with pytest.raises(OSError, match=r"."):
            os.ftruncate(int(place.word), size)
    assert len(place.memory) == 1 << 16


def test_memory_of_another_size_than_agreed_is_not_used(place: SharedPlace) -> None:
    with pytest.raises(OSError, match="size"):
        found(str(os.dup(int(place.word))), 1 << 20)


def test_where_no_memory_was_made_none_is_found() -> None:
    assert found("", 100) is None
    assert made(0) is None


def test_children_leave_nothing_behind_however_they_end() -> None:
    def handles() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = handles()
    hasty = Children(count=1, longest_s=0.001)
    slow = imagecodecs.jpeg2k_encode(np.random.default_rng(2).integers(0, 4000, (600, 600)).astype(np.uint16), level=0)
    with pytest.raises(ValueError, match="fallen"):
        hasty.run(CodedFrame("jpeg 2000"), slow)
    hasty.close()
    kind = Children(count=1)
    assert kind.run(EXPECTED, CODED)[1] == RAMP.tobytes()
    kind.close()
    assert handles() == before


def test_a_system_without_such_memory_decodes_through_the_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children_module, "made", lambda _size: None)
    plain = Children(count=1)
    try:
        assert plain.run(EXPECTED, CODED)[1] == RAMP.tobytes()
    finally:
        plain.close()


def test_memory_the_system_refuses_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_what: object) -> int:
        raise OSError("no memory")

    monkeypatch.setattr(os, "memfd_create", refuse)
    assert made(100) is None
