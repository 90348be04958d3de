"""A series of pictures: window, stack, zoom, pan and lengths, by mouse and by keyboard (see `ImageCanvas`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ui import icons, theme
from ui.consultation.view_model_case import CaseViewModel
from ui.language import Translated, _
from ui.pictures import Picture, picture_of
from ui.widgets.buttons import Button
from ui.widgets.image_canvas import ImageCanvas
from ui.widgets.image_overlay import Corners
from ui.widgets.patient_words import banner_name, iin_words
from ui.widgets.segmented import Option, Segmented

if TYPE_CHECKING:
    from clinic_app.imaging import FrameStack
    from ui.widgets.image_tools import Tool


class StackView(Translated, QWidget):
    """The canvas and its tools.

    Args:
        model: decodes the pictures in the background.
        place: what it will stand in (see `Page`).
    """

    def __init__(self, model: CaseViewModel, place: QWidget | None = None) -> None:
        super().__init__(place)
        theme.make_clinical(self)
        self._model = model
        self._stack: FrameStack | None = None
        self._about: tuple[str, ...] = ()
        self.canvas = ImageCanvas("consultation.image")
        tools = [Option("window", lambda: _("Brightness")), Option("length", lambda: _("Length"))]
        self._tool = Segmented("consultation.image_tool", tools)
        self._reset = Button("consultation.image_reset", "plain", "rotate-ccw")
        self._build()
        self._tool.chosen.connect(self._use)
        self._reset.clicked.connect(self.canvas.reset)
        self.canvas.tool_changed.connect(self._tool.choose)
        self.canvas.number_asked.connect(self._ask)
        model.frame_loaded.connect(self._show)
        model.frame_refused.connect(self._refuse)
        self.retranslate()

    def _build(self) -> None:
        self.setProperty("role", "page")
        row = QHBoxLayout()
        row.setContentsMargins(8, 8, 8, 0)
        row.setSpacing(10)
        for part in (self._tool, self._reset):
            row.addWidget(part)
        row.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(row)
        column.addWidget(self.canvas, 1)
        self._tool.choose(self.canvas.tool)
        icons.redraw_in(self)
        self.setFocusProxy(self.canvas)

    def show_stack(self, stack: FrameStack, about: tuple[str, ...]) -> None:
        """Show the first picture of a series.

        Args:
            stack: the series.
            about: what it is, for the corner at the right; the patient's name stands at the left.
        """
        self._stack, self._about = stack, about
        self.canvas.show_series(len(stack))
        self.canvas.go_to(1)

    def retranslate(self) -> None:
        """Say everything anew."""
        self._tool.setAccessibleName(_("What a drag does"))
        self._tool.retranslate()
        self._reset.say(_("As it came"), "R")

    def _use(self, tool: str) -> None:
        self.canvas.set_tool(cast("Tool", tool))
        self.canvas.setFocus()

    def _ask(self, number: int) -> None:
        if self._stack is not None:
            self._model.load_frame(self._stack, number, picture_of)

    def _show(self, stack: object, number: int, picture: Picture) -> None:
        if stack is self._stack:
            case = self._model.case
            whose = (banner_name(case.patient), iin_words(case.patient)) if case and case.patient else ()
            self.canvas.show_picture(picture, number, Corners(whose, self._about))

    def _refuse(self, stack: object, number: int, sentence: str) -> None:
        if stack is self._stack:
            self.canvas.show_words(number, sentence)
