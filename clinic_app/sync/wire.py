"""What workstation and hub say to each other: FHIR Bundles and back, as pure functions.

``transaction`` carries records up, ``history`` carries changes down, `OperationOutcome` says what was wrong. Both sides
read each other's messages here, so that there is one place that knows their shape; both treat them as untrusted.

Source: FHIR R4, RESTful API (transaction, history, If-Match, If-None-Match).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal, cast, get_args

import msgspec

from clinic_app.foundation.errors import ClinicError, InvalidInputError, LinkError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Language, Text
from clinic_app.records import (
    Bundle,
    BundleEntry,
    BundleEntryRequest,
    BundleEntryResponse,
    BundleLink,
    CodeableConcept,
    OperationOutcome,
    OperationOutcomeIssue,
    decode_as,
    encode,
)
from clinic_app.records.datatypes import Extension
from clinic_app.storage.exchange.exchange import Change, ChangeKind, GivenBack, Write, Written

Severity = Literal["error", "warning", "information"]

MEDIA_TYPE: Final = "application/fhir+json"
BATCH_ENTRIES: Final = 200
BATCH_BYTES: Final = 256 << 10
PAGE_ENTRIES: Final = 200
CHUNK_BYTES: Final = 64 << 10
MAX_MESSAGE_BYTES: Final = 8 << 20
"""The largest message either side reads whole; big content travels in pieces instead."""
MAX_ENTRIES: Final = 500

OWNER: Final = "urn:dala:owner"
"""Extension of an entry on its way to a hub: the organisation that owns the record."""
KIND: Final = "urn:dala:change"
"""Extension of an entry of the feed: ``enter``, ``evict`` or ``erase`` (`ChangeKind`)."""
EPOCH_HEADER: Final = "x-hub-epoch"
"""Header of every answer of a hub: which life of it this is. A hub restored from a backup begins another one."""
ON_WAY_HEADER: Final = "x-on-the-way"
"""Header of every answer of a hub that has a hub above it: what it says it got, the hub above has not seen."""
_ON_WAY: Final = "202 Accepted"
"""Status of an entry that a hub on the way has, and the hub above has not."""
_LONGEST_WORDS: Final = 300
_CHANGED_ELSEWHERE: Final = "conflict"
_NOT_TAKEN: Final = "business-rule"

_ADDRESS = re.compile(r"([A-Z][A-Za-z]{2,40})/([A-Za-z0-9.-]{1,64})", re.ASCII)
_ETAG = re.compile(r'W/"([^"\\]{1,80})"', re.ASCII)

_PASSING: Final = frozenset({"transient", "lock-error", "throttled", "timeout", "incomplete"})
"""Codes of FHIR's IssueType that mean: later."""


class _Statement(msgspec.Struct, tag_field="resourceType", tag="CapabilityStatement"):
    """What has to stand in a CapabilityStatement."""

    fhir_version: str = msgspec.field(name="fhirVersion")


def encode_transaction(writes: Sequence[Write]) -> bytes:
    """Return a transaction Bundle that creates or updates each record under its precondition."""
    return encode(Bundle(id=new_id(), type="transaction", entry=tuple(_write_entry(write) for write in writes)))


def decode_transaction(body: bytes) -> tuple[Write, ...]:
    """Return the writes of a transaction.

    Raises:
        InvalidInputError: no transaction, an entry without precondition, or one that is no plain PUT.
    """
    bundle = decode_as(Bundle, body)
    if bundle.type != "transaction" or not 0 < len(bundle.entry) <= MAX_ENTRIES:
        raise _malformed("a transaction of 1 to 500 entries is expected")
    return tuple(_read_write(entry) for entry in bundle.entry)


def encode_transaction_response(written: Sequence[Written]) -> bytes:
    """Return the answer to a transaction, one entry for each write, in order."""
    entries = tuple(
        BundleEntry(
            full_url=f"{each.type_name}/{each.id}",
            response=BundleEntryResponse(
                status="201 Created" if each.is_new else "200 OK",
                etag=f'W/"{each.version}"',
                last_modified=each.received_at,
            ),
        )
        for each in written
    )
    return encode(Bundle(id=new_id(), type="transaction-response", entry=entries))


def decode_transaction_response(body: bytes, writes: Sequence[Write]) -> tuple[Written, ...]:
    """Return what became of ``writes``.

    Raises:
        LinkError: this is no answer to them.
    """
    bundle = _read_bundle(body, "transaction-response")
    if len(bundle.entry) != len(writes):
        raise nonsense()
    return tuple(_read_written(entry, write) for entry, write in zip(bundle.entry, writes, strict=True))


def encode_history(changes: Sequence[Change], next_url: str, *, with_owner: bool = False) -> bytes:
    """Return one page of the change feed; ``next_url`` carries the cursor behind it; to a hub with whose each is."""
    entries = tuple(
        BundleEntry(
            full_url=f"{each.type_name}/{each.id}",
            resource=msgspec.Raw(each.body) if each.body else msgspec.UNSET,
            request=BundleEntryRequest(method="PUT" if each.body else "DELETE", url=f"{each.type_name}/{each.id}"),
            response=BundleEntryResponse(
                status=_ON_WAY if each.is_on_way else "200",
                last_modified=each.received_at,
                outcome=_told_back(each) if each.given_back else msgspec.UNSET,
            ),
            extension=(
                *((Extension(url=OWNER, value_string=each.owner_id),) if with_owner else ()),
                *((Extension(url=KIND, value_string=each.kind),) if each.kind != "upsert" else ()),
            ),
        )
        for each in changes
    )
    link = (BundleLink(relation="next", url=next_url),)
    return encode(Bundle(id=new_id(), type="history", link=link, entry=entries))


def decode_history(body: bytes) -> tuple[tuple[Change, ...], str]:
    """Return the changes of a page and the url of the next one.

    Raises:
        LinkError: this is no page of changes.
    """
    bundle = _read_bundle(body, "history")
    next_url = next((link.url for link in bundle.link if link.relation == "next"), "")
    if not next_url or len(bundle.entry) > MAX_ENTRIES:
        raise nonsense()
    return tuple(_read_change(entry) for entry in bundle.entry), next_url


def encode_outcome(
    code: str, words: Text, *, element: str = "", language: Language = "en", severity: Severity = "error"
) -> bytes:
    """Return an OperationOutcome: English in ``diagnostics`` for logs and machines, the reader's words in ``details``.

    Args:
        code: FHIR's issue type.
        words: what there is to say.
        element: what it is about, as ``Bundle.entry[3].resource.gender``; empty for nothing in particular.
        language: of the reader.
        severity: how bad it is.
    """
    issue = OperationOutcomeIssue(
        severity=severity,
        code=code,
        diagnostics=words.render("en"),
        details=CodeableConcept(text=words.render(language)),
        expression=(element,) if element else (),
    )
    return encode(OperationOutcome(issue=(issue,)))


def outcome_words(body: bytes) -> str:
    """Return what an OperationOutcome says, at most 300 characters, or an empty string for anything else.

    Words for people are taken before those for machines: they are in the language that was asked for.
    """
    try:
        outcome = msgspec.json.decode(body, type=OperationOutcome)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return ""
    said = ((issue.details.text if issue.details else None) or issue.diagnostics for issue in outcome.issue)
    return "; ".join(words for words in said if words)[:_LONGEST_WORDS]


def is_passing(body: bytes) -> bool:
    """Return whether an OperationOutcome says that the same may go well at another time."""
    try:
        outcome = msgspec.json.decode(body, type=OperationOutcome)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False
    return any(issue.code in _PASSING for issue in outcome.issue)


def is_statement(body: bytes) -> bool:
    """Return whether this is the CapabilityStatement of a FHIR R4 server."""
    try:
        statement = msgspec.json.decode(body, type=_Statement)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False
    return statement.fhir_version.startswith("4.")


def nonsense() -> LinkError:
    """Return the error for an answer that no hub of ours gives."""
    return LinkError(Text("What answers at the hub's address is not the hub, or it is out of order."))


def etag_version(etag: str | None) -> str | None:
    """Return the version in ``W/"3"``, or None."""
    match = _ETAG.fullmatch(etag or "")
    return match[1] if match else None


def _write_entry(write: Write) -> BundleEntry:
    request = BundleEntryRequest(
        method="PUT",
        url=f"{write.type_name}/{write.id}",
        if_match=f'W/"{write.base_version}"' if write.base_version else None,
        if_none_match=None if write.base_version else "*",
    )
    return BundleEntry(full_url=f"urn:uuid:{write.id}", resource=msgspec.Raw(write.body), request=request)


def _read_write(entry: BundleEntry) -> Write:
    request = entry.request
    match = _ADDRESS.fullmatch(request.url if request else "")
    if request is None or request.method != "PUT" or match is None or not isinstance(entry.resource, msgspec.Raw):
        raise _malformed("only PUT Type/id with a resource is taken")
    base = etag_version(request.if_match)
    if (base is None) == (request.if_none_match != "*"):
        raise _malformed('each entry needs either ifMatch or ifNoneMatch "*"')
    return Write(match[1], match[2], bytes(entry.resource), base)


def _read_written(entry: BundleEntry, write: Write) -> Written:
    response = entry.response
    version = etag_version(response.etag) if response else None
    if response is None or version is None or response.last_modified is None or response.status[:1] != "2":
        raise nonsense()
    return Written(write.type_name, write.id, version, response.last_modified, response.status.startswith("201"))


def _read_change(entry: BundleEntry) -> Change:
    match = _ADDRESS.fullmatch(entry.request.url if entry.request else "")
    response, said = entry.response, {each.url: each.value_string or "" for each in entry.extension}
    kind = said.get(KIND, "upsert")
    if match is None or response is None or response.last_modified is None or kind not in get_args(ChangeKind):
        raise nonsense()
    body = bytes(entry.resource) if isinstance(entry.resource, msgspec.Raw) else b""
    if bool(body) == (kind in ("evict", "erase")):
        raise nonsense()
    return Change(
        match[1],
        match[2],
        body,
        response.last_modified,
        said.get(OWNER, ""),
        response.status.startswith("202"),
        _given_back(response.outcome) if isinstance(response.outcome, msgspec.Raw) else (),
        cast("ChangeKind", kind),
    )


def _told_back(change: Change) -> msgspec.Raw:
    """Return the OperationOutcome that names the versions a hub gives back, and why."""
    issues = tuple(
        OperationOutcomeIssue(
            severity="error",
            code=_CHANGED_ELSEWHERE if each.is_conflict else _NOT_TAKEN,
            diagnostics=each.words,
            expression=(f"{change.type_name}/{change.id}/_history/{each.version}",),
        )
        for each in change.given_back
    )
    return msgspec.Raw(encode(OperationOutcome(issue=issues)))


def _given_back(body: msgspec.Raw) -> tuple[GivenBack, ...]:
    try:
        outcome = msgspec.json.decode(body, type=OperationOutcome)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise nonsense() from error
    return tuple(
        GivenBack(
            version=issue.expression[0].rpartition("/")[2],
            is_conflict=issue.code == _CHANGED_ELSEWHERE,
            words=(issue.diagnostics or "")[:_LONGEST_WORDS],
        )
        for issue in outcome.issue
        if issue.code in (_CHANGED_ELSEWHERE, _NOT_TAKEN) and issue.expression
    )


def _read_bundle(body: bytes, kind: str) -> Bundle:
    try:
        bundle = decode_as(Bundle, body)
    except ClinicError as error:
        raise nonsense() from error
    if bundle.type != kind:
        raise nonsense()
    return bundle


def _malformed(detail: str) -> InvalidInputError:
    return InvalidInputError(Text("This record cannot be read: {detail}", detail=detail))
