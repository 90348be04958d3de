"""What stands beside a mark, word by word: numbers as people read them, units, origins, in three languages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from clinic_app.foundation.texts import LANGUAGES, Language, Text
from clinic_app.imaging import measured
from clinic_app.imaging.measuring import Kind, Mark, Measured, Value, statistics_of
from clinic_app.imaging.measuring.marks import ellipse_points, head_points
from clinic_app.imaging.measuring.regions import Axis, Region
from clinic_app.imaging.measuring.spacing import Spacing
from clinic_app.imaging.measuring.words import named, value_lines, value_words
from tests.helpers.frames import made_frame

FRAME = made_frame(np.full((200, 300), -12, np.int16), mm=0.5, unit="HU")
BOX = Mark("rectangle", ((10.0, 10.0), (50.0, 30.0)))
SHAPES: dict[Kind, Mark] = {
    "length": Mark("length", ((0.0, 0.0), (30.0, 40.0))),
    "angle": Mark("angle", ((10.0, 0.0), (0.0, 0.0), (0.0, 10.0))),
    "cobb": Mark("cobb", ((0.0, 0.0), (10.0, 0.0), (0.0, 20.0), (10.0, 30.0))),
    "ellipse": Mark("ellipse", ellipse_points((10.0, 10.0), (50.0, 30.0))),
    "rectangle": BOX,
    "free": Mark("free", ((10.0, 10.0), (50.0, 10.0), (50.0, 30.0))),
    "point": Mark("point", ((5.0, 5.0),)),
    "arrow": Mark("arrow", ((5.0, 5.0), (9.0, 9.0)), "here"),
    "text": Mark("text", ((5.0, 5.0),), "here"),
    "head ellipse": Mark("head ellipse", head_points((50.0, 100.0), (250.0, 100.0), 0.8)),
    "scale": Mark("scale", ((0.0, 0.0), (100.0, 0.0)), known_mm=50.0),
}


def lines(mark: Mark, language: Language = "en") -> tuple[str, ...]:
    return value_lines(mark, measured(FRAME, mark, statistics_of(FRAME, mark)), language)


@pytest.mark.parametrize(
    ("number", "unit", "wanted"),
    [
        (42.666, "mm", "42.7 mm"),
        (0.04, "mm", "0.0 mm"),
        (99.94, "mm²", "99.9 mm²"),
        (1234.5, "mm²", "12.35 cm²"),
        (7.0, "px", "7.0 px"),
        (49.6, "px²", "50 px²"),
        (33.33, "°", "33.3°"),
        (-1024.0, "HU", "−1024 HU"),
        (12.34, "HU", "12.3 HU"),
        (0.5, "", "0.5"),
        (1500.0, "", "1500"),
        (402.4, "ms", "402 ms"),
        (88.88, "cm/s", "88.9 cm/s"),
        (2500.4, "Hz", "2500 Hz"),
        (78.4, "%", "78 %"),
        (3.25, "g/ml", "3.2 g/ml"),
    ],
)
def test_a_number_has_as_many_places_as_it_is_worth(number: float, unit: str, wanted: str) -> None:
    assert value_words(Value(Text("Length"), number, unit), "en") == wanted


@pytest.mark.parametrize(("language", "wanted"), [("kk", "4,5 мм"), ("ru", "4,5 мм"), ("en", "4.5 mm")])
def test_a_number_is_said_as_its_language_does(language: Language, wanted: str) -> None:
    assert value_words(Value(Text("Length"), 4.5, "mm"), language) == wanted


def test_what_speaks_for_itself_needs_no_name() -> None:
    assert named(Value(Text("Length"), 3.0, "mm"), "en") == "3.0 mm"
    assert named(Value(Text("Area"), 3.0, "mm²"), "en") == "Area 3.0 mm²"


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("length", ("25.0 mm · calibrated",)),
        ("angle", ("90.0°",)),
        ("cobb", ("Cobb's angle 45.0°",)),
        ("rectangle", ("Mean −12 HU · SD 0 HU", "Least −12 HU · Greatest −12 HU", "Area 2.00 cm² · calibrated")),
        ("point", ("−12 HU",)),
        ("arrow", ("here",)),
        ("text", ("here",)),
        ("scale", ("known: 50.0 mm",)),
    ],
)
def test_the_words_of_each_kind(kind: Kind, wanted: tuple[str, ...]) -> None:
    assert lines(SHAPES[kind]) == wanted


def test_a_head_says_its_circumference_first_and_its_formula_only_where_there_is_room() -> None:
    found = lines(SHAPES["head ellipse"])
    assert found[0].startswith("HC 283.")
    assert found[0].endswith("mm · calibrated")
    assert found[1] == "OFD 100.0 mm · BPD 80.0 mm · Cephalic index 80 %"
    assert len(found) == 2


def test_a_name_somebody_gave_stands_first() -> None:
    assert lines(replace(BOX, words="left kidney"))[0] == "left kidney"


@pytest.mark.parametrize("kind", ["length", "rectangle", "head ellipse", "cobb", "ellipse", "free"])
def test_words_are_others_in_each_language(kind: Kind) -> None:
    assert len({lines(SHAPES[kind], language) for language in LANGUAGES}) == 3


def test_a_refusal_is_said_in_place_of_numbers() -> None:
    regions = (
        Region(0, 0, 100, 100, Spacing(0.1, 0.1, "region")),
        Region(101, 0, 200, 100, None, Axis(0.01, "s"), Axis(1.0, "cm/s")),
    )
    frame = replace(FRAME, regions=regions, spacing=None)
    across = Mark("length", ((50.0, 50.0), (150.0, 50.0)))
    assert value_lines(across, measured(frame, across), "en") == (
        "Nothing is measured across two regions of an ultrasound image.",
    )
    within = Mark("length", ((110.0, 10.0), (160.0, 60.0)))
    assert value_lines(within, measured(frame, within), "en") == (
        "Velocity 50.0 cm/s · ultrasound region",
        "Time 500 ms",
    )


def test_a_second_origin_is_said_beside_its_own_number() -> None:
    values = (
        Value(Text("Distance"), 3.0, "mm", Text("calibrated")),
        Value(Text("Time"), 20.0, "ms", Text("ultrasound region")),
        Value(Text("Angle"), 5.0, "°"),
    )
    assert value_lines(SHAPES["length"], Measured(values), "en") == (
        "Distance 3.0 mm · calibrated",
        "Time 20 ms (ultrasound region) · 5.0°",
    )


def test_without_numbers_and_words_there_is_nothing_to_say() -> None:
    assert value_lines(SHAPES["length"], Measured(), "ru") == ()
