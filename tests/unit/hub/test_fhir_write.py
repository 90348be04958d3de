"""Records come to be and change over the hub's FHIR API: the right answer, and never a lost edit or a second record."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from clinic_app.foundation.clock import SystemClock
from clinic_app.hub.app import build_app, build_hub
from clinic_app.records import Organization, Patient, encode, with_audience
from clinic_app.storage.exchange.exchange import Write
from clinic_app.sync.wire import MEDIA_TYPE
from tests.helpers.asgi import AsgiClient
from tests.helpers.hub_clients import HubClient, RunningHub, write_of
from tests.helpers.stores import open_store

A, B, C = "org-a", "org-b", "org-c"
PATCH = "application/json-patch+json"
IIN = "urn:iin"


@pytest.fixture(scope="module")
def hub(both_databases: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """One hub for all the tests of this file; each has organisations and ids of its own."""
    store = open_store(tmp_path_factory.mktemp("hub"), bytes(32), SystemClock())
    made = build_hub(store, SystemClock())
    http = AsgiClient(build_app(made))
    yield RunningHub(made, http)
    http.close()
    store.close()


class Desk:
    """A FHIR client of one organisation."""

    def __init__(self, client: HubClient) -> None:
        self.client = client

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """Send a request; header names with underscores for hyphens."""
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        kind = {"Content-Type": PATCH if method == "PATCH" else MEDIA_TYPE}
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.http.request(method, path, content=content, headers={**self.client.headers, **kind, **more})

    def version(self, address: str) -> str:
        """Return the version a record is at."""
        answer = self.ask("GET", f"/{address}")
        assert answer.status_code == 200, answer.text
        return answer.headers["etag"]


@pytest.fixture
def desk(hub: RunningHub, request: pytest.FixtureRequest) -> Desk:
    return Desk(hub.enrol(f"org-{request.node.name}"[:60].replace("[", "-").replace("]", "").replace("_", "-")))


def patient(id: str = "", number: str = "", **more: object) -> dict[str, Any]:
    """Return a patient as JSON."""
    made: dict[str, Any] = {"resourceType": "Patient", **({"id": id} if id else {}), **more}
    return {**made, "identifier": [{"system": IIN, "value": number}]} if number else made


def problem(answer: httpx.Response) -> str:
    """Return what an OperationOutcome says."""
    (issue,) = answer.json()["issue"]
    assert issue["severity"] == "error"
    words: str = issue["details"]["text"]
    return words


def test_a_created_record_gets_an_id_and_is_found_where_the_answer_says(desk: Desk) -> None:
    answer = desk.ask("POST", "/Patient", patient("mine", birthDate="1964-03-05"))
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["id"] != "mine"
    assert answer.headers["location"] == f"/Patient/{made['id']}/_history/{made['meta']['versionId']}"
    assert answer.headers["etag"] == f'W/"{made["meta"]["versionId"]}"'
    assert answer.headers["last-modified"].endswith(" GMT")
    assert desk.ask("GET", answer.headers["location"]).json() == made


def test_a_create_keeps_what_we_do_not_model_byte_for_byte(desk: Desk) -> None:
    body = b'{"resourceType":"Patient","multipleBirthInteger":2,"x":{"value":72.50,"y":[1E+2]}}'
    made = desk.ask("POST", "/Patient", body)
    assert b'"x":{"value":72.50,"y":[1E+2]}' in made.content


def test_behind_a_proxy_the_location_has_the_proxys_path(hub: RunningHub) -> None:
    client = hub.enrol(A)
    app = build_app(hub.hub)

    async def below(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "root_path": "/fhir", "path": "/fhir" + scope["path"]}, receive, send)

    http = AsgiClient(below)
    answer = http.post("/Patient", content=b'{"resourceType":"Patient"}', headers=client.headers)
    http.close()
    assert answer.headers["location"].startswith("/fhir/Patient/")


@pytest.mark.parametrize(
    ("prefer", "resource_type"),
    [("return=minimal", ""), ("return=representation", "Patient"), ("return=OperationOutcome", "OperationOutcome")],
)
def test_as_much_comes_back_as_is_preferred(desk: Desk, prefer: str, resource_type: str) -> None:
    answer = desk.ask("POST", "/Patient", patient(), Prefer=f"respond-async, {prefer}")
    assert answer.status_code == 201
    assert (answer.json()["resourceType"] if answer.content else "") == resource_type


def test_an_update_makes_a_record_at_an_address_or_replaces_the_version_it_names(desk: Desk) -> None:
    first = desk.ask("PUT", "/Patient/u1", patient("u1"))
    assert first.status_code == 201
    second = desk.ask("PUT", "/Patient/u1", patient("u1", birthDate="1964"), If_Match=first.headers["etag"])
    assert (second.status_code, second.json()["birthDate"]) == (200, "1964")
    assert second.headers["etag"] != first.headers["etag"]
    assert len(desk.ask("GET", "/Patient/u1/_history").json()["entry"]) == 2


def test_nobody_replaces_a_version_he_does_not_name(desk: Desk) -> None:
    first = desk.ask("PUT", "/Patient/u2", patient("u2"))
    desk.ask("PUT", "/Patient/u2", patient("u2", birthDate="1964"), If_Match=first.headers["etag"])
    blind = desk.ask("PUT", "/Patient/u2", patient("u2", birthDate="1900"))
    assert blind.status_code == 428
    assert "If-Match" in problem(blind)
    late = desk.ask("PUT", "/Patient/u2", patient("u2", birthDate="1900"), If_Match=first.headers["etag"])
    assert late.status_code == 412
    new = desk.ask("PUT", "/Patient/u2", patient("u2", birthDate="1900"), If_None_Match="*")
    assert new.status_code == 412
    for garbage in ("*", "x", 'W/"', 'W/"a", W/"b"', ""):
        refused = desk.ask("PUT", "/Patient/u2", patient("u2", birthDate="1900"), If_Match=garbage)
        assert refused.status_code == 400, garbage
    assert desk.ask("GET", "/Patient/u2").json()["birthDate"] == "1964"


def test_a_lost_answer_is_made_good_by_sending_the_same_again(desk: Desk) -> None:
    first = desk.ask("PUT", "/Patient/u3", patient("u3"), If_None_Match="*")
    assert desk.ask("PUT", "/Patient/u3", patient("u3"), If_None_Match="*").headers["etag"] == first.headers["etag"]
    named = {"If_Match": first.headers["etag"]}
    second = desk.ask("PUT", "/Patient/u3", patient("u3", active=True), **named)
    again = desk.ask("PUT", "/Patient/u3", patient("u3", active=True), **named)
    assert (again.status_code, again.headers["etag"]) == (200, second.headers["etag"])
    assert len(desk.ask("GET", "/Patient/u3/_history").json()["entry"]) == 2


def test_what_somebody_wants_to_have_back_as_it_was_is_a_new_version(desk: Desk) -> None:
    versions = [desk.ask("PUT", "/Patient/u4", patient("u4", active=True)).headers["etag"]]
    for is_active in (False, True, False):
        body = patient("u4", active=is_active)
        versions.append(desk.ask("PUT", "/Patient/u4", body, If_Match=versions[-1]).headers["etag"])
        assert desk.ask("GET", "/Patient/u4").json()["active"] is is_active
    assert len(set(versions)) == 4


def test_an_old_record_with_an_old_version_is_not_taken_for_a_repetition(desk: Desk) -> None:
    first = desk.ask("PUT", "/Patient/u5", patient("u5", active=True)).headers["etag"]
    desk.ask("PUT", "/Patient/u5", patient("u5", active=False), If_Match=first)
    assert desk.ask("PUT", "/Patient/u5", patient("u5", active=True), If_Match=first).status_code == 412
    assert desk.ask("GET", "/Patient/u5").json()["active"] is False


def test_a_patch_changes_what_it_says_and_nothing_else(desk: Desk) -> None:
    body = b'{"resourceType":"Patient","id":"q1","birthDate":"1964","x":{"value":72.50}}'
    first = desk.ask("PUT", "/Patient/q1", body).headers["etag"]
    change = [{"op": "replace", "path": "/birthDate", "value": "1965"}]
    made = desk.ask("PATCH", "/Patient/q1", change, If_Match=first)
    assert (made.status_code, made.json()["birthDate"]) == (200, "1965")
    assert b'"value":72.50' in made.content
    assert desk.ask("PATCH", "/Patient/q1", change, If_Match=first).status_code == 412
    assert desk.ask("PATCH", "/Patient/q1", change, If_Match="W/garbage").status_code == 400
    assert desk.ask("PATCH", "/Patient/nowhere", change).status_code == 404


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ([{"op": "replace", "path": "/gender", "value": "xx"}], 422),
        ([{"op": "add", "path": "/gender", "value": "xx"}], 422),
        ([{"op": "add", "path": "/contact", "value": [{"gender": "xx"}]}], 422),
        ([{"op": "replace", "path": "/id", "value": "other"}], 422),
        ([{"op": "replace", "path": "/resourceType", "value": "Task"}], 422),
        ([{"op": "remove", "path": "/resourceType"}], 422),
        ([{"op": "add", "path": "/birthDate", "value": "yesterday"}], 422),
        ([{"op": "add", "path": "/x", "value": json.loads("[" * 90 + "]" * 90)}], 422),
        ([{"op": "replace", "path": "", "value": {}}], 422),
        ([{"op": "remove", "path": "/nothing"}], 422),
        ([], 400),
        ({"op": "add"}, 400),
        ({"resourceType": "Parameters"}, 400),
        ([{"op": "copy", "from": "", "path": f"/x{each}"} for each in range(30)], 422),
    ],
)
def test_a_patch_that_makes_no_record_changes_nothing(hub: RunningHub, change: object, status: int) -> None:
    desk = Desk(hub.enrol("org-patched"))
    desk.ask("PUT", "/Patient/patched", patient("patched"), If_None_Match="*")
    before = desk.version("Patient/patched")
    answer = desk.ask("PATCH", "/Patient/patched", change)
    assert answer.status_code == status, answer.text
    assert problem(answer)
    assert desk.version("Patient/patched") == before


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("POST", "/Patient", "application/fhir+xml"),
        ("POST", "/Patient", "text/html"),
        ("POST", "/Patient", PATCH),
        ("PUT", "/Patient/k", "application/x-www-form-urlencoded"),
        ("PATCH", "/Patient/k", MEDIA_TYPE),
        ("PATCH", "/Patient/k", "application/merge-patch+json"),
        ("PATCH", "/Patient/k", "application/xml-patch+xml"),
        ("POST", "/", "text/plain"),
    ],
)
def test_another_content_type_is_refused_in_words(desk: Desk, method: str, path: str, kind: str) -> None:
    answer = desk.ask(method, path, patient("k"), Content_Type=kind)
    assert answer.status_code == 415
    assert "json" in problem(answer)


def test_nothing_is_deleted_whatever_is_there(desk: Desk) -> None:
    desk.ask("PUT", "/Patient/d1", patient("d1"))
    answers = [desk.ask("DELETE", path) for path in ("/Patient/d1", "/Patient/nowhere", "/Patient?identifier=1")]
    assert {(answer.status_code, answer.content) for answer in answers} == {(405, answers[0].content)}
    assert "entered in error" in problem(answers[0])
    assert desk.ask("GET", "/Patient/d1").status_code == 200


def test_a_sentence_is_said_in_the_language_of_the_reader(desk: Desk) -> None:
    refused = desk.ask("POST", "/Patient", patient(gender="xx"), Accept_Language="ru-RU,ru;q=0.9")
    (issue,) = refused.json()["issue"]
    assert refused.status_code == 422
    assert issue["expression"] == ["gender"]
    assert "допустимых" in issue["details"]["text"]
    assert "“xx”" in issue["diagnostics"]


@pytest.mark.parametrize(
    "record",
    [
        patient(gender="xx"),
        patient(contact=[{"gender": "m"}]),
        patient(link=[{"type": "same", "other": {}}]),
        patient(address=[{"type": "home"}]),
        patient(text={"status": "fine", "div": "<div/>"}),
        {"resourceType": "Observation", "status": "done", "code": {}},
        {"resourceType": "Observation", "status": "final", "code": {}, "valueQuantity": {"comparator": "~"}},
        {"resourceType": "AllergyIntolerance", "patient": {}, "criticality": "very"},
        {"resourceType": "AllergyIntolerance", "patient": {}, "category": ["food", "dust"]},
        {"resourceType": "AllergyIntolerance", "patient": {}, "clinicalStatus": {"coding": [{"code": "bad"}]}},
        {"resourceType": "ServiceRequest", "status": "active", "intent": "wish", "subject": {}},
        {"resourceType": "Communication", "status": "sent"},
        {"resourceType": "DocumentReference", "status": "current", "docStatus": "x", "content": []},
        {"resourceType": "Practitioner", "gender": "xx"},
        {"resourceType": "Device", "status": "on"},
    ],
)
def test_a_word_fhir_does_not_know_is_refused_before_it_is_stored(hub: RunningHub, record: dict[str, Any]) -> None:
    answer = Desk(hub.enrol("org-codes")).ask("POST", f"/{record['resourceType']}", record)
    assert answer.status_code == 422
    assert answer.json()["issue"][0]["code"] == "code-invalid"
    assert "none of the words" in problem(answer)


def test_a_key_gets_its_answer_again_for_every_kind_of_write(desk: Desk) -> None:
    made = [desk.ask("POST", "/Patient", patient(number="1"), Idempotency_Key="k1") for _ in range(3)]
    assert len({answer.json()["id"] for answer in made}) == 1
    assert [answer.status_code for answer in made] == [201, 201, 201]
    place = f"/Patient/{made[0].json()['id']}"
    change = [{"op": "add", "path": "/name/-", "value": {"family": "X"}}]
    desk.ask("PATCH", place, [{"op": "add", "path": "/name", "value": []}])
    for _ in range(3):
        patched = desk.ask("PATCH", place, change, Idempotency_Key="k2")
    assert len(patched.json()["name"]) == 1
    other = desk.ask("POST", "/Patient", patient(number="2"), Idempotency_Key="k1")
    assert other.status_code == 422
    assert desk.ask("POST", "/Patient", patient(), Idempotency_Key="k" * 101).status_code == 422


def test_an_old_program_is_taken_for_two_agreements_and_then_told_to_be_brought_up_to_date(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clinic_app.hub import fhir_write

    monkeypatch.setattr(fhir_write, "PROFILE_VERSION", 5)
    taken = {str(each): desk.ask("POST", "/Patient", patient(), X_Profile_Version=str(each)) for each in range(8)}
    statuses = {each: answer.status_code for each, answer in taken.items()}
    assert statuses == {"0": 400, "1": 400, "2": 400, "3": 201, "4": 201, "5": 201, "6": 400, "7": 400}
    assert "too old" in problem(taken["2"])
    assert "older than yours" in problem(taken["6"])
    assert {taken[each].json()["issue"][0]["code"] for each in ("2", "6")} == {"transient"}
    for garbage in ("", "x", "-1", "1.0", "9" * 5000):
        assert desk.ask("POST", "/Patient", patient(), X_Profile_Version=garbage).status_code == 400


def test_what_another_organisation_has_is_answered_like_what_is_not_there(hub: RunningHub) -> None:
    owner, stranger = Desk(hub.enrol("org-owner")), Desk(hub.enrol("org-stranger"))
    version = owner.ask("PUT", "/Patient/theirs", patient("theirs", "640305300123")).headers["etag"]
    change = [{"op": "add", "path": "/active", "value": True}]
    for path, other in (("/Patient/theirs", "/Patient/nobodys"),):
        for method, body, headers in (
            ("PUT", patient("theirs"), {"If_Match": version}),
            ("PATCH", change, {}),
            ("PATCH", change, {"If_Match": version}),
            ("DELETE", None, {}),
        ):
            there = stranger.ask(method, path, body, **headers)
            gone = patient("nobodys") if method == "PUT" else body
            nowhere = stranger.ask(method, other, gone, **headers)
            assert there.status_code in (404, 405, 412)
            assert (there.status_code, there.content) == (nowhere.status_code, nowhere.content)
    assert owner.version("Patient/theirs") == version


def test_eight_who_create_the_same_at_once_make_one(hub: RunningHub) -> None:
    """Parallel retries of one conditional create; on HAPI and others these make several records."""
    clients = [hub.enrol("org-parallel") for _ in range(8)]
    apps = [AsgiClient(build_app(hub.hub)) for _ in clients]
    answers: list[httpx.Response] = []
    gate = threading.Barrier(len(clients))

    def ask(place: int) -> None:
        headers = {**clients[place].headers, "If-None-Exist": f"identifier={IIN}|640305300123"}
        gate.wait(timeout=30)
        body = json.dumps(patient(number="640305300123")).encode()
        answers.append(apps[place].post("/Patient", content=body, headers=headers))

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(len(clients))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for app in apps:
        app.close()
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    found = Desk(clients[0]).ask("GET", "/Patient?_summary=count").json()
    assert found["total"] == 1


def test_a_condition_finds_only_what_the_caller_sees(hub: RunningHub) -> None:
    for organization in ("org-see-1", "org-see-2"):
        desk = Desk(hub.enrol(organization))
        made = desk.ask("POST", "/Patient", patient(number="77"), If_None_Exist=f"identifier={IIN}|77")
        assert made.status_code == 201
    hub.enrol("org-see-3").put(with_audience(Patient(id="shown", identifier=()), "org-see-4"))
    found = Desk(hub.enrol("org-see-4")).ask("POST", "/Patient", patient(), If_None_Exist="_id=shown")
    assert (found.status_code, found.json()["id"]) == (200, "shown")


def test_a_condition_that_fits_two_makes_nothing(desk: Desk) -> None:
    for name in ("two-1", "two-2"):
        desk.ask("PUT", f"/Patient/{name}", patient(name, "5"))
    assert desk.ask("POST", "/Patient", patient(number="5"), If_None_Exist="identifier=urn:iin|5").status_code == 412
    assert desk.ask("PUT", "/Patient?identifier=urn:iin%7C5", patient(number="5")).status_code == 412
    assert desk.ask("PATCH", "/Patient?identifier=urn:iin%7C5", [{"op": "remove", "path": "/id"}]).status_code == 412
    assert desk.ask("GET", "/Patient?_summary=count").json()["total"] == 2


def test_a_record_that_would_not_meet_its_own_condition_is_refused(desk: Desk) -> None:
    other = desk.ask("POST", "/Patient", patient(number="1"), If_None_Exist="identifier=urn:iin|2")
    assert other.status_code == 422
    assert "second time" in problem(other)
    assert desk.ask("PUT", "/Patient?identifier=urn:iin%7C2", patient(number="1")).status_code == 422
    assert desk.ask("GET", "/Patient?_summary=count").json()["total"] == 0


def test_a_conditional_update_makes_one_replaces_the_named_version_and_is_never_blind(desk: Desk) -> None:
    address = f"/Patient?identifier={IIN}%7C9"
    made = desk.ask("PUT", address, patient(number="9"))
    assert made.status_code == 201
    assert desk.ask("PUT", address, patient(number="9")).headers["etag"] == made.headers["etag"]
    assert desk.ask("PUT", address, patient(number="9", active=True)).status_code == 428
    named = desk.ask("PUT", address, patient(number="9", active=True), If_Match=made.headers["etag"])
    assert (named.status_code, named.json()["id"]) == (200, made.json()["id"])
    assert desk.ask("PUT", address, patient("other", "9"), If_Match=named.headers["etag"]).status_code == 422
    assert desk.ask("PUT", "/Patient?identifier=urn:iin%7C10", patient("c10", "10")).json()["id"] == "c10"
    assert desk.ask("PUT", "/Patient?identifier=urn:iin%7C11", patient("c10", "11")).status_code == 428
    assert (
        desk.ask("PUT", "/Patient?identifier=urn:iin%7C12", patient(number="12"), If_Match='W/"x"').status_code == 412
    )


def test_a_conditional_patch_changes_the_one_it_finds(desk: Desk) -> None:
    change = [{"op": "add", "path": "/active", "value": True}]
    assert desk.ask("PATCH", "/Patient?identifier=urn:iin%7C3", change).status_code == 404
    desk.ask("POST", "/Patient", patient(number="3"))
    made = desk.ask("PATCH", "/Patient?identifier=urn:iin%7C3", change)
    assert (made.status_code, made.json()["active"]) == (200, True)


@pytest.mark.parametrize("path", ["/Patient", "/Patient?", "/Patient?_format=json", "/Patient?&"])
def test_a_write_to_all_of_a_type_is_refused(desk: Desk, path: str) -> None:
    assert desk.ask("PUT", path, patient("all")).status_code == 400
    assert desk.ask("PATCH", path, [{"op": "remove", "path": "/x"}]).status_code == 400


def test_an_address_and_a_search_at_once_are_refused_but_the_form_of_the_answer_is_no_search(desk: Desk) -> None:
    assert desk.ask("PUT", "/Patient/f1?identifier=1", patient("f1")).status_code == 400
    assert desk.ask("PUT", "/Patient/f1?_format=json&_pretty=true", patient("f1")).status_code == 201
    assert desk.ask("POST", "/Patient?identifier=1", patient()).status_code == 405
    assert desk.ask("PUT", "/Patient/f1?" + "x&" * 5000, patient("f1")).status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/Unicorn", {"resourceType": "Unicorn"}),
        ("POST", "/Bundle", {"resourceType": "Bundle", "type": "collection"}),
        ("PUT", "/Unicorn/1", {"resourceType": "Unicorn", "id": "1"}),
        ("PUT", "/Patient/" + "x" * 65, patient("x" * 65)),
        ("PUT", "/Patient/a_b", patient("a_b")),
        ("PATCH", "/Patient/a%00b", []),
    ],
)
def test_what_the_hub_does_not_keep_is_not_there(desk: Desk, method: str, path: str, body: object) -> None:
    assert desk.ask(method, path, body).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"resourceType":"Patient","x":' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"resourceType":"Patient","x":' + b'{"a":' * 3000 + b"1" + b"}" * 3000 + b"}",
        b'{"resourceType":"Patient","x":1e999999999}',
        b'{"resourceType":"Task","status":"draft","intent":"order"}',
        b'{"resourceType":"Patient","x":"\\ud800"}',
        b'{"resourceType":"Patient","x":NaN}',
        b'{"resourceType":"Patient","name":"A"}',
        b'{"resourceType":5}',
        b"\xef\xbb\xbf{}",
    ],
)
def test_a_body_that_is_no_such_record_is_refused_in_plain_words(hub: RunningHub, body: bytes) -> None:
    desk = Desk(hub.enrol("org-bodies"))
    for method, path in (("POST", "/Patient"), ("PUT", "/Patient/b1"), ("PUT", "/Patient?identifier=urn:iin%7C1")):
        answer = desk.ask(method, path, body)
        assert answer.status_code == 422, answer.text
        assert "`" not in problem(answer)
    assert desk.ask("GET", "/Patient?_summary=count").json()["total"] == 0


def test_huge_numbers_are_kept_or_refused_and_never_a_fault(desk: Desk) -> None:
    digits = b"9" * 5000
    kept = desk.ask("PUT", "/Patient/n1", b'{"resourceType":"Patient","id":"n1","x":' + digits + b"}")
    assert kept.status_code in (201, 422)
    made = desk.ask("PATCH", "/Patient/n1", b'[{"op":"add","path":"/y","value":' + digits + b"}]")
    assert made.status_code in (200, 404, 422)
    quantity = b'{"resourceType":"Observation","status":"final","code":{},"valueQuantity":{"value":1E+99999999}}'
    assert desk.ask("POST", "/Observation", quantity).status_code == 422


def test_who_patches_a_record_too_large_learns_it(desk: Desk) -> None:
    desk.ask("PUT", "/Patient/l1", patient("l1", x="y" * (1 << 19)))
    change = [{"op": "copy", "from": "/x", "path": "/z"}]
    assert desk.ask("PATCH", "/Patient/l1", change).status_code == 200
    big = b'{"resourceType":"Patient","x":"' + b"y" * (2 << 20) + b'"}'
    assert desk.ask("POST", "/Patient", big).status_code == 413
    assert desk.ask("PATCH", "/Patient/l1", b" " * ((1 << 20) + 1)).status_code == 413


def test_a_stranger_writes_nothing_in_anothers_name(hub: RunningHub) -> None:
    desk = Desk(hub.enrol("org-liar"))
    assert desk.ask("PUT", f"/Organization/{A}", {"resourceType": "Organization", "id": A}).status_code == 403
    hub.enrol("org-shows").put(with_audience(Patient(id="shown-too"), "org-liar"))
    change = [{"op": "add", "path": "/active", "value": True}]
    refused = desk.ask("PATCH", "/Patient/shown-too", change)
    assert refused.status_code == 403
    everybody = {"meta": {"tag": [{"system": "urn:dala:audience", "code": "*"}]}}
    assert desk.ask("POST", "/Patient", patient(**everybody)).status_code == 422


def test_what_is_written_here_comes_down_the_feed_like_everything(hub: RunningHub, tmp_path: Path) -> None:
    writer, reader = Desk(hub.enrol("org-feed")), hub.enrol("org-feed")
    made = writer.ask("POST", "/Patient", patient(number="1")).json()
    writer.ask("PATCH", f"/Patient/{made['id']}", [{"op": "add", "path": "/active", "value": True}])
    mine = [change for change in reader.changes()[0] if change.id == made["id"]]
    assert len(mine) == 1
    assert b'"active":true' in mine[0].body
    assert not list(tmp_path.iterdir())


def test_a_workstations_push_and_this_door_lead_to_the_same_records(desk: Desk) -> None:
    written = desk.client.put(Patient(id="same"))
    changed = desk.ask("PATCH", "/Patient/same", [{"op": "add", "path": "/active", "value": True}])
    assert changed.status_code == 200
    late = desk.client.write(write_of(Patient(id="same", birth_date="1964"), written.version))
    assert late.status_code == 412
    version = changed.json()["meta"]["versionId"]
    desk.client.put(Patient(id="same", birth_date="1964"), version)
    assert desk.client.write(Write("Patient", "same", encode(Patient(id="same")), None)).status_code == 200


def test_an_organisation_describes_itself(hub: RunningHub) -> None:
    desk = Desk(hub.enrol("org-itself"))
    record = encode(with_audience(Organization(id="org-itself", name="Аурухана"), "*"))
    assert desk.ask("PUT", "/Organization/org-itself", record).status_code == 201


def test_two_headers_that_contradict_one_another_are_refused(desk: Desk) -> None:
    first = desk.ask("PUT", "/Patient/h1", patient("h1")).headers["etag"]
    headers = [*desk.client.headers.items(), ("If-Match", first), ("If-Match", 'W/"x"')]
    answer = desk.client.http.request(
        "PUT", "/Patient/h1", content=b'{"resourceType":"Patient","id":"h1"}', headers=headers
    )
    assert answer.status_code == 400


def test_what_a_stranger_sends_does_not_fill_the_log_nor_the_answer(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    for gender in ("x" * 1_000_000, "`" * 1_000_000, " - at `$" * 100_000):
        refused = desk.ask("POST", "/Patient", patient(gender=gender))
        assert refused.status_code == 422
        assert len(refused.content) < 2000
    assert max(len(record.getMessage()) for record in caplog.records) < 1000


def test_who_was_let_see_a_patient_for_a_referral_is_told_that_it_is_anothers(hub: RunningHub) -> None:
    owner, asked = Desk(hub.enrol("org-asks")), Desk(hub.enrol("org-is-asked"))
    owner.ask("PUT", "/Patient/opened", patient("opened"))
    task = {
        "resourceType": "Task",
        "id": "opening",
        "status": "requested",
        "intent": "order",
        "for": {"reference": "Patient/opened"},
        "requester": {"reference": "Organization/org-asks"},
        "owner": {"reference": "Organization/org-is-asked"},
        "meta": {"tag": [{"system": "urn:dala:audience", "code": "org-is-asked"}]},
    }
    assert owner.ask("PUT", "/Task/opening", task).status_code == 201
    change = [{"op": "add", "path": "/active", "value": True}]
    assert asked.ask("GET", "/Patient/opened").status_code == 200
    assert asked.ask("PATCH", "/Patient/opened", change).status_code == 403
    moved = asked.ask("PATCH", "/Task/opening", [{"op": "replace", "path": "/status", "value": "received"}])
    assert (moved.status_code, moved.json()["status"]) == (200, "received")
    back = asked.ask("PATCH", "/Task/opening", [{"op": "replace", "path": "/status", "value": "requested"}])
    assert back.status_code == 409
    assert "cannot go from" in problem(back)
    other = asked.ask("PATCH", "/Task/opening", [{"op": "replace", "path": "/intent", "value": "plan"}])
    assert other.status_code == 403
