"""The receiving side of LIS1-A: what is taken, what is asked for again, and what a disturbed line cannot do."""

from __future__ import annotations

import random
from itertools import product

import pytest
from astm import codec
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_app.devices.astm.frames import (
    ACK,
    ENQ,
    EOT,
    NAK,
    SILENCE_S,
    TABLE,
    Came,
    FrameReceiver,
    State,
    build_frames,
    checksum,
    frame_number,
)

MESSAGE = b"H|\\^&|||AU|||||||P||20260305070000\rP|1|640305400123\rO|1|S1||^^^GLU\rR|1|^^^GLU|5.6|mmol/L\rL|1|N\r"


def received(receiver: FrameReceiver, *pieces: bytes) -> tuple[bytes, bytes]:
    """Return the text and the answers of everything that is fed."""
    text, answers = b"", b""
    for place, piece in enumerate(pieces):
        taken = receiver.feed(piece, place * 0.01)
        text += b"".join(part.text for part in taken.parts)
        answers += taken.answer
    return text, answers


@pytest.fixture
def receiver() -> FrameReceiver:
    receiver = FrameReceiver()
    assert receiver.feed(bytes((ENQ,)), 0.0).answer == ACK
    return receiver


def test_the_table_says_what_follows_on_everything_in_every_state() -> None:
    assert set(TABLE) == set(product(State, Came))


def test_a_free_line_answers_to_nothing_but_an_enquiry() -> None:
    receiver = FrameReceiver()
    assert received(receiver, *build_frames(MESSAGE), b"noise\n\x15") == (b"", b"")
    assert receiver.state is State.NEUTRAL


def test_a_message_is_taken_frame_by_frame(receiver: FrameReceiver) -> None:
    frames = build_frames(MESSAGE)
    text, answers = received(receiver, *frames, bytes((EOT,)))
    assert (text, answers) == (MESSAGE, ACK * len(frames))
    assert receiver.state is State.NEUTRAL


def test_our_frames_are_those_of_another_implementation() -> None:
    records = [[b"H", b"x"], [b"P", b"1", b"640305400123"], [b"L", b"1"]]
    theirs = codec.encode(records)
    ours = build_frames(b"\r".join(b"|".join(record) for record in records) + b"\r")
    assert all(frame_number(frame[:-1]) is not None for frame in (*theirs, *ours))
    assert [codec.decode(frame)[0][0] for frame in ours] == ["H", "P", "L"]


def test_frames_another_implementation_cut_are_joined(receiver: FrameReceiver) -> None:
    records = [[b"P", b"1", b"X" * 300], [b"L", b"1"]]
    text, answers = received(receiver, *codec.encode(records, size=100))
    assert text.replace(b"\r", b"") == b"P|1|" + b"X" * 300 + b"L|1"
    assert set(answers) == set(ACK)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_any_cut_of_the_stream_gives_the_same(seed: int) -> None:
    chance, receiver = random.Random(seed), FrameReceiver()
    stream = bytes((ENQ,)) + b"".join(build_frames(MESSAGE, 20)) + bytes((EOT,))
    cuts = sorted(chance.randrange(len(stream)) for _ in range(chance.randrange(40)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert received(receiver, *pieces)[0] == MESSAGE


def test_a_disturbed_frame_is_asked_for_again_and_taken_once(receiver: FrameReceiver) -> None:
    first, second, *_ = build_frames(MESSAGE)
    text, answers = received(receiver, first, second.replace(b"6", b"7", 1), second)
    assert answers == ACK + NAK + ACK
    assert text == b"".join(MESSAGE.splitlines(keepends=True)[:2]).replace(b"\n", b"")


def test_a_frame_whose_answer_was_lost_is_taken_once(receiver: FrameReceiver) -> None:
    first, second, *_ = build_frames(MESSAGE)
    text, answers = received(receiver, first, first, second)
    assert answers == ACK * 3
    assert text.count(b"H|") == 1


def test_a_frame_out_of_turn_is_refused(receiver: FrameReceiver) -> None:
    first, _, third, *_ = build_frames(MESSAGE)
    assert received(receiver, first, third)[1] == ACK + NAK


def test_the_first_frame_of_a_transfer_has_number_one(receiver: FrameReceiver) -> None:
    covered = b"0H|\x03"
    assert received(receiver, b"\x02" + covered + checksum(covered) + b"\r\n")[1] == NAK


def test_a_frame_of_another_transfer_is_not_the_same_frame_of_this_one(receiver: FrameReceiver) -> None:
    first, second, *_ = build_frames(MESSAGE)
    assert received(receiver, first, second, bytes((EOT, ENQ)), second)[1] == ACK * 3 + NAK


def test_frame_numbers_go_round_at_eight(receiver: FrameReceiver) -> None:
    frames = build_frames(b"R|1\r" * 20)
    assert [frame_number(frame[:-1]) for frame in frames[6:10]] == [7, 0, 1, 2]
    assert received(receiver, *frames) == (b"R|1\r" * 20, ACK * 20)


@pytest.mark.parametrize("place", range(2, 12))
@pytest.mark.parametrize("byte", [0x01, 0x06, 0x10, 0x11, 0x16])
def test_control_bytes_inside_a_frame_spoil_it_whatever_the_checksum_says(place: int, byte: int) -> None:
    covered = bytearray(b"1P|1|640305400123\x03")
    covered.insert(place, byte)
    assert frame_number(b"\x02" + covered + checksum(bytes(covered)) + b"\r") is None


@pytest.mark.parametrize(
    "frame", [b"", b"\x02", b"\x021\x0300\r", b"x1P\x03B4\r", b"\x029P\x03BC\r", b"\x021P\x02B3\r", b"\x021P\x03B4\n"]
)
def test_what_is_no_frame_has_no_number(frame: bytes) -> None:
    assert frame_number(frame) is None


def test_an_enquiry_in_the_middle_begins_a_new_transfer(receiver: FrameReceiver) -> None:
    first, second, *_ = build_frames(MESSAGE)
    received(receiver, first)
    taken = receiver.feed(second[:5] + bytes((ENQ,)) + first, 0.1)
    assert [part.drops_the_rest for part in taken.parts] == [True, False]
    assert taken.answer == ACK * 2


def test_a_silence_frees_the_line_and_drops_what_was_begun(receiver: FrameReceiver) -> None:
    first, second, *_ = build_frames(MESSAGE)
    received(receiver, first)
    assert receiver.feed(b"", SILENCE_S / 2).parts == ()
    assert [part.drops_the_rest for part in receiver.feed(b"", SILENCE_S + 1.0).parts] == [True]
    assert received(receiver, second) == (b"", b"")


def test_a_frame_without_an_end_fills_no_memory() -> None:
    receiver = FrameReceiver(largest_bytes=100)
    receiver.feed(bytes((ENQ,)), 0.0)
    answers = received(receiver, b"\x021", *[b"P" * 50] * 100, b"\x03B4\r\n", *build_frames(b"L|1\r"))[1]
    assert answers == NAK + ACK
    assert len(receiver._frame) == 0


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=300))
def test_noise_adds_no_text(noise: bytes) -> None:
    receiver = FrameReceiver()
    receiver.feed(bytes((ENQ,)), 0.0)
    quiet = bytes(byte for byte in noise if byte not in {0x03, 0x17})
    assert received(receiver, quiet)[0] == b""
