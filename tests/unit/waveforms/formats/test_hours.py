"""Recordings longer than the memory: written piece by piece, and every sample, hole and mark is where it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.waveforms.formats import StoppedError, read, read_bytes, write
from clinic_app.waveforms.formats.catalogue import format_for, write_hours
from clinic_app.waveforms.formats.csv_writing import to_csv
from clinic_app.waveforms.formats.digits import ScaleSearch, digits_of, samples_of
from clinic_app.waveforms.formats.edf_writing import to_edf
from clinic_app.waveforms.formats.hours import Feed, Hours, Piece, Run, gathered, hours_of, surveyed
from clinic_app.waveforms.formats.limits import unwatched
from clinic_app.waveforms.recording import EventMark, RecordedChannel, Recording
from tests.helpers.recordings import BEGAN, assert_same_signal, channel, recording, with_gaps

LATE = (EventMark(BEGAN + timedelta(seconds=61.6), "late"), EventMark(BEGAN + timedelta(seconds=198.4), "end"))


def minutes(**told: object) -> Recording:
    """Return two hundred seconds at two rates, with holes over the ends of pieces and of records."""
    return recording(
        with_gaps(channel("II", 100_000), (29_990, 30_010), (40_000, 75_123), (90_000, 90_001)),
        with_gaps(channel("RESP", 12_500, 62.5, 0.01, unit="Ohm"), (3_750, 4_000)),
        marks=LATE,
        **told,
    )


# --- every format, in pieces ---


@pytest.mark.parametrize("code", ["edf", "wfdb", "dicom"])
def test_what_is_written_in_pieces_is_read_whole(tmp_path: Path, code: str) -> None:
    made = minutes()
    paths = write_hours(hours_of(made), tmp_path / "night", format_for(Path("x"), code))
    parts = [read(path) for path in (paths if code == "dicom" else paths[:1])]
    found = replace(parts[0], channels=tuple(each for part in parts for each in part.channels))
    assert_same_signal(found, made)
    assert [(mark.at, mark.text) for mark in found.marks] == [(mark.at, mark.text) for mark in LATE]
    assert found.started_at == BEGAN


def test_a_table_in_pieces_is_the_table_of_the_whole() -> None:
    made = minutes()
    lines = to_csv(made).decode().splitlines()
    assert len(lines) == 2 + 100_000
    assert lines[2 + 40_000].startswith("80.000000,NaN,")
    eight = lines[2 + 99_992].split(",")
    assert float(eight[1]) == made.channels[0].samples[99_992]
    assert float(eight[2]) == made.channels[1].samples[12_499]
    assert lines[2 + 99_200].endswith(",end")


def test_a_channel_that_comes_late_goes_early_and_pauses_keeps_its_places(tmp_path: Path) -> None:
    lead, breath = channel("II", 100_000), channel("RESP", 12_500, 62.5, 0.01, unit="Ohm")

    def pieces() -> Iterator[Piece]:
        for piece in hours_of(recording(lead, breath)).pieces():
            second = piece.until_s == 120
            yield Piece(
                tuple(run for run in piece.runs if run.channel.label == ("RESP" if second else "II")), piece.until_s
            )

    hours = Hours(pieces, BEGAN, 200.0, "x", "raw")
    found = read(write_hours(hours, tmp_path / "n.edf", format_for(Path("n.edf")))[0])
    expected = [np.full(100_000, np.nan, np.float32), np.full(7_500, np.nan, np.float32)]
    expected[0][:30_000], expected[0][60_000:] = lead.samples[:30_000], lead.samples[60_000:]
    expected[1][3_750:7_500] = breath.samples[3_750:7_500]
    for one, other in zip(found.channels, expected, strict=True):
        np.testing.assert_array_equal(one.samples, other)


def test_two_channels_of_one_name_stay_two() -> None:
    twins = recording(channel("Art", 40_000, unit="mm[Hg]"), channel("Art", 40_000, unit="mm[Hg]", seed=5))
    assert_same_signal(read_bytes(to_edf(twins)), twins)


# --- what was rounded, lost or refused ---


def test_a_hole_at_the_end_is_a_hole_at_the_end(tmp_path: Path) -> None:
    for holes in ([(3_000, 5_000)], [(1_000, 3_000), (4_100, 5_000)], [(4_999, 5_000)], [(0, 600), (4_500, 5_000)]):
        made = recording(with_gaps(channel(count=5_000), *holes))
        assert_same_signal(read(write(made, tmp_path / "gap.edf")[0]), made)


@pytest.mark.parametrize("parts", [2, 5, 1000])
def test_a_zero_between_two_steps_goes_to_wfdb_sample_by_sample(tmp_path: Path, parts: int) -> None:
    step, offset = 2.5, 2.5 / parts
    integers = np.arange(-2_000, 2_000)
    lead = RecordedChannel("II", "II", "uV", 500.0, samples_of(integers, step, offset), step, offset)
    found = read(write(recording(lead), tmp_path / "half.hea")[0])
    np.testing.assert_array_equal(found.channels[0].samples, lead.samples)


def test_samples_of_no_step_go_to_wfdb_in_as_many_bits_as_there_are(tmp_path: Path) -> None:
    values = np.random.default_rng(1).normal(0, 300, 5_000).astype(np.float32)
    lead = RecordedChannel("II", "II", "uV", 500.0, values)
    found = read(write(recording(lead), tmp_path / "odd.hea")[0])
    assert (
        np.abs(found.channels[0].samples - values).max() <= np.ptp(values) / (1 << 31) + np.abs(values).max() * 2**-23
    )


def test_a_device_that_was_set_otherwise_meanwhile_keeps_both_scales() -> None:
    search = ScaleSearch(2.5, 0.0)
    search.see(np.array([2.5, 5.0]), 2.5, 0.0)
    search.see(np.array([1.0, 3.0]), 1.0, 0.0)
    step, offset = search.scale(32767)
    assert (step, offset) == (0.5, 0.0)
    search.see(np.array([1.0]), None, 0.0)
    assert search.resolution is None
    assert search.scale(32767)[0] <= 10 / 32766
    assert digits_of(channel(largest=3000)).resolution == 2.5


def test_a_format_that_is_written_whole_takes_no_night(tmp_path: Path) -> None:
    hours = replace(hours_of(minutes()), seconds=1801.0)
    with pytest.raises(InvalidInputError, match="30 minutes at most"):
        write_hours(hours, tmp_path / "n.dcm", format_for(Path("n.dcm")))
    with pytest.raises(InvalidInputError, match="nothing"):
        write_hours(Hours(lambda: iter(()), BEGAN, 0.0, "x", "raw"), tmp_path / "n.edf", format_for(Path("n.edf")))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("code", ["edf", "wfdb", "csv"])
@pytest.mark.parametrize("share", [0.1, 0.6, 0.9])
def test_whoever_stops_it_in_the_middle_finds_nothing(tmp_path: Path, code: str, share: float) -> None:
    told: list[float] = []

    def stop(done: int, of: int) -> None:
        told.append(done / of)
        if done / of >= share:
            raise StoppedError

    with pytest.raises(StoppedError):
        write_hours(hours_of(minutes()), tmp_path / "night", format_for(Path("x"), code), stop)
    assert told == sorted(told)
    assert not list(tmp_path.iterdir())


def test_a_million_holes_are_refused_before_a_file_is_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("clinic_app.waveforms.formats.hours.MOST_GAPS", 100)
    one = channel(count=50_000)
    one.samples[::2] = np.nan
    with pytest.raises(InvalidInputError, match="holes"):
        write(recording(one), tmp_path / "one.edf")
    monkeypatch.setattr("clinic_app.waveforms.formats.hours.MOST_GAPS", 1_000_000)
    monkeypatch.setattr("clinic_app.waveforms.formats.edf_writing._MOST_TOLD", 10_000)
    with pytest.raises(InvalidInputError, match="holes"):
        to_edf(recording(one))


# --- the feed ---


def test_the_feed_holds_no_more_than_it_needs() -> None:
    hours = hours_of(minutes())
    found = surveyed(hours, unwatched)
    feed = Feed(hours, found, unwatched)
    begin = 0
    for end in (1, 29_999, 30_001, 30_001, 100_000):
        part, _breath = feed.until([end, end // 8])
        np.testing.assert_array_equal(part, minutes().channels[0].samples[begin:end])
        assert sum(len(run.channel.samples) for run in feed._waiting[0]) <= 60_000
        begin = end


def test_all_of_it_at_once_is_the_recording_again() -> None:
    made = minutes(band="0.05-150 Hz")
    again = gathered(hours_of(made), unwatched)
    assert_same_signal(again, made)
    assert (again.marks, again.band, again.device, again.patient_text) == (
        made.marks, made.band, made.device, made.patient_text
    )  # fmt: skip
    assert [each.resolution for each in again.channels] == [2.5, 0.01]
    assert [(run.first, run.channel.label) for run in next(iter(hours_of(made).pieces())).runs] == [
        (0, "II"),
        (0, "RESP"),
    ]
    assert Run(made.channels[0], 5).first == 5
