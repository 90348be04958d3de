"""A stretch of an EDF file that is longer than the memory: the same samples as of the whole, and nothing else read."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from clinic_app.convert_command import convert
from clinic_app.foundation.errors import InvalidInputError, UnreadableFileError
from clinic_app.waveforms.formats import part_of, read, write
from clinic_app.waveforms.formats.catalogue import read_part
from clinic_app.waveforms.recording import EventMark, Recording
from tests.helpers.oracles import pyedflib
from tests.helpers.recordings import BEGAN, assert_same_signal, channel, recording, with_gaps

STRETCHES = [(0.0, 1.0), (0.0, None), (3.25, 2.5), (5.0, 9.0), (11.999, 0.01), (19.5, None), (0.7, 100.0)]


@pytest.fixture
def long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every file for one that is larger than the memory."""
    monkeypatch.setattr("clinic_app.waveforms.formats.catalogue.LARGEST_BYTES", 100)


def _after(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def _night(*, has_gaps: bool) -> Recording:
    """Return twenty seconds with a mark, and with gaps inside of records and over several."""
    leads = (channel("II", 10_000), channel("V1", 10_000, seed=2), channel("RESP", 5_000, 250.0, unit="Ohm"))
    if has_gaps:
        leads = (with_gaps(leads[0], (1700, 1800), (4000, 7300)), with_gaps(leads[1], (4000, 7300)), leads[2])
        leads = (*leads[:2], with_gaps(leads[2], (2000, 3650)))
    marks = (EventMark(_after(1.5), "in"), EventMark(_after(16.0), "out"))
    return recording(*leads, marks=marks)


@pytest.mark.usefixtures("long_ago")
@pytest.mark.parametrize("has_gaps", [False, True])
@pytest.mark.parametrize(("begin_s", "seconds"), STRETCHES)
def test_a_stretch_of_a_long_file_is_that_of_the_whole(
    tmp_path: Path, begin_s: float, seconds: float | None, has_gaps: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(_night(has_gaps=has_gaps), tmp_path / "night.edf")[0]
    found = read_part(path, begin_s, seconds)
    with monkeypatch.context() as patch:
        patch.setattr("clinic_app.waveforms.formats.catalogue.LARGEST_BYTES", 1 << 20)
        expected = part_of(read(path), begin_s, seconds)
    assert_same_signal(found, expected)
    assert abs((found.started_at - expected.started_at).total_seconds()) < 1e-5
    assert [mark.text for mark in found.marks] == [mark.text for mark in expected.marks]
    assert (found.device, found.patient_text, found.band) == (
        expected.device, expected.patient_text, expected.band,
    )  # fmt: skip


@pytest.mark.usefixtures("long_ago")
def test_another_library_reads_the_same_stretch(tmp_path: Path) -> None:
    path = write(_night(has_gaps=False), tmp_path / "night.edf")[0]
    reader = pyedflib.EdfReader(str(path))
    try:
        theirs = reader.readSignal(0, start=1625, n=1250, digital=True)
    finally:
        reader.close()
    (ours, *_) = read_part(path, 3.25, 2.5).channels
    assert ours.resolution
    np.testing.assert_array_equal(np.rint(ours.samples / ours.resolution), theirs)


@pytest.mark.usefixtures("long_ago")
@pytest.mark.parametrize(("begin_s", "seconds"), [(20.0, None), (1e6, 1.0), (-1.0, 1.0), (0.0, 0.0)])
def test_where_nothing_lies_it_is_said(tmp_path: Path, begin_s: float, seconds: float | None) -> None:
    path = write(_night(has_gaps=False), tmp_path / "night.edf")[0]
    with pytest.raises(InvalidInputError):
        read_part(path, begin_s, seconds)


@pytest.mark.usefixtures("long_ago")
def test_a_long_file_that_is_cut_or_is_none_is_refused(tmp_path: Path) -> None:
    path = write(_night(has_gaps=True), tmp_path / "night.edf")[0]
    whole = path.read_bytes()
    for data in (whole[: len(whole) // 2], whole[:200], whole[:256] + b"\xff" * 5000):
        path.write_bytes(data)
        with pytest.raises(UnreadableFileError):
            read_part(path, 0.0, 1.0)


@pytest.mark.usefixtures("long_ago")
def test_as_a_whole_it_is_refused_with_the_way_to_its_parts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(_night(has_gaps=False), tmp_path / "night.edf")[0]
    assert convert([str(path), str(tmp_path / "all.csv")]) == 1
    assert "--from and --seconds" in capsys.readouterr().err
    assert convert([str(path), str(tmp_path / "part.csv"), "--from", "4", "--seconds", "2"]) == 0
    assert "night.edf: channels: 3, 250, 500 Hz, 2.0 s" in capsys.readouterr().out
    assert (tmp_path / "part.csv").is_file()


def test_a_stretch_of_any_other_file_is_taken_too(tmp_path: Path) -> None:
    made = replace(_night(has_gaps=True), marks=())
    path = write(made, tmp_path / "night.hea")[0]
    assert_same_signal(read_part(path, 2.0, 3.0), part_of(made, 2.0, 3.0))
    assert read_part(path, 2.0, 3.0).started_at == _after(2.0)


def test_a_slow_channel_beside_a_quick_one_is_counted_as_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(_night(has_gaps=False), tmp_path / "night.edf")[0]
    monkeypatch.setattr("clinic_app.waveforms.formats.edf_reading.MOST_SAMPLES", 25_000)
    assert len(read(path).channels) == 3
    monkeypatch.setattr("clinic_app.waveforms.formats.edf_reading.MOST_SAMPLES", 24_999)
    with pytest.raises(UnreadableFileError, match="at once"):
        read(path)
    assert read_part(path, 0.0, 5.0).duration_s == 5.0
