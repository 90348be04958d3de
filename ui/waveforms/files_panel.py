"""Import and export on the screen of recordings: two buttons, what is asked, and how far it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QStandardPaths, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from clinic_app.records import DocumentReference
from clinic_app.waveforms.formats import FORMATS
from ui import icons, language
from ui.language import Translated, _, say
from ui.waveforms.export_card import ExportCard
from ui.waveforms.view_model_files import FilesModel
from ui.waveforms.whose_question import whose_recording
from ui.widgets.busy_line import BusyLine
from ui.widgets.buttons import Button
from ui.widgets.whose_question import WhoseQuestion

if TYPE_CHECKING:
    from clinic_app.documents import FoundRecording


class FilesPanel(Translated, QWidget):
    """What is asked and shown stands in this widget; the two buttons are ``buttons``, for the head of the page.

    Args:
        model: what is under way.

    Signals: ``noticed(str, str)``: words for the line of notices, and their tone; ``taken``: a recording was filed.
    """

    noticed = Signal(str, str)
    taken = Signal()

    def __init__(self, model: FilesModel) -> None:
        super().__init__()
        self.setObjectName("recordings.files")
        self._model = model
        self._document: DocumentReference | None = None
        self.ask_source: Callable[[], Path | None] = self._choose_source
        self.ask_target: Callable[[str], Path | None] = self._choose_target
        self.buttons = QWidget()
        self._import = Button("recordings.import", "plain", "folder-open")
        self._export = Button("recordings.export", "plain", "upload")
        self._busy = BusyLine("recordings.progress")
        self._question: WhoseQuestion[FoundRecording] | None = None
        self._card: ExportCard | None = None
        self._lay_out()
        self._connect()
        self.retranslate()
        self._show()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self.buttons)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self._import)
        row.addWidget(self._export)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        self._column.addWidget(self._busy)

    def _connect(self) -> None:
        model = self._model
        model.changed.connect(self._show)
        model.progressed.connect(self._busy.progress)
        model.refused.connect(lambda text: self.noticed.emit(say(text), "warn"))
        model.succeeded.connect(lambda text: self.noticed.emit(say(text), "ok"))
        model.taken.connect(self.taken)
        self._busy.cancelled.connect(model.cancel)
        self._import.clicked.connect(self._look)
        self._export.clicked.connect(self._open_card)

    def show_document(self, document: DocumentReference | None) -> None:
        """Say which recording is open; None for none."""
        self._document = document
        if document is None and self._card is not None:
            self._card.hide()
        self._show()

    def offer_export(self, is_offered: bool) -> None:
        """Show the button that takes a recording out, or leave it to whoever shows one of hours."""
        self._export.setVisible(is_offered)

    def retranslate(self) -> None:
        """Say everything anew."""
        self._import.say(_("Import…"))
        self._export.say(_("Export…"))
        self._show()

    def _show(self) -> None:
        model = self._model
        self._import.setEnabled(model.can_import)
        self._export.setEnabled(model.can_export and self._document is not None)
        if model.question is not None or self._question is not None:
            self._asking().ask(model.question)
        if model.doing is None:
            self._busy.end()
        else:
            self._busy.begin(say(model.doing), can_cancel=True)
        is_choosing = self._card is not None and not self._card.isHidden()
        self.setVisible(model.doing is not None or model.question is not None or is_choosing)

    def _asking(self) -> WhoseQuestion[FoundRecording]:
        """Return the question; it is made when there is something to ask."""
        if self._question is None:
            self._question = WhoseQuestion("recordings.confirm", whose_recording)
            self._question.confirmed.connect(self._model.confirm)
            self._question.declined.connect(self._model.decline)
            self._column.addWidget(self._question)
            icons.redraw_in(self._question)
        return self._question

    def _choice(self) -> ExportCard:
        """Return the choice of formats; it is made when somebody wants to take something out."""
        if self._card is None:
            self._card = ExportCard("recordings.write")
            self._card.closed.connect(self._close_card)
            self._card.chosen.connect(self._write)
            self._column.addWidget(self._card)
            icons.redraw_in(self._card)
        return self._card

    def _look(self) -> None:
        path = self.ask_source()
        if path is not None:
            self._model.look(path)

    def _open_card(self) -> None:
        self._choice().open()
        self._show()

    def _close_card(self) -> None:
        self._choice().hide()
        self._show()
        self._export.setFocus()

    def _write(self, code: str, is_anonymous: bool) -> None:
        document = self._document
        if document is None:
            return
        moment = f"-{document.date:%Y-%m-%d-%H%M}" if document.date else ""
        path = self.ask_target(f"recording{moment}{self._choice().format.suffixes[0]}")
        if path is not None:
            self._choice().hide()
            self._model.export(document, path, code, language.current(), is_anonymous=is_anonymous)

    def _choose_source(self) -> Path | None:
        ends = " ".join(f"*{end}" for each in FORMATS if each.can_read for end in each.suffixes)
        recordings, everything = _("Recordings"), _("All files")
        kinds = f"{recordings} ({ends});;{everything} (*)"
        chosen, _filter = QFileDialog.getOpenFileName(self, _("File with a recording"), _folder(), kinds)
        return Path(chosen) if chosen else None

    def _choose_target(self, name: str) -> Path | None:
        form = self._choice().format
        kinds = f"{form.name} (*{form.suffixes[0]})"
        chosen, _filter = QFileDialog.getSaveFileName(self, _("Save the recording"), str(Path(_folder()) / name), kinds)
        return Path(chosen) if chosen else None


def _folder() -> str:
    return QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
