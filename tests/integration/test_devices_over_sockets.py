"""Devices over real sockets, as they are configured: calling and called, gone and back, tried out, kept in the file."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from types import MappingProxyType

import pytest

from clinic_app.devices import Block, DeviceConfig, Devices, Event, Numerics
from clinic_app.devices import families as table
from clinic_app.devices.driver import Family, OptionValue
from clinic_app.devices.hl7.monitor_simulator import NUMBERS, MonitorSimulator, play
from clinic_app.devices.link import Health
from clinic_app.devices.replay import load_ecg
from clinic_app.devices.tcp import MOST_CALLERS
from clinic_app.foundation.errors import InvalidInputError, NotAllowedError
from clinic_app.foundation.texts import Text
from tests.helpers.device_lines import PulseParser, arrival
from tests.helpers.waiting import wait_until
from tests.helpers.wards import Ward, ward


def _make(name: str, options: Mapping[str, OptionValue]) -> PulseParser:
    return PulseParser(name)


PULSE = Family("pulse", Text("Its own"), ("tcp-client", "tcp-server"), make_parser=_make)


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    folder = tmp_path_factory.mktemp("ward")
    (folder / "empty").mkdir()
    with ward(folder) as made:
        yield made


class Desk:
    """A workstation's devices, what they delivered, and what was written to the file."""

    def __init__(self, clinic: Ward, configs: Sequence[DeviceConfig] = ()) -> None:
        self.kept: list[Sequence[DeviceConfig]] = []
        self.items: list[object] = []
        self.devices = Devices(configs, self.kept.append, clinic.station.registration._trail)
        self.devices.subscribe(self.items.append, Block, Numerics)
        self.devices.start()
        self.admin = clinic.session("administrator")

    @property
    def pulses(self) -> list[int]:
        return [int(item.values["MDC_PULS_RATE"].value) for item in self.items if isinstance(item, Numerics)]


@pytest.fixture
def desk(clinic: Ward, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(table, "FAMILIES", MappingProxyType({**table.FAMILIES, "pulse": PULSE}))
    made = Desk(clinic)
    yield made
    made.devices.stop()


@contextmanager
def device() -> Iterator[socket.socket]:
    """A device that waits to be called."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.settimeout(10)
        yield server


def called(server: socket.socket, name: str = "BED-1", **more: object) -> DeviceConfig:
    port = server.getsockname()[1]
    return DeviceConfig(name, "pulse", "tcp-client", {"host": "127.0.0.1", "port": port}, **more)  # type: ignore[arg-type]


def calling(port: int, name: str = "BED-2") -> DeviceConfig:
    return DeviceConfig(name, "pulse", "tcp-server", {"host": "127.0.0.1", "port": port})


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return int(server.getsockname()[1])


def test_a_device_that_is_called_delivers_and_is_called_again_when_it_goes(desk: Desk) -> None:
    with device() as server:
        desk.devices.add(desk.admin, called(server))
        for pulse in (61, 62):
            connection, _ = server.accept()
            with closing(connection):
                assert connection.recv(100) == b"hello\n"
                connection.sendall(b"%d\n" % pulse)
                assert connection.recv(100) == b"+"
    assert desk.pulses == [61, 62]
    (state,) = desk.devices.states()
    assert (state.name, state.connects, state.bytes) == ("BED-1", 2, 6)
    assert [config.name for config in desk.kept[-1]] == ["BED-1"]


def test_devices_that_call_are_served_side_by_side(desk: Desk) -> None:
    port = free_port()
    desk.devices.add(desk.admin, calling(port))
    wait_until(lambda: desk.devices.states()[0].health is Health.WAITING)
    with _call(port) as first, _call(port) as second:
        first.sendall(b"61\n")
        second.sendall(b"62\n")
        wait_until(lambda: sorted(desk.pulses) == [61, 62])
        assert desk.devices.states()[0].is_connected
    wait_until(lambda: not desk.devices.states()[0].is_connected)
    assert desk.devices.states()[0].errors is None


def test_a_caller_that_breaks_or_finds_a_fault_takes_nobody_along(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    desk.devices.add(desk.admin, calling(port))
    wait_until(lambda: desk.devices.states()[0].health is Health.WAITING)
    with _call(port) as good, _call(port) as bad:
        bad.sendall(b"fault\n")
        bad.settimeout(10)
        while bad.recv(100):
            pass
        wait_until(lambda: desk.devices.states()[0].errors is not None)
        good.sendall(b"63\n")
        wait_until(lambda: desk.pulses == [63])
    assert "ZeroDivisionError" in caplog.text


def test_more_callers_than_there_are_places_are_turned_away(desk: Desk) -> None:
    port = free_port()
    desk.devices.add(desk.admin, calling(port))
    wait_until(lambda: desk.devices.states()[0].health is Health.WAITING)
    callers = [socket.create_connection(("127.0.0.1", port)) for _ in range(MOST_CALLERS)]
    try:
        for caller in callers:
            caller.settimeout(10)
            assert caller.recv(10) == b"hello\n"
        with socket.create_connection(("127.0.0.1", port)) as one_more:
            one_more.settimeout(10)
            assert one_more.recv(10) == b""
    finally:
        for caller in callers:
            caller.close()


def test_a_port_that_is_taken_is_said_in_a_sentence(desk: Desk) -> None:
    with device() as server:
        desk.devices.add(desk.admin, calling(server.getsockname()[1]))
        state = wait_until(lambda: desk.devices.states()[0].errors and desk.devices.states()[0])
        assert state.health is Health.FAILING
        assert "127.0.0.1" in state.errors.render("ru")


def test_a_configuration_is_tried_out_and_delivers_to_nobody(desk: Desk) -> None:
    with device() as server:
        config = called(server)
        thread = threading.Thread(target=_answer_once, args=(server, b"64\n"))
        thread.start()
        trial = desk.devices.test(desk.admin, config, 0.5)
        thread.join()
    numbers = [item for item in trial.items if isinstance(item, Numerics)]
    assert len(numbers) == 1
    assert any(isinstance(item, Event) for item in trial.items)
    assert desk.pulses == []
    assert desk.devices.configs() == ()
    assert desk.kept == []


def test_a_device_can_be_changed_renamed_turned_off_and_removed(desk: Desk) -> None:
    with device() as one, device() as other:
        desk.devices.add(desk.admin, called(one))
        desk.devices.add(desk.admin, called(other, "BED-9"))
        with pytest.raises(InvalidInputError):
            desk.devices.change(desk.admin, "BED-1", called(one, "BED-9"))
        with pytest.raises(InvalidInputError):
            desk.devices.add(desk.admin, called(one))
        desk.devices.change(desk.admin, "BED-1", called(one, "ICU", is_on=False))
        assert [(state.name, state.health is Health.OFF) for state in desk.devices.states()] == [
            ("ICU", True),
            ("BED-9", False),
        ]
        desk.devices.remove(desk.admin, "ICU")
        desk.devices.remove(desk.admin, "ICU")
    assert [config.name for config in desk.devices.configs()] == ["BED-9"]
    assert desk.devices.recent("ICU") == ()


@pytest.mark.parametrize(
    ("config", "field"),
    [
        (DeviceConfig(" ", "pulse", "tcp-server"), "name"),
        (DeviceConfig("A", "toaster", "tcp-server"), "family"),
        (DeviceConfig("A", "pulse", "serial"), "family"),
        (DeviceConfig("A", "pulse", "tcp-client", {"port": 5}), "host"),
        (DeviceConfig("A", "pulse", "tcp-client", {"host": "h", "port": 70_000}), "port"),
        (DeviceConfig("A", "pulse", "tcp-client", {"host": "h", "port": True}), "port"),
        (DeviceConfig("A", "pulse", "tcp-client", {"host": "h", "port": 5, "colour": "red"}), "colour"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(desk: Desk, config: DeviceConfig, field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        desk.devices.add(desk.admin, config)
    assert caught.value.field == field
    assert desk.devices.configs() == ()


def test_who_may_not_change_devices_changes_none(desk: Desk, clinic: Ward) -> None:
    with pytest.raises(NotAllowedError):
        desk.devices.add(clinic.session("nurse"), calling(free_port()))
    assert desk.kept == []


def test_what_the_file_says_wrongly_stays_in_the_file(clinic: Ward, caplog: pytest.LogCaptureFixture) -> None:
    wrong = DeviceConfig("OLD", "toaster", "usb", {"bread": 2})
    desk = Desk(clinic, (wrong,))
    try:
        assert desk.devices.configs() == ()
        assert "OLD" in caplog.text
        desk.devices.add(desk.admin, DeviceConfig("M", "hl7-monitors", "own", {"port": free_port()}, is_on=False))
        assert [config.name for config in desk.kept[-1]] == ["M", "OLD"]
    finally:
        desk.devices.stop()


def test_monitors_that_call_deliver_through_a_configured_device(desk: Desk, shared_data: Path) -> None:
    port = free_port()
    desk.devices.add(desk.admin, DeviceConfig("Ward", "hl7-monitors", "own", {"port": port}))
    wait_until(lambda: desk.devices.states()[0].health is Health.WAITING)
    ecg = load_ecg(shared_data / "waveforms" / "dicom" / "waveform_ecg.dcm")
    simulator = MonitorSimulator("M-7", (ecg,), NUMBERS)
    thread = threading.Thread(target=play, args=(simulator, "127.0.0.1", port), kwargs={"speed": 20, "messages": 8})
    thread.start()
    thread.join()
    blocks = [item for item in desk.items if isinstance(item, Block)]
    assert [block.first_index for block in blocks] == [number * 250 for number in range(8)]
    assert {block.source for block in blocks} == {"M-7"}


def test_a_monitor_that_calls_itself_like_a_device_here_goes_out_under_another_name(desk: Desk) -> None:
    port = free_port()
    desk.devices.add(desk.admin, calling(port, "M-7"))
    now = arrival()
    theirs = Numerics("M-7", {}, now.at, now.monotonic_s)
    desk.devices.take_in(theirs)
    wait_until(lambda: desk.devices.states()[0].health is Health.WAITING)
    with _call(port) as ours:
        ours.sendall(b"61\n")
        wait_until(lambda: len(desk.items) == 2)
    assert [item.source for item in desk.items if isinstance(item, Numerics)] == ["M-7 (HL7)", "M-7"]


@contextmanager
def _call(port: int) -> Iterator[socket.socket]:
    """Call, and wait for the greeting: the other side is there then."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as caller:
        assert caller.recv(10) == b"hello\n"
        yield caller


def _answer_once(server: socket.socket, data: bytes) -> None:
    connection, _ = server.accept()
    with closing(connection):
        connection.recv(100)
        connection.sendall(data)
        connection.recv(100)
