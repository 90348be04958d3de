"""How an administrator connects a workstation to a hub: he looks, compares, types the code; and all that can fail."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from clinic_app.access import ROLES, EnrolmentForm, NewUser, Session, Trail, enrol, own_organization
from clinic_app.foundation.errors import ClinicError, ConflictError, InvalidInputError, LinkError, NotAllowedError
from clinic_app.hub.app import build_app, build_hub
from clinic_app.hub.gate import Hub
from clinic_app.hub.limits import Budget, Limits
from clinic_app.keys import NodeKeys
from clinic_app.keys.signing_key import SigningKey
from clinic_app.storage import AuditQuery, Store
from clinic_app.storage.feed.accounts import Admission
from clinic_app.sync.enrolment import HubEnrolment
from clinic_app.sync.hub_account import kept_account
from clinic_app.sync.hub_door import HubFound
from tests.helpers.asgi import AsgiClient
from tests.helpers.bridge import to_app
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.stores import QUICK, opened

URL = "https://hub.med.kz"


class Desk:
    """A workstation that stands alone, its administrator, and the hub he wants to connect it to."""

    def __init__(self, store: Store, hub: Hub, http: AsgiClient) -> None:
        self.store, self.hub, self.http = store, hub, http
        self.url = ""
        self.asked: list[str] = []
        self.organization = own_organization(store)
        self.enrolment = self.over(to_app(http, lambda request: self.asked.append(request.url.path)))

    def over(self, transport: httpx.BaseTransport) -> HubEnrolment:
        trail = Trail(self.store, FixedClock())
        return HubEnrolment(self.store, trail, FixedClock(), lambda: self.url, self._keep, transport)

    def _keep(self, url: str) -> None:
        self.url = url

    def session(self, role: str = "administrator") -> Session:
        account = self.store.accounts.get(role)
        assert account is not None
        person = account.practitioner_id
        return Session(person, role, role, role, self.organization.id, "Ырғыз")  # type: ignore[arg-type]

    def code(self, organization: str = "") -> str:
        return self.hub.accounts.devices.new_code(Admission(organization or self.organization.id, "PC"))[0]

    def look(self) -> HubFound:
        return self.enrolment.look(self.session(), URL)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hub, AsgiClient]]:
    with opened(tmp_path_factory.mktemp("hub")) as store:
        hub = build_hub(store, FixedClock(), name="Ақтөбе хабы", limits=Limits(of_codes=Budget(50, 1)))
        http = AsgiClient(build_app(hub))
        yield hub, http
        http.close()


@pytest.fixture
def desk(hub: tuple[Hub, AsgiClient], tmp_path: Path) -> Iterator[Desk]:
    with opened(tmp_path) as store:
        users = tuple(NewUser(role, "дала-самалы-7", role, role) for role in ROLES)
        enrol(store, NodeKeys.create(), EnrolmentForm("Ырғыз", device_name="Қабылдау", users=users), QUICK)
        yield Desk(store, *hub)


def test_a_workstation_looks_compares_and_comes_in(desk: Desk) -> None:
    before = desk.enrolment.place(desk.session())
    assert (before.url, before.hub_name, before.since) == ("", "", None)
    assert (before.organization_id, before.device) == (desk.organization.id, "Қабылдау")
    found = desk.look()
    assert (found.url, found.name) == (URL, "Ақтөбе хабы")
    assert found.fingerprint == desk.hub.accounts.identity()["fingerprint"]
    place = desk.enrolment.connect(desk.session(), found, desk.code().lower())
    assert (place.url, place.hub_name, place.since) == (URL, "Ақтөбе хабы", NOON)
    account = kept_account(desk.store)
    assert account is not None
    assert account.hub_jwk == desk.hub.accounts.key.public_jwk
    assert desk.hub.accounts.devices.key_of(account.device_id) is not None
    told = [row.event for row in desk.store.audit.page(AuditQuery(), 5)]
    assert any(found.fingerprint in str(event) for event in told)


def test_to_look_tells_the_hub_nothing(desk: Desk) -> None:
    bodies: list[bytes] = []
    desk.enrolment = desk.over(to_app(desk.http, lambda request: bodies.append(request.read())))
    desk.look()
    assert bodies == [b""]
    assert desk.url == ""
    assert kept_account(desk.store) is None


@pytest.mark.parametrize(("typed", "url"), [("hub.med.kz/", URL), ("  https://hub.med.kz ", URL)])
def test_an_address_may_be_typed_short(desk: Desk, typed: str, url: str) -> None:
    assert desk.enrolment.look(desk.session(), typed).url == url


@pytest.mark.parametrize(
    "typed", ["", " ", "http://hub.med.kz", "https://it:secret@hub.med.kz", "ftp://hub", "https://"]
)
def test_an_address_over_which_anybody_could_read_is_refused(desk: Desk, typed: str) -> None:
    with pytest.raises(InvalidInputError, match="https") as refused:
        desk.enrolment.look(desk.session(), typed)
    assert refused.value.field == "address"
    assert desk.asked == []


@pytest.mark.parametrize("role", ["doctor", "nurse", "registrar", "auditor", "statistician"])
def test_only_an_administrator_connects(desk: Desk, role: str) -> None:
    found, session = desk.look(), desk.session(role)
    for ask in (
        lambda: desk.enrolment.place(session),
        lambda: desk.enrolment.look(session, URL),
        lambda: desk.enrolment.connect(session, found, "ABCD-EFGH"),
    ):
        with pytest.raises(NotAllowedError):
            ask()
    assert desk.asked == ["/identity"]


def test_a_wrong_code_changes_nothing_and_the_next_one_works(desk: Desk) -> None:
    found = desk.look()
    for typed in ("ABCD", "ABCD-EFGH"):
        with pytest.raises(InvalidInputError) as refused:
            desk.enrolment.connect(desk.session(), found, typed)
        assert refused.value.field == "code"
    assert (desk.url, kept_account(desk.store)) == ("", None)
    assert desk.enrolment.connect(desk.session(), found, desk.code()).hub_name


def test_a_code_for_another_hospital_is_said_to_be_one_and_stays_good(desk: Desk) -> None:
    code = desk.code("another-hospital")
    with pytest.raises(ConflictError, match="another hospital"):
        desk.enrolment.connect(desk.session(), desk.look(), code)
    assert kept_account(desk.store) is None
    key = SigningKey.create()
    assert desk.hub.accounts.admit(code, key.public_jwk, "another-hospital") is not None


def test_an_answer_that_was_lost_is_made_good_by_the_same_code(desk: Desk) -> None:
    class Losing(httpx.BaseTransport):
        """Reaches the hub and loses its answer, once."""

        is_lost = False

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            answer = to_app(desk.http).handle_request(request)
            if request.url.path == "/enrol" and not self.is_lost:
                self.is_lost = True
                raise httpx.ReadError("cut", request=request)
            return answer

    desk.enrolment = desk.over(Losing())
    found, code = desk.look(), desk.code()
    with pytest.raises(LinkError):
        desk.enrolment.connect(desk.session(), found, code)
    desk.enrolment.connect(desk.session(), found, code)
    devices = [each for each in desk.hub.callers.devices() if each.organization_id == desk.organization.id]
    account = kept_account(desk.store)
    assert account is not None
    assert [each.id for each in devices] == [account.device_id]


def test_another_hub_that_answers_later_gets_no_workstation(desk: Desk) -> None:
    found = desk.look()
    for other in (
        replace(found, jwk=SigningKey.create().public_jwk),
        replace(found, audience="urn:dala:hub:other"),
    ):
        with pytest.raises(ConflictError, match="Another hub"):
            desk.enrolment.connect(desk.session(), other, desk.code())
        assert kept_account(desk.store) is None


def test_a_second_place_takes_that_of_the_first_with_a_new_key(desk: Desk) -> None:
    desk.enrolment.connect(desk.session(), desk.look(), desk.code())
    first = kept_account(desk.store)
    desk.enrolment.connect(desk.session(), desk.look(), desk.code())
    second = kept_account(desk.store)
    assert first is not None
    assert second is not None
    assert first.device_id != second.device_id
    assert first.key != second.key


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"<html>Sign in</html>", "text/html"),
        (200, b"[]", "application/json"),
        (200, b"{}", "application/json"),
        (200, b'{"name":"x","audience":"a","jwk":{}}', "application/json"),
        (200, b'{"name":7,"audience":"a","jwk":{}}', "application/json"),
        (200, b"[" * 60_000, "application/json"),
        (200, b" " * 100_000, "application/json"),
        (302, b"", "text/html"),
        (404, b"", "text/html"),
        (500, b"{}", "application/json"),
        (403, b"{}", "application/fhir+json"),
        (503, b'{"resourceType":"OperationOutcome","issue":[]}', "application/fhir+json"),
    ],
)
def test_who_is_no_hub_is_told_so(desk: Desk, status: int, body: bytes, kind: str) -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers={"Content-Type": kind}, stream=httpx.ByteStream(body))

    enrolment = desk.over(httpx.MockTransport(answer))
    with pytest.raises(LinkError):
        enrolment.look(desk.session(), URL)
    with pytest.raises(ClinicError):
        enrolment.connect(desk.session(), desk.look(), "ABCD-EFGH")
    assert kept_account(desk.store) is None


def test_a_hub_that_has_nothing_at_this_path_is_no_hub_that_is_out_of_order(desk: Desk) -> None:
    body = b'{"resourceType":"OperationOutcome","issue":[{"diagnostics":"The hub has nothing at this address."}]}'

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(404, headers={"Content-Type": "application/fhir+json"}, stream=httpx.ByteStream(body))

    with pytest.raises(LinkError) as refused:
        desk.over(httpx.MockTransport(answer)).look(desk.session(), f"{URL}/x")
    assert refused.value.text.render("ru") == "По этому адресу нет хаба."


def test_nobody_at_the_address_is_a_sentence(desk: Desk) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route", request=request)

    with pytest.raises(LinkError, match="cannot be reached"):
        desk.over(httpx.MockTransport(refuse)).look(desk.session(), URL)


def test_too_many_tries_are_told_as_such(desk: Desk) -> None:
    def busy(_request: httpx.Request) -> httpx.Response:
        body = desk.http.get("/nowhere").content
        headers = {"Content-Type": "application/fhir+json", "Retry-After": "300"}
        return httpx.Response(429, headers=headers, stream=httpx.ByteStream(body))

    found = desk.look()
    with pytest.raises(LinkError, match="Wait some minutes"):
        desk.over(httpx.MockTransport(busy)).connect(desk.session(), found, "ABCD-EFGH")


def test_a_hub_cannot_put_lines_into_its_name(desk: Desk) -> None:
    identity = {**desk.hub.accounts.identity(), "name": "Хаб\n\u202e<b>" + "x" * 500}
    name = desk.over(told(json.dumps(identity).encode())).look(desk.session(), URL).name
    assert len(name) == 200
    assert name.isprintable()


def test_nothing_is_unpacked_that_was_not_asked_to_be_packed(desk: Desk) -> None:
    bomb = gzip.compress(b" " * 10_000_000)
    with pytest.raises(LinkError, match="no hub"):
        desk.over(told(bomb, **{"Content-Encoding": "gzip"})).look(desk.session(), URL)


def told(body: bytes, **headers: str) -> httpx.MockTransport:
    """Return a place that answers every request with one JSON text."""
    kind = {"Content-Type": "application/json", **headers}
    return httpx.MockTransport(lambda _: httpx.Response(200, headers=kind, stream=httpx.ByteStream(body)))
