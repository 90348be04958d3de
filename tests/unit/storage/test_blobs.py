"""Contents: whole or not there, readable from any place, damage noticed."""

from __future__ import annotations

import hashlib
import io
import os
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_app.foundation import durable_files
from clinic_app.foundation.errors import DamagedError, DiskFullError, NotFoundError, StorageError
from clinic_app.storage import BlobStore
from clinic_app.storage.contents import blob_format
from clinic_app.storage.contents import blobs as module
from clinic_app.storage.contents.blob_format import CHUNK_BYTES, HEADER_BYTES, SEALED_CHUNK_BYTES
from tests.helpers.stores import KEY
from tests.unit.foundation.test_durable_files import full_device

SIZES = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 7]


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs", KEY)


def content(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def only_file(blobs: BlobStore) -> Path:
    (path,) = (path for path in blobs._folder.rglob("*") if path.is_file())
    return path


@pytest.mark.parametrize("size", SIZES)
def test_what_was_put_is_read_again(blobs: BlobStore, size: int) -> None:
    data = content(size)
    sha256 = blobs.put(data)
    assert sha256 == hashlib.sha256(data).hexdigest()
    assert blobs.read(sha256) == data
    assert blobs.size(sha256) == size
    assert blobs.has(sha256)


def test_a_file_gets_the_address_of_its_content(blobs: BlobStore, tmp_path: Path) -> None:
    path = tmp_path / "x.dcm"
    path.write_bytes(content(200_000))
    assert blobs.put_file(path) == blobs.put(content(200_000))
    assert blobs.read(blobs.put_file(path)) == content(200_000)


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000])
def test_a_large_file_is_kept_piece_by_piece_as_a_small_one_at_once(
    blobs: BlobStore, tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.dcm"
    path.write_bytes(content(size))
    monkeypatch.setattr(module, "_READ_AT_ONCE_BYTES", -1)
    monkeypatch.setattr(module, "_READ_BYTES", 7_001)
    sha256 = blobs.put_file(path)
    assert blobs.read(sha256) == content(size)
    assert blobs.size(sha256) == size
    blobs.verify(sha256)


def test_sealing_a_large_content_does_not_copy_what_is_left_again_and_again() -> None:
    """Each chunk is handed to the cipher as it lies in the content: views of one buffer, not growing copies."""
    data = content(64) * (5 * CHUNK_BYTES // 64)
    chunks = list(blob_format._chunks([data]))
    assert [len(chunk) for chunk in chunks] == [CHUNK_BYTES] * 5
    assert all(chunk.obj is data for chunk in chunks)


def test_a_file_that_changes_while_it_is_read_is_not_kept(blobs: BlobStore, tmp_path: Path) -> None:
    path = tmp_path / "x.dcm"
    path.write_bytes(b"a" * 100)
    digest = hashlib.file_digest

    def slow_digest(file: io.BufferedReader, name: str) -> object:
        result = digest(file, name)
        path.write_bytes(b"b" * 100)
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_READ_AT_ONCE_BYTES", 50)
        patch.setattr(hashlib, "file_digest", slow_digest)
        with pytest.raises(StorageError, match="changed"):
            blobs.put_file(path)
    assert [path for path in blobs._folder.rglob("*") if path.is_file()] == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3 * CHUNK_BYTES + 50), st.integers(0, 70_000)), max_size=6))
def test_any_piece_can_be_read_alone(tmp_path_factory: pytest.TempPathFactory, places: list[tuple[int, int]]) -> None:
    data = content(3 * CHUNK_BYTES + 7)
    blobs = BlobStore(tmp_path_factory.mktemp("blobs"), KEY)
    with blobs.open(blobs.put(data)) as file:
        plain = io.BytesIO(data)
        for place, length in places:
            assert file.seek(place) == plain.seek(place)
            assert file.read(length) == plain.read(length)
        assert file.seek(-5, io.SEEK_END) == plain.seek(-5, io.SEEK_END)
        assert file.read() == plain.read()


@pytest.mark.parametrize("place", [0, 10, HEADER_BYTES - 1, HEADER_BYTES, HEADER_BYTES + SEALED_CHUNK_BYTES + 5, -1])
def test_one_changed_byte_is_noticed(blobs: BlobStore, place: int) -> None:
    sha256 = blobs.put(content(3 * CHUNK_BYTES + 7))
    path = only_file(blobs)
    damaged = bytearray(path.read_bytes())
    damaged[place] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(DamagedError):
        blobs.read(sha256)


@pytest.mark.parametrize(
    "left", [0, 10, HEADER_BYTES, HEADER_BYTES + 20, HEADER_BYTES + SEALED_CHUNK_BYTES, -1, -7, -24]
)
def test_a_cut_file_is_noticed(blobs: BlobStore, left: int) -> None:
    sha256 = blobs.put(content(3 * CHUNK_BYTES + 7))
    path = only_file(blobs)
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(DamagedError):
        blobs.read(sha256)


def test_chunks_that_changed_places_are_noticed(blobs: BlobStore) -> None:
    sha256 = blobs.put(content(3 * CHUNK_BYTES))
    path = only_file(blobs)
    whole = path.read_bytes()
    head, body = whole[:HEADER_BYTES], whole[HEADER_BYTES:]
    first, second, rest = (
        body[:SEALED_CHUNK_BYTES],
        body[SEALED_CHUNK_BYTES : 2 * SEALED_CHUNK_BYTES],
        body[2 * SEALED_CHUNK_BYTES :],
    )
    path.write_bytes(head + second + first + rest)
    with pytest.raises(DamagedError):
        blobs.read(sha256)


def test_one_content_in_the_place_of_another_is_noticed(blobs: BlobStore) -> None:
    sha256 = blobs.put(b"one patient's image")
    path = only_file(blobs)
    other = blobs.put(b"another's image")
    path.write_bytes(blobs._path(other).read_bytes())
    with pytest.raises(DamagedError):
        blobs.read(sha256)


def test_another_key_reads_nothing(blobs: BlobStore) -> None:
    sha256 = blobs.put(b"content")
    with pytest.raises(NotFoundError):
        BlobStore(blobs._folder, bytes(32)).read(sha256)


def test_the_disk_shows_neither_content_nor_address(blobs: BlobStore) -> None:
    sha256 = blobs.put(b"marker-in-plain-sight" * 10)
    path = only_file(blobs)
    assert b"marker" not in path.read_bytes()
    assert sha256[:8] not in str(path)


@pytest.mark.parametrize("address", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 65, "0" * 64])
def test_what_is_not_here_is_not_found(blobs: BlobStore, address: str) -> None:
    assert not blobs.has(address)
    with pytest.raises(NotFoundError):
        blobs.read(address)
    with pytest.raises(NotFoundError):
        blobs.size(address)


def test_a_full_disk_keeps_nothing_and_loses_nothing(blobs: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    before = blobs.put(b"kept")
    monkeypatch.setattr(durable_files, "open_part", full_device)
    with pytest.raises(DiskFullError):
        blobs.put(content(300_000))
    monkeypatch.undo()
    assert [path.name for path in blobs._folder.rglob("*") if path.is_file()] == [blobs._path(before).name]
    assert blobs.read(before) == b"kept"
    assert blobs.read(blobs.put(content(300_000))) == content(300_000)


def test_what_an_interrupted_write_left_is_swept_away_a_day_later(blobs: BlobStore) -> None:
    sha256 = blobs.put(b"kept")
    path = only_file(blobs)
    old, fresh = path.with_name(f"{path.name}.1.part"), path.with_name(f"{path.name}.2.part")
    for part in (old, fresh):
        part.write_bytes(b"half")
    os.utime(old, (0, 0))
    assert blobs.sweep() == 1
    assert not old.exists()
    assert fresh.exists()
    assert blobs.read(sha256) == b"kept"
