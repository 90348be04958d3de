"""Three linked cuts through a body, with their tools: where they meet, how thick they are, one window for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSpinBox, QStackedWidget, QVBoxLayout, QWidget

from clinic_app.foundation.numbers import show_number
from clinic_app.foundation.texts import Text
from clinic_app.imaging.volume import ORIENTATIONS, Mode, Orientation
from ui import icons, language
from ui.imaging.corners import corners_of
from ui.imaging.shelf import SeriesRow
from ui.imaging.volume.cut_pane import CutPane, plane_words
from ui.imaging.volume.view_model_volume import MOST_SLAB_MM, VolumeModel
from ui.language import Translated, _, say
from ui.pictures import Picture
from ui.tasks import TaskRunner
from ui.widgets.busy_line import BusyLine
from ui.widgets.buttons import Button
from ui.widgets.empty_state import EmptyState
from ui.widgets.image_overlay import Corners
from ui.widgets.labels import label, plain_tip
from ui.widgets.plain_keys import plain_key
from ui.widgets.segmented import Option, Segmented

if TYPE_CHECKING:
    from clinic_app.imaging import FrameStack
    from ui.widgets.image_gestures import Tool

_PLACES: Final[dict[Orientation, tuple[int, int, int, int]]] = {
    "axial": (0, 0, 2, 1),
    "coronal": (0, 1, 1, 1),
    "sagittal": (1, 1, 1, 1),
}
_STEP_MM: Final = 5


class VolumeView(Translated, QWidget):
    """The cuts.

    Args:
        name: stable object name: ``name.axial``, ``name.slab`` and so on.
        runner: the way into the background.
        place: what it will stand in (see `Page`).

    Signal ``left``: somebody goes back to the images.
    """

    left = Signal()

    def __init__(self, name: str, runner: TaskRunner, place: QWidget | None = None) -> None:
        super().__init__(place)
        self.setObjectName(name)
        self.model = VolumeModel(runner, self)
        self._row: SeriesRow | None = None
        self._refusal: Text | None = None
        self._is_sharing = False
        self._back = Button(f"{name}.back", "quiet", "arrow-left")
        self._tool = Segmented(f"{name}.tool", _tools())
        self._mode = Segmented(f"{name}.mode", _modes())
        self._slab_label = label("label")
        self._slab = QSpinBox()
        self._slab.setObjectName(f"{name}.slab")
        self._centre = Button(f"{name}.centre", "plain", "locate")
        self._busy = BusyLine(f"{name}.progress")
        self._none = EmptyState(f"{name}.none", "layers")
        self.panes = {each: CutPane(f"{name}.{each}", each, self.model) for each in ORIENTATIONS}
        self._fronts = QStackedWidget()
        self._body = QWidget(self._fronts)
        self._lay_out()
        self._connect()
        self._mode.choose("mean")
        self._tool.choose("cross")
        icons.redraw_in(self)
        self.retranslate()

    def _lay_out(self) -> None:
        self._slab.setRange(0, round(MOST_SLAB_MM))
        self._slab.setSingleStep(_STEP_MM)
        self._slab.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._slab.setFixedWidth(96)
        self._slab.setKeyboardTracking(False)
        self._slab_label.setBuddy(self._slab)
        row = QHBoxLayout()
        row.setSpacing(10)
        for part in (self._back, self._tool, self._slab_label, self._slab, self._mode, self._centre):
            row.addWidget(part)
        row.addStretch(1)
        grid = QGridLayout(self._body)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        for orientation, pane in self.panes.items():
            grid.addWidget(pane, *_PLACES[orientation])
        grid.setColumnStretch(0, 3)
        grid.setColumnStretch(1, 2)
        self._fronts.addWidget(self._none)
        self._fronts.addWidget(self._body)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(row)
        column.addWidget(self._busy)
        column.addWidget(self._fronts, 1)

    def _connect(self) -> None:
        model = self.model
        model.progressed.connect(self._busy.progress)
        model.ready.connect(self._show_body)
        model.refused.connect(self._refuse)
        model.moved.connect(self._follow_position)
        model.cut_made.connect(self._show_cut)
        self._back.clicked.connect(self.left)
        self._busy.cancelled.connect(self.left)
        self._tool.chosen.connect(self._use)
        self._mode.chosen.connect(lambda value: model.set_mode(cast("Mode", value)))
        self._slab.valueChanged.connect(model.set_slab)
        self._centre.clicked.connect(lambda _checked: model.centre())
        for pane in self.panes.values():
            self._connect_pane(pane)

    def _connect_pane(self, pane: CutPane) -> None:
        pane.pointed.connect(lambda x, y: self.model.point_at(pane.orientation, x, y))
        pane.number_asked.connect(lambda number: self.model.go_to(pane.orientation, self._place_of(pane, number)))
        pane.window_changed.connect(lambda: self._share_window(pane))
        pane.tool_changed.connect(lambda tool: self._follow_tool(pane, tool))

    def begin(self, stack: FrameStack, row: SeriesRow | None, at: int = 0) -> None:
        """Cut a series: it is read in the background.

        Args:
            stack: its pictures.
            row: what the list says of it, for the corners.
            at: the picture that is seen, from 0.
        """
        self._row, self._refusal = row, None
        for pane in self.panes.values():
            pane.show_series(0)
            pane.cross()
        self._fronts.setCurrentWidget(self._none)
        self._enable(is_there=False)
        self.retranslate()
        self._busy.begin(_("The reconstruction is being made…"), can_cancel=True)
        self.model.begin(stack, at)
        self._back.setFocus()

    def put_away(self) -> None:
        """Show nothing, and keep nothing in memory."""
        self.model.close()
        self._busy.end()
        for pane in self.panes.values():
            pane.show_series(0)

    def retranslate(self) -> None:
        """Say everything anew."""
        self._back.say(_("Back to the images"), "Esc")
        self._centre.say(_("To the middle"))
        self._slab_label.setText(_("Thickness"))
        self._slab.setSuffix(" " + _("mm"))
        self._slab.setAccessibleName(_("Thickness of the cut in millimetres"))
        self._slab.setToolTip(plain_tip(_("Thickness of the cut in millimetres")))
        self._mode.setAccessibleName(_("What of the values behind one another is shown"))
        self._tool.setAccessibleName(_("What a drag does"))
        for part in (self._mode, self._tool):
            part.retranslate()
        waiting = _("The reconstruction is being made…")
        self._none.say(_("Reconstruction"), say(self._refusal) if self._refusal else waiting)
        for pane in self.panes.values():
            if pane.picture is not None:
                pane.set_corners(self._corners(pane.orientation, pane.picture))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Do what the picture in hand has no use for."""
        key = plain_key(event)
        if key == Qt.Key.Key_Escape:
            self.left.emit()
        elif key == Qt.Key.Key_F4:
            self._use("cross")
        elif key in (Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketRight) and self._slab.isEnabled():
            self._slab.setValue(self._slab.value() + (_STEP_MM if key == Qt.Key.Key_BracketRight else -_STEP_MM))
        else:
            event.ignore()

    def _show_body(self) -> None:
        volume = self.model.volume
        self._busy.end()
        if volume is None:
            return
        self._slab.blockSignals(True)
        self._slab.setValue(0)
        self._slab.blockSignals(False)
        self._mode.choose("mean")
        for pane in self.panes.values():
            pane.show_body(volume)
        self._enable(is_there=True)
        self._fronts.setCurrentWidget(self._body)
        self.panes["axial"].setFocus()

    def _show_cut(self, orientation: Orientation, place: int, picture: Picture) -> None:
        pane = self.panes[orientation]
        pane.show_picture(picture, self._number_of(pane, place), self._corners(orientation, picture))

    def _follow_position(self) -> None:
        """The cuts meet elsewhere: each pane leafs on from there."""
        for place, orientation in zip(self.model.position, ORIENTATIONS, strict=True):
            pane = self.panes[orientation]
            pane.blockSignals(True)
            pane.go_to(self._number_of(pane, place))
            pane.blockSignals(False)

    def _number_of(self, pane: CutPane, place: int) -> int:
        """Return the number of a cut: from the feet, the front and the right, but axial ones from the head down."""
        return pane.image_count - place if pane.orientation == "axial" else place + 1

    def _place_of(self, pane: CutPane, number: int) -> int:
        return pane.image_count - number if pane.orientation == "axial" else number - 1

    def _share_window(self, pane: CutPane) -> None:
        if self._is_sharing:
            return
        self._is_sharing = True
        window = pane.dicom_window
        for other in self.panes.values():
            if other is not pane and window is not None:
                other.drag_window(window)
        self._is_sharing = False

    def _use(self, tool: str) -> None:
        for pane in self.panes.values():
            if tool == "cross":
                pane.cross()
            else:
                pane.set_tool(cast("Tool", tool))

    def _follow_tool(self, pane: CutPane, tool: str) -> None:
        """A tool taken in hand by its key is in hand on all cuts."""
        if self._is_sharing:
            return
        self._is_sharing = True
        is_crossing = tool == "cross"
        for other in self.panes.values():
            if other is not pane and (other.is_crossing != is_crossing or other.tool != pane.tool):
                if is_crossing:
                    other.cross()
                else:
                    other.set_tool(pane.tool)
        self._tool.choose(tool if tool in ("cross", "window", "length") else "")
        self._is_sharing = False

    def _corners(self, orientation: Orientation, picture: Picture) -> Corners:
        plane, model = picture.frame.plane, self.model
        thickness = show_number(round(plane.thickness_mm, 2) if plane else 0, language.current())
        mode = {"mean": _("Mean"), "maximum": _("MIP"), "minimum": _("MinIP")}[model.mode]
        is_thick = model.volume is not None and plane is not None and self._is_thick(orientation)
        words = (
            _("{millimetres} mm thick, {mode}", millimetres=thickness, mode=mode)
            if is_thick
            else _("one layer, {millimetres} mm", millimetres=thickness)
        )
        whose = corners_of(picture, self._row).left
        return Corners(whose, (plane_words(orientation), words, _("Reconstruction")))

    def _is_thick(self, orientation: Orientation) -> bool:
        if self.model.volume is None:
            return False
        begin, end = self.model.cut(orientation).layers(self.model.volume)
        return end - begin > 1

    def _refuse(self, words: Text) -> None:
        self._busy.end()
        self._refusal = words
        self.retranslate()

    def _enable(self, *, is_there: bool) -> None:
        for part in (self._tool, self._mode, self._slab, self._centre):
            part.setEnabled(is_there)


def _tools() -> list[Option]:
    return [
        Option("cross", lambda: _("Crosshair")),
        Option("window", lambda: _("Brightness")),
        Option("length", lambda: _("Length")),
    ]


def _modes() -> list[Option]:
    return [
        Option("mean", lambda: _("Mean")),
        Option("maximum", lambda: _("MIP")),
        Option("minimum", lambda: _("MinIP")),
    ]
