"""Packing for the way and back: any body, in any pieces, and nothing a stranger packs takes the memory."""

from __future__ import annotations

import gzip
import hashlib
import random
import tracemalloc

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_app.sync.compression import (
    CODINGS,
    Coding,
    PackingError,
    TooLargeError,
    Unpacker,
    accepted,
    digest_header,
    has_digest,
    pack,
)

SAMPLE = b'{"resourceType":"Observation","status":"final"}' * 50
GZIPPED = gzip.compress(SAMPLE, mtime=0)


def _unpacked(packed: bytes, coding: str, most_bytes: int = 1 << 20, step: int = 1000) -> bytes:
    unpacker = Unpacker(coding, most_bytes)
    for start in range(0, len(packed), step):
        unpacker.feed(packed[start : start + step])
    return unpacker.body()


@settings(max_examples=20)
@given(body=st.binary(max_size=5000), coding=st.sampled_from(CODINGS), step=st.integers(1, 700))
def test_what_is_packed_comes_out_the_same_in_whatever_pieces_it_arrives(
    body: bytes, coding: Coding, step: int
) -> None:
    assert _unpacked(pack(body, coding), coding, step=step) == body


@pytest.mark.parametrize("coding", ["zstd", "gzip"])
def test_packing_pays_and_is_the_same_each_time(coding: Coding) -> None:
    assert len(pack(SAMPLE, coding)) < len(SAMPLE) // 10
    assert pack(SAMPLE, coding) == pack(SAMPLE, coding)


@pytest.mark.parametrize("coding", ["zstd", "gzip"])
def test_a_bomb_is_stopped_at_the_limit_without_taking_the_memory(coding: Coding) -> None:
    bomb = pack(bytes(64 << 20), coding)
    unpacker = Unpacker(coding, 1 << 20)
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError):
            unpacker.feed(bomb)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("coding", CODINGS)
def test_exactly_as_much_as_is_taken_comes_out_and_one_byte_more_does_not(coding: Coding) -> None:
    assert len(_unpacked(pack(bytes(5000), coding), coding, 5000)) == 5000
    with pytest.raises(TooLargeError):
        _unpacked(pack(bytes(5001), coding), coding, 5000)


def test_more_may_not_come_than_may_come_out() -> None:
    noise = random.Random(1).randbytes(5000)
    with pytest.raises(TooLargeError):
        _unpacked(pack(noise, "zstd"), "zstd", 4999)


@pytest.mark.parametrize("packed", [b"x" * 20, GZIPPED[:-4], GZIPPED + b"x", b"\x1f"])
def test_gzip_that_is_none_or_cut_off_or_goes_on_is_an_error(packed: bytes) -> None:
    with pytest.raises(PackingError):
        _unpacked(packed, "gzip")


def test_zstd_that_is_none_or_has_a_turned_bit_is_an_error() -> None:
    packed = bytearray(zstandard.ZstdCompressor(write_checksum=True).compress(SAMPLE))
    packed[-1] ^= 1
    for wrong in (b"x" * 20, bytes(packed)):
        with pytest.raises(PackingError):
            _unpacked(wrong, "zstd")


@pytest.mark.parametrize("coding", ["br", "deflate", "zstd, gzip", "*", "ZSTD"])
def test_a_coding_nobody_knows_is_an_error_before_anything_is_read(coding: str) -> None:
    with pytest.raises(PackingError):
        Unpacker(coding, 100)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, ("identity",)),
        ("", ("identity",)),
        ("gzip", ("gzip", "identity")),
        ("gzip, zstd", ("zstd", "gzip", "identity")),
        ("GZIP;q=0.5, br", ("gzip", "identity")),
        ("zstd;q=0, *", ("gzip", "identity")),
        ("*;q=0", ("identity",)),
        ("zstd;q=nonsense", ("identity",)),
        ("zstd" * 10_000, ("identity",)),
    ],
)
def test_what_the_other_side_can_unpack_is_read_from_its_header(header: str | None, expected: tuple[str, ...]) -> None:
    assert accepted(header) == expected


def test_a_digest_speaks_for_its_bytes_only() -> None:
    digest = hashlib.sha256(SAMPLE).digest()
    assert has_digest(digest_header(SAMPLE), digest)
    assert has_digest(f"md5=:AAAA:, {digest_header(SAMPLE)}", digest)
    assert not has_digest(digest_header(SAMPLE + b" "), digest)


@pytest.mark.parametrize("header", [None, "", "md5=:AAAA:", "sha-512=:AAAA:"])
def test_no_digest_speaks_against_nothing(header: str | None) -> None:
    assert has_digest(header, hashlib.sha256(SAMPLE).digest())


def test_a_digest_that_is_no_base64_speaks_against_the_message() -> None:
    assert not has_digest("sha-256=:A:", hashlib.sha256(SAMPLE).digest())
