"""Files that ask for too much, that are cut anywhere, and readers somebody wants to stop: one table for all formats."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.waveforms import to_dicom
from clinic_app.waveforms.formats import (
    StoppedError,
    aecg_reading,
    edf_reading,
    limits,
    read,
    read_bytes,
    scp_reading,
    vital_reading,
    wfdb_header,
    write,
)
from clinic_app.waveforms.formats.digits import samples_of
from clinic_app.waveforms.formats.edf_writing import to_edf
from clinic_app.waveforms.formats.sound_files import to_flac, to_wav
from clinic_app.waveforms.formats.wfdb_marks import annotation_file, marks_of
from clinic_app.waveforms.recording import EventMark, RecordedChannel, Recording
from tests.fuzz.recording_parsers import RECORDING_PARSERS
from tests.helpers.recordings import BEGAN, assert_same_signal, channel, recording, with_gaps

SOUND = recording(channel("SOUND", 60, 4000.0, 1 / 32768, unit="1"), marks=())


def _scp() -> bytes:
    return RECORDING_PARSERS["scp"].seeds()[0]


def _aecg() -> bytes:
    return RECORDING_PARSERS["aecg"].seeds()[0]


def _vital() -> bytes:
    return RECORDING_PARSERS["packed vital"].seeds()[0]


WHOLE: dict[str, Callable[[], bytes]] = {
    "edf": lambda: to_edf(recording(with_gaps(channel(count=1500), (3, 1400)))),
    "dicom": lambda: to_dicom(recording(channel(count=60)))[0],
    "wav": lambda: to_wav(SOUND),
    "flac": lambda: to_flac(SOUND),
    "scp": _scp,
    "aecg": _aecg,
    "vital": _vital,
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_cut_anywhere_is_refused_with_a_sentence(name: str) -> None:
    data = WHOLE[name]()
    assert read_bytes(data).channels
    refused = 0
    for length in range(0, len(data), max(len(data) // 40, 1)):
        try:
            read_bytes(data[:length])
        except UnreadableFileError as error:
            refused += bool(error.text.render("kk"))
    assert refused >= 38, "a piece of a file was taken for a whole one"


@pytest.mark.parametrize("name", WHOLE)
def test_every_reader_can_be_stopped(name: str) -> None:
    def stop(_done: int, _of: int) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        read_bytes(WHOLE[name](), stop)


@pytest.mark.parametrize("suffix", ["hea", "edf", "dcm", "csv", "wav", "flac"])
def test_every_writer_can_be_stopped_and_leaves_nothing(tmp_path: Path, suffix: str) -> None:
    def stop(_done: int, _of: int) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        write(SOUND, tmp_path / f"x.{suffix}", watch=stop)
    assert not list(tmp_path.iterdir())


def test_every_reader_tells_how_far_it_is() -> None:
    for name, made in WHOLE.items():
        told: list[tuple[int, int]] = []
        read_bytes(made(), lambda done, of, told=told: told.append((done, of)))  # type: ignore[misc]
        assert told, name
        assert all(done <= of for done, of in told), name


# --- too much ---


def test_more_records_than_a_day_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = to_edf(recording(channel(count=5000)))
    monkeypatch.setattr(edf_reading, "_MOST_RECORDS", 3)
    with pytest.raises(UnreadableFileError, match="larger"):
        read_bytes(data)


def test_a_file_of_nothing_but_gaps_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = to_edf(recording(with_gaps(channel(count=9000), (600, 1900), (3000, 5000))))
    assert read_bytes(data).channels
    monkeypatch.setattr(edf_reading, "_MOST_PIECES", 3)
    with pytest.raises(UnreadableFileError, match="larger"):
        read_bytes(data)


def test_more_annotations_than_anybody_writes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    marks = tuple(EventMark(BEGAN, f"mark {number}") for number in range(30))
    data = to_edf(recording(marks=marks))
    assert len(read_bytes(data).marks) == 30
    monkeypatch.setattr(edf_reading, "MOST_MARKS", 20)
    with pytest.raises(UnreadableFileError):
        read_bytes(data)


def test_xml_of_a_million_elements_is_refused_before_it_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aecg_reading, "_MOST_TAGS", 5)
    with pytest.raises(UnreadableFileError, match="larger"):
        read_bytes(_aecg())


def test_curves_of_nothing_but_gaps_and_files_of_pieces_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for limit in ("_MOST_RUNS", "_MOST_PACKETS"):
        with monkeypatch.context() as patch:
            patch.setattr(vital_reading, limit, 1)
            with pytest.raises(UnreadableFileError, match="larger"):
                read_bytes(_vital())


def test_coded_samples_that_would_take_minutes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scp_reading, "_MOST_CODED", 10)
    with pytest.raises(UnreadableFileError):
        read_bytes(_scp())


def test_a_gap_of_a_century_between_two_pieces_of_a_curve_is_refused() -> None:
    data = bytearray(gzip.decompress(_vital()))
    at = data.rindex(struct.pack("<H", 10), 0, data.rindex(b"word"))
    late = data.index(struct.pack("<Hd", 10, BEGAN.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()))
    data[late + 2 : late + 10] = struct.pack("<d", 1.0)
    assert at > late
    with pytest.raises(UnreadableFileError, match="larger"):
        read_bytes(gzip.compress(bytes(data)))


def test_a_header_of_a_million_lines_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(recording(), tmp_path / "x.hea")[0]
    assert read(path).channels
    monkeypatch.setattr(wfdb_header, "_MOST_LINES", 3)
    with pytest.raises(UnreadableFileError):
        read(path)


def test_files_beside_a_header_may_not_be_larger_than_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(recording(channel(count=5000)), tmp_path / "x.hea")[0]
    monkeypatch.setattr("clinic_app.waveforms.formats.catalogue.LARGEST_BYTES", 9000)
    with pytest.raises(UnreadableFileError, match="larger"):
        read(path)


def test_a_file_that_is_too_large_is_refused_by_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.edf").write_bytes(bytes(2000))
    monkeypatch.setattr(limits, "LARGEST_BYTES", 1000)
    with pytest.raises(UnreadableFileError, match="larger"):
        read(tmp_path / "x.edf")


@pytest.mark.parametrize("rate_hz", [0.0, -1.0, 1e-9, 1e9, float("nan"), float("inf")])
def test_a_rate_nobody_records_at_is_refused(rate_hz: float) -> None:
    with pytest.raises(UnreadableFileError):
        limits.check_rate(rate_hz)


@pytest.mark.parametrize(
    ("step", "offset"), [(0.0, 0.0), (1e20, 0.0), (float("nan"), 0.0), (1.0, 1e20), (1.0, float("nan"))]
)
def test_a_scale_nobody_measures_in_is_refused(step: float, offset: float) -> None:
    with pytest.raises(ValueError, match="scale"):
        samples_of(np.arange(3), step, offset)


# --- any recording through any format ---


@st.composite
def _recordings(draw: st.DrawFn) -> Recording:
    rate_hz = draw(st.sampled_from([100.0, 250.0, 360.0, 500.0, 1000.0]))
    count = draw(st.integers(1, 900))
    step = draw(st.sampled_from([0.5, 1.25, 2.5, 4.88, 5.0, 10.0]))
    labels = draw(
        st.lists(st.sampled_from(["I", "II", "aVF", "V1", "V6", "MLII"]), min_size=1, max_size=4, unique=True)
    )
    channels: list[RecordedChannel] = []
    for seed, label in enumerate(labels):
        begin = draw(st.integers(0, count))
        one = channel(label, count, rate_hz, step, seed=seed)
        channels.append(with_gaps(one, (begin, min(begin + draw(st.integers(0, 90)), count))))
    return recording(*channels)


@settings(max_examples=15)
@given(made=_recordings(), suffix=st.sampled_from(["hea", "edf", "dcm"]))
def test_any_recording_comes_back_from_any_format_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, made: Recording, suffix: str
) -> None:
    path = write(made, tmp_path_factory.mktemp("any") / f"x.{suffix}")[0]
    found = read(path)
    by_label = {each.label: each for each in found.channels}
    ordered = Recording(tuple(by_label[each.label] for each in made.channels), BEGAN, "")
    assert_same_signal(ordered, made, within=0.02)
    assert [mark.text for mark in found.marks] == [mark.text for mark in made.marks]
    assert found.patient_text.identifier == made.patient_text.identifier


@settings(max_examples=20)
@given(
    places=st.lists(st.integers(0, 5_000_000), max_size=6, unique=True),
    words=st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=60),
)
def test_any_marks_come_back_from_an_annotation_file(places: list[int], words: str) -> None:
    from datetime import timedelta

    told = f"м{words}"
    made = tuple(EventMark(BEGAN + timedelta(seconds=place / 250), told) for place in sorted(places))
    found = marks_of(annotation_file(made, 250.0, BEGAN), 250.0, BEGAN)
    assert [mark.at for mark in found] == [mark.at for mark in made]
    kept = told.encode()[:255].decode("utf-8", "ignore").rstrip("\0")
    assert {mark.text for mark in found} <= {kept}
