"""How fast an oximeter talks is found by listening."""

from __future__ import annotations

import threading

import pytest

from clinic_app.devices.block import Block
from clinic_app.devices.oximeter.driver import SPEEDS, OximeterDriver
from clinic_app.devices.oximeter.frames import START, OximeterFrame, build_five
from clinic_app.foundation.errors import DeviceError
from tests.helpers.device_lines import ListedTransport, NotingLine

FRAMES = build_five(OximeterFrame(5, 72, 97)) * 10


class Ports:
    """A port at which one speed gives frames and every other noise."""

    def __init__(self, right: int) -> None:
        self.right = right
        self.opened: list[tuple[int, str]] = []
        self.transports: list[ListedTransport] = []
        self.stopping = threading.Event()

    def open(self, port: str, baud: int, parity: str) -> ListedTransport:
        self.opened.append((baud, parity))
        is_right = baud == self.right
        pieces = [FRAMES] * 3 if is_right else [b"\x00\xff\x7f"] * 100_000
        self.transports.append(ListedTransport(pieces, self.stopping if is_right else None))
        return self.transports[-1]


@pytest.mark.parametrize(("right", "tried"), [(115200, 1), (19200, 2)])
def test_the_speeds_are_tried_until_frames_come(right: int, tried: int) -> None:
    ports, line = Ports(right), NotingLine("OXI")
    OximeterDriver("OXI", "COM3", ports.open, listen_s=0.02).run(line, ports.stopping)
    assert ports.opened == list(SPEEDS[:tried])
    assert line.told == ["connected"]
    assert sum(isinstance(item, Block) for item in line.items) == 3
    assert all(transport.is_closed for transport in ports.transports)
    assert ports.transports[-1].written == [START]


def test_the_speed_that_worked_is_tried_first_the_next_time() -> None:
    ports = Ports(19200)
    driver = OximeterDriver("OXI", "COM3", ports.open, listen_s=0.02)
    for _ in range(2):
        ports.stopping.clear()
        driver.run(NotingLine("OXI"), ports.stopping)
    assert [baud for baud, _ in ports.opened] == [115200, 19200, 19200]


def test_a_port_without_an_oximeter_is_told() -> None:
    ports, line = Ports(0), NotingLine("OXI")
    with pytest.raises(DeviceError):
        OximeterDriver("OXI", "COM3", ports.open, listen_s=0.02).run(line, threading.Event())
    assert len(ports.opened) == len(SPEEDS)
    assert line.told == []


def test_a_port_that_is_not_there_is_told() -> None:
    with pytest.raises(DeviceError, match="no-such-port"):
        OximeterDriver("OXI", "/dev/no-such-port").run(NotingLine("OXI"), threading.Event())
