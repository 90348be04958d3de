"""How messages to one hub are packed: as it says, as was found out by trying, never again as it could not unpack."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable, Coroutine, Iterator
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import zstandard

from clinic_app.foundation.errors import LinkError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Text
from clinic_app.records import Observation, Patient
from clinic_app.storage import Store
from clinic_app.storage.exchange.exchange import Write, Written
from clinic_app.sync.compression import digest_header, pack
from clinic_app.sync.habits import HABITS, HubHabits
from clinic_app.sync.link import AnswerError, HubLink, HubRefusalError
from clinic_app.sync.pace import Pace
from clinic_app.sync.push import Push
from clinic_app.sync.wire import MEDIA_TYPE, decode_transaction, encode_outcome, encode_transaction_response
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.hub_clients import write_of
from tests.helpers.played_hubs import Answer, as_hub, statement
from tests.helpers.stores import opened

URL = "http://hub.invalid"
WRITES = [write_of(Patient(id=new_id(), birth_date="1964-03-05")) for _ in range(5)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path / "store") as made:
        yield made


class PackedHub:
    """Takes what is packed in ways it knows; others get an error of its own choice."""

    def __init__(self, knows: tuple[str, ...], status: int = 415, words: str = "what is that") -> None:
        self.knows = knows
        self.status = status
        self.words = words
        self.came: list[str] = []
        self.bytes = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        coding = request.headers.get("content-encoding", "identity")
        self.came.append(coding)
        self.bytes += len(request.content)
        assert request.headers["content-digest"] == digest_header(request.content)
        if coding not in self.knows:
            return _outcome(self.status, self.words) if self.words else httpx.Response(self.status, html="<h1>")
        body = request.content
        if coding == "gzip":
            body = gzip.decompress(body)
        if coding == "zstd":
            body = zstandard.ZstdDecompressor().decompress(body)
        written = [Written(each.type_name, each.id, "v1", NOON) for each in decode_transaction(body)]
        return _fhir(encode_transaction_response(written))


def _fhir(body: bytes, status: int = 200, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, stream=httpx.ByteStream(body), headers={"Content-Type": MEDIA_TYPE, **named})


def _outcome(status: int, words: str, code: str = "invalid", **headers: str) -> httpx.Response:
    return _fhir(encode_outcome(code, Text("{words}", words=words)), status, **headers)


def _talk(
    answer: Answer, action: Callable[[HubLink], Coroutine[Any, Any, Any]], habits: HubHabits | None = None
) -> HubLink:
    async def talk() -> HubLink:
        link = HubLink(URL, "token", FixedClock(), httpx.MockTransport(answer), Pace(), habits)
        try:
            await action(link)
        finally:
            await link.close()
        return link

    return asyncio.run(talk())


async def _met_and_pushed(link: HubLink) -> None:
    await link.meet()
    for turn in range(2):
        assert len(await link.push(WRITES, f"key-{turn}")) == len(WRITES)


@pytest.mark.parametrize(
    ("offers", "expected"),
    [("zstd, gzip", "zstd"), ("gzip", "gzip"), ("identity", "identity"), ("br", "identity")],
)
def test_messages_are_packed_as_the_hub_says_it_can_unpack(offers: str, expected: str) -> None:
    hub = PackedHub(("zstd", "gzip", "identity"))
    _talk(as_hub(hub, offers), _met_and_pushed)
    assert hub.came == [expected, expected]


def test_a_hub_nobody_has_met_gets_them_as_they_are() -> None:
    hub = PackedHub(("identity",))
    _talk(hub, lambda link: link.push(WRITES, "key"))
    assert hub.came == ["identity"]


def _says_nothing(hub: PackedHub) -> Answer:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path != "/metadata":
            return hub(request)
        response = statement()
        del response.headers["accept-encoding"]
        return response

    return answer


@pytest.mark.parametrize(("status", "words"), [(500, ""), (400, "malformed"), (415, ""), (500, "cannot"), (501, "")])
def test_a_hub_that_fails_at_gzip_is_asked_again_without_and_that_is_remembered(
    store: Store, status: int, words: str
) -> None:
    hub = PackedHub(("identity",), status, words)
    _talk(_says_nothing(hub), _met_and_pushed, HubHabits(URL, store.memory))
    assert hub.came == ["gzip", "identity", "identity"]
    _talk(hub, lambda link: link.push(WRITES, "later"), HubHabits(URL, store.memory))
    assert hub.came[3:] == ["identity"]


def test_another_hub_at_another_address_is_tried_anew(store: Store) -> None:
    HubHabits(URL, store.memory).could_not_unpack("gzip")
    other = HubHabits("http://other.invalid", store.memory)
    other.met()
    assert other.coding() == "gzip"
    assert HubHabits("http://other.invalid", store.memory).is_met
    assert not HubHabits(URL, store.memory).is_met


def test_a_hub_out_of_order_is_not_taken_for_one_that_cannot_unpack(store: Store) -> None:
    habits = HubHabits(URL, store.memory)
    habits.met()
    with pytest.raises(LinkError):
        _talk(lambda _: httpx.Response(500, html="out of order"), lambda link: link.push(WRITES, "key"), habits)
    assert habits.coding() == "gzip"


def test_who_offers_to_unpack_is_not_doubted_for_an_error_of_another_kind() -> None:
    hub = PackedHub((), 500, "the disk is broken")
    with pytest.raises(AnswerError):
        _talk(as_hub(hub, "zstd"), _met_and_pushed)
    assert hub.came == ["zstd"]


@pytest.mark.parametrize("kept", [b"", b"nonsense", b"[]", b'{"offers":["rar"]}', b"\xff"])
def test_habits_that_cannot_be_read_are_learned_anew(store: Store, kept: bytes) -> None:
    store.memory.put(HABITS, kept)
    assert HubHabits(URL, store.memory).coding() == "identity"


def test_an_answer_packed_as_we_asked_is_unpacked() -> None:
    hub = PackedHub(("identity",))

    def answer(request: httpx.Request) -> httpx.Response:
        plain = hub(request)
        body = pack(b"".join(plain.stream), "zstd")  # type: ignore[arg-type]
        assert request.headers["accept-encoding"] == "zstd, gzip"
        return _fhir(body, Content_Encoding="zstd", Content_Digest=digest_header(body))

    _talk(answer, lambda link: link.push(WRITES, "key"))
    assert hub.came == ["identity"]


ANSWERS: dict[str, httpx.Response] = {
    "a bomb": _fhir(pack(bytes(64 << 20), "zstd"), Content_Encoding="zstd"),
    "cut off": _fhir(pack(bytes(1000), "gzip")[:-3], Content_Encoding="gzip"),
    "unknown": _fhir(b"x", Content_Encoding="br"),
    "another digest": _fhir(b"{}", Content_Digest=digest_header(b"[]")),
}


@pytest.mark.parametrize("kind", sorted(ANSWERS))
def test_an_answer_that_is_not_what_it_says_is_nonsense_and_nothing_is_lost(store: Store, kind: str) -> None:
    store.records.commit([Patient(id=new_id())])
    body = b"".join(ANSWERS[kind].stream)  # type: ignore[arg-type]

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers=ANSWERS[kind].headers, stream=httpx.ByteStream(body))

    with pytest.raises(LinkError):
        _talk(answer, lambda link: Push(store, link, lambda _: None).run())
    assert store.outbox.count() == 1


def test_a_transaction_too_large_for_what_stands_before_the_hub_is_halved_and_the_next_are_smaller(
    store: Store,
) -> None:
    sizes: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if len(request.content) > 20_000:
            return httpx.Response(413, html="<h1>nginx</h1>")
        sizes.append(len(request.content))
        written = [Written(each.type_name, each.id, "v1", NOON) for each in decode_transaction(request.content)]
        return _fhir(encode_transaction_response(written))

    store.records.commit([Patient(id=new_id()) for _ in range(300)])
    habits = HubHabits(URL, store.memory)
    before = habits.batch_bytes()
    _talk(answer, lambda link: Push(store, link, lambda _: None).run(), habits)
    assert store.outbox.count() == 0
    assert {row.state for row in store.outbox.rows_for("Patient", store.records.find(Patient)[0].id)} == {"acked"}
    assert HubHabits(URL, store.memory).batch_bytes() < before


def test_one_record_that_is_too_large_for_the_way_is_set_aside(store: Store) -> None:
    patient = Patient(id=new_id())
    store.records.commit([patient])
    _talk(lambda _: httpx.Response(413, html="no"), lambda link: Push(store, link, lambda _: None).run())
    (row,) = store.outbox.rows_for("Patient", patient.id)
    assert (row.state, "too large" in row.last_error) == ("quarantined", True)


@pytest.mark.parametrize("code", ["transient", "lock-error", "throttled", "timeout"])
def test_a_refusal_that_passes_is_no_refusal(store: Store, code: str) -> None:
    patient = Patient(id=new_id())
    store.records.commit([patient])
    with pytest.raises(AnswerError):
        _talk(
            lambda _: _outcome(400, "it was changed on its way", code),
            lambda link: Push(store, link, lambda _: None).run(),
        )
    assert [row.state for row in store.outbox.rows_for("Patient", patient.id)] == ["queued"]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("7", 7.0),
        ("0", 0.0),
        (format_datetime(FixedClock().advance(seconds=90), usegmt=True), 90.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("99999999", 3600.0),
        ("soon", 0.0),
        ("-5", 0.0),
        ("٣", 0.0),
    ],
)
def test_the_hub_is_left_alone_as_long_as_it_asks_in_either_form(typed: str, expected: float) -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        headers = [(b"Content-Type", MEDIA_TYPE.encode()), (b"Retry-After", typed.encode())]
        return httpx.Response(429, stream=httpx.ByteStream(encode_outcome("throttled", Text("no"))), headers=headers)

    with pytest.raises(AnswerError) as caught:
        _talk(answer, lambda link: link.push(WRITES, "key"))
    assert caught.value.wait_s == expected


@pytest.mark.parametrize(
    "body",
    [b"<html>", b"{}", b'{"resourceType":"Bundle"}', b'{"resourceType":"CapabilityStatement","fhirVersion":"1"}'],
)
def test_a_captive_portal_is_not_taken_for_the_hub(body: bytes) -> None:
    with pytest.raises(LinkError):
        _talk(lambda _: _fhir(body), lambda link: link.meet())
    with pytest.raises(LinkError):
        _talk(lambda _: httpx.Response(200, html="<html>Pay here</html>"), lambda link: link.meet())


def test_a_hub_without_a_statement_is_none() -> None:
    with pytest.raises(LinkError):
        _talk(lambda _: _outcome(404, "nothing here"), lambda link: link.meet())


def test_the_place_of_transactions_is_not_believed_to_be_gone(store: Store) -> None:
    store.records.commit([Patient(id=new_id())])
    with pytest.raises(LinkError):
        _talk(lambda _: _outcome(404, "no such page"), lambda link: Push(store, link, lambda _: None).run())
    assert store.outbox.count() == 1
    with pytest.raises(HubRefusalError):
        _talk(lambda _: _outcome(404, "no such content"), lambda link: link.begin_upload("a" * 64, 5))


def _observation() -> Write:
    return write_of(Observation(id=new_id(), status="final", code=msgspec.convert({"text": "пульс"}, _code())))


def _code() -> Any:
    from clinic_app.records import CodeableConcept

    return CodeableConcept


def test_two_hundred_records_take_few_bytes_on_the_wire() -> None:
    hub = PackedHub(("zstd", "identity"))
    writes = [_observation() for _ in range(200)]

    async def pushed(link: HubLink) -> None:
        await link.meet()
        await link.push(writes, "key")

    link = _talk(as_hub(hub, "zstd"), pushed)
    assert hub.bytes / len(writes) < 100
    assert link._pace.packed_share() < 0.2
