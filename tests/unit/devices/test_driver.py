"""A driver between a parser and a transport: bytes in, items out, answers back, and every kind of end."""

from __future__ import annotations

import threading

import pytest

from clinic_app.devices.block import Numerics
from clinic_app.devices.driver import StreamDriver
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text
from tests.helpers.device_lines import ListedTransport, NotingLine, PulseParser


def run(pieces: list[bytes]) -> tuple[NotingLine, ListedTransport]:
    """Run a driver over what comes in pieces, to its end."""
    line, transport, stopping = NotingLine(), ListedTransport(pieces), threading.Event()
    transport.stopping = stopping
    StreamDriver(lambda: transport, lambda: PulseParser(line.name)).run(line, stopping)
    return line, transport


def test_bytes_become_items_whatever_their_pieces() -> None:
    line, transport = run([b"6", b"", b"1\n7", b"2\n"])
    assert [item.values["MDC_PULS_RATE"].value for item in line.items if isinstance(item, Numerics)] == [61, 72]
    assert transport.written == [b"hello\n", b"+", b"+"]
    assert line.bytes == 6
    assert line.told == ["connected"]


def test_what_is_not_used_is_told_and_the_next_good_item_takes_it_back() -> None:
    line, _ = run([b"x\n", b"61\n"])
    assert [bool(why) for why in line.refusals] == [True, False]
    assert len(line.items) == 1


def test_a_talk_that_is_over_ends_without_an_error_and_the_transport_is_closed() -> None:
    line, transport = run([b"61\nbye\n", b"never read\n"])
    assert len(line.items) == 1
    assert transport.is_closed
    assert transport.written[-1] == b"+", "the last answer still goes out"


@pytest.mark.parametrize("pieces", [[b"!\n"], []])
def test_a_connection_that_is_gone_is_an_error_and_the_transport_is_closed(pieces: list[bytes]) -> None:
    transport = ListedTransport(pieces)
    driver = StreamDriver(lambda: transport, lambda: PulseParser("A"))
    with pytest.raises(DeviceError):
        driver.run(NotingLine(), threading.Event())
    assert transport.is_closed


def test_a_device_that_cannot_be_reached_is_never_called_connected() -> None:
    def refuse() -> ListedTransport:
        raise DeviceError(Text("The device closed the connection."))

    line = NotingLine()
    with pytest.raises(DeviceError):
        StreamDriver(refuse, lambda: PulseParser("A")).run(line, threading.Event())
    assert line.told == []


class Counting(PulseParser):
    """A parser that knows how many came before it."""

    count = 1

    def remember(self, former: object) -> None:
        assert isinstance(former, Counting)
        self.count = former.count + 1


def test_a_parser_that_remembers_goes_on_where_the_connection_before_stopped() -> None:
    made: list[Counting] = []

    def make() -> Counting:
        made.append(Counting("A"))
        return made[-1]

    driver = StreamDriver(lambda: ListedTransport([b"61\n"]), make)
    for _ in range(3):
        with pytest.raises(DeviceError):
            driver.run(NotingLine(), threading.Event())
    assert [parser.count for parser in made] == [1, 2, 3]
