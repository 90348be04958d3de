"""Two answers to one question, told field by field in words a nurse reads; pure.

What is compared is the JSON itself, so that an element we do not model (a date of death, a marital status) is asked
about as any other. What a node adds by itself, version and time, is no difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.sync.field_words import FIELD_WORDS, Line, lines_of

Side = Literal["mine", "theirs"]
SIDES: Final[tuple[Side, ...]] = ("mine", "theirs")
_CHOICES: Final = ("deceased", "value", "effective", "onset", "multipleBirth", "occurrence")
"""FHIR's elements of several types: ``deceasedBoolean`` and ``deceasedDateTime`` answer one question."""
_NEVER_ASKED: Final = frozenset({"resourceType", "id", "meta"})
_SAFETY: Final = frozenset({"birthDate", "gender", "identifier", "deceased"})
_SAFETY_TYPES: Final = frozenset({"AllergyIntolerance"})


@dataclass(frozen=True)
class Difference:
    """One field that two answers fill differently.

    Args:
        field: its FHIR name.
        label: its name for people.
        mine: what this workstation says, a line for each value; empty where it says nothing.
        theirs: what came from the hub.
        is_safety: a wrong choice may harm the patient, so it is never made beforehand.
    """

    field: str
    label: Text
    mine: tuple[Line, ...]
    theirs: tuple[Line, ...]
    is_safety: bool


def differences(mine: bytes, theirs: bytes) -> tuple[Difference, ...]:
    """Return the fields in which two versions of one record differ, those that matter to safety first.

    Args:
        mine: JSON of the record here.
        theirs: JSON of the hub's.
    """
    ours, others = msgspec.json.decode(mine), msgspec.json.decode(theirs)
    type_name = str(ours.get("resourceType", ""))
    found = []
    for field in dict.fromkeys(_field_of(name) for name in (*ours, *others)):
        here, there = _part(ours, field), _part(others, field)
        if field not in _NEVER_ASKED and here != there:
            is_safety = field in _SAFETY or type_name in _SAFETY_TYPES
            label = FIELD_WORDS.get(field) or Text("Entry “{field}”", field=field)
            found.append(Difference(field, label, lines_of(field, here), lines_of(field, there), is_safety))
    return tuple(sorted(found, key=lambda each: not each.is_safety))


def merged(mine: bytes, theirs: bytes, chosen: Mapping[str, Side]) -> bytes:
    """Return the JSON that takes each differing field from the side chosen for it; every value keeps its bytes.

    Whoever may see the record is nobody's to choose here: a label that either side set stays.

    Raises:
        InvalidInputError: a field has no answer, or one that is not known.
    """
    for each in differences(mine, theirs):
        if chosen.get(each.field) not in SIDES:
            raise InvalidInputError(Text("Choose an answer for “{field}”.", field=each.label), each.field)
    sides = {"mine": mine, "theirs": theirs}
    raw = {side: msgspec.json.decode(body, type=dict[str, msgspec.Raw]) for side, body in sides.items()}
    result: dict[str, msgspec.Raw] = {}
    for name in dict.fromkeys((*raw["mine"], *raw["theirs"])):
        side = chosen.get(_field_of(name), "theirs")
        if name in raw[side]:
            result[name] = raw[side][name]
    result["meta"] = _meta(mine, theirs)
    return msgspec.json.encode(result)


def _meta(mine: bytes, theirs: bytes) -> msgspec.Raw:
    ours, others = (dict(msgspec.json.decode(body).get("meta") or {}) for body in (mine, theirs))
    labels = [*others.get("security", ())]
    labels += [each for each in ours.get("security", ()) if each not in labels]
    return msgspec.Raw(msgspec.json.encode({**others, **({"security": labels} if labels else {})}))


def _field_of(name: str) -> str:
    """Return the question an element answers; ``_birthDate`` adds to ``birthDate``."""
    bare = name.removeprefix("_")
    for stem in _CHOICES:
        if bare.startswith(stem) and bare[len(stem) :][:1].isupper():
            return stem
    return bare


def _part(record: Mapping[str, Any], field: str) -> dict[str, Any]:
    """Return the elements of a record that answer one question."""
    return {name: value for name, value in record.items() if _field_of(name) == field}
