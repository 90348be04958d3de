"""The audit trail under a hand that knows SQL: every change, gap, swap and insertion shows, and where."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import pytest
from sqlalchemy import text

from clinic_app.records import AuditEvent, AuditEventAgent, AuditEventSource, Coding, Reference
from clinic_app.storage import Store
from tests.helpers.clocks import NOON
from tests.helpers.stores import opened, patient, tamper

pytestmark = pytest.mark.usefixtures("both_databases")

COUNT: Final = 5


def _event(number: int) -> AuditEvent:
    return AuditEvent(
        id=f"e{number}",
        type=Coding(code="rest"),
        action="R",
        recorded=NOON,
        agent=(AuditEventAgent(requestor=True),),
        source=AuditEventSource(observer=Reference(reference="Device/d")),
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path) as store:
        for number in range(1, COUNT + 1):
            store.records.commit([patient()], audit=[_event(number)])
        yield store


def _sql(store: Store, *statements: str, **values: object) -> None:
    with store.database.writing() as connection:
        for statement in statements:
            connection.execute(text(statement), values)


def test_a_trail_nobody_touched_is_whole(store: Store) -> None:
    assert store.records.broken_audit_row() is None


def test_an_empty_trail_is_whole(tmp_path: Path) -> None:
    with opened(tmp_path / "new") as store:
        assert store.records.broken_audit_row() is None


def test_a_trail_is_whole_after_a_restart_and_goes_on(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        with opened(tmp_path) as store:
            store.records.commit([], audit=[_event(number)])
            assert store.records.broken_audit_row() is None


@pytest.mark.parametrize("number", range(1, COUNT + 1))
def test_one_changed_letter_is_found_where_it_is(store: Store, number: int) -> None:
    tamper(store, f"e{number}", b'"R"', b'"U"')
    assert store.records.broken_audit_row() == f"e{number}"


@pytest.mark.parametrize("number", range(1, COUNT + 1))
def test_a_row_that_is_gone_is_found_by_its_link(store: Store, number: int) -> None:
    _sql(
        store,
        "DELETE FROM outbox WHERE id = :id",
        "DELETE FROM index_entry WHERE id = :id",
        "DELETE FROM record WHERE id = :id",
        id=f"e{number}",
    )
    assert store.records.broken_audit_row() == f"e{number}"


@pytest.mark.parametrize("number", range(1, COUNT))
def test_a_link_taken_out_breaks_the_one_after_it(store: Store, number: int) -> None:
    _sql(store, "DELETE FROM audit_chain WHERE id = :id", id=f"e{number}")
    assert store.records.broken_audit_row() == f"e{number + 1}"


@pytest.mark.parametrize(("one", "other"), [(1, 2), (2, 4), (4, 5), (1, 5)])
def test_two_rows_that_changed_places_are_found(store: Store, one: int, other: int) -> None:
    _sql(
        store,
        f"UPDATE audit_chain SET seq = 99 WHERE id = 'e{one}'",
        f"UPDATE audit_chain SET seq = {one} WHERE id = 'e{other}'",
        f"UPDATE audit_chain SET seq = {other} WHERE id = 'e{one}'",
    )
    assert store.records.broken_audit_row() == f"e{other}"


@pytest.mark.parametrize(("one", "other"), [(1, 2), (2, 4), (4, 5)])
def test_two_events_whose_contents_changed_places_are_found(store: Store, one: int, other: int) -> None:
    _sql(
        store,
        "CREATE TEMP TABLE kept AS SELECT id, body FROM record",
        f"UPDATE record SET body = (SELECT body FROM kept WHERE id = 'e{other}') WHERE id = 'e{one}'",
        f"UPDATE record SET body = (SELECT body FROM kept WHERE id = 'e{one}') WHERE id = 'e{other}'",
        "DROP TABLE kept",
    )
    assert store.records.broken_audit_row() == f"e{one}"


@pytest.mark.parametrize("mac", [b"", b"\0" * 32, b"dala audit chain"])
def test_a_link_nobody_with_the_key_made_is_found(store: Store, mac: bytes) -> None:
    _sql(store, "INSERT INTO audit_chain (id, mac) VALUES ('e1', :mac)", mac=mac)
    assert store.records.broken_audit_row() == "e1"


def test_a_link_copied_from_another_place_is_found(store: Store) -> None:
    _sql(store, "UPDATE audit_chain SET mac = (SELECT mac FROM audit_chain WHERE id = 'e2') WHERE id = 'e4'")
    assert store.records.broken_audit_row() == "e4"


def test_an_event_written_again_through_the_program_itself_shows(store: Store) -> None:
    event = store.records.get(AuditEvent, "e3")
    store.records.commit([msgspec.structs.replace(event, action="U")])
    assert store.records.broken_audit_row() == "e3"


def test_a_write_that_was_refused_leaves_no_link(store: Store) -> None:
    taken = patient()
    store.records.commit([taken])
    with pytest.raises(Exception, match="changed this record"):
        store.records.commit([taken], audit=[_event(6)])
    with store.database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM audit_chain")).scalar() == COUNT
    store.records.commit([], audit=[_event(7)])
    assert store.records.broken_audit_row() is None


def test_events_of_other_workstations_are_no_part_of_this_ones_chain(store: Store) -> None:
    body = b'{"resourceType":"AuditEvent","id":"far","meta":{"versionId":"h"},"type":{"code":"rest"},"action":"R",'
    body += b'"recorded":"2026-03-05T07:00:00Z","agent":[],"source":{"observer":{"reference":"Device/x"}}}'
    assert len(store.records.receive([body])) == 1
    assert store.records.broken_audit_row() is None


def test_several_events_of_one_write_are_linked_in_their_order(store: Store) -> None:
    store.records.commit([], audit=[_event(8), _event(7), _event(9)])
    with store.database.reading() as connection:
        ids = connection.execute(text("SELECT id FROM audit_chain ORDER BY seq DESC LIMIT 3")).scalars().all()
    assert ids == ["e9", "e7", "e8"]
    assert store.records.broken_audit_row() is None
