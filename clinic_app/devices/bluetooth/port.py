"""What the driver needs of a Bluetooth radio, and nothing else of any library."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Seen:
    """A device that is heard nearby.

    Args:
        address: by which it is called.
        name: as it calls itself; may be empty.
        services: 16-bit numbers of the services it announces.
        strength_dbm: how loud it is.
    """

    address: str
    name: str
    services: frozenset[int]
    strength_dbm: int


class Peer(Protocol):
    """A connected device."""

    @property
    def characteristics(self) -> frozenset[int]:
        """16-bit numbers of what it has."""
        ...

    def listen(self, characteristic: int) -> None:
        """Have its values sent.

        Raises:
            DeviceError: it refuses, or is gone.
        """
        ...

    def write(self, characteristic: int, data: bytes) -> None:
        """Write a value and wait until the device has it.

        Raises:
            DeviceError: it refuses, or is gone.
        """
        ...

    def close(self) -> None:
        """Let it go; closing twice is nothing."""
        ...


class BluetoothPort(Protocol):
    """A radio."""

    def look(self, seconds: float, stopping: threading.Event) -> tuple[Seen, ...]:
        """Return the devices of the health profiles that are heard; blocks.

        Raises:
            DeviceError: this computer has no Bluetooth, or it is off.
        """
        ...

    def connect(
        self,
        address: str,
        stopping: threading.Event,
        on_value: Callable[[int, bytes], None],
        on_gone: Callable[[], None],
    ) -> Peer | None:
        """Wait until the device is heard, and connect, asking it anew what it has (nothing from a cache); blocks.

        Args:
            address: of the device.
            stopping: ends the wait.
            on_value: gets each value with its characteristic's number, on the radio's thread.
            on_gone: told once when the device goes, on the radio's thread.

        Returns:
            The device, or None where it was not heard or ``stopping`` was set.

        Raises:
            DeviceError: this computer has no Bluetooth, it is off, or the device refuses.
        """
        ...

    def close(self) -> None:
        """Let everything go."""
        ...
