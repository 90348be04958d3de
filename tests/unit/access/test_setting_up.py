"""Setting up a workstation, and what each person likes: hostile values, nothing half done, nobody mixed up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic_app.access import (
    EnrolmentForm,
    NewUser,
    People,
    Preferences,
    Session,
    age_recipient_of,
    enrol,
    hub_token,
    is_enrolled,
    signing_jwk_of,
)
from clinic_app.foundation.durable_files import DISK_FULL
from clinic_app.foundation.errors import DiskFullError, InvalidInputError
from clinic_app.keys import NodeKeys
from clinic_app.records import Device, Extension, Organization, Practitioner
from clinic_app.storage import Store, record_store
from clinic_app.terminology.systems import SIGNING_JWK
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import PASSWORD, QUICK, opened, set_up

BOSS = NewUser("boss", PASSWORD, "Ахметова Айгүл", "administrator")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path) as store:
        yield store


@pytest.mark.parametrize(
    ("form", "field"),
    [
        (EnrolmentForm(" "), "facility"),
        (EnrolmentForm("A", organization_id="a b"), "organization_id"),
        (EnrolmentForm("A", organization_id="аурухана"), "organization_id"),
        (EnrolmentForm("A", organization_id="a" * 65), "organization_id"),
        (EnrolmentForm("A", organization_id="a/../b"), "organization_id"),
        (EnrolmentForm("A", hub_token="токен"), "hub_token"),
        (EnrolmentForm("A", hub_token="a\r\nX-Evil: 1"), "hub_token"),
        (EnrolmentForm("A", hub_token="a\x00"), "hub_token"),
        (EnrolmentForm("A", users=(BOSS, NewUser("b", PASSWORD, "B", "nurse"))), "login"),
        (EnrolmentForm("A", users=(BOSS, BOSS)), "login"),
        (EnrolmentForm("A", users=(BOSS, NewUser("bb", "short", "B", "nurse"))), "password"),
        (EnrolmentForm("A", users=(BOSS, NewUser("bb", PASSWORD, " ", "nurse"))), "name"),
        (EnrolmentForm("A", users=(BOSS, NewUser("bb", PASSWORD, "B", "king"))), "role"),  # type: ignore[arg-type]
    ],
)
def test_one_wrong_value_and_nothing_is_set_up(store: Store, form: EnrolmentForm, field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        enrol(store, NodeKeys.create(), form, QUICK)
    assert caught.value.field == field
    assert not is_enrolled(store)
    assert store.accounts.all() == ()
    assert store.records.find(Organization) == store.records.find(Device) == store.records.find(Practitioner) == ()
    assert store.outbox.count() == 0
    enrol(store, NodeKeys.create(), EnrolmentForm("A", users=(BOSS,)), QUICK)


@pytest.mark.parametrize("token", ["", " t-1\r\n", "abc.DEF_123-~+/=", "t"])
def test_a_token_is_kept_as_it_will_be_shown_to_the_hub(store: Store, token: str) -> None:
    enrol(store, NodeKeys.create(), EnrolmentForm("A", hub_token=token), QUICK)
    assert hub_token(store) == token.strip()


def test_a_full_disk_while_setting_up_leaves_an_empty_folder(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise DiskFullError(DISK_FULL)

    with monkeypatch.context() as patch:
        patch.setattr(record_store, "put_values", full)
        with pytest.raises(DiskFullError):
            enrol(store, NodeKeys.create(), EnrolmentForm("A", users=(BOSS,)), QUICK)
    assert not is_enrolled(store)
    assert store.accounts.all() == ()
    assert store.records.find(Organization) == ()


@pytest.mark.parametrize("kept", ["", "{", "[]", '{"kty": 1}', "null"])
def test_a_foreign_workstation_without_a_readable_key_is_refused_not_trusted(kept: str) -> None:
    device = Device(id="d", extension=(Extension(url=SIGNING_JWK, value_string=kept),))
    with pytest.raises(InvalidInputError):
        signing_jwk_of(device)
    with pytest.raises(InvalidInputError):
        signing_jwk_of(Device(id="d"))
    assert age_recipient_of(device) == ""


@pytest.fixture
def sessions(store: Store) -> dict[str, Session]:
    set_up(store, "nurse", "doctor")
    people = People(store, FixedClock(), QUICK)
    return {login: people.sign_in(login, PASSWORD) for login in ("nurse", "doctor")}


def test_what_nobody_chose_is_nothing_and_each_has_his_own(store: Store, sessions: dict[str, Session]) -> None:
    preferences = Preferences(store)
    assert preferences.get(sessions["nurse"], "theme") is None
    preferences.put(sessions["nurse"], "theme", "dark")
    preferences.put(sessions["doctor"], "theme", "light")
    preferences.put(sessions["nurse"], "theme", "light")
    preferences.put(sessions["nurse"], "language", "")
    assert preferences.get(sessions["nurse"], "theme") == "light"
    assert preferences.get(sessions["nurse"], "language") == ""
    assert preferences.get(sessions["doctor"], "language") is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(key=st.text(st.characters(exclude_categories=("Cs",)), max_size=20), value=st.text(max_size=20))
def test_no_preference_can_take_the_place_of_a_key_or_a_token(
    store: Store, sessions: dict[str, Session], key: str, value: str
) -> None:
    before = {name: store.memory.get(name) for name in ("node-keys", "hub-token", "own-device", "own-organization")}
    Preferences(store).put(sessions["nurse"], key, value)
    assert Preferences(store).get(sessions["nurse"], key) == value
    assert {name: store.memory.get(name) for name in before} == before
