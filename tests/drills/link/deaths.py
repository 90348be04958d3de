"""Where a process dies: at the nth time it comes to one step of the protocol, as by a power cut.

The steps are hung on what every exchange passes, whatever it is made of: a request goes out or comes in, an answer
comes or goes, a transaction is about to be committed or has been.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from typing import Any, Final

import httpx
from sqlalchemy import Connection

from clinic_app.storage.database import Database

OF_A_WORKSTATION: Final = ("request-out", "answer-in", "before-commit", "after-commit")
OF_A_HUB: Final = ("request-in", "answer-out", "before-commit", "after-commit")
Strike = Callable[[str], None]


@dataclass(frozen=True)
class Death:
    """At which step, and the how manieth time it is reached."""

    step: str
    count: int


def strike_at(death: Death | None, armed: Synchronized[int], last_words: Callable[[str], None]) -> Strike:
    """Return what is called at every step and ends this process at the fated one.

    Args:
        death: when; None for never.
        armed: nobody dies while this is 0.
        last_words: is told the step.
    """
    left = death.count if death else 0

    def strike(step: str) -> None:
        nonlocal left
        if death is None or step != death.step or not armed.value:
            return
        left -= 1
        if left == 0:
            last_words(step)
            os.kill(os.getpid(), signal.SIGKILL)

    return strike


def hang_on_commits(strike: Strike) -> None:
    """Have every transaction that writes pass its two steps."""
    real = Database.writing

    @contextmanager
    def writing(self: Database, **words: Any) -> Iterator[Connection]:
        with real(self, **words) as connection:
            yield connection
            strike("before-commit")
        strike("after-commit")

    Database.writing = writing  # type: ignore[method-assign]


def hang_on_requests(strike: Strike) -> None:
    """Have every request of this workstation pass its two steps."""
    real = httpx.AsyncClient.send

    async def send(self: httpx.AsyncClient, *values: Any, **words: Any) -> httpx.Response:
        strike("request-out")
        response = await real(self, *values, **words)
        strike("answer-in")
        return response

    httpx.AsyncClient.send = send  # type: ignore[method-assign]


def hung_on_answers(app: Any, strike: Strike) -> Any:
    """Return an ASGI application whose requests pass their two steps."""

    async def hung(scope: Any, receive: Any, send: Any) -> None:
        async def answer(message: Any) -> None:
            if message["type"] == "http.response.start":
                strike("answer-out")
            await send(message)

        if scope["type"] == "http":
            strike("request-in")
        await app(scope, receive, answer)

    return hung
