"""A trail that was cut or changed is noticed by the hub that has seen its end before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from clinic_app.storage import Store
from clinic_app.storage.feed import audit_heads as feed_audit_heads
from clinic_app.storage.feed.account_tables import FEED_AUDIT_HEAD
from clinic_app.storage.feed.audit_heads import FeedAuditHeads, Head, Seen
from clinic_app.storage.feed.rows import Caller
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.stores import open_store

pytestmark = pytest.mark.usefixtures("both_databases")
NOTHING = Head(0, "")


@pytest.fixture(scope="module")
def store(both_databases: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = open_store(tmp_path_factory.mktemp("hub"), bytes(32))
    yield store
    store.close()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def heads(store: Store, clock: FixedClock) -> FeedAuditHeads:
    return FeedAuditHeads(store.database, clock)


@pytest.fixture
def caller(request: pytest.FixtureRequest) -> Caller:
    return Caller(request.node.name[:60], "org-a")


class Trail:
    """A workstation's trail that grows, link by link."""

    def __init__(self, mark: str = "a") -> None:
        self.macs = [NOTHING.mac]
        self.mark = mark

    def grow(self, links: int) -> Trail:
        start = len(self.macs)
        self.macs += [f"{self.mark}{number:063x}" for number in range(start, start + links)]
        return self

    def at(self, links: int) -> Head:
        return Head(links, self.macs[links]) if links < len(self.macs) else NOTHING

    @property
    def head(self) -> Head:
        return self.at(len(self.macs) - 1)

    def shown(self, heads: FeedAuditHeads, caller: Caller) -> Seen:
        """Show the trail as a workstation does: at the length the hub names, when it asks."""
        seen = heads.see(caller, self.head, NOTHING)
        if seen.verdict == "unknown":
            seen = heads.see(caller, self.head, self.at(seen.before.links))
        return seen


def kept(store: Store, caller: Caller) -> list[Any]:
    table = FEED_AUDIT_HEAD
    query = select(table.c.links, table.c.verdict).where(table.c.workstation_id == caller.workstation_id)
    with store.database.reading() as connection:
        return [tuple(row) for row in connection.execute(query.order_by(table.c.seen_at))]


def test_a_trail_that_only_grows_stays_whole(heads: FeedAuditHeads, caller: Caller, store: Store) -> None:
    trail = Trail()
    assert trail.shown(heads, caller) == Seen("whole", NOTHING, 0)
    for links in (3, 1, 0, 20):
        before = trail.head
        seen = trail.grow(links).shown(heads, caller)
        assert (seen.verdict, seen.before, seen.breaks) == ("whole", before, 0)
    assert kept(store, caller) == [(24, "whole")]
    assert caller.workstation_id not in heads.breaks()


def test_the_hub_asks_for_the_link_it_had_seen(heads: FeedAuditHeads, caller: Caller) -> None:
    trail = Trail().grow(5)
    trail.shown(heads, caller)
    trail.grow(5)
    asked = heads.see(caller, trail.head, NOTHING)
    assert (asked.verdict, asked.before) == ("unknown", trail.at(5))
    assert heads.see(caller, trail.head, trail.at(4)).verdict == "unknown"
    assert heads.see(caller, trail.head, trail.at(5)).verdict == "whole"


def test_a_trail_that_was_cut_is_noticed_and_then_followed_from_there(
    heads: FeedAuditHeads, caller: Caller, store: Store, clock: FixedClock
) -> None:
    trail = Trail().grow(10)
    trail.shown(heads, caller)
    clock.advance(hours=1)
    del trail.macs[8:]
    assert trail.shown(heads, caller) == Seen("shorter", Head(10, f"a{10:063x}"), 1)
    assert heads.breaks()[caller.workstation_id] == NOON + timedelta(hours=1)
    assert trail.grow(4).shown(heads, caller) == Seen("whole", Head(7, f"a{7:063x}"), 1)
    assert kept(store, caller) == [(10, "whole"), (7, "shorter"), (11, "whole")]


def test_a_trail_that_was_written_anew_is_noticed_however_long_it_is(heads: FeedAuditHeads, caller: Caller) -> None:
    Trail().grow(10).shown(heads, caller)
    assert Trail("b").grow(10).shown(heads, caller).verdict == "other"
    assert Trail("c").grow(50).shown(heads, caller) == Seen("other", Head(10, f"b{10:063x}"), 2)


def test_a_trail_that_ends_otherwise_at_the_same_length_is_noticed(heads: FeedAuditHeads, caller: Caller) -> None:
    trail = Trail().grow(4)
    trail.shown(heads, caller)
    assert heads.see(caller, Head(4, "f" * 64), trail.head).verdict == "other"


def test_each_workstation_has_its_own(heads: FeedAuditHeads, caller: Caller) -> None:
    Trail().grow(9).shown(heads, caller)
    other = Caller(f"{caller.workstation_id}-2", "org-a")
    assert Trail("b").grow(2).shown(heads, other) == Seen("whole", NOTHING, 0)


def test_a_clock_that_went_back_does_not_turn_the_order(
    heads: FeedAuditHeads, caller: Caller, clock: FixedClock, store: Store
) -> None:
    trail = Trail().grow(6)
    trail.shown(heads, caller)
    clock.advance(days=-400)
    del trail.macs[4:]
    assert trail.shown(heads, caller).verdict == "shorter"
    assert trail.grow(1).shown(heads, caller).before == Head(3, f"a{3:063x}")


def test_one_who_breaks_his_trail_again_and_again_fills_nothing(
    heads: FeedAuditHeads, caller: Caller, store: Store, monkeypatch: pytest.MonkeyPatch, clock: FixedClock
) -> None:
    monkeypatch.setattr(feed_audit_heads, "MOST_BREAKS", 3)
    for number in range(10):
        clock.advance(minutes=1)
        Trail("abcdef"[number % 6]).grow(5).shown(heads, caller)
    with store.database.reading() as connection:
        table = FEED_AUDIT_HEAD
        query = select(func.count()).where(table.c.workstation_id == caller.workstation_id)
        assert connection.scalar(query) == 4


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_whatever_is_cut_off_is_noticed(both_databases: str, store: Store, data: st.DataObject) -> None:
    heads = FeedAuditHeads(store.database, FixedClock())
    caller = Caller(f"pc-{data.draw(st.uuids())}", "org-a")
    trail = Trail().grow(data.draw(st.integers(1, 30)))
    trail.shown(heads, caller)
    length = len(trail.macs)
    del trail.macs[data.draw(st.integers(1, length - 1)) :]
    trail.mark = "b"
    trail.grow(data.draw(st.integers(0, 40)))
    assert trail.shown(heads, caller).verdict in ("shorter", "other")
