"""A hub that was restored from a backup is told again what it had taken since; what it still has is not made twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from clinic_app.access import Trail
from clinic_app.hub.app import build_app, build_hub
from clinic_app.hub.gate import Hub
from clinic_app.records import Extension, Patient
from clinic_app.storage import Backup, Store, restore_backup
from clinic_app.storage.backups.restoring import RESTORED_PULL
from clinic_app.storage.trail.countersigned import Countersigned, keep_countersigned
from clinic_app.sync.budget import Budget
from clinic_app.sync.habits import HubHabits
from clinic_app.sync.link import HubLink
from clinic_app.sync.pace import Pace
from clinic_app.sync.round import KEPT, Round
from clinic_app.sync.settling import Settling
from clinic_app.terminology.systems import CONTENT_SHA256
from tests.helpers.clocks import FixedClock
from tests.helpers.nodes import DISTRICT, Node, node
from tests.helpers.stores import KEY, open_store

URL = "http://hub.test"


class Site:
    """A hub that can be thrown back to a backup, and a workstation that exchanges with it."""

    def __init__(self, folder: Path, here: Node, clock: FixedClock) -> None:
        self.folder = folder
        self.here = here
        self.clock = clock
        self.store = open_store(folder, KEY, clock)
        self.token = self.hub.callers.enrol(DISTRICT, "PC")
        self.asked: list[tuple[str, str]] = []
        self.asked_with_own: list[str] = []

    @property
    def hub(self) -> Hub:
        """The hub as it stands after its last start."""
        return build_hub(self.store, self.clock)

    def exchange(self) -> None:
        """Do one exchange."""
        asyncio.run(self._exchange())

    async def _exchange(self) -> None:
        here = self.here
        transport = _Noting(httpx.ASGITransport(build_app(self.hub)), self)
        pace = Pace()
        link = HubLink(URL, self.token, self.clock, transport, pace, HubHabits(URL, here.store.memory))
        settling = Settling(here.store, link, Trail(here.store, self.clock))
        budget = Budget({}, pace, here.store.memory, self.clock)
        try:
            await Round(here.store, here.referrals, link, settling, budget, self.clock, lambda _: None).run(60)
        finally:
            await link.close()

    def throw_back(self, backup: Backup) -> None:
        """Put a backup in the place of the hub's database."""
        self.store.close()
        restore_backup(self.folder, backup.path, KEY, self.clock)
        self.store = Store.open(self.folder, KEY, self.clock)

    def edited(self, patient: Patient, **changes: Any) -> Patient:
        """Edit the newest version of a patient at the workstation."""
        newest = self.here.store.records.get(Patient, patient.id)
        (written,) = self.here.store.records.commit([msgspec.structs.replace(newest, **changes)])
        assert isinstance(written, Patient)
        return written

    def at_hub(self) -> dict[str, str]:
        """Return the birth date of every patient the hub has."""
        return {each.id: each.birth_date or "" for each in self.store.records.find(Patient)}


class _Noting(httpx.AsyncBaseTransport):
    def __init__(self, inner: httpx.AsyncBaseTransport, site: Site) -> None:
        self._inner = inner
        self._site = site

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._site.asked.append((request.method, request.url.path))
        if "own" in request.url.params:
            self._site.asked_with_own.append(request.url.path)
        return await self._inner.handle_async_request(request)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    clock = FixedClock()
    with node(tmp_path / "here", DISTRICT, clock) as here:
        made = Site(tmp_path / "hub", here, clock)
        try:
            yield made
        finally:
            made.store.close()


def test_what_the_hub_took_since_its_backup_goes_up_again_and_the_rest_is_not_made_twice(site: Site) -> None:
    old, edited = Patient(id="old", birth_date="1950"), Patient(id="edited", birth_date="1960")
    site.here.store.records.commit([old, edited])
    site.exchange()
    backup = site.store.backups.make("by-hand")
    site.edited(edited, birth_date="1961")
    site.exchange()
    site.edited(edited, birth_date="1962")
    data = b"x" * 5000
    sha256 = site.here.store.blobs.put(data)
    late = Patient(id="late", birth_date="1970", extension=(Extension(url=CONTENT_SHA256, value_string=sha256),))
    site.here.store.records.commit([late], uploads=[sha256])
    site.exchange()
    site.throw_back(backup)
    assert site.at_hub() == {"old": "1950", "edited": "1960"}
    site.exchange()
    assert site.at_hub() == {"old": "1950", "edited": "1962", "late": "1970"}
    assert site.here.store.outbox.count() == 0
    assert site.here.store.outbox.set_aside() == ()
    assert site.here.store.records.conflicts() == ()
    assert len(site.store.records.versions(Patient, "old")) == 1
    assert site.hub.content.size_for(site.hub.callers.caller(site.token), sha256) == 5000  # type: ignore[arg-type]
    site.edited(edited, birth_date="1963")
    site.exchange()
    assert site.at_hub()["edited"] == "1963"


def test_a_hub_that_has_lost_nothing_is_not_told_again(site: Site) -> None:
    site.here.store.records.commit([Patient(id="p")])
    site.exchange()
    site.exchange()
    site.asked.clear()
    site.store.close()
    site.store = Store.open(site.folder, KEY, site.clock)
    site.exchange()
    assert ("POST", "/") not in site.asked


def test_every_restoration_begins_another_life_and_a_restart_does_not(site: Site) -> None:
    backup = site.store.backups.make("by-hand")
    lives = [site.hub.feed.epoch, site.hub.feed.epoch]
    for _ in range(2):
        site.clock.advance(seconds=5)
        site.throw_back(backup)
        lives += [site.hub.feed.epoch, site.hub.feed.epoch]
    assert lives[0] == lives[1]
    assert lives[2] == lives[3]
    assert lives[4] == lives[5]
    assert len(set(lives)) == 3


def test_a_wish_to_tell_again_outlives_the_program(site: Site) -> None:
    habits = HubHabits(URL, site.here.store.memory)
    habits.lived("first")
    assert not habits.has_forgotten
    habits.lived("second")
    habits.lived(None)
    assert HubHabits(URL, site.here.store.memory).has_forgotten
    HubHabits(URL, site.here.store.memory).was_told_again()
    assert not HubHabits(URL, site.here.store.memory).has_forgotten


def test_what_is_older_than_any_backup_is_forgotten_but_for_what_the_next_edit_is_made_from(site: Site) -> None:
    outbox = site.here.store.outbox
    patient = Patient(id="p", birth_date="1950")
    site.here.store.records.commit([patient])
    site.exchange()
    site.edited(patient, birth_date="1951")
    site.exchange()
    assert [row.state for row in outbox.rows_for("Patient", "p")] == ["acked", "acked"]
    site.clock.advance(days=KEPT.days - 1)
    site.exchange()
    assert len(outbox.rows_for("Patient", "p")) == 2
    site.clock.advance(days=2)
    site.exchange()
    (kept,) = outbox.rows_for("Patient", "p")
    assert b"1951" in kept.body
    site.edited(patient, birth_date="1952")
    site.exchange()
    assert site.at_hub()["p"] == "1952"
    assert site.here.store.records.conflicts() == ()


def test_rows_that_wait_are_never_forgotten_whatever_their_age(site: Site) -> None:
    site.here.store.records.commit([Patient(id="p")])
    assert site.here.store.outbox.forget(site.clock.now() + timedelta(days=400)) == 0
    assert site.here.store.outbox.count() > 0


def test_the_time_of_a_row_the_hub_took_is_when_it_took_it(site: Site) -> None:
    outbox = site.here.store.outbox
    site.here.store.records.commit([Patient(id="p")])
    site.clock.advance(days=100)
    site.exchange()
    assert outbox.forget(site.clock.now() - KEPT) == 0
    assert outbox.send_again(site.clock.now() - timedelta(seconds=1)) > 0
    assert outbox.send_again(site.clock.now()) == 0


def test_a_copy_put_back_by_hand_asks_for_its_own_records_once(site: Site) -> None:
    memory = site.here.store.memory
    site.exchange()
    for verdict, breaks, is_asked in (
        ("whole", 0, False),
        ("shorter", 1, True),
        ("shorter", 1, False),
        ("other", 2, True),
    ):
        keep_countersigned(memory, Countersigned(5, "head", verdict, breaks, site.clock.now()))  # type: ignore[arg-type]
        site.asked_with_own.clear()
        site.exchange()
        assert bool(site.asked_with_own) is is_asked
        assert not memory.get(RESTORED_PULL)
