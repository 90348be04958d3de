"""A download goes on where it stood after the program ended, however it ended; nobody can read it meanwhile."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from clinic_app.foundation.errors import LinkError
from clinic_app.storage import Store
from clinic_app.storage.contents.orphans import collect_orphans
from clinic_app.sync import contents
from clinic_app.sync.contents import Downloads, WrongContentError
from clinic_app.sync.link import HubLink
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.stores import opened

DATA = b"PatientName=Kasymov " * 2000
DIGEST = hashlib.sha256(DATA).hexdigest()


class CuttingHub:
    """Gives a content and breaks off after so many bytes, or never."""

    def __init__(self, data: bytes = DATA) -> None:
        self.data = data
        self.cut: int | None = None
        self.ends_with: type[BaseException] = httpx.ReadError
        self.ranges: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer a request for the bytes from one on."""
        self.ranges.append(request.headers["range"])
        start = int(request.headers["range"].removeprefix("bytes=").rstrip("-"))
        kind = {"Content-Type": "application/octet-stream"}
        return httpx.Response(206, stream=_Stream(self, self.data[start:]), headers=kind)


class _Stream(httpx.AsyncByteStream):
    def __init__(self, hub: CuttingHub, data: bytes) -> None:
        self._hub = hub
        self._data = data

    async def __aiter__(self) -> AsyncIterator[bytes]:
        given = self._data if self._hub.cut is None else self._data[: self._hub.cut]
        for start in range(0, len(given), 1000):
            yield given[start : start + 1000]
        if self._hub.cut is not None:
            raise self._hub.ends_with("cut")


def fetch(folder: Path, hub: CuttingHub, look: Callable[[Store], object] = lambda _: None) -> None:
    """Run the program once: open the store, fetch what is wanted, close it."""

    async def talk(store: Store) -> None:
        link = HubLink("http://127.0.0.1:1", "token", FixedClock(), transport=httpx.MockTransport(hub))
        try:
            await Downloads(store, link).run()
        finally:
            await link.close()

    with opened(folder) as store:
        store.transfers.queue(DIGEST, "down", "images", len(DATA))
        try:
            asyncio.run(talk(store))
        finally:
            look(store)


def rows(store: Store) -> int:
    """Return how many rows of begun downloads there are."""
    with store.database.reading() as connection:
        query = "SELECT (SELECT count(*) FROM feed_piece) + (SELECT count(*) FROM feed_content)"
        return int(connection.execute(text(query)).scalar_one())


def is_here(store: Store) -> None:
    """Make sure that the content has arrived and nothing of its way is left."""
    assert store.blobs.read(DIGEST) == DATA
    assert rows(store) == 0
    assert store.transfers.unfinished() == ()


@pytest.mark.parametrize("ends_with", [httpx.ReadError, asyncio.CancelledError, MemoryError])
def test_a_download_goes_on_after_the_program_ended(tmp_path: Path, ends_with: type[BaseException]) -> None:
    hub = CuttingHub()
    hub.cut, hub.ends_with = 15_000, ends_with
    with pytest.raises((LinkError, asyncio.CancelledError, MemoryError)):
        fetch(tmp_path, hub)
    with pytest.raises((LinkError, asyncio.CancelledError, MemoryError)):
        fetch(tmp_path, hub)
    hub.cut = None
    fetch(tmp_path, hub, is_here)
    assert hub.ranges == ["bytes=0-", "bytes=15000-", "bytes=30000-"]


def test_a_download_of_which_only_the_end_was_lost_is_not_asked_for_again(tmp_path: Path) -> None:
    hub = CuttingHub()
    hub.cut = len(DATA)
    with pytest.raises(LinkError):
        fetch(tmp_path, hub)
    fetch(tmp_path, hub, is_here)
    assert hub.ranges == ["bytes=0-"]


def test_what_came_in_one_go_leaves_no_pieces(tmp_path: Path) -> None:
    fetch(tmp_path, CuttingHub(), is_here)
    with opened(tmp_path) as store:
        assert len(list((store.folder / "blobs").glob("??/*"))) == 1


def test_nothing_that_waits_on_the_disk_can_be_read_there(tmp_path: Path) -> None:
    hub = CuttingHub()
    hub.cut = 15_000
    with pytest.raises(LinkError):
        fetch(tmp_path, hub)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any("blobs" in path.parts for path in files)
    for path in files:
        assert b"Kasymov" not in path.read_bytes()


def test_the_pieces_of_a_begun_download_are_no_orphans(tmp_path: Path) -> None:
    hub = CuttingHub()
    hub.cut = 15_000
    with pytest.raises(LinkError):
        fetch(tmp_path, hub)
    with opened(tmp_path) as store:
        for path in (store.folder / "blobs").glob("??/*"):
            os.utime(path, (time.time() - 3 * 86_400,) * 2)
        assert collect_orphans(store.database, store.blobs, NOON) == 0


def test_what_was_wrong_begins_anew(tmp_path: Path) -> None:
    hub = CuttingHub(bytes(len(DATA)))
    hub.cut = 15_000
    with pytest.raises(LinkError):
        fetch(tmp_path, hub)
    hub.cut = None
    with pytest.raises(WrongContentError):
        fetch(tmp_path, hub, lambda store: rows(store) == 0)
    hub.data = DATA
    fetch(tmp_path, hub, is_here)
    assert hub.ranges == ["bytes=0-", "bytes=15000-", "bytes=0-"]


def test_a_wrong_whole_whose_end_was_lost_begins_anew(tmp_path: Path) -> None:
    hub = CuttingHub(bytes(len(DATA)))
    hub.cut = len(DATA)
    with pytest.raises(LinkError):
        fetch(tmp_path, hub)
    hub.cut, hub.data = None, DATA
    fetch(tmp_path, hub, is_here)
    assert hub.ranges == ["bytes=0-", "bytes=0-"]


def test_a_turn_that_is_over_keeps_what_it_brought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "TURN_S", -1.0)
    hub = CuttingHub()
    fetch(tmp_path, hub, is_here)
    assert len(hub.ranges) == len(DATA) // 1000
    assert hub.ranges[:3] == ["bytes=0-", "bytes=1000-", "bytes=2000-"]


def test_what_is_much_goes_to_the_disk_as_it_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "MAX_PIECE_BYTES", 4000)
    hub = CuttingHub()
    hub.cut = 15_500

    def look(store: Store) -> None:
        with store.database.reading() as connection:
            sizes = connection.execute(text('SELECT size FROM feed_piece ORDER BY "offset"')).scalars().all()
        assert sizes == [4000, 4000, 4000, 3500]

    with pytest.raises(LinkError):
        fetch(tmp_path, hub, look)
    hub.cut = None
    fetch(tmp_path, hub, is_here)
