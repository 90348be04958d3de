"""A server's names for our records: found both ways, never mixed with another server's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clinic_app.storage import Store
from clinic_app.storage.exchange.foreign_ids import ForeignIds, Known
from tests.helpers.stores import opened

pytestmark = pytest.mark.usefixtures("both_databases")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path) as store:
        yield store


def test_names_are_found_both_ways_and_only_for_their_server(store: Store) -> None:
    ids, others = (ForeignIds(store.database, f"http://{name}.test") for name in "ab")
    known = [Known("Patient", f"p{number}", f"{number}", "v", "2026-03-05T07:00:00Z") for number in range(900)]
    ids.put([*known, Known("Task", "p1", "7")])
    assert ids.get("Patient", "p7") == known[7]
    wanted = {("Patient", each.id) for each in known} | {("Patient", "nobody")}
    assert ids.of(wanted) == {("Patient", each.id): each for each in known}
    assert ids.ours([("Patient", "7"), ("Task", "7"), ("Task", "8")]) == {("Patient", "7"): "p7", ("Task", "7"): "p1"}
    assert (others.get("Patient", "p7"), others.ours([("Patient", "7")])) == (None, {})
    assert {each.id for each in ids.all("Patient")} == {each.id for each in known}
    assert list(ids.all("Pat")) == []


def test_the_last_word_counts_and_nothing_is_nothing(store: Store) -> None:
    ids = ForeignIds(store.database, "http://a.test")
    ids.put([])
    assert ids.of([]) == {}
    ids.put([Known("Patient", "p", "1", "a"), Known("Patient", "p", "1", "b", is_gone=True)])
    assert ids.get("Patient", "p") == Known("Patient", "p", "1", "b", is_gone=True)
