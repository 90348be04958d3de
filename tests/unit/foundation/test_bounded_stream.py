"""A stranger's bytes answer a parser so often and no more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_app.foundation.bounded_stream import BoundedStream
from clinic_app.foundation.errors import UnreadableFileError


@given(st.binary(max_size=200), st.lists(st.integers(0, 50), max_size=10))
def test_as_long_as_it_answers_it_is_a_file_like_any_other(data: bytes, sizes: list[int]) -> None:
    stream = BoundedStream(data, len(sizes) + 1)
    assert b"".join(stream.read(size) for size in sizes) + stream.read() == data


def test_once_too_often_is_a_sentence() -> None:
    stream = BoundedStream(b"abcdef", 2)
    assert (stream.read(1), stream.read(1)) == (b"a", b"b")
    with pytest.raises(UnreadableFileError, match="more parts"):
        stream.read(1)


def test_to_seek_and_to_ask_where_costs_nothing() -> None:
    stream = BoundedStream(b"abcdef", 1)
    for place in range(6):
        stream.seek(place)
        assert stream.tell() == place
    stream.seek(2)
    assert stream.read(2) == b"cd"
