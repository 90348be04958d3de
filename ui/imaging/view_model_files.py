"""Files that belong to nobody here: looked through where they lie, listed as series, opened one after another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.viewing.hanging import Rules
from clinic_app.imaging.viewing.hanging_rules import rules_of
from clinic_app.records import HumanName, Patient
from ui.imaging.open_series import OpenSeries
from ui.imaging.shelf import SeriesRow, rows_of
from ui.pictures import small_picture
from ui.tasks import Job, TaskRunner

if TYPE_CHECKING:
    from clinic_app.foundation.apart import Apart
    from clinic_app.imaging import LocalFiles, Opened

THUMBNAIL_PX = 112


class FilesViewModel(QObject):
    """The files.

    Args:
        path: a file or a folder.
        apart: decodes what is compressed.
        runner: the way into the background.

    The series that is open in the pane in hand is ``series``. Signals: ``listed``: see ``rows`` and ``refusals``;
    ``progressed(int, int)``: files looked at and files in all; ``thumbnail_made(str)``: see ``thumbnails``;
    ``refused(Text)``.
    """

    listed = Signal()
    progressed = Signal(int, int)
    thumbnail_made = Signal(str)
    refused = Signal(object)

    def __init__(self, path: Path, apart: Apart, runner: TaskRunner) -> None:
        super().__init__()
        self._path = path
        self._apart = apart
        self.runner = runner
        self._files: LocalFiles | None = None
        self._job: Job | None = None
        self._waiting: list[SeriesRow] = []
        self.rows: tuple[SeriesRow, ...] = ()
        self.thumbnails: dict[str, NDArray[np.uint8]] = {}
        self.hanging = Rules()
        self._is_first_taken = False
        self.series = self._new_series()

    def make_series(self) -> OpenSeries:
        """Return what opens series for one more pane; for the first one that is ``series`` itself."""
        if not self._is_first_taken:
            self._is_first_taken = True
            return self.series
        return self._new_series()

    def activate(self, series: OpenSeries) -> None:
        """Another pane is in hand."""
        self.series = series

    def _new_series(self) -> OpenSeries:
        made = OpenSeries(self._opened, self.runner, self)
        made.refused.connect(self.refused)
        return made

    @property
    def files(self) -> LocalFiles:
        """The files that are listed; none before that."""
        from clinic_app.imaging import LocalFiles

        return self._files or LocalFiles()

    def person(self) -> Patient | None:
        """Return whom the files of the study in hand are about, by their own word; None where they do not say."""
        row = self.series.row
        if row is None or self._files is None:
            return None
        said = self._files.person(row.study)
        if not said.name:
            return None
        return Patient(id="nobody", name=(HumanName(family=said.name),), birth_date=said.birth_date or None)

    @property
    def refusals(self) -> tuple[tuple[str, Text], ...]:
        """Files that cannot be shown, and why."""
        return tuple((each.name, each.reason) for each in self._files.refused) if self._files else ()

    def look(self) -> None:
        """Look through the files."""
        path, apart = self._path, self._apart

        def work(job: Job) -> tuple[LocalFiles, Rules]:
            from clinic_app.imaging import LocalFiles

            files = LocalFiles.of(path, apart, progress=job.report, is_cancelled=job.is_cancelled)
            return files, rules_of(None)[0]

        self._job = self.runner.run_long(
            work, owner=self, done=self._list, failed=self._refuse, progressed=self.progressed.emit
        )

    def stop(self) -> None:
        """Look at no further file."""
        if self._job is not None:
            self._job.cancel()

    def _opened(self, row: SeriesRow) -> Opened:
        assert self._files is not None
        return self._files.shelf.opened(row.uid)

    def _list(self, found: tuple[LocalFiles, Rules]) -> None:
        self._job = None
        self._files, self.hanging = files, _rules = found
        self.rows = rows_of(files.studies)
        self._waiting = list(self.rows)
        self.listed.emit()
        self._make_thumbnail()

    def _make_thumbnail(self) -> None:
        if not self._waiting or self._files is None:
            return
        row, shelf = self._waiting.pop(0), self._files.shelf

        def work() -> NDArray[np.uint8]:
            stack = shelf.stack(row.uid)
            return small_picture(stack.frame(len(stack) // 2), THUMBNAIL_PX)

        self.runner.run(
            work,
            owner=self,
            done=lambda pixels: self._keep_thumbnail(row.uid, pixels),
            failed=lambda _error: self._make_thumbnail(),
        )

    def _keep_thumbnail(self, uid: str, pixels: NDArray[np.uint8]) -> None:
        self.thumbnails[uid] = pixels
        self.thumbnail_made.emit(uid)
        self._make_thumbnail()

    def _refuse(self, error: ClinicError) -> None:
        self._job = None
        self.refused.emit(error.text)
