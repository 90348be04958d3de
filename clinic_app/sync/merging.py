"""Two edits of one record joined into one, by what both began with; pure, on the JSON itself.

A field that one side changed is taken from that side. A list whose items have names (telephones, steps of a plan) is
joined item by item. What both sides changed, and whatever may harm the patient, is a person's to decide: it is a
*clash*. Every value keeps its bytes, those we do not model too: ``72.50`` stays ``72.50``.

Joining is symmetric: whichever workstation does it, the same record comes out.

Source: FHIR R4; the elements that name an item are those FHIR calls its identity (`Identifier.system` and ``value``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from clinic_app.sync.merging_lists import JoinedList, Raws, canonical, joined_list

Side = Literal["mine", "theirs", "both"]
MERGED_TYPES: Final = frozenset({"Patient", "Encounter", "Appointment", "CarePlan"})
"""What several people of a hospital edit; everything else has one writer, and two answers to it are for a person."""
SAFETY: Final = frozenset({"birthDate", "gender", "identifier", "deceased", "link", "subject", "modifierExtension"})
"""Who the patient is: never joined by itself, even where only one side changed it."""
SAFETY_TYPES: Final = frozenset({"AllergyIntolerance"})
_CHOICES: Final = ("deceased", "value", "effective", "onset", "multipleBirth", "occurrence")
"""FHIR's elements of several types: ``deceasedBoolean`` and ``deceasedDateTime`` answer one question."""
_ONE_QUESTION: Final[Mapping[tuple[str, str], str]] = {
    ("Appointment", name): "start" for name in ("end", "minutesDuration", "slot", "requestedPeriod")
}
"""Elements that make sense only together: one side's beginning and the other's end are nobody's appointment."""
_PATIENTS: Final = re.compile(rb'"reference"\s*:\s*"(Patient/[^"]*)"')
"""Whom something is about; who else is to come to an appointment is another thing than which patient is."""
_ENVELOPE: Final = ("resourceType", "id", "meta")
_OF_ONE_NODE: Final = frozenset({"versionId", "lastUpdated"})

Part = dict[str, msgspec.Raw]
Origin = Literal["mine", "theirs", "both", "clash", "same"]


@dataclass(frozen=True)
class Clash:
    """One field that a person has to decide.

    Args:
        field: its FHIR name.
        can_keep_both: whether the items of both sides may stand beside each other.
        is_safety: a wrong choice may harm the patient.
    """

    field: str
    can_keep_both: bool
    is_safety: bool = False


@dataclass(frozen=True)
class Merge:
    """What became of two edits.

    Args:
        body: JSON of the joined record; a clash without an answer is taken from the other node.
        clashes: what a person has to decide.
        from_mine: fields that only this side changed.
        from_theirs: fields that only the other side changed.
        from_both: lists that have items of both.
    """

    body: bytes
    clashes: tuple[Clash, ...]
    from_mine: tuple[str, ...]
    from_theirs: tuple[str, ...]
    from_both: tuple[str, ...]


def merge(base: bytes | None, mine: bytes, theirs: bytes, chosen: Mapping[str, Side] | None = None) -> Merge:
    """Join two edits of one record.

    Args:
        base: what both were made from; None where nobody knows, and then whatever differs is a clash.
        mine: JSON of the record here.
        theirs: JSON of the hub's.
        chosen: a person's answers to clashes, by field.

    What only one node knows of, the version and the time of storing, is taken from the other node.
    """
    old, ours, others = (_members(body) for body in (base or b"{}", mine, theirs))
    type_name = msgspec.json.decode(others.get("resourceType", b'""'), type=str)
    has_base = base is not None and type_name in MERGED_TYPES
    result: Part = {name: others[name] for name in _ENVELOPE if name in others}
    found: dict[Origin, list[_Field]] = {origin: [] for origin in ("mine", "theirs", "both", "clash", "same")}
    for field, names in _fields(type_name, old if has_base else {}, ours, others).items():
        parts = (
            {name: each[name] for name in names if name in each} for each in (old if has_base else {}, ours, others)
        )
        one = _Field(field, type_name, *parts, has_base=has_base)
        part, origin = one.joined((chosen or {}).get(field))
        result.update(part)
        found[origin].append(one)
    result["meta"] = _meta(*(each.get("meta") for each in (old, ours, others)), has_base=has_base)
    return Merge(
        msgspec.json.encode(result),
        tuple(Clash(one.name, one.both() is not None, one.is_safety) for one in found["clash"]),
        *(tuple(one.name for one in found[origin]) for origin in ("mine", "theirs", "both")),
    )


def field_of(name: str, type_name: str = "") -> str:
    """Return the question an element answers; ``_birthDate`` adds to ``birthDate``."""
    bare = name.removeprefix("_")
    for stem in _CHOICES:
        if bare.startswith(stem) and bare[len(stem) :][:1].isupper():
            return stem
    return _ONE_QUESTION.get((type_name, bare), bare)


class _Field:
    """The elements of three versions that answer one question."""

    def __init__(self, name: str, type_name: str, base: Part, mine: Part, theirs: Part, *, has_base: bool) -> None:
        self.name = name
        self._type_name = type_name
        self._base, self._mine, self._theirs = base, mine, theirs
        self._has_base = has_base

    @property
    def is_safety(self) -> bool:
        """Whether it says who the patient is, what he does not bear, or whom the record is about."""
        if self.name in SAFETY or self._type_name in SAFETY_TYPES:
            return True
        mine, theirs = (
            {each for raw in part.values() for each in _PATIENTS.findall(bytes(raw))}
            for part in (self._mine, self._theirs)
        )
        return mine != theirs

    def joined(self, answer: Side | None) -> tuple[Part, Origin]:
        """Return the elements that stand, and whose they are."""
        base, mine, theirs = (_said(each) for each in (self._base, self._mine, self._theirs))
        if mine == theirs:
            return min(self._mine, self._theirs, key=_bytes_of), "same"
        if self._has_base and not self.is_safety:
            if mine == base:
                return self._theirs, "theirs"
            if theirs == base:
                return self._mine, "mine"
            joined = self._list(prefers_mine=answer == "mine")
            if joined is not None:
                return self._part(joined.items), "clash" if joined.has_clash else "both"
        both = self.both() if answer == "both" else None
        if both is not None:
            return both, "clash"
        return self._mine if answer == "mine" else self._theirs, "clash"

    def both(self) -> Part | None:
        """Return the items of both sides beside each other, or None where they exclude one another."""
        joined = self._list(prefers_mine=False)
        return None if joined is None or joined.has_clash else self._part(joined.items)

    def _list(self, *, prefers_mine: bool) -> JoinedList | None:
        lists = self._raw_lists()
        return joined_list(self._type_name, self.name, *lists, prefers_mine=prefers_mine) if lists else None

    def _raw_lists(self) -> tuple[Raws, Raws, Raws] | None:
        parts = (self._base, self._mine, self._theirs)
        if any(name != self.name for part in parts for name in part):
            return None
        found = []
        for part in parts:
            raw = bytes(part.get(self.name, b"[]"))
            if not raw.lstrip().startswith(b"["):
                return None
            found.append(msgspec.json.decode(raw, type=list[msgspec.Raw]))
        return found[0], found[1], found[2]

    def _part(self, items: Raws) -> Part:
        return {self.name: msgspec.Raw(msgspec.json.encode(items))} if items else {}


def _members(body: bytes | msgspec.Raw) -> Part:
    return msgspec.json.decode(body, type=dict[str, msgspec.Raw])


def _fields(type_name: str, base: Part, mine: Part, theirs: Part) -> dict[str, list[str]]:
    """Return every question with its elements: first what was there, in its order, then what is new."""
    names = (*base, *sorted((mine.keys() | theirs.keys()) - base.keys())) if base else (*mine, *theirs)
    fields: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        if name not in _ENVELOPE:
            fields.setdefault(field_of(name, type_name), []).append(name)
    return fields


def _said(part: Part) -> dict[str, bytes]:
    return {name: canonical(raw) for name, raw in part.items()}


def _bytes_of(part: Part) -> list[tuple[str, bytes]]:
    return sorted((name, bytes(raw)) for name, raw in part.items())


def _meta(
    base: msgspec.Raw | None, mine: msgspec.Raw | None, theirs: msgspec.Raw | None, *, has_base: bool
) -> msgspec.Raw:
    """Join what is said about the record: who may see it is nobody's to loosen, so a label either side set stays."""
    old, ours, others = (
        _members(each) if each and each != msgspec.Raw(b"null") else {} for each in (base, mine, theirs)
    )
    result = dict(others)
    for name in sorted(ours.keys() | old.keys()) if has_base else ():
        if name not in _OF_ONE_NODE:
            parts = ({name: each[name]} if name in each else {} for each in (old, ours, others))
            result.pop(name, None)
            result.update(_Field(name, "Meta", *parts, has_base=True).joined(None)[0])
    labels = {canonical(each): each for part in (others, ours) for each in _items(part.get("security"))}
    if labels:
        result["security"] = msgspec.Raw(msgspec.json.encode(list(labels.values())))
    return msgspec.Raw(msgspec.json.encode(result))


def _items(raw: msgspec.Raw | None) -> Raws:
    return msgspec.json.decode(raw, type=Raws) if raw else []
