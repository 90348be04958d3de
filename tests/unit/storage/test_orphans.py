"""Contents nobody refers to go after a day; whatever anybody may still ask for stays."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text

from clinic_app.records import Attachment, DocumentReference, DocumentReferenceContent
from clinic_app.records.datatypes import SHA256_URN
from clinic_app.storage import BlobStore, Store
from clinic_app.storage.backups.restoring import RESTORED_AT
from clinic_app.storage.contents.orphans import collect_orphans
from tests.helpers.clocks import NOON
from tests.helpers.stores import KEY, opened, patient

OLD = 2 * 86_400


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path) as made:
        yield made


def file_of(store: Store, sha256: str) -> Path:
    return store.blobs._path(sha256)


def put_old(store: Store, content: bytes, age_s: float = OLD) -> str:
    """Put a content and make it look as if it had been there for a while."""
    sha256 = store.blobs.put(content)
    os.utime(file_of(store, sha256), (time.time() - age_s,) * 2)
    return sha256


def collect(store: Store) -> int:
    return collect_orphans(store.database, store.blobs, NOON)


def document(sha256: str) -> DocumentReference:
    content = (DocumentReferenceContent(attachment=Attachment(content_type="image/png", url=SHA256_URN + sha256)),)
    return DocumentReference(id=f"d{sha256[:8]}", status="current", content=content)


def test_a_content_nobody_refers_to_goes_after_a_day(store: Store) -> None:
    orphan, young = put_old(store, b"orphan"), store.blobs.put(b"young")
    assert collect(store) == 1
    assert not store.blobs.has(orphan)
    assert store.blobs.has(young)
    assert collect(store) == 0


@pytest.mark.parametrize("age_s", [0, 3600, 86_000])
def test_a_content_of_today_stays(store: Store, age_s: float) -> None:
    sha256 = put_old(store, b"today", age_s)
    assert collect(store) == 0
    assert store.blobs.has(sha256)


def in_a_record(store: Store, sha256: str) -> None:
    store.records.commit([document(sha256)])


def in_a_former_version(store: Store, sha256: str) -> None:
    (written,) = store.records.commit([document(sha256)])
    assert isinstance(written, DocumentReference)
    store.records.commit([msgspec.structs.replace(written, content=())])


def in_the_outbox_only(store: Store, sha256: str) -> None:
    in_a_record(store, sha256)
    with store.database.writing() as connection:
        connection.execute(text("UPDATE record SET body = CAST('{}' AS BLOB)"))
        connection.execute(text("UPDATE history SET body = CAST('{}' AS BLOB)"))


def in_a_conflict(store: Store, sha256: str) -> None:
    columns = "(type, id, mine, theirs, found_at)"
    with store.database.writing() as connection:
        connection.execute(
            text(f"INSERT INTO conflict {columns} VALUES ('Patient', 'p', :mine, :theirs, '')"),
            {"mine": b"{}", "theirs": f'{{"url": "{sha256}"}}'.encode()},
        )


def in_a_draft(store: Store, sha256: str) -> None:
    store.memory.put("draft/nurse", b'{"picture":"' + sha256.encode() + b'"}')


def on_its_way_up(store: Store, sha256: str) -> None:
    store.transfers.queue(sha256, "up", "images", 10)


def on_its_way_down(store: Store, sha256: str) -> None:
    store.transfers.queue(sha256, "down", "images", 10)


def handed_in_at_a_hub(store: Store, sha256: str) -> None:
    with store.database.writing() as connection:
        connection.execute(
            text("INSERT INTO feed_piece VALUES ('org', :whole, 0, 5, :piece)"), {"whole": "ab" * 32, "piece": sha256}
        )


@pytest.mark.parametrize(
    "refer",
    [
        in_a_record,
        in_a_former_version,
        in_the_outbox_only,
        in_a_conflict,
        in_a_draft,
        on_its_way_up,
        on_its_way_down,
        handed_in_at_a_hub,
    ],
)
def test_whatever_refers_to_a_content_keeps_it(store: Store, refer: Callable[[Store, str], None]) -> None:
    sha256, orphan = put_old(store, b"needed"), put_old(store, b"orphan")
    refer(store, sha256)
    assert collect(store) == 1
    assert store.blobs.read(sha256) == b"needed"
    assert not store.blobs.has(orphan)


def test_in_a_large_store_every_page_is_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from clinic_app.storage.contents import orphans

    monkeypatch.setattr(orphans, "_PAGE_ROWS", 3)
    needed = [put_old(store, b"%d" % number) for number in range(20)]
    store.records.commit([document(sha256) for sha256 in needed])
    for number in range(20):
        put_old(store, b"orphan %d" % number)
    assert collect(store) == 20
    assert all(store.blobs.has(sha256) for sha256 in needed)


def test_a_content_that_is_put_again_is_young_again(store: Store) -> None:
    sha256 = put_old(store, b"again")
    assert store.blobs.put(b"again") == sha256
    assert collect(store) == 0
    assert store.blobs.has(sha256)


def test_a_file_that_is_put_again_is_young_again(store: Store, tmp_path: Path) -> None:
    sha256 = put_old(store, b"from a file")
    (tmp_path / "file").write_bytes(b"from a file")
    assert store.blobs.put_file(tmp_path / "file") == sha256
    assert collect(store) == 0


def test_a_content_put_while_orphans_are_collected_is_never_lost(store: Store) -> None:
    """Every put ends with the content there, and it is still there after the collection that ran beside it."""
    contents = [b"content %d" % number for number in range(150)]
    for content in contents:
        put_old(store, content)
    is_over = threading.Event()

    def collect_again_and_again() -> None:
        while not is_over.is_set():
            collect(store)

    thread = threading.Thread(target=collect_again_and_again)
    thread.start()
    try:
        put = [store.blobs.put(content) for content in contents]
    finally:
        is_over.set()
        thread.join()
    assert all(store.blobs.has(sha256) for sha256 in put)


def test_for_a_month_after_a_restoration_nothing_goes(store: Store) -> None:
    orphan = put_old(store, b"of a record that comes back from the hub")
    store.memory.put(RESTORED_AT, (NOON - timedelta(days=29)).isoformat().encode())
    assert collect(store) == 0
    assert store.blobs.has(orphan)
    store.memory.put(RESTORED_AT, (NOON - timedelta(days=31)).isoformat().encode())
    assert collect(store) == 1


def test_a_collection_that_is_broken_off_removes_nothing(store: Store) -> None:
    store.records.commit([patient()])
    orphan = put_old(store, b"orphan")
    assert collect_orphans(store.database, store.blobs, NOON, lambda: True) == 0
    assert store.blobs.has(orphan)


def test_foreign_files_in_the_folder_are_left_alone(store: Store, tmp_path: Path) -> None:
    put_old(store, b"orphan")
    folder = tmp_path / "blobs" / "ab"
    folder.mkdir(exist_ok=True)
    for name in ("readme.txt", "x" * 64, "ab.part"):
        (folder / name).write_bytes(b"")
        os.utime(folder / name, (0, 0))
    assert collect(store) == 1
    assert len(list(folder.glob("*"))) >= 3


def test_an_empty_store_has_nothing_to_collect(store: Store) -> None:
    assert collect(store) == 0


def test_verifying_reads_a_content_to_its_end(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path, KEY)
    sha256 = blobs.put(b"x" * 3_000_000)
    blobs.verify(sha256)
    path = blobs._path(sha256)
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    from clinic_app.foundation.errors import DamagedError

    with pytest.raises(DamagedError):
        blobs.verify(sha256)
