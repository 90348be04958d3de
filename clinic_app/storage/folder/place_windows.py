"""Disks on Windows: shares and mapped drives are a network's; OneDrive says in the environment what it synchronises."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path, PureWindowsPath
from typing import BinaryIO, Final

DRIVE_REMOTE: Final = 4
"""What ``GetDriveTypeW`` answers for a network drive (fileapi.h)."""
_DEVICE_PREFIXES: Final = ("\\\\?\\", "\\\\.\\")
_ONE_DRIVE: Final = ("OneDrive", "OneDriveCommercial", "OneDriveConsumer")


def network_drive(folder: Path) -> str:
    """Return the share or mapped drive ``folder`` is on; empty where it is on this computer."""
    return remote_drive(PureWindowsPath(folder), _drive_type)


def remote_drive(folder: PureWindowsPath, drive_type: Callable[[str], int]) -> str:
    """Return the share or mapped drive of a path.

    Args:
        folder: an absolute path.
        drive_type: what ``GetDriveTypeW`` says of a drive's root.
    """
    drive = folder.drive
    for prefix in _DEVICE_PREFIXES:
        if drive.startswith(prefix):
            drive = drive[len(prefix) :]
            if drive.upper().startswith("UNC\\"):
                return f"\\\\{drive[4:]}"
    if drive.startswith("\\\\"):
        return drive
    return drive if drive and drive_type(f"{drive}\\") == DRIVE_REMOTE else ""


def synchronised_roots() -> tuple[Path, ...]:
    """Return the folders OneDrive synchronises."""
    return one_drive_roots(os.environ)


def one_drive_roots(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the folders that the environment names as OneDrive's."""
    return tuple(Path(environment[name]).resolve() for name in _ONE_DRIVE if environment.get(name))


def allocate(file: BinaryIO, size_bytes: int) -> None:
    """Give an empty file its place on the disk; NTFS takes the clusters when the end of the file is set.

    Raises:
        OSError: there is no room.
    """
    file.truncate(size_bytes)


if sys.platform == "win32":
    import ctypes

    def _drive_type(root: str) -> int:
        return int(ctypes.windll.kernel32.GetDriveTypeW(root))

else:

    def _drive_type(root: str) -> int:
        raise NotImplementedError(f"only Windows knows the drive {root}")
