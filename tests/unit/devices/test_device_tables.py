"""Devices in the settings file: written, read again, kept when another setting changes, refused when impossible."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic_app.devices import Block, DeviceConfig, Numerics, config_of, table_of
from clinic_app.devices.result import Result
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.settings import MONITOR_PORT, Settings, load_settings, save_settings, settings_from
from clinic_app.workstation import _keep_devices, _keep_hub_url, build_workstation
from tests.helpers.device_lines import MOMENT
from tests.helpers.waiting import wait_until

BED = DeviceConfig("Палата 1", "hl7-monitor", "tcp-client", {"host": "10.0.0.5", "port": 6661, "greeting": 'M|"\\r'})
OFF = DeviceConfig("Lesson", "replay", "own", {"file": "D:\\ecg.dcm", "is_looped": False}, is_on=False)
WORDS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)


def test_devices_are_read_from_the_file_as_they_were_written(tmp_path: Path) -> None:
    save_settings(Settings(tmp_path, {"monitor_port": 6661}, tuple(map(table_of, (BED, OFF)))))
    loaded = load_settings(tmp_path)
    assert tuple(map(config_of, loaded.devices)) == (BED, OFF)
    assert loaded[MONITOR_PORT] == 6661
    text = (tmp_path / "settings.toml").read_text(encoding="utf-8")
    assert text.count("[[devices]]") == 2
    assert "Палата 1" in text


def test_a_table_as_a_person_writes_it_is_a_device(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(
        '[[devices]]\nname = "BC"\nfamily = "astm"\ntransport = "serial"\n[devices.options]\nport = "COM3"\n',
        encoding="utf-8",
    )
    (config,) = map(config_of, load_settings(tmp_path).devices)
    assert config == DeviceConfig("BC", "astm", "serial", {"port": "COM3"})


def test_what_a_table_tells_wrongly_is_empty_and_refused_later() -> None:
    assert config_of({"name": 5, "options": "x", "is_on": "maybe"}) == DeviceConfig("", "", "")


@pytest.mark.parametrize("told", ["devices = 5", "devices = [1, 2]", "[[devices]]\nname = 1.5", "[[devices]]\na = [1]"])
def test_what_is_no_list_of_devices_is_named_in_a_sentence(tmp_path: Path, told: str) -> None:
    (tmp_path / "settings.toml").write_text(told, encoding="utf-8")
    with pytest.raises(InvalidInputError) as caught:
        load_settings(tmp_path)
    assert caught.value.field == "devices"


def test_changing_the_hub_keeps_the_devices_and_changing_devices_keeps_the_rest(tmp_path: Path) -> None:
    first = Settings(tmp_path, {"monitor_port": 6661}, (table_of(BED),))
    save_settings(first)
    _keep_hub_url(first, "https://hub.example")
    assert tuple(map(config_of, load_settings(tmp_path).devices)) == (BED,)
    _keep_devices(first, (OFF, BED))
    loaded = load_settings(tmp_path)
    assert tuple(map(config_of, loaded.devices)) == (OFF, BED)
    assert loaded.values == {"monitor_port": 6661, "hub_url": "https://hub.example"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(WORDS, WORDS, st.dictionaries(WORDS, WORDS | st.integers(-(2**31), 2**31) | st.booleans(), max_size=3))
def test_any_plain_values_survive_the_file(tmp_path: Path, name: str, kind: str, options: dict[str, str]) -> None:
    config = DeviceConfig(name, kind, "own", options)
    save_settings(settings_from(tmp_path, {"devices": (table_of(config),)}))
    (kept,) = load_settings(tmp_path).devices
    assert config_of(kept) == config


def test_a_workstation_listens_to_the_devices_of_its_file(tmp_path: Path, shared_data: Path) -> None:
    """From the settings to the live traces: the recording that is played arrives at once."""
    ecg = shared_data / "waveforms" / "dicom" / "waveform_ecg.dcm"
    lesson = DeviceConfig("Lesson", "replay", "own", {"file": str(ecg)})
    tables = (table_of(lesson), {"name": "old", "family": "toaster"})
    station = build_workstation(Settings(tmp_path, {"key_storage": "file", "reserve_mb": 0}, tables))
    try:
        wait_until(station.live_traces.sources, 20)
        assert station.live_traces.sources() == ("Lesson (replay)",)
        assert [state.name for state in station.devices.states()] == ["Lesson"]
        items: list[Block | Numerics] = []
        station.devices.subscribe(items.append, Block)
        wait_until(lambda: items)
    finally:
        station.close()
    assert not any(thread.name.startswith("device") for thread in threading.enumerate())


def test_a_result_that_is_sent_again_is_known_by_what_it_says() -> None:
    first = Result("BC", "6690-2", Decimal("11.2"), MOMENT, "10*9/L", sample_id="T1", taken_at=MOMENT)
    again = Result(
        "BC", "6690-2", Decimal("11.2"), MOMENT + timedelta(hours=1), "10*9/L", sample_id="T1", taken_at=MOMENT
    )
    assert first.fingerprint == again.fingerprint
    others = [
        replace(first, value=Decimal("11.3")),
        replace(first, sample_id="T2"),
        replace(first, taken_at=None),
        replace(first, device="BC 2"),
    ]
    assert len({each.fingerprint for each in (first, *others)}) == 5
