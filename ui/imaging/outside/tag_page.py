"""What a file says: every element as a tree, opened where somebody opens it, and searched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFont, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QPlainTextEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
)
from shiboken6 import isValid

from clinic_app.foundation.errors import ClinicError
from clinic_app.imaging.texts import NAMES
from ui.language import Translated, _, counted
from ui.strokes import next_turn
from ui.tasks import TaskRunner
from ui.widgets.buttons import Button
from ui.widgets.labels import label
from ui.widgets.search_field import SearchField

if TYPE_CHECKING:
    from clinic_app.imaging.outside.tag_tree import TagLine, TagTree

_TAG, _NAME, _VR, _VALUE = range(4)
_LINE: Final = Qt.ItemDataRole.UserRole
_WAIT_MS: Final = 250
_WHOLE_PX: Final = 84
_ROW_PX: Final = 24
_AT_ONCE: Final = 200
"""Lines shown at a turn of the event loop."""


class TagModel(QObject):
    """Reads one file's elements in the background.

    Args:
        runner: the way into the background.

    Signals: ``opened``: see ``tree``; ``listed(path, lines)``; ``found(str, lines)``: for which words;
    ``whole(path, str)``; ``refused(Text)``.
    """

    opened = Signal()
    listed = Signal(object, object)
    found = Signal(str, object)
    whole = Signal(object, str)
    refused = Signal(object)

    def __init__(self, runner: TaskRunner) -> None:
        super().__init__()
        self._runner = runner
        self.tree: TagTree | None = None
        self._round = 0

    def open(self, read: Callable[[], TagTree]) -> None:
        """Read a file."""
        self.close()
        asked = self._round

        def done(tree: TagTree) -> None:
            if asked == self._round:
                self.tree = tree
                self.opened.emit()
                self.list(())

        self._runner.run(read, owner=self, done=done, failed=self._refuse)

    def close(self) -> None:
        """Forget the file."""
        self._round += 1
        self.tree = None

    def list(self, path: tuple[int, ...]) -> None:
        """Read the lines of a part of it."""
        self._ask(lambda tree: tree.lines(path), partial(self.listed.emit, path))

    def find(self, words: str) -> None:
        """Look for words in all of it."""
        self._ask(lambda tree: tree.find(words), partial(self.found.emit, words))

    def read_whole(self, path: tuple[int, ...]) -> None:
        """Read a value as far as it is shown at all."""
        self._ask(lambda tree: tree.whole(path), partial(self.whole.emit, path))

    def _ask(self, work: Callable[[TagTree], object], done: Callable[[object], None]) -> None:
        tree, asked = self.tree, self._round
        if tree is not None:
            self._runner.run(
                lambda: work(tree),
                owner=self,
                done=lambda answer: done(answer) if asked == self._round else None,
                failed=self._refuse,
            )

    def _refuse(self, error: ClinicError) -> None:
        self.refused.emit(error.text)


class TagPage(Translated, QFrame):
    """The page.

    Args:
        name: stable object name of its parts: ``name.search``, ``name.tree``, ``name.whole``, ``name.copy``,
            ``name.back``.
        model: reads the file.

    Signal ``left``: back to the images.
    """

    left = Signal()

    def __init__(self, name: str, model: TagModel) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setProperty("role", "card")
        self._model = model
        model.setParent(self)
        self._title = label("heading")
        self.search = SearchField(f"{name}.search")
        self._words = label("muted", is_wrapped=True)
        self._words.setObjectName(f"{name}.words")
        self._lists = 0
        self._opening: dict[tuple[int, ...], QTreeWidgetItem] = {}
        self.tree = QTreeWidget()
        self.tree.setObjectName(f"{name}.tree")
        self.whole = QPlainTextEdit()
        self.whole.setObjectName(f"{name}.whole")
        self._copy = Button(f"{name}.copy", "plain")
        self._back = Button(f"{name}.back", "plain")
        self._asking = QTimer(self)
        self._asking.setSingleShot(True)
        self._asking.setInterval(_WAIT_MS)
        self._lay_out()
        self._connect()
        self.retranslate()

    def _lay_out(self) -> None:
        tree = self.tree
        tree.setColumnCount(4)
        tree.setUniformRowHeights(True)
        tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        tree.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        header = tree.header()
        header.resizeSection(_TAG, 190)
        header.resizeSection(_NAME, 300)
        header.resizeSection(_VR, 48)
        header.setSectionResizeMode(_VR, QHeaderView.ResizeMode.Fixed)
        header.setStretchLastSection(True)
        self.whole.setReadOnly(True)
        self.whole.setFixedHeight(_WHOLE_PX)
        self.whole.setTabChangesFocus(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 14)
        column.setSpacing(8)
        top = QHBoxLayout()
        top.setSpacing(14)
        top.addWidget(self._title)
        top.addWidget(self.search, 1)
        column.addLayout(top)
        column.addWidget(self._words)
        column.addWidget(tree, 1)
        column.addWidget(self.whole)
        foot = QHBoxLayout()
        foot.setSpacing(10)
        foot.addStretch(1)
        foot.addWidget(self._copy)
        foot.addWidget(self._back)
        column.addLayout(foot)

    def _connect(self) -> None:
        model = self._model
        model.listed.connect(self._show_lines)
        model.found.connect(self._show_found)
        model.whole.connect(self._show_whole)
        model.opened.connect(self._say_words)
        self.tree.itemExpanded.connect(self._open)
        self.tree.currentItemChanged.connect(lambda item, _old: self._read(item))
        self.search.textChanged.connect(lambda _words: self._asking.start())
        self._asking.timeout.connect(self._search)
        self._copy.clicked.connect(self.copy)
        self._back.clicked.connect(self._leave)

    def enter(self) -> None:
        """Begin with an empty search, the cursor in it."""
        self._begin(())
        self.whole.clear()
        self.search.clear()
        self._asking.stop()
        self.search.setFocus()

    def retranslate(self) -> None:
        """Say everything anew."""
        self._title.setText(_("What the file says"))
        self.search.setPlaceholderText(_("Tag, name or value"))
        self.search.setAccessibleName(_("Look in the file"))
        self.tree.setHeaderLabels([_("Tag"), _("Element"), "VR", _("Value")])
        self.tree.setAccessibleName(_("Elements of the file"))
        self.whole.setAccessibleName(_("The whole value"))
        self._copy.say(_("Copy lines"), "Ctrl+C")
        self._back.say(_("Back to the images"))
        self._say_words()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy, search, go back, by keys."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.matches(QKeySequence.StandardKey.Find):
            self.search.setFocus()
        elif event.key() == Qt.Key.Key_Escape:
            self._leave()
        else:
            super().keyPressEvent(event)

    def copy(self) -> None:
        """Copy the chosen lines, with tabs between their columns."""
        chosen = [item.data(_TAG, _LINE) for item in self.tree.selectedItems()]
        if chosen:
            QGuiApplication.clipboard().setText("\n".join(line.row() for line in chosen if line is not None))

    def _leave(self) -> None:
        self._asking.stop()
        self._model.close()
        self._begin(())
        self.whole.clear()
        self.left.emit()

    def _search(self) -> None:
        words = self.search.text().strip()
        if words:
            self._model.find(words)
        else:
            self._model.list(())

    def _show_lines(self, path: tuple[int, ...], lines: tuple[TagLine, ...]) -> None:
        if not path:
            if self.search.text().strip():
                return
            self._begin(lines)
            self._say_words()
            return
        parent = self._opening.pop(path, None)
        if parent is not None:
            parent.takeChildren()
            self._add(parent, lines, 0, self._lists)

    def _begin(self, lines: Sequence[TagLine]) -> None:
        self._lists += 1
        self._opening.clear()
        self.tree.clear()
        self._add(self.tree.invisibleRootItem(), lines, 0, self._lists)

    def _add(self, parent: QTreeWidgetItem, lines: Sequence[TagLine], begin: int, lists: int) -> None:
        """Show some lines at a turn of the event loop: a file may have thousands of them."""
        if lists != self._lists or not isValid(parent):
            return
        end = begin + _AT_ONCE
        parent.addChildren([_item(line) for line in lines[begin:end]])
        if end < len(lines):
            next_turn(self, lambda: self._add(parent, lines, end, lists))

    def _show_found(self, words: str, lines: tuple[TagLine, ...]) -> None:
        if words != self.search.text().strip():
            return
        self._begin(lines)
        self._words.show()
        self._words.setText(counted("{count} element found", "{count} elements found", len(lines)))
        first = self.tree.topLevelItem(0)
        if first is not None:
            self.tree.setCurrentItem(first)

    def _open(self, item: QTreeWidgetItem) -> None:
        line: TagLine = item.data(_TAG, _LINE)
        first: QTreeWidgetItem | None = item.child(0)
        if line.can_open and first is not None and first.data(_TAG, _LINE) is None:
            self._opening[line.path] = item
            self._model.list(line.path)

    def _read(self, item: QTreeWidgetItem | None) -> None:
        line = item.data(_TAG, _LINE) if item is not None else None
        self.whole.setPlainText(line.value if line is not None else "")
        if line is not None and line.has_more:
            self._model.read_whole(line.path)

    def _show_whole(self, path: tuple[int, ...], words: str) -> None:
        item = self.tree.currentItem()
        line = item.data(_TAG, _LINE) if item is not None else None
        if line is not None and line.path == path:
            self.whole.setPlainText(words)

    def _say_words(self) -> None:
        proposal = self._model.tree.proposal if self._model.tree is not None else None
        if proposal is None:
            self._words.setText("")
            self._words.hide()
            return
        self._words.show()
        self._words.setText(
            _(
                "The file is wrong about its letters; words in italics are read as {encoding}.",
                encoding=NAMES[proposal.encoding],
            )
        )


def _item(line: TagLine) -> QTreeWidgetItem:
    value = _("cannot be read") if line.is_unreadable else line.value
    if line.can_open and line.vr == "SQ":
        value = counted("{count} item", "{count} items", int(line.value))
    item = QTreeWidgetItem([line.tag, line.keyword, line.vr, value + (" …" if line.has_more else "")])
    item.setData(_TAG, _LINE, line)
    item.setSizeHint(_TAG, QSize(0, _ROW_PX))
    if line.is_mended or line.is_unreadable:
        font = QFont()
        font.setItalic(True)
        item.setFont(_VALUE, font)
        item.setToolTip(_VALUE, _("Not as the file states its letters") if line.is_mended else "")
    if line.can_open:
        item.addChild(QTreeWidgetItem())  # what is in it is read when it is opened
    return item
