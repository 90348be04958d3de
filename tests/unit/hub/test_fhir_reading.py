"""Reading over the hub's FHIR API: a record, its versions, its past, searches, page after page while others write."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import msgspec
import pytest

from clinic_app.records import (
    AllergyIntolerance,
    CodeableConcept,
    Coding,
    Identifier,
    Observation,
    Organization,
    Patient,
    Reference,
    Resource,
    Task,
    with_audience,
)
from clinic_app.storage.feed import search as feed_search
from tests.helpers.clocks import FixedClock
from tests.helpers.hub_clients import HubClient, RunningHub, running_hub

pytestmark = pytest.mark.usefixtures("both_databases")
A, B, C = "org-a", "org-b", "org-c"
LOINC = "http://loinc.org"
IIN = "urn:dala:identifier:kz-iin"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 22, 9, 30, tzinfo=UTC))


@pytest.fixture
def hub(both_databases: str, tmp_path: Path, clock: FixedClock) -> Iterator[RunningHub]:
    with running_hub(tmp_path / "hub", clock) as running:
        yield running


def _get(client: HubClient, path: str, **more: Any) -> httpx.Response:
    return client.http.get(f"/{path}", headers={**client.headers, **more})


def _ok(client: HubClient, path: str, **more: Any) -> dict[str, Any]:
    response = _get(client, path, **more)
    assert response.status_code == 200, response.text
    bundle: dict[str, Any] = response.json()
    return bundle


def _ids(bundle: dict[str, Any]) -> list[str]:
    return [entry["resource"]["id"] for entry in bundle.get("entry", ()) if "fullUrl" in entry]


def _link(bundle: dict[str, Any], relation: str) -> str:
    return next((each["url"] for each in bundle["link"] if each["relation"] == relation), "")


def _walk(client: HubClient, path: str, between: Any = lambda: None) -> list[dict[str, Any]]:
    """Return the entries of all pages, with something happening between each two."""
    entries: list[dict[str, Any]] = []
    while path:
        bundle = _ok(client, path)
        entries += bundle.get("entry", ())
        path = _link(bundle, "next")
        between()
    return entries


def _patient(id: str, born: str = "1964-03-05", iin: str = "") -> Patient:
    return Patient(id=id, birth_date=born, identifier=(Identifier(system=IIN, value=iin),) if iin else ())


def _reading(id: str, patient: str, code: str = "8867-4") -> Observation:
    concept = CodeableConcept(coding=(Coding(system=LOINC, code=code),))
    return Observation(id=id, status="final", code=concept, subject=Reference(reference=f"Patient/{patient}"))


def test_a_record_is_read_with_its_version_and_its_time(hub: RunningHub) -> None:
    client = hub.enrol(A)
    written = client.put(_patient("p1"))
    response = _get(client, "Patient/p1")
    assert response.json()["birthDate"] == "1964-03-05"
    assert response.headers["etag"] == f'W/"{written.version}"'
    assert response.headers["last-modified"] == "Sun, 22 Nov 2026 09:30:00 GMT"
    assert response.headers["content-type"] == "application/fhir+json"


@pytest.mark.parametrize("known", ['W/"{version}"', '"{version}"', 'W/"x", W/"{version}"', "*"])
def test_who_has_the_version_already_is_not_sent_it_again(hub: RunningHub, known: str) -> None:
    client = hub.enrol(A)
    version = client.put(_patient("p1")).version
    response = _get(client, "Patient/p1", **{"If-None-Match": known.format(version=version)})
    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["etag"] == f'W/"{version}"'


def test_who_has_an_older_version_is_sent_the_new_one(hub: RunningHub) -> None:
    client = hub.enrol(A)
    first = client.put(_patient("p1")).version
    client.put(_patient("p1", "1965"), first)
    response = _get(client, "Patient/p1", **{"If-None-Match": f'W/"{first}"'})
    assert (response.status_code, response.json()["birthDate"]) == (200, "1965")


@pytest.mark.parametrize(
    "path", ["Patient/p2", "Observation/p1", "Composition/p1", "Unicorn/p1", "Patient/p1%00", "Patient/é", "patient/p1"]
)
def test_what_is_not_there_is_not_found(hub: RunningHub, path: str) -> None:
    client = hub.enrol(A)
    client.put(_patient("p1"))
    response = _get(client, path)
    assert response.status_code == 404
    assert response.json()["issue"][0]["diagnostics"]


def test_every_version_can_be_read_again(hub: RunningHub) -> None:
    client = hub.enrol(A)
    first = client.put(_patient("p1")).version
    second = client.put(_patient("p1", "1965"), first).version
    births = [_ok(client, f"Patient/p1/_history/{each}")["birthDate"] for each in (first, second)]
    assert births == ["1964-03-05", "1965"]
    assert _get(client, f"Patient/p2/_history/{first}").status_code == 404
    assert _get(client, "Patient/p1/_history/0000000000").status_code == 404


def test_the_past_of_a_record_begins_with_its_newest_version(hub: RunningHub) -> None:
    client = hub.enrol(A)
    first = client.put(_patient("p1")).version
    second = client.put(_patient("p1", "1965"), first).version
    client.put(_patient("p2"))
    bundle = _ok(client, "Patient/p1/_history")
    assert bundle["type"] == "history"
    assert [each["resource"]["meta"]["versionId"] for each in bundle["entry"]] == [second, first]
    assert bundle["entry"][0]["response"]["etag"] == f'W/"{second}"'
    assert _get(client, "Patient/p3/_history").status_code == 404


def test_the_past_of_a_type_and_of_everything(hub: RunningHub) -> None:
    client = hub.enrol(A)
    client.put(_patient("p1"))
    client.put(_reading("o1", "p1"))
    client.put(_patient("p2"))
    assert _ids(_ok(client, "Patient/_history")) == ["p2", "p1"]
    assert _ids(_ok(client, "_history")) == ["p2", "o1", "p1"]
    assert _ok(client, "Task/_history").get("entry") is None


def test_only_what_came_since_a_moment(hub: RunningHub, clock: FixedClock) -> None:
    client = hub.enrol(A)
    client.put(_patient("p1"))
    clock.advance(milliseconds=1500)
    client.put(_patient("p2"))
    assert _ids(_ok(client, "_history?_since=2026-11-22T09:30:00Z")) == ["p2", "p1"]
    assert _ids(_ok(client, "_history?_since=2026-11-22T09:30:01Z")) == ["p2"]
    assert _ids(_ok(client, "_history?_since=2026-11-22T14:30:01.5%2B05:00")) == ["p2"]
    assert _ids(_ok(client, "Patient/_history?_since=2026-11-23")) == []
    assert _get(client, "_history?_since=yesterday").status_code == 400


def test_pages_of_the_past_neither_repeat_nor_skip_while_others_write(hub: RunningHub) -> None:
    reader, writer = hub.enrol(A), hub.enrol(A)
    written = [writer.put(_patient(f"p{number}")).version for number in range(7)]
    edits = iter(range(7))

    def edit() -> None:
        number = next(edits)
        writer.put(_patient(f"p{number}", f"19{number}0"), written[number])

    entries = _walk(reader, "Patient/_history?_count=2", edit)
    assert [each["resource"]["meta"]["versionId"] for each in entries] == written[::-1]


def test_pages_of_a_search_neither_repeat_nor_skip_while_others_write(hub: RunningHub) -> None:
    reader, writer = hub.enrol(A), hub.enrol(A)
    versions = {f"p{number}": writer.put(_patient(f"p{number}")).version for number in range(7)}
    new = iter(range(100, 200))

    def write() -> None:
        for each in ("p0", "p6"):
            versions[each] = writer.put(_patient(each, f"19{next(new) % 100:02}"), versions[each]).version

    entries = _walk(reader, "Patient?_count=2", write)
    assert [each["resource"]["id"] for each in entries] == [f"p{number}" for number in range(7)]


def test_what_is_created_during_a_search_comes_at_its_end(hub: RunningHub) -> None:
    reader, writer = hub.enrol(A), hub.enrol(A)
    for number in range(3):
        writer.put(_patient(f"p{number}"))
    late = ["b-late", "a-late"]

    def create() -> None:
        while late:
            writer.put(_patient(late.pop()))

    entries = _walk(reader, "Patient?_count=2", create)
    assert [each["resource"]["id"] for each in entries] == ["p0", "p1", "p2", "a-late", "b-late"]


def test_a_page_has_no_more_bytes_than_a_reader_takes(hub: RunningHub, monkeypatch: pytest.MonkeyPatch) -> None:
    client = hub.enrol(A)
    for number in range(3):
        client.put(_patient(f"p{number}"))
    monkeypatch.setattr(feed_search, "MOST_PAGE_BYTES", 1)
    assert _ids(_ok(client, "Patient")) == ["p0"]
    assert [each["resource"]["id"] for each in _walk(client, "Patient")] == ["p0", "p1", "p2"]
    assert [each["resource"]["id"] for each in _walk(client, "_history")] == ["p2", "p1", "p0"]


def test_links_stay_at_this_hub_and_say_what_was_understood(hub: RunningHub) -> None:
    client = hub.enrol(A)
    for number in range(3):
        client.put(_patient(f"p{number}"))
    bundle = _ok(client, "Patient?_count=2&birthdate=1964&colour=red", Host="evil.example")
    assert bundle["total"] == 3
    assert _link(bundle, "self") == "Patient?_count=2&birthdate=1964"
    following = urlsplit(_link(bundle, "next"))
    assert (following.scheme, following.netloc, following.path) == ("", "", "Patient")
    assert [name for name, _ in parse_qsl(following.query)] == ["_count", "birthdate", "cursor"]
    assert _link(_ok(client, "Patient"), "next") == ""


@pytest.mark.parametrize("path", ["Patient?cursor=x", "_history?cursor=eDp5Ojk=", "Patient/p1/_history?cursor=%00"])
def test_a_cursor_nobody_gave_is_gone(hub: RunningHub, path: str) -> None:
    client = hub.enrol(A)
    client.put(_patient("p1"))
    assert _get(client, path).status_code == 410


def _records() -> tuple[Resource, ...]:
    """Return records that differ in everything a search asks for."""
    order = Task(
        id="t1",
        status="requested",
        intent="order",
        requester=Reference(reference=f"Organization/{A}"),
        owner=Reference(reference=f"Organization/{B}"),
        for_=Reference(reference="Patient/p1"),
        based_on=(Reference(reference="ServiceRequest/s1"),),
    )
    return (
        _patient("p1", "1964-03-05", "640305300123"),
        _patient("p2", "1964-12", "641201300456"),
        _patient("p3", "1970"),
        _reading("o1", "p1"),
        _reading("o2", "p2", "8310-5"),
        AllergyIntolerance(id="a1", patient=Reference(reference="Patient/p1")),
        with_audience(order, B),
    )


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Patient?_id=p1,p3", ["p1", "p3"]),
        ("Patient?_id=p1&_id=p3", []),
        (f"Patient?identifier={IIN}|640305300123", ["p1"]),
        ("Patient?identifier=640305300123", ["p1"]),
        ("Patient?identifier=64030530012%25", []),
        ("Patient?identifier=other|640305300123", []),
        (f"Patient?identifier={IIN}|", ["p1", "p2"]),
        ("Patient?birthdate=1964", ["p1", "p2"]),
        ("Patient?birthdate=eq1964-03-05", ["p1"]),
        ("Patient?birthdate=1964-03", ["p1"]),
        ("Patient?birthdate=ne1964", ["p3"]),
        ("Patient?birthdate=lt1964-06", ["p1"]),
        ("Patient?birthdate=le1964-12", ["p1", "p2"]),
        ("Patient?birthdate=gt1964-06", ["p2", "p3"]),
        ("Patient?birthdate=ge1970-05-01", ["p3"]),
        ("Patient?birthdate=sa1964", ["p3"]),
        ("Patient?birthdate=ge1964-04&birthdate=lt1970", ["p2"]),
        ("Observation?patient=p1", ["o1"]),
        ("Observation?patient=Patient/p1", ["o1"]),
        ("Observation?patient=Device/p1", []),
        ("Observation?subject=Patient/p1,Patient/p2", ["o1", "o2"]),
        ("Observation?code=8867-4", ["o1"]),
        (f"Observation?code={LOINC}|8310-5", ["o2"]),
        (f"Observation?code={LOINC}|", ["o1", "o2"]),
        ("Observation?code=|8310-5", []),
        ("Observation?status=final&patient=p2", ["o2"]),
        ("Observation?status=amended", []),
        ("AllergyIntolerance?patient=p1", ["a1"]),
        (f"Task?owner=Organization/{B}&status=requested", ["t1"]),
        (f"Task?requester={A}&patient=p1&based-on=s1", ["t1"]),
        (f"Task?_tag=urn:dala:audience|{B}", ["t1"]),
        ("Task?_lastUpdated=2026-11-22", ["t1"]),
        ("Task?_lastUpdated=lt2026-11-22", []),
        ("Task?_lastUpdated=ge2026-11-22T09:30:00Z", ["t1"]),
        ("Task?_lastUpdated=gt2026-11-22T09:30:00Z", []),
        ("Task?_lastUpdated=le2026", ["t1"]),
        ("Task?_lastUpdated=ne2026-11", []),
        ("Task?_lastUpdated=eb2027,sa2027", ["t1"]),
    ],
)
def test_a_search_finds_what_meets_it(found: HubClient, path: str, expected: list[str]) -> None:
    bundle = _ok(found, path, Prefer="handling=strict")
    assert _ids(bundle) == expected
    assert bundle["total"] == len(expected)


@pytest.fixture(scope="module")
def found(both_databases: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubClient]:
    """A client of a hub that has `_records`; its tests only read."""
    clock = FixedClock(datetime(2026, 11, 22, 9, 30, tzinfo=UTC))
    with running_hub(tmp_path_factory.mktemp("found"), clock) as running:
        client = running.enrol(A)
        for record in _records():
            client.put(record)
        yield client


def test_a_search_for_the_number_alone(found: HubClient) -> None:
    for path in ("Patient?_summary=count", "Patient?_count=0"):
        bundle = _ok(found, path)
        assert (bundle["total"], "entry" in bundle) == (3, False)


def test_a_word_nobody_knows_is_left_out_with_a_warning_or_refused(found: HubClient) -> None:
    bundle = _ok(found, "Patient?colour=red")
    assert _ids(bundle) == ["p1", "p2", "p3"]
    (warning,) = (each for each in bundle["entry"] if each["search"]["mode"] == "outcome")
    assert "colour" in warning["resource"]["issue"][0]["diagnostics"]
    assert warning["resource"]["issue"][0]["severity"] == "warning"
    for path in ("Patient?colour=red", "Patient?subject=p1", "_history?colour=red", "Patient?_summary=data"):
        response = _get(found, path, Prefer="respond-async, handling=strict")
        assert response.status_code == 400
        assert response.json()["resourceType"] == "OperationOutcome"
    assert _ok(found, "_history?colour=red")["type"] == "history"


@pytest.mark.parametrize(
    "path",
    [
        "Patient?birthdate=soon",
        "Patient?birthdate=1964-13",
        "Patient?birthdate=1964-03-05T10:00",
        "Patient?birthdate=ap1964",
        "Patient?_lastUpdated=2026-02-30",
        "Patient?_lastUpdated=2026-11-22T25:00Z",
        "Patient?_lastUpdated=0000",
        "Patient?_id=",
        "Patient?identifier:of-type=x",
        "Observation?patient:missing=true",
        "Observation?patient=http://elsewhere/Patient/p1",
        "Patient?_count=many",
        "Patient?_count=-1",
        "Patient?_id=" + ",".join("x" * 101),
        "Patient?" + "&".join(["_id=x"] * 21),
        "_history?_count=x",
    ],
)
def test_a_search_that_cannot_be_is_refused_in_words(found: HubClient, path: str) -> None:
    response = _get(found, path)
    assert response.status_code == 400
    (issue,) = response.json()["issue"]
    assert (issue["severity"], issue["code"]) == ("error", "invalid")
    assert len(issue["diagnostics"]) > 10


def test_the_last_moments_of_the_calendar_are_no_fault(found: HubClient) -> None:
    assert _get(found, "Patient?_lastUpdated=9999").status_code == 400
    assert _get(found, "Patient?_lastUpdated=0001-01-01T00:00%2B05:00").status_code == 400
    assert _ids(_ok(found, "Patient?_lastUpdated=lt9998-12-31")) == ["p1", "p2", "p3"]


def test_a_foreign_record_is_not_there_in_any_way(hub: RunningHub) -> None:
    owner, stranger = hub.enrol(A), hub.enrol(C)
    version = owner.put(_patient("p1", iin="640305300123")).version
    stranger.put(_patient("mine"))
    for path in ("Patient/p1", f"Patient/p1/_history/{version}", "Patient/p1/_history"):
        there, nowhere = _get(stranger, path), _get(stranger, path.replace("p1", "p9"))
        assert there.status_code == 404
        assert (there.content, dict(there.headers)) == (nowhere.content, dict(nowhere.headers))
    assert _ids(_ok(stranger, "Patient")) == ["mine"]
    assert _ok(stranger, "Patient?_summary=count")["total"] == 1
    assert _ok(stranger, "Patient?identifier=640305300123")["total"] == 0
    assert _ids(_ok(stranger, "_history")) == ["mine"]
    assert _link(_ok(stranger, "Patient?_count=1"), "next") == ""


def test_the_audience_sees_a_record_from_the_version_that_was_meant_for_it(hub: RunningHub) -> None:
    owner, reader = hub.enrol(A), hub.enrol(B)
    draft = owner.put(_patient("p1", "1900")).version
    assert _get(reader, "Patient/p1").status_code == 404
    sent = owner.put(with_audience(_patient("p1"), B), draft).version
    assert _ok(reader, "Patient/p1")["birthDate"] == "1964-03-05"
    assert _get(reader, f"Patient/p1/_history/{sent}").status_code == 200
    assert _get(reader, f"Patient/p1/_history/{draft}").status_code == 404
    for path in ("Patient/p1/_history", "Patient/_history", "_history"):
        assert [each["resource"]["birthDate"] for each in _ok(reader, path)["entry"]] == ["1964-03-05"]
    assert [each["resource"]["birthDate"] for each in _walk(reader, "_history?_count=1")] == ["1964-03-05"]
    assert len(_ok(owner, "Patient/p1/_history")["entry"]) == 2


def test_who_is_no_longer_meant_sees_nothing_of_the_past_either(hub: RunningHub) -> None:
    owner, reader = hub.enrol(A), hub.enrol(B)
    sent = owner.put(with_audience(_patient("p1"), B)).version
    owner.put(with_audience(msgspec.structs.replace(_patient("p1"), active=True)), sent)
    assert _get(reader, f"Patient/p1/_history/{sent}").status_code == 404
    assert _ok(reader, "_history").get("entry") is None


def test_what_is_meant_for_everybody_is_found_by_everybody(hub: RunningHub) -> None:
    hub.enrol(A).put(with_audience(Organization(id=A, name="Хромтау"), "*"))
    assert _ids(_ok(hub.enrol(C), "Organization")) == [A]
    assert _ids(_ok(hub.enrol(C), "Organization/_history")) == [A]


def test_a_head_request_is_answered_as_a_read_without_its_body(hub: RunningHub) -> None:
    client = hub.enrol(A)
    client.put(_patient("p1"))
    response = client.http.head("/Patient/p1", headers=client.headers)
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["etag"]
