"""The tree of a report, made in strokes: a stranger's report may have thousands of items of thousands of letters.

An item's height is measured when it is made, as wide as it is then, so that the tree never has to lay out what nobody
sees; a long text begins folded and is unfolded on a wish. Small reports are there at once.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRect, QSize, Qt, QTimer
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem

from ui import theme
from ui.language import _, counted
from ui.strokes import next_turn

if TYPE_CHECKING:
    from clinic_app.imaging import Report, ReportNode

IMAGE: Final = Qt.ItemDataRole.UserRole + 1
_WHOLE: Final = Qt.ItemDataRole.UserRole + 2
_MORE: Final = Qt.ItemDataRole.UserRole + 3
STROKE_S: Final = 0.012
LEAST_STEPS: Final = 80
"""In each stroke, however busy the machine: so a report of usual length is there at once."""
FOLDED: Final = 400
"""Letters of a value that are seen before it is unfolded."""
MOST_ROWS: Final = 3000
"""Shown before somebody asks for more: what is open is laid out as a whole."""
_NAME_SHARE: Final = 0.42
_ROOM_PX: Final = 24
_RIM_PX: Final = 8
_REST_MS: Final = 120


class ReportTree(QTreeWidget):
    """Names and values of reports.

    Args:
        name: stable object name.
        now_s: the time that passes.
    """

    def __init__(self, name: str, now_s: Callable[[], float] = time.perf_counter) -> None:
        super().__init__()
        self.setObjectName(name)
        self._now_s = now_s
        self._work: Iterator[object] | None = None
        self._turn = 0
        self._left: Iterator[QTreeWidgetItem] = iter(())
        self._count = 0
        self.setColumnCount(2)
        self.setWordWrap(True)
        self.setUniformRowHeights(False)
        self.setAlternatingRowColors(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.itemActivated.connect(self._unfold)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        self.header().setStretchLastSection(True)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self._measure_again)
        self.header().sectionResized.connect(lambda *_sizes: self._rest.start())

    @property
    def is_whole(self) -> bool:
        """Whether nothing is being made any more."""
        return self._work is None

    def show_reports(self, reports: Sequence[Report]) -> None:
        """Show these reports, all open; the first stroke is done at once."""
        self.clear()
        self.setColumnWidth(0, round(max(self.width(), 600) * _NAME_SHARE))
        self._rest.stop()
        self._left, self._count = self._made(reports), 0
        self._begin(self._filled())

    def finish(self) -> None:
        """Make what is not made yet, however long it takes: for a picture of it."""
        while self._work is not None:
            self._stroke(self._turn, math.inf)
        self.doItemsLayout()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Measure again where lines break otherwise."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._rest.start()

    def _begin(self, work: Iterator[object]) -> None:
        self._work = work
        self._turn += 1
        self._stroke(self._turn, STROKE_S)

    def _stroke(self, turn: int, longest_s: float) -> None:
        if turn != self._turn or self._work is None:
            return  # something else is done by now
        end = self._now_s() + longest_s
        for step, _done in enumerate(self._work):
            if step >= LEAST_STEPS and self._now_s() > end:
                next_turn(self, lambda: self._stroke(turn, longest_s))
                return
        self._work = None

    def _filled(self) -> Iterator[object]:
        """Put items into the tree, until it is enough; made beside it, so that it is laid out once."""
        tops: list[QTreeWidgetItem] = []
        begun = self._count
        for item in self._left:
            self._count += 1
            if item.parent() is None and item.treeWidget() is None:
                tops.append(item)
            yield item
            if self._count - begun >= MOST_ROWS:
                break
        self.addTopLevelItems(tops)
        yield tops
        self.expandAll()
        yield tops
        rest = next(self._left, None)
        if rest is not None:
            self._left = chain((rest,), self._left)
            more = QTreeWidgetItem([_("Show more of the report"), ""])
            more.setData(0, _MORE, True)
            self._measure(more, 0)
            self.addTopLevelItem(more)

    def _made(self, reports: Sequence[Report]) -> Iterator[QTreeWidgetItem]:
        """Yield items, each under the one it belongs to."""
        for report in reports:
            waiting: list[tuple[ReportNode, QTreeWidgetItem | None, int]] = [(report.root, None, 0)]
            while waiting:
                node, above, depth = waiting.pop()
                item = _item(node)
                if above is None:
                    font = theme.body_font(10.5)
                    font.setBold(True)
                    item.setFont(0, font)
                else:
                    above.addChild(item)
                self._measure(item, depth)
                waiting += [(each, item, depth + 1) for each in reversed(node.children)]
                yield item

    def _measure(self, item: QTreeWidgetItem, depth: int) -> None:
        metrics = self.fontMetrics()
        name = self.columnWidth(0) - self.indentation() * (depth + 1) - _ROOM_PX
        value = max(self.viewport().width(), 600) - self.columnWidth(0) - _ROOM_PX
        own = QFontMetrics(item.font(0)) if depth == 0 else metrics
        high = max(_height(own, item.text(0), name), _height(metrics, item.text(1), value))
        for column in (0, 1):  # a column that says nothing would be laid out to be asked
            item.setSizeHint(column, QSize(0, high + _RIM_PX))

    def _measure_again(self) -> None:
        if self._work is None:
            self._begin(self._measured())

    def _measured(self) -> Iterator[object]:
        for place in range(self.topLevelItemCount()):
            waiting = [(self.topLevelItem(place), 0)]
            while waiting:
                item, depth = waiting.pop()
                if item is None:
                    continue
                self._measure(item, depth)
                waiting += [(item.child(each), depth + 1) for each in range(item.childCount())]
                yield item

    def _unfold(self, item: QTreeWidgetItem, _column: int) -> None:
        """Show more of it, or less again."""
        if item.data(0, _MORE) is not None:
            self.takeTopLevelItem(self.indexOfTopLevelItem(item))
            self._begin(self._filled())
            return
        whole = item.data(1, _WHOLE)
        if whole is None:
            return
        item.setText(1, whole if item.text(1) != whole else _folded(whole))
        depth, above = 0, item.parent()
        while above is not None:
            depth, above = depth + 1, above.parent()
        self._measure(item, depth)


def _item(node: ReportNode) -> QTreeWidgetItem:
    value = _("Image") if node.image is not None else node.value
    item = QTreeWidgetItem([node.name or ("" if value else "…"), _folded(value)])
    for column in (0, 1):
        item.setTextAlignment(column, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
    if len(value) > FOLDED:
        item.setData(1, _WHOLE, value)
    if node.image is not None:
        item.setData(0, IMAGE, (node.image.sop_uid, node.image.frames[0] if node.image.frames else 1))
    return item


def _folded(value: str) -> str:
    """Return as much of a text as is seen before it is unfolded, and how much follows."""
    if len(value) <= FOLDED:
        return value
    rest = len(value) - FOLDED
    return (
        value[:FOLDED].rstrip() + " … " + counted("{count} more letter (Enter)", "{count} more letters (Enter)", rest)
    )


def _height(metrics: QFontMetrics, text: str, width: int) -> int:
    if "\n" not in text and len(text) * metrics.averageCharWidth() * 2 < width:
        return metrics.height()
    room = QRect(0, 0, max(width, 40), 1 << 20)
    return metrics.boundingRect(room, int(Qt.TextFlag.TextWordWrap), text).height()
