"""Where the consult summary is saved and what shows it: the person's choice, replaceable where there is no person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QFileDialog, QWidget

from ui.language import _
from ui.widgets.paper_viewer import show_with_system


def ask_where(parent: QWidget, name: str) -> Path | None:
    """Let the person choose a file, ``name`` in his documents at first; None if he does not want one."""
    folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    chosen, _filter = QFileDialog.getSaveFileName(
        parent, _("Save the consult summary"), str(Path(folder) / name), _("PDF documents (*.pdf)")
    )
    return Path(chosen) if chosen else None


@dataclass
class SummaryFiles:
    """The two questions to the desktop.

    Args:
        choose: gets the screen and a name, returns where to save or None.
        show: opens the saved file.
    """

    choose: Callable[[QWidget, str], Path | None] = ask_where
    show: Callable[[Path], object] = show_with_system
