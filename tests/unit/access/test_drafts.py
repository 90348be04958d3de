"""Drafts belong to one person, survive a restart, and are never lost to an error."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from clinic_app.access import Draft, Drafts, People, Session
from clinic_app.access.drafts import LARGEST_BYTES, MOST
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.storage import Store
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.stores import KEY, PASSWORD, QUICK, opened, set_up

FORM = Draft(kind="register", name="Өтегенова", values={"family": "Өтегенова", "phone": "+7 701"})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path) as store:
        set_up(store, "doctor", "nurse")
        yield store


def _session(store: Store, login: str) -> Session:
    return People(store, FixedClock(), QUICK).sign_in(login, PASSWORD)


def test_nobody_has_begun_anything_at_first(store: Store) -> None:
    assert Drafts(store).all(_session(store, "doctor")) == ()


def test_what_is_kept_is_there_again_whole_and_in_order(store: Store) -> None:
    doctor = _session(store, "doctor")
    kept = (
        msgspec.structs.replace(FORM, id="1", begun_at=NOON),
        Draft(kind="vitals", patient_id="p1", name="Ким", values={"systolic": "120"}, id="2"),
    )
    Drafts(store).keep(doctor, kept)
    assert Drafts(store).all(doctor) == kept


def test_nobody_sees_the_drafts_of_another(store: Store) -> None:
    doctor, nurse = _session(store, "doctor"), _session(store, "nurse")
    Drafts(store).keep(doctor, (FORM,))
    assert Drafts(store).all(nurse) == ()
    Drafts(store).keep(nurse, ())
    assert Drafts(store).all(doctor) == (FORM,)


def test_keeping_none_forgets_all(store: Store) -> None:
    doctor = _session(store, "doctor")
    Drafts(store).keep(doctor, (FORM,))
    Drafts(store).keep(doctor, ())
    assert Drafts(store).all(doctor) == ()


def test_drafts_survive_a_restart_and_lie_nowhere_in_plain_words(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        set_up(store, "doctor")
        Drafts(store).keep(_session(store, "doctor"), (FORM,))
    words = FORM.name.encode()
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and words in path.read_bytes()]
    with opened(tmp_path, KEY) as store:
        assert Drafts(store).all(_session(store, "doctor")) == (FORM,)


def test_too_many_drafts_are_refused_and_the_old_ones_stay(store: Store) -> None:
    doctor = _session(store, "doctor")
    Drafts(store).keep(doctor, (FORM,) * MOST)
    with pytest.raises(InvalidInputError, match="More than 40"):
        Drafts(store).keep(doctor, (FORM,) * (MOST + 1))
    assert len(Drafts(store).all(doctor)) == MOST


def test_a_page_pasted_by_mistake_is_refused_and_the_old_ones_stay(store: Store) -> None:
    doctor = _session(store, "doctor")
    Drafts(store).keep(doctor, (FORM,))
    with pytest.raises(InvalidInputError, match="too long"):
        Drafts(store).keep(doctor, (Draft(kind="referral", values={"question": "ә" * LARGEST_BYTES}),))
    assert Drafts(store).all(doctor) == (FORM,)


@pytest.mark.parametrize("body", [b"{", b'[{"kind": 3}]', b"\xff\x00", b'{"later": "version"}'])
def test_what_cannot_be_read_is_put_aside_and_not_deleted(store: Store, body: bytes) -> None:
    doctor = _session(store, "doctor")
    name = f"drafts/{doctor.practitioner_id}"
    store.memory.put(name, body)
    assert Drafts(store).all(doctor) == ()
    assert store.memory.get(f"{name}/unreadable") == body
    Drafts(store).keep(doctor, (FORM,))
    assert Drafts(store).all(doctor) == (FORM,)


def test_a_field_of_a_later_version_does_no_harm(store: Store) -> None:
    doctor = _session(store, "doctor")
    store.memory.put(f"drafts/{doctor.practitioner_id}", b'[{"kind": "vitals", "colour": "blue"}]')
    assert Drafts(store).all(doctor) == (Draft(kind="vitals"),)


def test_the_same_words_are_the_same_whenever_they_were_begun() -> None:
    later = msgspec.structs.replace(FORM, id="9", begun_at=NOON, name="")
    assert FORM.same_words(later)
    assert not FORM.same_words(msgspec.structs.replace(FORM, values={"family": "Ким"}))
    assert not FORM.same_words(msgspec.structs.replace(FORM, patient_id="p1"))
    assert not FORM.same_words(msgspec.structs.replace(FORM, kind="amend"))
