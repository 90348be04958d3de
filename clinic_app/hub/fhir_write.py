"""The writing half of the hub's FHIR API: create, update, patch, and Bundles of them; nothing is ever deleted.

Every way to write ends in the same place as a workstation's own transaction: the judge of `clinic_app.hub.rules`, and
the feed that stores what passes. Nothing replaces a version its writer has not named.

Source: FHIR R4, RESTful API (create, update, patch, delete, batch/transaction, conditional forms, Prefer).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clinic_app.foundation.errors import ClinicError, InvalidInputError, StorageError
from clinic_app.foundation.texts import Text
from clinic_app.hub import fhir_read
from clinic_app.hub.fhir_parameters import MOST_PARAMETERS, bad_search
from clinic_app.hub.fhir_patch import MOST_PATCH_BYTES, PATCH_TYPE
from clinic_app.hub.fhir_write_answers import (
    Envelope,
    Preference,
    decode_written,
    encode_written,
    entry_of_reading,
    entry_of_refusal,
    entry_of_write,
    preference_of,
    record_of,
    response_to,
)
from clinic_app.hub.fhir_write_bundles import Asked, Reading, Requests, read_requests, read_wish, refused_delete
from clinic_app.hub.fhir_write_records import Composer
from clinic_app.hub.gate import Hub, caller_of, hub_of, read_body
from clinic_app.hub.refusals import HttpRefusalError, language_of
from clinic_app.hub.rules import judge
from clinic_app.records import BundleEntry
from clinic_app.storage.exchange.exchange import Written
from clinic_app.storage.feed.feed import RefusedError
from clinic_app.storage.feed.rows import MOST_RECORD_BYTES, Caller
from clinic_app.storage.feed.search import FeedSearch
from clinic_app.storage.feed.wishes import Wish
from clinic_app.sync.profile import PROFILE_HEADER, PROFILE_VERSION, PROFILES_BEFORE
from clinic_app.sync.wire import MAX_MESSAGE_BYTES, MEDIA_TYPE

_JSON_TYPES: Final = frozenset({"", MEDIA_TYPE, "application/json"})
_LONGEST_KEY: Final = 100
_CONDITIONS: Final = ("if-match", "if-none-match", "if-none-exist", "if-modified-since", "if-unmodified-since")
_MOST_BATCH_BYTES: Final = 4 * MAX_MESSAGE_BYTES
"""Patches of a batch may make more than came; this is what they may make together."""


async def create(request: Request) -> Response:
    """POST /{Type}: a new record under an id the hub gives; with If-None-Exist only if no record meets the search."""
    return await _write(request, _JSON_TYPES, MOST_RECORD_BYTES)


async def update(request: Request) -> Response:
    """PUT /{Type}/{id}: a record at its place; what is there is only replaced by one who names its version."""
    return await _write(request, _JSON_TYPES, MOST_RECORD_BYTES)


async def patch(request: Request) -> Response:
    """PATCH /{Type}/{id}: a JSON Patch of the record as it is now, or as If-Match names it."""
    return await _write(request, frozenset({PATCH_TYPE}), MOST_PATCH_BYTES)


async def conditional_update(request: Request) -> Response:
    """PUT /{Type}?search: as an update of the one record that the search finds, or a new one where it finds none."""
    return await _write(request, _JSON_TYPES, MOST_RECORD_BYTES)


async def conditional_patch(request: Request) -> Response:
    """PATCH /{Type}?search: as a patch of the one record that the search finds."""
    return await _write(request, frozenset({PATCH_TYPE}), MOST_PATCH_BYTES)


async def delete(request: Request) -> Response:
    """DELETE /{Type}/{id}: refused, whatever is there."""
    await caller_of(request)
    raise refused_delete()


async def bundle(request: Request) -> Response:
    """POST /: a transaction, all of it or nothing, or a batch, each entry for itself; a key gets its answer again."""
    caller = await caller_of(request)
    check_profile(request)
    _check_type(request, _JSON_TYPES)
    body = await read_body(request, MAX_MESSAGE_BYTES)
    key = _key_of(request)
    hub = hub_of(request)
    preference = preference_of(request.headers.get("prefer", ""), "minimal")
    language = language_of(request.headers.get("accept-language", ""))

    def answer() -> bytes:
        requests = read_requests(body)
        if requests.kind == "transaction":
            return _transaction(hub, caller, requests, preference, key)
        batch = _Batch(hub, caller, preference, key)
        envelope = Envelope("batch")
        for place, asked in enumerate(requests.entries):
            try:
                envelope.add(batch.entry(place, asked, envelope))
            except StorageError:
                raise
            except ClinicError as error:
                envelope.add(entry_of_refusal(error, language))
        return envelope.encoded()

    return Response(await run_in_threadpool(answer), media_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})


def check_profile(request: Request) -> None:
    """Refuse a program whose agreement this hub does not know any more, or does not know yet.

    Raises:
        HttpRefusalError: 400, with an issue that says: later.
    """
    typed = request.headers.get(PROFILE_HEADER)
    if typed is None:
        return
    if not (typed.isascii() and typed.isdigit() and len(typed) <= 6):
        raise HttpRefusalError(400, "invalid", Text("The header {header} has to be a number.", header=PROFILE_HEADER))
    if int(typed) > PROFILE_VERSION:
        words = Text("The program of the hub is older than yours. The hub has to be brought up to date first.")
        raise HttpRefusalError(400, "transient", words)
    if int(typed) < PROFILE_VERSION - PROFILES_BEFORE:
        words = Text("This program is too old for the hub. Bring it up to date; what it has to send is kept.")
        raise HttpRefusalError(400, "transient", words)


async def _write(request: Request, types: frozenset[str], most_bytes: int) -> Response:
    caller = await caller_of(request)
    check_profile(request)
    type_name = fhir_read.type_in(request)
    record_id = fhir_read.id_in(request, "id") if "id" in request.path_params else ""
    _check_type(request, types)
    body = await read_body(request, most_bytes)
    conditions = {name: ", ".join(request.headers.getlist(name)) for name in _CONDITIONS if name in request.headers}
    key, hub = _key_of(request), hub_of(request)
    preference = preference_of(request.headers.get("prefer", ""), "representation")
    language = language_of(request.headers.get("accept-language", ""))
    base = request.scope.get("root_path", "").rstrip("/")

    def answer() -> Response:
        wish = read_wish(request.method, type_name, record_id, _search_in(request), body, conditions)
        written = _one(hub, caller, wish, key, Composer(caller))
        return response_to(written, caller, hub.search, preference, base, language)

    return await run_in_threadpool(answer)


def _one(hub: Hub, caller: Caller, wish: Wish, key: str, compose: Composer) -> Written:
    digest = _digest_of("one", (wish,))
    try:
        kept = hub.wishes.fulfil(caller, (wish,), compose, judge, encode_written, key, digest)
    except RefusedError as error:
        raise error.cause from error
    return decode_written(kept)


def _transaction(hub: Hub, caller: Caller, requests: Requests, preference: Preference, key: str) -> bytes:
    entries = [each for each in requests.entries if not isinstance(each, ClinicError)]
    places = [place for place, each in enumerate(entries) if isinstance(each, Wish)]
    wishes = [replace(each, place=place) for place, each in enumerate(entries) if isinstance(each, Wish)]

    def answer(written: Sequence[Written], search: FeedSearch) -> bytes:
        by_place = dict(zip(places, written, strict=True))
        envelope = Envelope("transaction")
        for place, each in enumerate(entries):
            try:
                envelope.add(_entry(by_place.get(place), each, caller, search, preference, envelope))
            except ClinicError as error:
                raise RefusedError(error, place) from error
        return envelope.encoded()

    if not wishes:
        return answer((), hub.search)
    digest = _digest_of("", entries)
    return hub.wishes.fulfil(caller, wishes, Composer(caller), judge, answer, key, digest)


class _Batch:
    """The entries of one batch, each fulfilled for itself, in order."""

    def __init__(self, hub: Hub, caller: Caller, preference: Preference, key: str) -> None:
        self._hub = hub
        self._caller = caller
        self._preference = preference
        self._key = key
        self._made_bytes = 0
        self._compose = Composer(caller)

    def entry(self, place: int, asked: Asked | ClinicError, envelope: Envelope) -> BundleEntry:
        """Return the answer to one entry.

        Raises:
            ClinicError: it cannot be; the others go on.
        """
        if isinstance(asked, ClinicError):
            raise asked
        if isinstance(asked, Reading):
            return _entry(None, asked, self._caller, self._hub.search, self._preference, envelope)
        if self._made_bytes > _MOST_BATCH_BYTES:
            raise HttpRefusalError(413, "too-costly", Text("The request is too large."))
        key = f"{self._key}#{place}" if self._key else ""
        written = _one(self._hub, self._caller, asked, key, self._compose)
        self._made_bytes += self._size(written) if asked.method == "PATCH" else len(asked.body)
        return _entry(written, asked, self._caller, self._hub.search, self._preference, envelope)

    def _size(self, written: Written) -> int:
        return len(record_of(written, self._caller, self._hub.search) or b"")


def _entry(
    written: Written | None,
    asked: Asked,
    caller: Caller,
    search: FeedSearch,
    preference: Preference,
    envelope: Envelope,
) -> BundleEntry:
    """Return the answer to one entry: what was read, or what became of what was to be written.

    Raises:
        ClinicError: what is to be read cannot be, or there is no room for it.
    """
    if isinstance(asked, Reading):
        envelope.check_room()
        return _read(search, caller, asked)
    assert written is not None
    is_wanted = preference == "representation" and envelope.has_room
    body = record_of(written, caller, search) if is_wanted else None
    return entry_of_write(written, body, is_located=asked.method != "PUT" or bool(asked.search))


def _read(search: FeedSearch, caller: Caller, asked: Reading) -> BundleEntry:
    try:
        words = parse_qsl(asked.asked, keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError as error:
        raise bad_search(Text("A search has at most {most} words.", most=MOST_PARAMETERS)) from error
    if asked.is_past and not asked.version:
        past = fhir_read.past_of(search, caller, asked.type_name, asked.id, dict(words), is_strict=False)
        return entry_of_reading(past)
    if not asked.id:
        return entry_of_reading(fhir_read.found(search, caller, asked.type_name, words, is_strict=False))
    if asked.version:
        one = search.version(caller, asked.type_name, asked.id, asked.version)
    else:
        one = search.read(caller, asked.type_name, asked.id)
    is_known = bool(asked.known) and fhir_read.has_already(asked.known, one.version_id)
    return entry_of_reading(one.body, version=one.version_id, received_at=one.received_at, is_known=is_known)


def _search_in(request: Request) -> str:
    """Return the search in an address, without what is about the form of the answer.

    Raises:
        HttpRefusalError: 400, more words than a search has.
    """
    try:
        words = parse_qsl(request.url.query, keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError as error:
        raise bad_search(Text("A search has at most {most} words.", most=MOST_PARAMETERS)) from error
    return urlencode([(name, value) for name, value in words if name not in ("_format", "_pretty")])


def _check_type(request: Request, types: frozenset[str]) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in types:
        wanted = PATCH_TYPE if PATCH_TYPE in types else MEDIA_TYPE
        raise HttpRefusalError(415, "not-supported", Text("The hub takes {type} here.", type=wanted))


def _key_of(request: Request) -> str:
    key = request.headers.get("idempotency-key", "")
    if len(key) > _LONGEST_KEY:
        raise InvalidInputError(Text("The Idempotency-Key is too long."))
    return key


def _digest_of(form: str, asked: Sequence[Asked | ClinicError]) -> str:
    """Return the digest of a request; a transaction of plain writes has the one it always had."""
    whole = hashlib.sha256(form.encode())
    for each in asked:
        if isinstance(each, Wish):
            whole.update(f"{each.type_name}/{each.id} {each.version} {len(each.body)}\n".encode() + each.body)
        if not (isinstance(each, Wish) and each.is_ready):
            whole.update(repr(each).encode())
    return whole.hexdigest()


ROUTES: Final = (
    Route("/", bundle, methods=["POST"]),
    Route("/{type:fhirtype}", create, methods=["POST"]),
    Route("/{type:fhirtype}", conditional_update, methods=["PUT"]),
    Route("/{type:fhirtype}", conditional_patch, methods=["PATCH"]),
    Route("/{type:fhirtype}", delete, methods=["DELETE"]),
    Route("/{type:fhirtype}/{id}", update, methods=["PUT"]),
    Route("/{type:fhirtype}/{id}", patch, methods=["PATCH"]),
    Route("/{type:fhirtype}/{id}", delete, methods=["DELETE"]),
)
