"""The drill of devices: what disturbs its lines, and that its judges see what is lost."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest

from clinic_app.devices.block import Block, ChannelInfo
from clinic_app.devices.replay import Replay
from tests.drills.devices.judging import NUMBERED, Ledger, NumberJudge, ReplayJudge, Truth
from tests.drills.devices.lines import ALL, Noise
from tests.drills.devices.mutants import MUTANTS, broken
from tests.helpers.clocks import NOON

CHANNEL = (ChannelInfo("MDC_ECG_LEAD_I", "I", "uV"),)
CURVE = np.random.default_rng(1).normal(0, 100, (1, 700)).astype(np.float32)
REPLAY = Replay(CHANNEL, Fraction(500), CURVE, 1.0)


def block(index: int, samples: np.ndarray, stream: str = "s") -> Block:  # type: ignore[type-arg]
    return Block("ECG", stream, CHANNEL, index, Fraction(500), samples.astype(np.float32), NOON, 0.0)


def numbered(index: int, first: int, count: int, stream: str = "s") -> Block:
    return block(index, (np.arange(first, first + count) % NUMBERED)[np.newaxis], stream)


def test_a_fault_is_one_at_most_and_of_every_kind() -> None:
    noise, piece = Noise(random.Random(1), ALL, 0.5), bytes(range(40))
    spoilt = [noise.spoil(piece) for _ in range(400)]
    assert noise.count == 400 - spoilt.count(piece)
    assert {len(each) - len(piece) for each in spoilt} >= {-1, 0, 1, 40}
    assert Noise(random.Random(1), (), 1.0).spoil(piece) == piece


def test_a_recording_at_its_places_is_whole_also_after_a_gap_and_over_its_end() -> None:
    judge = ReplayJudge(REPLAY, 0.5)
    for index, place in ((0, 30), (25, 55), (100, 130), (680, 710)):
        judge.look(block(index, REPLAY.cut(place, 25)))
    judge.look(block(0, REPLAY.cut(400, 25), "another"))
    assert (judge.lost_without_gap, judge.blocks) == (0, 5)


@pytest.mark.parametrize("place", [56, 54, 300])
def test_samples_that_are_not_at_their_place_are_seen(place: int) -> None:
    judge = ReplayJudge(REPLAY, 0.5)
    judge.look(block(0, REPLAY.cut(30, 25)))
    judge.look(block(25, REPLAY.cut(place, 25)))
    judge.look(block(50, REPLAY.cut(place + 25, 25)))
    assert judge.lost_without_gap == 1


def test_a_block_made_of_two_places_is_seen() -> None:
    judge = ReplayJudge(REPLAY, 0.5)
    judge.look(block(0, np.concatenate([REPLAY.cut(0, 10), REPLAY.cut(50, 10)], axis=1)))
    assert judge.lost_without_gap > 0


def test_neighbours_must_be_neighbours_in_truth() -> None:
    judge = NumberJudge()
    for each in (numbered(0, 0, 10), numbered(10, 10, 95), numbered(200, 40, 5), numbered(0, 3, 5, "t")):
        judge.look(each)
    assert judge.lost_without_gap == 0
    judge.look(numbered(205, 46, 5))
    assert judge.lost_without_gap == 1
    judge.look(block(210, np.array([[51, 53]])))
    assert judge.lost_without_gap == 2


def test_no_two_samples_have_one_number() -> None:
    ledger = Ledger()
    numbers = {ledger.write(Truth("p", "1", "5.6")) for _ in range(500)}
    assert len(numbers) == len(ledger.of_sample) == 500


@pytest.mark.parametrize("name", list(MUTANTS))
def test_a_mutant_is_gone_after_its_rehearsal(name: str) -> None:
    owner, attribute, _ = MUTANTS[name]()
    real = getattr(owner, attribute)
    with broken(name):
        assert getattr(owner, attribute) is not real
    assert getattr(owner, attribute) is real
