"""One of the three cuts: a picture like any other, with the lines of the two others."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QRegion
from PySide6.QtWidgets import QWidget

from clinic_app.imaging.volume import ORIENTATIONS, Orientation
from ui import theme
from ui.imaging.volume.view_model_volume import VolumeModel
from ui.language import _
from ui.widgets.image_canvas import ImageCanvas
from ui.widgets.image_gestures import CanvasTool, Still, Tool, Touch

if TYPE_CHECKING:
    from clinic_app.imaging.volume import Volume

COLOURS: Final[dict[Orientation, str]] = {"axial": "accent", "coronal": "ok", "sagittal": "warn"}
_LETTER_PX: Final = 26.0
_OPEN_PX: Final = 14.0
"""Around the point where the cuts meet nothing is drawn over the picture."""
_HALO: Final = QColor(0, 0, 0, 170)


class CrossTool(Still):
    """Brings the point where the cuts meet under the mouse.

    Args:
        pane: which cut.
    """

    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, pane: CutPane) -> None:
        self._pane = pane

    def press(self, touch: Touch) -> None:
        """Bring it here."""
        self._pane.pointed.emit(*touch.image)

    def move(self, touch: Touch) -> None:
        """Take it along."""
        self._pane.pointed.emit(*touch.image)


class CutPane(ImageCanvas):
    """One cut.

    Args:
        name: stable object name.
        orientation: of the cut.
        model: the body.

    Signal ``pointed(float, float)``: somebody wants the cuts to meet at a place, in pixels of the picture.
    """

    pointed = Signal(float, float)

    def __init__(self, name: str, orientation: Orientation, model: VolumeModel) -> None:
        self.orientation: Orientation = orientation
        super().__init__(name)
        self._is_crossing = True
        self._cross = CrossTool(self)
        self.lines = CutLines(self, model)
        self.setMinimumSize(160, 120)

    @property
    def is_crossing(self) -> bool:
        """Whether the left button brings the cuts to where it is pressed."""
        return self._is_crossing

    def cross(self) -> None:
        """Let the left button bring the cuts to where it is pressed."""
        self.set_tool("window")
        self._is_crossing = True
        self.tool_changed.emit("cross")

    def set_tool(self, tool: Tool) -> None:
        """Choose another meaning of the left button."""
        self._is_crossing = False
        super().set_tool(tool)

    def show_body(self, volume: Volume) -> None:
        """Begin a body; its cut comes as a picture."""
        self.show_series(volume.shape[ORIENTATIONS.index(self.orientation)])

    def retranslate(self) -> None:
        """Say for a screen reader which cut this is."""
        super().retranslate()
        self.setAccessibleName(f"{plane_words(self.orientation)}, {self.accessibleName()}")

    def _tool_of(self, button: Qt.MouseButton) -> CanvasTool | None:
        is_plain = button == Qt.MouseButton.LeftButton and not self._is_space_down
        return self._cross if is_plain and self._is_crossing else super()._tool_of(button)


class CutLines(QWidget):
    """What lies over a cut; the mouse goes through.

    Args:
        pane: the cut.
        model: the body.
    """

    def __init__(self, pane: CutPane, model: VolumeModel) -> None:
        super().__init__(pane)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._pane = pane
        self._model = model
        pane.installEventFilter(self)
        pane.shown.connect(self.update)
        for signal in (model.moved, model.changed):
            signal.connect(self.update)
        self.setGeometry(pane.rect())

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Grow with the picture."""
        if event.type() == QEvent.Type.Resize:
            self.setGeometry(self._pane.rect())
        return False

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw where the other cuts are, and how thick they are."""
        if self._model.volume is None or self._pane.picture is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRegion(self._beside_letters())
        for orientation in ORIENTATIONS:
            if orientation != self._pane.orientation:
                self._paint_cut(painter, orientation, self._model.volume)
        painter.end()

    def _beside_letters(self) -> QRegion:
        """Return the glass without the places of letters and of the scale's: lines mostly run right through them."""
        free, rows = QRegion(self.rect()), self._pane.letter_rows
        for row in rows:
            middle = QRectF(0, 0, _LETTER_PX, row.height())
            middle.moveCenter(row.center())
            free -= QRegion(middle.toAlignedRect())
        lowest = rows[-1]
        scale = QRectF(lowest.left(), lowest.bottom(), lowest.width(), self.height())
        return free - QRegion(scale.toAlignedRect())

    def place_of_cross(self) -> QPointF | None:
        """Return where the cuts meet on the glass; None before there is a body."""
        volume = self._model.volume
        if volume is None:
            return None
        head, back, left = self._model.position
        cut = self._model.cut(self._pane.orientation)
        return QPointF(*self._pane.to_glass(cut.to_pixels(volume, (head, back, left))))

    def _paint_cut(self, painter: QPainter, orientation: Orientation, volume: Volume) -> None:
        cut = self._model.cut(orientation)
        begin, end = cut.layers(volume)
        colour = theme.token(COLOURS[orientation], "clinical")
        if end - begin > 1:
            painter.setPen(QPen(colour, 1.0, Qt.PenStyle.DotLine))
            for edge in (begin - 0.5, end - 0.5):
                painter.drawLine(*self._ends(volume, cut.axis, edge))
        first, last = self._ends(volume, cut.axis, float(cut.place))
        middle = self.place_of_cross()
        way = last - first
        length = math.hypot(way.x(), way.y())
        if middle is None or length <= 0:
            return
        gap = way * (_OPEN_PX / length)
        for pen in (QPen(_HALO, 3.0), QPen(colour, 1.2)):
            painter.setPen(pen)
            painter.drawLine(first, middle - gap)
            painter.drawLine(middle + gap, last)

    def _ends(self, volume: Volume, axis: int, place: float) -> tuple[QPointF, QPointF]:
        """Return where the line of another cut begins and ends on the glass, far beside the body."""
        cut = self._model.cut(self._pane.orientation)
        free = 3 - cut.axis - axis
        ends = []
        for far in (-volume.shape[free], 2 * volume.shape[free]):
            point = [float(each) for each in self._model.position]
            point[axis], point[free] = place, far
            ends.append(QPointF(*self._pane.to_glass(cut.to_pixels(volume, (point[0], point[1], point[2])))))
        return ends[0], ends[1]


def plane_words(orientation: Orientation) -> str:
    """Return what a direction is called."""
    return {"axial": _("Axial"), "coronal": _("Coronal"), "sagittal": _("Sagittal")}[orientation]
