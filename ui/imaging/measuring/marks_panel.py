"""The list of what was measured on a study, beside its picture: to go there, to name, to take away, to keep.

Mine can be changed; those of others stand below with their name and their day. A number is said once its picture has
been seen: it is measured on the stored pixels and never taken from a file's word.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from clinic_app.foundation.dates import form_date
from clinic_app.imaging.measuring import Mark
from clinic_app.imaging.measuring.marks import MarkLayer
from ui import icons
from ui.imaging.measuring.marks_model import MarksModel
from ui.language import Translated, _
from ui.widgets.buttons import Button
from ui.widgets.image_canvas import ImageCanvas
from ui.widgets.image_mark_book import MarkBook
from ui.widgets.labels import label, plain_tip
from ui.widgets.mark_kinds import BY_KIND

PANEL_PX: Final = 248
_WORDS_PX: Final = 176
_UID: Final = Qt.ItemDataRole.UserRole + 1
_PLACE: Final = Qt.ItemDataRole.UserRole + 2


class MarksPanel(Translated, QWidget):
    """The list.

    Args:
        name: stable object name: ``name.marks``, ``name.marks.keep`` and so on.
        model: the books.
        canvas: the picture in hand.

    Signals: ``place_asked(str, int)``: the picture of a mark is to be seen, by SOP Instance UID and frame.
    """

    place_asked = Signal(str, int)

    def __init__(self, name: str, model: MarksModel, canvas: ImageCanvas) -> None:
        super().__init__()
        self.setObjectName(f"{name}.marks_panel")
        self.setFixedWidth(PANEL_PX)
        self._model = model
        self._canvas = canvas
        self._told: dict[str, str] = {}
        self.is_wanted = True
        self._title = label("heading")
        self._state = label("muted", is_wrapped=True)
        self._state.setObjectName(f"{name}.marks.state")
        self.list = QListWidget()
        self.list.setObjectName(f"{name}.marks")
        self.list.setWordWrap(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.installEventFilter(self)
        self._undo = Button(f"{name}.marks.undo", "plain", "undo-2")
        self._redo = Button(f"{name}.marks.redo", "plain", "redo-2")
        self._rename = Button(f"{name}.marks.rename", "plain", "pencil")
        self._remove = Button(f"{name}.marks.remove", "plain", "trash-2")
        self._keep = Button(f"{name}.marks.keep", "primary", "save")
        self._lay_out()
        self._connect()
        self.retranslate()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self._title)
        column.addWidget(self.list, 1)
        tools = QHBoxLayout()
        tools.setSpacing(4)
        for button in (self._undo, self._redo, self._rename, self._remove):
            tools.addWidget(button)
        tools.addStretch(1)
        column.addLayout(tools)
        column.addWidget(self._state)
        column.addWidget(self._keep)

    def _connect(self) -> None:
        self._model.changed.connect(self.refresh)
        self.list.itemClicked.connect(self._go_to)
        self.list.itemActivated.connect(self._go_to)
        self.list.currentItemChanged.connect(lambda *_items: self._show_buttons())
        self._undo.clicked.connect(self._step_back)
        self._redo.clicked.connect(self._step_forth)
        self._rename.clicked.connect(self._ask_words)
        self._remove.clicked.connect(self._remove_chosen)
        self._keep.clicked.connect(self._model.keep)
        self._listen(self._canvas)

    def _listen(self, canvas: ImageCanvas) -> None:
        canvas.measured.connect(self.refresh)
        canvas.mark_taken.connect(self.refresh)
        canvas.shown.connect(self.refresh)
        canvas.readings.added.connect(self.refresh)

    @property
    def book(self) -> MarkBook:
        """The book of the picture in hand."""
        return self._canvas.book

    @property
    def rows(self) -> tuple[str, ...]:
        """The words of each row, for whoever reads the list aloud."""
        return tuple(self.list.item(place).text() for place in range(self.list.count()))

    def act_on(self, canvas: ImageCanvas) -> None:
        """List what belongs to another canvas from now on."""
        before, self._canvas = self._canvas, canvas
        before.measured.disconnect(self.refresh)
        before.mark_taken.disconnect(self.refresh)
        before.shown.disconnect(self.refresh)
        before.readings.added.disconnect(self.refresh)
        self._listen(canvas)
        self.refresh()

    def refresh(self) -> None:
        """List anew, what was chosen staying chosen."""
        book = self.book
        entries: list[tuple[Mark, MarkLayer | None]] = [(mark, None) for mark in book.marks]
        entries += [(mark, layer) for layer in book.others for mark in layer.marks]
        chosen = book.selected.uid if book.selected else ""
        self.list.blockSignals(True)
        self.list.setCurrentRow(-1)
        while self.list.count() > len(entries):
            self.list.takeItem(self.list.count() - 1)
        for place, (mark, layer) in enumerate(entries):
            if place == self.list.count():
                self.list.addItem(QListWidgetItem())
            item = self.list.item(place)
            self._show_row(item, mark, layer)
            if mark.uid == chosen and layer is None:
                self.list.setCurrentRow(place)
        self.list.blockSignals(False)
        self.setVisible(self.is_wanted and (bool(entries) or self._model.is_changed))
        self._show_buttons()

    def retranslate(self) -> None:
        """Say everything anew."""
        self._title.setText(_("Measurements"))
        self.list.setAccessibleName(_("Measurements"))
        self._keep.say(_("Keep the measurements"))
        for button, words, key in (
            (self._undo, _("One step back"), "Ctrl+Z"),
            (self._redo, _("One step forth"), "Ctrl+Y"),
            (self._rename, _("Write words…"), "F2"),
            (self._remove, _("Delete"), "Del"),
        ):
            button.setAccessibleName(words)
            button.setToolTip(plain_tip(f"{words} ({key})"))
        self._told.clear()
        self.refresh()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Delete and name by the keys every list has."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() == Qt.Key.Key_Delete:
                self._remove_chosen()
                return True
            if event.key() == Qt.Key.Key_F2:
                self._ask_words()
                return True
        return False

    def _show_row(self, item: QListWidgetItem, mark: Mark, layer: MarkLayer | None) -> None:
        kind = BY_KIND[mark.kind]
        if mark.place == self._canvas.place:
            self._told[mark.uid] = "\n".join(line for line in self._canvas.lines_of(mark) if line != mark.words)
        lines = [mark.words or kind.words(), self._told.get(mark.uid, "")]
        if mark.place != self._canvas.place:
            lines.append(_("on another image"))
        if layer is not None:
            lines.append(" · ".join(part for part in (layer.author, form_date(layer.at) if layer.at else "") if part))
        words = "\n".join(line for line in lines if line)
        if item.text() != words:
            item.setText(words)
            room = QRect(0, 0, _WORDS_PX, 1000)
            high = self.list.fontMetrics().boundingRect(room, Qt.TextFlag.TextWordWrap, words).height()
            item.setSizeHint(QSize(PANEL_PX - 24, high + 16))
        item.setData(_UID, mark.uid if layer is None else "")
        item.setData(_PLACE, mark.place)
        item.setIcon(icons.icon(kind.icon, "warn" if layer is None else "info", "clinical"))

    def _step_back(self) -> None:
        self.book.undo()

    def _step_forth(self) -> None:
        self.book.redo()

    def _show_buttons(self) -> None:
        book, is_mine = self.book, bool(self._chosen_uid())
        self._undo.setEnabled(book.can_undo)
        self._redo.setEnabled(book.can_redo)
        self._rename.setEnabled(is_mine)
        self._remove.setEnabled(is_mine)
        self._keep.setEnabled(self._model.can_keep)
        if self._model.is_keeping:
            self._state.setText(_("The measurements are being kept…"))
        else:
            self._state.setText(_("Not kept yet.") if self._model.is_changed else _("All measurements are kept."))

    def _chosen_uid(self) -> str:
        chosen = self.list.selectedItems()
        return str(chosen[0].data(_UID) or "") if chosen else ""

    def _go_to(self, item: QListWidgetItem) -> None:
        place = item.data(_PLACE)
        self.book.select(str(item.data(_UID) or ""))
        if tuple(place) != self._canvas.place:
            self.place_asked.emit(str(place[0]), int(place[1]))
        self._show_buttons()

    def _ask_words(self) -> None:
        mark = self.book.find(self._chosen_uid())
        if mark is not None and mark.place == self._canvas.place:
            self._canvas.hands.ask_words(mark.uid)
        elif mark is not None:
            self.place_asked.emit(*mark.place)

    def _remove_chosen(self) -> None:
        uid = self._chosen_uid()
        if uid:
            self.book.remove(uid)
