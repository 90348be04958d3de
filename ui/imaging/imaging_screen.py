"""The images of the patient in hand: series at the left, the picture at the right. Dark whatever the windows wear."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QHideEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QHBoxLayout, QStackedWidget, QWidget

from clinic_app.access import Draft
from clinic_app.records import Patient
from ui import icons, theme
from ui.imaging.finding import Finding
from ui.imaging.import_panel import ImportReportCard
from ui.imaging.light_box import LightBox
from ui.imaging.measuring.marks_desk import MarksDesk
from ui.imaging.outside.exit_desk import ExitDesk, ExitParts
from ui.imaging.outside.view_model_exit import ExitViewModel
from ui.imaging.review_panel import ReviewPanel
from ui.imaging.view_model import ImagingViewModel
from ui.imaging.view_model_archive import ArchiveViewModel
from ui.imaging.viewer import Viewer
from ui.language import _, say
from ui.remembered import Remembered
from ui.widgets.busy_line import BusyLine
from ui.widgets.buttons import Button
from ui.widgets.empty_state import EmptyState
from ui.widgets.image_canvas import ImageCanvas
from ui.widgets.page import Page


class ImagingScreen(Page):
    """Series and viewer.

    Args:
        model: the images.
        place: what it will stand in (see `Page`).
        remembered: layouts and windows this person chose before.
        archive: finds images in other hospitals' archives; None where nobody may.
        leaving: takes images out; None where there is no way out.

    ``choose_folder`` asks for the folder to take in; None means nobody chose one. ``choose_files`` asks for files,
    archives and images of discs. Any of them can be dropped here, too. Signal ``draft_left``: see `ui.drafts`.
    """

    draft_left = Signal(object)

    def __init__(
        self,
        model: ImagingViewModel,
        place: QWidget | None = None,
        remembered: Remembered | None = None,
        archive: ArchiveViewModel | None = None,
        leaving: ExitViewModel | None = None,
    ) -> None:
        super().__init__("images", place)
        theme.make_clinical(self)
        model.setParent(self)
        self._model = model
        self.choose_folder: Callable[[], Path | None] = self._ask_for_folder
        self.choose_files: Callable[[], Sequence[Path]] = self._ask_for_files
        self.setAcceptDrops(True)
        self._import = Button("imaging.import", "primary", "folder-open")
        self._import_files = Button("imaging.import_files", "plain")
        self._stack = stack = QStackedWidget(self)
        self._finding = Finding("imaging.archive", model, archive, stack, self) if archive is not None else None
        self._body = QWidget(self._stack)
        self.box = LightBox("imaging", model, remembered, self._body)
        self.panes, self.series, self._tools = self.box.panes, self.box.list, self.box.panes.tools
        self.marks = MarksDesk("imaging", model.marks, self._tools, self.panes.active) if model.marks else None
        self.out = self._exit_desk(leaving, remembered) if leaving is not None else None
        self._busy = BusyLine("imaging")
        self._busy.setObjectName("imaging.progress")
        self._report = ImportReportCard("imaging.report")
        self._question = ReviewPanel("imaging.confirm_names")
        self._none = EmptyState("imaging.none", "images")
        self._build()
        self._connect()
        icons.redraw_in(self)
        self.retranslate()
        self._show_list()
        self._show_import()

    def _build(self) -> None:
        found = (self._finding.button,) if self._finding is not None else ()
        for button in (*found, self._import_files, self._import):
            self.head.addWidget(button)
        for part in (self._busy, self._report):
            self.column.addWidget(part)
        self.column.addWidget(self._stack, 1)
        self._stack.addWidget(self._none)
        row = QHBoxLayout(self._body)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.box)
        if self.marks is not None:
            self.panes.put_beside(self.marks.panel)
        self._stack.addWidget(self._body)
        self._stack.addWidget(self._question)
        if self._finding is not None:
            self._finding.changed.connect(self._show_page)
            self._finding.noticed.connect(self.noticed)

    def _connect(self) -> None:
        model = self._model
        model.listed.connect(self._show_list)
        model.thumbnail_made.connect(self.box.show_thumbnail)
        for signal in (model.closed, model.decoded, model.undecoded):
            signal.connect(lambda *_what: self._show_marked())
        model.marked.connect(self._show_marked)
        model.import_changed.connect(self._show_import)
        model.importer.progressed.connect(self._busy.progress)
        model.refused.connect(lambda text: self.noticed.emit(say(text), "warn"))
        model.succeeded.connect(lambda text: self.noticed.emit(say(text), "ok"))
        self.panes.image_asked.connect(self._go_to_image)
        self._tools.keep_asked.connect(self._keep_view)
        self._tools.mark_asked.connect(self._mark)
        self._tools.key_object_asked.connect(model.keep_key_object)
        self._import.clicked.connect(self._take_folder)
        self._busy.cancelled.connect(model.importer.cancel)
        self._report.closed.connect(model.dismiss)
        self._import_files.clicked.connect(self._take_files)
        self._question.confirmed.connect(lambda: model.confirm(self._question.choices, self._question.encoding))
        model.found_pictured.connect(self._question.tree.show_thumbnail)
        self._question.declined.connect(model.dismiss)
        if self.marks is not None:
            self._connect_marks(self.marks)
        self.shortcut("K", self._mark)
        self.shortcut("Shift+K", model.keep_key_object)
        self.shortcut("S", self._keep_view)

    def _connect_marks(self, marks: MarksDesk) -> None:
        marks.setParent(self)
        marks.go_elsewhere = self._go_to_image
        self.panes.layout_changed.connect(lambda: marks.serve_all(self.panes.shown))
        self.panes.active_changed.connect(lambda: marks.act_on(self.panes.active))
        marks.model.kept.connect(self._model.refresh)
        marks.model.refused.connect(lambda text: self.noticed.emit(say(text), "warn"))
        marks.model.succeeded.connect(lambda text: self.noticed.emit(say(text), "ok"))
        self._model.patient_left.connect(self._leave_marks)

    def _exit_desk(self, leaving: ExitViewModel, remembered: Remembered | None) -> ExitDesk:
        """Put the ways out beside the tools."""
        leaving.setParent(self)
        leaving.patient = lambda: self._model.patient
        parts = ExitParts(leaving, self.panes, lambda: self._model.rows, self.panes.active.series.runner, remembered)
        desk = ExitDesk("imaging", parts, self)
        self.head.addWidget(desk.button)
        desk.changed.connect(self._show_page)
        desk.noticed.connect(self.noticed)
        self._model.patient_left.connect(lambda _patient: desk.forget())
        for keys, act in desk.keys().items():
            self.shortcut(keys, act)
        return desk

    def _leave_marks(self, patient: Patient | None) -> None:
        """What was measured on the pictures of the patient who goes waits for whoever drew it."""
        if self.marks is not None:
            for draft in self.marks.drafts(patient):
                self.draft_left.emit(draft)
            self.marks.model.forget()

    def has_unsaved(self) -> bool:
        """Return whether marks are not kept."""
        return bool(self.drafts())

    def drafts(self) -> tuple[Draft, ...]:
        """Return the marks that are not kept."""
        return self.marks.drafts(self._model.patient) if self.marks is not None else ()

    def take_draft(self, draft: Draft) -> None:
        """Go on with marks that were left."""
        if self.marks is not None:
            self.marks.model.take_up(draft.values)

    def make_more(self) -> bool:
        """Make the page of the archives; return False when nothing is left to be made."""
        return self._finding is not None and self._finding.make_page()

    @property
    def viewer(self) -> Viewer:
        """The pane in hand."""
        return self.panes.active

    @property
    def canvas(self) -> ImageCanvas:
        """The pictures of the pane in hand."""
        return self.panes.active.canvas

    def entered(self) -> None:
        """Begin in the picture where there is one, else at what to do next."""
        if self._model.question is not None:
            self._question.enter()
            return
        (self.viewer.front if self._model.rows else self._import).setFocus()

    def showEvent(self, _event: QShowEvent) -> None:
        """List anew."""
        self._model.watch(True)

    def hideEvent(self, _event: QHideEvent) -> None:
        """Rest."""
        self._model.watch(False)

    def retranslate(self) -> None:
        """Say everything anew."""
        self.title.setText(_("Images"))
        self._import.say(_("Import a folder…"))
        self._import_files.say(_("Files, ZIP, ISO…"))
        if self._finding is not None:
            self._finding.say()
        if self.out is not None:
            self.out.say()
        self._none.say(
            _("No images yet"),
            _("Put in the CD or the stick from the X-ray, CT or ultrasound room and import its folder."),
        )
        if self._model.importer.is_running:
            self._busy.begin(_("Images are being imported…"), can_cancel=True)
        self._show_marked()

    def _show_list(self) -> None:
        self._show_page()
        self.box.show_rows()

    def _show_page(self) -> None:
        model = self._model
        page = self._body if model.rows else self._none
        if self._finding is not None and self._finding.is_open:
            page = self._finding.page
        if self.out is not None and self.out.page is not None:
            page = self.out.page
            if self._stack.indexOf(page) < 0:
                self._stack.addWidget(page)
        self._stack.setCurrentWidget(self._question if model.question is not None else page)

    def _show_marked(self) -> None:
        model = self._model
        self._tools.set_marked(is_marked=model.is_marked, can_mark=model.can_mark)
        self._tools.set_can_keep(can_keep=model.can_keep_view)
        self._tools.set_key_images(len(model.key_images))
        self.viewer.set_marked(is_marked=model.is_marked)
        for pane in self.panes.shown:
            stack, places = pane.series.stack, model.marks_of(pane.series.row)
            pane.strip.show_marked([stack.position_of(*place) + 1 for place in places] if stack is not None else ())

    def _keep_view(self) -> None:
        seen = self.canvas.seen
        if seen is not None:
            self._model.keep_view(seen)

    def _go_to_image(self, sop_uid: str, frame_number: int) -> None:
        """Open the picture a report points at, if it is here."""
        row = next((row for row in self._model.rows if any(each.uid == sop_uid for each in row.series.instance)), None)
        if row is None:
            self.noticed.emit(_("The image this report points at is not here."), "warn")
            return
        self.series.mark(row.uid)
        self._model.open_at(row, sop_uid, frame_number)

    def _mark(self) -> None:
        if self._model.is_marked:
            self._model.unmark()
        elif self._model.can_mark:
            self._model.mark(self.canvas.dicom_window, [each.mark for each in self.canvas.shown_marks()])

    def _show_import(self) -> None:
        had_cursor = self._has_cursor()
        self._show_intake()
        if had_cursor and not self._has_cursor():
            self.entered()  # the part with the cursor is gone

    def _has_cursor(self) -> bool:
        cursor = QApplication.focusWidget()
        return cursor is not None and self.isAncestorOf(cursor)

    def _show_intake(self) -> None:
        model = self._model
        if model.importer.is_running:
            self._busy.begin(_("Images are being imported…"), can_cancel=True)
        else:
            self._busy.end()
        for button in (self._import, self._import_files):
            button.setEnabled(model.can_import)
        self._report.show_intake(model.intake)
        self._show_page()
        if self._question.ask(model.question):
            model.look_through(self._question.tree.rows())

    def _take_folder(self) -> None:
        folder = self.choose_folder()
        if folder is not None:
            self._model.import_paths((folder,))

    def _take_files(self) -> None:
        if paths := self.choose_files():
            self._model.import_paths(paths)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take what lies on this computer's disks, while nothing else is being taken in."""
        if self._model.can_import and _paths_in(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Take in what was dropped."""
        event.acceptProposedAction()
        self._model.import_paths(_paths_in(event))

    def _ask_for_folder(self) -> Path | None:
        chosen = QFileDialog.getExistingDirectory(self, _("Folder with images"))
        return Path(chosen) if chosen else None

    def _ask_for_files(self) -> Sequence[Path]:
        chosen, _kind = QFileDialog.getOpenFileNames(self, _("Files, archives or images of discs"))
        return tuple(map(Path, chosen))


def _paths_in(event: QDropEvent) -> tuple[Path, ...]:
    """Return the files and folders of this computer that are dragged."""
    urls = event.mimeData().urls()
    return tuple(Path(url.toLocalFile()) for url in urls if url.isLocalFile() and url.toLocalFile())
