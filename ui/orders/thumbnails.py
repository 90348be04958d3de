"""Small pictures in a row, one for each series, so that somebody sees what he says whose it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ui.widgets.labels import label
from ui.widgets.page import scrolled

SIDE_PX = 120


class Thumbnails(QWidget):
    """The row."""

    def __init__(self) -> None:
        super().__init__()
        self._keys: tuple[str, ...] = ()
        self._pictures: dict[str, QWidget] = {}
        self._inner = QWidget()
        self._row = QHBoxLayout(self._inner)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(8)
        area = scrolled(self._inner)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(area)
        self.setFixedHeight(SIDE_PX + 40)

    def show_series(self, series: tuple[tuple[str, str], ...]) -> None:
        """Make room for these series: the UID and the words of each; what is there already stays."""
        keys = tuple(uid for uid, _words in series)
        if keys == self._keys:
            return
        self._keys, self._pictures = keys, {}
        while (item := self._row.takeAt(0)) is not None:
            part = item.widget()
            if part is not None:
                part.deleteLater()
        for uid, words in series:
            box = QWidget()
            column = QVBoxLayout(box)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(2)
            picture = label("muted", "…")
            picture.setFixedSize(SIDE_PX, SIDE_PX)
            picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
            picture.setAccessibleName(words)
            column.addWidget(picture)
            below = label("label", words)
            below.setFixedWidth(SIDE_PX)
            column.addWidget(below)
            self._pictures[uid] = picture
            self._row.addWidget(box)
        self._row.addStretch(1)

    def put(self, uid: str, pixels: NDArray[np.uint8]) -> None:
        """Put the picture of a series."""
        picture = self._pictures.get(uid)
        if picture is None:
            return
        pixels = np.ascontiguousarray(pixels)
        kind = QImage.Format.Format_Grayscale8 if pixels.ndim == 2 else QImage.Format.Format_RGB888
        image = QImage(pixels.data, pixels.shape[1], pixels.shape[0], pixels.strides[0], kind)
        drawn = QPixmap.fromImage(image.copy()).scaled(
            SIDE_PX, SIDE_PX, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        picture.setPixmap(drawn)  # type: ignore[attr-defined]
