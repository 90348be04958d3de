"""A paper that was written is shown by whatever the computer reads PDFs with; that is also what prints it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices


def show_with_system(path: Path) -> None:
    """Open the file with whatever the computer reads PDFs with."""
    # allowed (handed to the system): a PDF this program has just made, at the place the person chose
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
