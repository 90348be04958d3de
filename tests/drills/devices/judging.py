"""What the drill knows and the program does not: which sample was sent, and whose each result is."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np

from clinic_app.devices.block import Block
from clinic_app.devices.replay import Replay

NUMBERED: Final = 101
"""The oximeter plays its own sample numbers, modulo this: it has no other way to say what was lost."""


class Judge(Protocol):
    """Looks at the blocks of one device."""

    lost_without_gap: int
    wrong_patient: int

    def look(self, block: Block) -> None:
        """Look at the next block of the device."""
        ...


@dataclass
class ReplayJudge:
    """Knows the recording that is played: every sample must be the one its index says, for the length of a stream.

    Args:
        replay: what is played.
        tolerance: how far a value may be off by rounding, in the channels' unit.
    """

    replay: Replay
    tolerance: float
    lost_without_gap: int = 0
    wrong_patient: int = 0
    blocks: int = 0
    _offsets: dict[str, int] = field(default_factory=dict)

    def look(self, block: Block) -> None:
        """Compare a block with the recording."""
        self.blocks += 1
        offset = self._offsets.get(block.stream_id)
        if offset is None:
            offset = self._offset_of(block)
            self._offsets[block.stream_id] = offset
        if not self._is_at(block, block.first_index + offset):
            self.lost_without_gap += 1
            self._offsets[block.stream_id] = self._offset_of(block)

    def _is_at(self, block: Block, place: int) -> bool:
        true = self.replay.cut(place % self.replay.samples.shape[1], block.samples.shape[1])
        return bool(np.abs(true - block.samples).max() <= self.tolerance)

    def _offset_of(self, block: Block) -> int:
        length = self.replay.samples.shape[1]
        far = np.abs(self.replay.samples - block.samples[:, :1]).max(axis=0)
        for place in np.flatnonzero(far <= self.tolerance):
            if self._is_at(block, int(place)):
                return int(place) - block.first_index
        self.lost_without_gap += 1  # no stretch of the recording looks like this: samples of two places as one block
        return int(-block.first_index % length)


@dataclass
class NumberJudge:
    """Knows that every sample is its own number: neighbours in a stream must be neighbours in truth."""

    lost_without_gap: int = 0
    wrong_patient: int = 0
    blocks: int = 0
    _last: dict[str, tuple[int, int]] = field(default_factory=dict)

    def look(self, block: Block) -> None:
        """Compare a block with itself and with the one before."""
        self.blocks += 1
        numbers = block.samples[0].astype(int)
        self.lost_without_gap += int(np.count_nonzero(np.diff(numbers) % NUMBERED != 1))
        index, number = self._last.get(block.stream_id, (-1, 0))
        if index == block.first_index and (int(numbers[0]) - number) % NUMBERED != 0:
            self.lost_without_gap += 1
        self._last[block.stream_id] = (block.first_index + len(numbers), (int(numbers[-1]) + 1) % NUMBERED)


@dataclass
class OwnerJudge:
    """Knows that the samples of each patient are one number: under one name there must be one number for ever."""

    lost_without_gap: int = 0
    wrong_patient: int = 0
    _of: dict[str, float] = field(default_factory=dict)

    def look(self, block: Block) -> None:
        """Compare a block with what came under its name before."""
        owner = self._of.setdefault(block.source, float(block.samples[0, 0]))
        self.wrong_patient += int(np.any(block.samples != owner))


@dataclass(frozen=True)
class Truth:
    """Whose a result is.

    Args:
        patient_id: of the record, or empty for a result that says nothing of a patient.
        said_id: the number the device says.
        value: the number it says.
    """

    patient_id: str
    said_id: str
    value: str


class Ledger:
    """Every result that was ever made, by its sample."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.of_sample: dict[str, Truth] = {}

    def write(self, truth: Truth) -> str:
        """Note a new result; return the number of its sample, at which no other is."""
        with self._lock:
            sample = f"S{7919 * (len(self.of_sample) + 1) % 9_999_991:07d}"
            self.of_sample[sample] = truth
            return sample
