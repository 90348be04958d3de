"""Receiving, conflicts settled both ways, and the queues' order over every lane and state."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from clinic_app.foundation.errors import ConflictError, NotFoundError
from clinic_app.records import Patient
from clinic_app.storage import Conflict, Lane, Store
from tests.helpers.stores import opened, patient

pytestmark = pytest.mark.usefixtures("both_databases")

LANES: tuple[Lane, ...] = get_args(Lane)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path) as store:
        yield store


def _body(version: str, family: str) -> bytes:
    record = {"resourceType": "Patient", "id": "p", "meta": {"versionId": version}, "name": [{"family": family}]}
    return msgspec.json.encode(record)


def _edit(store: Store, family: str) -> Patient:
    record = store.records.get(Patient, "p")
    name = msgspec.structs.replace(record.name[0], family=family)
    (written,) = store.records.commit([msgspec.structs.replace(record, name=(name,))])
    assert isinstance(written, Patient)
    return written


def _families(store: Store) -> list[str | None]:
    return [each.name[0].family for each in store.records.versions(Patient, "p")]


@pytest.fixture
def conflict(store: Store) -> Conflict:
    store.records.receive([_body("h1", "Base")])
    _edit(store, "Mine")
    store.records.receive([_body("h2", "Theirs")])
    (conflict,) = store.records.conflicts()
    return conflict


@pytest.mark.parametrize("choice", ["mine", "theirs"])
def test_whichever_side_is_chosen_is_sent_onto_theirs_and_nothing_is_lost(
    store: Store, conflict: Conflict, choice: str
) -> None:
    chosen = getattr(conflict, choice)
    settled = store.records.settle(conflict, chosen)
    assert store.records.get(Patient, "p") == settled
    assert _families(store) == ["Base", "Mine", "Theirs", choice.title()]
    (row,) = store.outbox.pending()
    assert row.base_hub_version == "h2"
    assert store.records.conflicts() == ()
    with pytest.raises(NotFoundError):
        store.records.settle(conflict, chosen)
    assert len(_families(store)) == 4


def test_a_third_answer_joined_of_both_is_taken_too(store: Store, conflict: Conflict) -> None:
    joined = msgspec.structs.replace(conflict.mine, name=(conflict.mine.name[0], conflict.theirs.name[0]))  # type: ignore[attr-defined]
    store.records.settle(conflict, joined)
    assert [name.family for name in store.records.get(Patient, "p").name] == ["Mine", "Theirs"]


def test_until_it_is_settled_ours_is_shown_and_theirs_may_come_again_and_again(
    store: Store, conflict: Conflict
) -> None:
    for _ in range(3):
        assert store.records.receive([_body("h2", "Theirs")]) == ()
    assert store.records.get(Patient, "p").name[0].family == "Mine"
    assert store.records.conflicts() == (conflict,)


def test_a_still_newer_answer_of_theirs_takes_the_place_of_the_first(store: Store, conflict: Conflict) -> None:
    store.records.receive([_body("h3", "Later")])
    (newer,) = store.records.conflicts()
    assert newer.theirs_hub_version == "h3"
    with pytest.raises(NotFoundError):
        store.records.settle(conflict, conflict.mine)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_page_repeated_in_any_order_ends_where_it_ended_before(store: Store, order: tuple[int, ...]) -> None:
    pages = [_body(f"h{number}", f"Name{number}") for number in range(3)]
    store.records.receive(pages)
    before = store.records.body(Patient, "p"), _families(store)
    assert store.records.receive([pages[number] for number in order]) == ()
    assert (store.records.body(Patient, "p"), _families(store)) == before
    assert store.outbox.count() == 0


def test_what_was_read_before_something_came_cannot_be_written_over_it(store: Store) -> None:
    (read,) = store.records.receive([_body("h1", "Base")])
    store.records.receive([_body("h2", "Newer")])
    with pytest.raises(ConflictError):
        store.records.commit([read])
    assert _families(store) == ["Base", "Newer"]


@pytest.mark.parametrize("order", [LANES, LANES[::-1], LANES[3:] + LANES[:3]])
def test_the_outbox_goes_by_lane_however_it_was_filled(store: Store, order: tuple[Lane, ...]) -> None:
    for lane in order * 2:
        store.records.commit([patient()], lane=lane)
    rows = store.outbox.pending()
    assert [row.lane for row in rows] == [lane for lane in LANES for _ in range(2)]
    assert all(first.seq < second.seq for first, second in zip(rows[::2], rows[1::2], strict=True))
    assert len({row.op_id for row in rows}) == 2 * len(LANES)


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("again", LANES)
def test_a_content_queued_twice_goes_in_the_more_pressing_lane(store: Store, lane: Lane, again: Lane) -> None:
    store.transfers.queue("ab", "up", lane, 100)
    store.transfers.progress("ab", "up", 30)
    store.transfers.queue("ab", "up", again, 100)
    (transfer,) = store.transfers.pending("up")
    assert transfer.lane == min(lane, again, key=LANES.index)
    assert transfer.offset == 30
    assert store.transfers.pending("down") == ()


def test_a_failed_transfer_starts_where_it_stopped_and_a_done_one_stays_done(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.transfers.queue("ab", "up", "bulk", 100)
        store.transfers.queue("ab", "down", "bulk", 100)
        store.transfers.progress("ab", "up", 64)
        store.transfers.failed("ab", "up", "x" * 9999)
        store.transfers.done("ab", "down")
        assert store.transfers.waiting_bytes() == 0
    with opened(tmp_path) as store:
        failed = store.transfers.get("ab", "up")
        assert failed is not None
        assert (failed.state, failed.offset, len(failed.last_error)) == ("failed", 64, 2000)
        for direction in ("up", "down"):
            store.transfers.queue("ab", direction, "bulk", 100)  # type: ignore[arg-type]
        assert [(each.offset, each.last_error) for each in store.transfers.pending("up")] == [(64, "")]
        assert store.transfers.pending("down") == ()
        assert store.transfers.waiting_bytes() == 36


def test_counters_of_many_threads_neither_repeat_nor_mix(store: Store) -> None:
    given: dict[str, list[int]] = {"chart": [], "case": []}

    def count(name: str) -> None:
        for _ in range(10):
            given[name].append(store.memory.next_number(name))

    threads = [threading.Thread(target=count, args=(name,)) for name in ("chart", "case") * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name: sorted(numbers) for name, numbers in given.items()} == {key: list(range(1, 21)) for key in given}
