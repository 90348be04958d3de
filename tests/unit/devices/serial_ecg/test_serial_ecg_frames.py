"""The frames of a serial ECG amplifier: the bytes of the description for makers, and what noise cannot do."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_app.devices.serial_ecg.frames import (
    LARGEST_FRAME_BYTES,
    Description,
    FrameSplitter,
    SampleFrame,
    build_description,
    build_samples,
    checked,
    framed,
    read_description,
    read_samples,
    stuffed,
    unstuffed,
)

WHAT = Description(0x01020304, Fraction(500), 1000, ("MDC_ECG_LEAD_I", "MDC_ECG_LEAD_II"), "ECG-1")
SAMPLES = SampleFrame(0x01020304, 7, False, frozenset(), np.array([[1, -1], [256, 0]], np.int16))


def test_the_bytes_are_those_of_the_description_for_makers() -> None:
    assert build_description(WHAT).hex(" ") == (
        "01 01 04 03 02 01 f4 01 00 00 01 00 e8 03 00 00 02 01 02 45 43 47 2d 31"
    )
    assert build_samples(SAMPLES).hex(" ") == "02 04 03 02 01 07 00 00 00 00 00 00 02 01 00 00 01 ff ff 00 00"
    assert framed(b"\x02\x00\x01").hex(" ") == "02 02 06 01 ea 3d c2 8b 00"


@pytest.mark.parametrize(
    ("plain", "wire"),
    [
        (b"", "01"),
        (b"\x00", "01 01"),
        (b"\x00\x00", "01 01 01"),
        (b"\x11\x22\x00\x33", "03 11 22 02 33"),
        (b"\x11\x00\x00\x00", "02 11 01 01 01"),
    ],
)
def test_stuffing_vectors(plain: bytes, wire: str) -> None:
    assert stuffed(plain).hex(" ") == wire
    assert unstuffed(bytes.fromhex(wire)) == plain


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=800) | st.integers(250, 520).map(lambda size: b"\x01" * size))
def test_what_was_stuffed_holds_no_zero_and_comes_back(data: bytes) -> None:
    assert b"\x00" not in stuffed(data)
    assert unstuffed(stuffed(data)) == data


@pytest.mark.parametrize("wire", [b"\x00", b"\x05\x01", b"\x02", b"\xff" + b"\x01" * 10])
def test_what_is_no_stuffing_is_none(wire: bytes) -> None:
    assert unstuffed(wire) is None


def test_what_is_built_is_read() -> None:
    assert read_description(build_description(WHAT)) == WHAT
    assert (
        read_description(build_description(Description(1, Fraction(24989, 100), 1, ("MDC_ECG_LEAD_V6",), "")))
        is not None
    )
    frame = SampleFrame(9, 2**32 - 1, True, frozenset((1,)), np.array([[1, 2, 3], [-4, -5, -6]], np.int16))
    read = read_samples(build_samples(frame), 2)
    assert read is not None
    assert (read.run, read.first, read.is_clipped, read.off) == (9, 2**32 - 1, True, frozenset((1,)))
    assert (read.steps == frame.steps).all()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x01",
        build_samples(SAMPLES),
        build_description(WHAT)[:-7],
        bytes([1, 2]) + build_description(WHAT)[2:],
        build_description(WHAT)[:10] + b"\x00\x00" + build_description(WHAT)[12:],
        build_description(WHAT).replace(b"\x02\x01\x02E", b"\x02\x02\x02E"),
        build_description(WHAT).replace(b"\x02\x01\x02E", b"\x02\x01\x09E"),
        build_description(Description(1, Fraction(1, 2), 1, ("MDC_ECG_LEAD_I",), "")),
        build_description(Description(1, Fraction(99_999), 1, ("MDC_ECG_LEAD_I",), "")),
        build_description(Description(1, Fraction(500), 0, ("MDC_ECG_LEAD_I",), "")),
        build_description(Description(1, Fraction(500), 1, (), "")),
    ],
)
def test_an_amplifier_that_cannot_be_is_none(content: bytes) -> None:
    assert read_description(content) is None


@pytest.mark.parametrize("content", [b"", b"\x02", build_samples(SAMPLES)[:-1], build_description(WHAT)])
def test_samples_that_do_not_fit_their_count_are_none(content: bytes) -> None:
    assert read_samples(content, 2) is None


def test_frames_are_found_in_any_cut_of_a_stream() -> None:
    contents = [bytes((place, 0, place)) for place in range(1, 60)]
    stream, splitter, found, chance = b"".join(map(framed, contents)), FrameSplitter(), [], random.Random(1)
    while stream:
        size = chance.randrange(1, 30)
        found += splitter.feed(stream[:size])
        stream = stream[size:]
    assert found == contents
    assert splitter.bad == 0


@pytest.mark.parametrize("seed", range(10))
def test_a_disturbed_frame_costs_itself_and_is_counted(seed: int) -> None:
    chance = random.Random(seed)
    contents = [bytes((place,)) * 20 for place in range(1, 40)]
    wire = list(map(framed, contents))
    hurt = bytearray(wire[20])
    if seed % 2:
        del hurt[chance.randrange(len(hurt) - 1)]
    else:
        hurt[chance.randrange(len(hurt) - 1)] ^= 1 + chance.randrange(255)
    splitter = FrameSplitter()
    found = splitter.feed(b"".join([*wire[:20], bytes(hurt), *wire[21:]]))
    assert set(found) >= set(contents) - {contents[19], contents[20], contents[21]}
    assert set(found) <= set(contents)
    assert splitter.bad >= 1


def test_the_end_of_a_frame_that_began_before_is_no_disturbance() -> None:
    splitter = FrameSplitter()
    assert splitter.feed(framed(b"abc")[3:] + framed(b"def")) == [b"def"]
    assert splitter.bad == 0


def test_a_frame_without_an_end_fills_no_memory() -> None:
    splitter = FrameSplitter()
    for _ in range(100):
        splitter.feed(b"\x01" * 1000)
    assert len(splitter._pending) <= LARGEST_FRAME_BYTES + 1
    assert splitter.feed(b"\x00" + framed(b"abc")) == [b"abc"]


def test_too_long_or_too_short_is_no_frame() -> None:
    assert checked(b"") is None
    assert checked(stuffed(b"x" * LARGEST_FRAME_BYTES)) is None
