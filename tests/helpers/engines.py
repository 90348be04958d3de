"""The database a test's stores lie in: a file, as on a workstation, or a server, as at a large hub.

A test that takes the fixture ``both_databases`` (a module by ``pytestmark = pytest.mark.usefixtures(...)``) runs once
on each; its stores have to come from `tests.helpers.stores`. Where no server can run, its half is left out and that is
said at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clinic_app.foundation.clock import Clock
from clinic_app.storage import Store
from clinic_app.storage.engines.database import Database
from clinic_app.storage.engines.postgres import PostgresDatabase
from clinic_app.storage.server_store import open_server_store
from tests.helpers import stores
from tests.helpers.postgres import PostgresServer, name_in, server, why_not


class OnServer(stores.Places):
    """Stores whose records lie on this process's server, each folder's in a database of its own."""

    def __init__(self) -> None:
        self.taken: dict[Path, str] = {}

    def open(self, folder: Path, key: bytes, clock: Clock) -> Store:
        """Return the open store of a folder; the first time it gets a new database."""
        if folder not in self.taken:
            self.taken[folder] = server().take()
        return open_server_store(folder, self.taken[folder], key, clock)

    def bare(self, folder: Path) -> Database:
        """Return the database of a folder before anybody has made a table in it."""
        self.taken[folder] = server().take_bare()
        return PostgresDatabase(self.taken[folder])

    def copy(self, folder: Path, target: Path) -> None:
        """Copy a closed folder and its database."""
        super().copy(folder, target)
        if target in self.taken:
            self.forget(target)
        self.taken[target] = server().take_bare(name_in(self.taken[folder]))

    def forget(self, folder: Path) -> None:
        """Remove the database of a folder."""
        server().give_back(self.taken.pop(folder))

    def forget_all_but(self, kept: set[Path]) -> None:
        """Remove the databases of all folders but those in ``kept``."""
        for folder in set(self.taken) - kept:
            self.forget(folder)


_on_server = OnServer()


@pytest.fixture(scope="module", params=["file"] if why_not() else ["file", "server"])
def both_databases(request: pytest.FixtureRequest) -> Iterator[str]:
    """Let the stores of the tests lie in files, then on a server; return ``file`` or ``server``."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "server":
            patch.setattr(stores, "places", _on_server)
        yield request.param
    _on_server.forget_all_but(set())


@pytest.fixture(autouse=True)
def _databases_go_back(request: pytest.FixtureRequest) -> Iterator[None]:
    """Remove the databases a test has taken, but for those of fixtures that serve several tests.

    A test between two others on the server has its stores in files if it did not ask for both.
    """
    before = set(_on_server.taken)
    with pytest.MonkeyPatch.context() as patch:
        if "both_databases" not in request.fixturenames:
            patch.setattr(stores, "places", stores.Places())
        yield
    _on_server.forget_all_but(before)


@pytest.fixture
def postgres() -> PostgresServer:
    """Return this process's server; where none can run, the tests that take this fixture are left out."""
    return server()


@pytest.fixture
def address(postgres: PostgresServer) -> Iterator[str]:
    """Return the address of a new database with the newest tables."""
    taken = postgres.take()
    yield taken
    postgres.give_back(taken)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is about the server alone, where none can run."""
    if why_not():
        needy = [item for item in items if "postgres" in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=needy)
        items[:] = [item for item in items if item not in needy]


def pytest_report_header() -> list[str]:
    """Say at the beginning what will be left out."""
    return [f"NOT TESTED HERE: PostgreSQL ({why_not()})"] if why_not() else []


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say at the end what was left out."""
    if why_not():
        terminalreporter.write_line(f"NOT TESTED HERE: PostgreSQL ({why_not()})")
