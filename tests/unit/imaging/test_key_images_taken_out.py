"""Key images that are taken out again: one of several, by whoever may, and noted in the trail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from clinic_app.access import Trail
from clinic_app.foundation.errors import ClinicError
from clinic_app.imaging import Imaging, KeyImages, Window
from clinic_app.records import HumanName, Identifier, ImagingStudy, Patient
from clinic_app.terminology.systems import CHART_NUMBER
from tests.helpers.dicom_files import bytes_of, made_file
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


def test_whoever_may_not_change_findings_takes_nothing_out(here: Node, tmp_path: Path) -> None:
    keys, study = study_of(here, tmp_path / "cd")
    keys.mark(here.session("doctor"), study, SOP, 1, Window(100, 200))
    with pytest.raises(ClinicError):
        keys.unmark(here.session("registrar"), study, SOP, 1)
    assert len(keys.of_patient(here.session("doctor"), "p1")) == 1
