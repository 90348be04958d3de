"""Reports, key objects, documents, segments and outlines: read from real files, and from files made for it."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from reportlab.pdfgen.canvas import Canvas

from clinic_app.foundation.apart import HERE
from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.imaging import Frame, ReportNode
from clinic_app.imaging.frame import frame_of
from clinic_app.imaging.objects.key_object import key_object_of, write_key_object
from clinic_app.imaging.objects.kinds import KEY_OBJECT, PDF, SEGMENTATION, STRUCTURES, kind_of
from clinic_app.imaging.objects.pages import PAGE_PX, document_of, page_count, page_of
from clinic_app.imaging.objects.readable import is_readable
from clinic_app.imaging.objects.references import ImageReference
from clinic_app.imaging.objects.report import report_of
from clinic_app.imaging.objects.segmentation import Segmentation
from clinic_app.imaging.objects.structures import Structures
from clinic_app.imaging.reading import read_dataset
from tests.helpers.dicom_files import REFERENCE, bytes_of, item, made_file, on_plane, pointing_at

NOW = datetime(2026, 3, 5, 7, 0, tzinfo=UTC)
FLAT = np.zeros((10, 12), np.int16)


def real(shared_data: Path, name: str) -> Dataset:
    return read_dataset((shared_data / "dicom" / name).read_bytes())


def lines(node: ReportNode, depth: int = 0) -> list[str]:
    own = "  " * depth + ": ".join(part for part in (node.name, node.value) if part)
    return [own, *(line for child in node.children for line in lines(child, depth + 1))]


def concept(words: str) -> list[Dataset]:
    return [item(CodeValue="1", CodingSchemeDesignator="99X", CodeMeaning=words)]


def slice_at(z_mm: float, sop_uid: str = "1.2.3.4.5", mm: float = 1.0) -> Frame:
    return frame_of(read_dataset(bytes_of(on_plane(made_file(FLAT, sop_uid=sop_uid), z_mm, mm))), 0)


# --- kinds ---


@pytest.mark.parametrize(
    ("uid", "kind"),
    [
        ("1.2.840.10008.5.1.4.1.1.2", "picture"),
        ("1.2.840.10008.5.1.4.1.1.88.33", "report"),
        (KEY_OBJECT, "key object"),
        ("1.2.840.10008.5.1.4.1.1.11.2", "presentation"),
        ("1.2.840.10008.5.1.4.1.1.9.1.1", "tracing"),
        (PDF, "document"),
        (SEGMENTATION, "segmentation"),
        (STRUCTURES, "structures"),
        ("", "picture"),
    ],
)
def test_a_class_tells_what_a_file_is_for(uid: str, kind: str) -> None:
    assert kind_of(uid) == kind


# --- reports ---


@pytest.mark.parametrize(
    ("name", "title", "line"),
    [
        ("sr/test-SR.dcm", "", ""),
        ("sr/reportsi.dcm", "Document Title", "  Section Heading"),
        ("sr/sr_document.dcm", "Imaging Measurement Report", ""),
    ],
)
def test_real_reports_are_trees_to_read(shared_data: Path, name: str, title: str, line: str) -> None:
    report = report_of(real(shared_data, name))
    told = lines(report.root)
    assert report.root.name.startswith(title)
    assert len(told) > 5
    assert line in told or not line


def test_numbers_have_their_units_and_findings_their_whole_length() -> None:
    long = "Очаг в S6. " * 60
    number = item(NumericValue="12.50", MeasurementUnitsCodeSequence=[item(CodeValue="mm", CodeMeaning="millimeter")])
    content = [
        item(ValueType="NUM", ConceptNameCodeSequence=concept("Length"), MeasuredValueSequence=[number]),
        item(ValueType="TEXT", ConceptNameCodeSequence=concept("Finding"), TextValue=long),
        item(ValueType="CODE", ConceptNameCodeSequence=concept("Side"), ConceptCodeSequence=concept("Left")),
        item(ValueType="PNAME", ConceptNameCodeSequence=concept("Reader"), PersonName="Ким^Лариса"),
        item(ValueType="DATETIME", ConceptNameCodeSequence=concept("When"), DateTime="20260305071500"),
        item(ValueType="IMAGE", ReferencedSOPSequence=[pointing_at("1.2", 3)]),
    ]
    dataset = made_file(
        ValueType="CONTAINER", ConceptNameCodeSequence=concept("Report"), ContentSequence=content,
        CompletionFlag="COMPLETE", VerificationFlag="VERIFIED", SpecificCharacterSet="ISO_IR 192",
        VerifyingObserverSequence=[item(VerifyingObserverName="Ким^Лариса")],
    )  # fmt: skip
    report = report_of(read_dataset(bytes_of(dataset)))
    values = [child.value for child in report.root.children]
    assert values == ["12.5 mm", long.strip(), "Left", "Ким Лариса", "05.03.2026 07:15", ""]
    assert report.root.children[5].image == ImageReference("1.2", (3,), "1.2.840.10008.5.1.4.1.1.2")
    assert (report.is_complete, report.is_verified, report.verifiers) == (True, True, ("Ким Лариса",))


def test_a_report_without_end_has_one() -> None:
    deep = item(ValueType="CONTAINER", ConceptNameCodeSequence=concept("0"))
    for number in range(60):
        deep = item(ValueType="CONTAINER", ConceptNameCodeSequence=concept(str(number)), ContentSequence=[deep])
    assert len(lines(report_of(deep).root)) == 41


def test_a_file_without_a_report_is_refused() -> None:
    with pytest.raises(UnreadableFileError, match="no report"):
        report_of(made_file(FLAT))
    assert not is_readable(made_file(FLAT), "report")


# --- key objects ---


def test_a_real_key_object_names_its_pictures(shared_data: Path) -> None:
    chosen = key_object_of(real(shared_data, "derived/key_object_of_CTImage.dcm"))
    assert chosen.title == "Of Interest"
    assert len(chosen.images) == 1


def test_a_written_key_object_is_read_again() -> None:
    source = read_dataset(bytes_of(made_file(FLAT)))
    images = [("1.2.3.4", ImageReference("1.1", (), "1.2")), ("1.2.3.4", ImageReference("1.2", (2,), "1.2"))]
    data = write_key_object(source, images, words="Посмотрите здесь", at=NOW)
    made = read_dataset(data)
    chosen = key_object_of(made)
    assert chosen.words == "Посмотрите здесь"
    assert chosen.images == tuple(image for _series, image in images)
    evidence = made.CurrentRequestedProcedureEvidenceSequence[0]
    assert evidence.StudyInstanceUID == "1.2.3"
    named = evidence.ReferencedSeriesSequence[0].ReferencedSOPSequence
    assert [each.ReferencedSOPInstanceUID for each in named] == ["1.1", "1.2"]
    assert made.Modality == "KO"


# --- documents ---


def test_pages_of_a_real_document_are_pictures(shared_data: Path) -> None:
    dataset = real(shared_data, "derived/encapsulated_pdf_utf8.dcm")
    assert page_count(dataset, HERE) == 1
    page = page_of(dataset, 0, HERE)
    assert page.is_colour
    assert max(page.rows, page.columns) == PAGE_PX
    assert page.labels.patient_name == "Иванов Иван"
    assert document_of(dataset).startswith(b"%PDF")


def test_a_document_that_is_none_and_a_page_that_is_not_there_are_sentences() -> None:
    with pytest.raises(UnreadableFileError, match="no PDF"):
        page_count(made_file(EncapsulatedDocument=b"hello!"), HERE)
    with pytest.raises(UnreadableFileError):
        page_count(made_file(EncapsulatedDocument=b"%PDF-1.7 broken "), HERE)
    target = io.BytesIO()
    canvas = Canvas(target, pagesize=(100, 100))
    canvas.showPage()
    canvas.save()
    with pytest.raises(UnreadableFileError):
        page_of(made_file(EncapsulatedDocument=target.getvalue() + b"\n" * (len(target.getvalue()) % 2)), 5, HERE)


# --- segments ---


def segmentation(drawn: np.ndarray, parts: list[Dataset], **more: object) -> Dataset:
    named = [
        item(SegmentNumber=1, SegmentLabel="Печень"),
        item(SegmentNumber=2, SegmentLabel="Очаг", RecommendedDisplayCIELabValue=[34_885, 53_485, 50_171]),
    ]
    shared = item(
        PlaneOrientationSequence=[item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])],
        PixelMeasuresSequence=[item(PixelSpacing=[1, 1])],
    )
    return read_dataset(
        bytes_of(
            made_file(
                drawn, SOPClassUID=SEGMENTATION, SegmentationType="BINARY", SegmentSequence=named, Modality="SEG",
                SharedFunctionalGroupsSequence=[shared], PerFrameFunctionalGroupsSequence=parts,
                FrameOfReferenceUID=REFERENCE, SpecificCharacterSet="ISO_IR 192", **more,
            )
        )
    )  # fmt: skip


def part(number: int, z_mm: float, sop_uid: str = "", x_mm: float = 0) -> Dataset:
    made = item(
        SegmentIdentificationSequence=[item(ReferencedSegmentNumber=number)],
        PlanePositionSequence=[item(ImagePositionPatient=[x_mm, 0, z_mm])],
    )
    if sop_uid:
        made.DerivationImageSequence = [item(SourceImageSequence=[pointing_at(sop_uid)])]
    return made


def test_segments_lie_on_the_slices_they_name_and_on_those_in_the_same_place() -> None:
    drawn = np.zeros((2, 10, 12), np.uint8)
    drawn[0, 2:4, 3:6], drawn[1, 3:5, 5:8] = 1, 1
    made = Segmentation(segmentation(drawn, [part(1, 0, "1.1"), part(2, 5)]))
    assert made.names == ("Печень", "Очаг")
    (first,) = made.dressed(slice_at(0, "1.1")).layers.segments
    assert np.argwhere(first.labels == 1).tolist() == np.argwhere(drawn[0]).tolist()
    (second,) = made.dressed(slice_at(5, "1.7")).layers.segments
    assert np.argwhere(second.labels == 2).tolist() == np.argwhere(drawn[1]).tolist()
    assert made.images == (ImageReference("1.1", (), "1.2.840.10008.5.1.4.1.1.2"),)
    legend = made.dressed(slice_at(0, "1.1")).layers.legend
    assert [name for name, _colour in legend] == ["Печень", "Очаг"]
    assert legend[1][1][0] > 200


def test_a_slice_elsewhere_has_no_segments() -> None:
    drawn = np.ones((1, 10, 12), np.uint8)
    made = Segmentation(segmentation(drawn, [part(1, 5)]))
    frame = slice_at(0)
    assert made.dressed(frame) is frame


def test_a_segment_of_another_size_is_laid_by_its_place() -> None:
    drawn = np.ones((1, 2, 2), np.uint8)
    made = Segmentation(segmentation(drawn, [part(1, 0, "1.1", x_mm=4)]))
    (laid,) = made.dressed(slice_at(0, "1.1")).layers.segments
    assert np.argwhere(laid.labels).tolist() == [[0, 4], [0, 5], [1, 4], [1, 5]]


def test_fractions_count_from_a_half_and_a_label_map_names_each_pixel() -> None:
    shares = np.array([[[100, 200], [255, 0]]], np.uint8)
    fractional = segmentation(shares, [part(1, 0, "1.1")], MaximumFractionalValue=255)
    fractional.SegmentationType = "FRACTIONAL"
    (laid,) = Segmentation(fractional).dressed(slice_at(0, "1.1")).layers.segments
    assert laid.labels[:2, :2].tolist() == [[0, 1], [1, 0]]
    labels = segmentation(np.array([[[1, 2], [2, 0]]], np.uint8), [part(1, 0, "1.1")])
    labels.SegmentationType = "LABELMAP"
    (laid,) = Segmentation(labels).dressed(slice_at(0, "1.1")).layers.segments
    assert laid.labels[:2, :2].tolist() == [[1, 2], [2, 0]]


def test_the_real_segmentation_is_read(shared_data: Path) -> None:
    made = Segmentation(real(shared_data, "seg/seg_image_ct_binary.dcm"))
    assert len(made.images) == 3
    assert len(made.names) == 1


# --- outlines ---


def structures(points: list[float], *, sop_uid: str = "", kind: str = "CLOSED_PLANAR") -> Dataset:
    contour = item(ContourGeometricType=kind, NumberOfContourPoints=len(points) // 3, ContourData=points)
    if sop_uid:
        contour.ContourImageSequence = [pointing_at(sop_uid)]
    return read_dataset(
        bytes_of(
            made_file(
                SOPClassUID=STRUCTURES, Modality="RTSTRUCT", SpecificCharacterSet="ISO_IR 192",
                StructureSetROISequence=[item(ROINumber=4, ROIName="Сердце", ReferencedFrameOfReferenceUID=REFERENCE)],
                ROIContourSequence=[
                    item(ReferencedROINumber=4, ROIDisplayColor=[255, 0, 10], ContourSequence=[contour])
                ],
            )
        )
    )  # fmt: skip


def test_an_outline_lies_where_the_patient_has_it() -> None:
    made = Structures(structures([2, 2, 5, 8, 2, 5, 8, 6, 5]))
    (outline,) = made.dressed(slice_at(5, mm=2.0)).layers.outlines
    assert (outline.name, outline.colour, outline.is_closed) == ("Сердце", (255, 0, 10), True)
    assert outline.points == ((1.5, 1.5), (4.5, 1.5), (4.5, 3.5))


def test_an_outline_is_on_its_own_slice_only() -> None:
    made = Structures(structures([2, 2, 5, 8, 2, 5, 8, 6, 5]))
    far = slice_at(9)
    assert made.dressed(far) is far
    named = Structures(structures([2, 2, 5, 8, 2, 5], sop_uid="1.1", kind="OPEN_PLANAR"))
    assert named.images[0].sop_uid == "1.1"
    assert named.dressed(slice_at(5, "1.1")).layers.outlines[0].is_closed is False
    other = slice_at(5, "1.2")
    assert named.dressed(other) is other


def test_another_frame_of_reference_is_another_patient_place() -> None:
    dataset = on_plane(made_file(FLAT), 5)
    dataset.FrameOfReferenceUID = "9.9"
    frame = frame_of(read_dataset(bytes_of(dataset)), 0)
    assert Structures(structures([2, 2, 5, 8, 2, 5, 8, 6, 5])).dressed(frame) is frame


def test_a_file_without_outlines_is_refused() -> None:
    for points in ([1, 2], [1, 2, 3, 4]):
        with pytest.raises(UnreadableFileError, match="no outlines"):
            Structures(structures(points))
    assert not is_readable(made_file(FLAT), "structures")
    assert is_readable(structures([2, 2, 5, 8, 2, 5, 8, 6, 5]), "structures")
    assert not is_readable(made_file(FLAT), "tracing")
