"""What comes over a line: from a monitor on the ward's network, from a workstation to the hub, from the hub itself."""

from __future__ import annotations

import gzip
import io
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import httpx

from clinic_app.devices import MonitorListener
from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.ids import new_id
from clinic_app.records import Organization, Patient, Task
from clinic_app.storage.exchange.exchange import Change
from clinic_app.sync import Failed, SyncService
from clinic_app.sync.service import Succeeded
from clinic_app.sync.wire import MEDIA_TYPE, encode_history
from tests.drills.hostile.cases import Attempt, Case, HarmDoneError, Inputs, Outcome, demand
from tests.helpers.clocks import NOON
from tests.helpers.hub_clients import HubClient, running_hub, write_of
from tests.helpers.nodes import DISTRICT, node
from tests.helpers.waiting import wait_until

START, END = b"\x0b", b"\x1c\x0d"
HEAD: Final = b"MSH|^~\\&|%b||DALA||20260305070000||ORU^R01^ORU_R01|1|P|2.6||||||%b\r"
OBR: Final = b"OBR|1||||||20260305070000\r"
RATE: Final = b"OBX||NM|67982^MDC_ATTR_SAMP_RATE^MDC|1.1.1.1.1|%b|/s\r"
WAVE: Final = b"OBX||NA|131330^MDC_ECG_LEAD_II^MDC|1.1.1.1|%b\r"
GOOD: Final = HEAD % (b"GOOD", b"UNICODE UTF-8") + OBR + WAVE % b"1^2^3" + RATE % b"500"


# --- a monitor ---


@dataclass
class _Ward:
    """A listener with short patience, and what it handed on."""

    listener: MonitorListener
    taken: list[Any] = field(default_factory=list)

    def answer(self, *pieces: bytes) -> bytes:
        """Send pieces on a connection of their own and return all that comes back."""
        heard = bytearray()
        with socket.create_connection(("127.0.0.1", self.listener.port), timeout=8) as line:
            reader = threading.Thread(target=_hear, args=(line, heard))
            reader.start()
            with suppress(OSError):  # it may hang up on us
                for piece in pieces:
                    line.sendall(piece)
                line.shutdown(socket.SHUT_WR)
            reader.join(8)
        return bytes(heard)


def _hear(line: socket.socket, heard: bytearray) -> None:
    with suppress(OSError):
        while piece := line.recv(1 << 16):
            heard += piece


@contextmanager
def _ward(_folder: Path) -> Iterator[Attempt]:
    listener = MonitorListener("127.0.0.1", 0, silence_s=2.0, message_s=1.0)
    ward = _Ward(listener)
    listener.subscribe(ward.taken.append)
    listener.start()
    try:

        def attempt(pieces: tuple[bytes, ...]) -> Outcome:
            ward.taken.clear()
            answer = ward.answer(*pieces)
            if b"MSA|AA" in answer:
                raise HarmDoneError(f"it was taken: {answer[-80:]!r}")
            demand(not ward.taken, f"handed on: {ward.taken[:1]}")
            demand(b"MSA|AA|1" in ward.answer(START + GOOD + END), "the next monitor is not heard")
            demand(any(each.name == "GOOD" for each in listener.sources()), "the good monitor is not listed")
            if b"MSA|AE" in answer or not answer:
                said = [each.last_error for each in listener.sources() if each.last_error is not None]
                raise UnreadableFileError(said[-1]) if said else _silent()
            raise HarmDoneError(f"answered {answer[:80]!r}")

        yield attempt
    finally:
        listener.stop()


def _silent() -> UnreadableFileError:
    from clinic_app.foundation.texts import Text

    return UnreadableFileError(Text("The monitor sent something that is no HL7 message."))


@contextmanager
def _ward_that_says(folder: Path) -> Iterator[Attempt]:
    """Refused while it still comes: with a sentence, and the connection closed."""
    with _ward(folder) as attempt:

        def attempt_aloud(pieces: tuple[bytes, ...]) -> Outcome:
            try:
                return attempt(pieces)
            except UnreadableFileError as error:
                demand("bytes; it was refused" in str(error), f"said: {error}")
                raise

        yield attempt_aloud


@contextmanager
def _ward_that_leaves_out(_folder: Path) -> Iterator[Attempt]:
    """Taken in part: the message is acknowledged, the good part handed on, the bad part not."""
    listener = MonitorListener("127.0.0.1", 0, silence_s=2.0, message_s=1.0)
    ward = _Ward(listener)
    listener.subscribe(ward.taken.append)
    listener.start()
    try:

        def attempt(given: tuple[bytes, Callable[[list[Any]], bool]]) -> Outcome:
            message, is_well = given
            ward.taken.clear()
            answer = ward.answer(START + message + END)
            demand(b"MSA|A" in answer, f"no acknowledgement: {answer[:80]!r}")
            demand(is_well(list(ward.taken)), f"handed on: {ward.taken}")
            names = [each.name for each in listener.sources()]
            demand(all(len(name) <= 100 and name.isprintable() for name in names), f"names: {names}")
            return "disarmed"

        yield attempt
    finally:
        listener.stop()


def _floods(_random: Random) -> Inputs:
    megabyte = b"x" * (1 << 20)
    yield "3 MB without a beginning", (*[megabyte] * 3,)
    yield "a million beginnings", (START * 1_000_000,)
    yield "a million ends", (END * 500_000,)
    yield "a message that stops", (START + GOOD[:40],)
    yield "one byte and then silence", (START,)
    yield "100 000 empty messages", ((START + END) * 100_000,)
    yield "100 000 segments", (START + HEAD % (b"M", b"") + b"OBX|\r" * 100_000 + END,)
    yield "a segment of 1 MB", (START + HEAD % (b"M", b"") + OBR + WAVE % (b"1^" * 500_000) + RATE % b"500" + END,)
    yield "a field of 900 KB", (START + HEAD % (b"M", b"") + OBR + WAVE % (b"1" * 900_000) + RATE % b"500" + END,)
    yield "64 000 components of names", (START + b"MSH|^~\\&|" + b"^" * 900_000 + b"\r" + END,)
    yield "a web browser", (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",)
    yield "TLS", (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),)
    yield "a printer's job", (b"\x1b%-12345X@PJL\r\n" * 1000,)
    yield "noise", (Random(3).randbytes(200_000),)


def _endless(_random: Random) -> Inputs:
    yield "3 MB", (START, *[b"x" * (1 << 20)] * 3)
    yield "3 MB of segments", (START + HEAD % (b"M", b""), *[b"OBX|1\r" * 150_000] * 3)


def _messages(_random: Random) -> Inputs:
    def framed(message: bytes) -> tuple[bytes]:
        return (START + message + END,)

    head = HEAD % (b"M", b"")
    for said in (
        b"",
        b"MSH",
        b"MSH|",
        b"MSH|^~\\&",
        b"MSH|!!!!|M\r",
        b"PID|1\r",
        b"\xff" * 100,
        b"\x00" * 100,
        b"\r" * 3000,
    ):
        yield f"that says {said[:10]!r}", framed(said)
    yield "another kind", framed(head.replace(b"ORU^R01^ORU_R01", b"ADT^A01"))
    yield "no kind", framed(head.replace(b"ORU^R01^ORU_R01", b""))
    for rate in (
        b"1E-99999999",
        b"0",
        b"-500",
        b"NaN",
        b"Infinity",
        b"1E99",
        b"",
        b"5_00",
        "٥٠٠".encode(),
        b"9" * 5000,
    ):
        yield f"rate {rate[:12]!r}", framed(head + OBR + WAVE % b"1^2" + RATE % rate)
    for values in (b"a^b", b"1E999^2", b"0x10^1", b"1__0^2", b"nan(1)^1"):
        yield f"values {values!r}", framed(head + OBR + WAVE % values + RATE % b"500")
    yield "no rate", framed(head + OBR + WAVE % b"1^2")
    yield "no such time", framed(head + b"OBR|1||||||20261399250000\r" + WAVE % b"1^2" + RATE % b"500")
    yield "100 waves", framed(head + OBR + (WAVE % b"1^2" + RATE % b"500") * 100)
    yield "150 000 values", framed(head + OBR + WAVE % (b"1^" * 150_000) + RATE % b"500")


def _left_out(_random: Random) -> Inputs:
    def blocks(taken: list[Any]) -> bool:
        return len(taken) == 1 and taken[0].samples.shape == (1, 3)

    def nothing(taken: list[Any]) -> bool:
        return not taken

    wave = OBR + WAVE % b"1^2^3" + RATE % b"500"
    for alphabet in (b"KLINGON", b"UNICODE UTF-16", b"\xff\xfe", b"GB 18030-2000", b"x" * 5000):
        yield f"alphabet {alphabet[:14]!r}", (HEAD % (b"M", alphabet) + wave, blocks)
    for name in (
        b"<img src=//10.0.0.1/x>",
        b"\xe2\x80\xae" + b"evil",
        b"A" * 5000,
        b"\x1b[2J\x07",
        b"'; DROP TABLE record;--",
    ):
        yield f"a monitor called {name[:14]!r}", (HEAD % (name, b"UNICODE UTF-8") + wave, blocks)
    numbers = b"".join(b"OBX||NM|1^MDC_%d^MDC|1.0.1|%b|x\r" % (i, b"1E-99999999") for i in range(100))
    yield "numbers of a hundred million digits", (HEAD % (b"M", b"") + OBR + numbers, nothing)
    words = b"".join(
        b"OBX||NM|1^MDC_%d^MDC|1.0.1|%b|x\r" % (i, w) for i, w in enumerate((b"NaN", b"=1+1", b"", b"\xff"))
    )
    yield "numbers that are none", (HEAD % (b"M", b"") + OBR + words, nothing)


# --- a workstation that talks to the hub ---

_BODY: Final = b'{"resourceType":"Patient","id":"p1"}'


def _entry(
    body: bytes, url: bytes = b"Patient/p1", method: bytes = b"PUT", match: bytes = b'"ifNoneMatch":"*"'
) -> bytes:
    return b'{"resource":' + body + b',"request":{"method":"' + method + b'","url":"' + url + b'",' + match + b"}}"


def _bundle(*entries: bytes) -> bytes:
    return b'{"resourceType":"Bundle","id":"b","type":"transaction","entry":[' + b",".join(entries) + b"]}"


@contextmanager
def _hub(folder: Path) -> Iterator[Attempt]:
    with running_hub(folder / "hub") as hub:
        clinic, other = hub.enrol("org-a"), hub.enrol("org-b")
        secret = other.upload(b"another hospital's picture")
        well = hub.http.post("/", content=_bundle(_entry(_BODY)), headers=other.headers)
        demand(well.status_code == 200, f"a good transaction of this form is refused: {well.text[:200]}")

        def attempt(request: tuple[str, str, bytes, dict[str, str]]) -> Outcome:
            method, path, body, headers = request
            before = len(clinic.changes()[0]), len(other.changes()[0])
            response = hub.http.request(
                method, path.replace("SECRET", secret), content=body, headers={**clinic.headers, **headers}
            )
            demand(400 <= response.status_code < 500, f"{response.status_code}: {response.text[:200]}")
            demand(b"Traceback" not in response.content and b"sqlite" not in response.content.lower(), "an inner word")
            demand((len(clinic.changes()[0]), len(other.changes()[0])) == before, "something was kept")
            _is_well(clinic)
            said = json.loads(response.content)["issue"][0]["diagnostics"] if response.content else "refused"
            demand(said, "a refusal without a sentence")
            return "refused"

        yield attempt


def _is_well(clinic: HubClient) -> None:
    answer = clinic.write(write_of(Patient(id=new_id())))
    demand(answer.status_code == 200, f"the next write is refused: {answer.text[:200]}")


def _transactions(_random: Random) -> Inputs:
    def post(body: bytes, **headers: str) -> tuple[str, str, bytes, dict[str, str]]:
        return "POST", "/", body, headers

    for said in (
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b"9" * 5000,
        b'{"resourceType":"Bundle"}',
    ):
        yield f"that says {said[:12]!r}", post(said)
    for inside in (
        b'{"resourceType":"Patient","id":"p1","x":' + b"[" * 100 + b"]" * 100 + b"}",
        b'{"resourceType":"Patient","id":"p1","id":"p2"}',
        b'{"resourceType":"Patient","id":"p1","resourceType":"Task"}',
        b'{"resourceType":"Patient","id":"p1","x":NaN}',
        b'{"resourceType":"Patient","id":"p1","x":1E400}',
        b'{"resourceType":"Patient","id":"p1","x":' + b"9" * 5000 + b"}",
        b'{"resourceType":"Patient","id":"p1","x":"\\ud800"}',
        b'{"resourceType":"Patient","id":"p1","x":"\xed\xa0\x80"}',
        b'{"resourceType":"Patient","id":"p1","x":"\x00"}',
        b'{"resourceType":"Patient","id":"p1","extension":[{"url":"x","valueDecimal":1E+99999999}]}',
        b'{"resourceType":"Bundle","id":"p1","type":"document"}',
        b'{"resourceType":"Patient","id":"../../x"}',
    ):
        yield f"with {inside[:70]!r}", post(_bundle(_entry(inside)))
    for url in (
        b"../x",
        b"Patient/../Task",
        b"Patient/p1/_history",
        b"http://10.0.0.1/Patient/p1",
        b"Patient/p1?x=1",
        b"Patient/" + b"1" * 65,
    ):
        yield f"to {url[:30]!r}", post(_bundle(_entry(_BODY, url)))
    for method in (b"POST", b"DELETE", b"PATCH", b"GET", b"put"):
        yield f"{method!r}", post(_bundle(_entry(_BODY, method=method)))
    foreign = b'{"resourceType":"Organization","id":"org-b","name":"mine now"}'
    yield "another hospital's own record", post(_bundle(_entry(foreign, b"Organization/org-b")))
    yield "no precondition", post(_bundle(_entry(_BODY, match=b'"x":1')))
    yield "501 entries", post(_bundle(*[_entry(_BODY)] * 501))
    yield "one good, one bad", post(_bundle(_entry(_BODY), _entry(b'{"resourceType":"Nobody"}')))
    yield "9 MB", post(b" " * (9 << 20))
    yield "gzip", post(gzip.compress(_bundle(_entry(_BODY))), **{"Content-Encoding": "gzip"})
    yield "a long key", post(_bundle(_entry(_BODY)), **{"Idempotency-Key": "k" * 5000})


def _addresses(_random: Random) -> Inputs:
    def ask(method: str, path: str, body: bytes = b"", **headers: str) -> tuple[str, str, bytes, dict[str, str]]:
        return method, path, body, headers

    for path in (
        "/../../etc/passwd",
        "/blob/..%2f..%2fclinic.db",
        "/blob/" + "A" * 64,
        "/blob/" + "0" * 63,
        "/$changes/x",
        "/admin",
        "//x",
    ):
        yield path, ask("GET", path)
    for cursor in ("-1", "x", "9" * 400, "' OR 1=1 --", "\x00", "1E9"):
        yield f"cursor {cursor[:12]!r}", ask("GET", "/$changes?" + str(httpx.QueryParams({"cursor": cursor})))
    for count in ("0", "-1", "1E9", "9" * 5000, "٣", "201"):
        yield f"count {count[:8]}", ask("GET", "/$changes?" + str(httpx.QueryParams({"_count": count})))
    yield "another hospital's picture", ask("GET", "/blob/SECRET")
    yield "a piece of another's upload", ask("PATCH", "/blob/SECRET", b"x", **{"Upload-Offset": "3"})
    fresh = "/blob/" + "ab" * 32
    for length in ("-1", "1E9", "99999999999999", "", "0x10"):
        yield f"an upload of {length!r}", ask("POST", fresh, **{"Upload-Length": length})
    yield "a piece of nothing", ask("PATCH", fresh, b"x", **{"Upload-Offset": "0"})
    for token in ("Bearer ", "Bearer " + "x" * 100_000, "Basic YTpi", "bearer null", "Bearer ' OR 1=1 --"):
        yield f"token {token[:12]!r}", ask("GET", "/$changes", Authorization=token)


# --- an answer that is not the hub's ---


@contextmanager
def _answered(folder: Path) -> Iterator[Attempt]:
    with node(folder / "here", DISTRICT) as here:
        here.store.records.commit([Patient(id="mine")])

        def attempt(answer: Callable[[httpx.Request], httpx.Response]) -> Outcome:
            before = len(here.store.records.find(Patient)), len(here.store.records.find(Task))
            service = SyncService(
                here.store, here.referrals, "http://hub.invalid", "token", here.clock, interval_s=0.05,
                transport=httpx.MockTransport(lambda request: _streamed(answer(request))),
            )  # fmt: skip
            service.start()
            try:
                wait_until(lambda: isinstance(service.state(), Failed | Succeeded), 10)
                state = service.state()
            finally:
                service.stop()
            demand(isinstance(state, Failed), f"taken for the hub: {state}")
            demand(
                (len(here.store.records.find(Patient)), len(here.store.records.find(Task))) == before,
                "something was kept",
            )
            raise UnreadableFileError(state.reason)  # type: ignore[union-attr]

        yield attempt


def _streamed(response: httpx.Response) -> httpx.Response:
    return httpx.Response(response.status_code, headers=response.headers, stream=httpx.ByteStream(response.content))


def _answers(_random: Random) -> Inputs:
    def fhir(body: bytes, **headers: str) -> Callable[[httpx.Request], httpx.Response]:
        told = {"Content-Type": MEDIA_TYPE, **headers}
        return lambda _request: httpx.Response(200, headers=told, stream=httpx.ByteStream(body))

    page = encode_history([Change("Patient", "p", b'{"resourceType":"Patient","id":"p"}', NOON)], "$changes?cursor=1")
    yield "empty", fhir(b"")
    yield "brackets", fhir(b"[" * 1_000_000)
    yield "9 MB", fhir(b" " * (9 << 20))
    yield "half letters", fhir(b'{"resourceType":"Bundle","id":"\xff"}')
    yield "zeros that inflate", fhir(_packed_zeros(), **{"Content-Encoding": "gzip"})
    yield "a portal's page", lambda _r: httpx.Response(200, html="<html>pay here</html>")
    yield "sent elsewhere", lambda _r: httpx.Response(302, headers={"Location": "http://10.0.0.1/"})
    yield "no cursor", fhir(page.replace(b'"next"', b'"self"'))
    yield "a cursor elsewhere", fhir(page.replace(b"$changes?cursor=1", b"http://10.0.0.1/"))
    yield "no time", fhir(page.replace(b'"lastModified"', b'"x"'))
    yield "not the address", fhir(page.replace(b'"url":"Patient/p"', b'"url":"../p"'))
    yield (
        "600 entries",
        fhir(
            encode_history(
                [Change("Patient", "p", b'{"resourceType":"Patient","id":"p"}', NOON)] * 600, "$changes?cursor=1"
            )
        ),
    )
    yield "cut", fhir(page[:-40])


def _packed_zeros() -> bytes:
    target = io.BytesIO()
    with gzip.GzipFile(fileobj=target, mode="wb") as file:
        for _ in range(500):
            file.write(bytes(1 << 20))
    return target.getvalue()


@contextmanager
def _partly_answered(folder: Path) -> Iterator[Attempt]:
    """A page with one bad record: it is left out and the others are taken, or one stranger would stop the exchange."""
    with node(folder / "here", DISTRICT) as here:

        def attempt(body: bytes) -> Outcome:
            good = new_id()
            kept = b'{"resourceType":"Organization","id":"' + good.encode() + b'"}'
            taken = here.store.records.receive([body, kept], is_from_hub=True)
            demand([each.id for each in taken] == [good], f"taken: {taken}")
            demand(here.store.records.get(Organization, good).id == good, "the good one is not there")
            again = here.store.records.receive([body, kept], is_from_hub=True)
            demand(not again, "taken twice")
            return "partly"

        yield attempt


def _bodies(_random: Random) -> Inputs:
    for member in (
        b'"x":' + b"[" * 900 + b"]" * 900,
        b'"x":1E400',
        b'"x":"\\ud800"',
        b'"x":"\xff"',
        b'"birthDate":5',
        b'"extension":[{"url":"x","valueDecimal":1E+99999999}]',
        b'"resourceType":"Nobody"',
        b'"meta":[]',
        b'"x":' + b"9" * 9999,
    ):
        yield f"{member[:40]!r}", b'{"resourceType":"Patient","id":"p1",' + member + b"}"
    yield "nothing", b""
    yield "noise", Random(9).randbytes(3000)


def cases(_is_short: bool) -> Iterator[Case]:
    """Yield every case of what comes from a monitor."""
    yield Case("monitor", "flood", _floods, _ward)
    yield Case("monitor", "endless", _endless, _ward_that_says)
    yield Case("monitor", "message", _messages, _ward)
    why = "the wave is good; a name is short plain words, an unknown alphabet and numbers that are none are left out"
    yield Case("monitor", "left out", _left_out, _ward_that_leaves_out, why)


def hub_cases(_is_short: bool) -> Iterator[Case]:
    """Yield every case of what an enrolled workstation sends to the hub."""
    yield Case("hub", "transaction", _transactions, _hub)
    yield Case("hub", "address", _addresses, _hub)


def answer_cases(_is_short: bool) -> Iterator[Case]:
    """Yield every case of what answers in the hub's place."""
    yield Case("answer", "to a workstation", _answers, _answered)
    yield Case("answer", "a record in it", _bodies, _partly_answered)
