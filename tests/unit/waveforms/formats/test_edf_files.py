"""EDF+: what we write beside pyEDFlib, gaps as EDF+D, and strangers' headers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_app.foundation.errors import InvalidInputError, UnreadableFileError
from clinic_app.waveforms.formats import StoppedError, read, read_bytes, write
from clinic_app.waveforms.formats.edf_annotations import Annotation, annotations_in, first_onset, written
from clinic_app.waveforms.formats.edf_reading import read_edf
from clinic_app.waveforms.formats.edf_writing import to_edf
from clinic_app.waveforms.formats.limits import UNKNOWN_START
from clinic_app.waveforms.recording import EventMark, PatientText, RecordedChannel, Recording
from tests.helpers.oracles import pyedflib
from tests.helpers.recordings import BEGAN, assert_same_signal, channel, recording, with_gaps


def _theirs(path: Path) -> tuple[list[np.ndarray], list[float], tuple[list[float], list[float], list[str]], datetime]:  # type: ignore[type-arg]
    reader = pyedflib.EdfReader(str(path))
    try:
        signals = [reader.readSignal(each, digital=True) for each in range(reader.signals_in_file)]
        rates = [float(each) for each in reader.getSampleFrequencies()]
        onsets, lasting, words = reader.readAnnotations()
        return signals, rates, (onsets.tolist(), lasting.tolist(), list(words)), reader.getStartdatetime()
    finally:
        reader.close()


def test_the_library_reads_every_integer_the_rates_the_marks_and_the_start(tmp_path: Path) -> None:
    made = recording(channel("II"), channel("V1", seed=2), channel("RESP", 500, 250.0, unit="Ohm", resolution=0.01))
    path = write(made, tmp_path / "one.edf")[0]
    signals, rates, (onsets, _, words), started = _theirs(path)
    for ours, theirs in zip(made.channels, signals, strict=True):
        assert ours.resolution
        np.testing.assert_array_equal(np.rint(ours.samples / ours.resolution), theirs)
    assert rates == [500.0, 500.0, 250.0]
    assert onsets == [0.5, 1.0]
    assert words == [mark.text for mark in made.marks]
    assert started.replace(tzinfo=UTC, microsecond=0) == made.started_at.replace(microsecond=0)


def test_the_library_reads_whose_it_is(tmp_path: Path) -> None:
    reader = pyedflib.EdfReader(str(write(recording(), tmp_path / "one.edf")[0]))
    assert reader.getPatientCode() == "640305300123"
    assert reader.getPatientName() == "Akhmetova Aigul"
    assert reader.getSex() == "Female"
    assert reader.getBirthdate() == "05 mar 1964"
    assert reader.getEquipment() == "Recorder 7"
    reader.close()


def test_a_round_trip_keeps_samples_marks_start_device_band_and_patient(tmp_path: Path) -> None:
    made = recording(channel("II"), channel("aVR", seed=3), band="0.05-150 Hz")
    found = read(write(made, tmp_path / "one.edf")[0])
    assert_same_signal(found, made)
    assert found.marks == made.marks
    assert (found.started_at, found.device, found.band) == (made.started_at, made.device, made.band)
    assert found.patient_text == made.patient_text


@pytest.mark.parametrize("name", ["100", "s0010_re", "v102s", "03700181"])
def test_a_real_record_keeps_its_integers_through_edf(shared_data: Path, name: str) -> None:
    made = read(shared_data / "waveforms" / "wfdb" / f"{name}.hea")
    found = read_bytes(to_edf(made))
    for ours, theirs in zip(made.channels, found.channels, strict=True):
        assert ours.resolution
        assert theirs.resolution
        before = np.rint((ours.samples - ours.offset) / ours.resolution)
        after = np.rint((theirs.samples - ours.offset) / ours.resolution)
        np.testing.assert_array_equal(before, after)
        assert abs(theirs.resolution / ours.resolution - 1) < 1e-5


def test_the_file_of_the_teuniz_generator_is_read(shared_data: Path) -> None:
    found = read(shared_data / "waveforms" / "edf" / "test_generator_2.edf")
    assert len(found.channels) == 11
    assert {each.rate_hz for each in found.channels} == {200.0}
    assert found.channels[0].unit == "uV"
    assert [mark.text for mark in found.marks] == ["RECORD START", "REC STOP"]
    square = found.channels[0].samples
    assert np.isclose(np.ptp(square), 200, atol=0.1)


def test_a_file_of_words_only_holds_no_signal(shared_data: Path) -> None:
    with pytest.raises(UnreadableFileError):
        read(shared_data / "waveforms" / "edf" / "test_edfann.edf")


# --- gaps ---


def test_a_gap_of_whole_records_makes_the_file_discontinuous_and_keeps_every_moment(tmp_path: Path) -> None:
    made = recording(with_gaps(channel(count=5000), (1000, 3000)))
    path = write(made, tmp_path / "gap.edf")[0]
    head = path.read_bytes()[:256]
    assert head[192:197] == b"EDF+D"
    assert int(head[236:244]) == 6
    assert_same_signal(read(path), made)


def test_a_gap_inside_a_record_comes_back_as_a_gap(tmp_path: Path) -> None:
    made = recording(with_gaps(channel(count=5000), (7, 8), (1234, 3456), (4999, 5000)))
    path = write(made, tmp_path / "gap.edf")[0]
    assert_same_signal(read(path), made)


def test_a_gap_of_one_channel_leaves_the_other_whole(tmp_path: Path) -> None:
    made = recording(with_gaps(channel("II"), (100, 700)), channel("V1", seed=5))
    path = write(made, tmp_path / "gap.edf")[0]
    assert path.read_bytes()[192:197] == b"EDF+C"
    assert_same_signal(read(path), made)
    _, _, (_, lasting, words), _ = _theirs(path)
    assert ("No data: ECG II", 1.2) in list(zip(words, lasting, strict=True))


def test_a_gap_at_the_very_beginning_keeps_the_start(tmp_path: Path) -> None:
    made = recording(with_gaps(channel(count=5000), (0, 2600)))
    found = read(write(made, tmp_path / "gap.edf")[0])
    assert found.started_at == made.started_at
    assert_same_signal(found, made)


@settings(max_examples=20)
@given(
    gaps=st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 1500)), max_size=4),
    count=st.integers(1, 3000),
    rate_hz=st.sampled_from([50.0, 62.5, 125.0, 249.89, 360.0, 500.0]),
)
def test_whatever_was_lost_every_sample_that_came_stays_at_its_time(
    gaps: list[tuple[int, int]], count: int, rate_hz: float
) -> None:
    one = with_gaps(channel(count=count, rate_hz=rate_hz), *((a, a + n) for a, n in gaps if a < count))
    made = recording(one, channel("V1", count, rate_hz, seed=9))
    assert_same_signal(read_edf(to_edf(made)), made)


# --- rates and scales ---


def test_rates_of_many_kinds_share_records(tmp_path: Path) -> None:
    made = recording(
        channel("II", 5000, 500.0),
        channel("PPG", 625, 62.5, unit="1", resolution=0.001),
        channel("RESP", 250, 25.0, unit="Ohm"),
        channel("TEMP", 10, 1.0, unit="Cel", resolution=0.05),
    )
    found = read(write(made, tmp_path / "rates.edf")[0])
    assert [each.rate_hz for each in found.channels] == [500.0, 62.5, 25.0, 1.0]
    assert [each.unit for each in found.channels] == ["uV", "1", "Ohm", "Cel"]
    for ours, theirs in zip(made.channels, found.channels, strict=True):
        np.testing.assert_allclose(ours.samples, theirs.samples, rtol=1e-5)


@pytest.mark.parametrize("resolution", [4.88, 2.5, 5.0, 1 / 3, 0.1, 1000 / 2281, 1 / 32768, 123.456])
def test_a_resolution_is_kept_as_nearly_as_eight_characters_allow(resolution: float) -> None:
    made = recording(channel(resolution=resolution))
    found = read_edf(to_edf(made)).channels[0]
    np.testing.assert_array_equal(np.rint(found.samples / resolution), np.rint(made.channels[0].samples / resolution))
    np.testing.assert_allclose(found.samples, made.channels[0].samples, rtol=1e-4, atol=resolution / 10)


def test_samples_without_a_known_resolution_move_by_less_than_a_step() -> None:
    wave = np.sin(np.arange(1000) / 20).astype(np.float32) * 1234.5
    found = read_edf(to_edf(recording(RecordedChannel("II", "II", "uV", 500.0, wave)))).channels[0]
    assert float(np.abs(found.samples - wave).max()) < 0.05


def test_a_flat_or_constant_signal_is_written(tmp_path: Path) -> None:
    flat = RecordedChannel("A", "A", "uV", 100.0, np.zeros(100, np.float32))
    high = RecordedChannel("B", "B", "Cel", 100.0, np.full(100, 36.6, np.float32))
    lost = RecordedChannel("C", "C", "uV", 100.0, np.full(100, np.nan, np.float32))
    path = write(recording(flat, high, lost), tmp_path / "flat.edf")[0]
    assert_same_signal(read(path), recording(flat, high, lost), within=1e-4)
    _theirs(path)


# --- words ---


def test_a_name_in_cyrillic_stays_out_and_the_identifier_stays_in(tmp_path: Path) -> None:
    patient = PatientText("640305300123", "Ахметова Айгүл", "1964-03-05", "female")
    found = read(write(recording(patient_text=patient), tmp_path / "one.edf")[0]).patient_text
    assert found == PatientText("640305300123", "", "1964-03-05", "female")


def test_a_plain_edf_field_is_told_as_it_stands() -> None:
    data = bytearray(to_edf(recording()))
    data[192:236] = b" " * 44
    data[8:88] = b"Mrs Smith, room 4".ljust(80)
    assert read_edf(bytes(data)).patient_text.name == "Mrs Smith, room 4"


def test_an_unknown_start_stays_unknown() -> None:
    made = recording(marks=())
    undated = Recording(made.channels, UNKNOWN_START, made.device)
    assert read_edf(to_edf(undated)).started_at == UNKNOWN_START


def test_the_zone_of_the_start_is_kept() -> None:
    from datetime import timezone

    made = recording(marks=())
    there = made.started_at.astimezone(timezone(timedelta(hours=5)))
    data = to_edf(Recording(made.channels, there, made.device))
    assert data[168:184] == b"05.03.2614.30.15"
    assert read_edf(data).started_at == BEGAN


def test_marks_before_and_after_the_signal_are_kept(tmp_path: Path) -> None:
    marks = (
        EventMark(BEGAN - timedelta(seconds=3), "before"),
        EventMark(BEGAN + timedelta(hours=1), "after\x14\x00it"),
    )
    found = read(write(recording(marks=marks), tmp_path / "one.edf")[0]).marks
    assert [mark.at for mark in found] == [mark.at for mark in marks]
    assert [mark.text for mark in found] == ["before", "after  it"]


def test_an_annotation_goes_there_and_back() -> None:
    made = written(Fraction(-5, 2), "сөз", Fraction(1, 4))
    assert list(annotations_in(made)) == [Annotation(Fraction(-5, 2), Fraction(1, 4), "сөз")]
    assert first_onset(written(Fraction(7))) == 7
    assert first_onset(b"nothing") is None


# --- 24 bits ---


def _bdf(values: list[int]) -> bytes:
    fields = [
        (b"\xffBIOSEMI", 8), (b"", 80), (b"", 80), (b"05.03.26", 8), (b"07.00.00", 8), (b"512", 8), (b"24BIT", 44),
        (b"1", 8), (b"1", 8), (b"1", 4), (b"A1", 16), (b"", 80), (b"uV", 8), (b"-262144", 8), (b"262144", 8),
        (b"-8388608", 8), (b"8388608", 8), (b"", 80), (str(len(values)).encode(), 8), (b"", 32),
    ]  # fmt: skip
    return b"".join(text.ljust(size) for text, size in fields) + b"".join(
        (each & 0xFFFFFF).to_bytes(3, "little") for each in values
    )


def test_24_bits_are_read_whole() -> None:
    values = [0, 1, -1, 8_388_607, -8_388_607]
    assert read_bytes(_bdf(values)).channels[0].samples.tolist() == [each / 32 for each in values]


# --- strangers ---


@pytest.mark.parametrize(
    ("at", "field"),
    [
        (252, b"0   "), (252, b"9999"), (252, b"abcd"), (236, b"99999999"), (236, b"0       "), (244, b"0       "),
        (244, b"-1      "), (244, b"nan     "), (244, b"1e99    "), (464, b"7       "),
    ],
)  # fmt: skip
def test_a_header_that_contradicts_itself_is_refused(at: int, field: bytes) -> None:
    data = bytearray(to_edf(recording()))
    data[at : at + len(field)] = field
    if at == 464:  # the value of the lowest integer; that of the highest stands here
        data[480:488] = field
    with pytest.raises(UnreadableFileError) as refused:
        read_edf(bytes(data))
    assert refused.value.text.render("kk")


def test_a_cut_file_is_refused_and_an_unfinished_one_is_read() -> None:
    data = to_edf(recording(channel(count=5000)))
    with pytest.raises(UnreadableFileError, match="shorter"):
        read_edf(data[:-1])
    unfinished = data[:236] + b"-1      " + data[244:-1]
    assert 0 < len(read_edf(unfinished).channels[0].samples) < 5000


def test_a_gap_of_years_is_refused_before_memory_is_asked_for() -> None:
    data = to_edf(recording(with_gaps(channel(count=5000), (1000, 3000))))
    far = data.replace(b"+9.25\x14\x14\0\0\0\0\0", b"+999999.5\x14\x14\0")
    assert far != data
    with pytest.raises(UnreadableFileError, match="larger"):
        read_edf(far)


def test_rates_without_a_common_record_are_refused_in_words() -> None:
    with pytest.raises(InvalidInputError, match="EDF"):
        to_edf(recording(channel("II", 5000, 499.97), channel("V1", 5000, 500.03), channel("V2", 9, 0.0017)))


def test_whoever_watches_may_stop_it(tmp_path: Path) -> None:
    def stop(_done: int, _of: int) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        write(recording(), tmp_path / "one.edf", watch=stop)
    assert not list(tmp_path.iterdir())
