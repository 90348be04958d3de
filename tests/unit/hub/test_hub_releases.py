"""An administrator puts a release in, every workstation fetches it in its own time, and nobody believes the hub."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from clinic_app.foundation.errors import DiskFullError, InvalidInputError, UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.hub.app import build_app
from clinic_app.hub.release_commands import releases
from clinic_app.storage import Lane
from clinic_app.sync.budget import Budget
from clinic_app.sync.link import HubLink
from clinic_app.sync.pace import Pace
from clinic_app.sync.releases import AFTER_DAMAGE_S, ASK_EVERY_S, Releases
from clinic_app.updates.installed import Installed
from clinic_app.updates.release import Release
from clinic_app.updates.shelf import Shelf
from tests.helpers.clocks import FixedClock
from tests.helpers.hub_clients import HubClient, RunningHub, running_hub
from tests.helpers.releases import Maker
from tests.helpers.stores import opened

BODY = b"Setup of 1.2.0 " * 40_000


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    (tmp_path / "maker").mkdir()
    made = Maker(tmp_path / "maker")
    made.publish("1.2.0", BODY)
    return made


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[RunningHub]:
    with running_hub(tmp_path / "hub") as made:
        yield made


@pytest.fixture
def own(hub: RunningHub) -> HubClient:
    return hub.enrol("org-a")


def say(hub: RunningHub, take: Path | None = None, root: Path | None = None) -> list[str]:
    """Run the command."""
    return [line.replace('"', "") for line in releases(hub.hub, argparse.Namespace(take=take, root=root))]


def put_in(hub: RunningHub, maker: Maker) -> list[str]:
    root = maker.folder / "root.json"
    root.write_bytes(maker.root)
    return say(hub, maker.place, root)


def digest_of(lines: list[str]) -> str:
    return lines[1].split(";")[3]


def test_a_release_is_put_in_listed_and_handed_out(hub: RunningHub, own: HubClient, maker: Maker) -> None:
    assert own.http.get("/releases", headers=own.headers).status_code == 404
    lines = put_in(hub, maker)
    assert lines[0] == "version;kind;megabytes;sha256;workstations"
    assert lines[1].startswith("1.2.0;setup;1;")
    word = own.http.get("/releases", headers=own.headers)
    assert sorted(word.json()) == ["1.root.json", "2.snapshot.json", "2.targets.json", "timestamp.json"]
    again = own.http.get("/releases", headers={**own.headers, "If-None-Match": word.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    digest = digest_of(lines)
    assert own.http.get(f"/blob/{digest}", headers=own.headers).content == BODY
    part = own.http.get(f"/blob/{digest}", headers={**own.headers, "Range": "bytes=1000-1999"})
    assert (part.status_code, part.content) == (206, BODY[1000:2000])
    assert part.headers["content-range"] == f"bytes 1000-1999/{len(BODY)}"


def test_nobody_without_a_place_at_the_hub_is_given_anything(hub: RunningHub, own: HubClient, maker: Maker) -> None:
    digest = digest_of(put_in(hub, maker))
    for address in ("/releases", f"/blob/{digest}"):
        assert own.http.get(address).status_code == 401
        assert own.http.get(address, headers={"Authorization": "Bearer x"}).status_code == 401


def test_a_workstation_that_was_shut_out_is_given_nothing(hub: RunningHub, own: HubClient, maker: Maker) -> None:
    digest = digest_of(put_in(hub, maker))
    (device,) = hub.hub.callers.devices()
    hub.hub.callers.revoke(device.id, "stolen")
    for address in ("/releases", f"/blob/{digest}"):
        answer = own.http.get(address, headers=own.headers)
        assert answer.status_code in {401, 403}
        assert BODY[:100] not in answer.content


def test_a_file_that_somebody_is_fetching_goes_the_next_time(
    hub: RunningHub, maker: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    put_in(hub, maker)
    maker.publish("1.3.0")

    def kept_by_windows(_path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "used by another process")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", kept_by_windows)
        assert say(hub, maker.place)[1].startswith("1.3.0;")
    assert "stays for now" in caplog.text
    targets = tmp_path / "hub" / "releases" / "targets"
    assert len(list(targets.iterdir())) == 2
    say(hub, maker.place)
    assert len(list(targets.iterdir())) == 1


def test_only_the_newest_stays(hub: RunningHub, own: HubClient, maker: Maker, tmp_path: Path) -> None:
    former = digest_of(put_in(hub, maker))
    maker.publish("1.3.0")
    maker.publish("1.3.0", suffix="msi")
    assert [line.split(";")[:2] for line in say(hub, maker.packed())[1:]] == [["1.3.0", "msi"], ["1.3.0", "setup"]]
    assert own.http.get(f"/blob/{former}", headers=own.headers).status_code == 404
    assert len(list((tmp_path / "hub" / "releases" / "targets").iterdir())) == 2


def test_a_damaged_stick_changes_nothing(hub: RunningHub, own: HubClient, maker: Maker) -> None:
    lines = put_in(hub, maker)
    maker.publish("1.3.0")
    for path in (maker.place / "targets").glob("*1.3.0*"):
        path.write_bytes(b"damaged")
    with pytest.raises(UnreadableFileError):
        say(hub, maker.place)
    assert "2.targets.json" in own.http.get("/releases", headers=own.headers).json()
    assert own.http.get(f"/blob/{digest_of(lines)}", headers=own.headers).content == BODY


def test_a_strangers_stick_is_refused(hub: RunningHub, maker: Maker, tmp_path: Path) -> None:
    put_in(hub, maker)
    (tmp_path / "stranger").mkdir()
    stranger = Maker(tmp_path / "stranger")
    stranger.publish("9.0.0")
    root = tmp_path / "stranger.json"
    root.write_bytes(stranger.root)
    with pytest.raises(UnreadableFileError, match="not signed by"):
        say(hub, stranger.place, root)  # the first root stays the first


def test_a_hub_that_knows_no_root_asks_for_one(hub: RunningHub, maker: Maker, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="Name the root"):
        say(hub, maker.place)
    with pytest.raises(InvalidInputError, match="cannot be read"):
        say(hub, maker.place, tmp_path / "gone.json")
    large = tmp_path / "large.json"
    large.write_bytes(bytes(257 << 10))
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        say(hub, maker.place, large)


def test_a_hub_without_a_place_for_releases_says_so(hub: RunningHub) -> None:
    from dataclasses import replace

    with pytest.raises(InvalidInputError, match="has no releases"):
        releases(replace(hub.hub, releases=None), argparse.Namespace(take=None, root=None))


def test_the_list_counts_who_has_a_version(hub: RunningHub, own: HubClient, maker: Maker) -> None:
    put_in(hub, maker)
    for program in ("1.2.0", "1.2.0 (1.3.0 waits)", "1.1.0"):
        client = hub.enrol("org-a")
        told = {"program": program, "waiting": 0, "waitingBytes": 0, "audit": {"links": 0, "head": ""},
                "then": {"links": 0, "head": ""}}  # fmt: skip
        client.http.post("/report", json=told, headers=client.headers)
    assert say(hub)[1].endswith(";2")


class Line:
    """A workstation's link to a hub, which counts what it asks and breaks when it is told to."""

    def __init__(self, hub: RunningHub, breaks_after: int = -1) -> None:
        self.asked: list[str] = []
        self._inner = httpx.ASGITransport(build_app(hub.hub), raise_app_exceptions=False)
        self.breaks_after = breaks_after

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.url.path} {request.headers.get('range', '')}".strip())
        answer = await self._inner.handle_async_request(request)
        if request.url.path.startswith("/blob"):
            body = _Pieces(await answer.aread(), self.breaks_after)
            return httpx.Response(answer.status_code, headers=answer.headers, stream=body)
        return answer


class _Pieces(httpx.AsyncByteStream):
    def __init__(self, body: bytes, breaks_after: int) -> None:
        self._body = body if breaks_after < 0 else body[:breaks_after]
        self._is_cut = breaks_after >= 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._body), 50_000):
            yield self._body[start : start + 50_000]
        if self._is_cut:
            raise httpx.ReadError("cut")


class Desk:
    """A workstation that fetches releases."""

    def __init__(self, hub: RunningHub, maker: Maker, folder: Path, limits: Mapping[Lane, int] | None = None) -> None:
        self.line = Line(hub)
        self.now_s = 0.0
        self.is_pressed = False
        self.shelf = Shelf(folder, Installed(folder, "setup", maker.root, folder), "1.0.0")
        self._token, self._folder, self._limits = hub.enrol("org-a").token, folder, limits or {}

    def fetch(self, times: int = 1) -> None:
        asyncio.run(self._fetch(times))

    async def _fetch(self, times: int) -> None:
        clock, pace = FixedClock(), Pace()
        with opened(self._folder / "store") as store:
            link = HubLink("http://127.0.0.1", self._token, clock, httpx.MockTransport(self.line), pace)
            budget = Budget(self._limits, pace, store.memory, clock)
            fetching = Releases(self.shelf, link, budget, lambda: self.is_pressed, lambda: self.now_s)
            try:
                for _ in range(times):
                    await fetching.run()
                    self.now_s += ASK_EVERY_S
            finally:
                await link.close()


@pytest.fixture
def desk(hub: RunningHub, maker: Maker, tmp_path: Path) -> Desk:
    put_in(hub, maker)
    return Desk(hub, maker, tmp_path / "desk")


def ready(desk: Desk) -> str:
    found = desk.shelf.offer().ready
    return found.version if found else ""


def test_a_workstation_fetches_a_release_once(desk: Desk) -> None:
    desk.fetch(3)
    assert ready(desk) == "1.2.0"
    assert [each.partition("/blob/")[0] for each in desk.line.asked] == ["/releases", "", "/releases", "/releases"]


def test_a_cut_link_costs_nothing_of_what_came(desk: Desk) -> None:
    desk.line.breaks_after = 100_000
    with pytest.raises(Exception, match="cannot be reached"):
        desk.fetch()
    assert desk.shelf.offer().came == 100_000
    desk.line.breaks_after = -1
    desk.fetch()
    assert ready(desk) == "1.2.0"
    assert desk.line.asked[-1].endswith("bytes=100000-")


def test_a_spent_budget_leaves_the_release_for_tomorrow(hub: RunningHub, maker: Maker, tmp_path: Path) -> None:
    put_in(hub, maker)
    desk = Desk(hub, maker, tmp_path / "desk", {"bulk": 1000})
    desk.fetch(3)
    spent = len(desk.line.asked)
    assert ready(desk) == "1.2.0"  # what was begun within the budget is not thrown away
    maker.publish("1.3.0", BODY)
    say(hub, maker.place)
    desk.fetch(3)
    assert len(desk.line.asked) == spent


def test_whoever_needs_the_link_gets_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.is_pressed = True
    taken = desk.shelf.take_piece

    def slowly(release, piece):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        desk.now_s += 2.0
        return taken(release, piece)

    monkeypatch.setattr(desk.shelf, "take_piece", slowly)
    desk.fetch()
    assert 0 < desk.shelf.offer().came < len(BODY)


def test_a_hub_that_was_taken_over_is_not_believed(desk: Desk, tmp_path: Path) -> None:
    metadata = tmp_path / "hub" / "releases" / "metadata" / "timestamp.json"
    metadata.write_text(metadata.read_text("utf-8").replace('"version": 2', '"version": 7'), encoding="utf-8")
    desk.fetch(2)
    assert desk.shelf.offer().ready is None
    assert desk.shelf.offer().problem is not None
    assert not any("/blob" in each for each in desk.line.asked)


def test_a_file_changed_at_the_hub_is_not_kept(desk: Desk, tmp_path: Path) -> None:
    (file,) = (tmp_path / "hub" / "releases" / "targets").iterdir()
    file.write_bytes(BODY[:-1] + b"!")
    desk.fetch(5)
    assert desk.shelf.offer().ready is None
    assert desk.shelf.offer().came == 0
    assert sum("/blob" in each for each in desk.line.asked) == 1  # not sixty megabytes every hour
    desk.now_s += AFTER_DAMAGE_S
    file.write_bytes(BODY)
    desk.fetch()
    assert ready(desk) == "1.2.0"


def test_a_full_disk_or_a_wrong_clock_is_forgotten_when_it_is_mended(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    hear = desk.shelf.hear
    answers: list[Exception] = [DiskFullError(Text("No room.")), UnreadableFileError(Text("Ended."))]

    def once_well(metadata: Mapping[str, bytes]) -> Release | None:
        if answers:
            raise answers.pop()
        return hear(metadata)

    monkeypatch.setattr(desk.shelf, "hear", once_well)
    desk.fetch(3)
    assert ready(desk) == "1.2.0"


def test_a_hub_without_releases_is_asked_seldom(hub: RunningHub, maker: Maker, tmp_path: Path) -> None:
    desk = Desk(hub, maker, tmp_path / "desk")
    desk.fetch(2)
    assert desk.line.asked == ["/releases", "/releases"]
    desk.line.asked.clear()
    desk.now_s = -ASK_EVERY_S  # two looks within the hour: one of a new process
    desk.fetch(1)
    assert desk.line.asked == ["/releases"]
