"""What is said after a write: the version it made and where it is, and as much of the record as the caller prefers.

Source: FHIR R4, RESTful API (create, update, patch, transaction response; the Prefer header).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Final, Literal

import msgspec
from starlette.responses import Response

from clinic_app.foundation.errors import ClinicError, NotFoundError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Language, Text
from clinic_app.hub.refusals import HttpRefusalError, answered_with
from clinic_app.records import Bundle, BundleEntry, BundleEntryResponse, encode
from clinic_app.storage.exchange.exchange import Written
from clinic_app.storage.feed.rows import Caller
from clinic_app.storage.feed.search import FeedSearch
from clinic_app.sync.wire import MAX_MESSAGE_BYTES, MEDIA_TYPE, encode_outcome

Preference = Literal["minimal", "representation", "OperationOutcome"]
_PREFERRED: Final = re.compile(r"(?:^|[,;\s])return=(minimal|representation|OperationOutcome)(?:$|[,;\s])", re.ASCII)
_REASONS: Final = {200: "200 OK", 201: "201 Created", 202: "202 Accepted", 304: "304 Not Modified"}
_LONGEST_S: Final = {"transaction": 5.0, "batch": 20.0}
"""How long the reading in one Bundle may take; for a transaction all other writers wait."""
_decoder: Final = msgspec.json.Decoder(Written)


def preference_of(header: str, otherwise: Preference) -> Preference:
    """Return how much of a record is wanted back; the default where the header does not say."""
    match = _PREFERRED.search(header[:500])
    wanted: dict[str, Preference] = {each: each for each in ("minimal", "representation", "OperationOutcome")}
    return wanted[match[1]] if match else otherwise


def encode_written(written: Sequence[Written], _search: FeedSearch) -> bytes:
    """Return what became of one write, as it is kept to be said again."""
    (one,) = written
    return msgspec.json.encode(one)


def decode_written(kept: bytes) -> Written:
    """Return what `encode_written` kept."""
    return _decoder.decode(kept)


def response_to(
    written: Written, caller: Caller, search: FeedSearch, preference: Preference, base: str, language: Language
) -> Response:
    """Return the answer to one write.

    Args:
        written: what became of it.
        caller: who wrote.
        search: finds the record as it was written.
        preference: how much is wanted back.
        base: path of the hub's own base, without a slash at its end.
        language: for sentences.
    """
    status = status_of(written)
    headers = {
        "ETag": f'W/"{written.version}"',
        "Last-Modified": format_datetime(written.received_at, usegmt=True),
        "Location": f"{base}/{location_of(written)}",
        "Cache-Control": "no-store",
    }
    if preference == "minimal":
        return Response(status_code=status, headers=headers)
    body = None if preference == "OperationOutcome" else record_of(written, caller, search)
    if body is None:
        words = Text("The record is stored as version {version}.", version=written.version)
        body = encode_outcome("informational", words, language=language, severity="information")
    return Response(body, status, headers, MEDIA_TYPE)


def status_of(written: Written) -> int:
    """Return the HTTP status of a write: made, or changed."""
    return 201 if written.is_new else 200


def location_of(written: Written) -> str:
    """Return the address of the version that was written, relative to the hub's base."""
    return f"{written.type_name}/{written.id}/_history/{written.version}"


def entry_of_write(written: Written, body: bytes | None, *, is_located: bool) -> BundleEntry:
    """Return the entry of a response Bundle that says what became of one write.

    Args:
        written: what became of it.
        body: the record, where it is wanted back.
        is_located: whether the caller may not know where it is.
    """
    response = BundleEntryResponse(
        status=_REASONS[status_of(written)],
        location=location_of(written) if is_located else None,
        etag=f'W/"{written.version}"',
        last_modified=written.received_at,
    )
    resource = msgspec.UNSET if body is None else msgspec.Raw(body)
    return BundleEntry(full_url=f"{written.type_name}/{written.id}", resource=resource, response=response)


def entry_of_reading(
    body: bytes, *, version: str = "", received_at: datetime | None = None, is_known: bool = False
) -> BundleEntry:
    """Return the entry of a response Bundle with what was read; without it for one who knows that version."""
    response = BundleEntryResponse(
        status=_REASONS[304 if is_known else 200],
        etag=f'W/"{version}"' if version else None,
        last_modified=received_at,
    )
    return BundleEntry(resource=msgspec.UNSET if is_known else msgspec.Raw(body), response=response)


def entry_of_refusal(error: ClinicError, language: Language) -> BundleEntry:
    """Return the entry of a batch's response that says why one of its wishes was not fulfilled."""
    status, body = answered_with(error, language)
    return BundleEntry(response=BundleEntryResponse(status=str(status), outcome=msgspec.Raw(body)))


class Envelope:
    """The Bundle that answers a Bundle, never larger than a reader takes.

    Args:
        kind: of the Bundle that is answered.
        time_s: a clock that only goes forward, in seconds.
    """

    def __init__(self, kind: Literal["transaction", "batch"], time_s: Callable[[], float] = time.monotonic) -> None:
        self._kind = kind
        self._time_s = time_s
        self._end_s = time_s() + _LONGEST_S[kind]
        self._entries: list[BundleEntry] = []
        self._size = 0

    @property
    def has_room(self) -> bool:
        """Whether there is room for one more page or record."""
        return self._size <= MAX_MESSAGE_BYTES // 4

    def check_room(self) -> None:
        """Look whether there is room for something more to be read, and time.

        Raises:
            HttpRefusalError: 413, there is none.
        """
        if not self.has_room or self._time_s() > self._end_s:
            raise HttpRefusalError(413, "too-costly", Text("The answer would be too large. Ask for less at once."))

    def add(self, entry: BundleEntry) -> None:
        """Add the answer to the next entry."""
        self._size += len(entry.resource) if isinstance(entry.resource, msgspec.Raw) else 0
        self._entries.append(entry)

    def encoded(self) -> bytes:
        """Return the Bundle."""
        kinds: dict[str, Any] = {"transaction": "transaction-response", "batch": "batch-response"}
        return encode(Bundle(id=new_id(), type=kinds[self._kind], entry=tuple(self._entries)))


def record_of(written: Written, caller: Caller, search: FeedSearch) -> bytes | None:
    """Return the record as it was written; None for one who may write it and no longer see it."""
    try:
        return search.version(caller, written.type_name, written.id, written.version).body
    except NotFoundError:
        return None
