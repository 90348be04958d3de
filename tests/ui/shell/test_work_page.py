"""The window around the screens: rail, banner, status bar, faults, names for a screen reader."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QDialog, QScrollBar, QWidget

from clinic_app.foundation.texts import Text
from clinic_app.registration import PatientForm
from clinic_app.sync import Failed, QueueSummary, Running, Succeeded
from tests.helpers.fake_workstation import PASSWORD, FakeWorkstation, staffed
from tests.helpers.watchdog import Watchdog
from tests.helpers.windows import Desk
from ui import language
from ui.shell.screens import SCREENS, screens_of
from ui.widgets.chip import Chip
from ui.widgets.search_field import SearchField
from ui.widgets.size_words import size_words

ALT = Qt.KeyboardModifier.AltModifier
FORM = PatientForm(family="Әлібекқызы", given="Гүлнұр", birth_date="05.03.1964", gender="female")


def _with_patient(desk: Desk) -> None:
    desk.station.registration.register(desk.station.people.sign_in("doctor", PASSWORD), FORM)


def _take_patient(desk: Desk) -> None:
    _with_patient(desk)
    desk.click("rail.patients")
    work = desk.window.work
    assert work is not None
    work._context.hand.take(desk.station.registration.patients[0])
    desk.settle()


def test_each_role_sees_its_own_screens() -> None:
    keys = {role: [screen.key for screen in screens_of(role)] for role in ("registrar", "nurse", "doctor")}
    assert keys == {
        "registrar": ["patients", "orders", "settings", "exchange"],
        "nurse": ["patients", "chart", "signals", "recordings", "images", "orders", "settings", "devices", "exchange"],
        "doctor": [
            "patients",
            "chart",
            "signals",
            "recordings",
            "images",
            "orders",
            "referrals",
            "settings",
            "devices",
            "exchange",
        ],
    }
    assert screens_of("specialist")[0].key == "worklist"
    administrators = [screen.key for screen in screens_of("administrator")]
    assert administrators == ["settings", "devices", "image_network", "exchange"]
    assert len({screen.key for screen in SCREENS}) == len(SCREENS)


class _Windows(QObject):
    """Notes every window that opens."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's own name
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self.names.append(f"{type(watched).__name__} {watched.objectName()}")
        return False


@pytest.mark.parametrize("role", ["administrator", "doctor", "nurse", "registrar", "specialist"])
def test_no_part_of_a_screen_is_a_window_while_it_is_made(desk: Desk, qapp: QApplication, role: str) -> None:
    seen = _Windows()
    qapp.installEventFilter(seen)
    try:
        desk.enter(role)
        work = desk.window.work
        assert work is not None
        for screen in screens_of(work._context.session.role):
            more = getattr(work.widget_of(screen.key), "make_more", None)
            while more is not None and more():
                continue
        desk.settle()
    finally:
        qapp.removeEventFilter(seen)
    assert seen.names == [], "each would take the keys from the window for a moment"


def test_screens_that_need_a_patient_are_closed_without_one(desk: Desk) -> None:
    desk.enter("doctor")
    assert not desk.find("rail.chart").isEnabled()
    _take_patient(desk)
    assert desk.find("rail.chart").isEnabled()


def test_alt_and_a_digit_go_through_the_rail(desk: Desk) -> None:
    desk.enter("doctor")
    _take_patient(desk)
    desk.keys(Qt.Key.Key_2, ALT)
    assert desk.sees("chart.save_vitals")
    desk.keys(Qt.Key.Key_1, ALT)
    assert desk.sees("registration.search")


def test_the_banner_shows_the_patient_in_hand_with_his_allergies(desk: Desk) -> None:
    desk.enter("doctor")
    _take_patient(desk)
    patient = desk.station.registration.patients[0]
    assert desk.words("banner.name") == "ӘЛІБЕКҚЫЗЫ Гүлнұр"
    assert desk.words("banner.allergies") == "Аллергия жазылмаған"
    desk.click("rail.chart")
    desk.type("chart.allergy", "пенициллин")
    desk.click("chart.add_allergy")
    assert desk.words("banner.allergies") == "Аллергия: пенициллин"
    assert desk.station.encounters.allergy_list[0].patient.id == patient.id


def test_a_registrar_sees_no_allergies_because_his_role_may_not(desk: Desk) -> None:
    desk.enter("registrar")
    _take_patient(desk)
    assert desk.words("banner.name").startswith("ӘЛІБЕКҚЫЗЫ")
    assert not desk.sees("banner.allergies")
    assert not desk.sees("notice")


def test_putting_the_patient_away_closes_his_screens(desk: Desk) -> None:
    desk.enter("doctor")
    _take_patient(desk)
    desk.click("rail.chart")
    desk.click("banner.close")
    assert desk.sees("registration.search")
    assert not desk.find("rail.chart").isEnabled()


@pytest.mark.parametrize(
    ("state", "queue", "link", "waiting"),
    [
        (Failed(datetime.now(UTC), Text("Nobody yet")), QueueSummary(3, 1, 41_000_000, None), "No link", "4 wait"),
        (Running(4, 9), QueueSummary(5, 0, 900, None), "Sending 4 of 9", "5 wait"),
        (Succeeded(datetime.now(UTC)), QueueSummary(0, 0, 0, None), "Link to the hub is up", "Queue is empty"),
    ],
)
def test_the_status_bar_says_link_and_queue_in_words(
    desk: Desk, state: Failed | Running | Succeeded, queue: QueueSummary, link: str, waiting: str
) -> None:
    language.use("en")
    desk.enter("doctor")
    assert desk.station.sync is not None
    desk.station.sync.become(state, queue)
    QCoreApplication.processEvents()
    desk.settle()
    assert desk.find("status.link", Chip).text().startswith(link)
    assert desk.find("status.queue", Chip).text().startswith(waiting)


def test_a_workstation_without_a_hub_says_so_and_offers_no_sync(
    open_desk: Callable[[FakeWorkstation], Desk],
) -> None:
    station = staffed()
    station.sync = None
    desk = open_desk(station)
    desk.enter("doctor")
    assert desk.find("status.link", Chip).text() == "Хабсыз жұмыс істейді"
    assert not desk.sees("status.sync_now")


def test_try_now_asks_the_sync_service(desk: Desk) -> None:
    desk.enter("doctor")
    desk.click("status.sync_now")
    assert desk.station.sync is not None
    assert desk.station.sync.tries == 1


def test_a_closed_window_no_longer_listens_to_sync(open_desk: Callable[[FakeWorkstation], Desk]) -> None:
    station = staffed()
    desk = open_desk(station)
    desk.window.close()
    assert station.sync is not None
    assert station.sync.subscribers == []


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0 KB"), (1, "1 KB"), (41_000_000, "41 MB"), (2_500_000_000, "2.5 GB")]
)
def test_sizes_are_told_in_units_people_know(qapp: object, size: int, words: str) -> None:
    language.use("en")
    assert size_words(size) == words
    language.use("kk")
    assert "." not in size_words(size), "Kazakh and Russian write a comma"


def test_a_fault_opens_a_dialog_that_says_nothing_was_lost(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.enter("doctor")
    desk.runner.run(lambda: 1 // 0, owner=desk.window, done=lambda _none: None)
    desk.settle()
    (dialog,) = desk.window.findChildren(QDialog)
    assert dialog.isVisible()
    assert "ZeroDivisionError" in caplog.text
    desk.runner.run(lambda: 1 // 0, owner=desk.window, done=lambda _none: None)
    desk.settle()
    assert desk.window.findChildren(QDialog) == [dialog]
    dialog.accept()
    desk.settle()


def test_an_answer_that_comes_after_signing_out_harms_nobody(desk: Desk) -> None:
    desk.enter("registrar")
    gate, faults = threading.Event(), []
    desk.runner.faulted.connect(faults.append)
    quick = desk.station.registration.search
    desk.station.registration.search = lambda session, words: (gate.wait(10), quick(session, words))[1]  # type: ignore[method-assign]
    desk.find("registration.search", SearchField).searched.emit("a")
    QTest.mouseClick(desk.find("status.sign_out"), Qt.MouseButton.LeftButton)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    gate.set()
    desk.settle()
    assert faults == []
    assert desk.sees("sign_in.login")


def _nameless(window: QWidget) -> list[str]:
    found = []
    for widget in window.findChildren(QWidget):
        is_part = isinstance(widget, QScrollBar) or isinstance(widget.parent(), QAbstractScrollArea)
        if widget.focusPolicy() == Qt.FocusPolicy.NoFocus or not widget.isVisible() or is_part or widget.focusProxy():
            continue
        interface = QAccessible.queryAccessibleInterface(widget)
        if not interface.text(QAccessible.Text.Name).strip():
            found.append(f"{type(widget).__name__} {widget.objectName()}")
    return found


@pytest.mark.parametrize("code", ["kk", "ru", "en"])
def test_every_control_a_cursor_can_reach_has_a_name(desk: Desk, code: str) -> None:
    desk.click(f"sign_in.language.{code}")
    nameless = _nameless(desk.window)
    desk.enter("doctor")
    nameless += _nameless(desk.window)
    _take_patient(desk)
    for key in ("chart", "settings", "patients"):
        desk.click(f"rail.{key}")
        nameless += _nameless(desk.window)
    desk.click("registration.new")
    nameless += _nameless(desk.window)
    desk.click("status.sign_out")
    desk.enter("administrator")
    nameless += _nameless(desk.window)
    assert nameless == []


def test_the_window_answers_while_the_core_is_slow(desk: Desk, watchdog: Watchdog) -> None:
    with watchdog.paused():
        desk.enter("doctor")
        _take_patient(desk)
        desk.click("rail.chart")
        desk.click("rail.patients")
    gate, quick = threading.Event(), desk.station.registration.search
    desk.station.registration.search = lambda session, words: (gate.wait(1), quick(session, words))[1]  # type: ignore[method-assign]
    for words in ("a", "b", "c"):
        desk.find("registration.search", SearchField).searched.emit(words)
        QTest.qWait(20)
    gate.set()
    desk.settle()
