"""WAV, FLAC and CSV: sounds bit for bit, tables that are read back to the same numbers, and honest refusals."""

from __future__ import annotations

import csv
import io
import struct
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from clinic_app.foundation.errors import InvalidInputError, UnreadableFileError
from clinic_app.waveforms.formats import (
    FORMATS,
    format_for,
    part_of,
    read,
    read_bytes,
    without_patient,
    write,
)
from clinic_app.waveforms.formats.csv_writing import to_csv
from clinic_app.waveforms.formats.digits import digits_of, samples_of
from clinic_app.waveforms.formats.edf_writing import to_edf
from clinic_app.waveforms.formats.limits import UNKNOWN_START, check_amount
from clinic_app.waveforms.formats.naming import band_of, band_of_prefilter, band_words, code_of, prefilter_of, unit_of
from clinic_app.waveforms.formats.sound_files import SOUND, to_flac, to_wav
from clinic_app.waveforms.recording import EventMark, PatientText, RecordedChannel
from tests.helpers.recordings import BEGAN, assert_same_signal, channel, recording, with_gaps


def _sound(bits: int, count: int = 500) -> RecordedChannel:
    step = 1 / (1 << (bits - 1))
    largest = 1 << (bits - 1)
    return channel(SOUND, count, 4000.0, step, unit="1", largest=largest)


# --- sounds ---


@pytest.mark.parametrize("name", ["M_AF_LC.wav", "M_S3_C_RUSB.wav"])
def test_a_real_heart_sound_is_read_bit_for_bit(shared_data: Path, name: str) -> None:
    path = shared_data / "waveforms" / "heartsound" / name
    found = read(path)
    theirs, rate = soundfile.read(path, dtype="int16")
    np.testing.assert_array_equal(found.channels[0].samples * 32768, theirs)
    assert found.channels[0].rate_hz == rate
    assert found.started_at == UNKNOWN_START


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
@pytest.mark.parametrize("bits", [16, 24])
def test_a_sound_comes_back_bit_for_bit_and_others_read_the_same(tmp_path: Path, suffix: str, bits: int) -> None:
    made = recording(_sound(bits))
    path = write(made, tmp_path / f"x{suffix}")[0]
    found = read(path)
    np.testing.assert_array_equal(found.channels[0].samples, made.channels[0].samples)
    theirs, rate = soundfile.read(path, dtype="float64")
    np.testing.assert_array_equal(theirs.astype(np.float32), made.channels[0].samples)
    assert rate == 4000
    assert soundfile.info(path).subtype == f"PCM_{bits}"


def test_a_sound_without_a_known_step_is_kept_as_floats() -> None:
    samples = np.sin(np.arange(300) / 9).astype(np.float32)
    made = recording(RecordedChannel(SOUND, "Sound", "1", 4000.0, samples))
    data = to_wav(made)
    np.testing.assert_array_equal(read_bytes(data).channels[0].samples, samples)
    flat = read_bytes(to_flac(made)).channels[0].samples
    assert float(np.abs(flat - samples).max()) < 1e-6


def test_a_gap_becomes_silence_as_the_format_says() -> None:
    made = recording(with_gaps(_sound(16), (10, 20)))
    assert not read_bytes(to_wav(made)).channels[0].samples[10:20].any()


@pytest.mark.parametrize(("width", "kind"), [(1, "u1"), (2, "<i2"), (4, "<i4")])
def test_wav_of_each_width_and_two_channels_is_read(width: int, kind: str) -> None:
    values = np.random.default_rng(1).integers(0, 200, (50, 2)).astype(kind)
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(width)
        file.setframerate(8000)
        file.writeframes(values.tobytes())
    left, right = read_bytes(target.getvalue()).channels
    zero = 128 if width == 1 else 0
    for place, found in enumerate((left, right)):
        np.testing.assert_allclose(found.samples * (1 << (8 * width - 1)), values[:, place].astype(float) - zero)
    assert (left.label, right.label) == ("Sound 1", "Sound 2")


def test_a_wav_file_with_other_chunks_and_floats_that_are_none_is_read() -> None:
    head = struct.pack("<HHIIHH", 0xFFFE, 1, 8000, 32000, 4, 32) + struct.pack("<HHIH", 22, 32, 4, 3) + bytes(14)
    body = np.array([0.5, np.inf, -0.25], "<f4").tobytes() + b"\x01\0\x80\x7f"  # the last a number that signals
    chunks = (b"LIST" + struct.pack("<I", 3) + b"abc\0", b"fmt " + struct.pack("<I", len(head)) + head)
    data = b"RIFF\0\0\0\0WAVE" + b"".join(chunks) + b"data" + struct.pack("<I", len(body)) + body
    samples = read_bytes(data).channels[0].samples
    assert samples[[0, 2]].tolist() == [0.5, -0.25]
    assert np.isnan(samples[[1, 3]]).all()
    assert len(to_edf(read_bytes(data))) > 256


@pytest.mark.parametrize(
    ("at", "field"), [(20, b"\x11\0"), (22, b"\0\0"), (24, b"\0\0\0\0"), (34, b"\x07\0"), (40, b"\xff\xff\0\0")]
)
def test_a_wav_file_that_contradicts_itself_or_is_cut_is_refused(at: int, field: bytes) -> None:
    data = bytearray(to_wav(recording(_sound(16))))
    data[at : at + len(field)] = field
    with pytest.raises(UnreadableFileError):
        read_bytes(bytes(data))
    with pytest.raises(UnreadableFileError):
        read_bytes(bytes(data[:30]))


def test_flac_that_is_cut_is_refused() -> None:
    data = to_flac(recording(_sound(16, 20_000)))
    for length in (10, 60, len(data) // 2):
        with pytest.raises(UnreadableFileError):
            read_bytes(data[:length])


def test_an_ecg_is_no_sound(tmp_path: Path) -> None:
    for suffix in (".wav", ".flac"):
        with pytest.raises(InvalidInputError, match="sound"):
            write(recording(), tmp_path / f"x{suffix}")
    nine = recording(*(_sound(16) for _ in range(9)))
    with pytest.raises(InvalidInputError, match="eight"):
        to_flac(nine)
    assert len(read_bytes(to_wav(nine)).channels) == 9


# --- tables ---


def _table(data: bytes) -> list[dict[str, str]]:
    lines = [line for line in data.decode().splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines))


def test_every_number_of_a_table_is_read_back_as_the_same_float() -> None:
    made = recording(
        with_gaps(channel("II", resolution=4.88), (3, 6)), channel("V1", seed=4, resolution=1 / 3), marks=()
    )
    rows = _table(to_csv(made))
    for one in made.channels:
        column = np.array([np.float32(row[f"{one.label} (uV)"]) for row in rows])
        np.testing.assert_array_equal(column, one.samples)
    assert [float(row["time_s"]) for row in rows[:3]] == [0, 0.002, 0.004]


def test_a_slower_channel_has_empty_cells_and_a_lost_sample_is_told_apart_from_them() -> None:
    made = recording(channel("II", 10, 500.0), with_gaps(channel("RESP", 5, 250.0, unit="Ohm"), (1, 2)), marks=())
    cells = [row["RESP (Ohm)"] for row in _table(to_csv(made))]
    assert [bool(cell) for cell in cells] == [True, False] * 5
    assert cells[2] == "NaN"


def test_marks_stand_on_their_line_and_run_as_no_formula() -> None:
    marks = (EventMark(BEGAN, '=HYPERLINK("x")'), EventMark(BEGAN, "b, c"), EventMark(BEGAN.replace(year=2030), "end"))
    rows = _table(to_csv(recording(channel(count=5), marks=marks)))
    assert rows[0]["mark"].startswith("'")
    assert "b, c" in rows[0]["mark"]
    assert rows[-1]["mark"] == "end"


def test_a_label_cannot_become_a_formula_or_a_second_column() -> None:
    one = RecordedChannel("x", '=1+1,"a"', "uV", 100.0, np.zeros(2, np.float32))
    head = to_csv(recording(one, marks=())).decode().splitlines()[1]
    assert len(next(csv.reader([head]))) == 3
    assert next(csv.reader([head]))[1].startswith("'=")


def test_rates_without_a_raster_are_refused() -> None:
    rates = (499.97, 250.03, 125.07, 62.51)
    with pytest.raises(InvalidInputError, match="raster"):
        to_csv(recording(*(channel("II", 50_000, rate) for rate in rates)))


# --- parts, names, scales ---


def test_a_stretch_begins_at_its_own_time_with_its_own_marks() -> None:
    made = recording(channel("II", 1000, 500.0), channel("RESP", 250, 125.0))
    part = part_of(made, 0.9, 0.5)
    assert [len(each.samples) for each in part.channels] == [250, 62]
    np.testing.assert_array_equal(part.channels[0].samples, made.channels[0].samples[450:700])
    assert (part.started_at - made.started_at).total_seconds() == 0.9
    assert [mark.text for mark in part.marks] == ["pain, 3 of 10"]
    assert part_of(made, 1.0).duration_s == 1.0


@pytest.mark.parametrize(
    ("begin", "seconds"), [(2.0, 1.0), (-1.0, 1.0), (0.0, 0.0), (float("nan"), 1.0), (0.0, float("inf"))]
)
def test_a_stretch_that_is_none_is_refused(begin: float, seconds: float) -> None:
    with pytest.raises(InvalidInputError):
        part_of(recording(), begin, seconds)


def test_without_the_patient_the_authors_of_marks_and_the_device_are_gone_too() -> None:
    made = replace(recording(marks=(EventMark(BEGAN, "pain", "Dr Ermek"),)), device="GATEWAY 900303300123")
    bare = without_patient(made)
    assert bare.patient_text == PatientText()
    assert not bare.patient_text
    assert bare.marks == (EventMark(BEGAN, "pain"),)
    assert bare.device == "", "a monitor behind a gateway may be named by its patient's number"
    assert_same_signal(bare, made)


@pytest.mark.parametrize(
    ("label", "code"),
    [("ecg ii", "MDC_ECG_LEAD_II"), ("AVR", "MDC_ECG_LEAD_AVR"), ("Lead V3", "MDC_ECG_LEAD_V3"),
     ("MDC_ECG_LEAD_I", "MDC_ECG_LEAD_I"), ("MLII", "MLII"), ("V", "V"), ("V10", "V10"),
     ("pleth", "MDC_PULS_OXIM_PLETH")],
)  # fmt: skip
def test_only_a_lead_of_the_twelve_is_called_one(label: str, code: str) -> None:
    assert code_of(label) == code


def test_units_of_recorders_become_ours() -> None:
    assert unit_of("mV") == ("uV", 1000)
    assert unit_of("µV") == ("uV", 1)
    assert unit_of("mmHg") == ("mm[Hg]", 1)
    assert unit_of("%") == ("%", 1)
    assert unit_of("") == ("1", 1)


@pytest.mark.parametrize("words", ["0.05-150 Hz", "0.5-40 Hz, 50 Hz notch", "up to 40 Hz"])
def test_a_band_goes_through_edf_and_back(words: str) -> None:
    band = band_of(words)
    assert band is not None
    assert band_words(*band) == words
    assert band_of_prefilter(prefilter_of(words)) == words


def test_words_that_are_no_band_stay_words() -> None:
    assert band_of("wavelets") is None
    assert band_of("1.2.3-4 Hz") is None
    assert band_of_prefilter("analog") == "analog"
    assert prefilter_of("analog") == "analog"


@pytest.mark.parametrize("offset", [0.0, -5120.0, 37.25])
def test_a_devices_integers_come_out_as_they_went_in(offset: float) -> None:
    integers = np.arange(-2000, 2000, 7)
    one = RecordedChannel("x", "x", "uV", 1.0, samples_of(integers, 2.5, offset), 2.5, offset)
    digits = digits_of(one)
    assert digits.resolution == 2.5
    np.testing.assert_array_equal(samples_of(digits.integers, digits.resolution, digits.offset), one.samples)


def test_what_needs_more_bits_gets_the_finest_step_that_has_room() -> None:
    one = channel(largest=1_000_000)
    digits = digits_of(one)
    assert digits.resolution > 2.5
    moved = samples_of(digits.integers, digits.resolution, digits.offset) - one.samples
    assert float(np.abs(moved).max()) <= digits.resolution


def test_amounts_nobody_records_are_refused_before_anything_is_made() -> None:
    for samples in (0, -5, 10**12):
        with pytest.raises(UnreadableFileError):
            check_amount(samples)


def test_every_format_has_words_in_every_language_and_is_found_by_its_ends() -> None:
    for each in FORMATS:
        assert len({each.words.render(code) for code in ("kk", "ru", "en")}) == 3
        assert format_for(Path(f"x{each.suffixes[0].upper()}")) is each
        assert format_for(Path("x"), each.code) is each


def test_what_is_no_recording_at_all_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(b"hello")
    for path in (tmp_path / "x.txt", tmp_path / "none.edf", tmp_path):
        with pytest.raises(UnreadableFileError):
            read(path)
    with pytest.raises(InvalidInputError):
        write(recording(RecordedChannel("x", "x", "uV", 1.0, np.zeros(0, np.float32))), tmp_path / "y.edf")
