"""A code that lets several computers in: counted, ended, told to IT, and never two for one place."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select

from clinic_app.foundation.errors import InvalidInputError, NotFoundError
from clinic_app.hub.app import build_app, build_hub
from clinic_app.hub.gate import Hub
from clinic_app.hub.limits import Budget, Limits
from clinic_app.keys.enrolment_code import is_long, new_long_code, printed
from clinic_app.keys.signing_key import SigningKey
from clinic_app.records import AuditEvent, decode_as
from clinic_app.storage import Store
from clinic_app.storage.feed.account_tables import FEED_CODE
from clinic_app.storage.feed.accounts import CODE_LIVES, Admission, CodeSpentError, number_of
from clinic_app.storage.feed.enrolment_trail import EnrolmentTrail
from tests.helpers.asgi import AsgiClient
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.devices import Device
from tests.helpers.stores import open_store

DAY = timedelta(days=1)
CODES_AT_ONCE = 3


@pytest.fixture(scope="module")
def store(both_databases: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = open_store(tmp_path_factory.mktemp("hub"), bytes(32))
    yield store
    store.close()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def hub(store: Store, clock: FixedClock) -> Hub:
    return build_hub(store, clock, name="Орталық", limits=Limits(of_codes=Budget(CODES_AT_ONCE, 1e-6)))


@pytest.fixture
def http(hub: Hub) -> Iterator[AsgiClient]:
    client = AsgiClient(build_app(hub))
    yield client
    client.close()


def code_for(hub: Hub, computers: int, lives: timedelta = DAY, organization: str = "org-a") -> str:
    return hub.accounts.devices.new_code(Admission(organization, "PC"), computers, lives)[0]


def come(http: AsgiClient, code: str, key: SigningKey | None = None, organization: str = "") -> Any:
    told = {"code": printed(code).lower(), "jwk": (key or SigningKey.create()).public_jwk}
    return http.post("/enrol", json={**told, "organization": organization})


def line_of(hub: Hub, code: str) -> Any:
    return next(each for each in hub.accounts.devices.codes() if each.number == number_of(code))


def told_of(store: Store, code: str) -> list[AuditEvent]:
    """Return what the trail says of a code."""
    bodies = store.records.find(AuditEvent)
    return [each for each in bodies if number_of(code) in (each.entity[0].description or "")]


def test_as_many_come_in_as_it_was_made_for_each_with_a_name_and_an_account_of_its_own(
    http: AsgiClient, hub: Hub
) -> None:
    code = code_for(hub, 2)
    assert is_long(code)
    keys = [SigningKey.create(), SigningKey.create()]
    answers = [come(http, code, key).json() for key in keys]
    ids = [each["device"] for each in answers]
    assert len(set(ids)) == 2
    for id_, key in zip(ids, keys, strict=True):
        assert Device(http, hub, id_, key).get("/$changes").status_code == 200
    assert [each.name for each in hub.callers.devices() if each.id in ids] == ["PC 1", "PC 2"]
    refused = come(http, code)
    assert refused.status_code == 410
    assert "All places of this code are taken" in refused.text
    assert [each["device"] for each in answers] == [come(http, code, key).json()["device"] for key in keys]
    assert (line_of(hub, code).places, line_of(hub, code).taken) == (2, 2)


def test_a_computer_whose_answer_was_lost_takes_no_second_place(http: AsgiClient, hub: Hub, store: Store) -> None:
    code, key = code_for(hub, 2), SigningKey.create()
    first = come(http, code, key).json()
    assert [come(http, code, key).json() for _ in range(3)] == [first] * 3
    assert line_of(hub, code).taken == 1
    assert len(told_of(store, code)) == 1, "it came in once"


def test_one_computer_may_have_days_too_and_keeps_its_name(http: AsgiClient, hub: Hub, clock: FixedClock) -> None:
    code = code_for(hub, 1, 14 * DAY)
    assert is_long(code)
    clock.moment += 14 * DAY - timedelta(seconds=1)
    device = come(http, code).json()["device"]
    assert next(each.name for each in hub.callers.devices() if each.id == device) == "PC"
    assert come(http, code).status_code == 410


def test_two_at_the_last_place_are_one_that_is_in_and_one_that_is_told_why(hub: Hub) -> None:
    """Each of eight threads has a key and begins with the others; three places are to be had."""
    code, start = code_for(hub, 3), Barrier(8)

    def try_it(jwk: dict[str, str]) -> str | None:
        start.wait(20)
        try:
            admitted = hub.accounts.admit(code, jwk)
        except CodeSpentError:
            return None
        assert admitted is not None
        return admitted.device_id

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(try_it, [SigningKey.create().public_jwk for _ in range(8)]))
    assert len({each for each in ids if each}) == 3
    assert ids.count(None) == 5
    assert line_of(hub, code).taken == 3


def test_a_code_that_was_ended_lets_nobody_in_and_shuts_nobody_out(http: AsgiClient, hub: Hub) -> None:
    code, key = code_for(hub, 3), SigningKey.create()
    device = Device(http, hub, come(http, code, key).json()["device"], key)
    ended = hub.accounts.devices.end_code(f" {number_of(code).upper()} ")
    assert (ended.taken, ended.places) == (1, 3)
    refused = come(http, code)
    assert refused.status_code == 410
    assert "The time of this code is over" in refused.text
    assert device.get("/$changes").status_code == 200
    with pytest.raises(NotFoundError):
        hub.accounts.devices.end_code("nothing")


def test_its_time_ends_it_and_a_later_code_sweeps_it_away(http: AsgiClient, hub: Hub, clock: FixedClock) -> None:
    code = code_for(hub, 200, 2 * DAY)
    assert line_of(hub, code).places == 200
    clock.moment += 2 * DAY
    assert come(http, code).status_code == 410
    assert hub.accounts.devices.end_code(number_of(code)).expires_at == clock.now(), "it does not come alive again"
    clock.moment += timedelta(seconds=1)
    code_for(hub, 1)
    assert number_of(code) not in {each.number for each in hub.accounts.devices.codes()}


def test_a_code_is_for_one_hospital(http: AsgiClient, hub: Hub) -> None:
    code = code_for(hub, 1)
    assert come(http, code, organization="org-b").status_code == 409
    assert line_of(hub, code).taken == 0
    assert come(http, code, organization="org-a").json()["organization"] == "org-a"


def test_wrong_codes_are_counted_right_and_ended_ones_cost_nothing(http: AsgiClient, hub: Hub) -> None:
    code = code_for(hub, 1)
    key = SigningKey.create()
    assert [come(http, code, key).status_code for _ in range(5)] == [200] * 5
    assert [come(http, code).status_code for _ in range(5)] == [410] * 5
    assert [come(http, new_long_code()).status_code for _ in range(CODES_AT_ONCE)] == [403] * CODES_AT_ONCE
    assert come(http, new_long_code()).status_code == 429
    assert come(http, code, key).status_code == 429, "a stranger who guesses learns nothing more"


def test_the_code_itself_is_kept_nowhere(
    http: AsgiClient, hub: Hub, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    code = code_for(hub, 2)
    come(http, code)
    hub.accounts.devices.end_code(number_of(code))
    come(http, code)
    with store.database.reading() as connection:
        kept = str(connection.execute(select(FEED_CODE)).all())
    trail = str(told_of(store, code))
    for words in (kept, caplog.text, trail):
        assert code not in words.upper()
        assert printed(code) not in words.upper()
    assert number_of(code) in kept


def test_each_use_is_in_the_trail_and_in_the_log_of_it(
    http: AsgiClient, hub: Hub, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    code, key = code_for(hub, 2), SigningKey.create()
    device = come(http, code, key).json()["device"]
    (event,) = told_of(store, code)
    assert event.entity[0].description == f"device {device} enrolled by code {number_of(code)}, places left: 1"
    assert (event.agent[0].name, event.source.site, event.recorded) == ("PC 1", "org-a", NOON)
    assert f"The hub has let a computer in: code {number_of(code)}, places left 1." in caplog.messages
    hub.accounts.devices.end_code(number_of(code))
    come(http, code)
    assert "The hub has refused a computer that had a code: ended." in caplog.messages
    found = Device(http, hub, device, key).get(f"/AuditEvent/{event.id}")
    assert decode_as(AuditEvent, found.content).entity == event.entity, "the hospital reads it at the hub"


def test_a_stranger_hospital_does_not_read_it(http: AsgiClient, hub: Hub, store: Store) -> None:
    code, other = code_for(hub, 1), code_for(hub, 1, organization="org-b")
    come(http, code)
    key = SigningKey.create()
    stranger = Device(http, hub, come(http, other, key).json()["device"], key)
    (event,) = told_of(store, code)
    assert stranger.get(f"/AuditEvent/{event.id}").status_code == 404


def test_what_was_not_written_into_the_trail_did_not_happen(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    code = code_for(hub, 1)

    def fails(*_: object) -> None:
        raise OSError("the power is cut")

    monkeypatch.setattr(EnrolmentTrail, "_write", fails)
    trail = EnrolmentTrail(hub.feed, hub.clock, "hub")
    with pytest.raises(OSError, match="power"):
        hub.accounts.admit(code, SigningKey.create().public_jwk, note=trail.came)
    assert line_of(hub, code).taken == 0


@pytest.mark.parametrize(
    ("computers", "lives"),
    [(0, DAY), (-1, DAY), (201, DAY), (2, timedelta()), (2, -DAY), (1, 14 * DAY + timedelta(seconds=1))],
)
def test_too_many_computers_or_days_are_refused(hub: Hub, computers: int, lives: timedelta) -> None:
    with pytest.raises(InvalidInputError):
        code_for(hub, computers, lives)


def test_only_one_computer_for_some_minutes_has_a_code_somebody_could_tell(hub: Hub) -> None:
    assert not is_long(code_for(hub, 1, CODE_LIVES))
    assert is_long(code_for(hub, 2, CODE_LIVES))
    assert is_long(code_for(hub, 1, CODE_LIVES + timedelta(seconds=1)))
