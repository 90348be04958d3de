"""Each check against a computer where it works and one where it does not."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import httpx
import keyring as system_keyring
import keyring.backend
import pytest

from clinic_app.devices import serial_port
from clinic_app.devices.stethoscope import microphone
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.selftest import CHECKS, Outcome, Place, checks, look_through
from clinic_app.settings import Settings
from tests.helpers.certificates import own_certificate
from tests.helpers.clocks import FixedClock
from tests.helpers.secured_door import secured

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


class OneKeyring(keyring.backend.KeyringBackend):
    priority = 1.0  # type: ignore[assignment]

    def __init__(self, spoils: bool = False) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.spoils = spoils

    def get_password(self, service: str, username: str) -> str | None:
        found = self.kept.get((service, username))
        return found[::-1] if found and self.spoils else found

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(Settings(tmp_path / "data"), FixedClock(NOW))


@pytest.fixture
def former_keyring() -> Iterator[None]:
    former = system_keyring.get_keyring()
    yield
    system_keyring.set_keyring(former)


class Disk(NamedTuple):
    total: int
    used: int
    free: int


def with_hub(answer: httpx.Response | httpx.HTTPError, asked: list[str] | None = None) -> Place:
    def handle(request: httpx.Request) -> httpx.Response:
        (asked if asked is not None else []).append(str(request.url))
        if isinstance(answer, httpx.HTTPError):
            raise answer
        return answer

    settings = Settings(Path("nowhere"), {"hub_url": "https://hub.example/"})
    return Place(settings, FixedClock(NOW), httpx.MockTransport(handle))


def test_every_check_has_a_name_of_its_own() -> None:
    names = [name for name, _ in CHECKS]
    assert len(set(names)) == len(names)
    assert {"keyring", "disk", "clock", "decoders", "fonts", "serial", "audio", "hub"} <= set(names)


def test_a_check_that_trips_has_failed_and_the_next_is_made_all_the_same(place: Place) -> None:
    def trips(_place: Place) -> tuple[Outcome, Text]:
        raise AttributeError("function not found")

    def refuses(_place: Place) -> tuple[Outcome, Text]:
        raise InvalidInputError(Text("Not here."))

    def works(_place: Place) -> tuple[Outcome, Text]:
        return "ok", Text("Fine.")

    found = look_through(place, (("a", trips), ("b", refuses), ("c", works)))
    assert [(each.name, each.outcome) for each in found] == [("a", "failed"), ("b", "failed"), ("c", "ok")]
    assert found[0].words.render("en") == "It does not work: AttributeError: function not found"
    assert found[1].words == Text("Not here.")
    assert all(0 <= each.seconds < 60 for each in found)


@pytest.mark.usefixtures("former_keyring")
def test_a_keyring_that_keeps_is_fine_and_keeps_nothing_of_the_test(place: Place) -> None:
    kept = OneKeyring()
    system_keyring.set_keyring(kept)
    assert checks.keyring(place)[0] == "ok"
    assert kept.kept == {}


@pytest.mark.usefixtures("former_keyring")
def test_a_keyring_that_gives_back_something_else_fails(place: Place) -> None:
    kept = OneKeyring(spoils=True)
    system_keyring.set_keyring(kept)
    assert checks.keyring(place)[0] == "failed"
    assert kept.kept == {}


def test_a_key_in_a_file_is_said_and_the_keyring_is_not_asked(tmp_path: Path) -> None:
    outcome, words = checks.keyring(Place(Settings(tmp_path, {"key_storage": "file"}), FixedClock(NOW)))
    assert outcome == "warning"
    assert "file" in words.msgid


def test_the_disk_is_written_and_nothing_of_it_stays(place: Place) -> None:
    assert checks.disk(place)[0] in {"ok", "warning"}
    assert not place.settings.folder.exists()


def test_a_data_folder_that_is_there_stays_as_it_is(place: Place) -> None:
    place.settings.folder.mkdir()
    (place.settings.folder / "clinic.db").write_bytes(b"kept")
    checks.disk(place)
    assert [each.name for each in place.settings.folder.iterdir()] == ["clinic.db"]


@pytest.mark.parametrize(
    ("free", "outcome"),
    [
        (checks.ENOUGH_FREE_BYTES, "ok"),
        (checks.ENOUGH_FREE_BYTES - 1, "warning"),
        (checks.LEAST_FREE_BYTES - 1, "failed"),
    ],
)
def test_little_room_is_said(place: Place, monkeypatch: pytest.MonkeyPatch, free: int, outcome: Outcome) -> None:
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda _folder: Disk(free, 0, free))
    found, words = checks.disk(place)
    assert found == outcome
    assert words.values["free"] == round(free / 1e9)


def test_a_file_in_place_of_the_data_folder_is_a_sentence_and_no_crash(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"")
    (finding,) = look_through(Place(Settings(tmp_path / "data"), FixedClock(NOW)), (("disk", checks.disk),))
    assert finding.outcome == "failed"


def test_a_database_is_made_encrypted_and_opened_again(place: Place) -> None:
    assert checks.database(place)[0] == "ok"


def test_a_clock_before_the_program_was_made_has_to_be_set(tmp_path: Path) -> None:
    early = Place(Settings(tmp_path), FixedClock(datetime(2001, 1, 1, tzinfo=UTC)))
    outcome, words = checks.clock(early)
    assert outcome == "failed"
    assert "2001-01-01" in words.render("ru")


def test_a_clock_of_today_is_told(place: Place) -> None:
    outcome, words = checks.clock(place)
    assert outcome == "ok"
    assert words.render("en") == "The clock says 2026-11-22 09:30 UTC."


def test_images_come_out_of_the_decoding_process_as_they_went_in(place: Place) -> None:
    outcome, words = checks.decoders(place)
    assert outcome == "ok"
    assert words.values == {"count": 6}


def test_images_that_come_out_wrong_are_named(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    class Wrong:
        def __init__(self, count: int) -> None:
            assert count == 1

        def run(self, job: object, body: bytes) -> tuple[SimpleNamespace, bytes]:
            return SimpleNamespace(shape=(64, 48)), bytes(64 * 48)

        def close(self) -> None:
            pass

    monkeypatch.setattr("clinic_app.foundation.apart.Children", Wrong)
    outcome, words = checks.decoders(place)
    assert outcome == "failed"
    assert words.values["names"] == "jpeg-ls, jpeg 2000, htj2k, jpeg xl, jpeg lossless"


def test_fonts_and_texts_are_there(place: Place) -> None:
    assert checks.fonts(place)[0] == "ok"


def test_a_language_without_texts_is_named(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "translate", lambda msgid, language: msgid if language == "kk" else "Сохранить")
    outcome, words = checks.fonts(place)
    assert outcome == "failed"
    assert words.values == {"names": "kk"}


def test_serial_ports_are_named(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    ports = (serial_port.SerialPlace("COM3", "ECG"), serial_port.SerialPlace("COM4", "oximeter"))
    monkeypatch.setattr(serial_port, "serial_places", lambda: ports)
    assert checks.serial_ports(place)[1].values == {"names": "COM3, COM4"}
    monkeypatch.setattr(serial_port, "serial_places", lambda: ())
    assert checks.serial_ports(place)[0] == "ok"


def test_a_computer_without_sound_is_warned_of(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microphone, "microphones", lambda: ())
    assert checks.audio(place)[0] == "warning"
    monkeypatch.setattr(microphone, "microphones", lambda: ("Littmann",))
    assert checks.audio(place) == ("ok", Text("Microphones: {names}.", names="Littmann"))


def test_a_workstation_that_stands_alone_asks_no_hub(place: Place) -> None:
    assert checks.hub(place)[0] == "ok"


def test_a_hub_that_answers_is_fine() -> None:
    asked: list[str] = []
    outcome, _ = checks.hub(with_hub(httpx.Response(200, headers={"date": format_datetime(NOW)}), asked))
    assert outcome == "ok"
    assert asked == ["https://hub.example/identity"]


@pytest.mark.parametrize("date", ["", "yesterday", "Sun, 99 Nov 2026"])
def test_a_hub_that_does_not_tell_the_time_is_fine(date: str) -> None:
    assert checks.hub(with_hub(httpx.Response(200, headers={"date": date})))[0] == "ok"


def test_clocks_that_differ_are_said() -> None:
    late = format_datetime(NOW + timedelta(seconds=checks.FARTHEST_S + 1))
    outcome, words = checks.hub(with_hub(httpx.Response(200, headers={"date": late})))
    assert outcome == "warning"
    assert words.values == {"seconds": 121}


def test_a_hub_that_is_not_there_fails() -> None:
    outcome, words = checks.hub(with_hub(httpx.ConnectError("no route")))
    assert outcome == "failed"
    assert words.values == {"url": "https://hub.example/", "kind": "ConnectError"}


def test_a_hub_with_a_certificate_of_its_own_is_there_and_says_which(tmp_path: Path) -> None:
    own = own_certificate(tmp_path, "127.0.0.1")
    with secured(own) as port:
        asked = Place(Settings(tmp_path, {"hub_url": f"https://127.0.0.1:{port}"}), FixedClock(NOW))
        outcome, words = checks.hub(asked)
    assert outcome == "warning"
    assert words.values["fingerprint"] == own.fingerprint


def test_a_hub_that_goes_away_after_its_certificate_was_refused_fails() -> None:
    outcome, _ = checks.hub(with_hub(httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed")))
    assert outcome == "failed"


def test_a_hub_whose_answer_has_no_end_is_not_listened_to() -> None:
    class Endless(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            raise AssertionError("the body is read")

    assert checks.hub(with_hub(httpx.Response(200, stream=Endless())))[0] == "ok"


def test_a_hub_that_refuses_fails() -> None:
    outcome, words = checks.hub(with_hub(httpx.Response(502)))
    assert outcome == "failed"
    assert words.values["code"] == 502


def test_nothing_of_sound_or_windows_is_loaded_before_it_is_asked_for() -> None:
    assert not set(vars(checks)) & {"sounddevice", "serial", "imagecodecs", "numpy"}
    assert "clinic_app.selftest.checks" in sys.modules


def test_a_listener_behind_a_closed_firewall_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = Settings(tmp_path / "data", {"monitor_port": 2575, "monitor_host": "0.0.0.0"})
    assert checks.firewall(Place(settings, FixedClock(NOW)))[0] == "ok", "on Linux it is its administrator's"
    closed = SimpleNamespace(doors=lambda: (), lets_in=lambda _door: False)
    monkeypatch.setattr("clinic_app.computer.firewall.this_firewall", lambda: closed)
    outcome, words = checks.firewall(Place(settings, FixedClock(NOW)))
    assert outcome == "warning"
    assert words.values["names"] == "Dala: monitors (HL7) (TCP 2575)"


def test_where_nothing_listens_no_door_is_missing(place: Place) -> None:
    assert checks.firewall(place)[0] == "ok"
