"""What this hub can do, told without a token: FHIR's CapabilityStatement and an OpenAPI document.

Both are made from the route table and the table of search parameters, so that neither says what is not served.

Source: FHIR R4, CapabilityStatement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from clinic_app.hub.fhir_parameters import KEPT, parameters_of
from clinic_app.hub.fhir_patch import PATCH_TYPE
from clinic_app.hub.gate import hub_of
from clinic_app.hub.openapi import described
from clinic_app.sync.profile import PROFILE_VERSION
from clinic_app.sync.wire import MEDIA_TYPE

_OF_TYPES: Final[Mapping[tuple[str, str], str]] = {
    ("GET", "/{type}/{id}"): "read",
    ("GET", "/{type}/{id}/_history/{vid}"): "vread",
    ("PUT", "/{type}/{id}"): "update",
    ("PATCH", "/{type}/{id}"): "patch",
    ("GET", "/{type}/{id}/_history"): "history-instance",
    ("GET", "/{type}/_history"): "history-type",
    ("POST", "/{type}"): "create",
    ("GET", "/{type}"): "search-type",
}
_OF_ALL: Final[tuple[tuple[tuple[str, str], str], ...]] = (
    (("POST", "/"), "transaction"),
    (("POST", "/"), "batch"),
    (("GET", "/_history"), "history-system"),
)


async def metadata(request: Request) -> Response:
    """GET /metadata: a CapabilityStatement of what is served here."""
    statement = capability_statement(request.app.routes, hub_of(request).clock.now())
    return Response(msgspec.json.encode(statement), media_type=MEDIA_TYPE)


async def openapi(request: Request) -> Response:
    """GET /openapi.json: every endpoint with what it takes and answers, for programs that try or call it."""
    return JSONResponse(described(request.app.routes, str(PROFILE_VERSION)))


def capability_statement(routes: Iterable[BaseRoute], now: datetime) -> dict[str, Any]:
    """Return what the hub behind ``routes`` can do, as FHIR says it."""
    served = {(method, route.path_format) for route in routes if isinstance(route, Route) for method in _methods(route)}
    rest = {
        "mode": "server",
        "security": {"description": "A bearer token that the hub gave the workstation when it was enrolled."},
        "resource": [_resource(name, served) for name in KEPT],
        "interaction": _interactions(_OF_ALL, served),
        "operation": [{"name": "changes", "definition": "urn:dala:operation:changes"}],
    }
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": now.isoformat(),
        "kind": "instance",
        "software": {"name": "Dala hub", "version": str(PROFILE_VERSION)},
        "implementation": {"description": "Dala hub"},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        **({"patchFormat": [PATCH_TYPE]} if ("PATCH", "/{type}/{id}") in served else {}),
        "rest": [rest],
    }


def _resource(name: str, served: set[tuple[str, str]]) -> dict[str, Any]:
    return {
        "type": name,
        "interaction": _interactions(_OF_TYPES.items(), served),
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": ("PUT", "/{type}/{id}") in served,
        "conditionalCreate": ("POST", "/{type}") in served,
        "conditionalRead": "not-match",
        "conditionalUpdate": ("PUT", "/{type}") in served,
        "conditionalDelete": "not-supported",
        "searchParam": [{"name": each.name, "type": each.kind} for each in parameters_of(name).values()],
    }


def _interactions(known: Iterable[tuple[tuple[str, str], str]], served: set[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"code": code} for endpoint, code in known if endpoint in served]


def _methods(route: Route) -> set[str]:
    return set(route.methods or ())


ROUTES: Final = (
    Route("/metadata", metadata, methods=["GET"]),
    Route("/openapi.json", openapi, methods=["GET"]),
)
