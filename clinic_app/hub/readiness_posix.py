"""Telling systemd that the hub listens (sd_notify(3)): one datagram to the socket that systemd names."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import Final

VARIABLE: Final = "NOTIFY_SOCKET"


def tell_ready() -> None:
    """Tell it, if systemd has started this process; it is told once, and no child of ours can tell it again."""
    place = os.environ.pop(VARIABLE, "")
    if not place:
        return
    address = "\0" + place[1:] if place.startswith("@") else place
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
        way.sendto(b"READY=1", address)
