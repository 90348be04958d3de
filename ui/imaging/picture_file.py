"""What a viewport would show, as a picture file: the same widgets, without a window on a screen."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication, QWidget

from clinic_app.foundation.errors import NotFoundError, UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.imaging import FrameStack, LocalFiles, Tracing
from ui import theme
from ui.imaging.corners import corners_of
from ui.imaging.open_series import made_ready
from ui.imaging.report_view import ReportView
from ui.imaging.shelf import SeriesRow, rows_of
from ui.pictures import picture_of
from ui.widgets.ecg_paper import EcgPaper
from ui.widgets.image_canvas import ImageCanvas
from ui.widgets.paper_picture import PaperPicture
from ui.widgets.recording_traces import traces_of

_LEAST_PX: Final = 512
_MOST_PX: Final = 8192
_REPORT_PX: Final = QSize(1000, 720)
_MOST_REPORT_PX: Final = 6000
_PAPER_PX: Final = QSize(1280, 760)
_LONGEST_S: Final = 20.0


def picture_of_files(files: LocalFiles, number: int, size: QSize | None) -> tuple[QImage, tuple[Text, ...]]:
    """Return what the viewport shows of the first series of some files, and what is wrong with it.

    Args:
        files: what was opened.
        number: of the picture, from 1; the first tracing and report have only one.
        size: of the viewport; by default the picture at 100 %, a small one enlarged by a whole number.

    Raises:
        NotFoundError: there is nothing, or no picture with this number.
        UnreadableFileError: it is damaged.
    """
    rows = rows_of(files.studies)
    if not rows:
        raise files_refused(files)
    found = files.shelf.opened(rows[0].uid)
    if isinstance(found, FrameStack):
        return _picture(found, rows[0], number, size)
    if number != 1:
        raise NotFoundError(Text("The series has no image with this number."))
    if isinstance(found, Tracing):
        paper = EcgPaper("picture.paper")
        theme.make_clinical(paper)
        paper.resize(size or _PAPER_PX)
        paper.show_recording(traces_of(made_ready(found)))  # type: ignore[arg-type]
        return _grabbed(paper), ()
    view = ReportView("picture.report")
    theme.make_clinical(view)
    view.resize(size or _REPORT_PX)
    view.show_reports(found)
    view.tree.finish()
    if size is None:
        view.resize(_REPORT_PX.width(), min(view.whole_height(), _MOST_REPORT_PX))
    return _grabbed(view), ()


def files_refused(files: LocalFiles) -> UnreadableFileError:
    """Return the error for files of which none can be shown: the first one's reason."""
    return UnreadableFileError(
        files.refused[0].reason if files.refused else Text("There are no images in this folder.")
    )


def save_picture(image: QImage, path: Path) -> None:
    """Write a PNG.

    Raises:
        UnreadableFileError: it cannot be written there.
    """
    if not image.save(str(path), "PNG"):  # type: ignore[call-overload]
        raise UnreadableFileError(Text("The picture cannot be written to “{name}”.", name=path.name))


def _picture(stack: FrameStack, row: SeriesRow, number: int, size: QSize | None) -> tuple[QImage, tuple[Text, ...]]:
    picture = picture_of(stack.frame(number - 1))
    canvas = ImageCanvas("picture.canvas")
    theme.make_clinical(canvas)
    left, top, right, bottom = picture.extent
    width, height = right - left, (bottom - top) * picture.aspect
    if picture.frame.turn.is_across:
        width, height = height, width
    times = max(1, -(-_LEAST_PX // round(max(width, height, 1))))
    shown = size or QSize(min(round(width * times), _MOST_PX), min(round(height * times), _MOST_PX))
    canvas.setMinimumSize(1, 1)
    canvas.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    canvas.resize(shown)
    canvas.show_series(len(stack))
    canvas.show_picture(picture, number, corners_of(picture, row, stack.words))
    return _grabbed(canvas), picture.frame.notes


def _grabbed(widget: QWidget) -> QImage:
    """Return what a widget paints, one pixel for one."""
    widget.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
    widget.show()
    QApplication.processEvents()
    end = time.monotonic() + _LONGEST_S
    while time.monotonic() < end and not all(each.is_whole for each in widget.findChildren(PaperPicture)):
        QApplication.processEvents()
    image = QImage(widget.size(), QImage.Format.Format_RGB888)
    image.fill(Qt.GlobalColor.black)
    painter = QPainter(image)
    widget.render(painter, QPoint())
    painter.end()
    widget.close()
    widget.deleteLater()
    return image
