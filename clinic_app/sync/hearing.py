"""Hearing of news at once: a request that the hub answers only when there is something, or when its time is over.

That is a hint and no more: what it brings is taken in like any page of the feed, and who hears nothing asks by himself
all the same. A hub that answers at once although there is nothing cannot wait, and is asked at intervals.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

import anyio

from clinic_app.foundation.errors import ClinicError
from clinic_app.sync.pull import Pull

WAIT_S: Final = 50
"""Seconds a request stays open; networks forget a connection on which nothing happens for a minute."""
CANNOT_S: Final = 600.0
"""Seconds until a hub that could not wait is tried again; it may have been renewed."""
_AT_ONCE_S: Final = 1.0
_log = logging.getLogger(__name__)


class Hearing:
    """One open ear at one hub.

    Args:
        pull: takes in what comes.
        on_news: called when something came, or when the hub could no longer be heard.
    """

    def __init__(self, pull: Pull, on_news: Callable[[], None]) -> None:
        self._pull = pull
        self._on_news = on_news
        self._task: asyncio.Task[None] | None = None
        self._scope = anyio.CancelScope()
        self._deaf_until_s = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the hub would be heard now."""
        return self._task is not None and not self._task.done()

    def open(self) -> None:
        """Listen from now on until something comes; must be called in the exchange's own loop."""
        if not self.is_open and time.monotonic() >= self._deaf_until_s:
            self._scope = anyio.CancelScope()
            self._task = asyncio.get_running_loop().create_task(self._listen(self._scope))

    async def close(self) -> None:
        """Listen no more."""
        if self._task is not None:
            self._scope.cancel()
            await asyncio.wait({self._task})
            self._task = None

    async def _listen(self, scope: anyio.CancelScope) -> None:
        with scope:
            if await self._is_to_ask():
                self._on_news()

    async def _is_to_ask(self) -> bool:
        """Wait for news and return True when there are, or when the hub is heard no more; False if it cannot wait."""
        try:
            while True:
                began_s = time.monotonic()
                has_news = await self._pull.hear(WAIT_S)
                if has_news is None or (not has_news and time.monotonic() - began_s < _AT_ONCE_S):
                    self._deaf_until_s = time.monotonic() + CANNOT_S
                    return False
                if has_news:
                    break
        except ClinicError as error:
            _log.info("the hub is not heard any more: %s", error)
        except Exception:  # noqa: BLE001 - the border of this task; the next exchange meets the same and says so
            _log.exception("listening to the hub failed")
        return True
