"""Outbox, transfers, memory and accounts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from clinic_app.foundation.errors import InvalidInputError, NotFoundError
from clinic_app.records import Patient
from clinic_app.storage import Account, Attempts, Lane, Store
from tests.helpers.clocks import NOON
from tests.helpers.stores import opened, patient

pytestmark = pytest.mark.usefixtures("both_databases")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path) as store:
        yield store


def test_the_pressing_lane_goes_first_and_within_it_the_oldest(store: Store) -> None:
    lanes: list[Lane] = ["bulk", "records", "emergency", "records", "referral", "emergency"]
    for lane in lanes:
        store.records.commit([patient()], lane=lane)
    rows = store.outbox.pending()
    assert [row.lane for row in rows] == ["emergency", "emergency", "referral", "records", "records", "bulk"]
    assert [row.seq for row in rows] == [3, 6, 5, 2, 4, 1]
    assert [row.seq for row in store.outbox.pending(limit=2)] == [3, 6]


def test_an_acknowledged_row_is_done_and_the_next_edit_is_based_on_it(store: Store) -> None:
    (written,) = store.records.commit([patient()])
    (row,) = store.outbox.pending()
    store.outbox.acknowledge({row.seq: "h1"})
    store.outbox.acknowledge({row.seq: "h9"})
    assert store.outbox.count() == 0
    assert store.records.hub_version(Patient, written.id) == "h1"
    store.records.commit([msgspec.structs.replace(written, active=True)])
    (row,) = store.outbox.pending()
    assert row.base_hub_version == "h1"
    assert [each.state for each in store.outbox.rows_for("Patient", written.id)] == ["acked", "queued"]


def test_an_edit_made_while_the_first_was_on_its_way_is_rebased(store: Store) -> None:
    (written,) = store.records.commit([patient()])
    (first,) = store.outbox.pending()
    store.records.commit([msgspec.structs.replace(written, active=True)])
    store.outbox.acknowledge({first.seq: "h1"})
    (second,) = store.outbox.pending()
    assert second.base_hub_version == "h1"


def test_a_failed_row_stays_and_counts(store: Store) -> None:
    store.records.commit([patient()])
    (row,) = store.outbox.pending()
    store.outbox.sending([row.seq])
    store.outbox.failed([row.seq], "no link" * 1000)
    (again,) = store.outbox.pending()
    assert (again.attempts, again.op_id) == (1, row.op_id)
    assert len(again.last_error) == 2000


def test_a_row_set_aside_does_not_stop_the_others_and_can_be_released(store: Store) -> None:
    store.records.commit([patient(), patient(), patient()])
    first, second, third = store.outbox.pending()
    store.outbox.quarantine(first.seq, "refused")
    store.outbox.conflicted(second.seq, "changed there")
    assert store.outbox.pending() == (third,)
    assert [(row.seq, row.last_error) for row in store.outbox.set_aside()] == [
        (first.seq, "refused"),
        (second.seq, "changed there"),
    ]
    assert store.outbox.rows_for("Patient", first.id)[0].state == "quarantined"
    store.outbox.release(first.seq)
    assert [row.seq for row in store.outbox.pending()] == [first.seq, third.seq]


def test_the_oldest_waiting_row_tells_how_long(store: Store) -> None:
    assert store.outbox.oldest_queued_at() is None
    store.records.commit([patient()])
    assert store.outbox.oldest_queued_at() == NOON.isoformat()


def test_transfers_go_by_lane_then_by_size(store: Store) -> None:
    for name, lane, size in (("a", "bulk", 1), ("b", "images", 50), ("c", "images", 5), ("d", "emergency", 900)):
        store.transfers.queue(name * 64, "up", lane, size)  # type: ignore[arg-type]
    assert [each.sha256[0] for each in store.transfers.pending("up")] == ["d", "c", "b", "a"]
    assert store.transfers.pending("down") == ()
    assert store.transfers.waiting_bytes() == 956


def test_a_transfer_goes_on_where_it_stopped(store: Store) -> None:
    store.transfers.queue("a" * 64, "up", "bulk", 100)
    store.transfers.progress("a" * 64, "up", 60)
    store.transfers.queue("a" * 64, "up", "images", 100)
    transfer = store.transfers.get("a" * 64, "up")
    assert transfer is not None
    assert (transfer.offset, transfer.lane) == (60, "images")
    assert store.transfers.waiting_bytes() == 40
    store.transfers.failed("a" * 64, "up", "refused")
    assert store.transfers.pending("up") == ()
    store.transfers.queue("a" * 64, "up", "images", 100)
    assert store.transfers.pending("up")[0].offset == 60
    store.transfers.done("a" * 64, "up")
    store.transfers.queue("a" * 64, "up", "emergency", 100)
    assert store.transfers.pending("up") == ()
    assert store.transfers.waiting_bytes() == 0


def test_memory_keeps_the_last_value(store: Store) -> None:
    assert store.memory.get("x") is None
    store.memory.put("x", b"1")
    store.memory.put("x", b"\x00\xff")
    assert store.memory.get("x") == b"\x00\xff"


def test_no_number_is_given_twice_whoever_asks(store: Store) -> None:
    numbers: list[int] = []

    def ask() -> None:
        numbers.extend(store.memory.next_number("chart") for _ in range(25))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(1, 101))


def test_accounts_are_kept_changed_and_unique(store: Store) -> None:
    account = Account("aigul", "p1", "nurse", "hash")
    store.accounts.add(account)
    with pytest.raises(InvalidInputError) as caught:
        store.accounts.add(account)
    assert caught.value.field == "login"
    store.accounts.update(replace(account, role="doctor", is_active=False))
    assert store.accounts.get("aigul") == Account("aigul", "p1", "doctor", "hash", is_active=False)
    assert store.accounts.get("nobody") is None
    assert len(store.accounts.all()) == 1
    with pytest.raises(NotFoundError):
        store.accounts.update(replace(account, login="nobody"))


def test_wrong_tries_outlive_a_restart(tmp_path: Path) -> None:
    tries = Attempts(3, NOON + timedelta(seconds=4))
    with opened(tmp_path) as store:
        store.accounts.add(Account("aigul", "p1", "nurse", "hash"))
        store.accounts.set_attempts("aigul", tries)
        store.accounts.set_attempts("nobody", tries)
    with opened(tmp_path) as store:
        assert store.accounts.attempts("aigul") == tries
        assert store.accounts.attempts("nobody") == Attempts(0, None)


def test_what_waits_for_another_record_is_let_go_as_soon_as_that_may_go(store: Store) -> None:
    card, other = store.records.commit([patient(), patient()])
    first, second = store.outbox.pending()
    store.outbox.quarantine(first.seq, "refused")
    store.outbox.hold([second.seq], ("Patient", card.id))
    store.outbox.let_go()
    assert store.outbox.pending() == ()
    assert store.outbox.count() == 1
    assert store.outbox.oldest_queued_at() is not None
    store.outbox.release(first.seq)
    store.outbox.let_go()
    assert {row.id for row in store.outbox.pending()} == {card.id, other.id}


def test_what_waits_for_a_record_that_is_nowhere_is_let_go(store: Store) -> None:
    store.records.commit([patient()])
    (row,) = store.outbox.pending()
    store.outbox.hold([row.seq], ("Patient", "nobody"))
    store.outbox.let_go()
    assert [(each.seq, each.last_error) for each in store.outbox.pending()] == [(row.seq, "")]


def test_a_version_the_hub_took_settles_the_older_ones_it_carries(store: Store) -> None:
    (written,) = store.records.commit([patient()])
    store.records.commit([msgspec.structs.replace(written, active=True)])
    older, newer = store.outbox.pending()
    store.outbox.acknowledge({newer.seq: "h1"})
    assert store.outbox.count() == 0
    rows = store.outbox.rows_for("Patient", written.id)
    assert [(row.state, row.hub_version, row.last_error) for row in rows] == [
        ("acked", None, "superseded"),
        ("acked", "h1", ""),
    ]
    assert older.hub_version is None


def test_rows_are_found_by_record_lane_and_number(store: Store) -> None:
    card, _ = store.records.commit([patient(), patient()])
    store.records.commit([patient()], lane="emergency")
    assert store.outbox.newest_seq() == 3
    assert [row.seq for row in store.outbox.pending(most_seq=2)] == [1, 2]
    assert [row.seq for row in store.outbox.pending(lanes=["emergency"])] == [3]
    assert list(store.outbox.rows_of([("Patient", card.id), ("Patient", "nobody")])) == [("Patient", card.id)]
    assert len(store.outbox.rows_of([("Patient", str(number)) for number in range(500)])) == 0
