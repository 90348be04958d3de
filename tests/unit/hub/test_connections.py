"""Connections that say nothing, or a letter now and then, are closed; who waits for an answer is left alone."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
import uvicorn
from starlette.requests import ClientDisconnect, Request
from uvicorn.server import ServerState

from clinic_app.hub import connections, gate
from clinic_app.hub.connections import Connection, most_of_all
from clinic_app.hub.gate import read_body

SOON_S = 0.05
HEAD = b"GET / HTTP/1.1\r\nHost: hub\r\n"
Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Answering:
    """An application that answers when it is let."""

    def __init__(self) -> None:
        self.may = asyncio.Event()
        self.may.set()
        self.asked = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.set()
        await self.may.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


class Place:
    """A server on a free port of this computer."""

    def __init__(self, app: Answering, state: ServerState, port: int) -> None:
        self.app = app
        self.state = state
        self._port = port

    async def line(self) -> Line:
        """Return one more connection to it."""
        return await asyncio.open_connection("127.0.0.1", self._port)


@asynccontextmanager
async def _serving(listener: socket.socket | None = None, **limits: Any) -> AsyncIterator[Place]:
    app, state = Answering(), ServerState()
    config = uvicorn.Config(app, lifespan="off", log_config=None)
    config.load()
    made = partial(Connection, config=config, server_state=state, app_state={}, **limits)
    where = {"sock": listener} if listener else {"host": "127.0.0.1", "port": 0}
    server = await asyncio.get_running_loop().create_server(made, **where)
    async with server:
        yield Place(app, state, server.sockets[0].getsockname()[1])
        for each in tuple(state.connections):
            each.transport.abort()


def _run(trial: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with asyncio.timeout(20):
            await trial()

    asyncio.run(whole())


async def _end_of(line: Line) -> bytes:
    """Return what comes until the other side has closed."""
    reader, writer = line
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


def test_an_answer_never_waits_for_the_callers_word_about_its_head() -> None:
    async def trial() -> None:
        async with _serving(listener=socket.create_server(("127.0.0.1", 0))) as place:
            _, writer = line = await place.line()
            writer.write(HEAD + b"Connection: close\r\n\r\n")
            await place.app.asked.wait()
            (taken,) = place.state.connections
            told = taken.transport.get_extra_info("socket")
            assert told.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert (await _end_of(line)).endswith(b"ok")

    _run(trial)


@pytest.mark.parametrize("said", [b"", b"G", HEAD, HEAD + b"X: " + b"y" * 50])
def test_who_asks_for_nothing_is_let_go(said: bytes) -> None:
    async def trial() -> None:
        async with _serving(head_s=SOON_S) as place:
            line = await place.line()
            line[1].write(said)
            assert await _end_of(line) == b""
            assert not place.app.asked.is_set()

    _run(trial)


def test_a_letter_now_and_then_buys_no_time() -> None:
    async def trial() -> None:
        async with _serving(head_s=SOON_S) as place:
            reader, writer = await place.line()
            gone = asyncio.ensure_future(_end_of((reader, writer)))
            letters = 0
            while not gone.done():
                writer.write(HEAD[:1] if not letters else b"E")
                letters += 1
                await asyncio.wait([gone], timeout=SOON_S / 5)
            assert gone.result() == b""

    _run(trial)


def test_who_waits_for_his_answer_is_left_alone_longer_than_who_asks_nothing() -> None:
    async def trial() -> None:
        async with _serving(head_s=SOON_S) as place:
            place.app.may.clear()
            reader, writer = await place.line()
            writer.write(HEAD + b"\r\n")
            await place.app.asked.wait()
            assert await _end_of(await place.line()) == b""  # one that came later is let go before
            place.app.may.set()
            assert b"200" in await reader.readline()
            writer.close()

    _run(trial)


def test_who_still_says_what_was_refused_is_let_finish(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow line learns that its token is too old only after its whole body has gone."""
    monkeypatch.setattr(connections, "LEAST_BYTES_S", 1)

    async def trial() -> None:
        async with _serving(head_s=SOON_S) as place:
            reader, writer = await place.line()
            writer.write(b"POST / HTTP/1.1\r\nHost: hub\r\nContent-Length: 200\r\n\r\n" + b"x" * 100)
            await place.app.asked.wait()
            writer.write(b"x" * 50)
            await writer.drain()
            assert await _end_of(await place.line()) == b""
            writer.write(b"x" * 50)
            assert b"200" in await reader.readline()
            writer.close()

    _run(trial)


def test_one_address_cannot_have_them_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "is_this_computer", lambda _address: False)

    async def trial() -> None:
        async with _serving(most_of_one=2) as place:
            first, second = await place.line(), await place.line()
            assert await _end_of(await place.line()) == b""
            for reader, writer in (first, second):
                writer.write(HEAD + b"\r\n")
                assert b"200" in await reader.readline()
                writer.close()

    _run(trial)


def test_this_computer_may_have_as_many_as_it_likes() -> None:
    async def trial() -> None:
        async with _serving(most_of_one=1) as place:
            lines = [await place.line() for _ in range(4)]
            for reader, writer in lines:
                writer.write(HEAD + b"\r\n")
                assert b"200" in await reader.readline()
                writer.close()

    _run(trial)


def test_there_is_room_left_for_the_data_and_nobody_is_taken_without_it() -> None:
    async def trial() -> None:
        async with _serving(most=1) as place:
            reader, writer = await place.line()
            assert await _end_of(await place.line()) == b""
            writer.write(HEAD + b"\r\n")
            assert b"200" in await reader.readline()
            writer.close()

    _run(trial)


def test_as_many_connections_are_taken_as_the_process_can_have(monkeypatch: pytest.MonkeyPatch) -> None:
    for files, most in [(1024, 1024 - 384), (65536, 65536 - 384), (100, 64), (resource.RLIM_INFINITY, 65536)]:
        monkeypatch.setattr(resource, "getrlimit", lambda _which, files=files: (files, files))
        assert most_of_all() == most


@pytest.mark.parametrize("pieces", [0, 1, 3])
def test_a_body_that_stops_coming_is_not_waited_for(pieces: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "LONGEST_PAUSE_S", SOON_S)
    left = [b"x" * 1000] * pieces

    async def receive() -> dict[str, Any]:
        if not left:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": left.pop(), "more_body": True}

    async def trial() -> None:
        request = Request({"type": "http", "method": "POST", "headers": []}, receive)
        with pytest.raises(ClientDisconnect):
            await read_body(request, 10_000)

    _run(trial)


def test_a_body_of_which_a_letter_comes_now_and_then_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "LONGEST_PAUSE_S", SOON_S)
    never = asyncio.Event

    async def receive() -> dict[str, Any]:
        await asyncio.wait([asyncio.ensure_future(never().wait())], timeout=SOON_S / 5)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def trial() -> None:
        request = Request({"type": "http", "method": "POST", "headers": []}, receive)
        with pytest.raises(ClientDisconnect):
            await read_body(request, 10_000)

    _run(trial)
