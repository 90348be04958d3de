"""Which side of the patient lies at which edge of a picture, in letters.

A and P are before and behind, L and R the patient's left and right, H and F head and feet. An oblique plane has two or
three letters, the nearest first.

Sources: DICOM PS3.3 C.7.6.1.1.1 (patient orientation), C.7.6.2.1.1 (image plane).
"""

from __future__ import annotations

from typing import Final

from pydicom.dataset import Dataset

from clinic_app.imaging.display.geometry import Plane
from clinic_app.imaging.display.turning import Turn
from clinic_app.imaging.reading import READING_ERRORS

Letters = tuple[str, str]
"""Where rows run to (the right edge) and where columns run to (the lower edge) as the picture is stored."""
Edges = tuple[str, str, str, str]
"""Letters at the left, the top, the right and the lower edge."""

_AXES: Final = (("R", "L"), ("A", "P"), ("F", "H"))
_LEAST_PART: Final = 0.2
_OPPOSITE: Final = str.maketrans("RLAPFH", "LRPAHF")
_MOST_LETTERS: Final = 3


def letters_along(direction: tuple[float, float, float]) -> str:
    """Return the letters of the way a vector of the patient points to, the strongest part first."""
    parts = sorted(zip(direction, _AXES, strict=True), key=lambda part: -abs(part[0]))
    told = [letters[value > 0] for value, letters in parts if abs(value) > _LEAST_PART]
    return "".join(told)[:_MOST_LETTERS]


def letters_of_plane(plane: Plane) -> Letters:
    """Return the letters of a plane."""
    return letters_along(plane.along_row), letters_along(plane.along_column)


def stated_letters(dataset: Dataset) -> Letters | None:
    """Return what a file without a plane says of its edges, or None where it says nothing that can be."""
    try:
        stated = [str(each).upper() for each in dataset.get("PatientOrientation") or ()]
    except READING_ERRORS:
        return None
    is_good = len(stated) == 2 and all(0 < len(each) <= 8 and set(each) <= set("RLAPFH") for each in stated)
    return (stated[0][:_MOST_LETTERS], stated[1][:_MOST_LETTERS]) if is_good else None


def edges(letters: Letters, turn: Turn) -> Edges:
    """Return the letters at the edges of a picture that is seen turned."""
    by_edge: dict[tuple[int, int], str] = {}
    for letter, way in zip(letters, ((1.0, 0.0), (0.0, 1.0)), strict=True):
        x, y = (round(part) for part in turn.shown(way))
        by_edge[x, y], by_edge[-x, -y] = letter, opposite(letter)
    return by_edge[-1, 0], by_edge[0, -1], by_edge[1, 0], by_edge[0, 1]


def opposite(letters: str) -> str:
    """Return the letters of the other side."""
    return letters.translate(_OPPOSITE)
