"""The driver of a Bluetooth device over a radio made of lists: heard, asked, gone, back again, refusing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC

import pytest

from clinic_app.devices.block import Numerics
from clinic_app.devices.bluetooth.driver import CURRENT_TIME, RECORD_ACCESS, BluetoothDriver
from clinic_app.devices.bluetooth.measured import GLUCOSE
from clinic_app.devices.bluetooth.port import Peer, Seen
from clinic_app.devices.driver import Event, EventKind
from clinic_app.devices.link import DeviceLink, Health
from clinic_app.devices.result import Result
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text
from tests.helpers.device_lines import NotingLine
from tests.helpers.waiting import wait_until

BELT = 0x2A37


@dataclass
class Meeting:
    """One time the device is heard.

    Args:
        has: its characteristics.
        values: what it sends at once.
        refuses: whether it refuses to be listened to.
        stays: whether it stays until it is let go.
    """

    has: frozenset[int]
    values: list[tuple[int, bytes]] = field(default_factory=list)
    refuses: bool = False
    stays: bool = False


class ListedPeer:
    """A device of a meeting."""

    def __init__(self, port: ListedRadio, meeting: Meeting) -> None:
        self._port = port
        self._meeting = meeting
        self.characteristics = meeting.has

    def listen(self, characteristic: int) -> None:
        if self._meeting.refuses:
            raise DeviceError(Text("Bluetooth is off or absent, or the device does not answer."))
        self._port.heard.append(characteristic)

    def write(self, characteristic: int, data: bytes) -> None:
        if self._meeting.refuses or characteristic not in self.characteristics:
            raise DeviceError(Text("Bluetooth is off or absent, or the device does not answer."))
        self._port.written.append((characteristic, data))

    def close(self) -> None:
        self._port.closed += 1


class ListedRadio:
    """A radio that hears the meetings of a list, and then nothing until it is stopped."""

    def __init__(self, *meetings: Meeting) -> None:
        self._meetings = list(meetings)
        self.heard: list[int] = []
        self.written: list[tuple[int, bytes]] = []
        self.closed = 0
        self.is_closed = False

    def look(self, seconds: float, stopping: threading.Event) -> tuple[Seen, ...]:
        return (Seen("AA:BB", "Belt", frozenset((0x180D,)), -60),)

    def connect(
        self,
        address: str,
        stopping: threading.Event,
        on_value: Callable[[int, bytes], None],
        on_gone: Callable[[], None],
    ) -> Peer | None:
        assert address == "AA:BB"
        if not self._meetings:
            stopping.wait(10)
            return None
        meeting = self._meetings.pop(0)
        for characteristic, data in meeting.values:
            on_value(characteristic, data)
        if not meeting.stays:
            on_gone()
        return ListedPeer(self, meeting)

    def close(self) -> None:
        self.is_closed = True


Run = Callable[[ListedRadio, Callable[[NotingLine], object]], NotingLine]


@pytest.fixture
def run() -> Run:
    """Run a driver over a radio until something is true of its line."""

    def running(radio: ListedRadio, until: Callable[[NotingLine], object]) -> NotingLine:
        line, stopping = NotingLine(), threading.Event()
        driver = BluetoothDriver("AA:BB", lambda: radio, UTC)
        thread = threading.Thread(target=driver.run, args=(line, stopping))
        thread.start()
        try:
            wait_until(lambda: until(line))
        finally:
            stopping.set()
            thread.join()
        assert radio.is_closed
        return line

    return running


def test_a_device_that_comes_and_goes_is_met_each_time(run: Run) -> None:
    radio = ListedRadio(
        Meeting(frozenset((BELT,)), [(BELT, b"\x00\x3c")]),
        Meeting(frozenset((BELT,)), [(BELT, b"\x00\x3d"), (BELT, b"\x00\x3e")]),
    )
    line = run(radio, lambda line: len(line.items) == 3 and line.told.count("disconnected") == 2)
    rates = [int(item.values["MDC_ECG_HEART_RATE"].value) for item in line.items if isinstance(item, Numerics)]
    assert rates == [60, 61, 62], "what came before it went is taken"
    assert line.told == ["waits", "connected", "disconnected", "connected", "disconnected"]
    assert radio.closed == 2
    assert line.bytes == 6


def test_what_it_kept_is_asked_for_once_and_later_only_what_is_new(run: Run) -> None:
    value = bytes.fromhex("02 06 01 ea 07 03 05 0c 1e 0f 65 b0 13")
    has = frozenset((GLUCOSE, RECORD_ACCESS, CURRENT_TIME))
    radio = ListedRadio(Meeting(has, [(GLUCOSE, value)]), Meeting(has))
    line = run(radio, lambda line: line.told.count("disconnected") == 2)
    (result,) = line.items
    assert isinstance(result, Result)
    asked = [data for characteristic, data in radio.written if characteristic == RECORD_ACCESS]
    assert asked == [b"\x01\x01", b"\x01\x03\x01\x07\x01"]
    assert radio.heard.count(RECORD_ACCESS) == 2


def test_its_clock_is_set_to_ours(run: Run) -> None:
    radio = ListedRadio(Meeting(frozenset((BELT, CURRENT_TIME))))
    run(radio, lambda line: "disconnected" in line.told)
    ((characteristic, data),) = radio.written
    assert characteristic == CURRENT_TIME
    assert data == bytes.fromhex("ea 07 03 05 07 00 00 04 00 01"), "5 March 2026, 7 o'clock, a Thursday"


def test_values_that_are_cut_off_are_told_and_the_next_one_counts(run: Run) -> None:
    radio = ListedRadio(Meeting(frozenset((BELT,)), [(BELT, b""), (0x2AFF, b"x"), (BELT, b"\x00\x3c")], stays=True))
    line = run(radio, lambda line: line.items)
    assert [bool(why) for why in line.refusals] == [True, False]


def test_a_sensor_that_is_off_is_told_once_until_it_is_on_again(run: Run) -> None:
    off, on = (BELT, b"\x04\x48"), (BELT, b"\x06\x48")
    radio = ListedRadio(Meeting(frozenset((BELT,)), [off, off, on, on, off], stays=True))
    line = run(radio, lambda line: line.bytes == 10)
    told = ["off" if isinstance(item, Event) else "on" for item in line.items]
    assert told == ["off", "on", "on", "off"]


@pytest.mark.parametrize(
    "meeting",
    [Meeting(frozenset((0x2AFF,))), Meeting(frozenset((BELT,)), refuses=True)],
    ids=["measures nothing known", "refuses"],
)
def test_a_device_that_is_of_no_use_is_an_error_and_let_go(meeting: Meeting) -> None:
    radio = ListedRadio(meeting)
    with pytest.raises(DeviceError):
        BluetoothDriver("AA:BB", lambda: radio, UTC).run(NotingLine(), threading.Event())
    assert radio.closed == 1
    assert radio.is_closed


def test_a_computer_without_bluetooth_says_so_and_tries_again() -> None:
    def none() -> ListedRadio:
        raise DeviceError(Text("Bluetooth is off or absent, or the device does not answer."))

    link = DeviceLink("B", "bluetooth", BluetoothDriver("AA:BB", none, UTC), lambda item: None, first_wait_s=0.01)
    link.start()
    try:
        state = wait_until(lambda: link.state.health is Health.FAILING and link.state)
        assert state.errors
        assert "Bluetooth" in state.errors.render("ru")
    finally:
        link.stop()


def test_a_link_tells_when_the_device_is_there_and_when_it_went() -> None:
    items: list[object] = []
    radio = ListedRadio(Meeting(frozenset((BELT,)), [(BELT, b"\x00\x3c")]))
    link = DeviceLink("B", "bluetooth", BluetoothDriver("AA:BB", lambda: radio, UTC), items.append)
    link.start()
    try:
        wait_until(lambda: any(isinstance(item, Event) and item.kind is EventKind.LOST for item in items))
        assert link.state.health is Health.WAITING
        assert link.state.connects == 1
        assert not link.state.is_connected
    finally:
        link.stop()
