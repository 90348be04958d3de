"""What answers at the hub's address need not be the hub: every nonsense is a sentence, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import LANGUAGES, Text
from clinic_app.records import Patient
from clinic_app.sync import Failed, SyncService
from clinic_app.sync.service import Succeeded
from clinic_app.sync.wire import MEDIA_TYPE, encode_history, encode_outcome
from tests.helpers.nodes import DISTRICT, Node, node
from tests.helpers.played_hubs import as_hub
from tests.helpers.waiting import wait_until

Answer = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def district(tmp_path: Path) -> Iterator[Node]:
    with node(tmp_path / "district", DISTRICT) as made:
        yield made


def _service(district: Node, answer: Answer, *, is_hub: bool = False) -> SyncService:
    def streamed(request: httpx.Request) -> httpx.Response:
        return _streamed(answer(request))

    return SyncService(
        district.store,
        district.referrals,
        "http://hub.invalid",
        "token",
        district.clock,
        interval_s=0.05,
        transport=httpx.MockTransport(as_hub(streamed) if is_hub else streamed),
    )


def _streamed(response: httpx.Response) -> httpx.Response:
    """Return the response as a network delivers it: not yet read."""
    return httpx.Response(response.status_code, headers=response.headers, stream=httpx.ByteStream(response.content))


def _fails(district: Node, answer: Answer) -> Text:
    service = _service(district, answer)
    service.start()
    try:
        wait_until(lambda: isinstance(service.state(), Failed), 20)
        state = service.state()
    finally:
        service.stop()
    assert isinstance(state, Failed)
    return state.reason


def _fhir(status: int, body: bytes) -> httpx.Response:
    return httpx.Response(status, content=body, headers={"Content-Type": MEDIA_TYPE})


def _refuse(_request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("no route")


def _endless(_request: httpx.Request) -> httpx.Response:
    return _fhir(200, b" " * (9 << 20))


GARBAGE: dict[str, Answer] = {
    "html": lambda _: httpx.Response(200, html="<html>Pay for the internet here</html>"),
    "redirect": lambda _: httpx.Response(302, headers={"Location": "http://portal.invalid/"}),
    "wrong-json": lambda _: _fhir(200, b'{"resourceType":"Patient","id":"1"}'),
    "no-json": lambda _: _fhir(200, b"{{{{"),
    "not-utf8": lambda _: _fhir(200, b"\xff\xfe\x00"),
    "empty": lambda _: _fhir(200, b""),
    "500": lambda _: httpx.Response(500, text="stack trace"),
    "500-outcome": lambda _: _fhir(
        500, encode_outcome("exception", Text("The hub has a fault; it is in the hub's log."))
    ),
    "404-html": lambda _: httpx.Response(404, html="<h1>nginx</h1>"),
    "huge": _endless,
    "no-network": _refuse,
    "unauthorised": lambda _: _fhir(401, encode_outcome("login", Text("no"))),
    "compressed": lambda _: httpx.Response(
        200, content=b"x", headers={"Content-Type": MEDIA_TYPE, "Content-Encoding": "br"}
    ),
    "foreign-answer": lambda _: _fhir(
        200, b'{"resourceType":"Bundle","id":"1","type":"transaction-response","entry":[]}'
    ),
    "deep": lambda _: _fhir(200, b"[" * 100_000),
}


NONSENSE = "not the hub"
REASONS = {
    "500-outcome": "out of order at the moment",
    "no-network": "cannot be reached",
    "unauthorised": "does not know this workstation",
}


@pytest.mark.parametrize("kind", sorted(GARBAGE))
def test_hub_garbage_is_a_sentence_and_nothing_is_lost(district: Node, kind: str) -> None:
    district.store.records.commit([Patient(id=new_id())])
    waiting = district.store.outbox.count()
    reason = _fails(district, GARBAGE[kind])
    assert REASONS.get(kind, NONSENSE) in reason.render("en")
    assert all(reason.render(language) for language in LANGUAGES)
    assert district.store.outbox.count() == waiting
    assert all(row.state == "queued" for row in district.store.outbox.pending())


def test_hub_garbage_in_one_record_does_not_hold_up_the_feed(district: Node) -> None:
    from clinic_app.storage.exchange.exchange import Change

    good = Patient(id="good")
    from clinic_app.records import encode

    pages = [
        encode_history(
            [
                Change("Patient", "bad", b'{"resourceType":"Unheard","id":"bad"}', district.clock.now()),
                Change("Patient", "good", encode(good), district.clock.now()),
            ],
            "$changes?cursor=next",
        )
    ]

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return _fhir(422, encode_outcome("invalid", Text("no")))
        if request.url.params["cursor"] == "next" or not pages:
            return _fhir(200, encode_history([], "$changes?cursor=next"))
        return _fhir(200, pages.pop())

    service = _service(district, answer, is_hub=True)
    service.start()
    try:
        wait_until(lambda: isinstance(service.state(), Succeeded), 5, str(service.state()))
    finally:
        service.stop()
    assert district.store.records.get(Patient, "good").id == "good"
    assert district.store.cursor("hub-feed") == "next"


def test_one_poisoned_record_is_quarantined_and_the_others_go_on(district: Node) -> None:
    from clinic_app.storage.exchange.exchange import Written
    from clinic_app.sync.wire import decode_transaction, encode_transaction_response

    poisoned = new_id()
    district.store.records.commit([Patient(id=new_id()) for _ in range(7)] + [Patient(id=poisoned)])

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return _fhir(200, encode_history([], "$changes?cursor=c"))
        writes = decode_transaction(request.content)
        if any(write.id == poisoned for write in writes):
            return _fhir(422, encode_outcome("invalid", Text("This record cannot be read: {detail}", detail="x")))
        now = district.clock.now()
        return _fhir(200, encode_transaction_response([Written(w.type_name, w.id, "1", now) for w in writes]))

    service = _service(district, answer, is_hub=True)
    service.start()
    try:
        wait_until(lambda: isinstance(service.state(), Succeeded), 5, str(service.state()))
    finally:
        service.stop()
    assert district.store.outbox.count() == 0
    (row,) = district.store.outbox.rows_for("Patient", poisoned)
    assert row.state == "quarantined"
    assert "cannot be read" in row.last_error


def test_a_hub_restored_from_a_backup_is_read_from_the_start(district: Node) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return _fhir(422, encode_outcome("invalid", Text("no")))
        asked.append(request.url.params["cursor"])
        if asked[-1] == "old":
            return _fhir(410, encode_outcome("expired", Text("begin from the start")))
        return _fhir(200, encode_history([], "$changes?cursor=new"))

    district.store.records.receive([], cursor=("hub-feed", "old"))
    service = _service(district, answer, is_hub=True)
    service.start()
    try:
        wait_until(lambda: isinstance(service.state(), Succeeded), 5, str(service.state()))
    finally:
        service.stop()
    assert asked[:2] == ["old", ""]


def test_a_paused_service_does_not_talk(district: Node) -> None:
    talked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        talked.append(request.method)
        return _fhir(200, encode_history([], "$changes?cursor=new"))

    service = _service(district, answer)
    service.pause(True)
    service.start()
    service.sync_now()
    service.stop()
    assert talked == []
    assert service.is_paused


def test_subscribers_hear_of_every_change_until_they_leave(district: Node) -> None:
    heard: list[str] = []
    service = _service(district, GARBAGE["no-network"])
    leave = service.subscribe(lambda: heard.append(type(service.state()).__name__))
    service.start()
    wait_until(lambda: "Failed" in heard, 20)
    leave()
    service.stop()
    count = len(heard)
    service.pause(True)
    assert heard[:2] == ["Running", "Failed"]
    assert len(heard) == count


def test_the_queue_says_how_much_waits_and_since_when(district: Node) -> None:
    service = _service(district, GARBAGE["no-network"])
    sha256 = district.store.blobs.put(b"x" * 1000)
    district.store.records.commit([], uploads=[sha256])
    queue, records = service.queue(), district.store.outbox.waiting_bytes()
    assert records > 0, "the audit trail of the first start"
    assert (queue.blobs, queue.bytes_waiting) == (1, 1000 + round(records * service.pace.packed_share()))
    assert queue.records == district.store.outbox.count()
    assert queue.oldest_at == district.clock.now()
