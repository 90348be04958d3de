"""Lists of a record joined item by item, where each item has a name that stays when the rest of it changes.

An item one side added is added, one it took away is taken away. An item both sides changed, or one changed and the
other took away, is a clash. A list two of whose items bear one name is no such list; it is compared as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

Raws = list[msgspec.Raw]
Name = bytes
_WHOLE: Final[tuple[str, ...]] = ()
_REFERENCE: Final = ("reference",)
_CONCEPT: Final = ("coding", "text")
_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "identifier": ("system", "value"),
    "telecom": ("system", "value"),
    "name": ("use",),
    "address": ("use", "type"),
    "communication": ("language",),
    "contact": ("relationship", "name"),
    "contained": ("resourceType", "id"),
    "extension": ("url",),
    "link": ("other.reference", "type"),
    "security": ("system", "code"),
    "tag": ("system", "code"),
    "profile": _WHOLE,
    "note": _WHOLE,
    "activity": ("id", "reference.reference", "detail.kind", "detail.code", "detail.description"),
    "diagnosis": ("condition.reference", "use"),
    "location": ("location.reference", "period.start"),
    "statusHistory": ("status", "period.start"),
    "classHistory": ("class", "period.start"),
    "generalPractitioner": _REFERENCE,
    "basedOn": _REFERENCE,
    "replaces": _REFERENCE,
    "careTeam": _REFERENCE,
    "addresses": _REFERENCE,
    "supportingInfo": _REFERENCE,
    "supportingInformation": _REFERENCE,
    "goal": _REFERENCE,
    "contributor": _REFERENCE,
    "episodeOfCare": _REFERENCE,
    "appointment": _REFERENCE,
    "reasonReference": _REFERENCE,
    "account": _REFERENCE,
    "category": _CONCEPT,
    "type": _CONCEPT,
    "reasonCode": _CONCEPT,
    "serviceCategory": _CONCEPT,
    "serviceType": _CONCEPT,
    "specialty": _CONCEPT,
}
_KEYS_OF_TYPE: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("Encounter", "participant"): ("individual.reference", "type"),
    ("Appointment", "participant"): ("actor.reference", "type"),
    ("CarePlan", "partOf"): _REFERENCE,
}
_decoder: Final = msgspec.json.Decoder(float_hook=lambda digits: {"decimal": digits})


@dataclass(frozen=True)
class JoinedList:
    """The items of both sides in their order, and whether a person has to decide about one of them."""

    items: Raws
    has_clash: bool


@dataclass(frozen=True)
class _Item:
    raw: msgspec.Raw
    said: bytes


def canonical(raw: bytes | msgspec.Raw) -> bytes:
    """Return what JSON says, the same for the same; a number by its digits: 72.5 is less exact than 72.50."""
    return msgspec.json.encode(_decoder.decode(raw), order="deterministic")


def joined_list(
    type_name: str, field: str, base: Raws, mine: Raws, theirs: Raws, *, prefers_mine: bool = False
) -> JoinedList | None:
    """Join three versions of one list, or return None where its items have no names.

    Args:
        type_name: FHIR type of the record.
        field: the list's element.
        base: the items both sides began with.
        mine: this side's.
        theirs: the other side's.
        prefers_mine: whose item stands in the result where both changed it.
    """
    paths = _KEYS_OF_TYPE.get((type_name, field), _KEYS.get(field))
    named = [_named(paths, items) for items in (base, mine, theirs)] if paths is not None else [None]
    if any(each is None for each in named):
        return None
    old, ours, others = (each or {} for each in named)
    order, has_clash = _order(list(old), list(ours), list(others), prefers_mine=prefers_mine)
    kept: Raws = []
    for name in order:
        item, is_clash = _chosen(old.get(name), ours.get(name), others.get(name), prefers_mine=prefers_mine)
        has_clash = has_clash or is_clash
        if item is not None:
            kept.append(item.raw)
    return JoinedList(kept, has_clash)


def _chosen(
    base: _Item | None, mine: _Item | None, theirs: _Item | None, *, prefers_mine: bool
) -> tuple[_Item | None, bool]:
    """Return the item that stands, None for none, and whether a person has to decide about it."""
    old, ours, others = (each.said if each else None for each in (base, mine, theirs))
    if ours == others:
        return (min(mine, theirs, key=lambda each: bytes(each.raw)) if mine and theirs else None), False
    if ours == old:
        return theirs, False
    if others == old:
        return mine, False
    return (mine if prefers_mine else theirs), True


def _named(paths: Sequence[str], items: Raws) -> dict[Name, _Item] | None:
    """Return the items by their names; None where two bear the same one."""
    found: dict[Name, _Item] = {}
    for raw in items:
        value = _decoder.decode(raw)
        name = _name(paths, value)
        if name in found:
            return None
        found[name] = _Item(raw, canonical(raw))
    return found


def _name(paths: Sequence[str], value: Any) -> Name:  # noqa: ANN401 - JSON of any shape
    picked = [_at(value, path) for path in paths] if isinstance(value, dict) and paths else value
    return msgspec.json.encode(picked, order="deterministic")


def _at(value: Any, path: str) -> Any:  # noqa: ANN401
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _order(base: list[Name], mine: list[Name], theirs: list[Name], *, prefers_mine: bool) -> tuple[list[Name], bool]:
    """Return every name once, and whether both sides put what all three have in another order.

    What all three have stands as it was moved, and behind each item what was put there.
    """
    everywhere = set(base) & set(mine) & set(theirs)
    old, ours, others = ([name for name in each if name in everywhere] for each in (base, mine, theirs))
    is_clash = ours != others and old not in (ours, others)
    common = ours if others == old or (is_clash and prefers_mine) else others
    behind: dict[Name | None, list[list[Name]]] = {}
    for side in (mine, theirs):
        for anchor, names in _put_behind(side, everywhere).items():
            behind.setdefault(anchor, []).append(names)
    order: list[Name] = []
    for anchor in (None, *common):
        order += () if anchor is None else (anchor,)
        order += [name for names in sorted(behind.get(anchor, [])) for name in names]
    return list(dict.fromkeys((*order, *base))), is_clash


def _put_behind(side: Sequence[Name], everywhere: set[Name]) -> dict[Name | None, list[Name]]:
    """Return what a side has besides the common items, by the common item it stands behind; None is the beginning."""
    behind: dict[Name | None, list[Name]] = {}
    anchor: Name | None = None
    for name in side:
        if name in everywhere:
            anchor = name
        else:
            behind.setdefault(anchor, []).append(name)
    return behind
