"""When each workstation was last here is noted often enough, and not with every request."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import event

from clinic_app.foundation.errors import DiskFullError
from clinic_app.foundation.texts import Text
from clinic_app.storage import Store
from clinic_app.storage.feed.callers import SEEN_EVERY, FeedCallers
from clinic_app.storage.feed.rows import Caller
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.stores import open_store

pytestmark = pytest.mark.usefixtures("both_databases")


@pytest.fixture(scope="module")
def store(both_databases: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = open_store(tmp_path_factory.mktemp("hub"), bytes(32))
    yield store
    store.close()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def callers(store: Store, clock: FixedClock) -> FeedCallers:
    return FeedCallers(store.database, clock)


def seen(callers: FeedCallers, caller: Caller) -> object:
    (line,) = [each for each in callers.devices() if each.id == caller.workstation_id]
    return line.last_seen_at


def come(callers: FeedCallers, token: str) -> Caller:
    caller = callers.caller(token)
    assert caller is not None
    return caller


def test_the_last_visit_is_noted_and_moves_on_after_a_while(callers: FeedCallers, clock: FixedClock) -> None:
    token = callers.enrol("org-a", "PC")
    caller = come(callers, token)
    assert seen(callers, caller) == NOON
    clock.moment += SEEN_EVERY - timedelta(seconds=1)
    come(callers, token)
    assert seen(callers, caller) == NOON
    clock.moment += timedelta(seconds=1)
    come(callers, token)
    assert seen(callers, caller) == NOON + SEEN_EVERY


def test_a_clock_that_was_set_back_does_not_stop_the_notes(callers: FeedCallers, clock: FixedClock) -> None:
    token = callers.enrol("org-a", "PC")
    caller = come(callers, token)
    clock.moment -= timedelta(days=400)
    come(callers, token)
    assert seen(callers, caller) == NOON - timedelta(days=400)


def test_most_requests_write_nothing(store: Store, callers: FeedCallers) -> None:
    token = callers.enrol("org-a", "PC")
    come(callers, token)
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        statements.append(statement)

    engine = store.database._engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        for _ in range(20):
            come(callers, token)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert not [each for each in statements if each.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE"))]


def test_a_full_disk_turns_nobody_away(callers: FeedCallers, monkeypatch: pytest.MonkeyPatch) -> None:
    token = callers.enrol("org-a", "PC")

    def refuse(*_given: object, **_more: object) -> None:
        raise DiskFullError(Text("The disk is full. Nothing was saved; free some space and try again."))

    monkeypatch.setattr(FeedCallers, "_note", refuse)
    assert come(callers, token).organization_id == "org-a"


def test_who_is_shut_out_or_unknown_is_nobody(callers: FeedCallers) -> None:
    token = callers.enrol("org-a", "PC")
    caller = come(callers, token)
    callers.revoke(caller.workstation_id, "replaced")
    assert callers.caller(token) is None
    assert callers.caller_with_id(caller.workstation_id) is None
    assert callers.caller_with_id("nobody") is None
    assert callers.caller(f"none-{caller.workstation_id}") is None
    (line,) = [each for each in callers.devices() if each.id == caller.workstation_id]
    assert (line.revoked_because, line.is_to_be_erased, line.revoked_at) == ("replaced", False, NOON)
