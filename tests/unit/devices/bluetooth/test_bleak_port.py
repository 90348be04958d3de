"""The radio by bleak, with a client and a scanner in its place that behave as its documentation says."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from bleak.exc import BleakError

from clinic_app.devices.bluetooth.bleak_port import BleakPort
from clinic_app.devices.bluetooth.port import Seen
from clinic_app.foundation.errors import DeviceError
from tests.helpers.waiting import wait_until

BELT = "00002a37-0000-1000-8000-00805f9b34fb"
OWN = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
NEVER = threading.Event()


class Client:
    """A client of bleak; what was done with the newest one stands in ``done``."""

    done: list[object]
    fails_at: str = ""

    def __init__(self, device: Any, gone: Callable[[object], None], **more: object) -> None:
        Client.done = [(device, more)]
        self.gone = gone
        found = {3: SimpleNamespace(uuid=BELT), 5: SimpleNamespace(uuid=OWN)}
        self.services = SimpleNamespace(characteristics=found)

    async def connect(self) -> None:
        await self._do("connect")

    async def disconnect(self) -> None:
        await self._do("disconnect")

    async def start_notify(self, characteristic: Any, take: Callable[[object, bytearray], None]) -> None:
        await self._do("start_notify")
        take(characteristic, bytearray(b"\x00\x3c"))
        self.gone(self)

    async def write_gatt_char(self, characteristic: Any, data: bytes, *, response: bool) -> None:
        await self._do(f"write {data.hex()} {response}")

    async def _do(self, what: str) -> None:
        Client.done.append(what)
        if what == self.fails_at:
            raise BleakError("no")
        if what == "connect" and self.fails_at == "hangs":
            await asyncio.sleep(60)


class Scanner:
    """A scanner of bleak that hears a belt."""

    hears: bool = True

    @classmethod
    async def discover(cls, seconds: float, **more: object) -> dict[str, tuple[object, object]]:
        if not cls.hears:
            raise FileNotFoundError("no D-Bus")
        told = SimpleNamespace(local_name="Belt\x07", service_uuids=["0000180d" + BELT[8:], OWN], rssi=-61)
        return {"AA:BB": (SimpleNamespace(address="AA:BB"), told)}

    @classmethod
    async def find_device_by_address(cls, address: str, **more: object) -> object:
        return SimpleNamespace(address=address) if cls.hears else None


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[BleakPort]:
    monkeypatch.setattr(Client, "fails_at", "")
    monkeypatch.setattr(Scanner, "hears", True)
    made = BleakPort(Client, Scanner)  # type: ignore[arg-type]
    yield made
    made.close()
    made.close()


def test_devices_nearby_come_with_what_they_measure(port: BleakPort) -> None:
    assert port.look(1.0, NEVER) == (Seen("AA:BB", "Belt", frozenset((0x180D,)), -61),)


def test_a_device_is_asked_anew_what_it_has_and_its_values_come(port: BleakPort) -> None:
    values, gone = list[tuple[int, bytes]](), threading.Event()
    peer = port.connect("AA:BB", NEVER, lambda *value: values.append(value), gone.set)
    assert peer is not None
    ((device, more), *_) = Client.done
    assert device.address == "AA:BB"
    assert more["winrt"] == {"use_cached_services": False}
    assert peer.characteristics == {0x2A37}
    peer.listen(0x2A37)
    peer.write(0x2A37, b"\x01")
    assert values == [(0x2A37, b"\x00\x3c")]
    assert gone.is_set()
    peer.close()
    peer.close()
    assert Client.done[1:] == ["connect", "start_notify", "write 01 True", "disconnect", "disconnect"]


def test_a_device_that_is_not_heard_is_none(port: BleakPort, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Scanner, "hears", False)
    assert port.connect("AA:BB", NEVER, lambda *value: None, lambda: None) is None


@pytest.mark.parametrize("where", ["connect", "start_notify"])
def test_what_the_radio_refuses_is_a_sentence(port: BleakPort, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    monkeypatch.setattr(Client, "fails_at", where)
    with pytest.raises(DeviceError):
        _listened(port)


def test_a_computer_without_bluetooth_is_a_sentence(port: BleakPort, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Scanner, "hears", False)
    with pytest.raises(DeviceError):
        port.look(1.0, NEVER)


def test_a_connection_that_hangs_can_be_ended(port: BleakPort, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Client, "fails_at", "hangs")
    stopping, ended = threading.Event(), list[object]()
    thread = threading.Thread(
        target=lambda: ended.append(port.connect("AA:BB", stopping, lambda *value: None, lambda: None))
    )
    thread.start()
    wait_until(lambda: "connect" in getattr(Client, "done", ()))
    stopping.set()
    thread.join(10)
    assert ended == [None]
    assert Client.done[-1] == "disconnect"


def test_without_a_radio_the_real_library_is_refused_in_a_sentence() -> None:
    """A computer for building has none; one with a radio finds what there is, or nothing."""
    real = BleakPort()
    try:
        with suppress(DeviceError):
            assert isinstance(real.look(0.1, NEVER), tuple)
    finally:
        real.close()


def _listened(port: BleakPort) -> None:
    peer = port.connect("AA:BB", NEVER, lambda *value: None, lambda: None)
    assert peer is not None
    peer.listen(0x2A37)
