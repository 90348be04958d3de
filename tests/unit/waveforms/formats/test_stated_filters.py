"""What a file says of its filter: stated, none, or nothing at all; and silence is never called unfiltered."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pydicom
import pytest

from clinic_app.documents.band_words import band_words
from clinic_app.waveforms.formats import read, read_bytes, write
from clinic_app.waveforms.formats.dicom_reading import from_dicom
from clinic_app.waveforms.formats.dicom_writing import to_dicom
from clinic_app.waveforms.formats.edf_writing import to_edf
from clinic_app.waveforms.formats.naming import band_of, band_of_prefilter, prefilter_of, stated_band
from clinic_app.waveforms.recording import RAW_BAND, UNSTATED_BAND, Recording
from tests.helpers.recordings import recording

BANDS = (
    RAW_BAND,
    UNSTATED_BAND,
    "0.05-150 Hz, 50 Hz notch",
    "up to 40 Hz",
    "from 0.5 Hz",
    "50 Hz notch",
    "Butterworth",
)


@pytest.mark.parametrize("band", BANDS)
@pytest.mark.parametrize("end", ["edf", "hea", "dcm"])
def test_every_word_about_a_filter_comes_back(tmp_path: Path, band: str, end: str) -> None:
    path = write(recording(band=band), tmp_path / f"one.{end}")[0]
    assert read(path).band == band


@pytest.mark.parametrize(
    "name",
    ["wfdb/100.hea", "wfdb/s0010_re.hea", "edf/test_generator_2.edf"],
)
def test_a_strangers_file_that_says_nothing_is_not_called_raw(shared_data: Path, name: str) -> None:
    assert read(shared_data / "waveforms" / name).band == UNSTATED_BAND


def _foreign_dicom(made: Recording, **attributes: str) -> bytes:
    dataset = pydicom.dcmread(BytesIO(to_dicom(made)[0]))
    dataset.Manufacturer = "Somebody"
    definition = dataset.WaveformSequence[0].ChannelDefinitionSequence[0]
    for name, value in attributes.items():
        setattr(definition, name, value)
    target = BytesIO()
    dataset.save_as(target)
    return target.getvalue()


def test_dicom_of_another_maker_without_a_filter_is_not_called_raw() -> None:
    assert from_dicom(_foreign_dicom(recording())).band == UNSTATED_BAND
    stated = _foreign_dicom(recording(), FilterLowFrequency="0.5", FilterHighFrequency="40")
    assert from_dicom(stated).band == "0.5-40 Hz"
    assert from_dicom(_foreign_dicom(recording(), FilterLowFrequency="0.05")).band == "from 0.05 Hz"


def test_what_was_brought_in_silent_stays_silent_when_it_is_filed() -> None:
    silent = from_dicom(_foreign_dicom(recording()))
    assert from_dicom(to_dicom(silent)[0]).band == UNSTATED_BAND
    assert from_dicom(to_dicom(replace(silent, band=RAW_BAND))[0]).band == RAW_BAND


@pytest.mark.parametrize(
    ("prefilter", "band"),
    [
        ("", UNSTATED_BAND), ("  ", UNSTATED_BAND), ("None", RAW_BAND), ("no filter", RAW_BAND),
        ("HP:0.1Hz LP:75Hz N:50Hz", "0.1-75 Hz, 50 Hz notch"), ("HP: 0.5 Hz", "from 0.5 Hz"), ("analog", "analog"),
    ],
)  # fmt: skip
def test_the_field_of_edf(prefilter: str, band: str) -> None:
    assert band_of_prefilter(prefilter) == band
    data = to_edf(recording(band=band))
    assert read_bytes(data).band == band


def test_corners_go_into_words_and_back() -> None:
    for corners in ((0.05, 150.0, 0.0), (0.05, 150.0, 50.0), (0.0, 40.0, 0.0), (0.5, 0.0, 0.0), (0.0, 0.0, 60.0)):
        assert band_of(stated_band(*corners)) == corners
    assert band_of(stated_band(0.0, 0.0)) is None
    assert band_of("") is None
    assert prefilter_of(RAW_BAND) == "None"
    assert prefilter_of(UNSTATED_BAND) == ""


def test_paper_says_the_truth_in_the_readers_language() -> None:
    assert band_words(RAW_BAND, "en") == "without filter"
    assert band_words(UNSTATED_BAND, "en") == "filter not stated"
    assert band_words("0.5-40 Hz", "en") == "0.5-40 Hz"
    for language in ("kk", "ru"):
        assert band_words(UNSTATED_BAND, language) not in (UNSTATED_BAND, "filter not stated")
