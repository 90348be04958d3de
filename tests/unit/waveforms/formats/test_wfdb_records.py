"""WFDB: the real records beside PhysioNet's own reader, every packing, segments, and what we write."""

from __future__ import annotations

import io
import struct
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from clinic_app.foundation.errors import InvalidInputError, UnreadableFileError
from clinic_app.waveforms.formats import read, write
from clinic_app.waveforms.formats.limits import UNKNOWN_START
from clinic_app.waveforms.formats.wfdb_header import parse_header
from clinic_app.waveforms.formats.wfdb_reading import read_wfdb
from clinic_app.waveforms.formats.wfdb_samples import LOST
from clinic_app.waveforms.recording import Recording
from tests.helpers.oracles import wfdb
from tests.helpers.recordings import assert_same_signal, channel, recording, with_gaps

RECORDS = ("100", "s0010_re", "v102s", "03700181")


def _theirs(path: Path) -> wfdb.Record:
    return wfdb.rdrecord(str(path.with_suffix("")), smooth_frames=False, physical=False)


def _compare(ours: Recording, theirs: wfdb.Record) -> None:
    """Fail unless each sample is the integer the oracle reads, on the scale of the header."""
    assert len(ours.channels) == theirs.n_sig
    for place, one in enumerate(ours.channels):
        digits = theirs.e_d_signal[place]
        factor = 1000 if theirs.units[place] == "mV" else 1
        values = (digits - theirs.baseline[place]) / theirs.adc_gain[place] * factor
        is_lost = digits == LOST[int(theirs.fmt[place])]
        np.testing.assert_array_equal(np.isnan(one.samples), is_lost)
        np.testing.assert_allclose(one.samples[~is_lost], values[~is_lost], rtol=1e-6, atol=1e-3)
        assert one.rate_hz == theirs.fs * theirs.samps_per_frame[place]


@pytest.mark.parametrize("name", RECORDS)
def test_a_real_record_is_read_as_its_own_library_reads_it(shared_data: Path, name: str) -> None:
    header = shared_data / "waveforms" / "wfdb" / f"{name}.hea"
    _compare(read(header), _theirs(header))


@pytest.mark.parametrize("name", RECORDS)
def test_a_real_record_written_again_keeps_every_integer(shared_data: Path, tmp_path: Path, name: str) -> None:
    ours = read(shared_data / "waveforms" / "wfdb" / f"{name}.hea")
    written = write(ours, tmp_path / f"{name}.hea")
    assert_same_signal(read(written[0]), ours)
    _compare(ours, _theirs(written[0]))


def test_the_modified_lead_is_not_taken_for_lead_two(shared_data: Path) -> None:
    first, second = read(shared_data / "waveforms" / "wfdb" / "100.hea").channels
    assert (first.code, first.label) == ("MLII", "MLII")
    assert (second.code, second.label) == ("MDC_ECG_LEAD_V5", "V5")


def test_words_among_the_annotations_become_marks_and_beats_do_not(shared_data: Path) -> None:
    marks = read(shared_data / "waveforms" / "wfdb" / "100.hea").marks
    assert [mark.text for mark in marks] == ["(N"]


def test_a_signal_file_leads_to_its_header(shared_data: Path) -> None:
    assert len(read(shared_data / "waveforms" / "wfdb" / "100.dat").channels) == 2


def test_small_letters_of_leads_are_known(shared_data: Path) -> None:
    labels = [each.label for each in read(shared_data / "waveforms" / "wfdb" / "s0010_re.hea").leads]
    assert labels == ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]


def test_gaps_marks_start_band_and_patient_come_back(tmp_path: Path) -> None:
    made = recording(
        with_gaps(channel("II"), (0, 3), (400, 450)),
        with_gaps(channel("V1", seed=2), (999, 1000)),
        band="0.5-40 Hz",
    )
    found = read(write(made, tmp_path / "one.hea")[0])
    assert_same_signal(found, made)
    assert [(mark.at, mark.text) for mark in found.marks] == [(mark.at, mark.text) for mark in made.marks]
    assert (found.started_at, found.band, found.device) == (made.started_at, made.band, made.device)
    assert found.patient_text == made.patient_text


@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_the_library_reads_our_gaps_and_marks(tmp_path: Path) -> None:
    made = recording(with_gaps(channel("II"), (400, 450)))
    path = write(made, tmp_path / "one.hea")[0]
    record = wfdb.rdrecord(str(path.with_suffix("")))
    np.testing.assert_array_equal(np.isnan(record.p_signal[:, 0]), np.isnan(made.channels[0].samples))
    np.testing.assert_allclose(record.p_signal[:, 0] * 1000, made.channels[0].samples, atol=1e-3)
    notes = wfdb.rdann(str(path.with_suffix("")), "atr")
    assert notes.sample.tolist() == [250, 500]
    assert [text.encode("latin-1").decode() if text.isascii() else text for text in notes.aux_note][
        1
    ] == "pain, 3 of 10"


def test_channels_of_several_rates_share_frames(tmp_path: Path) -> None:
    made = recording(channel("II", 1000, 500.0), channel("PPG", 125, 62.5, unit="1"), channel("RESP", 250, 125.0))
    path = write(made, tmp_path / "rates.hea")[0]
    assert_same_signal(read(path), recording(*made.channels[:1], *read(path).channels[1:]))
    assert [each.rate_hz for each in read(path).channels] == [500.0, 62.5, 125.0]
    np.testing.assert_array_equal(read(path).channels[1].samples, made.channels[1].samples)
    _compare(read(path), _theirs(path))


def test_wide_integers_get_more_bits(tmp_path: Path) -> None:
    made = recording(channel(largest=8_000_000, resolution=0.03125), marks=())
    paths = write(made, tmp_path / "wide.hea")
    assert_same_signal(read(paths[0]), made)
    assert paths[1].stat().st_size == 3000


def test_a_mark_may_come_hours_after_the_one_before(tmp_path: Path) -> None:
    slow = channel(count=40_000, rate_hz=1.0)
    marks = recording().marks
    late = type(marks[0])(slow_moment := marks[0].at.replace(hour=20), "кеш")
    found = read(write(recording(slow, marks=(marks[1], late)), tmp_path / "late.hea")[0])
    assert abs((found.marks[1].at - slow_moment).total_seconds()) < 1
    assert found.marks[1].text == "кеш"


def test_a_name_with_a_dot_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="Latin letters"):
        write(recording(), tmp_path / "жазба.hea")


# --- packings ---


def _packed(format: int, values: NDArray[np.int64]) -> bytes:
    """Pack samples as signal(5) says, by simple means."""
    numbers = values.tolist()
    if format == 212:
        pairs = zip(numbers[::2], numbers[1::2], strict=True)
        return b"".join(bytes((a & 255, a >> 8 & 15 | (b >> 8 & 15) << 4, b & 255)) for a, b in pairs)
    if format == 310:
        triples = zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True)
        return b"".join(
            struct.pack("<HH", (a & 1023) << 1 | (c & 31) << 11, (b & 1023) << 1 | (c >> 5 & 31) << 11)
            for a, b, c in triples
        )
    if format == 311:
        triples = zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True)
        return b"".join(struct.pack("<I", a & 1023 | (b & 1023) << 10 | (c & 1023) << 20) for a, b, c in triples)
    if format == 24:
        return b"".join((each & 0xFFFFFF).to_bytes(3, "little") for each in numbers)
    kinds = {16: "<i2", 61: ">i2", 32: "<i4", 8: "i1"}
    if format in kinds:
        return values.astype(kinds[format]).tobytes()
    return (values + {80: 128, 160: 32768}[format]).astype({80: "u1", 160: "<u2"}[format]).tobytes()


@pytest.mark.parametrize("format", [16, 61, 80, 160, 212, 310, 311, 24, 32])
def test_each_packing_is_read_as_the_library_reads_it(tmp_path: Path, format: int) -> None:
    largest = min(-LOST[format] - 1, 100_000)
    values = np.random.default_rng(format).integers(-largest, largest + 1, 60)
    values[7] = LOST[format]
    (tmp_path / "p.dat").write_bytes(_packed(format, values))
    (tmp_path / "p.hea").write_text(
        f"p 2 100 30\np.dat {format} 100 0 0\np.dat {format} 100(5)/mmHg 0 0 0 0 0 ABP\n", encoding="utf-8"
    )
    ours = read(tmp_path / "p.hea")
    if format == 61:  # the library fails on its own type for it
        kept = np.where(values == LOST[61], np.nan, values)
        np.testing.assert_allclose(ours.channels[0].samples, kept[::2] * 10)
    else:
        _compare(ours, _theirs(tmp_path / "p.hea"))
    assert int(np.isnan(ours.channels[1].samples).sum()) == 1
    assert ours.channels[1].unit == "mm[Hg]"


def test_differences_begin_at_the_first_value(tmp_path: Path) -> None:
    (tmp_path / "d.dat").write_bytes(_packed(8, np.array([0, 3, -5, 7])))
    (tmp_path / "d.hea").write_text("d 1 100 4\nd.dat 8 1/uV 0 0 100\n", encoding="utf-8")
    assert read(tmp_path / "d.hea").channels[0].samples.tolist() == [100, 103, 98, 105]


@pytest.mark.parametrize(("format", "subtype"), [(508, "PCM_S8"), (516, "PCM_16"), (524, "PCM_24")])
def test_flac_is_read_as_the_library_reads_it(tmp_path: Path, format: int, subtype: str) -> None:
    bits = format - 500
    values = np.random.default_rng(3).integers(-(1 << (bits - 1)) + 1, 1 << (bits - 1), (400, 2), dtype=np.int32)
    soundfile.write(tmp_path / "f.dat", values << (32 - bits), 200, subtype, format="FLAC")
    (tmp_path / "f.hea").write_text(
        f"f 2 100 200\nf.dat {format}x2 100/mV\nf.dat {format}x2 100/mV\n", encoding="utf-8"
    )
    ours = read(tmp_path / "f.hea")
    _compare(ours, _theirs(tmp_path / "f.hea"))
    np.testing.assert_array_equal(ours.channels[1].samples, values[:, 1].astype(np.float32) * 10)


def test_a_skewed_signal_is_moved_back(tmp_path: Path) -> None:
    (tmp_path / "s.dat").write_bytes(_packed(16, np.arange(20)))
    (tmp_path / "s.hea").write_text("s 2 100 10\ns.dat 16 1/uV\ns.dat 16:3 1/uV\n", encoding="utf-8")
    late = read(tmp_path / "s.hea").channels[1].samples
    assert late[:7].tolist() == [7, 9, 11, 13, 15, 17, 19]
    assert np.isnan(late[7:]).all()


# --- segments ---


def _segments(folder: Path) -> None:
    for name, values in (("a", np.arange(10)), ("b", np.arange(100, 110))):
        (folder / f"{name}.dat").write_bytes(_packed(16, values))
        (folder / f"{name}.hea").write_text(f"{name} 1 100 10\n{name}.dat 16 1/uV 16 0 0 0 0 II\n", encoding="utf-8")


def test_segments_lie_at_their_own_time_and_a_missing_one_is_a_gap(tmp_path: Path) -> None:
    _segments(tmp_path)
    (tmp_path / "m.hea").write_text("m/3 1 100 25\na 10\n~ 5\nb 10\n", encoding="utf-8")
    (one,) = read(tmp_path / "m.hea").channels
    assert one.samples[:10].tolist() == list(range(10))
    assert np.isnan(one.samples[10:15]).all()
    assert one.samples[15:].tolist() == list(range(100, 110))


def test_a_layout_with_other_signals_in_each_part_keeps_each_signal_apart(tmp_path: Path) -> None:
    _segments(tmp_path)
    (tmp_path / "b.hea").write_text("b 1 100 10\nb.dat 16 2/uV 16 0 0 0 0 V1\n", encoding="utf-8")
    (tmp_path / "lay.hea").write_text("lay 2 100 0\n~ 0 1/uV 16 0 0 0 0 II\n~ 0 1/uV 16 0 0 0 0 V1\n", encoding="utf-8")
    (tmp_path / "v.hea").write_text("v/3 2 100 20\nlay 0\na 10\nb 10\n", encoding="utf-8")
    two, v1 = read(tmp_path / "v.hea").channels
    theirs = wfdb.rdrecord(str(tmp_path / "v"))
    np.testing.assert_allclose(theirs.p_signal, np.stack([two.samples, v1.samples], axis=1))
    assert (two.label, v1.label) == ("II", "V1")
    assert np.isnan(two.samples[10:]).all()
    assert v1.samples[10:].tolist() == [each / 2 for each in range(100, 110)]


def test_a_change_of_scale_between_parts_is_no_longer_one_resolution(tmp_path: Path) -> None:
    _segments(tmp_path)
    (tmp_path / "b.hea").write_text("b 1 100 10\nb.dat 16 2/uV 16 0 0 0 0 II\n", encoding="utf-8")
    (tmp_path / "m.hea").write_text("m/2 1 100 20\na 10\nb 10\n", encoding="utf-8")
    (one,) = read(tmp_path / "m.hea").channels
    assert one.resolution is None
    assert one.samples[10] == 50


# --- strangers ---


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"# only words\n",
        b"x 1\n",
        b"x 1 0 10\nx.dat 16\n",
        b"x 99999 100 10\nx.dat 16\n",
        b"x 1 100 99999999999\nx.dat 16\n",
        b"x 1 100 10\nx.dat 17\n",
        b"x 1 100 10\n../../secret 16\n",
        b"x 1 100 10\nc:secret 16\n",
        b"x 1 100 10\nx.dat 16x0\n",
        b"x/2 1 100 20\nx 10\nx 10\n",
        b"x/1 1 100 900000000000\na 900000000000\n",
        b"\xff\xfe\x00 1 100\n",
    ],
)
def test_a_senseless_header_is_refused_in_words(tmp_path: Path, header: bytes) -> None:
    (tmp_path / "x.hea").write_bytes(header)
    (tmp_path / "x.dat").write_bytes(b"\0" * 6)
    _segments(tmp_path)
    with pytest.raises(UnreadableFileError) as refused:
        read(tmp_path / "x.hea")
    assert refused.value.text.render("kk")


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.hea").write_text("x 1 100 10\ny.dat 16\n", encoding="utf-8")
    with pytest.raises(UnreadableFileError, match=r"y\.dat"):
        read(tmp_path / "x.hea")


def test_a_cut_file_is_refused_and_not_taken_for_a_short_recording() -> None:
    with pytest.raises(UnreadableFileError, match="shorter"):
        read_wfdb(b"x 1 100 10\nx.dat 16\n", lambda _name: b"\0" * 19)


def test_flac_that_says_more_than_it_holds_is_refused() -> None:
    target = io.BytesIO()
    soundfile.write(target, np.zeros((10, 1), np.int16), 100, "PCM_16", format="FLAC")
    for header in (b"x 1 100 20\nx.dat 516\n", b"x 2 100 10\nx.dat 516\nx.dat 516\n", b"x 1 100 10\nx.dat 508\n"):
        with pytest.raises(UnreadableFileError):
            read_wfdb(header, lambda _name: target.getvalue())
    with pytest.raises(UnreadableFileError):
        read_wfdb(b"x 1 100 20\nx.dat 516\n", lambda _name: b"fLaC nonsense")


def test_a_header_without_a_moment_says_so_and_one_with_it_has_its_zone() -> None:
    line = b"x.dat 16\n"
    assert parse_header(b"x 1\n" + line).started_at == UNKNOWN_START
    dated = parse_header(b"x 1 100 10 10:20:30.5 5/3/2026\n" + line + b"# Zone: +05:00\n")
    assert dated.started_at == datetime(2026, 3, 5, 5, 20, 30, 500_000, tzinfo=UTC)
    with pytest.raises(ValueError, match="hour"):
        parse_header(b"x 1 100 10 99:20:30 5/3/2026\n" + line)
