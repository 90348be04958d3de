"""The image network on its page: how it stands, who called, letting a device in, testing, taking off the list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from PySide6.QtWidgets import QApplication, QCheckBox, QLineEdit, QTabWidget

from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text
from tests.helpers.orders_room import OrdersRoom, choose, press
from tests.helpers.panes import Pane, shown
from tests.helpers.waiting import wait_until
from ui import language
from ui.orders.orders_screen import OrdersScreen


@pytest.fixture
def page(qapp: QApplication, room: OrdersRoom) -> Iterator[Pane[OrdersScreen]]:
    language.use("en")
    room.role = "administrator"
    with shown(room.screen) as made:
        made.widget.entered()
        made.settle()
        yield made
    language.use("kk")


def test_it_says_whether_devices_reach_us_and_who_called(page: Pane[OrdersScreen]) -> None:
    assert "DALA at 192.168.20.11, port 11112" in page.words("orders.network_state")
    assert page.column("orders.peers", 1) == ["US4", "HUBPACS"]
    assert page.column("orders.visits", 3) == ["connected", "refused", "with trouble", "fine"]
    assert "This device is not listed." in page.column("orders.visits", 4)[1]


def test_a_stranger_is_let_in_by_one_button_and_a_look(page: Pane[OrdersScreen], room: OrdersRoom) -> None:
    assert "CT_NEW" in page.words("orders.stranger")
    press(page, "orders.stranger.action")
    assert page.find("orders.peer_host", QLineEdit).text() == "192.168.20.77"
    page.find("orders.peer_name", QLineEdit).setText("CT")
    page.find("orders.peer_worklist", QCheckBox).setChecked(False)
    press(page, "orders.peer_save")
    peer = room.network.now.peers[-1]
    assert (peer.name, peer.ae_title, peer.uses) == ("CT", "CT_NEW", {"send"})
    assert not page.sees("orders.stranger")
    assert room.notices[-1] == ("“CT” is saved.", "ok")


def test_a_mistake_is_said_at_its_field(page: Pane[OrdersScreen]) -> None:
    press(page, "orders.peer_add")
    press(page, "orders.peer_save")
    assert page.words("orders.peer_ae_title.message").startswith("The setting")
    page.find("orders.peer_port", QLineEdit).setText("70000")
    press(page, "orders.peer_save")
    assert "65535" in page.words("orders.peer_port.message")
    press(page, "orders.peer_leave")
    assert not page.sees("orders.peer_name")


def test_a_connection_is_tested_and_the_answer_is_a_sentence(page: Pane[OrdersScreen], room: OrdersRoom) -> None:
    choose(page, "orders.peers", 0)
    assert not page.find("orders.echo").isEnabled()  # it has no port: it only calls us
    choose(page, "orders.peers", 1)
    press(page, "orders.echo")
    assert room.notices[-1] == ("“Мұрағат” hears us (12 ms).", "ok")
    room.network.refusal = DeviceError(Text("No device answers at {address}.", address="x"))
    press(page, "orders.echo")
    assert room.notices[-1][1] == "warn"


def test_a_device_is_changed_and_taken_off_after_a_question(page: Pane[OrdersScreen], room: OrdersRoom) -> None:
    choose(page, "orders.peers", 0)
    press(page, "orders.peer_edit")
    page.find("orders.peer_host", QLineEdit).setText("192.168.20.41")
    press(page, "orders.peer_save")
    assert "192.168.20.41" in {each.host for each in room.network.now.peers}
    choose(page, "orders.peers", 0)
    press(page, "orders.peer_remove")
    press(page, "orders.peer_sure.no")
    assert len(room.network.now.peers) == 2
    press(page, "orders.peer_remove")
    press(page, "orders.peer_sure.yes")
    assert len(room.network.now.peers) == 1


def test_a_taken_port_is_said_and_tried_again(page: Pane[OrdersScreen], room: OrdersRoom) -> None:
    problem = Text("Imaging devices cannot reach us at {address}: it is taken.", address="127.0.0.1:104")
    room.network.become(replace(room.network.now, state="failed", problem=problem))
    wait_until(lambda: page.sees("orders.network_trouble"))
    page.settle()
    assert "127.0.0.1:104" in page.words("orders.network_trouble")
    press(page, "orders.network_trouble.action")
    assert room.network.tries == 1


def test_a_network_that_is_off_says_where_it_is_turned_on(page: Pane[OrdersScreen], room: OrdersRoom) -> None:
    room.network.become(replace(room.network.now, state="off", port=0, peers=(), visits=(), strangers=()))
    wait_until(lambda: page.sees("orders.network_trouble"))
    page.settle()
    assert "[dicom]" in page.words("orders.network_trouble")
    assert page.sees("orders.peers.empty")
    assert page.sees("orders.visits.empty")


@pytest.fixture
def with_server(qapp: QApplication, room: OrdersRoom) -> Iterator[Pane[OrdersScreen]]:
    language.use("en")
    room.role, room.web.names = "administrator", ("Region",)
    with shown(room.screen) as made:
        made.widget.entered()
        made.settle()
        yield made
    language.use("kk")


def test_the_password_of_a_web_archive_is_given_once_and_never_shown(
    with_server: Pane[OrdersScreen], room: OrdersRoom
) -> None:
    page = with_server
    press(page, "orders.secrets")
    line = page.find("orders.secret", QLineEdit)
    assert line.echoMode() == QLineEdit.EchoMode.Password
    line.setText("Тыныс-42")
    room.web.refusal = DeviceError(Text("No more than {count} devices can be listed.", count=64))
    press(page, "orders.secret_save")
    assert "64" in page.words("orders.secret_trouble")
    room.web.refusal = None
    page.widget._primary()
    page.settle()
    assert room.web.secrets == [("Region", "Тыныс-42")]
    assert room.notices[-1] == ("The password of “Region” is kept.", "ok")
    assert not page.sees("orders.secret")
    assert line.text() == ""
    press(page, "orders.secrets")
    press(page, "orders.secret_save")
    assert room.web.secrets[-1] == ("Region", "")
    assert room.notices[-1] == ("“Region” has no password any more.", "ok")


def test_a_password_that_is_not_kept_is_not_left_in_its_field(
    with_server: Pane[OrdersScreen], room: OrdersRoom
) -> None:
    page = with_server
    press(page, "orders.secrets")
    line = page.find("orders.secret", QLineEdit)
    line.setText("half")
    page.widget._escape()
    assert not page.sees("orders.secret")
    press(page, "orders.secrets")
    assert line.text() == ""
    line.setText("half")
    press(page, "orders.secret_leave")
    press(page, "orders.peer_add")
    assert page.sees("orders.peer_name")
    assert not page.sees("orders.secret")
    press(page, "orders.peer_leave")
    assert room.web.secrets == []


def test_without_a_web_archive_nobody_is_asked_for_a_password(page: Pane[OrdersScreen]) -> None:
    assert not page.sees("orders.secrets")


def test_who_takes_pictures_sees_it_and_changes_nothing(opened: Callable[[], Pane[OrdersScreen]]) -> None:
    pane = opened()
    pane.find("orders.tabs", QTabWidget).setCurrentIndex(3)
    pane.settle()
    assert pane.column("orders.peers", 1) == ["US4", "HUBPACS"]
    assert not pane.sees("orders.peer_add")
    assert not pane.sees("orders.peer_edit")
