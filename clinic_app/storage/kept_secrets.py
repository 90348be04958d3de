"""Secrets among the small values of a node: on a database server, whose own people are not ours, each lies sealed.

A database file of ours is encrypted as a whole, so there nothing is added.
"""

from __future__ import annotations

from collections.abc import Callable

from clinic_app.keys.sealed_value import opened_value, sealed_value
from clinic_app.storage.store import Store


def keep_secret(store: Store, name: str, secret: bytes) -> None:
    """Keep a secret, in place of the one before."""
    store.memory.put(name, _closed(store, name, secret))


def kept_secret(store: Store, name: str) -> bytes | None:
    """Return a secret, or None where there is none.

    Raises:
        KeyLockedError: it was sealed under another key, or is damaged.
    """
    kept = store.memory.get(name)
    return _opened(store, name, kept) if kept else None


def secret_or_make(store: Store, name: str, make: Callable[[], bytes]) -> bytes:
    """Return a secret; where there is none, keep what ``make`` gives. Two who ask at once get the same.

    Raises:
        KeyLockedError: it was sealed under another key, or is damaged.
    """
    kept = store.memory.get(name) or store.memory.get_or_make(name, lambda: _closed(store, name, make()))
    return _opened(store, name, kept)


def forget_secret(store: Store, name: str) -> None:
    """Keep it no longer."""
    store.memory.put(name, b"")


def _closed(store: Store, name: str, secret: bytes) -> bytes:
    return secret if store.file is not None else sealed_value(secret, store.key, name)


def _opened(store: Store, name: str, kept: bytes) -> bytes:
    return kept if store.file is not None else opened_value(kept, store.key, name)
