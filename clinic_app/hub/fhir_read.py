"""The reading half of the hub's FHIR API: a record, one of its versions, its past, a search.

Source: FHIR R4, RESTful API (read, vread, history, search).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
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
from clinic_app.hub.fhir_parameters import KEPT, bad_search, read_count, read_moment, read_query
from clinic_app.hub.gate import caller_of, hub_of
from clinic_app.storage.feed.rows import Caller
from clinic_app.storage.feed.search import FeedSearch, Past, Version, VersionPage
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
    search, type_name, record_id = _search(request), type_in(request), id_in(request, "id")
    version = await run_in_threadpool(search.read, caller, type_name, record_id)
    return _whole(request, version)


async def vread(request: Request) -> Response:
    """GET /{Type}/{id}/_history/{vid}: the record as it was at one version."""
    caller = await caller_of(request)
    search, type_name, record_id, version_id = (
        _search(request),
        type_in(request),
        id_in(request, "id"),
        id_in(request, "vid"),
    )
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
    type_name, asked, is_strict = type_in(request), request.query_params.multi_items(), _is_strict(request)
    return _answer(await run_in_threadpool(found, _search(request), caller, type_name, asked, is_strict=is_strict))


def found(
    search: FeedSearch, caller: Caller, type_name: str, asked: Sequence[tuple[str, str]], *, is_strict: bool
) -> bytes:
    """Return one page of what a search finds.

    Args:
        search: where.
        caller: who asks.
        type_name: what is searched.
        asked: names and values of the address.
        is_strict: whether what is not known is refused instead of left out.

    Raises:
        HttpRefusalError: 400, a search that cannot be.
    """
    query = read_query(type_name, asked, is_strict=is_strict)
    total = search.count(caller, type_name, query.terms)
    page: VersionPage | None = None
    if not query.is_count_only:
        page = search.search(caller, type_name, query.terms, query.cursor, query.count)
    return encode_searchset(type_name, query.understood, page, total, query.left_out)


def past_of(
    search: FeedSearch, caller: Caller, type_name: str, record_id: str, asked: Mapping[str, str], *, is_strict: bool
) -> bytes:
    """Return one page of versions, the newest first: of one record, of a type, or of everything.

    Args:
        search: where.
        caller: who asks.
        type_name: of which records; empty for all.
        record_id: of which one; empty for many.
        asked: names and values of the address.
        is_strict: whether what is not known is refused instead of left out.

    Raises:
        HttpRefusalError: 400, a question that cannot be.
    """
    unknown = next((name for name in asked if name not in ("_since", "_count", "_format", "cursor")), None)
    if unknown is not None and is_strict:
        raise bad_search(Text("The hub does not know the search word “{name}”; it was left out.", name=unknown[:80]))
    since = read_moment(asked["_since"]) if "_since" in asked else None
    count = max(1, read_count(asked.get("_count")))
    page = search.history(caller, Past(type_name, record_id, since), asked.get("cursor", ""), count)
    path = "/".join(each for each in (type_name, record_id, "_history") if each)
    return encode_past(path, _understood(asked.get("_since"), asked.get("_count")), page)


def has_already(known: str, version_id: str) -> bool:
    """Return whether one who sends ``known`` as If-None-Match has this version."""
    return known.strip() == "*" or version_id in _ETAG.findall(known)


async def _history(request: Request, *, has_type: bool = False, has_id: bool = False) -> Response:
    caller = await caller_of(request)
    type_name = type_in(request) if has_type else ""
    record_id = id_in(request, "id") if has_id else ""
    asked, is_strict = dict(request.query_params), _is_strict(request)
    search = _search(request)
    return _answer(await run_in_threadpool(past_of, search, caller, type_name, record_id, asked, is_strict=is_strict))


def _understood(since: str | None, count: str | None) -> Sequence[tuple[str, str]]:
    return [(name, value) for name, value in (("_since", since), ("_count", count)) if value is not None]


def _whole(request: Request, version: Version) -> Response:
    headers = {
        "ETag": f'W/"{version.version_id}"',
        "Last-Modified": _http_date(version.received_at),
        "Cache-Control": "no-store",
    }
    if has_already(request.headers.get("if-none-match", ""), version.version_id):
        return Response(status_code=304, headers=headers)
    return Response(version.body, headers=headers, media_type=MEDIA_TYPE)


def _answer(body: bytes) -> Response:
    return Response(body, headers={"Cache-Control": "no-store"}, media_type=MEDIA_TYPE)


def _is_strict(request: Request) -> bool:
    wishes = request.headers.get("prefer", "").lower().replace(" ", "")
    return "handling=strict" in re.split("[,;]", wishes)


def _http_date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


def _search(request: Request) -> FeedSearch:
    return hub_of(request).search


def type_in(request: Request) -> str:
    """Return the type in the address.

    Raises:
        NotFoundError: the hub keeps no records of it.
    """
    type_name: str = request.path_params["type"]
    if type_name not in KEPT:
        raise NotFoundError(Text("The hub does not keep {type}.", type=type_name))
    return type_name


def id_in(request: Request, name: str) -> str:
    """Return the id in the address that stands there under ``name``.

    Raises:
        NotFoundError: no record has such an id.
    """
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
