"""A workstation that was restored from a backup: the hub gives back what came after it, and nothing is overwritten."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from clinic_app.hub.app import build_app
from clinic_app.records import AuditEvent, Patient, encode
from clinic_app.storage import Backup, Store, restore_backup
from clinic_app.storage.backups.restoring import RESTORED_PULL
from clinic_app.storage.exchange.exchange import Write
from clinic_app.sync.link import HubLink
from clinic_app.sync.pull import Pull
from clinic_app.sync.push import Push
from tests.helpers.audit_rows import audit_row
from tests.helpers.clocks import FixedClock
from tests.helpers.hub_clients import HubClient, RunningHub, running_hub
from tests.helpers.stores import KEY, patient

A = "org-a"


@dataclass
class Workstation:
    """A store that exchanges with a hub, and can be thrown back to a backup."""

    folder: Path
    hub: RunningHub
    token: str
    store: Store
    asked: list[str]

    def exchange(self) -> None:
        """Push and pull, as the standing exchange does."""

        async def talk() -> None:
            app = httpx.ASGITransport(build_app(self.hub.hub))
            link = HubLink("http://hub.test", self.token, FixedClock(), _Listening(app, self.asked))
            try:
                await Push(self.store, link, lambda _count: None).run()
                await Pull(self.store, link).run()
            finally:
                await link.close()

        asyncio.run(talk())

    def lose_everything_since(self, backup: Backup) -> None:
        """Put a backup in the place of the database."""
        self.store.close()
        restore_backup(self.folder, backup.path, KEY, FixedClock())
        self.store = Store.open(self.folder, KEY, FixedClock())

    def edited(self, record: Patient, **changes: Any) -> Patient:
        """Edit the newest version of a patient."""
        newest = self.store.records.get(Patient, record.id)
        (written,) = self.store.records.commit([msgspec.structs.replace(newest, **changes)])
        assert isinstance(written, Patient)
        return written


class _Listening(httpx.AsyncBaseTransport):
    """Notes what was asked for."""

    def __init__(self, inner: httpx.AsyncBaseTransport, asked: list[str]) -> None:
        self._inner = inner
        self._asked = asked

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._asked.append(str(request.url))
        return await self._inner.handle_async_request(request)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[RunningHub]:
    with running_hub(tmp_path / "hub") as made:
        yield made


@pytest.fixture
def here(tmp_path: Path, hub: RunningHub) -> Iterator[Workstation]:
    folder = tmp_path / "here"
    made = Workstation(folder, hub, hub.enrol(A).token, Store.open(folder, KEY, FixedClock()), [])
    yield made
    made.store.close()


@pytest.fixture
def colleague(hub: RunningHub) -> HubClient:
    return hub.enrol(A)


def test_what_the_hub_took_after_the_backup_comes_back(here: Workstation) -> None:
    (before,) = here.store.records.commit([patient("Before")])
    here.exchange()
    backup = here.store.backups.make("hourly")
    (after,) = here.store.records.commit([patient("After")], audit=[audit_row()])
    here.exchange()
    here.lose_everything_since(backup)
    assert [each.id for each in here.store.records.find(Patient)] == [before.id]
    here.exchange()
    assert {each.id for each in here.store.records.find(Patient)} == {before.id, after.id}
    assert len(here.store.records.find(AuditEvent)) == 1
    assert here.store.records.conflicts() == ()
    assert here.store.outbox.count() == 0


def test_an_edit_made_after_the_backup_comes_back_as_the_newest_version(here: Workstation) -> None:
    (record,) = here.store.records.commit([patient()])
    here.exchange()
    backup = here.store.backups.make("hourly")
    here.edited(record, active=True)  # type: ignore[arg-type]
    here.exchange()
    here.lose_everything_since(backup)
    assert here.store.records.get(Patient, record.id).active is None
    here.exchange()
    assert here.store.records.get(Patient, record.id).active is True
    here.edited(record, active=False)  # type: ignore[arg-type]
    here.exchange()
    assert here.store.outbox.set_aside() == ()
    assert here.store.records.conflicts() == ()


def test_what_waited_in_the_backup_and_was_sent_since_is_known_by_the_hub(here: Workstation) -> None:
    (record,) = here.store.records.commit([patient()])
    backup = here.store.backups.make("hourly")
    here.exchange()
    here.edited(record, active=True)  # type: ignore[arg-type]
    here.exchange()
    here.lose_everything_since(backup)
    assert here.store.outbox.count() == 1
    here.exchange()
    assert here.store.outbox.count() == 0
    assert here.store.outbox.set_aside() == ()
    assert here.store.records.get(Patient, record.id).active is True


def test_an_edit_of_the_old_version_before_the_first_exchange_is_a_question_to_a_person(here: Workstation) -> None:
    (record,) = here.store.records.commit([patient()])
    here.exchange()
    backup = here.store.backups.make("hourly")
    here.edited(record, birth_date="1960-01-01")  # type: ignore[arg-type]
    here.exchange()
    here.lose_everything_since(backup)
    here.edited(record, birth_date="1970-07-07")  # type: ignore[arg-type]
    here.exchange()
    (conflict,) = here.store.records.conflicts()
    assert isinstance(conflict.mine, Patient)
    assert isinstance(conflict.theirs, Patient)
    assert (conflict.mine.birth_date, conflict.theirs.birth_date) == ("1970-07-07", "1960-01-01")
    here.store.records.settle(conflict, conflict.mine)
    here.exchange()
    assert here.store.records.conflicts() == ()
    assert here.store.outbox.count() == 0
    assert here.hub.enrol(A).changes()[0][0].body.count(b"1970-07-07") == 1


def test_what_colleagues_wrote_since_comes_too_and_only_what_came_since_is_asked_for(
    here: Workstation, colleague: HubClient
) -> None:
    old = patient("Old")
    colleague.put(old)
    here.exchange()
    cursor = here.store.cursor("hub-feed")
    backup = here.store.backups.make("hourly")
    new = patient("New")
    written = colleague.put(new)
    here.exchange()
    colleague.write(Write("Patient", new.id, encode(msgspec.structs.replace(new, active=True)), written.version))
    here.lose_everything_since(backup)
    assert here.store.cursor("hub-feed") == cursor
    here.asked.clear()
    here.exchange()
    assert here.store.records.get(Patient, new.id).active is True
    assert here.store.records.get(Patient, old.id).active is None
    assert all("own=true" in url for url in here.asked if "$changes" in url)


def test_only_the_first_exchange_after_a_restoration_asks_for_its_own(here: Workstation) -> None:
    backup = here.store.backups.make("hourly")
    here.lose_everything_since(backup)
    assert here.store.memory.get(RESTORED_PULL) == b"1"
    here.exchange()
    assert here.store.memory.get(RESTORED_PULL) == b""
    here.asked.clear()
    here.exchange()
    assert here.asked
    assert not any("own" in url for url in here.asked)


def test_a_cut_in_the_first_exchange_has_the_next_one_ask_again(here: Workstation) -> None:
    backup = here.store.backups.make("hourly")
    for number in range(5):
        here.store.records.commit([patient(f"Lost{number}")])
    here.exchange()
    here.lose_everything_since(backup)
    token, here.token = here.token, "wrong"
    with pytest.raises(Exception, match="enrolled"):
        here.exchange()
    assert here.store.memory.get(RESTORED_PULL) == b"1"
    here.token = token
    here.exchange()
    assert len(here.store.records.find(Patient)) == 5


def test_no_number_is_given_twice_whatever_was_given_after_the_backup(here: Workstation) -> None:
    given = {here.store.memory.next_number("chart") for _ in range(3)}
    backup = here.store.backups.make("hourly")
    given |= {here.store.memory.next_number("chart") for _ in range(50)}
    given |= {here.store.memory.next_number("case") for _ in range(7)}
    here.lose_everything_since(backup)
    again = [here.store.memory.next_number("chart") for _ in range(60)]
    cases = [here.store.memory.next_number("case") for _ in range(60)]
    assert not given & set(again)
    assert min(cases) > 7
    assert again == sorted(set(again))
    here.lose_everything_since(backup)
    assert here.store.memory.next_number("chart") > max(again)


def test_a_hub_made_anew_is_read_from_its_start_with_our_own_in_it(here: Workstation, tmp_path: Path) -> None:
    here.store.records.commit([patient("Sent")])
    here.exchange()
    backup = here.store.backups.make("hourly")
    here.lose_everything_since(backup)
    with running_hub(tmp_path / "other hub") as other:
        other.enrol(A).put(patient("There"))
        here.hub, here.token = other, other.enrol(A).token
        here.exchange()
    assert {each.name[0].family for each in here.store.records.find(Patient)} == {"Sent", "There"}
