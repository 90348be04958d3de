"""Both dialects of the CMS50: vectors, and what noise between frames cannot do."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from clinic_app.devices.oximeter.frames import FrameFinder, OximeterFrame, build_five, build_nine

NEXT_FIVE = bytes((0x88,))
NEXT_NINE = bytes((0x01,))
PLAIN = OximeterFrame(64, 72, 97)


@pytest.mark.parametrize(
    ("wire", "frame"),
    [
        ("88 40 08 48 61", OximeterFrame(64, 72, 97)),
        ("C8 00 48 0A 62", OximeterFrame(0, 138, 98)),
        ("88 00 10 48 61", OximeterFrame(0, None, None, is_finger_out=True)),
        ("88 05 28 00 00", OximeterFrame(5, None, None, is_searching=True)),
        ("88 40 08 48 7F", OximeterFrame(64, 72, None)),
    ],
)
def test_a_frame_of_five_bytes(wire: str, frame: OximeterFrame) -> None:
    assert FrameFinder().feed(bytes.fromhex(wire) + NEXT_FIVE) == [frame]


@pytest.mark.parametrize(
    ("wire", "frame"),
    [
        ("01 E0 88 C0 80 C8 E1 FA 80", OximeterFrame(64, 72, 97, Decimal("2.50"))),
        ("01 81 88 C0 80 C8 E1 80 80", OximeterFrame(64, None, None, is_finger_out=True)),
        ("01 82 88 85 90 80 FF FF FF", OximeterFrame(5, None, None, is_searching=True)),
        ("01 88 88 C0 90 FF E1 80 80", OximeterFrame(64, None, 97)),
        ("01 88 88 C0 90 8A E2 80 80", OximeterFrame(64, 138, 98)),
    ],
)
def test_a_frame_of_nine_bytes(wire: str, frame: OximeterFrame) -> None:
    data = bytes.fromhex(wire)
    data = data[:1] + bytes((data[1] & 0x9F | (0x20 if frame.perfusion else 0),)) + data[2:]
    assert FrameFinder().feed(data + NEXT_NINE) == [frame]


@pytest.mark.parametrize(
    "frame",
    [
        PLAIN,
        OximeterFrame(127, 250, 100),
        OximeterFrame(3, None, None, is_searching=True),
        OximeterFrame(0, None, None, is_finger_out=True),
    ],
)
def test_what_is_built_is_read(frame: OximeterFrame) -> None:
    assert FrameFinder().feed(build_five(frame) + NEXT_FIVE) == [frame]
    assert FrameFinder().feed(build_nine(frame) + NEXT_NINE) == [frame]


def test_perfusion_comes_with_nine_bytes_only() -> None:
    frame = OximeterFrame(64, 72, 97, Decimal("4.35"))
    assert FrameFinder().feed(build_nine(frame) + NEXT_NINE) == [frame]
    assert FrameFinder().feed(build_five(frame) + NEXT_FIVE) == [PLAIN]


@pytest.mark.parametrize("build", [build_five, build_nine])
def test_any_cut_of_the_stream_gives_the_same(build: object) -> None:
    assert callable(build)
    frames = [OximeterFrame(place % 128, 60 + place % 40, 95) for place in range(100)]
    stream, chance = b"".join(map(build, frames)), random.Random(2)
    finder, found, at = FrameFinder(), [], 0
    while at < len(stream):
        size = chance.randrange(1, 12)
        found += finder.feed(stream[at : at + size])
        at += size
    assert found == frames[:-1]
    assert finder.wire_length == len(build(PLAIN))


@pytest.mark.parametrize("build", [build_five, build_nine])
@pytest.mark.parametrize("seed", range(8))
def test_a_byte_lost_or_added_costs_its_frame_and_is_told(build: object, seed: int) -> None:
    assert callable(build)
    chance = random.Random(seed)
    stream = bytearray(b"".join(build(OximeterFrame(place, 72, 97)) for place in range(40)))
    at = chance.randrange(40, len(stream) - 60)
    if seed % 2:
        del stream[at]
    else:
        stream.insert(at, chance.randrange(256))
    found = FrameFinder().feed(bytes(stream))
    waves = [frame.wave for frame in found]
    missing = set(range(39)) - set(waves)
    assert waves == sorted(waves)
    assert len(missing) <= 2
    assert {(frame.pulse, frame.saturation) for frame in found} == {(72, 97)}
    assert any(frame.is_after_hole for frame in found)


def test_noise_before_the_first_frame_is_no_hole() -> None:
    assert FrameFinder().feed(b"\x00\x7f\x00" + build_five(PLAIN) + NEXT_FIVE) == [PLAIN]


def test_pure_noise_fills_no_memory() -> None:
    finder, chance = FrameFinder(), random.Random(3)
    for _ in range(200):
        finder.feed(chance.randbytes(100))
        assert len(finder._pending) <= 10
