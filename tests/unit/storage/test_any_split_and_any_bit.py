"""A blob is the same however its content came in pieces, and not one bit of it can be turned unseen."""

from __future__ import annotations

import hashlib
import io
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_app.foundation.errors import DamagedError
from clinic_app.storage.contents.blob_format import CHUNK_BYTES, HEADER_BYTES, BlobCipher, content_size, read_chunk

KEY = bytes(range(32))
SIZES = st.one_of(
    st.integers(0, 300), st.integers(-3, 3).map(lambda more: CHUNK_BYTES + more), st.just(2 * CHUNK_BYTES)
)


def _content(size: int) -> bytes:
    return hashlib.shake_128(size.to_bytes(4, "big")).digest(size)


def _address(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _opened(content: bytes, sealed: bytes) -> bytes:
    cipher = BlobCipher.of_header(KEY, _address(content), sealed[:HEADER_BYTES])
    size = content_size(len(sealed))
    chunks = range(max(1, -(-size // CHUNK_BYTES)))
    return b"".join(read_chunk(io.BytesIO(sealed), cipher, index, size) for index in chunks)


@settings(max_examples=60, deadline=None)
@given(SIZES, st.data())
def test_any_split_of_the_content_into_pieces_gives_the_same_file(size: int, data: st.DataObject) -> None:
    content = _content(size)
    places = sorted(data.draw(st.lists(st.integers(0, size), max_size=12)))
    pieces = [content[begin:end] for begin, end in pairwise([0, *places, size])]
    assert b"".join(pieces) == content
    header = BlobCipher.fresh(KEY, _address(content)).header
    whole, split = (
        b"".join(BlobCipher.of_header(KEY, _address(content), header).seal(each)) for each in ([content], pieces)
    )
    assert whole == split
    assert _opened(content, split) == content


@settings(max_examples=120, deadline=None)
@given(SIZES, st.data())
def test_any_bit_that_is_turned_is_noticed(size: int, data: st.DataObject) -> None:
    content = _content(size)
    sealed = bytearray(b"".join(BlobCipher.fresh(KEY, _address(content)).seal([content])))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(DamagedError):
        _opened(content, bytes(sealed))


@settings(max_examples=80, deadline=None)
@given(SIZES, st.data())
def test_any_cut_and_anything_added_is_noticed(size: int, data: st.DataObject) -> None:
    content = _content(size)
    sealed = b"".join(BlobCipher.fresh(KEY, _address(content)).seal([content]))
    cut = sealed[: data.draw(st.integers(0, len(sealed) - 1))]
    longer = sealed + data.draw(st.binary(min_size=1, max_size=40))
    for changed in (cut, longer):
        with pytest.raises(DamagedError):
            _opened(content, changed)


@pytest.mark.parametrize("size", [0, CHUNK_BYTES, 2 * CHUNK_BYTES])
def test_an_empty_chunk_after_the_last_is_noticed(size: int) -> None:
    content = _content(size)
    sealed = b"".join(BlobCipher.fresh(KEY, _address(content)).seal([content]))
    assert _opened(content, sealed) == content
    with pytest.raises(DamagedError):
        _opened(content, sealed + bytes(16))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 300), st.binary(min_size=32, max_size=32))
def test_another_key_opens_nothing(size: int, key: bytes) -> None:
    content = _content(size)
    sealed = b"".join(BlobCipher.fresh(KEY, _address(content)).seal([content]))
    cipher = BlobCipher.of_header(key, _address(content), sealed[:HEADER_BYTES])
    if key == KEY:
        assert read_chunk(io.BytesIO(sealed), cipher, 0, size) == content
    else:
        with pytest.raises(DamagedError):
            read_chunk(io.BytesIO(sealed), cipher, 0, size)
