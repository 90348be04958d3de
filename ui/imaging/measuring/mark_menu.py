"""The tools that draw marks: the last one used as a button, all of them in its menu; and what shows their list."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from clinic_app.imaging.measuring import Kind
from ui import icons
from ui.language import Translated, _
from ui.widgets.image_canvas import ImageCanvas
from ui.widgets.labels import plain_tip
from ui.widgets.mark_kinds import BY_KIND, MARK_KINDS


class MarkMenu(Translated, QWidget):
    """Chooses a tool that draws.

    Args:
        name: stable object name: the button is ``name.tool.length``, its menu's lines ``name.tool.mark.…``.
        place: what it will stand in.

    Signals: ``chosen(str)``: a kind of mark; ``list_asked``: show the list of measurements, or hide it.
    """

    chosen = Signal(str)
    list_asked = Signal()

    def __init__(self, name: str, place: QWidget | None = None) -> None:
        super().__init__(place)
        self._kind: Kind = "length"
        self.button = QToolButton(self)
        self.button.setObjectName(f"{name}.tool.length")
        self.button.setCheckable(True)
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.menu = QMenu(self.button)
        self.menu.setObjectName(f"{name}.tool.marks")
        self.button.setMenu(self.menu)
        self.menu.aboutToShow.connect(self._draw_icons)
        self._actions: dict[Kind, QAction] = {}
        for each in MARK_KINDS:
            action = QAction(self.menu)
            action.setObjectName(f"{name}.tool.mark.{each.kind.replace(' ', '_')}")
            action.triggered.connect(lambda _checked, kind=each.kind: self.chosen.emit(kind))
            self.menu.addAction(action)
            self._actions[each.kind] = action
        self.list = QToolButton(self)
        self.list.setObjectName(f"{name}.tool.marks_list")
        self.list.setCheckable(True)
        icons.put(self.list, "list-ordered", "text", 20)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.button)
        row.addWidget(self.list)
        self.button.clicked.connect(lambda _checked: self.chosen.emit(self._kind))
        self.list.clicked.connect(self.list_asked)
        self.list.hide()
        self.retranslate()

    def follow(self, canvas: ImageCanvas) -> None:
        """Show which tool is in hand."""
        tool = canvas.tool
        self.button.setChecked(tool != "window")
        if tool not in ("window", self._kind):
            self._kind = cast("Kind", tool)
            self.retranslate()
        self.button.setEnabled(canvas.picture is not None)

    def show_list(self, *, is_shown: bool) -> None:
        """There is a list; say whether it is seen."""
        self.list.show()
        self.list.setChecked(is_shown)

    def retranslate(self) -> None:
        """Say everything anew."""
        kind = BY_KIND[self._kind]
        icons.put(self.button, kind.icon, "text", 20)
        self.button.setAccessibleName(kind.words())
        self.button.setToolTip(plain_tip(f"{kind.words()} ({kind.key}). {kind.hint()}"))
        for each in MARK_KINDS:
            action = self._actions[each.kind]
            action.setText(f"{each.words()}\t{each.key}")
        self.list.setAccessibleName(_("Measurements"))
        self.list.setToolTip(plain_tip(_("The list of measurements")))

    def _draw_icons(self) -> None:
        """Draw the icons of the menu when it is opened first: eleven drawings take as long as the whole bar."""
        for each in MARK_KINDS:
            if self._actions[each.kind].icon().isNull():
                self._actions[each.kind].setIcon(icons.icon(each.icon, "text", "clinical"))
