"""The parts of a multipart answer: whatever the chunks, whatever the lies."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.imaging.network.multipart import boundary_of, parts

KIND = 'multipart/related; type="application/dicom"; boundary=b1'
BODIES = (b"first", b"", b"\r\n--b", bytes(range(256)) * 9)


def answer(*bodies: bytes, head: bytes = b"Content-Type: application/dicom\r\n", end: bytes = b"--b1--\r\n") -> bytes:
    return b"".join(b"--b1\r\n" + head + b"\r\n" + body + b"\r\n" for body in bodies) + end


def chunks(data: bytes, size: int) -> Iterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 10_000])
def test_parts_are_found_whatever_the_chunks(size: int) -> None:
    assert list(parts(chunks(answer(*BODIES), size), b"b1")) == list(BODIES)


@pytest.mark.parametrize(
    "data",
    [
        b"preamble\r\n" + answer(*BODIES),
        answer(*BODIES, head=b""),
        answer(*BODIES).replace(b"--b1\r\n", b"--b1  \r\n"),
        answer(*BODIES) + b"epilogue",
    ],
    ids=["preamble", "no head", "blanks", "epilogue"],
)
def test_what_the_rfc_allows_is_read(data: bytes) -> None:
    assert list(parts(chunks(data, 11), b"b1")) == list(BODIES)


@pytest.mark.parametrize("cut", [0, 3, 20, 45, 60, 2000])
def test_a_cut_answer_is_said_to_be_cut(cut: int) -> None:
    with pytest.raises(UnreadableFileError, match="cut short"):
        list(parts(chunks(answer(*BODIES)[:cut], 5), b"b1"))


def endless(piece: bytes) -> Iterator[bytes]:
    while True:
        yield piece


@pytest.mark.parametrize(
    "begin",
    [b"", b"--b1\r\nX: ", b"--b1\r\n\r\n", b"--b1"],
    ids=["no boundary", "endless head", "endless body", "endless line"],
)
def test_nothing_without_end_is_kept(begin: bytes) -> None:
    def data() -> Iterator[bytes]:
        yield begin
        yield from endless(b"y" * 4096)

    with pytest.raises(UnreadableFileError):
        list(parts(data(), b"b1", most_bytes=1 << 20))


def test_a_part_that_is_too_large_is_refused_and_those_before_are_given() -> None:
    data = parts(chunks(answer(b"small", b"x" * 5000), 512), b"b1", most_bytes=1000)
    assert next(data) == b"small"
    with pytest.raises(UnreadableFileError, match="too large"):
        next(data)


@pytest.mark.parametrize(
    ("kind", "boundary"),
    [
        (KIND, b"b1"),
        ('multipart/related; boundary="a b=c"; type=x', b"a b=c"),
        ("Multipart/Related;BOUNDARY=q", b"q"),
    ],
)
def test_the_boundary_is_read(kind: str, boundary: bytes) -> None:
    assert boundary_of(kind) == boundary


@pytest.mark.parametrize(
    "kind",
    ["", "application/dicom", "multipart/related", f"multipart/related; boundary={'x' * 71}", "text/html; boundary=x"],
)
def test_what_is_no_multipart_answer_is_refused(kind: str) -> None:
    with pytest.raises(UnreadableFileError):
        boundary_of(kind)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=4), st.integers(1, 40))
def test_every_body_comes_back(bodies: list[bytes], size: int) -> None:
    clean = [body for body in bodies if b"--b1" not in body]
    assert list(parts(chunks(answer(*clean), size), b"b1")) == clean if clean else True
