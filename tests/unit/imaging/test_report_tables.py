"""Numbers of foreign reports as a table: measurements with their pictures, doses a doctor asks for."""

from __future__ import annotations

from pathlib import Path

from pydicom.dataset import Dataset

from clinic_app.imaging.objects.report import ReportNode, report_of
from clinic_app.imaging.objects.report_table import MOST_LINES, TableLine, is_dose_report, table_of
from clinic_app.imaging.reading import read_dataset
from tests.helpers.reports import code, container, dose_report, item, measurement_report, number


def table(dataset: Dataset) -> tuple[TableLine, ...]:
    return table_of(report_of(dataset).root)


def test_a_report_of_another_maker_becomes_a_table(shared_data: Path) -> None:
    data = (shared_data / "dicom" / "sr" / "sr_document.dcm").read_bytes()
    (line,) = table(read_dataset(data))
    assert line.name == "Area of defined region"
    assert (line.number, line.unit, line.region) == (1.7, "cm²", "Circle")
    assert line.where == "Planar ROI Measurements, Spinal cord, Cervico-thoracic spine"
    assert line.image is not None
    assert line.image.sop_uid.endswith("30.12322")


def test_each_measurement_has_its_own_picture_and_name() -> None:
    lines = table(measurement_report())
    assert [(each.where, each.name, each.number, each.unit, each.region) for each in lines] == [
        ("Lesion 1, Mass, Liver", "Length", 12.5, "mm", "Polyline"),
        ("Lesion 1, Mass, Liver", "Mean", -38.25, "HU", "Circle"),
        ("Lesion 2", "Area", 3.0, "cm²", ""),
    ]
    assert [each.image.sop_uid if each.image else "" for each in lines] == ["1.2.1", "1.2.2", "1.2.3"]
    assert [each.image.frames if each.image else () for each in lines] == [(), (7,), ()]


def test_a_number_that_is_missing_says_why() -> None:
    report = container("126000", "Imaging Measurement Report")
    missing = item("NUM", "410668003", "Length", "SCT")
    missing.NumericValueQualifierCodeSequence = [code("114000", "DCM", "Not a number")]
    report.ContentSequence = [missing]
    (line,) = table(report)
    assert (line.number, line.words, line.unit) == (None, "Not a number", "")


def test_numbers_outside_of_groups_stand_below_their_headings(shared_data: Path) -> None:
    data = (shared_data / "dicom" / "sr" / "test-SR.dcm").read_bytes()
    lines = table(read_dataset(data))
    assert [(each.name, each.number, each.unit) for each in lines] == [("Diameter", 3, "cm")] * 2


def test_of_a_dose_report_only_what_is_asked_for_stands_in_the_table() -> None:
    dataset = dose_report()
    assert is_dose_report(report_of(dataset).root)
    assert [(each.where, each.name, each.number, each.unit) for each in table(dataset)] == [
        ("CT Accumulated Dose Data", "Total Number of Irradiation Events", 2.0, ""),
        ("CT Accumulated Dose Data", "CT Dose Length Product Total", 412.6, "mGy·cm"),
        ("Topogram, Head", "Mean CTDIvol", 0.12, "mGy"),
        ("Topogram, Head", "DLP", 3.1, "mGy·cm"),
        ("Head routine, Head", "Mean CTDIvol", 55.4, "mGy"),
        ("Head routine, Head", "DLP", 409.5, "mGy·cm"),
    ]


def test_a_report_without_numbers_has_no_table(shared_data: Path) -> None:
    assert table(read_dataset((shared_data / "dicom" / "sr" / "reportsi.dcm").read_bytes())) == ()
    assert not is_dose_report(report_of(measurement_report()).root)


def test_a_table_without_end_is_cut() -> None:
    many = tuple(ReportNode("n", "1", "NUM", number=1.0) for _each in range(MOST_LINES + 5))
    assert len(table_of(ReportNode("all", "", "CONTAINER", many))) == MOST_LINES


def test_a_number_that_is_no_number_is_words() -> None:
    report = container("126000", "Imaging Measurement Report")
    odd = number("410668003", "SCT", "Length", 1.0, "mm")
    del odd.MeasuredValueSequence[0].NumericValue
    report.ContentSequence = [odd]
    (line,) = table(report)
    assert line.number is None
