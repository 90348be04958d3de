"""The hub at an address is what it says it is; that is remembered, and the standing exchange goes on over either."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from clinic_app.foundation.clock import SystemClock
from clinic_app.foundation.ids import new_id
from clinic_app.hub.app import build_app
from clinic_app.records import ContactPoint, Patient
from clinic_app.storage.exchange.exchange import Write
from clinic_app.sync import Failed, Succeeded, SyncService
from clinic_app.sync.any_hub import FOREIGN_HUB, AnyLink
from clinic_app.sync.link import HubRefusalError
from tests.helpers.foreign_hub import URL, ForeignHub
from tests.helpers.hub_clients import running_hub
from tests.helpers.nodes import DISTRICT, PIXEL, Node, node
from tests.helpers.waiting import wait_until


@pytest.fixture
def hub() -> ForeignHub:
    return ForeignHub()


@pytest.fixture
def district(tmp_path: Path) -> Iterator[Node]:
    with node(tmp_path / "district", DISTRICT, SystemClock()) as made:
        yield made


def _link(district: Node, hub: ForeignHub) -> AnyLink:
    return AnyLink(district.store, URL, "token", SystemClock(), httpx.ASGITransport(hub.app()))


def test_a_server_that_is_not_ours_is_known_as_such_and_still_after_a_restart(district: Node, hub: ForeignHub) -> None:
    with asyncio.Runner() as runner:
        first = _link(district, hub)
        assert not first.is_foreign
        runner.run(first.meet())
        assert first.is_foreign
        again = _link(district, hub)
        assert again.is_foreign
        elsewhere = AnyLink(district.store, "http://hub.test", "token", SystemClock())
        assert not elsewhere.is_foreign
        for link in (first, again, elsewhere):
            runner.run(link.close())


def test_a_hub_of_ours_is_spoken_to_as_one(district: Node, tmp_path: Path) -> None:
    with running_hub(tmp_path / "hub", SystemClock()) as running, asyncio.Runner() as runner:
        token = running.hub.callers.enrol(DISTRICT, "PC")
        transport = httpx.ASGITransport(build_app(running.hub))
        district.store.memory.put(FOREIGN_HUB, b"http://hub.test")  # it was another one before
        link = AnyLink(district.store, "http://hub.test", token, SystemClock(), transport)
        assert link.is_foreign
        runner.run(link.meet())
        assert not link.is_foreign
        patient = Patient(id=new_id())
        body = b'{"resourceType":"Patient","id":"%s"}' % patient.id.encode()
        (written,) = runner.run(link.push([Write("Patient", patient.id, body, None)], "k"))
        page = runner.run(link.changes("", with_own=True))
        assert [each.id for each in page.changes] == [patient.id]
        assert runner.run(link.record("Patient", patient.id, written.version)) is not None
        assert runner.run(link.begin_upload("0" * 64, 10)).offset == 0
        runner.run(link.close())


def test_contents_are_refused_with_a_reason_and_nothing_waits_for_ever(district: Node, hub: ForeignHub) -> None:
    async def talk(link: AnyLink) -> None:
        await link.meet()
        for work in (link.begin_upload("a", 1), link.append("a", 0, b"x"), link.content_size("a")):
            with pytest.raises(HubRefusalError, match="no pictures"):
                await work
        with pytest.raises(HubRefusalError, match="no pictures"):
            async for _ in link.download("a", 0):
                pass
        assert await link.report(b"{}") is None
        before = len(hub.requests)
        assert (await link.changes("c", wait_s=50)).changes == ()
        assert len(hub.requests) == before, "a server that cannot wait is not asked to"
        await link.close()

    asyncio.run(talk(_link(district, hub)))


def test_the_standing_exchange_goes_on_over_a_foreign_server(district: Node, hub: ForeignHub) -> None:
    patient = Patient(id=new_id(), telecom=(ContactPoint(system="phone", value="1"),))
    picture = district.store.blobs.put(PIXEL)
    district.store.records.commit([patient], uploads=[picture])
    transport = httpx.ASGITransport(hub.app())
    service = SyncService(
        district.store, district.referrals, URL, "token", SystemClock(), interval_s=0.2, transport=transport
    )
    district.services.append(service)
    service.start()
    wait_until(lambda: len(hub.current("Patient")) == 1, 30, "the patient is there")
    wait_until(lambda: isinstance(service.state(), Succeeded), 30, "the exchange ends well")
    hub.edit("Patient", hub.current("Patient")[0].id, active=True)
    wait_until(lambda: district.store.records.get(Patient, patient.id).active, 30, "their edit comes")
    transfer = district.store.transfers.get(picture, "up")
    assert transfer is not None
    assert transfer.state == "failed"
    assert "no pictures" in transfer.last_error
    assert hub.blind_puts == 0
    assert not isinstance(service.state(), Failed)
    service.stop()
