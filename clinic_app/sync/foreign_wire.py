"""What is said to a FHIR R4 server that is not ours, and what it answers; all of it doubted.

Source: FHIR R4, RESTful API (transaction, history, search, conditional create), CapabilityStatement, Bundle.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from clinic_app.records.codec import TYPES
from clinic_app.sync.wire import MAX_ENTRIES, nonsense

CHANGES_OPERATION: Final = "urn:dala:operation:changes"
MOST_ENTRIES: Final = 2 * MAX_ENTRIES
_NOT_ASKED_FOR: Final = frozenset({"AuditEvent", "Bundle", "Composition", "OperationOutcome"})
_POINTED_TO: Final = frozenset({"Organization", "Patient", "Practitioner"})
_LOCATION: Final = re.compile(
    r"(?:.*/)?([A-Z][A-Za-z]{2,40})/([A-Za-z0-9.-]{1,64})(?:/_history/([A-Za-z0-9.-]{1,64}))?", re.ASCII
)
_ETAG: Final = re.compile(r'(?:W/)?"([^"\\]{1,80})"', re.ASCII)


class _Code(msgspec.Struct, frozen=True):
    code: str = ""


class _Param(msgspec.Struct, frozen=True):
    name: str = ""


class _OfType(msgspec.Struct, frozen=True):
    type: str = ""
    interaction: tuple[_Code, ...] = ()
    conditionalCreate: bool = False  # noqa: N815 - FHIR's own name
    searchParam: tuple[_Param, ...] | None = None  # noqa: N815


class _Operation(msgspec.Struct, frozen=True):
    definition: str = ""


class _Rest(msgspec.Struct, frozen=True):
    mode: str = "server"
    resource: tuple[_OfType, ...] = ()
    interaction: tuple[_Code, ...] = ()
    operation: tuple[_Operation, ...] = ()


class _Statement(msgspec.Struct, frozen=True):
    rest: tuple[_Rest, ...] = ()


class Abilities(msgspec.Struct, frozen=True):
    """What a server says it can do.

    Args:
        is_ours: whether it has our change feed.
        takes_transactions: whether several records can be handed in as one.
        creates_once: types it creates under a condition.
        writes: types it creates and updates.
        searches: types it searches.
        tells_history: types it tells the versions of.
        hides_identifiers: types it does not find by an identifier.
    """

    is_ours: bool = False
    takes_transactions: bool = False
    creates_once: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    searches: frozenset[str] = frozenset()
    tells_history: frozenset[str] = frozenset()
    hides_identifiers: frozenset[str] = frozenset()

    @property
    def asked(self) -> tuple[str, ...]:
        """The types whose news are asked for, first those the others point to."""
        found = (self.searches & TYPES.keys()) - _NOT_ASKED_FOR
        return tuple(sorted(found, key=lambda name: (name not in _POINTED_TO, name)))


def read_abilities(statement: bytes) -> Abilities:
    """Return what a CapabilityStatement says.

    Raises:
        LinkError: it is none.
    """
    try:
        read = msgspec.json.decode(statement, type=_Statement)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise nonsense() from error
    rest = next((each for each in read.rest if each.mode == "server"), _Rest())
    can = {each.type: {code.code for code in each.interaction} for each in rest.resource}
    return Abilities(
        is_ours=any(each.definition == CHANGES_OPERATION for each in rest.operation),
        takes_transactions=any(each.code == "transaction" for each in rest.interaction),
        creates_once=frozenset(each.type for each in rest.resource if each.conditionalCreate),
        writes=frozenset(name for name, codes in can.items() if {"create", "update"} <= codes),
        searches=frozenset(name for name, codes in can.items() if "search-type" in codes),
        tells_history=frozenset(name for name, codes in can.items() if "history-type" in codes),
        hides_identifiers=frozenset(
            each.type
            for each in rest.resource
            if each.searchParam is not None and "identifier" not in {param.name for param in each.searchParam}
        ),
    )


class _Request(msgspec.Struct, frozen=True):
    method: str = ""
    url: str = ""


class Answered(msgspec.Struct, frozen=True, rename="camel"):
    """What became of one entry of a transaction."""

    status: str = ""
    location: str = ""
    etag: str = ""
    last_modified: str = ""

    @property
    def version(self) -> str:
        """The version it has now, or an empty string where the server does not say."""
        tag, place = _ETAG.fullmatch(self.etag), _LOCATION.fullmatch(self.location)
        return tag[1] if tag else (place[3] or "") if place else ""

    @property
    def foreign_id(self) -> str:
        """The id it has there, or an empty string."""
        place = _LOCATION.fullmatch(self.location)
        return place[2] if place else ""


class _Entry(msgspec.Struct, frozen=True):
    resource: msgspec.Raw = msgspec.Raw()
    request: _Request | None = None
    response: Answered | None = None


class _BundleLink(msgspec.Struct, frozen=True):
    relation: str = ""
    url: str = ""


class _Bundle(msgspec.Struct, frozen=True):
    type: str = ""
    link: tuple[_BundleLink, ...] = ()
    entry: tuple[_Entry, ...] = ()


class _Meta(msgspec.Struct, frozen=True, rename="camel"):
    version_id: str = ""
    last_updated: str = ""


class _Head(msgspec.Struct, frozen=True, rename="camel"):
    resource_type: str = ""
    id: str = ""
    meta: _Meta | None = None


@dataclass(frozen=True)
class ForeignRecord:
    """One version of a record as the server has it; ``body`` is None where it says that it was deleted."""

    type_name: str
    foreign_id: str
    version: str
    at: str
    body: bytes | None


@dataclass(frozen=True)
class ForeignPage:
    """One page of a search or of a past, and the address of the next one; empty where there is none."""

    records: tuple[ForeignRecord, ...]
    next_url: str


@dataclass(frozen=True)
class Request:
    """One entry on its way up: a new record under a condition, or an edit of one version."""

    full_url: str
    body: bytes
    url: str
    if_match: str = ""
    if_none_exist: str = ""

    @property
    def method(self) -> str:
        """POST for a new record."""
        return "PUT" if self.if_match else "POST"


def encode_requests(requests: Sequence[Request]) -> bytes:
    """Return the transaction Bundle of these entries."""
    entries = [
        {
            "fullUrl": each.full_url,
            "resource": msgspec.Raw(each.body),
            "request": {
                "method": each.method,
                "url": each.url,
                **({"ifMatch": f'W/"{each.if_match}"'} if each.if_match else {"ifNoneExist": each.if_none_exist}),
            },
        }
        for each in requests
    ]
    return msgspec.json.encode({"resourceType": "Bundle", "type": "transaction", "entry": entries})


def decode_answers(body: bytes, count: int) -> tuple[Answered, ...]:
    """Return what became of the entries of a transaction.

    Raises:
        LinkError: this is no answer to it.
    """
    bundle = _read(body)
    answers = tuple(each.response or Answered() for each in bundle.entry)
    if bundle.type != "transaction-response" or len(answers) != count or not all(a.status[:1] == "2" for a in answers):
        raise nonsense()
    return answers


def decode_page(body: bytes) -> ForeignPage:
    """Return one page of versions, in the server's order; what is no record of a type we know is left out.

    Raises:
        LinkError: this is no page.
    """
    bundle = _read(body)
    if bundle.type not in ("searchset", "history") or len(bundle.entry) > MOST_ENTRIES:
        raise nonsense()
    records = tuple(record for entry in bundle.entry if (record := _record(entry)) is not None)
    return ForeignPage(records, next((link.url for link in bundle.link if link.relation == "next"), ""))


def read_record(body: bytes, version: str = "") -> ForeignRecord | None:
    """Return one record with what it says of itself, or None where it is none of a type we know."""
    try:
        head = msgspec.json.decode(body, type=_Head)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    if head.resource_type not in TYPES or not head.id:
        return None
    meta = head.meta or _Meta()
    return ForeignRecord(head.resource_type, head.id, meta.version_id or version, meta.last_updated, body)


def moment(text: str) -> datetime | None:
    """Return a FHIR instant, or None for nonsense."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _record(entry: _Entry) -> ForeignRecord | None:
    version = entry.response.version if entry.response else ""
    if body := bytes(entry.resource):
        return read_record(body, version)
    place = _LOCATION.fullmatch(entry.request.url) if entry.request else None
    if place is None or entry.request is None or entry.request.method != "DELETE" or place[1] not in TYPES:
        return None
    return ForeignRecord(place[1], place[2], version, entry.response.last_modified if entry.response else "", None)


def _read(body: bytes) -> _Bundle:
    try:
        return msgspec.json.decode(body, type=_Bundle)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise nonsense() from error
