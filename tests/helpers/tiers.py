"""A central hub, a facility hub below it and workstations, in one process and without a network: step by step."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec

from clinic_app.foundation.ids import new_id
from clinic_app.hub.app import build_app, build_hub
from clinic_app.hub.gate import Hub
from clinic_app.hub.upstream import Upstream, put_below
from clinic_app.hub.upstream_account import UpstreamAccount
from clinic_app.records import (
    Attachment,
    DocumentReference,
    DocumentReferenceContent,
    HumanName,
    Patient,
    with_audience,
)
from clinic_app.records.datatypes import SHA256_URN
from clinic_app.storage import Conflict, OutboxRow, Store
from clinic_app.sync.contents import Downloads, Uploads
from clinic_app.sync.link import HubLink
from clinic_app.sync.pull import Pull
from clinic_app.sync.push import Push
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import open_store

HERE = "org-here"
THERE = "org-there"


class Line(httpx.AsyncBaseTransport):
    """The way to one hub; ``is_cut`` cuts it, ``loses_answers`` lets requests arrive and loses what comes back."""

    def __init__(self, app: object) -> None:
        self._inner = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]
        self.is_cut = False
        self.loses_answers = False
        self.cut_after: int | None = None
        """Requests that still get through; None for all."""
        self.requests: list[tuple[str, str]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request."""
        if self.cut_after is not None:
            self.cut_after -= 1
            self.is_cut = self.is_cut or self.cut_after < 0
        if self.is_cut:
            raise httpx.ConnectError("the line is cut")
        self.requests.append((request.method, request.url.path))
        response = await self._inner.handle_async_request(request)
        if self.loses_answers:
            await response.aread()
            raise httpx.ReadError("the answer is lost")
        return response


@dataclass
class Desk:
    """One workstation: its store, and its way to its hub."""

    store: Store
    line: Line
    token: str
    clock: FixedClock

    def exchange(self) -> None:
        """Send what is written here, and take what is new."""

        async def run() -> None:
            link = HubLink("http://hub.test", self.token, self.clock, self.line)
            try:
                await Push(self.store, link, lambda _: None).run()
                await Uploads(self.store, link).run()
                await Pull(self.store, link).run()
                await Push(self.store, link, lambda _: None).run()
                await Downloads(self.store, link).run()
            finally:
                await link.close()

        asyncio.run(run())

    def write(self, family: str, patient_id: str) -> Patient:
        """Register a patient, or give him another name."""
        found = [each for each in self.store.records.find(Patient) if each.id == patient_id]
        name = (HumanName(family=family),)
        record = msgspec.structs.replace(found[0], name=name) if found else Patient(id=patient_id, name=name)
        (written,) = self.store.records.commit([record])
        assert isinstance(written, Patient)
        return written

    def name(self, patient_id: str) -> str | None:
        """Return how a patient is called here, None for one who is not known."""
        found = [each for each in self.store.records.find(Patient) if each.id == patient_id]
        return found[0].name[0].family if found else None

    def hand_in(self, data: bytes, *audience: str) -> str:
        """Store a document with content that the hub gets, meant for other organisations too; return its digest."""
        sha256 = self.store.blobs.put(data)
        attachment = Attachment(content_type="image/png", url=f"{SHA256_URN}{sha256}", size=len(data))
        content = (DocumentReferenceContent(attachment=attachment),)
        document = DocumentReference(id=new_id(), status="current", content=content)
        self.store.records.commit([with_audience(document, *audience)], uploads=[sha256], lane="images")
        return sha256

    def fetch(self, sha256: str, size: int) -> bytes | None:
        """Ask for a content, and return it if it came."""
        self.store.transfers.queue(sha256, "down", "images", size)
        self.exchange()
        return self.store.blobs.read(sha256) if self.store.blobs.has(sha256) else None

    def questions(self, record_id: str) -> list[Conflict]:
        """Return what a person here is asked about one record."""
        return [each for each in self.store.records.conflicts() if each.mine.id == record_id]

    def refused(self, record_id: str) -> list[OutboxRow]:
        """Return what of one record is set aside here."""
        return [each for each in self.store.outbox.set_aside() if each.id == record_id]


@dataclass
class Tiers:
    """The hubs and their clock."""

    clock: FixedClock
    central: Hub
    central_line: Line
    facility: Hub
    facility_store: Store
    facility_line: Line
    upstream: Upstream
    line: Line
    _folder: Path
    _stack: ExitStack

    def desk(self, name: str, hub: str = "facility", organization_id: str = HERE) -> Desk:
        """Return one more workstation, at the facility hub or at the central one."""
        store = open_store(self._folder / name, clock=self.clock)
        self._stack.callback(store.close)
        at, line = (self.facility, self.facility_line) if hub == "facility" else (self.central, self.central_line)
        return Desk(store, line, at.callers.enrol(organization_id, name), self.clock)

    @property
    def folder(self) -> Path:
        """Where all the stores lie."""
        return self._folder

    def exchange(self) -> None:
        """Do one exchange of the facility hub with the central one."""

        async def run() -> None:
            way = self.upstream.way()
            try:
                await self.upstream.exchange(way)
            finally:
                await way.link.close()

        asyncio.run(run())


@contextmanager
def tiers(folder: Path) -> Iterator[Tiers]:
    """Open both hubs; everything is closed at the end."""
    clock = FixedClock()
    with ExitStack() as stack:
        central_store = open_store(folder / "central", clock=clock)
        stack.callback(central_store.close)
        central = build_hub(central_store, clock)
        facility_store = open_store(folder / "facility", clock=clock)
        stack.callback(facility_store.close)
        line = Line(build_app(central))
        account = UpstreamAccount("http://hub.test", HERE, central.callers.enrol(HERE, "Facility hub"))
        alone = build_hub(facility_store, clock)
        facility, upstream = put_below(alone, facility_store, account, clock, transport=line)
        facility_line = Line(build_app(facility))
        central_line = Line(build_app(central))
        yield Tiers(
            clock, central, central_line, facility, facility_store, facility_line, upstream, line, folder, stack
        )
