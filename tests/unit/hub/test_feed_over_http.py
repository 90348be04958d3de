"""The feed as a workstation asks for it: waiting for news, and told what came, was opened, leaves and was erased."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import pytest

from clinic_app.hub.app import build_app, build_hub
from clinic_app.hub.gate import Hub
from clinic_app.records import Organization, Patient, Reference, Resource, Task, with_audience
from clinic_app.storage.exchange.exchange import Change, Write
from clinic_app.storage.feed.bell import MOST_WAITS
from clinic_app.storage.feed.buckets import KEPT_AFTER_CLOSING
from clinic_app.sync.wire import KIND, decode_history, decode_transaction_response, encode_transaction
from tests.helpers.clocks import FixedClock
from tests.helpers.hub_clients import write_of
from tests.helpers.stores import open_store

A, B = "org-a", "org-b"
LONG_S = 50
"""Nobody who is woken waits so long; whoever is not fails by the time-out of the test."""


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def hub(tmp_path: Path, clock: FixedClock) -> Iterator[Hub]:
    store = open_store(tmp_path / "hub", bytes(32), clock)
    try:
        yield build_hub(store, clock)
    finally:
        store.close()


class Desk:
    """One workstation that talks to the hub from within a running loop."""

    def __init__(self, hub: Hub, organization_id: str) -> None:
        token = hub.callers.enrol(organization_id, "PC")
        self.versions: dict[str, str] = {}
        self.cursor = ""
        self._http = httpx.AsyncClient(
            transport=httpx.ASGITransport(build_app(hub)),
            base_url="http://hub.test",
            headers={"Authorization": f"Bearer {token}"},
        )

    async def put(self, *records: Resource) -> None:
        writes: list[Write] = [write_of(each, self.versions.get(each.id)) for each in records]
        answer = await self._http.post("/", content=encode_transaction(writes))
        assert answer.status_code == 200, answer.text
        self.versions |= {each.id: each.version for each in decode_transaction_response(answer.content, writes)}

    async def asked(self, **query: object) -> httpx.Response:
        return await self._http.get("/$changes", params={"cursor": self.cursor, **query})  # type: ignore[arg-type]

    async def news(self, wait_s: int = 0) -> tuple[Change, ...]:
        answer = await self.asked(_wait=wait_s)
        assert answer.status_code == 200, answer.text
        changes, url = decode_history(answer.content)
        self.cursor = parse_qs(urlsplit(url).query)["cursor"][0]
        return changes


def _run(story: Callable[[], Awaitable[None]]) -> None:
    async def within_time() -> None:
        async with asyncio.timeout(LONG_S - 10):
            await story()

    asyncio.run(within_time())


def test_who_waits_is_answered_when_something_comes_for_him(hub: Hub) -> None:
    async def story() -> None:
        writer, colleague, other = Desk(hub, A), Desk(hub, A), Desk(hub, B)
        waiting = [asyncio.create_task(each.news(LONG_S)) for each in (colleague, other)]
        await writer.put(Patient(id="p"))
        assert [change.id for change in await waiting[0]] == ["p"]
        assert not waiting[1].done()
        await writer.put(with_audience(Patient(id="q"), B))
        assert [change.id for change in await waiting[1]] == ["q"]

    _run(story)


def test_who_wrote_it_is_not_woken_by_it(hub: Hub) -> None:
    async def story() -> None:
        writer, colleague = Desk(hub, A), Desk(hub, A)
        waiting = asyncio.create_task(writer.news(LONG_S))
        await writer.put(Patient(id="mine"))
        await colleague.put(Patient(id="theirs"))
        assert [change.id for change in await waiting] == ["theirs"]

    _run(story)


def test_what_is_there_already_is_told_without_waiting(hub: Hub) -> None:
    async def story() -> None:
        writer, reader = Desk(hub, A), Desk(hub, A)
        await writer.put(Patient(id="p"))
        assert [change.id for change in await reader.news(LONG_S)] == ["p"]
        assert await reader.news() == ()
        assert await reader.news(1) == ()

    _run(story)


def test_a_hub_that_ends_lets_everybody_go(hub: Hub) -> None:
    async def story() -> None:
        reader = Desk(hub, A)
        waiting = asyncio.create_task(reader.news(LONG_S))
        await Desk(hub, A).asked()
        hub.feed.bell.end_waits()
        assert await waiting == ()
        assert await reader.news(LONG_S) == ()

    _run(story)


def test_one_workstation_cannot_wait_a_thousand_times(hub: Hub) -> None:
    async def story() -> None:
        reader, writer = Desk(hub, A), Desk(hub, A)
        waiting = [asyncio.create_task(reader.asked(_wait=LONG_S)) for _ in range(MOST_WAITS + 3)]
        done, still = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        while len(done) < 3:
            more, still = await asyncio.wait(still, return_when=asyncio.FIRST_COMPLETED)
            done |= more
        assert len(still) == MOST_WAITS
        assert [decode_history(each.result().content)[0] for each in done] == [()] * 3
        colleague = asyncio.create_task(Desk(hub, A).news(LONG_S))
        await writer.put(Patient(id="p"))
        assert [change.id for change in await colleague] == ["p"]
        for each in still:
            assert [change.id for change in decode_history((await each).content)[0]] == ["p"]

    _run(story)


@pytest.mark.parametrize("typed", ["56", "-1", "1.5", "x", "9" * 40, "٣"])
def test_a_wait_that_is_none_is_refused_at_once(hub: Hub, typed: str) -> None:
    async def story() -> None:
        answer = await Desk(hub, A).asked(_wait=typed)
        assert answer.status_code == 422
        assert "_wait is a number from 0 to 55." in answer.text

    _run(story)


def _task(status: str, version_of: str = "t") -> Task:
    return with_audience(
        Task(
            id=version_of,
            status=status,  # type: ignore[arg-type]
            intent="order",
            for_=Reference(reference="Patient/p"),
            requester=Reference(reference=f"Organization/{A}"),
            owner=Reference(reference=f"Organization/{B}"),
        ),
        B,
    )


def test_a_case_is_told_from_its_opening_to_its_end(hub: Hub, clock: FixedClock) -> None:
    async def story() -> None:
        district, centre = Desk(hub, A), Desk(hub, B)
        await district.put(Patient(id="p"))
        await district.put(with_audience(Organization(id=A, name="District"), "*"))
        assert [(each.kind, each.id) for each in await centre.news()] == [("upsert", A)]
        await district.put(_task("requested"))
        told = await centre.news(LONG_S)
        assert sorted((each.kind, each.id) for each in told) == [("enter", "p"), ("upsert", "t")]
        centre.versions |= district.versions
        for status in ("received", "rejected"):
            await centre.put(_task(status))
        assert await centre.news() == ()
        clock.moment += KEPT_AFTER_CLOSING * 2
        waiting = asyncio.create_task(centre.news(LONG_S))
        await district.put(Patient(id="unrelated"))
        assert [(each.kind, each.id, each.body) for each in await waiting] == [("evict", "p", b"")]
        waiting = asyncio.create_task(centre.news(LONG_S))
        await asyncio.to_thread(hub.feed.erasing.erase, [("Patient", "p")], "order")
        assert [(each.kind, each.id) for each in await waiting] == [("erase", "p")]

    _run(story)


def test_what_leaves_is_a_delete_with_its_kind_and_no_resource(hub: Hub) -> None:
    async def story() -> None:
        district, colleague = Desk(hub, A), Desk(hub, A)
        await district.put(Patient(id="p"))
        await asyncio.to_thread(hub.feed.erasing.erase, [("Patient", "p")], "order")
        (entry,) = msgspec.json.decode((await colleague.asked()).content)["entry"]
        assert entry["request"] == {"method": "DELETE", "url": "Patient/p"}
        assert entry["extension"] == [{"url": KIND, "valueString": "erase"}]
        assert "resource" not in entry

    _run(story)


def test_what_was_erased_is_refused_to_whoever_sends_it_again(hub: Hub) -> None:
    async def story() -> None:
        district = Desk(hub, A)
        await district.put(Patient(id="p"))
        await asyncio.to_thread(hub.feed.erasing.erase, [("Patient", "p")], "order")
        answer = await district._http.post(
            "/", content=encode_transaction([write_of(Patient(id="p", active=True), None)])
        )
        assert answer.status_code == 409
        assert "erased by order" in answer.text

    _run(story)
