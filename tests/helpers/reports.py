"""Structured reports as other makers write them: measurements after TID 1500, doses after TID 10011."""

from __future__ import annotations

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

COMPREHENSIVE = "1.2.840.10008.5.1.4.1.1.88.33"
DOSE = "1.2.840.10008.5.1.4.1.1.88.67"
CT = "1.2.840.10008.5.1.4.1.1.2"


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """Return a code."""
    made = Dataset()
    made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = value, scheme, meaning
    return made


def item(kind: str, value: str, meaning: str, scheme: str = "DCM", *below: Dataset) -> Dataset:
    """Return a content item."""
    made = Dataset()
    made.RelationshipType = "CONTAINS"
    made.ValueType = kind
    made.ConceptNameCodeSequence = [code(value, scheme, meaning)]
    if below:
        made.ContentSequence = list(below)
    return made


def container(value: str, meaning: str, *below: Dataset) -> Dataset:
    """Return a heading."""
    return item("CONTAINER", value, meaning, "DCM", *below)


def text(value: str, meaning: str, words: str) -> Dataset:
    """Return words."""
    made = item("TEXT", value, meaning)
    made.TextValue = words
    return made


def coded(value: str, scheme: str, meaning: str, said: str) -> Dataset:
    """Return an item whose value is a code."""
    made = item("CODE", value, meaning, scheme)
    made.ConceptCodeSequence = [code("1", "99TEST", said)]
    return made


def number(value: str, scheme: str, meaning: str, amount: float, unit: str, *below: Dataset) -> Dataset:
    """Return a number with its unit."""
    made = item("NUM", value, meaning, scheme, *below)
    measured = Dataset()
    measured.NumericValue = amount
    measured.MeasurementUnitsCodeSequence = [code(unit, "UCUM", unit)]
    made.MeasuredValueSequence = [measured]
    return made


def image(sop_uid: str, frame: int = 0) -> Dataset:
    """Return a picture that is pointed at."""
    made = item("IMAGE", "260753009", "Source", "SCT")
    pointed = Dataset()
    pointed.ReferencedSOPClassUID, pointed.ReferencedSOPInstanceUID = CT, sop_uid
    if frame:
        pointed.ReferencedFrameNumber = frame
    made.ReferencedSOPSequence = [pointed]
    return made


def region(shape: str, on: Dataset) -> Dataset:
    """Return a shape drawn on a picture."""
    made = item("SCOORD", "111030", "Image Region", "DCM", on)
    made.GraphicType = shape
    return made


def measurement_report() -> Dataset:
    """Return a report with three numbers on three pictures."""
    first = container(
        "125007",
        "Measurement Group",
        text("112039", "Tracking Identifier", "Lesion 1"),
        coded("121071", "DCM", "Finding", "Mass"),
        coded("363698007", "SCT", "Finding Site", "Liver"),
        number("410668003", "SCT", "Length", 12.5, "mm", region("POLYLINE", image("1.2.1"))),
        number("373098007", "SCT", "Mean", -38.25, "[hnsf'U]", region("CIRCLE", image("1.2.2", 7))),
    )
    second = container(
        "125007",
        "Measurement Group",
        text("112039", "Tracking Identifier", "Lesion 2"),
        image("1.2.3"),
        number("42798000", "SCT", "Area", 3, "cm2"),
    )
    return whole(
        container("126000", "Imaging Measurement Report", container("126010", "Imaging Measurements", first, second)),
        COMPREHENSIVE,
    )


def dose_report() -> Dataset:
    """Return the doses of a CT of a head, with numbers nobody asks for."""
    totals = container(
        "113811",
        "CT Accumulated Dose Data",
        number("113812", "DCM", "Total Number of Irradiation Events", 2, "{events}"),
        number("113813", "DCM", "CT Dose Length Product Total", 412.6, "mGy.cm"),
    )
    acquisitions = [
        container(
            "113819",
            "CT Acquisition",
            text("125203", "Acquisition Protocol", protocol),
            coded("123014", "DCM", "Target Region", "Head"),
            container("113822", "CT Acquisition Parameters", number("113824", "DCM", "Exposure Time", 3.1, "s")),
            container(
                "113829",
                "CT Dose",
                number("113830", "DCM", "Mean CTDIvol", ctdi, "mGy"),
                number("113838", "DCM", "DLP", dlp, "mGy.cm"),
            ),
        )
        for protocol, ctdi, dlp in (("Topogram", 0.12, 3.1), ("Head routine", 55.4, 409.5))
    ]
    return whole(container("113701", "X-Ray Radiation Dose Report", totals, *acquisitions), DOSE)


def whole(report: Dataset, sop_class: str) -> Dataset:
    """Return a report as a file."""
    report.file_meta = FileMetaDataset()
    report.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    report.file_meta.MediaStorageSOPClassUID = report.SOPClassUID = sop_class
    report.file_meta.MediaStorageSOPInstanceUID = report.SOPInstanceUID = "1.2.99"
    report.StudyInstanceUID, report.SeriesInstanceUID, report.Modality = "1.2", "1.2.9", "SR"
    report.PatientName, report.PatientID, report.ContentDate = "Petrov^Petr", "17", "20260305"
    report.SpecificCharacterSet = "ISO_IR 192"
    report.CompletionFlag, report.VerificationFlag = "COMPLETE", "UNVERIFIED"
    return report
