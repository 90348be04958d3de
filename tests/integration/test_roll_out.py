"""One code for the computers of a roll-out, against a hub that is a process of its own."""

from __future__ import annotations

import csv
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest

from clinic_app.access import own_organization
from clinic_app.computer.preparing import PROVISION_FILE, prepare_command
from clinic_app.foundation.clock import SystemClock
from clinic_app.foundation.errors import LinkError
from clinic_app.hub.app import build_hub
from clinic_app.hub.folder import open_hub_store
from clinic_app.keys.enrolment_code import printed
from clinic_app.keys.signing_key import SigningKey
from clinic_app.records import AuditEvent
from clinic_app.settings import HUB_URL, Settings, load_settings, save_settings
from clinic_app.storage.feed.accounts import Admission, FeedAccounts
from clinic_app.sync.arrival import FILE_NAME, arrival_of, come_in, keep_arrival
from clinic_app.sync.hub_account import kept_account
from clinic_app.workstation import build_workstation, provision
from tests.helpers.clocks import FixedClock
from tests.helpers.hub_process import HubProcess
from tests.helpers.provisioning import DOCTOR, provisioning_file
from tests.helpers.stores import open_store
from tests.helpers.waiting import wait_until

HOSPITAL = "org-yrgyz"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("roll-out") / "hub") as running:
        yield running


def code_for(hub: HubProcess, computers: int) -> tuple[str, str]:
    """Return a code as IT gets it, and its number."""
    words = ("--organization", HOSPITAL, "--name", "PC", "--computers", str(computers), "--days", "7")
    code, told, _ = hub.run("enrol-code", *words).splitlines()
    return code, told.rpartition(" ")[2]


def taken(hub: HubProcess, number: str) -> int:
    lines = csv.DictReader(hub.run("codes").splitlines(), delimiter=";")
    return next(int(each["taken"]) for each in lines if each["number"] == number)


def ask(hub: HubProcess, code: str, key: SigningKey) -> httpx.Response:
    told = {"code": code, "jwk": key.public_jwk, "organization": HOSPITAL}
    return httpx.post(f"{hub.url}/enrol", json=told, trust_env=False, timeout=30)


def rolled_out(hub: HubProcess, data: Path, code: str, *, facility: dict[str, object] | None = None) -> str:
    """Install a computer as group policy does; return the token's owner it became at the hub, or nothing."""
    form = provisioning_file(data.with_suffix(".toml"), people=(DOCTOR,), facility=facility or {})
    words = ["--data", str(data), "--hub", hub.url, "--enrol", code, "--language", "kk", "--provision", str(form)]
    assert prepare_command(words, data) == 0
    settings = load_settings(data)
    save_settings(Settings(data, {**settings.values, "key_storage": "file"}))
    provision(data, data / PROVISION_FILE)
    assert load_settings(data)[HUB_URL] == hub.url
    assert not (data / FILE_NAME).exists(), "a used or refused code is erased"
    with closing(build_workstation(load_settings(data))) as workstation:
        account = kept_account(workstation._store)
        assert own_organization(workstation._store).id == HOSPITAL
    return account.device_id if account else ""


def test_three_computers_come_in_by_one_code_and_the_fourth_works_alone(
    hub: HubProcess, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    code, number = code_for(hub, 3)
    places = [rolled_out(hub, tmp_path / f"pc-{n}", code) for n in range(3)]
    assert len(set(places)) == 3
    assert "" not in places
    assert rolled_out(hub, tmp_path / "pc-4", code, facility={"organization_id": HOSPITAL}) == ""
    assert "its places are taken, or its time is over" in caplog.text
    assert code not in caplog.text
    with closing(open_hub_store(hub.folder, None)) as store:
        said = [each.entity[0].description or "" for each in store.records.find(AuditEvent)]
        lines = build_hub(store, SystemClock()).callers.devices()
    assert sorted(each.name for each in lines if each.id in places) == ["PC 1", "PC 2", "PC 3"]
    for left, place in zip((2, 1, 0), places, strict=True):
        assert f"device {place} enrolled by code {number}, places left: {left}" in said
    log = hub.folder.with_suffix(".log").read_text(encoding="utf-8")
    assert f"The hub has let a computer in: code {number}, places left 0." in log
    assert "The hub has refused a computer that had a code: all its places are taken." in log
    assert code not in log


def test_of_twenty_switched_on_at_one_moment_as_many_come_in_as_there_are_places(hub: HubProcess) -> None:
    """One address, more computers than wrong tries are allowed at once, and one place too few."""
    code, number = code_for(hub, 19)
    start = Barrier(20)

    def come(key: SigningKey) -> int:
        start.wait(30)
        return ask(hub, code, key).status_code

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(come, [SigningKey.create() for _ in range(20)]))
    assert sorted(answers) == [200] * 19 + [410]
    assert taken(hub, number) == 19


def test_a_power_cut_before_the_answer_costs_no_second_place(hub: HubProcess) -> None:
    code, number = code_for(hub, 2)
    key = SigningKey.create()
    body = msgspec.json.encode({"code": code, "jwk": key.public_jwk, "organization": HOSPITAL})
    place = urlsplit(hub.url)
    head = f"POST /enrol HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=30) as way:
        way.sendall(head.encode() + body)
        wait_until(lambda: taken(hub, number) == 1)
        hub.kill()
    hub.start()
    first = ask(hub, code, key)
    assert first.status_code == 200
    assert taken(hub, number) == 1
    assert ask(hub, code, SigningKey.create()).json()["device"] != first.json()["device"]


def test_a_line_that_breaks_before_the_answer_leaves_the_code_for_the_next_start(
    hub: HubProcess, tmp_path: Path
) -> None:
    class Breaking(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            response = super().handle_request(request)
            if request.url.path == "/enrol":
                response.close()
                raise httpx.ReadError("the line broke")
            return response

    code, number = code_for(hub, 1)
    keep_arrival(tmp_path, arrival_of(code))
    with closing(open_store(tmp_path, bytes(32))) as store, Breaking() as breaking:
        for _ in range(2):
            with pytest.raises(LinkError):
                come_in(store, hub.url, SystemClock(), transport=breaking)
    with closing(open_store(tmp_path, bytes(32))) as store:  # the computer starts again
        place = come_in(store, hub.url, SystemClock())
    assert place is not None
    assert place.organization_id == HOSPITAL
    assert taken(hub, number) == 1


def test_a_code_that_was_ended_or_is_too_old_is_refused_with_the_reason(hub: HubProcess) -> None:
    code, number = code_for(hub, 5)
    assert ask(hub, code, SigningKey.create()).status_code == 200
    assert "1 of 5" in hub.run("end-code", "--number", number)
    with closing(open_hub_store(hub.folder, None)) as store:
        long_ago = FixedClock(datetime.now(UTC) - timedelta(days=15))
        old, _ = FeedAccounts(store.database, long_ago).new_code(Admission(HOSPITAL, "PC"), 3, timedelta(days=14))
    for spent in (code, printed(old)):
        refused = ask(hub, spent, SigningKey.create())
        assert refused.status_code == 410
        assert "The time of this code is over" in refused.text
