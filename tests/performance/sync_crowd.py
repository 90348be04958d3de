"""A country's workstations at one hub: each has its token and its connection, from the address of its hospital.

They poll as a workstation does whose hub cannot wait for it, and then they all wait at once (a long poll) until
somebody writes. They are played by one process; the hub is a real one.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import httpx

from clinic_app.foundation.clock import SystemClock
from clinic_app.hub.app import build_hub
from clinic_app.hub.folder import open_hub_store
from clinic_app.sync.wire import MEDIA_TYPE
from tests.drills.visits import ORGANIZATIONS, organization, visits
from tests.performance.sync_hub import MeasuredHub, _client, _packed, _send, measured_hub
from tests.performance.sync_material import quantile

WORKSTATIONS: Final = 4180
INTERVAL_S: Final = 60.0
"""Between two polls of one workstation that cannot wait at the hub."""
_WAIT_S: Final = 40
_SITE: Final = 7


def measure_crowd(folder: Path, workstations: int, seconds: float) -> dict[str, Any]:
    """Let so many workstations poll for some seconds, then wait together for one write; return how the hub bore it.

    Args:
        folder: an empty one.
        workstations: how many, spread over the country's sites.
        seconds: how long they poll.
    """
    store = open_hub_store(folder, None)
    try:
        callers = build_hub(store, SystemClock()).callers
        tokens = [callers.enrol(organization(number), f"PC {number}") for number in range(workstations)]
        writer = callers.enrol(organization(_SITE), "writer")
    finally:
        store.close()
    with measured_hub(folder) as hub:
        with _client(hub.url, writer) as client:
            _send(client, [_packed(visits(_SITE, 0, 8))])
        crowd = Crowd(hub, tokens, writer)
        return asyncio.run(crowd.live(seconds))


class Crowd:
    """Workstations that all ask one hub.

    Args:
        hub: whom.
        tokens: one for each; the number of a workstation tells its site.
        writer: token of one more at one of the sites.
    """

    def __init__(self, hub: MeasuredHub, tokens: Sequence[str], writer: str) -> None:
        self._hub = hub
        self._tokens = tokens
        self._writer = writer
        self._cursors = [""] * len(tokens)
        self._taken_s: list[float] = []
        self._failures = 0
        self._reopened = 0

    async def live(self, seconds: float) -> dict[str, Any]:
        """Poll for a while, then wait for one write together."""
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=300)
        transports = [
            httpx.AsyncHTTPTransport(local_address=f"127.0.1.{site + 1}", limits=limits)
            for site in range(ORGANIZATIONS)
        ]
        clients = [
            httpx.AsyncClient(base_url=self._hub.url, transport=each, timeout=120, trust_env=False)
            for each in transports
        ]
        try:
            await self._all(clients, seconds)  # everybody comes once: connections, cursors
            self._taken_s.clear()
            cpu_s, begin = self._hub.cpu_s(), time.monotonic()
            await self._all(clients, seconds)
            wall_s, cpu_s = time.monotonic() - begin, self._hub.cpu_s() - cpu_s
            polled = {
                "workstations": len(self._tokens),
                "sites": ORGANIZATIONS,
                "polls_per_s": round(len(self._taken_s) / wall_s, 1),
                "wanted_per_s": round(len(self._tokens) / INTERVAL_S, 1),
                "hub_cpu_share": round(cpu_s / wall_s, 3),
                "hub_cpu_share_at_one_poll_a_minute": round(cpu_s / len(self._taken_s) * len(self._tokens) / 60, 3),
                "p50_ms": round(quantile(self._taken_s, 0.5) * 1000, 1),
                "p99_ms": round(quantile(self._taken_s, 0.99) * 1000, 1),
                "reopened": self._reopened,
                "failures": self._failures,
            }
            return {**polled, "waiting_together": await self._wait_together(clients)}
        finally:
            for client in clients:
                await client.aclose()

    async def _all(self, clients: Sequence[httpx.AsyncClient], seconds: float) -> None:
        """Have every workstation ask once, at a moment of its own within so many seconds."""
        rng = random.Random(1)
        moments = [rng.uniform(0, seconds) for _ in self._tokens]
        await asyncio.gather(*(self._ask(clients, number, moment) for number, moment in enumerate(moments)))

    async def _ask(
        self, clients: Sequence[httpx.AsyncClient], number: int, moment_s: float = 0.0, wait_s: int = 0
    ) -> int:
        """Ask for news; return how many there were."""
        await asyncio.sleep(moment_s)
        asked = {"cursor": self._cursors[number], **({"_wait": str(wait_s)} if wait_s else {})}
        headers = {"Authorization": f"Bearer {self._tokens[number]}", "Accept": MEDIA_TYPE}
        begin = time.perf_counter()
        client = clients[number % ORGANIZATIONS]
        try:
            answer = await client.get("/$changes", params=asked, headers=headers)
        except (httpx.ReadError, httpx.RemoteProtocolError):  # it was kept open and the hub has just closed it
            self._reopened += 1
            answer = await client.get("/$changes", params=asked, headers=headers)
        if answer.status_code != 200:
            self._failures += 1
            return 0
        self._taken_s.append(time.perf_counter() - begin)
        page = json.loads(answer.content)
        self._cursors[number] = httpx.URL(page["link"][0]["url"]).params["cursor"]
        return len(page.get("entry", ()))

    async def _wait_together(self, clients: Sequence[httpx.AsyncClient]) -> dict[str, Any]:
        """Have everybody wait at the hub, write one visit, and see who hears of it, and when."""
        self._taken_s.clear()
        heard: dict[int, float] = {}
        written_s = [0.0]

        async def wait(number: int) -> None:
            if await self._ask(clients, number, wait_s=_WAIT_S):
                heard[number] = time.perf_counter() - written_s[0]

        waiting = [asyncio.create_task(wait(number)) for number in range(len(self._tokens))]
        await asyncio.sleep(_WAIT_S / 2)
        headers = {"Authorization": f"Bearer {self._writer}", "Content-Type": MEDIA_TYPE, "Content-Encoding": "zstd"}
        begin, cpu_s = time.perf_counter(), self._hub.cpu_s()
        written_s[0] = begin
        answer = await clients[_SITE].post("/", content=_packed(visits(_SITE, 500, 1)), headers=headers)
        took_s = time.perf_counter() - begin
        assert answer.status_code == 200, answer.text
        own = [number for number in range(len(self._tokens)) if number % ORGANIZATIONS == _SITE]
        for _ in range(_WAIT_S * 20):
            if all(number in heard for number in own):
                break
            await asyncio.sleep(0.05)
        cpu_s = self._hub.cpu_s() - cpu_s
        await asyncio.gather(*waiting)
        told = [heard[number] for number in own if number in heard]
        return {
            "write_ms": round(took_s * 1000, 1),
            "heard": len(told),
            "of": len(own),
            "heard_p50_ms": round(quantile(told, 0.5) * 1000, 1) if told else None,
            "heard_worst_ms": round(max(told) * 1000, 1) if told else None,
            "hub_cpu_ms": round(cpu_s * 1000, 1),
            "failures": self._failures,
        }


if __name__ == "__main__":
    print(json.dumps(measure_crowd(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))))
