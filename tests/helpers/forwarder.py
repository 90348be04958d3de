"""What every line between two processes has that a test plays: a thread with a loop that carries bytes, or resets."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

PIECE: Final = 16 << 10
_RESET: Final = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
_LONGEST_S: Final = 10
_TURNS: Final = 8
Ways = Callable[[asyncio.StreamReader, asyncio.StreamWriter], tuple[Awaitable[None], Awaitable[None]]]
"""Given the far end, the two ways in which bytes are carried."""


class Forwarder:
    """One line on the loopback. Use it in a ``with`` block; at its end no connection and no task of it is left.

    Args:
        name: of its thread.
    """

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name)
        self._servers: list[asyncio.Server] = []
        self._writers: set[asyncio.StreamWriter] = set()
        self._door = asyncio.Lock()

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._open())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _open(self) -> None:
        """Let connections in; not before a cut that is under way has given its port back."""
        async with self._door:
            await self._listen()

    async def _listen(self) -> None:
        """Begin to listen; the servers stand in ``_servers``."""
        raise NotImplementedError

    async def _cut(self) -> None:
        """Let nobody in any more, and reset every connection."""
        async with self._door:
            await self._shut()

    async def _shut(self) -> None:
        servers, self._servers = self._servers, []
        for each in [each for server in servers for each in server.sockets]:
            self._loop.remove_reader(each.fileno())
        if servers:
            await _some_turns()  # a server that is closed forgets whom it has let in a moment ago
        for server in servers:
            server.close()
        self._reset_all()

    async def _end(self) -> None:
        """Cut, and wait for whoever had just been let in: a connection is made before anybody has heard of it.

        A task that is cancelled before its first step never knows the connection it was made for, and nobody closes it.
        """
        await self._cut()
        await _some_turns()
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in others:
                task.cancel()
            await asyncio.wait(others)
            self._reset_all()
        await _some_turns()  # what was reset is let go of in the next ones

    def _reset_all(self) -> None:
        for writer in tuple(self._writers):
            reset(writer)

    async def _join(self, writer: asyncio.StreamWriter, target: tuple[str, int], ways: Ways) -> None:
        """Connect a caller with a target until one of them, or somebody here, ends it with a reset."""
        far: asyncio.StreamWriter | None = None
        self._writers.add(writer)
        try:
            far_reader, far = await asyncio.open_connection(*target)
            self._writers.add(far)
            await asyncio.gather(*ways(far_reader, far))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for each in (writer, far):
                if each is not None:
                    self._writers.discard(each)
                    reset(each)

    def _do(self, action: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(action, self._loop).result(timeout=_LONGEST_S)


async def _some_turns() -> None:
    """Let the loop turn as often as a new connection needs until it is in somebody's hands."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with a reset, as a dead modem or a pulled cable does in the end."""
    if writer.is_closing():
        return
    connection = writer.get_extra_info("socket")
    if connection is not None:
        with suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
