"""Several desks of one hospital whose hub was restored: each sends again what it wrote, in whatever order they come."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import msgspec
import pytest

from clinic_app.access import Trail
from clinic_app.hub.app import build_app, build_hub
from clinic_app.hub.gate import Hub
from clinic_app.records import ContactPoint, HumanName, Patient
from clinic_app.storage import Backup, Store, restore_backup
from clinic_app.storage.exchange import sent_again
from clinic_app.sync.budget import Budget
from clinic_app.sync.habits import HubHabits
from clinic_app.sync.link import HubLink
from clinic_app.sync.pace import Pace
from clinic_app.sync.pull import CURSOR
from clinic_app.sync.round import Round
from clinic_app.sync.settling import Settling
from tests.helpers.clocks import FixedClock
from tests.helpers.nodes import DISTRICT, Node, node
from tests.helpers.stores import KEY, open_store

URL = "http://hub.test"


class House:
    """A hub, its desks, and a backup of the hub to be thrown back to."""

    def __init__(self, folder: Path, clock: FixedClock, desks: dict[str, Node]) -> None:
        self.folder = folder
        self.clock = clock
        self.desks = desks
        self.store = open_store(folder, KEY, clock)
        self.tokens = {name: self.hub.callers.enrol(DISTRICT, name) for name in desks}
        self.empty = self.store.backups.make("by-hand")

    @property
    def hub(self) -> Hub:
        """The hub as it stands after its last start."""
        return build_hub(self.store, self.clock)

    def exchange(self, *names: str) -> None:
        """Let desks have an exchange, one after the other; some seconds pass before each."""
        for name in names:
            self.clock.advance(seconds=5)
            asyncio.run(self._exchange(name))

    async def _exchange(self, name: str) -> None:
        here, pace = self.desks[name], Pace()
        transport = httpx.ASGITransport(build_app(self.hub))
        link = HubLink(URL, self.tokens[name], self.clock, transport, pace, HubHabits(URL, here.store.memory))
        settling = Settling(here.store, link, Trail(here.store, self.clock))
        budget = Budget({}, pace, here.store.memory, self.clock)
        try:
            await Round(here.store, here.referrals, link, settling, budget, self.clock, lambda _: None).run(60)
        finally:
            await link.close()

    def throw_back(self, backup: Backup) -> None:
        """Put a backup in the place of the hub's database."""
        self.clock.advance(seconds=5)
        self.store.close()
        restore_backup(self.folder, backup.path, KEY, self.clock)
        self.store = Store.open(self.folder, KEY, self.clock)

    def close(self) -> None:
        """Close the hub's store, whichever it is now."""
        self.store.close()

    def write(self, name: str, patient_id: str, **changes: str) -> None:
        """Register a patient at a desk, or edit the newest version of one there."""
        records = self.desks[name].store.records
        found = [each for each in records.find(Patient) if each.id == patient_id]
        patient = found[0] if found else Patient(id=patient_id)
        if "family" in changes:
            patient = msgspec.structs.replace(patient, name=(HumanName(family=changes["family"]),))
        if "phone" in changes:
            patient = msgspec.structs.replace(patient, telecom=(ContactPoint(system="phone", value=changes["phone"]),))
        records.commit([patient])

    def versions(self, patient_id: str) -> list[str]:
        """Return the names of the versions the hub has of a patient."""
        return [each.version_id or "" for each in self.store.records.versions(Patient, patient_id)]

    def says(self, patient_id: str) -> set[tuple[str, str]]:
        """Return what hub and desks say of a patient: his name and number; one answer where all agree."""
        stores = [self.store, *(desk.store for desk in self.desks.values())]
        found = [each.records.get(Patient, patient_id) for each in stores]
        return {(each.name[0].family or "", each.telecom[0].value or "" if each.telecom else "") for each in found}

    def is_at_rest(self) -> bool:
        """Whether nothing waits, nothing is set aside, and nobody is asked."""
        stores = [desk.store for desk in self.desks.values()]
        return not any(each.outbox.count() or each.outbox.set_aside() or each.records.conflicts() for each in stores)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    clock, tmp_path = FixedClock(), tmp_path_factory.mktemp("house")
    with ExitStack() as stack:
        desks = {name: stack.enter_context(node(tmp_path / name, DISTRICT, clock)) for name in ("A", "B", "C")}
        made = House(tmp_path / "hub", clock, desks)
        stack.callback(made.close)
        yield made


def in_turns(house: House, patient_id: str) -> Backup:
    """Have two desks edit one card in turns, the third reading what they say; return a backup from the first edit."""
    house.write("A", patient_id, family="First")
    house.exchange("A", "B")
    backup = house.store.backups.make("by-hand")
    house.write("B", patient_id, phone="+7700")
    house.exchange("B", "A")
    house.write("A", patient_id, family="Third")
    house.exchange("A", "B", "C")
    return backup


@pytest.mark.parametrize("order", ["AB", "BA"])
@pytest.mark.parametrize("is_all_lost", [True, False])
def test_what_two_desks_wrote_in_turns_comes_again_as_it_was(house: House, order: str, is_all_lost: bool) -> None:
    patient_id = f"p{order}{is_all_lost}"
    backup = in_turns(house, patient_id)
    before = house.versions(patient_id)
    assert len(before) == 3
    house.throw_back(house.empty if is_all_lost else backup)
    house.exchange(*order, *order, "C")
    assert house.versions(patient_id) == before, "the same versions under the same names"
    assert house.says(patient_id) == {("Third", "+7700")}
    assert house.is_at_rest()


def test_what_two_desks_said_in_the_same_words_is_nothing_to_ask_about(house: House) -> None:
    house.exchange("A", "B")  # both say who their hospital is
    backup = house.store.backups.make("by-hand")
    house.exchange("C")
    for thrown_to in (backup, house.empty):
        house.throw_back(thrown_to)
        house.exchange("B", "A", "C", "B", "A")
        assert house.is_at_rest()


def test_an_edit_nobody_had_sent_waits_for_what_it_was_made_from(house: House) -> None:
    backup = in_turns(house, "p2")
    house.write("B", "p2", family="Fourth")
    house.throw_back(backup)
    house.exchange("B", "A", "B", "A", "C")
    assert house.says("p2") == {("Fourth", "+7700")}
    assert house.is_at_rest()


def test_who_had_not_seen_a_version_in_between_ends_with_the_newest_all_the_same(house: House) -> None:
    backup = in_turns(house, "p3")  # C saw the third version only
    house.throw_back(backup)
    house.exchange("B", "C", "A", "C", "B")
    assert house.says("p3") == {("Third", "+7700")}
    assert house.is_at_rest()


def test_a_new_edit_onto_the_old_state_is_joined_with_what_comes_again(house: House) -> None:
    house.write("A", "p4", family="First")
    house.exchange("A", "B")
    backup = house.store.backups.make("by-hand")
    house.write("A", "p4", family="Second")
    house.exchange("A")
    house.throw_back(backup)
    house.write("B", "p4", phone="+7711")  # B never heard of the second
    house.exchange("B", "A", "B", "A", "B", "C")
    assert house.says("p4") == {("Second", "+7711")}
    assert house.is_at_rest()


def test_a_desk_that_never_comes_again_does_not_hold_up_the_others(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sent_again, "PATIENCE", 2)
    backup = in_turns(house, "p5")
    house.throw_back(backup)
    house.exchange("A")
    assert house.desks["A"].store.outbox.count() > 0, "it waits for what B wrote"
    house.exchange("A", "A", "A", "C")
    assert house.store.records.get(Patient, "p5").name[0].family == "Third"
    house.exchange("B", "A", "B", "C")
    assert house.says("p5") == {("Third", "+7700")}
    assert house.is_at_rest()


def test_the_trail_of_a_desk_stays_whole_when_its_events_come_back(house: House) -> None:
    desk = house.desks["A"]
    desk.referrals.open_waiting()
    house.write("A", "p7", family="First")
    house.exchange("A")
    house.throw_back(house.empty)
    house.exchange("A", "A")
    assert desk.store.records.broken_audit_row() is None


def test_a_copy_of_the_hub_that_was_put_back_by_hand_is_noticed_though_it_gives_the_same_names(house: House) -> None:
    house.write("A", "p8", family="First")
    house.exchange("A", "B")
    cursor = house.desks["B"].store.cursor(CURSOR)
    before = house.versions("p8")
    house.throw_back(house.empty)
    house.exchange("A")
    assert house.versions("p8") == before
    with house.store.database.reading() as connection:
        assert house.hub.feed.position_in(connection, "") == 0
    assert cursor is not None
    house.exchange("B")
    assert house.desks["B"].store.cursor(CURSOR) != cursor


def test_nothing_is_taken_from_a_restored_hub_before_it_was_told_again(house: House) -> None:
    house.write("A", "p6", family="First")
    house.exchange("A", "B")
    backup = house.store.backups.make("by-hand")
    house.write("A", "p6", family="Second")
    house.exchange("A")
    house.throw_back(backup)
    house.write("B", "p6", family="Other")
    house.exchange("B", "A")
    (question,) = house.desks["A"].store.records.conflicts()
    assert isinstance(question.theirs, Patient)
    assert question.theirs.name[0].family == "Other", "the same field twice: A is asked, and keeps its own until then"
    assert house.desks["A"].store.records.get(Patient, "p6").name[0].family == "Second"
