"""Find in the archive: the question above, what was found below, one study to be fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
)

from clinic_app.foundation.texts import Text
from ui.imaging.archive_form import ArchiveForm
from ui.imaging.review_tree import form_date_of
from ui.language import Translated, _, counted, say
from ui.widgets.busy_line import BusyLine
from ui.widgets.buttons import Button
from ui.widgets.labels import label, plain_tip

if TYPE_CHECKING:
    from clinic_app.imaging.network.found import FoundSeries, FoundStudy
    from ui.imaging.view_model_archive import ArchiveViewModel

_WHO, _DAY, _WHAT, _BY, _COUNT = range(5)
_ROW_PX: Final = 30
_STUDY: Final = Qt.ItemDataRole.UserRole
_SERIES: Final = Qt.ItemDataRole.UserRole + 1


class ArchivePage(Translated, QFrame):
    """The page.

    Args:
        name: stable object name; its parts are ``name.form``, ``name.found``, ``name.words``, ``name.fetch``,
            ``name.missing``,
            ``name.back``.
        model: what it asks.

    Signal ``left``: back to the images.
    """

    left = Signal()

    def __init__(self, name: str, model: ArchiveViewModel) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setProperty("role", "card")
        self._model = model
        self._title = label("heading")
        self.form = ArchiveForm(f"{name}.form")
        self._busy = BusyLine(f"{name}.busy")
        self._words = label("muted", is_wrapped=True)
        self._words.setObjectName(f"{name}.words")
        self.found = QTreeWidget()
        self.found.setObjectName(f"{name}.found")
        self._fetch = Button(f"{name}.fetch", "primary", "download")
        self._missing = Button(f"{name}.missing", "plain")
        self._back = Button(f"{name}.back", "plain")
        self._lay_out()
        self._connect()
        self.retranslate()

    def _lay_out(self) -> None:
        tree = self.found
        tree.setColumnCount(5)
        tree.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        tree.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        tree.setUniformRowHeights(True)
        header = tree.header()
        header.setStretchLastSection(False)
        for column in (_DAY, _BY, _COUNT):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        for column in (_WHO, _WHAT):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        column_of_parts = QVBoxLayout(self)
        column_of_parts.setContentsMargins(16, 12, 16, 14)
        column_of_parts.setSpacing(8)
        for part in (self._title, self.form, self._busy, self._words):
            column_of_parts.addWidget(part)
        column_of_parts.addWidget(tree, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(10)
        buttons.addStretch(1)
        buttons.addWidget(self._missing)
        buttons.addWidget(self._back)
        buttons.addWidget(self._fetch)
        column_of_parts.addLayout(buttons)

    def _connect(self) -> None:
        model = self._model
        model.listed.connect(lambda: self.form.show_archives(model.lines))
        model.listed.connect(self._say_words)
        model.changed.connect(self._show)
        model.series_listed.connect(self._show_series)
        self.form.asked.connect(self._ask)
        self._busy.cancelled.connect(model.stop)
        self._back.clicked.connect(self.left)
        self._fetch.clicked.connect(self._take)
        self._missing.clicked.connect(model.fetch_missing)
        self.found.itemExpanded.connect(lambda item: model.open(item.data(_WHO, _STUDY)))
        self.found.itemSelectionChanged.connect(self._follow)
        self.found.itemActivated.connect(lambda _item, _column: self._take())

    def showEvent(self, event: QShowEvent) -> None:
        """List the archives; the patient's number is asked first."""
        super().showEvent(event)
        self._model.look()
        if self._model.answers is None:
            self.form.fill(self._model.iin)
        self._follow()

    def enter(self) -> None:
        """Put the cursor where somebody types."""
        (self.form.person if self.form.number.text() == "" else self.form.number).setFocus()

    def retranslate(self) -> None:
        """Say everything anew."""
        self._title.setText(_("Find images in an archive"))
        self._back.say(_("Back to the images"))
        self._missing.say(_("Fetch what is missing"))
        self.found.setAccessibleName(_("What was found"))
        self.found.setHeaderLabels([_("Patient"), _("Date"), _("Study, series"), _("Modality"), _("Images")])
        self._say_words()
        self._follow()

    def _ask(self) -> None:
        for field in (self.form.first, self.form.last):
            field.setProperty("state", "wrong" if field.text().strip() and field.day() is None else "")
            field.style().polish(field)
            if field.property("state"):
                field.setFocus()
                return
        if self.form.archive.currentText():
            self._model.search(self.form.archive.currentText(), self.form.wanted())

    def _show(self) -> None:
        model = self._model
        if model.is_searching:
            self._busy.begin(_("The archive is being searched…"), can_cancel=True)
        else:
            self._busy.end()
        if model.refusal is None or model.answers is None:
            self.found.clear()
            for study in model.answers.studies if model.answers else ():
                self._add(study)
            if self.found.topLevelItemCount():
                self.found.setCurrentItem(self.found.topLevelItem(0) or QTreeWidgetItem())
                self.found.setFocus()
        self._say_words()
        self._follow()

    def _add(self, study: FoundStudy) -> None:
        item = QTreeWidgetItem(self.found)
        item.setData(_WHO, _STUDY, study)
        item.setSizeHint(_WHO, QSize(0, _ROW_PX))
        item.setChildIndicatorPolicy(QTreeWidgetItem.ChildIndicatorPolicy.ShowIndicator)
        numbers = ", ".join(value for value, _issuer in study.person.ids[:2])
        who = (study.person.name, form_date_of(study.person.birth_date), numbers)
        item.setText(_WHO, "  ·  ".join(part for part in who if part))
        item.setText(_DAY, form_date_of(study.day))
        item.setText(_WHAT, study.description)
        item.setText(_BY, " ".join(study.modalities))
        item.setText(_COUNT, str(study.images) if study.images >= 0 else "")
        for column in (_WHO, _WHAT):
            item.setToolTip(column, plain_tip(item.text(column)))

    def _show_series(self, uid: str) -> None:
        for place in range(self.found.topLevelItemCount()):
            item = self.found.topLevelItem(place)
            if item is None or item.data(_WHO, _STUDY).uid != uid:
                continue
            item.takeChildren()
            for series in self._model.series[uid]:
                self._add_series(item, series)

    @staticmethod
    def _add_series(item: QTreeWidgetItem, series: FoundSeries) -> None:
        line = QTreeWidgetItem(item)
        line.setData(_WHO, _STUDY, item.data(_WHO, _STUDY))
        line.setData(_WHO, _SERIES, series.uid)
        line.setText(_WHAT, "  ·  ".join(part for part in (str(series.number or ""), series.description) if part))
        line.setText(_BY, series.modality)
        line.setText(_COUNT, str(series.images) if series.images >= 0 else "")

    def _chosen(self) -> tuple[FoundStudy, frozenset[str]] | None:
        """Return the study that is selected, and its series that are; a study itself means all of them."""
        items = self.found.selectedItems()
        studies = {item.data(_WHO, _STUDY).uid: item.data(_WHO, _STUDY) for item in items}
        if len(studies) != 1:
            return None
        series = [item.data(_WHO, _SERIES) for item in items]
        return next(iter(studies.values())), frozenset() if None in series else frozenset(series)

    def _take(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self._model.fetch(*chosen)

    def _follow(self) -> None:
        chosen = self._chosen()
        self._fetch.setEnabled(chosen is not None)
        count = len(chosen[1]) if chosen else 0
        fetch = counted("Fetch {count} series", "Fetch {count} of the series", count) if count else _("Fetch the study")
        self._fetch.say(fetch)
        self._missing.setVisible(self._model.can_fetch_missing)

    def _say_words(self) -> None:
        model = self._model
        words = []
        if model.refusal is not None:
            words.append(say(model.refusal.text))
        elif model.answers is not None:
            words = [say(each) for each in answer_words(model)]
        elif not model.lines:
            words.append(_("No archive is entered in the settings."))
        self._words.setText(" ".join(words))
        self._words.setVisible(bool(words))

    def event(self, event: QEvent) -> bool:
        """Keep Esc from the page's own shortcut."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            event.setAccepted(event.key() == Qt.Key.Key_Escape)
            if event.isAccepted():
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc leaves."""
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)


def answer_words(model: ArchiveViewModel) -> list[Text]:
    """Return what there is to say of an archive's answer."""
    answers = model.answers
    if answers is None:
        return []
    words = [Text("Nothing was found.")] if not answers.studies else []
    if answers.is_cut:
        words.append(Text("The archive has more than is shown; ask for less."))
    if answers.unfit:
        words.append(Text("{count} answers did not fit and are left out.", count=answers.unfit))
    if answers.unreadable:
        words.append(Text("{count} answers cannot be read.", count=answers.unreadable))
    return words
