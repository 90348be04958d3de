"""Marks that are kept: each person's own layer, version beside version, readable anywhere, and believed from nobody."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from pydicom.dataset import Dataset

from clinic_app.access import Trail
from clinic_app.foundation.errors import InvalidInputError, NotAllowedError, NotFoundError, UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.imaging import Imaging, Mark
from clinic_app.imaging.display.elements import numbers_of
from clinic_app.imaging.importing import sha256_of
from clinic_app.imaging.mark_keeping import MOST_MARKS, MarkKeeping
from clinic_app.imaging.mark_versions import KEPT_BY, in_force, kept_by
from clinic_app.imaging.measuring import KINDS, Kind
from clinic_app.imaging.measuring.marks import MOST_POINTS, ellipse_points, head_points
from clinic_app.imaging.objects import measurement_report
from clinic_app.imaging.objects.measurement_report import OWN, measurements_of
from clinic_app.imaging.objects.presentation import presentation_of
from clinic_app.imaging.objects.report import ReportNode, report_of
from clinic_app.imaging.reading import read_dataset
from clinic_app.records import HumanName, ImagingStudy, Patient, Reference, Task
from tests.helpers.dicom_files import bytes_of, item, made_file
from tests.helpers.nodes import Node, node
from tests.helpers.taking_in import take_folder

RAMP = np.arange(40 * 50, dtype=np.int16).reshape(40, 50)
_NUMBERS = itertools.count(1)
LOOP = np.zeros((3, 20, 30), np.uint8)
CT, ECHO = "1.2.3.4.5", "1.2.3.4.6"
POINTS: dict[Kind, tuple[tuple[float, float], ...]] = {
    "length": ((5.25, 6.5), (30.0, 6.5)),
    "angle": ((5.0, 5.0), (20.0, 5.0), (20.0, 25.0)),
    "cobb": ((5.0, 5.0), (20.0, 6.0), (5.0, 30.0), (20.0, 25.0)),
    "ellipse": ellipse_points((10.0, 10.0), (30.0, 20.0)),
    "rectangle": ((10.0, 12.0), (30.0, 20.0)),
    "free": ((5.0, 5.0), (25.0, 8.0), (20.0, 30.0), (7.0, 25.0)),
    "point": ((7.5, 8.5),),
    "arrow": ((3.0, 3.0), (9.0, 9.0)),
    "text": ((12.0, 13.0),),
    "head ellipse": head_points((10.0, 20.0), (40.0, 20.0), 0.8),
    "scale": ((0.0, 39.0), (50.0, 39.0)),
}


def mark(kind: Kind, **more: Any) -> Mark:
    words = "Ошақ, тексеру керек" if kind in ("text", "arrow") else ""
    made = Mark(kind, POINTS[kind], words, 100.0 if kind == "scale" else 0.0, f"2.25.{KINDS.index(kind) + 1}", CT)
    return replace(made, **more)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with node(tmp_path_factory.mktemp("data"), "org-district") as made:
        made.store.records.commit((Patient(id="p1", name=(HumanName(family="Test", given=("Name",)),)),))
        yield made


@pytest.fixture
def keeping(here: Node) -> MarkKeeping:
    return MarkKeeping(here.store, Trail(here.store, here.clock), here.clock)


@pytest.fixture
def opened(here: Node, study: ImagingStudy) -> Iterator[ImagingStudy]:
    """Another hospital asks about the patient: at the hub its question has opened his records to us, as they are."""
    task = Task(
        id="asked",
        status="requested",
        intent="order",
        for_=Reference(reference="Patient/p1"),
        requester=Reference(reference="Organization/org-elsewhere"),
        owner=Reference(reference="Organization/org-district"),
    )
    (kept,) = here.store.records.commit((task,))
    yield study
    done = msgspec.structs.replace(kept, requester=Reference(reference="Organization/org-district"))
    here.store.records.commit((done,))


def test_what_a_question_has_opened_to_us_stays_the_askers_own_whatever_is_kept_on_it(
    here: Node, keeping: MarkKeeping, opened: ImagingStudy
) -> None:
    study, specialist = opened, here.session("specialist")
    for marks in ([mark("length")], [mark("length"), mark("angle")]):
        beside = keeping.keep(specialist, study, marks, "ru")
        assert beside.id != study.id
        assert beside.meta is not None
        assert beside.meta.source == "Organization/org-district"
        assert again(here, study) == study
        for looked_at in (study, beside):
            (layer,) = keeping.layers(specialist, looked_at)
            assert (layer.is_mine, len(layer.marks)) == (True, len(marks))
    imaging = Imaging(here.store, Trail(here.store, here.clock), here.clock)
    chosen = imaging.keep_key_object(specialist, study, [(CT, 1)])
    assert chosen.id == beside.id, "one record of ours beside it, not one for each thing that is kept"
    assert again(here, study) == study


def test_our_own_patients_study_is_written_to_as_ever(here: Node, keeping: MarkKeeping, study: ImagingStudy) -> None:
    kept = keeping.keep(here.session("doctor"), study, [mark("length")], "ru")
    assert kept.id == study.id
    assert kept.meta is not None
    assert kept.meta.source is None


@pytest.fixture
def study(here: Node, tmp_path: Path) -> ImagingStudy:
    folder = tmp_path / "cd"
    folder.mkdir()
    uid = f"1.2.3.100.{next(_NUMBERS)}"
    more = {"StudyInstanceUID": uid, "PixelSpacing": [0.5, 0.5]}
    picture = made_file(RAMP, sop_uid=CT, SeriesInstanceUID=f"{uid}.4", RescaleSlope=2, RescaleIntercept=-1000, **more)
    (folder / "ct.dcm").write_bytes(bytes_of(picture))
    loop = made_file(LOOP, sop_uid=ECHO, SeriesInstanceUID=f"{uid}.5", **more)
    (folder / "loop.dcm").write_bytes(bytes_of(loop))
    imaging = Imaging(here.store, Trail(here.store, here.clock), here.clock)
    (found,) = take_folder(imaging, here.session("doctor"), "p1", folder, is_confirmed=True).studies
    return found


def files(here: Node, study: ImagingStudy, kind: str) -> list[Dataset]:
    """Return the files of a study's series of a kind, by modality."""
    instances = [one for each in study.series if each.modality.code == kind for one in each.instance]
    return [read_dataset(here.store.blobs.read(sha256_of(each))) for each in instances]


def again(here: Node, study: ImagingStudy) -> ImagingStudy:
    return here.store.records.get(ImagingStudy, study.id)


def test_every_kind_comes_back_as_it_was_drawn_and_can_be_changed(
    here: Node, keeping: MarkKeeping, study: ImagingStudy
) -> None:
    doctor = here.session("doctor")
    marks = tuple(mark(kind) for kind in KINDS)
    keeping.keep(doctor, study, marks, "kk")
    (layer,) = keeping.layers(doctor, study)
    assert layer.is_mine
    assert layer.author == doctor.name
    assert layer.at is not None
    assert abs((layer.at - here.clock.now()).total_seconds()) < 2
    for kept, drawn in zip(layer.marks, marks, strict=True):
        assert (kept.kind, kept.uid, kept.words, kept.known_mm, kept.place) == (
            drawn.kind,
            drawn.uid,
            drawn.words,
            drawn.known_mm,
            drawn.place,
        )
        assert np.array(kept.points) == pytest.approx(np.array(drawn.points), abs=1e-4)


def test_the_report_says_numbers_units_and_who_says_how_large_a_pixel_is(
    here: Node, keeping: MarkKeeping, study: ImagingStudy
) -> None:
    keeping.keep(here.session("doctor"), study, [mark("length"), mark("rectangle")], "ru")
    (file,) = files(here, again(here, study), "SR")
    assert str(file.SeriesDescription) == "Measurements"
    rows = list(_lines(report_of(file).root))
    assert ("Length", "12.375 mm") in rows
    assert ("Measurement Method", "calibrated") in rows
    assert ("Area", "40 mm²") in rows
    mean = RAMP[12:20, 10:30].mean() * 2 - 1000
    assert ("Mean", f"{mean:.6g} HU") in rows
    assert ("Person Observer Name", here.session("doctor").name) in rows


def _lines(found: ReportNode) -> Iterator[tuple[str, str]]:
    yield found.name, found.value
    for child in found.children:
        yield from _lines(child)


def test_a_presentation_state_draws_them_for_any_other_viewer(
    here: Node, keeping: MarkKeeping, study: ImagingStudy
) -> None:
    keeping.keep(here.session("doctor"), study, [mark("length"), mark("ellipse")], "ru")
    (file,) = files(here, again(here, study), "PR")
    imaging = Imaging(here.store, Trail(here.store, here.clock), here.clock)
    stack = imaging.stack(here.session("doctor"), again(here, study), str(file.SeriesInstanceUID))
    drawn = stack.frame(0).layers.marks
    assert [each.kind for each in drawn] == ["polyline", "ellipse", "text", "text"]
    assert "12,4 мм · калибровано" in [each.words for each in drawn]
    assert presentation_of(file).author == here.session("doctor").name


def test_a_new_version_stands_beside_the_one_before_and_only_it_is_in_force(
    here: Node, keeping: MarkKeeping, study: ImagingStudy
) -> None:
    doctor = here.session("doctor")
    first = keeping.keep(doctor, study, [mark("length")], "en")
    second = keeping.keep(doctor, first, [mark("angle")], "en")
    assert [each.kind for each in keeping.layers(doctor, second)[0].marks] == ["angle"]
    reports = [each for each in second.series if each.modality.code == "SR"]
    (series,) = reports
    assert [each.number for each in series.instance] == [1, 2]
    assert in_force(series.instance) == series.instance[1:]
    imaging = Imaging(here.store, Trail(here.store, here.clock), here.clock)
    opened = imaging.opened(doctor, second, series.uid)
    assert isinstance(opened, tuple)
    assert len(opened) == 1
    old, new = files(here, second, "SR")
    before = new.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence[0]
    assert before.ReferencedSOPInstanceUID == old.SOPInstanceUID


def test_all_taken_away_is_a_version_too_and_its_pictures_are_bare_again(
    here: Node, keeping: MarkKeeping, study: ImagingStudy
) -> None:
    doctor = here.session("doctor")
    keeping.keep(doctor, study, [mark("length")], "en")
    bare = keeping.keep(doctor, study, [], "en")
    assert [layer.marks for layer in keeping.layers(doctor, bare)] == [()]
    newest = files(here, bare, "PR")[-1]
    assert "GraphicAnnotationSequence" not in newest
    untouched = again(here, study)
    assert untouched == bare


def test_nothing_to_keep_makes_no_file(here: Node, keeping: MarkKeeping, study: ImagingStudy) -> None:
    assert keeping.keep(here.session("doctor"), study, [], "en") == study


def test_another_person_has_a_layer_of_his_own_and_neither_changes_the_other(
    here: Node, keeping: MarkKeeping, study: ImagingStudy
) -> None:
    doctor, nurse = here.session("doctor"), here.session("nurse")
    keeping.keep(doctor, study, [mark("length")], "en")
    keeping.keep(nurse, study, [mark("angle"), mark("point")], "en")
    for looks, mine in ((doctor, ["length"]), (nurse, ["angle", "point"])):
        layers = keeping.layers(looks, study)
        assert [layer.is_mine for layer in layers] == [False, True]
        assert [each.kind for each in layers[-1].marks] == mine
    keeping.keep(nurse, study, [], "en")
    assert [len(layer.marks) for layer in keeping.layers(doctor, study)] == [0, 1]


def test_what_i_kept_elsewhere_meanwhile_stays_in_force_and_what_i_took_away_does_not(
    here: Node, keeping: MarkKeeping, study: ImagingStudy
) -> None:
    doctor = here.session("doctor")
    seen = {mark("length").uid, mark("angle").uid}
    keeping.keep(doctor, study, [mark("length"), mark("angle")], "en")
    keeping.keep(doctor, study, [mark("length"), mark("angle"), mark("cobb")], "en", seen)
    moved = mark("length", points=((1.0, 1.0), (2.0, 2.0)))
    keeping.keep(doctor, study, [moved, mark("point")], "en", seen)  # elsewhere, where Cobb's angle was never seen
    (layer,) = keeping.layers(doctor, study)
    assert [each.kind for each in layer.marks] == ["cobb", "length", "point"]
    assert layer.marks[1].points == moved.points
    keeping.keep(doctor, study, [moved], "en")
    assert [each.kind for each in keeping.layers(doctor, study)[0].marks] == ["length"]


def test_marks_kept_elsewhere_count_among_the_most_that_can_be_kept(
    here: Node, keeping: MarkKeeping, study: ImagingStudy
) -> None:
    doctor = here.session("doctor")
    points = [mark("point", uid=f"2.25.{100 + each}") for each in range(MOST_MARKS)]
    keeping.keep(doctor, study, points, "en")
    with pytest.raises(InvalidInputError):
        keeping.keep(doctor, study, [mark("length")], "en", ())
    keeping.keep(doctor, study, [mark("length")], "en", {each.uid for each in points})
    assert len(keeping.layers(doctor, study)[0].marks) == 1


def renumbered(here: Node, study: ImagingStudy, number: int) -> None:
    """Let the last version of the marks' report bear a number, as if it had been made where the others were unknown."""
    stored = again(here, study)
    change = msgspec.structs.replace

    def last(instances: tuple[Any, ...]) -> tuple[Any, ...]:
        return (*instances[:-1], change(instances[-1], number=number))

    series = tuple(
        change(each, instance=last(each.instance)) if each.modality.code == "SR" else each for each in stored.series
    )
    here.store.records.commit((change(stored, series=series),))


def test_two_newest_versions_of_one_person_are_one_layer_without_doubles(
    here: Node, keeping: MarkKeeping, study: ImagingStudy
) -> None:
    doctor, nurse = here.session("doctor"), here.session("nurse")
    keeping.keep(doctor, study, [mark("length"), mark("angle")], "en")
    moved = mark("length", points=((1.0, 1.0), (2.0, 2.0)))
    keeping.keep(doctor, study, [moved, mark("point")], "en")
    renumbered(here, study, 1)
    for looks in (doctor, nurse):
        (layer,) = keeping.layers(looks, again(here, study))
        assert sorted(each.kind for each in layer.marks) == ["angle", "length", "point"]
        assert len({each.uid for each in layer.marks}) == 3
        assert layer.is_mine == (looks is doctor)
    third = keeping.keep(doctor, again(here, study), [mark("arrow")], "en")
    assert [each.kind for each in keeping.layers(doctor, third)[0].marks] == ["arrow"]


def test_marks_of_mine_that_have_not_arrived_are_not_put_out_of_force(
    here: Node, keeping: MarkKeeping, study: ImagingStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    doctor = here.session("doctor")
    keeping.keep(doctor, study, [mark("length")], "en")
    read = here.store.blobs.read
    report = next(one for each in again(here, study).series if each.modality.code == "SR" for one in each.instance)
    absent = sha256_of(report)

    def reads(sha256: str) -> bytes:
        if sha256 == absent:
            raise NotFoundError(Text("It has not arrived."))
        return read(sha256)

    with monkeypatch.context() as patch:
        patch.setattr(here.store.blobs, "read", reads)
        assert keeping.layers(doctor, again(here, study)) == ()
        keeping.keep(doctor, study, [mark("angle")], "en", ())
        assert [each.kind for each in keeping.layers(doctor, study)[0].marks] == ["angle"]
    assert sorted(each.kind for each in keeping.layers(doctor, study)[0].marks) == ["angle", "length"]


def test_of_a_colleague_whose_newest_marks_have_not_arrived_those_of_before_are_seen(
    here: Node, keeping: MarkKeeping, study: ImagingStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    doctor, nurse = here.session("doctor"), here.session("nurse")
    keeping.keep(nurse, study, [mark("length")], "en")
    keeping.keep(nurse, study, [mark("length"), mark("angle")], "en")
    (series,) = (each for each in again(here, study).series if each.modality.code == "SR")
    read, absent = here.store.blobs.read, {sha256_of(series.instance[-1])}

    def reads(sha256: str) -> bytes:
        if sha256 in absent:
            raise NotFoundError(Text("It has not arrived."))
        return read(sha256)

    with monkeypatch.context() as patch:
        patch.setattr(here.store.blobs, "read", reads)
        (layer,) = keeping.layers(doctor, again(here, study))
        assert (layer.is_mine, [each.kind for each in layer.marks]) == (False, ["length"])
        absent.add(sha256_of(series.instance[0]))
        assert keeping.layers(doctor, again(here, study)) == ()
    assert len(keeping.layers(doctor, again(here, study))[0].marks) == 2


def test_a_colleagues_known_length_holds_for_what_i_measure(
    here: Node, keeping: MarkKeeping, study: ImagingStudy
) -> None:
    keeping.keep(here.session("nurse"), study, [mark("scale")], "en")
    keeping.keep(here.session("doctor"), study, [mark("length")], "en")
    written = [dict(_lines(report_of(file).root)) for file in files(here, again(here, study), "SR")]
    mine = next(each for each in written if "Length" in each)
    assert mine["Length"] == "49.5 mm"
    assert mine["Measurement Method"] == "by hand, 100 mm being known"


def test_marks_lie_on_their_frame_of_a_loop(here: Node, keeping: MarkKeeping, study: ImagingStudy) -> None:
    doctor = here.session("doctor")
    on_loop = Mark("length", ((1.0, 1.0), (9.0, 1.0)), uid="2.25.9", sop_uid=ECHO, frame_number=2)
    keeping.keep(doctor, study, [on_loop], "en")
    assert keeping.layers(doctor, study)[0].marks == (on_loop,)
    (state,) = files(here, again(here, study), "PR")
    assert presentation_of(state).images[0].frames == (2,)


@pytest.mark.parametrize("letters", ["ә" * 400, "x" * 400, "а" * 257])
def test_long_words_beside_a_mark_come_back_whole(
    here: Node, keeping: MarkKeeping, study: ImagingStudy, letters: str
) -> None:
    doctor = here.session("doctor")
    keeping.keep(doctor, study, [mark("text", words=letters)], "kk")
    assert keeping.layers(doctor, study)[0].marks[0].words == letters


@pytest.mark.parametrize("kind", ["ellipse", "head ellipse"])
def test_an_ellipse_that_reaches_beyond_the_picture_is_kept_and_comes_back(
    here: Node, keeping: MarkKeeping, study: ImagingStudy, kind: Kind
) -> None:
    doctor = here.session("doctor")
    wide = mark(kind, points=((4.0, 20.0), (40.0, 20.0), (22.0, -9.0), (22.0, 49.0)))
    keeping.keep(doctor, study, [wide], "en")
    assert keeping.layers(doctor, study)[0].marks == (wide,)
    far = mark(kind, points=((4.0, 20.0), (40.0, 20.0), (22.0, -900.0), (22.0, 940.0)))
    with pytest.raises(InvalidInputError):
        keeping.keep(doctor, study, [far], "en")


def test_pictures_in_colour_get_a_state_of_their_own_kind(
    here: Node, keeping: MarkKeeping, study: ImagingStudy, tmp_path: Path
) -> None:
    coloured = made_file(
        None,
        sop_uid="1.2.3.4.7",
        SeriesInstanceUID="1.2.3.6",
        StudyInstanceUID=study.identifier[0].value.removeprefix("urn:oid:"),
        Rows=8,
        Columns=8,
        SamplesPerPixel=3,
        PhotometricInterpretation="RGB",
        PlanarConfiguration=0,
        BitsAllocated=8,
        BitsStored=8,
        HighBit=7,
        PixelRepresentation=0,
        PixelData=bytes(192),
    )
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "c.dcm").write_bytes(bytes_of(coloured))
    imaging = Imaging(here.store, Trail(here.store, here.clock), here.clock)
    (grown,) = take_folder(imaging, here.session("doctor"), "p1", tmp_path / "more", is_confirmed=True).studies
    on_colour = Mark("rectangle", ((1.0, 1.0), (5.0, 5.0)), uid="2.25.8", sop_uid="1.2.3.4.7")
    keeping.keep(here.session("doctor"), grown, [mark("length"), on_colour], "en")
    states = files(here, again(here, grown), "PR")
    assert {str(each.SOPClassUID)[-4:] for each in states} == {"11.1", "11.2"}
    colour = next(each for each in states if str(each.SOPClassUID).endswith("11.2"))
    assert colour.ICCProfile[36:40] == b"acsp"
    assert "SoftcopyVOILUTSequence" not in colour
    assert len(keeping.layers(here.session("doctor"), grown)[0].marks) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        mark("length", points=((0.0, 0.0), (math.nan, 1.0))),
        mark("length", points=((0.0, 0.0), (900.0, 1.0))),
        mark("text", words="x" * 500),
        mark("free", points=((1.0, 1.0),) * (MOST_POINTS + 1)),
    ],
)
def test_what_is_no_mark_is_refused_and_nothing_is_written(
    here: Node, keeping: MarkKeeping, study: ImagingStudy, wrong: Mark
) -> None:
    with pytest.raises(InvalidInputError):
        keeping.keep(here.session("doctor"), study, [wrong], "en")
    assert again(here, study) == study


def test_too_many_marks_and_pictures_that_are_not_there_are_refused(
    here: Node, keeping: MarkKeeping, study: ImagingStudy
) -> None:
    doctor = here.session("doctor")
    with pytest.raises(InvalidInputError):
        keeping.keep(doctor, study, [mark("length", uid=f"2.25.{n}") for n in range(MOST_MARKS + 1)], "en")
    with pytest.raises(NotFoundError):
        keeping.keep(doctor, study, [mark("length", sop_uid="9.9.9")], "en")


def test_whoever_may_not_keep_images_keeps_no_marks(here: Node, keeping: MarkKeeping, study: ImagingStudy) -> None:
    with pytest.raises(NotAllowedError):
        keeping.keep(here.session("registrar"), study, [mark("length")], "en")
    with pytest.raises(NotAllowedError):
        keeping.layers(here.session("registrar"), study)


def test_a_foreign_report_that_names_me_is_not_mine(here: Node, keeping: MarkKeeping, study: ImagingStudy) -> None:
    doctor = here.session("doctor")
    kept = keeping.keep(doctor, study, [mark("length")], "en")
    change = msgspec.structs.replace
    stripped = change(
        kept,
        series=tuple(
            change(
                each,
                instance=tuple(
                    change(one, extension=tuple(x for x in one.extension if x.url != KEPT_BY)) for one in each.instance
                ),
            )
            for each in kept.series
        ),
    )
    here.store.records.commit((stripped,))
    (layer,) = keeping.layers(doctor, stripped)
    assert (layer.author, layer.is_mine) == (doctor.name, False)
    keeping.keep(doctor, stripped, [mark("angle")], "en")
    assert [each.is_mine for each in keeping.layers(doctor, stripped)] == [False, True]


# --- what strangers write ---


def report_with(*groups: Dataset, **more: Any) -> Dataset:
    measurements = item(
        ConceptNameCodeSequence=[item(CodeValue="126010", CodingSchemeDesignator="DCM")], ContentSequence=list(groups)
    )
    title = item(CodeValue="126000", CodingSchemeDesignator="DCM")
    return item(ConceptNameCodeSequence=[title], ContentSequence=[measurements], **more)


def group(kind: str, data: list[float], uid: str = "2.25.1", sop_uid: str = CT, words: str = "") -> Dataset:
    def named(code: str, scheme: str, **elements: Any) -> Dataset:
        return item(ConceptNameCodeSequence=[item(CodeValue=code, CodingSchemeDesignator=scheme)], **elements)

    picture = item(ValueType="IMAGE", ReferencedSOPSequence=[item(ReferencedSOPInstanceUID=sop_uid)])
    parts = [
        named("MARK", OWN, ConceptCodeSequence=[item(CodeValue=kind, CodingSchemeDesignator=OWN)]),
        named("112040", "DCM", UID=uid),
        named("121106", "DCM", TextValue=words),
        named("POINTS", OWN, GraphicData=data, ContentSequence=[picture]),
    ]
    return named("125007", "DCM", ContentSequence=parts)


@pytest.mark.parametrize(
    "data",
    [
        [1.0, 1.0, math.nan, 2.0],
        [1.0, 1.0, math.inf, 2.0],
        [1.0, 1.0, 1e38, 2.0],
        [1.0, 1.0, 2.0],
        [1.0, 1.0],
        [],
        [0.5] * 9000,
    ],
)
@pytest.mark.parametrize("kind", ["LENGTH", "FREE", "RECTANGLE", "ELLIPSE"])
def test_points_that_are_none_and_millions_of_them_make_no_mark(kind: str, data: list[float]) -> None:
    found = measurements_of(report_with(group(kind, data), group("POINT", [3.0, 4.0])))
    assert [each.kind for each in found.marks] == ["point"]


def test_millions_of_points_in_a_file_are_not_even_made_numbers() -> None:
    dataset = report_with(group("FREE", [0.5] * 8))
    data = bytes_of(made_file(RAMP, ContentSequence=dataset.ContentSequence))
    read = read_dataset(data)
    points = read.ContentSequence[0].ContentSequence[0].ContentSequence[3]
    raw = points.get_item("GraphicData")
    assert isinstance(raw.value, bytes)
    points._dict[raw.tag] = raw._replace(value=bytes(4 * 2_000_000), length=8_000_000)
    assert numbers_of(points, "GraphicData", 4000) == ()
    assert isinstance(points.get_item("GraphicData").value, bytes)


@pytest.mark.parametrize("kind", ["BOMB", "", "LENGTH\\ANGLE"])
def test_kinds_nobody_knows_are_left_out(kind: str) -> None:
    assert measurements_of(report_with(group(kind, [1.0, 1.0, 2.0, 2.0]))).marks == ()


def test_a_mark_without_a_name_or_a_picture_is_none_and_a_book_of_words_is_cut() -> None:
    line = [1.0, 1.0, 2.0, 2.0]
    found = measurements_of(
        report_with(
            group("LENGTH", line, uid=""), group("LENGTH", line, sop_uid=""), group("LENGTH", line, words="x" * 100_000)
        )
    )
    (only,) = found.marks
    assert len(only.words) <= 400


def test_thousands_of_groups_are_not_all_read_and_a_report_of_something_else_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(measurement_report, "_MOST_GROUPS", 5)
    many = measurements_of(report_with(*[group("POINT", [1.0, 1.0], uid=f"2.25.{n}") for n in range(12)]))
    assert len(many.marks) == 5
    with pytest.raises(UnreadableFileError):
        measurements_of(made_file(RAMP))
    with pytest.raises(UnreadableFileError):
        measurements_of(item(ConceptNameCodeSequence=[item(CodeValue="1", CodingSchemeDesignator="DCM")]))


@pytest.mark.parametrize("zone", ["+0500", "", "nonsense", "-"])
def test_the_time_of_a_report_is_aware_or_none(zone: str) -> None:
    found = measurements_of(report_with(ContentDate="20260305", ContentTime="101500", TimezoneOffsetFromUTC=zone))
    assert found.at is None or found.at.tzinfo is not None
    assert measurements_of(report_with(ContentDate="20269999", ContentTime="1")).at is None


def test_who_kept_a_file_stands_in_the_record(here: Node, keeping: MarkKeeping, study: ImagingStudy) -> None:
    doctor = here.session("doctor")
    kept = keeping.keep(doctor, study, [mark("length")], "en")
    signed = {kept_by(one) for each in kept.series for one in each.instance}
    assert signed == {"", doctor.practitioner_id}
