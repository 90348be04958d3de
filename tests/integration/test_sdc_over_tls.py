"""SDC for real: our provider and our consumer over TCP with mutual TLS; a real ECG arrives sample for sample."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from clinic_app.devices import Block, Event, EventKind, Health, Numerics
from clinic_app.devices.link import DeviceLink
from clinic_app.devices.replay import Replay, load_ecg, simulated_pleth
from clinic_app.devices.sdc.consumer import SdcDriver
from clinic_app.devices.sdc.provider import SdcProviderSimulator
from clinic_app.devices.sdc.tls import Papers, contexts
from clinic_app.foundation.errors import DeviceError
from clinic_app.waveforms import LiveTraces
from tests.helpers.certificates import authority
from tests.helpers.device_lines import NotingLine
from tests.helpers.waiting import wait_until


@dataclass
class Ward:
    """A device at its address, its recording, and papers for whoever calls it."""

    simulator: SdcProviderSimulator
    ecg: Replay
    ours: Papers
    strangers: Papers
    fingerprint: str


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Iterator[Ward]:
    hospital, elsewhere = (authority(tmp_path_factory.mktemp(name)) for name in ("hospital", "elsewhere"))
    device, desk, stranger = hospital.signed("device"), hospital.signed("desk"), elsewhere.signed("stranger")
    ecg = load_ecg(shared_data / "waveforms" / "dicom" / "waveform_ecg.dcm")
    papers = Papers(device.key, device.certificate, hospital.certificate)
    made = SdcProviderSimulator((ecg, simulated_pleth(ecg)), papers)
    made.start()
    yield Ward(
        made,
        ecg,
        Papers(desk.key, desk.certificate, hospital.certificate),
        Papers(stranger.key, stranger.certificate, hospital.certificate),
        device.fingerprint,
    )
    made.stop()


def test_a_real_ecg_arrives_sample_for_sample_and_a_pulled_cable_is_a_gap(ward: Ward) -> None:
    traces, items = LiveTraces(), list[object]()

    def take(item: object) -> None:
        items.append(item)
        if isinstance(item, Block | Numerics):
            traces.take_in(item)

    driver = SdcDriver(lambda stopping: ward.simulator.address, ward.ours, ward.fingerprint)
    link = DeviceLink("SDC", "sdc", driver, take)
    link.start()
    try:
        wait_until(lambda: traces.streams() and traces.streams()[0].end_index() >= 500, 30)
        ward.simulator.is_losing = True
        wait_until(lambda: _has_rested(link, items), 10)
        before = traces.streams()[0].end_index()
        ward.simulator.is_losing = False
        wait_until(lambda: traces.streams()[0].end_index() >= before + 800, 30)
        ecg = traces.streams()[0]
        received = ecg.read(0, ecg.end_index())
        assert link.state.health is Health.FINE
        wait_until(lambda: traces.numbers().get("MDC_ECG_HEART_RATE"), 10)
        assert traces.numbers()["MDC_ECG_HEART_RATE"].value > 30
    finally:
        ward.simulator.is_losing = False
        link.stop()
    assert len(ecg.channels) == 12
    before_gap, after_gap = _pieces(received)
    for first, last in (before_gap, after_gap):
        place = _place_of(received[1, first:last], ward.ecg.samples[1])
        expected = ward.ecg.cut(place, last - first)
        np.testing.assert_allclose(received[:, first:last], expected, rtol=1e-5, atol=0.01)
    shift = _place_of(received[1, after_gap[0] :], ward.ecg.samples[1]) - after_gap[0]
    shift -= _place_of(received[1], ward.ecg.samples[1])
    length = ward.ecg.samples.shape[1]
    assert min(shift % length, -shift % length) <= 1, "a time in milliseconds tells a gap at 1000 Hz to one sample"
    assert [item.kind for item in items if isinstance(item, Event)] == [EventKind.CONNECTED]


def test_a_consumer_that_answers_nonsense_does_not_stop_the_device(
    ward: Ward, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Seen under load: a consumer that went away answered a report with nothing where a packed answer was due."""
    send, failed = ward.simulator._send_waves, list[int]()

    def sending(begun_at: float, place: int) -> None:
        if not failed:
            failed.append(place)
            zlib.decompress(b"", 16 + zlib.MAX_WBITS)
        send(begun_at, place)

    monkeypatch.setattr(ward.simulator, "_send_waves", sending)
    wait_until(lambda: failed)
    before = ward.simulator.sent[0]
    wait_until(lambda: ward.simulator.sent[0] > before)
    assert "met a fault" in caplog.text


@pytest.mark.parametrize("kind", ["stranger", "pinned"])
def test_whoever_cannot_prove_himself_gets_nothing(ward: Ward, kind: str) -> None:
    papers, pin = (ward.strangers, "") if kind == "stranger" else (ward.ours, "ab" * 32)
    line = NotingLine()
    with pytest.raises(DeviceError):
        SdcDriver(lambda stopping: ward.simulator.address, papers, pin).run(line, threading.Event())
    assert line.told == []


@pytest.mark.parametrize("address", ["https://127.0.0.1:9/x", "http:/", "nowhere"])
def test_an_address_where_nobody_is_is_a_sentence(ward: Ward, address: str) -> None:
    with pytest.raises(DeviceError) as caught:
        SdcDriver(lambda stopping: address, ward.ours).run(NotingLine(), threading.Event())
    assert caught.value.text.render("kk")


def test_papers_that_are_none_are_a_sentence(tmp_path: Path, ward: Ward) -> None:
    (tmp_path / "key.pem").write_text("no key", encoding="utf-8")
    for key in (tmp_path / "key.pem", tmp_path / "missing.pem"):
        with pytest.raises(DeviceError):
            contexts(Papers(key, ward.ours.certificate, ward.ours.authority))


def _has_rested(link: DeviceLink, items: list[object]) -> bool:
    """Whether no wave came for a while."""
    newest = max(item.monotonic_s for item in items if isinstance(item, Block))
    return link.now().monotonic_s - newest > 0.4


def _pieces(received: np.ndarray) -> list[tuple[int, int]]:
    """Return where samples are, from and to, piece by piece."""
    there = np.concatenate(([False], ~np.isnan(received[0]), [False]))
    edges = np.flatnonzero(there[1:] != there[:-1])
    return [(int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)]


def _place_of(received: np.ndarray, loop: np.ndarray) -> int:
    """Return where in the loop the first hundred received samples are."""
    return int(np.argmin([np.abs(np.roll(loop, -shift)[:100] - received[:100]).max() for shift in range(len(loop))]))
