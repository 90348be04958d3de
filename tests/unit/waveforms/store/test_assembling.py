"""Blocks that come late, twice, with holes or with channels missing: in the chunk every sample has its place."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np

from clinic_app.waveforms.store import Chunk
from clinic_app.waveforms.store.assembling import Anchor, Assembler
from tests.helpers.device_items import LEADS, NOON, STEP_UV, block, blocks, numbers, samples

ANCHOR = Anchor(NOON, 1000.0)


def cut(*items: object) -> Chunk:
    assembler = Assembler("r", 3, ANCHOR)
    for item in items:
        assembler.take(item)  # type: ignore[arg-type]
    chunk = assembler.cut()
    assert chunk is not None
    return chunk


def test_blocks_become_one_stretch() -> None:
    chunk = cut(*blocks(0, 5000), numbers(1001.0))
    (part,) = chunk.parts
    np.testing.assert_array_equal(part.samples, samples(0, 5000))
    assert (part.channels, part.resolutions, part.first_index) == (LEADS, (STEP_UV, STEP_UV), 0)
    assert abs(part.at - NOON) < timedelta(milliseconds=1)
    assert [(each.code, str(each.value)) for each in chunk.numbers] == [("MDC_ECG_HEART_RATE", "72")]
    assert chunk.number == 3


def test_nothing_is_no_chunk_and_takes_no_number() -> None:
    assembler = Assembler("r", 0, ANCHOR)
    assert assembler.cut() is None
    assembler.take(block(0))
    first = assembler.cut()
    assert assembler.cut() is None
    assembler.take(block(250))
    second = assembler.cut()
    assert first is not None
    assert second is not None
    assert (first.number, second.number) == (0, 1)
    assert second.parts[0].first_index == 250


def test_it_knows_how_long_the_oldest_waits() -> None:
    assembler = Assembler("r", 0, ANCHOR)
    assert assembler.oldest_s is None
    assembler.take(block(0, at_s=1000.7))
    assembler.take(block(250, at_s=1001.2))
    assert assembler.oldest_s == 1000.7
    assembler.cut()
    assert assembler.oldest_s is None


def test_a_lost_block_is_a_hole_of_its_length() -> None:
    (part,) = cut(block(0), block(500)).parts
    assert np.isnan(part.samples[:, 250:500]).all()
    np.testing.assert_array_equal(part.samples[:, 500:], samples(500, 250))


def test_a_late_block_fills_its_hole_and_a_second_one_changes_nothing() -> None:
    (part,) = cut(block(0), block(500), block(250), block(500)).parts
    np.testing.assert_array_equal(part.samples, samples(0, 750))


def test_a_long_silence_takes_no_room() -> None:
    first, second = cut(block(0), block(100_000)).parts
    assert (first.samples.shape[1], second.samples.shape[1]) == (250, 250)
    assert second.at - first.at == timedelta(seconds=200)


def test_a_channel_that_is_absent_for_a_while_is_a_hole_in_it_alone() -> None:
    one = replace(block(250), channels=LEADS[1:], samples=samples(250, 250)[1:], resolutions=(STEP_UV,))
    (part,) = cut(block(0), one, block(500)).parts
    assert np.isnan(part.samples[0, 250:500]).all()
    np.testing.assert_array_equal(part.samples[1], samples(0, 750)[1])


def test_another_run_of_the_device_is_another_stretch() -> None:
    chunk = cut(block(0), block(0, stream_id="run 2", at_s=1020.5))
    assert [part.stream_id for part in chunk.parts] == ["run 1", "run 2"]
    assert chunk.parts[1].at - chunk.parts[0].at == timedelta(seconds=20)


def test_a_wall_clock_that_is_set_moves_nothing() -> None:
    set_back = replace(block(250), received_at=NOON - timedelta(hours=5))
    (part,) = cut(block(0), set_back).parts
    assert abs(part.at - NOON) < timedelta(milliseconds=1)


def test_delay_does_not_move_a_stretch() -> None:
    assembler = Assembler("r", 0, ANCHOR)
    for index, each in enumerate(blocks(0, 15_000)):
        assembler.take(replace(each, monotonic_s=each.monotonic_s + (0.3 if index % 7 else 0.0)))
    assembler.cut()
    assembler.take(replace(block(15_000), monotonic_s=block(15_000).monotonic_s + 0.3))
    chunk = assembler.cut()
    assert chunk is not None
    assert abs(chunk.parts[0].at - NOON - timedelta(seconds=30)) < timedelta(milliseconds=30)


def test_electrodes_that_are_off_are_told_with_their_stretch() -> None:
    off = frozenset({"MDC_ECG_LEAD_I"})
    one, two, later = (replace(block(first), leads_off=off) for first in (0, 250, 750))
    (part,) = cut(one, two, block(500), later).parts
    assert part.leads_off == ((0, 500, "MDC_ECG_LEAD_I"), (750, 1000, "MDC_ECG_LEAD_I"))


def test_a_device_that_begins_a_stream_with_every_block_does_not_fill_the_memory() -> None:
    assembler = Assembler("r", 0, ANCHOR)
    for run in range(200):
        assembler.take(block(0, stream_id=f"run {run}"))
        if run % 50 == 49:
            chunk = assembler.cut()
            assert chunk is not None
            assert len(chunk.parts) == 50
    assert len(assembler._streams) <= 64
