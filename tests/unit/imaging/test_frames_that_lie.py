"""Frames whose own header disagrees with the file, damaged frames, and frames in an unusual byte order."""

from __future__ import annotations

import io
import threading
import tracemalloc
import zlib
from decimal import Decimal
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.tag import Tag
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
)

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.imaging import reading
from clinic_app.imaging.codestream import StatedSize, coded_bytes, stated_size
from clinic_app.imaging.frame import Frame, frame_of
from clinic_app.imaging.importing import FRAMES, frames_of, look_at
from clinic_app.imaging.intake.sources import file_at
from clinic_app.imaging.reading import read_dataset
from clinic_app.imaging.rendering import render
from clinic_app.imaging.windowing import Window
from clinic_app.records import Coding, Extension, ImagingStudyInstance

SMALL = np.arange(64 * 48, dtype=np.uint8).reshape(48, 64)
ENCODED = {
    JPEGBaseline8Bit: imagecodecs.jpeg8_encode(SMALL, level=95),
    JPEGLosslessSV1: imagecodecs.ljpeg_encode(SMALL),
    JPEGLSLossless: imagecodecs.jpegls_encode(SMALL),
    JPEG2000Lossless: imagecodecs.jpeg2k_encode(SMALL, level=0, codecformat="j2k"),
}


def shipped(name: str) -> bytes:
    return Path(str(get_testdata_file(name, download=False))).read_bytes()


def first_frame(data: bytes) -> Frame:
    return frame_of(read_dataset(data), 0)


def holding(frame: bytes, syntax: UID, rows: int = 48, columns: int = 64) -> bytes:
    """Return a file of 8 bits whose only frame is ``frame``."""
    dataset = pydicom.dcmread(io.BytesIO(shipped("CT_small.dcm")))
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.Rows, dataset.Columns = rows, columns
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    dataset.PixelData = encapsulate([frame])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    return saved(dataset)


def saved(dataset: Dataset) -> bytes:
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    return buffer.getvalue()


def with_side(frame: bytes, place: int, side: bytes) -> bytes:
    return frame[:place] + side + frame[place + len(side) :]


@pytest.mark.parametrize("syntax", ENCODED, ids=lambda uid: uid.name)
def test_every_compressed_frame_states_its_size(syntax: UID) -> None:
    assert stated_size(ENCODED[syntax]) == StatedSize(48, 64, 1)
    assert first_frame(holding(ENCODED[syntax], syntax)).stored.shape == (48, 64)


def test_a_boxed_jpeg_2000_states_its_size_too() -> None:
    boxed = imagecodecs.jpeg2k_encode(np.dstack([SMALL] * 3), level=0, codecformat="jp2")
    assert boxed[4:8] == b"jP  "
    assert stated_size(boxed) == StatedSize(48, 64, 3)


@pytest.mark.parametrize(
    "frame", [b"", b"\xff\xd8", b"\xff\xd8" + b"\xff" * 100, b"\x00\x00\x00\x0cjP  \r\n\x87\n", b"RIFF"]
)
def test_what_states_no_size_is_not_decoded(frame: bytes) -> None:
    assert stated_size(frame) is None
    with pytest.raises(UnreadableFileError):
        first_frame(holding(frame + b"\x00" * 500, JPEGBaseline8Bit))


@pytest.mark.parametrize("syntax", ENCODED, ids=lambda uid: uid.name)
def test_a_frame_of_another_size_is_not_decoded(syntax: UID) -> None:
    with pytest.raises(UnreadableFileError):
        first_frame(holding(ENCODED[syntax], syntax, rows=64, columns=48))


def test_a_jpeg_2000_of_seven_kilobytes_that_states_gigabytes_costs_nothing() -> None:
    frame = ENCODED[JPEG2000Lossless]
    place = frame.index(b"\xff\x51") + 6
    huge = with_side(frame, place, (60_000).to_bytes(4, "big") * 2)
    data = holding(huge, JPEG2000Lossless)
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableFileError):
            first_frame(data)
        assert tracemalloc.get_traced_memory()[1] < 20 << 20
    finally:
        tracemalloc.stop()


def test_big_endian_files_look_like_their_little_endian_twins(shared_data: Path) -> None:
    folder = shared_data / "dicom" / "ct"
    (big,), (little,) = folder.glob("*BigEndian*"), folder.glob("*LittleEndianExplicit*")
    window = Window(40, 400)
    seen, expected = first_frame(big.read_bytes()), first_frame(little.read_bytes())
    np.testing.assert_array_equal(render(seen, window), render(expected, window))
    mr_big, mr = first_frame(shipped("MR_small_bigendian.dcm")), first_frame(shipped("MR_small.dcm"))
    np.testing.assert_array_equal(render(mr_big, mr.default_window), render(mr, mr.default_window))


@pytest.mark.parametrize("retired", ["4.53", "4.55"])
def test_retired_progressive_jpeg_opens(shared_data: Path, retired: str) -> None:
    folder = shared_data / "dicom" / "ct"
    (path,), (plain,) = folder.glob(f"*{retired}.dcm"), folder.glob("*LittleEndianExplicit*")
    frame, expected = first_frame(path.read_bytes()), first_frame(plain.read_bytes())
    window = Window(40, 400)
    difference = np.abs(render(frame, window).astype(int) - render(expected, window).astype(int))
    assert difference.mean() < 3


def test_a_window_in_which_everything_is_white_is_not_used(shared_data: Path) -> None:
    path = shared_data / "dicom" / "xray" / "JPEG2KLossless_1s_1f_u_16_16.dcm"
    frame = first_frame(path.read_bytes())
    assert float(np.mean(render(frame, Window(2725, 5310)) == 255)) > 0.99, "the file asks for this window"
    assert 60 < render(frame, frame.default_window).mean() < 200


def test_a_damaged_run_length_frame_is_a_sentence_in_any_thread() -> None:
    """A decoder that panics raises what no ``except Exception`` catches, and would end the thread."""
    data = shipped("MR_small_RLE.dcm")
    dataset = pydicom.dcmread(io.BytesIO(data))
    frame = bytearray(get_frame(dataset.PixelData, 0, number_of_frames=1))
    frame[776] = 129
    dataset.PixelData = encapsulate([bytes(frame)])
    outcome: list[object] = []

    def work() -> None:
        try:
            outcome.append(first_frame(saved(dataset)))
        except UnreadableFileError as error:
            outcome.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10)
    assert outcome


def test_a_small_deflated_bomb_is_refused_by_its_ratio() -> None:
    dataset = pydicom.dcmread(io.BytesIO(shipped("CT_small.dcm")))
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    buffer = io.BytesIO()
    buffer.write(bytes(128) + b"DICM")
    pydicom.filewriter.write_file_meta_info(buffer, dataset.file_meta)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(200)) + packer.flush()
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableFileError):
            read_dataset(buffer.getvalue() + bomb)
        assert tracemalloc.get_traced_memory()[1] < 20 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("padding", [0, 60_000, 400_000])
def test_zeros_behind_the_end_of_a_jpeg_do_not_pass_for_pixels(padding: int) -> None:
    """A decoder says nothing and fills with grey what it does not find: a picture that was never taken."""
    frame = ENCODED[JPEGBaseline8Bit]
    place = frame.index(b"\xff\xc0") + 5
    side = (9000).to_bytes(2, "big")
    assert coded_bytes(frame + bytes(padding)) < len(frame)
    with pytest.raises(UnreadableFileError):
        first_frame(holding(with_side(frame, place, side * 2) + bytes(padding), JPEGBaseline8Bit, 9000, 9000))


@pytest.mark.parametrize("syntax", ENCODED, ids=lambda uid: uid.name)
def test_what_a_frame_holds_is_counted_from_its_scan_to_its_end(syntax: UID) -> None:
    frame = ENCODED[syntax]
    assert 0 < coded_bytes(frame) <= len(frame)
    assert coded_bytes(b"\xff\xd8") == 0


def test_an_even_picture_shrinks_more_than_any_other_and_opens() -> None:
    even = np.full((2048, 2048), 77, dtype=np.uint8)
    frame = imagecodecs.jpeg8_encode(even, level=95, optimize=True)
    assert even.nbytes / coded_bytes(frame) > 100
    assert first_frame(holding(frame, JPEGBaseline8Bit, 2048, 2048)).stored.mean() == pytest.approx(77, abs=2)


def test_a_deflated_file_that_does_not_shrink_is_looked_through_once_not_squared() -> None:
    dataset = pydicom.dcmread(io.BytesIO(shipped("CT_small.dcm")))
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    dataset.Rows = dataset.Columns = 2048
    dataset.PixelData = np.random.default_rng(7).bytes(2048 * 2048 * 2)
    data = saved(dataset)
    assert len(data) > 8 << 20, "noise does not shrink"
    tracemalloc.start()
    try:
        reading._inflated(data)
        assert tracemalloc.get_traced_memory()[1] < 30 << 20
    finally:
        tracemalloc.stop()
    assert first_frame(data).columns == 2048


def test_a_film_of_a_gigabyte_is_refused_by_its_first_bytes(tmp_path: Path) -> None:
    path = tmp_path / "film.avi"
    with path.open("wb") as file:
        file.write(b"RIFF")
        file.truncate((1 << 30) - 1)
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableFileError, match="no DICOM file"):
            look_at(file_at(path, "x"))
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("said", "believed"),
    [("3", 3), ("1E+60", 20_000), ("-5", 1), ("0", 1), ("1E-60", 1), ("2.9", 2)],
)
def test_what_another_hospital_says_of_its_frames_is_believed_up_to_a_limit(said: str, believed: int) -> None:
    extension = (Extension(url=FRAMES, value_decimal=Decimal(said)),)
    instance = ImagingStudyInstance(uid="1.2", sop_class=Coding(code="1.2"), extension=extension)
    assert frames_of(instance) == believed


@pytest.mark.parametrize("keyword", ["InstanceNumber", "SeriesNumber"])
def test_a_number_no_record_can_hold_orders_nothing(tmp_path: Path, keyword: str) -> None:
    dataset = pydicom.dcmread(io.BytesIO(shipped("CT_small.dcm")))
    path = tmp_path / "1.dcm"
    for written, read in (("7", 7), ("1E300", 0)):
        dataset[keyword] = RawDataElement(Tag(keyword), "IS", len(written), written.encode(), 0, False, True)
        path.write_bytes(saved(dataset))
        looked = look_at(file_at(path, "x"))
        assert looked is not None
        assert getattr(looked[1], "number" if keyword == "InstanceNumber" else "series_number") == read


def test_an_element_of_a_broken_length_is_a_sentence(tmp_path: Path) -> None:
    data = bytearray(shipped("examples_ybr_color.dcm"))
    place = data.index(b"\x28\x00\x10\x00US")
    data[place + 6] = 3
    path = tmp_path / "broken.dcm"
    path.write_bytes(data)
    with pytest.raises(UnreadableFileError):
        look_at(file_at(path, "x"))
