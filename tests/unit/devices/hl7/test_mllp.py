"""Messages in a stream of bytes, from a peer nobody trusts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_app.devices.hl7.mllp import END, START, Deframer, frame
from clinic_app.foundation.errors import DeviceError

PLAIN = st.binary(max_size=200).filter(lambda data: b"\x1c" not in data and b"\x0b" not in data)


@given(st.lists(PLAIN, max_size=6), st.integers(1, 50), PLAIN)
def test_messages_come_out_whole_however_the_stream_is_cut(messages: list[bytes], piece: int, noise: bytes) -> None:
    stream = noise + b"".join(frame(message) for message in messages)
    deframer = Deframer()
    found = [m for i in range(0, len(stream), piece) for m in deframer.feed(stream[i : i + piece])]
    assert found == messages
    assert not deframer.is_inside


@given(st.binary(max_size=500))
def test_no_bytes_break_it(data: bytes) -> None:
    found = Deframer().feed(data)
    assert all(START + message + END in data for message in found)


def test_an_endless_message_is_refused_and_forgotten() -> None:
    deframer = Deframer(largest_bytes=1000)
    with pytest.raises(DeviceError):
        deframer.feed(b"\x0b" + b"x" * 2000)
    assert deframer.feed(frame(b"next")) == [b"next"]


def test_noise_before_a_message_is_not_kept() -> None:
    deframer = Deframer(largest_bytes=100)
    for _ in range(100):
        assert deframer.feed(b"noise" * 100) == []
    assert deframer.feed(frame(b"a")) == [b"a"]
