"""A satellite line between two network namespaces, packet by packet: narrow, far, and it loses some.

Both ends are TUN devices read by one process that lets packets through at the line's rate, holds them for its delay
and drops some of them. It needs root (namespaces, ``/dev/net/tun``); `why_not` says so where it cannot be.
"""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import json
import os
import random
import select
import shutil
import struct
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Literal

End = Literal["near", "far"]
ADDRESSES: Final[dict[End, str]] = {"near": "10.77.0.1", "far": "10.77.0.2"}
_ROOT: Final = Path(__file__).parents[2]
_TUN: Final = Path("/dev/net/tun")
_TUNSETIFF: Final = 0x400454CA
_IFF_TUN_NO_PI: Final = 0x1001
_CLONE_NEWNET: Final = 0x40000000
_MTU: Final = 1400
_QUEUE_BYTES: Final = 64 << 10
"""What a modem keeps before it drops."""
_PACKET_BYTES: Final = 4096


@dataclass(frozen=True)
class LineForm:
    """How bad it is.

    Args:
        kbit_s: width, each way.
        delay_s: one way.
        loss: of each packet, each way.
        seed: of which packets are lost.
    """

    kbit_s: float = 256.0
    delay_s: float = 0.3
    loss: float = 0.05
    seed: int = 5


def why_not() -> str:
    """Return why there can be no such line here; empty where there can."""
    if sys.platform != "linux":
        return "network namespaces are Linux's"
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not _TUN.exists():
        return "there is no /dev/net/tun"
    return "" if shutil.which("ip") else "Debian's package iproute2 is not installed"


class BadLine:
    """One line. Use it in a ``with`` block; its namespaces are gone at the end.

    Args:
        form: how bad it is.
    """

    def __init__(self, form: LineForm | None = None) -> None:
        self._form = form or LineForm()
        self._names: dict[End, str] = {end: f"dala-{os.getpid()}-{end}" for end in ADDRESSES}
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> BadLine:
        for name in self._names.values():
            _ip("netns", "add", name)
        words = [
            sys.executable,
            "-m",
            "tests.helpers.bad_line",
            json.dumps(self._names),
            json.dumps(asdict(self._form)),
        ]
        self._process = subprocess.Popen(words, cwd=_ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        if said != "up\n":
            self.__exit__(None, None, None)
            raise OSError(f"the line did not come up: {said!r}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)
            if self._process.stdout is not None:
                self._process.stdout.close()
        for name in self._names.values():
            _ip("netns", "del", name)

    def at(self, end: End) -> list[str]:
        """Return the words before a command that is to run at one end."""
        return ["ip", "netns", "exec", self._names[end]]


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def _tunnel(name: str, end: End) -> int:
    """Make the device of one end in its namespace; return what packets are read from and written to."""
    libc = ctypes.CDLL("libc.so.6", use_errno=True)
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/var/run/netns/{name}", os.O_RDONLY)
    try:
        if libc.setns(there, _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
        device = os.open(_TUN, os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH", b"line", _IFF_TUN_NO_PI))
    finally:
        libc.setns(here, _CLONE_NEWNET)
        os.close(there)
        os.close(here)
    peer = ADDRESSES["far" if end == "near" else "near"]
    _ip("-n", name, "addr", "add", ADDRESSES[end], "peer", peer, "dev", "line")
    _ip("-n", name, "link", "set", "line", "mtu", str(_MTU), "up")
    _ip("-n", name, "link", "set", "lo", "up")
    return device


def _carry(ends: dict[int, int], form: LineForm) -> None:
    """Carry packets until this process is ended.

    Args:
        ends: for each end the other one.
        form: how bad the line is.
    """
    rng = random.Random(form.seed)
    bytes_per_s = form.kbit_s * 1000 / 8
    free_at = dict.fromkeys(ends, 0.0)
    under_way: list[tuple[float, int, int, bytes]] = []
    number = 0
    while True:
        wait_s = max(0.0, under_way[0][0] - time.monotonic()) if under_way else 1.0
        for end in select.select(list(ends), [], [], wait_s)[0]:
            while packet := _read(end):
                now = time.monotonic()
                if rng.random() < form.loss or (free_at[end] - now) * bytes_per_s > _QUEUE_BYTES:
                    continue
                free_at[end] = max(free_at[end], now) + len(packet) / bytes_per_s
                number += 1
                heapq.heappush(under_way, (free_at[end] + form.delay_s, number, ends[end], packet))
        while under_way and under_way[0][0] <= time.monotonic():
            _, _, target, packet = heapq.heappop(under_way)
            os.write(target, packet)


def _read(end: int) -> bytes:
    try:
        return os.read(end, _PACKET_BYTES)
    except BlockingIOError:
        return b""


def main(words: list[str]) -> None:
    """Be the line between two namespaces."""
    names: dict[End, str] = json.loads(words[0])
    near, far = (_tunnel(names[end], end) for end in names)
    print("up", flush=True)
    _carry({near: far, far: near}, LineForm(**json.loads(words[1])))


if __name__ == "__main__":
    main(sys.argv[1:])
