"""People: set up, signing in, waiting after a wrong password, the trail of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from clinic_app.access import (
    EnrolmentForm,
    NewUser,
    Passwords,
    People,
    Trail,
    age_recipient_of,
    enrol,
    hub_token,
    is_enrolled,
    node_keys,
    own_device,
    own_organization,
    signing_jwk_of,
)
from clinic_app.access.passwords import after_failure, seconds_to_wait
from clinic_app.foundation.durable_files import DISK_FULL
from clinic_app.foundation.errors import ConflictError, DiskFullError, InvalidInputError, NotAllowedError, NotFoundError
from clinic_app.keys import NodeKeys
from clinic_app.records import AuditEvent, Observation, Organization, Practitioner, Reference, audience_of
from clinic_app.records.datatypes import CodeableConcept
from clinic_app.storage import Attempts, Store
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.stores import PASSWORD, QUICK, opened, patient, set_up


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def store(tmp_path: Path, clock: FixedClock) -> Iterator[Store]:
    with opened(tmp_path, clock=clock) as store:
        yield store


@pytest.fixture
def people(store: Store, clock: FixedClock) -> People:
    set_up(store, "nurse", "doctor")
    return People(store, clock, QUICK)


def test_an_empty_folder_says_that_it_is_not_set_up(store: Store, clock: FixedClock) -> None:
    assert not is_enrolled(store)
    assert People(store, clock, QUICK).is_empty()
    for ask in (own_organization, own_device, node_keys):
        with pytest.raises(NotFoundError):
            ask(store)
    assert hub_token(store) == ""


def test_setting_up_makes_hospital_workstation_and_people_at_once(store: Store, clock: FixedClock) -> None:
    keys = NodeKeys.create()
    users = (NewUser("Aigul", PASSWORD, " Ахметова  Айгүл ", "administrator"),)
    device = enrol(store, keys, EnrolmentForm("Аурухана", "PC 1", "org-a", "token", users), QUICK)
    assert own_organization(store).name == "Аурухана"
    assert own_device(store) == device
    assert audience_of(device) == audience_of(own_organization(store)) == {"*"}
    assert device.owner is not None
    assert device.owner.id == "org-a"
    assert age_recipient_of(device) == keys.age_recipient == node_keys(store).age_recipient
    assert signing_jwk_of(device) == keys.public_jwk
    assert hub_token(store) == "token"
    session = People(store, clock, QUICK).sign_in("AIGUL ", PASSWORD)
    assert (session.name, session.role, session.organization_name) == ("Ахметова Айгүл", "administrator", "Аурухана")


def test_setting_up_twice_is_refused(store: Store, people: People) -> None:
    with pytest.raises(ConflictError):
        enrol(store, NodeKeys.create(), EnrolmentForm("Other"), QUICK)
    assert len(store.records.find(Organization)) == 1


@pytest.mark.parametrize(
    ("user", "field"),
    [
        (NewUser("a", PASSWORD, "Name", "nurse"), "login"),
        (NewUser("two words", PASSWORD, "Name", "nurse"), "login"),
        (NewUser("nurse", "short", "Name", "nurse"), "password"),
        (NewUser("nurse", "x" * 200, "Name", "nurse"), "password"),
        (NewUser("nurse", PASSWORD, "  ", "nurse"), "name"),
        (NewUser("nurse", PASSWORD, "Name", "janitor"), "role"),  # type: ignore[arg-type]
    ],
)
def test_an_impossible_person_stops_the_set_up_and_leaves_nothing(store: Store, user: NewUser, field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        enrol(store, NodeKeys.create(), EnrolmentForm("Hospital", users=(user,)), QUICK)
    assert caught.value.field == field
    assert not is_enrolled(store)
    assert store.records.find(Organization) == ()


def test_two_people_with_one_login_stop_the_set_up(store: Store) -> None:
    users = (NewUser("nurse", PASSWORD, "A", "nurse"), NewUser("NURSE", PASSWORD, "B", "nurse"))
    with pytest.raises(InvalidInputError):
        enrol(store, NodeKeys.create(), EnrolmentForm("Hospital", users=users), QUICK)
    assert not is_enrolled(store)


def test_an_administrator_adds_people_and_others_do_not(store: Store, people: People) -> None:
    admin, nurse = people.sign_in("admin", PASSWORD), people.sign_in("nurse", PASSWORD)
    added = people.add(admin, "zhanna", PASSWORD, "Жанна", "doctor")
    assert store.records.get(Practitioner, added.id).full_name == "Жанна"
    assert people.sign_in("zhanna", PASSWORD).role == "doctor"
    for session in (nurse, None):
        with pytest.raises(NotAllowedError):
            people.add(session, "other", PASSWORD, "Other", "doctor")
    with pytest.raises(InvalidInputError):
        people.add(admin, "ZHANNA", PASSWORD, "Twin", "doctor")
    assert [person.login for person in people.all(nurse)] == ["admin", "doctor", "nurse", "zhanna"]


@pytest.mark.parametrize(
    ("login", "password"), [("nurse", "wrong horse"), ("nobody", PASSWORD), ("", ""), ("nurse", "")]
)
def test_a_wrong_login_and_a_wrong_password_sound_the_same(people: People, login: str, password: str) -> None:
    with pytest.raises(NotAllowedError, match="The login or the password is wrong"):
        people.sign_in(login, password)


def test_after_wrong_passwords_even_the_right_one_waits(people: People, clock: FixedClock) -> None:
    waits = []
    for _ in range(8):
        with pytest.raises(NotAllowedError, match="wrong"):
            people.sign_in("nurse", "wrong horse")
        with pytest.raises(NotAllowedError) as caught:
            people.sign_in("nurse", PASSWORD)
        waits.append(caught.value.text.values["count"])
        clock.advance(seconds=float(str(waits[-1])))
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert people.sign_in("nurse", PASSWORD).login == "nurse"
    with pytest.raises(NotAllowedError, match="wrong"):
        people.sign_in("nurse", "wrong horse")


def test_one_guesser_does_not_keep_the_others_out(people: People) -> None:
    with pytest.raises(NotAllowedError):
        people.sign_in("nurse", "wrong horse")
    assert people.sign_in("doctor", PASSWORD).role == "doctor"


def test_the_wait_outlives_a_restart(tmp_path: Path, clock: FixedClock) -> None:
    with opened(tmp_path, clock=clock) as store:
        set_up(store, "nurse")
        with pytest.raises(NotAllowedError):
            People(store, clock, QUICK).sign_in("nurse", "wrong horse")
    with opened(tmp_path, clock=clock) as store, pytest.raises(NotAllowedError, match="Wait"):
        People(store, clock, QUICK).sign_in("nurse", PASSWORD)


def test_a_clock_that_was_set_back_a_year_locks_nobody_out() -> None:
    tries = after_failure(Attempts(5, None), NOON)
    assert seconds_to_wait(tries, NOON) == 32
    assert seconds_to_wait(tries, NOON - timedelta(days=365)) == 0


def test_somebody_who_left_is_not_let_in_and_nobody_shuts_himself_out(people: People) -> None:
    admin = people.sign_in("admin", PASSWORD)
    assert not people.set_active(admin, "nurse", is_active=False).is_active
    with pytest.raises(NotAllowedError, match="wrong"):
        people.sign_in("nurse", PASSWORD)
    with pytest.raises(InvalidInputError):
        people.set_active(admin, "admin", is_active=False)
    with pytest.raises(NotFoundError):
        people.set_active(admin, "nobody", is_active=False)


def test_a_password_is_changed_only_by_who_knows_the_old_one(people: People, clock: FixedClock) -> None:
    nurse = people.sign_in("nurse", PASSWORD)
    with pytest.raises(NotAllowedError):
        people.change_password(nurse, "wrong horse", "another horse")
    clock.advance(seconds=2)
    people.change_password(nurse, PASSWORD, "another horse")
    assert people.sign_in("nurse", "another horse") == nurse
    with pytest.raises(NotAllowedError):
        people.sign_in("nurse", PASSWORD)


def test_a_hash_made_with_old_parameters_is_renewed_at_sign_in(store: Store, people: People, clock: FixedClock) -> None:
    before = store.accounts.get("nurse")
    stronger = People(store, clock, Passwords(memory_kib=16, passes=1))
    stronger.sign_in("nurse", PASSWORD)
    after = store.accounts.get("nurse")
    assert before is not None
    assert after is not None
    assert "m=8," in before.password_hash
    assert "m=16," in after.password_hash
    stronger.sign_in("nurse", PASSWORD)


@pytest.mark.usefixtures("full_cost")
def test_a_hash_is_argon2id_with_the_recommended_cost_by_default() -> None:
    assert Passwords().hashed(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=1$")


def test_no_password_lies_in_what_is_kept(store: Store, people: People) -> None:
    assert PASSWORD not in str(store.accounts.all())


def test_signing_in_leaves_a_trail_right_or_wrong(store: Store, people: People) -> None:
    people.sign_in("doctor", PASSWORD)
    with pytest.raises(NotAllowedError):
        people.sign_in("nurse", "wrong horse")
    with pytest.raises(NotAllowedError):
        people.sign_in("nobody", "wrong horse")
    events = store.records.find(AuditEvent)
    assert [event.outcome for event in events] == ["4", "4", "0"]
    assert events[0].agent[0].who is None, "nobody's login"
    events = events[1:]
    assert all(event.type.code == "110114" for event in events)


def test_an_event_says_who_did_what_to_whom_when_and_where(store: Store, people: People, clock: FixedClock) -> None:
    session = people.sign_in("doctor", PASSWORD)
    somebody = patient()
    finding = Observation(
        id="o1",
        status="final",
        code=CodeableConcept(text="x"),
        subject=Reference(reference=f"Patient/{somebody.id}"),
    )
    event = Trail(store, clock).event(session, "update", somebody, finding)
    assert event.action == "U"
    assert event.recorded == NOON
    user, workstation = event.agent
    assert user.requestor
    assert user.who is not None
    assert user.who.id == session.practitioner_id
    assert workstation.who is not None
    assert workstation.who.id == own_device(store).id
    assert event.source.site == "org-a"
    about = [each.what.reference for each in event.entity if each.what]
    assert about == [f"Patient/{somebody.id}", "Observation/o1"]
    store.records.commit([], audit=[event])
    assert store.records.find(AuditEvent, entity=somebody.id, agent=session.practitioner_id)[0].id == event.id


@pytest.mark.parametrize(
    ("action", "code"), [("create", "C"), ("read", "R"), ("update", "U"), ("sign", "E"), ("send", "E")]
)
def test_every_action_has_its_code(store: Store, people: People, clock: FixedClock, action: str, code: str) -> None:
    session = people.sign_in("doctor", PASSWORD)
    event = Trail(store, clock).event(session, action, patient())  # type: ignore[arg-type]
    assert event.action == code
    assert event.subtype[0].code == action


def test_a_device_without_a_readable_key_says_so(store: Store, people: People) -> None:
    device = msgspec.structs.replace(own_device(store), extension=())
    assert age_recipient_of(device) == ""
    with pytest.raises(InvalidInputError):
        signing_jwk_of(device)


def test_a_password_in_parts_is_the_password_in_one_piece(people: People) -> None:
    admin = people.sign_in("admin", PASSWORD)
    people.add(admin, "mac", "йошкар-оласы", "Мак", "nurse")
    assert people.sign_in("mac", "и\u0306ошкар-оласы").login == "mac"


@pytest.mark.parametrize("typed", ["\ud800" * 9, "\x00" * 9, "", "a" * 100_000, "🫀" * 8])
def test_no_password_breaks_the_sign_in_and_none_of_them_opens(people: People, typed: str) -> None:
    for login in ("nurse", "nobody"):
        with pytest.raises(NotAllowedError):
            people.sign_in(login, typed)


@pytest.mark.parametrize("login", ["\ud800", "", "\x00", "' OR 1=1 --", "%", "nurse%", "ｎｕｒｓｅ", "nur\u0455e"])
def test_no_login_breaks_the_sign_in_and_none_is_taken_for_another(people: People, login: str) -> None:
    with pytest.raises(NotAllowedError):
        people.sign_in(login, PASSWORD)


@pytest.mark.parametrize("login", [" NURSE ", "nur\u200bse", "nurse\r\n", "\ufeffNurse"])
def test_a_login_that_was_pasted_is_the_login(people: People, login: str) -> None:
    assert people.sign_in(login, PASSWORD).login == "nurse"


def test_a_password_longer_than_any_is_not_cut_until_it_fits(people: People, clock: FixedClock) -> None:
    longest = "ү" * 128
    people.add(people.sign_in("admin", PASSWORD), "long", longest, "Ұзын", "nurse")
    assert people.sign_in("long", longest).login == "long"
    with pytest.raises(NotAllowedError):
        people.sign_in("long", longest + "x")


@pytest.mark.parametrize("name", ["", "  ", "\u200b\u202e", "\ud800", "\x00"])
def test_a_name_nobody_can_read_is_no_name(people: People, name: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        people.add(people.sign_in("admin", PASSWORD), "xx", PASSWORD, name, "nurse")
    assert caught.value.field == "name"
    assert len(people.all(people.sign_in("admin", PASSWORD))) == 3


def test_the_same_login_in_other_letters_is_taken(people: People) -> None:
    admin = people.sign_in("admin", PASSWORD)
    for login in ("NURSE", "nur\u00adse", " nurse"):
        with pytest.raises(InvalidInputError) as caught:
            people.add(admin, login, PASSWORD, "Other", "nurse")
        assert caught.value.field == "login"


def test_a_changed_password_is_in_the_trail_and_the_old_one_opens_no_more(
    people: People, store: Store, clock: FixedClock
) -> None:
    nurse = people.sign_in("nurse", PASSWORD)
    people.change_password(nurse, PASSWORD, "жаңа құпия сөз")
    (newest, *_) = store.records.find(AuditEvent)
    assert newest.action == "U"
    assert newest.agent[0].name == "nurse"
    with pytest.raises(NotAllowedError):
        people.sign_in("nurse", PASSWORD)
    clock.advance(seconds=2)
    assert people.sign_in("nurse", "жаңа құпия сөз").login == "nurse"


def test_many_wrong_passwords_at_once_count_one_by_one(people: People, store: Store) -> None:
    """A guesser with many windows gets one try; the others are told to wait."""
    sentences: list[str] = []

    def guess(_: int) -> None:
        try:
            people.sign_in("nurse", "wrong-password")
        except NotAllowedError as error:
            sentences.append(error.text.msgid)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(guess, range(16)))
    assert len(sentences) == 16
    assert sum("Wait" not in sentence for sentence in sentences) == 1
    assert store.accounts.attempts("nurse").failures == 1


def test_a_change_that_cannot_be_noted_in_the_trail_does_not_happen(
    people: People, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, nurse = people.sign_in("admin", PASSWORD), people.sign_in("nurse", PASSWORD)

    def full(*_: object, **__: object) -> None:
        raise DiskFullError(DISK_FULL)

    before = store.accounts.all()
    with monkeypatch.context() as patch:
        patch.setattr(store.records, "commit", full)
        with pytest.raises(DiskFullError):
            people.set_active(admin, "nurse", is_active=False)
        with pytest.raises(DiskFullError):
            people.change_password(nurse, PASSWORD, "another password")
        with pytest.raises(DiskFullError):
            people.add(admin, "new", PASSWORD, "Жаңа", "nurse")
    assert store.accounts.all() == before


def test_only_an_administrator_lets_people_in_or_out(people: People) -> None:
    for login in ("nurse", "doctor"):
        session = people.sign_in(login, PASSWORD)
        with pytest.raises(NotAllowedError):
            people.set_active(session, "admin", is_active=False)
        with pytest.raises(NotAllowedError):
            people.add(session, "friend", PASSWORD, "Friend", "administrator")
    with pytest.raises(NotAllowedError):
        people.add(None, "friend", PASSWORD, "Friend", "administrator")


def test_a_wrong_old_password_changes_nothing_and_makes_the_next_try_wait(people: People, clock: FixedClock) -> None:
    nurse = people.sign_in("nurse", PASSWORD)
    with pytest.raises(NotAllowedError):
        people.change_password(nurse, "wrong-password", "another password")
    with pytest.raises(NotAllowedError, match="Wait"):
        people.change_password(nurse, PASSWORD, "another password")
    clock.advance(seconds=1)
    for bad in ("short", "x" * 129):
        with pytest.raises(InvalidInputError):
            people.change_password(nurse, PASSWORD, bad)
    assert people.sign_in("nurse", PASSWORD).login == "nurse"


def test_somebody_shut_out_is_told_no_more_than_a_stranger(people: People) -> None:
    people.set_active(people.sign_in("admin", PASSWORD), "nurse", is_active=False)
    refusals = []
    for login in ("nurse", "stranger"):
        with pytest.raises(NotAllowedError) as caught:
            people.sign_in(login, PASSWORD)
        refusals.append(caught.value.text)
    assert refusals[0] == refusals[1]


def test_of_many_passwords_tried_at_once_only_one_is_looked_at_at_a_time(store: Store, clock: FixedClock) -> None:
    set_up(store, "nurse")
    inside, most, pause = [0], [0], threading.Event()

    class Watched(Passwords):
        def fits(self, kept: str | None, password: str) -> bool:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            pause.wait(0.02)
            inside[0] -= 1
            return False

    people = People(store, clock, Watched(memory_kib=8, passes=1))

    def guess(_: int) -> None:
        with pytest.raises(NotAllowedError):
            people.sign_in("nobody", "wrong-password")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(guess, range(6)))
    assert most == [1]
