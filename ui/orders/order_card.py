"""One order, whole, with what can be done with it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from clinic_app.foundation.texts import Text
from clinic_app.imaging.orders import ImageOrder
from ui.language import Translated, _, say
from ui.orders.view_model import OrdersViewModel
from ui.orders.words import UNKNOWN, order_words, state_look, when
from ui.widgets.buttons import Button
from ui.widgets.chip import Chip
from ui.widgets.cursor import put_cursor
from ui.widgets.empty_state import EmptyState
from ui.widgets.form_field import FormField
from ui.widgets.front_stack import FrontStack
from ui.widgets.labels import Card, breakable, label
from ui.widgets.patient_words import list_name
from ui.widgets.standstill import Standstill


class OrderCard(Translated, FrontStack):
    """The chosen order, or what to do when none is chosen.

    Args:
        model: the orders.

    Signal ``inbox_wanted``: the images that came are to be filed.
    """

    inbox_wanted = Signal()

    def __init__(self, model: OrdersViewModel) -> None:
        super().__init__()
        self._model = model
        self._order: ImageOrder | None = None
        self._nothing = EmptyState("orders.no_order", "clipboard-list")
        self._head = label("heading", is_wrapped=True)
        self._head.setObjectName("orders.head")
        self._state = Chip("orders.state")
        self._lines = label("body", is_wrapped=True)
        self._lines.setObjectName("orders.lines")
        self._why_line = QLineEdit()
        self._why = FormField(self._why_line, "orders.why")
        self._begin = Button("orders.begin", "plain", "play")
        self._finish = Button("orders.finish", "plain", "check")
        self._reopen = Button("orders.reopen", "plain", "undo-2")
        self._inbox = Button("orders.to_inbox", "plain", "inbox")
        self._cancel = Button("orders.cancel", "plain", "circle-x")
        self._cancel_sure = Button("orders.cancel_sure", "plain", "circle-x")
        self._still = Standstill(self._begin, self._finish, self._reopen, self._cancel, self._cancel_sure, self._why)
        self._build()
        self._connect()
        self.retranslate()

    def _build(self) -> None:
        card = Card(14, 10)
        top = QHBoxLayout()
        top.addWidget(self._head, 1)
        top.addWidget(self._state)
        card.column.addLayout(top)
        card.column.addWidget(self._lines)
        card.column.addStretch(1)
        card.column.addWidget(self._why)
        rows = ((self._inbox,), (self._begin, self._finish, self._reopen), (self._cancel, self._cancel_sure))
        for buttons in rows:
            row = QHBoxLayout()
            row.setSpacing(10)
            for button in buttons:
                row.addWidget(button)
            row.addStretch(1)
            card.column.addLayout(row)
        empty = QWidget()
        QVBoxLayout(empty).addWidget(self._nothing)
        self.addWidget(empty)
        self.addWidget(card)
        self._why.hide()
        self._cancel_sure.hide()

    def _connect(self) -> None:
        self._begin.clicked.connect(lambda: self._act(self._model.begin))
        self._finish.clicked.connect(lambda: self._act(self._model.finish))
        self._reopen.clicked.connect(lambda: self._act(self._model.reopen))
        self._inbox.clicked.connect(self.inbox_wanted)
        self._cancel.clicked.connect(self._ask_why)
        self._cancel_sure.clicked.connect(self._do_cancel)
        self._model.busy_changed.connect(self._still.set_busy)
        self._model.busy_changed.connect(lambda _busy: self._show())
        self._model.refused.connect(self._refuse)

    def retranslate(self) -> None:
        """Say everything anew."""
        self._nothing.say(_("No order is chosen"), _("Choose an order on the left to see it whole."))
        self._why.set_label(_("Why it is cancelled"))
        self._begin.say(_("Begin"))
        self._finish.say(_("Done"))
        self._reopen.say(_("Take back"))
        self._inbox.say(_("To the images that came"))
        self._cancel.say(_("Cancel the order"))
        self._cancel_sure.say(_("Cancel it now"))
        self._show()

    def show_order(self, order: ImageOrder | None) -> None:
        """Show an order, or none."""
        if order is None or self._order is None or order.id != self._order.id:
            self._why.hide()
            self._why.set_error("")
        self._order = order
        self._show()

    def _show(self) -> None:
        order = self._order
        self.setCurrentIndex(0 if order is None else 1)
        if order is None:
            return
        self._head.setText(breakable(order_words(order)))
        self._state.show_look(state_look(order.state))
        lines = (
            (_("Patient"), list_name(order.patient)),
            (_("When"), when(order.at)),
            (_("Number"), order.accession),
            (_("Machine"), self._station(order)),
            (_("Question"), order.reason),
            (_("To know"), order.note),
            (_("Ordered by"), order.doctor),
        )
        self._lines.setText("\n".join(breakable(f"{name}: {words}") for name, words in lines if words))
        may, state = self._model.may_move, order.state
        self._begin.setVisible(may and state in ("ordered", "arrived"))
        self._finish.setVisible(may and state in ("ordered", "in-progress", "arrived"))
        self._reopen.setVisible(may and state in ("in-progress", "done"))
        self._inbox.setVisible(may and state == "arrived")
        can_cancel = self._model.may_order and state not in ("done", "cancelled")
        self._cancel.setVisible(can_cancel and self._why.isHidden())
        self._cancel_sure.setVisible(can_cancel and not self._why.isHidden())

    def _act(self, act: Callable[[ImageOrder], None]) -> None:
        if self._order is not None:
            act(self._order)

    def _station(self, order: ImageOrder) -> str:
        if not order.station:
            return UNKNOWN
        return next((name for title, name in self._model.stations() if title == order.station), order.station)

    def _ask_why(self) -> None:
        self._why_line.clear()
        self._why.show()
        self._show()
        put_cursor(self._why.editor)

    def _do_cancel(self) -> None:
        if self._order is not None:
            self._model.cancel(self._order, self._why_line.text())

    def _refuse(self, field: str, text: Text) -> None:
        if field == "reason" and not self._why.isHidden():
            self._why.set_error(say(text))
            put_cursor(self._why.editor)
