"""Send images to an archive: the studies of the patient in hand, the archive, how far it is, what came of it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from clinic_app.imaging.network.commitment import Asked
from clinic_app.imaging.network.sending import Sent
from clinic_app.records import ImagingStudy
from ui.language import Translated, _, counted, say
from ui.orders.view_model_sending import SendingViewModel
from ui.orders.words import UNKNOWN, when
from ui.widgets.busy_line import BusyLine
from ui.widgets.buttons import Button
from ui.widgets.form_field import FormField
from ui.widgets.labels import breakable, label
from ui.widgets.patient_words import list_name
from ui.widgets.record_table import Column, RecordTable
from ui.widgets.standing_bar import StandingBar


class SendPage(Translated, QWidget):
    """The page.

    Args:
        model: what is sent.

    Signals: ``noticed`` (words, tone), ``search_wanted``: a patient is to be chosen.
    """

    noticed = Signal(str, str)
    search_wanted = Signal()

    def __init__(self, model: SendingViewModel) -> None:
        super().__init__()
        self._model = model
        self._whose = label("heading")
        self._whose.setObjectName("orders.send_whose")
        self._studies: RecordTable[ImagingStudy] = RecordTable(
            "orders.studies",
            (
                Column(lambda: _("When"), lambda each: when(each.started) if each.started else UNKNOWN, width=150),
                Column(lambda: _("Images"), _images_words, width=190),
                Column(lambda: _("What was done"), lambda each: each.description or UNKNOWN, is_strong=True),
            ),
            "images",
        )
        self._archive = QComboBox()
        self._field = FormField(self._archive, "orders.archive", has_message=False)
        self._said = label("body", is_wrapped=True)
        self._said.setObjectName("orders.asked")
        self._busy = BusyLine("orders.sending")
        self._outcome = StandingBar("orders.sent", "info", "neutral")
        self._search = Button("orders.send_search", "plain", "search")
        self._send = Button("orders.send_images", "primary", "send")
        self._last: Sent | None = None
        self._build()
        self._connect()
        self.retranslate()

    def _build(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self._whose, 1)
        head.addWidget(self._search)
        foot = QHBoxLayout()
        foot.setSpacing(14)
        foot.addWidget(self._field, 1)
        foot.addStretch(1)
        foot.addWidget(self._send)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 10, 0, 0)
        column.setSpacing(10)
        column.addLayout(head)
        column.addWidget(self._studies, 1)
        for part in (self._said, self._outcome, self._busy):
            column.addWidget(part)
        column.addLayout(foot)

    def _connect(self) -> None:
        self._studies.selected.connect(self._choose)
        self._search.clicked.connect(self.search_wanted)
        self._send.clicked.connect(self.primary)
        self._busy.cancelled.connect(self._model.stop)
        self._outcome.acted.connect(self.primary)
        self._model.changed.connect(self._show)
        self._model.asked_changed.connect(self._show_asked)
        self._model.began.connect(self._begin)
        self._model.progressed.connect(self._busy.progress)
        self._model.ended.connect(self._end)
        self._model.refused.connect(lambda text: self.noticed.emit(say(text), "warn"))

    def watch(self, is_watched: bool) -> None:
        """Say whether somebody looks."""
        self._model.watch(is_watched)

    def retranslate(self) -> None:
        """Say everything anew."""
        self._studies.set_name(_("Studies of the patient"))
        self._studies.empty.say(
            _("No images to send"), _("Choose a patient with images; an archive is listed under “Imaging devices”.")
        )
        self._field.set_label(_("To which archive"))
        self._search.say(_("Look for a patient"))
        self._send.say(_("Send to the archive"), "Ctrl+Enter")
        self._studies.retranslate()
        self._say_outcome()
        self._show()

    def primary(self) -> None:
        """Send the chosen study."""
        study = self._studies.current_row()
        if study is not None and self._send.isEnabled():
            self._outcome.hide()
            self._model.send(study, self._archive.currentText())

    def _show(self) -> None:
        patient = self._model.hand.patient
        self._whose.setText(breakable(list_name(patient)) if patient else _("No patient is in hand."))
        chosen = self._archive.currentText()
        if [self._archive.itemText(row) for row in range(self._archive.count())] != list(self._model.archives):
            self._archive.clear()
            self._archive.addItems(self._model.archives)
            self._archive.setCurrentIndex(max(0, self._archive.findText(chosen)))
        self._studies.show_rows(self._model.studies)
        self._show_button()
        self._show_asked()

    def _choose(self, study: ImagingStudy | None) -> None:
        self._model.choose(study)
        self._show_button()

    def _show_button(self) -> None:
        can_send = self._studies.current_row() is not None and self._archive.count() > 0
        self._send.setEnabled(can_send and not self._model.is_sending)

    def _show_asked(self) -> None:
        self._said.setText("\n".join(breakable(_asked_words(each)) for each in self._model.asked[:3]))

    def _begin(self, total: int) -> None:
        self._busy.begin(_("Images are being sent"), can_cancel=True)
        self._busy.progress(0, total)
        self._show_button()

    def _end(self, sent: Sent) -> None:
        self._busy.end()
        self._last = sent
        self._say_outcome()
        self._show_button()

    def _say_outcome(self) -> None:
        sent = self._last
        if sent is None:
            return
        words = [counted("The archive has taken {count} image.", "The archive has taken {count} images.", sent.sent)]
        if sent.is_stopped:
            words.append(_("It was stopped."))
        if sent.failed:
            words.append(counted("{count} image was not taken:", "{count} images were not taken:", len(sent.failed)))
            words += [say(text) for text in dict.fromkeys(text for _uid, text in sent.failed)][:2]
        is_short = bool(sent.failed) or sent.is_stopped or not sent.sent
        self._outcome.show_words(" ".join(words), _("Try again") if is_short else "")


def _images_words(study: ImagingStudy) -> str:
    kinds = "/".join(each.code or "" for each in study.modality)
    count = counted("{count} image", "{count} images", study.number_of_instances or 0)
    return ", ".join(filter(None, (kinds, count)))


def _asked_words(asked: Asked) -> str:
    """Return what an archive said of keeping a study."""
    day = when(asked.at)
    if asked.state == "kept":
        return _("{day}: “{name}” keeps all {count} images, by its own word.", day=day, name=asked.archive,
                 count=asked.count)  # fmt: skip
    if asked.state == "missing":
        return _("{day}: “{name}” does not keep {missing} of {count} images. Send them again.", day=day,
                 name=asked.archive, missing=len(asked.missing) or asked.count, count=asked.count)  # fmt: skip
    return _("{day}: “{name}” was asked to keep {count} images and has not answered yet.", day=day,
             name=asked.archive, count=asked.count)  # fmt: skip
