"""Unknown logins wait like known ones and leave a trail of a bounded size; who was shut out is out at his next call."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from clinic_app.access import Passwords, People, Session, Trail
from clinic_app.access.strangers import MOST_EVENTS, MOST_LOGINS, SPAN, Strangers
from clinic_app.foundation.errors import NotAllowedError
from clinic_app.records import AuditEvent
from clinic_app.storage import Attempts, Store
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.stores import PASSWORD, QUICK, opened, session_of, set_up


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def store(tmp_path: Path, clock: FixedClock) -> Iterator[Store]:
    with opened(tmp_path, clock=clock) as store:
        set_up(store, "nurse")
        yield store


@pytest.fixture
def people(store: Store, clock: FixedClock) -> People:
    return People(store, clock, QUICK)


def _refusal(people: People, login: str) -> str:
    with pytest.raises(NotAllowedError) as caught:
        people.sign_in(login, "wrong horse")
    return str(caught.value)


def test_an_unknown_login_sounds_and_waits_like_a_known_one_try_after_try(people: People, clock: FixedClock) -> None:
    said: dict[str, list[str]] = {"nurse": [], "nobody": []}
    for step in (0, 0, 1, 0, 2, 1, 60, 0, 3600, 0):
        clock.advance(seconds=step)
        for login, sentences in said.items():
            sentences.append(_refusal(people, login))
    assert said["nurse"] == said["nobody"]
    assert any("Wait" in sentence for sentence in said["nobody"])


def test_the_wait_of_an_unknown_login_outlives_a_restart_too(tmp_path: Path, clock: FixedClock) -> None:
    with opened(tmp_path, clock=clock) as store:
        set_up(store, "nurse")
        for login in ("nurse", "nobody"):
            _refusal(People(store, clock, QUICK), login)
    with opened(tmp_path, clock=clock) as store:
        people = People(store, clock, QUICK)
        assert _refusal(people, "nobody") == _refusal(people, "nurse") == "Wait 1 second and try again."


def test_what_was_typed_into_the_login_is_kept_nowhere(store: Store, people: People) -> None:
    _refusal(people, "my-secret-password")
    assert b"my-secret" not in (store.memory.get("strange-logins") or b"")
    assert all("my-secret" not in repr(event) for event in store.records.find(AuditEvent))


def test_the_first_tries_of_an_hour_are_noted_and_the_rest_told_as_a_number(
    store: Store, people: People, clock: FixedClock
) -> None:
    before = len(store.records.find(AuditEvent))
    for number in range(MOST_EVENTS + 30):
        _refusal(people, f"guess{number}")
    assert len(store.records.find(AuditEvent)) - before == MOST_EVENTS
    clock.advance(seconds=SPAN.total_seconds())
    _refusal(people, "another")
    newest = store.records.find(AuditEvent, limit=1)[0]
    assert newest.outcome_desc == "a login nobody has, after 30 more that were not noted"
    assert newest.agent[0].who is None


def test_a_flood_of_logins_takes_a_bounded_place(store: Store, clock: FixedClock) -> None:
    strangers = Strangers(store, clock)
    for number in range(MOST_LOGINS + 50):
        strangers.set_attempts(f"guess{number}", Attempts(3, NOON + timedelta(seconds=4)))
    assert len(store.memory.get("strange-logins") or b"") < 100 * MOST_LOGINS
    assert strangers.attempts("guess0") == Attempts(0, None)
    assert strangers.attempts(f"guess{MOST_LOGINS}").failures == 3
    assert len(store.accounts.all()) == 2


def test_the_login_tried_again_is_not_the_first_to_be_forgotten(store: Store, clock: FixedClock) -> None:
    strangers = Strangers(store, clock)
    for number in range(MOST_LOGINS):
        strangers.set_attempts(f"guess{number}", Attempts(1, NOON))
    strangers.set_attempts("guess0", Attempts(2, NOON))
    strangers.set_attempts("one more", Attempts(1, NOON))
    assert strangers.attempts("guess0").failures == 2
    assert strangers.attempts("guess1").failures == 0


def test_a_clock_that_goes_back_does_not_silence_the_trail(store: Store, clock: FixedClock) -> None:
    strangers = Strangers(store, clock)
    for _ in range(MOST_EVENTS):
        assert strangers.set_attempts("x", Attempts(1, None)) is not None
    assert strangers.set_attempts("x", Attempts(1, None)) is None
    clock.advance(seconds=-86400)
    assert strangers.set_attempts("x", Attempts(1, None)) is not None


def test_somebody_shut_out_is_out_at_his_next_call(store: Store, people: People, clock: FixedClock) -> None:
    trail = Trail(store, clock)
    nurse, admin = people.sign_in("nurse", PASSWORD), people.sign_in("admin", PASSWORD)
    trail.require(nurse, "read", "Patient")
    people.set_active(admin, "nurse", is_active=False)
    with pytest.raises(NotAllowedError, match="ended by an administrator"):
        trail.require(nurse, "read", "Patient")
    with pytest.raises(NotAllowedError, match="ended by an administrator"):
        people.change_password(nurse, PASSWORD, "another horse")
    with pytest.raises(NotAllowedError, match="ended by an administrator"):
        trail.require_signed_in(nurse)
    people.set_active(admin, "nurse", is_active=True)
    trail.require(nurse, "read", "Patient")


@pytest.mark.parametrize(
    "change", [{"practitioner_id": "somebody-else"}, {"role": "doctor"}, {"login": "ghost"}, {"login": "admin"}]
)
def test_a_session_nobody_signed_in_to_is_refused(store: Store, clock: FixedClock, change: dict[str, str]) -> None:
    nurse = session_of(store, "nurse")
    forged = Session(**{**{name: getattr(nurse, name) for name in nurse.__dataclass_fields__}, **change})  # type: ignore[arg-type]
    with pytest.raises(NotAllowedError):
        Trail(store, clock).require(forged, "read", "Organization")


def test_somebody_shut_out_who_tries_again_is_in_the_trail_by_name(store: Store, people: People) -> None:
    nurse = session_of(store, "nurse")
    people.set_active(people.sign_in("admin", PASSWORD), "nurse", is_active=False)
    with pytest.raises(NotAllowedError):
        people.sign_in("nurse", PASSWORD)
    newest = store.records.find(AuditEvent, limit=1)[0]
    assert newest.outcome == "4"
    assert newest.agent[0].who is not None
    assert newest.agent[0].who.id == nurse.practitioner_id


@pytest.mark.usefixtures("full_cost")
def test_a_password_kept_with_weaker_parameters_is_kept_anew_at_the_next_sign_in(
    store: Store, clock: FixedClock
) -> None:
    stronger = Passwords(memory_kib=16, passes=2)
    People(store, clock, stronger).sign_in("nurse", PASSWORD)
    account = store.accounts.get("nurse")
    assert account is not None
    assert "m=16,t=2,p=1" in account.password_hash
    assert "m=65536,t=3,p=1" in Passwords().hashed(PASSWORD)
