"""Finding records: every name, every pair of names, against a plain walk over everything that was written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product
from pathlib import Path
from typing import Final

import msgspec
import pytest

from clinic_app.records import (
    AuditEvent,
    AuditEventAgent,
    AuditEventEntity,
    AuditEventSource,
    CodeableConcept,
    Coding,
    Communication,
    HumanName,
    Identifier,
    Observation,
    Patient,
    Provenance,
    Reference,
    Resource,
    Task,
    with_audience,
)
from clinic_app.records.trail import ProvenanceAgent
from clinic_app.storage import Store
from clinic_app.storage.indexes import NAMES, entries
from tests.helpers.clocks import NOON
from tests.helpers.stores import opened


def _ref(target: str) -> Reference:
    return Reference(reference=target)


def _concept(code: str) -> CodeableConcept:
    return CodeableConcept(coding=(Coding(system="s", code=code),))


def _task(number: int, status: str, owner: str, patient: str, audience: str) -> Task:
    task = Task(
        id=f"t{number}",
        status=status,  # type: ignore[arg-type]
        intent="order",
        for_=_ref(f"Patient/{patient}"),
        owner=_ref(f"Organization/{owner}"),
        requester=_ref("Organization/a"),
        focus=_ref(f"ServiceRequest/s{number % 2}"),
        based_on=(_ref("ServiceRequest/s0"), _ref(f"ServiceRequest/s{number % 3}")),
        code=_concept("fulfil" if number % 2 else "approve"),
        identifier=(Identifier(system="n", value=str(number)),),
    )
    return with_audience(task, audience)


TASKS: Final = tuple(
    _task(number, *values)
    for number, values in enumerate(product(("requested", "completed"), ("a", "b"), ("p1", "p2"), ("a", "*")))
)
CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "status": ("requested", "completed", "failed"),
    "owner": ("a", "b", "Organization/a"),
    "subject": ("p1", "p2", "p3"),
    "tag": ("a", "urn:dala:audience|*", "b"),
    "focus": ("s0", "s1"),
    "based_on": ("s1", "s2"),
    "code": ("fulfil", "s|approve", "|fulfil"),
    "requester": ("a", "b"),
    "identifier": ("n|3", "n|", "3"),
}


@dataclass(frozen=True)
class Filled:
    """A store and what lies in it, last written last."""

    store: Store
    records: tuple[Resource, ...]


@pytest.fixture(scope="module")
def filled(both_databases: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    with opened(tmp_path_factory.mktemp("finding")) as store:
        store.records.commit(TASKS, send=False)
        yield Filled(store, TASKS)


def _walked(records: tuple[Resource, ...], **params: str) -> list[str]:
    wanted = set(params.items())
    return [record.id for record in reversed(records) if wanted <= entries(record)]


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in CHOICES.items() for value in values])
def test_one_name_finds_what_a_walk_over_all_finds(filled: Filled, name: str, value: str) -> None:
    found = filled.store.records.find(Task, **{name: value})
    assert [record.id for record in found] == _walked(filled.records, **{name: value})


@pytest.mark.parametrize(("first", "second"), list(combinations(CHOICES, 2)))
def test_two_names_find_what_has_both(filled: Filled, first: str, second: str) -> None:
    for one, other in product(CHOICES[first], CHOICES[second]):
        params = {first: one, second: other}
        assert [record.id for record in filled.store.records.find(Task, **params)] == _walked(filled.records, **params)
        backwards = {second: other, first: one}
        assert filled.store.records.find(Task, **backwards) == filled.store.records.find(Task, **params)


@pytest.mark.parametrize("names", [names for names in combinations(CHOICES, 3) if "status" in names])
def test_three_names_find_what_has_all(filled: Filled, names: tuple[str, ...]) -> None:
    params = {name: CHOICES[name][0] for name in names}
    assert [record.id for record in filled.store.records.find(Task, **params)] == _walked(filled.records, **params)


def test_every_name_at_once_finds_the_one(filled: Filled) -> None:
    params = {"status": "requested", "owner": "a", "subject": "p2", "tag": "*", "focus": "s1", "based_on": "s0"}
    params |= {"code": "s|fulfil", "requester": "a", "identifier": "n|3"}
    assert [record.id for record in filled.store.records.find(Task, **params)] == ["t3"]


@pytest.mark.parametrize("limit", [0, 1, 3, 16, 500])
def test_a_limit_keeps_the_last_changed(filled: Filled, limit: int) -> None:
    everything = [record.id for record in reversed(filled.records)]
    assert [record.id for record in filled.store.records.find(Task, limit=limit)] == everything[:limit]
    found = filled.store.records.find(Task, limit=limit, requester="a")
    assert [record.id for record in found] == everything[:limit]


@pytest.mark.parametrize("name", sorted(NAMES))
@pytest.mark.parametrize("value", ["", "nobody", "%", "p*", "' OR 1=1 --", "\x00", "Ұ" * 5000])
def test_a_value_nobody_has_finds_nobody(filled: Filled, name: str, value: str) -> None:
    assert filled.store.records.find(Task, **{name: value}) == ()


@pytest.mark.parametrize("kind", [Patient, Observation, AuditEvent, Communication])
def test_another_type_with_the_same_words_is_not_found(filled: Filled, kind: type[Resource]) -> None:
    assert filled.store.records.find(kind) == ()
    assert filled.store.records.find(kind, subject="p1") == ()


@pytest.mark.parametrize("name", ["", "Subject", "for_", "patient", "name", "id", "limits"])
def test_a_name_nobody_indexes_is_said_even_beside_a_good_one(filled: Filled, name: str) -> None:
    with pytest.raises(ValueError, match="not indexed"):
        filled.store.records.find(Task, **{"status": "requested", name: "x"})


@pytest.fixture
def store(both_databases: str, tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path) as store:
        yield store


def _event(number: int, who: str, what: str) -> AuditEvent:
    return AuditEvent(
        id=f"e{number}",
        type=Coding(system="t", code="rest"),
        action="R",
        recorded=NOON,
        agent=(AuditEventAgent(who=_ref(f"Practitioner/{who}"), requestor=True), AuditEventAgent(requestor=False)),
        source=AuditEventSource(observer=_ref("Device/d")),
        entity=(AuditEventEntity(what=_ref(f"Patient/{what}")), AuditEventEntity(description="nothing")),
    )


OTHERS: Final[list[tuple[Resource, dict[str, str]]]] = [
    (_event(1, "n1", "p1"), {"agent": "n1", "entity": "p1", "code": "t|rest"}),
    (
        Provenance(
            id="v", target=(_ref("Task/t1"),), recorded=NOON, agent=(ProvenanceAgent(who=_ref("Practitioner/n1")),)
        ),
        {"target": "t1", "agent": "n1"},
    ),
    (
        Communication(
            id="m",
            status="completed",
            subject=_ref("Patient/p1"),
            about=(_ref("Task/t1"),),
            sender=_ref("Organization/a"),
            based_on=(_ref("ServiceRequest/s"),),
            category=(_concept("read"),),
        ),
        {"focus": "t1", "author": "a", "based_on": "s", "category": "s|read", "status": "completed", "subject": "p1"},
    ),
    (
        Observation(
            id="b",
            status="final",
            code=_concept("8867-4"),
            subject=_ref("Patient/p1"),
            category=(_concept("vital-signs"),),
            performer=(_ref("Practitioner/n1"), _ref("Organization/a")),
        ),
        {"performer": "a", "code": "8867-4", "category": "vital-signs", "subject": "p1", "status": "final"},
    ),
    (
        Patient(
            id="p",
            name=(HumanName(family="Үлгібаев", given=("Ерлан",)),),
            birth_date="1985-01-01",
            identifier=(Identifier(system="i", value="1"), Identifier(value="2")),
        ),
        {"birth_date": "1985-01-01", "identifier": "|2", "name_key": "erlan ulgibaev"},
    ),
]


@pytest.mark.parametrize(("record", "params"), OTHERS, ids=lambda value: getattr(value, "type_name", ""))
def test_other_records_are_found_by_their_own_words(store: Store, record: Resource, params: dict[str, str]) -> None:
    store.records.commit([record])
    kind = type(record)
    assert [found.id for found in store.records.find(kind, **params)] == [record.id]
    for name in params:
        assert store.records.find(kind, **{**params, name: "elsewhere"}) == (), name


def test_the_last_changed_comes_first_whenever_it_was_made(store: Store) -> None:
    written = store.records.commit(TASKS[:4], send=False)
    for index in (2, 0, 3):
        (again,) = store.records.commit([msgspec.structs.replace(written[index], description="again")])
        assert store.records.find(Task, requester="a")[0] == again
    assert [each.id for each in store.records.find(Task)] == ["t3", "t0", "t2", "t1"]


def test_an_edited_record_leaves_its_old_words_and_is_found_by_the_new(store: Store) -> None:
    (task,) = store.records.commit([TASKS[0]])
    assert isinstance(task, Task)
    moved = with_audience(msgspec.structs.replace(task, status="completed", owner=_ref("Organization/z")), "q", "r")
    store.records.commit([moved])
    for name, old, new in (("status", "requested", "completed"), ("owner", "a", "z"), ("tag", "a", "q")):
        assert store.records.find(Task, **{name: old}) == ()
        assert len(store.records.find(Task, **{name: new})) == 1
    assert len(store.records.find(Task, tag="urn:dala:audience|r", subject="p1")) == 1


def test_versions_come_oldest_first_and_none_is_ever_lost(store: Store) -> None:
    (task,) = store.records.commit([TASKS[0]])
    for number in range(5):
        (task,) = store.records.commit([msgspec.structs.replace(task, description=str(number))])  # type: ignore[call-arg]
    versions = store.records.versions(Task, "t0")
    assert [each.description for each in versions] == [None, "0", "1", "2", "3", "4"]
    assert len({each.version_id for each in versions}) == 6
    assert store.records.get(Task, "t0") == versions[-1]
    assert store.records.versions(Task, "t1") == ()
    assert store.records.versions(Patient, "t0") == ()
