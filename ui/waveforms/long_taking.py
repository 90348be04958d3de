"""Below the strip of a recording of hours: from when to when, cut out as a recording, or written into a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QStandardPaths, Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from ui import icons, language
from ui.language import Translated, _, say
from ui.waveforms.export_card import ExportCard
from ui.waveforms.view_model_long_taking import LongTakingModel, seconds_of
from ui.widgets.busy_line import BusyLine
from ui.widgets.buttons import Button
from ui.widgets.labels import OneLine, label, plain_tip

if TYPE_CHECKING:
    from ui.waveforms.view_model_long_reading import LongOverview

_FIELD_PX: Final = 150
_HOUR_S: Final = 3600


class LongTaking(Translated, QWidget):
    """The row, how far it is, and the choice of formats.

    Args:
        model: what is chosen.
        clock: gives the words of a moment.

    Signals: ``noticed(str, str)``: words for the line of notices, and their tone; ``asking(bool)``: the choice of
    formats is open and takes room.
    """

    noticed = Signal(str, str)
    asking = Signal(bool)

    def __init__(self, model: LongTakingModel, clock: Callable[[float], str]) -> None:
        super().__init__()
        self._model, self._clock = model, clock
        self.ask_target: Callable[[str], Path | None] = self._choose_target
        self._from_words, self._to_words = label(), label()
        self._from, self._to = _field("long.from"), _field("long.to")
        self._length = OneLine("", 60)
        self._length.setObjectName("long.length")
        self._whole = Button("long.whole", "quiet")
        self._cut = Button("long.cut_out", "plain", "crosshair")
        self._export = Button("long.export", "plain", "upload")
        self._busy = BusyLine("long.progress")
        self._card: ExportCard | None = None
        self._lay_out()
        self._connect()
        self.retranslate()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        for part in (self._from_words, self._from, self._to_words, self._to, self._whole):
            row.addWidget(part)
        row.addWidget(self._length, 1)
        row.addWidget(self._cut)
        row.addWidget(self._export)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        self._column.addLayout(row)
        self._column.addWidget(self._busy)

    def _connect(self) -> None:
        model = self._model
        model.chosen.connect(self._show_chosen)
        model.changed.connect(self._show_doing)
        model.progressed.connect(self._busy.progress)
        model.refused.connect(lambda text: self.noticed.emit(say(text), "warn"))
        model.succeeded.connect(lambda text: self.noticed.emit(say(text), "ok"))
        self._busy.cancelled.connect(model.cancel)
        for field, choose in ((self._from, model.choose_begin), (self._to, model.choose_end)):
            field.activated.connect(lambda row, field=field, choose=choose: self._take_row(field, row, choose))
            edit = field.lineEdit()
            assert edit is not None
            edit.editingFinished.connect(lambda field=field, choose=choose: self._take_words(field, choose))
        self._whole.clicked.connect(model.choose_whole)
        self._cut.clicked.connect(model.cut)
        self._export.clicked.connect(self._open_card)

    def retranslate(self) -> None:
        """Say everything anew."""
        self._from_words.setText(_("Part"))
        self._to_words.setText("–")
        self._from.setAccessibleName(_("Beginning of what is taken out"))
        self._to.setAccessibleName(_("End of what is taken out"))
        tip = _("A time like 14:02:30, or a mark; or drag over the strip. Shift+Home, Shift+End: this page.")
        self._from.setToolTip(plain_tip(tip))
        self._to.setToolTip(plain_tip(tip))
        self._whole.say(_("All of it"))
        self._cut.say(_("Cut out as a recording"))
        self._export.say(_("Export…"))
        self._show_chosen()

    def show_marks(self, overview: LongOverview | None) -> None:
        """Offer the marks of a recording as moments."""
        for field in (self._from, self._to):
            field.clear()
            for mark in overview.marks if overview is not None else ():
                assert overview is not None
                seconds = (mark.at - overview.begins_at).total_seconds()
                field.addItem(f"{self._clock(seconds)}  {mark.text}", seconds)
        self._show_chosen()

    def _show_chosen(self) -> None:
        model = self._model
        for field, seconds in ((self._from, model.begin_s), (self._to, model.end_s)):
            field.setCurrentIndex(-1)
            field.setEditText(self._clock(seconds) if model.overview is not None else "")
        self._length.say(length_words(model.seconds) if model.overview is not None else "")
        self._whole.setEnabled(model.overview is not None and model.seconds < model.overview.seconds)
        self._show_doing()

    def _show_doing(self) -> None:
        model = self._model
        self._cut.setEnabled(model.can_cut_out)
        self._export.setEnabled(model.can_export)
        if model.doing is None:
            self._busy.end()
        else:
            self._busy.begin(say(model.doing), can_cancel=True)
        if model.overview is None and self._card is not None:
            self._hide_card()

    def _take_row(self, field: QComboBox, row: int, choose: Callable[[float], None]) -> None:
        seconds = field.itemData(row)
        if seconds is not None:
            choose(float(seconds))

    def _take_words(self, field: QComboBox, choose: Callable[[float], None]) -> None:
        """Take what was typed; what is no moment of this recording is said, and what was chosen stays."""
        overview = self._model.overview
        words = field.currentText()
        shown = self._clock(self._model.begin_s if field is self._from else self._model.end_s)
        if overview is None or words == shown:
            return
        seconds = seconds_of(words, overview)
        if seconds is None:
            self.noticed.emit(_("“{words}” is no time of this recording.", words=words), "warn")
            self._show_chosen()
        else:
            choose(seconds)

    def _open_card(self) -> None:
        if self._card is None:
            self._card = ExportCard("long.write")
            self._card.closed.connect(self._close_card)
            self._card.chosen.connect(self._write)
            self._column.addWidget(self._card)
            icons.redraw_in(self._card)
        self._card.open(is_too_long=self._model.is_too_long_to_read_again)
        self.asking.emit(True)

    def _close_card(self) -> None:
        self._hide_card()
        self._export.setFocus()

    def _hide_card(self) -> None:
        assert self._card is not None
        self._card.hide()
        self.asking.emit(False)

    def _write(self, code: str, is_anonymous: bool) -> None:
        overview, card = self._model.overview, self._card
        if overview is None or card is None:
            return
        path = self.ask_target(f"recording-{overview.begins_at:%Y-%m-%d-%H%M}{card.format.suffixes[0]}")
        if path is not None:
            self._hide_card()
            self._model.export(path, code, language.current(), is_anonymous=is_anonymous)

    def _choose_target(self, name: str) -> Path | None:
        assert self._card is not None
        form = self._card.format
        folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        kinds = f"{form.name} (*{form.suffixes[0]})"
        chosen, _filter = QFileDialog.getSaveFileName(self, _("Save the recording"), str(Path(folder) / name), kinds)
        return Path(chosen) if chosen else None


def length_words(seconds: float) -> str:
    """Return a length as people say it: seconds below a minute, hours only where there are any."""
    whole = round(seconds)
    if whole < 60:
        return _("{seconds} s", seconds=whole)
    if whole < _HOUR_S:
        return _("{minutes} min {seconds} s", minutes=whole // 60, seconds=whole % 60)
    return _("{hours} h {minutes} min", hours=whole // _HOUR_S, minutes=whole % _HOUR_S // 60)


def _field(name: str) -> QComboBox:
    made = QComboBox()
    made.setObjectName(name)
    made.setEditable(True)
    made.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
    made.setFixedWidth(_FIELD_PX)
    return made
