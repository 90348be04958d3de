"""A workstation and a hub that anything may happen between: whatever order, nobody's words are lost.

A small hub is played here; the store is the real one. Replies get lost, pages come twice and late, another hospital
edits the same record. At the end everything is sent, every conflict is settled, and both sides say the same.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from clinic_app.foundation.errors import NotFoundError
from clinic_app.records import HumanName, Patient
from clinic_app.storage import OutboxRow
from tests.helpers import stores
from tests.helpers.stores import open_store

FAMILIES = st.sampled_from(["A", "B", "C", "D"])


class Hub:
    """One record as the hub has it, and every body it ever gave out."""

    def __init__(self) -> None:
        self.number = 0
        self.family: str | None = None
        self.bodies: list[bytes] = []
        self.known: dict[str, str] = {}

    @property
    def version(self) -> str | None:
        return f"h{self.number}" if self.number else None

    def take(self, family: str) -> str:
        self.number += 1
        self.family = family
        meta = {"versionId": self.version, "lastUpdated": "2026-03-05T07:00:00Z"}
        record = {"resourceType": "Patient", "id": "p1", "meta": meta, "name": [{"family": family}]}
        self.bodies.append(msgspec.json.encode(record))
        return f"h{self.number}"

    def answer(self, row: OutboxRow) -> str | None:
        """Return the version a row got, now or when it came the first time; None for a conflict."""
        if row.op_id in self.known:
            return self.known[row.op_id]
        if row.base_hub_version != self.version:
            return None
        self.known[row.op_id] = self.take(family_in(row.body))
        return self.known[row.op_id]


def family_in(body: bytes) -> str:
    return str(msgspec.json.decode(body)["name"][0]["family"])


class TwoSides(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = open_store(Path(self.folder.name))
        self.hub = Hub()
        self.typed: list[str] = []
        self.fetched: list[bytes] = []

    def teardown(self) -> None:
        try:
            self.come_to_rest()
        finally:
            self.store.close()
            stores.places.forget(Path(self.folder.name))
            self.folder.cleanup()

    def here(self) -> Patient | None:
        try:
            return self.store.records.get(Patient, "p1")
        except NotFoundError:
            return None

    @rule(family=FAMILIES)
    def somebody_types(self, family: str) -> None:
        name = (HumanName(family=family),)
        record = self.here()
        record = msgspec.structs.replace(record, name=name) if record else Patient(id="p1", name=name)
        self.store.records.commit([record])
        self.typed.append(family)

    @rule(family=FAMILIES)
    def another_hospital_types(self, family: str) -> None:
        self.hub.take(family)

    @rule(reply_is_lost=st.booleans())
    def send(self, *, reply_is_lost: bool) -> None:
        while rows := self.store.outbox.pending(limit=1):
            row = rows[0]
            version = self.hub.answer(row)
            if reply_is_lost:
                self.store.outbox.failed([row.seq], "no reply")
                return
            if version is None:
                self.store.outbox.conflicted(row.seq, "changed there")
                return
            self.store.outbox.acknowledge({row.seq: version})

    @rule()
    def fetch(self) -> None:
        self.receive(self.hub.bodies[-1:])
        self.fetched += self.hub.bodies[-1:]

    @precondition(lambda self: self.fetched)
    @rule(data=st.data())
    def an_old_page_comes_again(self, data: st.DataObject) -> None:
        self.receive([data.draw(st.sampled_from(self.fetched))])

    @rule()
    def restart(self) -> None:
        self.store.close()
        self.store = open_store(Path(self.folder.name))

    @rule(mine=st.booleans())
    def somebody_settles(self, *, mine: bool) -> None:
        for conflict in self.store.records.conflicts():
            self.store.records.settle(conflict, conflict.mine if mine else conflict.theirs)

    @invariant()
    def what_was_typed_is_in_the_history(self) -> None:
        kept = [each.name[0].family for each in self.store.records.versions(Patient, "p1")]
        rest = iter(kept)
        assert all(family in rest for family in self.typed)

    def receive(self, bodies: Sequence[bytes]) -> None:
        self.store.records.receive(bodies)

    def come_to_rest(self) -> None:
        for _ in range(8):
            self.fetch()
            self.somebody_settles(mine=True)
            self.send(reply_is_lost=False)
        record = self.here()
        assert self.store.outbox.count() == 0
        assert self.store.records.conflicts() == ()
        assert (record.name[0].family if record else None) == self.hub.family


EXAMPLES = {"file": 15, "server": 6}


def test_nothing_typed_is_lost_and_both_sides_end_alike(both_databases: str) -> None:
    days = settings(max_examples=EXAMPLES[both_databases], stateful_step_count=12, deadline=None)
    run_state_machine_as_test(TwoSides, settings=days)
