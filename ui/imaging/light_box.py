"""Series at the left, panes at the right: what every reader of images has before him, with a patient or without.

A person chooses: with one pane, moving through the list is enough; with several, Enter, a double click or a drag puts a
series where he wants it. What arrives or is ready later changes nothing that is being looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Protocol

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from clinic_app.imaging.viewing.hanging import Layout, Rules, Start, hang, kind_of_study, newest_of
from clinic_app.records import ImagingStudy
from ui.imaging.open_series import OpenSeries
from ui.imaging.panes import Panes
from ui.imaging.series_list import SeriesList
from ui.imaging.shelf import SeriesRow
from ui.imaging.viewer import Viewer
from ui.imaging.viewing.cine_bar import CineBar
from ui.imaging.viewing.cine_player import CinePlayer
from ui.imaging.viewing.key_overview import KeyOverview
from ui.imaging.viewing.linking import MODES, Linking, LinkMode
from ui.imaging.viewing.presets import OwnWindow, PresetBook, kind_of_values
from ui.imaging.viewing.presets_dialog import PresetsDialog
from ui.imaging.volume.volume_door import VolumeDoor
from ui.remembered import Remembered
from ui.widgets.image_canvas import ImageCanvas
from ui.widgets.plain_keys import plain_key

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ui.pictures import Picture

LIST_PX: Final = 264
_LAYOUT: Final = "layout."


class SeriesSource(Protocol):
    """What the light box needs of a view model."""

    rows: tuple[SeriesRow, ...]
    thumbnails: dict[str, NDArray[np.uint8]]
    hanging: Rules

    def make_series(self) -> OpenSeries:
        """Return what opens series for one more pane."""
        ...

    def activate(self, series: OpenSeries) -> None:
        """Everything that is asked from now on means this pane's series."""
        ...


class LightBox(QWidget):
    """The list and the panes.

    Args:
        name: stable object name of the parts: ``name.series``, ``name.canvas`` and so on.
        model: where series come from.
        remembered: what this person chose before; None: nobody signed in.
        place: what it will stand in.

    Signal ``active_changed``: another pane is in hand, or another series is in it.
    """

    active_changed = Signal()

    def __init__(
        self, name: str, model: SeriesSource, remembered: Remembered | None = None, place: QWidget | None = None
    ) -> None:
        super().__init__(place)
        self._model = model
        self._remembered = remembered
        self._is_known = remembered is None
        self._presets = PresetBook(remembered)
        self._dressed: dict[Viewer, str] = {}
        if remembered is not None:
            remembered.setParent(self)
            remembered.known.connect(self._know)
            remembered.load()
        self.list = SeriesList(f"{name}.series", self)
        self.list.setFixedWidth(LIST_PX)
        self._fronts = QStackedWidget(self)
        reading = QWidget(self._fronts)
        self.panes = Panes(name, self._make_series, reading)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self.list)
        self.column = QVBoxLayout(reading)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.linking = Linking(self.panes)
        self.cine = CineBar(name, reading)
        self.column.setSpacing(6)
        self.column.addWidget(self.panes, 1)
        self.column.addWidget(self.cine)
        self._fronts.addWidget(reading)
        row.addWidget(self._fronts, 1)
        self.volume = VolumeDoor(f"{name}.volume", self.panes, self._fronts)
        self._keys = self._key_table()
        self._connect()
        self.cine.act_on(self.panes.active.player)

    def _connect(self) -> None:
        panes = self.panes
        self.list.selected.connect(self._move_to)
        self.list.chosen.connect(self._choose)
        panes.series_dropped.connect(self._drop)
        panes.active_changed.connect(self._follow_active)
        panes.layout_changed.connect(self._show_panes)
        panes.layout_chosen.connect(self._lay)
        panes.tools.hang_asked.connect(self.hang_again)
        panes.tools.presets_asked.connect(self.edit_presets)
        panes.tools.keys_asked.connect(self.show_keys)
        panes.tools.link_asked.connect(self.step_link)
        panes.tools.lines_asked.connect(self.toggle_lines)
        self.linking.changed.connect(self._show_linking)
        self.cine.used.connect(self.take_keys)
        panes.tools.volume_asked.connect(self.volume.open)
        self._show_linking()
        if self._remembered is not None:
            panes.tools.allow_own_presets()

    def show_rows(self) -> None:
        """List the series of the model anew; what the panes show stays."""
        row = self.panes.active.series.row
        self.list.show_rows(self._model.rows, row.uid if row else "")
        self._show_panes()
        if self._is_known and self._model.rows and not any(pane.series.row for pane in self.panes.shown):
            self.hang(newest_of([row.study for row in self._model.rows]))

    def hang(self, study: ImagingStudy) -> None:
        """Hang a study as the rules and this person's last layout for its kind say."""
        rows = self._model.rows
        studies = tuple({row.study.id: row.study for row in rows}.values())
        hung = hang(self._model.hanging, studies, study, self._layout_for(study))
        self.panes.set_grid(hung.layout)
        if len(hung.layout) > 1:
            self.linking.set_mode(self._link_for(is_linked=hung.is_linked))
        by_uid = {row.uid: row for row in rows}
        starts = [(by_uid[start.series_uid], start) if start else None for start in hung.starts]
        if not any(starts):
            starts[0] = (rows[0], Start(rows[0].uid))  # reports and tracings are hung by no rule
        for pane, found in zip(self.panes.shown, starts, strict=True):
            pane.series.close()
            if found is not None:
                pane.series.open(found[0], (found[1].sop_uid, found[1].frame_number))
        self.panes.activate(self.panes.shown[0])
        self.list.mark(starts[0][0].uid if starts[0] else "")
        self._show_panes()

    def hang_again(self) -> None:
        """Hang the study in hand anew."""
        row = self.panes.active.series.row or next(iter(self._model.rows), None)
        if row is not None:
            self.hang(row.study)

    def show_thumbnail(self, uid: str) -> None:
        """Show a small picture that was made."""
        self.list.show_thumbnail(uid, self._model.thumbnails[uid])

    def open_in(self, pane: Viewer, row: SeriesRow) -> None:
        """Show a series in a pane, on somebody's wish."""
        pane.series.open(row)
        self._show_panes()

    def take_keys(self) -> None:
        """Give the keys to the pane in hand."""
        self.panes.active.front.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Do with the panes what the picture in hand has no use for."""
        held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        is_shifted = held == Qt.KeyboardModifier.ShiftModifier
        act = self._keys.get((plain_key(event), is_shifted)) if is_shifted or not held else None
        if event.text() == "?":
            act = self.show_keys
        if act is not None:
            act()
        else:
            event.ignore()

    def _key_table(self) -> dict[tuple[Qt.Key, bool], Callable[[], object]]:
        """Return what keys do, with and without Shift."""
        keys, panes = Qt.Key, self.panes

        def play(act: Callable[[CinePlayer], None]) -> Callable[[], None]:
            return lambda: act(panes.active.player)

        slower, faster = play(lambda player: player.change_speed(-1)), play(lambda player: player.change_speed(1))
        return {
            (keys.Key_F1, False): self.show_keys,
            (keys.Key_Q, True): lambda: ImageCanvas.turn_left(panes.active.canvas),
            (keys.Key_J, False): self.hang_again,
            (keys.Key_M, False): panes.toggle_maximised,
            (keys.Key_F4, False): self.volume.open,
            (keys.Key_Y, False): self.step_link,
            (keys.Key_U, False): self.toggle_lines,
            (keys.Key_Comma, False): play(lambda player: player.step(-1)),
            (keys.Key_Period, False): play(lambda player: player.step(1)),
            (keys.Key_Comma, True): slower,
            (keys.Key_Less, True): slower,
            (keys.Key_Period, True): faster,
            (keys.Key_Greater, True): faster,
            (keys.Key_BracketLeft, False): play(CinePlayer.begin_part),
            (keys.Key_BracketRight, False): play(CinePlayer.end_part),
            (keys.Key_Backslash, False): play(CinePlayer.clear_part),
        }

    def step_link(self) -> None:
        """Let the panes leaf together in the next way; it is this person's from now on."""
        self.linking.step_mode()
        self._keep(link=self.linking.mode)

    def toggle_lines(self) -> None:
        """Draw the lines in which pictures cut one another, or do not; it is this person's from now on."""
        self.linking.set_lines(has_lines=not self.linking.has_lines)
        self._keep(lines=str(int(self.linking.has_lines)))

    def _keep(self, **chosen: str) -> None:
        if self._remembered is not None:
            self._remembered.put(**chosen)

    def _link_for(self, *, is_linked: bool) -> LinkMode:
        """Return how panes leaf together: as this person chose last, else as the rule says."""
        kept = self._remembered.values.get("link", "") if self._remembered is not None else ""
        return next((each for each in MODES if each == kept), "place" if is_linked else "off")

    def _show_linking(self) -> None:
        self.panes.tools.show_linking(self.linking.mode, has_lines=self.linking.has_lines)

    def _know(self) -> None:
        """What this person chose before has been read."""
        self._is_known = True
        if self._remembered is not None:
            self.linking.set_lines(has_lines=self._remembered.values.get("lines", "1") == "1")
        if self._model.rows:
            self.show_rows()

    def _lay(self, grid: Layout) -> None:
        """A person chose a layout: it is his for this kind of study from now on."""
        self.panes.set_grid(grid)
        row = self.panes.active.series.row
        if row is not None and self._remembered is not None:
            self._remembered.put(**{f"{_LAYOUT}{kind_of_study(row.study)}": str(grid)})

    def _layout_for(self, study: ImagingStudy) -> Layout | None:
        kept = self._remembered.values.get(f"{_LAYOUT}{kind_of_study(study)}", "") if self._remembered else ""
        return Layout.parse(kept)

    def _make_series(self) -> OpenSeries:
        made = self._model.make_series()
        for signal in (made.opened, made.closed, made.read, made.traced):
            signal.connect(lambda *_what: self._show_panes())
        made.decoded.connect(lambda _number, picture: self._dress(made, picture))
        return made

    def _dress(self, series: OpenSeries, picture: Picture) -> None:
        """Give the first picture of a series the windows of this person."""
        pane = next((each for each in self.panes.shown if each.series is series), None)
        if pane is not None and series.row is not None and self._dressed.get(pane) != series.row.uid:
            self._dressed[pane] = series.row.uid
            self._give_presets(pane, series.row.modality, picture.frame.unit)

    def _give_presets(self, pane: Viewer, modality: str, unit: str) -> None:
        pane.canvas.use_presets(self._presets.of(kind_of_values(modality, unit)), unit)

    def edit_presets(self) -> None:
        """Let somebody make windows of his own for the kind of picture in hand."""
        row, canvas = self.panes.active.series.row, self.panes.active.canvas
        if row is None or self._remembered is None:
            return
        kind = kind_of_values(row.modality, canvas.unit)
        own, usual = self._presets.own(kind), self._presets.usual(kind)
        dialog = PresetsDialog(kind, own or usual, usual, canvas.window, self)
        dialog.accepted.connect(lambda: self._keep_presets(kind, dialog.windows()))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def show_keys(self) -> None:
        """Show which key does what."""
        sheet = KeyOverview(self)
        sheet.finished.connect(sheet.deleteLater)
        sheet.finished.connect(lambda _code: self.take_keys())
        sheet.open()

    def _keep_presets(self, kind: str, windows: tuple[OwnWindow, ...]) -> None:
        self._presets.put(kind, () if windows == self._presets.usual(kind) else windows)
        for pane in self.panes.shown:
            row = pane.series.row
            if row is not None and kind_of_values(row.modality, pane.canvas.unit) == kind:
                self._give_presets(pane, row.modality, pane.canvas.unit)
        self.take_keys()

    def _move_to(self, row: SeriesRow) -> None:
        if len(self.panes.grid) == 1:
            self.open_in(self.panes.active, row)

    def _choose(self, row: SeriesRow) -> None:
        self.open_in(self.panes.active, row)
        self.take_keys()

    def _drop(self, uid: str, pane: Viewer) -> None:
        row = next((each for each in self._model.rows if each.uid == uid), None)
        if row is not None:
            self.panes.activate(pane)
            self.open_in(pane, row)
            self.list.mark(uid)
            pane.front.setFocus()

    def _follow_active(self) -> None:
        series = self.panes.active.series
        self._model.activate(series)
        self.cine.act_on(self.panes.active.player)
        if series.row is not None:
            self.list.mark(series.row.uid)
        self.active_changed.emit()

    def _show_panes(self) -> None:
        numbers: Mapping[str, tuple[int, ...]] = {}
        if len(self.panes.grid) > 1:
            numbers = self.panes.numbers_by_series()
        self.list.show_panes(numbers)
        self.panes.tools.set_can_cut(can_cut=self.volume.can_open)
