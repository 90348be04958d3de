"""Backups and room, for those who answer for them: an administrator only, with a trace, and everybody sees the room."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from clinic_app.access import People, Safekeeping, Session, Trail
from clinic_app.foundation.errors import DiskFullError, NotAllowedError
from clinic_app.records import AuditEvent
from clinic_app.storage import BackupKeeper, Store, restore_backup
from clinic_app.storage.backups.restoring import RESTORED_NOTE
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.stores import KEY, PASSWORD, QUICK, opened, set_up

STAFF = ("registrar", "nurse", "doctor", "specialist", "laboratory", "statistician", "auditor")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path / "data") as made:
        set_up(made, *STAFF)
        yield made


def service(store: Store, second: Path | None = None) -> Safekeeping:
    clock = FixedClock()
    return Safekeeping(store, BackupKeeper(store, clock, second), Trail(store, clock))


def signed_in(store: Store, login: str = "admin") -> Session:
    return People(store, FixedClock(), QUICK).sign_in(login, PASSWORD)


def events(store: Store, code: str) -> list[AuditEvent]:
    return [each for each in store.records.find(AuditEvent) if each.subtype and each.subtype[0].code == code]


def test_an_administrator_makes_a_backup_and_sees_it(store: Store) -> None:
    safekeeping, session = service(store), signed_in(store)
    assert safekeeping.backups(session) == ()
    made = safekeeping.back_up_now(session)
    assert (made.kind, made.is_verified) == ("by-hand", True)
    assert safekeeping.backups(session) == (made,)
    assert safekeeping.state().newest == made


def test_that_somebody_made_a_backup_is_in_the_trail_and_in_the_backup(store: Store) -> None:
    session = signed_in(store)
    before = len(events(store, "update"))
    made = service(store).back_up_now(session)
    (event, *_) = events(store, "update")
    assert len(events(store, "update")) == before + 1
    assert event.agent[0].name == "admin"
    assert made.audit_rows == len(store.records.find(AuditEvent))


@pytest.mark.parametrize("role", STAFF)
def test_nobody_else_makes_or_sees_backups(store: Store, role: str) -> None:
    safekeeping, session = service(store), signed_in(store, role)
    for refused in (safekeeping.backups, safekeeping.back_up_now):
        with pytest.raises(NotAllowedError):
            refused(session)
    assert store.backups.all() == ()


def test_everybody_sees_the_room_and_hears_of_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from clinic_app.storage.engines import space

    safekeeping = service(store)
    heard: list[str] = []
    end = safekeeping.subscribe(lambda: heard.append(safekeeping.space().state))
    monkeypatch.setattr(store.space, "_free", lambda _folder: 0)
    with pytest.raises(DiskFullError):
        store.space.require()
    assert safekeeping.space().is_read_only
    assert safekeeping.space().reason == space.FULL
    assert heard == ["full"]
    end()
    monkeypatch.undo()
    store.space.look()
    assert heard == ["full"]


def test_listeners_hear_of_a_backup_too(store: Store) -> None:
    safekeeping = service(store)
    heard: list[bool] = []
    end = safekeeping.subscribe(lambda: heard.append(safekeeping.state().is_busy))
    safekeeping.back_up_now(signed_in(store))
    assert (heard[0], heard[-1]) == (True, False)
    end()
    before = len(heard)
    safekeeping.back_up_now(signed_in(store))
    assert len(heard) == before


def test_the_state_tells_of_the_second_disk(store: Store, tmp_path: Path) -> None:
    second = tmp_path / "second"
    safekeeping = service(store, second)
    safekeeping.back_up_now(signed_in(store))
    assert safekeeping.state().second_problem is not None
    second.mkdir()
    safekeeping.back_up_now(signed_in(store))
    assert safekeeping.state().second_problem is None
    assert safekeeping.state().carried_at == NOON


def test_a_restoration_is_written_into_the_trail_once(store: Store, tmp_path: Path) -> None:
    backup = service(store).back_up_now(signed_in(store))
    store.close()
    restore_backup(tmp_path / "data", backup.path, KEY, FixedClock(NOON + timedelta(days=2)))
    with opened(tmp_path / "data") as restored:
        for _ in range(2):
            service(restored).note_restoration()
        (event,) = events(restored, "restore")
        assert event.agent[0].who is not None
        assert (event.agent[0].who.reference or "").startswith("Device/")
        assert NOON.isoformat() in (event.entity[0].description or "")
        assert restored.memory.get(RESTORED_NOTE) == b""
        assert restored.records.broken_audit_row() is None


def test_data_that_were_never_restored_or_set_up_say_nothing(store: Store, tmp_path: Path) -> None:
    service(store).note_restoration()
    assert events(store, "restore") == []
    with opened(tmp_path / "empty") as empty:
        empty.memory.put(RESTORED_NOTE, b"2026")
        service(empty).note_restoration()
        assert empty.records.find(AuditEvent) == ()
