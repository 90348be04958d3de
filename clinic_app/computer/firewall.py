"""Doors in the computer's firewall: for what this installation listens with, for nothing else, by names IT finds again.

A door is made for a listener that is switched on and reachable from outside. Only an administrator changes a firewall,
so the program itself never does: Setup and ``Dala-console.exe --firewall apply`` do, and the self-test says what is
missing.
"""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Final, Protocol

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.settings import DICOM_HOST, DICOM_PORT, MONITOR_HOST, MONITOR_PORT, Settings, read_toml

IMAGES: Final = "Dala: images (DICOM)"
MONITORS: Final = "Dala: monitors (HL7)"
HUB: Final = "Dala: hub"
NAMES: Final = (IMAGES, MONITORS, HUB)
WORKSTATION_PROGRAM: Final = "Dala.exe"
HUB_PROGRAM: Final = "Dala-hub.exe"
HUB_FILE: Final = "hub.toml"
_MOST_PORT: Final = 65535


@dataclass(frozen=True)
class Door:
    """A rule that lets computers of the network reach one listener.

    Args:
        name: one of `NAMES`.
        port: TCP.
        program: file name of the program that listens, in the folder of the installation.
    """

    name: str
    port: int
    program: str


class Firewall(Protocol):
    """The firewall of this computer."""

    def doors(self) -> tuple[Door, ...] | None:
        """Return our doors; None where this program does not look after the firewall."""
        ...

    def lets_in(self, door: Door) -> bool:
        """Return whether any rule, ours or IT's own, lets connections to this listener in."""
        ...

    def open(self, door: Door) -> None:
        """Make a door, in place of one of its name.

        Raises:
            NotAllowedError: only an administrator may.
        """
        ...

    def close(self, name: str) -> None:
        """Take a door away; one that is not there is none.

        Raises:
            NotAllowedError: only an administrator may.
        """
        ...


def this_firewall() -> Firewall:
    """Return the firewall of this computer."""
    if sys.platform == "win32":
        from clinic_app.computer.firewall_windows import WindowsFirewall

        return WindowsFirewall(PureWindowsPath(sys.executable).parent)
    from clinic_app.computer.firewall_posix import SystemsOwn

    return SystemsOwn()


def wanted_doors(settings: Settings, hub_folder: Path | None) -> tuple[Door, ...]:
    """Return the doors for what is switched on.

    Args:
        settings: of the workstation.
        hub_folder: of the hub on this computer; None for none.

    Raises:
        InvalidInputError: the file of the hub cannot be read.
    """
    doors = []
    for name, port, host in (
        (IMAGES, settings[DICOM_PORT], settings[DICOM_HOST]),
        (MONITORS, settings[MONITOR_PORT], settings[MONITOR_HOST]),
    ):
        if port and is_outward(host):
            doors.append(Door(name, port, WORKSTATION_PROGRAM))
    if hub_folder is not None and (hub_folder / HUB_FILE).is_file():
        try:
            told = read_toml(hub_folder / HUB_FILE)
        except (OSError, ValueError) as error:
            raise InvalidInputError(
                Text("The settings file {path} cannot be read.", path=hub_folder / HUB_FILE)
            ) from error
        hub_port, hub_host = told.get("port"), str(told.get("host", "127.0.0.1"))
        if isinstance(hub_port, int) and 0 < hub_port <= _MOST_PORT and is_outward(hub_host):
            doors.append(Door(HUB, hub_port, HUB_PROGRAM))
    return tuple(doors)


def is_outward(host: str) -> bool:
    """Return whether other computers reach what listens on an address."""
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() != "localhost"


def apply(firewall: Firewall, wanted: Sequence[Door]) -> bool:
    """Make the doors that are wanted and take away the others of ours; return whether anything was changed.

    Raises:
        NotAllowedError: only an administrator may.
    """
    there = firewall.doors() or ()
    changed = False
    for door in there:
        if door not in wanted:
            firewall.close(door.name)
            changed = True
    for door in wanted:
        if there.count(door) != 1:
            firewall.open(door)
            changed = True
    return changed


def shut(firewall: Firewall, wanted: Sequence[Door]) -> tuple[Door, ...]:
    """Return the doors that are wanted and that no rule opens; none where the firewall is not looked after by us."""
    return () if firewall.doors() is None else tuple(door for door in wanted if not firewall.lets_in(door))
