"""A picture as it is seen, for a file or for paper: the same painting, without the frame of what has the keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QPoint, QSize
from PySide6.QtGui import QImage, QPainter

from clinic_app.documents.picture_sheet import PaperPicture, PictureSheet
from clinic_app.foundation.dates import document_date
from clinic_app.terminology.systems import IIN
from ui import language
from ui.language import _
from ui.widgets.image_overlay import Corners, column_mm

if TYPE_CHECKING:
    from clinic_app.records import Patient
    from ui.imaging.viewer import Viewer
    from ui.widgets.image_canvas import ImageCanvas

_LEAST_PX: Final = 1000
_LONGEST_NAME: Final = 60


@dataclass(frozen=True)
class Seen:
    """What of a view goes along.

    Args:
        has_marks: what was measured.
        has_name: whose it is, in the corners.
    """

    has_marks: bool = True
    has_name: bool = True


def seen_image(canvas: ImageCanvas, seen: Seen = Seen()) -> QImage:
    """Return what a canvas shows, twice as fine where it is small, without the frame of what has the keys."""
    times = 2 if max(canvas.width(), canvas.height()) < _LEAST_PX else 1
    image = QImage(QSize(canvas.width() * times, canvas.height() * times), QImage.Format.Format_RGB888)
    image.fill(0)
    painter = QPainter(image)
    painter.scale(times, times)
    with _painted(canvas, seen):
        canvas.render(painter, QPoint())
    painter.end()
    return image


@contextmanager
def _painted(canvas: ImageCanvas, seen: Seen) -> Iterator[None]:
    """Let a canvas paint what goes along, for the length of the block."""
    own: dict[str, Callable[[], object]] = {"hasFocus": lambda: False}
    own |= {} if seen.has_marks else {"shown_marks": tuple}
    corners = canvas.corners
    vars(canvas).update(own)
    if not seen.has_name:
        canvas.set_corners(Corners())
    try:
        yield
    finally:
        for name in own:
            del vars(canvas)[name]
        canvas.set_corners(corners)


def picture_name(pane: Viewer, *, is_whole: bool = False) -> str:
    """Return a name for a file of what a pane shows, or of its whole series; the patient is not in it."""
    row = pane.series.row
    parts = [row.modality, row.day, row.description] if row is not None else []
    told = " ".join(part for part in (*parts, "" if is_whole else f"{pane.canvas.image_number}") if part)
    return "".join(letter if letter.isalnum() or letter in " .-_" else "_" for letter in told)[:_LONGEST_NAME].strip()


def seen_sheet(panes: Sequence[Viewer], patient: Patient | None, seen: Seen, *, is_true_size: bool) -> PictureSheet:
    """Return what goes on paper."""
    name, numbers = whose(patient, seen)
    return PictureSheet(
        name=name,
        numbers=numbers,
        pictures=tuple(_paper_picture(pane, seen) for pane in panes),
        is_true_size=is_true_size,
    )


def whose(patient: Patient | None, seen: Seen) -> tuple[str, tuple[str, ...]]:
    """Return what a paper says of whose pictures they are: the name, and the birth date and number beside it."""
    if patient is None or not seen.has_name:
        return _("Without the patient"), ()
    born = _day(patient.birth_date) if patient.birth_date else ""
    return patient.full_name, tuple(part for part in (born, patient.identifier_value(IIN) or "") if part)


def _day(stated: str) -> str:
    try:
        return document_date(date.fromisoformat(stated), language.current())
    except ValueError:
        return stated


def _paper_picture(pane: Viewer, seen: Seen) -> PaperPicture:
    image = seen_image(pane.canvas, seen)
    height, width = image.height(), image.width()
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(height, image.bytesPerLine())
    pixels = rows[:, : width * 3].reshape(height, width, 3).copy()
    row, canvas = pane.series.row, pane.canvas
    shown = canvas.picture
    mm = column_mm(shown.frame) if shown is not None else None
    caption = "   ·   ".join(
        part
        for part in (
            "  ".join(word for word in (row.modality, row.day, row.description) if word) if row is not None else "",
            _("Image {number} of {count}", number=canvas.image_number, count=canvas.image_count),
            canvas.window_words(),
        )
        if part
    )
    times = width / max(canvas.width(), 1)
    return PaperPicture(pixels, caption, canvas.zoom * times / mm if mm else None)
