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
from clinic_app.foundation.texts import Text
from clinic_app.storage.feed import ForeignCursorError, PreconditionError, RefusedError
from clinic_app.sync.wire import MEDIA_TYPE, encode_outcome

_ANSWERS: Final[tuple[tuple[type[ClinicError], int, str], ...]] = (
    (ForeignCursorError, 410, "expired"),
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


def refusal(error: ClinicError) -> Response:
    """Return the response for an error; entries of a transaction are named by their place."""
    entry = error.entry if isinstance(error, RefusedError) else None
    cause = error.cause if isinstance(error, RefusedError) else error
    if isinstance(cause, HttpRefusalError):
        return outcome(cause.status, cause.code, cause.text)
    for kind, status, code in _ANSWERS:
        if isinstance(cause, kind):
            return outcome(status, code, cause.text, entry)
    return outcome(400, "processing", cause.text, entry)


def outcome(status: int, code: str, words: Text, entry: int | None = None) -> Response:
    """Return an OperationOutcome with an HTTP status."""
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return Response(encode_outcome(code, words, entry), status, headers, MEDIA_TYPE)
