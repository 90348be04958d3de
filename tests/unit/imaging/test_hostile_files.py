"""Files made to hurt: refused before they cost memory."""

from __future__ import annotations

import io
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import DeflatedExplicitVRLittleEndian, RLELossless

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.imaging.frame import frame_of
from clinic_app.imaging.reading import read_dataset, uid_of, without_preamble

CT = Path(str(get_testdata_file("CT_small.dcm", download=False))).read_bytes()
LIMIT_BYTES = 120 << 20


def saved(dataset: Dataset) -> bytes:
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    return buffer.getvalue()


def refused_cheaply(data: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableFileError):
            frame_of(read_dataset(data), 0)
        assert tracemalloc.get_traced_memory()[1] < LIMIT_BYTES
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("rows", "columns", "frames"), [(65535, 65535, 1000), (30000, 30000, 1), (512, 512, 1_000_000), (0, 10, 1)]
)
def test_impossible_sizes(rows: int, columns: int, frames: int) -> None:
    dataset = pydicom.dcmread(io.BytesIO(CT))
    dataset.Rows, dataset.Columns, dataset.NumberOfFrames = rows, columns, frames
    refused_cheaply(saved(dataset))


def test_a_run_length_bomb() -> None:
    dataset = pydicom.dcmread(io.BytesIO(CT))
    dataset.file_meta.TransferSyntaxUID = RLELossless
    dataset.Rows = dataset.Columns = 16000
    frame = np.array([2, 64, 70_000] + [0] * 13, dtype="<u4").tobytes() + b"\x81\x00" * 70_000
    dataset.PixelData = encapsulate([frame])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    refused_cheaply(saved(dataset))


def test_a_deflated_bomb_is_not_inflated() -> None:
    dataset = pydicom.dcmread(io.BytesIO(CT))
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    header = saved(dataset)[:132] + b""
    buffer = io.BytesIO()
    pydicom.filewriter.write_file_meta_info(buffer, dataset.file_meta)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(700)) + packer.flush()
    refused_cheaply(header + buffer.getvalue() + bomb)


def test_endless_nesting() -> None:
    innermost = b""
    for _ in range(3000):
        item = b"\xfe\xff\x00\xe0" + len(innermost).to_bytes(4, "little") + innermost
        innermost = b"\x08\x00\x15\x11SQ\x00\x00" + len(item).to_bytes(4, "little") + item
    dataset = pydicom.dcmread(io.BytesIO(CT), stop_before_pixels=True)
    with pytest.raises(UnreadableFileError):
        frame_of(read_dataset(saved(dataset) + innermost), 0)


def test_a_program_in_the_preamble_is_not_kept() -> None:
    dirty = b"MZ" + CT[2:]
    clean = without_preamble(dirty)
    assert clean[:128] == bytes(128)
    assert clean[128:] == CT[128:]


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
@pytest.mark.parametrize("uid", ["../../etc/passwd", "", "1" * 65, "1.2.x"])
def test_a_uid_is_digits_and_dots(uid: str) -> None:
    dataset = Dataset()
    dataset.SOPInstanceUID = uid
    with pytest.raises(UnreadableFileError):
        uid_of(dataset, "SOPInstanceUID")
    with pytest.raises(UnreadableFileError):
        uid_of(dataset, "StudyInstanceUID")


@settings(max_examples=150, deadline=None)
@given(st.integers(128, 1400), st.binary(min_size=1, max_size=8))
def test_no_changed_bytes_in_the_header_break_it(place: int, change: bytes) -> None:
    data = CT[:place] + change + CT[place + len(change) :]
    try:
        frame = frame_of(read_dataset(data), 0)
    except UnreadableFileError:
        return
    assert frame.rows > 0


BEFORE_PIXELS = CT.index(b"\xe0\x7f\x10\x00OW")
ITEM = b"\xfe\xff\x00\xe0\x00\x00\x00\x00"
ELEMENT = b"\x10\x00\x10\x00PN\x00\x00"


def _with(element: bytes) -> bytes:
    return CT[:BEFORE_PIXELS] + element + CT[BEFORE_PIXELS:]


@pytest.mark.parametrize("items", [100, 40_000])
def test_a_sequence_has_as_many_items_as_a_picture_needs(items: int) -> None:
    data = _with(b"\x08\x00\x15\x11SQ\x00\x00\xff\xff\xff\xff" + ITEM * items + b"\xfe\xff\xdd\xe0\x00\x00\x00\x00")
    if items == 100:
        assert frame_of(read_dataset(data), 0).rows == 128
    else:
        with pytest.raises(UnreadableFileError, match="more parts"):
            read_dataset(data)


def test_a_file_of_tiny_elements_is_given_up_early() -> None:
    with pytest.raises(UnreadableFileError, match="more parts"):
        read_dataset(_with(ELEMENT * 400_000))


@pytest.mark.parametrize("tag", [b"\x00\x52\x30\x92", b"\x00\x52\x29\x92", b"\x28\x00\x00\x30", b"\x18\x00\x11\x60"])
def test_a_long_sequence_that_is_parsed_only_when_it_is_asked_for_is_refused_before(tag: bytes) -> None:
    inside = ELEMENT * 600_000
    item = b"\xfe\xff\x00\xe0" + len(inside).to_bytes(4, "little") + inside
    data = _with(tag + b"SQ\x00\x00" + len(item).to_bytes(4, "little") + item)
    with pytest.raises(UnreadableFileError, match="more parts"):
        frame_of(read_dataset(data), 0)
