"""Cuts through a body: axial, coronal and sagittal, as thick as somebody wants, as pictures like any other.

A thick cut shows of all values behind one another the mean, the greatest (MIP, for vessels and bone) or the least
(MinIP, for air). Heights and widths of voxels stay as they are: a canvas shows a picture in the shape of its pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clinic_app.foundation.texts import Text
from clinic_app.imaging.display.geometry import Plane
from clinic_app.imaging.display.layers import NOTHING_OVER
from clinic_app.imaging.display.turning import UPRIGHT
from clinic_app.imaging.frame import Frame
from clinic_app.imaging.measuring.spacing import Spacing
from clinic_app.imaging.volume.volume import ACROSS, Mode, Orientation, Point, Volume


@dataclass(frozen=True)
class Cut:
    """Which cut.

    Args:
        orientation: of it.
        place: of its middle along the axis it lies across, in voxels.
        slab_mm: how thick; one voxel at least.
        mode: what of the values behind one another is shown.
    """

    orientation: Orientation
    place: int
    slab_mm: float = 0.0
    mode: Mode = "mean"

    @property
    def axis(self) -> int:
        """The axis it lies across."""
        return ACROSS[self.orientation]

    def layers(self, volume: Volume) -> tuple[int, int]:
        """Return the first layer of voxels in it and the first behind it."""
        count = max(1, round(self.slab_mm / volume.steps_mm[self.axis]))
        begin = self.place - (count - 1) // 2
        return max(begin, 0), min(begin + count, volume.shape[self.axis])

    def to_pixels(self, volume: Volume, point: Point) -> tuple[float, float]:
        """Return where a point of the body falls on the picture; the first pixel's middle is at 0.5."""
        head, back, left = point
        down = volume.shape[0] - 1 - head
        x, y = {"axial": (left, back), "coronal": (left, down), "sagittal": (back, down)}[self.orientation]
        return x + 0.5, y + 0.5

    def to_voxels(self, volume: Volume, x: float, y: float) -> Point:
        """Return the point of the body under a place of the picture, in the middle of the cut."""
        across, down, place = x - 0.5, y - 0.5, float(self.place)
        up = volume.shape[0] - 1 - down
        return {
            "axial": (place, down, across),
            "coronal": (up, place, across),
            "sagittal": (up, across, place),
        }[self.orientation]


def cut_of(volume: Volume, cut: Cut) -> Frame:
    """Return a cut as a picture: what a viewer, a length and a window need stands in it.

    Its rows run to the back (axial) or from head to feet, its columns to the left side, or to the back (sagittal).
    """
    begin, end = cut.layers(volume)
    layers = np.moveaxis(volume.values, cut.axis, 0)[begin:end]
    seen = _through(layers, cut.mode, volume)
    if cut.orientation != "axial":
        seen = seen[::-1]
    row_axis, column_axis = _axes(cut)
    row_mm, column_mm = volume.steps_mm[row_axis], volume.steps_mm[column_axis]
    slab = (end - begin) * volume.steps_mm[cut.axis]
    return replace(
        volume.source,
        stored=np.ascontiguousarray(seen),
        slope=volume.slope,
        intercept=volume.intercept,
        spacing=Spacing(row_mm, column_mm, "reconstructed"),
        regions=(),
        sop_uid=f"reconstructed.{cut.orientation}",
        frame_number=cut.place + 1,
        pixel_aspect=1.0,
        layers=NOTHING_OVER,
        plane=_plane(volume, cut, row_mm, column_mm, slab),
        turn=UPRIGHT,
        shown=None,
        notes=_notes(volume),
    )


def _axes(cut: Cut) -> tuple[int, int]:
    """Return the axes along which rows and columns of a cut are counted."""
    return {"axial": (1, 2), "coronal": (0, 2), "sagittal": (0, 1)}[cut.orientation]


def _plane(volume: Volume, cut: Cut, row_mm: float, column_mm: float, slab_mm: float) -> Plane:
    row_axis, column_axis = _axes(cut)
    down = volume.directions[row_axis] * (1 if cut.orientation == "axial" else -1)
    place = volume.to_patient(cut.to_voxels(volume, 0.5, 0.5))
    across = volume.directions[column_axis]
    return Plane(_three(place), _three(across), _three(down), row_mm, column_mm, _reference(volume), slab_mm)


def _reference(volume: Volume) -> str:
    return volume.source.plane.reference if volume.source.plane else ""


def _notes(volume: Volume) -> tuple[Text, ...]:
    degrees = round(volume.oblique_degrees)
    if not degrees:
        return volume.source.notes
    turned = Text("The cuts follow the images, {degrees}° off the patient's axes.", degrees=degrees)
    return (turned, *volume.source.notes)


def _through(layers: NDArray[Any], mode: Mode, volume: Volume) -> NDArray[Any]:
    """Return one layer of many; what is outside the picture does not count, unless all of them are."""
    if len(layers) == 1:
        return np.asarray(layers[0])
    source = volume.source
    if source.padding is None:
        return _reduced(layers, mode)
    outside = source.is_padding(layers)
    if not outside.any():
        return _reduced(layers, mode)
    everywhere = outside.all(axis=0)
    info = np.iinfo(layers.dtype)
    seen: NDArray[Any]
    if mode == "mean":
        counted = np.maximum((~outside).sum(axis=0), 1)
        total = np.where(outside, 0, layers).sum(axis=0, dtype=np.float64)
        seen = np.rint(total / counted).astype(layers.dtype)
    else:
        least_or_most = info.min if mode == "maximum" else info.max
        seen = _reduced(np.where(outside, least_or_most, layers), mode)
    seen[everywhere] = source.padding
    return seen


def _reduced(layers: NDArray[Any], mode: Mode) -> NDArray[Any]:
    if mode == "maximum":
        return np.asarray(layers.max(axis=0))
    if mode == "minimum":
        return np.asarray(layers.min(axis=0))
    return np.asarray(np.rint(layers.mean(axis=0, dtype=np.float32)).astype(layers.dtype))


def _three(vector: NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = (float(each) for each in vector)
    return x, y, z
