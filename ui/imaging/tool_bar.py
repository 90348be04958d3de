"""The tools of the viewer: each has an icon, its words as a tool tip, and its key; a narrow window has two rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, cast

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from clinic_app.imaging import Window
from ui import icons
from ui.imaging.measuring.mark_menu import MarkMenu
from ui.imaging.viewing.layout_picker import LayoutPicker
from ui.language import Translated, _, counted
from ui.strokes import next_turn
from ui.widgets.flow_row import FlowRow
from ui.widgets.image_canvas import ImageCanvas
from ui.widgets.image_series import ZOOM_STEP
from ui.widgets.labels import plain_tip

if TYPE_CHECKING:
    from ui.widgets.image_gestures import Tool

_FILE, _EDIT = "file", "edit"
_ICON_PX: Final = 20
_ICONS_A_TURN: Final = 5
_TOOL_PX, _PRESET_PX = 33, 188


class ViewerTools(Translated, QWidget):
    """Tools over the canvas that is in hand.

    Args:
        name: stable object name; each tool is ``name.tool.…``.
        canvas: what they work on first.
        place: what it will stand in.

    Signals: ``link_asked``: the next way to leaf together; ``lines_asked``: lines of the other panes, or none;
    ``volume_asked``: cuts in three directions; ``hang_asked``: the study anew by the rules; ``mark_asked``: the picture
    is to become a key image, or none any more; ``keep_asked``: its view is to be kept, with marks;
    ``key_object_asked``: the key images of the study as one file; ``presets_asked``:
    somebody wants windows of his own; ``keys_asked``: which key does what.
    """

    link_asked = Signal()
    lines_asked = Signal()
    volume_asked = Signal()
    hang_asked = Signal()
    mark_asked = Signal()
    keep_asked = Signal()
    key_object_asked = Signal()
    presets_asked = Signal()
    keys_asked = Signal()

    def __init__(self, name: str, canvas: ImageCanvas, place: QWidget | None = None) -> None:
        super().__init__(place)
        self.setObjectName(f"{name}.tools")
        self._name = name
        self._canvas = canvas
        self._said: list[tuple[QToolButton, Callable[[], str], str]] = []
        self._undrawn: list[tuple[QToolButton, str]] = []
        self._link_mode = "off"
        self._can_edit = False
        self._key_image_count = 0
        self._choices: tuple[tuple[str, str], ...] = ()
        self.layouts = LayoutPicker(f"{name}.tool.layout", self)
        self.marks = MarkMenu(name, self)
        self._make_tools(name)
        self._lay_out()
        self._volume.hide()  # until somebody says that there are cuts
        self._connect()
        self.retranslate()
        self.follow()

    def _make_tools(self, name: str) -> None:
        self._hang = self._tool("hang", "layout-panel-left", lambda: _("Arrange this study anew"), "J")
        self._link = self._tool("link", "link-2-off", self._link_words, "Y")
        self._lines = self._tool("lines", "crosshair", lambda: _("Lines where the image in hand cuts the others"), "U")
        self._volume = self._tool("volume", "move-3d", lambda: _("Cuts in three directions"), "F4")
        self._window = self._tool("window", "contrast", lambda: _("Window: drag across and down"), "W")
        self._invert = self._tool("invert", "sun", lambda: _("Exchange black and white"), "I")
        self._turn = self._tool("turn", "rotate-cw-square", lambda: _("Turn to the right"), "Q")
        self._across = self._tool("flip", "flip-horizontal-2", lambda: _("Exchange left and right"), "H")
        self._down = self._tool("flip_down", "flip-vertical-2", lambda: _("Exchange above and below"), "V")
        self._lens = self._tool("lens", "scan-search", lambda: _("Magnifying glass"), "Z")
        self._nearer = self._tool("zoom_in", "zoom-in", lambda: _("Nearer"), "+")
        self._farther = self._tool("zoom_out", "zoom-out", lambda: _("Farther"), "−")
        self._pixels = self._tool("pixels", "scan", lambda: _("Pixel by pixel"), "X")
        self._true = self._tool("true_size", "proportions", self._true_words, "N")
        self._reset = self._tool("reset", "rotate-ccw", lambda: _("As the file asks"), "R")
        self._keep = self._tool("keep_view", "save", lambda: _("Keep this view with its marks"), "S")
        self._mark = self._tool("key_image", "star", self._mark_words, "K")
        self._mark.setObjectName(f"{name}.key_image")
        self._key_object = self._tool("key_object", "badge-check", self._key_object_words, "Shift+K")
        self._keys = self._tool("keys", "keyboard", lambda: _("Which key does what"), "F1")
        self._presets = QComboBox()
        self._presets.setObjectName(f"{name}.tool.preset")
        self._presets.setMaximumWidth(_PRESET_PX)
        for button in (self._window, self._invert, self._link, self._lines, self._lens, self._mark):
            button.setCheckable(True)

    def _tool(self, key: str, icon: str, words: Callable[[], str], shortcut: str) -> QToolButton:
        button = QToolButton(self)  # drawn once, in the colours of its place
        button.setObjectName(f"{self._name}.tool.{key}")
        button.setProperty("role", "picture")
        button.setFixedWidth(_TOOL_PX)
        self._undrawn.append((button, icon))
        self._said.append((button, words, shortcut))
        return button

    def showEvent(self, event: QShowEvent) -> None:
        """Draw the icons, a few at a turn: twenty drawings at once would hold the window."""
        super().showEvent(event)
        self._draw_some()

    def _draw_some(self) -> None:
        some, self._undrawn = self._undrawn[:_ICONS_A_TURN], self._undrawn[_ICONS_A_TURN:]
        for button, icon in some:
            icons.put(button, icon, "text", _ICON_PX)
        if self._undrawn:
            next_turn(self, self._draw_some)

    def _draw(self, button: QToolButton, icon: str, colour: str) -> None:
        """Give a button another icon, now or when it is its turn."""
        if any(each is button for each, _icon in self._undrawn):
            self._undrawn = [(each, icon if each is button else name) for each, name in self._undrawn]
        else:
            icons.put(button, icon, colour, _ICON_PX)

    def _lay_out(self) -> None:
        groups = (
            (self.layouts, self._hang, self._link, self._lines, self._volume),
            (self._window, self.marks, self._presets),
            (self._invert, self._turn, self._across, self._down),
            (self._nearer, self._farther, self._lens, self._pixels, self._true, self._reset),
            (self._keep, self._mark, self._key_object, self._keys),
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(FlowRow([_group(parts, self) for parts in groups]))

    def _connect(self) -> None:
        def on(act: Callable[[ImageCanvas], object]) -> Callable[[], object]:
            return lambda: act(self._canvas)

        acts: dict[QToolButton, Callable[[], object]] = {
            self._hang: self.hang_asked.emit,
            self._link: self.link_asked.emit,
            self._lines: self.lines_asked.emit,
            self._volume: self.volume_asked.emit,
            self._window: lambda: self._canvas.set_tool("window"),
            self._invert: on(ImageCanvas.invert),
            self._turn: on(ImageCanvas.turn_right),
            self._across: on(ImageCanvas.flip_across),
            self._down: on(ImageCanvas.flip_down),
            self._lens: on(ImageCanvas.toggle_lens),
            self._nearer: lambda: self._canvas.zoom_by(ZOOM_STEP),
            self._farther: lambda: self._canvas.zoom_by(1 / ZOOM_STEP),
            self._pixels: on(ImageCanvas.show_pixels),
            self._true: on(ImageCanvas.show_true_size),
            self._reset: on(ImageCanvas.reset),
            self._keep: self.keep_asked.emit,
            self._mark: self._ask_mark,
            self._key_object: self.key_object_asked.emit,
            self._keys: self.keys_asked.emit,
        }
        for button, act in acts.items():
            button.clicked.connect(lambda _checked, act=act: act())
        self.marks.chosen.connect(self._take_mark)
        self._presets.activated.connect(self._set_preset)
        self._listen(self._canvas)

    def _listen(self, canvas: ImageCanvas) -> None:
        for signal in (canvas.tool_changed, canvas.window_changed, canvas.shown):
            signal.connect(self.follow)
        canvas.screen_size_asked.connect(self.measure_screen)

    def measure_screen(self) -> None:
        """Let somebody measure this screen; then the picture is shown in true size, if he kept what he measured."""
        from ui.widgets.calibration_dialog import CalibrationDialog

        canvas = self._canvas
        dialog = CalibrationDialog(self)

        def show_at_last() -> None:
            self._say()
            if canvas.can_be_true_size:
                canvas.show_true_size()
            canvas.setFocus()

        dialog.accepted.connect(show_at_last)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def act_on(self, canvas: ImageCanvas) -> None:
        """Work on another canvas from now on."""
        before, self._canvas = self._canvas, canvas
        for signal in (before.tool_changed, before.window_changed, before.shown):
            signal.disconnect(self.follow)
        before.screen_size_asked.disconnect(self.measure_screen)
        self._listen(canvas)
        self.follow()

    def for_one_pane(self) -> None:
        """There is one pane and no list: take away what acts on several, and what keeps."""
        for part in (self.layouts, self._hang, self._link, self._lines, self._keys):
            part.hide()
        self.without_keeping()

    def allow_own_presets(self) -> None:
        """Somebody may make windows of his own: there is a place where they are kept."""
        self._can_edit = True
        self.follow()

    def show_linking(self, mode: str, *, has_lines: bool) -> None:
        """Show how the panes leaf together, and whether lines are drawn."""
        self._link_mode = mode
        self._link.setChecked(mode != "off")
        self._lines.setChecked(has_lines)
        self._draw(self._link, "link-2-off" if mode == "off" else "link", "text")
        self._say()

    def set_can_cut(self, *, can_cut: bool) -> None:
        """There are cuts; show whether the series in hand may be a body that can be cut."""
        self._volume.show()
        self._volume.setEnabled(can_cut)

    def without_cuts(self) -> None:
        """There is no place for cuts beside this picture: take their button away."""
        self._volume.hide()

    def set_marked(self, *, is_marked: bool, can_mark: bool) -> None:
        """Show whether the picture is a key image already."""
        self._mark.setChecked(is_marked)
        self._mark.setEnabled(can_mark)
        self._draw(self._mark, "star", "warn" if is_marked else "text")
        self._say()

    def set_key_images(self, count: int) -> None:
        """Show how many key images the study has, and whether they can be kept as a key object."""
        self._key_image_count = count
        self._key_object.setEnabled(count > 0)
        self._say()

    def set_can_keep(self, *, can_keep: bool) -> None:
        """Show whether the view can be kept; without a store there is no place for it."""
        self._keep.setEnabled(can_keep)

    def without_keeping(self) -> None:
        """There is nowhere to keep anything: take what keeps away."""
        for button in (self._keep, self._mark, self._key_object):
            button.hide()

    def follow(self) -> None:
        """Show what is in force."""
        canvas = self._canvas
        picture = canvas.picture
        self._window.setChecked(canvas.tool == "window")
        self.marks.follow(canvas)
        self._invert.setChecked(canvas.is_inverted)
        self._lens.setChecked(canvas.has_lens)
        for button in (self._invert, self._nearer, self._farther, self._reset, self._window):
            button.setEnabled(picture is not None)
        for button in (self._turn, self._across, self._down, self._lens, self._pixels):
            button.setEnabled(picture is not None)
        if self._true.isEnabled() != canvas.is_size_known:
            self._true.setEnabled(canvas.is_size_known)
            self._say()
        self._show_presets()

    def retranslate(self) -> None:
        """Say everything anew."""
        self._presets.setAccessibleName(_("Windows by name"))
        self._presets.setToolTip(plain_tip(_("Windows by name ({keys})", keys="1–9, 0")))
        self._choices = ()
        self._show_presets()
        self._say()

    def _say(self) -> None:
        for button, words, shortcut in self._said:
            said = words()
            if button.accessibleName() != said:
                button.setAccessibleName(said)
                button.setToolTip(plain_tip(f"{said} ({shortcut})"))

    def _link_words(self) -> str:
        return {
            "place": _("Panes leaf together by place in the body"),
            "number": _("Panes leaf together by number"),
        }.get(self._link_mode, _("Each pane leafs for itself"))

    def _mark_words(self) -> str:
        return _("No key image any more") if self._mark.isChecked() else _("Keep as key image")

    def _key_object_words(self) -> str:
        return counted(
            "Keep {count} key image of this study as a key object",
            "Keep {count} key images of this study as a key object",
            self._key_image_count,
        )

    def _true_words(self) -> str:
        if self._canvas.is_size_known and not self._canvas.can_be_true_size:
            return _("True size: measure this screen first")
        return _("True size, where picture and screen are measured")

    def _show_presets(self) -> None:
        """List the windows for the picture that is seen, the one in force chosen."""
        canvas, picture = self._canvas, self._canvas.picture
        self._presets.setVisible(picture is not None and not picture.frame.is_colour)
        if picture is None or picture.frame.is_colour:
            return
        choices = [("", _("Own window"))]
        choices += [(preset.key, f"{preset.key}  {preset.words()}") for preset in canvas.presets]
        for place, window in enumerate(picture.frame.windows):
            words = window.words or _(
                "of the file: {width} / {center}", width=f"{window.width:g}", center=f"{window.center:g}"
            )
            choices.append((f"{_FILE}{place}", f"0  {words}"))
        if self._can_edit:
            choices.append((_EDIT, _("Windows of my own…")))
        if tuple(choices) != self._choices:
            self._choices = tuple(choices)
            self._presets.clear()
            for key, words in choices:
                self._presets.addItem(words, key)
        self._presets.setCurrentIndex(self._place_in_force(picture.frame.windows))

    def _place_in_force(self, windows: Sequence[Window]) -> int:
        canvas, window = self._canvas, self._canvas.window
        if window is None:
            return 0
        for place, (key, _words) in enumerate(self._choices):
            found: Window | None = None
            if key.startswith(_FILE):
                found = windows[int(key.removeprefix(_FILE))]
            elif key.isdigit():
                found = next((preset.window for preset in canvas.presets if preset.key == key), None)
            if found is not None and (found.center, found.width) == tuple(window):
                return place
        return 0

    def _take_mark(self, kind: str) -> None:
        self._canvas.set_tool(cast("Tool", kind))
        self._canvas.setFocus()

    def _set_preset(self, place: int) -> None:
        key, picture = str(self._presets.itemData(place)), self._canvas.picture
        if key == _EDIT:
            self.presets_asked.emit()
        elif key.startswith(_FILE) and picture is not None:
            self._canvas.set_window(picture.frame.windows[int(key.removeprefix(_FILE))])
        elif key:
            self._canvas.set_preset(key)
        self.follow()

    def _ask_mark(self) -> None:
        self._mark.setChecked(not self._mark.isChecked())  # it is pressed once the picture is kept
        self.mark_asked.emit()


def _group(parts: Sequence[QWidget], place: QWidget) -> QWidget:
    group = QWidget(place)
    row = QHBoxLayout(group)
    row.setContentsMargins(0, 0, 2, 0)
    row.setSpacing(1)
    for part in parts:
        row.addWidget(part)
    return group
