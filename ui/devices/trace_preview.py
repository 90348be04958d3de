"""The last seconds of a device's waves, small: to see that it sends, not to read from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui import theme
from ui.language import _
from ui.widgets.trace_columns import column_edges, column_lines, draw_trace, extremes

if TYPE_CHECKING:
    from clinic_app.waveforms import LiveStream

SECONDS: Final = 6.0
MOST_ROWS: Final = 4
_LABEL_PX: Final = 46


class TracePreview(QWidget):
    """At most four traces below each other, each as high as its room.

    Looks at the live traces when it is painted; whoever shows it says when that is due.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("devices.preview")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(60)
        self.setMaximumHeight(280)
        theme.make_clinical(self)
        self._streams: tuple[LiveStream, ...] = ()

    def show_streams(self, streams: Sequence[LiveStream]) -> None:
        """Show these streams as they are now."""
        self._streams = tuple(streams)
        labels = [channel.label for stream in streams for channel in stream.channels]
        self.setAccessibleName(_("Waves that come now: {labels}", labels=", ".join(labels) or "—"))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the newest seconds."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.token("bg", "clinical"))
        rows = [(stream, row) for stream in self._streams for row in range(len(stream.channels))][:MOST_ROWS]
        height = self.height() / max(len(rows), 1)
        for place, (stream, row) in enumerate(rows):
            self._paint_row(painter, stream, row, place * height, height)

    def _paint_row(self, painter: QPainter, stream: LiveStream, row: int, top: float, height: float) -> None:
        painter.setPen(theme.token("muted", "clinical"))
        area = QRectF(8, top, _LABEL_PX, height)
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, stream.channels[row].label)
        width = int(self.width() - _LABEL_PX - 16)
        end = stream.end_index()
        samples = stream.read(end - round(SECONDS * stream.rate_hz()), end)[row]
        if width < 10 or len(samples) < 2 or not np.isfinite(samples).any():
            return
        low, high = float(np.nanmin(samples)), float(np.nanmax(samples))
        scale = (height - 12) / max(high - low, 1e-9)
        least, most = extremes(samples, column_edges(0, width, len(samples) / width))
        bottom = top + height - 6
        lines = column_lines(_LABEL_PX + 8.0, bottom - (least - low) * scale, bottom - (most - low) * scale)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        name = "trace_ecg" if "ECG" in stream.channels[row].code else "trace_pleth"
        draw_trace(painter, lines, theme.token(name, "clinical"), 1.0)
        painter.restore()
