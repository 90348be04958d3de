"""Of a series that is several bodies: the slices of the one whose picture somebody sees.

Scanners put a localizer before the slices, and several phases, echoes or b-values at the same places, all into one
series. Such a series as a whole makes no body; the slices that lie like the one that is seen may. Phases are told apart
only where they follow one another whole, or picture by picture always in the same order; where it is not plain which
picture belongs to which, there is no body.

Source: DICOM PS3.3 C.7.6.2.1.1; positions are compared, not what a file says of phases, which is often nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from clinic_app.foundation.texts import Text
from clinic_app.imaging.display.geometry import Plane
from clinic_app.imaging.frame import Frame, notes_added
from clinic_app.imaging.stack import FrameStack
from clinic_app.imaging.volume.building import MOST_BYTES, volume_of
from clinic_app.imaging.volume.grid import LEAST_SLICES, NoVolumeError, check_alike
from clinic_app.imaging.volume.volume import Volume

_AT_ONCE: Final = 50
_PLACES: Final = 2
"""Of millimetres after the point, by which two slices lie at the same depth."""


def body_of(
    stack: FrameStack,
    at: int,
    *,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    is_cancelled: Callable[[], bool] = lambda: False,
    most_bytes: int = MOST_BYTES,
) -> Volume | None:
    """Return the body a series is a picture of, or else the one to which one of its pictures belongs.

    Args:
        stack: the series.
        at: the picture that is seen, from 0.
        progress: told after each slice how many of how many.
        is_cancelled: asked before each slice.
        most_bytes: of values.

    Returns:
        None where somebody did not want to wait.

    Raises:
        NoVolumeError: the slices make none, and why.
        UnreadableFileError: one of them is damaged.
    """
    try:
        return volume_of(stack, progress=progress, is_cancelled=is_cancelled, most_bytes=most_bytes)
    except NoVolumeError as whole:
        planes = _planes(stack, is_cancelled)
        chosen = () if planes is None else chosen_among(planes, at)
        if planes is None:
            return None
        if not chosen or len(chosen) == len(stack):
            raise
        try:
            found = volume_of(_Part(stack, chosen), progress=progress, is_cancelled=is_cancelled, most_bytes=most_bytes)
        except NoVolumeError:
            raise whole from None  # what is said of the series names its images by their numbers
    if found is None:
        return None
    note = Text("Made of {count} of the {total} images of the series.", count=len(chosen), total=len(stack))
    return replace(found, source=notes_added(found.source, note))


def chosen_among(planes: Sequence[Plane | None], at: int) -> tuple[int, ...]:
    """Return the slices that lie like one of them and belong to it, from 0; none where that is not plain.

    Args:
        planes: of a series, in its order.
        at: the picture that is seen.
    """
    own = planes[at] if 0 <= at < len(planes) else None
    if own is None:
        return ()
    alike = tuple(place for place, plane in enumerate(planes) if _is_like(plane, own))
    depths = [round(_depth(planes[place], own), _PLACES) for place in alike]
    distinct = len(set(depths))
    if distinct < LEAST_SLICES or len(alike) % distinct:
        return ()
    rounds = len(alike) // distinct
    mine = alike.index(at)
    if all(len(set(depths[begin : begin + distinct])) == distinct for begin in range(0, len(alike), distinct)):
        begin = mine // distinct * distinct
        return alike[begin : begin + distinct]
    if all(len(set(depths[begin : begin + rounds])) == 1 for begin in range(0, len(alike), rounds)):
        return alike[mine % rounds :: rounds]
    return ()


class _Part:
    """Some pictures of a series, read once each.

    Args:
        whole: the series.
        places: which.
    """

    def __init__(self, whole: FrameStack, places: Sequence[int]) -> None:
        self._whole, self._numbers = whole, tuple(places)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._numbers)

    def once(self, number: int) -> Frame:
        """Return a picture that is looked at once."""
        return self._whole.once(self._numbers[number])


def _planes(stack: FrameStack, is_cancelled: Callable[[], bool]) -> list[Plane | None] | None:
    found: list[Plane | None] = []
    while len(found) < len(stack):
        if is_cancelled():
            return None
        found += stack.planes(len(found), min(len(found) + _AT_ONCE, len(stack)))
    return found


def _is_like(plane: Plane | None, own: Plane) -> bool:
    try:
        return check_alike(plane, own, 1) is plane
    except NoVolumeError:
        return False


def _depth(plane: Plane | None, own: Plane) -> float:
    assert plane is not None  # it is like one that is there
    return float(sum(place * way for place, way in zip(plane.position, own.normal, strict=True)))
