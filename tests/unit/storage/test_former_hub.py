"""A backup undoes no revocation, no enrolment and no order to erase."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from clinic_app.foundation.errors import StorageError
from clinic_app.hub.app import build_app, build_hub
from clinic_app.hub.gate import Hub
from clinic_app.keys import DATABASE_NAME
from clinic_app.records import Patient
from clinic_app.storage import Store, restore_backup
from clinic_app.storage.exchange.former_hub import Former, Kept, take_over
from clinic_app.storage.feed.accounts import Admission, CodeSpentError, number_of
from tests.helpers.asgi import AsgiClient
from tests.helpers.clocks import FixedClock
from tests.helpers.hub_clients import HubClient
from tests.helpers.stores import KEY, open_store

CLOCK = FixedClock()


def wrote(hub: Hub, token: str, *ids: str) -> None:
    http = AsgiClient(build_app(hub))
    for each in ids:
        HubClient(http, token).put(Patient(id=each))
    http.close()


@pytest.fixture
def former(tmp_path: Path) -> tuple[Path, Path, dict[str, str]]:
    """A hub that was put back: its folder, the file it had, and the tokens of its devices."""
    folder = tmp_path / "hub"
    store = open_store(folder, clock=CLOCK)
    hub = build_hub(store, CLOCK)
    tokens = {name: hub.callers.enrol("org", name) for name in ("stays", "thief")}
    wrote(hub, tokens["stays"], "erased", "kept")
    copy = store.backups.make("by-hand")
    tokens["late"] = hub.callers.enrol("org", "late")
    thief = next(each for each in hub.callers.devices() if each.name == "thief")
    hub.callers.revoke(thief.id, "stolen", is_to_be_erased=True)
    hub.feed.erasing.erase([("Patient", "erased")], "order 7")
    store.close()
    return folder, restore_backup(folder, copy.path, KEY, CLOCK), tokens


def test_what_was_ordered_since_holds_after_a_backup_was_put_back(former: tuple[Path, Path, dict[str, str]]) -> None:
    folder, path, tokens = former
    store: Store = open_store(folder, clock=CLOCK)
    try:
        hub = build_hub(store, CLOCK)
        assert hub.callers.caller(tokens["thief"]) is not None, "the backup itself would let him in"
        assert {each.id for each in store.records.find(Patient)} == {"erased", "kept"}
        assert take_over(store, Former(path.name, path, ""), CLOCK) == Kept(devices=3, revoked=1, erased=1)
        assert hub.callers.caller(tokens["thief"]) is None
        assert hub.callers.caller(tokens["late"]) is not None
        assert hub.callers.caller(tokens["stays"]) is not None
        thief = next(each for each in hub.callers.devices() if each.name == "thief")
        assert thief.is_to_be_erased
        assert thief.revoked_because == "stolen"
        assert {each.id for each in store.records.find(Patient)} == {"kept"}
        assert take_over(store, Former(path.name, path, ""), CLOCK).erased == 0, "and a second time changes nothing"
    finally:
        store.close()


def test_places_that_were_taken_and_codes_that_were_ended_stay_so(tmp_path: Path) -> None:
    """A code of days outlives a backup; the thief who has it may not come in once more."""
    folder = tmp_path / "hub"
    store = open_store(folder, clock=CLOCK)
    devices = build_hub(store, CLOCK).accounts.devices
    used, ended = (devices.new_code(Admission("org", name), 1, timedelta(days=7))[0] for name in ("used", "ended"))
    copy = store.backups.make("by-hand")
    assert devices.admit(used, "Ed25519", "key of a desk") is not None
    devices.end_code(number_of(ended))
    store.close()
    former = restore_backup(folder, copy.path, KEY, CLOCK)
    store = open_store(folder, clock=CLOCK)
    try:
        devices = build_hub(store, CLOCK).accounts.devices
        assert [each.taken for each in devices.codes()] == [0, 0], "the backup itself would let two in"
        take_over(store, Former(former.name, former, ""), CLOCK)
        for code in (used, ended):
            with pytest.raises(CodeSpentError):
                devices.admit(code, "Ed25519", "key of a thief")
        assert devices.admit(used, "Ed25519", "key of a desk") is not None, "whose answer was lost asks again"
    finally:
        store.close()


def test_a_former_file_that_cannot_be_read_is_told(former: tuple[Path, Path, dict[str, str]]) -> None:
    folder, path, tokens = former
    path.write_bytes(b"no database" * 1000)
    store = open_store(folder, clock=CLOCK)
    try:
        with pytest.raises(StorageError):
            take_over(store, Former(path.name, path, ""), CLOCK)
        assert build_hub(store, CLOCK).callers.caller(tokens["stays"]) is not None
    finally:
        store.close()
    assert (folder / DATABASE_NAME).exists()
