"""The room of orders and images in a window, in English."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtWidgets import QApplication

from tests.helpers.orders_room import OrdersRoom
from tests.helpers.panes import Pane, shown
from ui import language, theme
from ui.orders.orders_screen import OrdersScreen


@pytest.fixture
def room(qapp: QApplication) -> OrdersRoom:
    made = OrdersRoom()
    for part in (made.orders, made.inbox, made.network):
        part.furnish()
    return made


@pytest.fixture
def opened(qapp: QApplication, room: OrdersRoom) -> Iterator[Callable[[], Pane[OrdersScreen]]]:
    language.use("en")
    theme.apply(qapp, "light")
    with shown(room.screen) as made:

        def enter() -> Pane[OrdersScreen]:
            made.widget.entered()
            made.settle()
            return made

        yield enter
    language.use("kk")


@pytest.fixture
def pane(opened: Callable[[], Pane[OrdersScreen]]) -> Pane[OrdersScreen]:
    return opened()
