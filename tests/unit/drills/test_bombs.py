"""Bombs that are made without the work of packing them inflate to what they say."""

from __future__ import annotations

import io
import zipfile
import zlib

import pytest

from tests.drills.hostile.cases import Repeated
from tests.drills.hostile.packages import _bomb
from tests.drills.hostile.pictures import deflated

PIECE = bytes(1 << 20)


@pytest.mark.parametrize("pieces", [0, 1, 50])
def test_what_is_said_again_inflates_to_the_same_piece_again(pieces: int) -> None:
    packer = Repeated()
    packed = b"".join(packer.compress(PIECE) for _ in range(pieces)) + packer.flush()
    assert zlib.decompress(packed, -zlib.MAX_WBITS) == PIECE * pieces
    assert len(packed) < 2000 * pieces + 10


def test_another_piece_is_packed_anew() -> None:
    packer = Repeated()
    packed = b"".join(map(packer.compress, (b"aaaa", b"aaaa", b"bb", b"aaaa"))) + packer.flush()
    assert zlib.decompress(packed, -zlib.MAX_WBITS) == b"aaaaaaaabbaaaa"


def test_a_bomb_in_an_archive_is_an_archive() -> None:
    archive = zipfile.ZipFile(io.BytesIO(_bomb(20)))
    assert archive.testzip() is None
    assert [entry.file_size for entry in archive.infolist()] == [20 << 20]


def test_a_bomb_of_two_gigabytes_is_a_small_file() -> None:
    assert 1_500_000 < len(deflated(1900)) < 2_500_000
