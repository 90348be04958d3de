"""A service that takes its time: its calls wait until the test lets them go."""

from __future__ import annotations

import threading
from typing import Any

from tests.helpers.waiting import wait_until


class Held:
    """Puts a gate before one method of a fake.

    Args:
        service: whose method it is.
        name: of the method.
        error: raised instead of the answer, once the call is let go.
    """

    def __init__(self, service: object, name: str, error: Exception | None = None) -> None:
        self._service, self._name, self._error = service, name, error
        self._quick = getattr(service, name)
        self._open = threading.Event()
        self.calls: list[tuple[Any, ...]] = []
        setattr(service, name, self._wait)

    def _wait(self, *args: Any, **named: Any) -> Any:
        self.calls.append(args)
        if not self._open.wait(20):
            raise TimeoutError(self._name)
        if self._error is not None:
            raise self._error
        return self._quick(*args, **named)

    def wait_for_calls(self, count: int = 1) -> None:
        """Wait until so many calls have come to the gate."""
        wait_until(lambda: len(self.calls) >= count, what=f"{count} calls of {self._name}")

    def let_go(self) -> None:
        """Wait for the first call, then open the gate for good; the service is quick again."""
        self.wait_for_calls()
        if getattr(self._service, self._name) == self._wait:
            setattr(self._service, self._name, self._quick)
        self._open.set()
