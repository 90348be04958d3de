"""The pace is measured where bytes are sent: an answered request counts, one that was cut does not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import pytest

from clinic_app.foundation.errors import LinkError
from clinic_app.sync.link import HubLink
from clinic_app.sync.pace import Pace
from tests.helpers.clocks import FixedClock


def _append(answer: Callable[[httpx.Request], httpx.Response], piece: bytes) -> Pace:
    pace = Pace()

    async def talk() -> None:
        link = HubLink("http://localhost", "token", FixedClock(), httpx.MockTransport(answer), pace)
        try:
            await link.append("0" * 64, 0, piece)
        finally:
            await link.close()

    try:
        asyncio.run(talk())
    except LinkError:
        if answer is not _cut:
            raise
    return pace


def _taken(request: httpx.Request) -> httpx.Response:
    return httpx.Response(204, headers={"Upload-Offset": str(len(request.content))})


def _cut(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("cut", request=request)


def test_a_piece_the_hub_took_tells_the_pace() -> None:
    told = _append(_taken, b"x" * 100_000).bytes_per_s()
    assert told is not None
    assert told > 0


@pytest.mark.parametrize(("answer", "size"), [(_cut, 100_000), (_taken, 10), (_taken, 0)])
def test_a_cut_request_and_a_few_bytes_tell_none(answer: Callable[[httpx.Request], httpx.Response], size: int) -> None:
    assert _append(answer, b"x" * size).bytes_per_s() is None
