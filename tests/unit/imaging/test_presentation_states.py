"""Presentation states: as real ones want pictures to be seen, and as ours say it again."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.imaging import Frame, Seen, Window
from clinic_app.imaging.display.layers import Mark
from clinic_app.imaging.display.turning import Turn
from clinic_app.imaging.frame import frame_of
from clinic_app.imaging.objects.colours import from_cielab
from clinic_app.imaging.objects.presentation import Presentation, presentation_of
from clinic_app.imaging.objects.presentation_writing import write_presentation
from clinic_app.imaging.objects.references import ImageReference
from clinic_app.imaging.reading import read_dataset
from clinic_app.imaging.rendering import render
from tests.helpers.dicom_files import bytes_of, item, made_file, overlay, pointing_at

RAMP = np.arange(-300, 300, dtype=np.int16).reshape(20, 30)
UID = "1.2.3.4.5"
IMAGE = ImageReference(UID, (), "1.2.840.10008.5.1.4.1.1.2")
NOW = datetime(2026, 3, 5, 7, 0, tzinfo=UTC)
BOX = item(
    UnformattedTextValue="Here", BoundingBoxAnnotationUnits="PIXEL", BoundingBoxTopLeftHandCorner=[2, 3],
    BoundingBoxBottomRightHandCorner=[12, 6], AnchorPointAnnotationUnits="PIXEL", AnchorPoint=[20, 10],
    AnchorPointVisibility="Y",
)  # fmt: skip


def picture(**more: object) -> tuple[Dataset, Frame]:
    source = read_dataset(bytes_of(made_file(RAMP, RescaleSlope=2, RescaleIntercept=-100, **more)))
    return source, frame_of(source, 0)


def state(**more: object) -> Presentation:
    series = item(SeriesInstanceUID="1.2.3.4", ReferencedImageSequence=[pointing_at(UID)])
    return presentation_of(item(ReferencedSeriesSequence=[series], PresentationLUTShape="IDENTITY", **more))


def drawn(kind: str, data: list[float], units: str = "PIXEL", **more: object) -> Dataset:
    drawing = item(GraphicType=kind, GraphicData=data, GraphicAnnotationUnits=units, GraphicDimensions=2, **more)
    return item(GraphicLayer="L", GraphicObjectSequence=[drawing])


def test_the_real_one_makes_a_ramp_of_its_scrambled_picture(shared_data: Path) -> None:
    folder = shared_data / "dicom" / "pr_hp"
    frame = frame_of(read_dataset((folder / "imageForPrLUTs.dcm").read_bytes()), 0)
    seen = presentation_of(read_dataset((folder / "prLUTs.dcm").read_bytes())).dressed(frame)
    row = render(seen, seen.default_window)[10].astype(int)
    plain = render(frame, frame.default_window)[10].astype(int)
    assert np.all(np.diff(row) >= 0)
    assert (row[0], row[-1]) == (0, 255)
    assert np.abs(np.diff(plain)).max() > 50, "without it nobody can see it"


def test_dcmtks_own_is_read(shared_data: Path) -> None:
    state_file = read_dataset((shared_data / "dicom" / "derived" / "gsps_of_MR_small.dcm").read_bytes())
    frame = frame_of(read_dataset((shared_data / "dicom" / "mr" / "MR_small.dcm").read_bytes()), 0)
    seen = presentation_of(state_file).dressed(frame)
    assert (seen.default_window.center, seen.default_window.width) == (600, 1600)
    assert seen.shown == (0, 0, 64, 64)


def test_what_is_written_is_read_as_it_was_seen() -> None:
    source, frame = picture()
    marks = (
        Mark("polyline", ((1.5, 2.5), (10.25, 12))),
        Mark("circle", ((5, 5), (8, 5)), is_filled=True),
        Mark("ellipse", ((1, 5), (9, 5), (5, 3), (5, 7))),
        Mark("point", ((4, 4),)),
        Mark("text", ((2, 3), (12, 6)), "Очаг\nздесь", anchor=(20, 10)),
        Mark("text", ((7, 7),), "12 mm"),
    )
    seen = Seen(frame, Window(40, 400, "SIGMOID"), True, Turn(1, is_flipped=True), marks, (2, 3, 20, 15))
    data = write_presentation(source, ("1.2.3.4", IMAGE), seen, author="Ахметова Гүлнар", words="Вид", at=NOW)
    again = presentation_of(read_dataset(data))
    assert (again.label, again.words, again.author) == ("SEEN", "Вид", "Ахметова Гүлнар")
    shown = again.dressed(frame)
    assert shown.default_window == Window(40, 400, "SIGMOID")
    assert (shown.turn, shown.shown, shown.is_monochrome1) == (Turn(1, is_flipped=True), (2, 3, 20, 15), True)
    told = {(mark.kind, mark.points, mark.words, mark.anchor, mark.is_filled) for mark in shown.layers.marks}
    assert told == {(mark.kind, mark.points, mark.words, mark.anchor, mark.is_filled) for mark in marks}


def test_a_written_one_stands_beside_its_picture() -> None:
    source, frame = picture(PatientName="Қасымов^Нұрлан", SpecificCharacterSet="ISO_IR 192")
    made = read_dataset(write_presentation(source, ("1.2.3.4", IMAGE), Seen(frame, Window(1, 2)), author="A B", at=NOW))
    assert (made.StudyInstanceUID, made.PatientID, str(made.PatientName)) == ("1.2.3", "7", "Қасымов^Нұрлан")
    assert made.SeriesInstanceUID != source.SeriesInstanceUID
    assert made.SOPInstanceUID != source.SOPInstanceUID
    assert made.Modality == "PR"
    assert made.RescaleType == "HU"


def test_a_window_in_stored_values_is_brought_to_the_pictures_unit() -> None:
    _source, frame = picture()
    asked = item(WindowCenter=50, WindowWidth=100)
    assert state(SoftcopyVOILUTSequence=[asked]).dressed(frame).default_window == Window(0, 200)
    same = state(SoftcopyVOILUTSequence=[asked], RescaleSlope=2, RescaleIntercept=-100)
    assert same.dressed(frame).default_window == Window(50, 100)


def test_each_window_is_for_the_pictures_it_names() -> None:
    _source, frame = picture()
    other = item(WindowCenter=1, WindowWidth=2, ReferencedImageSequence=[pointing_at("9.9")])
    ours = item(WindowCenter=3, WindowWidth=4, ReferencedImageSequence=[pointing_at(UID)])
    window = state(SoftcopyVOILUTSequence=[other, ours], RescaleSlope=2, RescaleIntercept=-100).dressed(frame)
    assert window.default_window.center == 3


def test_a_picture_it_is_not_for_stays_as_it_is() -> None:
    _source, frame = picture(SOPInstanceUID="9.9.9")
    assert state().dressed(frame) is frame


@pytest.mark.parametrize(("shape", "is_white"), [("INVERSE", True), ("IDENTITY", False)])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_the_states_polarity_replaces_the_pictures(shape: str, is_white: bool, photometric: str) -> None:
    dataset = made_file(RAMP)
    dataset.PhotometricInterpretation = photometric
    frame = frame_of(read_dataset(bytes_of(dataset)), 0)
    series = item(ReferencedImageSequence=[pointing_at(UID)])
    said = presentation_of(item(ReferencedSeriesSequence=[series], PresentationLUTShape=shape))
    assert said.dressed(frame).is_monochrome1 is is_white


def test_a_presentation_table_bends_the_grey() -> None:
    _source, frame = picture()
    table = item(LUTDescriptor=[256, 0, 8], LUTData=[255 - each for each in range(256)])
    table["LUTDescriptor"].VR = table["LUTData"].VR = "US"
    series = item(ReferencedImageSequence=[pointing_at(UID)])
    seen = presentation_of(item(ReferencedSeriesSequence=[series], PresentationLUTSequence=[table])).dressed(frame)
    straight = render(frame, Window(0, 400))
    np.testing.assert_allclose(render(seen, Window(0, 400)), 255 - straight.astype(int), atol=1)


def test_drawings_of_the_picture_are_hidden_unless_it_wakes_them() -> None:
    dataset = made_file(RAMP)
    overlay(dataset, np.eye(4, dtype=bool), group=0x6000)
    overlay(dataset, np.eye(4, dtype=bool), group=0x6002)
    frame = frame_of(read_dataset(bytes_of(dataset)), 0)
    asked = item(ReferencedSeriesSequence=[item(ReferencedImageSequence=[pointing_at(UID)])])
    asked.add_new((0x6002, 0x1001), "CS", "L")
    seen = presentation_of(asked).dressed(frame)
    assert [plane.group for plane in seen.layers.overlays] == [0x6002]


def test_every_kind_of_mark_is_read() -> None:
    _source, frame = picture()
    notes = [
        drawn("POINT", [3, 4]),
        drawn("POLYLINE", [1, 1, 5, 5, 9, 1]),
        drawn("INTERPOLATED", [0, 0, 0.5, 0.5, 1, 0], "DISPLAY"),
        drawn("CIRCLE", [5, 5, 8, 5], GraphicFilled="Y"),
        drawn("ELLIPSE", [1, 5, 9, 5, 5, 3, 5, 7]),
        item(GraphicLayer="L", TextObjectSequence=[BOX]),
    ]
    layer = item(
        GraphicLayer="L", GraphicLayerOrder=1, GraphicLayerRecommendedDisplayCIELabValue=[65_535, 32_896, 32_896]
    )
    seen = state(GraphicAnnotationSequence=notes, GraphicLayerSequence=[layer]).dressed(frame)
    marks = seen.layers.marks
    assert [mark.kind for mark in marks] == ["point", "polyline", "curve", "circle", "ellipse", "text"]
    assert marks[2].is_of_screen
    assert marks[3].is_filled
    assert (marks[5].words, marks[5].anchor) == ("Here", (20, 10))
    assert min(marks[0].colour) > 240, "white, as its layer says"


@pytest.mark.parametrize(
    "wrong",
    [
        drawn("CIRCLE", [5, 5]),
        drawn("ELLIPSE", [1, 5, 9, 5]),
        drawn("POLYLINE", [1, 2, 3]),
        drawn("STAR", [1, 2, 3, 4]),
        drawn("POLYLINE", [1, 2, math.nan, 4]),
        drawn("POLYLINE", [1, 2, math.inf, 4]),
        drawn("POLYLINE", [1, 2, 1e30, 4]),
        drawn("POLYLINE", [1, 2] * 6000),
        item(GraphicLayer="L", TextObjectSequence=[item(UnformattedTextValue=" ")]),
        item(GraphicLayer="L"),
    ],
)
def test_marks_that_cannot_be_are_left_out(wrong: Dataset) -> None:
    _source, frame = picture()
    assert state(GraphicAnnotationSequence=[wrong]).dressed(frame).layers.marks == ()


def test_of_a_flood_of_marks_some_are_drawn() -> None:
    flood = item(GraphicLayer="L", GraphicObjectSequence=[*drawn("POINT", [1, 2]).GraphicObjectSequence] * 1200)
    _source, frame = picture()
    assert len(state(GraphicAnnotationSequence=[flood, flood]).dressed(frame).layers.marks) == 1000


def test_marks_for_another_picture_are_not_drawn_on_this_one() -> None:
    _source, frame = picture()
    note = drawn("POINT", [3, 4])
    note.ReferencedImageSequence = [pointing_at("9.9")]
    assert state(GraphicAnnotationSequence=[note]).dressed(frame).layers.marks == ()


def test_a_state_for_no_picture_is_refused() -> None:
    with pytest.raises(UnreadableFileError, match="which images"):
        presentation_of(item(ContentLabel="X"))


@pytest.mark.parametrize(
    ("lab", "rgb"),
    [
        ((0, 32_896, 32_896), (0, 0, 0)),
        ((65_535, 32_896, 32_896), (255, 255, 255)),
        ((34_885, 53_485, 50_171), (255, 0, 0)),
    ],
)
def test_colours_in_lab_are_those_of_the_screen(lab: tuple[int, int, int], rgb: tuple[int, int, int]) -> None:
    assert np.abs(np.subtract(from_cielab(lab), rgb)).max() <= 12
