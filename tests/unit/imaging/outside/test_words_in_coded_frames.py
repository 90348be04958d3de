"""Names hidden in compressed pixels: before the picture, in it, behind it; the picture itself stays what it was."""

from __future__ import annotations

import zlib
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import RLELossless, SecondaryCaptureImageStorage

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.imaging.decoders import decoded_frame
from clinic_app.imaging.outside.burned_in import needs_looking
from clinic_app.imaging.outside.coded_comments import DEFLATED, without_words
from clinic_app.imaging.outside.leaving import Disguise, disguised
from clinic_app.imaging.reading import read_dataset
from tests.helpers.dicom_files import bytes_of, compressed_file, made_file

NAME = b"IVANOVPETROV"
PIXELS = (np.add.outer(np.arange(48), np.arange(64)) * 2).astype(np.uint8)
JPEG, LOSSLESS, LS, J2K, XL = (f"1.2.840.10008.1.2.4.{each}" for each in (50, 70, 80, 90, 110))


def segment(marker: int, words: bytes = NAME) -> bytes:
    return bytes((0xFF, marker)) + (len(words) + 2).to_bytes(2, "big") + words


def after_start(coded: bytes, more: bytes) -> bytes:
    return coded[:2] + more + coded[2:]


def jpeg() -> bytes:
    return bytes(imagecodecs.jpeg8_encode(PIXELS))


def lossless() -> bytes:
    return bytes(imagecodecs.ljpeg_encode(PIXELS))


def jpeg_ls() -> bytes:
    return bytes(imagecodecs.jpegls_encode(PIXELS))


def j2k() -> bytes:
    return bytes(imagecodecs.jpeg2k_encode(PIXELS, codecformat="j2k"))


def jp2() -> bytes:
    return bytes(imagecodecs.jpeg2k_encode(PIXELS, codecformat="jp2"))


def deflated() -> bytes:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflater.compress(PIXELS.tobytes()) + deflater.flush()


def run_lengths() -> bytes:
    made = made_file(PIXELS)
    made.compress(RLELossless)
    return next(generate_frames(made.PixelData, number_of_frames=1))


HIDDEN: dict[str, tuple[str, bytes]] = {
    "a comment of a JPEG": (JPEG, after_start(jpeg(), segment(0xFE))),
    "a camera's notes": (JPEG, after_start(jpeg(), segment(0xE1))),
    "notes that look like those of colours": (JPEG, after_start(jpeg(), segment(0xE0) + segment(0xEE))),
    "a little picture in JFIF": (
        JPEG,
        after_start(jpeg(), segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\2\2" + NAME)),
    ),
    "Adobe's note, too long": (JPEG, after_start(jpeg(), segment(0xEE, b"Adobe\0\x64\0\0\0\0\0" + NAME))),
    "behind a JPEG": (JPEG, jpeg() + NAME),
    "between two scans": (JPEG, jpeg()[:-2] + segment(0xFE) + b"\xff\xd9"),
    "behind a lossless JPEG": (LOSSLESS, lossless() + NAME),
    "a comment of JPEG-LS": (LS, after_start(jpeg_ls(), segment(0xFE))),
    "a note of JPEG-LS": (LS, after_start(jpeg_ls(), segment(0xE8))),
    "behind JPEG-LS": (LS, jpeg_ls() + NAME),
    "behind JPEG 2000": (J2K, j2k() + NAME),
    "a box of JPEG 2000": (J2K, jp2() + (8 + len(NAME)).to_bytes(4, "big") + b"uuid" + NAME),
    "behind run lengths": (str(RLELossless), run_lengths() + NAME),
    "behind a deflated frame": (str(DEFLATED), deflated() + NAME),
    "behind JPEG XL": (XL, bytes(imagecodecs.jpegxl_encode(PIXELS)) + NAME),
}


def pixels_in(data: bytes) -> np.ndarray:
    return decoded_frame(read_dataset(data), 0)[0]


@pytest.mark.parametrize("where", HIDDEN)
def test_a_name_in_a_compressed_frame_stays_here_and_the_picture_is_what_it_was(where: str) -> None:
    syntax, coded = HIDDEN[where]
    data = bytes_of(compressed_file([coded], PIXELS.shape, syntax))
    assert NAME in data
    left, _made = disguised(data, Disguise())
    assert NAME not in left
    np.testing.assert_array_equal(pixels_in(left), pixels_in(data))


@pytest.mark.parametrize("coded", [jpeg(), lossless(), jpeg_ls(), j2k()])
def test_a_frame_that_was_cleaned_is_left_as_it_is_byte_for_byte(coded: bytes) -> None:
    clean = without_words(coded)
    assert clean is not None
    assert without_words(clean + NAME) == clean
    assert without_words(clean) == clean
    assert 0 <= len(coded) - len(clean) < 64, "an encoder's own comment, at most"


@pytest.mark.parametrize(
    "coded", [b"", b"no JPEG", b"\xff\xd8\xff", b"\xff\x4f\xff\x51", jpeg()[:-2], j2k()[:-2], jp2()]
)
def test_what_is_not_understood_from_end_to_end_is_not_passed_on(coded: bytes) -> None:
    assert without_words(coded) is None


def test_a_comment_in_the_header_of_a_tile_is_not_passed_on() -> None:
    coded = j2k()
    at = coded.find(b"\xff\x93")
    assert without_words(coded[:at] + segment(0x64) + coded[at:]) is None


def test_frames_that_cannot_be_read_do_not_leave() -> None:
    with pytest.raises(UnreadableFileError):
        disguised(bytes_of(compressed_file([jpeg()[:300] + NAME], PIXELS.shape, JPEG)), Disguise())
    with pytest.raises(UnreadableFileError):
        disguised(bytes_of(compressed_file([deflated()[:-9] + NAME], PIXELS.shape, str(DEFLATED))), Disguise())


def test_fragments_that_are_no_frames_go() -> None:
    made = compressed_file([jpeg()], PIXELS.shape, JPEG)
    made.PixelData = encapsulate([jpeg(), NAME * 2])
    made["PixelData"].is_undefined_length = True
    made["PixelData"].VR = "OB"
    left, _made = disguised(bytes_of(made), Disguise())
    assert NAME not in left


def test_a_frame_in_pieces_leaves_as_it_was_compressed() -> None:
    coded = jpeg() + b"\0" * (len(jpeg()) % 2)
    made = compressed_file([jpeg()], PIXELS.shape, JPEG)
    made.PixelData = encapsulate([coded], fragments_per_frame=3)
    made["PixelData"].is_undefined_length = True
    made["PixelData"].VR = "OB"
    data = bytes_of(made)
    left, new = disguised(data, Disguise())
    assert new.file_meta.TransferSyntaxUID == JPEG
    np.testing.assert_array_equal(pixels_in(left), pixels_in(data))


def test_frames_of_every_kind_that_come_from_real_machines_stay_what_they_were(shared_data: Path) -> None:
    count = 0
    for path in sorted((shared_data / "dicom" / "ct").glob("CTImage*")):
        source: Dataset = read_dataset(path.read_bytes())
        if source.file_meta.TransferSyntaxUID.is_compressed:
            left, made = disguised(path.read_bytes(), Disguise(), is_looked_at=True)
            np.testing.assert_array_equal(pixels_in(left), decoded_frame(source, 0)[0], err_msg=path.name)
            count += made.file_meta.TransferSyntaxUID == source.file_meta.TransferSyntaxUID
    assert count >= 8


@pytest.mark.parametrize(("modality", "sop_class"), [("CT", ""), ("MR", ".1"), ("PT", ".4")])
def test_a_photographed_screen_is_looked_at_whatever_machine_it_is_of(modality: str, sop_class: str) -> None:
    uid = f"{SecondaryCaptureImageStorage}{sop_class}"
    assert needs_looking(made_file(PIXELS, Modality=modality, SOPClassUID=uid))
    assert not needs_looking(made_file(PIXELS, Modality=modality))
