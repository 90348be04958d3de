"""Taking in and opening what is no plain picture: over a real store, and for files of nobody."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from clinic_app.access import Trail
from clinic_app.foundation.errors import InvalidInputError, NotFoundError, UnreadableFileError
from clinic_app.imaging import FrameStack, Imaging, ImportReport, LocalFiles, Seen, Tracing, Window
from clinic_app.imaging.display.layers import Mark
from clinic_app.imaging.importing import encoding_of
from clinic_app.imaging.shelf import series_kind
from clinic_app.records import HumanName, Identifier, ImagingStudy, Patient
from clinic_app.terminology.systems import CHART_NUMBER
from tests.helpers.dicom_files import bytes_of, item, made_file, on_plane, pointing_at
from tests.helpers.nodes import Node, node
from tests.helpers.taking_in import take_folder

FLAT = np.arange(120, dtype=np.int16).reshape(10, 12)
PETROV = Patient(
    id="p1",
    name=(HumanName(family="Петров", given=("Пётр",)),),
    identifier=(Identifier(system=CHART_NUMBER, value="7"),),
)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Node]:
    with node(tmp_path / "data", "org-district") as made:
        made.store.records.commit((PETROV,))
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "cd"
    made.mkdir()
    return made


def imaging(here: Node, rule: str = "") -> Imaging:
    return Imaging(here.store, Trail(here.store, here.clock), here.clock, text_rule=rule)


def take(here: Node, folder: Path, rule: str = "", **more: object) -> ImportReport:
    return take_folder(imaging(here, rule), here.session("doctor"), "p1", folder, **more)  # type: ignore[arg-type]


def wrong_letters(folder: Path, name: str = "Петров^Пётр") -> Path:
    """Put a file whose name is in Windows-1251 and whose character set says Latin."""
    raw = name.encode("cp1251")
    dataset = made_file(FLAT, PatientName="X" * len(raw), SpecificCharacterSet="ISO_IR 100")
    path = folder / "a.dcm"
    path.write_bytes(bytes_of(dataset).replace(b"X" * len(raw), raw))
    return path


def test_letters_are_proposed_and_nothing_is_filed_until_somebody_agrees(here: Node, folder: Path) -> None:
    wrong_letters(folder)
    report = take(here, folder)
    assert not report.is_filed
    assert report.names_in_files == ("Ïåòðîâ Ï¸òð",)
    assert [(each.encoding, each.as_read) for each in report.proposals] == [("cp1251", "Петров Пётр")]
    agreed = take(here, folder, is_confirmed=True, encoding="cp1251")
    assert agreed.is_filed
    assert agreed.names_in_files == ("Петров Пётр",)
    (study,) = agreed.studies
    assert encoding_of(study.series[0].instance[0]) == "cp1251"
    frame = imaging(here).stack(here.session("doctor"), study, study.series[0].uid).frame(0)
    assert frame.labels.patient_name == "Петров Пётр"


def test_the_bytes_that_are_kept_are_those_that_came(here: Node, folder: Path) -> None:
    path = wrong_letters(folder)
    (study,) = take(here, folder, is_confirmed=True, encoding="cp1251").studies
    kept = here.store.blobs.read(study.series[0].instance[0].extension[0].value_string or "")
    assert kept[128:] == path.read_bytes()[128:]


def test_whoever_says_no_to_the_letters_keeps_them_as_the_file_says(here: Node, folder: Path) -> None:
    wrong_letters(folder)
    (study,) = take(here, folder, is_confirmed=True).studies
    assert encoding_of(study.series[0].instance[0]) == ""


def test_a_rule_of_the_site_asks_nobody(here: Node, folder: Path) -> None:
    wrong_letters(folder)
    report = take(here, folder, rule="cp1251")
    assert report.is_filed
    assert report.names_in_files == ("Петров Пётр",)


def test_a_rule_does_not_make_another_person_of_somebody(here: Node, folder: Path) -> None:
    wrong_letters(folder, "Сидоров^Иван")
    report = take(here, folder, rule="cp1251")
    assert not report.is_filed
    assert report.names_in_files == ("Сидоров Иван",)


def test_a_damaged_file_is_taken_and_named(here: Node, folder: Path) -> None:
    whole = bytes_of(made_file(FLAT, PatientName="Petrov^Petr"))
    (folder / "cut.dcm").write_bytes(whole[:-100])
    report = take(here, folder, is_confirmed=True)
    assert report.imported == 1
    assert [each.name for each in report.damaged] == ["cut.dcm"]
    assert "lower part" in str(report.damaged[0].reason.render("en"))


def test_of_two_copies_the_whole_one_is_kept(here: Node, folder: Path) -> None:
    whole = bytes_of(made_file(FLAT, PatientName="Petrov^Petr"))
    (folder / "a.dcm").write_bytes(whole)
    (folder / "b.dcm").write_bytes(whole[:-100])
    (study,) = take(here, folder, is_confirmed=True).studies
    frame = imaging(here).stack(here.session("doctor"), study, "1.2.3.4").frame(0)
    assert frame.notes == ()


def real_folder(shared_data: Path, folder: Path) -> None:
    source = shared_data / "dicom"
    names = (
        "mr/MR_small.dcm",
        "derived/gsps_of_MR_small.dcm",
        "sr/reportsi.dcm",
        "ecg/waveform_ecg.dcm",
        "derived/encapsulated_pdf_utf8.dcm",
        "derived/key_object_of_CTImage.dcm",
        "seg/seg_image_ct_binary.dcm",
    )
    for name in names:
        shutil.copy(source / name, folder / Path(name).name)


def test_everything_a_cd_holds_is_opened_as_what_it_is(here: Node, folder: Path, shared_data: Path) -> None:
    real_folder(shared_data, folder)
    report = take(here, folder, is_confirmed=True)
    assert report.refused == ()
    doctor, service = here.session("doctor"), imaging(here)
    found: dict[str, object] = {}
    for study in report.studies:
        for series in study.series:
            found[series_kind(series)] = service.opened(doctor, study, series.uid)
    assert isinstance(found["tracing"], Tracing)
    assert found["tracing"].data[128:132] == b"DICM"
    assert isinstance(found["report"], tuple)
    assert found["report"][0].root.name == "Document Title"
    state, pages = found["presentation"], found["document"]
    assert isinstance(state, FrameStack)
    assert isinstance(pages, FrameStack)
    assert state.frame(0).shown == (0, 0, 64, 64)
    assert pages.frame(0).is_colour
    assert isinstance(found["key object"], tuple), "its pictures are not here, so it is read"
    segments = found["segmentation"]
    assert isinstance(segments, FrameStack)
    assert len(segments) == 3, "its pictures are not here, so it shows itself"


def one_picture(here: Node, folder: Path) -> ImagingStudy:
    (folder / "a.dcm").write_bytes(bytes_of(made_file(np.stack([FLAT, FLAT + 9]), PatientName="Petrov^Petr")))
    (study,) = take(here, folder, is_confirmed=True).studies
    return study


def test_a_view_that_is_kept_is_opened_as_it_was_seen(here: Node, folder: Path) -> None:
    study, doctor, service = one_picture(here, folder), here.session("doctor"), imaging(here)
    frame = service.stack(doctor, study, "1.2.3.4").frame(1)
    seen = Seen(frame, Window(30, 60), marks=(Mark("polyline", ((1, 1), (5, 5))),))
    grown = service.keep_presentation(doctor, study, frame.sop_uid, seen, "Сравнить")
    assert [series_kind(series) for series in grown.series] == ["picture", "presentation"]
    again = service.opened(doctor, grown, grown.series[1].uid)
    assert isinstance(again, FrameStack)
    assert len(again) == 1
    shown = again.frame(0)
    assert (shown.frame_number, shown.default_window) == (2, Window(30, 60))
    assert shown.layers.marks[0].points == ((1, 1), (5, 5))
    assert again.words.startswith("Сравнить")


def test_a_choice_that_is_kept_is_opened_as_its_pictures(here: Node, folder: Path) -> None:
    study, doctor, service = one_picture(here, folder), here.session("doctor"), imaging(here)
    grown = service.keep_key_object(doctor, study, [("1.2.3.4.5", 2)], "Посмотрите")
    chosen = service.opened(doctor, grown, grown.series[1].uid)
    assert isinstance(chosen, FrameStack)
    assert [chosen.frame(0).frame_number, len(chosen)] == [2, 1]
    assert chosen.words == "Of Interest · Посмотрите"
    with pytest.raises(InvalidInputError):
        service.keep_key_object(doctor, study, [])
    with pytest.raises(NotFoundError):
        service.keep_key_object(doctor, study, [("9.9", 1)])


def test_outlines_are_opened_over_the_slices_they_lie_on(here: Node, folder: Path) -> None:
    for place, z_mm in enumerate((0, 3, 6)):
        dataset = on_plane(made_file(FLAT, sop_uid=f"1.1.{place}", InstanceNumber=place + 1), z_mm)
        dataset.PatientName = "Petrov^Petr"
        (folder / f"{place}.dcm").write_bytes(bytes_of(dataset))
    contour = item(ContourGeometricType="CLOSED_PLANAR", ContourData=[2, 2, 3, 8, 2, 3, 8, 6, 3])
    contour.ContourImageSequence = [pointing_at("1.1.1")]
    plan = made_file(
        sop_uid="1.2.9", SOPClassUID="1.2.840.10008.5.1.4.1.1.481.3", Modality="RTSTRUCT", PatientName="Petrov^Petr",
        SeriesInstanceUID="1.2.3.8", StructureSetROISequence=[item(ROINumber=1, ROIName="Heart")],
        ROIContourSequence=[item(ReferencedROINumber=1, ContourSequence=[contour])],
    )  # fmt: skip
    (folder / "plan.dcm").write_bytes(bytes_of(plan))
    (study,) = take(here, folder, is_confirmed=True).studies
    opened = imaging(here).opened(here.session("doctor"), study, "1.2.3.8")
    assert isinstance(opened, FrameStack)
    assert [outline.name for outline in opened.frame(0).layers.outlines] == ["Heart"]


def test_marks_for_pictures_that_are_not_here_say_so(here: Node, folder: Path, shared_data: Path) -> None:
    shutil.copy(shared_data / "dicom" / "derived" / "gsps_of_MR_small.dcm", folder / "pr.dcm")
    (study,) = take(here, folder, is_confirmed=True).studies
    with pytest.raises(NotFoundError, match="not here"):
        imaging(here).opened(here.session("doctor"), study, study.series[0].uid)


# --- files of nobody ---


def test_a_file_of_nobody_is_opened_without_identifiers(folder: Path) -> None:
    dataset = made_file(FLAT)
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID"):
        delattr(dataset, keyword)
    path = folder / "anon.dcm"
    path.write_bytes(bytes_of(dataset))
    files = LocalFiles.of(path)
    stack = files.shelf.opened(files.studies[0].series[0].uid)
    assert isinstance(stack, FrameStack)
    np.testing.assert_array_equal(stack.frame(0).stored, FLAT)


def test_a_folder_of_nobody_is_in_order_and_says_what_it_leaves_out(folder: Path) -> None:
    for place in (3, 1, 2):
        dataset = made_file(FLAT + place, sop_uid=f"1.1.{place}", InstanceNumber=place)
        (folder / f"{place}.dcm").write_bytes(bytes_of(dataset))
    (folder / "readme.txt").write_text("hello", encoding="utf-8")
    told: list[tuple[int, int]] = []
    files = LocalFiles.of(folder, progress=lambda done, total: told.append((done, total)))
    assert [each.name for each in files.refused] == ["readme.txt"]
    assert [each.uid for each in files.studies[0].series[0].instance] == ["1.1.1", "1.1.2", "1.1.3"]
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert LocalFiles.of(folder, is_cancelled=lambda: True).studies == ()


def test_what_is_no_file_or_none_for_the_eye_is_a_sentence(folder: Path, shared_data: Path) -> None:
    with pytest.raises(NotFoundError, match="no file"):
        LocalFiles.of(folder / "nothing.dcm")
    with pytest.raises(UnreadableFileError, match="only lists others"):
        LocalFiles.of(shared_data / "dicom" / "dicomdir" / "DICOMDIR")
    with pytest.raises(UnreadableFileError, match="no image"):
        LocalFiles.of(shared_data / "dicom" / "broken" / "rtplan_truncated.dcm")
