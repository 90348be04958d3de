"""How a device comes in by a code, shows that it has its key, and is shut out: over the hub's own interface."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import delete, func, insert, select

from clinic_app.foundation.errors import InvalidInputError, NotFoundError
from clinic_app.hub.app import build_app, build_hub
from clinic_app.hub.gate import Hub
from clinic_app.hub.limits import Budget, Limits
from clinic_app.hub.tokens import TOKEN_LIVES
from clinic_app.keys.signing_key import ERASE, RECEIPT, SigningKey, fingerprint, said_by
from clinic_app.storage import Store
from clinic_app.storage.feed.account_tables import FEED_ASSERTION, FEED_CODE, FEED_DEVICE
from clinic_app.storage.feed.accounts import CODE_LIVES, Admission
from clinic_app.storage.feed.tables import FEED_WORKSTATION
from tests.helpers.asgi import AsgiClient
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.devices import BY_JWT, FORM, Device, enrolled
from tests.helpers.stores import open_store
from tests.unit.keys.test_assertions import CORPUS, GOOD, HUB, PROVERS

ADDRESS = "https://hub.med.kz"
CHANGES = "/$changes"


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
    limits = Limits(of_codes=Budget(1000, 1))
    return build_hub(store, clock, name="Орталық", addresses=(ADDRESS,), limits=limits)


@pytest.fixture
def http(hub: Hub) -> Iterator[AsgiClient]:
    client = AsgiClient(build_app(hub))
    yield client
    client.close()


@pytest.fixture
def device(http: AsgiClient, hub: Hub) -> Device:
    return enrolled(http, hub)


def ask(http: AsgiClient, **form: str) -> Any:
    return http.post("/token", content=urlencode(form), headers=FORM)


def in_by(http: AsgiClient, code: str, key: SigningKey) -> Any:
    return http.post("/enrol", json={"code": code, "jwk": key.public_jwk})


def test_a_hub_says_who_it_is_to_everybody(http: AsgiClient, hub: Hub) -> None:
    told = http.get("/identity").json()
    assert told["name"] == "Орталық"
    assert told["fingerprint"] == fingerprint(told["jwk"])
    assert told["audience"] == hub.accounts.audience
    assert "d" not in told["jwk"]
    smart = http.get("/.well-known/smart-configuration").json()
    assert smart["token_endpoint"] == f"{ADDRESS}/token"
    assert smart["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]


def test_the_hubs_key_stays_the_same_and_is_nowhere_to_be_read_on_a_server(store: Store, hub: Hub) -> None:
    again = build_hub(store, hub.clock).accounts
    assert again.key.public_jwk == hub.accounts.key.public_jwk
    assert again.audience == hub.accounts.audience
    kept = store.memory.get("hub-signing-key")
    assert kept
    assert (hub.accounts.key.to_bytes() == kept) == (store.file is not None)


def test_a_device_comes_in_by_a_code_and_gets_its_own_records(http: AsgiClient, hub: Hub) -> None:
    code, expires_at = hub.accounts.devices.new_code(Admission("org-b", "Кабинет 7", "Ырғыз ауруханасы", "Емхана"))
    assert expires_at == NOON + CODE_LIVES
    key = SigningKey.create()
    told = in_by(http, f"  {code[:4].lower()} {code[4:]}", key).json()
    assert (told["organization"], told["name"]) == ("org-b", "Ырғыз ауруханасы")
    assert told["hub"] == hub.accounts.identity()
    device = Device(http, hub, told["device"], key)
    assert device.get(CHANGES).status_code == 200
    (line,) = [each for each in hub.callers.devices() if each.id == device.id]
    assert (line.name, line.organization, line.site) == ("Кабинет 7", "Ырғыз ауруханасы", "Емхана")
    assert (line.algorithm, line.last_seen_at, line.revoked_at) == ("Ed25519", NOON, None)


def test_a_code_lets_in_one_device_and_tells_it_the_same_again(http: AsgiClient, hub: Hub) -> None:
    code, _ = hub.accounts.devices.new_code(Admission("org-a", "PC"))
    key = SigningKey.create()
    first = in_by(http, code, key)
    assert in_by(http, code, key).json() == first.json()  # the answer was lost on the way
    assert in_by(http, code, SigningKey.create()).status_code == 403


def test_a_code_is_good_for_ten_minutes(http: AsgiClient, hub: Hub, clock: FixedClock) -> None:
    code, _ = hub.accounts.devices.new_code(Admission("org-a", "PC"))
    used, _ = hub.accounts.devices.new_code(Admission("org-a", "PC"))
    key = SigningKey.create()
    assert in_by(http, used, key).status_code == 200
    clock.moment += CODE_LIVES
    assert in_by(http, code, SigningKey.create()).status_code == 403
    assert in_by(http, used, key).status_code == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"[]", 422),
        (b"[" * 8000, 422),
        (b'{"code":"AAAA-AAAA"}', 422),
        (b'{"code":1,"jwk":{}}', 422),
        (b'{"code":"AAAA-AAAA","jwk":{"kty":"oct","k":"AA"}}', 422),
        (b'{"code":"AAAA","jwk":{}}', 422),
        (b'{"code":"' + b"A" * 5000 + b'"}', 422),
        (b"x" * 9000, 413),
    ],
)
def test_what_is_no_request_for_admission_is_told_so(http: AsgiClient, body: bytes, status: int) -> None:
    assert http.post("/enrol", content=body).status_code == status


@pytest.mark.parametrize(
    "admission",
    [
        Admission("", "PC"),
        Admission("org a", "PC"),
        Admission("o" * 65, "PC"),
        Admission("org-a", " "),
        Admission("org-a", "P\nC"),
        Admission("org-a", "PC", "x" * 201),
    ],
)
def test_a_code_is_for_somebody_who_can_be_named(hub: Hub, admission: Admission) -> None:
    with pytest.raises(InvalidInputError):
        hub.accounts.devices.new_code(admission)


def test_a_proof_is_taken_once(device: Device) -> None:
    proof = device.proof()
    assert device.asked(proof).json()["token_type"] == "bearer"
    again = device.asked(proof)
    assert (again.status_code, again.json()) == (401, {"error": "invalid_client"})
    assert device.asked(device.proof()).status_code == 200


def test_a_proof_is_also_taken_for_the_address_the_hub_was_told_it_has(device: Device) -> None:
    assert device.asked(device.proof(audience=f"{ADDRESS}/token")).status_code == 200
    assert device.asked(device.proof(audience="http://hub.test/token")).status_code == 401  # as the Host header says


@pytest.fixture(scope="module")
def known(store: Store) -> Iterator[Hub]:
    """A hub that knows the devices whose keys the false proofs are made with or against, under their names."""
    hub = build_hub(store, FixedClock(NOON), addresses=(ADDRESS,))
    hub.accounts.audience = HUB
    with store.database.writing() as connection:
        for name, prover in PROVERS.items():
            row = {"id": name, "token_sha256": name, "organization_id": "org-c", "name": name}
            connection.execute(insert(FEED_WORKSTATION).values(**row, enrolled_at=NOON.isoformat(), is_revoked=False))
            proved = {"algorithm": prover.algorithm, "public_jwk": prover.public_jwk, "is_to_be_erased": False}
            connection.execute(insert(FEED_DEVICE).values(workstation_id=name, **proved))
    yield hub
    with store.database.writing() as connection:
        connection.execute(delete(FEED_WORKSTATION).where(FEED_WORKSTATION.c.organization_id == "org-c"))


def test_no_false_proof_gets_a_token_or_a_reason(known: Hub) -> None:
    http = AsgiClient(build_app(known))
    try:
        asked = Device(http, known, "device-1", SigningKey.create()).asked
        answers = {name: asked(make()) for name, make in CORPUS.items()}
        wrong = {name: (each.status_code, each.text) for name, each in answers.items() if "access_token" in each.text}
        assert wrong == {}
        assert {each.status_code for each in answers.values()} <= {400, 401, 413}
        assert {each.text for each in answers.values() if each.status_code == 401} == {'{"error":"invalid_client"}'}
        assert asked(GOOD).status_code == 200
        assert asked(GOOD).status_code == 401  # a replay
    finally:
        http.close()


def test_a_wrong_device_or_hub_gets_no_token(http: AsgiClient, hub: Hub, device: Device, clock: FixedClock) -> None:
    other = enrolled(http, hub)
    assert Device(http, hub, device.id, other.key).asked(other.proof()).status_code == 200
    assert device.asked(Device(http, hub, device.id, other.key).proof()).status_code == 401
    assert device.asked(device.proof(audience="urn:dala:hub:00")).status_code == 401
    assert device.asked(device.proof(clock.now() + timedelta(hours=1))).status_code == 401


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "client_credentials"}, "invalid_request"),
        ({"grant_type": "password", "client_assertion": "x"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "client_assertion": "x"}, "invalid_client"),
        (
            {"grant_type": "client_credentials", "client_assertion_type": "basic", "client_assertion": "x"},
            "invalid_client",
        ),
    ],
)
def test_what_is_no_request_for_a_token_is_told_so(http: AsgiClient, form: dict[str, str], error: str) -> None:
    assert ask(http, **form).json() == {"error": error}


def test_a_field_that_stands_twice_is_no_request(http: AsgiClient, device: Device) -> None:
    twice = f"grant_type=client_credentials&client_assertion_type={BY_JWT}"
    body = f"{twice}&client_assertion={device.proof()}&client_assertion={device.proof()}"
    assert http.post("/token", content=body, headers=FORM).json() == {"error": "invalid_request"}
    assert http.post("/token", content=b"\xff=\xff", headers=FORM).status_code == 400


def test_a_token_is_good_for_ten_minutes(device: Device, clock: FixedClock) -> None:
    token = device.token()
    clock.moment += TOKEN_LIVES - timedelta(seconds=1)
    assert device.get(CHANGES, token).status_code == 200
    clock.moment += timedelta(seconds=1)
    assert device.get(CHANGES, token).status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "Q"),
        lambda token: token.replace("d1.", "d2.", 1),
        lambda token: token + "A",
        lambda token: token.rpartition(".")[0] + ".",
        lambda token: token.replace(token.split(".")[2], str(int(token.split(".")[2]) + 60)),
        lambda token: token.replace(token.split(".")[1], "another-device"),
        lambda token: "d1..1." + "A" * 43,
        lambda token: "none-" + token.split(".")[1],
    ],
)
def test_a_token_somebody_else_made_is_nothing(device: Device, change: Any) -> None:
    token = device.token()
    assert device.get(CHANGES, token).status_code == 200
    assert device.get(CHANGES, change(token)).status_code == 401


def test_who_is_shut_out_is_out_with_his_next_request(device: Device, hub: Hub) -> None:
    token = device.token()
    hub.callers.revoke(device.id, "replaced")
    assert device.get(CHANGES, token).status_code == 401
    refused = device.asked(device.proof())
    assert (refused.status_code, refused.json()) == (401, {"error": "invalid_client"})
    with pytest.raises(NotFoundError):
        hub.callers.revoke("nobody")


def test_who_is_to_erase_his_data_gets_the_order_signed_and_nobody_else_does(device: Device, hub: Hub) -> None:
    hub.callers.revoke(device.id, "ұрланған", is_to_be_erased=True)
    stranger = Device(device.http, hub, device.id, SigningKey.create())
    assert stranger.asked(stranger.proof()).json() == {"error": "invalid_client"}
    (line,) = [each for each in hub.callers.devices() if each.id == device.id]
    assert (line.is_to_be_erased, line.told_at) == (True, None)
    answer = device.asked(device.proof())
    assert answer.status_code == 403
    order = said_by(answer.json()["order"], hub.accounts.key.public_jwk, ERASE)
    assert (order["device"], order["because"], order["hub"]) == (device.id, "ұрланған", "Орталық")
    (line,) = [each for each in hub.callers.devices() if each.id == device.id]
    assert line.told_at == NOON


def test_a_static_token_and_one_for_a_key_live_side_by_side(http: AsgiClient, hub: Hub, device: Device) -> None:
    static = hub.callers.enrol("org-a", "small site")
    for token in (static, device.token()):
        assert device.get(CHANGES, token).status_code == 200
    lines = {each.name: each for each in hub.callers.devices()}
    assert lines["small site"].algorithm == ""
    assert lines["small site"].last_seen_at == NOON


def test_what_a_device_says_of_itself_stands_in_the_list(device: Device, hub: Hub, clock: FixedClock) -> None:
    clock.moment += timedelta(minutes=5)
    headers = {"Authorization": f"Bearer {device.token()}"}
    said = {"program": "0.1.0", "waiting": 7, "waitingBytes": 4096, "audit": {"links": 3, "head": "ab" * 32}}
    answer = device.http.post("/report", json=said, headers=headers).json()
    assert (answer["verdict"], answer["links"]) == ("whole", 0)
    receipt = said_by(answer["receipt"], hub.accounts.key.public_jwk, RECEIPT)
    assert (receipt["device"], receipt["links"], receipt["head"]) == (device.id, 3, "ab" * 32)
    (line,) = [each for each in hub.callers.devices() if each.id == device.id]
    assert (line.program, line.waiting, line.waiting_bytes) == ("0.1.0", 7, 4096)
    assert line.last_seen_at == NOON + timedelta(minutes=5)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"[]",
        b'{"waiting":-1}',
        b'{"program":"' + b"x" * 51 + b'"}',
        b'{"program":"0.1\\u001b[31m"}',
        b'{"program":"0.1\\n"}',
        b'{"program":"\\u0000"}',
        b'{"audit":{"head":"xy"}}',
        b'{"audit":{"head":"' + b"ab" * 32 + b'\\n"}}',
        b"[" * 8000,
    ],
)
def test_a_report_that_cannot_be_is_refused(device: Device, said: bytes) -> None:
    answer = device.http.post("/report", content=said, headers={"Authorization": f"Bearer {device.token()}"})
    assert answer.status_code == 422


def test_used_proofs_and_old_codes_do_not_gather(hub: Hub, store: Store, device: Device, clock: FixedClock) -> None:
    for _ in range(3):
        device.token()
    clock.moment += timedelta(days=1)
    device.token()
    hub.accounts.devices.new_code(Admission("org-a", "PC"))
    with store.database.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(FEED_ASSERTION)) == 1
        assert connection.scalar(select(func.count()).select_from(FEED_CODE)) == 1
