"""Takes the numbered pictures of the tour: every screen at 1366x768, light and dark."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication, QWidget

from ui import theme

SCREEN: Final = QSize(1366, 768)
"""The usual laptop of a district hospital."""


class Camera:
    """Photographs windows into one folder.

    Args:
        folder: where the PNGs go; made if missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pictures: list[str] = []
        folder.mkdir(parents=True, exist_ok=True)

    def take(self, window: QWidget, name: str) -> None:
        """Save ``NN-name-light.png`` and ``NN-name-dark.png`` of ``window``."""
        number = len(self.pictures) // 2 + 1
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        for shade in ("light", "dark"):
            theme.apply(application, shade)
            window.resize(SCREEN)
            for _ in range(3):
                application.processEvents()
            file_name = f"{number:02d}-{name}-{shade}.png"
            if not window.grab().save(str(self.folder / file_name)):
                raise AssertionError(f"the picture {file_name} could not be written")
            self.pictures.append(file_name)
        theme.apply(application, "light")
        for _ in range(3):  # laying out and painting anew is the camera's doing, not that of the next step
            application.processEvents()
