"""What keys, the words' field and the menu do with marks; the mouse's part is in `mark_gestures`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QMenu

from clinic_app.imaging.measuring import Kind, Mark
from ui.language import _
from ui.widgets.mark_field import MarkField
from ui.widgets.mark_gestures import middle_mark
from ui.widgets.mark_kinds import BY_KIND
from ui.widgets.plain_keys import plain_key

if TYPE_CHECKING:
    from ui.widgets.image_series import ImageSeries

_FAR: Final = 10.0
_ARROWS: Final = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class MarkHands(QObject):
    """Works on the marks of one canvas.

    Args:
        canvas: whose.
    """

    def __init__(self, canvas: ImageSeries) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._point = -1
        self._asked = ""
        self._field: MarkField | None = None
        self.menu: QMenu | None = None
        self._is_new = False
        canvas.words_asked.connect(lambda uid: self.ask_words(uid, is_new=True))
        canvas.measured.connect(self._follow_book)

    def key(self, event: QKeyEvent) -> bool:
        """Do what a key does with marks; returns whether it does anything."""
        key, modifiers = plain_key(event), event.modifiers()
        is_ctrl = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        is_alt = bool(modifiers & Qt.KeyboardModifier.AltModifier)
        is_shift = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
        if key in _ARROWS and (is_alt or (is_ctrl and self._canvas.tool in BY_KIND)):
            far = _FAR if is_shift else 1.0
            self._nudge(_ARROWS[key][0] * far, _ARROWS[key][1] * far, is_whole=is_alt)
            return True
        if is_ctrl:
            return self._with_ctrl(key, is_shift=is_shift)
        if is_shift and key == Qt.Key.Key_E:
            self._canvas.set_tool("head ellipse")
            return True
        return not is_alt and self._plain(key)

    def ask_words(self, uid: str, *, is_new: bool = False) -> None:
        """Ask for the words of a mark, in its place; of a known length for its millimetres.

        Args:
            uid: the mark.
            is_new: it was drawn just now: without what is asked for it is none.
        """
        mark = self._canvas.book.find(uid)
        if mark is None:
            return
        if self._field is None:
            self._field = MarkField(f"{self._canvas.objectName()}.words", self._canvas)
            self._field.written.connect(self._write)
            self._field.number_written.connect(self._write_number)
            self._field.given_up.connect(self._give_up)
        self._asked, self._is_new = uid, is_new
        place = QPointF(*self._canvas.to_glass(mark.points[0])).toPoint()
        is_number = mark.kind == "scale"
        self._field.ask(place, f"{mark.known_mm:g}" if is_number else mark.words, is_number=is_number)

    def copy(self) -> None:
        """Put what the mark in hand, or else every one of mine on the picture, measures on the clipboard."""
        canvas = self._canvas
        selected = canvas.book.selected
        marks = (selected,) if selected is not None else canvas.book.on(canvas.place)
        if marks:
            QGuiApplication.clipboard().setText("\n".join(", ".join(canvas.lines_of(mark)) for mark in marks))

    def draw_in_the_middle(self) -> None:
        """Draw a mark of the kind in hand, by default a length, in the middle of what is seen."""
        canvas = self._canvas
        kind: Kind = "length" if canvas.tool == "window" else canvas.tool
        if canvas.picture is None:
            return
        if kind != canvas.tool:
            canvas.set_tool(kind)
        width, height = canvas.glass
        canvas.draw(middle_mark(canvas, kind, lambda x, y: canvas.to_image(QPointF(width * x, height * y))))

    def ask_menu(self, at: QPoint, mark: Mark) -> None:
        """Offer what can be done with one mark."""
        book, canvas = self._canvas.book, self._canvas
        book.select(mark.uid)
        menu = QMenu(canvas)
        menu.setObjectName(f"{canvas.objectName()}.mark_menu")
        for name, words, act in (
            ("rename", _("Write words…"), lambda: self.ask_words(mark.uid)),
            ("copy", _("Copy"), self.copy),
            ("delete", _("Delete"), lambda: book.remove(mark.uid)),
        ):
            action = QAction(words, menu)
            action.setObjectName(f"{menu.objectName()}.{name}")
            action.triggered.connect(lambda _checked, do=act: do())
            menu.addAction(action)
        menu.aboutToHide.connect(menu.deleteLater)
        self.menu = menu
        menu.popup(canvas.mapToGlobal(at))

    def _with_ctrl(self, key: Qt.Key, *, is_shift: bool) -> bool:
        book = self._canvas.book
        if key == Qt.Key.Key_Z and not is_shift and book.can_undo:
            book.undo()
        elif (key == Qt.Key.Key_Y or (key == Qt.Key.Key_Z and is_shift)) and book.can_redo:
            book.redo()
        elif key == Qt.Key.Key_C:
            self.copy()
        else:
            return False
        return True

    def _plain(self, key: Qt.Key) -> bool:
        canvas = self._canvas
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.draw_in_the_middle()
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            canvas.remove_mark()
        elif key == Qt.Key.Key_F2 and canvas.book.selected is not None:
            self.ask_words(canvas.book.selected.uid)
        elif key == Qt.Key.Key_F3 and canvas.book.selected is not None:
            self._point += 1
        else:
            return False
        return True

    def _nudge(self, dx: float, dy: float, *, is_whole: bool) -> None:
        """Move a point, or all, of the mark in hand: as it is seen, whatever way the picture is turned."""
        canvas = self._canvas
        mine = canvas.book.on(canvas.place)
        mark = canvas.book.selected if canvas.book.selected in mine else next(reversed(mine), None)
        if mark is None:
            return
        dx, dy = canvas.turn.stored((dx, dy))
        if is_whole:
            canvas.book.put(mark.moved(dx, dy, *canvas.image_size))
            return
        place = self._point % len(mark.points)
        x, y = mark.points[place]
        canvas.book.put(mark.with_point(place, canvas.inside((x + dx, y + dy)), canvas.aspect))

    def _write(self, words: str) -> None:
        book, mark = self._canvas.book, self._canvas.book.find(self._asked)
        if mark is not None and mark.kind == "text" and not words:
            book.remove(mark.uid)
        elif mark is not None:
            book.write_to(mark.uid, words)

    def _write_number(self, millimetres: float) -> None:
        mark = self._canvas.book.find(self._asked)
        if mark is not None:
            self._canvas.book.put(replace(mark, known_mm=millimetres))

    def _give_up(self) -> None:
        """A text without words, and a new known length nobody knows, are no marks."""
        mark = self._canvas.book.find(self._asked)
        if mark is not None and not mark.words and (mark.kind == "text" or (mark.kind == "scale" and self._is_new)):
            self._canvas.book.remove(mark.uid)

    def _follow_book(self) -> None:
        """The words of a mark that is not there any more (another patient) are not asked for over another picture."""
        if self._field is not None and self._field.isVisible() and self._canvas.book.find(self._asked) is None:
            self._field.put_away()
