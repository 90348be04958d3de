"""One request that is meant to cost the hub more than a thousand others is told to ask for less."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from clinic_app.hub import fhir_write_answers, fhir_write_references
from clinic_app.hub.fhir_parameters import MOST_WIDE, read_query
from clinic_app.hub.fhir_write_answers import Envelope
from clinic_app.hub.refusals import HttpRefusalError
from tests.helpers.hub_clients import HubClient, RunningHub, running_hub

NAMES = 40


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    with running_hub(tmp_path_factory.mktemp("hub") / "hub") as made:
        yield made


@pytest.fixture
def client(hub: RunningHub) -> HubClient:
    return hub.enrol("org-a")


def _sent(client: HubClient, kind: str, entries: list[dict[str, Any]]) -> Any:
    bundle = json.dumps({"resourceType": "Bundle", "type": kind, "entry": entries})
    return client.http.post("/", content=bundle, headers=client.headers)


def test_the_names_in_a_transaction_are_looked_at_once_and_not_for_every_record(
    client: HubClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[str] = []
    is_abroad = fhir_write_references.is_abroad

    def counted(full_url: str) -> bool:
        looked_at.append(full_url)
        return is_abroad(full_url)

    monkeypatch.setattr(fhir_write_references, "is_abroad", counted)
    entries = [
        {
            "fullUrl": f"http://x/{'Abc/' * 3000}{place}/",
            "resource": {"resourceType": "Patient"},
            "request": {"method": "POST", "url": "Patient"},
        }
        for place in range(NAMES)
    ]
    assert _sent(client, "transaction", entries).status_code == 200
    assert 0 < len(looked_at) <= NAMES


class Hurrying:
    """A clock that goes on some seconds at every look."""

    def __init__(self, step_s: float) -> None:
        self._step_s = step_s
        self._now_s = 0.0

    def __call__(self) -> float:
        self._now_s += self._step_s
        return self._now_s


@pytest.mark.parametrize(("kind", "looks"), [("transaction", 5), ("batch", 20)])
def test_reading_within_a_bundle_has_an_end(kind: Any, looks: int) -> None:
    envelope = Envelope(kind, Hurrying(1.0))
    for _ in range(looks):
        envelope.check_room()
    with pytest.raises(HttpRefusalError) as refused:
        envelope.check_room()
    assert (refused.value.status, refused.value.code) == (413, "too-costly")


def test_a_batch_says_of_each_search_that_there_was_no_time_for_it(
    client: HubClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(fhir_write_answers._LONGEST_S, "batch", -1.0)
    monkeypatch.setitem(fhir_write_answers._LONGEST_S, "transaction", -1.0)
    asking = {"request": {"method": "GET", "url": "Patient?_summary=count"}}
    writing = {
        "resource": {"resourceType": "Patient", "id": "hasty"},
        "request": {"method": "PUT", "url": "Patient/hasty"},
    }
    answers = _sent(client, "batch", [asking, asking]).json()["entry"]
    assert [each["response"]["status"] for each in answers] == ["413", "413"]
    assert _sent(client, "transaction", [writing, asking]).status_code == 413
    assert client.http.get("/Patient/hasty", headers=client.headers).status_code == 404


@pytest.mark.parametrize(
    ("name", "value"),
    [("identifier", "{}"), ("identifier", "system-{}|"), ("birthdate", "19{}"), ("_lastUpdated", "20{}")],
)
def test_what_no_index_finds_is_asked_for_a_few_times_and_no_more(name: str, value: str) -> None:
    values = [value.format(number) for number in range(10, 10 + MOST_WIDE)]
    assert len(read_query("Patient", [(name, ",".join(values))], is_strict=True).terms) == 1
    with pytest.raises(HttpRefusalError, match=str(MOST_WIDE)):
        read_query("Patient", [(name, ",".join([*values, value.format(99)]))], is_strict=True)
    half = ",".join(values[: MOST_WIDE // 2 + 1])
    with pytest.raises(HttpRefusalError, match=str(MOST_WIDE)):
        read_query("Patient", [(name, half), (name, half)], is_strict=True)


def test_what_an_index_finds_is_asked_for_by_the_hundred() -> None:
    numbers = ",".join(f"iin|{number}" for number in range(100))
    assert len(read_query("Patient", [("identifier", numbers)] * 3, is_strict=True).terms) == 3
