"""Children that decode: the same answers as here, and nothing strangers send does more than end a child."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import imagecodecs
import numpy as np
import pytest
from reportlab.pdfgen.canvas import Canvas

from clinic_app.foundation.apart import HERE, RUN_LENGTHS, Answer, Children, CodedFrame, Job, PageCount, PageWish
from clinic_app.foundation.apart import child as child_module
from clinic_app.foundation.apart.jobs import receive_answer, receive_job, send
from clinic_app.foundation.apart.shared_place import SharedPlace
from clinic_app.foundation.apart.work import FAMILIES

RAMP = np.arange(48 * 64, dtype=np.uint16).reshape(48, 64)
ENCODED = {
    "jpeg": imagecodecs.jpeg8_encode((RAMP % 250).astype(np.uint8), level=100),
    "jpeg-ls": imagecodecs.jpegls_encode(RAMP),
    "jpeg 2000": imagecodecs.jpeg2k_encode(RAMP, level=0, codecformat="j2k"),
    "jpeg xl": imagecodecs.jpegxl_encode(RAMP, lossless=True),
    "jpeg lossless": imagecodecs.jpeg8_encode(RAMP, lossless=True),
}


@pytest.fixture(scope="module", params=[1 << 20, 0], ids=["shared memory", "pipe"])
def children(request: pytest.FixtureRequest) -> Iterator[Children]:
    made = Children(count=1, place_bytes=request.param)
    yield made
    made.close()


def pdf(pages: int = 2) -> bytes:
    target = io.BytesIO()
    canvas = Canvas(target, pagesize=(300, 200))
    for _ in range(pages):
        canvas.setFillColorRGB(1, 0, 0)
        canvas.rect(0, 0, 300, 100, stroke=0, fill=1)
        canvas.showPage()
    canvas.save()
    return target.getvalue()


@pytest.mark.parametrize("family", sorted(ENCODED))
def test_a_child_answers_what_is_decoded_here(children: Children, family: str) -> None:
    job = CodedFrame(family)
    here, there = HERE.run(job, ENCODED[family]), children.run(job, ENCODED[family])
    assert here[0] == there[0]
    assert bytes(here[1]) == bytes(there[1])
    if family != "jpeg":
        assert bytes(there[1]) == RAMP.tobytes()


def test_run_lengths_are_unrolled_by_planes(children: Children) -> None:
    body = np.array([1, 64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "<u4").tobytes() + bytes([253, 7])
    answer, pixels = children.run(CodedFrame(RUN_LENGTHS, planes=(1, 2, 2)), body)
    assert answer.shape == (1, 2, 2)
    assert bytes(pixels) == bytes([7, 7, 7, 7])


def test_what_cannot_be_decoded_is_a_fault_and_the_next_job_is_done(children: Children) -> None:
    for body in (b"", b"\xff\xd8\xff", b"junk" * 1000):
        with pytest.raises(ValueError, match=r"."):
            children.run(CodedFrame("jpeg"), body)
    for job in (CodedFrame("no such family"), CodedFrame(RUN_LENGTHS, planes=(1, 2, 2), bits=12)):
        with pytest.raises(ValueError, match=r"compression|larger"):
            children.run(job, b"x")
    assert children.run(CodedFrame("jpeg-ls"), ENCODED["jpeg-ls"])[0].shape == (48, 64)


def test_a_decoder_that_ends_its_thread_ends_a_child_and_no_more(children: Children) -> None:
    hostile = np.array([15, 64, 2**31, *[0] * 13], "<u4").tobytes() + b"\x80" * 7
    with pytest.raises(ValueError, match=r"."):
        children.run(CodedFrame(RUN_LENGTHS, planes=(1, 9, 9), bits=16), hostile)
    assert children.run(CodedFrame("jpeg-ls"), ENCODED["jpeg-ls"])[0].shape == (48, 64)


def test_no_more_is_decoded_than_was_asked_for(children: Children) -> None:
    with pytest.raises(ValueError, match="larger"):
        children.run(CodedFrame("jpeg-ls", largest_bytes=100), ENCODED["jpeg-ls"])


def test_a_child_takes_no_more_memory_than_it_may_and_is_followed_by_another() -> None:
    small = Children(count=1, most_memory_bytes=700 << 20)
    try:
        body = np.array([2, 64, 70, *[0] * 13], "<u4").tobytes() + b"\x81\x00" * 8
        with pytest.raises(ValueError, match=r"."):
            small.run(CodedFrame(RUN_LENGTHS, planes=(1, 20_000, 20_000), bits=16), body)  # 800 MB
        assert small.run(CodedFrame("jpeg-ls"), ENCODED["jpeg-ls"])[0].shape == (48, 64)
    finally:
        small.close()


def test_a_child_that_takes_too_long_is_ended_and_whoever_waits_is_told() -> None:
    hasty = Children(count=1, longest_s=0.001)
    try:
        slow = imagecodecs.jpeg2k_encode(
            np.random.default_rng(1).integers(0, 4000, (600, 600)).astype(np.uint16), level=0
        )
        with pytest.raises(ValueError, match="fallen"):
            hasty.run(CodedFrame("jpeg 2000"), slow)
    finally:
        hasty.close()
    with pytest.raises(ValueError, match="any more"):
        hasty.run(CodedFrame("jpeg-ls"), ENCODED["jpeg-ls"])


def test_a_child_that_falls_takes_no_picture_of_the_other_ones_with_it() -> None:
    """A series with poisoned pictures among good ones: two children, each job has one for itself."""
    pool = Children(count=2)
    poison = np.array([15, 64, 2**31, *[0] * 13], "<u4").tobytes() + b"\x80" * 7
    greedy = np.array([2, 64, 70, *[0] * 13], "<u4").tobytes() + b"\x81\x00" * 8
    good = CodedFrame("jpeg-ls"), ENCODED["jpeg-ls"]
    fatal = CodedFrame(RUN_LENGTHS, planes=(1, 9, 9), bits=16), poison
    large = CodedFrame(RUN_LENGTHS, planes=(1, 40_000, 40_000), bits=16), greedy  # 3.2 GB, more than one may take
    try:
        with ThreadPoolExecutor(4) as threads:
            series = [good, good, fatal, good, large, good, good]
            found = [threads.submit(pool.run, *each) for each in series]
            faults = [each.exception() for each in found]
        assert [isinstance(each, ValueError) for each in faults] == [each is not good for each in series]
        assert all(bytes(found[at].result()[1]) == RAMP.tobytes() for at in (0, 1, 3, 5, 6))
        assert bytes(pool.run(*good)[1]) == RAMP.tobytes()
    finally:
        pool.close()


def test_no_more_children_work_than_were_agreed() -> None:
    pool = Children(count=2)
    seen: set[int] = set()
    started = pool._started

    def counted(place: SharedPlace | None) -> subprocess.Popen[bytes]:
        child = started(place)
        seen.add(child.pid)
        return child

    pool._started = counted  # type: ignore[method-assign]
    try:
        with ThreadPoolExecutor(6) as threads:
            done = list(threads.map(lambda _n: pool.run(CodedFrame("jpeg-ls"), ENCODED["jpeg-ls"])[0].shape, range(30)))
        assert done == [(48, 64)] * 30
        assert 1 <= len(seen) <= 2
    finally:
        pool.close()


def test_pages_are_counted_and_drawn(children: Children) -> None:
    document = pdf(3)
    assert children.run(PageCount(), document)[0].shape == (3,)
    answer, body = children.run(PageWish(1, 600), document)
    assert answer.shape == (400, 600, 3)
    page = np.frombuffer(body, np.uint8).reshape(answer.shape)
    assert tuple(page[50, 300]) == (255, 255, 255)
    assert tuple(page[350, 300]) == (255, 0, 0)


def test_a_page_that_is_not_there_and_a_document_that_is_none_are_faults(children: Children) -> None:
    with pytest.raises(ValueError, match="no such page"):
        children.run(PageWish(9, 100), pdf(1))
    with pytest.raises(ValueError, match=r"."):
        children.run(PageCount(), b"%PDF-1.4 nothing follows")


def test_every_family_refuses_nonsense_with_the_same_error() -> None:
    for family in FAMILIES:
        with pytest.raises(ValueError, match=r"."):
            HERE.run(CodedFrame(family), b"\x00\x01nonsense")


def test_the_child_answers_message_by_message_until_the_input_ends() -> None:
    asked, told = io.BytesIO(), io.BytesIO()
    jobs: list[tuple[Job, bytes]] = [(CodedFrame("jpeg-ls"), ENCODED["jpeg-ls"]), (CodedFrame("jpeg"), b"no")]
    for job, body in jobs:
        send(asked, job, body)
    asked.seek(0)
    child_module.serve(asked, told)
    told.seek(0)
    first, second = receive_answer(told), receive_answer(told)
    assert b'"shape":[48,64]' in first[0]
    assert first[1] == RAMP.tobytes()
    assert b'"fault":"' in second[0]
    assert receive_answer(told) == (b"", b"")


@pytest.mark.parametrize("cut", [3, 20, 30])
def test_a_message_that_breaks_off_is_no_message(cut: int) -> None:
    whole = io.BytesIO()
    send(whole, Answer((1,)), b"body")
    with pytest.raises(EOFError):
        receive_answer(io.BytesIO(whole.getvalue()[:cut]))


def test_a_message_that_claims_more_than_anybody_may_say_is_not_waited_for() -> None:
    with pytest.raises(EOFError):
        receive_job(io.BytesIO(b"\xff" * 24))
