"""What a link shows its hub: a token that stays, or one that is fetched again when the hub no longer knows it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from clinic_app.foundation.errors import LinkError
from clinic_app.sync.credentials import Credentials, StaticToken, credentials_of
from clinic_app.sync.link import HubLink
from clinic_app.sync.wire import MEDIA_TYPE, encode_history
from tests.helpers.clocks import FixedClock

UNKNOWN = 401


def page() -> httpx.Response:
    """Return an empty page of the feed, as it comes over a wire: in pieces."""

    async def pieces() -> AsyncIterator[bytes]:
        yield encode_history((), "$changes?cursor=c")

    return httpx.Response(200, content=pieces(), headers={"Content-Type": MEDIA_TYPE})


class Renewed:
    """Shows another word whenever the last one was refused."""

    def __init__(self) -> None:
        self.refusals = 0

    async def header(self, client: httpx.AsyncClient) -> str:
        assert "authorization" not in client.headers
        return f"Bearer {self.refusals}"

    def refused(self) -> None:
        self.refusals += 1


def asked(credentials: Credentials | str, answer: Callable[[httpx.Request], httpx.Response]) -> list[str]:
    """Ask for the feed and return what the hub was shown, request by request."""
    shown: list[str] = []

    def noting(request: httpx.Request) -> httpx.Response:
        shown.append(request.headers["authorization"])
        return answer(request)

    run(credentials, noting, lambda link: link.changes(""))
    return shown


def run(
    credentials: Credentials | str,
    answer: Callable[[httpx.Request], httpx.Response],
    do: Callable[[HubLink], Awaitable[object]],
) -> None:
    """Do one thing over a link."""

    async def over_a_link() -> None:
        link = HubLink("http://hub.invalid", credentials, FixedClock(), httpx.MockTransport(answer))
        try:
            await do(link)
        finally:
            await link.close()

    asyncio.run(over_a_link())


def test_a_word_alone_is_a_static_token() -> None:
    assert asked("secret", lambda _: page()) == ["Bearer secret"]
    kept = StaticToken("secret")
    assert credentials_of(kept) is kept


def test_a_refused_token_that_stays_the_same_is_not_shown_again() -> None:
    shown: list[str] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        shown.append(request.headers["authorization"])
        return httpx.Response(UNKNOWN)

    with pytest.raises(LinkError, match="enrolled again"):
        run("secret", refuse, lambda link: link.changes(""))
    assert shown == ["Bearer secret"]


def test_what_can_be_fetched_anew_is_tried_once_more() -> None:
    def know_the_second(request: httpx.Request) -> httpx.Response:
        return page() if request.headers["authorization"] == "Bearer 1" else httpx.Response(UNKNOWN)

    assert asked(Renewed(), know_the_second) == ["Bearer 0", "Bearer 1"]


def test_a_hub_that_knows_nobody_is_asked_twice_and_no_more() -> None:
    credentials = Renewed()
    with pytest.raises(LinkError, match="enrolled again"):
        run(credentials, lambda _: httpx.Response(UNKNOWN), lambda link: link.changes(""))
    assert credentials.refusals == 1


def test_the_second_request_carries_the_same_piece() -> None:
    pieces: list[bytes] = []

    def take(request: httpx.Request) -> httpx.Response:
        pieces.append(request.content)
        is_known = request.headers["authorization"] == "Bearer 1"
        return httpx.Response(200 if is_known else UNKNOWN, headers={"Upload-Offset": "4"})

    run(Renewed(), take, lambda link: link.append("0" * 64, 0, b"echo"))
    assert pieces == [b"echo", b"echo"]


def test_a_way_to_the_token_that_breaks_is_a_broken_link() -> None:
    class Broken(StaticToken):
        async def header(self, client: httpx.AsyncClient) -> str:
            raise httpx.ConnectError("no way", request=httpx.Request("POST", str(client.base_url)))

    with pytest.raises(LinkError, match="cannot be reached"):
        run(Broken(""), lambda _: page(), lambda link: link.changes(""))


def test_not_even_a_token_is_asked_for_at_an_open_address() -> None:
    class Counting(StaticToken):
        count = 0

        async def header(self, client: httpx.AsyncClient) -> str:
            self.count += 1
            return await super().header(client)

    counting = Counting("secret")

    async def ask() -> None:
        link = HubLink("http://hub.med.kz", counting, FixedClock())
        with pytest.raises(LinkError, match="https"):
            await link.changes("")
        await link.close()

    asyncio.run(ask())
    assert counting.count == 0
