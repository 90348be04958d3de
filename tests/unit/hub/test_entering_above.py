"""How a facility hub comes in at the hub above it by a code, proves its key there, and what it does when shut out."""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from clinic_app.foundation.errors import ConflictError, InvalidInputError, LinkError
from clinic_app.hub.app import build_app, build_hub
from clinic_app.hub.gate import Hub
from clinic_app.hub.upstream import put_below
from clinic_app.hub.upstream_account import UpstreamAccount, keep_account, kept_account
from clinic_app.hub.upstream_commands import account_at, ask, connect, exchanging
from clinic_app.storage import Store
from clinic_app.storage.feed.accounts import Admission
from clinic_app.storage.feed.callers import DeviceLine
from clinic_app.storage.trail.countersigned import kept_countersigned
from tests.helpers.asgi import AsgiClient
from tests.helpers.bridge import to_app
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.stores import open_store
from tests.helpers.tiers import HERE, THERE, Line
from tests.helpers.waiting import wait_until

URL = "https://hub.example"
SHUT_OUT = "Nothing was erased"


@dataclass
class Above:
    """The hub above, the store of the one below, and what was asked between them."""

    hub: Hub
    http: AsgiClient
    store: Store
    asked: list[str] = field(default_factory=list)

    @property
    def fingerprint(self) -> str:
        """As its people tell it with the code."""
        return str(self.hub.accounts.identity()["fingerprint"])

    def code(self, organization_id: str = HERE) -> str:
        """Return a fresh code."""
        return self.hub.accounts.devices.new_code(Admission(organization_id, "Facility hub"))[0]

    def enter(self, code: str, *words: str) -> str:
        """Do what IT does in the hospital."""
        return connect(self.store, typed("--code", code, *words), FixedClock(), self.way())

    def enter_rightly(self) -> UpstreamAccount:
        """Come in without a mistake, and return what is kept of it."""
        self.enter(self.code(), "--fingerprint", self.fingerprint)
        account = kept_account(self.store)
        assert account is not None
        return account

    def way(self) -> httpx.BaseTransport:
        """Return the line."""
        return to_app(self.http, lambda request: self.asked.append(request.url.path))

    def device(self) -> DeviceLine:
        """Return what the hub above knows of the one below."""
        (line,) = self.hub.callers.devices()
        return line


def typed(*words: str, organization_id: str = HERE) -> argparse.Namespace:
    """Return options as they are typed."""
    parser = argparse.ArgumentParser()
    ask(parser)
    return parser.parse_args(["--upstream", URL, "--organization", organization_id, *words])


@pytest.fixture
def above(tmp_path: Path) -> Iterator[Above]:
    with ExitStack() as stack:
        stores = [open_store(tmp_path / name, clock=FixedClock()) for name in ("above", "below")]
        for store in stores:
            stack.callback(store.close)
        hub = build_hub(stores[0], FixedClock(), name="Ақтөбе хабы")
        http = AsgiClient(build_app(hub))
        stack.callback(http.close)
        yield Above(hub, http, stores[1])


def test_it_comes_in_by_a_code_with_a_key_of_its_own(above: Above) -> None:
    said = above.enter(above.code().lower(), "--fingerprint", above.fingerprint.replace("-", " ").lower())
    device = above.device()
    assert said == f"below {URL} for {HERE} as {device.id}"
    assert (device.organization, device.name, device.algorithm) == (HERE, "Facility hub", "Ed25519")
    account = kept_account(above.store)
    assert account is not None
    assert account.place is not None
    assert (account.url, account.organization_id, account.token) == (URL, HERE, "")
    assert (account.place.hub_name, account.place.hub_jwk) == ("Ақтөбе хабы", above.hub.accounts.key.public_jwk)
    assert account.place.since == NOON
    moved = account_at(above.store, "https://moved.example")
    assert (moved.url, moved.place) == ("https://moved.example", account.place)


@pytest.mark.parametrize(("answer", "is_in"), [("yes\n", True), (" Да \n", True), ("no\n", False), ("", False)])
def test_without_a_fingerprint_whoever_sits_there_is_asked(
    above: Above, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str, is_in: bool
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    if is_in:
        above.enter(above.code())
    else:
        with pytest.raises(ConflictError, match="fingerprint"):
            above.enter(above.code())
        assert above.asked == ["/identity"], "the code was told to nobody"
    assert (kept_account(above.store) is not None) == is_in
    shown = capsys.readouterr().err
    assert above.fingerprint in shown
    assert "Ақтөбе хабы" in shown


def test_another_hub_than_the_one_that_was_told_gets_no_code(above: Above) -> None:
    for wrong in ("AAAA-AAAA-AAAA-AAAA", above.fingerprint[:-1], f"{above.fingerprint}A"):
        with pytest.raises(ConflictError, match="fingerprint"):
            above.enter(above.code(), "--fingerprint", wrong)
    assert set(above.asked) == {"/identity"}
    assert kept_account(above.store) is None


def test_what_is_wrong_with_the_code_is_said_and_the_next_one_works(above: Above) -> None:
    for code, kind in (("ABCD", InvalidInputError), ("ABCD-EFGH", InvalidInputError)):
        with pytest.raises(kind):
            above.enter(code, "--fingerprint", above.fingerprint)
    with pytest.raises(ConflictError, match="another hospital"):
        above.enter(above.code(THERE), "--fingerprint", above.fingerprint)
    assert kept_account(above.store) is None
    assert above.enter_rightly().place is not None


def test_a_lost_answer_is_made_good_by_the_same_code(above: Above) -> None:
    lost: list[str] = []

    def losing(request: httpx.Request) -> httpx.Response:
        answer = above.way().handle_request(request)
        if request.url.path == "/enrol" and not lost:
            lost.append(request.url.path)
            raise httpx.ReadError("cut", request=request)
        return answer

    options = typed("--code", above.code(), "--fingerprint", above.fingerprint)
    with pytest.raises(LinkError):
        connect(above.store, options, FixedClock(), httpx.MockTransport(losing))
    connect(above.store, options, FixedClock(), httpx.MockTransport(losing))
    account = kept_account(above.store)
    assert account is not None
    assert account.place is not None
    assert account.place.device_id == above.device().id


@pytest.mark.parametrize(
    ("url", "organization_id"), [("http://hub.example", HERE), ("https://hub.example", "org a"), ("", HERE)]
)
def test_what_cannot_be_is_refused_before_anybody_is_asked(above: Above, url: str, organization_id: str) -> None:
    options = typed("--code", above.code(), organization_id=organization_id)
    options.upstream = url
    with pytest.raises(InvalidInputError):
        connect(above.store, options, FixedClock(), above.way())
    assert above.asked == []


def test_a_hub_of_another_hospital_uses_up_no_code(above: Above) -> None:
    keep_account(above.store, UpstreamAccount(URL, THERE, "a-token-of-the-hub-above"))
    code = above.code()
    with pytest.raises(InvalidInputError, match=THERE):
        above.enter(code, "--fingerprint", above.fingerprint)
    assert above.asked == []


def test_a_code_and_a_token_are_not_given_together(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        typed("--code", "ABCD-EFGH", "--token-file", "x")
    assert "not allowed" in capsys.readouterr().err


class Below:
    """The exchange of the hub below with the one above, in its own thread."""

    def __init__(self, above: Above, account: UpstreamAccount) -> None:
        self.line = Line(build_app(above.hub))
        alone = build_hub(above.store, FixedClock())
        self.hub, self.upstream = put_below(
            alone, above.store, account, FixedClock(), interval_s=0.05, transport=self.line
        )


def _status(below: Below) -> tuple[str, str]:
    state = below.upstream.state()
    return state.status, str(state.reason or "")


def test_it_exchanges_with_tokens_it_gets_for_its_key_and_tells_how_it_stands(above: Above) -> None:
    below = Below(above, above.enter_rightly())
    with exchanging(below.upstream):
        wait_until(lambda: below.upstream.state().last_contact_at is not None, 20, "an exchange")
        wait_until(lambda: above.device().program, 20, "a report")
        wait_until(lambda: kept_countersigned(above.store.memory) is not None, 20, "the word of the hub above")
    asked = [path for _, path in below.line.requests]
    assert asked.count("/token") == 1, "one proof is good for many requests"
    assert asked.count("/report") == 1
    assert _status(below) == ("ok", "")


def test_an_order_to_erase_ends_the_exchange_and_erases_nothing(above: Above) -> None:
    account = above.enter_rightly()
    below = Below(above, account)
    with exchanging(below.upstream):
        wait_until(lambda: _status(below)[0] == "ok", 20, "an exchange")
        above.hub.callers.revoke(above.device().id, "ұрланған", is_to_be_erased=True)
        wait_until(lambda: _status(below)[0] == "shut out", 20, "the order")
        asked = len(below.line.requests)
        assert SHUT_OUT in _status(below)[1]
    assert len(below.line.requests) == asked, "nobody is asked any more"
    assert kept_account(above.store) == account
    assert above.device().told_at is not None
    look = below.hub.operations.look(below.upstream.state().reason, is_shut_out=below.upstream.state().is_shut_out)
    assert any(each.is_grave and "shut this hub out" in str(each.words) for each in look.notices)


def test_one_that_is_not_known_says_so_and_goes_on_by_itself_when_it_is_known_again(above: Above) -> None:
    token = above.hub.callers.enrol(HERE, "Facility hub")
    known: list[bool] = [False]
    below = Below(above, UpstreamAccount(URL, HERE, token))
    real = below.line.handle_async_request

    async def forgetful(request: httpx.Request) -> httpx.Response:
        if not known[0]:
            request.headers["Authorization"] = "Bearer of-somebody-else"
        return await real(request)

    below.line.handle_async_request = forgetful  # type: ignore[method-assign]
    with exchanging(below.upstream):
        wait_until(lambda: _status(below)[0] == "shut out", 20, "the refusal")
        assert "connected again" in _status(below)[1]
        known[0] = True
        wait_until(lambda: _status(below) == ("ok", ""), 20, "an exchange")


def test_a_fault_of_the_line_is_no_shutting_out(above: Above) -> None:
    below = Below(above, above.enter_rightly())
    below.line.is_cut = True
    with exchanging(below.upstream):
        wait_until(lambda: _status(below)[0] == "broken off", 20, "the cut")
    assert not below.upstream.state().is_shut_out
