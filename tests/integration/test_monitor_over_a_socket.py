"""A monitor calls over a real socket: the simulator's own process, and peers nobody would want."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest

from clinic_app.devices import Block, MonitorListener, Numerics
from clinic_app.devices.hl7.mllp import frame
from clinic_app.devices.hl7.monitor_listener import MOST_CONNECTIONS
from clinic_app.devices.replay import load_ecg
from clinic_app.foundation.errors import DeviceError
from clinic_app.waveforms import LiveTraces
from tests.helpers.waiting import wait_until

ROOT = Path(__file__).parents[2]


@pytest.fixture
def listener() -> Iterator[MonitorListener]:
    made = MonitorListener("127.0.0.1", 0, silence_s=5, message_s=0.5)
    made.start()
    yield made
    made.stop()


def test_a_real_recording_arrives_sample_for_sample(listener: MonitorListener) -> None:
    traces = LiveTraces()
    listener.subscribe(traces.take_in)
    with _Simulator(listener.port):
        wait_until(lambda: traces.streams() and traces.streams()[0].end_index() >= 3000 and traces.numbers(), 30)
        ecg = next(stream for stream in traces.streams() if len(stream.channels) == 12)
        received = ecg.read(0, 3000)
        assert traces.numbers()["MDC_ECG_HEART_RATE"].value > 30
        assert {channel.code for channel in traces.channels()} >= {"MDC_ECG_LEAD_V6", "MDC_PULS_OXIM_PLETH"}
        assert listener.sources()[0].is_connected
    from pydicom.data import get_testdata_file

    original = load_ecg(Path(str(get_testdata_file("waveform_ecg.dcm", download=False))))
    assert not np.isnan(received).any()
    np.testing.assert_allclose(received, original.cut(0, 3000), atol=0.01)
    wait_until(lambda: not listener.sources()[0].is_connected, 10)


def test_what_is_no_hl7_closes_only_its_own_connection(listener: MonitorListener) -> None:
    blocks: list[Block | Numerics] = []
    listener.subscribe(blocks.append)
    with socket.create_connection(("127.0.0.1", listener.port)) as stranger:
        stranger.sendall(frame(b"GET / HTTP/1.1"))
        assert stranger.recv(100) == b""
    wait_until(lambda: any(source.last_error for source in listener.sources()), 10)
    with _Simulator(listener.port):
        wait_until(lambda: len(blocks) > 3, 30)


def test_a_peer_that_never_ends_its_message_is_closed(listener: MonitorListener) -> None:
    with socket.create_connection(("127.0.0.1", listener.port)) as slow:
        slow.sendall(b"\x0bMSH|")
        slow.settimeout(10)
        assert slow.recv(100) == b""


@pytest.mark.parametrize("is_numbered", [True, False])
def test_a_lost_second_of_a_monitor_that_stamps_whole_seconds_is_a_gap(
    listener: MonitorListener, is_numbered: bool
) -> None:
    blocks: list[Block] = []
    listener.subscribe(blocks.append, Block)
    with socket.create_connection(("127.0.0.1", listener.port)) as monitor:
        monitor.settimeout(10)
        for second in [*range(30), *range(31, 60)]:
            monitor.sendall(frame(_whole_second(second, str(second) if is_numbered else "1")))
            assert b"MSA|AA" in monitor.recv(4096)
    wait_until(lambda: len(blocks) == 59, 10)
    assert {block.stream_id for block in blocks} == {blocks[0].stream_id}
    assert [block.first_index for block in blocks] == [250 * n for n in (*range(30), *range(31, 60))]
    assert blocks[-1].first_index + 250 == 15_000
    assert [float(block.samples[0, 0]) for block in blocks] == [*range(30), *range(31, 60)]


def test_the_beds_of_a_gateway_that_names_only_patients_never_mix_and_never_swap(listener: MonitorListener) -> None:
    blocks: list[Block] = []
    listener.subscribe(blocks.append, Block)
    for order in ((7, 8, 9), (9, 7, 8), (8, 9, 7)):  # it calls again, and another bed is the first
        with socket.create_connection(("127.0.0.1", listener.port)) as gateway:
            gateway.settimeout(10)
            for quarter in range(4):
                for patient in order:
                    said = _whole_second(quarter, "1", value=patient).replace(
                        b"\rOBR|", f"\rPID|1||{patient}^^^H\rOBR|".encode(), 1
                    )
                    gateway.sendall(frame(said))
                    assert b"MSA|AA" in gateway.recv(4096)
        wait_until(lambda: not any(state.is_connected for state in listener.sources()), 10, "its end is noticed")
    wait_until(lambda: len(blocks) == 36, 10)
    assert {(block.source, float(block.samples[0, 0])) for block in blocks} == {
        (f"M {n}-H", float(n)) for n in (7, 8, 9)
    }
    assert {state.name for state in listener.sources()} == {"M 7-H", "M 8-H", "M 9-H"}


def test_a_bed_in_doubt_is_handed_on_while_the_others_of_its_gateway_go_on(
    listener: MonitorListener, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks: list[Block] = []
    listener.subscribe(blocks.append, Block)
    now_s = [1000.0]
    monkeypatch.setattr("clinic_app.devices.hl7.monitor_talk.time.monotonic", lambda: now_s[0])

    def said(second: int, bed: str) -> bytes:
        return frame(_whole_second(second, "1").replace(b"\rOBR|", f"\rPV1|1|I|{bed}\rOBR|".encode(), 1))

    with socket.create_connection(("127.0.0.1", listener.port)) as gateway:
        gateway.settimeout(10)
        for second in range(45):
            now_s[0] += 1.0
            for bed in ("A", "B") if second < 20 else ("A",) if second == 22 else ("B",):
                gateway.sendall(said(second, bed))
                assert b"MSA|AA" in gateway.recv(4096)
        held = [block.first_index for block in blocks if block.source == "M A"]
        assert held == [250 * second for second in (*range(20), 22)]


def _whole_second(second: int, control_id: str, value: int | None = None) -> bytes:
    """Return a second of a lead whose samples are all one number, with a stamp without a fraction."""
    lines = (
        f"MSH|^~\\&|M||||||ORU^R01^ORU_R01|{control_id}|P|2.6",
        f"OBR|1||||||202603051200{second:02d}",
        f"OBX||NA|131330^MDC_ECG_LEAD_II^MDC|1.1.1|{'^'.join([str(second if value is None else value)] * 250)}||||||R",
        "OBX||NM|67982^MDC_ATTR_SAMP_RATE^MDC|1.1.1.1|250|/s|||||R",
        "OBX||NM|67983^MDC_ATTR_NU_MSMT_RES^MDC|1.1.1.2|1|uV|||||R",
    )
    return ("\r".join(lines) + "\r").encode()


def test_a_wave_that_cannot_be_right_is_answered_with_ae_and_the_talk_goes_on(listener: MonitorListener) -> None:
    bad = b"MSH|^~\\&|M||||||ORU^R01^ORU_R01|7|P|2.6\rOBR|1||||||20260101000000\rOBX|1|NA|1^X^MDC|1.1.1.1|a^b\r"
    good = b"MSH|^~\\&|M||||||ORU^R01^ORU_R01|8|P|2.6\rOBX|1|NM|0^MDC_TEMP^MDC|1|36.6|Cel\r"
    with socket.create_connection(("127.0.0.1", listener.port)) as monitor:
        monitor.settimeout(10)
        monitor.sendall(frame(bad))
        assert b"MSA|AE|7" in monitor.recv(4096)
        monitor.sendall(frame(good))
        assert b"MSA|AA|8" in monitor.recv(4096)


def test_a_port_that_is_taken_is_said_in_a_sentence(listener: MonitorListener) -> None:
    second = MonitorListener("127.0.0.1", listener.port)
    with pytest.raises(DeviceError) as caught:
        second.start()
    assert str(listener.port) in caught.value.text.render("ru")


def _talk_of(name: str, stamp: str = "20260305120000.0000") -> bytes:
    return (
        f"MSH|^~\\&|{name}||||{stamp}||ORU^R01^ORU_R01|8|P|2.6\rOBR|1||||||{stamp}\r"
        f"OBX|1|NA|1^MDC_ECG_LEAD_II^MDC|1.1.1.1|1^2^3\rOBX|2|NM|67982^MDC_ATTR_SAMP_RATE^MDC|1.1.1.1.1|500|/s\r"
        f"OBX|3|NM|0^MDC_TEMP^MDC|1|36.6|Cel\r"
    ).encode()


def test_two_monitors_of_one_name_never_mix(listener: MonitorListener) -> None:
    traces = LiveTraces()
    listener.subscribe(traces.take_in)
    with _called(listener) as one, _called(listener) as other:
        for monitor in (one, other, one):
            monitor.sendall(frame(_talk_of("BENEVIEW")))
            assert b"MSA|AA|8" in monitor.recv(4096)
        assert len(traces.sources()) == 2
        assert all(len(traces.numbers(source)) == 1 for source in traces.sources())
    wait_until(lambda: not any(state.is_connected for state in listener.sources()), 10)


def test_noise_that_never_becomes_a_message_is_not_listened_to_for_ever() -> None:
    impatient = MonitorListener("127.0.0.1", 0, silence_s=0.5, message_s=0.5)
    impatient.start()
    try:
        with _called(impatient) as noisy:
            wait_until(lambda: _is_closed_after(noisy, b"noise"), 10)
        assert impatient.sources() == ()
    finally:
        impatient.stop()


def test_a_message_that_grows_without_end_is_cut_off(listener: MonitorListener) -> None:
    with _called(listener) as endless:
        wait_until(lambda: _is_closed_after(endless, b"\x0b" + b"x" * 300_000), 10)
    wait_until(lambda: any(source.last_error for source in listener.sources()), 10)


def test_half_a_message_that_is_never_finished_leaves_nothing(listener: MonitorListener) -> None:
    heard: list[Block | Numerics] = []
    listener.subscribe(heard.append)
    whole = frame(_talk_of("M"))
    with _called(listener) as cut:
        cut.sendall(whole[: len(whole) // 2])
    with _called(listener) as after:
        after.sendall(whole[: len(whole) // 2])
        after.sendall(whole[len(whole) // 2 :])
        assert b"MSA|AA|8" in after.recv(4096)
    assert len(heard) == 2


def test_more_connections_than_there_are_beds_are_turned_away_and_the_others_go_on(listener: MonitorListener) -> None:
    with ExitStack() as open_ones:
        first = open_ones.enter_context(_called(listener))
        first.sendall(frame(_talk_of("FIRST")))
        assert b"MSA|AA" in first.recv(4096)
        crowd = [open_ones.enter_context(_called(listener)) for _ in range(MOST_CONNECTIONS + 4)]
        turned_away = [each for each in crowd[-4:] if _answer(each) == b""]
        assert turned_away
        first.sendall(frame(_talk_of("FIRST")))
        assert b"MSA|AA" in first.recv(4096)


def test_a_pulled_cable_is_a_gap_and_the_trace_goes_on_where_it_belongs(listener: MonitorListener) -> None:
    traces = LiveTraces()
    listener.subscribe(traces.take_in)
    with _called(listener) as monitor:
        for second in ("00.0000", "00.0060", "02.0000"):
            monitor.sendall(frame(_talk_of("M", f"202603051200{second}")))
            assert b"MSA|AA" in monitor.recv(4096)
    (stream,) = traces.streams()
    read = stream.read(0, stream.end_index())[0]
    assert len(read) == pytest.approx(1003, abs=1)
    assert np.isfinite(read[:6]).all()
    assert np.isnan(read[6:-3]).all()
    assert np.isfinite(read[-3:]).all()


def test_a_monitor_that_calls_again_goes_on_with_its_trace(listener: MonitorListener) -> None:
    traces = LiveTraces()
    listener.subscribe(traces.take_in)
    for second in ("00.0000", "02.0000"):
        with _called(listener) as monitor:
            monitor.sendall(frame(_talk_of("M", f"202603051200{second}")))
            assert b"MSA|AA" in monitor.recv(4096)
        wait_until(lambda: not any(source.is_connected for source in listener.sources()))
    (stream,) = traces.streams()
    read = stream.read(0, stream.end_index())[0]
    assert len(read) == 1003
    assert np.isnan(read[3:1000]).all()


def test_the_simulator_waits_for_a_workstation_and_finds_it_again() -> None:
    first = MonitorListener("127.0.0.1", 0)
    first.start()
    port = first.port
    with _Simulator(port):
        wait_until(lambda: any(state.is_connected for state in first.sources()), 30)
        first.stop()
        second = MonitorListener("127.0.0.1", port)
        second.start()
        try:
            wait_until(lambda: any(state.is_connected for state in second.sources()), 30)
        finally:
            second.stop()


@contextmanager
def _called(listener: MonitorListener) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", listener.port), timeout=10) as connection:
        yield connection


def _answer(connection: socket.socket) -> bytes:
    connection.settimeout(2)
    try:
        return connection.recv(1)
    except ConnectionError:
        return b""
    except TimeoutError:
        return b"open"


def _is_closed_after(connection: socket.socket, data: bytes) -> bool:
    """Send once more; return whether the other side has closed."""
    connection.settimeout(0.01)
    try:
        connection.sendall(data)
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


class _Simulator:
    """The simulator in a process of its own, ended with the block."""

    def __init__(self, port: int) -> None:
        self._port = port

    def __enter__(self) -> None:
        command = [sys.executable, "-m", "clinic_app.devices.hl7.monitor_simulator", "--port", str(self._port)]
        self._process = subprocess.Popen(command, cwd=ROOT)

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)
