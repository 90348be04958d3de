"""Brings marks to viewers: each pane shows the book of its study, and the list follows the pane in hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject

from clinic_app.access import Draft
from clinic_app.records import Patient
from ui.imaging.measuring.marks_model import MarksModel
from ui.imaging.measuring.marks_panel import MarksPanel
from ui.imaging.tool_bar import ViewerTools
from ui.imaging.viewer import Viewer
from ui.widgets.image_mark_book import MarkBook
from ui.widgets.patient_words import list_name


class MarksDesk(QObject):
    """Marks of one or several viewers.

    Args:
        name: stable object name of the list.
        model: the books.
        tools: has the tools that draw, and what shows the list.
        first: the viewer in hand.
    """

    def __init__(self, name: str, model: MarksModel, tools: ViewerTools, first: Viewer) -> None:
        super().__init__()
        self.model = model
        model.setParent(self)
        self.panel = MarksPanel(name, model, first.canvas)
        self._tools = tools
        self._active = first
        self._nothing = MarkBook(self)
        self._served: set[Viewer] = set()
        self.go_elsewhere: Callable[[str, int], object] = lambda _sop_uid, _frame: None
        self.serve(first)
        self.panel.place_asked.connect(self._go_to)
        tools.marks.list_asked.connect(self._toggle)
        model.changed.connect(self._show_list)
        self._show_list()

    def drafts(self, patient: Patient | None) -> tuple[Draft, ...]:
        """Return the marks that are not kept, as a draft about their patient."""
        if patient is None or not self.model.is_changed:
            return ()
        values = self.model.unsaved()
        return (Draft(kind="marks", patient_id=patient.id, name=list_name(patient), values=values),)

    def serve(self, viewer: Viewer) -> None:
        """Show marks in one more viewer."""
        if viewer in self._served:
            return
        self._served.add(viewer)
        viewer.series.opened.connect(lambda: self._open(viewer))
        viewer.series.closed.connect(lambda: viewer.canvas.use_book(self._nothing))
        viewer.canvas.use_book(self._nothing)
        if viewer.series.row is not None:
            self._open(viewer)

    def serve_all(self, viewers: Iterable[Viewer]) -> None:
        """Show marks in all of these."""
        for viewer in viewers:
            self.serve(viewer)

    def act_on(self, viewer: Viewer) -> None:
        """Another viewer is in hand."""
        self._active = viewer
        self.panel.act_on(viewer.canvas)
        self._show_list()

    def _open(self, viewer: Viewer) -> None:
        row = viewer.series.row
        viewer.canvas.use_book(self.model.book_of(row.study) if row is not None else self._nothing)
        self._show_list()

    def _go_to(self, sop_uid: str, frame_number: int) -> None:
        """See the picture of a mark: in the pane in hand where its series is, else wherever it lies."""
        number = self._active.series.number_of(sop_uid, frame_number)
        if number:
            self._active.canvas.go_to(number)
            self._active.canvas.setFocus()
        else:
            self.go_elsewhere(sop_uid, frame_number)

    def _toggle(self) -> None:
        self.panel.is_wanted = not self.panel.is_wanted
        self.panel.refresh()
        self._show_list()

    def _show_list(self) -> None:
        self._tools.marks.show_list(is_shown=self.panel.is_wanted)
