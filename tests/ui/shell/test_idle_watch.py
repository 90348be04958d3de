"""How long nobody has touched the windows: counted from the last touch, over sleep, at hardly any cost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPointingDevice, QTouchEvent, QWheelEvent, QWindow
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QWidget

from tests.helpers.waiting import wait_until
from ui.shell.idle_watch import WARNING_S, IdleWatch, now_s


class TwoClocks:
    """A steady clock and one on the wall."""

    def __init__(self) -> None:
        self.steady_s, self.wall_s = 50.0, 1_000_000.0

    def __call__(self) -> tuple[float, float]:
        return self.steady_s, self.wall_s

    def go_on(self, seconds: float) -> None:
        """Let time pass."""
        self.steady_s += seconds
        self.wall_s += seconds

    def sleep(self, seconds: float) -> None:
        """Let the computer sleep: the steady clock stands still."""
        self.wall_s += seconds


class Room:
    """A window, a watch over it, and what the watch said."""

    def __init__(self, after_s: float = 300) -> None:
        self.clocks = TwoClocks()
        self.window = QWidget()
        self.line = QLineEdit(self.window)
        self.list = QComboBox(self.window)
        self.list.addItems(["one", "two"])
        self.list.move(20, 60)
        self.window.show()
        self.window.activateWindow()
        wait_until(self.window.isActiveWindow)
        self.watch = IdleWatch(after_s, self.window, self.clocks)
        self.said: list[str] = []
        self.watch.due.connect(lambda: self.said.append("due"))
        self.watch.warned.connect(lambda is_near: self.said.append("near" if is_near else "far"))
        self.watch.start()

    def handle(self) -> QWindow:
        """Return the window as the system knows it."""
        handle = self.window.windowHandle()
        assert handle is not None
        return handle

    def wait(self, seconds: float) -> None:
        """Let time pass and the watch look."""
        self.clocks.go_on(seconds)
        self.watch.look()

    def move(self, x: float) -> None:
        """Move the pointer somewhere."""
        place = QPointF(x, 5)
        event = QMouseEvent(
            QEvent.Type.MouseMove, place, place, Qt.MouseButton.NoButton, Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
        )  # fmt: skip
        QCoreApplication.sendEvent(self.handle(), event)


@pytest.fixture
def room(qapp: QApplication) -> Iterator[Room]:
    made = Room()
    yield made
    made.watch.stop()
    made.window.close()
    made.window.deleteLater()


def test_it_is_due_when_nobody_touched_anything_for_the_whole_time(room: Room) -> None:
    room.wait(299)
    assert "due" not in room.said
    room.wait(1)
    assert room.said[-1] == "due"


def test_it_warns_twenty_seconds_before(room: Room) -> None:
    room.wait(300 - WARNING_S - 1)
    assert room.said == []
    room.wait(1)
    assert room.said == ["near"]


def test_a_short_time_is_warned_of_at_its_half(qapp: QApplication) -> None:
    room = Room(after_s=10)
    room.wait(4)
    assert room.said == []
    room.wait(1)
    assert room.said == ["near"]
    room.window.close()
    room.window.deleteLater()


def test_a_key_begins_the_time_anew_and_takes_the_warning_back(room: Room) -> None:
    room.wait(290)
    QTest.keyClick(room.handle(), Qt.Key.Key_A)
    assert room.said == ["near", "far"]
    room.wait(299)
    assert "due" not in room.said
    room.wait(1)
    assert room.said[-1] == "due"


def _press(window: QWindow) -> None:
    place = QPointF(3, 3)
    button = Qt.MouseButton.LeftButton
    QCoreApplication.sendEvent(
        window, QMouseEvent(QEvent.Type.MouseButtonPress, place, place, button, button, Qt.KeyboardModifier.NoModifier)
    )


def _wheel(window: QWindow) -> None:
    place, none = QPointF(3, 3), Qt.KeyboardModifier.NoModifier
    turn = QPointF(0, 120).toPoint()
    QCoreApplication.sendEvent(
        window,
        QWheelEvent(place, place, turn, turn, Qt.MouseButton.NoButton, none, Qt.ScrollPhase.NoScrollPhase, False),
    )


def _touch(window: QWindow) -> None:
    QCoreApplication.sendEvent(window, QTouchEvent(QEvent.Type.TouchBegin, QPointingDevice.primaryPointingDevice()))


def _key(window: QWindow) -> None:
    QCoreApplication.sendEvent(
        window, QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Shift, Qt.KeyboardModifier.ShiftModifier)
    )


@pytest.mark.parametrize("touch", [_press, _wheel, _touch, _key])
def test_every_way_to_touch_the_window_counts(room: Room, touch: object) -> None:
    room.clocks.go_on(200)
    touch(room.handle())  # type: ignore[operator]
    assert room.watch.idle_s == 0


@pytest.mark.parametrize("kind", [QEvent.Type.UpdateRequest, QEvent.Type.Expose, QEvent.Type.Timer, QEvent.Type.Leave])
def test_what_the_window_does_by_itself_does_not_count(room: Room, kind: QEvent.Type) -> None:
    room.clocks.go_on(200)
    room.watch.eventFilter(room.handle(), QEvent(kind))
    assert room.watch.idle_s == 200


def test_a_pointer_that_is_told_to_move_and_stands_still_does_not_count(room: Room) -> None:
    room.move(7)
    room.clocks.go_on(200)
    room.move(7)
    assert room.watch.idle_s == 200
    room.move(8)
    assert room.watch.idle_s == 0


def test_an_hour_in_which_the_computer_slept_counts(room: Room) -> None:
    room.clocks.sleep(3600)
    room.watch.look()
    assert room.said == ["due"]


def test_a_hand_that_is_quicker_than_the_timer_after_a_sleep_does_not_keep_it_open(room: Room) -> None:
    room.clocks.sleep(3600)
    room.move(7)
    assert room.said == ["due"]


def test_a_clock_that_is_set_back_locks_no_later(room: Room) -> None:
    room.clocks.wall_s -= 86_400
    room.wait(300)
    assert room.said[-1] == "due"


def test_nothing_is_kept_from_the_window(room: Room) -> None:
    room.line.setFocus()
    QTest.keyClick(room.handle(), "b")
    assert room.line.text() == "b"


def test_zero_never_locks(qapp: QApplication) -> None:
    room = Room(after_s=0)
    timers = room.watch.findChildren(QObject)
    room.clocks.go_on(1_000_000)
    assert not any(each.property("active") for each in timers)
    assert room.said == []
    room.window.close()
    room.window.deleteLater()


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_a_touch_in_an_open_list_counts_too(room: Room) -> None:
    room.list.showPopup()
    popup = QApplication.activePopupWidget()
    assert popup is not None
    room.clocks.go_on(200)
    room.watch.look()
    handle = popup.windowHandle()
    assert handle is not None
    _press(handle)
    assert room.watch.idle_s == 0
    room.list.hidePopup()


def test_a_second_window_counts_as_soon_as_it_is_in_front(room: Room) -> None:
    other = QWidget()
    other.show()
    other.activateWindow()
    wait_until(other.isActiveWindow)
    room.clocks.go_on(200)
    handle = other.windowHandle()
    assert handle is not None
    _key(handle)
    assert room.watch.idle_s == 0
    other.close()
    other.deleteLater()


def test_a_window_that_is_gone_does_no_harm(room: Room) -> None:
    other = QWidget()
    other.show()
    other.activateWindow()
    wait_until(other.isActiveWindow)
    other.close()
    other.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    room.watch.stop()
    room.watch.start()
    room.wait(300)
    assert room.said[-1] == "due"


def test_stopped_it_says_nothing_and_started_it_begins_anew(room: Room) -> None:
    room.wait(290)
    room.watch.stop()
    assert room.said == ["near", "far"]
    _key(room.handle())
    room.clocks.go_on(100)
    room.watch.start()
    room.wait(270)
    assert room.said == ["near", "far"]


def test_starting_twice_watches_once(room: Room) -> None:
    room.watch.start()
    room.watch.stop()
    room.clocks.go_on(200)
    _key(room.handle())
    assert room.watch.idle_s == 200


def test_both_clocks_go_forward() -> None:
    before = now_s()
    assert all(now >= then for now, then in zip(now_s(), before, strict=True))
