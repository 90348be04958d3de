"""Workstations that talk to a hub without a network, each with its own token."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx

from clinic_app.foundation.clock import Clock
from clinic_app.hub.app import build_app, build_hub
from clinic_app.hub.gate import Hub
from clinic_app.records import Resource, encode
from clinic_app.storage.exchange.exchange import Change, Write, Written
from clinic_app.sync.wire import decode_history, decode_transaction_response, encode_transaction
from tests.helpers.asgi import AsgiClient
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import open_store

KEY = bytes(32)


@dataclass
class HubClient:
    """One workstation's conversation with the hub."""

    http: AsgiClient
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """The headers that say who is asking."""
        return {"Authorization": f"Bearer {self.token}"}

    def write(self, *writes: Write, key: str = "") -> httpx.Response:
        """Hand in one transaction."""
        headers = {**self.headers, **({"Idempotency-Key": key} if key else {})}
        return self.http.post("/", content=encode_transaction(writes), headers=headers)

    def put(self, record: Resource, base: str | None = None) -> Written:
        """Write one record; the hub has to take it."""
        write = write_of(record, base)
        response = self.write(write)
        assert response.status_code == 200, response.text
        return decode_transaction_response(response.content, [write])[0]

    def changes(self, cursor: str = "", count: int = 200) -> tuple[tuple[Change, ...], str]:
        """Return one page of the feed and the cursor behind it."""
        response = self.page(cursor, count)
        assert response.status_code == 200, response.text
        changes, url = decode_history(response.content)
        return changes, parse_qs(urlsplit(url).query)["cursor"][0]

    def page(self, cursor: str, count: int | str = 200) -> httpx.Response:
        """Return the answer to a request for one page."""
        return self.http.get("/$changes", params={"cursor": cursor, "_count": count}, headers=self.headers)

    def upload(self, data: bytes) -> str:
        """Hand in content in one piece and return its digest."""
        sha256 = hashlib.sha256(data).hexdigest()
        self.http.post(f"/blob/{sha256}", headers={**self.headers, "Upload-Length": str(len(data))})
        self.http.patch(f"/blob/{sha256}", content=data, headers={**self.headers, "Upload-Offset": "0"})
        return sha256


class RunningHub:
    """A hub over one data folder, as long as the block around it lasts."""

    def __init__(self, hub: Hub, http: AsgiClient) -> None:
        self.hub = hub
        self.http = http

    def enrol(self, organization_id: str) -> HubClient:
        """Return one more workstation of an organisation."""
        return HubClient(self.http, self.hub.callers.enrol(organization_id, "PC"))


@contextmanager
def running_hub(folder: Path, clock: Clock | None = None) -> Iterator[RunningHub]:
    """Open the hub of a folder; closing and opening it again is a restart."""
    store = open_store(folder, KEY, clock)
    http = AsgiClient(build_app(build_hub(store, clock or FixedClock())))
    try:
        yield RunningHub(build_hub(store, clock or FixedClock()), http)
    finally:
        http.close()
        store.close()


def write_of(record: Resource, base: str | None = None) -> Write:
    """Return the write that creates a record, or changes it from version ``base``."""
    return Write(record.type_name, record.id, encode(record), base)
