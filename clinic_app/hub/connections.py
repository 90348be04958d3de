"""One connection to the hub: nobody holds one open without asking for something, and no address holds them all.

A process has so many connections and no more. Somebody who opens them and says nothing, or a letter a minute, would
keep everybody else out; whoever has asked and waits for his answer is left alone.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Callable
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from clinic_app.hub.limits import house_of, is_this_computer

HEAD_S: Final = 30.0
"""How long the head of a request may take; some hundred bytes, also on the worst line."""
LEAST_BYTES_S: Final = 100
"""What has to come in a second of what somebody says, on the average; the worst line brings ten times as much."""
MOST_OF_ONE: Final = 500
"""Connections of one address, which may be that of a whole hospital: twenty workstations with some each."""

BACKLOG: Final = 256
"""Connections the system holds for us, all of which may be taken at one moment."""
_KEPT_FREE: Final = BACKLOG + 128
"""Of the files a process may have open: for what was just taken, and for the data."""
_LEAST_OF_ALL: Final = 64
_MOST_OF_ALL: Final = 1 << 16
"""Where the system sets no limit."""


def most_of_all() -> int:
    """Return how many connections this process can have: whoever comes when no file is left is logged without end."""
    files = _most_open_files()()
    return _MOST_OF_ALL if files is None else max(_LEAST_OF_ALL, files - _KEPT_FREE)


def _answer_at_once(transport: asyncio.Transport) -> None:
    """Send the end of an answer without waiting for the caller's word about its head, which may take 40 ms to come.

    The event loop does it by itself only for sockets that name their protocol, and a listener handed over does not.
    """
    line = transport.get_extra_info("socket")
    if line is not None:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _most_open_files() -> Callable[[], int | None]:
    if sys.platform == "win32":
        from clinic_app.hub.open_files_windows import most_open_files
    else:
        from clinic_app.hub.open_files_posix import most_open_files
    return most_open_files


class Connection(H11Protocol):
    """A connection that is closed when no request comes on it, or when its address has too many.

    Args:
        *given: see `uvicorn.protocols.http.h11_impl.H11Protocol`.
        head_s: how long the head of a request may take.
        most_of_one: connections one address may have.
        most: connections all together may have; None for as many as the process can.
        **named: see there.
    """

    def __init__(
        self,
        *given: Any,  # noqa: ANN401 - what the server hands on
        head_s: float = HEAD_S,
        most_of_one: int = MOST_OF_ONE,
        most: int | None = None,
        **named: Any,  # noqa: ANN401 - as above
    ) -> None:
        super().__init__(*given, **named)
        self._head_s = head_s
        self._most_of_one = most_of_one
        self._most = most_of_all() if most is None else most
        self._no_head: asyncio.TimerHandle | None = None
        self._end_s = 0.0
        self.house = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as the server has it
        """Begin."""
        super().connection_made(transport)
        _answer_at_once(transport)
        address = str(self.client[0]) if self.client else ""
        self.house = "" if is_this_computer(address) else house_of(address)
        is_one_too_many = bool(self.house) and self._siblings() > self._most_of_one
        if is_one_too_many or len(self.connections) > self._most:
            transport.abort()
        else:
            self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._leave_alone()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came; what makes no request yet buys as much time as it needs and no more."""
        super().data_received(data)
        answering: RequestResponseCycle | None = self.cycle
        if answering is not None and not answering.response_complete:
            self._leave_alone()
        else:
            self._watch()
            self._end_s += len(data) / LEAST_BYTES_S

    def _siblings(self) -> int:
        return sum(isinstance(each, Connection) and each.house == self.house for each in self.connections)

    def _watch(self) -> None:
        if self._no_head is None:
            self._end_s = self.loop.time() + self._head_s
            self._no_head = self.loop.call_at(self._end_s, self._look)

    def _look(self) -> None:
        if self.loop.time() < self._end_s:
            self._no_head = self.loop.call_at(self._end_s, self._look)
        else:
            self.transport.abort()

    def _leave_alone(self) -> None:
        if self._no_head is not None:
            self._no_head.cancel()
            self._no_head = None
