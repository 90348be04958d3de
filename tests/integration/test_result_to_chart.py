"""The whole way of a result: an analyser calls a real workstation, a nurse files what waits, the chart has it."""

from __future__ import annotations

import socket
import time
from pathlib import Path

from clinic_app.devices import DeviceConfig, Health
from clinic_app.devices.simulators.__main__ import astm_message
from clinic_app.devices.simulators.analysers import AnalyserPlayer
from clinic_app.devices.tcp import call
from clinic_app.registration import PatientForm
from clinic_app.registration.iin import check_digit
from clinic_app.settings import Settings, load_settings, save_settings
from clinic_app.workstation import build_workstation
from tests.helpers.waiting import wait_until

PASSWORD = "steppe-wind-7"
IIN = f"64030540012{check_digit('64030540012')}"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _send(port: int, message: bytes) -> None:
    """Let an analyser call and send one message to its end."""
    player, line = AnalyserPlayer([message], rest_s=0.0), call("127.0.0.1", port)
    player.begin(time.monotonic())
    heard, end_s = b"", time.monotonic() + 20.0
    while player.left and time.monotonic() < end_s:
        said = player.step(heard, time.monotonic())
        if said:
            line.write(said)
        heard = line.read(4096, 0.02)
    line.close()
    assert not player.left, "the workstation did not take it"


def test_what_an_analyser_sends_is_on_the_chart_after_a_nurse_has_filed_it(tmp_path: Path) -> None:
    save_settings(Settings(tmp_path, {"key_storage": "file", "monitor_port": 0}))
    station = build_workstation(load_settings(tmp_path))
    try:
        station.set_up("Ырғыз АА", "Ахметова Айгүл", "admin", PASSWORD)
        administrator = station.people.sign_in("admin", PASSWORD)
        station.people.add(administrator, "nurse", PASSWORD, "Омарова Әсем", "nurse")
        nurse = station.people.sign_in("nurse", PASSWORD)
        form = PatientForm(family="Әлібекқызы", given="Гүлнұр", birth_date="05.03.1964", gender="female", iin=IIN)
        patient = station.registration.register(nurse, form)
        port = _free_port()
        options = {"host": "127.0.0.1", "port": port, "specimen": "serum"}
        station.devices.add(administrator, DeviceConfig("Анализатор", "astm", "tcp-server", options))
        wait_until(lambda: station.devices.states()[0].health is Health.WAITING)
        _send(port, astm_message("S-1", IIN, "Әлібекқызы^Гүлнұр", "7.9"))
        assert station.result_inbox.count() == 1, "kept before it was acknowledged"
        assert station.encounters.laboratory(nurse, patient.id) == ()
    finally:
        station.close()
    station = build_workstation(load_settings(tmp_path))
    try:
        nurse = station.people.sign_in("nurse", PASSWORD)
        wait_until(lambda: station.devices.states()[0].health is Health.WAITING)
        _send(port, astm_message("S-1", "", "", "7.9"))
        waiting = station.result_inbox.waiting(nurse)
        (named,) = (each for each in waiting if each.matches)
        station.result_inbox.confirm(nurse, named.sheet.ids, named.matches[0].patient.id)
        (found,) = station.encounters.laboratory(nurse, patient.id)
        assert found.value_quantity is not None
        assert str(found.value_quantity.value) == "7.9"
        assert station.result_inbox.count() == 1, "the one without a number is still nobody's"
    finally:
        station.close()
