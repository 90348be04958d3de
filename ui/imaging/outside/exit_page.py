"""Take images out: the series at the left, what is burned into them and what becomes of their words at the right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from clinic_app.imaging.importing import frames_of
from ui import language
from ui.imaging.outside.box_picture import BoxPicture
from ui.imaging.outside.view_model_exit import ExitViewModel, Line, words_for
from ui.language import Translated, _, counted, say
from ui.remembered import Remembered
from ui.widgets.busy_line import BusyLine
from ui.widgets.buttons import Button
from ui.widgets.labels import label, plain_tip
from ui.widgets.segmented import Option, Segmented
from ui.widgets.size_words import size_words

if TYPE_CHECKING:
    from clinic_app.imaging.outside.fates import What
    from clinic_app.imaging.outside.image_exit import Taken

_SERIES, _COUNT, _STATE = range(3)
_LIST_PX: Final = 340
_ROW_PX: Final = 30
_UID: Final = Qt.ItemDataRole.UserRole


class ExitPage(Translated, QFrame):
    """The page.

    Args:
        name: stable object name of its parts: ``name.series``, ``name.form``, ``name.nameless``, ``name.texts``,
            ``name.days``, ``name.picture``, ``name.fates``, ``name.looked``, ``name.go``, ``name.back`` …
        model: what is to leave.
        remembered: what this person chose before; None: nobody signed in.

    ``choose_place`` asks where to: gets whether it is an archive, returns None where nobody chose. Signals: ``left``:
    back to the images; ``noticed(str, str)``: words and a tone.
    """

    left = Signal()
    noticed = Signal(str, str)

    def __init__(self, name: str, model: ExitViewModel, remembered: Remembered | None = None) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setProperty("role", "card")
        self._model, self._remembered = model, remembered
        model.setParent(self)
        self.choose_place: Callable[[bool], Path | None] = self._ask_for_place
        self._title = label("heading")
        self._form = Segmented(f"{name}.form", _forms())
        self._form.choose("folder")
        self._nameless = _check(f"{name}.nameless")
        self._texts = _check(f"{name}.texts")
        self._days = _check(f"{name}.days", is_on=True)
        self.series = QTreeWidget()
        self.series.setObjectName(f"{name}.series")
        self.picture = BoxPicture(f"{name}.picture")
        self.fates = QTableWidget(0, 4)
        self.fates.setObjectName(f"{name}.fates")
        self._views = Segmented(f"{name}.views", _views())
        self._views.choose("picture")
        self._propose = Button(f"{name}.propose", "plain")
        self._clear = Button(f"{name}.clear", "plain")
        self._looked = Button(f"{name}.looked", "plain", "check")
        self._hint = label("muted", is_wrapped=True)
        self._words = label("muted", is_wrapped=True)
        self._words.setObjectName(f"{name}.words")
        self._busy = BusyLine(f"{name}.busy")
        self._go = Button(f"{name}.go", "primary", "save")
        self._back = Button(f"{name}.back", "plain")
        self._right = QWidget(self)
        self._fronts = QStackedWidget(self._right)
        self._lay_out()
        self._connect()
        self._remember()
        self.retranslate()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 14)
        column.setSpacing(10)
        top = QHBoxLayout()
        top.setSpacing(16)
        top.addWidget(self._title)
        top.addStretch(1)
        top.addWidget(self._form)
        column.addLayout(top)
        options = QHBoxLayout()
        options.setSpacing(18)
        for part in (self._nameless, self._days, self._texts):
            options.addWidget(part)
        options.addStretch(1)
        column.addLayout(options)
        body = QHBoxLayout()
        body.setSpacing(14)
        self._lay_out_series()
        body.addWidget(self.series, 1)
        self._lay_out_right()
        body.addWidget(self._right, 2)
        column.addLayout(body, 1)
        column.addWidget(self._busy)
        foot = QHBoxLayout()
        foot.setSpacing(10)
        foot.addWidget(self._words, 1)
        foot.addWidget(self._back)
        foot.addWidget(self._go)
        column.addLayout(foot)

    def _lay_out_series(self) -> None:
        tree = self.series
        tree.setColumnCount(3)
        tree.setRootIsDecorated(False)
        tree.setMinimumWidth(_LIST_PX)
        tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        header = tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(_SERIES, QHeaderView.ResizeMode.Stretch)
        for column in (_COUNT, _STATE):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)

    def _lay_out_right(self) -> None:
        table = self.fates
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.verticalHeader().hide()
        table.setWordWrap(False)
        header = table.horizontalHeader()
        for column, how in enumerate((QHeaderView.ResizeMode.ResizeToContents, QHeaderView.ResizeMode.Interactive)):
            header.setSectionResizeMode(column, how)
        header.resizeSection(1, 220)
        header.resizeSection(2, 190)
        header.setStretchLastSection(True)
        whole = QVBoxLayout(self._right)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(8)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._views)
        row.addStretch(1)
        row.addWidget(self._looked)
        whole.addLayout(row)
        self._fronts.addWidget(self.picture)
        self._fronts.addWidget(table)
        whole.addWidget(self._fronts, 1)
        below = QHBoxLayout()
        below.setSpacing(8)
        below.addWidget(self._hint, 1)
        below.addWidget(self._propose)
        below.addWidget(self._clear)
        whole.addLayout(below)

    def _connect(self) -> None:
        model = self._model
        model.changed.connect(self._show)
        model.pictured.connect(self.picture.show_one)
        model.progressed.connect(self._busy.progress)
        model.ended.connect(self._busy.end)
        model.taken.connect(self._tell)
        model.refused.connect(lambda text: self.noticed.emit(say(text), "warn"))
        for each in (self._nameless, self._texts, self._days):
            each.toggled.connect(lambda _on: self._disguise())
        self._form.chosen.connect(lambda form: self._keep(form=form))
        self._views.chosen.connect(lambda _view: self._show_view())
        self.series.itemChanged.connect(self._tick)
        self.series.currentItemChanged.connect(lambda _new, _old: self._go_to())
        self.picture.number_asked.connect(lambda number: model.show(self._uid(), number))
        self.picture.boxes_changed.connect(lambda: model.set_boxes(self._uid(), self.picture.boxes))
        self._propose.clicked.connect(self._take_proposal)
        self._clear.clicked.connect(lambda: model.set_boxes(self._uid(), ()))
        self._looked.clicked.connect(self._say_looked)
        self._busy.cancelled.connect(model.stop)
        self._go.clicked.connect(self._write)
        self._back.clicked.connect(self._leave)

    def enter(self) -> None:
        """Put the cursor into the list of series."""
        self._list()
        self.series.setFocus()

    def retranslate(self) -> None:
        """Say everything anew."""
        self._title.setText(_("Take images out"))
        self._nameless.setText(_("Without the patient"))
        self._texts.setText(_("Reports and documents, too, as they were written"))
        self._days.setText(_("Days are moved, not left out"))
        self._propose.say(_("Outside the regions"))
        self._clear.say(_("No boxes"))
        self._back.say(_("Back to the images"))
        self._go.say(_("Choose the place…"))
        self._hint.setText(
            _("Look through all images. Drag a box over letters: it becomes black in every image of the series.")
        )
        self.series.setHeaderLabels([_("Series"), _("Images"), _("State")])
        self.series.setAccessibleName(_("Series that are to leave"))
        self.fates.setHorizontalHeaderLabels([_("Tag"), _("Element"), _("Now"), _("Afterwards")])
        self.fates.setAccessibleName(_("What stays and what goes"))
        self._show()

    def _uid(self) -> str:
        item = self.series.currentItem()
        return str(item.data(_SERIES, _UID)) if item is not None else ""

    def _list(self) -> None:
        """Write the series anew; who stood on one stands on it again."""
        uid = self._uid()
        with QSignalBlocker(self.series):
            self.series.clear()
            for line in self._model.lines:
                item = QTreeWidgetItem(self.series)
                item.setData(_SERIES, _UID, line.row.uid)
                item.setSizeHint(_SERIES, QSize(0, _ROW_PX))
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        chosen = next((each for each in self._model.lines if each.row.uid == uid), None)
        chosen = chosen or next((each for each in self._model.lines if each.is_chosen), None)
        place = self._model.lines.index(chosen) if chosen is not None else 0
        self._stand_on(place)
        self._show()

    def _stand_on(self, place: int) -> None:
        item = self.series.topLevelItem(place)
        if item is not None:
            self.series.setCurrentItem(item)

    def _show(self) -> None:
        model = self._model
        if self.series.topLevelItemCount() != len(model.lines):
            self._list()
            return
        with QSignalBlocker(self.series):
            for place, line in enumerate(model.lines):
                self._fill(self.series.topLevelItem(place), line)
        for each in (self._texts, self._days):
            each.setVisible(model.is_nameless)
        self._right.setVisible(model.is_nameless)
        self._go.setEnabled(model.can_go)
        self._go.setVisible(not model.is_writing)
        self._back.setEnabled(not model.is_writing)
        if model.is_writing:
            self._busy.begin(_("The files are being written…"), can_cancel=True)
        self._words.setText(self._sum())
        self._show_line()

    def _fill(self, item: QTreeWidgetItem | None, line: Line) -> None:
        if item is None:
            return
        row = line.row
        item.setText(_SERIES, "  ".join(part for part in (row.modality, row.day, row.description) if part))
        item.setText(_COUNT, str(sum(map(frames_of, row.series.instance))))
        item.setText(_STATE, self._state(line))
        refusal = say(line.outgoing.refusal) if line.outgoing and line.outgoing.refusal else ""
        item.setToolTip(_STATE, plain_tip(refusal) if refusal else "")
        item.setCheckState(_SERIES, Qt.CheckState.Checked if line.is_chosen else Qt.CheckState.Unchecked)

    def _state(self, line: Line) -> str:
        if line.outgoing is None:
            return "…"
        if not self._model.is_nameless:
            return size_words(line.outgoing.size_bytes)
        if line.outgoing.refusal is not None:
            return _("stays here")
        if line.waits:
            return _("to be looked through")
        return _("looked through") if line.is_looked_at else _("ready")

    def _sum(self) -> str:
        model = self._model
        waiting = sum(each.waits for each in model.chosen) if model.is_nameless else 0
        if waiting:
            return counted(
                "{count} series is to be looked through first.",
                "{count} series are to be looked through first.",
                waiting,
            )
        if not model.chosen:
            return _("Choose at least one series.")
        count = len(model.chosen)
        return (
            counted("{count} series is to leave", "{count} series are to leave", count)
            + f", {size_words(model.size_bytes)}"
        )

    def _show_line(self) -> None:
        line = self._model.line(self._uid())
        outgoing = line.outgoing if line else None
        can_draw = bool(outgoing and outgoing.columns and outgoing.refusal is None)
        self.picture.show_boxes(line.boxes if line else ())
        self._propose.setEnabled(bool(outgoing and outgoing.proposal))
        self._clear.setEnabled(bool(line and line.boxes))
        self._looked.setEnabled(can_draw and self.picture.picture is not None)
        is_done = bool(line and line.is_looked_at)
        self._looked.say(_("Look through it again") if is_done else _("Looked through: no names"))
        self._fill_fates()

    def _show_view(self) -> None:
        self._fronts.setCurrentWidget(self.fates if self._views.value() == "words" else self.picture)
        for part in (self._hint, self._propose, self._clear):
            part.setVisible(self._views.value() == "picture")

    def _fill_fates(self) -> None:
        line = self._model.line(self._uid())
        fates = line.outgoing.fates if line and line.outgoing else ()
        table = self.fates
        if table.property("shown") == id(fates):
            return
        table.setProperty("shown", id(fates))
        table.setRowCount(len(fates))
        for place, fate in enumerate(fates):
            after = fate.after if fate.what in ("changed", "new") else fate_words(fate.what)
            for column, words in enumerate((fate.tag, fate.name, fate.before, after)):
                table.setItem(place, column, QTableWidgetItem(words))

    def _go_to(self) -> None:
        line = self._model.line(self._uid())
        self.picture.show_series(0)
        if line is not None and self._model.is_nameless:
            self._model.show(line.row.uid)
        self._show_line()

    def _tick(self, item: QTreeWidgetItem, _column: int) -> None:
        is_chosen = item.checkState(_SERIES) == Qt.CheckState.Checked
        self._model.choose(str(item.data(_SERIES, _UID)), is_chosen=is_chosen)

    def _disguise(self) -> None:
        nameless, texts, days = (each.isChecked() for each in (self._nameless, self._texts, self._days))
        self._model.disguise(is_nameless=nameless, with_texts=texts, keeps_days=days)
        self._keep(nameless="1" if nameless else "", days="1" if days else "")
        if nameless and self.picture.picture is None:
            self._go_to()

    def _take_proposal(self) -> None:
        line = self._model.line(self._uid())
        if line is not None and line.outgoing is not None:
            self._model.set_boxes(line.row.uid, line.outgoing.proposal)

    def _say_looked(self) -> None:
        """It was looked through: go on with the next one that waits."""
        line = self._model.line(self._uid())
        if line is None:
            return
        self._model.looked_at(line.row.uid, is_looked_at=not line.is_looked_at)
        waiting = next((place for place, each in enumerate(self._model.lines) if each.is_chosen and each.waits), None)
        if waiting is not None and not line.is_looked_at:
            self._stand_on(waiting)

    def _write(self) -> None:
        is_archive = self._form.value() == "archive"
        place = self.choose_place(is_archive)
        if place is not None:
            self._keep(place=str(place.parent))
            self._model.write(place, language.current(), is_archive=is_archive)

    def _tell(self, taken: Taken) -> None:
        self.noticed.emit(say(words_for(taken)), "warn" if taken.left_out else "ok")
        self._leave()

    def _leave(self) -> None:
        self._model.close()
        self.left.emit()

    def _keep(self, **chosen: str) -> None:
        if self._remembered is not None:
            self._remembered.put(**{f"exit.{key}": value for key, value in chosen.items()})

    def _remember(self) -> None:
        if self._remembered is not None:
            self._remembered.known.connect(self._take_up)
            self._take_up()

    def _take_up(self) -> None:
        """Take up what was chosen before; whether the patient goes along is asked each time anew."""
        values = self._remembered.values if self._remembered is not None else {}
        self._form.choose(values.get("exit.form", "folder"))
        self._days.setChecked(values.get("exit.days", "1") == "1")

    def _ask_for_place(self, is_archive: bool) -> Path | None:
        folder = self._remembered.values.get("exit.place", "") if self._remembered is not None else ""
        suffix = ".zip" if is_archive else ""
        start = str(Path(folder) / f"{_('Images')}{suffix}") if folder else f"{_('Images')}{suffix}"
        kinds = "ZIP (*.zip)" if is_archive else ""
        options = QFileDialog.Option.DontConfirmOverwrite
        chosen, _kind = QFileDialog.getSaveFileName(
            self, _("Name of the new folder or file"), start, kinds, options=options
        )
        if not chosen:
            return None
        path = Path(chosen)
        return path.with_suffix(".zip") if is_archive and path.suffix.lower() != ".zip" else path


def fate_words(what: What) -> str:
    """Return what becomes of an element, in a word."""
    return {"stays": _("stays"), "goes": _("goes"), "changed": _("is replaced"), "new": _("is added")}[what]


def _check(name: str, *, is_on: bool = False) -> QCheckBox:
    box = QCheckBox()
    box.setObjectName(name)
    box.setChecked(is_on)
    return box


def _forms() -> tuple[Option, ...]:
    return (Option("folder", lambda: _("Folder with DICOMDIR")), Option("archive", lambda: _("ZIP archive")))


def _views() -> tuple[Option, ...]:
    return (
        Option("picture", lambda: _("Letters in the picture")),
        Option("words", lambda: _("What stays and what goes")),
    )
