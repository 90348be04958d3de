"""Secrets among the small values: as they are in an encrypted file, sealed on a server whose people are not ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from clinic_app.foundation.errors import KeyLockedError
from clinic_app.hub.upstream_account import UpstreamAccount, keep_account, kept_account
from clinic_app.storage import Store
from clinic_app.storage.kept_secrets import forget_secret, keep_secret, kept_secret, secret_or_make
from tests.helpers.stores import opened

pytestmark = pytest.mark.usefixtures("both_databases")
SECRET = b"a secret of this node"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path) as store:
        yield store


def test_a_secret_is_kept_and_nobody_reads_it_on_a_server(store: Store) -> None:
    assert kept_secret(store, "name") is None
    keep_secret(store, "name", SECRET)
    assert kept_secret(store, "name") == SECRET
    kept = store.memory.get("name")
    assert kept is not None
    assert (SECRET in kept) == (store.file is not None)
    forget_secret(store, "name")
    assert kept_secret(store, "name") is None


def test_a_secret_is_made_once(store: Store) -> None:
    made = iter((SECRET, b"another"))
    assert secret_or_make(store, "name", lambda: next(made)) == SECRET
    assert secret_or_make(store, "name", lambda: next(made)) == SECRET
    assert kept_secret(store, "name") == SECRET


def test_a_sealed_secret_that_was_changed_or_moved_is_refused(store: Store) -> None:
    keep_secret(store, "name", SECRET)
    kept = store.memory.get("name")
    assert kept is not None
    store.memory.put("other", kept)
    if store.file is not None:
        assert kept_secret(store, "other") == SECRET
        return
    with pytest.raises(KeyLockedError):
        kept_secret(store, "other")


def test_the_account_at_the_hub_above_is_such_a_secret_and_one_kept_before_still_counts(store: Store) -> None:
    account = UpstreamAccount("https://hub.example", "org-a", "a-token-of-the-hub-above")
    keep_account(store, account)
    kept = store.memory.get("upstream-account")
    assert kept is not None
    assert (b"a-token" in kept) == (store.file is not None)
    assert kept_account(store) == account
    store.memory.put("upstream-account", msgspec.json.encode(account))
    assert kept_account(store) == account
