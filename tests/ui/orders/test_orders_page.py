"""The orders of the day on their screen: listed, ordered, begun, finished, cancelled with a reason, opened again."""

from __future__ import annotations

from datetime import time

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QPlainTextEdit, QTabWidget

from clinic_app.foundation.errors import ConflictError
from clinic_app.foundation.texts import Text
from tests.helpers.fake_images import ERLAN, GULNUR
from tests.helpers.orders_room import OrdersRoom, choose, press
from tests.helpers.panes import Pane, shown
from tests.helpers.waiting import wait_until
from ui.orders.order_form import _clock_of
from ui.orders.orders_screen import OrdersScreen


def test_the_day_is_listed_by_time_with_where_each_order_stands(pane: Pane[OrdersScreen], room: OrdersRoom) -> None:
    assert pane.column("orders.list", 1)[0] == "Ultrasound: Құрсақ қуысы"
    assert pane.column("orders.list", 4) == ["Images came", "In progress", "Ordered", "Ordered", "Done"]
    assert "05.03.2026" in pane.words("orders.day_shown")
    wait_until(lambda: room.counts and room.counts[-1] == 3)


def test_the_chosen_order_is_shown_whole_with_what_can_be_done(pane: Pane[OrdersScreen], room: OrdersRoom) -> None:
    assert pane.sees("orders.no_order")
    choose(pane, "orders.list", 2)
    assert "Пневмония?" in pane.words("orders.lines")
    press(pane, "orders.begin")
    assert pane.column("orders.list", 4)[2] == "In progress"
    press(pane, "orders.finish")
    press(pane, "orders.reopen")
    assert pane.column("orders.list", 4)[2] == "Ordered"
    assert room.notices[-1][1] == "ok"


def test_an_order_is_cancelled_only_with_a_reason(pane: Pane[OrdersScreen], room: OrdersRoom) -> None:
    choose(pane, "orders.list", 2)
    press(pane, "orders.cancel")
    press(pane, "orders.cancel_sure")
    assert "Say why" in pane.words("orders.why.message")
    pane.find("orders.why", QLineEdit).setText("Went home")
    press(pane, "orders.cancel_sure")
    assert pane.column("orders.list", 4)[2] == "Cancelled"


def test_images_that_came_are_one_step_away(pane: Pane[OrdersScreen]) -> None:
    choose(pane, "orders.list", 0)
    press(pane, "orders.to_inbox")
    assert pane.sees("orders.waiting")


def test_a_doctor_orders_for_the_patient_in_hand(pane: Pane[OrdersScreen], room: OrdersRoom) -> None:
    room.hand.take(ERLAN)
    pane.settle()
    QTest.keyClick(pane.widget, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    pane.settle()
    assert "Қасымов" in pane.words("orders.whose")
    box = pane.find("orders.kind", QComboBox)
    box.setCurrentIndex(box.findData("CT"))
    pane.find("orders.body_part", QLineEdit).setText("Head")
    pane.find("orders.reason", QPlainTextEdit).setPlainText("Stroke?")
    pane.find("orders.hour", QLineEdit).setText("1430")
    station = pane.find("orders.station", QComboBox)
    assert [station.itemText(row) for row in range(station.count())] == [
        "Any machine of this kind",
        "Ультразвук, каб. 4",
    ]
    press(pane, "orders.urgency.stat")
    QTest.keyClick(pane.widget, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    pane.settle()
    made = room.orders.orders[-1]
    assert (made.modality, made.patient.id, made.record.priority) == ("CT", ERLAN.id, "stat")
    assert made.at.astimezone().time() == time(14, 30)
    assert "AB1226000006" in room.notices[-1][0]
    assert "Computed tomography: Head" in pane.column("orders.list", 1)


def test_what_is_missing_is_said_at_its_field_and_esc_leaves(pane: Pane[OrdersScreen], room: OrdersRoom) -> None:
    room.hand.take(GULNUR)
    press(pane, "orders.add")
    press(pane, "orders.send")
    assert pane.words("orders.body_part.message")
    pane.find("orders.day", QLineEdit).setText("yesterday")
    press(pane, "orders.send")
    assert "05.03.2026" in pane.words("orders.day.message")
    pane.find("orders.day", QLineEdit).setText("06.03.2026")
    pane.find("orders.hour", QLineEdit).setText("25")
    press(pane, "orders.send")
    assert "14:30" in pane.words("orders.hour.message")
    QTest.keyClick(pane.widget, Qt.Key.Key_Escape)
    pane.settle()
    assert not pane.sees("orders.body_part")
    assert len(room.orders.orders) == 5


def test_without_a_patient_somebody_is_sent_to_choose_one(pane: Pane[OrdersScreen], room: OrdersRoom) -> None:
    press(pane, "orders.add")
    assert room.went == ["patients"]


def test_other_days_are_looked_through_and_kinds_are_filtered(pane: Pane[OrdersScreen]) -> None:
    press(pane, "orders.day_after")
    assert pane.sees("orders.list.empty")
    press(pane, "orders.today")
    assert len(pane.column("orders.list", 1)) == 5
    kinds = pane.find("orders.kinds", QComboBox)
    kinds.setCurrentIndex(kinds.findData("DX"))
    kinds.activated.emit(kinds.currentIndex())
    pane.settle()
    assert len(pane.column("orders.list", 1)) == 2


def test_an_order_that_changed_meanwhile_is_a_sentence(pane: Pane[OrdersScreen], room: OrdersRoom) -> None:
    choose(pane, "orders.list", 2)
    room.orders.refusal = ConflictError(Text("The order has changed meanwhile; look at the list again."))
    press(pane, "orders.begin")
    assert room.notices[-1][1] == "warn"


@pytest.mark.parametrize(
    ("role", "tabs", "may_order"),
    [("registrar", 2, False), ("nurse", 3, False), ("doctor", 4, True)],
)
def test_each_role_sees_its_own_parts(
    room: OrdersRoom, role: str, tabs: int, may_order: bool, qapp: QApplication
) -> None:
    room.role = role
    with shown(room.screen) as made:
        made.widget.entered()
        made.settle()
        assert made.find("orders.tabs", QTabWidget).count() == tabs
        assert made.sees("orders.add") == may_order
        choose(made, "orders.list", 2)
        assert made.sees("orders.begin") == (role != "registrar")


@pytest.mark.parametrize(
    ("typed", "clock"),
    [
        ("14:30", time(14, 30)),
        ("9", time(9)),
        ("930", time(9, 30)),
        ("9.30", time(9, 30)),
        ("24:00", None),
        ("x", None),
    ],
)
def test_a_time_is_read_as_it_is_typed(typed: str, clock: time | None) -> None:
    assert _clock_of(typed) == clock
