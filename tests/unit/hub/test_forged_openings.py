"""What a partner in a case, or anybody who knows a digest or an id, forges to see or to keep more than he was given."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from clinic_app.records import (
    Annotation,
    Attachment,
    DocumentReference,
    DocumentReferenceContent,
    Patient,
    Reference,
    ServiceRequest,
    Task,
    encode,
    reference_to,
    with_audience,
)
from clinic_app.storage.exchange.exchange import Written
from tests.helpers.hub_clients import HubClient, RunningHub, running_hub, write_of

DISTRICT, CENTRE, STRANGER = "district", "centre", "stranger"
SECRET = b"the report of somebody else"
DIGEST = hashlib.sha256(SECRET).hexdigest()
PATIENT = Patient(id="p", birth_date="1964-03-05")
ASKED = Reference(reference=f"Organization/{CENTRE}")
TASK = with_audience(
    Task(
        id="t",
        status="requested",
        intent="order",
        for_=reference_to(PATIENT),
        focus=Reference(reference="ServiceRequest/r"),
        requester=Reference(reference=f"Organization/{DISTRICT}"),
        owner=ASKED,
    ),
    CENTRE,
)
PAPER = DocumentReference(
    id="paper",
    status="current",
    content=(DocumentReferenceContent(attachment=Attachment(url=f"urn:dala:sha256:{DIGEST}", title=DIGEST)),),
)


@pytest.fixture
def hub(both_databases: str, tmp_path: Path) -> Iterator[RunningHub]:
    with running_hub(tmp_path / "hub") as made:
        yield made


@pytest.fixture
def district(hub: RunningHub) -> HubClient:
    """A hospital with a patient, and with a paper that is not about him."""
    client = hub.enrol(DISTRICT)
    client.put(PATIENT)
    client.put(PAPER)
    assert client.upload(SECRET) == DIGEST
    return client


@pytest.fixture
def centre(hub: RunningHub) -> HubClient:
    return hub.enrol(CENTRE)


def _received(centre: HubClient, task: Written, note: str) -> Written:
    said = msgspec.structs.replace(TASK, status="received", note=(Annotation(text=note),))
    return centre.put(said, task.version)


def _fetched(client: HubClient) -> int:
    return client.http.get(f"/blob/{DIGEST}", headers=client.headers).status_code


@pytest.mark.parametrize("words", [f"look at {DIGEST}."])
def test_who_writes_a_digest_into_somebody_elses_task_opens_nothing_by_it(
    district: HubClient, centre: HubClient, words: str
) -> None:
    task = district.put(TASK)
    assert _fetched(centre) == 404
    _received(centre, task, words)
    assert _fetched(centre) == 404
    assert _fetched(district) == 200


def test_what_the_requester_opened_stays_open_after_the_performers_words(
    district: HubClient, centre: HubClient
) -> None:
    task = district.put(msgspec.structs.replace(TASK, description=DIGEST))
    assert _fetched(centre) == 200
    said = msgspec.structs.replace(TASK, description=DIGEST, status="received")
    centre.put(said, task.version)
    assert _fetched(centre) == 200


@pytest.mark.parametrize("name", ["*", "x" * 65])
def test_a_referral_to_everybody_opens_nothing(hub: RunningHub, district: HubClient, name: str) -> None:
    task = msgspec.structs.replace(TASK, owner=Reference(reference=f"Organization/{name}"))
    answer = district.write(write_of(with_audience(task)))
    assert answer.status_code in (200, 422)
    stranger = hub.enrol(STRANGER)
    assert stranger.changes()[0] == ()
    assert stranger.http.get("/Patient/p", headers=stranger.headers).status_code == 404


def test_a_request_that_somebody_else_wrote_opens_nothing_of_the_patients_hospital(
    district: HubClient, centre: HubClient
) -> None:
    """The Task came first; who is asked writes the request it names, with what he would like to see."""
    district.put(TASK)
    wish = ServiceRequest(
        id="r",
        status="active",
        intent="order",
        subject=reference_to(PATIENT),
        supporting_info=(reference_to(PAPER),),
    )
    centre.put(wish)
    assert centre.http.get("/DocumentReference/paper", headers=centre.headers).status_code == 404
    assert _fetched(centre) == 404


def test_who_knows_a_digest_cannot_keep_from_erasing_what_it_names(hub: RunningHub, district: HubClient) -> None:
    stranger = hub.enrol(STRANGER)
    stranger.put(msgspec.structs.replace(PAPER, id="my-paper"))
    hub.hub.feed.erasing.erase([("DocumentReference", "paper")], "order 7")
    assert district.http.head(f"/blob/{DIGEST}", headers=district.headers).status_code == 404


def test_erasing_takes_nobody_elses_copy_of_the_same_content(hub: RunningHub, district: HubClient) -> None:
    stranger = hub.enrol(STRANGER)
    stranger.upload(SECRET)
    hub.hub.feed.erasing.erase([("DocumentReference", "paper")], "order 7")
    stranger.put(msgspec.structs.replace(PAPER, id="my-paper"))
    assert _fetched(stranger) == 200


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"op": "replace", "path": "/input/0/valueString", "value": "500 mg"}, 403),
        ({"op": "remove", "path": "/input"}, 403),
        ({"op": "add", "path": "/restriction", "value": {"repetitions": 9}}, 403),
        ({"op": "add", "path": "/note", "value": [{"text": "came"}]}, 200),
    ],
)
def test_the_performer_leaves_what_nobody_here_knows_as_it_was(
    district: HubClient, centre: HubClient, change: dict[str, object], status: int
) -> None:
    """Elements of another system, such as the dose in a Task's input, are in no struct the judge compares."""
    body = msgspec.json.decode(encode(TASK))
    body["input"] = [{"type": {"text": "dose"}, "valueString": "5 mg"}]
    address, headers = "/Task/t", {**centre.headers, "Content-Type": "application/json-patch+json"}
    assert district.http.request("PUT", address, json=body, headers=district.headers).status_code == 201
    steps = [change, {"op": "replace", "path": "/status", "value": "received"}]
    assert centre.http.patch(address, json=steps, headers=headers).status_code == status
    stands = district.http.get(address, headers=district.headers).json()
    assert stands["input"] == body["input"]
    assert "restriction" not in stands
