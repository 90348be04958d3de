"""Where a series is seen: its pictures with their tools, or its reports to read, or its tracing on paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from clinic_app.foundation.dates import form_date, parse_form_date
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from ui.imaging.open_series import OpenSeries
from ui.imaging.report_view import ReportView
from ui.imaging.shelf import SeriesRow
from ui.imaging.tool_bar import ViewerTools
from ui.language import _, counted, say
from ui.pictures import Picture
from ui.widgets.ecg_paper import EcgPaper
from ui.widgets.image_canvas import ImageCanvas
from ui.widgets.image_overlay import Corners
from ui.widgets.recording_traces import traces_of

if TYPE_CHECKING:
    from clinic_app.imaging import Report
    from clinic_app.waveforms import Recording

_MOST_NUMBERS: Final = 8


class Viewer(QWidget):
    """Pictures, reports or a tracing of the series that is open.

    Args:
        name: stable object name of its parts: ``name.canvas``, ``name.report``, ``name.paper``.
        series: the series that is open.
    """

    def __init__(self, name: str, series: OpenSeries) -> None:
        super().__init__()
        self._series = series
        self._is_marked = False
        self.canvas = ImageCanvas(f"{name}.canvas")
        self.tools = ViewerTools(name, self.canvas)
        self.report = ReportView(f"{name}.report")
        self.paper = EcgPaper(f"{name}.paper")
        self._fronts = QStackedWidget()
        pictures = QWidget()
        column = QVBoxLayout(pictures)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.tools)
        column.addWidget(self.canvas, 1)
        self._pictures = pictures
        for front in (pictures, self.report, self.paper):
            self._fronts.addWidget(front)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._fronts)
        self._connect()

    def _connect(self) -> None:
        series = self._series
        series.opened.connect(self._show_pictures)
        series.read.connect(self._show_reports)
        series.traced.connect(self._show_tracing)
        series.closed.connect(self._show_nothing)
        series.decoded.connect(self._show_picture)
        series.undecoded.connect(self._show_refusal)
        series.damage_found.connect(self._show_damage)
        self.canvas.number_asked.connect(series.want)

    @property
    def front(self) -> QWidget:
        """What is seen: the canvas, the report or the paper."""
        fronts: tuple[QWidget, ...] = (self.canvas, self.report, self.paper)
        return fronts[self._fronts.currentIndex()]

    def set_marked(self, *, is_marked: bool) -> None:
        """Say in the corner whether the picture is a key image."""
        self._is_marked = is_marked
        if self._series.picture is not None:
            self.canvas.set_corners(self._corners(self._series.picture))

    def _show_pictures(self) -> None:
        self._fronts.setCurrentWidget(self._pictures)
        self.canvas.show_series(self._series.count)
        self._show_damage()

    def _show_reports(self, reports: Sequence[Report]) -> None:
        self.report.show_reports(reports)
        self._fronts.setCurrentWidget(self.report)

    def _show_tracing(self, recording: Recording) -> None:
        self.paper.show_recording(traces_of(recording))
        self._fronts.setCurrentWidget(self.paper)

    def _show_nothing(self) -> None:
        self.canvas.show_series(0)
        self.report.show_reports(())
        self.paper.show_recording(())

    def _show_picture(self, number: int, picture: Picture) -> None:
        self.canvas.show_picture(picture, number, self._corners(picture))

    def _show_refusal(self, number: int, words: Text) -> None:
        self.canvas.show_words(number, say(words))

    def _show_damage(self) -> None:
        self.canvas.set_notes(damage_lines(self._series.damaged))

    def _corners(self, picture: Picture) -> Corners:
        return corners_of(picture, self._series.row, self._series.words, is_marked=self._is_marked)


def corners_of(picture: Picture, row: SeriesRow | None, words: str = "", *, is_marked: bool = False) -> Corners:
    """Return what the file says about itself; the name is the file's own, whoever is in hand.

    Args:
        picture: what is seen.
        row: its series.
        words: what a file that chose or marked the picture says.
        is_marked: it is a key image.
    """
    labels = picture.frame.labels
    name = labels.patient_name or _("No name in the file")
    day = _day(labels.study_date) or (row.day if row else "")
    series = labels.description or (row.description if row else "")
    return Corners((name, day), (labels.modality, series, words, _("Key image") if is_marked else ""))


def damage_lines(damaged: Sequence[int]) -> tuple[str, ...]:
    """Return the sentence about pictures that cannot be shown, if there are any."""
    if not damaged:
        return ()
    numbers = ", ".join(map(str, damaged[:_MOST_NUMBERS])) + (" …" if len(damaged) > _MOST_NUMBERS else "")
    words = counted("{count} image is damaged", "{count} images are damaged", len(damaged))
    return (_("{words} and cannot be shown: {numbers}.", words=words, numbers=numbers),)


def _day(stated: str) -> str:
    """Return a DICOM date as forms write it, or as it stands where it is none."""
    plain = stated.replace(".", "")  # files of the eighties write 1994.01.30
    try:
        return form_date(parse_form_date(f"{plain[6:]}.{plain[4:6]}.{plain[:4]}"))
    except InvalidInputError:
        return stated
