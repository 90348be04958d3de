"""The sound of a stethoscope: thinned without folding, holes that stay holes, a computer without sound."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from clinic_app.devices.block import Block, Flags, Samples
from clinic_app.devices.stethoscope.driver import SILENT_S, StethoscopeDriver
from clinic_app.devices.stethoscope.microphone import Heard, Microphone, microphones
from clinic_app.devices.stethoscope.thinning import Thinner, step_for
from clinic_app.foundation.errors import DeviceError
from tests.helpers.device_lines import NotingLine


def tone(hz: float, seconds: float = 1.0, rate_hz: float = 48_000.0) -> Samples:
    """Return a sine of height 0.5."""
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate_hz)) / rate_hz)).astype(np.float32)


@pytest.mark.parametrize(("rate_hz", "step"), [(48_000, 6), (44_100, 5), (16_000, 2), (8_000, 1), (4_000, 1)])
def test_a_card_gives_more_than_anybody_hears(rate_hz: float, step: int) -> None:
    assert step_for(rate_hz) == step


@pytest.mark.parametrize("hz", [20.0, 100.0, 1000.0, 2500.0])
def test_heart_and_lungs_pass_unchanged(hz: float) -> None:
    thin = Thinner(6).thin(tone(hz))[200:]
    assert np.abs(thin).max() == pytest.approx(0.5, rel=0.02)


@pytest.mark.parametrize("hz", [5_000.0, 7_900.0, 12_000.0, 20_000.0])
def test_what_the_thinner_sound_cannot_carry_is_not_folded_into_it(hz: float) -> None:
    assert np.abs(Thinner(6).thin(tone(hz))[200:]).max() < 0.005


@pytest.mark.parametrize("piece", [1, 7, 480, 4800])
def test_any_cut_of_the_sound_gives_the_same(piece: int) -> None:
    sound, thinner = tone(440.0, 0.2), Thinner(6)
    whole = Thinner(6).thin(sound)
    pieces = [thinner.thin(sound[at : at + piece]) for at in range(0, len(sound), piece)]
    assert np.allclose(np.concatenate(pieces), whole, atol=1e-6)
    assert len(whole) == len(sound) // 6


def test_after_a_restart_nothing_of_before_is_heard() -> None:
    thinner = Thinner(6)
    thinner.thin(np.ones(5000, np.float32))
    thinner.restart()
    assert np.abs(thinner.thin(np.zeros(5000, np.float32))).max() == 0.0


class Played:
    """A microphone that gives a list, then ends the driver."""

    def __init__(self, pieces: Sequence[Heard | None], stopping: threading.Event, line: NotingLine) -> None:
        self.rate_hz = 48_000.0
        self.is_closed = False
        self._pieces = list(pieces)
        self._stopping = stopping
        self._line = line

    def read(self, timeout_s: float) -> Heard | None:
        if not self._pieces:
            self._stopping.set()
            return None
        piece = self._pieces.pop(0)
        self._line.seconds += len(piece.samples) / 48_000 if piece else 1.0
        return piece

    def close(self) -> None:
        self.is_closed = True


def listened(*pieces: Heard | None) -> tuple[list[Block], NotingLine, Played]:
    stopping, line = threading.Event(), NotingLine("STETHO")
    sound = Played(pieces, stopping, line)
    StethoscopeDriver("STETHO", "", lambda _name: sound).run(line, stopping)
    return [item for item in line.items if isinstance(item, Block)], line, sound


def test_sound_comes_in_blocks_one_after_the_other() -> None:
    blocks, line, sound = listened(*[Heard(tone(100.0, 0.1))] * 5)
    assert [block.first_index for block in blocks] == [0, 800, 1600, 2400, 3200]
    assert (blocks[0].channels[0].code, blocks[0].rate_hz) == ("SOUND", Fraction(8000))
    assert line.told == ["connected"]
    assert line.bytes == 5 * 4800 * 4
    assert sound.is_closed


def test_lost_sound_is_a_gap() -> None:
    pieces = [Heard(tone(100.0, 0.1))] * 20
    first, second = (listened(*pieces, Heard(tone(100.0, 0.1), is_after_hole=late))[0] for late in (False, True))
    assert first[-1].first_index == 20 * 800
    assert second[-1].first_index > 20 * 800


def test_a_sound_that_is_too_loud_says_so() -> None:
    blocks, _, _ = listened(Heard(tone(100.0, 0.1)), Heard(2 * tone(100.0, 0.1)))
    assert [block.flags for block in blocks] == [Flags(0), Flags.CLIPPED]


def test_a_microphone_that_gives_not_even_silence_is_gone() -> None:
    with pytest.raises(DeviceError):
        listened(Heard(tone(100.0, 0.1)), *[None] * int(SILENT_S + 2))


class FakeSound:
    """PortAudio with one microphone."""

    class PortAudioError(Exception):
        """What PortAudio says no with."""

    def __init__(self) -> None:
        self.stream: Any = None

    def query_devices(self, name: str | None = None, kind: str | None = None) -> Any:
        one = {"name": "Stethoscope USB", "max_input_channels": 1, "default_samplerate": 44_100.0}
        if kind is None:
            return [one, {"name": "Speaker", "max_input_channels": 0}]
        if name not in (None, "Stethoscope USB"):
            raise ValueError("no such device")
        return one

    def InputStream(self, **options: Any) -> Any:  # noqa: N802 - the library's name
        nothing = SimpleNamespace(**options, active=True, start=lambda: None, abort=lambda: None, close=lambda: None)
        self.stream = nothing
        return nothing


@pytest.fixture
def sounds(monkeypatch: pytest.MonkeyPatch) -> FakeSound:
    fake = FakeSound()
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    return fake


def test_microphones_are_listed_and_opened_by_name(sounds: FakeSound) -> None:
    assert microphones() == ("Stethoscope USB",)
    microphone = Microphone("Stethoscope USB")
    assert microphone.rate_hz == 44_100.0
    sounds.stream.callback(np.full((10, 1), 0.25, np.float32), 10, None, SimpleNamespace(input_overflow=False))
    sounds.stream.callback(np.full((10, 1), 0.25, np.float32), 10, None, SimpleNamespace(input_overflow=True))
    first, second = microphone.read(1.0), microphone.read(1.0)
    assert first is not None
    assert second is not None
    assert (first.is_after_hole, second.is_after_hole, first.samples.tolist()) == (False, True, [0.25] * 10)
    assert microphone.read(0.001) is None
    sounds.stream.active = False
    with pytest.raises(DeviceError):
        microphone.read(0.001)
    microphone.close()


def test_a_program_that_is_busy_too_long_is_told_what_it_missed(sounds: FakeSound) -> None:
    microphone = Microphone("")
    for _ in range(300):
        sounds.stream.callback(np.zeros((1, 1), np.float32), 1, None, SimpleNamespace(input_overflow=False))
    while microphone.read(0.001) is not None:
        pass
    sounds.stream.callback(np.zeros((1, 1), np.float32), 1, None, SimpleNamespace(input_overflow=False))
    heard = microphone.read(0.001)
    assert heard is not None
    assert heard.is_after_hole


def test_a_microphone_that_is_not_there_is_told(sounds: FakeSound) -> None:
    with pytest.raises(DeviceError, match="Nowhere"):
        Microphone("Nowhere")


def test_a_computer_without_sound_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    assert microphones() == ()
    with pytest.raises(DeviceError):
        Microphone("")
