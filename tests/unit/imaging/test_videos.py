"""Videos are named, not played, and given out as they lie in the file."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.imaging.frame import frame_of
from clinic_app.imaging.objects.video import is_video, video_of
from clinic_app.imaging.reading import read_dataset
from tests.helpers.dicom_files import bytes_of, made_file

MPEG2, AVC, HEVC = (f"1.2.840.10008.1.2.4.{number}" for number in (100, 102, 107))
STREAMS = {
    (MPEG2, b"\x00\x00\x01\xba" + b"packs" * 50): ".mpg",
    (AVC, b"\x00\x00\x00\x20ftypisom" + b"boxes" * 50): ".mp4",
    (AVC, b"\x00\x00\x00\x01\x67" + b"units" * 50): ".h264",
    (HEVC, b"\x00\x00\x00\x01\x40" + b"units" * 50): ".h265",
    (AVC, (b"\x47" + b"x" * 187) * 3): ".ts",
    (AVC, b"something else" * 20): ".mp4",
}


def film(syntax: str, *fragments: bytes) -> Dataset:
    """Return a file as an endoscope writes it."""
    dataset = made_file(None, syntax=syntax, SOPClassUID="1.2.840.10008.5.1.4.1.1.77.1.1.1", Modality="ES")
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel, dataset.NumberOfFrames = 480, 640, 3, 250
    dataset.PhotometricInterpretation, dataset.PlanarConfiguration = "YBR_PARTIAL_420", 0
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    dataset.PixelData = encapsulate([each + b"\0" * (len(each) % 2) for each in fragments], has_bot=False)
    dataset["PixelData"].is_undefined_length = True
    return read_dataset(bytes_of(dataset))


@pytest.mark.parametrize(("syntax", "stream"), list(STREAMS))
def test_the_stream_comes_out_as_it_lies_in_the_file(syntax: str, stream: bytes) -> None:
    found = video_of(film(syntax, stream))
    assert found.stream.rstrip(b"\0") == stream.rstrip(b"\0")
    assert found.suffix == STREAMS[syntax, stream]


def test_fragments_are_one_stream() -> None:
    first, second = b"\x00\x00\x01\xba" + b"ab" * 40, b"cd" * 40
    assert video_of(film(MPEG2, first, second)).stream == first + second


@pytest.mark.parametrize("syntax", [MPEG2, AVC, HEVC])
def test_a_video_is_called_what_it_is_and_what_can_be_done(syntax: str) -> None:
    dataset = film(syntax, b"\x00\x00\x01\xba" * 20000)
    assert is_video(dataset)
    with pytest.raises(UnreadableFileError) as caught:
        frame_of(dataset, 0)
    words = caught.value.text.render("en")
    assert words.startswith("This is a video")
    assert UID(syntax).name in words
    assert "with a player" in words


def test_a_picture_is_no_video() -> None:
    import numpy as np

    dataset = read_dataset(bytes_of(made_file(np.zeros((4, 4), np.uint16))))
    assert not is_video(dataset)
    with pytest.raises(UnreadableFileError, match="no video"):
        video_of(dataset)


def test_a_film_that_holds_nothing_is_damaged() -> None:
    dataset = film(MPEG2, b"ab")
    dataset.PixelData = b""
    with pytest.raises(UnreadableFileError):
        video_of(dataset)
