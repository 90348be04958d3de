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
from clinic_app.storage.server_store import open_server_store
from tests.helpers import stores
from tests.helpers.postgres import server, why_not

_taken: dict[Path, str] = {}
"""The database of each folder that has one on the server."""


@pytest.fixture(scope="module", params=["file"] if why_not() else ["file", "server"])
def both_databases(request: pytest.FixtureRequest) -> Iterator[str]:
    """Let the stores of the tests lie in files, then on a server; return ``file`` or ``server``."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "server":
            patch.setattr(stores, "opener", open_on_server)
        yield request.param
    give_back(set())


@pytest.fixture(autouse=True)
def _databases_go_back() -> Iterator[None]:
    """Remove the databases a test has taken, but for those of fixtures that serve several tests."""
    before = set(_taken)
    yield
    give_back(before)


def open_on_server(folder: Path, key: bytes, clock: Clock) -> Store:
    """Open the store of a folder with its records on the server; the first time in a new database."""
    if folder not in _taken:
        _taken[folder] = server().take()
    return open_server_store(folder, _taken[folder], key, clock)


def give_back(kept: set[Path]) -> None:
    """Remove the databases of all folders but those in ``kept``."""
    for folder in set(_taken) - kept:
        server().give_back(_taken.pop(folder))


def pytest_report_header() -> list[str]:
    """Say at the beginning what will be left out."""
    return [f"NOT TESTED HERE: PostgreSQL ({why_not()})"] if why_not() else []


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say at the end what was left out."""
    if why_not():
        terminalreporter.write_line(f"NOT TESTED HERE: PostgreSQL ({why_not()})")
