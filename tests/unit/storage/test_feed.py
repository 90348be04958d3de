"""The change feed under many writers at once, and over a restart."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from clinic_app.foundation.clock import SystemClock
from clinic_app.foundation.errors import InvalidInputError, NotAllowedError, NotFoundError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Text
from clinic_app.records import Patient, Resource, encode, with_audience
from clinic_app.storage import Store
from clinic_app.storage.exchange.exchange import Write, Written
from clinic_app.storage.feed.callers import FeedCallers
from clinic_app.storage.feed.content import FeedContent, OffsetError
from clinic_app.storage.feed.feed import Feed, ForeignCursorError, PreconditionError, RefusedError
from clinic_app.storage.feed.rows import Caller, StoredRecord
from tests.helpers.stores import opened

pytestmark = pytest.mark.usefixtures("both_databases")

A1, A2, B1 = Caller("a1", "org-a"), Caller("a2", "org-a"), Caller("b1", "org-b")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path / "hub", clock=SystemClock()) as made:
        yield made


def _yes(_caller: Caller, _stored: StoredRecord | None, _incoming: Resource) -> None:
    return


def _ids(written: Sequence[Written]) -> bytes:
    return " ".join(each.version for each in written).encode()


def _write(record: Patient, base: str | None = None) -> Write:
    return Write("Patient", record.id, encode(record), base)


def _apply(feed: Feed, caller: Caller, *writes: Write, key: str = "") -> str:
    return feed.apply(caller, writes, _yes, _ids, key).decode()


def test_nothing_is_missed_while_many_write(store: Store) -> None:
    feed = Feed(store.database, SystemClock())
    ids = [[new_id() for _ in range(25)] for _ in range(4)]

    def write(mine: list[str]) -> None:
        for each in mine:
            _apply(feed, A1, _write(Patient(id=each)))

    writers = [threading.Thread(target=write, args=(mine,)) for mine in ids]
    for writer in writers:
        writer.start()
    seen: list[str] = []
    cursor = ""
    is_last = False
    while not is_last:
        has_ended = not any(writer.is_alive() for writer in writers)
        page = feed.changes(A2, cursor, 7)
        cursor = page.cursor
        seen += [change.id for change in page.changes]
        is_last = has_ended and not page.changes
    for writer in writers:
        writer.join()
    assert sorted(seen) == sorted(each for mine in ids for each in mine)


def test_a_record_changed_twice_is_told_once_as_it_is_now(store: Store) -> None:
    feed = Feed(store.database, SystemClock())
    version = _apply(feed, A1, _write(Patient(id="p")))
    _apply(feed, A1, _write(Patient(id="q")))
    _apply(feed, A1, _write(Patient(id="p", birth_date="1964"), version))
    changes = feed.changes(A2, "", 10).changes
    assert [change.id for change in changes] == ["q", "p"]
    assert b"1964" in changes[1].body


def test_who_is_meant_only_later_gets_it_then(store: Store) -> None:
    feed = Feed(store.database, SystemClock())
    version = _apply(feed, A1, _write(Patient(id="p")))
    page = feed.changes(B1, "", 10)
    assert page.changes == ()
    _apply(feed, A1, _write(with_audience(Patient(id="p"), "org-b"), version))
    assert [change.id for change in feed.changes(B1, page.cursor, 10).changes] == ["p"]


def test_cursors_outlive_a_restart(tmp_path: Path) -> None:
    with opened(tmp_path / "hub") as store:
        feed = Feed(store.database, SystemClock())
        _apply(feed, A1, _write(Patient(id="p")))
        cursor = feed.changes(A2, "", 10).cursor
    with opened(tmp_path / "hub") as store:
        assert Feed(store.database, SystemClock()).changes(A2, cursor, 10).changes == ()


def test_a_hub_made_anew_knows_no_old_cursor(tmp_path: Path) -> None:
    with opened(tmp_path / "one") as store:
        cursor = Feed(store.database, SystemClock()).changes(A2, "", 10).cursor
    with opened(tmp_path / "two") as store, pytest.raises(ForeignCursorError):
        Feed(store.database, SystemClock()).changes(A2, cursor, 10)


def test_a_refused_entry_undoes_the_ones_before_it(store: Store) -> None:
    feed = Feed(store.database, SystemClock())

    def judge(_caller: Caller, _stored: StoredRecord | None, incoming: Resource) -> None:
        if incoming.id == "bad":
            raise NotAllowedError(Text("This record belongs to another organisation."))

    with pytest.raises(RefusedError) as caught:
        feed.apply(A1, [_write(Patient(id="good")), _write(Patient(id="bad"))], judge, _ids, "")
    assert caught.value.entry == 1
    assert isinstance(caught.value.cause, NotAllowedError)
    with pytest.raises(NotFoundError):
        store.records.get(Patient, "good")


def test_a_stale_base_is_refused(store: Store) -> None:
    feed = Feed(store.database, SystemClock())
    _apply(feed, A1, _write(Patient(id="p")))
    with pytest.raises(RefusedError) as caught:
        _apply(feed, A1, _write(Patient(id="p", birth_date="1964"), "stale"))
    assert isinstance(caught.value.cause, PreconditionError)


def test_the_same_key_says_the_same_and_stores_once(store: Store) -> None:
    feed = Feed(store.database, SystemClock())
    first = _apply(feed, A1, _write(Patient(id="p")), key="k")
    assert _apply(feed, A1, _write(Patient(id="p")), key="k") == first
    assert len(store.records.versions(Patient, "p")) == 1
    with pytest.raises(InvalidInputError):
        _apply(feed, A1, _write(Patient(id="q")), key="k")
    assert _apply(feed, B1, _write(Patient(id="r")), key="k") != first


def test_an_address_that_names_another_record_is_refused(store: Store) -> None:
    feed = Feed(store.database, SystemClock())
    with pytest.raises(RefusedError):
        _apply(feed, A1, Write("Patient", "p", encode(Patient(id="q")), None))
    with pytest.raises(RefusedError):
        _apply(feed, A1, Write("Task", "p", encode(Patient(id="p")), None))


def test_tokens_are_not_kept(store: Store) -> None:
    callers = FeedCallers(store.database, SystemClock())
    token = callers.enrol("org-a", "PC")
    found = callers.caller(token)
    assert found is not None
    assert found.organization_id == "org-a"
    assert callers.caller(token[:-1]) is None
    with store.database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM feed_workstation").all()
    assert all(token not in str(row) for row in rows)


def test_content_stopped_before_its_check_is_checked_later(store: Store) -> None:
    import hashlib

    class Stops(FeedContent):
        def _finish(self, caller: Caller, sha256: str) -> None:
            raise KeyboardInterrupt

    data = b"x" * 100
    digest = hashlib.sha256(data).hexdigest()
    stopping = Stops(store.database, store.blobs)
    stopping.begin(A1, digest, 100)
    with pytest.raises(KeyboardInterrupt):
        stopping.append(A1, digest, 0, data)
    content = FeedContent(store.database, store.blobs)
    assert content.begin(A1, digest, 100).is_whole


def test_two_uploads_of_one_piece_do_not_mix(store: Store) -> None:
    content = FeedContent(store.database, store.blobs)
    digest = "a" * 64
    content.begin(A1, digest, 100)
    content.append(A1, digest, 0, b"x" * 10)
    with pytest.raises(OffsetError):
        content.append(A2, digest, 0, b"y" * 10)
    assert content.state(A1, digest).offset == 10
    with pytest.raises(NotFoundError):
        content.state(B1, digest)
    with pytest.raises(InvalidInputError):
        content.begin(A1, digest, 99)


@pytest.mark.parametrize("id", ["x" * 65, "a\0b", "Ұ", "", " ", "a/b", "x" * 9000])
def test_a_record_without_an_id_of_fhirs_never_enters_the_feed(store: Store, id: str) -> None:
    feed = Feed(store.database, SystemClock())
    with pytest.raises(RefusedError) as caught:
        _apply(feed, A1, _write(Patient(id="good")), _write(Patient(id=id)))
    assert caught.value.entry == 1
    assert isinstance(caught.value.cause, InvalidInputError)
    assert feed.changes(A2, "", 10).changes == ()


@pytest.mark.parametrize("stranger", ["x" * 65, "x" * 9000, "org-b\0", "\0"])
def test_a_strangers_audience_stops_neither_the_record_nor_those_it_is_meant_for(store: Store, stranger: str) -> None:
    feed = Feed(store.database, SystemClock())
    _apply(feed, A1, _write(with_audience(Patient(id="p"), stranger, "org-b", "org-b\N{REPLACEMENT CHARACTER}")))
    assert [change.id for change in feed.changes(B1, "", 10).changes] == ["p"]


def test_who_is_no_longer_meant_gets_no_more_news(store: Store) -> None:
    feed = Feed(store.database, SystemClock())
    version = _apply(feed, A1, _write(with_audience(Patient(id="p"), "org-b")))
    page = feed.changes(B1, "", 10)
    assert [change.id for change in page.changes] == ["p"]
    _apply(feed, A1, _write(Patient(id="p"), version))
    assert feed.changes(B1, page.cursor, 10).changes == ()
    assert feed.changes(B1, "", 10).changes == ()
