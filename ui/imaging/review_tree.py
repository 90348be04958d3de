"""What was found, as a tree: person, study, series with a small picture, each with a tick and for whom it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QImage, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QComboBox, QHeaderView, QTreeWidget, QTreeWidgetItem

from clinic_app.foundation.dates import form_date
from ui import icons, theme
from ui.imaging.intake import Choice, Intake
from ui.imaging.shelf import SeriesRow
from ui.language import Translated, _, counted
from ui.widgets.labels import plain_tip

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from clinic_app.imaging import PersonFiles
    from clinic_app.records import ImagingStudy, Patient

_WHAT, _COUNT, _DAY, _FIT, _WHOM = range(5)
_PICTURE_PX: Final = 44
_PERSON_PX: Final = 38
_STUDY_PX: Final = 28
_INKS: Final = {"identifier": "ok", "name": "muted", "unsaid": "muted", "other": "warn"}
_CHECKED, _OPEN = Qt.CheckState.Checked, Qt.CheckState.Unchecked


class ReviewTree(Translated, QTreeWidget):
    """The tree.

    Args:
        name: stable object name; the choice for whom of person N is ``name.whom.N``.

    Signal ``changed``: a tick, or for whom.
    """

    changed = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self._intake: Intake | None = None
        self._whom: list[QComboBox] = []
        self._series: dict[tuple[str, str], QTreeWidgetItem] = {}
        self.setColumnCount(5)
        self.setIconSize(QSize(_PICTURE_PX, _PICTURE_PX))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        header = self.header()
        header.setStretchLastSection(False)
        for column in range(5):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_WHAT, QHeaderView.ResizeMode.Stretch)
        self.itemChanged.connect(self._tell)
        self.retranslate()

    def show_intake(self, intake: Intake | None) -> None:
        """Show what was gathered; what differs from everybody is not ticked."""
        if intake is self._intake:
            return
        self._intake = intake
        self.blockSignals(True)
        self.clear()
        self._whom, self._series = [], {}
        for place, files in enumerate(intake.gathered.people if intake and intake.gathered else ()):
            self._add_person(place, files)
        self.blockSignals(False)
        self.retranslate()
        self.expandAll()
        if self._whom:
            self.setCurrentItem(self._person(0))

    def _add_person(self, place: int, files: PersonFiles) -> None:
        assert self._intake is not None
        person = QTreeWidgetItem(self)
        person.setData(_WHAT, Qt.ItemDataRole.UserRole, place)
        person.setSizeHint(_WHAT, QSize(0, _PERSON_PX))
        whom = QComboBox(self)
        whom.setObjectName(f"{self.objectName()}.whom.{place}")
        for patient in (self._intake.patient, *files.candidates):
            whom.addItem(patient.full_name, patient)
        if files.sameness != "identifier" and files.candidates:
            whom.setCurrentIndex(1)
        whom.currentIndexChanged.connect(lambda _index: self._tell(None))
        self._whom.append(whom)
        self.setItemWidget(person, _WHOM, whom)
        state = _OPEN if self._fit(place) == "other" else _CHECKED
        for study in files.studies:
            self._add_study(person, study, state)

    def _add_study(self, person: QTreeWidgetItem, study: ImagingStudy, state: Qt.CheckState) -> None:
        item = QTreeWidgetItem(person)
        item.setData(_WHAT, Qt.ItemDataRole.UserRole, study)
        item.setSizeHint(_WHAT, QSize(0, _STUDY_PX))
        for series in study.series:
            line = QTreeWidgetItem(item)
            row = SeriesRow(study, series)
            line.setData(_WHAT, Qt.ItemDataRole.UserRole, row)
            line.setFlags(line.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            line.setCheckState(_WHAT, state)
            line.setIcon(_WHAT, icons.icon(row.sign, "muted"))
            self._series[study.id, row.uid] = line
        for each in (item, person):
            each.setFlags(each.flags() | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsAutoTristate)

    def rows(self) -> Iterator[SeriesRow]:
        """Yield every series, in the order shown."""
        for line in self._series.values():
            row = line.data(_WHAT, Qt.ItemDataRole.UserRole)
            assert isinstance(row, SeriesRow)
            yield row

    def show_thumbnail(self, row: SeriesRow, pixels: NDArray[np.uint8]) -> None:
        """Put a series' small picture."""
        line = self._series.get((row.study.id, row.uid))
        if line is None:
            return
        kind = QImage.Format.Format_Grayscale8 if pixels.ndim == 2 else QImage.Format.Format_RGB888
        image = QImage(pixels.data, pixels.shape[1], pixels.shape[0], pixels.strides[0], kind)
        self.blockSignals(True)
        line.setIcon(_WHAT, QIcon(QPixmap.fromImage(image.copy())))
        self.blockSignals(False)
        self.scheduleDelayedItemsLayout()  # a row with a picture is higher, and what stands below moves

    def choices(self) -> tuple[Choice, ...]:
        """Return what is ticked, and for whom."""
        found: list[Choice] = []
        for place in range(self.topLevelItemCount()):
            ticked = frozenset(row.uid for row, is_ticked in self._lines(place) if is_ticked)
            if ticked:
                found.append(Choice(self._patient(place), self._files(place), ticked))
        return tuple(found)

    def images(self) -> int:
        """Return how many pictures are ticked."""
        return sum(
            row.images
            for place in range(self.topLevelItemCount())
            for row, is_ticked in self._lines(place)
            if is_ticked
        )

    def is_certain(self) -> bool:
        """Return whether the numbers of everybody ticked agree with the patient they are for."""
        return all(
            self._fit(place) == "identifier"
            for place in range(self.topLevelItemCount())
            if any(is_ticked for _row, is_ticked in self._lines(place))
        )

    def tick(self, place: int, *, is_ticked: bool) -> None:
        """Tick everything of a person, or nothing."""
        self._person(place).setCheckState(_WHAT, _CHECKED if is_ticked else _OPEN)

    def retranslate(self) -> None:
        """Say everything anew."""
        self.setAccessibleName(_("What was found"))
        self.setHeaderLabels([_("Patient, study, series"), _("Images"), _("Date"), _("Agrees by"), _("For whom")])
        self.blockSignals(True)
        for place in range(self.topLevelItemCount()):
            self._say_person(place)
        self.blockSignals(False)

    def _say_person(self, place: int) -> None:
        item, files = self._person(place), self._files(place)
        person = files.person
        numbers = ", ".join(f"{value} ({issuer})" if issuer else value for value, issuer in person.ids[:2])
        born = form_date_of(person.birth_date)
        item.setText(
            _WHAT, "  ·  ".join(part for part in (person.name or _("No name in the files"), born, numbers) if part)
        )
        item.setToolTip(_WHAT, plain_tip(item.text(_WHAT)))
        fit = self._fit(place)
        item.setText(_FIT, fit_words(fit))
        item.setForeground(_FIT, theme.token(_INKS[fit], theme.worn_by(self)))
        self._whom[place].setAccessibleName(_("For whom: {name}", name=person.name))
        total = 0
        for study_item in _children(item):
            study: ImagingStudy = study_item.data(_WHAT, Qt.ItemDataRole.UserRole)
            study_item.setText(_WHAT, study.description or _("Study without a description"))
            study_item.setText(_DAY, form_date(study.started) if study.started else "")
            total += self._say_series(study_item)
        item.setText(_COUNT, str(total))

    def _say_series(self, study_item: QTreeWidgetItem) -> int:
        assert self._intake is not None
        known = self._intake.gathered.known if self._intake.gathered else frozenset()
        total = 0
        for line in _children(study_item):
            row: SeriesRow = line.data(_WHAT, Qt.ItemDataRole.UserRole)
            line.setText(_WHAT, "  ·  ".join(part for part in (row.modality, row.series.description or "") if part))
            line.setText(_COUNT, str(row.images))
            line.setText(_DAY, row.day)
            here = sum(each.uid in known for each in row.series.instance)
            line.setText(
                _FIT, counted("{count} file is here already", "{count} files are here already", here) if here else ""
            )
            total += row.images
        study_item.setText(_COUNT, str(total))
        return total

    def _lines(self, place: int) -> Iterator[tuple[SeriesRow, bool]]:
        for study in _children(self._person(place)):
            for line in _children(study):
                yield line.data(_WHAT, Qt.ItemDataRole.UserRole), line.checkState(_WHAT) == _CHECKED

    def _person(self, place: int) -> QTreeWidgetItem:
        item = self.topLevelItem(place)
        assert item is not None
        return item

    def _files(self, place: int) -> PersonFiles:
        assert self._intake is not None
        assert self._intake.gathered is not None
        return self._intake.gathered.people[place]

    def _patient(self, place: int) -> Patient:
        found: Patient = self._whom[place].currentData()
        return found

    def _fit(self, place: int) -> str:
        """Return how far somebody's files agree with whom they are for; others were found by their number."""
        return self._files(place).sameness if self._whom[place].currentIndex() == 0 else "identifier"

    def _tell(self, _item: QTreeWidgetItem | None, _column: int = 0) -> None:
        self.retranslate()
        self.changed.emit()


def _children(item: QTreeWidgetItem) -> Iterator[QTreeWidgetItem]:
    for place in range(item.childCount()):
        child = item.child(place)
        assert child is not None
        yield child


def form_date_of(iso: str) -> str:
    """Return a date as forms write it, empty where there is none."""
    year, _dash, rest = iso.partition("-")
    month, _dash, day = rest.partition("-")
    return f"{day}.{month}.{year}" if day else iso


def fit_words(fit: str) -> str:
    """Return by what files and a patient agree."""
    words = {
        "identifier": _("Number"),
        "name": _("Only the name: compare the birth date"),
        "unsaid": _("Nothing: the files do not say whose they are"),
        "other": _("Nothing: another name, number or birth date"),
    }
    return words[fit]
