"""What came with the question: a strip of pieces, and the one that is chosen, each looked at in its own way."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, TypeVar, cast

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QListView, QListWidget, QListWidgetItem, QStackedWidget, QVBoxLayout, QWidget

from ui import theme
from ui.consultation.picture_view import PictureView
from ui.consultation.pieces import Piece, piece_detail, piece_icon, piece_title
from ui.consultation.recording_view import RecordingView
from ui.consultation.services import MakeDesk, SeriesDesk
from ui.consultation.view_model_case import CaseViewModel
from ui.consultation.vitals_view import VitalsView
from ui.language import Translated, _, counted
from ui.widgets.empty_state import EmptyState
from ui.widgets.labels import label, plain_tip
from ui.widgets.two_line_rows import DETAIL_ROLE, ICON_ROLE, ROW, TwoLineRows

if TYPE_CHECKING:
    from clinic_app.waveforms import Recording

TILE = 206

V = TypeVar("V", bound=QWidget)


class EvidenceView(Translated, QWidget):
    """Strip and viewer.

    Args:
        model: the open case.
        make_desk: makes what shows a series, standing in a widget.
    """

    def __init__(self, model: CaseViewModel, make_desk: MakeDesk) -> None:
        super().__init__()
        self._model = model
        self._make_desk = make_desk
        self._shown: tuple[Piece, ...] = ()
        self._sentence = ""
        self.list = QListWidget()
        self.list.setObjectName("consultation.evidence")
        self._missing = label("error", is_wrapped=True)
        self._empty = EmptyState("consultation.no_evidence", "inbox")
        self._views = QStackedWidget()
        self._build()
        self.list.currentRowChanged.connect(self._choose)
        self.list.itemActivated.connect(lambda _item: self.enter())
        model.changed.connect(self._show)
        model.loaded.connect(self._put)
        model.not_loaded.connect(self._fail)
        theme.notifier().changed.connect(self.list.viewport().update)
        self.retranslate()

    @cached_property
    def recording(self) -> RecordingView:
        """Where a recorded signal is shown; each view is made when the first piece of its kind comes."""
        return self._added(RecordingView(self._views, self._model.see_through))

    @cached_property
    def picture(self) -> PictureView:
        """Where a key image is shown."""
        return self._added(PictureView("consultation.key_image"))

    @cached_property
    def desk(self) -> SeriesDesk:
        """Where a series is shown: pictures, reports or a tracing."""
        made = self._make_desk(self._views)
        made.refused.connect(self._fail_series)
        made.image_asked.connect(self._go_to_image)
        self._views.addWidget(cast("QWidget", made))
        return made

    @cached_property
    def vitals(self) -> VitalsView:
        """Where vital signs are shown."""
        return self._added(VitalsView())

    def _added(self, view: V) -> V:
        self._views.addWidget(view)
        return view

    def make_more(self) -> bool:
        """Make one more view ahead; return whether there was one to make."""
        missing = next((name for name in ("recording", "desk", "vitals", "picture") if name not in vars(self)), "")
        if missing:
            getattr(self, missing)
        return bool(missing)

    def put_away(self) -> None:
        """Keep no picture of a case in memory that is not open any more."""
        if "desk" in vars(self):
            self.desk.put_away()

    def enter(self) -> None:
        """Put the cursor into the piece that is shown."""
        view = self._views.currentWidget()
        if view is not None:
            view.setFocus()

    def _build(self) -> None:
        self.list.setItemDelegate(TwoLineRows(self.list, TILE))
        self.list.setFlow(QListView.Flow.LeftToRight)
        self.list.setWrapping(False)
        self.list.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setHorizontalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self._views.addWidget(self._empty)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.list)
        column.addWidget(self._missing)
        column.addWidget(self._views, 1)

    def retranslate(self) -> None:
        """Say everything anew."""
        self.list.setAccessibleName(_("What came with the question"))
        self._say_rows()
        self._say_empty()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Make room for the scroll bar of the strip where it needs one."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        needs_bar = len(self._shown) * TILE > self.width() - 4
        self.list.setFixedHeight(ROW + (16 if needs_bar else 4))

    def _show(self) -> None:
        model = self._model
        if model.pieces != self._shown:
            self._shown = model.pieces
            self.list.blockSignals(True)
            self.list.clear()
            for piece in model.pieces:
                item = QListWidgetItem(self.list)
                item.setData(ICON_ROLE, piece_icon(piece))
            self.list.blockSignals(False)
            self._sentence = ""
            self.put_away()
            self._views.setCurrentWidget(self._empty)
            self._say_rows()
            self._fit()
            if model.pieces:
                self.list.setCurrentRow(0)
        self.list.setVisible(bool(model.pieces))
        self._missing.setVisible(model.missing > 0)
        self._say_empty()

    def _say_rows(self) -> None:
        for place, piece in enumerate(self._shown):
            item = self.list.item(place)
            item.setText(piece_title(piece))
            item.setData(DETAIL_ROLE, piece_detail(piece))
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{piece_title(piece)}, {piece_detail(piece)}")
            item.setToolTip(plain_tip(piece_detail(piece)))

    def _say_empty(self) -> None:
        missing = self._model.missing
        self._missing.setText(
            counted("{count} piece is still on its way.", "{count} pieces are still on their way.", missing)
        )
        if self._sentence:
            self._empty.say(_("This cannot be shown"), self._sentence)
        elif self._shown:
            self._empty.say(_("Opening…"), "")
        elif self._model.is_ready:
            self._empty.say(_("The question came alone"), _("Ask the district for what you need in your plan."))
        else:
            self._empty.say(_("Opening the case…"), "")

    def _choose(self, row: int) -> None:
        if 0 <= row < len(self._shown):
            self._sentence = ""
            self._views.setCurrentWidget(self._empty)
            self._say_empty()
            piece = self._shown[row]
            if piece.kind == "series":
                self._open_series(piece)
            else:
                self._model.load(piece)

    def _open_series(self, piece: Piece, at: tuple[str, int] = ("", 1)) -> None:
        if piece.study is not None and piece.series is not None:
            self._views.setCurrentWidget(cast("QWidget", self.desk))
            self.desk.show_series(piece.study, piece.series, at)

    def _fail_series(self, sentence: str) -> None:
        row = self.list.currentRow()
        if 0 <= row < len(self._shown) and self._shown[row].kind == "series":
            self._fail(self._shown[row], sentence)

    def _go_to_image(self, sop_uid: str, frame_number: int) -> None:
        """Open the picture a report points at, if it came with the question."""
        for row, piece in enumerate(self._shown):
            if piece.series is not None and any(each.uid == sop_uid for each in piece.series.instance):
                self.list.blockSignals(True)
                self.list.setCurrentRow(row)
                self.list.blockSignals(False)
                self._open_series(piece, (sop_uid, frame_number))
                return
        self._model.noticed.emit(_("The image this report points at is not here."), "warn")

    def _is_chosen(self, piece: Piece) -> bool:
        row = self.list.currentRow()
        return 0 <= row < len(self._shown) and self._shown[row].key == piece.key

    def _put(self, piece: Piece, content: object) -> None:
        if not self._is_chosen(piece):
            return
        if piece.kind == "recording":
            self.recording.show_recording(cast("Recording", content))
            self._views.setCurrentWidget(self.recording)
        elif piece.kind == "vitals":
            self.vitals.show_vitals(piece.vitals)
            self._views.setCurrentWidget(self.vitals)
        elif isinstance(content, bytes) and self.picture.show_picture(content, piece_detail(piece)):
            self._views.setCurrentWidget(self.picture)
        else:
            self._fail(piece, _("The picture is damaged."))

    def _fail(self, piece: Piece, sentence: str) -> None:
        if self._is_chosen(piece):
            self._sentence = sentence
            self._views.setCurrentWidget(self._empty)
            self._say_empty()
