"""Every endpoint of the hub for every kind of caller: what is another organisation's is not there in any way.

The endpoints come from the route table itself; one that has no line here fails the first test. Each line says how to
ask for something of organisation A's, and which callers may have it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from clinic_app.foundation.clock import SystemClock
from clinic_app.hub.app import build_app, build_hub
from clinic_app.hub.openapi import PUBLIC, methods_of
from clinic_app.records import Attachment, DocumentReference, DocumentReferenceContent, Patient, with_audience
from clinic_app.storage.exchange.exchange import Write
from clinic_app.sync.wire import encode_transaction
from tests.helpers.asgi import AsgiClient
from tests.helpers.hub_clients import HubClient
from tests.helpers.stores import open_store

OWN, AUDIENCE, OTHER = "org-owner", "org-audience", "org-other"
SECRET = "640305300123"
"""Stands in every record of the owner's."""
ALL = frozenset({"own", "audience", "other"})
SEEING = frozenset({"own", "audience"})


@dataclass
class Standing:
    """A hub with records of one organisation, and the callers."""

    http: AsgiClient
    clients: dict[str, HubClient]
    sent: bytes = b""
    version: str = ""
    digest: str = ""
    hidden_version: str = ""
    secrets: set[str] = field(default_factory=set)

    def ask(self, who: str, line: Line) -> httpx.Response:
        """Return the answer to the line's request by one caller."""
        tokens = {"nobody": {}, "wrong": {"Authorization": "Bearer wrong"}}
        headers = self.clients[who].headers if who in self.clients else tokens[who]
        options = line.options(self) if line.options else {}
        headers = {**headers, **options.pop("headers", {})}
        return self.http.request(line.method, line.address.format(at=self), headers=headers, **options)


@dataclass(frozen=True)
class Line:
    """One request for something of the owner's.

    Args:
        method: of the request.
        path: of the route.
        address: what is asked for, with the places of `Standing` in it.
        may: callers who get it.
        is_list: whether those who may not get an answer without it, instead of none.
        refused: the status of the refusal, where it is not the usual one.
        options: the rest of the request.
    """

    method: str
    path: str
    address: str
    may: frozenset[str] = SEEING
    is_list: bool = False
    refused: int = 0
    options: Callable[[Standing], dict[str, Any]] | None = None


def _overwrite(standing: Standing) -> dict[str, Any]:
    """The owner's patient as he last sent it, which changes nothing when he says it again."""
    return {"content": encode_transaction([Write("Patient", "shared", standing.sent, standing.version)])}


def _record(standing: Standing) -> dict[str, Any]:
    """The same over the other door, naming the version."""
    return {"content": standing.sent, "headers": {"If-Match": f'W/"{standing.version}"'}}


def _nothing_new(_standing: Standing) -> dict[str, Any]:
    """A patch that only looks."""
    patch = b'[{"op":"test","path":"/id","value":"shared"}]'
    return {"content": patch, "headers": {"Content-Type": "application/json-patch+json"}}


def _created(_standing: Standing) -> dict[str, Any]:
    """A new record unless the owner's is there, which it is for those who see it; others' would not be ``shared``."""
    return {"content": b'{"resourceType":"Patient"}', "headers": {"If-None-Exist": "_id=shared"}}


def _asked_in(kind: str, url: str) -> Callable[[Standing], dict[str, Any]]:
    """The question for the owner's patient as an entry of a Bundle."""
    bundle = {"resourceType": "Bundle", "type": kind, "entry": [{"request": {"method": "GET", "url": url}}]}
    return lambda _standing: {"json": bundle}


def _upload(name: str) -> Callable[[Standing], dict[str, Any]]:
    return lambda _standing: {"headers": {name: "5"}, "content": b""}


LINES = (
    Line("GET", "/metadata", "/metadata", ALL, is_list=True),
    Line("GET", "/openapi.json", "/openapi.json", ALL, is_list=True),
    Line("GET", "/health", "/health", ALL, is_list=True),
    Line("GET", "/identity", "/identity", ALL, is_list=True),
    Line("GET", "/.well-known/smart-configuration", "/.well-known/smart-configuration", ALL, is_list=True),
    Line("POST", "/report", "/report", ALL, is_list=True, options=lambda _standing: {"content": b"{}"}),
    Line("GET", "/status", "/status", frozenset(), refused=401),
    Line("POST", "/", "/", frozenset({"own"}), options=_overwrite),
    Line("POST", "/", "/", is_list=True, options=_asked_in("batch", "Patient/shared")),
    Line("POST", "/", "/", is_list=True, options=_asked_in("batch", "Patient/shared/_history")),
    Line("POST", "/", "/", is_list=True, options=_asked_in("batch", "Patient")),
    Line("POST", "/", "/", is_list=True, options=_asked_in("transaction", "_history")),
    Line("POST", "/", "/", refused=404, options=_asked_in("transaction", "Patient/shared")),
    Line("POST", "/{type}", "/Patient", refused=422, options=_created),
    Line("PUT", "/{type}", "/Patient?_id=shared", frozenset({"own"}), options=_record),
    Line("PATCH", "/{type}", "/Patient?_id=shared", refused=404, options=_nothing_new),
    Line("DELETE", "/{type}", "/Patient?_id=shared", frozenset(), refused=405),
    Line("PUT", "/{type}/{id}", "/Patient/shared", frozenset({"own"}), options=_record),
    Line("PATCH", "/{type}/{id}", "/Patient/shared", refused=404, options=_nothing_new),
    Line("DELETE", "/{type}/{id}", "/Patient/shared", frozenset(), refused=405),
    Line("GET", "/$changes", "/$changes?own=true", is_list=True),
    Line("HEAD", "/blob/{sha256}", "/blob/{at.digest}", frozenset({"own"})),
    Line("PATCH", "/blob/{sha256}", "/blob/{at.digest}", frozenset({"own"}), options=_upload("Upload-Offset")),
    Line("GET", "/blob/{sha256}", "/blob/{at.digest}"),
    Line("GET", "/releases", "/releases", frozenset()),
    Line("GET", "/_history", "/_history", is_list=True),
    Line("GET", "/{type}", "/Patient", is_list=True),
    Line("GET", "/{type}", f"/Patient?identifier={SECRET}", is_list=True),
    Line("GET", "/{type}", "/Patient?_id=shared&_summary=count", is_list=True),
    Line("GET", "/{type}", "/Patient?_count=1", is_list=True),
    Line("GET", "/{type}/_history", "/Patient/_history", is_list=True),
    Line("GET", "/{type}/_history", "/Patient/_history?_count=2", is_list=True),
    Line("GET", "/{type}/{id}", "/Patient/shared"),
    Line("GET", "/{type}/{id}", "/Patient/hidden", frozenset({"own"})),
    Line("GET", "/{type}/{id}/_history", "/Patient/shared/_history"),
    Line("GET", "/{type}/{id}/_history", "/Patient/hidden/_history", frozenset({"own"})),
    Line("GET", "/{type}/{id}/_history/{vid}", "/Patient/shared/_history/{at.version}"),
    Line("GET", "/{type}/{id}/_history/{vid}", "/Patient/hidden/_history/{at.hidden_version}", frozenset({"own"})),
)
FOR_ITS_PEOPLE = {
    ("GET", "/status/enter"),
    ("POST", "/status/enter"),
    ("POST", "/status/leave"),
    ("GET", "/status/style.css"),
    ("GET", "/metrics"),
}
"""For those who look after the hub, who have no token and see no record: `test_status_page` and `test_metrics`."""
UPLOADS = {("POST", "/blob"), ("POST", "/blob/{sha256}"), ("OPTIONS", "/blob"), ("OPTIONS", "/blob/{sha256}")}
WITHOUT_A_LINE = {*UPLOADS, ("POST", "/enrol"), ("POST", "/token"), *FOR_ITS_PEOPLE}
"""Begins an upload of the caller's own, whoever has the same content: see the last test; and what asks for a code or a
proof in place of a token: see ``test_tokens.py``."""
CASES = [pytest.param(line, id=f"{line.method} {line.address}") for line in LINES]


@pytest.fixture(scope="module")
def app(both_databases: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starlette]:
    store = open_store(tmp_path_factory.mktemp("hub"), bytes(32), SystemClock())
    yield build_app(build_hub(store, SystemClock()))
    store.close()


@pytest.fixture(scope="module")
def standing(app: Starlette) -> Iterator[Standing]:
    http = AsgiClient(app)
    organizations = {"own": OWN, "audience": AUDIENCE, "other": OTHER}
    clients = {who: HubClient(http, app.state.hub.callers.enrol(each, "PC")) for who, each in organizations.items()}
    standing = Standing(http, clients)
    _fill(standing)
    yield standing
    http.close()


def _fill(standing: Standing) -> None:
    """Let the owner write: a shared patient that was a draft before, a hidden one, content; the others one each."""
    own = standing.clients["own"]
    body = b'{"resourceType":"Patient","id":"%s","identifier":[{"system":"s","value":"' + SECRET.encode() + b'"}]%s}'
    hidden = own.write(Write("Patient", "hidden", body % (b"hidden", b""), None))
    draft = own.write(Write("Patient", "shared", body % (b"shared", b""), None))
    version = draft.json()["entry"][0]["response"]["etag"][3:-1]
    tag = b',"meta":{"tag":[{"system":"urn:dala:audience","code":"%s"}]}' % AUDIENCE.encode()
    standing.sent = body % (b"shared", tag)
    sent = own.write(Write("Patient", "shared", standing.sent, version))
    standing.digest = own.upload(f"recording of {SECRET}".encode())
    content = DocumentReferenceContent(attachment=Attachment(url=f"urn:sha256:{standing.digest}"))
    own.put(with_audience(DocumentReference(id="d1", status="current", content=(content,)), AUDIENCE))
    for who in ("audience", "other"):
        standing.clients[who].put(Patient(id=f"{who}s-own"))
    standing.version = sent.json()["entry"][0]["response"]["etag"][3:-1]
    standing.hidden_version = hidden.json()["entry"][0]["response"]["etag"][3:-1]
    standing.secrets = {SECRET, OWN, "hidden", "shared", version, standing.version, standing.hidden_version}


def _told(response: httpx.Response) -> str:
    """Return everything an answer says: status line, headers, body, and what is in the cursors of its links."""
    body = response.text
    told = f"{response.headers} {body}"
    if response.headers.get("content-type") == "application/fhir+json" and body:
        for link in response.json().get("link", ()):
            cursor = httpx.URL(link["url"]).params.get("cursor", "")
            told += base64.urlsafe_b64decode(cursor).decode()
    return told


def test_every_endpoint_has_a_line(app: Starlette) -> None:
    routes = {
        (method, each.path_format) for each in app.routes if isinstance(each, Route) for method in methods_of(each)
    }
    assert routes == {(line.method, line.path) for line in LINES} | WITHOUT_A_LINE


@pytest.mark.parametrize("line", CASES)
@pytest.mark.parametrize("who", ["nobody", "wrong"])
def test_without_a_living_token_nothing_is_told(standing: Standing, line: Line, who: str) -> None:
    response = standing.ask(who, line)
    assert response.status_code == (200 if line.path in PUBLIC else 401)
    assert not [each for each in standing.secrets if each in _told(response)]


@pytest.mark.parametrize("line", CASES)
@pytest.mark.parametrize("who", sorted(ALL))
def test_who_may_gets_it_and_who_may_not_learns_nothing(standing: Standing, line: Line, who: str) -> None:
    response = standing.ask(who, line)
    if who in line.may:
        assert response.status_code in (200, 204, 409), response.text
        shows = line.method == "GET" and line.path not in PUBLIC and "_summary" not in line.address
        assert not shows or SECRET in response.text
        return
    told = _told(response)
    asked = {each for each in standing.secrets if each in line.address.format(at=standing)}
    assert not [each for each in standing.secrets - asked if each in told], told
    written = 403 if who in SEEING else 412
    refused = line.refused or (written if line.method in ("POST", "PUT") else 404)
    assert response.status_code == (200 if line.is_list else refused)


@pytest.mark.parametrize("line", [each for each in LINES if not each.is_list and each.method == "GET"])
def test_what_may_not_be_seen_is_answered_like_what_is_not_there(standing: Standing, line: Line) -> None:
    for who in ALL - line.may:
        there = standing.ask(who, line)
        address = line.address.format(at=standing)
        for known, unknown in (("shared", "nowhere"), ("hidden", "nowhere"), (standing.digest, "0" * 64)):
            address = address.replace(known, unknown)
        nowhere = standing.http.request(line.method, address, headers=standing.clients[who].headers)
        assert (there.status_code, there.content) == (nowhere.status_code, nowhere.content)
        assert dict(there.headers) == dict(nowhere.headers)


@pytest.mark.parametrize(("who", "total"), [("own", 2), ("audience", 2), ("other", 1)])
def test_numbers_count_only_what_the_caller_sees(standing: Standing, who: str, total: int) -> None:
    headers = standing.clients[who].headers
    assert standing.http.get("/Patient?_summary=count", headers=headers).json()["total"] == total
    pages, path = 0, "Patient?_count=1"
    while path:
        bundle = standing.http.get(f"/{path}", headers=headers).json()
        path = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), "")
        pages += 1
    assert pages == total


def test_the_audience_does_not_get_the_draft(standing: Standing) -> None:
    headers = standing.clients["audience"].headers
    bundle = standing.http.get("/Patient/shared/_history", headers=headers).json()
    assert [each["resource"]["meta"]["versionId"] for each in bundle["entry"]] == [standing.version]
    own = standing.http.get("/Patient/shared/_history", headers=standing.clients["own"].headers).json()
    assert len(own["entry"]) == 2


def test_beginning_an_upload_does_not_tell_whether_another_has_the_same_content(standing: Standing) -> None:
    headers = {**standing.clients["other"].headers, "Upload-Length": "25"}
    there = standing.http.post(f"/blob/{standing.digest}", headers=headers)
    nowhere = standing.http.post(f"/blob/{'1' * 64}", headers=headers)
    assert (there.status_code, dict(there.headers)) == (nowhere.status_code, dict(nowhere.headers))
    assert standing.http.get(f"/blob/{standing.digest}", headers=standing.clients["other"].headers).status_code == 404
