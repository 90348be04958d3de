"""The room of orders and images before lists of its own, and what a person does in it."""

from __future__ import annotations

from dataclasses import dataclass, field

from PySide6.QtWidgets import QAbstractButton, QTableView

from clinic_app.access import Session
from tests.helpers.clocks import FixedClock
from tests.helpers.fake_images import (
    FakeImageInbox,
    FakeImageNetwork,
    FakeImageOrders,
    FakeImageSending,
    FakeStudies,
    FakeWebArchives,
)
from tests.helpers.panes import Pane
from ui.orders.orders_screen import OrdersScreen
from ui.orders.view_model import OrdersViewModel
from ui.orders.view_model_inbox import InboxViewModel
from ui.orders.view_model_network import NetworkViewModel
from ui.orders.view_model_sending import SendingViewModel
from ui.shell.patient_in_hand import PatientInHand
from ui.tasks import TaskRunner


@dataclass
class OrdersRoom:
    """What stands behind the screen, and what was said."""

    orders: FakeImageOrders = field(default_factory=FakeImageOrders)
    inbox: FakeImageInbox = field(default_factory=FakeImageInbox)
    network: FakeImageNetwork = field(default_factory=FakeImageNetwork)
    sending: FakeImageSending = field(default_factory=FakeImageSending)
    web: FakeWebArchives = field(default_factory=FakeWebArchives)
    hand: PatientInHand = field(default_factory=PatientInHand)
    notices: list[tuple[str, str]] = field(default_factory=list)
    went: list[str] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    role: str = "doctor"

    def screen(self, runner: TaskRunner) -> OrdersScreen:
        session = Session("n-1", "Ахметова Айгүл", self.role, self.role, "org", "Хромтау")  # type: ignore[arg-type]
        clock = FixedClock()
        orders = OrdersViewModel(self.orders, self.network, runner, session, self.hand, clock)  # type: ignore[arg-type]
        made = OrdersScreen(
            orders if self.role != "administrator" else None,
            InboxViewModel(self.inbox, runner, session, self.hand, clock),  # type: ignore[arg-type]
            NetworkViewModel(self.network, self.web, runner, session),  # type: ignore[arg-type]
            sending=SendingViewModel(self.sending, self.web, FakeStudies(), runner, session, self.hand),  # type: ignore[arg-type]
        )
        for model in (made._inbox, made._network):
            model._timer.setInterval(20)  # whoever waits for news waits less
        made.noticed.connect(lambda words, tone: self.notices.append((words, tone)))
        made.went.connect(self.went.append)
        made.images_counted.connect(self.counts.append)
        return made


def press(pane: Pane[OrdersScreen], name: str) -> None:
    """Press a button and wait for what comes of it."""
    pane.find(name, QAbstractButton).click()
    pane.settle()


def choose(pane: Pane[OrdersScreen], table: str, row: int) -> None:
    """Put the cursor on a row."""
    pane.find(table, QTableView).selectRow(row)
    pane.settle()
