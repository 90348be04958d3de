"""A window for files without a patient: series at the left, what they show at the right; nothing is kept.

What is seen can be taken out as from a patient's record: a picture, paper, a folder or an archive of the files, with or
without their patient; and what a file says inside can be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from clinic_app.foundation.texts import Text
from ui import icons, theme
from ui.imaging.light_box import LightBox
from ui.imaging.outside.exit_desk import ExitDesk, ExitParts
from ui.imaging.outside.view_model_exit import ExitViewModel
from ui.imaging.shelf import SeriesRow
from ui.imaging.view_model_files import FilesViewModel
from ui.imaging.viewer import Viewer
from ui.language import Translated, _, counted, say
from ui.widgets.busy_line import BusyLine
from ui.widgets.labels import label
from ui.widgets.standing_bar import StandingBar

if TYPE_CHECKING:
    from clinic_app.imaging import FrameStack
    from clinic_app.imaging.outside.deidentifying import Wish
    from clinic_app.imaging.outside.local_exit import LocalExit
    from clinic_app.imaging.outside.outgoing import ExitForm, Outgoing, Taken
    from clinic_app.imaging.outside.stopping import Watch
    from clinic_app.imaging.outside.tag_tree import TagTree
    from clinic_app.records import ImagingStudy

_NOTICE_MS: Final = 8000


class _FilesExit:
    """What lets the files of a window out, whichever it has by then."""

    def __init__(self, model: FilesViewModel) -> None:
        self._model = model

    @property
    def _exit(self) -> LocalExit:
        from clinic_app.imaging.outside.local_exit import LocalExit

        return LocalExit(self._model.files)

    def look(
        self, session: object, study: ImagingStudy, uids: Sequence[str], wish: Wish | None
    ) -> tuple[Outgoing, ...]:
        """Return how series would leave."""
        return self._exit.look(session, study, uids, wish)

    def take_out(self, session: object, form: ExitForm, target: Path, watch: Watch) -> Taken:
        """Write them."""
        return self._exit.take_out(session, form, target, watch)

    def tags(self, session: object, study: ImagingStudy, sop_uid: str) -> TagTree:
        """Return everything a file says."""
        return self._exit.tags(session, study, sop_uid)

    def note(self, session: object, study: ImagingStudy, what: str) -> None:
        """Note nothing: there is no trail here."""

    def stack(self, row: SeriesRow) -> FrameStack:
        """Return the pictures of a series."""
        return self._model.files.shelf.stack(row.uid)


class FilesWindow(Translated, QWidget):
    """The window.

    Args:
        model: the files.
        title: what was opened.
    """

    def __init__(self, model: FilesViewModel, title: str) -> None:
        super().__init__()
        self.setObjectName("files")
        self.setProperty("role", "page")
        self.setWindowTitle(title)
        theme.make_clinical(self)
        self._model = model
        model.setParent(self)
        self._fronts = QStackedWidget(self)
        self.box = LightBox("files", model, None, self._fronts)
        self.panes, self.series = self.box.panes, self.box.list
        self.panes.tools.without_keeping()
        self.out = self._exit_desk()
        self._notice = StandingBar("files.notice", "info", "neutral")
        self._quiet = QTimer(self, interval=_NOTICE_MS, singleShot=True)
        self._quiet.timeout.connect(self._notice.hide)
        self._busy = BusyLine("files")
        self._words = label(is_wrapped=True)
        self._words.setObjectName("files.words")
        self._refusal: Text | None = None
        self._lay_out()
        self._connect()
        icons.redraw_in(self)
        self.retranslate()
        self._busy.begin(_("The files are being looked through…"), can_cancel=True)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 12)
        column.setSpacing(8)
        head = QHBoxLayout()
        head.setSpacing(10)
        for part, stretch in ((self._words, 1), (self._notice, 1), (self._busy, 1)):
            head.addWidget(part, stretch)
        head.addStretch()
        head.addWidget(self.out.button)
        column.addLayout(head)
        self._fronts.addWidget(self.box)
        column.addWidget(self._fronts, 1)
        self._notice.hide()

    def _connect(self) -> None:
        model = self._model
        model.listed.connect(self._show_list)
        model.progressed.connect(self._busy.progress)
        model.thumbnail_made.connect(self.box.show_thumbnail)
        model.refused.connect(self._refuse)
        self._busy.cancelled.connect(model.stop)
        self.panes.image_asked.connect(self._go_to_image)
        self.out.changed.connect(self._show_page)
        self.out.noticed.connect(self._tell)

    def _exit_desk(self) -> ExitDesk:
        """Put the ways out beside the tools."""
        model = self._model
        way = _FilesExit(model)
        leaving = ExitViewModel(way, way.stack, model.runner, None, model.person)
        leaving.setParent(self)
        desk = ExitDesk("files", ExitParts(leaving, self.panes, lambda: model.rows, model.runner), self)
        for keys, act in desk.keys().items():
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.activated.connect(act)
        return desk

    @property
    def viewer(self) -> Viewer:
        """The pane in hand."""
        return self.panes.active

    def _show_page(self) -> None:
        page = self.out.page
        if page is not None and self._fronts.indexOf(page) < 0:
            self._fronts.addWidget(page)
        self._fronts.setCurrentWidget(page if page is not None else self.box)
        if page is None:
            self.viewer.front.setFocus()

    def _tell(self, words: str, tone: str) -> None:
        """Say what came of it, for a while."""
        self._notice.show_words(words)
        if tone == "warn":
            self._quiet.stop()  # until something else is said
            return
        self._quiet.start()

    def _go_to_image(self, sop_uid: str, frame_number: int) -> None:
        """Open the picture a report points at, if it is among the files."""
        rows = (row for row in self._model.rows if any(each.uid == sop_uid for each in row.series.instance))
        row = next(rows, None)
        if row is None:
            self._tell(_("The image this report points at is not here."), "warn")
            return
        self.series.mark(row.uid)
        self.viewer.series.open(row, (sop_uid, frame_number))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Look at nothing further."""
        self._model.stop()
        super().closeEvent(event)

    def text(self) -> str:
        """Return the sentence above the series."""
        return self._words.text()

    def retranslate(self) -> None:
        """Say everything anew."""
        self.out.say()
        refused = self._model.refusals
        words = say(self._refusal) if self._refusal else ""
        if refused and not words:
            first, reason = refused[0]
            words = counted("{count} file is not shown:", "{count} files are not shown:", len(refused))
            words += f" {first}: {say(reason)}" + (" …" if len(refused) > 1 else "")
        if self._model.files.is_shared:
            shared = _("Files of several people bear one study number; the name stands on each picture.")
            words = f"{words}  ·  {shared}" if words else shared
        self._words.setText(words)
        self._words.setVisible(bool(words))

    def _show_list(self) -> None:
        self._busy.end()
        self.box.show_rows()
        self.out.follow()
        self.viewer.front.setFocus()
        self.retranslate()

    def _refuse(self, words: Text) -> None:
        self._busy.end()
        self._refusal = words
        self.retranslate()
