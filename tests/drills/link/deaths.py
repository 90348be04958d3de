"""Where a process dies: at the nth time it comes to one step of the protocol, as by a power cut.

The steps are hung on what every exchange passes, whatever it is made of: a request goes out or comes in, an answer
comes or goes, a transaction is about to be committed or has been.
"""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import httpx
from sqlalchemy import Connection

from clinic_app.storage.engines.database import Database

OF_A_WORKSTATION: Final = {
    "request-out": 16,
    "answer-in": 16,
    "exchange before-commit": 12,
    "exchange after-commit": 12,
    "person before-commit": 60,
    "person after-commit": 60,
}
"""The steps of a workstation, and the latest time at which one is fatal; people write more often than the exchange."""
OF_A_HUB: Final = {"request-in": 40, "answer-out": 40, "hub before-commit": 15, "hub after-commit": 15}
_SOON: Final = 5
_STEPS: Final = tuple({**OF_A_WORKSTATION, **OF_A_HUB})
Strike = Callable[[str], None]


class Fate:
    """At which step a process dies, and how often it passes that step before; may be changed while it lives.

    Args:
        shared: two numbers that both processes see: the step, counted from 1, and how many times are left.
    """

    def __init__(self, shared: Any) -> None:
        self._shared = shared

    def draw(self, rng: random.Random, steps: Mapping[str, int], wanted: Sequence[str] = ()) -> None:
        """Choose one of some steps, one of the ``wanted`` ones where there is any; what is drawn already stays."""
        if self._shared[0]:
            return
        chosen = [each for each in steps if each in wanted]
        step = rng.choice(chosen or list(steps))
        latest = _SOON if chosen else steps[step]
        with self._shared.get_lock():
            self._shared[:] = (_STEPS.index(step) + 1, rng.randrange(1, latest))

    def spare(self) -> None:
        """Let it live."""
        with self._shared.get_lock():
            self._shared[:] = (0, 0)

    def comes_at(self, step: str) -> bool:
        """Return whether it is time, having come to a step once more."""
        with self._shared.get_lock():
            if self._shared[0] != _STEPS.index(step) + 1:
                return False
            self._shared[1] -= 1
            return bool(self._shared[1] <= 0)


def strike_at(fate: Fate, last_words: Callable[[str], None]) -> Strike:
    """Return what is called at every step and ends this process at the fated one.

    Args:
        fate: of this process.
        last_words: is told the step.
    """

    def strike(step: str) -> None:
        if fate.comes_at(step):
            last_words(step)
            os.kill(os.getpid(), signal.SIGKILL)

    return strike


def hang_on_commits(strike: Strike, who: str = "") -> None:
    """Have every transaction that writes pass its two steps.

    Args:
        strike: is called at each.
        who: writes; empty for people in the main thread and the exchange in the others.
    """
    real = Database.writing

    @contextmanager
    def writing(self: Database, **words: Any) -> Iterator[Connection]:
        writer = who or ("person" if threading.current_thread() is threading.main_thread() else "exchange")
        with real(self, **words) as connection:
            yield connection
            strike(f"{writer} before-commit")
        strike(f"{writer} after-commit")

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
