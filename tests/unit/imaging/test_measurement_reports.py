"""Measurement reports as files: any marks come back, and other programs read what stands in them."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from clinic_app.imaging.frame import frame_of
from clinic_app.imaging.measuring import KINDS, Kind, Mark, measured, statistics_of
from clinic_app.imaging.measuring.marks import MOST_POINTS
from clinic_app.imaging.objects.kinds import kind_of
from clinic_app.imaging.objects.measurement_report import OWN, Kept, measurements_of, write_measurements
from clinic_app.imaging.objects.references import ImageReference
from clinic_app.imaging.objects.writing import saved
from clinic_app.imaging.reading import read_dataset
from tests.helpers.dicom_files import bytes_of, item, made_file

RAMP = np.arange(60 * 80, dtype=np.int16).reshape(60, 80)
SOURCE = read_dataset(bytes_of(made_file(RAMP, PixelSpacing=[0.5, 0.25])))
FRAME = frame_of(SOURCE, 0)
IMAGE = ImageReference(FRAME.sop_uid, (), "1.2.840.10008.5.1.4.1.1.2")
NOW = datetime(2026, 3, 5, 7, 0, tzinfo=UTC)
COUNTS = {"length": 2, "rectangle": 2, "arrow": 2, "scale": 2, "angle": 3, "point": 1, "text": 1, "free": 7}
PLACES = st.tuples(st.floats(0, 80, width=32), st.floats(0, 60, width=32))


def kept(mark: Mark) -> Kept:
    return Kept(mark, measured(FRAME, mark, statistics_of(FRAME, mark)), IMAGE)


def mark_of(kind: Kind, points: list[tuple[float, float]], words: str = "", number: int = 1) -> Mark:
    known = 25.5 if kind == "scale" else 0.0
    return Mark(kind, tuple(points[: COUNTS.get(kind, 4)]), words, known, f"2.25.{number}", FRAME.sop_uid)


def written(*marks: Mark, at: datetime = NOW, before: tuple[str, ...] = ()) -> Dataset:
    made = write_measurements(
        SOURCE, [("1.2.3.4", IMAGE)], [kept(mark) for mark in marks], author="Жанна Қасымова", at=at, before=before
    )
    return read_dataset(saved(made))


def items(dataset: Dataset) -> list[Dataset]:
    """Return all content items of a report, from the top."""
    found = [dataset]
    for each in dataset.get("ContentSequence") or ():
        found += items(each)
    return found


def named(dataset: Dataset, code: str) -> list[Dataset]:
    return [each for each in items(dataset) if name_of(each).CodeValue == code]


def name_of(each: Dataset) -> Dataset:
    """Return an item's name; a picture has none."""
    found: Dataset = each.get("ConceptNameCodeSequence", [made_name()])[0]
    return found


def made_name() -> Dataset:
    return item(CodeValue="", CodingSchemeDesignator=OWN)


@given(st.sampled_from(KINDS), st.lists(PLACES, min_size=7, max_size=7), st.text(max_size=40))
@settings(max_examples=25, deadline=None)
def test_whatever_is_drawn_and_written_comes_back(kind: Kind, points: list[tuple[float, float]], words: str) -> None:
    plain = "".join(letter for letter in words if letter.isprintable() and letter != "\\").strip()
    mark = mark_of(kind, points, plain)
    (back,) = measurements_of(written(mark)).marks
    if kind == "rectangle":  # two corners name it, whichever they are
        assert sorted(np.array(back.points).ravel()) == pytest.approx(sorted(np.array(mark.points).ravel()))
    else:
        assert back.points == mark.points
    assert (back.kind, back.words, back.known_mm, back.place) == (kind, plain, mark.known_mm, mark.place)


def test_the_longest_edge_somebody_may_draw_comes_back() -> None:
    around = [(40 + 30 * np.cos(turn), 30 + 20 * np.sin(turn)) for turn in np.linspace(0, 6, MOST_POINTS)]
    mark = Mark("free", tuple((float(x), float(y)) for x, y in around), uid="2.25.1", sop_uid=FRAME.sop_uid)
    (back,) = measurements_of(written(mark)).marks
    assert len(back.points) == MOST_POINTS
    assert np.abs(np.array(back.points) - np.array(mark.points)).max() < 1e-4


def test_who_and_when_are_those_of_the_hand() -> None:
    local = NOW.astimezone(timezone(timedelta(hours=5)))
    layer = measurements_of(written(mark_of("point", [(3.0, 3.0)]), at=local))
    assert layer.author == "Жанна Қасымова"
    assert layer.at == NOW
    assert not layer.is_mine


def test_it_is_a_report_of_the_study_with_its_evidence_and_its_predecessors() -> None:
    file = written(mark_of("length", [(1.0, 1.0), (9.0, 1.0)]), before=("1.2.3.77",))
    assert kind_of(str(file.SOPClassUID)) == "report"
    assert (file.Modality, file.StudyInstanceUID, file.PatientID) == ("SR", SOURCE.StudyInstanceUID, SOURCE.PatientID)
    assert (file.CompletionFlag, file.VerificationFlag) == ("PARTIAL", "UNVERIFIED")
    assert file.ContentTemplateSequence[0].TemplateIdentifier == "1500"
    (series,) = file.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    assert series.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == FRAME.sop_uid
    (before,) = file.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence
    assert before.ReferencedSOPInstanceUID == "1.2.3.77"
    assert "PredecessorDocumentsSequence" not in written(mark_of("point", [(3.0, 3.0)]))


def test_numbers_have_the_codes_and_units_of_the_standard_and_their_origin() -> None:
    file = written(mark_of("length", [(0.0, 0.0), (8.0, 0.0)]))
    (number,) = named(file, "410668003")
    value = number.MeasuredValueSequence[0]
    assert (float(value.NumericValue), value.MeasurementUnitsCodeSequence[0].CodeValue) == (2.0, "mm")
    assert value.FloatingPointValue == 2.0
    (method,) = number.ContentSequence
    assert (method.ValueType, method.TextValue) == ("TEXT", "calibrated")


@pytest.mark.parametrize(
    ("kind", "graphic", "runs"),
    [("cobb", "POLYLINE", 2), ("ellipse", "ELLIPSE", 1), ("point", "POINT", 1), ("rectangle", "POLYLINE", 1)],
)
def test_coordinates_are_those_another_program_can_draw(kind: Kind, graphic: str, runs: int) -> None:
    points = [(5.0, 5.0), (25.0, 5.0), (15.0, 2.0), (15.0, 8.0)]
    places = [each for each in items(written(mark_of(kind, points))) if each.get("ValueType") == "SCOORD"]
    assert [each.GraphicType for each in places] == [graphic] * runs
    assert all(each.ContentSequence[0].RelationshipType == "SELECTED FROM" for each in places)
    if kind == "rectangle":
        assert places[0].GraphicData[:2] == places[0].GraphicData[-2:]


def test_the_kind_is_a_code_of_ours_and_nothing_else_is() -> None:
    file = written(mark_of("head ellipse", [(5.0, 30.0), (65.0, 30.0), (35.0, 10.0), (35.0, 50.0)]))
    codes = {name_of(each).CodeValue for each in items(file)}
    schemes = {name_of(each).CodingSchemeDesignator for each in items(file)}
    assert schemes == {"DCM", "LN", "SCT", OWN}
    assert {"11984-0", "11851-1", "11820-8", "11823-2"} <= codes
    assert all(len(code) <= 16 for code in codes)


def test_dcmtk_reads_it_without_an_error(tmp_path: Path) -> None:
    points = [(5.0, 5.0), (25.0, 5.0), (15.0, 2.0), (15.0, 8.0), (9.0, 9.0), (3.0, 7.0), (2.0, 3.0)]
    marks = [mark_of(kind, points, "тас", number) for number, kind in enumerate(KINDS, 1)]
    path = tmp_path / "sr.dcm"
    path.write_bytes(
        saved(write_measurements(SOURCE, [("1.2.3.4", IMAGE)], [kept(m) for m in marks], author="A", at=NOW))
    )
    ran = subprocess.run(["dsrdump", str(path)], capture_output=True, check=True, timeout=60)
    told = ran.stdout.decode("utf-8", "replace")
    assert "Comprehensive SR Document" in told
    assert told.count("Measurement Group") == len(KINDS)
    assert not [row for row in ran.stderr.decode().splitlines() if row.startswith("E:")]
