"""Keyrings for the whole program: one that keeps secrets in memory, and a computer that has none."""

from __future__ import annotations

import keyring
import keyring.backends.fail
import pytest

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
