"""Frames of an oximeter as a curve with gaps, and as numbers once a second."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from clinic_app.devices.block import Block, Flags, Numerics
from clinic_app.devices.driver import Event, EventKind, Item
from clinic_app.devices.oximeter.frames import START, OximeterFrame, build_five, build_nine
from clinic_app.devices.oximeter.parser import ASK_AGAIN_S, OximeterParser
from clinic_app.terminology.leads import PLETH
from tests.helpers.device_lines import arrival

OUT = OximeterFrame(0, None, None, is_finger_out=True)


def frames(first: int, count: int) -> bytes:
    """Return a stretch of good frames."""
    return b"".join(build_five(OximeterFrame(place % 128, 72, 97)) for place in range(first, first + count))


def blocks(items: tuple[Item, ...]) -> list[Block]:
    return [item for item in items if isinstance(item, Block)]


def test_it_asks_for_data_first_and_again_while_it_runs() -> None:
    parser = OximeterParser("OXI")
    assert parser.begin(arrival()) == START
    assert parser.feed(b"", arrival(ASK_AGAIN_S - 1.0)).answer == b""
    assert parser.feed(b"", arrival(ASK_AGAIN_S)).answer == START
    assert parser.feed(b"", arrival(ASK_AGAIN_S + 1.0)).answer == b""


def test_frames_become_a_curve_and_numbers() -> None:
    curve, numbers = OximeterParser("OXI").feed(frames(0, 16), arrival()).items
    assert isinstance(curve, Block)
    assert isinstance(numbers, Numerics)
    assert (curve.channels[0].code, curve.first_index, float(curve.rate_hz)) == (PLETH, 0, 60.0)
    assert curve.samples.tolist() == [list(range(15))]
    assert {code: (each.value, each.unit) for code, each in numbers.values.items()} == {
        "MDC_PULS_OXIM_SAT_O2": (Decimal(97), "%"),
        "MDC_PULS_OXIM_PULS_RATE": (Decimal(72), "/min"),
    }


def test_numbers_come_once_a_second() -> None:
    parser = OximeterParser("OXI")
    said = [parser.feed(frames(place * 15, 15), arrival(place * 0.25)).items for place in range(12)]
    assert sum(isinstance(item, Numerics) for items in said for item in items) == 3


def test_perfusion_is_said_where_it_is_sent() -> None:
    frame = build_nine(OximeterFrame(5, 72, 97, Decimal("1.20")))
    numbers = OximeterParser("OXI").feed(frame + frame, arrival()).items[-1]
    assert isinstance(numbers, Numerics)
    assert numbers.values["MDC_BLD_PERF_INDEX"].value == Decimal("1.20")


def test_a_hole_in_the_bytes_is_a_gap_in_the_curve() -> None:
    parser = OximeterParser("OXI")
    parser.feed(frames(0, 61), arrival(1.0))
    parsed = parser.feed(frames(61, 30)[3:] + b"\x80", arrival(1.6))
    (curve,) = blocks(parsed.items)
    assert curve.first_index > 60
    assert curve.samples[0, 0] == 62
    assert parsed.refused is not None


def test_a_hole_within_one_piece_cuts_it_in_two() -> None:
    parser = OximeterParser("OXI")
    parser.feed(frames(0, 60), arrival(1.0))
    stream = frames(60, 20) + b"\x07" + frames(80, 20)
    first, second = blocks(parser.feed(stream, arrival(1.66)).items)
    assert second.first_index > first.first_index + first.samples.shape[1]


def test_after_the_cable_was_out_the_curve_goes_on_with_a_gap() -> None:
    parser, fresh = OximeterParser("OXI"), OximeterParser("OXI")
    (before,) = blocks(parser.feed(frames(0, 61), arrival(1.0)).items)
    fresh.remember(parser)
    (after,) = blocks(fresh.feed(frames(0, 31), arrival(4.5)).items)
    assert after.stream_id == before.stream_id
    assert after.first_index == pytest.approx(60 * 4, abs=5)


def test_without_a_finger_the_curve_is_nothing_not_flat() -> None:
    parser = OximeterParser("OXI")
    curve, event = parser.feed(build_five(OUT) * 10, arrival()).items
    assert isinstance(curve, Block)
    assert isinstance(event, Event)
    assert np.isnan(curve.samples).all()
    assert (curve.flags, curve.leads_off) == (Flags.LEADS_OFF, frozenset((PLETH,)))
    assert event.kind is EventKind.LEADS_OFF
    again = parser.feed(build_five(OUT) * 10, arrival(0.2)).items
    assert [type(item) for item in again] == [Block]


def test_a_search_for_the_pulse_shows_no_numbers() -> None:
    frame = build_five(OximeterFrame(5, 72, 97, is_searching=True))
    assert [type(item) for item in OximeterParser("OXI").feed(frame * 5, arrival()).items] == [Block]
