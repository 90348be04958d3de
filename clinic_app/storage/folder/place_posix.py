"""Disks on Linux and macOS: the kernel's list of mounted file systems tells which is a network's.

Where there is no such list (macOS) nothing is refused.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

MOUNTS: Final = Path("/proc/self/mountinfo")
NETWORK_KINDS: Final = frozenset(
    {
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "coda",
        "davfs",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "smb2",
        "smb3",
        "smbfs",
        "sshfs",
        "vboxsf",
    }
)
_NETWORK_HELPERS: Final = frozenset({"sshfs", "glusterfs", "rclone", "gvfsd-fuse", "s3fs", "davfs", "davfs2"})
"""File systems that a program serves; the kernel calls them ``fuse.NAME``."""
_OCTAL: Final = re.compile(r"\\([0-7]{3})")


def network_drive(folder: Path) -> str:
    """Return the protocol of the network drive ``folder`` is on; empty where it is on this computer."""
    try:
        listed = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
    kind = kind_of(folder, listed)
    return kind if is_network(kind) else ""


def is_network(kind: str) -> bool:
    """Return whether a file system of this kind is reached through a network."""
    family, _, program = kind.partition(".")
    return kind in NETWORK_KINDS or (family == "fuse" and program in _NETWORK_HELPERS)


def kind_of(folder: Path, listed: str) -> str:
    """Return the kind of the file system ``folder`` is on, by what the kernel lists (proc(5), mountinfo).

    The deepest mount point above the folder counts, and of several on one point the last.
    """
    best, kind = -1, ""
    for line in listed.splitlines():
        before, found, after = line.partition(" - ")
        fields = before.split(" ")
        if not found or len(fields) < 5:
            continue
        point = PurePosixPath(_OCTAL.sub(lambda octal: chr(int(octal[1], 8)), fields[4]))
        if folder.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), after.split(" ")[0]
    return kind


def synchronised_roots() -> tuple[Path, ...]:
    """Return nothing: these systems do not tell."""
    return ()


def allocate(file: BinaryIO, size_bytes: int) -> None:
    """Give an empty file its place on the disk.

    Raises:
        OSError: there is no room.
    """
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size_bytes)
    else:
        file.writelines(os.urandom(1 << 20) for _ in range(0, size_bytes, 1 << 20))
