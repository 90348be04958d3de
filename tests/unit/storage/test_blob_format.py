"""The bytes of one blob: where a chunk ends, what each length looks like on the disk, and reading it anyhow."""

from __future__ import annotations

import hashlib
import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic_app.foundation.errors import DamagedError
from clinic_app.storage.contents.blob_format import (
    CHUNK_BYTES,
    HEADER_BYTES,
    MAGIC,
    SEALED_CHUNK_BYTES,
    BlobCipher,
    content_size,
    read_chunk,
)
from clinic_app.storage.contents.blobs import BlobStore

KEY: Final = bytes(range(32))
TAG: Final = 16
EDGES: Final = (
    (0, 1),
    (1, 1),
    (CHUNK_BYTES - 1, 1),
    (CHUNK_BYTES, 1),
    (CHUNK_BYTES + 1, 2),
    (2 * CHUNK_BYTES - 1, 2),
    (2 * CHUNK_BYTES, 2),
    (2 * CHUNK_BYTES + 1, 3),
)


def _content(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def _sealed(content: bytes, *pieces: bytes) -> bytes:
    sha256 = hashlib.sha256(content).hexdigest()
    return b"".join(BlobCipher.fresh(KEY, sha256).seal(pieces or (content,)))


def _opened(content: bytes, sealed: bytes) -> bytes:
    cipher = BlobCipher.of_header(KEY, hashlib.sha256(content).hexdigest(), sealed[:HEADER_BYTES])
    size = content_size(len(sealed))
    chunks = max(1, -(-size // CHUNK_BYTES))
    return b"".join(read_chunk(io.BytesIO(sealed), cipher, index, size) for index in range(chunks))


@pytest.mark.parametrize(("size", "chunks"), EDGES)
def test_a_file_has_a_header_its_content_and_a_tag_for_each_chunk(size: int, chunks: int) -> None:
    sealed = _sealed(_content(size))
    assert sealed.startswith(MAGIC)
    assert len(sealed) == HEADER_BYTES + size + chunks * TAG
    assert content_size(len(sealed)) == size


@pytest.mark.parametrize(("size", "chunks"), EDGES)
def test_every_length_around_a_chunks_end_comes_back(size: int, chunks: int) -> None:
    content = _content(size)
    assert _opened(content, _sealed(content)) == content


@pytest.mark.parametrize("piece", [1000, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 5 * CHUNK_BYTES])
def test_it_does_not_matter_in_which_pieces_the_content_came(piece: int) -> None:
    content = _content(3 * CHUNK_BYTES + 17)
    pieces = [content[at : at + piece] for at in range(0, len(content), piece)]
    sealed = _sealed(content, *pieces)
    assert len(sealed) == len(_sealed(content))
    assert _opened(content, sealed) == content


def test_empty_pieces_between_the_others_are_nothing() -> None:
    content = _content(CHUNK_BYTES)
    sealed = _sealed(content, b"", content[:5], b"", content[5:], b"")
    assert _opened(content, sealed) == content
    assert len(sealed) == HEADER_BYTES + CHUNK_BYTES + TAG


def test_the_same_content_is_sealed_differently_each_time() -> None:
    first, second = _sealed(b"same"), _sealed(b"same")
    assert first[len(MAGIC) : HEADER_BYTES] != second[len(MAGIC) : HEADER_BYTES]
    assert first[HEADER_BYTES:] != second[HEADER_BYTES:]


@pytest.mark.parametrize(
    "file_size",
    [
        0,
        1,
        HEADER_BYTES - 1,
        HEADER_BYTES,
        HEADER_BYTES + TAG - 1,
        HEADER_BYTES + SEALED_CHUNK_BYTES + 1,
        HEADER_BYTES + SEALED_CHUNK_BYTES + TAG - 1,
        HEADER_BYTES + 2 * SEALED_CHUNK_BYTES + 5,
    ],
)
def test_a_size_no_file_of_ours_has_is_damage(file_size: int) -> None:
    with pytest.raises(DamagedError):
        content_size(file_size)


@given(st.integers(0, 10 * CHUNK_BYTES))
def test_the_size_on_the_disk_and_the_size_of_the_content_lead_to_each_other(size: int) -> None:
    chunks = max(1, -(-size // CHUNK_BYTES))
    assert content_size(HEADER_BYTES + size + chunks * TAG) == size


@pytest.mark.parametrize(
    "spoil",
    [
        lambda header: header[:-1],
        lambda header: header + b"\0",
        lambda header: b"",
        lambda header: b"DALABLB2" + header[8:],
        lambda header: b"\0" * len(header),
        lambda header: header[::-1],
    ],
    ids=["short", "long", "empty", "other version", "zeros", "backwards"],
)
def test_what_is_no_header_of_ours_is_damage(spoil: Callable[[bytes], bytes]) -> None:
    header = _sealed(b"x")[:HEADER_BYTES]
    with pytest.raises(DamagedError):
        BlobCipher.of_header(KEY, hashlib.sha256(b"x").hexdigest(), spoil(header))


@pytest.mark.parametrize("place", range(HEADER_BYTES))
def test_no_byte_of_the_header_can_be_changed(place: int) -> None:
    content = b"twelve leads"
    sealed = bytearray(_sealed(content))
    sealed[place] ^= 1
    with pytest.raises(DamagedError):
        _opened(content, bytes(sealed))


def test_a_chunk_does_not_open_at_another_number_nor_as_the_last_one() -> None:
    content = _content(2 * CHUNK_BYTES + 1)
    sealed = _sealed(content)
    cipher = BlobCipher.of_header(KEY, hashlib.sha256(content).hexdigest(), sealed[:HEADER_BYTES])
    first = sealed[HEADER_BYTES : HEADER_BYTES + SEALED_CHUNK_BYTES]
    assert cipher.open_chunk(0, first, is_last=False) == content[:CHUNK_BYTES]
    for index, is_last in ((1, False), (0, True)):
        with pytest.raises(DamagedError):
            cipher.open_chunk(index, first, is_last=is_last)


def test_a_file_cut_exactly_between_two_chunks_is_not_taken_for_a_shorter_one() -> None:
    content = _content(2 * CHUNK_BYTES)
    sealed = _sealed(content)
    with pytest.raises(DamagedError):
        _opened(content, sealed[: HEADER_BYTES + SEALED_CHUNK_BYTES])


def test_a_chunk_added_at_the_end_is_noticed() -> None:
    content = _content(CHUNK_BYTES)
    sealed = _sealed(content)
    with pytest.raises(DamagedError):
        _opened(content, sealed + sealed[HEADER_BYTES:])


def test_a_file_under_another_address_does_not_open() -> None:
    sealed = _sealed(b"mine")
    with pytest.raises(DamagedError):
        _opened(b"yours", sealed)


class Twins:
    """One content twice: as we keep it, and as Python's own file in memory, which is always right."""

    def __init__(self, folder: Path, size: int) -> None:
        content = _content(size)
        blobs = BlobStore(folder, KEY)
        self.ours = blobs.open(blobs.put(content))
        self.right = io.BytesIO(content)

    def both(self, call: Callable[[io.BytesIO], object]) -> None:
        """Do the same to both and compare what they say and where they then stand."""
        assert call(self.ours) == call(self.right)  # type: ignore[arg-type]
        assert self.ours.tell() == self.right.tell()


SIZES = st.sampled_from([size for size, _ in EDGES])
LENGTHS = st.one_of(st.integers(0, 40), st.sampled_from([CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, -1]))
PLACES = st.one_of(
    st.integers(0, 2 * CHUNK_BYTES + 200),
    st.sampled_from([n * CHUNK_BYTES + d for n in (1, 2) for d in (-1, 0, 1)]),
)
STEPS = st.one_of(
    st.tuples(st.just("read"), LENGTHS),
    st.tuples(st.just("seek"), PLACES),
    st.tuples(st.just("from the end"), st.integers(0, 100)),
    st.tuples(st.just("fill"), st.integers(0, 200)),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=SIZES, steps=st.lists(STEPS, max_size=8))
def test_a_kept_content_reads_like_any_file_wherever_one_jumps(
    tmp_path: Path, size: int, steps: list[tuple[str, int]]
) -> None:
    twins = Twins(tmp_path / "blobs", size)
    with twins.ours:
        for what, number in steps:
            if what == "read":
                twins.both(lambda file, n=number: file.read(n))
            elif what == "seek":
                twins.both(lambda file, n=number: file.seek(n))
            elif what == "from the end":
                back = min(number, size)
                twins.both(lambda file, n=back: file.seek(-n, io.SEEK_END))
            else:
                twins.both(lambda file, n=number: _filled(file, n))


def _filled(file: io.BytesIO, length: int) -> tuple[int, bytes]:
    buffer = bytearray(length)
    return file.readinto(buffer), bytes(buffer)


def test_a_closed_content_is_closed_and_says_so(tmp_path: Path) -> None:
    twins = Twins(tmp_path / "blobs", 10)
    assert twins.ours.readable()
    assert twins.ours.seekable()
    twins.ours.close()
    with pytest.raises(ValueError, match="closed"):
        twins.ours.read()


def test_a_place_behind_the_end_is_empty_not_an_error(tmp_path: Path) -> None:
    twins = Twins(tmp_path / "blobs", CHUNK_BYTES)
    with twins.ours:
        twins.both(lambda file: file.seek(CHUNK_BYTES + 5))
        twins.both(lambda file: file.read(10))
        twins.both(lambda file: file.seek(-3, io.SEEK_CUR))
        twins.both(lambda file: file.read())


def test_two_readers_of_one_content_do_not_move_each_other(tmp_path: Path) -> None:
    content = _content(CHUNK_BYTES + 100)
    blobs = BlobStore(tmp_path / "blobs", KEY)
    address = blobs.put(content)
    with blobs.open(address) as first, blobs.open(address) as second:
        assert first.read(10) == content[:10]
        second.seek(CHUNK_BYTES)
        assert first.read(10) == content[10:20]
        assert second.read() == content[CHUNK_BYTES:]
