"""Connecting a workstation to a hub in the settings: address, fingerprint, code; for an administrator only."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLineEdit, QTabWidget

from clinic_app.foundation.errors import LinkError
from clinic_app.foundation.texts import LANGUAGES, Text
from clinic_app.sync import NearbyHub
from tests.helpers.clocks import NOON
from tests.helpers.fake_hub_place import ALONE, FOUND, HUB_CODE, HUB_URL, NEARBY
from tests.helpers.held import Held
from tests.helpers.windows import Desk
from ui import language
from ui.shell.main_window import LEAST_HEIGHT, LEAST_WIDTH
from ui.widgets.chip import Chip


@pytest.fixture
def office(desk: Desk) -> Desk:
    desk.enter("administrator")
    desk.click("rail.settings")
    desk.find("settings.tabs", QTabWidget).setCurrentIndex(2)
    desk.settle()
    return desk


def look(desk: Desk, address: str = HUB_URL) -> None:
    desk.type("hub.typed_address", address)
    desk.click("hub.look")


def state(desk: Desk) -> str:
    return desk.find("hub.state", Chip).text()


@pytest.mark.parametrize("role", ["nurse", "doctor", "registrar", "specialist"])
def test_only_an_administrator_has_the_page(desk: Desk, role: str) -> None:
    desk.enter(role)
    desk.click("rail.settings")
    assert not desk.sees("settings.tabs")
    assert not desk.sees("hub.look")


def test_a_workstation_that_stands_alone_shows_the_number_it_asks_a_code_for(office: Desk) -> None:
    language.use("en")
    office.settle()
    assert state(office) == "stands alone"
    assert office.words("hub.id") == ALONE.organization_id
    assert office.words("hub.hospital") == ALONE.organization
    number = office.find("hub.id")
    assert number.fontMetrics().horizontalAdvance(ALONE.organization_id) <= number.width()
    for name in ("hub.hub", "hub.fingerprint", "hub.since", "hub.code", "hub.connect"):
        assert not office.sees(name)


def test_address_fingerprint_and_code_lead_into_the_hub(office: Desk) -> None:
    language.use("en")
    look(office)
    assert FOUND.name in office.words("hub.who")
    assert office.words("hub.found_fingerprint") == FOUND.fingerprint
    assert office.cursor == "hub.code"
    office.type("hub.code", HUB_CODE)
    office.click("hub.connect")
    assert office.station.hub.codes == [HUB_CODE]
    assert "connected" in office.words("notice.text")
    assert office.cursor == "hub.typed_address", "not somewhere in the rail"
    assert state(office) == "begins with the next start"
    assert office.words("hub.hub") == FOUND.name
    assert office.words("hub.fingerprint") == FOUND.fingerprint
    assert not office.sees("hub.code")
    assert office.find("hub.typed_address", QLineEdit).text() == ""


def test_the_keyboard_alone_leads_there_too(office: Desk) -> None:
    office.find("hub.typed_address").setFocus()
    office.strike(HUB_URL)
    office.keys(Qt.Key.Key_Return)
    assert office.cursor == "hub.code"
    office.strike(HUB_CODE)
    office.keys(Qt.Key.Key_Return)
    assert office.station.hub.now.since == NOON


def test_a_wrong_address_is_said_at_its_field(office: Desk) -> None:
    language.use("en")
    look(office, "http://hub")
    assert "https://" in office.words("hub.typed_address.message")
    assert office.cursor == "hub.typed_address"
    assert not office.sees("hub.code")
    look(office)
    assert office.sees("hub.code")
    assert "https" not in office.words("hub.typed_address.message")


def test_a_wrong_code_is_said_at_its_field_and_can_be_typed_again(office: Desk) -> None:
    language.use("en")
    look(office)
    office.type("hub.code", "WRONG")
    office.click("hub.connect")
    assert "eight letters" in office.words("hub.code.message")
    assert office.cursor == "hub.code"
    assert office.sees("hub.found_fingerprint")
    office.type("hub.code", HUB_CODE)
    office.click("hub.connect")
    assert office.station.hub.now.hub_name == FOUND.name


def test_a_hub_that_cannot_be_reached_is_said_and_nothing_is_lost(office: Desk) -> None:
    language.use("en")
    office.station.hub.error = LinkError(Text("The hub cannot be reached."))
    look(office)
    assert "cannot be reached" in office.words("notice.text")
    assert office.find("hub.typed_address", QLineEdit).text() == HUB_URL
    look(office)
    office.station.hub.error = LinkError(Text("The hub cannot be reached."))
    office.type("hub.code", HUB_CODE)
    office.click("hub.connect")
    assert office.find("hub.code", QLineEdit).text() == HUB_CODE
    assert office.station.hub.now == ALONE


def test_who_sees_another_fingerprint_goes_back(office: Desk) -> None:
    look(office)
    office.type("hub.code", HUB_CODE)
    office.click("hub.back")
    assert not office.sees("hub.code")
    assert office.cursor == "hub.typed_address"
    assert office.station.hub.codes == []
    look(office)
    assert office.find("hub.code", QLineEdit).text() == ""


def test_another_address_takes_the_found_hub_away(office: Desk) -> None:
    look(office)
    office.find("hub.typed_address").setFocus()
    office.strike("x")
    assert not office.sees("hub.connect")


def test_a_wait_is_named_and_nothing_is_asked_twice(office: Desk) -> None:
    slow = Held(office.station.hub, "look")
    office.type("hub.typed_address", HUB_URL)
    office.press("hub.look")
    slow.wait_for_calls()
    assert not office.find("hub.typed_address").isEnabled()
    office.hold(Qt.Key.Key_Return)
    slow.let_go()
    office.settle()
    assert len(slow.calls) == 1
    assert office.sees("hub.code")


def test_what_was_typed_does_not_outlive_the_page(office: Desk) -> None:
    look(office)
    office.type("hub.code", HUB_CODE)
    office.find("settings.tabs", QTabWidget).setCurrentIndex(0)
    office.find("settings.tabs", QTabWidget).setCurrentIndex(2)
    office.settle()
    assert office.find("hub.typed_address", QLineEdit).text() == ""
    assert not office.sees("hub.code")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"url": HUB_URL}, "connected by a token"),
        ({"url": HUB_URL, "hub_name": "H", "fingerprint": "A", "since": NOON}, "connected by a key of its own"),
    ],
)
def test_the_card_says_how_it_stands(desk: Desk, changed: dict[str, object], words: str) -> None:
    language.use("en")
    desk.station.hub.now = replace(ALONE, **changed)  # type: ignore[arg-type]
    desk.enter("administrator")
    desk.click("rail.settings")
    desk.find("settings.tabs", QTabWidget).setCurrentIndex(2)
    desk.settle()
    assert state(desk) == words


def test_a_hub_cannot_put_markup_on_the_page(office: Desk) -> None:
    office.station.hub.found = replace(FOUND, name="<b>Хаб</b><img src='http://evil.example/x'>")
    look(office)
    label = office.find("hub.who")
    assert label.textFormat() == Qt.TextFormat.PlainText  # type: ignore[attr-defined]


@pytest.mark.parametrize("tongue", LANGUAGES)
def test_the_page_fits_the_least_window_in_every_language(office: Desk, tongue: str) -> None:
    language.use(tongue)
    office.window.resize(LEAST_WIDTH, LEAST_HEIGHT)
    look(office)
    office.settle()
    assert office.window.width() == LEAST_WIDTH
    connect = office.find("hub.connect")
    below = connect.mapTo(office.window, connect.rect().bottomRight())
    assert below.x() <= LEAST_WIDTH
    assert below.y() <= LEAST_HEIGHT


def test_a_hub_nearby_is_chosen_compared_and_asked(office: Desk) -> None:
    language.use("en")
    office.settle()
    assert not office.sees("hub.trust")
    office.click("hub.look_nearby")
    assert office.find("hub.nearby", QComboBox).currentText() == f"{NEARBY.name} — {NEARBY.url}"
    assert office.words("hub.certificate").replace("\u200b", "").startswith("0123 4567 89AB CDEF 0123")
    office.click("hub.trust")
    assert office.station.hub.trusted == [NEARBY]
    assert FOUND.name in office.words("hub.who")
    assert not office.sees("hub.look_nearby")
    office.type("hub.code", HUB_CODE)
    office.click("hub.connect")
    assert state(office) == "begins with the next start"
    assert office.words("hub.address").replace("\u200b", "") == NEARBY.url


def test_another_hub_of_the_list_shows_its_own_fingerprint(office: Desk) -> None:
    other = NearbyHub("Көрші", "https://192.168.1.6:8443", "fe" * 32)
    office.station.hub.around = (NEARBY, other)
    office.click("hub.look_nearby")
    office.find("hub.nearby", QComboBox).setCurrentIndex(1)
    assert office.words("hub.certificate").startswith("FEFE")
    office.click("hub.trust")
    assert office.station.hub.trusted == [other]


def test_a_network_without_hubs_says_so(office: Desk) -> None:
    office.station.hub.around = ()
    assert not office.sees("hub.nobody_nearby")
    office.click("hub.look_nearby")
    assert office.sees("hub.nobody_nearby")
    assert not office.sees("hub.trust")


def test_a_hub_with_another_certificate_is_said_and_can_be_looked_for_again(office: Desk) -> None:
    office.click("hub.look_nearby")
    office.station.hub.error = LinkError(Text("The hub cannot be reached."))
    office.click("hub.trust")
    assert office.sees("notice.text")
    assert not office.sees("hub.code")
    office.click("hub.trust")
    assert office.sees("hub.code")


@pytest.mark.parametrize("tongue", LANGUAGES)
def test_hubs_nearby_fit_the_least_window_in_every_language(office: Desk, tongue: str) -> None:
    language.use(tongue)
    office.window.resize(LEAST_WIDTH, LEAST_HEIGHT)
    office.click("hub.look_nearby")
    office.settle()
    assert office.window.width() == LEAST_WIDTH
    trust = office.find("hub.trust")
    below = trust.mapTo(office.window, trust.rect().bottomRight())
    assert below.x() <= LEAST_WIDTH
    assert below.y() <= LEAST_HEIGHT


@pytest.mark.parametrize(("is_there", "cursor"), [(False, "hub.typed_address"), (True, "hub.code")])
def test_the_cursor_stays_in_its_field_when_the_hub_went_away(office: Desk, is_there: bool, cursor: str) -> None:
    if is_there:
        look(office)
    else:
        office.find("hub.typed_address").setFocus()
        office.strike(HUB_URL)
    slow = Held(office.station.hub, "connect" if is_there else "look", LinkError(Text("The hub cannot be reached.")))
    office.find(cursor).setFocus()
    office.settle()  # a window that is not in front moves the cursor by itself when it comes there
    QTest.keyClick(office.window.windowHandle(), Qt.Key.Key_Return)
    slow.wait_for_calls()
    assert not office.find(cursor).isEnabled()
    slow.let_go()
    office.settle()
    assert office.sees("notice.text")
    assert office.cursor == cursor


def test_the_cursor_stays_on_the_list_of_hubs_nearby(office: Desk) -> None:
    office.click("hub.look_nearby")
    office.station.hub.error = LinkError(Text("The hub cannot be reached."))
    office.find("hub.trust").setFocus()
    office.keys(Qt.Key.Key_Space)
    assert office.cursor == "hub.trust"


def test_escape_leaves_the_hub_that_was_found_and_nothing_that_is_under_way(office: Desk) -> None:
    look(office)
    office.type("hub.code", HUB_CODE)
    slow = Held(office.station.hub, "connect")
    office.press("hub.connect")
    slow.wait_for_calls()
    QTest.keyClick(office.window.windowHandle(), Qt.Key.Key_Escape)
    assert office.sees("hub.code")
    slow.let_go()
    office.settle()
    assert office.station.hub.now.since == NOON
    look(office)
    assert office.cursor == "hub.code"
    office.keys(Qt.Key.Key_Escape)
    assert not office.sees("hub.code")
    assert office.cursor == "hub.typed_address"
