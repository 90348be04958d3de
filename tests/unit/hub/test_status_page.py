"""The status page: who gets in, what stands on it, in three languages, and that nothing on it can act."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from clinic_app.foundation.texts import LANGUAGES, Language
from clinic_app.hub.__main__ import main
from clinic_app.hub.app import build_app, build_hub
from clinic_app.hub.gate import Hub
from clinic_app.hub.markup import element, joined
from clinic_app.hub.operations import Device, Look, Surroundings
from clinic_app.hub.status_page import closed, status_page
from clinic_app.hub.status_style import DARK, LIGHT, style_sheet
from clinic_app.records import HumanName, Patient
from clinic_app.storage import Store
from clinic_app.storage.feed.callers import DeviceLine
from clinic_app.storage.feed.rows import Caller
from tests.helpers.asgi import AsgiClient
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.hub_clients import HubClient
from tests.helpers.stores import open_store
from ui import theme

COOKIE = "dala-status"
FAMILY = "Қасымов"


class Parts(HTMLParser):
    """What a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words += f" {data}"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def store(tmp_path: Path, clock: FixedClock) -> Iterator[Store]:
    opened = open_store(tmp_path / "hub", clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def hub(store: Store, clock: FixedClock) -> Hub:
    return build_hub(store, clock, surroundings=Surroundings("Орталық <hub>"))


@pytest.fixture
def http(hub: Hub) -> Iterator[AsgiClient]:
    client = AsgiClient(build_app(hub))
    yield client
    client.close()


def enter(http: AsgiClient, hub: Hub, name: str = "Айгүл") -> dict[str, str]:
    """Sign in as the link's reader would; return the headers of the next request."""
    answer = http.post("/status/enter", data={"link": hub.operations.visits.new_link(name)})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/status?lang=en"
    return {"Cookie": f"{COOKIE}={answer.cookies[COOKIE]}"}


def device(id: str, **changed: object) -> DeviceLine:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    line = DeviceLine(
        id, id, "org", "Аурухана", "", "", at, None, "", 0, 0, None, "", is_to_be_erased=False, told_at=None
    )
    return replace(line, **changed)  # type: ignore[arg-type]


def test_nobody_sees_the_page_without_having_signed_in(http: AsgiClient) -> None:
    answer = http.get("/status", headers={"Cookie": f"{COOKIE}=guess", "Authorization": "Bearer x"})
    assert answer.status_code == 401
    assert "status-link" in answer.text


def test_a_link_lets_in_once_and_shows_whose_it_is(http: AsgiClient, hub: Hub) -> None:
    secret = hub.operations.visits.new_link("Айгүл")
    assert secret in http.get(f"/status/enter?link={secret}").text, "looking at the link does not use it up"
    first = http.post("/status/enter", data={"link": secret})
    assert first.status_code == 303
    page = http.get("/status", headers={"Cookie": f"{COOKIE}={first.cookies[COOKIE]}"})
    assert page.status_code == 200
    assert "Айгүл" in page.text
    assert http.post("/status/enter", data={"link": secret}).status_code == 403


def test_a_link_ends_after_minutes_and_a_visit_after_hours(http: AsgiClient, hub: Hub, clock: FixedClock) -> None:
    secret = hub.operations.visits.new_link("Айгүл")
    headers = enter(http, hub)
    clock.advance(minutes=11)
    assert http.post("/status/enter", data={"link": secret}).status_code == 403
    assert http.get("/status", headers=headers).status_code == 200
    clock.advance(hours=8)
    assert http.get("/status", headers=headers).status_code == 401


def test_who_signs_out_has_to_come_with_a_new_link(http: AsgiClient, hub: Hub) -> None:
    headers = enter(http, hub)
    assert http.post("/status/leave", headers=headers).status_code == 200
    assert http.get("/status", headers=headers).status_code == 401


def test_the_cookie_is_for_this_hub_alone_and_for_no_script(hub: Hub, http: AsgiClient) -> None:
    answer = http.post("https://hub.test/status/enter", data={"link": hub.operations.visits.new_link("A")})
    said = answer.headers["set-cookie"].lower()
    assert said.startswith("__host-dala-status=")
    for word in ("httponly", "samesite=strict", "secure", "path=/"):
        assert word in said
    assert "domain" not in said


def test_a_form_of_another_site_is_refused(http: AsgiClient, hub: Hub) -> None:
    link = hub.operations.visits.new_link("A")
    answer = http.post("/status/enter", data={"link": link}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert http.post("/status/enter", data={"link": link}).status_code == 303, "and the link is still good"


@pytest.mark.parametrize("path", ["/status", "/status/enter?link=x", "/status/style.css"])
def test_every_page_may_load_and_run_nothing(http: AsgiClient, path: str) -> None:
    answer = http.get(path)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_secret_in_a_link_is_text_and_nothing_else(http: AsgiClient) -> None:
    evil = '"><script>alert(1)</script>'
    parts = Parts(http.get("/status/enter", params={"link": evil}).text)
    assert "script" not in parts.names
    assert ("value", evil) in parts.attributes


def test_what_others_have_named_is_text_on_the_page(hub: Hub) -> None:
    evil = "<img src=x onerror=alert(1)>&\"'"
    look = hub.operations.look()
    line = device("d", name=evil, organization=evil, site=evil, program=evil)
    page = Parts(status_page(replace(look, name=evil, devices=(Device(line, "here"),)), "en", evil))
    assert "img" not in page.names
    assert not [name for name, _value in page.attributes if name.startswith("on")]
    assert page.words.count(evil) >= 6


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_is_in_the_readers_language(http: AsgiClient, hub: Hub, language: Language) -> None:
    hub.callers.enrol("31", "PC-1")
    headers = enter(http, hub)
    page = http.get(f"/status?lang={language}", headers=headers).text
    expected = {"en": "Hospitals and devices", "ru": "Больницы и устройства", "kk": "Ауруханалар мен құрылғылар"}
    assert expected[language] in page
    assert f'lang="{language}"' in page
    if language != "en":
        without_names = re.sub(r"Орталық .hub.|PC-1|English|UTC|lang=en", "", Parts(page).words)
        assert not re.findall(r"[A-Za-z]{3,}", without_names), "a word was left in English"


def test_the_browsers_language_is_taken_where_none_was_chosen(http: AsgiClient) -> None:
    assert "Эта страница" in http.get("/status", headers={"Accept-Language": "ru-RU,ru;q=0.9"}).text


def test_sites_and_devices_stand_with_what_they_have_told(http: AsgiClient, hub: Hub, clock: FixedClock) -> None:
    token = hub.callers.enrol("org-1", "Reception")
    caller = hub.callers.caller(token)
    assert caller is not None
    hub.callers.report(caller, "1.2.3", 17, 5 << 20)
    clock.advance(hours=3)
    page = Parts(http.get("/status", headers=enter(http, hub)).text).words
    for word in ("org-1", "Reception", "1.2.3", "17", "5.0 MB", "3 h ago", "In touch"):
        assert word in page


def test_no_patient_and_no_record_is_on_the_page(store: Store, hub: Hub, http: AsgiClient) -> None:
    desk = HubClient(http, hub.callers.enrol("org-1", "Reception"))
    desk.put(Patient(id="the-patients-id", name=(HumanName(family=FAMILY),)))
    page = http.get("/status", headers=enter(http, hub)).text
    assert FAMILY not in page
    assert "the-patients-id" not in page


@pytest.mark.parametrize(
    ("age", "state"),
    [
        (timedelta(0), "here"),
        (timedelta(hours=23), "here"),
        (timedelta(days=1), "late"),
        (timedelta(days=8), "silent"),
    ],
)
def test_a_device_that_does_not_come_is_told_by_how_long(
    hub: Hub, clock: FixedClock, age: timedelta, state: str
) -> None:
    token = hub.callers.enrol("org-1", "PC")
    caller = hub.callers.caller(token)
    assert caller is not None
    clock.advance(days=age.days, seconds=age.seconds)
    (found,) = hub.operations.look().devices
    assert found.state == state


def test_who_was_shut_out_and_who_never_came_is_told(hub: Hub) -> None:
    hub.callers.enrol("a", "never")
    hub.callers.enrol("b", "gone")
    line = next(each for each in hub.callers.devices() if each.name == "gone")
    hub.callers.revoke(line.id)
    assert [each.state for each in hub.operations.look().devices] == ["never", "revoked"]


def test_four_thousand_devices_make_one_page(hub: Hub) -> None:
    look = hub.operations.look()
    lines = [device(f"d{n}", organization_id=f"org-{n // 20}", organization=f"Аурухана {n // 20}") for n in range(4180)]
    page = status_page(replace(look, devices=tuple(Device(line, "here") for line in lines)), "kk", "A")
    assert page.count("<details>") == 209, "and the hospitals without trouble are folded"
    assert len(page) < 3_000_000


def test_a_missing_backup_is_grave_and_a_made_one_is_shown(store: Store, hub: Hub, clock: FixedClock) -> None:
    assert [each.words.msgid for each in hub.operations.look().notices if each.is_grave] == ["There is no backup."]
    store.backups.make("by-hand")
    look = hub.operations.look()
    assert "There is no backup." not in {each.words.msgid for each in look.notices}
    assert "verified" in Parts(status_page(look, "en", "A")).words
    clock.advance(hours=27)
    assert "older than a day" in Parts(status_page(hub.operations.look(), "en", "A")).words


def test_the_colours_are_those_of_the_program() -> None:
    for mine, name in ((LIGHT, "light"), (DARK, "dark")):
        theirs = theme.TOKENS[name]  # type: ignore[index]
        assert dict(mine) == {token: theirs[token] for token in mine}
    used = set(re.findall(r"var\(--([a-z-]+)\)", style_sheet()))
    assert used == {token.replace("_", "-") for token in LIGHT}
    assert "prefers-color-scheme: dark" in style_sheet()


def test_the_style_sheet_loads_nothing() -> None:
    assert "url(" not in style_sheet()
    assert "@import" not in style_sheet()


def test_an_element_escapes_texts_and_values_and_leaves_elements() -> None:
    inner = element("b", "<x>")
    assert inner == "<b>&lt;x&gt;</b>"
    assert element("a", inner, "&", href='"q"') == '<a href="&quot;q&quot;"><b>&lt;x&gt;</b>&amp;</a>'
    assert joined("<", inner) == "&lt;<b>&lt;x&gt;</b>"


def test_the_page_for_strangers_says_how_to_get_in() -> None:
    assert "status-link" in closed("Dala", "kk")
    assert "ten minutes" in closed("Dala", "en", was_tried=True)


def test_the_command_prints_a_link_that_is_good(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "command"
    assert main(["status-link", "--data", str(folder), "--name", "Айгүл", "--address", "https://hub.kz/"]) == 0
    url = httpx.URL(capsys.readouterr().out.splitlines()[0])
    assert str(url).startswith("https://hub.kz/status/enter?link=")
    assert len(url.params["link"]) >= 43
    assert main(["status-link", "--data", str(folder), "--name", "\n"]) == 1


def test_a_look_is_of_one_moment(hub: Hub) -> None:
    look: Look = hub.operations.look()
    assert look.at == NOON
    assert look.figures.position == 0
    assert look.figures.disk_bytes > look.figures.free_bytes > 0


def test_a_caller_is_no_visitor(hub: Hub, http: AsgiClient) -> None:
    token = hub.callers.enrol("org-1", "PC")
    assert isinstance(hub.callers.caller(token), Caller)
    assert http.get("/status", headers={"Authorization": f"Bearer {token}"}).status_code == 401


@pytest.mark.parametrize("body", [b"a=1&" * 9, b"link=\xff&%zz", b"&" * 1000, b"link=" + b"x" * 1000])
def test_a_form_that_is_none_of_ours_is_refused_and_no_fault(http: AsgiClient, body: bytes) -> None:
    assert http.post("/status/enter", content=body).status_code == 403
