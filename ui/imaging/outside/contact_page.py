"""A series on paper as a sheet of small pictures: which of them, how many to a page, and how far the making is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFormLayout, QFrame, QHBoxLayout, QSpinBox, QVBoxLayout

from clinic_app.documents.picture_sheet import TILES
from clinic_app.foundation.errors import ClinicError
from ui.imaging.outside.contact_sheet import ContactWish
from ui.language import Translated, _, counted, say
from ui.tasks import Job, TaskRunner
from ui.widgets.busy_line import BusyLine
from ui.widgets.buttons import Button
from ui.widgets.labels import label
from ui.widgets.segmented import Option, Segmented

if TYPE_CHECKING:
    from ui.remembered import Remembered

_FEW: Final = 40
_KEPT: Final = "contact.grid"
Write = Callable[[Path, ContactWish, Job], None]
"""Writes the paper in the background; what stops it raises."""


class ContactPage(Translated, QFrame):
    """The page.

    Args:
        name: stable object name; its parts are ``name.grid``, ``name.first``, ``name.last``, ``name.every``,
            ``name.words``, ``name.busy``, ``name.go``, ``name.back``.
        runner: the way into the background.
        remembered: what this person chose before.

    ``choose`` asks where to; None means nobody chose. Signals: ``left``: back to the images; ``written(Path)``;
    ``refused(str)``.
    """

    left = Signal()
    written = Signal(object)
    refused = Signal(str)

    def __init__(self, name: str, runner: TaskRunner, remembered: Remembered | None = None) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setProperty("role", "card")
        self._runner, self._remembered = runner, remembered
        self._count, self._what = 0, ""
        self._job: Job | None = None
        self._write: Write | None = None
        self.choose: Callable[[], Path | None] = lambda: None
        self._title = label("heading")
        self._series = label("strong", is_wrapped=True)
        self._series.setObjectName(f"{name}.series")
        self.grid = Segmented(f"{name}.grid", _grids())
        self.grid.choose(remembered.values.get(_KEPT, "20") if remembered is not None else "20")
        self.first, self.last, self.every = (_number(f"{name}.{key}") for key in ("first", "last", "every"))
        self._labels = [label("label") for _field in range(4)]
        self._words = label("body", is_wrapped=True)
        self._words.setObjectName(f"{name}.words")
        self._busy = BusyLine(f"{name}.busy")
        self._go = Button(f"{name}.go", "primary", "save")
        self._back = Button(f"{name}.back", "plain")
        self._lay_out()
        self._connect()
        self.retranslate()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 14)
        column.setSpacing(12)
        column.addWidget(self._title)
        column.addWidget(self._series)
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(10)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
        fields = (self.grid, self.first, self.last, self.every)
        for words, field in zip(self._labels, fields, strict=True):
            words.setBuddy(field)
            words.setMinimumHeight(field.sizeHint().height())  # the words stand beside the middle of the field
            form.addRow(words, field)
        column.addLayout(form)
        column.addWidget(self._words)
        column.addStretch(1)
        foot = QHBoxLayout()
        foot.setSpacing(10)
        foot.addWidget(self._busy, 1)
        foot.addStretch()
        foot.addWidget(self._back)
        foot.addWidget(self._go)
        column.addLayout(foot)

    def _connect(self) -> None:
        self.grid.chosen.connect(self._keep)
        for field in (self.first, self.last, self.every):
            field.valueChanged.connect(lambda _value: self._follow())
        self._go.clicked.connect(self.go)
        self._back.clicked.connect(self.leave)
        self._busy.cancelled.connect(self.stop)

    def open(self, count: int, what: str, write: Write) -> None:
        """Begin with a series.

        Args:
            count: how many pictures it has.
            what: how it is called.
            write: makes the paper.
        """
        self.stop()
        self._count, self._what, self._write = count, what, write
        for field, value in ((self.first, 1), (self.last, count), (self.every, 1 + (count - 1) // 210)):
            field.setRange(1, max(count, 1))
            field.setValue(value)
        self.retranslate()
        self.grid.setFocus()

    @property
    def wish(self) -> ContactWish:
        """What is chosen."""
        return ContactWish(int(self.grid.value()), self.first.value(), self.last.value(), self.every.value())

    def go(self) -> None:
        """Ask where to, and write."""
        if not self._go.isEnabled():
            return
        path = self.choose()
        wish, write = self.wish, self._write
        if path is None or write is None:
            return
        self._busy.begin(_("The pages are being made…"), can_cancel=True)
        self._job = self._runner.run_long(
            lambda job: write(path, wish, job),
            owner=self,
            done=lambda _none: self._end(path),
            failed=self._fail,
            progressed=self._busy.progress,
        )
        self._follow()

    def stop(self) -> None:
        """Write no further; nothing of it remains."""
        if self._job is not None:
            self._job.cancel()

    def leave(self) -> None:
        """Go back to the images; what is being made is not made to its end."""
        self.stop()
        self.left.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go back by Esc, write by Ctrl+Enter."""
        is_ctrl = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        elif is_ctrl and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.go()
        else:
            super().keyPressEvent(event)

    def retranslate(self) -> None:
        """Say everything anew."""
        self._title.setText(_("The series on paper"))
        self._series.setText(self._what)
        said = (_("Pictures to a page"), _("From image"), _("To image"), _("Every so many images"))
        for words, text in zip(self._labels, said, strict=True):
            words.setText(text)
        for field, text in zip((self.grid, self.first, self.last, self.every), said, strict=True):
            field.setAccessibleName(text)
        self._go.say(_("Save as PDF…"), "Ctrl+Enter")
        self._back.say(_("Back to the images"), "Esc")
        self.grid.retranslate()
        self._follow()

    def _keep(self, value: str) -> None:
        if self._remembered is not None:
            self._remembered.put(**{_KEPT: value})
        self._follow()

    def _follow(self) -> None:
        wish = self.wish
        count = len(wish.numbers)
        pages = counted("{count} page", "{count} pages", wish.pages)
        images = counted("{count} image", "{count} images", count)
        words = f"{images}  ·  {pages}" if count else _("The first image lies behind the last one.")
        if wish.pages > _FEW:
            words += "  ·  " + _("That is much paper; take every second image or more to a page.")
        self._words.setText(words)
        self._go.setEnabled(count > 0 and self._job is None)

    def _end(self, path: Path) -> None:
        self._job = None
        self._busy.end()
        self._follow()
        self.written.emit(path)

    def _fail(self, error: ClinicError) -> None:
        self._job = None
        self._busy.end()
        self._follow()
        self.refused.emit(say(error.text))


def _grids() -> tuple[Option, ...]:
    return tuple(Option(str(size), partial("{} × {}".format, columns, rows)) for size, (rows, columns) in TILES.items())


def _number(name: str) -> QSpinBox:
    field = QSpinBox()
    field.setObjectName(name)
    field.setAlignment(Qt.AlignmentFlag.AlignRight)
    field.setFixedWidth(110)
    return field
