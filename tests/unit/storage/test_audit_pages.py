"""Pages of the trail by every filter, on a file and on a server: what fits, newest first, without gap or double."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from clinic_app.storage import AuditQuery, Store
from tests.helpers.clocks import NOON
from tests.helpers.stores import opened
from tests.unit.storage.test_audit_tampering import ROWS, event

pytestmark = pytest.mark.usefixtures("both_databases")

FILTERS: Final[list[tuple[AuditQuery, Callable[[int], bool]]]] = [
    (AuditQuery(), lambda n: True),
    (AuditQuery(person="d1"), lambda n: n % 3 == 1),
    (AuditQuery(patient="p2"), lambda n: n % 4 == 2),
    (AuditQuery(action="search"), lambda n: n % 3 == 2),
    (AuditQuery(outcome="4"), lambda n: n % 5 == 0),
    (AuditQuery(person="d0", outcome="4"), lambda n: n % 15 == 0),
    (AuditQuery(patient="p1", person="d2", action="search"), lambda n: n % 4 == 1 and n % 3 == 2),
    (AuditQuery(from_at=NOON + timedelta(minutes=5), to_at=NOON + timedelta(minutes=9)), lambda n: 5 <= n < 9),
    (AuditQuery(person="d1", from_at=NOON + timedelta(minutes=5)), lambda n: n % 3 == 1 and n >= 5),
    (AuditQuery(person="nobody"), lambda n: False),
    (AuditQuery(patient="p'; DROP TABLE record"), lambda n: False),
    (AuditQuery(person="%"), lambda n: False),
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path) as made:
        for number in range(ROWS):
            made.records.commit([], audit=[event(number)])
        yield made


def test_a_page_holds_what_fits_newest_first_and_the_next_goes_on(store: Store) -> None:
    for wanted, fits in FILTERS:
        expected = [f"e{number:02d}" for number in reversed(range(ROWS)) if fits(number)]
        assert [row.event.id for row in store.audit.page(wanted, ROWS)] == expected, wanted
        found: list[str] = []
        before: int | None = None
        while page := store.audit.page(wanted, 5, before):
            assert len(page) <= 5
            found += [row.event.id for row in page]
            before = page[-1].seq
        assert found == expected, wanted
        assert sum(store.audit.hours(wanted).values()) == len(expected), wanted


def test_the_trail_is_whole_and_its_head_is_its_last_link(store: Store) -> None:
    verdict = store.audit.verify()
    assert (verdict.rows, verdict.is_whole) == (ROWS, True)
    assert store.audit.head() == (verdict.head, ROWS)
    store.records.commit([], audit=[event(ROWS)])
    assert store.audit.head()[0] != verdict.head


def test_an_empty_trail_has_no_head_and_is_whole(tmp_path: Path) -> None:
    with opened(tmp_path / "new") as store:
        assert store.audit.head() == ("", 0)
        assert store.audit.verify().is_whole
        assert store.audit.page(AuditQuery(), 10) == ()
        assert store.audit.hours(AuditQuery()) == {}
