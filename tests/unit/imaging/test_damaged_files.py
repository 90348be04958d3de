"""Files that were cut, or lie: what is good in them is shown, and a sentence says what is not."""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import JPEGBaseline8Bit, JPEGLSLossless

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.imaging.fragments import Extent, extent_of, fragments_in
from clinic_app.imaging.frame import Frame, frame_of
from clinic_app.imaging.importing import look_at
from clinic_app.imaging.intake.sources import file_at
from clinic_app.imaging.reading import check_mark, read_dataset, without_preamble
from tests.helpers.dicom_files import bytes_of, compressed_file, made_file

LOOP = np.arange(4 * 16 * 20, dtype=np.uint16).reshape(4, 16, 20)
GREY = (LOOP % 251).astype(np.uint8)


def cut(dataset: Dataset, missing: int) -> Dataset:
    """Return a file that was cut so many bytes before its end."""
    return read_dataset(bytes_of(dataset)[:-missing])


def said(frame: Frame) -> list[str]:
    return [str(note.render("en")) for note in frame.notes]


def test_whole_pictures_of_a_cut_loop_are_shown_and_the_cut_one_in_part() -> None:
    dataset = cut(made_file(LOOP), 16 * 20 * 2 + 8 * 20 * 2)
    assert extent_of(dataset) == Extent(4, 2, 8)
    np.testing.assert_array_equal(frame_of(dataset, 1).stored, LOOP[1])
    last = frame_of(dataset, 2)
    np.testing.assert_array_equal(last.stored[:8], LOOP[2, :8])
    assert len(set(last.stored[8:].ravel().tolist())) == 1
    assert said(last)[0] == "The file is cut short: the lower part of this image is missing."
    assert said(frame_of(dataset, 0)) == ["The file is cut short: 3 of 4 images are in it."]
    with pytest.raises(UnreadableFileError, match="not in it"):
        frame_of(dataset, 3)


def test_a_single_picture_that_was_cut_is_shown_as_far_as_it_goes() -> None:
    dataset = cut(made_file(LOOP[0]), 10 * 20 * 2)
    assert extent_of(dataset) == Extent(1, 0, 6)
    np.testing.assert_array_equal(frame_of(dataset, 0).stored[:6], LOOP[0, :6])


def test_a_picture_with_next_to_nothing_in_it_is_refused() -> None:
    with pytest.raises(UnreadableFileError):
        frame_of(cut(made_file(LOOP[0]), 16 * 20 * 2 - 12), 0)


def test_a_colour_picture_that_was_cut_keeps_its_colours() -> None:
    colour = np.zeros((8, 8, 3), np.uint8)
    colour[:, :, 1] = 200
    frame = frame_of(cut(made_file(colour), 8 * 3 * 4), 0)
    assert frame.is_colour
    assert frame.stored[0, 0].tolist() == [0, 200, 0]
    assert frame.stored[7, 0].tolist() == [0, 0, 0]


@pytest.mark.parametrize(("lost", "whole"), [(30, 4), (200, 3), (900, 2)])
def test_good_pictures_of_a_compressed_loop_are_shown_though_its_end_is_gone(lost: int, whole: int) -> None:
    rng = np.random.default_rng(3)
    frames = [imagecodecs.jpegls_encode(each) for each in rng.integers(0, 255, (4, 24, 24)).astype(np.uint8)]
    size = sum(map(len, frames)) // 4
    dataset = cut(compressed_file(frames, (24, 24), JPEGLSLossless), 8 + (lost * size // 300))
    good = 0
    for index in range(extent_of(dataset).usable):
        try:
            good += frame_of(dataset, index) is not None
        except UnreadableFileError:
            continue
    assert good >= whole - 1
    assert frame_of(dataset, 0).rows == 24


def test_one_broken_picture_does_not_take_the_others_with_it(tmp_path: Path) -> None:
    frames = [imagecodecs.jpeg8_encode(each) for each in GREY]
    frames[1] = b"\xff\xd8broken" * 20
    dataset = compressed_file(frames, (16, 20), JPEGBaseline8Bit)
    read = read_dataset(bytes_of(dataset))
    assert frame_of(read, 0).rows == frame_of(read, 3).rows == 16
    with pytest.raises(UnreadableFileError):
        frame_of(read, 1)
    path = tmp_path / "loop.dcm"
    frames[3] = b"\xff\xd8broken" * 20
    path.write_bytes(bytes_of(compressed_file(frames, (16, 20), JPEGBaseline8Bit)))
    seen = look_at(file_at(path, "x"))
    assert seen is not None
    assert seen[1].damage is not None
    assert str(seen[1].damage.render("en")) == "Some images of this file are damaged; the others are shown."


def test_bytes_that_look_like_the_end_are_no_end() -> None:
    picture = imagecodecs.jpeg8_encode(GREY[0])
    tricky = picture[:2] + b"\xff\xfe\x00\x0a" + b"\xfe\xff\xdd\xe0\0\0\0\0" + picture[2:]
    frame = frame_of(read_dataset(bytes_of(compressed_file([tricky], (16, 20), JPEGBaseline8Bit))), 0)
    assert frame.rows == 16
    assert np.abs(frame.stored.astype(int) - GREY[0]).mean() < 4


def test_a_number_of_pictures_that_is_none_is_one() -> None:
    dataset = made_file(LOOP[0])
    data = bytes_of(dataset)
    dataset.NumberOfFrames = "1"
    lying = bytes_of(dataset).replace(b"IS\x02\x001 ", b"IS\x02\x001A")
    assert lying != data
    np.testing.assert_array_equal(frame_of(read_dataset(lying), 0).stored, LOOP[0])


@pytest.mark.parametrize("stated", [b"1E999999999 ", b"inf "])
def test_an_endless_number_of_pictures_is_more_than_is_opened(stated: bytes) -> None:
    dataset = made_file(LOOP[0])
    dataset["NumberOfFrames"] = RawDataElement(Tag("NumberOfFrames"), "DS", len(stated), stated, 0, False, True)
    with pytest.raises(UnreadableFileError, match="larger than this program opens"):
        frame_of(read_dataset(bytes_of(dataset)), 0)


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"])
def test_a_dataset_without_header_is_read_as_old_archives_kept_it(syntax: str) -> None:
    dataset = made_file(LOOP[0], syntax=syntax, SpecificCharacterSet="ISO_IR 100")
    whole = bytes_of(dataset)
    bare = whole[whole.index(b"\x08\x00\x05\x00") :]
    check_mark(bare)
    np.testing.assert_array_equal(frame_of(read_dataset(bare), 0).stored, LOOP[0])
    assert without_preamble(bare) == bare


def test_what_only_begins_like_a_dataset_is_refused() -> None:
    for junk in (b"\x08\x00\x05\x00CSjunk" * 30, b"\x08\x00\x05\x00", b"\x08\x00\x99\x00CS\x02\x00ab"):
        with pytest.raises(UnreadableFileError):
            frame_of(read_dataset(junk), 0)


def test_fragments_are_walked_by_their_lengths() -> None:
    data = b"\xfe\xff\x00\xe0\0\0\0\0" + b"\xfe\xff\x00\xe0\x02\0\0\0ab" + b"\xfe\xff\x00\xe0\xff\0\0\0cut"
    found, end = fragments_in(data)
    assert [data[first:last] for first, last in found] == [b"ab", b"cut"]
    assert end == len(data)
    assert fragments_in(b"nothing") == ([], 0)


def test_a_deflated_frame_inflates_to_a_frame_and_not_to_more() -> None:
    import zlib

    from clinic_app.imaging.decoders import DEFLATED_FRAMES

    def deflated(data: bytes) -> bytes:
        packer = zlib.compressobj(wbits=-15)
        return packer.compress(data) + packer.flush()

    good = compressed_file([deflated(each.tobytes()) for each in GREY], (16, 20), DEFLATED_FRAMES)
    np.testing.assert_array_equal(frame_of(read_dataset(bytes_of(good)), 2).stored, GREY[2])
    for data in (bytes(50_000_000), b"short"):
        bomb = compressed_file([deflated(data)], (16, 20), DEFLATED_FRAMES)
        with pytest.raises(UnreadableFileError):
            frame_of(read_dataset(bytes_of(bomb)), 0)


def test_jpeg_xl_is_read() -> None:
    coded = imagecodecs.jpegxl_encode(GREY[0], lossless=True)
    dataset = compressed_file([coded], (16, 20), "1.2.840.10008.1.2.4.110")
    np.testing.assert_array_equal(frame_of(read_dataset(bytes_of(dataset)), 0).stored, GREY[0])
    wrong = compressed_file([coded], (16, 21), "1.2.840.10008.1.2.4.110")
    with pytest.raises(UnreadableFileError):
        frame_of(read_dataset(bytes_of(wrong)), 0)
