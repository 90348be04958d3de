"""Every reader of a foreign recording; what is read must also be written again, or refused in words."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from fractions import Fraction
from functools import partial
from typing import Final

import numpy as np
import zstandard

from clinic_app.devices import ChannelInfo
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.waveforms import from_dicom, to_dicom
from clinic_app.waveforms.formats.aecg_reading import read_aecg
from clinic_app.waveforms.formats.csv_writing import to_csv
from clinic_app.waveforms.formats.edf_reading import read_edf
from clinic_app.waveforms.formats.edf_writing import to_edf
from clinic_app.waveforms.formats.scp_reading import read_scp
from clinic_app.waveforms.formats.sound_files import read_flac, read_wav, to_flac, to_wav
from clinic_app.waveforms.formats.vital_reading import read_unpacked, read_vital
from clinic_app.waveforms.formats.wfdb_marks import annotation_file, marks_of
from clinic_app.waveforms.formats.wfdb_reading import read_wfdb
from clinic_app.waveforms.formats.wfdb_writing import to_wfdb
from clinic_app.waveforms.recording import Recording
from clinic_app.waveforms.store import Chunk, Part, decode, encode
from clinic_app.waveforms.store.chunk import MAGIC
from tests.fuzz.parser import Parser
from tests.helpers.recordings import BEGAN, channel, recording, with_gaps
from tests.helpers.scp import scp_coded, scp_file, scp_leads, scp_rhythm

_LONGEST: Final = 2_000
"""Samples of a recording that is written again; longer ones only cost time."""
_VALUES: Final = [round(90 * np.sin(each / 5)) for each in range(60)]
_SMALL: Final = recording(with_gaps(channel("II", 60), (3, 9)), channel("ABP", 30, 250.0, unit="mm[Hg]"))
_SOUND: Final = recording(channel("SOUND", 60, 4000.0, 1 / 32768, unit="1"), marks=())
_SIGNAL_LINE: Final = b"x.dat 212x2 200(0)/mV 11 0 0 0 0 II\nx.dat 212 20/mmHg 11 0 0 0 0 ABP\n"


def _read_and_write(read: Callable[[bytes], Recording], data: bytes) -> None:
    """Read, and write what was read in every way; a refusal of the reader goes on, one of a writer is as good."""
    found = read(data)
    assert found.channels, "a recording without a channel"
    assert all(each.rate_hz > 0 and each.samples.dtype == np.float32 for each in found.channels)
    assert not any(np.isinf(each.samples).any() for each in found.channels), "a sample beyond all bounds"
    if sum(len(each.samples) for each in found.channels) > _LONGEST:
        return
    for write in (to_edf, partial(to_wfdb, record="x"), to_dicom, to_csv, to_wav, to_flac):
        with suppress(InvalidInputError):
            write(found)  # type: ignore[operator]


def _of(read: Callable[[bytes], Recording], *seeds: bytes) -> Parser:
    return Parser(partial(_read_and_write, read), lambda: seeds)


def _folder(name: str) -> bytes:
    """Return the files a header may name."""
    if name.endswith(".hea"):
        return b"x 2 250 10\n" + _SIGNAL_LINE
    return bytes(range(250)) * 2


def _vital() -> bytes:
    """Return a file of VitalRecorder without its packing: one curve with a gap, one word."""

    def packet(kind: int, body: bytes) -> bytes:
        return struct.pack("<bI", kind, len(body)) + body

    def text(words: str) -> bytes:
        return struct.pack("<I", len(words.encode())) + words.encode()

    def track(number: int, kind: int, name: str) -> bytes:
        scale = struct.pack("<ffIfddbI", 0, 0, 0, 500.0, 0.005, 0.0, 0, 1)
        return struct.pack("<Hbb", number, kind, 5) + text(name) + text("mV") + scale

    at = datetime(2026, 3, 5, tzinfo=UTC).timestamp()
    wave = struct.pack("<I20h", 20, *range(20))
    parts = [
        packet(9, struct.pack("<I", 1) + text("M") + text("Monitor") + text("COM1")),
        packet(0, track(1, 1, "ECG II")),
        packet(0, track(2, 5, "EVENT")),
        packet(1, struct.pack("<HdH", 10, at, 1) + wave),
        packet(1, struct.pack("<HdH", 10, at + 0.2, 1) + wave),
        packet(1, struct.pack("<HdH", 10, at, 2) + struct.pack("<I", 0) + text("word")),
    ]
    return b"VITA" + struct.pack("<IH", 3, 10) + bytes(10) + b"".join(parts)


def _packed(data: bytes) -> bytes:
    import gzip

    return gzip.compress(data, mtime=0)


def _scps() -> tuple[bytes, ...]:
    count = len(_VALUES)
    plain = scp_rhythm([np.array(_VALUES, "<i2").tobytes()])
    coded = scp_rhythm([scp_coded(_VALUES)])
    own = struct.pack("<HHBBBhIBBBhI", 1, 2, 1, 9, 1, 0, 0, 1, 1, 1, 5, 1)
    zones = struct.pack("<HHHHIII", 40, 11, 1, 0, 21, 31, 40)
    beat = scp_rhythm([np.array(_VALUES[:20], "<i2").tobytes()])
    return (
        scp_file({1: b"\x02\x02\0ab\xff\0\0", 2: struct.pack("<H", 19999), 3: scp_leads(1, count), 6: coded}),
        scp_file({3: scp_leads(1, count, 1), 4: zones, 5: beat, 6: plain}),
        scp_file({2: own, 3: scp_leads(1, 5), 6: scp_rhythm([bytes(8)], 2)}),
    )


def _aecg() -> bytes:
    return (
        b'<AnnotatedECG xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><component><series>'
        b'<code code="RHYTHM"/><effectiveTime><low value="20260305093000"/></effectiveTime><component><sequenceSet>'
        b'<component><sequence><value xsi:type="GLIST_TS"><increment value="0.002" unit="s"/></value></sequence>'
        b'</component><component><sequence><code code="MDC_ECG_LEAD_II"/><value xsi:type="SLIST_PQ">'
        b'<origin value="0" unit="uV"/><scale value="2.5" unit="uV"/><digits>1 -2 30 4 5</digits></value></sequence>'
        b"</component></sequenceSet></component></series></component></AnnotatedECG>"
    )


def _chunk(data: bytes) -> None:
    """Read what lies behind the check sum and the packing of a chunk."""
    body = MAGIC + zstandard.ZstdCompressor(level=1).compress(data)
    for part in decode(body + struct.pack("<I", zlib.crc32(body))).parts:
        assert part.samples.shape[0] == len(part.channels) == len(part.resolutions)


def _chunk_seed() -> bytes:
    samples = np.array([[5, np.nan, 7, -2000], [0.1, 0.2, np.nan, 1e9]], dtype=np.float32)
    channels = (ChannelInfo("MDC_ECG_LEAD_II", "II", "uV"), ChannelInfo("x", "x", "1"))
    part = Part("s", channels, (1.0, None), Fraction(500), 70, BEGAN, samples, ((70, 72, "x"),))
    content: bytes = zstandard.ZstdDecompressor().decompress(encode(Chunk("r", 3, (part,)))[len(MAGIC) : -4])
    return content


def _wfdb(data: bytes) -> Recording:
    return read_wfdb(data, _folder, "x")


RECORDING_PARSERS: Final[Mapping[str, Parser]] = {
    "edf": _of(read_edf, to_edf(_SMALL), to_edf(recording(with_gaps(channel("II", 1500), (100, 1300))))),
    "wfdb": _of(
        _wfdb,
        b"x 2 250 20 10:20:30.5 5/3/2026\n" + _SIGNAL_LINE + b"# Patient id: 7\n# Zone: +05:00\n",
        b"m/3 2 250 25\na 10\n~ 5\nb 10\n",
        b"x 1 100 10\nx.dat 8:2+3 200 0 0 5\n",
    ),
    "wfdb marks": Parser(
        lambda data: marks_of(data, 250.0, BEGAN), lambda: (annotation_file(_SMALL.marks, 500.0, BEGAN),), 1000
    ),
    "scp": Parser(partial(_read_and_write, partial(read_scp, is_checked=False)), _scps),
    "aecg": _of(read_aecg, _aecg()),
    "dicom waveform": _of(from_dicom, *to_dicom(_SMALL)),
    "wav": _of(read_wav, to_wav(_SOUND), to_wav(recording(channel("SOUND", 50, 4000.0, 0.3, unit="1")))),
    "flac": _of(read_flac, to_flac(_SOUND)),
    "vital": _of(read_unpacked, _vital()),
    "chunk of a long recording": Parser(_chunk, lambda: (_chunk_seed(),)),
    "packed vital": _of(read_vital, _packed(_vital())),
}
