"""The reading half of the hub's FHIR API: a record, one of its versions, its past, a search.

Source: FHIR R4, RESTful API (read, vread, history, search).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clinic_app.foundation.errors import NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.hub.fhir_bundles import encode_past, encode_searchset
from clinic_app.hub.fhir_parameters import KEPT, Query, bad_search, read_count, read_moment, read_query
from clinic_app.hub.gate import caller_of, hub_of
from clinic_app.storage.feed_rows import Caller
from clinic_app.storage.feed_search import FeedSearch, Past, Version, VersionPage
from clinic_app.sync.wire import MEDIA_TYPE

_ID = re.compile(r"[A-Za-z0-9.-]{1,64}", re.ASCII)
_ETAG = re.compile(r'(?:W/)?"([^"\\]{1,80})"', re.ASCII)


class _TypeConvertor(Convertor[str]):
    """A path segment that looks like a FHIR type; all other addresses of the hub begin otherwise."""

    regex = "[A-Z][A-Za-z]{2,40}"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("fhirtype", _TypeConvertor())


async def read(request: Request) -> Response:
    """GET /{Type}/{id}: the record as it is now; 304 to one who has this version already."""
    caller = await caller_of(request)
    search, type_name, record_id = _search(request), _type(request), _id(request, "id")
    version = await run_in_threadpool(search.read, caller, type_name, record_id)
    return _whole(request, version)


async def vread(request: Request) -> Response:
    """GET /{Type}/{id}/_history/{vid}: the record as it was at one version."""
    caller = await caller_of(request)
    search, type_name, record_id, version_id = _search(request), _type(request), _id(request, "id"), _id(request, "vid")
    version = await run_in_threadpool(search.version, caller, type_name, record_id, version_id)
    return _whole(request, version)


async def record_history(request: Request) -> Response:
    """GET /{Type}/{id}/_history: the versions of one record, the newest first."""
    return await _history(request, has_type=True, has_id=True)


async def type_history(request: Request) -> Response:
    """GET /{Type}/_history: the versions of all records of a type, the newest first."""
    return await _history(request, has_type=True)


async def system_history(request: Request) -> Response:
    """GET /_history: the versions of all records, the newest first."""
    return await _history(request)


async def search(request: Request) -> Response:
    """GET /{Type}: the records that meet every search parameter, the oldest first."""
    caller = await caller_of(request)
    type_name = _type(request)
    query = read_query(type_name, request.query_params.multi_items(), is_strict=_is_strict(request))
    body = await run_in_threadpool(_found, _search(request), caller, type_name, query)
    return _answer(body)


def _found(search: FeedSearch, caller: Caller, type_name: str, query: Query) -> bytes:
    total = search.count(caller, type_name, query.terms)
    page: VersionPage | None = None
    if not query.is_count_only:
        page = search.search(caller, type_name, query.terms, query.cursor, query.count)
    return encode_searchset(type_name, query.understood, page, total, query.left_out)


async def _history(request: Request, *, has_type: bool = False, has_id: bool = False) -> Response:
    caller = await caller_of(request)
    type_name = _type(request) if has_type else ""
    record_id = _id(request, "id") if has_id else ""
    asked = dict(request.query_params)
    unknown = next((name for name in asked if name not in ("_since", "_count", "_format", "cursor")), None)
    if unknown is not None and _is_strict(request):
        raise bad_search(Text("The hub does not know the search word “{name}”; it was left out.", name=unknown[:80]))
    since = read_moment(asked["_since"]) if "_since" in asked else None
    count = max(1, read_count(asked.get("_count")))
    past = Past(type_name, record_id, since)
    page = await run_in_threadpool(_search(request).history, caller, past, asked.get("cursor", ""), count)
    path = "/".join(each for each in (type_name, record_id, "_history") if each)
    return _answer(encode_past(path, _understood(asked.get("_since"), asked.get("_count")), page))


def _understood(since: str | None, count: str | None) -> Sequence[tuple[str, str]]:
    return [(name, value) for name, value in (("_since", since), ("_count", count)) if value is not None]


def _whole(request: Request, version: Version) -> Response:
    headers = {
        "ETag": f'W/"{version.version_id}"',
        "Last-Modified": _http_date(version.received_at),
        "Cache-Control": "no-store",
    }
    if _has_already(request.headers.get("if-none-match", ""), version.version_id):
        return Response(status_code=304, headers=headers)
    return Response(version.body, headers=headers, media_type=MEDIA_TYPE)


def _answer(body: bytes) -> Response:
    return Response(body, headers={"Cache-Control": "no-store"}, media_type=MEDIA_TYPE)


def _has_already(known: str, version_id: str) -> bool:
    return known.strip() == "*" or version_id in _ETAG.findall(known)


def _is_strict(request: Request) -> bool:
    wishes = request.headers.get("prefer", "").lower().replace(" ", "")
    return "handling=strict" in re.split("[,;]", wishes)


def _http_date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


def _search(request: Request) -> FeedSearch:
    return hub_of(request).search


def _type(request: Request) -> str:
    type_name: str = request.path_params["type"]
    if type_name not in KEPT:
        raise NotFoundError(Text("The hub does not keep {type}.", type=type_name))
    return type_name


def _id(request: Request, name: str) -> str:
    typed: str = request.path_params[name]
    if not _ID.fullmatch(typed):
        raise NotFoundError(Text("The hub has no such record for you."))
    return typed


ROUTES: Final = (
    Route("/_history", system_history, methods=["GET"]),
    Route("/{type:fhirtype}", search, methods=["GET"]),
    Route("/{type:fhirtype}/_history", type_history, methods=["GET"]),
    Route("/{type:fhirtype}/{id}", read, methods=["GET"]),
    Route("/{type:fhirtype}/{id}/_history", record_history, methods=["GET"]),
    Route("/{type:fhirtype}/{id}/_history/{vid}", vread, methods=["GET"]),
)
