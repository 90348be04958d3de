"""How much one address and one device may ask in a while, so that one that has gone wild leaves room for the others.

Every budget fills up steadily and can be spent at once up to its size; who has spent it is told when to come again
(429, Retry-After: RFC 6585 section 4). The budgets are those of one process.
"""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from clinic_app.foundation.texts import Text
from clinic_app.hub.refusals import HttpRefusalError, refusal
from clinic_app.storage.feed.row_wall import ASKING

_HOUSE_BITS: Final = 64
MOST_REMEMBERED: Final = 20_000
"""Callers each set of budgets remembers; the one that was here longest ago is forgotten first."""


@dataclass(frozen=True)
class Budget:
    """So many requests at once, and then ``per_s`` a second."""

    at_once: float
    per_s: float


class Budgets:
    """One budget for each name. Safe for use from several threads.

    Args:
        budget: of each.
        time_s: a clock that only goes forward, in seconds.
    """

    def __init__(self, budget: Budget, time_s: Callable[[], float] = time.monotonic) -> None:
        self._budget = budget
        self._time_s = time_s
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def spend(self, name: str, cost: float = 1.0) -> float:
        """Spend one request; return 0, or the seconds after which there is one to spend."""
        with self._lock:
            left = self._now_left(name)
            wait_s = max(0.0, (cost - left) / self._budget.per_s)
            self._left[name] = (left if wait_s else left - cost, self._time_s())
            self._left.move_to_end(name)
            if len(self._left) > MOST_REMEMBERED:
                self._left.popitem(last=False)
        return wait_s

    def give_back(self, name: str, cost: float = 1.0) -> None:
        """Take back one request that was spent and turned out to cost nothing."""
        with self._lock:
            self._left[name] = (min(self._budget.at_once, self._now_left(name) + cost), self._time_s())

    def wait_s(self, name: str) -> float:
        """Return the seconds after which there is a request to spend, without spending it."""
        with self._lock:
            return max(0.0, (1.0 - self._now_left(name)) / self._budget.per_s)

    def _now_left(self, name: str) -> float:
        left, at_s = self._left.get(name, (self._budget.at_once, self._time_s()))
        return min(self._budget.at_once, left + (self._time_s() - at_s) * self._budget.per_s)


class Limits:
    """The budgets of one hub.

    Args:
        time_s: a clock that only goes forward, in seconds.
        of_address: of one address, which may be that of a whole hospital.
        of_device: of one enrolled device.
        of_stranger: of one address for what is asked before anybody is known: identity, code, token.
        of_codes: of one address, and ten times as much of all together, for codes that were not good.
    """

    def __init__(
        self,
        time_s: Callable[[], float] = time.monotonic,
        *,
        of_address: Budget = Budget(5000, 1000),
        of_device: Budget = Budget(2000, 200),
        of_stranger: Budget = Budget(100, 10),
        of_codes: Budget = Budget(10, 10 / 600),
    ) -> None:
        self.addresses = Budgets(of_address, time_s)
        self.devices = Budgets(of_device, time_s)
        self.strangers = Budgets(of_stranger, time_s)
        self.codes = Budgets(of_codes, time_s)
        self.all_codes = Budgets(Budget(of_codes.at_once * 10, of_codes.per_s * 10), time_s)


class TooManyError(HttpRefusalError):
    """Somebody has asked too much.

    Args:
        wait_s: seconds after which he may come again.
    """

    def __init__(self, wait_s: float) -> None:
        self.wait_s = math.ceil(wait_s)
        super().__init__(429, "throttled", Text("Too many requests. Come again in {seconds} s.", seconds=self.wait_s))


class AddressLimit:
    """The outermost layer: an address that asks too much is answered without being read.

    This very computer is let through: a proxy on it stands for everybody, and says who is behind it. Whatever a request
    reads, it reads for nobody but the hub until its caller is known (`clinic_app.storage.feed.row_wall`).

    Args:
        app: the rest of the hub.
        limits: the budgets.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "http":
            address = house_of(_address_in(scope))
            wait_s = 0.0 if is_this_computer(address) else self._limits.addresses.spend(address)
            if wait_s:
                await (await answer_too_many(None, TooManyError(wait_s)))(scope, receive, send)
                return
        nobody_yet = ASKING.set("")
        try:
            await self._app(scope, receive, send)
        finally:
            ASKING.reset(nobody_yet)


def check_stranger(request: Request, limits: Limits) -> str:
    """Return the address of somebody who is not known yet, if it may ask.

    Raises:
        TooManyError: it has asked too much.
    """
    address = house_of(_address_in(request.scope))
    wait_s = 0.0 if is_this_computer(address) else limits.strangers.spend(address)
    if wait_s:
        raise TooManyError(wait_s)
    return address


def is_this_computer(address: str) -> bool:
    """Return whether a request came from the computer the hub runs on."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def house_of(address: str) -> str:
    """Return the name under which an address spends.

    Of IPv6 it is the network: in his own everybody has addresses by the billion (RFC 6177).
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(found if found.is_loopback else ipaddress.IPv6Network((found, _HOUSE_BITS), strict=False))
    return str(found)


async def answer_too_many(_request: Request | None, error: Exception) -> Response:
    """Turn a `TooManyError` into its answer."""
    assert isinstance(error, TooManyError)
    response = refusal(error)
    response.headers["Retry-After"] = str(error.wait_s)
    return response


def _address_in(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""
