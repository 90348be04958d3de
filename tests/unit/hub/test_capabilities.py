"""What the hub says about itself is what it does: its CapabilityStatement and OpenAPI document, tried out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance
from starlette.applications import Starlette
from starlette.routing import Route

from clinic_app.foundation.clock import SystemClock
from clinic_app.hub.app import build_app, build_hub
from clinic_app.hub.capabilities import capability_statement
from clinic_app.hub.fhir_parameters import KEPT, parameters_of
from clinic_app.hub.openapi import BEFORE_A_TOKEN, PUBLIC, described, methods_of
from clinic_app.records import Observation, Patient, Reference, with_audience
from clinic_app.records.datatypes import CodeableConcept
from tests.helpers.asgi import AsgiClient
from tests.helpers.hub_clients import HubClient
from tests.helpers.stores import opened

A = "org-a"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starlette]:
    with opened(tmp_path_factory.mktemp("hub")) as store:
        yield build_app(build_hub(store, SystemClock()))


@pytest.fixture(scope="module")
def client(app: Starlette) -> Iterator[HubClient]:
    """A workstation of a hub that has a patient and an observation."""
    http = AsgiClient(app)
    standing = HubClient(http, app.state.hub.callers.enrol(A, "PC"))
    standing.put(Patient(id="p1", birth_date="1964-03-05"))
    subject = Reference(reference="Patient/p1")
    standing.put(with_audience(Observation(id="o1", status="final", code=CodeableConcept(), subject=subject), A))
    yield standing
    http.close()


def _statement(client: HubClient) -> dict[str, Any]:
    statement: dict[str, Any] = client.http.get("/metadata").json()
    return statement


def _endpoints(app: Starlette) -> list[tuple[str, str]]:
    return [
        (method, each.path_format)
        for each in app.routes
        if isinstance(each, Route) and each.include_in_schema
        for method in methods_of(each)
    ]


def _sent(client: HubClient, case: schemathesis.Case) -> httpx.Response:
    """Send a request that schemathesis made, without a network."""
    made = case.as_transport_kwargs(base_url="http://hub.test", headers=client.headers)
    data = made.get("data")
    body = {"json": made["json"]} if "json" in made else {"data" if isinstance(data, dict) else "content": data}
    return client.http.request(made["method"], made["url"], params=made["params"], headers=made["headers"], **body)


def test_the_statement_has_what_fhir_demands_of_one(client: HubClient) -> None:
    statement = _statement(client)
    assert statement["resourceType"] == "CapabilityStatement"
    assert {"status", "date", "kind", "implementation", "fhirVersion", "format", "rest"} <= set(statement)
    assert [each["type"] for each in statement["rest"][0]["resource"]] == list(KEPT)
    codes = [each["code"] for each in statement["rest"][0]["interaction"]]
    assert codes == ["transaction", "batch", "history-system"]
    assert statement["patchFormat"] == ["application/json-patch+json"]


def test_every_interaction_of_every_type_is_really_served(client: HubClient) -> None:
    addresses = {
        "read": ("GET", "{type}/x"),
        "vread": ("GET", "{type}/x/_history/1"),
        "update": ("PUT", "{type}/x"),
        "patch": ("PATCH", "{type}/x"),
        "create": ("POST", "{type}"),
        "history-instance": ("GET", "{type}/x/_history"),
        "history-type": ("GET", "{type}/_history"),
        "search-type": ("GET", "{type}"),
    }
    for resource in _statement(client)["rest"][0]["resource"]:
        for interaction in resource["interaction"]:
            method, address = addresses[interaction["code"]]
            path = "/" + address.format(type=resource["type"])
            kind = {"Content-Type": "application/json-patch+json"} if method == "PATCH" else {}
            response = client.http.request(method, path, content=b"{}", headers={**client.headers, **kind})
            assert response.status_code in (200, 400, 404, 422)
            assert "nothing at this address" not in response.text


def test_the_conditional_forms_that_are_promised_are_kept(client: HubClient) -> None:
    (patient,) = (each for each in _statement(client)["rest"][0]["resource"] if each["type"] == "Patient")
    assert patient["conditionalCreate"]
    assert patient["conditionalUpdate"]
    assert patient["updateCreate"]
    assert patient["conditionalDelete"] == "not-supported"
    assert "delete" not in [each["code"] for each in patient["interaction"]]
    body = b'{"resourceType":"Patient","id":"c1","identifier":[{"system":"s","value":"1"}]}'
    made = client.http.request("PUT", "/Patient?identifier=s%7C1", content=body, headers=client.headers)
    again = client.http.post("/Patient", content=body, headers={**client.headers, "If-None-Exist": "identifier=s|1"})
    assert (made.status_code, again.status_code, again.json()["id"]) == (201, 200, "c1")


def test_every_search_parameter_of_every_type_is_really_served(client: HubClient) -> None:
    values = {"token": "x", "reference": "Patient/p1", "date": "2026"}
    strict = {**client.headers, "Prefer": "handling=strict"}
    for resource in _statement(client)["rest"][0]["resource"]:
        asked = {each["name"]: values[each["type"]] for each in resource["searchParam"]}
        assert set(asked) == set(parameters_of(resource["type"]))
        response = client.http.get(f"/{resource['type']}", params=asked, headers=strict)
        assert response.status_code == 200, response.text


def test_what_is_not_routed_is_not_promised() -> None:
    async def nothing() -> None:
        """Answer nothing."""

    routes = [Route("/{type:fhirtype}/{id}", nothing, methods=["GET", "PATCH"])]
    (rest,) = capability_statement(routes, SystemClock().now())["rest"]
    assert rest["interaction"] == []
    assert rest["resource"][0]["interaction"] == [{"code": "read"}, {"code": "patch"}]


def test_every_route_is_in_the_document_with_its_parameters(app: Starlette, client: HubClient) -> None:
    document = client.http.get("/openapi.json").json()
    listed = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert listed == set(_endpoints(app))
    for path, methods in document["paths"].items():
        for operation in methods.values():
            named = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
            assert all(f"{{{name}}}" in path for name in named)
            assert path.count("{") == len(named)
            assert operation["summary"]


def test_the_document_says_rightly_what_needs_no_token(app: Starlette, client: HubClient) -> None:
    document = client.http.get("/openapi.json").json()
    for method, path in _endpoints(app):
        assert bool(document["paths"][path][method.lower()]["security"]) == (path not in PUBLIC | BEFORE_A_TOKEN)
    for path in PUBLIC:
        assert client.http.get(path).status_code == 200


def test_a_new_route_is_described_without_being_told() -> None:
    async def something() -> None:
        """GET /new/{thing}: new."""

    document = described([Route("/new/{thing}", something, methods=["GET"])], "1")
    operation = document["paths"]["/new/{thing}"]["get"]
    assert operation["summary"] == "GET /new/{thing}: new."
    assert [each["name"] for each in operation["parameters"]] == ["thing"]
    assert operation["security"] == [{"token": []}]


def test_whatever_the_document_allows_is_no_fault(app: Starlette, client: HubClient) -> None:
    """Schemathesis makes requests from the document; the hub may refuse them but never fails."""
    schema = schemathesis.openapi.from_dict(client.http.get("/openapi.json").json())
    tried: dict[str, set[int]] = {}
    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=8,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def request(case: schemathesis.Case) -> None:
            response = _sent(client, case)
            tried.setdefault(case.operation.label, set()).add(response.status_code)
            checks = [not_a_server_error, content_type_conformance, response_schema_conformance]
            case.validate_response(response, checks=checks)

        request()
    assert set(tried) == {f"{method} {path}" for method, path in _endpoints(app)}
    assert all(status < 500 for statuses in tried.values() for status in statuses)
    assert 200 in tried["GET /{type}"]
    assert tried["POST /"] & {200}
    assert tried["DELETE /{type}/{id}"] == {405}
