"""Texts that are pages: findings, words beside marks and on kept views are read to their end, and not beyond sense."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from clinic_app.imaging.objects.presentation import presentation_of
from clinic_app.imaging.objects.report import report_of
from clinic_app.imaging.reading import read_dataset
from clinic_app.imaging.texts import AS_STATED, Reading, long_words_of
from tests.helpers.dicom_files import bytes_of, item, made_file

SENTENCE = "На серии компьютерных томограмм органов грудной клетки очаговых и инфильтративных изменений нет. "
FINDINGS = (SENTENCE * 12).strip()
PLACE = "Z"


def file_with(text: bytes, charset: str, keyword: str = "TextValue") -> Dataset:
    """Return a report whose finding is these bytes, whatever its character set says."""
    finding = item(ValueType="TEXT", RelationshipType="CONTAINS", **{keyword: PLACE * len(text)})
    finding.ConceptNameCodeSequence = [item(CodeValue="121071", CodingSchemeDesignator="DCM", CodeMeaning="Finding")]
    made = made_file(
        SpecificCharacterSet=charset, Modality="SR", SOPClassUID="1.2.840.10008.5.1.4.1.1.88.22", ValueType="CONTAINER"
    )
    made.ContentSequence = [finding]
    data = bytes_of(made)
    assert data.count(PLACE.encode() * len(text)) == 1
    return read_dataset(data.replace(PLACE.encode() * len(text), text))


@pytest.mark.parametrize("encoding", ["cp1251", "cp866", "koi8-r", "iso8859-5"])
def test_findings_whose_letters_were_mended_are_read_to_their_end(encoding: str) -> None:
    dataset = file_with(FINDINGS.encode(encoding), "ISO_IR 100")
    (found,) = report_of(dataset, Reading(encoding)).root.children
    assert found.value == FINDINGS


def test_findings_in_latin_letters_of_a_mended_file_are_read_to_their_end() -> None:
    text = ("No focal lesion is seen. " * 40).strip()
    (found,) = report_of(file_with(text.encode(), "ISO_IR 100"), Reading("cp1251")).root.children
    assert found.value == text


@pytest.mark.parametrize("charset", ["ISO_IR 192", "ISO_IR 144"])
def test_findings_that_are_as_stated_are_read_to_their_end(charset: str) -> None:
    dataset = file_with(FINDINGS.encode("utf-8" if charset == "ISO_IR 192" else "iso8859-5"), charset)
    (found,) = report_of(dataset).root.children
    assert found.value == FINDINGS


@pytest.mark.parametrize("reading", [AS_STATED, Reading("cp1251")])
@pytest.mark.parametrize("length", [9, 63, 64, 255, 256, 257, 1000, 1001, 40_000])
def test_as_many_letters_as_are_wanted_and_no_more(reading: Reading, length: int) -> None:
    text = ("абвгд" * 8000)[:length]
    dataset = file_with(text.encode("cp1251"), "ISO_IR 144" if reading is AS_STATED else "ISO_IR 100")
    if reading is AS_STATED:
        text = text.encode("cp1251").decode("iso8859-5", "replace")
    (part,) = dataset.ContentSequence
    assert long_words_of(part, "TextValue", reading, most=1000) == text[:1000].rstrip(" ")


def test_what_is_not_there_is_empty() -> None:
    assert long_words_of(Dataset(), "TextValue", Reading("cp1251"), most=1000) == ""
    assert long_words_of(Dataset(), "TextValue", most=1000) == ""


@pytest.mark.parametrize("length", [300, 1024, 5000])
def test_words_on_a_kept_view_are_as_long_as_they_may_be(length: int) -> None:
    words = item(
        UnformattedTextValue="ә" * length,
        AnchorPoint=[5.0, 5.0],
        AnchorPointAnnotationUnits="PIXEL",
        AnchorPointVisibility="N",
    )
    made = made_file(SpecificCharacterSet="ISO_IR 192", Modality="PR", SOPClassUID="1.2.840.10008.5.1.4.1.1.11.1")
    made.GraphicAnnotationSequence = [item(GraphicLayer="A", TextObjectSequence=[words])]
    made.ReferencedSeriesSequence = [
        item(
            SeriesInstanceUID="1.2.3.4",
            ReferencedImageSequence=[item(ReferencedSOPClassUID="1.2", ReferencedSOPInstanceUID="1.2.3.4.5")],
        )
    ]
    ((_images, mark),) = presentation_of(read_dataset(bytes_of(made)))._marks
    assert mark.words == "ә" * min(length, 1024)
