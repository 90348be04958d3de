"""Key images with what was measured: drawn with a number, said in words, measured anew and in the patient's study."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.data import get_testdata_file

from clinic_app.access import Trail
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.imaging import Imaging, KeyImages, Mark, Window
from clinic_app.imaging.marked_picture import with_marks, words_of_marks
from clinic_app.imaging.measuring.marks import ellipse_points
from clinic_app.records import HumanName, ImagingStudy, Patient
from tests.helpers.frames import made_frame
from tests.helpers.nodes import Node, node
from tests.helpers.taking_in import take_folder

FRAME = made_frame(np.full((100, 200), 30, np.int16), mm=0.5, unit="HU")
LINE = Mark("length", ((20.0, 50.0), (120.0, 50.0)))
ROUND = Mark("ellipse", ellipse_points((140.0, 20.0), (180.0, 60.0)), "cyst")
GREY = Image.fromarray(np.full((100, 200), 90, np.uint8))


def amber(image: Image.Image) -> np.ndarray:
    pixels = np.asarray(image).astype(int)
    found: np.ndarray = (pixels[..., 0] - pixels[..., 2]) > 100
    return found


def test_a_line_is_drawn_where_it_was_measured_and_nothing_elsewhere() -> None:
    drawn = amber(with_marks(GREY, FRAME, [LINE]))
    assert drawn[49:52, 30:110].any(axis=0).all()
    assert not drawn[70:, :].any()
    assert not drawn[:, :15].any()


def test_on_a_smaller_picture_it_lies_at_the_same_place() -> None:
    small = GREY.resize((100, 50))
    drawn = amber(with_marks(small, FRAME, [LINE]))
    assert drawn[24:27, 15:55].any(axis=0).all()
    assert not drawn[35:, :].any()


@pytest.mark.parametrize("kind", ["point", "text"])
def test_a_place_is_a_small_ring_with_its_number(kind: str) -> None:
    mark = Mark(kind, ((50.0, 50.0),), "x")  # type: ignore[arg-type]
    drawn = amber(with_marks(GREY, FRAME, [mark]))
    assert drawn[40:60, 40:60].sum() > 4
    assert drawn[25:50, 55:80].any(), "its number"


def test_a_number_at_the_edge_is_still_on_the_picture() -> None:
    corner = Mark("length", ((190.0, 99.0), (200.0, 100.0)))
    assert amber(with_marks(GREY, FRAME, [corner]))[75:, 175:].any()


def test_each_number_is_said_with_what_it_measures_and_who_says_how_large_a_pixel_is() -> None:
    words = words_of_marks(FRAME, [LINE, ROUND], "en")
    mean = "Mean 30 HU · SD 0 HU, Least 30 HU · Greatest 30 HU"
    assert words == f"1: 50.0 mm · calibrated; 2: cyst, {mean}, Area 3.14 cm² · calibrated"
    assert words_of_marks(FRAME, [LINE], "ru") == "1: 50,0 мм · калибровано"


def test_a_known_length_holds_for_the_words_too_and_very_many_are_cut() -> None:
    known = Mark("scale", ((0.0, 0.0), (100.0, 0.0)), known_mm=10.0)
    bare = replace(FRAME, spacing=None)
    assert "2: 10.0 mm · by hand, 10 mm being known" in words_of_marks(bare, [known, LINE], "en")
    assert len(words_of_marks(FRAME, [LINE] * 100, "en")) == 600


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Node]:
    with node(tmp_path / "data", "org-district") as made:
        made.store.records.commit((Patient(id="p1", name=(HumanName(family="A", given=("B",)),)),))
        yield made


def test_a_key_image_shows_what_was_measured_and_says_it(here: Node, tmp_path: Path) -> None:
    (tmp_path / "cd").mkdir()
    shutil.copy(str(get_testdata_file("CT_small.dcm", download=False)), tmp_path / "cd" / "a.dcm")
    doctor, trail = here.session("doctor"), Trail(here.store, here.clock)
    study: ImagingStudy
    (study,) = take_folder(
        Imaging(here.store, trail, here.clock), doctor, "p1", tmp_path / "cd", is_confirmed=True
    ).studies
    keys, uid = KeyImages(here.store, trail, here.clock), study.series[0].instance[0].uid
    beside = Mark("length", ((5.0, 5.0), (500.0, 5.0)))
    kept = keys.mark(doctor, study, uid, 1, Window(40, 400), [Mark("length", ((20.0, 64.0), (100.0, 64.0))), beside])
    assert (kept.description or "").endswith(". 1: 52,9 мм · калибровано")
    with Image.open(io.BytesIO(here.store.blobs.read(kept.content[0].attachment.sha256 or ""))) as picture:
        assert amber(picture)[62:67, 30:90].any(axis=0).all()
    plain = keys.mark(doctor, study, uid, 1, Window(40, 400))
    assert "мм" not in (plain.description or "")
    with pytest.raises(InvalidInputError):
        keys.mark(doctor, study, uid, 1, Window(40, 400), [Mark("length", ((1.0, 1.0),))])
