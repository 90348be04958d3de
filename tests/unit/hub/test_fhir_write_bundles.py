"""Many wishes at once: a transaction is all of it or nothing, a batch each for itself, and names become addresses."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_app.foundation.clock import SystemClock
from clinic_app.hub.app import build_app, build_hub
from clinic_app.records import Patient, with_audience
from clinic_app.sync.wire import MAX_MESSAGE_BYTES, MEDIA_TYPE
from tests.helpers.asgi import AsgiClient
from tests.helpers.hub_clients import HubClient, RunningHub
from tests.helpers.stores import open_store

PATCH = "application/json-patch+json"
Entry = dict[str, Any]


@pytest.fixture(scope="module")
def hub(both_databases: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """One hub for all the tests of this file; each has organisations of its own."""
    store = open_store(tmp_path_factory.mktemp("hub"), bytes(32), SystemClock())
    made = build_hub(store, SystemClock())
    http = AsgiClient(build_app(made))
    yield RunningHub(made, http)
    http.close()
    store.close()


class Desk:
    """A FHIR client of one organisation that sends Bundles."""

    def __init__(self, client: HubClient) -> None:
        self.client = client

    def send(self, kind: str, *entries: Entry, **headers: str) -> httpx.Response:
        """Send a Bundle."""
        bundle = {"resourceType": "Bundle", "type": kind, "entry": entries}
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        content = {"Content-Type": MEDIA_TYPE}
        return self.client.http.post(
            "/", content=json.dumps(bundle).encode(), headers={**self.client.headers, **content, **more}
        )

    def done(self, kind: str, *entries: Entry, **headers: str) -> list[Entry]:
        """Send a Bundle that the hub has to take, and return the entries of its answer."""
        answer = self.send(kind, *entries, **headers)
        assert answer.status_code == 200, answer.text
        bundle = answer.json()
        assert bundle["type"] == f"{kind}-response"
        assert len(bundle["entry"]) == len(entries)
        entry: list[Entry] = bundle["entry"]
        return entry

    def get(self, address: str) -> Any:
        """Return what is at an address."""
        answer = self.client.http.get(f"/{address}", headers=self.client.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def count(self, type_name: str = "Patient") -> int:
        """Return how many records of a type there are."""
        total: int = self.get(f"{type_name}?_summary=count")["total"]
        return total


@pytest.fixture
def desk(hub: RunningHub, request: pytest.FixtureRequest) -> Desk:
    name = "".join(sign if sign.isalnum() else "-" for sign in request.node.name)
    return Desk(hub.enrol(f"org-{name}"[:64]))


def entry(method: str, url: str, resource: object = None, name: str = "", **conditions: str) -> Entry:
    """Return one entry of a Bundle."""
    request = {"method": method, "url": url, **conditions}
    made: Entry = {"request": request, **({"fullUrl": name} if name else {})}
    return {**made, "resource": resource} if resource is not None else made


def patient(id: str = "", number: str = "", **more: object) -> Entry:
    """Return a patient as JSON."""
    made: Entry = {"resourceType": "Patient", **({"id": id} if id else {}), **more}
    return {**made, "identifier": [{"system": "s", "value": number}]} if number else made


def finding(subject: str, id: str = "", **more: object) -> Entry:
    """Return an observation about somebody."""
    made = {"resourceType": "Observation", **({"id": id} if id else {}), "status": "final", "code": {}, **more}
    return {**made, "subject": {"reference": subject}}


def patch(*changes: Entry) -> Entry:
    """Return a JSON Patch as it stands in a Bundle."""
    data = base64.b64encode(json.dumps(changes).encode()).decode()
    return {"resourceType": "Binary", "contentType": PATCH, "data": data}


def statuses(entries: list[Entry]) -> list[str]:
    """Return the status of each entry's answer, the number alone."""
    return [each["response"]["status"][:3] for each in entries]


def where(entry: Entry) -> str:
    """Return ``Type/id`` of what an entry's answer says was made."""
    location: str = entry["response"]["location"]
    return location.partition("/_history")[0]


def refused_at(answer: httpx.Response) -> str:
    """Return the place an OperationOutcome names."""
    (issue,) = answer.json()["issue"]
    (expression,) = issue["expression"]
    return str(expression)


def test_every_form_of_wish_goes_through_in_one_transaction(desk: Desk) -> None:
    (first, second) = desk.done(
        "transaction", entry("PUT", "Patient/t1", patient("t1")), entry("POST", "Patient", patient(number="5"))
    )
    entries = desk.done(
        "transaction",
        entry("GET", "Patient/t1"),
        entry("PATCH", "Patient/t1", patch({"op": "add", "path": "/active", "value": True})),
        entry("PUT", "Patient?identifier=s|5", patient(number="5", active=False), ifMatch=second["response"]["etag"]),
        entry("POST", "Patient", patient(number="6"), ifNoneExist="identifier=s|6"),
        entry("POST", "Patient", patient(number="7")),
        entry("PUT", "Patient/t2", patient("t2"), ifNoneMatch="*"),
        entry("GET", "Patient?identifier=6,7"),
        entry("GET", "Patient/t1/_history"),
        entry("GET", f"Patient/t1/_history/{first['response']['etag'][3:-1]}"),
    )
    assert statuses(entries) == ["200", "200", "200", "201", "201", "201", "200", "200", "200"]
    assert entries[0]["resource"]["active"] is True
    assert entries[6]["resource"]["total"] == 2
    assert len(entries[7]["resource"]["entry"]) == 2
    assert "active" not in entries[8]["resource"]
    assert desk.get(where(entries[3]))["identifier"][0]["value"] == "6"
    assert desk.count() == 5


def test_records_that_name_one_another_in_a_circle_get_addresses(desk: Desk) -> None:
    made = desk.done(
        "transaction",
        entry("POST", "Observation", finding("urn:uuid:p", derivedFrom=[{"reference": "urn:uuid:o"}]), "urn:uuid:x"),
        entry("POST", "Observation", finding("urn:uuid:p", derivedFrom=[{"reference": "urn:uuid:x"}]), "urn:uuid:o"),
        entry("POST", "Patient", patient(link=[{"other": {"reference": "urn:uuid:p"}, "type": "refer"}]), "urn:uuid:p"),
    )
    first, second, subject = (where(each) for each in made)
    assert desk.get(first)["subject"] == {"reference": subject}
    assert desk.get(first)["derivedFrom"] == [{"reference": second}]
    assert desk.get(second)["derivedFrom"] == [{"reference": first}]
    assert desk.get(subject)["link"][0]["other"] == {"reference": subject}
    assert [
        each["id"] for each in (found["resource"] for found in desk.get(f"Observation?subject={subject}")["entry"])
    ] == [
        first.partition("/")[2],
        second.partition("/")[2],
    ]


def test_only_references_are_rewritten_and_all_other_bytes_stay(desk: Desk) -> None:
    body = (
        '{"resourceType":"Observation","status":"final","code":{"text":"urn:uuid:p"},"subject":{"reference":"urn:uuid:p"},'
        '"identifier":[{"system":"urn:ietf:rfc:3986","value":"urn:uuid:p"}],"valueQuantity":{"value":72.50},'
        '"text":{"status":"generated","div":"<div><a href=\\"urn:uuid:p\\">urn:uuid:p</a></div>"},'
        '"extension":[{"url":"urn:x","valueUri":"urn:uuid:p"}],"y":123456789012345678901}'
    )
    bundle = (
        '{"resourceType":"Bundle","type":"transaction","entry":['
        f'{{"resource":{body},"request":{{"method":"POST","url":"Observation"}}}},'
        '{"fullUrl":"urn:uuid:p","resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}}]}'
    )
    answer = desk.client.http.post("/", content=bundle.encode(), headers=desk.client.headers)
    assert answer.status_code == 200, answer.text
    made, subject = (where(each) for each in answer.json()["entry"])
    raw = desk.client.http.get(f"/{made}", headers=desk.client.headers).text
    assert f'"subject":{{"reference":"{subject}"}}' in raw
    assert f'"valueUri":"{subject}"' in raw
    assert f'<a href=\\"{subject}\\">urn:uuid:p</a>' in raw
    assert '"code":{"text":"urn:uuid:p"}' in raw
    assert '"value":"urn:uuid:p"' in raw
    assert '"value":72.50' in raw
    assert '"y":123456789012345678901' in raw


@pytest.mark.parametrize("reference", ["urn:uuid:\\u0070", "urn\\u003auuid:p", "urn:\\u0075uid:p"])
def test_a_name_written_in_other_letters_is_the_same_name(desk: Desk, reference: str) -> None:
    bundle = (
        '{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Observation","status":"final",'
        f'"code":{{}},"subject":{{"reference":"{reference}"}}}},"request":{{"method":"POST","url":"Observation"}}}},'
        '{"fullUrl":"urn:uuid:p","resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}}]}'
    )
    answer = desk.client.http.post("/", content=bundle.encode(), headers=desk.client.headers)
    made, subject = (where(each) for each in answer.json()["entry"])
    assert desk.get(made)["subject"]["reference"] == subject


def test_addresses_of_another_server_are_followed_within_the_bundle(desk: Desk) -> None:
    base = "https://other.example/fhir"
    made = desk.done(
        "transaction",
        entry("POST", "Patient", patient(), f"{base}/Patient/9"),
        entry("POST", "Observation", finding("Patient/9"), f"{base}/Observation/1"),
        entry("POST", "Observation", finding(f"{base}/Patient/9"), "urn:uuid:o"),
        entry("POST", "Observation", finding("Patient/10"), f"{base}/Observation/2"),
    )
    subject = where(made[0])
    assert [desk.get(where(each))["subject"]["reference"] for each in made[1:]] == [subject, subject, "Patient/10"]


def test_a_reference_by_search_finds_exactly_one(desk: Desk) -> None:
    desk.done(
        "transaction", entry("PUT", "Patient/r1", patient("r1", "31")), entry("PUT", "Patient/r2", patient("r2", "32"))
    )
    (made,) = desk.done("transaction", entry("POST", "Observation", finding("Patient?identifier=s|31")))
    assert desk.get(where(made))["subject"]["reference"] == "Patient/r1"
    for search in ("identifier=s|33", "identifier=s|31,s|32", "identifier=31", "name=x", "", "_count=1"):
        answer = desk.send("transaction", entry("POST", "Observation", finding(f"Patient?{search}")))
        assert answer.status_code in (400, 412, 200), answer.text
        assert answer.status_code != 200 or not search
    assert desk.send("transaction", entry("POST", "Observation", finding("Unicorn?x=1"))).status_code == 400


def test_references_by_search_have_an_end_because_all_other_writers_wait_for_them(desk: Desk) -> None:
    desk.done("transaction", entry("PUT", "Patient/s1", patient("s1", "41")))
    subject = {"reference": "Patient?identifier=s|41"}
    enough = finding("Patient/s1", derivedFrom=[subject] * 10)
    desk.done("transaction", *(entry("POST", "Observation", enough) for _ in range(20)))
    answer = desk.send("transaction", *(entry("POST", "Observation", enough) for _ in range(21)))
    assert answer.status_code == 413
    last = desk.done("batch", *(entry("POST", "Observation", enough) for _ in range(21)))[-1]
    assert last["response"]["status"] == "413"


def test_a_reference_to_nothing_in_the_request_is_refused(desk: Desk) -> None:
    answer = desk.send(
        "transaction", entry("PUT", "Patient/n1", patient("n1")), entry("POST", "Observation", finding("urn:uuid:z"))
    )
    assert (answer.status_code, refused_at(answer)) == (422, "Bundle.entry[1]")
    single = desk.client.http.post(
        "/Observation", content=json.dumps(finding("urn:uuid:z")), headers=desk.client.headers
    )
    assert single.status_code == 422
    (batched,) = desk.done("batch", entry("POST", "Observation", finding("urn:uuid:z"), "urn:uuid:z"))
    assert batched["response"]["status"] == "201 Created"  # its own name is one it may say
    assert desk.count() == 0


REFUSED: list[tuple[Entry, int]] = [
    (entry("PUT", "Patient/x1", patient("x1", gender="xx")), 422),
    (entry("PUT", "Patient/x1", patient("other")), 422),
    (entry("PUT", "Patient/taken", patient("taken", birthDate="1900")), 428),
    (entry("PUT", "Patient/taken", patient("taken", birthDate="1900"), ifNoneMatch="*"), 412),
    (entry("PUT", "Patient/taken", patient("taken", birthDate="1900"), ifMatch='W/"x"'), 412),
    (entry("PUT", "Patient/taken", patient("taken"), ifMatch="x"), 400),
    (entry("PUT", "Patient/taken", patient("taken"), ifMatch="*"), 400),
    (entry("PUT", "Patient/x1", patient("x1"), ifNoneExist="identifier=s|1"), 400),
    (entry("POST", "Patient", patient(), ifMatch='W/"x"'), 400),
    (entry("POST", "Patient", patient(), ifNoneExist="name=x"), 400),
    (entry("POST", "Patient", patient(number="2"), ifNoneExist="identifier=s|1"), 422),
    (entry("POST", "Patient/x1", patient()), 405),
    (entry("POST", "Patient", finding("Patient/x")), 422),
    (entry("POST", "Patient"), 422),
    (entry("POST", "Patient", []), 422),
    (entry("POST", "Unicorn", {"resourceType": "Unicorn"}), 404),
    (entry("POST", "", {"resourceType": "Bundle", "type": "batch"}), 405),
    (entry("POST", "/", {"resourceType": "Bundle", "type": "batch"}), 404),
    (entry("POST", "Bundle", {"resourceType": "Bundle", "type": "batch"}), 404),
    (entry("PUT", "", patient()), 405),
    (entry("PUT", "Patient", patient()), 400),
    (entry("PUT", "Patient?", patient()), 400),
    (entry("PUT", "Patient/x1/_history/1", patient("x1")), 405),
    (entry("PUT", "https://hub.test/Patient/x1", patient("x1")), 404),
    (entry("PUT", "Patient/../x1", patient("x1")), 405),
    (entry("PATCH", "Patient/nowhere", patch({"op": "remove", "path": "/x"})), 404),
    (entry("PATCH", "Patient/taken", patch({"op": "remove", "path": "/x"})), 422),
    (entry("PATCH", "Patient/taken", patch({"op": "add", "path": "/x", "value": 1}), ifMatch='W/"x"'), 412),
    (entry("PATCH", "Patient/taken", patient("taken")), 400),
    (entry("PATCH", "Patient/taken", {"resourceType": "Binary", "contentType": PATCH, "data": "%%"}), 400),
    (entry("PATCH", "Patient/taken", {"resourceType": "Binary", "contentType": "text/plain", "data": "W10="}), 415),
    (entry("PATCH", "Patient?identifier=s|none", patch({"op": "remove", "path": "/x"})), 404),
    (entry("DELETE", "Patient/taken"), 405),
    (entry("DELETE", "Patient/nowhere"), 405),
    (entry("HEAD", "Patient/taken"), 405),
    (entry("OPTIONS", "Patient"), 405),
    (entry("GET", "Patient/nowhere"), 404),
    (entry("GET", "Patient?birthdate=never"), 400),
    (entry("GET", ""), 404),
    (entry("GET", "metadata"), 404),
    (entry("GET", "$changes"), 404),
    (entry("GET", "blob/" + "a" * 64), 404),
    (entry("GET", "Patient/taken/other"), 404),
    (entry("GET", "Patient?" + "&".join(["_id=x"] * 21)), 400),
    ({"resource": patient()}, 422),
    ({"resource": patient(), "request": {}}, 422),
    ({"resource": patient(), "request": {"method": "POST", "url": 5}}, 422),
    ({"fullUrl": [], "resource": patient(), "request": {"method": "POST", "url": "Patient"}}, 422),
    (5, 422),  # type: ignore[list-item]
]


@pytest.mark.parametrize(("bad", "status"), REFUSED)
def test_one_entry_that_cannot_be_leaves_nothing_of_a_transaction_and_the_rest_of_a_batch(
    hub: RunningHub, bad: Entry, status: int
) -> None:
    desk = Desk(hub.enrol("org-refused"))
    if not desk.count():
        desk.done("transaction", entry("PUT", "Patient/taken", patient("taken")))
    before = desk.count()
    answer = desk.send("transaction", entry("POST", "Patient", patient()), bad)
    assert answer.status_code == status, answer.text
    assert refused_at(answer).startswith("Bundle.entry[1]")
    assert desk.count() == before
    first, second, third = desk.done("batch", entry("POST", "Patient", patient()), bad, entry("GET", "Patient/taken"))
    assert statuses([first, second, third]) == ["201", str(status), "200"]
    (issue,) = second["response"]["outcome"]["issue"]
    assert issue["details"]["text"]
    assert desk.count() == before + 1


@pytest.mark.parametrize(
    "entries",
    [
        [entry("PUT", "Patient/w1", patient("w1")), entry("PUT", "Patient/w1", patient("w1"))],
        [
            entry("PUT", "Patient/w1", patient("w1")),
            entry("PUT", "Patient/w1", patient("w1", active=True), ifNoneMatch="*"),
        ],
        [entry("POST", "Patient", patient(number="8"), ifNoneExist="identifier=s|8")] * 2,
        [entry("PUT", "Patient?identifier=s%7C8", patient(number="8"))] * 2,
        [
            entry("POST", "Patient", patient(number="8"), ifNoneExist="identifier=s|8"),
            entry("PUT", "Patient?identifier=s|8", patient(number="8")),
        ],
        [
            entry("POST", "Patient", patient(number="8"), ifNoneExist="identifier=s|8"),
            entry("POST", "Patient", patient(number="8")),
        ],
        [entry("POST", "Patient", patient(), "urn:uuid:a"), entry("POST", "Patient", patient(), "urn:uuid:a")],
    ],
)
def test_two_wishes_about_one_record_are_refused_and_neither_is_dropped_in_silence(
    hub: RunningHub, entries: list[Entry]
) -> None:
    desk = Desk(hub.enrol("org-twice"))
    assert desk.send("transaction", *entries).status_code == 412
    assert desk.count() == 0


def test_a_batch_answers_each_entry_for_itself_in_its_order(desk: Desk) -> None:
    entries = desk.done(
        "batch",
        entry("POST", "Patient", patient(number="1"), ifNoneExist="identifier=s|1"),
        entry("POST", "Patient", patient(number="1"), ifNoneExist="identifier=s|1"),
        entry("GET", "Patient?identifier=1"),
        entry("DELETE", "Patient/x"),
    )
    assert statuses(entries) == ["201", "200", "200", "405"]
    assert where(entries[0]) == where(entries[1])
    assert entries[2]["resource"]["total"] == 1


def test_a_batch_of_batches_comes_to_nothing(desk: Desk) -> None:
    inner: Entry = {"resourceType": "Bundle", "type": "batch", "entry": [entry("POST", "Patient", patient())]}
    for _ in range(10):
        inner = {"resourceType": "Bundle", "type": "batch", "entry": [entry("POST", "Bundle", inner)]}
    (answered,) = desk.done("batch", entry("POST", "", inner))
    assert answered["response"]["status"] == "405"
    assert desk.count() == 0


@pytest.mark.parametrize("kind", ["transaction", "batch"])
def test_a_key_gets_the_same_answer_again(desk: Desk, kind: str) -> None:
    wishes = [entry("POST", "Patient", patient()), entry("POST", "Patient", patient(number="2"))]
    answers = [desk.send(kind, *wishes, Idempotency_Key="k") for _ in range(3)]
    assert len({tuple(where(each) for each in answer.json()["entry"]) for answer in answers}) == 1
    assert desk.count() == 2
    other = desk.send(kind, entry("POST", "Patient", patient(number="3")), Idempotency_Key="k")
    assert "422" in (str(other.status_code), *statuses(other.json().get("entry", [])))


def test_one_key_for_two_forms_of_the_same_write_is_refused_and_no_fault(desk: Desk) -> None:
    headers = {**desk.client.headers, "Idempotency-Key": "k"}
    assert desk.send("transaction", entry("PUT", "Patient/k1", patient("k1")), Idempotency_Key="k").status_code == 200
    body = json.dumps(patient("k1")).encode()
    assert desk.client.http.request("PUT", "/Patient/k1", content=body, headers=headers).status_code == 422


def test_as_much_comes_back_as_is_preferred(desk: Desk) -> None:
    wish = entry("POST", "Patient", patient())
    assert "resource" not in desk.done("transaction", wish)[0]
    assert desk.done("transaction", wish, Prefer="return=representation")[0]["resource"]["resourceType"] == "Patient"
    assert desk.done("batch", wish, Prefer="return=representation")[0]["resource"]["resourceType"] == "Patient"


def test_an_answer_never_grows_beyond_what_a_reader_takes(desk: Desk) -> None:
    desk.done(
        "transaction", *(entry("PUT", f"Patient/g{each}", patient(f"g{each}", x="y" * 450_000)) for each in range(5))
    )
    answer = desk.send("batch", *(entry("GET", "Patient?_count=5") for _ in range(50)))
    assert answer.status_code == 200
    assert len(answer.content) < MAX_MESSAGE_BYTES
    assert statuses(answer.json()["entry"])[-1] == "413"
    whole = desk.send("transaction", *(entry("GET", f"Patient/g{each % 5}") for each in range(50)))
    assert whole.status_code == 413
    wishes = [entry("PATCH", f"Patient/g{each}", patch({"op": "add", "path": "/z", "value": 1})) for each in range(5)]
    made = desk.send("transaction", *wishes, Prefer="return=representation")
    assert made.status_code == 200
    assert len(made.content) < MAX_MESSAGE_BYTES


def test_small_patches_of_large_records_have_an_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from clinic_app.hub import fhir_write

    monkeypatch.setattr(fhir_write, "_MOST_BATCH_BYTES", 1_000_000)
    desk.done("transaction", entry("PUT", "Patient/h1", patient("h1", x="y" * 600_000)))
    wishes = [entry("PATCH", "Patient/h1", patch({"op": "add", "path": f"/z{each}", "value": 1})) for each in range(5)]
    assert statuses(desk.done("batch", *wishes)) == ["200", "200", "413", "413", "413"]


@pytest.mark.parametrize(
    "bundle",
    [
        b"",
        b"[]",
        b"{}",
        b'{"resourceType":"Bundle"}',
        b'{"resourceType":"Bundle","type":"transaction"}',
        b'{"resourceType":"Bundle","type":"batch","entry":[]}',
        b'{"resourceType":"Bundle","type":"collection","entry":[{}]}',
        b'{"resourceType":"Bundle","type":"history","entry":[{}]}',
        b'{"resourceType":"Bundle","type":5,"entry":[{}]}',
        b'{"resourceType":"Bundle","type":"batch","entry":{}}',
        b'{"resourceType":"Bundle","type":"transaction","entry":[null]}',
        b'{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":5,"url":[]}}]}',
        b'{"resourceType":"Patient","type":"batch","entry":[{}]}',
        b'{"resourceType":"Bundle","type":"batch","entry":[' + b",".join([b"{}"] * 501) + b"]}",
        b'{"resourceType":"Bundle","type":"batch","entry":' + b"[" * 50_000,
    ],
)
def test_what_is_no_bundle_of_wishes_is_refused_in_plain_words(hub: RunningHub, bundle: bytes) -> None:
    client = hub.enrol("org-nonsense")
    answer = client.http.post("/", content=bundle, headers=client.headers)
    assert answer.status_code == 422
    (issue,) = answer.json()["issue"]
    assert "`" not in issue["details"]["text"]


def test_guessing_ids_in_a_bundle_tells_nothing(hub: RunningHub) -> None:
    owner, stranger = hub.enrol("org-has"), Desk(hub.enrol("org-guesses"))
    version = owner.put(with_audience(Patient(id="guessed"), "org-somebody")).version
    for wish in (
        lambda name: entry("GET", f"Patient/{name}"),
        lambda name: entry("GET", f"Patient/{name}/_history"),
        lambda name: entry("GET", f"Patient/{name}/_history/{version}"),
        lambda name: entry("GET", f"Patient?_id={name}&_elements=x"),
        lambda name: entry("PUT", f"Patient/{name}", patient(name), ifMatch=f'W/"{version}"'),
        lambda name: entry("PATCH", f"Patient/{name}", patch({"op": "test", "path": "/id", "value": name})),
        lambda name: entry("PATCH", f"Patient?_id={name}", patch({"op": "test", "path": "/id", "value": name})),
        lambda name: entry("POST", "Observation", finding(f"Patient?_id={name}")),
        lambda name: entry("POST", "Patient", patient(number="1"), ifNoneExist=f"_id={name}"),
    ):
        for kind in ("transaction", "batch"):
            there, nowhere = (stranger.send(kind, wish(name)) for name in ("guessed", "nobodys"))
            said = [json.loads(each.text.replace("guessed", "nobodys")) for each in (there, nowhere)]
            for each in said:
                each.pop("id", None)
                for one in each.get("entry", []):
                    one.get("resource", {}).pop("id", None)
            assert said[0] == said[1]
            assert there.status_code == nowhere.status_code


_WORDS = st.sampled_from(
    [
        "GET",
        "POST",
        "PUT",
        "PATCH",
        "Patient",
        "Patient/z1",
        "Patient?_id=z1",
        "*",
        'W/"a"',
        "urn:uuid:a",
        "_id=z1",
        "",
        "é\x00",
    ]
)
_ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        "fullUrl": _WORDS,
        "resource": st.sampled_from([patient("z1"), patient(), patch({"op": "remove", "path": "/x"}), {}, [], 5]),
        "request": st.dictionaries(
            st.sampled_from(["method", "url", "ifMatch", "ifNoneMatch", "ifNoneExist"]), _WORDS, max_size=4
        ),
    },
)


@pytest.fixture(scope="module")
def shaken(hub: RunningHub) -> Desk:
    return Desk(hub.enrol("org-shaken"))


@settings(max_examples=60, deadline=None)
@given(kind=st.sampled_from(["transaction", "batch"]), entries=st.lists(_ENTRIES, min_size=1, max_size=3))
def test_whatever_a_bundle_asks_for_it_is_answered(shaken: Desk, kind: str, entries: list[Entry]) -> None:
    answer = shaken.send(kind, *entries)
    assert answer.status_code < 500, answer.text
    assert kind == "transaction" or answer.status_code == 200
