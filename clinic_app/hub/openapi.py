"""The hub's endpoints as an OpenAPI document, made from the route table.

A route that is added is in the document at once, with its path and methods; what else it takes is said in one table.

Source: OpenAPI Specification 3.1.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from starlette.routing import BaseRoute, Route

from clinic_app.hub.fhir_parameters import KEPT, PARAMETERS
from clinic_app.hub.fhir_patch import PATCH_TYPE
from clinic_app.sync.profile import PROFILE_HEADER, PROFILE_VERSION
from clinic_app.sync.wire import MEDIA_TYPE, PAGE_ENTRIES

PUBLIC: Final = frozenset({"/metadata", "/health", "/openapi.json", "/identity", "/.well-known/smart-configuration"})
"""Paths that ask for no token and answer everybody."""
BEFORE_A_TOKEN: Final = frozenset({"/enrol", "/token"})
"""Paths that ask for something else in its place."""
_Asked = tuple[str, str, Mapping[str, Any]]
_TEXT: Final = {"type": "string", "maxLength": 200}
_ID: Final = {"type": "string", "pattern": "^[A-Za-z0-9.-]{1,64}$"}
_OBJECT: Final = {"type": "object"}
_NUMBER: Final = {"type": "integer", "minimum": 0, "maximum": PAGE_ENTRIES}
_LENGTH: Final = {"type": "integer", "minimum": 0, "maximum": 10**9}
_IN_PATH: Final[Mapping[str, Mapping[str, Any]]] = {
    "type": {"type": "string", "enum": list(KEPT)},
    "id": _ID,
    "vid": _ID,
    "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
}
_PAST: Final[tuple[_Asked, ...]] = (
    ("query", "_since", _TEXT),
    ("query", "_count", _NUMBER),
    ("query", "cursor", _TEXT),
)
_WRITTEN: Final[tuple[_Asked, ...]] = (
    ("header", "Idempotency-Key", {"type": "string", "maxLength": 100}),
    ("header", "Prefer", {"enum": ["return=minimal", "return=representation", "return=OperationOutcome"]}),
    ("header", PROFILE_HEADER, {"enum": [str(PROFILE_VERSION)]}),
)
_VERSIONED: Final[tuple[_Asked, ...]] = (("header", "If-Match", _TEXT), ("header", "If-None-Match", {"enum": ["*"]}))
_FOUND: Final[tuple[_Asked, ...]] = tuple(("query", name, _TEXT) for name in ("identifier", "_id", "status"))
_KNOWN: Final[tuple[_Asked, ...]] = (("header", "If-None-Match", _TEXT),)
_SEARCH: Final[tuple[_Asked, ...]] = (
    *(("query", name, _TEXT) for name in sorted({each.name for each in PARAMETERS})),
    ("query", "_count", _NUMBER),
    ("query", "_summary", {"enum": ["count", "false"]}),
    ("query", "cursor", _TEXT),
    ("header", "Prefer", {"enum": ["handling=strict", "handling=lenient"]}),
)
_ASKED: Final[Mapping[tuple[str, str], tuple[_Asked, ...]]] = {
    ("GET", "/$changes"): (
        ("query", "cursor", _TEXT),
        ("query", "_count", _NUMBER),
        ("query", "own", _TEXT),
        ("query", "_owner", _TEXT),
    ),
    ("POST", "/"): _WRITTEN,
    ("POST", "/{type}"): (*_WRITTEN, ("header", "If-None-Exist", _TEXT)),
    ("PUT", "/{type}"): (*_WRITTEN, *_VERSIONED, *_FOUND),
    ("PATCH", "/{type}"): (*_WRITTEN, *_FOUND, ("header", "If-Match", _TEXT)),
    ("DELETE", "/{type}"): _FOUND,
    ("PUT", "/{type}/{id}"): (*_WRITTEN, *_VERSIONED),
    ("PATCH", "/{type}/{id}"): (*_WRITTEN, ("header", "If-Match", _TEXT)),
    ("POST", "/blob"): (("header", "Upload-Length", _LENGTH), ("header", "Upload-Metadata", _TEXT)),
    ("POST", "/blob/{sha256}"): (("header", "Upload-Length", _LENGTH),),
    ("PATCH", "/blob/{sha256}"): (("header", "Upload-Offset", _LENGTH), ("header", "Upload-Checksum", _TEXT)),
    ("GET", "/blob/{sha256}"): (("header", "Range", _TEXT),),
    ("GET", "/{type}"): _SEARCH,
    ("GET", "/{type}/{id}"): _KNOWN,
    ("GET", "/{type}/{id}/_history/{vid}"): _KNOWN,
    ("GET", "/{type}/{id}/_history"): _PAST,
    ("GET", "/{type}/_history"): _PAST,
    ("GET", "/_history"): _PAST,
}
"""What an endpoint takes besides its path."""
_RECORD: Final = {
    "type": "object",
    "required": ["resourceType"],
    "properties": {
        "resourceType": {"enum": list(KEPT)},
        "id": _ID,
        "status": {"enum": ["final", "draft", "active", "requested", "wrong"]},
        "identifier": {"type": "array", "maxItems": 2, "items": {"type": "object", "properties": {"value": _TEXT}}},
        "subject": {"type": "object", "properties": {"reference": _TEXT}},
    },
}
_CHANGE: Final = {
    "type": "object",
    "required": ["op", "path"],
    "properties": {
        "op": {"enum": ["add", "remove", "replace", "move", "copy", "test"]},
        "path": {"type": "string", "pattern": "^(/(id|name|0|-|active))*$", "maxLength": 40},
        "from": {"type": "string", "pattern": "^(/(id|name|0|-|active))*$", "maxLength": 40},
    },
}
_PATCH: Final = {"type": "array", "minItems": 1, "maxItems": 5, "items": _CHANGE}
_BUNDLE: Final = {
    "type": "object",
    "required": ["resourceType", "type", "entry"],
    "properties": {
        "resourceType": {"const": "Bundle"},
        "type": {"enum": ["transaction", "batch"]},
        "entry": {"type": "array", "maxItems": 5, "items": {"$ref": "#/components/schemas/Entry"}},
    },
}
_ENTRY: Final = {
    "type": "object",
    "required": ["request"],
    "properties": {
        "fullUrl": {"enum": ["urn:uuid:a", "urn:uuid:b", "https://other.example/Patient/1"]},
        "resource": _RECORD,
        "request": {
            "type": "object",
            "required": ["method", "url"],
            "properties": {
                "method": {"enum": ["GET", "POST", "PUT", "PATCH", "DELETE"]},
                "url": {"type": "string", "pattern": "^(Patient|Task|Observation)([/?][A-Za-z0-9.=-]{1,64})?$"},
                "ifMatch": {"type": "string", "maxLength": 100},
                "ifNoneMatch": {"enum": ["*", ""]},
                "ifNoneExist": {"type": "string", "maxLength": 100},
            },
        },
    },
}
_CODE: Final = {
    "type": "object",
    "required": ["code", "jwk"],
    "properties": {
        "code": _TEXT,
        "jwk": {"type": "object", "additionalProperties": _TEXT},
        "organization": {"type": "string", "maxLength": 64},
    },
}
_REPORT: Final = {
    "type": "object",
    "properties": {
        "program": {"type": "string", "maxLength": 50},
        "waiting": _LENGTH,
        "waitingBytes": _LENGTH,
        **{name: {"type": "object", "properties": {"links": _LENGTH, "head": _TEXT}} for name in ("audit", "then")},
    },
}
_ASSERTED: Final = {
    "type": "object",
    "required": ["grant_type", "client_assertion_type", "client_assertion"],
    "properties": {
        "grant_type": {"enum": ["client_credentials"]},
        "client_assertion_type": {"enum": ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]},
        "client_assertion": {"type": "string", "maxLength": 4096},
    },
}
_OAUTH_REFUSAL: Final = {"type": "object", "required": ["error"], "properties": {"error": _TEXT}}
_TOKEN: Final = ("POST", "/token")
"""The one endpoint that refuses as RFC 6749 section 5.2 says."""
_TAKEN_RECORD: Final = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Record"}}}
_TAKEN_PATCH: Final = {PATCH_TYPE: {"schema": {"$ref": "#/components/schemas/Patch"}}}
_TAKEN: Final[Mapping[tuple[str, str], Mapping[str, Any]]] = {
    ("POST", "/"): {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Transaction"}}},
    ("POST", "/{type}"): _TAKEN_RECORD,
    ("PUT", "/{type}"): _TAKEN_RECORD,
    ("PUT", "/{type}/{id}"): _TAKEN_RECORD,
    ("PATCH", "/{type}"): _TAKEN_PATCH,
    ("PATCH", "/{type}/{id}"): _TAKEN_PATCH,
    ("PATCH", "/blob/{sha256}"): {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    ("POST", "/enrol"): {"application/json": {"schema": _CODE}},
    ("POST", "/report"): {"application/json": {"schema": _REPORT}},
    _TOKEN: {"application/x-www-form-urlencoded": {"schema": _ASSERTED}},
}
"""The bodies of requests that have one."""
_OUTCOME: Final = {
    "type": "object",
    "required": ["resourceType", "issue"],
    "properties": {
        "resourceType": {"const": "OperationOutcome"},
        "issue": {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["severity", "code"]}},
    },
}


def described(routes: Iterable[BaseRoute], version: str) -> dict[str, Any]:
    """Return the OpenAPI document of a route table.

    Args:
        routes: the hub's own.
        version: of the hub's interface.
    """
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        if isinstance(route, Route) and route.include_in_schema:
            for method in methods_of(route):
                paths.setdefault(route.path_format, {}).setdefault(method.lower(), _operation(route, method))
    return {
        "openapi": "3.1.0",
        "info": {"title": "Dala hub", "version": version},
        "paths": paths,
        "components": {
            "schemas": {
                "OperationOutcome": _OUTCOME,
                "Transaction": _BUNDLE,
                "Entry": _ENTRY,
                "Record": _RECORD,
                "Patch": _PATCH,
            },
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def methods_of(route: Route) -> list[str]:
    """Return a route's methods; HEAD only where it is an endpoint of its own and not GET without the body."""
    methods = set(route.methods or ())
    return sorted(methods - {"HEAD"} if "GET" in methods else methods)


def _operation(route: Route, method: str) -> dict[str, Any]:
    endpoint = (method, route.path_format)
    asked = [("path", name, _IN_PATH.get(name, _TEXT)) for name in route.param_convertors]
    operation: dict[str, Any] = {
        "summary": (route.endpoint.__doc__ or "").strip().partition("\n")[0],
        "security": [] if route.path_format in PUBLIC | BEFORE_A_TOKEN else [{"token": []}],
        "parameters": [
            {"in": place, "name": name, "required": place == "path", "schema": schema}
            for place, name, schema in (*asked, *_ASKED.get(endpoint, ()))
        ],
        "responses": {"2XX": {"description": "What was asked for."}, "304": {"description": "It is known already."}},
    }
    if endpoint in _TAKEN:
        operation["requestBody"] = {"required": True, "content": _TAKEN[endpoint]}
    refusal: dict[str, Any] = {"description": "Why not, in words."}
    if method != "HEAD":
        refusal["content"] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/OperationOutcome"}}}
    if endpoint == _TOKEN:
        refusal["content"] |= {"application/json": {"schema": _OAUTH_REFUSAL}}
    operation["responses"]["4XX"] = refusal
    return operation
