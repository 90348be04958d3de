"""One workstation as a whole: opened in order, closed in order, whatever stands in its way."""

from __future__ import annotations

import errno
import gc
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from clinic_app import workstation as module
from clinic_app.devices.hl7.mllp import frame
from clinic_app.encounters import VitalsForm
from clinic_app.foundation.clock import SystemClock
from clinic_app.foundation.errors import (
    ClinicError,
    ConflictError,
    DamagedError,
    KeyLockedError,
    NotFoundError,
    StorageError,
)
from clinic_app.registration import PatientForm
from clinic_app.settings import Settings, load_settings
from clinic_app.storage import one_instance
from clinic_app.sync import Failed, Succeeded
from clinic_app.workstation import Workstation, build_workstation, provision
from tests.helpers.hub_process import HubProcess
from tests.helpers.provisioning import DOCTOR, PASSWORD, files_of, free_port, provisioning_file
from tests.helpers.waiting import wait_until

FORM = PatientForm(family="Өмірзақов", given="Қайрат", birth_date="01.01.1985", gender="male")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The folder of a workstation that was set up with one doctor."""
    folder = tmp_path / "data"
    provision(folder, provisioning_file(tmp_path / "p.toml", facility={"hub_token": "t-1"}))
    return folder


@pytest.fixture
def silent_server() -> Iterator[int]:
    """A port that takes every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield int(server.getsockname()[1])


def opened(folder: Path, **values: str | int) -> Workstation:
    settings = load_settings(folder)
    return build_workstation(Settings(folder, {**settings.values, **values}))


def work_a_little(workstation: Workstation) -> str:
    """Sign in, register somebody, write vital signs; return the patient's id."""
    doctor = workstation.people.sign_in("doctor", PASSWORD)
    patient = workstation.registration.register(doctor, FORM)
    workstation.encounters.record_vitals(doctor, patient.id, VitalsForm(temperature="36,6"))
    return patient.id


def open_files(folder: Path) -> list[str]:
    """Return what this process holds open below ``folder``, where the system can tell."""
    if not sys.platform.startswith("linux"):
        return []
    targets = [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return [target for target in targets if target.startswith(str(folder))]


def test_opened_and_closed_nothing_runs_and_no_file_is_held(data: Path) -> None:
    before = set(threading.enumerate())
    workstation = opened(data, monitor_port=free_port(), hub_url="http://127.0.0.1:9")
    assert {thread.name for thread in set(threading.enumerate()) - before} >= {"monitor-listener", "sync"}
    assert open_files(data)
    workstation.close()
    assert set(threading.enumerate()) <= before
    assert open_files(data) == []
    assert not (data / "clinic.db-wal").exists() or (data / "clinic.db-wal").stat().st_size == 0


def test_closing_twice_is_closing_once(data: Path) -> None:
    workstation = opened(data)
    workstation.close()
    workstation.close()
    opened(data).close()


def test_it_is_closed_in_the_order_that_loses_nothing(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What writes stops first, then the store closes, and only then may another program have the folder."""
    order: list[str] = []

    def noting(kind: type, name: str) -> None:
        method = getattr(kind, name)

        def noted(self: object) -> None:
            order.append(kind.__name__)
            method(self)

        monkeypatch.setattr(kind, name, noted)

    noting(module.SyncService, "stop")
    noting(module.MonitorListener, "stop")
    noting(module.Store, "close")
    workstation = opened(data, monitor_port=free_port(), hub_url="http://127.0.0.1:9")
    monkeypatch.setattr(module.Store, "close", _while_held(data, module.Store.close))
    workstation.close()
    assert order == ["SyncService", "MonitorListener", "Store"]


def _while_held(folder: Path, close: object) -> object:
    def noted(self: object) -> None:
        with pytest.raises(StorageError), one_instance(folder):
            pass
        close(self)  # type: ignore[operator]

    return noted


@pytest.mark.parametrize("part", ["Referrals", "SyncService", "MonitorListener", "Registration", "Consultations"])
def test_a_fault_half_way_leaves_nothing_open(data: Path, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> NoReturn:
        raise RuntimeError(part)

    before = set(threading.enumerate())
    with monkeypatch.context() as patch:
        patch.setattr(module, part, broken)
        with pytest.raises(RuntimeError, match=part):
            opened(data, monitor_port=free_port(), hub_url="http://127.0.0.1:9")
    assert set(threading.enumerate()) <= before
    gc.collect()
    assert open_files(data) == []
    opened(data).close()


def test_a_second_program_is_told_that_the_first_one_runs(data: Path) -> None:
    first = opened(data)
    try:
        with pytest.raises(StorageError) as caught:
            opened(data)
        assert "already running" in str(caught.value)
        assert caught.value.text.render("kk") != caught.value.text.render("ru")
        work_a_little(first)
    finally:
        first.close()
    opened(data).close()


def test_two_workstations_stand_beside_one_another_in_their_own_folders(tmp_path: Path, data: Path) -> None:
    other = tmp_path / "other"
    provision(other, provisioning_file(tmp_path / "p.toml"))
    one, two = opened(data), opened(other)
    try:
        patient_id = work_a_little(one)
        session = two.people.sign_in("doctor", PASSWORD)
        assert two.registration.search(session, "") == ()
        with pytest.raises(NotFoundError):
            two.registration.get(session, patient_id)
    finally:
        one.close()
        two.close()


def test_a_monitor_port_that_is_taken_stops_monitors_and_nothing_else(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        workstation = opened(data, monitor_port=port)
        try:
            assert workstation.monitor_listener.port == 0
            assert f"127.0.0.1:{port}" in caplog.text
            assert work_a_little(workstation)
        finally:
            workstation.close()


@pytest.mark.parametrize("host", ["999.1.1.1", "no such host", "ж", "[", "a" * 70 + ".x", "192.0.2.1"])
def test_an_address_no_monitor_could_reach_stops_monitors_and_nothing_else(data: Path, host: str) -> None:
    workstation = opened(data, monitor_port=free_port(), monitor_host=host)
    try:
        assert workstation.monitor_listener.port == 0
        assert work_a_little(workstation)
    finally:
        workstation.close()


def test_a_monitor_that_hangs_on_does_not_keep_the_program_from_closing(data: Path) -> None:
    workstation = opened(data, monitor_port=free_port())
    with socket.create_connection(("127.0.0.1", workstation.monitor_listener.port)) as monitor:
        monitor.sendall(frame(b"MSH|^~\\&|half a")[:-3])
        wait_until(lambda: any(thread.name == "monitor" for thread in threading.enumerate()))
        workstation.close()
    assert not any(thread.name.startswith("monitor") for thread in threading.enumerate())


def test_monitors_off_means_that_nobody_listens(data: Path) -> None:
    workstation = opened(data)
    try:
        assert workstation.monitor_listener.port == 0
        assert not any(thread.name == "monitor-listener" for thread in threading.enumerate())
    finally:
        workstation.close()


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9", "nonsense", "http://[", "ftp://x", "http://127.0.0.1:99999", "http://a b", "//", "http://"],
)
def test_a_hub_that_cannot_be_reached_is_a_state_and_the_work_goes_on(data: Path, url: str) -> None:
    workstation = opened(data, hub_url=url)
    try:
        sync = workstation.sync
        assert sync is not None
        wait_until(lambda: isinstance(sync.state(), Failed), what="the failure to be told")
        before = sync.queue().records
        work_a_little(workstation)
        assert sync.queue().records >= before + 2
        state = sync.state()
        assert isinstance(state, Failed)
        assert state.reason.render("kk") != state.reason.render("en")
    finally:
        workstation.close()


def test_a_hub_that_says_nothing_does_not_keep_the_program_from_working_or_closing(
    data: Path, silent_server: int
) -> None:
    workstation = opened(data, hub_url=f"http://127.0.0.1:{silent_server}")
    try:
        assert work_a_little(workstation)
    finally:
        workstation.close()
    assert not any(thread.name == "sync" for thread in threading.enumerate())


@pytest.mark.parametrize(("url", "token"), [("", "t-1"), ("http://127.0.0.1:9", "")])
def test_without_address_or_token_it_stands_alone(tmp_path: Path, url: str, token: str) -> None:
    told = {"settings": {"hub_url": url}, "facility": {"hub_token": token}}
    provision(tmp_path / "data", provisioning_file(tmp_path / "p.toml", **told))
    workstation = opened(tmp_path / "data")
    try:
        assert workstation.sync is None
        assert work_a_little(workstation)
    finally:
        workstation.close()


def test_what_waited_while_the_hub_was_away_arrives_when_it_comes(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "hub") as hub:
        token = hub.enrol("org-yrgyz", "Ырғыз")
        facility = {"hub_token": token, "organization_id": "org-yrgyz"}
        told = {"hub_url": hub.url, "sync_interval_s": 1}
        provision(tmp_path / "data", provisioning_file(tmp_path / "p.toml", settings=told, facility=facility))
        hub.stop()
        workstation = opened(tmp_path / "data")
        try:
            sync = workstation.sync
            assert sync is not None
            wait_until(lambda: isinstance(sync.state(), Failed), what="the failure to be told")
            work_a_little(workstation)
            hub.start()
            sync.sync_now()
            wait_until(lambda: isinstance(sync.state(), Succeeded) and not sync.queue().records, 30, "an empty queue")
        finally:
            workstation.close()


def test_a_restart_forgets_nothing(data: Path) -> None:
    workstation = opened(data)
    patient_id = work_a_little(workstation)
    session = workstation.people.sign_in("doctor", PASSWORD)
    workstation.preferences.put(session, "theme", "dark")
    workstation.close()
    workstation = opened(data)
    try:
        session = workstation.people.sign_in("doctor", PASSWORD)
        assert [each.id for each in workstation.registration.search(session, "омирзаков")] == [patient_id]
        assert len(workstation.encounters.vitals(session, patient_id)) == 1
        assert workstation.preferences.get(session, "theme") == "dark"
        number = workstation.registration.register(session, FORM).identifier[0].value or ""
        assert number.endswith("-000002")
    finally:
        workstation.close()


def test_set_up_by_hand_happens_once(tmp_path: Path) -> None:
    workstation = build_workstation(Settings(tmp_path, {"key_storage": "file"}))
    try:
        assert workstation.people.is_empty()
        with pytest.raises(NotFoundError):
            workstation.people.sign_in("doctor", PASSWORD)
        workstation.set_up("Ырғыз АА", "Петров Сергей", "it", PASSWORD)
        assert workstation.people.sign_in("it", PASSWORD).role == "administrator"
        with pytest.raises(ConflictError):
            workstation.set_up("Other", "Other", "it2", PASSWORD)
    finally:
        workstation.close()


def test_set_up_by_hand_with_a_wrong_word_can_be_tried_again(tmp_path: Path) -> None:
    workstation = build_workstation(Settings(tmp_path, {"key_storage": "file"}))
    try:
        for wrong in (
            ("", "N", "it", PASSWORD),
            ("A", "", "it", PASSWORD),
            ("A", "N", "i t", PASSWORD),
            ("A", "N", "it", "x"),
        ):
            with pytest.raises(ClinicError):
                workstation.set_up(*wrong)
            assert workstation.people.is_empty()
        workstation.set_up("Ырғыз АА", "Петров Сергей", "it", PASSWORD)
    finally:
        workstation.close()


@pytest.mark.parametrize("damage", ["cut", "zeros", "foreign", "empty"])
def test_a_damaged_database_is_a_sentence_and_is_left_as_it_is(data: Path, damage: str) -> None:
    path = data / "clinic.db"
    whole = path.read_bytes()
    path.write_bytes(
        {
            "cut": whole[: len(whole) // 2 + 100],
            "zeros": whole[:100] + bytes(len(whole) - 100),
            "foreign": b"SQLite format 3\x00" + whole[16:],
            "empty": b"",
        }[damage]
    )
    before = files_of(data)
    with pytest.raises((DamagedError, KeyLockedError)) as caught:
        opened(data)
    assert caught.value.text.render("ru") != caught.value.text.render("en")
    assert open_files(data) == []
    assert files_of(data)["clinic.db"] == before["clinic.db"]
    assert files_of(data)["keys.json"] == before["keys.json"]
    path.write_bytes(whole)
    opened(data).close()


@pytest.mark.parametrize("gone", [("clinic.db",), ("keys.json", "keys.copy.json"), ("unsealed.key",)])
def test_a_part_that_is_gone_is_a_sentence_and_nothing_is_made_in_its_place(data: Path, gone: tuple[str, ...]) -> None:
    kept = {name: (data / name).read_bytes() for name in gone}
    for name in gone:
        (data / name).unlink()
    with pytest.raises((DamagedError, KeyLockedError)):
        opened(data)
    assert not any((data / name).exists() for name in gone if name != "clinic.db")
    for name, body in kept.items():
        (data / name).write_bytes(body)
    workstation = opened(data)
    try:
        assert workstation.people.sign_in("doctor", PASSWORD).name == DOCTOR["name"]
    finally:
        workstation.close()


def test_one_copy_of_the_key_file_is_enough(data: Path) -> None:
    (data / "keys.json").write_bytes(b"{")
    workstation = opened(data)
    workstation.close()


def test_a_folder_the_disk_refuses_is_a_sentence(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read-only for the user; root in a container would be let through, so the refusal is played."""

    def refused(*_: object, **__: object) -> NoReturn:
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", refused)
        with pytest.raises(StorageError, match="Permission denied"):
            build_workstation(Settings(data, {"key_storage": "file"}), SystemClock())
    opened(data).close()


def test_the_archives_of_the_settings_can_be_searched_and_a_wrong_one_stops_nobody(data: Path) -> None:
    with (data / "settings.toml").open("a", encoding="utf-8") as file:
        file.write(
            '\n[[dicom.peers]]\nname = "Big"\nae_title = "BIG"\nhost = "127.0.0.1"\nport = 4242\nuses = ["query"]\n'
            '[[dicom.peers]]\nname = "Room 4"\nae_title = "US4"\nuses = ["send"]\n'
            '[[dicomweb]]\nname = "Web"\nurl = "https://pacs.example/dw"\n'
            '[[dicomweb]]\nname = "Wrong"\nurl = "ftp://nowhere"\n'
        )
    station = build_workstation(load_settings(data))
    try:
        assert [(each.name, each.kind) for each in station.archives.lines()] == [("Big", "dicom"), ("Web", "web")]
    finally:
        station.close()
