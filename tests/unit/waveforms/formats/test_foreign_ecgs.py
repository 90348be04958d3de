"""SCP-ECG, aECG, DICOM of any class and .vital beside the libraries of others, and what hostile ones are told."""

from __future__ import annotations

import gzip
import io
import struct
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.waveforms import from_dicom, to_dicom
from clinic_app.waveforms.formats import read, read_bytes, write
from clinic_app.waveforms.formats.aecg_reading import read_aecg
from clinic_app.waveforms.formats.scp_huffman import DEFAULT, decoded, parse_tables
from clinic_app.waveforms.formats.scp_reading import read_scp
from clinic_app.waveforms.recording import EventMark, PatientText, Recording
from tests.helpers.oracles import ecgdatakit, vitaldb
from tests.helpers.recordings import BEGAN, assert_same_signal, channel, recording, with_gaps
from tests.helpers.scp import scp_bits, scp_coded, scp_file, scp_leads, scp_rhythm

FILES = ("scp/Example.scp", "aecg/FDA_subject1_0.xml", "dicom/waveform_ecg.dcm")


def _parsed_by_others(path: Path) -> dict[str, NDArray[np.float64]]:
    record = ecgdatakit.parsing.FileParser().parse(str(path))
    factors = {"mV": 1000.0, "uV": 1.0}
    return {lead.label.lower(): np.asarray(lead.samples) * factors[lead.units] for lead in record.leads}


@pytest.mark.parametrize("name", FILES)
def test_a_real_file_is_read_as_another_library_reads_it(shared_data: Path, name: str) -> None:
    path = shared_data / "waveforms" / name
    ours, theirs = read(path), _parsed_by_others(path)
    assert len(ours.channels) == 12
    for one in ours.channels:
        np.testing.assert_allclose(one.samples, theirs[one.label.lower()], rtol=1e-6, atol=1e-3)


def test_the_same_ecg_as_scp_and_as_xml_is_the_same(shared_data: Path) -> None:
    scp, xml = (read(shared_data / "waveforms" / name) for name in FILES[:2])
    assert scp.device == xml.device == "ELI250"
    assert scp.patient_text.birth_date == xml.patient_text.birth_date == "1953-05-08"
    for one, other in zip(scp.leads, xml.leads, strict=True):
        np.testing.assert_allclose(one.samples, other.samples, atol=2.6)  # one was made from the other, step by step


@pytest.mark.parametrize("suffix", [".hea", ".edf", ".dcm"])
@pytest.mark.parametrize("name", FILES)
def test_a_real_file_keeps_every_sample_on_its_way_through_ours(
    shared_data: Path, tmp_path: Path, name: str, suffix: str
) -> None:
    made = read(shared_data / "waveforms" / name)
    assert_same_signal(read(write(made, tmp_path / f"x{suffix}")[0]), made)


def test_words_of_the_xml_are_told(shared_data: Path) -> None:
    found = read(shared_data / "waveforms" / FILES[1])
    assert found.patient_text == PatientText("subject1", "Clark", "1953-05-08", "male")
    assert found.band == "up to 150 Hz, 60 Hz notch"
    assert found.started_at == datetime(2002, 11, 22, 9, 10).astimezone()


# --- SCP-ECG, made here ---

WAVE = [round(300 * np.sin(each / 7)) + each % 5 for each in range(200)]


def _differenced(values: list[int], times: int) -> list[int]:
    if times == 0:
        return values
    if times == 1:
        return [values[0], *(b - a for a, b in pairwise(values))]
    seconds = [c - 2 * b + a for a, b, c in zip(values, values[1:], values[2:], strict=False)]
    return [values[0], values[1], *seconds]


@pytest.mark.parametrize("times", [0, 1, 2])
@pytest.mark.parametrize("is_coded", [True, False])
def test_every_way_to_pack_samples_gives_the_same(tmp_path: Path, times: int, is_coded: bool) -> None:
    values = _differenced(WAVE, times)
    packed = scp_coded(values) if is_coded else np.array(values, "<i2").tobytes()
    tables = {2: struct.pack("<H", 19999)} if is_coded else {}
    data = scp_file({1: b"\xff\0\0", **tables, 3: scp_leads(1, len(WAVE)), 6: scp_rhythm([packed], times)})
    (one,) = read_bytes(data).channels
    np.testing.assert_array_equal(one.samples, np.array(WAVE, np.float32) * 2.5)
    assert one.rate_hz == 500
    (tmp_path / "x.scp").write_bytes(data)
    np.testing.assert_allclose(_parsed_by_others(tmp_path / "x.scp")["i"], one.samples, rtol=1e-6)


def test_a_reference_beat_that_was_taken_out_is_put_back(tmp_path: Path) -> None:
    beat = [round(200 * np.exp(-(((each - 20) / 6) ** 2))) for each in range(40)]
    rest = list(WAVE)
    fiducials = (40, 110)
    for place in fiducials:
        for step, value in enumerate(beat):
            rest[place - 20 + step] -= value
    zones = b"".join(struct.pack("<HIII", 0, place - 19, place + 1, place + 20) for place in fiducials)
    data = scp_file(
        {
            1: b"\xff\0\0",
            3: scp_leads(1, len(WAVE), 1),
            4: struct.pack("<HHH", 80, 21, 2) + zones,
            5: scp_rhythm([np.array(beat, "<i2").tobytes()]),
            6: scp_rhythm([np.array(rest, "<i2").tobytes()]),
        }
    )
    (one,) = read_bytes(data).channels
    np.testing.assert_array_equal(one.samples, np.array(WAVE, np.float32) * 2.5)
    (tmp_path / "x.scp").write_bytes(data)
    np.testing.assert_allclose(_parsed_by_others(tmp_path / "x.scp")["i"], one.samples, rtol=1e-6)


def test_bimodal_compression_is_refused_in_words() -> None:
    body = scp_rhythm([np.array(WAVE, "<i2").tobytes()], bimodal=1, interval_us=8000)
    beat = scp_rhythm([np.array(WAVE[:40], "<i2").tobytes()])
    zones = struct.pack("<HHH", 80, 21, 0)
    data = scp_file({1: b"\xff\0\0", 3: scp_leads(1, 200, 1), 4: zones, 5: beat, 6: body})
    with pytest.raises(UnreadableFileError, match="bimodal"):
        read_bytes(data)


def test_tables_of_the_file_may_switch_to_another() -> None:
    one = struct.pack("<BBBhI", 1, 1, 1, 5, 0) + struct.pack("<BBBhI", 1, 1, 0, 2, 1)
    two = struct.pack("<BBBhI", 2, 6, 1, 100, 0b01)  # the first bit of a code is the lowest: 1, 0
    tables = parse_tables(struct.pack("<HH", 2, 2) + one + struct.pack("<H", 1) + two)
    assert decoded(scp_bits("01100011101111"), 3, tables).tolist() == [5, 103, 99]


def test_leads_that_begin_later_lie_later() -> None:
    leads = bytes((2, 0)) + struct.pack("<IIB", 1, 200, 1) + struct.pack("<IIB", 11, 150, 2)
    packed = [np.array(WAVE, "<i2").tobytes(), np.array(WAVE[:140], "<i2").tobytes()]
    first, second = read_scp(scp_file({3: leads, 6: scp_rhythm(packed)})).channels
    assert np.isnan(second.samples[:10]).all()
    assert np.isnan(second.samples[150:]).all()
    np.testing.assert_array_equal(second.samples[10:150], first.samples[:140])


def test_patient_moment_zone_and_filter_of_section_one() -> None:
    device = b"\0" * 6 + b"\0\0" + b"AX-1\0\0" + b"\x0d\0" + bytes((0b00010011,)) + b"\0" * 20
    tags = {
        0: "Ахметова".encode("iso8859-5") + b"\0", 1: b"Aigul\0", 2: b"640305300123\0",
        5: struct.pack("<HBB", 1964, 3, 5), 8: b"\x02", 14: device,
        25: struct.pack("<HBB", 2026, 3, 5), 26: bytes((14, 30, 15)),
        27: struct.pack("<H", 5), 28: struct.pack("<H", 150), 34: struct.pack("<hH", 300, 0),
    }  # fmt: skip
    body = b"".join(struct.pack("<BH", tag, len(value)) + value for tag, value in tags.items()) + b"\xff\0\0"
    packed = np.array(WAVE, "<i2").tobytes()
    found = read_scp(scp_file({1: body, 3: scp_leads(1, 200), 6: scp_rhythm([packed])}))
    assert found.patient_text == PatientText("640305300123", "Ахметова Aigul", "1964-03-05", "female")
    assert found.started_at == datetime(2026, 3, 5, 9, 30, 15, tzinfo=UTC)
    assert (found.device, found.band) == ("AX-1", "0.05-150 Hz")


def test_a_bit_that_fell_over_on_the_way_is_noticed(shared_data: Path) -> None:
    data = bytearray((shared_data / "waveforms" / FILES[0]).read_bytes())
    data[-100] ^= 4
    with pytest.raises(UnreadableFileError, match="checksum"):
        read_bytes(bytes(data))


@pytest.mark.parametrize(
    "bodies",
    [
        {3: b"\0\0", 6: scp_rhythm([])},
        {3: scp_leads(1, 0xFFFFFFF0), 6: scp_rhythm([b"\0" * 8])},
        {3: scp_leads(1, 200), 6: scp_rhythm([b"\0" * 8])},
        {2: struct.pack("<H", 19999), 3: scp_leads(1, 200), 6: scp_rhythm([b"\xff" * 8])},
        {2: struct.pack("<HH", 1, 9), 3: scp_leads(1, 200), 6: scp_rhythm([b"\xff" * 8])},
        {3: scp_leads(1, 4), 6: scp_rhythm([b"\0" * 8], interval_us=0)},
        {3: scp_leads(1, 4), 6: scp_rhythm([b"\0" * 8], differences=7)},
        {3: scp_leads(1, 4, 1), 6: scp_rhythm([b"\0" * 8])},
        {3: scp_leads(1, 4)},
    ],
)
def test_an_scp_record_that_contradicts_itself_is_refused(bodies: dict[int, bytes]) -> None:
    with pytest.raises(UnreadableFileError):
        read_scp(scp_file(bodies))


def test_the_standard_table_knows_every_value() -> None:
    values = [*range(-9, 10), -128, 127, -32768, 32767]
    assert decoded(scp_coded(values), len(values), DEFAULT).tolist() == values


# --- aECG ---


def _aecg(middle: str, head: str = "") -> bytes:
    return (
        f'<?xml version="1.0"?>{head}<AnnotatedECG xmlns="urn:hl7-org:v3" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{middle}</AnnotatedECG>'
    ).encode()


def _series(low: str, digits: str, step: str = "0.002", code: str = "RHYTHM", lead: str = "MDC_ECG_LEAD_II") -> str:
    return (
        f'<component><series><code code="{code}"/><effectiveTime><low value="{low}"/></effectiveTime><component>'
        f'<sequenceSet><component><sequence><value xsi:type="GLIST_TS"><head value="{low}"/>'
        f'<increment value="{step}" unit="s"/></value></sequence></component><component><sequence><code code="{lead}"/>'
        f'<value xsi:type="SLIST_PQ"><origin value="1" unit="uV"/><scale value="5" unit="uV"/><digits>{digits}</digits>'
        "</value></sequence></component></sequenceSet></component></series></component>"
    )


def test_a_later_series_lies_later_and_a_derived_one_stays_out() -> None:
    found = read_aecg(
        _aecg(
            _series("20260305093000.000+0000", "1 2 3")
            + _series("20260305093000.010+0000", "4 -5", lead="MDC_ECG_LEAD_V1")
            + _series("20260305093000.000+0000", "9 9", code="REPRESENTATIVE_BEAT")
        )
    )
    assert found.started_at == datetime(2026, 3, 5, 9, 30, tzinfo=UTC)
    assert [each.label for each in found.channels] == ["II", "V1"]
    assert found.channels[0].samples.tolist() == [6, 11, 16]
    assert np.isnan(found.channels[1].samples[:5]).all()
    assert found.channels[1].samples[5:].tolist() == [21, -24]


@pytest.mark.parametrize(
    "data",
    [
        _aecg(""),
        _aecg(_series("2026", "1 2"), '<!DOCTYPE x [<!ENTITY a "b">]>'),
        _aecg(_series("20260305", "1 x")),
        _aecg(_series("20260305", "1 2", step="0")),
        _aecg(_series("20260305", "1 2", step="nan")),
        _aecg(_series("20260305", "1 2", step="1e9")),
        _aecg(_series("20260305", "")),
        _aecg(_series("20260305", "1 2") + _series("29990305", "1 2")),
        b"<AnnotatedECG",
        b"<AnnotatedECG/>",
    ],
)
def test_xml_that_contradicts_itself_or_asks_for_more_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableFileError) as refused:
        read_bytes(data)
    assert refused.value.text.render("ru")


# --- DICOM ---


def test_dicom_keeps_integers_gaps_marks_authors_band_and_words() -> None:
    marks = (EventMark(BEGAN + timedelta(seconds=0.123456), "ұстама", "Dr Ermek"), EventMark(BEGAN, "begin"))
    made = recording(with_gaps(channel("II", resolution=4.88), (3, 50)), band="0.5-40 Hz, 50 Hz notch", marks=marks)
    found = from_dicom(to_dicom(made)[0])
    assert_same_signal(found, made)
    assert found.marks == (marks[1], marks[0])
    assert (found.band, found.device, found.patient_text) == (made.band, made.device, made.patient_text)
    assert found.channels[0].resolution == 4.88


def test_integers_of_more_than_16_bits_get_an_object_of_32() -> None:
    made = recording(channel(largest=8_000_000, resolution=0.03125), marks=())
    (data,) = to_dicom(made)
    assert pydicom.dcmread(io.BytesIO(data)).SOPClassUID.name == "General 32-bit ECG Waveform Storage"
    assert_same_signal(from_dicom(data), made)


def test_each_kind_of_signal_is_an_object_of_its_own_kind(tmp_path: Path) -> None:
    kinds = {
        "II": ("uV", 500.0), "MLII": ("uV", 500.0), "ABP": ("mm[Hg]", 125.0), "RESP": ("Ohm", 25.0),
        "SOUND": ("1", 4000.0),
    }  # fmt: skip
    made = recording(*(channel(label, 400, rate, unit=unit) for label, (unit, rate) in kinds.items()), marks=())
    paths = write(made, tmp_path / "all.dcm")
    assert [path.name for path in paths] == ["all.dcm", "all-2.dcm", "all-3.dcm", "all-4.dcm"]
    names = [pydicom.dcmread(path).SOPClassUID.name for path in paths]
    assert names[0] == "General ECG Waveform Storage"
    assert [name.split()[0] for name in names[1:]] == ["Hemodynamic", "Respiratory", "General"]
    together = Recording(tuple(each for path in paths for each in read(path).channels), BEGAN, "")
    assert_same_signal(together, made)


def test_groups_of_a_file_lie_at_their_own_times_and_derived_ones_stay_out() -> None:
    data = pydicom.dcmread(io.BytesIO(to_dicom(recording(marks=()))[0]))
    group = data.WaveformSequence[0]
    second, third = (pydicom.Dataset.from_json(group.to_json()) for _ in range(2))
    second.MultiplexGroupTimeOffset = 100
    group.MultiplexGroupTimeOffset = 0
    third.WaveformOriginality = "DERIVED"
    data.WaveformSequence = [group, second, third]
    target = io.BytesIO()
    data.save_as(target)
    first, late = read_bytes(target.getvalue()).channels
    assert np.isnan(late.samples[:50]).all()
    np.testing.assert_array_equal(late.samples[50:], first.samples)


@pytest.mark.parametrize(("kind", "quiet", "loud"), [("MB", 0xFF, 0x80), ("AB", 0xD5, 0xAA)])
def test_sound_in_eight_bits_is_unfolded(kind: str, quiet: int, loud: int) -> None:
    data = pydicom.dcmread(io.BytesIO(to_dicom(recording(channel("SOUND", 4, 4000.0, unit="1"), marks=()))[0]))
    group = data.WaveformSequence[0]
    group.WaveformBitsAllocated, group.WaveformSampleInterpretation = 8, kind
    del group.WaveformPaddingValue
    group.ChannelDefinitionSequence[0].ChannelSensitivity = 1
    group.add_new("WaveformData", "OB", bytes((quiet, loud, quiet, loud)))
    target = io.BytesIO()
    data.save_as(target)
    samples = read_bytes(target.getvalue()).channels[0].samples
    assert abs(samples[0]) <= 8
    assert samples[1] > 31_000


# --- .vital ---


def _vital(path: Path, tracks: list[object]) -> bytes:
    file = vitaldb.VitalFile()
    for track in tracks:
        file.trks[track.dtname] = track  # type: ignore[attr-defined]
        if track.dname:  # type: ignore[attr-defined]
            file.devs.setdefault(track.dname, vitaldb.utils.Device(track.dname))  # type: ignore[attr-defined]
    file.dtstart, file.dtend = 1_772_700_000.0, 1_772_700_010.0
    file.to_vital(str(path), packed=False)
    return path.read_bytes()


def _track(name: str, kind: int, recs: list[dict[str, object]], **told: object) -> object:
    return vitaldb.utils.Track(name, type=kind, recs=recs, **{"dname": "Bx50", "col": 0, **told})


def test_curves_of_a_vital_file_are_read_with_their_gaps_and_words(tmp_path: Path) -> None:
    values = np.arange(-100, 400, dtype=np.int16)
    start = 1_772_700_000.0
    recs = [{"dt": start, "val": values[:250]}, {"dt": start + 0.51, "val": values[250:]}]
    late = [{"dt": start + 3, "val": np.array([1.5, np.nan, 2.5], np.float32)}]
    data = _vital(
        tmp_path / "x.vital",
        [
            _track(
                "ECG II", 1, [*recs, {"dt": start + 2, "val": values[:10]}], fmt=5, unit="mV", srate=500.0, gain=0.005
            ),
            _track("PLETH", 1, late, fmt=1, srate=62.5),
            _track("HR", 2, [{"dt": start, "val": 72.0}], fmt=1, unit="/min"),
            _track("EVENT", 5, [{"dt": start + 1, "val": "интубация"}], dname=""),
        ],
    )
    found = read_bytes(data)
    two, pleth = found.channels
    assert (two.label, two.unit, two.rate_hz, pleth.label, pleth.rate_hz) == ("II", "uV", 500.0, "PLETH", 62.5)
    np.testing.assert_allclose(two.samples[:500], values * 5.0, rtol=1e-6)
    assert np.isnan(two.samples[500:1000]).all()
    np.testing.assert_allclose(two.samples[1000:], values[:10] * 5.0, rtol=1e-6)
    assert np.isnan(pleth.samples[: round(3 * 62.5)]).all()
    assert pleth.samples[-1] == 2.5
    assert found.started_at == datetime.fromtimestamp(start, UTC)
    assert [(mark.text, (mark.at - found.started_at).total_seconds()) for mark in found.marks] == [("интубация", 1.0)]
    assert found.device == "Bx50"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it leaves its file open
def test_the_library_reads_its_own_file_to_the_same_samples(tmp_path: Path) -> None:
    values = np.random.default_rng(2).integers(-2000, 2000, 1000, dtype=np.int16)
    track = _track(
        "ART", 1, [{"dt": 1_772_700_000.0, "val": values}], fmt=5, unit="mmHg", srate=100.0, gain=0.1, offset=5.0
    )
    (one,) = read_bytes(_vital(tmp_path / "x.vital", [track])).channels
    theirs = vitaldb.VitalFile(str(tmp_path / "x.vital")).to_numpy(["Bx50/ART"], 1 / 100)
    np.testing.assert_allclose(one.samples[: len(theirs)], theirs[: len(one.samples), 0], rtol=1e-4)
    assert one.unit == "mm[Hg]"


def test_a_bomb_of_zeros_and_a_cut_file_are_refused() -> None:
    bomb = b"".join(
        gzip.compress(b"VITA" + bytes(1 << 24), 1) if not n else gzip.compress(bytes(1 << 24), 1) for n in range(17)
    )
    for data in (bomb, gzip.compress(b"VITA"), gzip.compress(b"VITA" + bytes(40))[:-12]):
        with pytest.raises(UnreadableFileError):
            read_bytes(data)
