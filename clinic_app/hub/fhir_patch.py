"""A JSON Patch applied to a record: all of its changes in order, or none.

Numbers keep the digits they came with (``72.50``). A few bytes of patch may copy a record into itself again and again,
so what may be copied has an end, as have the number of changes and the size of a patch.

Source: RFC 6902 (JSON Patch), FHIR R4, RESTful API (patch).
"""

from __future__ import annotations

from typing import Any, Final

import jsonpatch
from jsonpointer import JsonPointer, JsonPointerException

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.hub.exact_json import read_exact, write_exact
from clinic_app.hub.refusals import HttpRefusalError

PATCH_TYPE: Final = "application/json-patch+json"
MOST_CHANGES: Final = 500
MOST_PATCH_BYTES: Final = 1 << 20
MOST_COPIED: Final = 1 << 20
"""How much all ``copy`` changes of one patch may copy together: letters, and `_EACH` for every value."""
_EACH: Final = 32
_UNFIT: Final = (jsonpatch.JsonPatchException, JsonPointerException, TypeError, ValueError, KeyError, IndexError)


def read_patch(patch: bytes) -> list[dict[str, Any]]:
    """Return the changes of a patch.

    Raises:
        HttpRefusalError: 400, no JSON Patch; 413, too long.
    """
    if len(patch) > MOST_PATCH_BYTES:
        raise HttpRefusalError(413, "too-long", Text("The request is too large."))
    try:
        changes = read_exact(patch)
        jsonpatch.JsonPatch(changes)
    except (*_UNFIT, RecursionError, AttributeError) as error:
        raise _no_patch() from error
    if not isinstance(changes, list) or not 0 < len(changes) <= MOST_CHANGES:
        raise HttpRefusalError(400, "invalid", Text("A JSON Patch has 1 to {most} changes.", most=MOST_CHANGES))
    return changes


def patched(record: bytes, patch: bytes) -> bytes:
    """Return a record after every change of a patch; the very same bytes where it changes nothing.

    Args:
        record: JSON as the hub keeps it.
        patch: the JSON Patch as it came.

    Raises:
        HttpRefusalError: 400, no JSON Patch; 413, too long.
        InvalidInputError: a change does not fit the record, or would make something that is none.
    """
    changes = read_patch(patch)
    try:
        document = read_exact(record)
    except ValueError as error:  # a number beyond all bounds, which is kept but cannot be counted with
        raise _unfit(1) from error
    left = MOST_COPIED
    for number, change in enumerate(changes, 1):
        try:
            if change["op"] == "copy":
                left -= _weight(JsonPointer(change["from"]).resolve(document), left)
            document = jsonpatch.JsonPatch([change]).apply(document, in_place=True)
        except (*_UNFIT, RecursionError) as error:
            raise _unfit(number) from error
        if not isinstance(document, dict):
            raise _unfit(number)
    try:
        made = write_exact(document)
        return record if made == write_exact(read_exact(record)) else made
    except ValueError as error:
        raise _unfit(len(changes)) from error


def _weight(value: object, most: int) -> int:
    """Return how much there is to copy.

    Raises:
        ValueError: more than ``most``.
    """
    weight = 0
    waiting = [value]
    while waiting:
        each = waiting.pop()
        weight += _EACH
        if isinstance(each, dict):
            weight += sum(len(name) for name in each)
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
        elif isinstance(each, str):
            weight += len(each)
        if weight > most:
            raise ValueError(weight)
    return weight


def _no_patch() -> HttpRefusalError:
    return HttpRefusalError(400, "invalid", Text("This is no JSON Patch: a list of changes, each with op and path."))


def _unfit(number: int) -> InvalidInputError:
    return InvalidInputError(Text("Change {number} of the patch does not fit the record as it is now.", number=number))
