"""A disk that runs full is said above every screen, whatever thread saw it, and unsaid when there is room again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtWidgets import QApplication

from clinic_app.settings import Settings
from clinic_app.workstation import build_workstation
from tests.helpers.fake_safekeeping import FULL
from tests.helpers.fake_workstation import PASSWORD, FakeWorkstation, staffed
from tests.helpers.waiting import wait_until
from tests.helpers.watchdog import Watchdog
from tests.helpers.windows import Desk
from ui import language, theme
from ui.tasks import TaskRunner

OFFICE_WIDTH = 1366


def _from_a_thread(call: Callable[[], object]) -> None:
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    QApplication.processEvents()


def test_with_room_nothing_is_said(desk: Desk) -> None:
    desk.enter("nurse")
    assert not desk.sees("space")


def test_a_full_disk_is_said_at_once_and_goes_by_itself(desk: Desk, watchdog: Watchdog) -> None:
    room = desk.station.safekeeping.room
    with watchdog.paused():
        desk.enter("nurse")
    _from_a_thread(lambda: room.become("full"))
    assert desk.words("space.text") == FULL.render("kk")
    with watchdog.paused():
        desk.click("rail.settings")
    assert desk.sees("space.text")
    _from_a_thread(lambda: room.become("ok"))
    assert not desk.sees("space")


def test_it_follows_the_language(desk: Desk) -> None:
    desk.enter("nurse")
    desk.station.safekeeping.room.become("full")
    desk.settle()
    for code in ("ru", "en", "kk"):
        language.use(code)  # type: ignore[arg-type]
        desk.settle()
        assert desk.words("space.text") == FULL.render(code)  # type: ignore[arg-type]


def test_it_stands_there_from_the_first_moment_where_the_disk_was_full_before(
    open_desk: Callable[[FakeWorkstation], Desk],
) -> None:
    station = staffed()
    station.safekeeping.room.become("full")
    desk = open_desk(station)
    desk.enter("registrar")
    assert desk.sees("space.text")


def test_everybody_sees_it_also_after_another_person_signed_in(desk: Desk) -> None:
    desk.enter("nurse")
    desk.station.safekeeping.room.become("full")
    desk.click("status.sign_out")
    desk.enter("administrator")
    assert desk.sees("space.text")


def test_a_closed_window_listens_no_longer(open_desk: Callable[[FakeWorkstation], Desk]) -> None:
    station = staffed()
    desk = open_desk(station)
    assert len(station.safekeeping.room.subscribers) == 1
    desk.window.close()
    assert station.safekeeping.room.subscribers == []


@pytest.mark.parametrize("code", ["kk", "ru", "en"])
def test_it_never_widens_the_window(desk: Desk, code: str) -> None:
    language.use(code)  # type: ignore[arg-type]
    desk.enter("nurse")
    desk.station.safekeeping.room.become("full")
    desk.settle()
    assert desk.window.minimumSizeHint().width() <= OFFICE_WIDTH


def test_data_that_can_only_be_looked_at_say_so_above_every_screen(qapp: QApplication, tmp_path: Path) -> None:
    language.use("kk")
    theme.apply(qapp, "light")
    settings = Settings(tmp_path, {"key_storage": "file", "reserve_mb": 0, "lock_after_s": 0})
    station = build_workstation(settings)
    station.set_up("Ырғыз АА", "Петров", "it", PASSWORD)
    station.close()
    station = build_workstation(settings, is_read_only=True)
    desk = Desk(cast("FakeWorkstation", station), TaskRunner(2))
    try:
        desk.enter("it")
        reason = station.safekeeping.space().reason
        assert reason is not None
        assert desk.words("space.text") == reason.render("kk")
    finally:
        desk.close()
        station.close()


def test_the_real_room_refuses_what_a_person_writes_and_says_so_above_the_page(
    qapp: QApplication, tmp_path: Path
) -> None:
    language.use("kk")
    theme.apply(qapp, "light")
    station = build_workstation(Settings(tmp_path, {"key_storage": "file", "reserve_mb": 0, "lock_after_s": 0}))
    station.set_up("Ырғыз АА", "Петров", "it", PASSWORD)
    desk = Desk(cast("FakeWorkstation", station), TaskRunner(2))
    try:
        desk.enter("it")
        space = station.safekeeping.space()
        space._free = lambda _folder: 0
        _from_a_thread(space.met_full)
        wait_until(lambda: desk.sees("space.text"), what="the sentence above the page")
        for key, words in {"name": "Өмірзақ Әлішер", "login": "doctor", "password": PASSWORD}.items():
            desk.type(f"settings.{key}", words)
        desk.click("settings.add")
        assert desk.words("notice.text") == desk.words("space.text")
        space._free = lambda _folder: 1 << 40
        space.look()
        desk.settle()
        assert not desk.sees("space")
        desk.click("settings.add")
        assert station.people.sign_in("doctor", PASSWORD).role == "registrar"
    finally:
        desk.close()
        station.close()
