"""The screens of a role are made while its owner already works: a piece at a turn; the window answers in between."""

from __future__ import annotations

import importlib
from typing import cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTabWidget, QWidget

from clinic_app.access import Role
from clinic_app.registration import PatientForm
from tests.helpers.fake_workstation import PASSWORD
from tests.helpers.waiting import wait_until
from tests.helpers.watchdog import Watchdog
from tests.helpers.windows import Desk
from ui.consultation.consultation_screen import ConsultationScreen
from ui.exchange.exchange_screen import ExchangeScreen
from ui.registration.patient_form import PatientFormPanel
from ui.registration.registration_screen import RegistrationScreen
from ui.shell.closed_record_page import ClosedRecordPage
from ui.shell.screens import screens_of
from ui.shell.warm_up import parts
from ui.shell.work_page import WorkPage
from ui.widgets.record_table import RecordTable

ROLES: tuple[Role, ...] = ("doctor", "specialist", "administrator")
"""Together they have every screen of the clinic's work."""
PERSON = PatientForm(family="Әлібекқызы", given="Гүлнұр", birth_date="05.03.1964", gender="female")


@pytest.fixture(autouse=True, scope="module")
def _code_is_read() -> None:
    """As after `warm_up`: reading the code is not what is watched here."""
    for name in parts():
        importlib.import_module(name)


def _page(desk: Desk) -> WorkPage:
    assert desk.window.work is not None
    return desk.window.work


def _is_whole(page: WorkPage) -> bool:
    return set(page._made) == set(page._screens) and not page._breath.isActive()


def _whole(desk: Desk) -> WorkPage:
    wait_until(lambda: _is_whole(_page(desk)), what="every screen to be made")
    return _page(desk)


def _fresh(desk: Desk, key: str) -> QWidget:
    """Make one more of a screen beside those of the page, which are made ahead at their own pace."""
    page = _page(desk)
    return page._screens[key].factory(page._context, QWidget(page))


@pytest.mark.parametrize("role", ROLES)
def test_everything_of_a_role_is_made_and_the_window_answers_in_between(
    desk: Desk, role: Role, watchdog: Watchdog
) -> None:
    desk.enter(role)
    page = _whole(desk)

    assert list(page._made) == [screen.key for screen in screens_of(role)]
    left = [key for key, screen in page._made.items() if (more := getattr(screen, "make_more", None)) and more()]
    assert left == []


def test_the_form_behind_the_list_is_made_by_itself_or_at_once_for_a_quick_hand(desk: Desk) -> None:
    desk.enter("doctor")
    quick, calm = (cast("RegistrationScreen", _fresh(desk, "patients")) for _each in range(2))
    assert not quick.findChildren(PatientFormPanel), "whoever searches does not wait for it"

    quick._register()
    assert len(quick.findChildren(PatientFormPanel)) == 1
    assert not quick.make_more()

    assert calm.make_more()
    assert not calm.make_more()
    assert calm.has_unsaved() is False
    assert calm._stack.currentWidget() is calm._table


@pytest.mark.parametrize("role", ROLES)
def test_a_screen_stands_where_it_was_made(desk: Desk, role: Role) -> None:
    """It is made as a child of its place: put there afterwards it would be dressed a second time, part by part."""
    desk.enter(role)
    page = _page(desk)
    strangers = []
    for screen in screens_of(role):
        if screen.key not in page._made:
            place = QWidget(page)
            made = screen.factory(page._context, place)
            if made.parent() is not place:
                strangers.append(screen.key)
            place.setParent(None)
            place.deleteLater()
    assert strangers == []


def test_a_table_without_rows_is_not_drawn_before_it_has_some(desk: Desk) -> None:
    desk.enter("doctor")
    page = _whole(desk)
    tables: list[RecordTable[object]] = page.findChildren(RecordTable)

    assert tables
    assert [each.view.objectName() for each in tables if each.currentWidget() is not each.empty] == []
    drawn = Qt.WidgetAttribute.WA_WState_Created
    assert [each.view.objectName() for each in tables if each.view.testAttribute(drawn)] == []


def test_the_parts_of_the_exchange_come_one_by_one_and_one_at_once_where_somebody_looks(desk: Desk) -> None:
    desk.enter("administrator")
    screen = cast("ExchangeScreen", _fresh(desk, "exchange"))
    assert list(screen._parts) == [0]

    tabs = screen.findChild(QTabWidget, "exchange.tabs")
    assert tabs is not None
    tabs.setCurrentIndex(2)
    assert list(screen._parts) == [0, 2], "whoever looks waits for nothing else"

    assert screen.make_more()
    assert list(screen._parts) == [0, 2, 1]
    while screen.make_more():
        continue
    assert sorted(screen._parts) == list(range(tabs.count()))


def test_the_viewers_of_a_case_are_made_before_the_first_case_is_opened(desk: Desk) -> None:
    desk.enter("specialist")
    room = _whole(desk).widget_of("worklist")
    assert isinstance(room, ConsultationScreen)

    made = vars(room.case.evidence)
    assert {"recording", "desk", "vitals", "picture"} <= set(made)
    assert not any(made[name].isVisible() for name in ("recording", "desk", "vitals", "picture"))
    assert room.currentWidget() is room.worklist


def test_the_page_of_a_closed_chart_is_made_when_one_is_met(desk: Desk) -> None:
    doctor = desk.station.people.sign_in("doctor", PASSWORD)
    patient = desk.station.registration.register(doctor, PERSON)
    desk.station.registration.closed.add(patient.id)
    desk.enter("doctor")
    page = _whole(desk)
    assert not page.findChildren(ClosedRecordPage)

    desk.take(desk.station.registration.search(page._context.session, PERSON.family)[0])
    desk.click("rail.chart")

    assert desk.sees("closed_record")
    assert page.current_key == "chart"
    assert len(page.findChildren(ClosedRecordPage)) == 1


def test_a_page_that_goes_while_its_screens_are_made_takes_them_along(desk: Desk) -> None:
    desk.enter("doctor")
    page = _page(desk)
    desk.window.sign_out()
    desk.settle()

    assert desk.window.work is None
    assert not _is_whole(page) or set(page._made) == set(page._screens)
    desk.enter("nurse")
    assert list(_whole(desk)._made) == [screen.key for screen in screens_of("nurse")]
