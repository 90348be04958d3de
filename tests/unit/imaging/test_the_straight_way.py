"""JPEG frames without the way through pydicom: the same values, and nothing that has to be interpreted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import JPEGBaseline8Bit, JPEGLosslessSV1

from clinic_app.foundation.apart import HERE
from clinic_app.imaging import decoders
from clinic_app.imaging.decoders import _straight, decoded_frame
from clinic_app.imaging.reading import frame_count, read_dataset
from tests.helpers.dicom_files import bytes_of, compressed_file

SHIPPED = ("JPGExtended.dcm", "SC_rgb_jpeg_dcmtk.dcm", "SC_rgb_small_odd_jpeg.dcm", "examples_ybr_color.dcm")


def by_pydicom(dataset: Dataset, index: int) -> tuple[np.ndarray, str]:
    """Return a frame by pydicom's way with our plugin."""
    syntax = dataset.file_meta.TransferSyntaxUID
    decoder = decoders._ADDED.get(syntax) or get_decoder(syntax)
    array, meta = decoder.as_array(dataset, index=index, decoding_plugin=decoders.PLUGIN)
    return array, str(meta["photometric_interpretation"])


def assert_same(dataset: Dataset, index: int = 0) -> bool:
    """Compare both ways; return whether there was a straight one."""
    found = _straight(dataset, index, dataset.file_meta.TransferSyntaxUID, HERE)
    if found is None:
        return False
    expected = by_pydicom(dataset, index)
    np.testing.assert_array_equal(found[0], expected[0])
    assert found[0].dtype == expected[0].dtype
    assert found[1] == expected[1]
    return True


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_files_are_the_same_by_both_ways(name: str) -> None:
    dataset = read_dataset(Path(str(get_testdata_file(name, download=False))).read_bytes())
    assert_same(dataset, frame_count(dataset) - 1)


def test_real_files_are_the_same_by_both_ways(shared_data: Path) -> None:
    straight = 0
    for path in sorted((shared_data / "dicom").rglob("*JPEG*.dcm")) + sorted((shared_data / "dicom" / "us").glob("*")):
        dataset = read_dataset(path.read_bytes())
        if "PixelData" in dataset and dataset.file_meta.TransferSyntaxUID in decoders._JPEG + decoders._JPEG_LOSSLESS:
            straight += assert_same(dataset)
    assert straight >= 6


@pytest.mark.parametrize("bits", [10, 12, 16])
@pytest.mark.parametrize("is_signed", [0, 1])
def test_signs_and_spare_bits_are_pydicoms(bits: int, is_signed: int) -> None:
    import imagecodecs

    stored = (np.arange(16 * 20).reshape(16, 20) * 197 % 2**bits).astype(np.uint16)
    dataset = compressed_file([imagecodecs.jpeg8_encode(stored, lossless=True)], (16, 20), JPEGLosslessSV1)
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, bits, bits - 1
    dataset.PixelRepresentation = is_signed
    assert assert_same(read_dataset(bytes_of(dataset)))


def test_fragments_that_do_not_tell_the_frames_apart_go_the_long_way() -> None:
    import imagecodecs

    grey = (np.arange(320) % 251).astype(np.uint8).reshape(16, 20)
    coded = imagecodecs.jpeg8_encode(grey)
    dataset = compressed_file([coded], (16, 20), JPEGBaseline8Bit)
    dataset.PixelData = encapsulate([coded], fragments_per_frame=2)
    read = read_dataset(bytes_of(dataset))
    assert _straight(read, 0, JPEGBaseline8Bit, HERE) is None
    assert decoded_frame(read, 0)[0].shape == (16, 20)


def test_a_frame_that_states_another_size_is_left_to_the_long_way() -> None:
    import imagecodecs

    dataset = compressed_file([imagecodecs.jpeg8_encode(np.zeros((16, 20), np.uint8))], (16, 21), JPEGBaseline8Bit)
    assert _straight(read_dataset(bytes_of(dataset)), 0, JPEGBaseline8Bit, HERE) is None
