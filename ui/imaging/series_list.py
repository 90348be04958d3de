"""The list of series: a small picture, what took it, how many pictures, what it is called and when it was taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QMimeData, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QDrag, QFont, QImage, QKeyEvent, QPainter, QPixmap, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from ui import icons, theme
from ui.imaging.shelf import SeriesRow
from ui.language import Translated, _, counted
from ui.widgets.labels import plain_tip

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Index = QModelIndex | QPersistentModelIndex
ROW_PX: Final = 84
SERIES_MIME: Final = "application/x-dala-series"
"""What is dragged into a pane: the Series Instance UID."""
_PICTURE_PX: Final = 64
_UID: Final = Qt.ItemDataRole.UserRole + 1
_PICTURE: Final = Qt.ItemDataRole.UserRole + 2
_LINES: Final = Qt.ItemDataRole.UserRole + 3
_SIGN: Final = Qt.ItemDataRole.UserRole + 4
_PANES: Final = Qt.ItemDataRole.UserRole + 5


class SeriesList(Translated, QListView):
    """The series of a patient.

    Args:
        name: stable object name.
        place: what it will stand in.

    Signals: ``selected(SeriesRow)``: a person moved to another series; ``chosen(SeriesRow)``: Enter, or a double click.
    A series can be dragged away as `SERIES_MIME`.
    """

    selected = Signal(object)
    chosen = Signal(object)

    def __init__(self, name: str, place: QWidget | None = None) -> None:
        super().__init__(place)
        self.setObjectName(name)
        self._rows: tuple[SeriesRow, ...] = ()
        self._is_quiet = False
        self._panes: dict[str, tuple[int, ...]] = {}
        self._items = QStandardItemModel(self)
        self.setModel(self._items)
        self.setItemDelegate(_SeriesPainter(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setUniformItemSizes(True)
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.doubleClicked.connect(lambda _index: self._choose())
        self.retranslate()

    def show_rows(self, rows: Sequence[SeriesRow], current_uid: str = "") -> None:
        """Show these series and tell nobody; where somebody stands he stays, else the one named is selected."""
        here, scrolled = self.currentIndex().row(), self.verticalScrollBar().value()
        kept_uid = self._rows[here].uid if 0 <= here < len(self._rows) else ""
        self._rows = tuple(rows)
        kept = {self._uid_at(place): self._picture_at(place) for place in range(self._items.rowCount())}
        self._is_quiet = True  # while rows go, Qt moves to the next one by itself
        self._items.clear()
        for row in self._rows:
            item = QStandardItem()
            item.setData(row.uid, _UID)
            item.setData(kept.get(row.uid), _PICTURE)
            self._items.appendRow(item)
        self.retranslate()
        self.mark(kept_uid if any(row.uid == kept_uid for row in self._rows) else current_uid)
        if kept_uid:
            self.executeDelayedItemsLayout()
            self.verticalScrollBar().setValue(scrolled)

    def mark(self, uid: str) -> None:
        """Select a series without telling anybody."""
        place = next((place for place, row in enumerate(self._rows) if row.uid == uid), -1)
        self._is_quiet = True
        self.setCurrentIndex(self._items.index(place, 0) if place >= 0 else QModelIndex())
        self._is_quiet = False

    def show_panes(self, panes: Mapping[str, tuple[int, ...]]) -> None:
        """Say which panes, from 1, show which series; nothing is said while there is one pane."""
        if dict(panes) != self._panes:
            self._panes = dict(panes)
            self.retranslate()

    def startDrag(self, _actions: Qt.DropAction) -> None:
        """Drag the series in the middle of a move, with its small picture."""
        index = self.currentIndex()
        if not index.isValid():
            return
        carried, drag = QMimeData(), QDrag(self)
        carried.setData(SERIES_MIME, str(index.data(_UID)).encode("ascii", "replace"))
        drag.setMimeData(carried)
        picture = index.data(_PICTURE)
        if isinstance(picture, QPixmap):
            drag.setPixmap(picture.scaled(_PICTURE_PX, _PICTURE_PX, Qt.AspectRatioMode.KeepAspectRatio))
        drag.exec(Qt.DropAction.CopyAction)

    def show_thumbnail(self, uid: str, pixels: NDArray[np.uint8]) -> None:
        """Put a series' small picture."""
        place = next((place for place, row in enumerate(self._rows) if row.uid == uid), -1)
        if place >= 0:
            kind = QImage.Format.Format_Grayscale8 if pixels.ndim == 2 else QImage.Format.Format_RGB888
            image = QImage(pixels.data, pixels.shape[1], pixels.shape[0], pixels.strides[0], kind)
            self._items.item(place).setData(QPixmap.fromImage(image.copy()), _PICTURE)

    def retranslate(self) -> None:
        """Say every row anew."""
        self.setAccessibleName(_("Series of the patient"))
        for place, row in enumerate(self._rows):
            images = counted("{count} image", "{count} images", row.images) if row.is_picture else ""
            lines = ("  ·  ".join(part for part in (row.modality, images) if part), row.description, row.day)
            item = self._items.item(place)
            item.setData(lines, _LINES)
            item.setData(row.sign, _SIGN)
            panes = ", ".join(map(str, self._panes.get(row.uid, ())))
            item.setData(panes, _PANES)
            seen = _("shown in pane {numbers}", numbers=panes) if panes else ""
            spoken = (row.modality, images, row.description, row.day, seen)
            item.setText(", ".join(word for word in spoken if word))
            item.setToolTip(plain_tip(item.text()))

    def currentChanged(self, current: Index, previous: Index) -> None:
        """A person moved to another series."""
        super().currentChanged(current, previous)
        if not self._is_quiet and current.isValid() and current.row() < len(self._rows):
            self.selected.emit(self._rows[current.row()])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter goes on to the picture; letters are short cuts of the screen, not a search in the list."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose()
        elif event.text().strip():
            event.ignore()
        else:
            super().keyPressEvent(event)

    def _choose(self) -> None:
        place = self.currentIndex().row()
        if 0 <= place < len(self._rows):
            self.chosen.emit(self._rows[place])

    def _uid_at(self, place: int) -> str:
        return str(self._items.item(place).data(_UID))

    def _picture_at(self, place: int) -> QPixmap | None:
        found = self._items.item(place).data(_PICTURE)
        return found if isinstance(found, QPixmap) else None


class _SeriesPainter(QStyledItemDelegate):
    """Draws a series: its picture, then three lines."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        """Return room for the picture."""
        return QSize(200, ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one row."""
        worn = theme.worn_by(option.widget)
        area = option.rect
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area, theme.token("selected", worn))
            painter.fillRect(QRect(area.left(), area.top(), 3, area.height()), theme.token("accent", worn))
        painter.setPen(theme.token("border", worn))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        box = QRect(area.left() + 10, area.top() + (ROW_PX - _PICTURE_PX) // 2, _PICTURE_PX, _PICTURE_PX)
        self._picture(painter, box, index.data(_PICTURE) or str(index.data(_SIGN)), worn)
        self._badge(painter, box, str(index.data(_PANES) or ""), worn)
        words = QRect(box.right() + 12, area.top() + 10, area.right() - box.right() - 20, ROW_PX - 20)
        self._words(painter, words, option.font, index.data(_LINES) or (), worn)
        painter.restore()

    @staticmethod
    def _picture(painter: QPainter, box: QRect, picture: object, worn: theme.ThemeName) -> None:
        painter.fillRect(box, Qt.GlobalColor.black)
        if isinstance(picture, QPixmap) and not picture.isNull():
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            size = picture.size().scaled(box.size(), Qt.AspectRatioMode.KeepAspectRatio)
            inner = QRect(box.topLeft(), size)
            inner.moveCenter(box.center())
            painter.drawPixmap(inner, picture)
        else:
            sign = QRect(0, 0, 20, 20)
            sign.moveCenter(box.center())
            name = picture if isinstance(picture, str) else "image"
            painter.drawPixmap(sign.topLeft(), icons.pixmap(name, "muted", 20, theme_name=worn))

    @staticmethod
    def _badge(painter: QPainter, box: QRect, panes: str, worn: theme.ThemeName) -> None:
        """Say on the picture which panes show it."""
        if not panes:
            return
        painter.setFont(theme.body_font(8.5, QFont.Weight.DemiBold))
        plate = QRect(0, 0, painter.fontMetrics().horizontalAdvance(panes) + 10, 17)
        plate.moveBottomRight(box.bottomRight())
        painter.fillRect(plate, theme.token("accent", worn))
        painter.setPen(theme.token("on_accent", worn))
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, panes)

    @staticmethod
    def _words(painter: QPainter, area: QRect, font: QFont, lines: Sequence[str], worn: theme.ThemeName) -> None:
        shown = [line for line in lines if line]
        strong = QFont(font)
        strong.setWeight(QFont.Weight.DemiBold)
        small = QFont(font)
        small.setPointSizeF(9.0)
        height = 20
        top = area.top() + (area.height() - height * len(shown)) // 2
        for place, line in enumerate(shown):
            painter.setFont(small if place else strong)
            painter.setPen(theme.token("muted" if place else "text", worn))
            row = QRect(area.left(), top + place * height, area.width(), height)
            words = painter.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, row.width())
            painter.drawText(row, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)
