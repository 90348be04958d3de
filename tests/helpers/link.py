"""A link to the hub that can be cut and mended: a TCP forwarder on loopback, for tests and the tour.

A cut ends every connection with a reset, as a dead satellite modem or a pulled cable does in the end, and refuses new
ones until the link is restored on the same port.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

_RESET = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
_PIECE = 16 << 10


class Link:
    """Forwards to one address. Use it in a ``with`` block.

    Args:
        url: of the hub behind it.
    """

    def __init__(self, url: str) -> None:
        target = urlsplit(url)
        self._target = (target.hostname or "127.0.0.1", target.port or 80)
        self._port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="link")
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._cut_after: int | None = None
        self._loses_answer = False
        self.bytes_up = 0
        """Bytes that went towards the hub since the link was made."""

    def __enter__(self) -> Link:
        self._thread.start()
        self.restore()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def url(self) -> str:
        """Where the hub seems to be."""
        return f"http://127.0.0.1:{self._port}"

    def cut(self) -> None:
        """Reset every connection and refuse new ones."""
        self._do(self._cut())

    def restore(self) -> None:
        """Let connections through again, on the same port."""
        self._do(self._listen())

    def cut_after_bytes_up(self, count: int) -> None:
        """Cut by itself once ``count`` more bytes have gone towards the hub."""
        self._cut_after = self.bytes_up + count

    def lose_next_answer(self) -> None:
        """Let the next request reach the hub, and cut when its answer comes."""
        self._loses_answer = True

    @property
    def is_up(self) -> bool:
        """Whether connections are let through."""
        return self._server is not None

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
            self._port = self._server.sockets[0].getsockname()[1]

    async def _cut(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for writer in tuple(self._writers):
            _reset(writer)

    async def _close(self) -> None:
        await self._cut()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        far: asyncio.StreamWriter | None = None
        try:
            far_reader, far = await asyncio.open_connection(*self._target)
            self._writers.add(far)
            await asyncio.gather(self._carry(reader, far, self._up), self._carry(far_reader, writer, self._down))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for each in (writer, far):
                if each is not None:
                    self._writers.discard(each)
                    _reset(each)
            self._tasks.discard(task)

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passes: Callable[[bytes], bool]
    ) -> None:
        while piece := await reader.read(_PIECE):
            if not passes(piece):
                await self._cut()
                raise ConnectionResetError
            writer.write(piece)
            await writer.drain()
        with suppress(OSError):
            writer.write_eof()

    def _up(self, piece: bytes) -> bool:
        self.bytes_up += len(piece)
        if self._cut_after is not None and self.bytes_up >= self._cut_after:
            self._cut_after = None
            return False
        return True

    def _down(self, piece: bytes) -> bool:
        is_lost, self._loses_answer = self._loses_answer, False
        return not is_lost

    def _do(self, action: Coroutine[Any, Any, None]) -> None:
        future: Future[None] = asyncio.run_coroutine_threadsafe(action, self._loop)
        future.result(timeout=10)


def _reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    if connection is not None:
        with suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
