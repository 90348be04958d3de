"""A recording that is played: sample for sample, in its own time, and never to be taken for a patient."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from clinic_app.devices import FAMILIES, Block, DeviceConfig, add_family, checked
from clinic_app.devices.driver import Arrival
from clinic_app.devices.families import driver_of
from clinic_app.foundation.errors import DeviceError
from clinic_app.waveforms import LiveTraces
from clinic_app.waveforms.formats import read
from clinic_app.waveforms.replay_device import MARK, REPLAY, FileReplay, is_replay
from tests.helpers.device_lines import NotingLine
from tests.helpers.waiting import wait_until

Play = Callable[[FileReplay, Callable[[NotingLine], object]], list[Block]]


class Hurried(NotingLine):
    """A line whose clock runs a tenth of a second ahead each time it is asked: nobody waits."""

    def now(self) -> Arrival:
        self.seconds += 0.1
        return super().now()


@pytest.fixture
def play() -> Iterator[Play]:
    """Play until something is true; return the blocks."""

    def playing(driver: FileReplay, until: Callable[[NotingLine], object]) -> list[Block]:
        line, stopping = Hurried(), threading.Event()
        thread = threading.Thread(target=driver.run, args=(line, stopping))
        thread.start()
        try:
            wait_until(lambda: until(line))
        finally:
            stopping.set()
            thread.join()
        assert line.told == ["connected"]
        return [item for item in line.items if isinstance(item, Block)]

    return playing


def test_a_12_lead_ecg_is_played_sample_for_sample(shared_data: Path, play: Play) -> None:
    path = shared_data / "waveforms" / "dicom" / "waveform_ecg.dcm"
    blocks = play(FileReplay(path), lambda line: len(line.items) > 120)
    recording = read(path)
    traces = LiveTraces()
    for block in blocks:
        traces.take_in(block)
    stream = next(each for each in traces.streams() if len(each.channels) == 12)
    played = stream.read(0, 12_000)
    whole = np.array([channel.samples for channel in recording.channels[:12]])
    np.testing.assert_array_equal(played[:, :10_000], whole[:, :10_000])
    np.testing.assert_array_equal(played[:, 10_000:], whole[:, :2000], "it begins anew at its end")
    assert all(channel.label.endswith(MARK) for channel in stream.channels)
    assert is_replay(stream.source)
    assert stream.exact_rate_hz == Fraction(1000)


def test_channels_of_several_rates_are_streams_beside_each_other(shared_data: Path, play: Play) -> None:
    path = shared_data / "waveforms" / "wfdb" / "03700181.hea"
    blocks = play(FileReplay(path), lambda line: len(line.items) > 40)
    assert len({block.stream_id for block in blocks}) == len({block.rate_hz for block in blocks}) > 1
    assert len({block.stream_began_at for block in blocks}) == 1


def test_a_file_that_is_not_looped_ends(shared_data: Path, play: Play) -> None:
    path = shared_data / "waveforms" / "ptbxl" / "00001_lr.hea"
    blocks = play(FileReplay(path, is_looped=False), lambda line: line.seconds > 100)
    assert sum(block.samples.shape[1] for block in blocks) == 1000


@pytest.mark.parametrize("kind", ["missing", "no signal"])
def test_a_file_with_nothing_to_play_is_a_sentence(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.edf"
    if kind == "no signal":
        path.write_bytes(b"nothing")
    with pytest.raises(DeviceError) as caught:
        FileReplay(path).run(NotingLine(), threading.Event())
    assert caught.value.text.render("ru")


def test_it_stands_on_the_list_of_families_once_it_is_added(tmp_path: Path) -> None:
    add_family(REPLAY)
    add_family(REPLAY)
    config = checked(DeviceConfig("Lesson", "replay", "own", {"file": str(tmp_path / "a.edf")}))
    assert config.options["is_looped"] is True
    assert isinstance(driver_of(config), FileReplay)
    assert list(FAMILIES).count("replay") == 1
