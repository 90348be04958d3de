"""How a node gets its tokens: with a wrong clock, over a bad line, from a hub that is busy, foreign, or has enough."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import msgspec
import pytest

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import LinkError, UnreadableFileError
from clinic_app.hub.app import build_app, build_hub
from clinic_app.hub.gate import Hub
from clinic_app.keys.signing_key import ERASE, RECEIPT, SigningKey
from clinic_app.storage.feed.accounts import Admission
from clinic_app.sync.device_credentials import BusyHubError, DeviceCredentials, ErasedError
from clinic_app.sync.hub_account import HubAccount, checked_order, keep_account, kept_account
from clinic_app.sync.link import HubLink
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.stores import opened

HUB_KEY = SigningKey.create()
ACCOUNT = HubAccount("d1", SigningKey.create().to_bytes(), "Хаб", HUB_KEY.public_jwk, "urn:dala:hub:1", NOON)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with opened(tmp_path_factory.mktemp("hub")) as store:
        yield build_hub(store, FixedClock(NOON))


@pytest.fixture
def account(hub: Hub) -> HubAccount:
    """A node's place at the hub."""
    accounts, key = hub.accounts, SigningKey.create()
    code, _ = accounts.devices.new_code(Admission("org-a", "PC"))
    admitted = accounts.admit(code, key.public_jwk)
    assert admitted is not None
    return HubAccount(
        admitted.device_id, key.to_bytes(), accounts.name, accounts.key.public_jwk, accounts.audience, NOON
    )


class Dated(httpx.ASGITransport):
    """The hub without a network; like a server it says the time, and it notes what it was asked."""

    def __init__(self, hub: Hub) -> None:
        super().__init__(build_app(hub))
        self._clock = hub.clock
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        response = await super().handle_async_request(request)
        response.headers["Date"] = format_datetime(self._clock.now(), usegmt=True)
        return response


def over(
    transport: httpx.AsyncBaseTransport,
    credentials: DeviceCredentials,
    do: Callable[[HubLink], Awaitable[object]],
) -> None:
    """Do something over a link with these credentials."""

    async def run() -> None:
        link = HubLink("http://hub.test", credentials, FixedClock(), transport)
        try:
            await do(link)
        finally:
            await link.close()

    asyncio.run(run())


async def feed(link: HubLink) -> None:
    await link.changes("")


def answering(status: int, body: bytes, **headers: str) -> httpx.MockTransport:
    """Return a place that answers every request the same."""

    async def pieces() -> AsyncIterator[bytes]:
        yield body

    told = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return httpx.MockTransport(lambda _request: httpx.Response(status, headers=told, content=pieces()))


def test_one_token_serves_until_shortly_before_its_end(hub: Hub, account: HubAccount) -> None:
    seconds = [0.0]
    credentials = DeviceCredentials(account, FixedClock(), lambda: seconds[0])
    transport = Dated(hub)

    async def ask_over_time(link: HubLink) -> None:
        for now in (0, 1, 569, 571, 572):
            seconds[0] = float(now)
            await link.changes("")

    over(transport, credentials, ask_over_time)
    assert transport.asked.count("/token") == 2
    assert transport.asked.count("/$changes") == 5


def test_many_who_ask_at_once_fetch_one_token(hub: Hub, account: HubAccount) -> None:
    transport = Dated(hub)

    async def ask_together(link: HubLink) -> None:
        await asyncio.gather(*(link.changes("") for _ in range(5)))

    over(transport, DeviceCredentials(account, FixedClock()), ask_together)
    assert transport.asked.count("/token") == 1


@pytest.mark.parametrize(
    "off", [timedelta(minutes=-4), timedelta(hours=7), timedelta(days=-20_000), timedelta(days=3650)]
)
def test_a_clock_that_is_wrong_is_made_good_by_the_hubs(hub: Hub, account: HubAccount, off: timedelta) -> None:
    transport = Dated(hub)
    credentials = DeviceCredentials(account, FixedClock(NOON + off))
    over(transport, credentials, feed)
    assert transport.asked == ["/token", "/token", "/$changes"]
    credentials.refused()
    transport.asked.clear()
    over(transport, DeviceCredentials(account, FixedClock(NOON)), feed)
    assert transport.asked == ["/token", "/$changes"]


def test_a_refused_token_is_fetched_anew(hub: Hub, account: HubAccount) -> None:
    transport = Dated(hub)
    credentials = DeviceCredentials(account, FixedClock())
    credentials._token, credentials._ends_s = "d1.of.yesterday", float("inf")
    over(transport, credentials, feed)
    assert transport.asked == ["/$changes", "/token", "/$changes"]


def test_a_node_nobody_knows_is_told_so_once(hub: Hub, account: HubAccount) -> None:
    transport = Dated(hub)
    stranger = msgspec.structs.replace(account, key=SigningKey.create().to_bytes())
    with pytest.raises(LinkError, match="enrolled again"):
        over(transport, DeviceCredentials(stranger, FixedClock()), feed)
    assert transport.asked == ["/token"]


def test_who_is_shut_out_is_told_and_one_who_is_to_erase_gets_the_order(hub: Hub, account: HubAccount) -> None:
    credentials = DeviceCredentials(account, FixedClock())
    over(Dated(hub), credentials, feed)
    hub.callers.revoke(account.device_id, "ұрланған")
    with pytest.raises(LinkError, match="enrolled again"):
        over(Dated(hub), credentials, feed)
    hub.callers.revoke(account.device_id, "ұрланған", is_to_be_erased=True)
    with pytest.raises(ErasedError) as ordered:
        over(Dated(hub), DeviceCredentials(account, FixedClock()), feed)
    assert (ordered.value.order.because, ordered.value.order.at) == ("ұрланған", NOON)


def _order(key: SigningKey = HUB_KEY, **changed: Any) -> str:
    claims = {"kind": ERASE, "device": "d1", "hub": "Хаб", "at": NOON.isoformat(), "because": ""}
    return key.sign({**claims, **changed})


@pytest.mark.parametrize(
    "order",
    [
        _order(SigningKey.create()),
        _order(device="d2"),
        _order(kind=RECEIPT),
        _order(at="soon"),
        _order(hub=7),
        "",
        "a.b.c",
        "x" * 50_000,
        None,
        ["order"],
    ],
)
def test_an_order_of_somebody_else_is_none(order: object) -> None:
    """Whoever stands in between could else erase a hospital."""
    transport = answering(403, json.dumps({"error": "invalid_client", "order": order}).encode())
    with pytest.raises(LinkError, match="enrolled again"):
        over(transport, DeviceCredentials(ACCOUNT, FixedClock()), feed)


def test_a_true_order_is_read() -> None:
    assert checked_order(_order(because="жоғалған"), ACCOUNT).because == "жоғалған"
    with pytest.raises(UnreadableFileError):
        checked_order(_order(device="another"), ACCOUNT)


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (200, b"<html>Sign in to the hotel</html>", {"Content_Type": "text/html"}),
        (200, b"", {}),
        (200, b"[]", {}),
        (200, b"{}", {}),
        (200, b'{"access_token":7}', {}),
        (200, b'{"access_token":""}', {}),
        (200, b'{"access_token":"a\\r\\nX-Evil: 1"}', {}),
        (200, '{"access_token":"қ"}'.encode(), {}),
        (200, b'{"access_token":"' + b"a" * 5000 + b'"}', {}),
        (200, b'{"access_token":"a","expires_in":"soon"}', {}),
        (200, b"{" * 60_000, {}),
        (200, b'{"a":"' + b"a" * 100_000 + b'"}', {}),
        (200, b"\x1f\x8b", {"Content_Encoding": "gzip"}),
        (302, b"{}", {"Location": "https://evil.example/token"}),
        (500, b"{}", {}),
        (404, b"{}", {}),
    ],
)
def test_what_is_no_token_is_a_bad_link(status: int, body: bytes, headers: dict[str, str]) -> None:
    with pytest.raises(LinkError):
        over(answering(status, body, **headers), DeviceCredentials(ACCOUNT, FixedClock()), feed)


@pytest.mark.parametrize(
    ("typed", "wait_s"), [("7", 7.0), ("999999999", 3600.0), ("", 0.0), ("-1", 0.0), ("soon", 0.0)]
)
def test_a_hub_that_asks_to_be_left_alone_is(typed: str, wait_s: float) -> None:
    with pytest.raises(BusyHubError) as busy:
        over(answering(429, b"{}", Retry_After=typed), DeviceCredentials(ACCOUNT, FixedClock()), feed)
    assert busy.value.wait_s == wait_s


def test_a_date_that_is_none_changes_nothing() -> None:
    for date in ("", "yesterday", "Thu, 99 Mar 2026 07:00:00 GMT", "Thu, 05 Mar 2026 07:00:00"):
        credentials = DeviceCredentials(ACCOUNT, FixedClock())
        with pytest.raises(LinkError):
            over(answering(401, b"{}", Date=date), credentials, feed)
        assert credentials._offset == timedelta()


def test_a_token_that_ends_at_once_is_not_asked_for_without_end() -> None:
    seconds: list[float] = [0.0]
    credentials = DeviceCredentials(ACCOUNT, FixedClock(), lambda: seconds[0])

    async def shown() -> list[str]:
        async with httpx.AsyncClient(
            transport=answering(200, b'{"access_token":"a","expires_in":0}'), base_url="http://hub.test"
        ) as client:
            first = await credentials.header(client)
            return [first, await credentials.header(client)]

    assert asyncio.run(shown()) == ["Bearer a", "Bearer a"]
    assert credentials._ends_s == 5.0


def test_the_place_at_the_hub_is_kept_and_tells_no_secret(tmp_path: Any) -> None:
    with opened(tmp_path) as store:
        assert kept_account(store) is None
        keep_account(store, ACCOUNT)
        assert kept_account(store) == ACCOUNT
    assert ACCOUNT.signing_key.public_jwk
    assert ACCOUNT.key.decode()[20:60] not in repr(ACCOUNT)


def test_clocks_are_only_asked_for_the_time() -> None:
    clock: Clock = FixedClock()
    assert DeviceCredentials(ACCOUNT, clock)._clock.now() == NOON
