"""A body made of a series, slice by slice, in the background: with progress, with an end when nobody waits any more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.display.geometry import Plane
from clinic_app.imaging.frame import Frame, notes_added
from clinic_app.imaging.volume.grid import LEAST_SLICES, NoVolumeError, Stacked, check_alike, stacked
from clinic_app.imaging.volume.straightening import straightened, tilt_note
from clinic_app.imaging.volume.volume import Volume, turned_to_patient

MOST_BYTES: Final = 640 << 20
"""Of values: 1200 slices of 512 x 512."""


class Slices(Protocol):
    """What is read slice by slice: a `FrameStack`, or a part of one."""

    def __len__(self) -> int:
        """Return how many there are."""
        ...

    def once(self, number: int) -> Frame:
        """Return one that is looked at once, from 0."""
        ...


def volume_of(
    stack: Slices,
    *,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    is_cancelled: Callable[[], bool] = lambda: False,
    most_bytes: int = MOST_BYTES,
) -> Volume | None:
    """Return the body a series is a picture of; None where somebody did not want to wait.

    Args:
        stack: the series.
        progress: told after each slice how many of how many.
        is_cancelled: asked before each slice.
        most_bytes: of values.

    Raises:
        NoVolumeError: the slices make none, and why.
        UnreadableFileError: one of them is damaged.
    """
    if len(stack) < LEAST_SLICES:
        raise NoVolumeError(Text("A reconstruction needs at least {count} images.", count=LEAST_SLICES))
    first, first_plane = _first(stack)
    if first.stored.nbytes * len(stack) > most_bytes:
        raise NoVolumeError(Text("The series is too large for a reconstruction on this computer."))
    values = np.empty((len(stack), *first.stored.shape), dtype=first.stored.dtype)
    planes: list[Plane] = []
    scale = _Scale(first)
    for place in range(len(stack)):
        if is_cancelled():
            return None
        frame = _slice(stack, place) if place else first
        planes.append(check_alike(frame.plane, first_plane, place + 1))
        if frame.stored.shape != first.stored.shape or frame.stored.dtype != first.stored.dtype:
            raise NoVolumeError(Text("The images of this series are of different sizes or kinds."))
        values[place] = scale.brought(frame, values[:place])
        progress(place + 1, len(stack))
    lying = stacked(planes)
    _sort(values, lying.order)
    start = planes[lying.order[0]]
    origin = np.asarray(start.position, dtype=np.float64)
    if any(lying.shift_mm):
        brought = _straight(values, lying, first, (most_bytes, is_cancelled))
        if brought is None:
            return None
        values, first, before = brought
        origin = origin + np.array((start.along_column, start.along_row)).T @ before
    directions = np.array((start.normal, start.along_column, start.along_row))
    steps = (lying.step_mm, start.row_mm, start.column_mm)
    grid = turned_to_patient(values, directions, steps, origin)
    return Volume(*grid, first, scale.slope, first.intercept)


def _straight(
    values: NDArray[Any], lying: Stacked, first: Frame, bounds: tuple[int, Callable[[], bool]]
) -> tuple[NDArray[Any], Frame, NDArray[np.float64]] | None:
    """Return slices of a tilted gantry in one grid, what holds for them, and where it begins beside the first slice.

    Args:
        values: the slices in order.
        lying: how they lie.
        first: one of them.
        bounds: bytes there may be at most, and what is asked before each slice.

    Raises:
        NoVolumeError: there is no room for them twice.
    """
    most_bytes, is_cancelled = bounds
    assert first.plane is not None  # it lies beside others
    pixel = np.array((first.plane.row_mm, first.plane.column_mm))
    away = np.outer(np.arange(len(values)), np.array(lying.shift_mm))
    before = away.min(axis=0)
    moves = (away - before) / pixel
    sides = np.array(values.shape[1:]) + np.ceil(moves.max(axis=0))
    if values.nbytes + len(values) * int(sides.prod()) * values.itemsize > most_bytes:
        raise NoVolumeError(Text("The series is too large for a reconstruction on this computer."))
    made = straightened(values, moves, first, is_cancelled)
    if made is None:
        return None
    return made[0], notes_added(made[1], tilt_note(lying.tilt_degrees)), before


class _Scale:
    """One slope for all slices: positron pictures have another one in each, and the coarsest is taken.

    Args:
        first: the first slice.
    """

    def __init__(self, first: Frame) -> None:
        self.slope = first.slope
        self._intercept = first.intercept

    def brought(self, frame: Frame, before: NDArray[Any]) -> NDArray[Any]:
        """Return a slice's values in the common slope; those before it follow where its own is coarser.

        Raises:
            NoVolumeError: the slices do not begin at the same value.
        """
        if frame.slope == self.slope and frame.intercept == self._intercept:
            return frame.stored
        if frame.intercept != self._intercept or frame.slope <= 0 or self.slope <= 0:
            raise NoVolumeError(Text("The values of these images are not comparable."))
        if frame.slope > self.slope:
            for each in before:
                each[...] = np.rint(each * (self.slope / frame.slope))
            self.slope = frame.slope
            return frame.stored
        return np.rint(frame.stored * (frame.slope / self.slope)).astype(frame.stored.dtype)


def _first(stack: Slices) -> tuple[Frame, Plane]:
    first = _slice(stack, 0)
    if first.is_colour or first.stored.dtype.itemsize > 2 or first.stored.dtype.kind not in "iu":
        raise NoVolumeError(Text("Only grey images of at most 16 bits can be reconstructed."))
    if first.plane is None:
        raise NoVolumeError(Text("Image {number} does not say where it lies in the patient.", number=1))
    return first, first.plane


def _slice(stack: Slices, place: int) -> Frame:
    """Return a slice, which is not kept beside the body.

    Raises:
        NoVolumeError: it is damaged; a body with a hole is none.
    """
    damaged = NoVolumeError(Text("Image {number} is damaged; without it there is no reconstruction.", number=place + 1))
    try:
        found = stack.once(place)
    except ClinicError as error:
        raise damaged from error
    if found.rows_there is not None:
        raise damaged
    return found


def _sort(values: NDArray[Any], order: tuple[int, ...]) -> None:
    """Bring slices into an order, in place: the body is there once, and there is no room for it twice."""
    wanted = list(order)
    for begin in range(len(wanted)):
        place = begin
        if wanted[place] == place:
            continue
        spare = values[begin].copy()
        while wanted[place] != begin:
            source = wanted[place]
            values[place] = values[source]
            wanted[place], place = place, source
        values[place], wanted[place] = spare, place
