"""The claims ledger: what was said to a person to be saved, what that person had seen, and what came of it.

A thing a person is told is saved has to be at the hub in the end, once. A value he typed over another may replace that
one, because he saw it; a value he did not see may only be put aside by a person who was shown both. So each value
remembers the values that were seen when it was made, and at the end everything that was acknowledged must lie in the
past of what stands: whatever does not was overwritten silently.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

Place = tuple[str, str, str]
"""FHIR type, id and field of a record."""
Key = tuple[str, str]
"""FHIR type and id of a record."""
Parents = dict[tuple[Place, str], set[str]]
NOTHING: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True)
class Edit:
    """One field of one record, changed by a person who saw what was in it.

    Args:
        place: the field.
        saw: the values that were in it.
        made: the values that are in it now.
    """

    place: Place
    saw: frozenset[str]
    made: frozenset[str]


@dataclass(frozen=True)
class Deed:
    """What one operation of one person does; said before it is tried, and again once it is saved.

    Args:
        name: what it is.
        edits: fields it changes.
        marks: that only it writes, each in one record.
        records: records that exist because of it.
        says: fields that have this value from now on.
        contents: addresses of contents it saved.
    """

    name: str
    edits: tuple[Edit, ...] = ()
    marks: tuple[str, ...] = ()
    records: tuple[Key, ...] = ()
    says: Mapping[Place, str] = field(default_factory=dict)
    contents: tuple[str, ...] = ()


@dataclass(frozen=True)
class Standing:
    """What is found at the end in one place, the hub.

    Args:
        values: of each field that can be edited.
        marks: how many records bear each mark.
        records: every record with its content.
        contents: addresses of contents that are whole.
        repeated: records one of whose versions only repeats the version before it.
    """

    values: Mapping[Place, frozenset[str]]
    marks: Mapping[str, int]
    records: Mapping[Key, Mapping[str, object]]
    contents: frozenset[str]
    repeated: tuple[Key, ...] = ()


@dataclass
class Verdict:
    """What the ledger says about what was found; each entry is a short sentence."""

    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    overwritten_silently: list[str] = field(default_factory=list)
    unequal: list[str] = field(default_factory=list)
    set_aside: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing is amiss."""
        return not self.amiss

    @property
    def amiss(self) -> list[str]:
        """Everything, the worst first."""
        return [*self.lost, *self.overwritten_silently, *self.duplicated, *self.unequal, *self.set_aside]


class Ledger:
    """What all people of all hospitals were told."""

    def __init__(self) -> None:
        self.acknowledged: dict[str, Deed] = {}
        self.names: Counter[str] = Counter()
        self._tried: dict[str, Deed] = {}

    @property
    def tried(self) -> int:
        """How many operations may have come to something."""
        return len(self._tried)

    def trying(self, number: str, deed: Deed) -> None:
        """Note what is about to be tried: it may come to something even if nobody is told any more."""
        self._tried[number] = deed

    def refused(self, number: str) -> None:
        """Note that a person was told: this was not saved."""
        self._tried.pop(number, None)

    def saved(self, number: str, deed: Deed) -> None:
        """Note what a person was told to be saved.

        Args:
            number: of the operation.
            deed: what it came to, with the ids that were given.
        """
        self._tried[number] = self.acknowledged[number] = deed
        self.names[deed.name] += 1

    def forgive(self, numbers: Iterable[str]) -> int:
        """Take back claims that went down with the disk they lay on; return how many there were."""
        gone = [self.acknowledged.pop(number, None) for number in numbers]
        return sum(each is not None for each in gone)

    def judge(self, standing: Standing) -> Verdict:
        """Compare what was said with what is there."""
        chosen = {key for deed in self._tried.values() if deed.name == "settle" for key in deed.records}
        repeated = [each for each in standing.repeated if each not in chosen]  # who settles may choose what is there
        verdict = Verdict(duplicated=[f"version repeated: {'/'.join(each)}" for each in repeated])
        parents = self._parents()
        marks = [mark for deed in self.acknowledged.values() for mark in deed.marks]
        for number, deed in self.acknowledged.items():
            _judge_deed(f"{deed.name} {number}", deed, standing, parents, verdict)
        verdict.duplicated += [
            f"mark {mark} stands in {count} records" for mark, count in standing.marks.items() if count > 1
        ]
        verdict.lost += [f"mark {mark} is nowhere" for mark in marks if not standing.marks.get(mark)]
        return verdict

    def _parents(self) -> Parents:
        """Return the values that were seen when each value was made."""
        parents: Parents = {}
        for deed in self._tried.values():
            for edit in deed.edits:
                for value in edit.made:
                    parents.setdefault((edit.place, value), set()).update(edit.saw - {value})
        return parents


def _judge_deed(told: str, deed: Deed, standing: Standing, parents: Parents, verdict: Verdict) -> None:
    verdict.lost += [f"{told}: {'/'.join(key)}" for key in deed.records if key not in standing.records]
    verdict.lost += [f"{told}: content {each[:12]}" for each in deed.contents if each not in standing.contents]
    for (type_name, record_id, name), value in deed.says.items():
        stands = standing.records.get((type_name, record_id), {}).get(name)
        if stands != value:
            verdict.lost.append(f"{told}: {type_name}/{record_id} {name} is {stands!r} and not {value!r}")
    for edit in deed.edits:
        past = _past(edit.place, standing.values.get(edit.place, NOTHING), parents)
        verdict.overwritten_silently += [
            f"{told}: {' '.join(edit.place)} {value}" for value in edit.made - edit.saw if value not in past
        ]


def _past(place: Place, values: frozenset[str], parents: Parents) -> set[str]:
    """Return some values of a field and everything that was seen on the way to them."""
    past: set[str] = set()
    left = list(values)
    while left:
        value = left.pop()
        if value not in past:
            past.add(value)
            left += parents.get((place, value), ())
    return past
