"""Two answers to one question, told field by field in words a nurse reads; pure.

What one side alone changed is no question where both began with the same record: see `clinic_app.sync.merging`. What is
compared is the JSON itself, so that an element we do not model (a date of death, a marital status) is asked about as
any other. What a node adds by itself, version and time, is no difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import msgspec

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.sync.field_words import Line, field_word, lines_of
from clinic_app.sync.merging import Side, field_of, merge

SIDES: Final[tuple[Side, ...]] = ("mine", "theirs")
_decoder: Final = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


@dataclass(frozen=True)
class Difference:
    """One field that two answers fill differently.

    Args:
        field: its FHIR name.
        label: its name for people.
        mine: what this workstation says, a line for each value; empty where it says nothing.
        theirs: what came from the hub.
        is_safety: a wrong choice may harm the patient, so it is never made beforehand.
        can_keep_both: whether both answers may stand beside each other.
    """

    field: str
    label: Text
    mine: tuple[Line, ...]
    theirs: tuple[Line, ...]
    is_safety: bool
    can_keep_both: bool = False


def differences(mine: bytes, theirs: bytes, base: bytes | None = None) -> tuple[Difference, ...]:
    """Return the fields about which two versions of one record are at odds, those that matter to safety first.

    Args:
        mine: JSON of the record here.
        theirs: JSON of the hub's.
        base: what both were made from; None where nobody knows, and then whatever differs is told.
    """
    clashes = merge(base, mine, theirs).clashes
    ours, others = (
        _decoder.decode(merge(base, mine, theirs, {each.field: side for each in clashes}).body) for side in SIDES
    )
    type_name = str(ours.get("resourceType", ""))
    found = []
    for clash in clashes:
        here, there = (_part(each, clash.field, type_name) for each in (ours, others))
        lines = lines_of(clash.field, here), lines_of(clash.field, there)
        found.append(Difference(clash.field, field_word(clash.field), *lines, clash.is_safety, clash.can_keep_both))
    return tuple(sorted(found, key=lambda each: not each.is_safety))


def merged(mine: bytes, theirs: bytes, chosen: Mapping[str, Side], base: bytes | None = None) -> bytes:
    """Return the JSON that takes each field at odds from the side chosen for it; every value keeps its bytes.

    Whoever may see the record is nobody's to choose here: a label that either side set stays.

    Raises:
        InvalidInputError: a field has no answer, or one that is not known.
    """
    for each in differences(mine, theirs, base):
        known = (*SIDES, "both") if each.can_keep_both else SIDES
        if chosen.get(each.field) not in known:
            raise InvalidInputError(Text("Choose an answer for “{field}”.", field=each.label), each.field)
    return merge(base, mine, theirs, chosen).body


def _part(record: Mapping[str, Any], field: str, type_name: str) -> dict[str, Any]:
    """Return the elements of a record that answer one question."""
    return {name: value for name, value in record.items() if field_of(name, type_name) == field}
