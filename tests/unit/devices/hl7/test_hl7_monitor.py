"""A monitor that is called: the same messages as of one that calls, under the name it has here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import numpy as np
import pytest

from clinic_app.devices.block import Block, ChannelInfo, Numerics
from clinic_app.devices.driver import Event, EventKind
from clinic_app.devices.hl7.mllp import Deframer, frame
from clinic_app.devices.hl7.monitor import Hl7MonitorParser
from clinic_app.devices.hl7.monitor_simulator import NUMBERS
from clinic_app.devices.hl7.waves import Wave, build_oru
from clinic_app.foundation.errors import DeviceError
from tests.helpers.device_lines import arrival

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
LEAD = ChannelInfo("MDC_ECG_LEAD_II", "II", "uV")


def oru(seconds: float, *, with_numbers: bool = False) -> bytes:
    """Return a quarter of a second of lead II as it goes over the wire."""
    at = NOON + timedelta(seconds=seconds)
    wave = Wave(at, Fraction(500), (LEAD,), np.ones((1, 125), np.float32))
    return frame(build_oru("MONITOR", "7", at, [(wave, 1.0)], NUMBERS if with_numbers else None))


def test_waves_and_numbers_come_under_the_name_the_device_has_here() -> None:
    parser = Hl7MonitorParser("BED-1")
    assert parser.begin(arrival()) == b""
    data = oru(0.0, with_numbers=True)
    assert parser.feed(data[:100], arrival()).items == ()
    parsed = parser.feed(data[100:], arrival(0.1))
    numbers, block = parsed.items
    assert isinstance(numbers, Numerics)
    assert isinstance(block, Block)
    assert {numbers.source, block.source} == {"BED-1"}
    assert block.monotonic_s == arrival(0.1).monotonic_s
    (answer,) = Deframer().feed(parsed.answer)
    assert b"MSA|AA|7" in answer
    assert parsed.refused is None


def test_a_greeting_asks_the_monitor_and_its_answer_is_not_acknowledged() -> None:
    parser = Hl7MonitorParser("BED-1", r"MSH|^~\&|||||||QRY^R02|1|P|2.3.1\rQRD|20260305|R|I|1\r")
    (said,) = Deframer().feed(parser.begin(arrival()))
    assert said.count(b"\r") == 2
    assert said.startswith(b"MSH|")
    ack = frame(b"MSH|^~\\&|||||||ACK^R02|1|P|2.3.1\rMSA|AA|1\r")
    assert parser.feed(ack, arrival()).answer == b""


def test_what_is_not_used_is_refused_and_the_talk_goes_on() -> None:
    parser = Hl7MonitorParser("BED-1")
    parsed = parser.feed(frame(b"MSH|^~\\&|M||||||ADT^A01|9|P|2.6\r") + oru(0.0), arrival())
    assert parsed.refused is not None
    assert b"MSA|AE|9" in parsed.answer
    assert b"MSA|AA|7" in parsed.answer
    assert len(parsed.items) == 1


def test_what_is_no_hl7_ends_the_connection() -> None:
    with pytest.raises(DeviceError):
        Hl7MonitorParser("BED-1").feed(frame(b"GET / HTTP/1.1"), arrival())


def test_a_clock_that_was_set_is_told_and_begins_a_new_stream() -> None:
    parser = Hl7MonitorParser("BED-1")
    (first,) = parser.feed(oru(0.0), arrival()).items
    event, second = parser.feed(oru(-86_400.0), arrival(0.25)).items
    assert isinstance(event, Event)
    assert event.kind is EventKind.CLOCK_JUMP
    assert isinstance(first, Block)
    assert isinstance(second, Block)
    assert second.stream_id == event.stream_id != first.stream_id
    assert "BED-1" in event.text.render("kk")


def test_a_monitor_that_was_gone_for_a_moment_goes_on_with_its_streams() -> None:
    former, parser = Hl7MonitorParser("BED-1"), Hl7MonitorParser("BED-1")
    (first,) = former.feed(oru(0.0) + oru(0.25)[:50], arrival()).items
    parser.remember(former)
    (later,) = parser.feed(oru(3.0), arrival(3.0)).items
    assert isinstance(first, Block)
    assert isinstance(later, Block)
    assert later.stream_id == first.stream_id
    assert later.first_index == 1500, "what was not sent is a gap of its own length"


def test_a_monitor_that_was_off_for_an_hour_begins_anew_and_its_clock_is_not_to_blame() -> None:
    former, parser = Hl7MonitorParser("BED-1"), Hl7MonitorParser("BED-1")
    (first,) = former.feed(oru(0.0), arrival()).items
    parser.remember(former)
    (later,) = parser.feed(oru(3600.0), arrival(3600.0)).items
    assert isinstance(first, Block)
    assert isinstance(later, Block)
    assert later.stream_id != first.stream_id


def test_a_monitor_that_is_called_has_one_bed_and_may_be_moved() -> None:
    def of(bed: str, seconds: float) -> bytes:
        return oru(seconds).replace(b"\rOBR|1|", f"\rPV1||I|{bed}\rOBR|1|".encode(), 1)

    parser = Hl7MonitorParser("STATION")
    (mine,) = parser.feed(of("ICU^1", 0.0), arrival()).items
    foreign = parser.feed(of("ICU^2", 0.25), arrival(0.25))
    assert foreign.items == ()
    assert b"MSA|AE|7" in foreign.answer
    assert foreign.refused is not None
    assert "ICU-2" in foreign.refused.render("en")
    again = Hl7MonitorParser("STATION")
    again.remember(parser)
    assert again.feed(of("ICU^2", 0.5), arrival(0.5)).items == ()
    told, moved = again.feed(of("ICU^2", 20.0), arrival(20.0)).items
    assert isinstance(told, Event)
    assert told.kind is EventKind.ANOTHER_PATIENT
    assert isinstance(mine, Block)
    assert isinstance(moved, Block)
    assert moved.stream_id != mine.stream_id
    assert (mine.source, moved.source) == ("STATION", "STATION ICU-2")
    (back,) = (item for item in again.feed(of("ICU^1", 40.0), arrival(40.0)).items if isinstance(item, Block))
    assert back.source == "STATION"


def of_patient(pid: str, seconds: float) -> bytes:
    return oru(seconds).replace(b"\rOBR|1|", f"\rPID|||{pid}\rOBR|1|".encode() if pid else b"\rOBR|1|", 1)


def test_another_patient_of_a_monitor_that_is_called_is_never_mixed_with_the_first() -> None:
    parser = Hl7MonitorParser("BED-1")
    came: list[object] = []
    for place, pid in enumerate(["", "101", "", "101", *["102"] * 30, "101"]):
        came += parser.feed(of_patient(pid, place / 4), arrival(place / 4)).items
    sources = [item.source for item in came if isinstance(item, Block)]
    assert sources == ["BED-1"] * 4 + ["BED-1 102"] * 30 + ["BED-1"]
    streams = {item.stream_id: item.source for item in came if isinstance(item, Block)}
    assert sorted(streams.values()) == ["BED-1", "BED-1 102"]
    told = [item for item in came if isinstance(item, Event)]
    assert [item.source for item in told][:1] == ["BED-1 102"]


def coarse(second: int) -> bytes:
    at = NOON + timedelta(seconds=second)
    wave = Wave(at, Fraction(125), (LEAD,), np.full((1, 125), second, np.float32))
    said = build_oru("MONITOR", "always", at, [(wave, 1.0)])
    return frame(said.replace(f"{at:%Y%m%d%H%M%S}.0000+0000".encode(), f"{at:%Y%m%d%H%M%S}".encode()))


def test_a_wave_in_doubt_is_handed_on_at_the_latest_when_the_connection_ends() -> None:
    parser = Hl7MonitorParser("BED-1")
    for second in range(20):
        assert len(parser.feed(coarse(second), arrival(second + 1.0)).items) == 1
    assert parser.feed(coarse(21), arrival(22.0)).items == ()
    assert parser.feed(b"", arrival(22.5)).items == ()
    (last,) = parser.let_go(arrival(22.6))
    assert isinstance(last, Block)
    assert (last.first_index, float(last.samples[0, 0])) == (21 * 125, 21.0)
    assert last.monotonic_s == arrival(22.0).monotonic_s
    assert tuple(parser.let_go(arrival(23.0))) == ()


def test_a_wave_in_doubt_does_not_wait_for_ever_on_a_line_that_is_silent() -> None:
    parser = Hl7MonitorParser("BED-1")
    for second in range(20):
        parser.feed(coarse(second), arrival(second + 1.0))
    parser.feed(coarse(22), arrival(23.0))
    (last,) = parser.feed(b"", arrival(33.5)).items
    assert isinstance(last, Block)
    assert last.first_index == 22 * 125


def test_a_wave_in_doubt_does_not_wait_for_ever_while_only_numbers_follow() -> None:
    """A cable that is out sends no more waves, and the numbers of the cuff go on every second."""
    parser = Hl7MonitorParser("BED-1")
    for second in range(20):
        parser.feed(coarse(second), arrival(second + 1.0))
    assert parser.feed(coarse(22), arrival(23.0)).items == ()
    came: list[object] = []
    for second in range(24, 36):
        at = NOON + timedelta(seconds=second)
        came += parser.feed(frame(build_oru("MONITOR", "8", at, [], NUMBERS)), arrival(float(second))).items
    (held,) = (item for item in came if isinstance(item, Block))
    assert held.first_index == 22 * 125
    assert sum(isinstance(item, Numerics) for item in came) == 12
