"""Streams of the Lab Streaming Layer: leads and units, holes by their times, a real stream of this computer."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from clinic_app.devices.block import Block, Samples
from clinic_app.devices.lsl.driver import LslDriver
from clinic_app.devices.lsl.inlet import LslInlet, StreamInfo
from clinic_app.foundation.errors import DeviceError
from tests.helpers.device_lines import NotingLine

ECG = StreamInfo("Bench", "ECG", 250.0, ("I", "aVR", "Marker"), ("millivolts", "uV", ""))
Piece = tuple[Samples, NDArray[np.float64]]


def piece(first: int, count: int = 10, channels: int = 3) -> Piece:
    """Return samples that are their own numbers, and their times."""
    numbers = np.arange(first, first + count)
    return np.tile(numbers, (channels, 1)).astype(np.float32), 50.0 + numbers / 250.0


class Listed:
    """An inlet that gives a list, then ends the driver."""

    def __init__(self, info: StreamInfo, pieces: Sequence[Piece], stopping: threading.Event) -> None:
        self.info = info
        self.is_closed = False
        self._pieces = list(pieces)
        self._stopping = stopping

    def pull(self, timeout_s: float) -> Piece:
        if not self._pieces:
            self._stopping.set()
            return np.empty((len(self.info.labels), 0), np.float32), np.empty(0)
        return self._pieces.pop(0)

    def close(self) -> None:
        self.is_closed = True


def blocks(info: StreamInfo, *pieces: Piece) -> list[Block]:
    stopping, line = threading.Event(), NotingLine("LSL")
    inlet = Listed(info, pieces, stopping)
    LslDriver("LSL", info.name, lambda _name: inlet).run(line, stopping)
    assert inlet.is_closed
    return [item for item in line.items if isinstance(item, Block)]


def test_leads_have_their_codes_and_voltages_one_unit() -> None:
    (block,) = blocks(ECG, piece(0))
    assert [(each.code, each.label, each.unit) for each in block.channels] == [
        ("MDC_ECG_LEAD_I", "I", "uV"),
        ("MDC_ECG_LEAD_AVR", "aVR", "uV"),
        ("LSL_ECG_3", "Marker", "1"),
    ]
    assert block.samples[:, 2].tolist() == [2000.0, 2.0, 2.0]
    assert float(block.rate_hz) == 250.0


def test_a_brain_has_no_leads_of_the_heart() -> None:
    (block,) = blocks(StreamInfo("Cap", "EEG", 250.0, ("I",), ("",)), piece(0, channels=1))
    assert block.channels[0].code == "LSL_EEG_1"


def test_samples_follow_on_each_other() -> None:
    assert [block.first_index for block in blocks(ECG, piece(0), piece(10), piece(20, 1))] == [0, 10, 20]


def test_bursts_are_no_holes() -> None:
    samples, times = piece(0, 100)
    burst = np.floor(times / 0.1) * 0.1
    assert [block.first_index for block in blocks(ECG, (samples, burst), piece(100))] == [0, 100]


@pytest.mark.parametrize("is_within", [True, False])
def test_a_hole_in_the_times_is_a_gap_of_its_length(is_within: bool) -> None:
    first, second = piece(0, 100), piece(200, 10)
    joined = (np.concatenate([first[0], second[0]], axis=1), np.concatenate([first[1], second[1]]))
    found = blocks(ECG, joined) if is_within else blocks(ECG, first, second)
    assert [block.first_index for block in found] == [0, 200]


@pytest.mark.parametrize(
    "info",
    [
        StreamInfo("x", "ECG", 0.0, ("I",), ("",)),
        StreamInfo("x", "ECG", 1e6, ("I",), ("",)),
        StreamInfo("x", "ECG", 250.0, ("I",) * 65, ("",) * 65),
        StreamInfo("x", "ECG", 250.0, (), ()),
    ],
)
def test_a_stream_that_cannot_be_drawn_is_refused(info: StreamInfo) -> None:
    with pytest.raises(DeviceError):
        blocks(info)


def test_without_the_library_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pylsl", None)
    with pytest.raises(DeviceError, match="not installed"):
        LslInlet("x")


class LostError(RuntimeError):
    """What pylsl says when a stream is gone."""


class FakeChannel:
    """The description of channels, as the library walks it."""

    def __init__(self, place: int = 0) -> None:
        self._place = place

    def child(self, _name: str) -> FakeChannel:
        return self

    def child_value(self, name: str) -> str:
        return {"label": ["I", ""][self._place % 2], "unit": "uV"}[name]

    def next_sibling(self, _name: str) -> FakeChannel:
        return FakeChannel(self._place + 1)


class FakeInlet:
    """The library's own inlet."""

    def __init__(self, *_ignored: object, **_more: object) -> None:
        self.is_lost = False

    def info(self, _timeout: float) -> Any:
        return SimpleNamespace(
            desc=FakeChannel,
            channel_count=lambda: 2,
            name=lambda: "Bench",
            type=lambda: "ECG",
            nominal_srate=lambda: 250.0,
        )

    def pull_chunk(self, timeout: float, max_samples: int) -> tuple[list[list[float]], list[float]]:
        if self.is_lost:
            raise LostError
        return [[1.0, 2.0], [3.0, 4.0]], [50.0, 50.004]

    def close_stream(self) -> None:
        self.is_lost = True


def test_a_stream_is_read_as_the_library_gives_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[str] = ["stream"]
    fake = SimpleNamespace(
        util=SimpleNamespace(LostError=LostError),
        resolve_byprop=lambda *_ignored: found,
        StreamInlet=FakeInlet,
        proc_clocksync=1,
        proc_dejitter=2,
    )
    monkeypatch.setitem(sys.modules, "pylsl", fake)
    inlet = LslInlet("Bench")
    assert inlet.info == StreamInfo("Bench", "ECG", 250.0, ("I", "2"), ("uV", "uV"))
    samples, times = inlet.pull(0.1)
    assert samples.tolist() == [[1.0, 3.0], [2.0, 4.0]]
    assert times.tolist() == [50.0, 50.004]
    inlet.close()
    with pytest.raises(DeviceError):
        inlet.pull(0.1)
    found.clear()
    with pytest.raises(DeviceError, match="Bench"):
        LslInlet("Bench")
