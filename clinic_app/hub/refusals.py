"""How the hub says no: a status, an OperationOutcome, and never a word about records the caller may not see."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from clinic_app.foundation.errors import (
    ClinicError,
    ConflictError,
    DiskFullError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    StorageError,
)
from clinic_app.foundation.texts import LANGUAGES, Language, Text
from clinic_app.hub.fhir_faults import fault_of
from clinic_app.storage.feed.feed import ForeignCursorError, PreconditionError, RefusedError
from clinic_app.storage.feed.wishes import UnconditionalError
from clinic_app.sync.wire import MEDIA_TYPE, encode_outcome

_ANSWERS: Final[tuple[tuple[type[ClinicError], int, str], ...]] = (
    (ForeignCursorError, 410, "expired"),
    (UnconditionalError, 428, "conflict"),
    (PreconditionError, 412, "conflict"),
    (ConflictError, 409, "conflict"),
    (NotAllowedError, 403, "forbidden"),
    (NotFoundError, 404, "not-found"),
    (InvalidInputError, 422, "invalid"),
    (DiskFullError, 507, "no-store"),
    (StorageError, 503, "transient"),
)
"""The most particular error first: status and FHIR issue type of each."""


class HttpRefusalError(ClinicError):
    """A refusal that has no meaning outside HTTP: no token, too large, wrong type.

    Args:
        status: the HTTP status.
        code: FHIR issue type.
        text: the sentence.
    """

    def __init__(self, status: int, code: str, text: Text) -> None:
        super().__init__(text)
        self.status = status
        self.code = code


def refusal(error: ClinicError, language: Language = "en") -> Response:
    """Return the response for an error; entries of a transaction are named by their place."""
    status, body = answered_with(error, language)
    return _response(status, body)


def answered_with(error: ClinicError, language: Language = "en") -> tuple[int, bytes]:
    """Return the status and the OperationOutcome of an error."""
    entry = error.entry if isinstance(error, RefusedError) else None
    cause = error.cause if isinstance(error, RefusedError) else error
    status, code = _status_of(cause)
    fault = fault_of(cause, code)
    place = "" if entry is None else f"Bundle.entry[{entry}]"
    element = f".resource.{fault.element}" if place and fault.element else fault.element
    return status, encode_outcome(fault.code, fault.words, element=place + element, language=language)


def outcome(status: int, code: str, words: Text, language: Language = "en") -> Response:
    """Return an OperationOutcome with an HTTP status."""
    return _response(status, encode_outcome(code, words, language=language))


def language_of(accept_language: str) -> Language:
    """Return the first of our languages that a reader names; English for all others.

    Source: RFC 9110, 12.5.4 (Accept-Language).
    """
    named = (part.partition(";")[0].strip().lower()[:2] for part in accept_language[:200].split(","))
    return next((language for each in named for language in LANGUAGES if each == language), "en")


def _status_of(cause: ClinicError) -> tuple[int, str]:
    if isinstance(cause, HttpRefusalError):
        return cause.status, cause.code
    return next(((status, code) for kind, status, code in _ANSWERS if isinstance(cause, kind)), (400, "processing"))


def _response(status: int, body: bytes) -> Response:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return Response(body, status, headers, MEDIA_TYPE)
