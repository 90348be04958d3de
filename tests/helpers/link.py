"""A link to the hub that can be cut and mended: a TCP forwarder on loopback, for tests and the tour.

A cut ends every connection with a reset, as a dead satellite modem or a pulled cable does in the end, and refuses new
ones until the link is restored on the same port.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

from tests.helpers.forwarder import PIECE, Forwarder


class Link(Forwarder):
    """Forwards to one address. Use it in a ``with`` block.

    Args:
        url: of the hub behind it.
    """

    def __init__(self, url: str) -> None:
        super().__init__("link")
        target = urlsplit(url)
        self._target = (target.hostname or "127.0.0.1", target.port or 80)
        self._port = 0
        self._cut_after: int | None = None
        self._loses_answer = False
        self.bytes_up = 0
        """Bytes that went towards the hub since the link was made."""

    @property
    def url(self) -> str:
        """Where the hub seems to be."""
        return f"http://127.0.0.1:{self._port}"

    def cut(self) -> None:
        """Reset every connection and refuse new ones."""
        self._do(self._cut())

    def restore(self) -> None:
        """Let connections through again, on the same port."""
        self._do(self._open())

    def cut_after_bytes_up(self, count: int) -> None:
        """Cut by itself once ``count`` more bytes have gone towards the hub."""
        self._cut_after = self.bytes_up + count

    def lose_next_answer(self) -> None:
        """Let the next request reach the hub, and cut when its answer comes."""
        self._loses_answer = True

    @property
    def is_up(self) -> bool:
        """Whether connections are let through."""
        return bool(self._servers)

    async def _listen(self) -> None:
        if not self._servers:
            self._servers = [await asyncio.start_server(self._accept, "127.0.0.1", self._port)]
            self._port = self._servers[0].sockets[0].getsockname()[1]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._join(
            writer,
            self._target,
            lambda far_reader, far: (
                self._carry(reader, far, self._up),
                self._carry(far_reader, writer, self._down),
            ),
        )

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passes: Callable[[bytes], bool]
    ) -> None:
        while piece := await reader.read(PIECE):
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
