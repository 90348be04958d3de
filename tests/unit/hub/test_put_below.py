"""How a hub is put below another one: what IT types, what is kept, and what the hub says of itself then."""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.hub.__main__ import main
from clinic_app.hub.app import build_app, build_hub
from clinic_app.hub.below import Below, UpstreamState, told
from clinic_app.hub.folder import open_hub_store
from clinic_app.hub.upstream import put_below
from clinic_app.hub.upstream_account import UpstreamAccount, checked_account, keep_account, kept_account
from clinic_app.hub.upstream_commands import account_at, ask, connect, exchanging
from clinic_app.storage import Store
from clinic_app.storage.exchange.upward import Backlog
from clinic_app.sync.wire import ON_WAY_HEADER
from tests.helpers.asgi import AsgiClient
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import open_store
from tests.helpers.waiting import wait_until

URL = "https://hub.example"
TOKEN = "a-token-of-the-hub-above"
ACCOUNT = UpstreamAccount(URL, "org-a", TOKEN)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path / "store")
    yield store
    store.close()


def _typed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    ask(parser)
    return parser.parse_args(["--upstream", URL, "--organization", "org-a", *words])


def test_the_token_comes_from_a_file_or_from_standard_input(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{TOKEN}\n"))
    assert connect(store, _typed(), FixedClock()) == f"below {URL} for org-a"
    assert kept_account(store) == ACCOUNT
    file = tmp_path / "token"
    file.write_text("another-token-of-the-hub\n", encoding="ascii")
    connect(store, _typed("--token-file", str(file)), FixedClock())
    assert kept_account(store) == UpstreamAccount(URL, "org-a", "another-token-of-the-hub")


def test_a_token_file_that_is_none_is_one_sentence(store: Store, tmp_path: Path) -> None:
    for name, content in (("missing", None), ("binary", b"\xff\xfe"), ("short", b"x")):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(InvalidInputError, match="no token"):
            connect(store, _typed("--token-file", str(tmp_path / name)), FixedClock())
    assert kept_account(store) is None


@pytest.mark.parametrize(
    ("url", "organization", "token"),
    [
        ("http://hub.example", "org-a", TOKEN),
        ("", "org-a", TOKEN),
        (URL, "", TOKEN),
        (URL, "org a", TOKEN),
        (URL, "x" * 65, TOKEN),
        (URL, "org-a", ""),
        (URL, "org-a", "with spaces in it, and long enough"),
        (URL, "org-a", "x" * 201),
    ],
)
def test_what_cannot_be_used_is_refused(url: str, organization: str, token: str) -> None:
    with pytest.raises(InvalidInputError):
        checked_account(url, organization, token)


def test_a_hub_does_not_change_its_hospital(store: Store) -> None:
    keep_account(store, ACCOUNT)
    with pytest.raises(InvalidInputError, match="org-a"):
        keep_account(store, UpstreamAccount(URL, "org-b", TOKEN))
    keep_account(store, UpstreamAccount("https://other.example", "org-a", TOKEN))
    assert kept_account(store) == UpstreamAccount("https://other.example", "org-a", TOKEN)


def test_without_an_account_it_does_not_start(store: Store) -> None:
    with pytest.raises(InvalidInputError, match="connect"):
        account_at(store, URL)
    keep_account(store, ACCOUNT)
    assert account_at(store, "https://moved.example").url == "https://moved.example"
    with pytest.raises(InvalidInputError, match="https"):
        account_at(store, "http://moved.example")


def test_the_command_keeps_the_account_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(TOKEN))
    words = ["connect", "--data", str(tmp_path), "--upstream", URL, "--organization", "org-a"]
    assert main(words) == 0
    assert capsys.readouterr().out == f"below {URL} for org-a\n"
    store = open_hub_store(tmp_path, None)
    try:
        assert kept_account(store) == ACCOUNT
        assert not [path for path in tmp_path.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]
    finally:
        store.close()


def test_serving_below_a_hub_nobody_connected_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path), "--port", "0", "--reserve-mb", "0", "--upstream", URL]) == 1
    assert "the command connect" in capsys.readouterr().err


def test_every_answer_says_that_there_is_a_hub_above(store: Store) -> None:
    hub, _ = put_below(build_hub(store, FixedClock()), store, ACCOUNT, FixedClock())
    for served, is_below in ((hub, True), (build_hub(store, FixedClock()), False)):
        http = AsgiClient(build_app(served))
        try:
            answers = [http.get(path) for path in ("/health", "/metadata", "/nowhere", "/$changes")]
            assert [ON_WAY_HEADER in answer.headers for answer in answers] == [is_below] * 4
            assert ("upstream" in http.get("/health").json()) == is_below
        finally:
            http.close()


def test_health_says_how_it_stands_and_names_nobody() -> None:
    waiting = Backlog(records=3, contents=1, bytes_waiting=2048, oldest_at="2026-03-05T07:00:00+00:00", not_taken=1)
    seen_at = datetime(2026, 3, 5, 8, tzinfo=UTC)
    said = told(UpstreamState(seen_at, Text("The hub cannot be reached."), -3.4, waiting))
    assert json.loads(json.dumps(said)) == {
        "status": "broken off",
        "reason": "The hub cannot be reached.",
        "last_contact_at": "2026-03-05T08:00:00+00:00",
        "clock_offset_s": -3,
        "waiting_records": 3,
        "waiting_contents": 1,
        "waiting_bytes": 2048,
        "waiting_since": "2026-03-05T07:00:00+00:00",
        "not_taken": 1,
    }
    assert told(UpstreamState(None, None, 0.0, waiting))["status"] == "ok"


def test_a_process_that_does_not_go_up_says_nothing_of_it(store: Store) -> None:
    below = Below(store, "org-a")
    assert below.state is None
    assert below.ripe() == ()
    assert below.shown(()) == ()


def test_the_exchange_lives_as_long_as_the_hub_and_survives_what_goes_wrong(store: Store) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if len(asked) == 1:
            raise RuntimeError("a fault of ours")
        raise httpx.ConnectError("no line")

    transport = httpx.MockTransport(answer)
    _, upstream = put_below(build_hub(store, FixedClock()), store, ACCOUNT, FixedClock(), transport=transport)
    with exchanging(upstream):
        wait_until(lambda: len(asked) >= 2, 20, "it tries again after a fault")
        wait_until(lambda: (it := upstream.state().reason) and "reached" in str(it), 20, "it says why")
    assert upstream.state().last_contact_at is None
    with exchanging(None):
        pass
