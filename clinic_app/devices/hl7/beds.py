"""Who is meant by a message: the bed it names, and the patient, so that no two patients ever share a source.

A gateway sends the monitors of a whole ward under one name. Most name the bed (PV1-3); others know beds only by the
patient's number (PID-3) or name. A bed that is named keeps its name for the patient who is heard there first; another
patient there gets a source of the own. Where no bed is named each patient is a source. What names nobody belongs to
the bed, where one is named and one patient lies in it, and to nobody else's source.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from clinic_app.devices.hl7.message import Message

CHANGED_S: Final = 5.0
"""A patient who was not heard for so long is no longer at the bed."""
CROWDED_S: Final = 60.0
"""Two patients heard at one bed within this time: the name is that of a ward, and what names nobody is nobody's."""
MOST_BEDS: Final = 64
MOST_PATIENTS: Final = 64
_NOBODY: Final = "?"


@dataclass(frozen=True)
class Lying:
    """Whom a message is about.

    Args:
        name: tells bed and patient apart from all others of the device; empty where the message names nobody.
        former: the name of whoever was heard here before and is no more, where this is told for the first time; None
            where nothing has changed.
    """

    name: str
    former: str | None = None


@dataclass
class _Bed:
    owner: str | None = None
    """The patient who has the bed's plain name."""
    heard_s: dict[str, float] = field(default_factory=dict)
    current: str = ""
    told: str | None = None


class Beds:
    """The beds and patients behind one device; one memory over all its connections.

    Args:
        is_one_bed: the device is one bed by itself, even where it names none: whoever is named first has its name.
    """

    def __init__(self, *, is_one_bed: bool = False) -> None:
        self._is_one_bed = is_one_bed
        self._beds: dict[str, _Bed] = {}
        self._names_of: dict[str, str] = {}
        """By number: the name the first patient with that number has."""

    def lying(self, message: Message, now_s: float) -> Lying:
        """Return whom a message is about.

        Args:
            message: what came.
            now_s: the steady clock.
        """
        place = message.bed
        bed = self._bed(place)
        is_bed = bool(place) or self._is_one_bed
        person = self._person(message, bed, now_s, is_bed=is_bed)
        if is_bed and person and bed.owner is None:
            bed.owner = person
        name = self._name(place, person, bed, is_bed=is_bed)
        return Lying(name, self._former(place, person, bed, now_s, is_bed=is_bed))

    def _bed(self, place: str) -> _Bed:
        bed = self._beds.pop(place, None) or _Bed()
        self._beds[place] = bed  # the newest last
        while len(self._beds) > MOST_BEDS:
            del self._beds[next(iter(self._beds))]
        return bed

    def _person(self, message: Message, bed: _Bed, now_s: float, *, is_bed: bool) -> str:
        number, name = message.patient_number, message.patient_name
        person = number or name
        if number and name:
            first = self._names_of.setdefault(number, name)
            person = number if first == name else f"{number} {name}"
            while len(self._names_of) > MOST_BEDS * MOST_PATIENTS:
                del self._names_of[next(iter(self._names_of))]
        if person or not is_bed:
            return person
        alive = [each for each, heard_s in bed.heard_s.items() if now_s - heard_s < CROWDED_S]
        return _NOBODY if len(alive) > 1 else bed.current

    def _name(self, place: str, person: str, bed: _Bed, *, is_bed: bool) -> str:
        is_plain = is_bed and (not person or person == bed.owner)
        return " ".join(part for part in (place, "" if is_plain else person) if part)

    def _former(self, place: str, person: str, bed: _Bed, now_s: float, *, is_bed: bool) -> str | None:
        """Note who was heard; return who is there no more, once, when nobody else was heard for a while."""
        if person == _NOBODY or (is_bed and not person):
            return None
        bed.current = person
        bed.heard_s.pop(person, None)
        others = [heard_s for heard_s in bed.heard_s.values() if now_s - heard_s < CHANGED_S]
        bed.heard_s[person] = now_s
        while len(bed.heard_s) > MOST_PATIENTS:
            del bed.heard_s[next(iter(bed.heard_s))]
        told = bed.told
        if told is None:
            bed.told = person
        if told in (None, person) or others:
            return None
        bed.told = person
        return self._name(place, str(told), bed, is_bed=is_bed)
