"""A picture as it is seen, for a file or for paper: the same painting, without the frame of what has the keys."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QPoint, QSize
from PySide6.QtGui import QImage, QPainter

from clinic_app.documents.picture_paper import PaperPicture, PictureSheet
from clinic_app.foundation.dates import document_date
from clinic_app.terminology.systems import IIN
from ui import language
from ui.language import _
from ui.widgets.image_overlay import column_mm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clinic_app.records import Patient
    from ui.imaging.viewer import Viewer
    from ui.widgets.image_canvas import ImageCanvas

_LEAST_PX: Final = 1000
_LONGEST_NAME: Final = 60


def seen_image(canvas: ImageCanvas) -> QImage:
    """Return what a canvas shows, twice as fine where it is small."""
    times = 2 if max(canvas.width(), canvas.height()) < _LEAST_PX else 1
    image = QImage(QSize(canvas.width() * times, canvas.height() * times), QImage.Format.Format_RGB888)
    image.fill(0)
    painter = QPainter(image)
    painter.scale(times, times)
    canvas.render(painter, QPoint())
    painter.end()
    return image


def picture_name(pane: Viewer) -> str:
    """Return a name for a file of what a pane shows; the patient is not in it."""
    row = pane.series.row
    parts = [row.modality, row.day, row.description] if row is not None else []
    told = " ".join(part for part in (*parts, f"{pane.canvas.image_number}") if part)
    return "".join(letter if letter.isalnum() or letter in " .-_" else "_" for letter in told)[:_LONGEST_NAME].strip()


def seen_sheet(panes: Sequence[Viewer], patient: Patient | None, *, is_true_size: bool = False) -> PictureSheet:
    """Return what goes on paper."""
    born = _day(patient.birth_date) if patient is not None and patient.birth_date else ""
    number = patient.identifier_value(IIN) or "" if patient is not None else ""
    return PictureSheet(
        name=patient.full_name if patient is not None else _("No name in the file"),
        numbers=tuple(part for part in (born, number) if part),
        pictures=tuple(_paper_picture(pane) for pane in panes),
        is_true_size=is_true_size,
    )


def _day(stated: str) -> str:
    try:
        return document_date(date.fromisoformat(stated), language.current())
    except ValueError:
        return stated


def _paper_picture(pane: Viewer) -> PaperPicture:
    image = seen_image(pane.canvas)
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
