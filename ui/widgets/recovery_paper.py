"""The recovery code on paper: printed at once, or saved as a PDF for a stick or another printer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QMarginsF, QPointF, QRectF, QStandardPaths, Qt
from PySide6.QtGui import QFont, QPageLayout, QPageSize, QPainter, QPen
from PySide6.QtWidgets import QFileDialog, QWidget

from clinic_app.documents import RecoverySheet, render_recovery_sheet
from clinic_app.foundation.dates import document_moment
from clinic_app.foundation.durable_files import write_atomically
from clinic_app.foundation.texts import Language
from ui import language, theme
from ui.language import _

if TYPE_CHECKING:
    from PySide6.QtPrintSupport import QPrinter

FILE_NAME: Final = "dala-recovery-code.pdf"
_IN_ROW: Final = 4
_MARGIN_MM: Final = 18.0


def ask_where(parent: QWidget, name: str) -> Path | None:
    """Let the person choose a file; None if he does not want one."""
    folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    chosen, _filter = QFileDialog.getSaveFileName(
        parent, _("Save the recovery code"), str(Path(folder) / name), _("PDF documents (*.pdf)")
    )
    return Path(chosen) if chosen else None


def print_on_paper(parent: QWidget, sheet: RecoverySheet) -> bool:
    """Let the person choose a printer and print; return whether it was sent there."""
    from PySide6.QtPrintSupport import QPrintDialog, QPrinter  # not needed by the program's start

    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    margins = QMarginsF(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM, _MARGIN_MM)
    page = QPageSize(QPageSize.PageSizeId.A4)
    printer.setPageLayout(QPageLayout(page, QPageLayout.Orientation.Portrait, margins, QPageLayout.Unit.Millimeter))
    dialog = QPrintDialog(printer, parent)
    try:
        is_wanted = dialog.exec() == QPrintDialog.DialogCode.Accepted
    finally:
        dialog.deleteLater()
    return is_wanted and draw_on(printer, sheet)


def draw_on(printer: QPrinter, sheet: RecoverySheet) -> bool:
    """Draw the sheet on one page; return False where the printer does not begin."""
    painter = QPainter()
    if not painter.begin(printer):
        return False
    _Page(painter, QRectF(printer.pageRect(printer.Unit.DevicePixel)), printer.resolution()).draw(sheet)
    return painter.end()


def save_sheet(sheet: RecoverySheet, path: Path, tongue: Language) -> Path:
    """Write the PDF, whole or not at all; return where it is. For the background.

    Raises:
        InvalidInputError: a character cannot be printed.
        StorageError: the disk refused it.
    """
    write_atomically(path, (render_recovery_sheet(sheet, tongue),))
    return path


@dataclass
class PaperWays:
    """The two questions to the desktop, replaceable where there is no person.

    Args:
        choose: gets a widget and a file name, returns where to save or None.
        print_out: gets a widget and the sheet, returns whether it was printed.
    """

    choose: Callable[[QWidget, str], Path | None] = ask_where
    print_out: Callable[[QWidget, RecoverySheet], bool] = print_on_paper


class _Page:
    """One sheet of paper, drawn from top to bottom.

    Args:
        painter: of the printer.
        area: what can be printed on, device pixels.
        dots: device pixels an inch.
    """

    def __init__(self, painter: QPainter, area: QRectF, dots: int) -> None:
        self._painter = painter
        self._width = area.width()
        self._dots = dots
        self._y = 0.0

    def draw(self, sheet: RecoverySheet) -> None:
        self._line(_("Recovery code of the data"), 18, QFont.Weight.Bold)
        self._line(sheet.facility, 11, QFont.Weight.DemiBold)
        self._line(document_moment(sheet.made_at, language.current()), 10)
        self._y += self._mm(6)
        self._groups(sheet.code.split("-"))
        self._y += self._mm(6)
        self._line(
            _(
                "Whoever has this paper and the computer can open the patients' data. "
                "Keep it in a safe, not at the computer."
            ),
            10,
        )

    def _mm(self, length: float) -> float:
        return length * self._dots / 25.4

    def _line(self, words: str, size: float, weight: QFont.Weight = QFont.Weight.Normal) -> None:
        self._painter.setFont(theme.body_font(size, weight))
        flags = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft)
        room = QRectF(0, self._y, self._width, self._mm(60))
        used = self._painter.boundingRect(room, flags, words)
        self._painter.drawText(room, flags, words)
        self._y += used.height() + self._mm(1.5)

    def _groups(self, groups: list[str]) -> None:
        """Draw the groups in rows, the number of each above it, a frame around all."""
        top, step, height = self._y, self._width / _IN_ROW, self._mm(19)
        for place, group in enumerate(groups):
            corner = QPointF(place % _IN_ROW * step, top + place // _IN_ROW * height)
            number = QRectF(corner.x(), corner.y() + self._mm(2), step, self._mm(5))
            self._painter.setFont(theme.body_font(8))
            self._painter.drawText(number, int(Qt.AlignmentFlag.AlignCenter), f"{place + 1}")
            self._painter.setFont(theme.body_font(24, QFont.Weight.Bold))
            words = QRectF(corner.x(), number.bottom(), step, height - self._mm(7))
            self._painter.drawText(words, int(Qt.AlignmentFlag.AlignCenter), group)
        rows = -(-len(groups) // _IN_ROW)
        self._painter.setPen(QPen(Qt.GlobalColor.black, self._mm(0.3)))
        self._painter.drawRect(QRectF(0, top, self._width, rows * height))
        self._y = top + rows * height
