"""The tools of the viewer: each has an icon, its words as a tool tip, and its key."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QToolButton, QWidget

from ui import icons
from ui.imaging.measuring.mark_menu import MarkMenu
from ui.imaging.viewing.layout_picker import LayoutPicker
from ui.language import Translated, _
from ui.widgets.buttons import Button
from ui.widgets.image_canvas import ImageCanvas
from ui.widgets.image_presets import HOUNSFIELD, PRESETS
from ui.widgets.image_series import ZOOM_STEP
from ui.widgets.labels import plain_tip

if TYPE_CHECKING:
    from ui.widgets.image_tools import Tool


class ViewerTools(Translated, QWidget):
    """Tools over the canvas that is in hand.

    Args:
        name: stable object name; each tool is ``name.tool.…``.
        canvas: what they work on first.

    Signals: ``link_asked``: the next way to leaf together; ``lines_asked``: lines of the other panes, or none;
    ``mark_asked``: the picture is to become a key image; ``keep_asked``: its view is to be kept, with marks.
    """

    link_asked = Signal()
    lines_asked = Signal()
    mark_asked = Signal()
    keep_asked = Signal()

    def __init__(self, name: str, canvas: ImageCanvas) -> None:
        super().__init__()
        self.setObjectName(f"{name}.tools")
        self._name = name
        self._canvas = canvas
        self._said: list[tuple[QToolButton, Callable[[], str], str]] = []
        self._window = self._tool("window", "contrast", lambda: _("Window: drag across and down"), "W")
        self.marks = MarkMenu(name)
        self._invert = self._tool("invert", "sun", lambda: _("Exchange black and white"), "I")
        self._nearer = self._tool("zoom_in", "zoom-in", lambda: _("Nearer"), "+")
        self._farther = self._tool("zoom_out", "zoom-out", lambda: _("Farther"), "−")
        self._reset = self._tool("reset", "rotate-ccw", lambda: _("As the file asks"), "R")
        self._link_mode = "off"
        self._link = self._tool("link", "link-2-off", self._link_words, "Y")
        self._lines = self._tool("lines", "crosshair", lambda: _("Lines where the image in hand cuts the others"), "U")
        self._presets = QComboBox()
        self._presets.setObjectName(f"{name}.tool.preset")
        self._keep = self._tool("keep_view", "save", lambda: _("Keep this view with its marks"), "S")
        self.layouts = LayoutPicker(f"{name}.tool.layout")
        self._mark = Button(f"{name}.key_image", "plain", "badge-check")
        self._lay_out()
        self._connect()
        self.retranslate()
        self.follow()

    def _tool(self, key: str, icon: str, words: Callable[[], str], shortcut: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName(f"{self._name}.tool.{key}")
        icons.put(button, icon, "text", 20)
        self._said.append((button, words, shortcut))
        return button

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for part in (self.layouts, self._link, self._lines):
            row.addWidget(part)
        row.addSpacing(10)
        for button in (self._window, self._invert, self._link, self._lines):
            button.setCheckable(True)
        row.addWidget(self._window)
        row.addWidget(self.marks)
        row.addSpacing(10)
        for part in (self._invert, self._nearer, self._farther, self._reset):
            row.addWidget(part)
        row.addSpacing(10)
        row.addWidget(self._presets)
        row.addStretch(1)
        self._mark.setCheckable(True)
        row.addWidget(self._keep)
        row.addWidget(self._mark)

    def _connect(self) -> None:
        self._window.clicked.connect(lambda: self._canvas.set_tool("window"))
        self.marks.chosen.connect(self._take_mark)
        self._invert.clicked.connect(lambda _checked: self._canvas.invert())
        self._nearer.clicked.connect(lambda: self._canvas.zoom_by(ZOOM_STEP))
        self._farther.clicked.connect(lambda: self._canvas.zoom_by(1 / ZOOM_STEP))
        self._reset.clicked.connect(lambda _checked: self._canvas.reset())
        self._link.clicked.connect(self.link_asked)
        self._lines.clicked.connect(self.lines_asked)
        self._presets.activated.connect(self._set_preset)
        self._mark.clicked.connect(self._ask_mark)
        self._keep.clicked.connect(self.keep_asked)
        self._listen(self._canvas)

    def _listen(self, canvas: ImageCanvas) -> None:
        for signal in (canvas.tool_changed, canvas.window_changed, canvas.shown):
            signal.connect(self.follow)

    def show_linking(self, mode: str, *, has_lines: bool) -> None:
        """Show how the panes leaf together, and whether lines are drawn."""
        self._link_mode = mode
        self._link.setChecked(mode != "off")
        self._lines.setChecked(has_lines)
        icons.put(self._link, "link-2-off" if mode == "off" else "link", "text", 20)
        self.retranslate()

    def _link_words(self) -> str:
        return {
            "place": _("Panes leaf together by place in the body"),
            "number": _("Panes leaf together by number"),
        }.get(self._link_mode, _("Each pane leafs for itself"))

    def act_on(self, canvas: ImageCanvas) -> None:
        """Work on another canvas from now on."""
        before, self._canvas = self._canvas, canvas
        for signal in (before.tool_changed, before.window_changed, before.shown):
            signal.disconnect(self.follow)
        self._listen(canvas)
        self.follow()

    def set_marked(self, *, is_marked: bool, can_mark: bool) -> None:
        """Show whether the picture is a key image already."""
        self._mark.setChecked(is_marked)
        self._mark.setEnabled(can_mark)
        icons.put(self._mark, "badge-check", "accent" if is_marked else "text")
        self._mark.say(_("Key image") if is_marked else _("Keep as key image"), "" if is_marked else "K")

    def set_can_keep(self, *, can_keep: bool) -> None:
        """Show whether the view can be kept; without a store there is no place for it."""
        self._keep.setEnabled(can_keep)

    def without_keeping(self) -> None:
        """There is nowhere to keep anything: take what keeps away."""
        self._keep.hide()
        self._mark.hide()

    def follow(self) -> None:
        """Show what is in force."""
        canvas = self._canvas
        self._window.setChecked(canvas.tool == "window")
        self.marks.follow(canvas)
        self._invert.setChecked(canvas.is_inverted)
        picture = canvas.picture
        for button in (self._invert, self._nearer, self._farther, self._reset, self._window):
            button.setEnabled(picture is not None)
        self._presets.setVisible(picture is not None and picture.frame.unit == HOUNSFIELD)
        window = canvas.window
        found = (
            place
            for place, preset in enumerate(PRESETS, 1)
            if window is not None and (preset.window.center, preset.window.width) == tuple(window)
        )
        self._presets.setCurrentIndex(next(found, 0))

    def retranslate(self) -> None:
        """Say everything anew."""
        for button, words, shortcut in self._said:
            button.setAccessibleName(words())
            button.setToolTip(plain_tip(f"{words()} ({shortcut})"))
        chosen = self._presets.currentIndex()
        self._presets.clear()
        self._presets.addItem(_("Own window"), "")
        for preset in PRESETS:
            self._presets.addItem(f"{preset.key}  {preset.words()}", preset.key)
        self._presets.setCurrentIndex(max(chosen, 0))
        self._presets.setAccessibleName(_("Window for CT"))
        self._presets.setToolTip(plain_tip(_("Window for CT ({keys})", keys="1–5")))
        self.set_marked(is_marked=self._mark.isChecked(), can_mark=self._mark.isEnabled())

    def _take_mark(self, kind: str) -> None:
        self._canvas.set_tool(cast("Tool", kind))
        self._canvas.setFocus()

    def _set_preset(self, place: int) -> None:
        key = str(self._presets.itemData(place))
        if key:
            self._canvas.set_preset(key)
        self.follow()

    def _ask_mark(self) -> None:
        self._mark.setChecked(not self._mark.isChecked())  # it is pressed once the picture is kept
        self.mark_asked.emit()
