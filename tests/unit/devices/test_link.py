"""A link keeps a device for ever: it comes again, tells what it knows, and dies of nothing a device does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np
import pytest

from clinic_app.devices.block import Block, ChannelInfo, Numerics
from clinic_app.devices.driver import Event, EventKind, Item, Line, StreamDriver
from clinic_app.devices.link import DeviceLink, Health
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text
from tests.helpers.device_lines import ListedTransport, PulseParser, arrival
from tests.helpers.waiting import wait_until

Links = Callable[..., DeviceLink]


@pytest.fixture
def links() -> Iterator[Links]:
    made: list[DeviceLink] = []

    def make(driver: object, sink: Callable[[Item], None] = lambda item: None, **more: object) -> DeviceLink:
        made.append(DeviceLink("BED-1", "test", driver, sink, first_wait_s=0.01, **more))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for link in made:
        link.stop()


def played(*plays: list[bytes]) -> StreamDriver:
    """Return a driver whose device is there once for each play, and cannot be reached afterwards."""
    left = list(plays)

    def connect() -> ListedTransport:
        if not left:
            raise DeviceError(Text("No device answers at {address}.", address="COM3"))
        return ListedTransport(left.pop(0))

    return StreamDriver(connect, lambda: PulseParser("BED-1"))


def test_a_device_that_went_is_called_again_and_again(links: Links) -> None:
    items: list[Item] = []
    link = links(played([b"61\n"], [b"62\n"], [b"63\n"]), items.append)
    link.start()
    wait_until(lambda: sum(isinstance(item, Numerics) for item in items) == 3)
    state = wait_until(lambda: link.state.health is Health.FAILING and link.state)
    assert state.connects == 3
    assert not state.is_connected
    assert state.bytes == 9
    kinds = [item.kind for item in items if isinstance(item, Event)]
    assert kinds == [EventKind.CONNECTED, EventKind.LOST] * 3
    assert wait_until(lambda: "COM3" in link.state.errors.render("ru") if link.state.errors else False)


def test_a_fault_of_ours_ends_the_connection_and_not_the_link(links: Links, caplog: pytest.LogCaptureFixture) -> None:
    items: list[Item] = []
    link = links(played([b"fault\n"], [b"62\n"]), items.append)
    link.start()
    wait_until(lambda: any(isinstance(item, Numerics) for item in items))
    assert "ZeroDivisionError" in caplog.text


def test_a_link_that_stops_lets_go_and_is_off(links: Links) -> None:
    link = links(played())
    assert link.state.health is Health.OFF
    link.start()
    link.start()
    wait_until(lambda: link.state.health is Health.FAILING)
    link.stop()
    link.stop()
    assert link.state.health is Health.OFF


class Silence:
    """A driver that sends one block and then nothing, until it is told to go on.

    Args:
        pause: passes time by itself, so that no test has to wait.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.go_on = threading.Event()
        self.is_asked = threading.Event()

    def clock(self) -> float:
        return arrival(self.seconds).monotonic_s

    def run(self, line: Line, stopping: threading.Event) -> None:
        line.connected()
        line.deliver(_block())
        self.seconds += 6
        line.now()
        line.now()
        self.is_asked.set()
        self.go_on.wait(10)
        line.deliver(_block())
        stopping.wait(10)


def test_a_wave_that_stops_is_told_once_and_so_is_its_return(links: Links) -> None:
    items: list[Item] = []
    driver = Silence()
    link = links(driver, items.append, steady_s=driver.clock)
    link.start()
    driver.is_asked.wait(10)
    assert link.state.health is Health.SILENT
    driver.go_on.set()
    wait_until(lambda: sum(isinstance(item, Block) for item in items) == 2)
    link.stop()
    kinds = [item.kind for item in items if isinstance(item, Event)]
    assert kinds == [EventKind.CONNECTED, EventKind.NO_DATA, EventKind.DATA_AGAIN]
    assert [item.kind for item in link.recent() if isinstance(item, Event)] == kinds, "waves are not kept twice"


def test_what_was_refused_makes_a_device_troubled_until_it_is_well(links: Links) -> None:
    link = links(played())
    link.connected()
    link.refused(Text("The device closed the connection."))
    link.deliver(_block())
    assert link.state.health is Health.TROUBLED
    link.refused(None)
    assert link.state.health is Health.FINE
    assert link.state.items == 1


def test_a_server_waits_quietly_and_says_when_its_last_caller_has_gone(links: Links) -> None:
    items: list[Item] = []
    link = links(played(), items.append)
    link.connected(quietly=True)
    assert not link.state.is_connected
    assert items == []
    link.connected()
    assert link.state.is_connected
    link.disconnected()
    assert not link.state.is_connected
    assert link.state.health is Health.WAITING


def _block() -> Block:
    now = arrival()
    channel = ChannelInfo("MDC_ECG_LEAD_II", "II", "uV")
    return Block("BED-1", "s", (channel,), 0, Fraction(500), np.zeros((1, 10), np.float32), now.at, now.monotonic_s)


def test_a_talk_that_ends_in_order_is_begun_again_soon_and_one_that_breaks_ever_later(
    links: Links, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cuff that says goodbye will be back in a moment; a port that is missing will be missing for a while."""
    for pieces, waits in (([b"61\nbye\n"], [0.01] * 4), ([b"61\n"], [0.01, 0.02, 0.04, 0.08])):
        waited: list[float] = []
        link = links(played(*[pieces] * 4, [b"!"]))
        monkeypatch.setattr(link._stopping, "wait", lambda seconds, waited=waited: waited.append(seconds))
        link.start()
        wait_until(lambda waited=waited: len(waited) >= 5)
        link.stop()
        assert waited[:4] == waits
