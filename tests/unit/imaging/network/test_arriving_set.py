"""The dataset of an image while it arrives: bounded in memory, sealed beyond, whole or said not to be."""

from __future__ import annotations

import tempfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_app.imaging.network.arriving_set import ArrivingSet


def whole(data: ArrivingSet) -> bytes:
    return b"".join(bytes(piece) for piece in data.pieces())


@settings(max_examples=25)
@given(st.lists(st.binary(max_size=300), max_size=12), st.integers(1, 500))
def test_whatever_comes_in_whatever_pieces_is_whole_and_can_be_read_twice(pieces: list[bytes], in_memory: int) -> None:
    data = ArrivingSet(1 << 20, in_memory)
    for piece in pieces:
        assert data.write(piece) == len(piece)
    assert data.is_whole
    assert whole(data) == whole(data) == b"".join(pieces)
    assert len(data.beginning()) <= in_memory
    data.discard()


def test_what_lies_on_the_disk_cannot_be_read_there(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    real = tempfile.TemporaryFile

    def noted(*arguments: Any, **more: Any) -> Any:
        made.append(real(*arguments, **more))
        return made[-1]

    monkeypatch.setattr(tempfile, "TemporaryFile", noted)
    data = ArrivingSet(1 << 20, 4)
    data.write(b"head" + b"Verysecret^Person" * 100)
    assert data.is_whole
    made[0].seek(0)
    assert b"Verysecret" not in made[0].read()
    assert whole(data).endswith(b"Verysecret^Person")
    data.discard()
    assert made[0].closed


def test_too_much_is_dropped_and_said() -> None:
    data = ArrivingSet(10)
    data.write(b"x" * 8)
    data.write(b"x" * 8)
    assert (data.is_too_large, data.is_whole, data.size) == (True, False, 16)
    assert len(data.beginning()) == 8


def test_a_disk_that_takes_nothing_is_said_and_the_rest_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    data = ArrivingSet(1 << 30, 4)
    data.write(b"x" * (2 << 20))
    assert data.failure is not None
    assert not data.is_whole
    assert data.write(b"more") == 4
    data.discard()
