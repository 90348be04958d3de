"""The figures for Prometheus: counted as requests pass, looked up when asked, told only to who may have them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.hub.app import build_app, build_hub
from clinic_app.hub.gate import Hub
from clinic_app.hub.latest_errors import LatestErrors, without_ids
from clinic_app.hub.operations import Surroundings, certificate_end, read_token
from clinic_app.records import HumanName, Patient
from clinic_app.storage import Store
from tests.helpers.asgi import AsgiClient
from tests.helpers.clocks import FixedClock
from tests.helpers.hub_clients import HubClient
from tests.helpers.stores import open_store

TOKEN = "a-token-of-the-watchers"
FAMILY = "Қасымов"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def store(tmp_path: Path, clock: FixedClock) -> Iterator[Store]:
    opened = open_store(tmp_path / "hub", clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def hub(store: Store, clock: FixedClock) -> Hub:
    return build_hub(store, clock)


@pytest.fixture
def http(hub: Hub) -> Iterator[AsgiClient]:
    client = AsgiClient(build_app(hub))
    yield client
    client.close()


def figures(http: AsgiClient, **headers: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Return every sample by its name and labels."""
    answer = http.get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def requests(http: AsgiClient, method: str, route: str, status: str) -> float:
    labels = (("method", method), ("route", route), ("status", status))
    return figures(http).get(("dala_hub_requests_total", labels), 0.0)


def test_requests_are_counted_by_the_pattern_of_their_route_and_by_status(http: AsgiClient, hub: Hub) -> None:
    desk = HubClient(http, hub.callers.enrol("org-1", "PC"))
    desk.put(Patient(id="p1"))
    http.get("/Patient/p1", headers=desk.headers)
    http.get("/Patient/p2", headers=desk.headers)
    http.get("/Patient/p1")
    assert requests(http, "POST", "/", "200") == 1
    assert requests(http, "GET", "/{type}/{id}", "200") == 1
    assert requests(http, "GET", "/{type}/{id}", "404") == 1
    assert requests(http, "GET", "/{type}/{id}", "401") == 1


def test_what_a_stranger_types_makes_no_new_figures(http: AsgiClient) -> None:
    for n in range(5):
        http.get(f"/a/b/c/d/{n}")
        http.request(f"MADE{n}", "/health")
    assert requests(http, "GET", "none", "404") == 5
    assert not [key for key in figures(http) if "MADE" in str(key)]


def test_no_patient_is_in_the_figures(http: AsgiClient, hub: Hub) -> None:
    desk = HubClient(http, hub.callers.enrol("org-1", "PC"))
    desk.put(Patient(id="the-patients-id", name=(HumanName(family=FAMILY),)))
    http.get(f"/Patient?family={FAMILY}", headers=desk.headers)
    http.get("/Patient/the-patients-id", headers=desk.headers)
    text = http.get("/metrics").text
    assert FAMILY not in text
    assert "the-patients-id" not in text


def test_versions_taken_in_grow_with_every_write(http: AsgiClient, hub: Hub) -> None:
    desk = HubClient(http, hub.callers.enrol("org-1", "PC"))
    before = figures(http)["dala_hub_versions_total", ()]
    written = desk.put(Patient(id="p1"))
    desk.put(Patient(id="p1", gender="male"), base=written.version)
    assert figures(http)["dala_hub_versions_total", ()] == before + 2


def test_the_feeds_looks_are_timed_and_the_wait_of_a_reader_is_not(http: AsgiClient, hub: Hub) -> None:
    desk = HubClient(http, hub.callers.enrol("org-1", "PC"))
    desk.put(Patient(id="p1"))
    http.get("/$changes?own=true&_wait=1", headers=desk.headers)
    http.get("/$changes?own=true", headers=desk.headers)
    said = figures(http)
    assert said["dala_hub_feed_seconds_count", ()] == 2
    assert said["dala_hub_request_seconds_count", (("method", "GET"), ("route", "/$changes"))] == 1
    assert requests(http, "GET", "/$changes", "200") == 2


def test_last_contact_and_backlog_of_each_device_are_told(http: AsgiClient, hub: Hub, clock: FixedClock) -> None:
    caller = hub.callers.caller(hub.callers.enrol("org-1", "PC"))
    assert caller is not None
    hub.callers.report(caller, "1.2.3", 17, 4096)
    clock.advance(minutes=30)
    said = figures(http)
    labels = (("device", caller.workstation_id), ("organization", "org-1"))
    assert said["dala_hub_device_last_contact_seconds", labels] == 1800
    assert said["dala_hub_device_waiting_records", labels] == 17
    assert said["dala_hub_device_waiting_bytes", labels] == 4096
    assert said["dala_hub_devices", (("program", "1.2.3"), ("state", "here"))] == 1


def test_who_was_shut_out_has_no_age(http: AsgiClient, hub: Hub) -> None:
    caller = hub.callers.caller(hub.callers.enrol("org-1", "PC"))
    assert caller is not None
    hub.callers.revoke(caller.workstation_id)
    assert not [name for name, _labels in figures(http) if name == "dala_hub_device_last_contact_seconds"]


def test_storage_and_backups_are_told(http: AsgiClient, store: Store) -> None:
    assert ("dala_hub_backup_timestamp_seconds", ()) not in figures(http)
    made = store.backups.make("by-hand")
    said = figures(http)
    assert said["dala_hub_backup_timestamp_seconds", ()] == made.made_at.timestamp()
    assert said["dala_hub_database_bytes", ()] > 0
    assert said["dala_hub_disk_bytes", ()] > said["dala_hub_disk_free_bytes", ()] > 0


def test_each_hub_counts_for_itself(http: AsgiClient, hub: Hub) -> None:
    other = AsgiClient(build_app(hub))
    try:
        http.get("/health")
        assert requests(other, "GET", "/health", "200") == 0
    finally:
        other.close()


def test_with_a_token_nobody_reads_without_it_not_even_here(store: Store, clock: FixedClock) -> None:
    http = AsgiClient(build_app(build_hub(store, clock, surroundings=Surroundings(metrics_token=TOKEN))))
    try:
        assert http.get("/metrics").status_code == 401
        assert http.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 401
        assert figures(http, Authorization=f"Bearer {TOKEN}")
    finally:
        http.close()


def test_a_token_is_read_from_a_file_that_holds_enough(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n", encoding="ascii")
    assert read_token(path) == TOKEN
    assert read_token(None) == ""
    path.write_text("short", encoding="ascii")
    for wrong in (path, tmp_path / "missing"):
        with pytest.raises(InvalidInputError):
            read_token(wrong)


def test_a_certificate_that_cannot_be_read_has_no_end(tmp_path: Path) -> None:
    path = tmp_path / "hub.pem"
    assert certificate_end(None) is None
    assert certificate_end(path) is None
    path.write_text("no certificate", encoding="ascii")
    assert certificate_end(path) is None


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("GET /Patient/01a202e9-3ef5-772b-b794-2ac89c5cc244 failed", "GET /Patient/… failed"),
        ("person 640305300123 again", "person … again"),
        ("GET /Patient?family=Kasymov failed", "GET /Patient… failed"),
        ("no backup was made: the disk is full", "no backup was made: the disk is full"),
        ("two\nlines", "two lines"),
    ],
)
def test_a_kept_warning_names_nobody(words: str, told: str) -> None:
    assert without_ids(words) == told


def test_only_the_newest_warnings_are_kept_and_a_fault_without_its_words(request: pytest.FixtureRequest) -> None:
    errors, log = LatestErrors(), logging.getLogger("clinic_app.hub.test")
    log.addHandler(errors)
    request.addfinalizer(lambda: log.removeHandler(errors))
    log.info("nothing")
    for n in range(60):
        log.warning("number %d", n)
    log.error("it failed", exc_info=ValueError(FAMILY))
    newest = errors.newest()
    assert len(newest) == 50
    assert newest[0].words == "it failed (ValueError)"
    assert newest[1].words == "number 59"
    assert newest[0].part == "hub.test"
