"""A monitor calls over a real socket: the simulator's own process, and peers nobody would want."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from clinic_app.devices import Block, MonitorListener, Numerics
from clinic_app.devices.mllp import frame
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


class _Simulator:
    """The simulator in a process of its own, ended with the block."""

    def __init__(self, port: int) -> None:
        self._port = port

    def __enter__(self) -> None:
        command = [sys.executable, "-m", "clinic_app.devices.monitor_simulator", "--port", str(self._port)]
        self._process = subprocess.Popen(command, cwd=ROOT)

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)
