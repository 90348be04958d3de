"""Every real file is shown or named; the same image is the same in every compression."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import LANGUAGES
from clinic_app.imaging.frame import Frame, frame_of
from clinic_app.imaging.importing import FoundInstance, look_at
from clinic_app.imaging.intake.sources import file_at
from clinic_app.imaging.reading import frame_count, read_dataset
from clinic_app.imaging.rendering import render
from clinic_app.imaging.windowing import Window

LOSSLESS = ("BigEndian", "Deflated", "JPEG2000Lossless", "JPEGLSLossless", "Process14SV1", "Process14Transfer", "RLE")
LOSSY = ("JPEGProcess2_4Transfer",)


def shipped(name: str) -> Path:
    return Path(str(get_testdata_file(name, download=False)))


def first_frame(path: Path) -> Frame:
    return frame_of(read_dataset(path.read_bytes()), 0)


def taken_or_refused(path: Path) -> FoundInstance | None:
    """Return what a file is, None where it was refused."""
    try:
        seen = look_at(file_at(path, "x"))
    except UnreadableFileError:
        return None
    return seen[1] if seen else None


def test_every_real_file_is_taken_or_named_in_three_languages(shared_data: Path) -> None:
    taken = 0
    sentences: list[str] = []
    for path in sorted((shared_data / "dicom").rglob("*")):
        if not path.is_file() or path.suffix == ".txt":
            continue
        try:
            taken += look_at(file_at(path, "x")) is not None
        except UnreadableFileError as error:
            sentences += [error.text.render(language) for language in LANGUAGES]
    assert taken >= 70
    assert sentences
    assert all(sentences)


def test_one_image_is_the_same_in_every_lossless_compression(shared_data: Path) -> None:
    folder = shared_data / "dicom" / "ct"
    (plain,) = folder.glob("CTImage.dcm_LittleEndianExplicit*")
    expected = first_frame(plain).stored
    for name in LOSSLESS:
        paths = list(folder.glob(f"CTImage.dcm_*{name}*"))
        assert paths, name
        for path in paths:
            np.testing.assert_array_equal(first_frame(path).stored, expected, err_msg=path.name)


def test_twelve_bit_extended_jpeg_is_close_to_the_original(shared_data: Path) -> None:
    folder = shared_data / "dicom" / "ct"
    (plain,) = folder.glob("CTImage.dcm_LittleEndianExplicit*")
    expected = first_frame(plain).stored.astype(float)
    for name in LOSSY:
        for path in folder.glob(f"CTImage.dcm_*{name}*"):
            seen = first_frame(path).stored.astype(float)
            assert np.corrcoef(seen.ravel(), expected.ravel())[0, 1] > 0.99, path.name


def test_colour_files_agree_whatever_their_label_says(shared_data: Path) -> None:
    folder = shared_data / "dicom" / "colour"
    a, b = first_frame(folder / "SC_rgb_jpeg_dcmtk.dcm"), first_frame(shipped("SC_rgb_rle.dcm"))
    assert a.is_colour
    assert b.is_colour
    assert np.abs(a.stored.astype(int) - b.stored.astype(int)).mean() < 6


def test_ct_values_are_hounsfield_units() -> None:
    frame = first_frame(shipped("CT_small.dcm"))
    assert frame.unit == "HU"
    assert frame.value_at(0, 0) == float(frame.stored[0, 0]) - 1024
    assert frame.value_at(-1, 0) is None
    assert frame.value_at(0, 10_000) is None


def test_a_window_maps_values_as_the_standard_says() -> None:
    window = Window(2048, 4096)
    grey = window.apply(np.array([-1.0, 0.0, 2047.5, 4095.0, 5000.0]))
    np.testing.assert_allclose(grey, [0, 0, 0.5, 1, 1], atol=1e-9)
    exact = Window(100, 50, "LINEAR_EXACT").apply(np.array([75.0, 100.0, 125.0]))
    np.testing.assert_allclose(exact, [0, 0.5, 1])
    assert Window(0, 10, "SIGMOID").apply(np.array([0.0]))[0] == 0.5


def test_the_rendered_picture_is_grey_by_the_window() -> None:
    frame = first_frame(shipped("CT_small.dcm"))
    window = Window(40, 400)
    pixels = render(frame, window)
    expected = np.rint(window.apply(frame.stored.astype(float) - 1024) * 255)
    np.testing.assert_array_equal(pixels, expected)
    np.testing.assert_array_equal(render(frame, window, is_inverted=True), 255 - pixels)


def test_a_loop_gives_every_frame() -> None:
    dataset = read_dataset(shipped("examples_ybr_color.dcm").read_bytes())
    count = frame_count(dataset)
    assert count == 30
    first, last = frame_of(dataset, 0), frame_of(dataset, count - 1)
    assert first.is_colour
    assert first.stored.shape == (240, 320, 3)
    assert not np.array_equal(first.stored, last.stored)
    with pytest.raises(UnreadableFileError):
        frame_of(dataset, count)


@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small_RLE.dcm", "examples_ybr_color.dcm", "JPEG2000.dcm"])
@pytest.mark.parametrize("part", [0.02, 0.3, 0.5, 0.9])
def test_a_file_cut_short_is_taken_with_a_sentence_or_refused_with_one(tmp_path: Path, name: str, part: float) -> None:
    data = shipped(name).read_bytes()
    path = tmp_path / "cut.dcm"
    path.write_bytes(data[: int(len(data) * part)])
    seen = taken_or_refused(path)
    assert seen is None or seen.damage is not None
