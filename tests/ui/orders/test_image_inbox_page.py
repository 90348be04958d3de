"""Images without a patient on their page: looked at, filed for the right person, put aside, taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QTabWidget

from clinic_app.foundation.errors import StorageError
from clinic_app.foundation.texts import Text
from tests.helpers.clocks import NOON
from tests.helpers.fake_images import ERLAN, GULNUR
from tests.helpers.orders_room import OrdersRoom, choose, press
from tests.helpers.panes import Pane
from tests.helpers.waiting import wait_until
from ui.orders.orders_screen import OrdersScreen
from ui.orders.words import age_words


@pytest.fixture
def inbox(opened: Callable[[], Pane[OrdersScreen]]) -> Pane[OrdersScreen]:
    pane = opened()
    pane.find("orders.tabs", QTabWidget).setCurrentIndex(1)
    pane.settle()
    return pane


def test_studies_are_listed_with_what_stands_on_them_and_whose_they_may_be(inbox: Pane[OrdersScreen]) -> None:
    assert inbox.column("orders.waiting", 0) == ["2 minutes ago", "45 minutes ago", "26 hours ago"]
    assert inbox.column("orders.waiting", 3) == ["Әлібекқызы Гүлнұр", "nobody yet", ERLAN.full_name]


def test_nothing_is_chosen_for_anybody_beforehand(inbox: Pane[OrdersScreen]) -> None:
    assert inbox.sees("orders.no_study")
    choose(inbox, "orders.waiting", 0)
    assert inbox.column("orders.candidates", 0) == ["Әлібекқызы Гүлнұр"]
    assert not inbox.find("orders.file").isEnabled()


def test_small_pictures_of_the_series_are_seen(inbox: Pane[OrdersScreen]) -> None:
    choose(inbox, "orders.waiting", 0)
    page = inbox.widget._parts["inbox"]
    pictures = page._card._pictures._pictures  # type: ignore[union-attr]
    wait_until(lambda: any(not each.pixmap().isNull() for each in pictures.values()))  # type: ignore[attr-defined]
    assert len(pictures) == 3


def test_filing_is_one_key_and_can_be_taken_back_at_once(inbox: Pane[OrdersScreen], room: OrdersRoom) -> None:
    choose(inbox, "orders.waiting", 0)
    choose(inbox, "orders.candidates", 0)
    QTest.keyClick(inbox.widget, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    inbox.settle()
    assert room.inbox.gone[-1].patient_id == GULNUR.id
    assert len(inbox.column("orders.waiting", 0)) == 2
    assert room.counts[-1] == 2
    press(inbox, "orders.filed.action")
    assert room.inbox.gone == []
    assert len(inbox.column("orders.waiting", 0)) == 3


def test_what_is_not_his_is_asked_about_once_more(inbox: Pane[OrdersScreen], room: OrdersRoom) -> None:
    choose(inbox, "orders.waiting", 2)
    choose(inbox, "orders.candidates", 0)
    assert "Another name" in inbox.words("orders.study_warning")
    press(inbox, "orders.file")
    assert room.inbox.gone == []
    press(inbox, "orders.sure.no")
    assert room.inbox.gone == []
    press(inbox, "orders.file")
    press(inbox, "orders.sure.yes")
    assert (room.inbox.sure, room.inbox.gone[-1].patient_id) == ([False, False, True], ERLAN.id)


def test_the_patient_in_hand_stands_among_the_candidates(inbox: Pane[OrdersScreen], room: OrdersRoom) -> None:
    choose(inbox, "orders.waiting", 1)
    assert inbox.sees("orders.candidates.empty")
    press(inbox, "orders.search")
    assert room.went == ["patients"]
    room.hand.take(ERLAN)
    inbox.settle()
    assert inbox.column("orders.candidates", 2) == ["in hand now"]


def test_a_phantom_is_put_aside_and_stands_among_what_was_filed(inbox: Pane[OrdersScreen], room: OrdersRoom) -> None:
    choose(inbox, "orders.waiting", 1)
    press(inbox, "orders.aside")
    assert room.inbox.gone[-1].how == "aside"
    press(inbox, "orders.which.handled")
    assert inbox.column("orders.handled", 1) == ["Put aside"]
    choose(inbox, "orders.handled", 0)
    press(inbox, "orders.take_back")
    assert room.inbox.gone == []
    assert "wait" in room.notices[-1][0]


def test_words_narrow_the_list_and_an_empty_one_says_why(inbox: Pane[OrdersScreen]) -> None:
    field = inbox.find("orders.filter", QLineEdit)
    field.setText("petrov")
    field.searched.emit("petrov")  # type: ignore[attr-defined]
    inbox.settle()
    assert len(inbox.column("orders.waiting", 0)) == 1
    field.setText("nobody")
    field.searched.emit("nobody")  # type: ignore[attr-defined]
    inbox.settle()
    assert inbox.sees("orders.waiting.empty")


def test_what_arrives_while_somebody_looks_is_seen_and_takes_nothing_away(
    inbox: Pane[OrdersScreen], room: OrdersRoom
) -> None:
    choose(inbox, "orders.waiting", 1)
    room.inbox.add("1.9", "Маммограф", "MG", 4, None)
    wait_until(lambda: room.counts[-1] == 4)
    inbox.settle()
    assert len(inbox.column("orders.waiting", 0)) == 4
    assert "КТ" in inbox.words("orders.study_head")


def test_what_the_store_refuses_is_a_sentence(inbox: Pane[OrdersScreen], room: OrdersRoom) -> None:
    choose(inbox, "orders.waiting", 0)
    choose(inbox, "orders.candidates", 0)
    room.inbox.refusal = StorageError(Text("The disk is full. Nothing was saved; free some space and try again."))
    press(inbox, "orders.file")
    assert room.notices[-1][1] == "warn"


def test_an_age_is_said_as_people_say_it(qapp: QApplication) -> None:
    assert len({age_words(NOON - timedelta(seconds=each), NOON) for each in (5, 120, 7200, 400_000)}) == 4


def test_two_people_under_one_study_number_are_two_lines_each_filed_for_himself(
    opened: Callable[[], Pane[OrdersScreen]], room: OrdersRoom
) -> None:
    first, second = room.inbox.studies[:2]
    parts = [
        replace(each, study=replace(each.study, name=f"1.1#{place}", sharers=1), is_shared=True)
        for place, each in enumerate((first, second))
    ]
    room.inbox.studies = parts
    for part in parts:
        room.inbox.bytes[part.study.key] = room.inbox.bytes[part.study.uid]
    pane = opened()
    pane.find("orders.tabs", QTabWidget).setCurrentIndex(1)
    pane.settle()
    assert len(pane.column("orders.waiting", 0)) == 2
    choose(pane, "orders.waiting", 0)
    assert "several patients one study number" in pane.words("orders.study_warning")
    choose(pane, "orders.candidates", 0)
    press(pane, "orders.file")
    assert [each.study.key for each in room.inbox.studies] == ["1.1#1"]
    assert room.inbox.gone[-1].patient_id == GULNUR.id
    press(pane, "orders.filed.action")
    assert room.inbox.gone == []
