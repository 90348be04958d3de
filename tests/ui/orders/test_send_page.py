"""Sending to an archive on its page: chosen, sent with progress, stopped, tried again, and what the archive says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace
from PySide6.QtWidgets import QComboBox, QTabWidget

from clinic_app.foundation.errors import LinkError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.network.commitment import Asked
from clinic_app.imaging.network.sending import Sent
from tests.helpers.clocks import NOON
from tests.helpers.fake_images import GULNUR
from tests.helpers.orders_room import OrdersRoom, choose, press
from tests.helpers.panes import Pane
from tests.helpers.waiting import wait_until
from ui.orders.orders_screen import OrdersScreen

ASKED = Asked(transaction="1.2", archive="Мұрағат", study_id="study-1", count=3, at=NOON)


@pytest.fixture
def page(opened: Callable[[], Pane[OrdersScreen]], room: OrdersRoom) -> Pane[OrdersScreen]:
    room.hand.take(GULNUR)
    pane = opened()
    pane.find("orders.tabs", QTabWidget).setCurrentIndex(2)
    pane.settle()
    choose(pane, "orders.studies", 0)
    return pane


def test_a_study_is_sent_and_the_archives_own_word_is_shown(page: Pane[OrdersScreen], room: OrdersRoom) -> None:
    assert page.column("orders.studies", 1) == ["US, 3 images"]
    room.sending.told = [replace_state("kept")]
    press(page, "orders.send_images")
    assert room.sending.sent == [("study-1", "Мұрағат")]
    assert "taken 3 images" in page.words("orders.sent")
    assert "keeps all 3 images" in page.words("orders.asked")


def test_a_stopped_one_says_how_far_it_came_and_is_tried_again(page: Pane[OrdersScreen], room: OrdersRoom) -> None:
    room.sending.gate.clear()
    page.find("orders.send_images").click()  # type: ignore[attr-defined]
    wait_until(lambda: page.sees("orders.sending.cancel"))
    assert not page.find("orders.send_images").isEnabled()
    page.find("orders.sending.cancel").click()  # type: ignore[attr-defined]
    room.sending.gate.set()
    page.settle()
    assert "It was stopped." in page.words("orders.sent")
    press(page, "orders.sent.action")
    assert len(room.sending.sent) == 2
    assert "taken 3 images" in page.words("orders.sent")


def test_what_was_not_taken_has_its_reason(page: Pane[OrdersScreen], room: OrdersRoom) -> None:
    reason = Text("The archive “{name}” does not take this kind of image.", name="Мұрағат")
    room.sending.answer = Sent(1, (("1.2", reason), ("1.3", reason)))
    press(page, "orders.send_images")
    said = page.words("orders.sent")
    assert "2 images were not taken" in said
    assert said.count("does not take this kind") == 1


def test_an_archive_that_is_away_is_a_sentence_and_the_button_is_there_again(
    page: Pane[OrdersScreen], room: OrdersRoom
) -> None:
    room.sending.refusal = LinkError(Text("The archive “{name}” cannot be reached.", name="Мұрағат"))
    press(page, "orders.send_images")
    assert room.notices[-1][1] == "warn"
    assert page.find("orders.send_images").isEnabled()


def test_an_answer_that_comes_later_is_seen_by_itself(page: Pane[OrdersScreen], room: OrdersRoom) -> None:
    room.sending.told = [ASKED]
    press(page, "orders.send_images")
    assert "has not answered yet" in page.words("orders.asked")
    room.sending.told = [replace_state("missing", ("1.2",))]
    page.widget._sending._look_asked()  # type: ignore[union-attr]
    page.settle()
    assert "does not keep 1 of 3" in page.words("orders.asked")


def test_a_web_archive_stands_in_the_same_list_and_takes_images(page: Pane[OrdersScreen], room: OrdersRoom) -> None:
    room.web.names = ("Облыстық мұрағат", "Мұрағат")
    page.widget._sending.look()  # type: ignore[union-attr]
    page.settle()
    archives = page.find("orders.archive", QComboBox)
    assert [archives.itemText(row) for row in range(archives.count())] == ["Мұрағат", "Облыстық мұрағат"]
    archives.setCurrentIndex(1)
    room.web.refused = 1
    press(page, "orders.send_images")
    assert (room.web.sent, room.sending.sent) == ([("study-1", "Облыстық мұрағат")], [])
    assert "taken 2 images" in page.words("orders.sent")
    assert "1 image was not taken: The archive “Облыстық мұрағат” has not stored them." in page.words("orders.sent")
    room.web.refusal = LinkError(Text("The archive “{name}” cannot be reached.", name="Облыстық мұрағат"))
    press(page, "orders.sent.action")
    assert room.notices[-1][1] == "warn"


def test_without_a_patient_somebody_is_sent_to_choose_one(page: Pane[OrdersScreen], room: OrdersRoom) -> None:
    room.hand.take(None)
    page.settle()
    assert page.sees("orders.studies.empty")
    press(page, "orders.send_search")
    assert room.went == ["patients"]


def replace_state(state: str, missing: tuple[str, ...] = ()) -> Asked:
    """Return the question with an answer."""
    return replace(ASKED, state=state, missing=missing)
