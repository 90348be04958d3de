"""The life of a standing exchange: one thread with one loop, from `start` to `stop`, and the rests between exchanges.

What is exchanged, and with whom, is the owner's: `clinic_app.sync.service` for a workstation, and a facility hub's own.

It is broken off by a cancel scope of anyio and not by the task's own `cancel`: the HTTP client closes its connections
behind shields that know scopes only, and a task's cancellation, arriving while it closed the first of several, left the
others open.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import anyio

LOOK_S: Final = 1.0
"""How often one who rests looks whether there is something to do."""


class Standing:
    """One thread that lives as long as its owner wants.

    Args:
        name: of the thread.
        live: runs in the thread's loop until `is_ending`; it is cancelled by `stop`, and closes what it opened behind a
            shield (`anyio.CancelScope(shield=True)`).
        has_news: asked while resting whether to rest no longer.

    Every public method may be called from any thread, but for `rest` and `end`.
    """

    def __init__(self, name: str, live: Callable[[], Awaitable[None]], has_news: Callable[[], bool]) -> None:
        self._name = name
        self._live = live
        self._has_news = has_news
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._scope: anyio.CancelScope | None = None
        self._asked = asyncio.Event()
        self.is_ending = False
        """Whether no further exchange is to begin."""

    def start(self) -> None:
        """Begin, if it has not begun."""
        if self._thread is not None:
            return
        is_running = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(is_running,), name=self._name)
        self._thread.start()
        is_running.wait()

    def stop(self) -> None:
        """Break off whatever is under way and wait until the thread has ended."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._in_loop(self._cancel)
            thread.join()

    def ask(self) -> None:
        """End the rest, or the next one if there is none now."""
        self._in_loop(self._wake)

    def end(self) -> None:
        """Begin no further exchange."""
        self.is_ending = True

    async def rest(self, wait_s: float) -> None:
        """Wait until the time is over, somebody asks, or there are news."""
        end_s = asyncio.get_running_loop().time() + wait_s
        while not self.is_ending and (left_s := end_s - asyncio.get_running_loop().time()) > 0:
            try:
                async with asyncio.timeout(min(LOOK_S, left_s)):  # wait_for() of Python 3.11 can swallow a cancellation
                    await self._asked.wait()
            except TimeoutError:
                if self._has_news():
                    return
            else:
                self._asked.clear()
                return

    def _run(self, is_running: threading.Event) -> None:
        asyncio.run(self._in_own_loop(is_running))

    async def _in_own_loop(self, is_running: threading.Event) -> None:
        self._asked = asyncio.Event()
        self._scope = anyio.CancelScope()
        self._loop = asyncio.get_running_loop()
        self.is_ending = False
        is_running.set()
        try:
            with self._scope:
                await self._live()
        finally:
            self._loop = None

    def _cancel(self) -> None:
        self.is_ending = True
        if self._scope is not None:
            self._scope.cancel()

    def _wake(self) -> None:
        self._asked.set()

    def _in_loop(self, action: Callable[[], object]) -> None:
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # the loop has just ended
                loop.call_soon_threadsafe(action)
