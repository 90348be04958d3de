"""The keeper: what is due when, and that nothing that goes wrong ends it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from clinic_app.foundation.errors import DamagedError, DiskFullError
from clinic_app.foundation.texts import Text
from clinic_app.storage import Backup, BackupKeeper, BackupKind, Store, restore_backup
from clinic_app.storage.backups import backup_keeper as module
from clinic_app.storage.backups.backup_keeper import due
from clinic_app.storage.backups.restoring import IN_USE
from clinic_app.storage.engines.encrypted_file import DAMAGED, EncryptedFile
from tests.helpers.audit_rows import audit_row
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.stores import KEY, opened, patient
from tests.helpers.waiting import wait_until

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def store(tmp_path: Path, clock: FixedClock) -> Iterator[Store]:
    with opened(tmp_path / "data", clock=clock) as made:
        made.records.commit([patient()])
        yield made


@pytest.fixture
def keeper(store: Store, clock: FixedClock) -> Iterator[BackupKeeper]:
    made = BackupKeeper(store, clock)
    yield made
    made.stop()


def made(*backups: tuple[BackupKind, timedelta]) -> list[Backup]:
    """Return backups of these ages, the newest first."""
    return [
        Backup(Path(f"{100 - place:06d}-{kind}-20260305T070000Z.db"), kind, NOON - age, 1, 1, 1, is_verified=True)
        for place, (kind, age) in enumerate(backups)
    ]


@pytest.mark.parametrize(
    ("backups", "kind"),
    [
        ([], "weekly"),
        ([("weekly", timedelta())], None),
        ([("weekly", HOUR - timedelta(seconds=1))], None),
        ([("weekly", HOUR)], "hourly"),
        ([("hourly", timedelta()), ("weekly", DAY)], "daily"),
        ([("hourly", HOUR / 2), ("daily", DAY / 2), ("weekly", 6 * DAY)], None),
        ([("hourly", HOUR), ("daily", DAY / 2), ("weekly", 6 * DAY)], "hourly"),
        ([("hourly", HOUR), ("daily", DAY), ("weekly", 6 * DAY)], "daily"),
        ([("hourly", HOUR), ("daily", DAY), ("weekly", 7 * DAY)], "weekly"),
        ([("by-hand", HOUR / 2), ("weekly", 2 * HOUR)], None),
        ([("before-update", HOUR / 2), ("weekly", 2 * HOUR)], None),
        ([("by-hand", HOUR / 2), ("weekly", 2 * DAY)], "daily"),
    ],
)
def test_what_is_due_follows_from_what_there_is(
    backups: list[tuple[BackupKind, timedelta]], kind: BackupKind | None
) -> None:
    assert due(made(*backups), NOON) == kind


def test_a_backup_nobody_looked_through_does_not_count() -> None:
    (backup,) = made(("weekly", timedelta()))
    assert due([replace(backup, is_verified=False)], NOON) == "weekly"


def test_a_clock_that_was_set_back_costs_one_backup_and_not_one_a_minute(
    keeper: BackupKeeper, store: Store, clock: FixedClock
) -> None:
    clock.advance(days=4000)
    keeper.keep()
    clock.advance(days=-4000)
    assert due(store.backups.all(), clock.now()) == "weekly"
    keeper.keep()
    assert due(store.backups.all(), clock.now()) is None
    assert len(store.backups.all()) == 2


def test_over_a_week_each_kind_is_made_when_it_is_due(keeper: BackupKeeper, store: Store, clock: FixedClock) -> None:
    for _ in range(8 * 12):
        store.records.commit([], audit=[audit_row()])
        assert keeper.keep()
        clock.advance(hours=2)
    kinds = [each.kind for each in store.backups.all()]
    assert kinds.count("weekly") == 2
    assert kinds.count("daily") == 6
    assert kinds.count("hourly") == 24
    assert keeper.state().newest == store.backups.all()[0]


def test_an_hour_in_which_nothing_happened_costs_no_backup(
    keeper: BackupKeeper, store: Store, clock: FixedClock
) -> None:
    keeper.keep()
    for _ in range(5):
        clock.advance(hours=1)
        assert keeper.keep()
    assert [each.kind for each in store.backups.all()] == ["weekly"]
    store.records.commit([], audit=[audit_row()])
    keeper.keep()
    assert [each.kind for each in store.backups.all()] == ["hourly", "weekly"]


def test_a_failure_is_a_sentence_and_goes_when_it_works_again(
    keeper: BackupKeeper, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_kind: BackupKind) -> Backup:
        raise DiskFullError(Text("There is no room on the disk for a backup. Make some space free."))

    with monkeypatch.context() as patch:
        patch.setattr(store.backups, "make", refuse)
        assert not keeper.keep()
    problem = keeper.state().problem
    assert problem is not None
    assert "no room" in problem.render("en")
    assert not keeper.state().is_busy
    assert keeper.keep()
    assert keeper.state().problem is None


def test_damage_found_by_the_keeper_is_looked_for_at_the_next_start(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.open(tmp_path, KEY, clock)
    keeper = BackupKeeper(store, clock)

    def damaged(_file: EncryptedFile) -> None:
        raise DamagedError(DAMAGED)

    with monkeypatch.context() as patch:
        patch.setattr(EncryptedFile, "check_all", damaged)
        assert not keeper.keep()
    assert keeper.state().problem == DAMAGED
    assert store.backups.all() == ()
    store.close()
    looked: list[bool] = []
    monkeypatch.setattr(EncryptedFile, "check", lambda _file: looked.append(True))
    with opened(tmp_path) as again:
        assert looked == [True]
        assert again.memory.get(IN_USE) == b"1"


def test_once_a_week_orphans_go(keeper: BackupKeeper, monkeypatch: pytest.MonkeyPatch, clock: FixedClock) -> None:
    collected: list[object] = []

    def collect(*arguments: object) -> int:
        collected.append(arguments)
        return 3

    monkeypatch.setattr(module, "collect_orphans", collect)
    keeper.keep()
    clock.advance(days=1)
    keeper.keep()
    assert len(collected) == 1


def test_the_second_disk_gets_every_backup_and_the_state_says_when(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    second = tmp_path / "second"
    second.mkdir()
    keeper = BackupKeeper(store, clock, second)
    backup = keeper.make("by-hand")
    assert [path.name for path in second.rglob("*.db")] == [backup.path.name]
    assert keeper.state().carried_at == NOON
    assert keeper.state().second_problem is None


def test_a_missing_second_disk_is_a_sentence_and_the_backup_counts(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    keeper = BackupKeeper(store, clock, tmp_path / "unplugged")
    assert not keeper.keep()
    state = keeper.state()
    assert (state.problem, state.carried_at) == (None, None)
    assert state.newest is not None
    assert state.second_problem is not None
    assert "unplugged" in state.second_problem.render("en")
    (tmp_path / "unplugged").mkdir()
    clock.advance(hours=1)
    store.records.commit([patient()])
    assert keeper.keep()
    assert keeper.state().second_problem is None
    assert len(list((tmp_path / "unplugged").rglob("*.db"))) == 2


def test_a_second_disk_that_comes_back_gets_what_it_lacks_without_a_new_backup(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    second = tmp_path / "second"
    BackupKeeper(store, clock).make("weekly")
    keeper = BackupKeeper(store, clock, second)
    assert not keeper.keep()
    assert keeper.state().second_problem is not None
    second.mkdir()
    assert keeper.keep()
    assert keeper.state().second_problem is None
    assert len(list(second.rglob("*.db"))) == 1
    assert len(store.backups.all()) == 1


def test_after_a_start_the_second_disk_is_looked_at_once(
    store: Store, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "second").mkdir()
    BackupKeeper(store, clock).make("weekly")
    keeper = BackupKeeper(store, clock, tmp_path / "second")
    carried: list[int] = []
    monkeypatch.setattr(module.SecondDisk, "carry", lambda _disk, _should_stop: carried.append(1))
    for _ in range(5):
        assert keeper.keep()
    assert carried == [1]


def test_a_full_second_disk_is_a_sentence_and_the_room_here_is_not_touched(
    store: Store, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clinic_app.storage.backups import second_disk

    def no_room(*_arguments: object) -> None:
        raise DiskFullError(Text("The disk is full. Nothing was saved; free some space and try again."))

    second = tmp_path / "second"
    second.mkdir()
    monkeypatch.setattr(second_disk, "carry_file", no_room)
    keeper = BackupKeeper(store, clock, second)
    assert not keeper.keep()
    assert keeper.state().second_problem is not None
    assert not store.space.is_read_only
    store.records.commit([patient()])


def test_listeners_hear_of_work_and_of_its_end(keeper: BackupKeeper) -> None:
    heard: list[bool] = []
    end = keeper.subscribe(lambda: heard.append(keeper.state().is_busy))
    keeper.make("by-hand")
    end()
    keeper.make("by-hand")
    assert heard[0] is True
    assert heard[-1] is False
    assert len(heard) == 3


# the thread


def test_the_thread_makes_what_is_due_and_takes_the_reserve(store: Store, clock: FixedClock) -> None:
    keeper = BackupKeeper(store, clock, check_s=0.01)
    keeper.start()
    keeper.start()
    try:
        wait_until(lambda: keeper.state().newest, what="a first backup")
        assert sum(thread.name == "backup-keeper" for thread in threading.enumerate()) == 1
    finally:
        keeper.stop()
    assert not any(thread.name == "backup-keeper" for thread in threading.enumerate())
    keeper.stop()


def test_stopping_does_not_wait_for_the_next_look(store: Store, clock: FixedClock) -> None:
    keeper = BackupKeeper(store, clock)
    keeper.start()
    keeper.stop()
    assert store.backups.all() == ()


def test_stopping_breaks_off_a_long_copy_and_leaves_nothing_of_it(
    store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_copying, may_go_on = threading.Event(), threading.Event()
    original = EncryptedFile.copy_to

    def slow(file: EncryptedFile, path: Path, should_stop: object = None) -> None:
        is_copying.set()
        may_go_on.wait()
        original(file, path, should_stop)  # type: ignore[arg-type]

    from clinic_app.storage.engines import encrypted_file

    monkeypatch.setattr(encrypted_file, "_STEPS_BETWEEN_QUESTIONS", 50)
    monkeypatch.setattr(EncryptedFile, "copy_to", slow)
    keeper = BackupKeeper(store, clock, check_s=0.01)
    keeper.start()
    is_copying.wait()
    stopper = threading.Thread(target=keeper.stop)
    stopper.start()
    wait_until(store.backups._stopping.is_set)
    may_go_on.set()
    stopper.join()
    assert store.backups.all() == ()
    assert list(store.backups.folder.iterdir()) == []
    assert keeper.state().problem is None


def test_a_fault_of_ours_is_logged_and_the_keeper_goes_on(
    store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[int] = []

    def sometimes(backups: Sequence[Backup], now: object) -> BackupKind | None:
        calls.append(1)
        if len(calls) < 3:
            raise ZeroDivisionError("a fault")
        return "hourly"

    monkeypatch.setattr(module, "due", sometimes)
    monkeypatch.setattr(module, "RETRY_S", 0.01)
    keeper = BackupKeeper(store, clock, check_s=0.01)
    keeper.start()
    try:
        with caplog.at_level(logging.ERROR):
            wait_until(lambda: keeper.state().newest, what="a backup after the faults")
    finally:
        keeper.stop()
    assert "met a fault" in caplog.text


def test_a_backup_of_the_keeper_can_be_restored(tmp_path: Path, clock: FixedClock) -> None:
    with opened(tmp_path, clock=clock) as store:
        store.records.commit([patient()])
        keeper = BackupKeeper(store, clock)
        keeper.keep()
        backup = keeper.state().newest
        store.records.commit([patient()])
    assert backup is not None
    restore_backup(tmp_path, backup.path, KEY, clock)
    with opened(tmp_path) as store:
        assert store.outbox.count() == 1
