"""Samples of a serial amplifier at the places their numbers say: gaps, repeats, the end of 32 bits, another run."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from clinic_app.devices.block import Block, Flags
from clinic_app.devices.driver import Event, EventKind
from clinic_app.devices.serial_ecg.frames import Description, SampleFrame, build_description, build_samples, framed
from clinic_app.devices.serial_ecg.parser import SerialEcgParser
from tests.helpers.device_lines import arrival

LEADS = ("MDC_ECG_LEAD_I", "MDC_ECG_LEAD_II")
WHAT = Description(5, Fraction(500), 500, LEADS, "ECG-1")


def samples(
    first: int, count: int = 10, run: int = 5, off: frozenset[int] = frozenset(), *, clipped: bool = False
) -> bytes:
    """Return a frame whose samples are their own numbers."""
    numbers = (np.arange(first, first + count) % 1000).astype(np.int16)
    return framed(build_samples(SampleFrame(run, first % 2**32, clipped, off, np.stack([numbers, -numbers]))))


def described(what: Description = WHAT) -> bytes:
    return framed(build_description(what))


@pytest.fixture
def parser() -> SerialEcgParser:
    made = SerialEcgParser("ECG")
    assert made.begin(arrival()) == b""
    made.feed(b"\x00" + described(), arrival())
    return made


def blocks(parser: SerialEcgParser, *pieces: bytes) -> list[Block]:
    items = parser.feed(b"".join(pieces), arrival()).items
    return [item for item in items if isinstance(item, Block)]


def test_samples_come_in_microvolts_with_their_leads(parser: SerialEcgParser) -> None:
    (block,) = blocks(parser, samples(100))
    assert [channel.label for channel in block.channels] == ["I", "II"]
    assert (block.first_index, block.rate_hz, block.source) == (0, 500, "ECG")
    assert block.samples[0].tolist() == [number / 2 for number in range(100, 110)]
    assert block.samples[1].tolist() == [-number / 2 for number in range(100, 110)]


def test_before_the_description_nothing_can_be_known() -> None:
    parsed = SerialEcgParser("ECG").feed(b"\x00" + samples(0), arrival())
    assert (parsed.items, parsed.refused) == ((), None)


def test_a_lost_frame_is_a_gap_of_its_length(parser: SerialEcgParser) -> None:
    first, second = blocks(parser, samples(0), samples(30))
    assert (first.first_index, second.first_index) == (0, 30)
    assert first.stream_id == second.stream_id


def test_a_repeated_and_a_late_frame_lie_where_they_lay(parser: SerialEcgParser) -> None:
    assert [b.first_index for b in blocks(parser, samples(0), samples(20), samples(20), samples(10), samples(30))] == [
        0, 20, 20, 10, 30,
    ]  # fmt: skip


def test_the_number_goes_on_over_the_end_of_its_32_bits(parser: SerialEcgParser) -> None:
    begin = 2**32 - 15
    found = blocks(parser, samples(begin), samples(begin + 10), samples(begin + 30), samples(begin + 20))
    assert [block.first_index for block in found] == [0, 10, 30, 20]
    assert len({block.stream_id for block in found}) == 1


def test_another_run_is_another_stream(parser: SerialEcgParser) -> None:
    first, second = blocks(parser, samples(1000), described(replace(WHAT, run=6)), samples(0, run=6))
    assert first.stream_id != second.stream_id
    assert second.first_index == 0


def test_samples_of_a_run_nobody_described_are_left_out(parser: SerialEcgParser) -> None:
    assert blocks(parser, samples(0, run=77)) == []


def test_a_leap_of_many_minutes_is_another_stream(parser: SerialEcgParser) -> None:
    first, second = blocks(parser, samples(0), samples(500 * 601))
    assert first.stream_id != second.stream_id


def test_the_same_description_again_changes_nothing(parser: SerialEcgParser) -> None:
    first, second = blocks(parser, samples(0), described(), samples(10))
    assert (first.stream_id, second.first_index) == (second.stream_id, 10)


def test_after_the_cable_was_out_the_stream_goes_on_with_a_gap(parser: SerialEcgParser) -> None:
    (before,) = blocks(parser, samples(100))
    fresh = SerialEcgParser("ECG")
    fresh.remember(parser)
    (after,) = blocks(fresh, b"\x00", samples(600))
    assert (after.stream_id, after.first_index) == (before.stream_id, 500)
    switched = SerialEcgParser("ECG")
    switched.remember(fresh)
    (anew,) = blocks(switched, b"\x00", described(replace(WHAT, run=6)), samples(0, run=6))
    assert anew.stream_id != before.stream_id


def test_an_electrode_that_is_off_is_no_flat_line(parser: SerialEcgParser) -> None:
    off = frozenset((1,))
    items = parser.feed(samples(0) + samples(10, off=off) + samples(20, off=off), arrival()).items
    _, event, spoilt, _ = items
    assert isinstance(event, Event)
    assert isinstance(spoilt, Block)
    assert event.kind is EventKind.LEADS_OFF
    assert np.isnan(spoilt.samples[1]).all()
    assert np.isfinite(spoilt.samples[0]).all()
    assert (spoilt.flags, spoilt.leads_off) == (Flags.LEADS_OFF, frozenset((LEADS[1],)))


def test_a_clipped_block_says_so(parser: SerialEcgParser) -> None:
    (block,) = blocks(parser, samples(0, clipped=True))
    assert block.flags is Flags.CLIPPED


def test_a_disturbed_cable_is_told(parser: SerialEcgParser) -> None:
    parsed = parser.feed(samples(0) + samples(10)[:-4] + b"\x01\x00" + samples(20), arrival())
    assert [item.first_index for item in parsed.items if isinstance(item, Block)] == [0, 20]
    assert parsed.refused is not None
    assert parser.feed(samples(30), arrival()).refused is None


def test_a_frame_that_fits_no_description_is_told(parser: SerialEcgParser) -> None:
    wrong = SampleFrame(5, 0, False, frozenset(), np.zeros((3, 5), np.int16))
    parsed = parser.feed(framed(build_samples(wrong)), arrival())
    assert (parsed.items, parsed.refused is None) == ((), False)
