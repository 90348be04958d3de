"""The orders of one day: the list on the left, the chosen one or the form on the right."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from clinic_app.foundation.dates import form_date
from clinic_app.foundation.texts import Text
from clinic_app.imaging.orders import ImageOrder
from ui.language import Translated, _, say
from ui.orders.order_card import OrderCard
from ui.orders.order_form import OrderFormCard
from ui.orders.view_model import OrdersViewModel
from ui.orders.words import modality_words, order_words, state_look
from ui.widgets.buttons import Button
from ui.widgets.case_words import urgency_look
from ui.widgets.cursor import put_cursor
from ui.widgets.front_stack import FrontStack
from ui.widgets.labels import label
from ui.widgets.patient_words import list_name
from ui.widgets.picker import Picker
from ui.widgets.record_table import Column, RecordTable
from ui.widgets.segmented import Option

CARD_WIDTH = 430


class OrdersPage(Translated, QWidget):
    """The page.

    Args:
        model: the orders.

    Signals: ``noticed`` (words, tone), ``search_wanted``: a patient is to be chosen, ``inbox_wanted``.
    """

    noticed = Signal(str, str)
    search_wanted = Signal()
    inbox_wanted = Signal()

    def __init__(self, model: OrdersViewModel) -> None:
        super().__init__()
        self._model = model
        self._wanted = ""
        self._offered: list[str] = []
        self._day = label("heading")
        self._day.setObjectName("orders.day_shown")
        self._back = Button("orders.day_before", "quiet", "chevron-left")
        self._on = Button("orders.day_after", "quiet", "chevron-right")
        self._today = Button("orders.today", "plain", "calendar")
        self._kinds = Picker("orders.kinds", [Option("", lambda: _("All kinds"))], lambda: _("Kind"))
        self._add = Button("orders.add", "primary", "plus")
        self._table: RecordTable[ImageOrder] = RecordTable(
            "orders.list",
            (
                Column(lambda: _("Time"), self._time_words, width=70),
                Column(lambda: _("What is to be done"), order_words, is_strong=True),
                Column(lambda: _("Patient"), lambda each: list_name(each.patient), width=185),
                Column(
                    lambda: _("Urgency"),
                    lambda each: urgency_look(each.record.priority).text,
                    lambda each: urgency_look(each.record.priority),
                    width=168,
                ),
                Column(
                    lambda: _("State"),
                    lambda each: state_look(each.state).text,
                    lambda each: state_look(each.state),
                    width=165,
                ),
            ),
            "calendar",
        )
        self._card = OrderCard(model)
        self._form: OrderFormCard | None = None
        self._right = FrontStack()
        self._right.setFixedWidth(CARD_WIDTH)
        self._build()
        self._connect()
        self.retranslate()

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        for part in (self._back, self._day, self._on, self._today, self._kinds):
            head.addWidget(part)
        head.addStretch(1)
        head.addWidget(self._add)
        self._right.addWidget(self._card)
        row = QHBoxLayout()
        row.setSpacing(14)
        row.addWidget(self._table, 1)
        row.addWidget(self._right)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 10, 0, 0)
        column.setSpacing(10)
        column.addLayout(head)
        column.addLayout(row, 1)
        self._add.setVisible(self._model.may_order)

    def _connect(self) -> None:
        self._back.clicked.connect(lambda: self._model.step(-1))
        self._on.clicked.connect(lambda: self._model.step(1))
        self._today.clicked.connect(lambda: self._model.go_to(self._model.today))
        self._kinds.chosen.connect(lambda _code: self._show())
        self._add.clicked.connect(self.add)
        self._table.selected.connect(self._card.show_order)
        self._card.inbox_wanted.connect(self.inbox_wanted)
        self._model.changed.connect(self._show)
        self._model.ordered.connect(self._after_ordering)
        self._model.moved.connect(self._after_moving)
        self._model.refused.connect(self._refuse)

    def make_form(self) -> bool:
        """Make the form, a stroke of its own; return False where it is there, or will never be wanted."""
        if self._form is not None or not self._model.may_order:
            return False
        self._form = OrderFormCard(self._model)
        self._right.addWidget(self._form)
        self._form.closed.connect(self._close_form)
        return True

    def retranslate(self) -> None:
        """Say everything anew."""
        self._back.setAccessibleName(_("The day before"))
        self._back.setToolTip(_("The day before"))
        self._on.setAccessibleName(_("The next day"))
        self._on.setToolTip(_("The next day"))
        self._today.say(_("Today"))
        self._add.say(_("Order images"), "Ctrl+N")
        self._table.set_name(_("Orders of the day"))
        self._table.empty.say(
            _("Nothing is ordered for this day"),
            _("What doctors order stands here, and the machines are told of it."),
        )
        self._table.retranslate()
        self._show()

    def add(self) -> None:
        """Open the form; without a patient in hand somebody is sent to choose one."""
        if self._model.hand.patient is None:
            self.noticed.emit(_("Choose a patient first."), "warn")
            self.search_wanted.emit()
            return
        self.make_form()
        if self._form is not None:
            self._right.setCurrentWidget(self._form)
            self._form.open()
            self._add.setVisible(False)

    def primary(self) -> None:
        """Do what the primary button does."""
        if self._form is not None and self.is_form_open:
            self._form.send()

    def escape(self) -> None:
        """Leave the form."""
        if self.is_form_open:
            self._close_form()

    @property
    def is_form_open(self) -> bool:
        """Whether something is being ordered."""
        return self._form is not None and self._right.currentWidget() is self._form

    def _time_words(self, order: ImageOrder) -> str:
        local = order.at.astimezone()
        return f"{local:%H:%M}" if local.date() == self._model.day else f"{local:%d.%m}"

    def _show(self) -> None:
        day = self._model.day
        words = form_date(day)
        self._day.setText(_("Today, {day}", day=words) if day == self._model.today else words)
        kinds = sorted({order.modality for order in self._model.orders}, key=modality_words)
        if kinds != self._offered:
            self._offered = kinds
            self._kinds.offer([Option("", lambda: _("All kinds")), *(_kind_option(code) for code in kinds)])
        chosen = self._kinds.value()
        self._table.show_rows([each for each in self._model.orders if chosen in ("", each.modality)])
        if self._wanted:
            place = next((i for i, each in enumerate(self._table.rows) if each.accession == self._wanted), None)
            if place is not None:
                self._wanted = ""
                self._table.view.selectRow(place)
        self._card.show_order(self._table.current_row())

    def _close_form(self) -> None:
        self._right.setCurrentWidget(self._card)
        self._add.setVisible(self._model.may_order)
        put_cursor(self._table.view if self._table.rows else self._add)

    def _after_ordering(self, accession: str) -> None:
        self._wanted = accession
        self.noticed.emit(_("Ordered under the number {number}.", number=accession), "ok")

    def _after_moving(self, order: ImageOrder) -> None:
        self.noticed.emit(f"{order_words(order)}: {state_look(order.state).text}", "ok")

    def _refuse(self, field: str, text: Text) -> None:
        if not field and not self.is_form_open:
            self.noticed.emit(say(text), "warn")


def _kind_option(code: str) -> Option:
    return Option(code, lambda: modality_words(code))
