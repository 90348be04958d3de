"""The radio by bleak, which speaks with the Bluetooth of Windows, Linux and macOS; in a loop and thread of its own."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as NotInTimeError
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

from clinic_app.devices.bluetooth.measured import SERVICES
from clinic_app.devices.bluetooth.port import Peer, Seen
from clinic_app.devices.hl7.message import printable
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text

if TYPE_CHECKING:
    from bleak import BleakClient, BleakScanner

T = TypeVar("T")
HEAR_S: Final = 10.0
"""How long one search for a device takes; then it is searched again."""
CONNECT_S: Final = 20.0
ANSWER_S: Final = 10.0
_STEP_S: Final = 0.25
_SHORT: Final = "0000{:04x}-0000-1000-8000-00805f9b34fb"
"""A 16-bit number as a whole UUID (Bluetooth Core, vol. 3, part B, 2.5.1)."""
_NUMBERED: Final = re.compile("0000([0-9a-f]{4})-0000-1000-8000-00805f9b34fb")


class BleakPort:
    """A radio.

    Args:
        client: bleak's client; another one in tests.
        scanner: bleak's scanner; another one in tests.
    """

    def __init__(self, client: type[BleakClient] | None = None, scanner: type[BleakScanner] | None = None) -> None:
        import bleak

        self._client = client or bleak.BleakClient
        self._scanner = scanner or bleak.BleakScanner
        self._errors = (bleak.exc.BleakError, OSError, EOFError, TimeoutError, asyncio.TimeoutError)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="bluetooth")
        self._thread.start()

    def look(self, seconds: float, stopping: threading.Event) -> tuple[Seen, ...]:
        """Return the devices of the health profiles that are heard."""
        services = [_SHORT.format(number) for number in SERVICES]
        try:
            found = self._wait(self._scanner.discover(seconds, return_adv=True, service_uuids=services), stopping)
        except DeviceError as error:
            raise DeviceError(
                Text("This computer has no Bluetooth, or it is switched off. The address can be typed by hand.")
            ) from error
        seen = [
            Seen(device.address, printable(told.local_name or "")[:48], _numbers(told.service_uuids), told.rssi)
            for device, told in (found or {}).values()
        ]
        return tuple(sorted(seen, key=lambda each: -each.strength_dbm))

    def connect(
        self,
        address: str,
        stopping: threading.Event,
        on_value: Callable[[int, bytes], None],
        on_gone: Callable[[], None],
    ) -> Peer | None:
        """Wait until the device is heard and connect; its services are asked anew, never taken from a cache."""
        device = self._wait(self._scanner.find_device_by_address(address, timeout=HEAR_S), stopping)
        if device is None:
            return None
        # A cache of Windows outlives a change of the device and its own restarts: connections then fail for ever.
        client = self._client(device, lambda _: on_gone(), timeout=CONNECT_S, winrt={"use_cached_services": False})
        if self._wait(_done(client.connect()), stopping) is None:
            self._leave(client)
            return None
        return _BleakPeer(client, self._now, self._leave, on_value)

    def close(self) -> None:
        """End the loop and its thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def _wait(self, work: Coroutine[Any, Any, T], stopping: threading.Event) -> T | None:
        """Return what came of it, None where ``stopping`` was set before."""
        task = asyncio.run_coroutine_threadsafe(work, self._loop)
        while True:
            try:
                return task.result(_STEP_S)
            except self._errors as error:
                if task.done():
                    raise _refused() from error
            except (NotInTimeError, CancelledError):
                if task.done():
                    raise _refused() from None
            if stopping.is_set():
                task.cancel()
                return None

    def _now(self, work: Awaitable[object]) -> None:
        """Wait until it is done.

        Raises:
            DeviceError: the device refuses, is gone, or does not answer.
        """
        task = asyncio.run_coroutine_threadsafe(_done(work), self._loop)
        try:
            task.result(ANSWER_S)
        except (*self._errors, NotInTimeError, CancelledError) as error:
            task.cancel()
            raise _refused() from error

    def _leave(self, client: BleakClient) -> None:
        with suppress(DeviceError):
            self._now(client.disconnect())


class _BleakPeer:
    """A connected device."""

    def __init__(
        self,
        client: BleakClient,
        wait: Callable[[Awaitable[object]], None],
        leave: Callable[[BleakClient], None],
        on_value: Callable[[int, bytes], None],
    ) -> None:
        self._client = client
        self._wait = wait
        self._leave = leave
        self._on_value = on_value
        services = client.services
        self._found = {number: each for each in services.characteristics.values() for number in _numbers([each.uuid])}

    @property
    def characteristics(self) -> frozenset[int]:
        """16-bit numbers of what it has."""
        return frozenset(self._found)

    def listen(self, characteristic: int) -> None:
        """Have its values sent."""

        def take(_: object, data: bytearray) -> None:
            self._on_value(characteristic, bytes(data))

        self._wait(self._client.start_notify(self._found[characteristic], take))

    def write(self, characteristic: int, data: bytes) -> None:
        """Write a value and wait until the device has it."""
        self._wait(self._client.write_gatt_char(self._found[characteristic], data, response=True))

    def close(self) -> None:
        """Let it go."""
        self._leave(self._client)


async def _done(work: Awaitable[object]) -> bool:
    await work
    return True


def _numbers(uuids: list[str]) -> frozenset[int]:
    """Return the 16-bit numbers among whole UUIDs."""
    matches = (_NUMBERED.fullmatch(each.lower()) for each in uuids)
    return frozenset(int(match[1], 16) for match in matches if match)


def _refused() -> DeviceError:
    return DeviceError(Text("Bluetooth is off or absent, or the device does not answer."))
