"""The ways out of the viewer behind one button: a folder or an archive, a picture file, paper, and what a file says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from clinic_app.foundation.errors import ClinicError
from ui import language
from ui.imaging.outside.contact_page import ContactPage
from ui.imaging.outside.contact_sheet import ContactWish, contact_sheet
from ui.imaging.outside.exit_page import ExitPage
from ui.imaging.outside.picture_out import Seen, picture_name, seen_image, seen_sheet, whose
from ui.imaging.outside.tag_page import TagModel, TagPage
from ui.imaging.outside.view_model_exit import watched
from ui.language import _, say
from ui.widgets.buttons import Button
from ui.widgets.paper_viewer import show_with_system

if TYPE_CHECKING:
    from ui.imaging.outside.view_model_exit import ExitViewModel
    from ui.imaging.panes import Panes
    from ui.imaging.shelf import SeriesRow
    from ui.remembered import Remembered
    from ui.tasks import Job, TaskRunner

_KEYS: Final = {
    "export": "Ctrl+E",
    "picture": "Ctrl+S",
    "paper": "Ctrl+P",
    "true_size": "",
    "sheet": "Ctrl+Shift+P",
    "tags": "Ctrl+T",
}


@dataclass(frozen=True)
class ExitParts:
    """What the ways out stand on.

    Args:
        model: takes series out.
        panes: what is seen.
        rows: the series of the patient in hand.
        runner: the way into the background.
        remembered: what this person chose before.
    """

    model: ExitViewModel
    panes: Panes
    rows: Callable[[], tuple[SeriesRow, ...]]
    runner: TaskRunner
    remembered: Remembered | None = None


class ExitDesk(QObject):
    """The button, its menu, and the pages they lead to; pages are made when they are first wanted.

    Args:
        name: stable object name: the button is ``name.out``, its lines ``name.out.export`` and so on.
        parts: what it stands on.
        parent: lives as long as this.

    ``choose_picture`` and ``choose_paper`` ask where to; None means nobody chose. ``show_paper`` opens what was written
    with the computer's own reader, which prints it. Signals: ``changed``: see ``page``; ``noticed(str, str)``: words
    and a tone.
    """

    changed = Signal()
    noticed = Signal(str, str)

    def __init__(self, name: str, parts: ExitParts, parent: QWidget) -> None:
        super().__init__(parent)
        self._name, self._parts = name, parts
        self.page: QWidget | None = None
        self._export: ExitPage | None = None
        self._tags: TagPage | None = None
        self._sheet: ContactPage | None = None
        self._tag_model = TagModel(parts.runner)
        self._tag_model.setParent(self)
        self.choose_picture: Callable[[str], Path | None] = lambda start: self._ask(start, "PNG (*.png);;JPEG (*.jpg)")
        self.choose_paper: Callable[[str], Path | None] = lambda start: self._ask(start, "PDF (*.pdf)")
        self.show_paper: Callable[[Path], object] = show_with_system
        self.button = Button(f"{name}.out", "plain", "download")
        self.menu = QMenu(self.button)
        self.button.setMenu(self.menu)
        acts: dict[str, Callable[[], None]] = {
            "export": self.open_export,
            "picture": self.save_picture,
            "paper": self.save_paper,
            "true_size": lambda: self.save_paper(is_true_size=True),
            "sheet": self.open_sheet,
            "tags": self.open_tags,
        }
        self.actions: dict[str, QAction] = {}
        for key, act in acts.items():
            action = QAction(self.menu)
            action.setObjectName(f"{name}.out.{key}")
            action.triggered.connect(lambda _checked, act=act: act())
            self.menu.addAction(action)
            self.actions[key] = action
        self.menu.addSeparator()
        self.wishes: dict[str, QAction] = {}
        for key in ("marks", "name"):
            wish = QAction(self.menu)
            wish.setObjectName(f"{name}.out.{key}")
            wish.setCheckable(True)
            wish.setChecked(True)
            self.menu.addAction(wish)
            self.wishes[key] = wish
        self._tag_model.refused.connect(lambda text: self.noticed.emit(say(text), "warn"))
        self.menu.aboutToShow.connect(self.follow)
        if parts.model.can_export:
            parts.panes.let_out(parts.model.note)
        self.say()
        self.follow()

    def keys(self) -> dict[str, Callable[[], None]]:
        """Return what keys do, for the screen they work on."""
        acts = (self.open_export, self.save_picture, self.save_paper, self.open_sheet, self.open_tags)
        return dict(zip((key for key in _KEYS.values() if key), acts, strict=True))

    def follow(self) -> None:
        """Offer what can be done with what is in hand."""
        has_picture = self._parts.panes.active.canvas.picture is not None
        may = self._parts.model.can_export
        self.actions["export"].setEnabled(may and bool(self._parts.rows()))
        self.actions["picture"].setEnabled(may and has_picture)
        for key in ("paper", "true_size"):
            self.actions[key].setEnabled(may and has_picture)
        self.actions["sheet"].setEnabled(may and has_picture and self._parts.panes.active.series.count > 1)
        self.actions["tags"].setEnabled(self._row() is not None)

    def say(self) -> None:
        """Say everything anew."""
        self.button.say(_("Take out, print"))
        words = {
            "export": _("Take images out…"),
            "picture": _("Save the picture as it is seen…"),
            "paper": _("PDF for print…"),
            "true_size": _("PDF in true size…"),
            "sheet": _("The series on paper…"),
            "tags": _("What the file says"),
        }
        self.wishes["marks"].setText(_("Pictures and PDF: with what was measured"))
        self.wishes["name"].setText(_("Pictures and PDF: with the patient's name"))
        for key, action in self.actions.items():
            action.setText(f"{words[key]}\t{_KEYS[key]}".rstrip())

    @property
    def seen(self) -> Seen:
        """What of a view goes along."""
        return Seen(self.wishes["marks"].isChecked(), self.wishes["name"].isChecked())

    def open_export(self) -> None:
        """Bring the page where series are taken out to the front, the series in hand chosen."""
        rows, row = self._parts.rows(), self._row()
        if not self._parts.model.can_export or not rows:
            return
        if self._export is None:
            self._export = ExitPage(f"{self._name}.exit", self._parts.model, self._parts.remembered)
            self._export.left.connect(self.close)
            self._export.noticed.connect(self.noticed)
        study = row.study.id if row is not None else rows[0].study.id
        self._parts.model.open(rows, [each for each in rows if each.study.id == study])
        self._open(self._export)
        self._export.enter()

    def open_tags(self) -> None:
        """Bring what the file in hand says to the front."""
        row, model = self._row(), self._parts.model
        if row is None:
            return
        if self._tags is None:
            self._tags = TagPage(f"{self._name}.tags", self._tag_model)
            self._tags.left.connect(self.close)
        picture = self._parts.panes.active.canvas.picture
        sop_uid = picture.frame.sop_uid if picture is not None else row.series.instance[0].uid
        uid = sop_uid if any(each.uid == sop_uid for each in row.series.instance) else row.series.instance[0].uid
        self._open(self._tags)
        self._tags.enter()
        self._tag_model.open(lambda: model.tags_of(row, uid))

    def open_sheet(self) -> None:
        """Bring the page to the front where the series in hand is put on paper as small pictures."""
        pane, row = self._parts.panes.active, self._row()
        stack, picture = pane.series.stack, pane.canvas.picture
        if row is None or stack is None or picture is None or not self._parts.model.can_export:
            return
        page = self._sheet or self._make_sheet_page()
        window = pane.canvas.dicom_window
        name, numbers = whose(self._parts.model.patient(), self.seen)
        series = "  ".join(word for word in (row.modality, row.day, row.description) if word)
        told = f"PDF, {{count}} pictures of a series, {self._named()}"
        page.choose = lambda: self.choose_paper(f"{picture_name(pane, is_whole=True)}.pdf")

        def write(path: Path, wish: ContactWish, job: Job) -> None:
            from clinic_app.documents.picture_paper import render_pictures
            from clinic_app.foundation.durable_files import write_atomically

            sheet = contact_sheet(stack, wish, window, name, (*numbers, series))
            self._parts.model.note(row, told.format(count=len(wish.numbers)))
            write_atomically(path, (render_pictures(sheet, language.current(), watched(job)),))

        page.open(len(stack), series, write)
        self._open(page)
        page.grid.setFocus()

    def _make_sheet_page(self) -> ContactPage:
        page = self._sheet = ContactPage(f"{self._name}.sheet", self._parts.runner, self._parts.remembered)
        page.left.connect(self.close)
        page.refused.connect(lambda words: self.noticed.emit(words, "warn"))
        page.written.connect(self._show_written)
        return page

    def _show_written(self, path: Path) -> None:
        self.noticed.emit(_("Written: {name}", name=path.name), "ok")
        self.show_paper(path)

    def close(self) -> None:
        """Go back to the images."""
        if self.page is not None:
            self.page = None
            self.changed.emit()

    def forget(self) -> None:
        """Another patient: nothing of the one before stays to be seen."""
        self._parts.model.close()
        self._tag_model.close()
        if self._sheet is not None:
            self._sheet.stop()
        self.close()

    def save_picture(self) -> None:
        """Write the picture in hand as it is seen, with its marks and corners."""
        pane = self._parts.panes.active
        if pane.canvas.picture is None or not self._parts.model.can_export:
            return
        path = self.choose_picture(f"{picture_name(pane)}.png")
        if path is not None:
            image = seen_image(pane.canvas, self.seen)
            self._write(
                path,
                f"{path.suffix.lstrip('.').upper() or 'PNG'}, as seen, {self._named()}",
                lambda: _saved(image, path),
            )

    def save_paper(self, *, is_true_size: bool = False) -> None:
        """Write the pictures of the panes on paper, by default as large as there is room."""
        panes, row = self._parts.panes, self._row()
        shown = [pane for pane in panes.shown if pane.canvas.picture is not None]
        if row is None or not shown or not self._parts.model.can_export:
            return
        path = self.choose_paper(f"{picture_name(panes.active)}.pdf")
        if path is None:
            return
        sheet = seen_sheet(shown, self._parts.model.patient(), self.seen, is_true_size=is_true_size)
        spoken = language.current()

        def work() -> None:
            from clinic_app.documents.picture_paper import render_pictures
            from clinic_app.foundation.durable_files import write_atomically

            write_atomically(path, (render_pictures(sheet, spoken),))

        self._write(path, f"PDF, {self._named()}", work, self.show_paper)

    def _write(
        self, path: Path, what: str, work: Callable[[], None], show: Callable[[Path], object] | None = None
    ) -> None:
        """Write a file in the background, noted before it is written."""
        row, model = self._row(), self._parts.model
        if row is None:
            return

        def noted() -> None:
            model.note(row, what)
            work()

        def written(_none: object) -> None:
            self.noticed.emit(_("Written: {name}", name=path.name), "ok")
            if show is not None:
                show(path)

        self._parts.runner.run(noted, owner=self, done=written, failed=self._refuse)

    def _named(self) -> str:
        return "with the patient" if self.seen.has_name else "without the patient's name"

    def _refuse(self, error: ClinicError) -> None:
        self.noticed.emit(say(error.text), "warn")

    def _row(self) -> SeriesRow | None:
        return self._parts.panes.active.series.row

    def _open(self, page: QWidget) -> None:
        self.page = page
        self.changed.emit()

    def _ask(self, start: str, kinds: str) -> Path | None:
        remembered = self._parts.remembered
        folder = remembered.values.get("exit.place", "") if remembered is not None else ""
        begin = str(Path(folder) / start) if folder else start
        chosen, _kind = QFileDialog.getSaveFileName(self.button, _("Name of the file"), begin, kinds)
        if not chosen:
            return None
        path = Path(chosen)
        if remembered is not None:
            remembered.put(**{"exit.place": str(path.parent)})
        return path if path.suffix else path.with_suffix(Path(start).suffix)


def _saved(image: object, path: Path) -> None:
    """Write a picture whole or not at all.

    Raises:
        StorageError: the disk refused it.
    """
    from PySide6.QtCore import QBuffer, QByteArray, QIODevice
    from PySide6.QtGui import QImage

    from clinic_app.foundation.durable_files import write_atomically

    assert isinstance(image, QImage)
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    is_jpeg = path.suffix.lower() in (".jpg", ".jpeg")
    image.save(buffer, "JPEG" if is_jpeg else "PNG", 95 if is_jpeg else -1)  # type: ignore[call-overload]
    write_atomically(path, (bytes(data.data()),))
