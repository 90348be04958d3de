"""The record a write is to make: with its id, after its patch, its references written out, its codes looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.hub.fhir_conditions import read_search
from clinic_app.hub.fhir_parameters import KEPT
from clinic_app.hub.fhir_patch import patched
from clinic_app.hub.fhir_write_references import References
from clinic_app.hub.refusals import HttpRefusalError
from clinic_app.hub.required_codes import check_codes
from clinic_app.storage.feed.feed import PreconditionError
from clinic_app.storage.feed.rows import Caller
from clinic_app.storage.feed.search import FeedSearch
from clinic_app.storage.feed.wishes import Target

MOST_SEARCHES: Final = 200
"""So many references of one request may be searches; all other writers wait for each of them."""
_encoder: Final = msgspec.json.Encoder()


class _Named(msgspec.Struct):
    id: str = ""


def id_in(body: bytes) -> str:
    """Return the id a record says it has; empty for none.

    Raises:
        InvalidInputError: no record.
    """
    try:
        return msgspec.json.decode(body, type=_Named).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(str(error)) from error


def with_id(body: bytes, record_id: str) -> bytes:
    """Return a record under another id, every other byte of its elements kept.

    Raises:
        InvalidInputError: no record.
    """
    try:
        members = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(str(error)) from error
    return _encoder.encode({**members, "id": msgspec.Raw(msgspec.json.encode(record_id))})


class Composer:
    """Makes the record of each write of one request.

    Args:
        caller: who asks for it.
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._left = MOST_SEARCHES
        self._addresses: Mapping[str, str] | None = None
        self._references = References({}, lambda kind, asked: f"{kind}?{asked}")

    def __call__(self, target: Target, addresses: Mapping[str, str], search: FeedSearch) -> bytes:
        """Return the record that a target becomes. See `clinic_app.storage.feed.wishes.Compose`.

        Raises:
            ClinicError: it becomes none.
        """
        wish = target.wish
        if wish.method == "PATCH" and target.current is not None:
            body = patched(target.current.body, wish.body)
        elif wish.method == "PUT" and not wish.search:
            body = wish.body
        else:
            body = with_id(wish.body, target.id)
        if self._addresses is not addresses:  # hundreds of records have the same names around them
            self._addresses = addresses
            self._references = References(addresses, lambda kind, asked: self._one_found(search, kind, asked))
        body = self._references.written_out(body, wish.full_url)
        check_codes(wish.type_name, body)
        return body

    def _one_found(self, search: FeedSearch, type_name: str, asked: str) -> str:
        """Return the address of the one record a conditional reference means.

        Raises:
            HttpRefusalError: 400, no search the hub could make; 413, too many of them.
            PreconditionError: it finds none, or several.
        """
        if type_name not in KEPT:
            raise HttpRefusalError(400, "not-supported", Text("The hub does not keep {type}.", type=type_name))
        self._left -= 1
        if self._left < 0:
            words = Text("A request refers to at most {most} records by a search.", most=MOST_SEARCHES)
            raise HttpRefusalError(413, "too-costly", words)
        found = search.among(self._caller, type_name, read_search(type_name, asked), 2)
        if len(found) != 1:
            reference = f"{type_name}?{asked}"[:100]
            raise PreconditionError(Text("“{reference}” has to find exactly one record.", reference=reference))
        return f"{type_name}/{found[0].id}"


def _unreadable(detail: str) -> InvalidInputError:
    return InvalidInputError(Text("This record cannot be read: {detail}", detail=detail))
