"""Keyrings for the whole program: one that keeps secrets in memory, and a computer that has none; a hub loaded once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import keyring
import keyring.backends.fail
import pytest

from tests.helpers.hub_process import HubProcess
from tests.helpers.loaded_program import LoadedProgram
from tests.unit.keys.test_unlocking import Ring


@pytest.fixture
def memory_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's keyring, played by one in memory."""
    ring = Ring()
    monkeypatch.setattr(keyring, "get_keyring", lambda: ring)


@pytest.fixture
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """A computer without a keyring."""
    monkeypatch.setattr(keyring, "get_keyring", keyring.backends.fail.Keyring)


@pytest.fixture(scope="session")
def loaded_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], LoadedProgram]]:
    """The hub, loaded when it is asked for the first time."""
    with ExitStack() as stack:

        @cache
        def loaded() -> LoadedProgram:
            folder = tmp_path_factory.mktemp("hubs")
            return stack.enter_context(LoadedProgram(folder, "clinic_app.hub.__main__", "psycopg"))

        yield loaded


@pytest.fixture(autouse=True, scope="module")
def _hubs_are_loaded_once(loaded_hub: Callable[[], LoadedProgram]) -> Iterator[None]:
    """Let every hub of these tests be a copy of the loaded one, also one that serves a whole module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HubProcess, "loaded", staticmethod(loaded_hub))
        yield
