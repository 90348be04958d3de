"""Serial devices over pseudo-terminals: the real port, the real driver, a cable that is pulled."""

from __future__ import annotations

import pytest

from clinic_app.devices.astm.frames import ACK, ENQ, EOT, build_frames
from clinic_app.devices.block import Block
from clinic_app.devices.driver import DeviceConfig, Item
from clinic_app.devices.families import checked, driver_of
from clinic_app.devices.link import DeviceLink, Health
from clinic_app.devices.oximeter.frames import START, OximeterFrame, build_nine
from clinic_app.devices.result import Result
from clinic_app.devices.serial_port import SerialTransport, serial_places
from clinic_app.foundation.errors import DeviceError
from tests.helpers.pseudo_terminal import PseudoCable
from tests.helpers.waiting import wait_until

MESSAGE = b"H|\\^&\rP|1|640305400123\rO|1|S1\rR|1|^^^GLU|5.6|mmol/L\rL|1|N\r"


@pytest.fixture
def cable() -> PseudoCable:
    return PseudoCable()


def linked(config: DeviceConfig, items: list[Item]) -> DeviceLink:
    """Return the link of a configured device, started."""
    link = DeviceLink(config.name, config.family, driver_of(checked(config)), items.append, first_wait_s=0.01)
    link.start()
    return link


def test_bytes_go_both_ways(cable: PseudoCable) -> None:
    transport = SerialTransport(cable.port, 19200, "none", 8, 1)
    cable.write(b"hello")
    assert transport.read(100, 1.0) == b"hello"
    assert transport.read(100, 0.01) == b""
    transport.write(b"answer")
    assert cable.read(1.0) == b"answer"
    transport.close()
    transport.close()
    with pytest.raises(DeviceError):
        transport.read(1, 0.01)
    with pytest.raises(DeviceError):
        transport.write(b"x")
    cable.pull_out()


def test_a_port_somebody_has_is_refused(cable: PseudoCable) -> None:
    transport = SerialTransport(cable.port, 9600)
    with pytest.raises(DeviceError):
        SerialTransport(cable.port, 9600)
    transport.close()
    cable.pull_out()


def test_a_cable_that_is_pulled_out_is_told(cable: PseudoCable) -> None:
    transport = SerialTransport(cable.port, 9600)
    cable.pull_out()
    with pytest.raises(DeviceError):
        transport.read(10, 0.5)
    transport.close()


def test_the_ports_of_this_computer_can_be_listed() -> None:
    assert all(place.name and place.words for place in serial_places())


def test_an_analyser_on_a_cable_is_answered_frame_by_frame(cable: PseudoCable) -> None:
    items: list[Item] = []
    link = linked(DeviceConfig("AU", "astm", "serial", {"port": cable.port}), items)
    try:
        wait_until(lambda: link.state.is_connected)
        for piece in (bytes((ENQ,)), *build_frames(MESSAGE)):
            cable.write(piece)
            assert cable.read(5.0) == ACK
        cable.write(bytes((EOT,)))
        (result,) = (item for item in items if isinstance(item, Result))
        assert (result.patient_id, result.sample_id) == ("640305400123", "S1")
        assert link.state.is_connected
    finally:
        link.stop()
        cable.pull_out()


def test_an_oximeter_is_found_by_its_speed_and_comes_back_after_the_cable_was_pulled(cable: PseudoCable) -> None:
    items: list[Item] = []
    link = linked(DeviceConfig("OXI", "cms50", "own", {"port": cable.port}), items)
    try:
        assert cable.read(5.0) == START
        cable.write(build_nine(OximeterFrame(64, 72, 97)) * 30)
        wait_until(lambda: any(isinstance(item, Block) for item in items))
        assert link.state.health is Health.FINE
        cable.pull_out()
        wait_until(lambda: link.state.health is Health.FAILING)
        assert not link.state.is_connected
    finally:
        link.stop()
