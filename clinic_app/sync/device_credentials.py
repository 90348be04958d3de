"""How a node with a key of its own gets the hub's short-lived tokens, whatever its own clock says.

The first proof carries this computer's time. If the hub refuses it, its Date header tells how far off that is, and the
next proof carries the hub's time. A token is fetched again shortly before its end, and at once when it is refused.

Source: HL7 SMART App Launch 2.2, Backend Services; RFC 6749 section 4.4.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlencode

import httpx
import msgspec

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ClinicError, LinkError, UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.keys.assertions import make_assertion
from clinic_app.sync.credentials import UnknownNodeError
from clinic_app.sync.hub_account import EraseOrder, HubAccount, checked_order
from clinic_app.sync.wire import nonsense

_BY_JWT: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_JSON: Final = "application/json"
_LARGEST: Final = 1 << 16
_BEFORE_END_S: Final = 30.0
"""A token that ends within this time is fetched anew before it is used."""
_SHORTEST_S: Final = 5.0
_LONGEST_S: Final = 86_400.0
_LONGEST_TOKEN: Final = 4096
_MOST_WAIT_S: Final = 3600.0
_CLOSE: Final = timedelta(seconds=2)


class ErasedError(ClinicError):
    """The hub has ordered this node to erase its keys, and signed it.

    Args:
        order: what it says.
    """

    def __init__(self, order: EraseOrder) -> None:
        super().__init__(Text("The hub has ordered that the data of this computer be erased."))
        self.order = order


class BusyHubError(LinkError):
    """The hub gives no token now.

    Args:
        wait_s: seconds it asked to be left alone.
    """

    def __init__(self, wait_s: float) -> None:
        super().__init__(Text("The hub is busy; it is asked again later."))
        self.wait_s = wait_s


class DeviceCredentials:
    """Credentials of one node at one hub, for the loop of one thread.

    Args:
        account: the node's place at the hub.
        clock: this computer's.
        time_s: a clock that only goes forward, in seconds.
    """

    def __init__(self, account: HubAccount, clock: Clock, time_s: Callable[[], float] = time.monotonic) -> None:
        self._account = account
        self._key = account.signing_key
        self._clock = clock
        self._time_s = time_s
        self._offset = timedelta()
        self._token = ""
        self._ends_s = 0.0
        self._lock = asyncio.Lock()

    async def header(self, client: httpx.AsyncClient) -> str:
        """Return a token that is good for a while, as a bearer; several askers fetch one.

        Raises:
            ErasedError: the hub has ordered the erasure.
            UnknownNodeError: the hub does not know this node.
            LinkError: the hub cannot be reached, or is busy.
        """
        async with self._lock:
            if not self._token or self._time_s() >= self._ends_s:
                await self._fetch(client)
            return f"Bearer {self._token}"

    def refused(self) -> None:
        """Use the token no more."""
        self._token = ""

    async def _fetch(self, client: httpx.AsyncClient) -> None:
        before = self._offset
        status, told = await self._asked(client)
        if status == 401 and abs(self._offset - before) > _CLOSE:  # by the hub's Date header this proof was out of time
            status, told = await self._asked(client)
        if status == 403 and "order" in told:
            raise self._ordered(told["order"])
        if status in (400, 401, 403):
            raise UnknownNodeError()
        token, seconds = told.get("access_token"), told.get("expires_in", 60)
        is_right = (
            isinstance(token, str) and token.isascii() and token.isprintable() and 0 < len(token) <= _LONGEST_TOKEN
        )
        if status != 200 or not is_right or not isinstance(seconds, int | float):
            raise nonsense()
        lives_s = min(_LONGEST_S, max(_SHORTEST_S, float(seconds) - _BEFORE_END_S))
        self._token, self._ends_s = str(token), self._time_s() + lives_s

    async def _asked(self, client: httpx.AsyncClient) -> tuple[int, dict[str, Any]]:
        """Show a fresh proof; return the answer, and remember how far the hub's clock is from ours."""
        now = self._clock.now() + self._offset
        proof = make_assertion(self._key, self._account.device_id, self._account.audience, now)
        form = {"grant_type": "client_credentials", "client_assertion_type": _BY_JWT, "client_assertion": proof}
        headers = {
            "Accept": _JSON,
            "Accept-Encoding": "identity",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        async with client.stream("POST", "/token", headers=headers, content=urlencode(form).encode()) as response:
            self._note_date(response)
            if response.status_code in (429, 503):
                raise BusyHubError(_wait_s(response))
            kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            if kind != _JSON or response.headers.get("content-encoding", "identity") != "identity":
                raise nonsense()
            return response.status_code, await _object(response)

    def _note_date(self, response: httpx.Response) -> None:
        try:
            theirs = parsedate_to_datetime(response.headers.get("date", ""))
        except (ValueError, OverflowError):
            return
        if theirs.tzinfo is not None:
            self._offset = theirs - self._clock.now()

    def _ordered(self, order: object) -> ClinicError:
        """Return what an order means: nothing, unless the hub this node came into has signed it."""
        try:
            return ErasedError(checked_order(str(order)[:_LARGEST], self._account))
        except UnreadableFileError:
            return UnknownNodeError()


def _wait_s(response: httpx.Response) -> float:
    typed = response.headers.get("retry-after", "")
    return min(_MOST_WAIT_S, float(typed[:6])) if typed.isascii() and typed.isdigit() else 0.0


async def _object(response: httpx.Response) -> dict[str, Any]:
    body = bytearray()
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > _LARGEST:
            raise nonsense()
    try:
        return msgspec.json.decode(bytes(body), type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise nonsense() from error
