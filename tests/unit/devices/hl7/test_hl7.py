"""HL7 as monitors really write it: alphabets, line ends, time stamps, and nothing of theirs echoed without end."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from clinic_app.devices.hl7.message import acknowledgement, parse, parse_timestamp, resolution_s
from clinic_app.devices.hl7.waves import read_numerics
from clinic_app.foundation.errors import DeviceError

NOON = datetime(2026, 3, 5, 7, tzinfo=UTC)
TEMPERATURE = "OBX|1|NM|0^MDC_TEMP^MDC|1.0.1|36.6|Cel"


def message(name: str, alphabet: str, declared: str, ends: str = "\r") -> bytes:
    lines = (f"MSH|^~\\&|M||||20260305120000||ORU^R01|1|P|2.6||||||{declared}", f"PID|||1||{name}", TEMPERATURE)
    return (ends.join(lines) + ends).encode(alphabet)


@pytest.mark.parametrize(
    ("name", "alphabet", "declared"),
    [
        ("Үлгібаев", "utf-8", "UNICODE UTF-8"),
        ("Үлгібаев", "utf-8", ""),
        ("Ульбаев", "iso8859-5", "8859/5"),
        ("Müller", "iso8859-1", "8859/1"),
        ("王丽", "gb18030", "GB 18030-2000"),
    ],
)
def test_the_alphabet_a_monitor_declares_is_read(name: str, alphabet: str, declared: str) -> None:
    parsed = parse(message(name, alphabet, declared))
    assert parsed.segments[1].field(5) == name


@pytest.mark.parametrize("declared", ["", "KOI8", "8859/5~UNICODE UTF-8", "\xff"])
def test_an_alphabet_that_is_not_known_never_hides_the_numbers(declared: str) -> None:
    assert "MDC_TEMP" in read_numerics(parse(message("Ульбаев", "cp1251", declared.replace("\xff", "?"))))


@pytest.mark.parametrize("ends", ["\r", "\n", "\r\n"])
def test_every_line_end_is_a_line_end(ends: str) -> None:
    assert len(parse(message("A", "utf-8", "", ends)).segments) == 3


def test_the_delimiter_of_newer_versions_is_known() -> None:
    assert parse(message("A", "utf-8", "").replace(b"^~\\&", b"^~\\&#")).kind == "ORU^R01"


@pytest.mark.parametrize("start", [b"", b"MSH", b"MSH|", b"MSH|\r", b"MSH|#~\\&|M", b"PID|1"])
def test_what_has_no_header_is_refused(start: bytes) -> None:
    with pytest.raises(DeviceError):
        parse(start)


def test_a_sender_cannot_turn_the_writing_around_or_go_on_without_end() -> None:
    sender = "M\u202e\x07" + "x" * 500
    parsed = parse(f"MSH|^~\\&|{sender}||||||ORU^R01|{'9' * 5000}|P|2.6\r".encode())
    assert parsed.sender == ("M" + "x" * 500)[:64]
    assert len(acknowledgement(parsed, "AA", NOON)) < 1000


@pytest.mark.parametrize(
    "text",
    ["", "2026", "yesterday", "20261305120000", "00010101000000+1400", "99991231235959-1200", "2" * 10_000],
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(DeviceError):
        parse_timestamp(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("20260305120000", 1.0),
        ("20260305120000+0500", 1.0),
        ("20260305120000.12-0500", 0.01),
        ("20260305120000.1234", 1e-4),
    ],
)
def test_a_time_stamp_says_how_finely_it_tells_time(text: str, seconds: float) -> None:
    assert resolution_s(text) == seconds


@pytest.mark.parametrize("status", ["X", "W", "D", "N"])
def test_a_number_the_monitor_takes_back_is_none(status: str) -> None:
    text = message("A", "utf-8", "").replace(b"|Cel", f"|Cel|||||{status}".encode())
    assert read_numerics(parse(text)) == {}
