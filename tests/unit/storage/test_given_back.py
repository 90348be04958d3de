"""A version the facility hub gives back stands open again at the workstation that wrote it, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from clinic_app.records import HumanName, Meta, Patient, encode
from clinic_app.storage import Store
from clinic_app.storage.exchange.exchange import Change, GivenBack
from clinic_app.storage.exchange.given_back import take_back
from tests.helpers.stores import open_store

NOW = datetime(2026, 3, 5, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path, bytes(32))
    yield store
    store.close()


def _patient(name: str, version: str | None = None) -> Patient:
    meta = Meta(version_id=version) if version else None
    return Patient(id="p1", meta=meta, name=(HumanName(family=name),))


def _sent(store: Store, name: str, hub_version: str) -> Patient:
    """Write a patient here, or change it, and have the hub take it."""
    found = store.records.find(Patient)
    record = msgspec.structs.replace(found[0], name=(HumanName(family=name),)) if found else _patient(name)
    (written,) = store.records.commit([record])
    assert isinstance(written, Patient)
    row = store.outbox.pending()[-1]
    store.outbox.acknowledge({row.seq: hub_version})
    return written


def _back(version: str, *, is_conflict: bool = True, body: bytes = b"{}") -> list[Change]:
    given = GivenBack(version, is_conflict, "words")
    return [Change("Patient", "p1", body, NOW, given_back=(given,))]


def _rows(store: Store) -> list[tuple[str, str | None]]:
    return [(row.state, row.base_hub_version) for row in store.outbox.rows_for("Patient", "p1")]


def test_a_conflict_above_becomes_a_question_where_it_was_written(store: Store) -> None:
    _sent(store, "Base", "f1")
    _sent(store, "Mine", "f2")
    theirs = encode(_patient("Theirs", "c2"))
    take_back(store.database, _back("f2", body=theirs))
    store.records.receive([theirs])
    (question,) = store.records.conflicts()
    assert isinstance(question.mine, Patient)
    assert isinstance(question.theirs, Patient)
    assert (question.mine.name[0].family, question.theirs.name[0].family) == ("Mine", "Theirs")
    assert _rows(store) == [("acked", None), ("conflict", "f1")]
    assert store.records.get(Patient, "p1").name[0].family == "Mine"


def test_the_answer_is_based_on_what_the_hub_has_now(store: Store) -> None:
    _sent(store, "Mine", "f1")
    theirs = encode(_patient("Theirs", "c1"))
    take_back(store.database, _back("f1", body=theirs))
    store.records.receive([theirs])
    (question,) = store.records.conflicts()
    store.records.settle(question, question.mine)
    assert [(row.state, row.base_hub_version) for row in store.outbox.pending()] == [("queued", "c1")]


def test_said_again_it_changes_nothing(store: Store) -> None:
    _sent(store, "Mine", "f1")
    theirs = encode(_patient("Theirs", "c1"))
    for _ in range(2):
        take_back(store.database, _back("f1", body=theirs))
        store.records.receive([theirs])
    (question,) = store.records.conflicts()
    store.records.settle(question, question.theirs)
    take_back(store.database, _back("f1", body=theirs))
    store.records.receive([theirs])
    assert store.records.conflicts() == ()
    assert store.outbox.set_aside() == ()


def test_without_the_other_version_a_cut_page_is_made_good_by_the_next(store: Store) -> None:
    _sent(store, "Mine", "f1")
    theirs = encode(_patient("Theirs", "c1"))
    take_back(store.database, _back("f1", body=theirs))  # the power went before the page was taken
    take_back(store.database, _back("f1", body=theirs))
    store.records.receive([theirs])
    assert len(store.records.conflicts()) == 1


def test_an_edit_made_since_is_in_the_same_question(store: Store) -> None:
    written = _sent(store, "Mine", "f1")
    store.records.commit([msgspec.structs.replace(written, name=(HumanName(family="Mine too"),))])
    theirs = encode(_patient("Theirs", "c1"))
    take_back(store.database, _back("f1", body=theirs))
    store.records.receive([theirs])
    (question,) = store.records.conflicts()
    assert isinstance(question.mine, Patient)
    assert question.mine.name[0].family == "Mine too"


def test_a_colleague_who_only_read_it_is_not_asked(store: Store) -> None:
    store.records.receive([encode(_patient("Written next door", "f1"))])
    theirs = encode(_patient("Theirs", "c1"))
    take_back(store.database, _back("f1", body=theirs))
    store.records.receive([theirs])
    assert store.records.conflicts() == ()
    assert store.records.get(Patient, "p1").name[0].family == "Theirs"


def test_what_is_not_taken_waits_with_its_reason(store: Store) -> None:
    written = _sent(store, "Mine", "f1")
    take_back(store.database, _back("f1", is_conflict=False))
    (row,) = store.outbox.set_aside()
    assert (row.state, row.last_error) == ("quarantined", "words")
    assert store.records.hub_version(Patient, "p1") == "f1"
    store.records.commit([msgspec.structs.replace(written, name=(HumanName(family="Better"),))])
    assert [each.base_hub_version for each in store.outbox.pending()] == ["f1"]


def test_a_record_that_went_on_is_left_alone(store: Store) -> None:
    _sent(store, "Mine", "f1")
    store.records.receive([encode(_patient("A colleague's", "f2"))])
    take_back(store.database, _back("f1"))
    assert store.outbox.set_aside() == ()


def test_a_record_nobody_has_here_is_left_alone(store: Store) -> None:
    take_back(store.database, _back("f1"))
    assert store.outbox.rows_for("Patient", "p1") == ()


def test_a_row_that_was_cleared_away_is_queued_again(store: Store) -> None:
    _sent(store, "Mine", "f1")
    with store.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM outbox")
    theirs = encode(_patient("Theirs", "c1"))
    take_back(store.database, _back("f1", body=theirs))
    store.records.receive([theirs])
    (question,) = store.records.conflicts()
    assert isinstance(question.mine, Patient)
    assert question.mine.name[0].family == "Mine"


def test_what_the_hub_above_takes_after_all_is_settled_without_anybody(store: Store) -> None:
    _sent(store, "Mine", "f1")
    take_back(store.database, _back("f1", is_conflict=False))
    take_back(store.database, _back("f1", is_conflict=False))
    assert [row.state for row in store.outbox.set_aside()] == ["quarantined"]
    take_back(store.database, [Change("Patient", "other", b"{}", NOW), Change("Observation", "p1", b"{}", NOW)])
    assert [row.state for row in store.outbox.set_aside()] == ["quarantined"]
    take_back(store.database, [Change("Patient", "p1", b"{}", NOW)])
    assert _rows(store) == [("acked", None)]
