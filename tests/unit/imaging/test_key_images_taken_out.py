"""Key images that are taken out again: one of several, by whoever may, and noted in the trail."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from clinic_app.access import Trail
from clinic_app.foundation.errors import ClinicError
from clinic_app.imaging import Imaging, KeyImages, Window
from clinic_app.imaging.key_images import _png
from clinic_app.imaging.measuring.spacing import Spacing
from clinic_app.records import HumanName, Identifier, ImagingStudy, Patient
from clinic_app.terminology.systems import CHART_NUMBER
from tests.helpers.dicom_files import bytes_of, made_file
from tests.helpers.frames import made_frame
from tests.helpers.nodes import Node, node
from tests.helpers.taking_in import take_folder

SOP = "1.2.3.4.5"
LOOP = np.zeros((3, 8, 8), np.uint8)
THEIRS = Patient(
    id="p1", name=(HumanName(family="Test", given=("Name",)),), identifier=(Identifier(system=CHART_NUMBER, value="7"),)
)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Node]:
    with node(tmp_path / "data", "org-district") as made:
        made.store.records.commit((THEIRS,))
        yield made


def study_of(here: Node, folder: Path) -> tuple[KeyImages, ImagingStudy]:
    folder.mkdir()
    (folder / "loop.dcm").write_bytes(bytes_of(made_file(LOOP, Modality="US")))
    trail = Trail(here.store, here.clock)
    imaging = Imaging(here.store, trail, here.clock)
    take_folder(imaging, here.session("doctor"), "p1", folder, is_confirmed=True)
    (study,) = imaging.studies(here.session("doctor"), "p1")
    return KeyImages(here.store, trail, here.clock), study


def test_one_picture_is_taken_out_and_the_others_stay(here: Node, tmp_path: Path) -> None:
    keys, study = study_of(here, tmp_path / "cd")
    doctor = here.session("doctor")
    for frame in (1, 3):
        keys.mark(doctor, study, SOP, frame, Window(100, 200))
    keys.unmark(doctor, study, SOP, 1)
    (left,) = keys.of_patient(doctor, "p1")
    assert keys.source(left).frame_number == 3
    keys.unmark(doctor, study, SOP, 1)
    assert len(keys.of_patient(doctor, "p1")) == 1, "what is no key image can be taken out twice"
    again = keys.mark(doctor, study, SOP, 1, Window(100, 200))
    assert again.status == "current"
    assert len(keys.of_patient(doctor, "p1")) == 2


def test_nothing_is_destroyed_what_was_sent_can_still_be_opened(here: Node, tmp_path: Path) -> None:
    keys, study = study_of(here, tmp_path / "cd")
    doctor = here.session("doctor")
    made = keys.mark(doctor, study, SOP, 2, Window(100, 200))
    keys.unmark(doctor, study, SOP, 2)
    kept = here.store.records.get(type(made), made.id)
    assert (kept.status, kept.content) == ("entered-in-error", made.content)


def test_another_hospitals_key_image_that_names_no_picture_is_in_nobodys_way(here: Node, tmp_path: Path) -> None:
    keys, study = study_of(here, tmp_path / "cd")
    doctor = here.session("doctor")
    made = keys.mark(doctor, study, SOP, 3, Window(100, 200))
    for number, extension in enumerate(((), (msgspec.structs.replace(made.extension[0], value_string="[1]"),))):
        foreign = msgspec.structs.replace(made, id=f"foreign-{number}", meta=None, extension=extension)
        here.store.records.commit((foreign,))
    documents = keys.of_patient(doctor, "p1")
    assert len(documents) == 3
    assert keys.places(documents) == {(SOP, 3)}
    keys.unmark(doctor, study, SOP, 3)
    assert keys.places(keys.of_patient(doctor, "p1")) == set()
    assert len(keys.of_patient(doctor, "p1")) == 2


@pytest.mark.parametrize(
    ("aspect", "size"), [([2, 1], (8, 16)), ([1, 2], (16, 8)), ([1, 1], (8, 8)), ([20, 1], (8, 160))]
)
def test_a_key_image_of_pixels_that_are_not_square_has_the_patients_shape(
    here: Node, tmp_path: Path, aspect: list[int], size: tuple[int, int]
) -> None:
    folder = tmp_path / "cd"
    folder.mkdir()
    (folder / "loop.dcm").write_bytes(bytes_of(made_file(LOOP, Modality="US", PixelAspectRatio=aspect)))
    trail = Trail(here.store, here.clock)
    imaging, keys, doctor = (
        Imaging(here.store, trail, here.clock),
        KeyImages(here.store, trail, here.clock),
        here.session("doctor"),
    )
    take_folder(imaging, doctor, "p1", folder, is_confirmed=True)
    made = keys.mark(doctor, imaging.studies(doctor, "p1")[0], SOP, 2, Window(100, 200))
    assert Image.open(io.BytesIO(here.store.blobs.read(made.content[0].attachment.sha256))).size == size


def test_a_large_key_image_of_high_pixels_is_no_larger_than_others() -> None:
    pixels = np.zeros((1500, 900), np.uint8)
    high = replace(made_frame(pixels), spacing=Spacing(4.0, 1.0, "calibrated"))
    assert Image.open(io.BytesIO(_png(pixels, high, ()))).size == (154, 1024)


def test_whoever_may_not_change_findings_takes_nothing_out(here: Node, tmp_path: Path) -> None:
    keys, study = study_of(here, tmp_path / "cd")
    keys.mark(here.session("doctor"), study, SOP, 1, Window(100, 200))
    with pytest.raises(ClinicError):
        keys.unmark(here.session("registrar"), study, SOP, 1)
    assert len(keys.of_patient(here.session("doctor"), "p1")) == 1
