"""What people at a workstation are told of versions, what the hub is told, and who may bring one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clinic_app.access import Trail
from clinic_app.foundation.errors import InvalidInputError, NotAllowedError, UnreadableFileError
from clinic_app.storage import Store
from clinic_app.sync.program_updates import ProgramUpdates, UpdateLook
from clinic_app.sync.reporting import Reporting
from clinic_app.updates.installed import Installed
from clinic_app.updates.shelf import Shelf
from clinic_app.updates.sources import METADATA
from clinic_app.updates.system_folder import State
from tests.helpers.clocks import FixedClock
from tests.helpers.releases import Maker
from tests.helpers.stores import opened, session_of, set_up


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with opened(tmp_path_factory.mktemp("store")) as made:
        set_up(made, "administrator", "doctor")
        yield made


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    (tmp_path / "maker").mkdir()
    made = Maker(tmp_path / "maker")
    made.publish("1.2.0")
    return made


@pytest.fixture
def shelf(maker: Maker, tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "data", Installed(tmp_path, "setup", maker.root, tmp_path / "system"), "1.0.0")


def updates(store: Store, shelf: Shelf | None, state: State | None = None) -> ProgramUpdates:
    return ProgramUpdates(store, Trail(store, FixedClock()), shelf, lambda: state or State(), "1.0.0")


def test_where_there_is_nothing_newer_the_version_is_said(store: Store, shelf: Shelf) -> None:
    assert updates(store, shelf).look() == UpdateLook("1.0.0", "newest")
    assert updates(store, shelf).said_to_hub() == "1.0.0"


def test_a_version_on_its_way_says_how_far_it_is(store: Store, shelf: Shelf, maker: Maker) -> None:
    wanted = shelf.hear({each.name: each.read_bytes() for each in (maker.place / METADATA).iterdir()})
    assert wanted is not None
    shelf.take_piece(wanted, b"Setup")
    look = updates(store, shelf).look()
    assert (look.standing, look.other, look.came) == ("coming", "1.2.0", 5)
    assert updates(store, shelf).said_to_hub() == "1.0.0"


def test_an_administrator_brings_a_version_and_the_trail_knows(store: Store, shelf: Shelf, maker: Maker) -> None:
    before = store.audit.head()[1]
    look = updates(store, shelf).take(session_of(store, "administrator"), maker.packed())
    assert (look.standing, look.other) == ("ready", "1.2.0")
    assert store.audit.head()[1] == before + 1
    assert updates(store, shelf).said_to_hub() == "1.0.0 (1.2.0 waits)"


def test_nobody_else_brings_one(store: Store, shelf: Shelf, maker: Maker) -> None:
    with pytest.raises(NotAllowedError):
        updates(store, shelf).take(session_of(store, "doctor"), maker.place)
    assert shelf.offer().ready is None


def test_what_is_not_believed_is_told_afterwards_too(store: Store, shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "stranger").mkdir()
    stranger = Maker(tmp_path / "stranger")
    stranger.publish("9.0.0")
    service = updates(store, shelf)
    with pytest.raises(UnreadableFileError):
        service.take(session_of(store, "administrator"), stranger.place)
    look = service.look()
    assert (look.standing, look.problem is None) == ("newest", False)


def test_a_version_that_did_not_work_is_named_here_and_at_the_hub(store: Store, shelf: Shelf) -> None:
    service = updates(store, shelf, State(refused=("1.1.0", "1.2.0")))
    assert (service.look().standing, service.look().other) == ("returned", "1.2.0")
    assert service.said_to_hub() == "1.0.0 (1.2.0 did not work)"


def test_a_copy_that_takes_none_says_so(store: Store, maker: Maker) -> None:
    service = updates(store, None)
    assert service.look() == UpdateLook("1.0.0", "none")
    assert service.said_to_hub() == "1.0.0"
    with pytest.raises(InvalidInputError, match="takes no releases"):
        service.take(session_of(store, "administrator"), maker.place)


async def _report(reporting: Reporting) -> None:
    await reporting.run()


def test_the_hub_hears_of_a_version_that_waits_without_anything_else_new(store: Store) -> None:
    import asyncio

    said: list[bytes] = []

    class Link:
        async def report(self, body: bytes) -> dict[str, object]:
            said.append(body)
            return {}

    versions, now = iter(["1.0.0", "1.0.0", "1.0.0 (1.2.0 waits)"]), iter([0.0, 100.0, 200.0])
    reporting = Reporting(store, Link(), None, lambda: next(now), lambda: next(versions))
    for _ in range(3):
        asyncio.run(_report(reporting))
    assert [b"waits" in each for each in said] == [False, True]
