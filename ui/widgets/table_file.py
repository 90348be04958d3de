"""Where a table is saved that somebody takes away."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QFileDialog, QWidget

from ui.language import _


def ask_where(parent: QWidget, name: str) -> Path | None:
    """Let the person choose a file for the table; None if he does not want one."""
    folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    chosen, _filter = QFileDialog.getSaveFileName(
        parent, _("Save the table"), str(Path(folder) / name), _("Tables (*.csv)")
    )
    return Path(chosen) if chosen else None
