"""Who asks too much is told when to come again, and nobody else notices."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_app.hub import limits as limits_module
from clinic_app.hub.app import build_app, build_hub
from clinic_app.hub.gate import Hub
from clinic_app.hub.limits import Budget, Budgets, Limits, house_of, is_this_computer
from clinic_app.keys.enrolment_code import new_code
from clinic_app.keys.signing_key import SigningKey
from clinic_app.storage.feed.accounts import Admission
from tests.helpers.asgi import AsgiClient
from tests.helpers.clocks import FixedClock
from tests.helpers.devices import enrolled
from tests.helpers.stores import opened

TOO_MANY = 429


class Ticking:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class FromAfar(AsgiClient):
    """A client of one application that comes from an address of its own."""

    def __init__(self, app: Any, address: str) -> None:
        super().__init__(app)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 40_000))
        self._client = httpx.AsyncClient(transport=transport, base_url="http://hub.test")


@pytest.fixture
def time_s() -> Ticking:
    return Ticking()


@pytest.fixture
def hub(time_s: Ticking, kept: Path) -> Iterator[Hub]:
    budgets = Limits(
        time_s,
        of_address=Budget(8, 1),
        of_device=Budget(5, 0.5),
        of_stranger=Budget(4, 0.25),
        of_codes=Budget(2, 1 / 300),
    )
    with opened(kept) as store:
        yield build_hub(store, FixedClock(), limits=budgets)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hub")


@pytest.fixture
def app(hub: Hub) -> Any:
    return build_app(hub)


@pytest.fixture
def here(app: Any) -> Iterator[AsgiClient]:
    client = AsgiClient(app)
    yield client
    client.close()


@pytest.fixture
def afar(app: Any) -> Iterator[FromAfar]:
    client = FromAfar(app, "192.0.2.7")
    yield client
    client.close()


def statuses(client: AsgiClient, path: str, times: int, **options: Any) -> list[int]:
    return [client.get(path, **options).status_code for _ in range(times)]


def test_a_device_that_has_gone_wild_waits_and_the_others_do_not(here: AsgiClient, hub: Hub, time_s: Ticking) -> None:
    wild, calm = ({"Authorization": f"Bearer {hub.callers.enrol('org-a', name)}"} for name in ("wild", "calm"))
    assert statuses(here, "/$changes", 6, headers=wild) == [200] * 5 + [TOO_MANY]
    refused = here.get("/$changes", headers=wild)
    assert refused.headers["retry-after"] == "2"
    assert refused.json()["issue"][0]["code"] == "throttled"
    assert statuses(here, "/$changes", 2, headers=calm) == [200, 200]
    time_s.now_s += 2
    assert statuses(here, "/$changes", 2, headers=wild) == [200, TOO_MANY]


def test_all_tokens_of_a_device_are_one_budget(here: AsgiClient, hub: Hub) -> None:
    device = enrolled(here, hub)
    tokens = [device.token() for _ in range(3)]
    answers = [device.get("/$changes", each).status_code for each in (*tokens, *tokens)]
    assert answers == [200] * 5 + [TOO_MANY]


def test_an_address_that_asks_too_much_is_not_even_read(afar: FromAfar, here: AsgiClient, time_s: Ticking) -> None:
    assert statuses(afar, "/metadata", 9) == [200] * 8 + [TOO_MANY]
    assert afar.get("/metadata").headers["retry-after"] == "1"
    assert afar.post("/", content=b"x" * 100_000).status_code == TOO_MANY
    assert statuses(here, "/metadata", 20) == [200] * 20
    time_s.now_s += 1
    assert afar.get("/metadata").status_code == 200


def test_before_anybody_is_known_there_is_less_patience(afar: FromAfar, here: AsgiClient) -> None:
    assert statuses(afar, "/identity", 5) == [200] * 4 + [TOO_MANY]
    assert afar.post("/token", content=b"").status_code == TOO_MANY
    assert afar.post("/enrol", content=b"{}").status_code == TOO_MANY
    assert afar.get("/metadata").status_code == 200  # the hospital behind it goes on
    assert statuses(here, "/identity", 10) == [200] * 10


def test_codes_cannot_be_tried_out(here: AsgiClient, hub: Hub, time_s: Ticking) -> None:
    jwk = SigningKey.create().public_jwk
    tries = [here.post("/enrol", json={"code": new_code(), "jwk": jwk}) for _ in range(3)]
    assert [each.status_code for each in tries] == [403, 403, TOO_MANY]
    assert tries[-1].headers["retry-after"] == "300"
    code, _ = hub.accounts.devices.new_code(Admission("org-a", "PC"))
    assert here.post("/enrol", json={"code": code, "jwk": jwk}).status_code == TOO_MANY
    time_s.now_s += 300
    assert here.post("/enrol", json={"code": code, "jwk": jwk}).status_code == 200


def test_many_addresses_together_cannot_try_codes_out_either(app: Any, hub: Hub) -> None:
    jwk = SigningKey.create().public_jwk
    got: list[int] = []
    for number in range(21):
        client = FromAfar(app, f"198.51.100.{number}")
        got.append(client.post("/enrol", json={"code": new_code(), "jwk": jwk}).status_code)
        client.close()
    assert got == [403] * 20 + [TOO_MANY]


def test_codes_cannot_be_tried_out_all_in_the_same_moment(app: Any) -> None:
    jwk = SigningKey.create().public_jwk

    async def got() -> list[int]:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=("2001:db8::7", 40_000))
        async with httpx.AsyncClient(transport=transport, base_url="http://hub.test") as client:
            tries = (client.post("/enrol", json={"code": new_code(), "jwk": jwk}) for _ in range(4))
            return sorted(each.status_code for each in await asyncio.gather(*tries))

    assert asyncio.run(got()) == [403, 403, TOO_MANY, TOO_MANY]


def test_a_network_of_many_addresses_is_one_stranger(app: Any) -> None:
    got: list[int] = []
    for number in range(5):
        client = FromAfar(app, f"2001:db8:0:1::{number:x}")
        got.append(client.get("/identity").status_code)
        client.close()
    assert got == [200] * 4 + [TOO_MANY]


@pytest.mark.parametrize(
    ("address", "house"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8:0:0:ffff::1", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::1"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_who_shares_a_network_shares_its_budget(address: str, house: str) -> None:
    assert house_of(address) == house


def test_what_is_given_back_never_makes_more_than_there_was(time_s: Ticking) -> None:
    budgets = Budgets(Budget(2, 1), time_s)
    budgets.give_back("a")
    assert [budgets.spend("a"), budgets.spend("a")] == [0, 0]
    assert budgets.spend("a") > 0
    budgets.give_back("a")
    assert budgets.spend("a") == 0


def test_good_codes_cost_nothing(here: AsgiClient, hub: Hub) -> None:
    assert len({enrolled(here, hub).id for _ in range(5)}) == 5


@pytest.mark.parametrize(
    ("address", "is_here"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("192.0.2.7", False), ("", False), ("unix:", False)],
)
def test_this_computer_is_told_from_others(address: str, is_here: bool) -> None:
    assert is_this_computer(address) is is_here


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 3), max_size=60))
def test_no_way_of_waiting_gets_more_out_of_a_budget(waits: list[float]) -> None:
    time_s = Ticking()
    budgets = Budgets(Budget(5, 2), time_s)
    spent = 0
    for wait in waits:
        time_s.now_s += wait
        told = budgets.spend("a")
        spent += not told
        assert 0 <= told <= 0.5 + 1e-9
    assert spent <= 5 + 2 * sum(waits) + 1e-6
    if budgets.wait_s("a") == 0:
        assert budgets.spend("a") == 0


def test_a_clock_that_stands_still_gives_nothing(time_s: Ticking) -> None:
    budgets = Budgets(Budget(1, 1), time_s)
    assert [budgets.spend("a") for _ in range(3)] == [0, 1, 1]


def test_callers_that_were_here_longest_ago_are_forgotten(time_s: Ticking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits_module, "MOST_REMEMBERED", 2)
    budgets = Budgets(Budget(1, 1), time_s)
    for name in ("a", "b", "a", "c"):
        budgets.spend(name)
    assert budgets.spend("a") > 0
    assert budgets.spend("b") == 0
