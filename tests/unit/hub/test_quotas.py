"""An organisation that keeps as much as it may is told so, and nothing but its contents waits for it."""

from __future__ import annotations

import argparse
import asyncio
import hashlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.hub.quota_command import quota
from clinic_app.storage import Store
from clinic_app.sync import contents
from clinic_app.sync.contents import Uploads
from clinic_app.sync.link import HubLink
from tests.helpers.clocks import FixedClock
from tests.helpers.hub_clients import HubClient, RunningHub, running_hub
from tests.helpers.stores import opened

MB = 1 << 20
SMALL, LARGE = b"s" * 1000, b"l" * (MB + MB // 2)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[RunningHub]:
    with running_hub(tmp_path / "hub") as made:
        yield made


@pytest.fixture
def own(hub: RunningHub) -> HubClient:
    return hub.enrol("org-a")


def say(hub: RunningHub, organization: str = "", megabytes: int | None = None, *, none: bool = False) -> list[str]:
    """Run the command."""
    options = argparse.Namespace(organization=organization, megabytes=megabytes, none=none)
    return [line.replace('"', "") for line in quota(hub.hub, options)]


def begin(client: HubClient, data: bytes, language: str = "en") -> httpx.Response:
    """Announce a content."""
    headers = {**client.headers, "Upload-Length": str(len(data)), "Accept-Language": language}
    return client.http.post(f"/blob/{hashlib.sha256(data).hexdigest()}", headers=headers)


def test_a_content_for_which_the_quota_has_no_room_is_refused_in_words(hub: RunningHub, own: HubClient) -> None:
    say(hub, "org-a", 1)
    refused = begin(own, LARGE)
    assert refused.status_code == 507
    assert "may keep 1 MB" in refused.json()["issue"][0]["diagnostics"]
    assert "МБ" in begin(own, LARGE, "kk").text
    assert begin(own, SMALL).status_code == 201


def test_what_was_announced_counts_before_it_is_here(hub: RunningHub, own: HubClient) -> None:
    say(hub, "org-a", 2)
    assert begin(own, LARGE).status_code == 201
    assert begin(own, b"m" * MB).status_code == 507
    assert begin(own, LARGE).status_code == 201  # its own place it has already


def test_a_quota_is_one_organisations_own(hub: RunningHub, own: HubClient) -> None:
    say(hub, "org-b", 0)
    assert begin(own, LARGE).status_code == 201
    assert begin(hub.enrol("org-b"), SMALL).status_code == 507


def test_a_smaller_quota_takes_nothing_away_and_none_opens_all(hub: RunningHub, own: HubClient) -> None:
    sha256 = own.upload(LARGE)
    say(hub, "org-a", 0)
    assert own.http.head(f"/blob/{sha256}", headers=own.headers).headers["upload-complete"] == "?1"
    assert begin(own, SMALL).status_code == 507
    say(hub, "org-a", none=True)
    assert begin(own, SMALL).status_code == 201


def test_the_list_says_who_keeps_how_much(hub: RunningHub, own: HubClient) -> None:
    own.upload(LARGE)
    say(hub, "org-a", 3)
    assert say(hub, "org-c", 7) == [
        "organization;used_mb;quota_mb;used_percent",
        "org-a;2;3;50",
        "org-c;0;7;0",
    ]


@pytest.mark.parametrize(
    ("organization", "megabytes", "none"),
    [("org-a", None, False), ("org-a", 5, True), ("org-a", -1, False), ("", 5, False), ("", None, True)],
)
def test_half_an_order_is_refused(hub: RunningHub, organization: str, megabytes: int | None, none: bool) -> None:
    with pytest.raises(InvalidInputError):
        say(hub, organization, megabytes, none=none)


class FullHub:
    """Has room for small contents only."""

    def __init__(self) -> None:
        self.is_full = True
        self.asked: list[int] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer as a hub does."""
        if request.method == "POST":
            size = int(request.headers["upload-length"])
            self.asked.append(size)
            if self.is_full and size > len(SMALL):
                issue = b'{"severity":"error","code":"no-store","diagnostics":"used up"}'
                outcome = b'{"resourceType":"OperationOutcome","issue":[' + issue + b"]}"
                kind = {"Content-Type": "application/fhir+json"}
                return httpx.Response(507, stream=httpx.ByteStream(outcome), headers=kind)
            return httpx.Response(201, headers={"Upload-Offset": str(size), "Upload-Complete": "?1"})
        return httpx.Response(404)


def send(store: Store, played: FullHub) -> None:
    """Send what waits, as one exchange does."""

    async def talk() -> None:
        link = HubLink("http://127.0.0.1:1", "token", FixedClock(), transport=httpx.MockTransport(played))
        try:
            await Uploads(store, link).run()
        finally:
            await link.close()

    asyncio.run(talk())


def test_a_workstation_goes_on_with_everything_else_and_asks_again_later(tmp_path: Path) -> None:
    with opened(tmp_path / "store") as store:
        large = store.blobs.put(LARGE)
        store.transfers.queue(large, "up", "emergency", len(LARGE))
        store.transfers.queue(store.blobs.put(SMALL), "up", "bulk", len(SMALL))
        played = FullHub()
        send(store, played)
        assert played.asked == [len(LARGE), len(SMALL)]
        (waiting,) = store.transfers.unfinished()
        assert (waiting.sha256, waiting.state) == (large, "queued")
        assert "used up" in waiting.last_error
        played.is_full = False
        send(store, played)
        assert store.transfers.unfinished() == ()


def test_within_one_exchange_a_full_hub_is_asked_once_in_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "FULL_S", 0.0)
    with opened(tmp_path / "store") as store:
        store.transfers.queue(store.blobs.put(LARGE), "up", "images", len(LARGE))
        played = FullHub()

        async def twice() -> None:
            link = HubLink("http://127.0.0.1:1", "token", FixedClock(), transport=httpx.MockTransport(played))
            uploads = Uploads(store, link)
            assert await uploads.step("images")
            played.is_full = False
            assert await uploads.step("images")
            assert not await uploads.step("images")
            await link.close()

        asyncio.run(twice())
        assert len(played.asked) == 2
