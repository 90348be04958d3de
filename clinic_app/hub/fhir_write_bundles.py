"""A Bundle of type transaction or batch, read into what its entries ask for.

Every entry is untrusted: an address that is none of the hub's, a Bundle within the Bundle, a condition under the wrong
method is refused in its place. `clinic_app.sync.wire` writes the transactions of our own workstations; what others may
send besides is read here alone.

Source: FHIR R4, RESTful API (batch/transaction), Bundle.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

import msgspec

from clinic_app.foundation.errors import ClinicError, InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.hub.fhir_conditions import read_preconditions, read_search
from clinic_app.hub.fhir_parameters import KEPT
from clinic_app.hub.fhir_patch import PATCH_TYPE, read_patch
from clinic_app.hub.fhir_write_records import id_in
from clinic_app.hub.fhir_write_references import has_names, is_abroad
from clinic_app.hub.refusals import HttpRefusalError
from clinic_app.hub.required_codes import check_codes
from clinic_app.storage.feed.feed import RefusedError
from clinic_app.storage.feed.wishes import Wish
from clinic_app.sync.wire import MAX_ENTRIES

_ADDRESS: Final = re.compile(
    r"(?:([A-Z][A-Za-z]{2,40})(?:/([A-Za-z0-9.-]{1,64}))?)?(/?_history)?(?:/([A-Za-z0-9.-]{1,64}))?(?:\?(.*))?",
    re.ASCII | re.DOTALL,
)
"""Type, id, whether it is about the past, version, search."""
_NO_DELETE: Final = Text("Nothing is deleted at the hub. Mark the record as entered in error instead.")


class _Request(msgspec.Struct, rename="camel"):
    method: str
    url: str
    if_match: str | None = None
    if_none_match: str | None = None
    if_none_exist: str | None = None


class _Entry(msgspec.Struct, rename="camel"):
    full_url: str | None = None
    resource: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    request: _Request | None = None


class _Bundle(msgspec.Struct, tag_field="resourceType", tag="Bundle"):
    type: str
    entry: tuple[_Entry, ...] = ()


class _LooseBundle(msgspec.Struct, tag_field="resourceType", tag="Bundle"):
    type: str
    entry: tuple[msgspec.Raw, ...] = ()


class _Binary(msgspec.Struct, rename="camel", tag_field="resourceType", tag="Binary"):
    content_type: str
    data: str


@dataclass(frozen=True)
class Reading:
    """Something to be read: a record, one of its versions, its past, or what a search finds.

    Args:
        type_name: of what; empty for all types' past.
        id: which; empty for many.
        is_past: whether versions are wanted and not what is now.
        version: the one version that is wanted; empty for all.
        asked: the rest of the address.
        known: the value of ifNoneMatch.
    """

    type_name: str
    id: str
    is_past: bool
    version: str
    asked: str
    known: str = ""


Asked = Wish | Reading


@dataclass(frozen=True)
class Requests:
    """A Bundle as it was understood: in a batch an entry may be the reason why it is refused."""

    kind: Literal["transaction", "batch"]
    entries: tuple[Asked | ClinicError, ...]


def read_requests(body: bytes) -> Requests:
    """Return what a Bundle asks for.

    Raises:
        InvalidInputError: no JSON, no transaction or batch, none or too many entries.
        RefusedError: an entry of a transaction that cannot be.
    """
    bundle = _decoded(body)
    if bundle.type not in ("transaction", "batch"):
        raise InvalidInputError(Text("The hub takes Bundles of type transaction or batch here."))
    if not 0 < len(bundle.entry) <= MAX_ENTRIES:
        raise InvalidInputError(Text("A Bundle has 1 to {most} entries here.", most=MAX_ENTRIES))
    kind: Literal["transaction", "batch"] = "batch" if bundle.type == "batch" else "transaction"
    given: tuple[_Entry | msgspec.Raw, ...] = bundle.entry
    entries = tuple(_read_entry(entry, place, kind) for place, entry in enumerate(given))
    if any(isinstance(entry, _Entry) and is_abroad(entry.full_url or "") for entry in given):
        entries = tuple(replace(each, is_ready=False) if isinstance(each, Wish) else each for each in entries)
    return Requests(kind, entries)


def _decoded(body: bytes) -> _Bundle | _LooseBundle:
    """Return a Bundle; where one of its entries is none, all of them are left to be read one by one."""
    try:
        return msgspec.json.decode(body, type=_Bundle)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        try:
            return msgspec.json.decode(body, type=_LooseBundle)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _malformed(str(error)) from error


def _read_entry(entry: _Entry | msgspec.Raw, place: int, kind: str) -> Asked | ClinicError:
    try:
        return _asked(entry if isinstance(entry, _Entry) else _decoded_entry(entry))
    except ClinicError as error:
        if kind == "batch":
            return error
        raise RefusedError(error, place) from error


def _decoded_entry(entry: msgspec.Raw) -> _Entry:
    try:
        return msgspec.json.decode(entry, type=_Entry)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed(str(error)) from error


def _asked(entry: _Entry) -> Asked:
    request = entry.request
    if request is None:
        raise _malformed("Object missing required field `request`")
    match = _ADDRESS.fullmatch(request.url)
    if match is None:
        raise HttpRefusalError(404, "not-found", Text("The hub has nothing at this address."))
    type_name, record_id, past, version, asked = (each or "" for each in match.groups())
    if type_name and type_name not in KEPT:
        raise HttpRefusalError(404, "not-found", Text("The hub does not keep {type}.", type=type_name))
    if request.method == "GET":
        return _reading(type_name, record_id, bool(past), version, asked, request.if_none_match or "")
    if request.method == "DELETE":
        raise refused_delete()
    if request.method not in ("POST", "PUT", "PATCH") or past or version or not type_name:
        raise HttpRefusalError(405, "not-supported", Text("The hub has nothing at this address."))
    if not isinstance(entry.resource, msgspec.Raw):
        raise _malformed("Object missing required field `resource`")
    conditions = {
        "if-match": request.if_match,
        "if-none-match": request.if_none_match,
        "if-none-exist": request.if_none_exist,
    }
    given = {name: value for name, value in conditions.items() if value is not None}
    body = bytes(entry.resource)
    if request.method == "PATCH":
        body = _patch_in(body)
    return read_wish(request.method, type_name, record_id, asked, body, given, entry.full_url or "")


def read_wish(
    method: str,
    type_name: str,
    record_id: str,
    asked: str,
    body: bytes,
    conditions: Mapping[str, str],
    full_url: str = "",
) -> Wish:
    """Return one write as it was asked for.

    Args:
        method: POST, PUT or PATCH.
        type_name: what is written.
        record_id: which; empty for none in the address.
        asked: the search in the address; empty for none.
        body: the record, or the patch.
        conditions: see `read_preconditions`.
        full_url: what other entries call it.

    Raises:
        ClinicError: it cannot be.
    """
    found = read_preconditions(type_name, method, conditions)
    search = found.search
    if method == "POST":
        if record_id or asked:
            raise HttpRefusalError(405, "not-supported", Text("A new record is sent to the address of its type."))
        return Wish("POST", type_name, body=body, search=search, full_url=full_url)
    if bool(record_id) == bool(asked):
        raise HttpRefusalError(400, "invalid", Text("The address has to name one record, by its id or by a search."))
    if asked:
        search = read_search(type_name, asked)
    if method == "PATCH":
        read_patch(body)
        return Wish("PATCH", type_name, record_id, body, search, found.version, full_url=full_url)
    named = record_id or id_in(body)
    is_ready = not search and not has_names(body)
    if is_ready:
        check_codes(type_name, body)
    return Wish("PUT", type_name, named, body, search, found.version, found.is_new, full_url, is_ready)


def refused_delete() -> HttpRefusalError:
    """Return the refusal of every DELETE."""
    return HttpRefusalError(405, "not-supported", _NO_DELETE)


def _reading(type_name: str, record_id: str, is_past: bool, version: str, asked: str, known: str) -> Reading:
    if (version and not (is_past and record_id)) or not (type_name or is_past):
        raise HttpRefusalError(404, "not-found", Text("The hub has nothing at this address."))
    return Reading(type_name, record_id, is_past, version, asked, known)


def _patch_in(body: bytes) -> bytes:
    """Return the JSON Patch in an entry's Binary.

    Raises:
        HttpRefusalError: 400, there is none in it; 415, another kind of patch.
    """
    try:
        binary = msgspec.json.decode(body, type=_Binary)
        patch = base64.b64decode(binary.data, validate=True)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, binascii.Error, ValueError) as error:
        words = Text("A patch in a Bundle is a Binary with contentType and data.")
        raise HttpRefusalError(400, "invalid", words) from error
    if binary.content_type.partition(";")[0].strip().lower() != PATCH_TYPE:
        raise HttpRefusalError(415, "not-supported", Text("The hub takes patches as {type}.", type=PATCH_TYPE))
    return patch


def _malformed(detail: str) -> InvalidInputError:
    return InvalidInputError(Text("This record cannot be read: {detail}", detail=detail))
