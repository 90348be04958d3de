"""Which device is meant when the network is asked: the one with the endpoint, or the only one; never just any."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from clinic_app.devices import DeviceConfig, checked
from clinic_app.devices.families import driver_of
from clinic_app.devices.sdc import finding
from clinic_app.devices.sdc.consumer import SdcDriver
from clinic_app.devices.sdc.family import _address
from clinic_app.devices.sdc.finding import Found, look
from clinic_app.foundation.errors import DeviceError

NEVER = threading.Event()
BED = SimpleNamespace(epr="urn:uuid:1", x_addrs=["http://10.0.0.5/a", "https://10.0.0.5:1/a"])
PUMP = SimpleNamespace(epr="urn:uuid:2", x_addrs=["https://10.0.0.6:1/b"])
PLAIN = SimpleNamespace(epr="urn:uuid:3", x_addrs=["http://10.0.0.7/c"])


class Announcements:
    """A network in which the devices of ``there`` answer."""

    there: tuple[SimpleNamespace, ...] = ()
    stopped = 0

    def __init__(self, own_address: str) -> None:
        assert own_address == "127.0.0.1"

    def start(self) -> None:
        """Answer from now on."""

    def stop(self) -> None:
        Announcements.stopped += 1

    def search_services(self, timeout: float, repeat_probe_interval: float) -> list[SimpleNamespace]:
        assert timeout <= 1
        return list(self.there)


@pytest.fixture(autouse=True)
def _network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sdc11073.wsdiscovery.WSDiscovery", Announcements)
    monkeypatch.setattr(Announcements, "stopped", 0)
    monkeypatch.setattr(finding, "LOOK_S", 0.01)


def options(**more: str) -> dict[str, str | int | bool]:
    return {"address": "", "endpoint": "", "own_address": "127.0.0.1", **more}


def test_devices_that_can_prove_themselves_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Announcements, "there", (BED, PLAIN, PUMP))
    found = look("127.0.0.1", NEVER, 0.01)
    assert found == (Found("urn:uuid:1", "https://10.0.0.5:1/a"), Found("urn:uuid:2", "https://10.0.0.6:1/b"))
    assert Announcements.stopped == 1


def test_the_one_that_is_wanted_is_taken_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Announcements, "there", (BED, PUMP))
    assert _address(options(endpoint="urn:uuid:2"))(NEVER) == "https://10.0.0.6:1/b"


def test_without_an_endpoint_there_may_be_only_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Announcements, "there", (PUMP,))
    monkeypatch.setattr(finding, "look", lambda own, stopping, endpoint: look(own, stopping, 0.01, endpoint))
    assert _address(options())(NEVER) == "https://10.0.0.6:1/b"
    for there in ((), (BED, PUMP)):
        monkeypatch.setattr(Announcements, "there", there)
        with pytest.raises(DeviceError) as caught:
            _address(options())(NEVER)
        assert str(len(there)) in caught.value.text.render("kk")


def test_a_fixed_address_asks_nobody() -> None:
    assert _address(options(address="https://10.0.0.9:1/x"))(NEVER) == "https://10.0.0.9:1/x"


@pytest.mark.parametrize("own", ["10.99.88.77", "no address"])
def test_a_network_card_that_is_not_there_is_a_sentence(own: str) -> None:
    with pytest.raises(DeviceError) as caught:
        look(own, NEVER, 0.01)
    assert own in caught.value.text.render("ru")


def test_a_device_of_the_family_is_a_consumer_with_its_papers(tmp_path: Path) -> None:
    files = {key: str(tmp_path / key) for key in ("key_file", "certificate_file", "authority_file")}
    driver = driver_of(checked(DeviceConfig("SDC", "sdc", "own", {"address": "https://127.0.0.1:9/x", **files})))
    assert isinstance(driver, SdcDriver)
    with pytest.raises(DeviceError) as caught:
        driver.run(None, NEVER)  # type: ignore[arg-type]
    assert "cert" in caught.value.text.render("en")
