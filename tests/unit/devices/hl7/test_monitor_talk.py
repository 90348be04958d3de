"""One connection's memory: which stream a wave belongs to, and under which name it is delivered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from clinic_app.devices.block import Block, ChannelInfo, Numerics, NumericValue
from clinic_app.devices.driver import Event, EventKind
from clinic_app.devices.hl7.message import parse
from clinic_app.devices.hl7.monitor_talk import MOST_BEDS, MonitorTalk
from clinic_app.devices.hl7.sources import HANGING_S, Sources
from clinic_app.devices.hl7.waves import Wave, build_oru
from clinic_app.foundation.errors import DeviceError
from clinic_app.terminology.leads import LEADS

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
ADDRESS = ("192.168.1.5", 40001)


def channels(*labels: str) -> tuple[ChannelInfo, ...]:
    return tuple(ChannelInfo(code, label, "uV") for code, label in LEADS.items() if label in labels)


def sent(talk: MonitorTalk, second: float, *waves: tuple[tuple[ChannelInfo, ...], int], name: str = "M") -> list[Block]:
    """Have a quarter of a second of waves taken in; return the blocks."""
    start_at = NOON + timedelta(seconds=second)
    made = [
        (Wave(start_at, Fraction(rate), rows, np.ones((len(rows), rate // 4), dtype=np.float32)), 1.0)
        for rows, rate in waves
    ]
    message = parse(build_oru(name, "1", start_at, made))
    talk.name_yourself(message)
    return [item for item in talk.items(message, NOON) if isinstance(item, Block)]


def test_a_lead_that_is_left_out_for_a_while_changes_no_stream() -> None:
    talk = MonitorTalk(ADDRESS, Sources())
    (whole,) = sent(talk, 0.0, (channels("I", "II"), 500))
    (less,) = sent(talk, 0.25, (channels("II"), 500))
    (again,) = sent(talk, 0.5, (channels("I", "II"), 500))
    assert whole.stream_id == less.stream_id == again.stream_id
    assert [whole.first_index, less.first_index, again.first_index] == [0, 125, 250]


def test_rates_that_change_or_differ_are_streams_of_their_own() -> None:
    talk = MonitorTalk(ADDRESS, Sources())
    ecg, chest = sent(talk, 0.0, (channels("I", "II"), 500), (channels("V1"), 250))
    (faster,) = sent(talk, 0.25, (channels("I", "II"), 1000))
    assert len({ecg.stream_id, chest.stream_id, faster.stream_id}) == 3
    assert ecg.stream_began_at == chest.stream_began_at == NOON


def test_several_measurements_in_one_message_keep_their_own_times() -> None:
    first = build_oru("M", "1", NOON, [(Wave(NOON, Fraction(100), channels("II"), np.zeros((1, 25), np.float32)), 1.0)])
    later = NOON + timedelta(seconds=0.25)
    second = build_oru(
        "M", "1", later, [(Wave(later, Fraction(100), channels("II"), np.ones((1, 25), np.float32)), 1.0)]
    )
    both = first + b"\r".join(second.split(b"\r")[1:])
    talk = MonitorTalk(ADDRESS, Sources())
    blocks = [item for item in talk.items(parse(both), NOON) if isinstance(item, Block)]
    assert [(block.first_index, float(block.samples[0, 0])) for block in blocks] == [(0, 0.0), (25, 1.0)]


def test_numbers_come_even_when_a_wave_beside_them_cannot_be_right() -> None:
    talk = MonitorTalk(ADDRESS, Sources())
    message = parse(
        b"MSH|^~\\&|M||||20260305||ORU^R01|7|P|2.6\rOBX|1|NA|1^X^MDC|1.1.1.1|a^b\rOBX|2|NM|0^MDC_TEMP^MDC|1|36.6|Cel\r"
    )
    items = talk.items(message, NOON)
    numbers = next(items)
    assert isinstance(numbers, Numerics)
    assert set(numbers.values) == {"MDC_TEMP"}
    with pytest.raises(DeviceError):
        next(items)


def test_channels_without_end_are_refused() -> None:
    talk = MonitorTalk(ADDRESS, Sources())
    for rate in range(100, 100 + 64 * 4, 4):
        sent(talk, 0.0, (channels("II"), rate))
    with pytest.raises(DeviceError):
        sent(talk, 0.0, (channels("II"), 800))


def test_a_message_of_another_kind_is_named() -> None:
    talk = MonitorTalk(ADDRESS, Sources())
    with pytest.raises(DeviceError) as caught:
        next(talk.items(parse(b"MSH|^~\\&|M||||||ADT^A01|7|P|2.6\r"), NOON))
    assert "ADT^A01" in caught.value.text.render("kk")


def test_a_bed_that_connected_again_is_heard_and_its_hanging_connection_is_not() -> None:
    now = [100.0]
    sources = Sources(lambda: now[0])
    hanging, again = MonitorTalk(ADDRESS, sources), MonitorTalk(("192.168.1.5", 40002), sources)
    of_bed(hanging, "A", 60)
    now[0] += HANGING_S + 1
    block, *_ = of_bed(again, "A", 60, second=30.0)
    assert block.source == "GATE A"
    assert not hanging.is_current
    with pytest.raises(DeviceError):
        of_bed(hanging, "A", 60, second=0.25)


def test_a_silent_connection_that_names_no_bed_keeps_its_name_from_the_next_one_of_its_host() -> None:
    now = [100.0]
    sources = Sources(lambda: now[0])
    silent, second = MonitorTalk(ADDRESS, sources), MonitorTalk(("192.168.1.5", 40002), sources)
    sent(silent, 0.0, (channels("II"), 500))
    now[0] += 300
    (other,) = sent(second, 30.0, (channels("II"), 500))
    (first,) = sent(silent, 0.25, (channels("II"), 500))
    assert (first.source, other.source) == ("M", "M (192.168.1.5)")
    silent.leave()
    second.leave()  # and both come back, the other one first
    (other,) = sent(MonitorTalk(("192.168.1.5", 40003), sources), 60.0, (channels("II"), 500))
    (first,) = sent(MonitorTalk(("192.168.1.5", 40004), sources), 60.0, (channels("II"), 500))
    assert {first.source, other.source} & {"M", "M (192.168.1.5)"} == set()
    assert first.source != other.source


def test_a_device_that_renames_itself_never_takes_a_name_that_is_in_use() -> None:
    sources = Sources()
    ward, other = MonitorTalk(ADDRESS, sources), MonitorTalk(("192.168.1.6", 1), sources)
    sent(ward, 0.0, (channels("II"), 500), name="WARD")
    sent(other, 0.0, (channels("II"), 500), name="OTHER")
    (block,) = sent(other, 0.25, (channels("II"), 500), name="WARD")
    assert block.source == "WARD (192.168.1.6)"


def of_bed(talk: MonitorTalk, bed: str, rate: int, *, second: float = 0.0) -> list[Block | Numerics]:
    """Have a quarter of a second and a heart rate of one bed taken in."""
    at = NOON + timedelta(seconds=second)
    wave = Wave(at, Fraction(500), channels("II"), np.full((1, 125), rate, dtype=np.float32))
    said = build_oru("GATE", "1", at, [(wave, 1.0)], {"MDC_ECG_HEART_RATE": NumericValue(Decimal(rate), "/min")})
    header, rest = said.split(b"\r", 1)
    message = parse(header + f"\rPID|||{rate}\rPV1||I|{bed}\r".encode() + rest)
    talk.name_yourself(message)
    return [item for item in talk.items(message, NOON) if isinstance(item, Block | Numerics)]


def test_the_beds_behind_one_connection_never_become_one_trace() -> None:
    sources = Sources()
    talk = MonitorTalk(ADDRESS, sources)
    came: list[Block | Numerics] = []
    for quarter in range(4):
        for bed, rate in (("ICU^1^1", 60), ("ICU^1^2&a", 120)):
            came += of_bed(talk, bed, rate, second=quarter / 4)
            sources.note(talk.name, NOON, None)
    first, second = ([each for each in came if each.source == name] for name in ("GATE ICU-1-1", "GATE ICU-1-2-a"))
    assert len(first) == len(second) == 8
    for mine, rate in ((first, 60), (second, 120)):
        blocks = [each for each in mine if isinstance(each, Block)]
        assert [block.first_index for block in blocks] == [0, 125, 250, 375]
        assert {float(block.samples[0, 0]) for block in blocks} == {float(rate)}
        assert {each.values["MDC_ECG_HEART_RATE"].value for each in mine if isinstance(each, Numerics)} == {rate}
    assert [(each.name, each.is_connected) for each in sources.all()] == [
        (n, True) for n in (first[0].source, second[0].source)
    ]
    talk.leave()
    assert not any(each.is_connected for each in sources.all())


def test_beds_without_end_hold_no_more_names_than_there_are_beds() -> None:
    sources = Sources()
    talk, other = MonitorTalk(ADDRESS, sources), MonitorTalk(("192.168.1.6", 1), sources)
    for bed in range(MOST_BEDS + 1):
        of_bed(talk, f"B^{bed}", 60)
    assert of_bed(other, "B^0", 61)[0].source == "GATE B-0 (192.168.1.6)"
    assert len(talk._of) <= MOST_BEDS


def of_patient(
    talk: MonitorTalk, pid: str, second: float, bed: str = "", rate: int = 60
) -> list[Block | Numerics | Event]:
    """Have a quarter of a second of somebody taken in, as the PID segment names the person."""
    at = NOON + timedelta(seconds=second)
    wave = Wave(at, Fraction(500), channels("II"), np.full((1, 125), rate, dtype=np.float32))
    header, rest = build_oru("GATE", "1", at, [(wave, 1.0)]).split(b"\r", 1)
    segments = [f"PID|||{pid}"] * bool(pid) + [f"PV1||I|{bed}"] * bool(bed)
    message = parse(header + "".join(f"\r{each}" for each in segments).encode() + b"\r" + rest)
    talk.name_yourself(message)
    return [item for item in talk.items(message, NOON) if isinstance(item, Block | Numerics | Event)]


def test_beds_that_differ_only_by_the_patient_are_sources_of_their_own() -> None:
    talk = MonitorTalk(ADDRESS, Sources())
    wards: dict[str, list[Block]] = {}
    for quarter in range(8):
        for pid, rate in (("101^^^H^MR", 60), ("102^^^H^MR", 70), ("", 80), ("0||Иванов^Иван", 90), ("0||Петров", 99)):
            for item in of_patient(talk, pid, quarter / 4, rate=rate):
                assert isinstance(item, Block), "nobody went away: nothing is to be told"
                wards.setdefault(item.source, []).append(item)
    assert list(wards) == ["GATE 101-H-MR", "GATE 102-H-MR", "GATE", "GATE Иванов-Иван", "GATE Петров"]
    for blocks in wards.values():
        assert [block.first_index for block in blocks] == [125 * place for place in range(8)]
        assert len({float(block.samples[0, 0]) for block in blocks}) == 1


def test_the_number_is_enough_until_two_names_share_it() -> None:
    talk = MonitorTalk(ADDRESS, Sources())
    said = ("7||Anna", "7", "7||Anna", "7||Beth", "7||Anna", "7||Beth")
    sources = [of_patient(talk, pid, place / 4)[0].source for place, pid in enumerate(said)]
    assert sources == ["GATE 7", "GATE 7", "GATE 7", "GATE 7 Beth", "GATE 7", "GATE 7 Beth"]


def test_another_patient_at_a_bed_is_another_source_and_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("clinic_app.devices.hl7.monitor_talk.time.monotonic", lambda: now[0])
    for bed, before, after in (("A^1", "GATE A-1", "GATE A-1 102"), ("", "GATE 101", "GATE 102")):
        talk = MonitorTalk(ADDRESS, Sources())
        came: list[Block | Numerics | Event] = []
        for quarter in range(60):
            now[0] += 0.25
            came += of_patient(talk, "101" if quarter < 20 else "102", quarter / 4, bed, rate=60 + (quarter >= 20))
        blocks = [item for item in came if isinstance(item, Block)]
        assert {(block.source, float(block.samples[0, 0])) for block in blocks} == {(before, 60.0), (after, 61.0)}
        (event,) = [item for item in came if isinstance(item, Event)]
        assert (event.kind, event.source) == (EventKind.ANOTHER_PATIENT, after)
        assert before in event.text.render("ru")


def test_what_names_nobody_belongs_to_the_one_patient_of_its_bed_and_to_nobody_in_a_ward() -> None:
    talk = MonitorTalk(ADDRESS, Sources())
    (first,), (second,) = of_patient(talk, "", 0.0, "A"), of_patient(talk, "101", 0.25, "A")
    (third,) = of_patient(talk, "", 0.5, "A")
    assert first.source == second.source == third.source == "GATE A"
    (other,), (nobody,) = of_patient(talk, "102", 0.75, "A"), of_patient(talk, "", 1.0, "A")
    assert (other.source, nobody.source) == ("GATE A 102", "GATE A ?")


def test_a_gateway_that_calls_again_gives_no_bed_the_name_of_another() -> None:
    sources = Sources()
    first = MonitorTalk(ADDRESS, sources)
    names = {pid: of_patient(first, pid, 0.0, "WARD")[0].source for pid in ("101", "102", "103")}
    first.leave()
    again = MonitorTalk(("192.168.1.5", 40002), sources)
    assert {pid: of_patient(again, pid, 30.0, "WARD")[0].source for pid in ("103", "102", "101")} == names


def test_a_message_of_several_patients_is_left_out() -> None:
    talk = MonitorTalk(ADDRESS, Sources())
    for segments in ("PV1||I|A\rOBR|1\rPV1||I|B", "PID|||1\rOBR|1\rPID|||2"):
        message = parse(
            f"MSH|^~\\&|M||||20260305||ORU^R01|7|P|2.6\r{segments}\rOBX|2|NM|0^MDC_TEMP^MDC|1|36.6|Cel\r".encode()
        )
        talk.name_yourself(message)
        with pytest.raises(DeviceError, match="several"):
            next(talk.items(message, NOON))
